"""Positions of tracks between keyframes: numerical orbits, sampled once and then interpolated.

Propagating a track costs thousands of times more than reading a table, and every console asks for the same times.
So each track is sampled in pieces of two hours on a grid of 30 s. Between the samples a cubic through position and
velocity is off by at most h^4 |d4r/dt4| / 384: under a metre in the lowest orbits.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.domain import ForceModel, Track

Array = NDArray[np.float64]
Propagate = Callable[[Array, float, Array, ForceModel], Array]
"""State in GCRF (6,) in m and m/s, its epoch, times before or after it, force model; gives (n, 6)."""

SAMPLE_STEP_S = 30.0
PIECE_S = 7200.0
_SAMPLES = int(PIECE_S / SAMPLE_STEP_S) + 1
_PIECES_KEPT = 4096
"""Some 50 MB."""


class TrackEphemerides:
    """Sampled orbits of tracks by record key; made once for a node and handed from picture to picture."""

    def __init__(self, propagate: Propagate, pieces_kept: int = _PIECES_KEPT) -> None:
        self._propagate = propagate
        self._pieces_kept = pieces_kept
        self._pieces: OrderedDict[tuple[str, int], Array] = OrderedDict()
        self._lock = Lock()

    def states_gcrf(self, key: str, track: Track, times_tai_s: Array) -> Array:
        """Give the states (n, 6) in m and m/s, GCRF; NaN where the orbit cannot be propagated to.

        Raises OutsideEarthOrientationError for times that no Earth orientation is known for.
        """
        states = np.full((len(times_tai_s), 6), np.nan)
        piece_of = np.floor(times_tai_s / PIECE_S).astype(int)
        for number in np.unique(piece_of):
            piece = self._piece(key, track, int(number))
            rows = piece_of == number
            states[rows] = _between(piece, (times_tai_s[rows] - number * PIECE_S) / SAMPLE_STEP_S)
        return states

    def _piece(self, key: str, track: Track, number: int) -> Array:
        with self._lock:
            piece = self._pieces.get((key, number))
            if piece is None:
                piece = self._made(key, track, number)
                self._pieces[key, number] = piece
                while len(self._pieces) > self._pieces_kept:
                    self._pieces.popitem(last=False)
            else:
                self._pieces.move_to_end((key, number))
            return piece

    def _made(self, key: str, track: Track, number: int) -> Array:
        """Propagate one piece from the track's own epoch, or from the neighbouring piece that ends where it begins."""
        grid: Array = number * PIECE_S + SAMPLE_STEP_S * np.arange(_SAMPLES, dtype=np.float64)
        state = np.array([*track.position_m, *track.velocity_m_s])
        epoch = track.epoch_tai_s
        before = self._pieces.get((key, number - 1))
        if epoch < grid[0] and before is not None and np.isfinite(before[-1]).all():
            state, epoch = before[-1], float(grid[0])
        try:
            return self._propagate(state, epoch, grid, track.force_model)
        except OutsideEarthOrientationError:
            raise
        except (ArithmeticError, RuntimeError, ValueError):
            return np.full((_SAMPLES, 6), np.nan)  # `Picture.placement` says why


def _between(samples: Array, at: Array) -> Array:
    """Cubic Hermite interpolation of states at fractional sample numbers; velocities are its derivative."""
    k = np.clip(np.floor(at).astype(int), 0, len(samples) - 2)
    s = (at - k)[:, None]
    r0, v0 = samples[k, :3], samples[k, 3:] * SAMPLE_STEP_S
    r1, v1 = samples[k + 1, :3], samples[k + 1, 3:] * SAMPLE_STEP_S
    leap = r1 - r0
    c, d = 3.0 * leap - 2.0 * v0 - v1, v0 + v1 - 2.0 * leap
    position = r0 + s * (v0 + s * (c + s * d))
    velocity = (v0 + s * (2.0 * c + 3.0 * s * d)) / SAMPLE_STEP_S
    return np.concatenate([position, velocity], axis=1)
