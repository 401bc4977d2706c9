"""One arc into one track: an iterated extended filter in square-root information form.

The prior is carried to the arc by the engine and its transition matrix, process noise is added, and prior and
observations are solved together by QR (Bierman, Factorization Methods for Discrete Sequential Estimation, 1977):
nothing is ever squared, and the sum of squares that is left is the normalised innovation of the arc as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from commonsky.astro.measurement import Atmosphere
from commonsky.astro.numerical import PropagationError, Trajectory, solve
from commonsky.domain import ForceModel, Sensor
from commonsky.tracking.looks import Looks, looks
from commonsky.tracking.tracker.orbit_track import Arc, OrbitTrack
from commonsky.tracking.tracker.process_noise import added_covariance, usual_noise

Array = NDArray[np.float64]

MOST_STEPS = 5
_SETTLED = 0.05


@dataclass(frozen=True)
class Prior:
    """What a track says of its object at an arc's end, before the arc is looked at."""

    epoch_tai_s: float
    state_gcrf: Array
    covariance: Array
    trajectory: Trajectory


@dataclass(frozen=True)
class Updated:
    """What it says after.

    ``innovation`` is the square of the normalised distance between the track and the orbit that the arc shows, of
    chi-square with ``dimensions`` degrees of freedom; ``noise`` is what no orbit explains of the arc, in its sigmas
    squared.
    ``log_volume`` is the log of the innovation covariance's determinant over the noise's: with the innovation it makes
    the likelihood by which tracks compete for an arc.
    """

    epoch_tai_s: float
    state_gcrf: Array
    covariance: Array
    innovation: float
    dimensions: int
    noise: float
    log_volume: float

    @property
    def cost(self) -> float:
        """Minus twice the log likelihood of the arc, but for what is the same for all tracks."""
        return self.innovation + self.log_volume


def arc_looks(arc: Arc, sensors: Mapping[str, Sensor], atmosphere: Atmosphere) -> Looks:
    """The arc's measured values as columns."""
    return looks(arc.observations, sensors, atmosphere=atmosphere)


def prior_at(track: OrbitTrack, begin_tai_s: float, end_tai_s: float) -> Prior:
    """Carry a track to the end of an arc that begins no earlier than the track's epoch; raises PropagationError."""
    first = min(begin_tai_s, track.epoch_tai_s)
    trajectory = solve(
        track.state_gcrf, track.epoch_tai_s, (first, end_tai_s), track.force_model, transitions=True
    )
    states, transitions = trajectory.states_and_transitions(np.array([end_tai_s]))
    noise = usual_noise(track.state_gcrf).times(track.noise_factor)
    grown = transitions[0] @ track.covariance @ transitions[0].T
    grown += added_covariance(trajectory, track.epoch_tai_s, end_tai_s, noise)
    return Prior(end_tai_s, states[0], 0.5 * (grown + grown.T), trajectory)


def updated(prior: Prior, seen: Looks, force_model: ForceModel, *, steps: int = MOST_STEPS) -> Updated:
    """Take the values of an arc into the prior. Raises PropagationError where no orbit comes of it."""
    scale = np.sqrt(np.diag(prior.covariance))
    root = np.linalg.cholesky(prior.covariance / np.outer(scale, scale))
    information = solve_triangular(root, np.diag(1.0 / scale), lower=True)
    state = prior.state_gcrf
    trajectory = prior.trajectory
    triangle, left = information, np.zeros(1)
    for _ in range(steps):
        residuals, partials = _linearised(trajectory, prior.epoch_tai_s, seen)
        weighted = partials / seen.sigmas[:, np.newaxis]
        system = np.vstack(
            [
                np.column_stack([information, information @ (prior.state_gcrf - state)]),
                np.column_stack([weighted, residuals / seen.sigmas]),
            ]
        )
        factor = np.asarray(np.linalg.qr(system, mode="r"), dtype=np.float64)
        triangle, left = factor[:6, :6], factor[6:, 6]
        step = np.asarray(solve_triangular(triangle, factor[:6, 6]), dtype=np.float64)
        state = state + step
        if float(np.linalg.norm(triangle @ step)) < _SETTLED:
            break
        begin = float(seen.epochs_tai_s.min())
        trajectory = solve(
            state, prior.epoch_tai_s, (begin, prior.epoch_tai_s), force_model, transitions=True
        )
    if not np.isfinite(state).all():
        raise PropagationError("no orbit explains the arc")
    unexplained = _free_cost(system[6:])
    inverse = solve_triangular(triangle, np.eye(6))
    volume = 2.0 * (np.sum(np.log(np.abs(np.diag(triangle)))) - np.sum(np.log(np.abs(np.diag(information)))))
    return Updated(
        epoch_tai_s=prior.epoch_tai_s,
        state_gcrf=state,
        covariance=inverse @ inverse.T,
        innovation=max(0.0, float(left @ left) - unexplained),
        dimensions=min(6, seen.values.size),
        noise=unexplained,
        log_volume=float(volume),
    )


def _free_cost(rows: Array) -> float:
    """What is left of weighted rows (n, 7), partials and residuals, when the state is free."""
    if rows.shape[0] <= 6:
        return 0.0
    scale = np.linalg.norm(rows[:, :6], axis=0)
    scaled = rows / np.append(np.where(scale > 0.0, scale, 1.0), 1.0)
    factor = np.asarray(np.linalg.qr(scaled, mode="r"), dtype=np.float64)
    return float(factor[6, 6] ** 2) if factor.shape[0] > 6 else 0.0


def _linearised(trajectory: Trajectory, epoch_tai_s: float, seen: Looks) -> tuple[Array, Array]:
    """Residuals (n,) and partials (n, 6) by the state at ``epoch_tai_s``."""
    times = np.append(seen.epochs_tai_s, epoch_tai_s)
    states, transitions = trajectory.states_and_transitions(times)
    by_epoch = transitions[:-1] @ np.linalg.inv(transitions[-1])
    residuals, partials = seen.residuals(states[np.newaxis, :-1])
    return residuals[0], np.einsum("nj,njk->nk", partials[0], by_epoch[seen.owner])
