"""The one clock of an exercise: simulated time that runs at a rate, and waits for work that is not done."""

import math
import threading
from collections.abc import Callable
from typing import NamedTuple


class Pace(NamedTuple):
    """From which real instant simulated time runs, at how many simulated seconds per real second."""

    begins_tai_s: float
    began_monotonic_s: float
    rate: float


class ExerciseClock:
    """Simulated time; it runs at ``rate`` up to a limit and stands there until the limit is moved.

    An infinite rate jumps to the limit. Threads may share it; ``monotonic_s`` is the real clock behind it.
    """

    def __init__(self, begins_tai_s: float, *, rate: float, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._pace = Pace(begins_tai_s, monotonic_s(), rate)
        self._limit_tai_s = begins_tai_s

    @property
    def rate(self) -> float:
        """Simulated seconds per real second; an infinite one is told as 0, since it stands between jumps."""
        return self._pace.rate if math.isfinite(self._pace.rate) else 0.0

    def now_tai_s(self) -> float:
        """Give the simulated time."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        pace = self._pace
        if not math.isfinite(pace.rate):
            return self._limit_tai_s
        ran_s = (self._monotonic_s() - pace.began_monotonic_s) * pace.rate
        return min(self._limit_tai_s, pace.begins_tai_s + ran_s)

    def run_to(self, limit_tai_s: float, *, rate: float | None = None) -> float:
        """Let time run from where it stands to a limit; give the real seconds that takes."""
        with self._lock:
            now_tai_s = self._now()
            self._pace = Pace(now_tai_s, self._monotonic_s(), self._pace.rate if rate is None else rate)
            self._limit_tai_s = max(limit_tai_s, now_tai_s)
            return (self._limit_tai_s - now_tai_s) / self._pace.rate
