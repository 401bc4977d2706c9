"""Where a track's object will be."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.numerical import propagate, propagate_with_transition
from commonsky.domain import Track

Array = NDArray[np.float64]


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
