"""By how much an object's released orbits are displaced: drawn once from the originator's secret, for good.

The precision asked for is taken up to one of a few levels. A level's bias is that of the next finer one and a draw of
its own, which knows nothing of the finer ones: whoever holds copies of several levels knows the differences, and no
more of the orbit than the finest copy tells. Each draw has a part that stays for the object's life, which no averaging
over time takes away, and a small part that changes with the window of time. The small part is no protection by itself:
it hides what little shows when a window ends and the displacement is made anew.
"""

import hmac
import json
import math
from itertools import takewhile

from msgspec import Struct

LEVELS_M = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
"""Precision floors that an orbit can be coarsened to."""

WINDOW_S = 14.0 * 86_400.0

_LEAST_ALONG = 1.5
_MOST_ALONG = 3.0
_MOST_ACROSS = 1.0
_WINDOW_SHARE = 0.1
"""Of a level's floor. The least displacement of a level is 1.05 of it: 1.5 less the window's share, less the most of
all finer levels (0.344)."""


class Bias(Struct, frozen=True, kw_only=True):
    """A displacement along the track and across it, in metres, as `astro.displacement.displacement` takes it."""

    along_m: float
    across_m: float


def level_of(floor_m: float) -> float:
    """The level (m) that keeps a floor: the least one that is not under it.

    Raises ValueError for a floor that is not positive, or beyond the last level.
    """
    if not floor_m > 0.0:
        raise ValueError(f"a precision floor is a positive number of metres, not {floor_m:g}")
    level_m = next((one for one in LEVELS_M if one >= floor_m), None)
    if level_m is None:
        raise ValueError(f"orbits are coarsened to {LEVELS_M[-1]:g} m at most, not to {floor_m:g} m")
    return level_m


def window_of(epoch_tai_s: float) -> tuple[int, float]:
    """The window that an epoch is in: its number, and the epoch of its middle, where displacements are made."""
    number = math.floor(epoch_tai_s / WINDOW_S)
    return number, (number + 0.5) * WINDOW_S


def bias_of(secret: bytes, object_name: str, level_m: float, window: int) -> Bias:
    """The bias of an object's orbits at one of the levels in a window of time: always the same one.

    ``along_m`` is never under the level in size, and never over 3.5 times the level; ``across_m`` is at most 1.3 times.
    """
    along_m = across_m = 0.0
    for finer_m in _up_to(level_m):
        size, side, across, along_now, across_now = (
            _chance(secret, object_name, finer_m, window if part.endswith("now") else None, part)
            for part in ("size", "side", "across", "along now", "across now")
        )
        size = _LEAST_ALONG + (_MOST_ALONG - _LEAST_ALONG) * size
        along_m += finer_m * (math.copysign(size, side - 0.5) + _WINDOW_SHARE * (2.0 * along_now - 1.0))
        across_m += finer_m * (_MOST_ACROSS * (2.0 * across - 1.0) + _WINDOW_SHARE * (2.0 * across_now - 1.0))
    return Bias(along_m=along_m, across_m=across_m)


def spread_of(level_m: float) -> Bias:
    """The root mean square of biases at a level over all secrets: what everybody may know of them."""
    of_window = _WINDOW_SHARE**2 / 3.0
    of_along = (_MOST_ALONG**3 - _LEAST_ALONG**3) / (3.0 * (_MOST_ALONG - _LEAST_ALONG)) + of_window
    squares = sum(finer_m**2 for finer_m in _up_to(level_m))
    return Bias(
        along_m=math.sqrt(of_along * squares),
        across_m=math.sqrt((_MOST_ACROSS**2 / 3.0 + of_window) * squares),
    )


def _up_to(level_m: float) -> list[float]:
    return list(takewhile(lambda one: one <= level_m, LEVELS_M))


def _chance(secret: bytes, object_name: str, level_m: float, window: int | None, part: str) -> float:
    """A number from 0 up to 1 that nobody can tell without the secret (HMAC with SHA-256)."""
    message = json.dumps(["commonsky orbit bias 1", object_name, level_m, window, part]).encode()
    return (int.from_bytes(hmac.digest(secret, message, "sha256")[:8], "big") >> 11) / 2.0**53
