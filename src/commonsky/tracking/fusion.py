"""Tracks of partners who give no observations: which of ours they are of, and one estimate of both.

What two members know of an object is correlated in a way that neither can tell: both may stand on the same
observations, and both leave out the same forces. Covariance intersection (Julier and Uhlmann 1997) is never surer than
it may be, whatever the correlation; the plain sum of informations is for tracks whose lineage shows that they share
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment, minimize_scalar
from scipy.stats import chi2

Array = NDArray[np.float64]

_NOT_TO_BE = 1e9


@dataclass(frozen=True)
class Fused:
    """A state (n,) with covariance (n, n); ``weight`` is the share of the first in it, ``None`` for a plain sum."""

    state: Array
    covariance: Array
    weight: float | None


def covariance_intersection(
    state_a: ArrayLike, covariance_a: ArrayLike, state_b: ArrayLike, covariance_b: ArrayLike
) -> Fused:
    """Fuse two estimates of one state, at one epoch, in one frame and by one force model, of unknown correlation.

    The weight is the one that makes the determinant of the covariance least. Raises ValueError for a covariance that
    is not positive definite.
    """
    first, second = _Estimate.of(state_a, covariance_a), _Estimate.of(state_b, covariance_b)

    def volume(weight: float) -> float:
        return -float(np.linalg.slogdet(weight * first.information + (1.0 - weight) * second.information)[1])

    found = minimize_scalar(volume, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-6})
    weight = min((0.0, float(found.x), 1.0), key=volume)
    return _together(first, second, weight, 1.0 - weight, weight)


def independent_fusion(
    state_a: ArrayLike, covariance_a: ArrayLike, state_b: ArrayLike, covariance_b: ArrayLike
) -> Fused:
    """Fuse two estimates that share neither observations nor faults: the sum of their informations."""
    first, second = _Estimate.of(state_a, covariance_a), _Estimate.of(state_b, covariance_b)
    return _together(first, second, 1.0, 1.0, None)


@dataclass(frozen=True)
class Pairing:
    """Which track of one list is of the object of which of another; ``distance`` is normalised and squared."""

    first: int
    second: int
    distance: float
    probability: float


def associate_tracks(  # noqa: PLR0913  # two lists of estimates and two limits
    states_a: Array,
    covariances_a: Array,
    states_b: Array,
    covariances_b: Array,
    *,
    confidence: float = 0.9999,
    nearest_m: float = 1e6,
) -> list[Pairing]:
    """Pair tracks (n, 6) with tracks (m, 6), all at one epoch in one frame, one to one, at the least total distance.

    The covariances (n, 6, 6) and (m, 6, 6) are added, which errs to the side of pairing when the estimates share
    observations. ``probability`` weighs each pairing against the other tracks of the second list that pass the
    gate. Tracks further apart than ``nearest_m`` are not looked at.
    """
    gate = float(chi2.ppf(confidence, 6))
    cost = np.full((len(states_a), len(states_b)), _NOT_TO_BE)
    distance = np.full_like(cost, np.inf)
    for row, (state, covariance) in enumerate(zip(states_a, covariances_a, strict=True)):
        near = np.flatnonzero(np.linalg.norm(states_b[:, :3] - state[:3], axis=1) < nearest_m)
        for column in near.tolist():
            both = covariance + covariances_b[column]
            off = state - states_b[column]
            distance[row, column] = float(off @ np.linalg.solve(both, off))
            if distance[row, column] <= gate:
                cost[row, column] = (
                    distance[row, column] + float(np.linalg.slogdet(both)[1]) + _NOT_TO_BE / 2.0
                )
    rows, columns = linear_sum_assignment(cost)
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if cost[row, column] < _NOT_TO_BE:
            rivals = cost[row][cost[row] < _NOT_TO_BE] - cost[row, column]
            share = 1.0 / float(np.sum(np.exp(-0.5 * rivals)))
            found.append(Pairing(row, column, float(distance[row, column]), share))
    return found


def share_sources(lineage_a: Sequence[str], lineage_b: Sequence[str]) -> bool:
    """Whether two tracks stand on a common observation, by the ids of their lineages."""
    return not set(lineage_a).isdisjoint(lineage_b)


@dataclass(frozen=True)
class _Estimate:
    state: Array
    information: Array

    @staticmethod
    def of(state: ArrayLike, covariance: ArrayLike) -> "_Estimate":
        matrix = np.asarray(covariance, dtype=np.float64)
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError as error:
            raise ValueError("a covariance is not positive definite") from error
        information = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        return _Estimate(np.asarray(state, dtype=np.float64), information)


def _together(first: _Estimate, second: _Estimate, a: float, b: float, weight: float | None) -> Fused:
    covariance = np.linalg.inv(a * first.information + b * second.information)
    covariance = 0.5 * (covariance + covariance.T)
    state = covariance @ (a * first.information @ first.state + b * second.information @ second.state)
    return Fused(state, covariance, weight)
