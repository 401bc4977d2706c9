"""The observation equations: residuals and their partials by all unknowns, as columns of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import Atmosphere, Stations, predict, stations
from commonsky.astro.numerical import Trajectory, solve
from commonsky.astro.sensitivity import drag_partials, empirical_partials
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag
from commonsky.tracking.errors import UnknownSensorError
from commonsky.tracking.result import PARTS, ROUND
from commonsky.tracking.settings import Estimated
from commonsky.tracking.unknowns import STATE, Unknowns

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Group:
    """Observations of one kind and one sort of signal: which they are, and which rows their values fill."""

    kind: ObservationKind
    signal: tuple[SignalPath, TimeTag]
    members: Index
    rows: slice
    at: Stations


@dataclass(frozen=True)
class Equations:
    """All measured values as rows, stated biases taken off.

    ``owner`` is the observation that a row belongs to, ``series`` numbers the sensors' quantities.
    """

    groups: tuple[_Group, ...]
    epochs_tai_s: Array
    values: Array
    sigmas: Array
    owner: Index
    series: Index
    wraps: NDArray[np.bool_]
    bias_column: Index  # -1 where no bias is estimated
    atmosphere: Atmosphere
    unknowns: Unknowns

    def evaluate(self, vector: Array) -> tuple[Array, Array]:
        """Residuals (m,) and partials of the predicted values (m, unknowns) at one vector of unknowns."""
        states, by_unknowns = self._orbit(vector)
        residuals = np.empty(self.values.size)
        partials = np.zeros((self.values.size, self.unknowns.count))
        for group in self.groups:
            found = predict(
                group.kind, states[group.members], group.at, signal=group.signal, atmosphere=self.atmosphere
            )
            residuals[group.rows] = self.values[group.rows] - found.values.ravel()
            moved = found.partials @ by_unknowns[group.members]
            partials[group.rows, : moved.shape[2]] = moved.reshape(-1, moved.shape[2])
        biased = self.bias_column >= 0
        residuals[biased] -= vector[self.bias_column[biased]]
        partials[biased, self.bias_column[biased]] = 1.0
        residuals[self.wraps] = np.remainder(residuals[self.wraps] + np.pi, 2.0 * np.pi) - np.pi
        return residuals, partials

    def _orbit(self, vector: Array) -> tuple[Array, Array]:
        """States at the observations, and their partials (n, 6, state and forces)."""
        state, forces = vector[:STATE], self.unknowns.forces(vector)
        span = (float(self.epochs_tai_s.min()), float(self.epochs_tai_s.max()))
        start = self.unknowns.epoch_tai_s
        trajectory = solve(state, start, span, forces, transitions=True)
        states, transitions = trajectory.states_and_transitions(self.epochs_tai_s)
        columns = [transitions]
        if self.unknowns.columns(Estimated.DRAG):
            drag = drag_partials(state, start, self.epochs_tai_s, forces, states)
            columns.append(drag[:, :, np.newaxis])
        if self.unknowns.columns(Estimated.EMPIRICAL):
            columns.append(self._empirical(trajectory))
        return states, np.concatenate(columns, axis=2)

    def _empirical(self, trajectory: Trajectory) -> Array:
        both = empirical_partials(trajectory, self.epochs_tai_s, self.unknowns.law_epoch_tai_s())
        return both if self.unknowns.columns(Estimated.EMPIRICAL_RATE) else both[:, :, :3]


def equations(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    *,
    atmosphere: Atmosphere,
    unknowns: Unknowns,
) -> Equations:
    """Lay out the rows. Raises UnknownSensorError when an observation's sensor is not among ``sensors``."""
    if missing := sorted({one.sensor for one in observations} - set(sensors)):
        raise UnknownSensorError(f"no place is known for the sensors {', '.join(missing)}")
    epochs = np.array([one.epoch_tai_s for one in observations])
    at = stations([sensors[one.sensor].site for one in observations], epochs)
    members: dict[tuple[ObservationKind, SignalPath, TimeTag], list[int]] = {}
    for i, one in enumerate(observations):
        members.setdefault((one.kind, one.path, one.time_tag), []).append(i)
    groups: list[_Group] = []
    filled = 0
    for (kind, path, tag), listed in members.items():
        index = np.array(listed, dtype=np.int64)
        end = filled + index.size * len(PARTS[kind])
        groups.append(_Group(kind, (path, tag), index, slice(filled, end), at.rows(index)))
        filled = end
    ordered = [(int(i), observations[i]) for group in groups for i in group.members]
    biases = unknowns.biases()
    rows = [
        (i, (one.sensor, part), value - bias, sigma, biases.get((one.sensor, part), -1))
        for i, one in ordered
        for part, value, bias, sigma in zip(PARTS[one.kind], one.values, one.biases, one.sigmas, strict=True)
    ]
    owner, sources, values, sigmas, columns = zip(*rows, strict=True)
    numbers = {source: i for i, source in enumerate(dict.fromkeys(sources))}
    return Equations(
        groups=tuple(groups),
        epochs_tai_s=epochs,
        values=np.array(values),
        sigmas=np.array(sigmas),
        owner=np.array(owner, dtype=np.int64),
        series=np.array([numbers[source] for source in sources], dtype=np.int64),
        wraps=np.array([part in ROUND for _, part in sources]),
        bias_column=np.array(columns, dtype=np.int64),
        atmosphere=atmosphere,
        unknowns=unknowns,
    )
