"""Observations as coarse geometry, for searching among thousands of orbits at once.

Two-body motion, no light time, no atmosphere: good to a kilometre over a short arc, which tells a right start from a
wrong one. All orbits are states (k, 6) in GCRF, m and m/s, at the epoch of the geometry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import stations
from commonsky.astro.two_body import many_orbits
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag

Array = NDArray[np.float64]

_ANGLE_FLOOR_RAD = 2e-4
_RANGE_FLOOR_M = 200.0
_RATE_FLOOR_M_S = 2.0
_CAP_SIGMAS = 1e3
_STEPS = 12
_STATE_STEP = np.array([10.0] * 3 + [0.01] * 3)
_LIGHT_M_S = 299792458.0


@dataclass(frozen=True)
class Geometry:
    """Where sensors were and what they saw, n rows sorted by time; NaN for what a row does not hold.

    ``towards`` (n, 3) are unit vectors; ``sigma`` (n, 3) are those of direction (rad), range (m) and rate (m/s),
    not below what the coarse model itself is wrong by.
    """

    tai_s: Array
    sensor: NDArray[np.int64]
    from_m: Array
    moving_m_s: Array
    towards: Array
    range_m: Array
    rate_m_s: Array
    sigma: Array

    @property
    def has_direction(self) -> NDArray[np.bool_]:
        """Which rows hold a direction."""
        return np.isfinite(self.towards[:, 0])

    def rows(self, index: NDArray[np.int64]) -> "Geometry":
        """Some of the rows."""
        return Geometry(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def residuals(self, states: Array, epoch_tai_s: float) -> Array:
        """Weighted residuals (k, 5 n) of k orbits; zero where nothing was measured, capped where there is no orbit."""
        return self._residuals_of(many_orbits(states, self.tai_s - epoch_tai_s))

    def misfit_of(self, there: Array) -> Array:
        """As `misfit`, of k orbits of which the states (k, n, 6) at the rows are known; by the median of the rows."""
        return np.asarray(np.median(np.minimum(np.abs(self._residuals_of(there)), _CAP_SIGMAS * 1e3), axis=1))

    def _residuals_of(self, there: Array) -> Array:
        sight = there[..., :3] - self.from_m
        distance = np.linalg.norm(sight, axis=2)
        towards = sight / distance[..., np.newaxis]
        rate = np.sum(towards * (there[..., 3:] - self.moving_m_s), axis=2)
        parts = [
            ((towards - self.towards) / self.sigma[:, :1]).reshape(len(there), -1),
            (distance - self.range_m) / self.sigma[:, 1],
            (rate - self.rate_m_s) / self.sigma[:, 2],
        ]
        measured = np.concatenate(
            [np.isfinite(self.towards).ravel(), np.isfinite(self.range_m), np.isfinite(self.rate_m_s)]
        )
        both = np.concatenate(parts, axis=1)[:, measured]
        return np.where(np.isfinite(both), both, _CAP_SIGMAS)

    def misfit(self, states: Array, epoch_tai_s: float) -> Array:
        """Root mean square of the weighted residuals (k,), each counted no more than a thousand sigmas."""
        capped = np.clip(self.residuals(states, epoch_tai_s), -_CAP_SIGMAS, _CAP_SIGMAS)
        return np.asarray(np.sqrt(np.mean(capped**2, axis=1)))

    def polished(self, state: Array, epoch_tai_s: float) -> Array:
        """The state (6,) after damped Gauss-Newton steps: the best that was met."""
        best, cost, damping = state, self._cost(state, epoch_tai_s), 1e-3
        for _ in range(_STEPS):
            around = self.residuals(np.vstack([best, best + np.diag(_STATE_STEP)]), epoch_tai_s)
            matrix = ((around[1:] - around[0]) / _STATE_STEP[:, np.newaxis]).T
            scale = np.linalg.norm(matrix, axis=0)
            if not (scale > 0.0).all():
                return best
            left, singular, right = np.linalg.svd(matrix / scale, full_matrices=False)
            for _ in range(6):
                gain = singular / (singular**2 + damping * singular[0] ** 2)
                step = -(right.T @ (gain * (left.T @ around[0]))) / scale
                reached = self._cost(best + step, epoch_tai_s)
                if reached < cost:
                    break
                damping *= 10.0
            else:
                return best
            settled = cost - reached < 1e-6 * cost
            best, cost, damping = best + step, reached, 0.1 * damping
            if settled:
                break
        return best

    def _cost(self, state: Array, epoch_tai_s: float) -> float:
        return float(np.sum(self.residuals(state[np.newaxis], epoch_tai_s)[0] ** 2))


def geometry(observations: Sequence[Observation], sensors: Mapping[str, Sensor]) -> Geometry:
    """Lay out observations as geometry, one row each, sorted by time."""
    ordered = sorted(observations, key=lambda one: one.epoch_tai_s)
    epochs = np.array([one.epoch_tai_s for one in ordered])
    at = stations([sensors[one.sensor].site for one in ordered], epochs)
    names = {name: i for i, name in enumerate(dict.fromkeys(one.sensor for one in ordered))}
    count = len(ordered)
    towards, ranges, rates = np.full((count, 3), np.nan), np.full(count, np.nan), np.full(count, np.nan)
    sigma = np.tile([_ANGLE_FLOOR_RAD, _RANGE_FLOOR_M, _RATE_FLOOR_M_S], (count, 1))
    tags = epochs.copy()
    for i, one in enumerate(ordered):
        values = np.array(one.values) - np.array(one.biases)
        if one.kind is ObservationKind.RANGE:
            ranges[i], sigma[i, 1] = values[0], max(one.sigmas[0], _RANGE_FLOOR_M)
            tags[i] += _at_object_s(one, values[0])
        elif one.kind is ObservationKind.RANGE_RATE:
            rates[i], sigma[i, 2] = values[0], max(one.sigmas[0], _RATE_FLOOR_M_S)
        else:
            towards[i] = direction(one.kind, values, at.horizon[i])
            sigma[i, 0] = max(*one.sigmas, _ANGLE_FLOOR_RAD)
    return Geometry(
        tai_s=tags,
        sensor=np.array([names[one.sensor] for one in ordered], dtype=np.int64),
        from_m=at.position_m,
        moving_m_s=at.velocity_m_s,
        towards=towards,
        range_m=ranges,
        rate_m_s=rates,
        sigma=sigma,
    )


def direction(kind: ObservationKind, angles_rad: Array, horizon: Array) -> Array:
    """Unit vector (3,) in GCRF of azimuth and elevation, or of right ascension and declination."""
    first, second = angles_rad
    level = np.cos(second)
    if kind is ObservationKind.AZ_EL:
        return np.asarray(horizon.T @ [level * np.sin(first), level * np.cos(first), np.sin(second)])
    return np.array([level * np.cos(first), level * np.sin(first), np.sin(second)])


def _at_object_s(one: Observation, range_m: float) -> float:
    """Seconds from the time tag to the instant when the signal was at the object."""
    if one.time_tag is TimeTag.RECEIVE:
        return -range_m / _LIGHT_M_S
    return range_m / _LIGHT_M_S if one.path is SignalPath.TWO_WAY else 0.0
