"""Warnings as tables: one line for each event."""

from collections.abc import Sequence

from commonsky.astro.time import utc_from_tai_s
from commonsky.node.warning_lines import EventLine

COLUMNS = (
    "event",
    "object 1",
    "object 2",
    "TCA (UTC)",
    "miss m",
    "sigma m",
    "probability",
    "told by",
    "status",
)


def event_row(one: EventLine) -> tuple[object, ...]:
    """Give one event as a row of `COLUMNS`."""
    return (
        one.event,
        one.object_1.name or one.object_1.designator,
        one.object_2.name or one.object_2.designator,
        utc_from_tai_s(one.tca_tai_s, digits=0),
        round(one.miss_distance_m),
        None if one.sigma_m is None else round(one.sigma_m),
        probability_in_words(one),
        ", ".join(one.providers),
        one.status,
    )


def probability_in_words(one: EventLine) -> str | None:
    """Give a probability to two digits, and a bound as one."""
    if one.probability is None:
        return None
    return f"{'under ' if one.probability_is_bound else ''}{one.probability:.1e}"


def worst_first(events: Sequence[EventLine]) -> list[EventLine]:
    """Put what has a probability before what has a bound, and the likeliest first."""
    return sorted(
        events, key=lambda one: (one.probability_is_bound, -(one.probability or 0.0), one.tca_tai_s)
    )
