"""Observations that belong together by themselves: one sensor, one claim, no long pause."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from commonsky.domain import Observation

LONGEST_PAUSE_S = 120.0
LONGEST_SPAN_S = 1800.0


@dataclass(frozen=True)
class Tracklet:
    """Some observations by one sensor, as places in a list that belongs beside it, in the order of time.

    ``target`` is what the sensor says it looked at, if anything: a claim that nothing here relies on.
    """

    sensor: str
    target: str | None
    members: tuple[int, ...]


def tracklets(
    observations: Sequence[Observation],
    *,
    pause_s: float = LONGEST_PAUSE_S,
    span_s: float = LONGEST_SPAN_S,
) -> list[Tracklet]:
    """Divide observations into tracklets, by first epoch: a new one after a pause, or where it grows too long.

    Observations without a claimed target may be of several objects at once: who identifies them finds out.
    """
    streams: dict[tuple[str, str, int], list[int]] = {}
    at_once: Counter[tuple[str, str, str, float]] = Counter()
    for place in sorted(range(len(observations)), key=lambda i: observations[i].epoch_tai_s):
        one = observations[place]
        instant = (one.sensor, one.target or "", one.kind, one.epoch_tai_s)
        streams.setdefault((one.sensor, one.target or "", at_once[instant]), []).append(place)
        at_once[instant] += 1  # a second one of a kind at the same instant is of another object
    found = []
    for (sensor, target, _), places in streams.items():
        part = [places[0]]
        for place in places[1:]:
            epoch = observations[place].epoch_tai_s
            rests = epoch - observations[part[-1]].epoch_tai_s > pause_s
            if rests or epoch - observations[part[0]].epoch_tai_s > span_s:
                found.append(Tracklet(sensor, target or None, tuple(part)))
                part = []
            part.append(place)
        found.append(Tracklet(sensor, target or None, tuple(part)))
    return sorted(found, key=lambda one: observations[one.members[0]].epoch_tai_s)
