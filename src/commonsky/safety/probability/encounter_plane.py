"""The encounter plane (B-plane): across the relative velocity at closest approach, where fast encounters are judged."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.safety.probability.covariance import floored

Array = NDArray[np.float64]


def plane_axes(position_m: ArrayLike, velocity_m_s: ArrayLike) -> Array:
    """Rows: unit vectors (n, 2, 3) along the miss and across it, both at right angles to the velocity.

    Inputs are relative positions and velocities (n, 3) on the same axes. The first axis is the part of the position
    across the velocity; with no miss at all, or no velocity, any axes that fit.
    """
    position = np.atleast_2d(np.asarray(position_m, dtype=np.float64))
    velocity = np.atleast_2d(np.asarray(velocity_m_s, dtype=np.float64))
    along = _unit(velocity, np.array([1.0, 0.0, 0.0]))
    across = position - np.sum(position * along, axis=1, keepdims=True) * along
    far_axis = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    other = _unit(np.cross(along, far_axis), np.array([0.0, 1.0, 0.0]))
    too_near = np.linalg.norm(across, axis=1) <= 1e-12 * np.maximum(np.linalg.norm(position, axis=1), 1e-300)
    first = _unit(np.where(too_near[:, np.newaxis], other, across), other)
    return np.stack([first, np.cross(along, first)], axis=1)


def project(position_m: ArrayLike, velocity_m_s: ArrayLike, covariance_m2: ArrayLike) -> tuple[Array, Array]:
    """Miss vectors (n, 2) and covariances (n, 2, 2) in the encounter plane, axes as `plane_axes`.

    Inputs on common inertial axes: relative positions (n, 3) m, relative velocities (n, 3) m/s, and the sums
    (n, 3, 3) of both position covariances, m2. Source: Foster and Estes 1992; Akella and Alfriend 2000.
    """
    axes = plane_axes(position_m, velocity_m_s)
    covariance = np.asarray(covariance_m2, dtype=np.float64).reshape(-1, 3, 3)
    miss = np.einsum("nij,nj->ni", axes, np.atleast_2d(np.asarray(position_m, dtype=np.float64)))
    return miss, axes @ covariance @ np.swapaxes(axes, 1, 2)


def principal(miss_m: ArrayLike, covariance_m2: ArrayLike, least_sigma_m: ArrayLike) -> tuple[Array, Array]:
    """Miss (n, 2) on the principal axes and sigmas (n, 2), greatest first, none under ``least_sigma_m`` (n,)."""
    covariance = np.asarray(covariance_m2, dtype=np.float64).reshape(-1, 2, 2)
    miss = np.asarray(miss_m, dtype=np.float64).reshape(-1, 2)
    values, vectors = np.linalg.eigh(0.5 * (covariance + np.swapaxes(covariance, 1, 2)))
    least = np.broadcast_to(np.asarray(least_sigma_m, dtype=np.float64), miss.shape[:1])
    sigmas = np.sqrt(np.maximum(values, 0.0))
    sigmas = np.maximum(sigmas, least[:, np.newaxis])
    turned = np.einsum("nji,nj->ni", vectors, miss)
    return turned[:, ::-1], sigmas[:, ::-1]


def mahalanobis(miss_m: ArrayLike, covariance_m2: ArrayLike, least_sigma_m: ArrayLike = 0.0) -> Array:
    """Distances (n,) of the misses (n, k) in standard deviations of covariances (n, k, k)."""
    miss = np.asarray(miss_m, dtype=np.float64)
    covariance = floored(np.asarray(covariance_m2, dtype=np.float64), np.asarray(least_sigma_m))
    solved = np.linalg.solve(covariance, miss[..., np.newaxis])[..., 0]
    return np.asarray(np.sqrt(np.maximum(np.sum(miss * solved, axis=-1), 0.0)))


def _unit(vectors: Array, instead: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 0.0, vectors / np.where(length > 0.0, length, 1.0), instead)
