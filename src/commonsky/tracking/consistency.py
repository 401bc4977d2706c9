"""Whether covariances tell the truth: normalised errors against the chi-square that they should follow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Consistency:
    """Normalised errors squared of many estimates.

    Attributes
    ----------
    count, dimensions
        How many, and the degrees of freedom of all of them together.
    mean_ratio
        Mean over its expectation: 1 for an honest covariance, more for one that is too small.
    bounds
        Between which the mean ratio of honest covariances lies with the probability asked for.
    inside
        The share of single estimates within their own two-sided bounds.

    """

    count: int
    dimensions: int
    mean_ratio: float
    bounds: tuple[float, float]
    inside: float

    @property
    def is_honest(self) -> bool:
        """Whether the mean lies within its bounds."""
        return self.bounds[0] <= self.mean_ratio <= self.bounds[1]


def normalised_errors(errors: Array, covariances: Array) -> Array:
    """NEES (n,) of errors (n, d) with covariances (n, d, d)."""
    return np.asarray(
        np.einsum("ni,ni->n", errors, np.linalg.solve(covariances, errors[:, :, np.newaxis])[:, :, 0])
    )


def consistency(squared: ArrayLike, dimensions: ArrayLike, *, probability: float = 0.95) -> Consistency:
    """Judge normalised errors squared (n,), or innovations, of ``dimensions`` degrees of freedom each, (n,) or one.

    Raises ValueError when there is none.
    """
    values = np.atleast_1d(np.asarray(squared, dtype=np.float64))
    degrees = np.broadcast_to(np.asarray(dimensions, dtype=np.int64), values.shape)
    if not values.size:
        raise ValueError("there are no errors to judge")
    total = int(degrees.sum())
    tail = 0.5 * (1.0 - probability)
    bounds = (float(chi2.ppf(tail, total)) / total, float(chi2.ppf(1.0 - tail, total)) / total)
    low, high = chi2.ppf(tail, degrees), chi2.ppf(1.0 - tail, degrees)
    inside = float(np.mean((low <= values) & (values <= high)))
    return Consistency(values.size, total, float(values.sum() / total), bounds, inside)


def scale_factor(history: Sequence[tuple[float, int]]) -> float:
    """By how much sigmas must be multiplied for normalised errors squared, with their dimensions, to be as expected."""
    total, degrees = sum(one for one, _ in history), sum(count for _, count in history)
    return float(np.sqrt(total / degrees)) if degrees else 1.0
