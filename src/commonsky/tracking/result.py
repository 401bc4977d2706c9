"""What a fit gives back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.domain import ForceModel, ObservationKind, Track
from commonsky.tracking.force_noise import ForceUncertainty
from commonsky.tracking.parts import Part
from commonsky.tracking.unknowns import Unknowns

Array = NDArray[np.float64]


_HIGH_RMS = 2.0
_MANY_LEFT_OUT = 0.1


@dataclass(frozen=True)
class Parameter:
    """One estimated quantity beside the state, in SI units."""

    name: str
    value: float
    sigma: float
    unit: str


@dataclass(frozen=True)
class Residual:
    """Observed less predicted values of one observation, all estimated biases taken out.

    ``index`` is the observation's place in what was given to the fit; ``reason`` says why it was not used.
    ``information`` is how many of the unknowns' worth it determined (its leverage): all observations, and what was
    known before, add up to their number.
    """

    index: int
    sensor: str
    kind: ObservationKind
    epoch_tai_s: float
    values: tuple[float, ...]
    used: bool
    reason: str = ""
    information: float = 0.0


@dataclass(frozen=True)
class Statistics:
    """Residuals of one sensor's values of one sort, over those used; SI units.

    ``weighted_rms`` is that of residuals over sigmas. A count of one gives a standard deviation of zero.
    """

    sensor: str
    part: Part
    used: int
    rejected: int
    mean: float
    standard_deviation: float
    weighted_rms: float


@dataclass(frozen=True)
class Fit:
    """An estimated orbit.

    Attributes
    ----------
    state_gcrf
        Position and velocity (6,), m and m/s, at ``epoch_tai_s``.
    covariance
        Of the state (6, 6), SI.
    full_covariance
        Of the state and then the ``parameters`` in their order, SI.
    residuals
        One for each observation given, in the order given.
    weighted_rms
        Of the residuals used, over their sigmas.
    force_model
        With the estimated drag, radiation pressure and empirical acceleration.
    vector, unknowns
        What was estimated, in the order of ``full_covariance``, and what its entries mean.
    forces
        What the force model leaves uncertain, if that was considered; it is in both covariances.

    """

    epoch_tai_s: float
    state_gcrf: Array
    covariance: Array
    full_covariance: Array
    parameters: tuple[Parameter, ...]
    residuals: tuple[Residual, ...]
    statistics: tuple[Statistics, ...]
    weighted_rms: float
    iterations: int
    converged: bool
    force_model: ForceModel
    vector: Array
    unknowns: Unknowns
    forces: ForceUncertainty | None = None

    @property
    def cautions(self) -> tuple[str, ...]:
        """What should keep a reader from taking the covariance at its word; empty when all is well."""
        said = []
        if self.weighted_rms > _HIGH_RMS:
            said.append(
                f"residuals are {self.weighted_rms:.1f} times their sigmas: noise is stated too small, or biases or "
                "forces are missing from the model"
            )
        left_out = sum(not residual.used for residual in self.residuals)
        if left_out > _MANY_LEFT_OUT * len(self.residuals):
            said.append(
                f"{left_out} of {len(self.residuals)} observations do not fit: they may be of other objects, or "
                "biases or forces are missing from the model"
            )
        return tuple(said)

    def parameter(self, name: str) -> Parameter:
        """Give the parameter of that name. Raises KeyError when it was not estimated."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def track(self, track_id: str, revision: int) -> Track:
        """Give the orbit as a record, under the owner's name for the object."""
        used = [residual for residual in self.residuals if residual.used]
        rows, columns = np.tril_indices(6)
        x, y, z, vx, vy, vz = self.state_gcrf.tolist()
        return Track(
            track_id=track_id,
            revision=revision,
            epoch_tai_s=self.epoch_tai_s,
            position_m=(x, y, z),
            velocity_m_s=(vx, vy, vz),
            covariance=tuple(self.covariance[rows, columns].tolist()),
            force_model=self.force_model,
            observation_count=len(used),
            first_observation_tai_s=min(residual.epoch_tai_s for residual in used),
            last_observation_tai_s=max(residual.epoch_tai_s for residual in used),
            weighted_rms=self.weighted_rms,
        )
