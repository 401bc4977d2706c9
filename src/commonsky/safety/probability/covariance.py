"""Covariances: what is missing, what cannot be a covariance, and how it is made one.

The repair is that of NASA's conjunction assessment practice: eigenvalues below a floor are raised to it and everything
else is left alone (Hall, Hejduk and Johnson, "Remediating non-positive definite state covariances for collision
probability estimation", AAS 17-567). It is never silent: `repaired` says what it did.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CLIP_OF_RADIUS = 1e-4
"""Least standard deviation of a relative position, in hard-body radii (AAS 17-567, section on clipping)."""

_ROUNDING = 1e-9  # of correlations: a covariance printed to ten digits is off by so much
_FLOOR = 1e-12


def rotated(covariance: Array, axes: Array) -> Array:
    """Covariance (..., 3k, 3k) on new axes: ``axes`` (..., 3, 3) turns each vector of three into the new axes."""
    blocks = covariance.shape[-1] // 3
    whole = np.zeros(covariance.shape)
    for block in range(blocks):
        part = slice(3 * block, 3 * block + 3)
        whole[..., part, part] = axes
    return np.asarray(whole @ covariance @ np.swapaxes(whole, -1, -2))


def repaired(covariance: Array) -> tuple[Array, str]:
    """A covariance (k, k) whose eigenvalues are not negative, and words for the repair, empty when there was none.

    Eigenvalues are those of the correlation matrix, so that metres and metres per second weigh alike. Raises
    ValueError for numbers that are not finite or a variance below zero, which no clipping makes good.
    """
    if not np.all(np.isfinite(covariance)):
        raise ValueError("the covariance holds numbers that are not finite")
    variances = np.diag(covariance)
    if np.any(variances < 0.0):
        raise ValueError(f"the covariance has a negative variance ({variances.min():.3g})")
    symmetric = 0.5 * (covariance + covariance.T)
    sigmas = np.where(variances > 0.0, np.sqrt(variances), 1.0)
    values, vectors = np.linalg.eigh(symmetric / np.outer(sigmas, sigmas))
    if values[0] >= 0.0:
        return symmetric, ""
    fixed, how = _velocity_widened(symmetric), "the velocity's part raised to fit the position's"
    if fixed is None:
        clipped = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
        fixed, how = 0.5 * (clipped + clipped.T) * np.outer(sigmas, sigmas), f"clipped to {_FLOOR:g}"
    if values[0] >= -_ROUNDING:
        return fixed, ""
    count = int(np.count_nonzero(values < 0.0))
    return fixed, (
        f"covariance is not positive definite: {count} of {len(values)} eigenvalues of its correlation matrix below "
        f"zero, the least {values[0]:.3g}; {how}"
    )


def _velocity_widened(covariance: Array) -> Array | None:
    """Keep a sound position covariance and clip what is left of the velocity's given the position.

    Position decides whether bodies meet, so it is left as the message has it. None where the position's part is itself
    unsound, or the velocity's would have to grow by more than a tenth.
    """
    if covariance.shape != (6, 6) or np.linalg.eigvalsh(covariance[:3, :3])[0] <= 0.0:
        return None
    cross = covariance[:3, 3:]
    explained = cross.T @ np.linalg.solve(covariance[:3, :3], cross)
    velocity = explained + floored(covariance[3:, 3:] - explained, 0.0)
    if np.any(np.diag(velocity) > 1.1 * np.diag(covariance[3:, 3:])):
        return None
    fixed = covariance.copy()
    fixed[3:, 3:] = 0.5 * (velocity + velocity.T)
    return fixed


def floored(covariance: Array, least_sigma: Array | float) -> Array:
    """Covariances (..., k, k) with no eigenvalue under the square of ``least_sigma`` (...)."""
    values, vectors = np.linalg.eigh(0.5 * (covariance + np.swapaxes(covariance, -1, -2)))
    floor = np.square(np.asarray(least_sigma))[..., np.newaxis]
    return np.asarray(
        (vectors * np.maximum(values, floor)[..., np.newaxis, :]) @ np.swapaxes(vectors, -1, -2)
    )
