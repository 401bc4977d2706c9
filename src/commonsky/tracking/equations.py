"""The observation equations: residuals and their partials by all unknowns, as columns of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import Atmosphere, Prediction, Stations, predict, stations
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag
from commonsky.tracking.errors import UnknownSensorError
from commonsky.tracking.orbit_model import OrbitModel
from commonsky.tracking.parts import PARTS, ROUND
from commonsky.tracking.unknowns import Unknowns

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
            found = self._predicted(group, states)
            residuals[group.rows] = self.values[group.rows] - found.values.ravel()
            moved = found.partials @ by_unknowns[group.members]
            partials[group.rows, : moved.shape[2]] = moved.reshape(-1, moved.shape[2])
        biased = self.bias_column >= 0
        residuals[biased] -= vector[self.bias_column[biased]]
        partials[biased, self.bias_column[biased]] = 1.0
        residuals[self.wraps] = np.remainder(residuals[self.wraps] + np.pi, 2.0 * np.pi) - np.pi
        return residuals, partials

    def by_accelerations(self, vector: Array, edges_tai_s: Array) -> Array:
        """Partials (m, 3 k) of the values by accelerations along the orbit's axes, constant between edges (k + 1,)."""
        start = self.unknowns.epoch_tai_s
        span = (min(start, float(edges_tai_s[0])), max(start, float(edges_tai_s[-1])))
        orbit = OrbitModel.of(vector, self.unknowns, span)
        states = orbit.states(self.epochs_tai_s)
        response = orbit.by_accelerations(self.epochs_tai_s, edges_tai_s)
        rows = np.empty((self.values.size, response.shape[2]))
        for group in self.groups:
            found = self._predicted(group, states)
            moved = found.partials @ response[group.members]
            rows[group.rows] = moved.reshape(-1, moved.shape[2])
        return rows

    def _predicted(self, group: _Group, states: Array) -> Prediction:
        return predict(
            group.kind, states[group.members], group.at, signal=group.signal, atmosphere=self.atmosphere
        )

    def _orbit(self, vector: Array) -> tuple[Array, Array]:
        """States at the observations, and their partials (n, 6, state and forces)."""
        span = (float(self.epochs_tai_s.min()), float(self.epochs_tai_s.max()))
        orbit = OrbitModel.of(vector, self.unknowns, span)
        return orbit.states(self.epochs_tai_s), orbit.partials(self.epochs_tai_s)


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
    if atmosphere.lasers:
        at = replace(at, laser_air=_laser_air(observations, epochs, atmosphere))
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


def _laser_air(observations: Sequence[Observation], epochs: Array, atmosphere: Atmosphere) -> Array:
    air = np.full((len(observations), 4), np.nan)
    for sensor, weather in atmosphere.lasers.items():
        rows = np.array([one.sensor == sensor for one in observations])
        air[rows] = weather.at(epochs[rows])
    return air
