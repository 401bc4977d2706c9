"""Where two uncertain orbits can meet: the likeliest meeting point at each instant, and the Gaussian around it.

A Gaussian of elements is no Gaussian of position once the error along the track is long. So positions are linearised
not about the mean but about the pair of orbits that are within the hard-body radius at the instant and have the least
Mahalanobis distance from their means: what happens there is what a collision needs (after the peak overlap position
of Hall, "Expected collision rates for tracked satellites", Journal of Spacecraft and Rockets 58 (2021)). The pair is
found by the Gauss-Newton steps of first-order reliability (Hasofer and Lind 1974).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.probability.conjunction import Conjunction
from commonsky.safety.probability.covariance import CLIP_OF_RADIUS, floored

Array = NDArray[np.float64]

_MOST_STEPS = 40
_SETTLED = 1e-7  # of a standard deviation
_FARTHEST = 40.0
_ROUNDEST = 0.98  # greatest square of an eccentricity


@dataclass(frozen=True, eq=False)
class Overlap:
    """Gaussian of the relative state near a meeting, for m instants.

    ``position_m`` and ``velocity_m_s`` (m, 3) are its mean, ``position_covariance``, ``velocity_covariance`` and
    ``cross_covariance`` (m, 3, 3; rows position, columns velocity) its spread, ``distance`` (m,) the Mahalanobis
    distance of the meeting (0 where the means are within the radius), ``meeting`` (2, m, 6) the
    elements of the pair that meets, and ``settled`` (m,) says whether the search came to rest.
    """

    elapsed_s: Array
    position_m: Array
    velocity_m_s: Array
    position_covariance: Array
    cross_covariance: Array
    velocity_covariance: Array
    distance: Array
    meeting: Array
    settled: NDArray[np.bool_]


def overlap(conjunction: Conjunction, elapsed_s: Array) -> Overlap:
    """The overlap at instants (m,) in seconds from the closest approach. Raises OpenOrbitError."""
    clouds = conjunction.clouds()
    radius = conjunction.hard_body.radius_m
    count = elapsed_s.size
    means = np.stack([cloud.elements for cloud in clouds])[:, np.newaxis]
    at = np.broadcast_to(means, (2, count, 6)).copy()
    mean, whole = np.empty((count, 6)), np.empty((count, 6, 6))
    distance, reach = np.full(count, np.inf), np.full(count, np.inf)
    settled = np.zeros(count, dtype=bool)
    rows = np.arange(count)
    for _ in range(_MOST_STEPS):
        parts = [cloud.linearised(at[i, rows], elapsed_s[rows]) for i, cloud in enumerate(clouds)]
        mean[rows], whole[rows] = _relative(
            parts, means - at[:, rows], clouds[0].covariance, clouds[1].covariance
        )
        push, distance[rows] = _to_ball(mean[rows, :3], whole[rows, :3, :3], radius)
        settled[rows] = np.abs(distance[rows] - reach[rows]) < _SETTLED * np.maximum(1.0, distance[rows])
        going = ~settled[rows] & (distance[rows] < _FARTHEST)
        reach[rows] = distance[rows]
        for i, (cloud, sign) in enumerate(zip(clouds, (-1.0, 1.0), strict=True)):
            way = cloud.covariance @ np.swapaxes(parts[i][1][:, :3], 1, 2) @ push
            at[i, rows[going]] = _closed(means[i] + sign * way[going, :, 0], at[i, rows[going]])
        rows = rows[going]
        if rows.size == 0:
            break
    position = floored(whole[:, :3, :3], CLIP_OF_RADIUS * radius)
    return Overlap(
        elapsed_s,
        mean[:, :3],
        mean[:, 3:],
        position,
        whole[:, :3, 3:],
        whole[:, 3:, 3:],
        distance,
        at,
        settled,
    )


def _relative(
    parts: list[tuple[Array, Array]], offsets: Array, first: Array, second: Array
) -> tuple[Array, Array]:
    """Mean (m, 6) and covariance (m, 6, 6) of the relative state, linear about the pair."""
    (state_1, partials_1), (state_2, partials_2) = parts
    mean = state_2 - state_1 + (partials_2 @ offsets[1, ..., np.newaxis])[..., 0]
    mean = mean - (partials_1 @ offsets[0, ..., np.newaxis])[..., 0]
    whole = partials_1 @ first @ np.swapaxes(partials_1, 1, 2)
    whole = whole + partials_2 @ second @ np.swapaxes(partials_2, 1, 2)
    return mean, whole


def _to_ball(mean: Array, covariance: Array, radius_m: float) -> tuple[Array, Array]:
    """Way to the likeliest point of the ball: the inverse covariance times it (m, 3, 1), and its length in sigmas (m,).

    On principal axes the point is mean / (1 + multiplier * variance), the multiplier being what puts it on the sphere.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, (CLIP_OF_RADIUS * radius_m) ** 2)
    turned = np.einsum("mji,mj->mi", vectors, mean)
    low = np.full(len(mean), -80.0)
    high = np.log(np.linalg.norm(mean, axis=1) / (radius_m * values[:, 0]) + 1e-300)
    high = np.maximum(high, -79.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        point = turned / (1.0 + np.exp(middle)[:, np.newaxis] * values)
        outside = np.linalg.norm(point, axis=1) > radius_m
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    point = turned / (1.0 + np.exp(high)[:, np.newaxis] * values)
    point = np.where((np.linalg.norm(turned, axis=1) <= radius_m)[:, np.newaxis], turned, point)
    way = (point - turned) / values
    distance = np.sqrt(np.sum(way * (point - turned), axis=1))
    return np.einsum("mij,mj->mi", vectors, way)[..., np.newaxis], distance


def _closed(target: Array, at: Array) -> Array:
    """Go to the target (m, 6), but no further than orbits stay closed."""
    squared = target[:, 1] ** 2 + target[:, 2] ** 2
    bad = (squared > _ROUNDEST) | (target[:, 0] < 0.05 * at[:, 0]) | ~np.isfinite(squared)
    return np.where(bad[:, np.newaxis], at, target)
