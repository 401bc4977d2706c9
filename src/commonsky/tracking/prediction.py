"""Where a track's object will be."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.numerical import propagate, propagate_with_transition
from commonsky.domain import Track
from commonsky.tracking.orbit_model import OrbitModel
from commonsky.tracking.result import Fit

Array = NDArray[np.float64]

_ROWS_AT_ONCE = 200


def state_of(track: Track) -> Array:
    """Position and velocity (6,) in GCRF, m and m/s, at the track's epoch."""
    return np.array([*track.position_m, *track.velocity_m_s])


def covariance_of(track: Track) -> Array:
    """The covariance (6, 6) of the state at the track's epoch, SI."""
    matrix = np.zeros((6, 6))
    rows, columns = np.tril_indices(6)
    matrix[rows, columns] = track.covariance
    matrix[columns, rows] = track.covariance
    return matrix


def predict(track: Track, times_tai_s: ArrayLike) -> Array:
    """States (n, 6) in GCRF, m and m/s, at TAI epochs (n,) before or after the track's, by its own force model."""
    return propagate(state_of(track), track.epoch_tai_s, times_tai_s, track.force_model)


def predict_with_covariance(track: Track, times_tai_s: ArrayLike) -> tuple[Array, Array]:
    """As `predict`, with covariances (n, 6, 6) carried by the transition matrix; no process noise is added."""
    states, transitions = propagate_with_transition(
        state_of(track), track.epoch_tai_s, times_tai_s, track.force_model
    )
    return states, transitions @ covariance_of(track) @ np.swapaxes(transitions, 1, 2)


def predict_fit(found: Fit, times_tai_s: ArrayLike) -> tuple[Array, Array]:
    """States (n, 6) in GCRF and covariances (n, 6, 6), SI, at TAI epochs (n,), of a fit.

    Unlike `predict_with_covariance` this carries everything that the fit knows: the uncertainty of the estimated
    forces, and of what the force model leaves out, in the past of the fit and from then on, if that was considered.
    """
    times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
    if not times.size:
        return np.empty((0, 6)), np.empty((0, 6, 6))
    start = found.unknowns.epoch_tai_s
    edges = _edges(found, times)
    span = (min(start, times.min(), edges[0]), max(start, times.max(), edges[-1]))
    orbit = OrbitModel.of(found.vector, found.unknowns, span)
    states, partials = orbit.states(times), orbit.partials(times)
    used = partials.shape[2]
    if found.forces is None:
        covariance = found.full_covariance[:used, :used]
        return states, partials @ covariance @ np.swapaxes(partials, 1, 2)
    covariances = partials @ found.forces.measured_covariance[:used, :used] @ np.swapaxes(partials, 1, 2)
    by_forces = found.forces.noise.covariance(edges)
    before = int(np.sum(edges < found.forces.edges_tai_s[0]))
    gain = np.zeros((used, by_forces.shape[0]))
    gain[:, 3 * before : 3 * before + found.forces.gain.shape[1]] = found.forces.gain[:used]
    for rows in np.array_split(np.arange(times.size), max(1, times.size // _ROWS_AT_ONCE)):
        error = partials[rows] @ gain - orbit.by_accelerations(times[rows], edges)
        covariances[rows] += error @ by_forces @ np.swapaxes(error, 1, 2)
    return states, covariances


def _edges(found: Fit, times: Array) -> Array:
    """The intervals of the fit, and more of them until they cover all times."""
    if found.forces is None:
        return np.array([found.unknowns.epoch_tai_s])
    known, step = found.forces.edges_tai_s, found.forces.noise.interval_s
    earlier = np.arange(1, math.ceil(max(0.0, known[0] - times.min()) / step) + 1)[::-1] * -step + known[0]
    later = np.arange(1, math.ceil(max(0.0, times.max() - known[-1]) / step) + 1) * step + known[-1]
    return np.concatenate([earlier, known, later])
