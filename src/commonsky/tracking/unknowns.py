"""The vector of unknowns: the state, the forces, the biases; and how a vector reads as an orbit and a force model."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky.domain import EmpiricalAcceleration, ForceModel, Observation
from commonsky.tracking.parts import PARTS, UNITS, Part
from commonsky.tracking.settings import Estimated, FitSettings

Array = NDArray[np.float64]

STATE = 6
_AXES = ("x", "y", "z")
_BIASES = {
    Part.RANGE: Estimated.RANGE_BIAS,
    Part.AZIMUTH: Estimated.AZIMUTH_BIAS,
    Part.ELEVATION: Estimated.ELEVATION_BIAS,
    Part.RANGE_RATE: Estimated.RANGE_RATE_BIAS,
}


@dataclass(frozen=True)
class Unknown:
    """One entry of the vector after the state; ``start`` is its first and its expected value."""

    name: str
    unit: str
    sort: Estimated
    start: float
    prior_sigma: float | None
    bias_of: tuple[str, Part] | None = None


@dataclass(frozen=True)
class Unknowns:
    """All entries after the state: drag, radiation, empirical constants, empirical rates, biases by sensor."""

    entries: tuple[Unknown, ...]
    force_model: ForceModel
    epoch_tai_s: float

    @property
    def count(self) -> int:
        """Length of the whole vector, the state included."""
        return STATE + len(self.entries)

    def start(self, state: Array) -> Array:
        """The vector to start from."""
        return np.concatenate([state, [entry.start for entry in self.entries]])

    def columns(self, sort: Estimated) -> list[int]:
        """Where in the vector the entries of one sort stand."""
        return [STATE + i for i, entry in enumerate(self.entries) if entry.sort is sort]

    def biases(self) -> dict[tuple[str, Part], int]:
        """Where in the vector the bias of each sensor and part stands."""
        return {entry.bias_of: STATE + i for i, entry in enumerate(self.entries) if entry.bias_of is not None}

    def forces(self, vector: Array) -> ForceModel:
        """The force model that a vector stands for."""
        changes: dict[str, object] = {}
        if drag := self.columns(Estimated.DRAG):
            changes["drag_cd_area_over_mass"] = float(vector[drag[0]])
        if radiation := self.columns(Estimated.RADIATION):
            changes["radiation_cr_area_over_mass"] = float(vector[radiation[0]])
        if constants := self.columns(Estimated.EMPIRICAL):
            x, y, z = vector[constants].tolist()
            u, v, w = vector[self.columns(Estimated.EMPIRICAL_RATE)].tolist() or self._law().rate_m_s3
            changes["empirical"] = EmpiricalAcceleration(
                epoch_tai_s=self._law().epoch_tai_s, constant_m_s2=(x, y, z), rate_m_s3=(u, v, w)
            )
        return msgspec.structs.replace(self.force_model, **changes)

    def law_epoch_tai_s(self) -> float:
        """The epoch from which the rate of the empirical acceleration counts."""
        return self._law().epoch_tai_s

    def _law(self) -> EmpiricalAcceleration:
        return _law(self.force_model, self.epoch_tai_s)


def unknowns(observations: Sequence[Observation], settings: FitSettings, epoch_tai_s: float) -> Unknowns:
    """Decide what stands in the vector for these observations."""
    model = settings.force_model
    priors = settings.prior_sigmas
    entries: list[Unknown] = []

    def add(sort: Estimated, name: str, unit: str, start: float) -> None:
        if sort in settings.estimate:
            entries.append(Unknown(name, unit, sort, start, priors.get(sort)))

    add(Estimated.DRAG, "drag cd*area/mass", "m2/kg", model.drag_cd_area_over_mass)
    add(Estimated.RADIATION, "radiation cr*area/mass", "m2/kg", model.radiation_cr_area_over_mass)
    law = _law(model, epoch_tai_s)
    for axis, constant in zip(_AXES, law.constant_m_s2, strict=True):
        add(Estimated.EMPIRICAL, f"empirical acceleration {axis}", "m/s2", constant)
    for axis, rate in zip(_AXES, law.rate_m_s3, strict=True):
        add(Estimated.EMPIRICAL_RATE, f"empirical acceleration rate {axis}", "m/s3", rate)
    seen = sorted({(one.sensor, part) for one in observations for part in PARTS[one.kind]})
    for sensor, part in seen:
        sort = _BIASES.get(part)
        if sort in settings.estimate:
            name = f"{sensor} {part} bias"
            entries.append(Unknown(name, UNITS[part], sort, 0.0, priors.get(sort), (sensor, part)))
    return Unknowns(tuple(entries), model, epoch_tai_s)


def _law(model: ForceModel, epoch_tai_s: float) -> EmpiricalAcceleration:
    return model.empirical or EmpiricalAcceleration(epoch_tai_s=epoch_tai_s, constant_m_s2=(0.0, 0.0, 0.0))
