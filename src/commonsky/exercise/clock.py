"""The one clock of an exercise: simulated time that runs at a rate, and waits for work that is not done.

Processes of one machine share it through a file that says its pace, since all of them read the same real clock.
"""

import math
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct


class Pace(Struct, frozen=True, kw_only=True):
    """From which real instant simulated time runs, at how many simulated seconds per real second, how far."""

    begins_tai_s: float
    began_monotonic_s: float
    rate: float
    limit_tai_s: float

    def at(self, monotonic_s: float) -> float:
        """Give the simulated time at a real instant."""
        ran_s = max(0.0, monotonic_s - self.began_monotonic_s)
        return min(self.limit_tai_s, self.begins_tai_s + ran_s * self.rate)


class ExerciseClock:
    """Simulated time; it runs at ``rate`` up to a limit and stands there until the limit is moved.

    Threads may share it; ``monotonic_s`` is the real clock behind it. An infinite ``rate`` jumps to each limit.
    """

    def __init__(self, begins_tai_s: float, *, rate: float, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._rate = rate
        self._lock = threading.Lock()
        self.pace = Pace(
            begins_tai_s=begins_tai_s, began_monotonic_s=monotonic_s(), rate=0.0, limit_tai_s=begins_tai_s
        )

    def rate(self) -> float:
        """Simulated seconds per real second; 0 for a clock that stands, or jumps."""
        return self.pace.rate

    def now_tai_s(self) -> float:
        """Give the simulated time."""
        return self.pace.at(self._monotonic_s())

    def run_to(self, limit_tai_s: float, *, rate: float | None = None) -> float:
        """Let time run from where it stands to a limit; give the real seconds until it is there."""
        rate = self._rate if rate is None else rate
        with self._lock:
            real_s = self._monotonic_s()
            now_tai_s = self.pace.at(real_s)
            limit_tai_s = max(limit_tai_s, now_tai_s)
            if math.isinf(rate):
                now_tai_s, rate = limit_tai_s, 0.0
            self.pace = Pace(
                begins_tai_s=now_tai_s, began_monotonic_s=real_s, rate=rate, limit_tai_s=limit_tai_s
            )
        return (limit_tai_s - now_tai_s) / rate if limit_tai_s > now_tai_s else 0.0


class FollowedClock:
    """The clock of a process that follows the pace in a file, which is replaced whole when the pace changes."""

    def __init__(self, file: Path, *, monotonic_s: Callable[[], float]) -> None:
        self._file = file
        self._monotonic_s = monotonic_s
        self._seen: tuple[int, Pace] | None = None

    def now_tai_s(self) -> float:
        """Give the simulated time."""
        return self._pace().at(self._monotonic_s())

    def rate(self) -> float:
        """Simulated seconds per real second."""
        return self._pace().rate

    def _pace(self) -> Pace:
        changed_ns = self._file.stat().st_mtime_ns
        if self._seen is None or self._seen[0] != changed_ns:
            self._seen = (changed_ns, msgspec.json.decode(self._file.read_bytes(), type=Pace))
        return self._seen[1]


def write_pace(pace: Pace, file: Path) -> None:
    """Write a pace for `FollowedClock`, in one step."""
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(pace))
    part.replace(file)
