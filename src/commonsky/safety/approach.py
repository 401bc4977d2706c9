"""Where two orbits come closest, near a time that is roughly known."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
States = Callable[[Array], Array]
"""Gives inertial states (n, 6), m and m/s, at epochs (n,) in TAI s."""

SAMPLES = 201
_ROUNDS = 4


def closest_approach(first: States, second: States, near_tai_s: float, within_s: float) -> float | None:
    """Give the time of the least distance within so many seconds of a time.

    Sampled, and sampled again about the least sample: each round is a hundred times finer. ``None`` when the least
    distance lies at an end of the interval, where the objects do not pass each other, or an orbit has no states.
    """
    middle, half = near_tai_s, within_s
    for _ in range(_ROUNDS):
        times = middle + np.linspace(-half, half, SAMPLES)
        distances = np.linalg.norm(second(times)[:, :3] - first(times)[:, :3], axis=1)
        if not np.isfinite(distances).all():
            return None
        least = int(np.argmin(distances))
        if half == within_s and least in {0, SAMPLES - 1}:
            return None
        middle, half = float(times[least]), 2.0 * half / (SAMPLES - 1)
    relative = (second(np.array([middle])) - first(np.array([middle])))[0]
    speed2 = float(relative[3:] @ relative[3:])
    # One step of Newton's method for a straight line: what is left is far below a microsecond.
    return (
        middle
        if speed2 == 0.0
        else middle - float(np.clip(relative[:3] @ relative[3:] / speed2, -half, half))
    )
