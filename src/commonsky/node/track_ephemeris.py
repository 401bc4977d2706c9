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
FARTHEST_S = 30.0 * 86_400.0
"""A track says little after so long, and old ones would keep everybody waiting: 3 s for each year."""

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
        states = states_or_reason(self._propagate, track, (state, epoch), grid)
        return np.full((_SAMPLES, 6), np.nan) if isinstance(states, str) else states


def states_or_reason(
    propagate: Propagate, track: Track, start: tuple[Array, float], times_tai_s: Array
) -> Array | str:
    """Propagate from a start (state, epoch) on the track's orbit; gives (n, 6), or in words why there is nothing.

    A track may be a partner's, with settings that our engine does not know: it must not take the rest of the
    picture down. Raises OutsideEarthOrientationError, which is about the time and not about the track.
    """
    away_s = float(np.abs(times_tai_s - track.epoch_tai_s).max())
    if away_s > FARTHEST_S + PIECE_S:
        return f"its epoch is {away_s / 86_400.0:.0f} days away, and tracks are drawn for {FARTHEST_S / 86_400.0:.0f}"
    state, epoch_tai_s = start
    try:
        return propagate(state, epoch_tai_s, times_tai_s, track.force_model)
    except OutsideEarthOrientationError:
        raise
    except Exception as fault:  # noqa: BLE001  # whatever the engine makes of a partner's settings
        return f"its orbit cannot be propagated: {fault}"


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
