"""The iteration of batch least squares: weighted Gauss-Newton, damped when a step does not help.

Levenberg's damping on the observation equations scaled to unit columns and solved by singular values; a priori values
enter as observations of themselves (Tapley, Schutz and Born, Statistical Orbit Determination, 4.3; Marquardt 1963).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import PropagationError
from commonsky.astro.two_body import stays_above
from commonsky.tracking.equations import Equations
from commonsky.tracking.errors import NotConvergedError, TooFewObservationsError, UndeterminedError
from commonsky.tracking.settings import FitSettings
from commonsky.tracking.unknowns import STATE, Unknowns

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SETTLED_SIGMAS = 0.01
_LEAST_SINGULAR = 1e-11
_FIRST_DAMPING = 1e-3
_LAST_DAMPING = 1e-6
_MEDIAN_TO_SIGMA = 1.4826
_COST_NOISE = 1e-4  # the integrator works to a fraction of a metre, so the cost is not smooth below this
_NEAR_ITS_FLOOR = 0.5  # while the cost still falls by more, residuals say nothing about single observations
_ABSURD = 50.0
_DEEPEST_PERIGEE_M = 5.5e6
_HARDLY_LESS = 0.98  # a stage on the way need not settle


@dataclass(frozen=True)
class Solution:
    """Where the iteration ended."""

    vector: Array
    covariance: Array
    residuals: Array
    used: Mask
    information: Array
    gain: Array  # (p, m): how the vector answers to a change of each value; zero for those not used
    iterations: int
    converged: bool


def require_enough(system: Equations) -> None:
    """Raise TooFewObservationsError when there are fewer values than unknowns."""
    priors = sum(entry.prior_sigma is not None for entry in system.unknowns.entries)
    values, wanted = system.values.size, system.unknowns.count
    if values + priors < wanted:
        raise TooFewObservationsError(f"{values} measured values cannot determine {wanted} unknowns")


@dataclass(frozen=True)
class _Point:
    """A vector of unknowns with the residuals and partials there."""

    vector: Array
    residuals: Array
    partials: Array


def iterate(system: Equations, vector: Array, settings: FitSettings, *, must_settle: bool = True) -> Solution:
    """Iterate from a vector of unknowns; without ``must_settle`` the last point met will do."""
    prior = _Prior.of(system.unknowns)
    point = _start_point(system, vector)
    used = _not_absurd(system, point.residuals, settings)
    damping = 0.0
    for iteration in range(1, settings.max_iterations + 1):
        step, covariance = _solve(system, point, used, prior, damping)
        candidate = _point(system, point.vector + step)
        small = bool(np.all(np.abs(step) <= _SETTLED_SIGMAS * np.sqrt(np.diag(covariance))))
        cost = _cost(system, point, used, prior)
        reached = np.inf if candidate is None else _cost(system, candidate, used, prior)
        last = iteration == settings.max_iterations and not must_settle
        if candidate is None or (reached > cost * (1.0 + _COST_NOISE) and not small):
            damping = max(_FIRST_DAMPING, 10.0 * damping)
            if last:
                return _solution(system, point, used, covariance, (iteration, False))
            continue
        point, before = candidate, used
        judged = iteration >= settings.rejection_from_iteration
        at_floor = damping == 0.0 and reached > _NEAR_ITS_FLOOR * cost
        if judged and at_floor:
            used = _within_limit(system, point.residuals, settings)
            if iteration > settings.max_iterations // 2:
                used &= before  # some that go in and out by turns would keep it from settling
        settled = small and damping == 0.0 and judged and bool(np.all(used == before))
        good_enough = not must_settle and damping == 0.0 and reached > _HARDLY_LESS * cost
        if settled or last or good_enough:
            return _solution(system, point, used, covariance, (iteration, settled))
        damping = 0.1 * damping if damping > _LAST_DAMPING else 0.0
    raise NotConvergedError(
        f"no orbit settled within {settings.max_iterations} iterations: the starting orbit may be far off, the "
        "observations of different objects, the sensors biased, or the object pushed by a force that is not "
        "modelled (biases and an empirical acceleration can be estimated)"
    )


def _solution(
    system: Equations, point: "_Point", used: Mask, covariance: Array, counted: tuple[int, bool]
) -> Solution:
    """What stands after so many iterations, settled or not."""
    weighted = point.partials / system.sigmas[:, np.newaxis]
    gain = np.where(used, (covariance @ weighted.T) / system.sigmas, 0.0)
    # How many unknowns' worth each row determines: its leverage. With what was known before, they add up.
    told = np.einsum("ij,ji->i", point.partials, gain)
    return Solution(point.vector, covariance, point.residuals, used, told, gain, *counted)


@dataclass(frozen=True)
class _Prior:
    """Entries of the vector with an a priori value."""

    columns: NDArray[np.int64]
    expected: Array
    sigmas: Array

    @staticmethod
    def of(wanted: Unknowns) -> "_Prior":
        known = [
            (STATE + i, entry.start, entry.prior_sigma)
            for i, entry in enumerate(wanted.entries)
            if entry.prior_sigma is not None
        ]
        table = np.array(known, dtype=np.float64).reshape(-1, 3)
        return _Prior(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    def residuals(self, vector: Array) -> Array:
        return np.asarray((self.expected - vector[self.columns]) / self.sigmas)


def _start_point(system: Equations, vector: Array) -> _Point:
    point = _point(system, vector)
    if point is None:
        raise NotConvergedError("the starting orbit cannot be propagated over the observations")
    return point


def _point(system: Equations, vector: Array) -> _Point | None:
    """Evaluate the equations; ``None`` for an orbit through the Earth, or where the engine gives up."""
    if not (np.isfinite(vector).all() and stays_above(vector[np.newaxis, :STATE], _DEEPEST_PERIGEE_M)[0]):
        return None
    try:
        residuals, partials = system.evaluate(vector)
    except PropagationError:
        return None
    return _Point(vector, residuals, partials) if np.isfinite(residuals).all() else None


def _cost(system: Equations, point: _Point, used: Mask, prior: _Prior) -> float:
    weighted = point.residuals[used] / system.sigmas[used]
    return float(weighted @ weighted + np.sum(prior.residuals(point.vector) ** 2))


def _solve(
    system: Equations, point: _Point, used: Mask, prior: _Prior, damping: float
) -> tuple[Array, Array]:
    """The step (p,), damped, and the covariance (p, p) without damping."""
    known = np.zeros((prior.columns.size, point.vector.size))
    known[np.arange(prior.columns.size), prior.columns] = 1.0 / prior.sigmas
    sigmas = system.sigmas[used]
    matrix = np.vstack([point.partials[used] / sigmas[:, np.newaxis], known])
    right = np.concatenate([point.residuals[used] / sigmas, prior.residuals(point.vector)])
    if matrix.shape[0] < matrix.shape[1]:
        raise TooFewObservationsError(
            f"{matrix.shape[0]} values are left after rejection for {matrix.shape[1]} unknowns"
        )
    scale = np.linalg.norm(matrix, axis=0)
    if not scale.all():
        raise UndeterminedError(f"nothing depends on {_named(system.unknowns, int(np.argmin(scale)))}")
    left, singular, right_vectors = np.linalg.svd(matrix / scale, full_matrices=False)
    if singular[-1] < _LEAST_SINGULAR * singular[0]:
        free = int(np.argmax(np.abs(right_vectors[-1])))
        raise UndeterminedError(
            f"the observations do not determine {_named(system.unknowns, free)}: "
            "estimate less, give prior sigmas, or add observations from other places or times"
        )
    step = right_vectors.T @ (singular / (singular**2 + damping) * (left.T @ right)) / scale
    root = right_vectors.T / singular / scale[:, np.newaxis]
    return step, root @ root.T


def _named(wanted: Unknowns, column: int) -> str:
    if column < STATE:
        return "the state's " + ("position", "velocity")[column // 3]
    return wanted.entries[column - STATE].name


def _within_limit(system: Equations, residuals: Array, settings: FitSettings) -> Mask:
    """Rows to use: an observation of which one value is out goes as a whole."""
    weighted = np.abs(residuals) / system.sigmas
    limit = settings.rejection_sigma * max(1.0, _MEDIAN_TO_SIGMA * float(np.median(weighted)))
    return _whole_observations(system, weighted <= limit)


def _not_absurd(system: Equations, residuals: Array, settings: FitSettings) -> Mask:
    """Rows to begin with: all but those far beyond the others of the same sensor and quantity.

    One range that is wrong by thousands of kilometres would carry the first steps away; biases and a poor start
    move a series as a whole.
    """
    weighted = np.abs(residuals) / system.sigmas
    sane = np.ones(weighted.size, dtype=bool)
    for series in range(int(system.series.max()) + 1):
        rows = system.series == series
        limit = _ABSURD * max(settings.rejection_sigma, float(np.median(weighted[rows])))
        sane[rows] = weighted[rows] <= limit
    return _whole_observations(system, sane)


def _whole_observations(system: Equations, sane: Mask) -> Mask:
    out = np.zeros(system.epochs_tai_s.size, dtype=bool)
    np.logical_or.at(out, system.owner, ~sane)
    return np.asarray(~out[system.owner])
