"""The measured values of a tracklet as columns, and what candidates for its object should have shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import Atmosphere, Stations, predict, stations
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag
from commonsky.tracking.parts import PARTS, ROUND

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Group:
    kind: ObservationKind
    signal: tuple[SignalPath, TimeTag]
    members: Index
    rows: slice
    at: Stations


@dataclass(frozen=True)
class Looks:
    """m observations with n values in all, stated biases taken off.

    ``owner`` (n,) is the observation of each value, ``round_angles`` tells which values start again after a full turn.
    """

    epochs_tai_s: Array
    values: Array
    sigmas: Array
    owner: Index
    round_angles: NDArray[np.bool_]
    groups: tuple[_Group, ...]
    atmosphere: Atmosphere

    def residuals(self, states_gcrf: Array) -> tuple[Array, Array]:
        """Observed less predicted values (c, n) for candidates' states (c, m, 6), and partials (c, n, 6).

        The partials are of the predicted values by the state at the time tag.
        """
        count = states_gcrf.shape[0]
        residuals = np.empty((count, self.values.size))
        partials = np.empty((count, self.values.size, 6))
        for group in self.groups:
            size = group.members.size
            found = predict(
                group.kind,
                states_gcrf[:, group.members].reshape(-1, 6),
                group.at.rows(np.tile(np.arange(size), count)),
                signal=group.signal,
                atmosphere=self.atmosphere,
            )
            residuals[:, group.rows] = self.values[group.rows] - found.values.reshape(count, -1)
            partials[:, group.rows] = found.partials.reshape(count, -1, 6)
        wrapped = residuals[:, self.round_angles]
        residuals[:, self.round_angles] = np.remainder(wrapped + np.pi, 2.0 * np.pi) - np.pi
        return residuals, partials

    def by_observation(self, values: Array) -> list[tuple[float, ...]]:
        """Values (n,) as tuples, one for each observation."""
        return [tuple(values[self.owner == place].tolist()) for place in range(self.epochs_tai_s.size)]


def looks(
    observations: Sequence[Observation], sensors: Mapping[str, Sensor], *, atmosphere: Atmosphere
) -> Looks:
    """Lay out observations of sensors whose places are known."""
    epochs = np.array([one.epoch_tai_s for one in observations])
    at = stations([sensors[one.sensor].site for one in observations], epochs)
    members: dict[tuple[ObservationKind, SignalPath, TimeTag], list[int]] = {}
    for place, one in enumerate(observations):
        members.setdefault((one.kind, one.path, one.time_tag), []).append(place)
    groups: list[_Group] = []
    filled = 0
    for (kind, path, tag), listed in members.items():
        index = np.array(listed, dtype=np.int64)
        end = filled + index.size * len(PARTS[kind])
        groups.append(_Group(kind, (path, tag), index, slice(filled, end), at.rows(index)))
        filled = end
    rows = [
        (place, value - bias, sigma, part in ROUND)
        for group in groups
        for place in group.members.tolist()
        for part, value, bias, sigma in zip(
            PARTS[group.kind],
            observations[place].values,
            observations[place].biases,
            observations[place].sigmas,
            strict=True,
        )
    ]
    owner, values, sigmas, turns = zip(*rows, strict=True)
    return Looks(
        epochs_tai_s=epochs,
        values=np.array(values),
        sigmas=np.array(sigmas),
        owner=np.array(owner, dtype=np.int64),
        round_angles=np.array(turns),
        groups=tuple(groups),
        atmosphere=atmosphere,
    )
