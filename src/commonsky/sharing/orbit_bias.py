"""By how much an object's released orbits are displaced: drawn once from the originator's secret, for good.

The precision asked for is taken up to one of a few levels. A level's bias is that of the next finer one and a draw of
its own, which knows nothing of the finer ones: whoever holds copies of several levels knows the differences, and no
more of the orbit than the finest copy tells.

Each draw has a part that stays for the object's life, which no averaging over time takes away, and small parts that
change with the window of time. The small parts are no protection by themselves. They hide what shows when a window
ends and the displacement is made anew: by then, Sun, Moon and the uneven Earth have led the displaced orbit away from
where the displacement would put it, by an amount that depends on the bias.
"""

import hmac
import json
import math
from itertools import takewhile

from msgspec import Struct

LEVELS_M = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
"""Precision floors that an orbit can be coarsened to."""

WINDOW_S = 7.0 * 86_400.0

_LEAST_ALONG = 1.85
_MOST_ALONG = 3.2
_MOST_ACROSS = 2.0
_WINDOW_SHARE = 0.1
_UNREST = 0.05
"""All of these are shares of the level. What they leave of the least displacement along the track is 1.06: the window's
share takes 0.1, unrest 0.24 where all of it comes together and 0.05 by the end of a window, finer levels 0.4."""

Unrest = tuple[float, float, float, float, float]
_PARTS = ("outward", "across", "kick outward", "kick across", "drift")


class Bias(Struct, frozen=True, kw_only=True):
    """A displacement along the track and across it, in metres, as `astro.displacement.displacement` takes it.

    ``unrest_m`` are the four offsets of `astro.displacement.disturbed`, and how far the orbit drifts along the track
    from the middle of the window to its end.
    """

    along_m: float
    across_m: float
    unrest_m: Unrest = (0.0, 0.0, 0.0, 0.0, 0.0)


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

    ``along_m`` is never under 1.38 times the level in size, and never over 3.7; ``across_m`` is at most 2.4 times.
    """
    along_m = across_m = 0.0
    unrest_m = [0.0] * len(_PARTS)
    for finer_m in _up_to(level_m):
        size = _chance(secret, object_name, finer_m, None, "size")
        side = _chance(secret, object_name, finer_m, None, "side") - 0.5
        along = math.copysign(_LEAST_ALONG + (_MOST_ALONG - _LEAST_ALONG) * size, side)
        across = _MOST_ACROSS * _sway(secret, object_name, finer_m, None, "across")
        along += _WINDOW_SHARE * _sway(secret, object_name, finer_m, window, "along now")
        across += _WINDOW_SHARE * _sway(secret, object_name, finer_m, window, "across now")
        along_m += finer_m * along
        across_m += finer_m * across
        for place, part in enumerate(_PARTS):
            unrest_m[place] += finer_m * _UNREST * _sway(secret, object_name, finer_m, window, part)
    outward, off, kick_outward, kick_across, drift = unrest_m
    return Bias(along_m=along_m, across_m=across_m, unrest_m=(outward, off, kick_outward, kick_across, drift))


def spread_of(level_m: float) -> Bias:
    """The root mean square of biases at a level over all secrets: what everybody may know of them."""
    of_window = _WINDOW_SHARE**2 / 3.0
    of_along = (_MOST_ALONG**3 - _LEAST_ALONG**3) / (3.0 * (_MOST_ALONG - _LEAST_ALONG)) + of_window
    squares = sum(finer_m**2 for finer_m in _up_to(level_m))
    unrest_m = _UNREST * math.sqrt(squares / 3.0)
    return Bias(
        along_m=math.sqrt(of_along * squares),
        across_m=math.sqrt((_MOST_ACROSS**2 / 3.0 + of_window) * squares),
        unrest_m=(unrest_m, unrest_m, unrest_m, unrest_m, unrest_m),
    )


def _up_to(level_m: float) -> list[float]:
    return list(takewhile(lambda one: one <= level_m, LEVELS_M))


def _sway(secret: bytes, object_name: str, level_m: float, window: int | None, part: str) -> float:
    """A number from -1 to 1, as `_chance`."""
    return 2.0 * _chance(secret, object_name, level_m, window, part) - 1.0


def _chance(secret: bytes, object_name: str, level_m: float, window: int | None, part: str) -> float:
    """A number from 0 up to 1 that nobody can tell without the secret (HMAC with SHA-256)."""
    message = json.dumps(["commonsky orbit bias 1", object_name, level_m, window, part]).encode()
    return (int.from_bytes(hmac.digest(secret, message, "sha256")[:8], "big") >> 11) / 2.0**53
