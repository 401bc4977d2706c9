"""Rules between the fields of OPM, OMM and OEM (502.0-B-3) that the tables cannot say."""

from collections.abc import Iterator
from itertools import pairwise

from commonsky.astro.time import tai_s_from_text
from commonsky.formats.ccsds.check import Finding, MessageRule, error, warning
from commonsky.formats.ccsds.tree import Entry, Message

_TIMES_IN_ORDER = ("START_TIME", "USEABLE_START_TIME", "USEABLE_STOP_TIME", "STOP_TIME")


def one_time_system(message: Message) -> Iterator[Finding]:
    """Say where a segment is in another time system than the first: epochs of a message are to be compared."""
    first: Entry | None = None
    for metadata in message.root.walk("metadata"):
        entry = metadata.entry("TIME_SYSTEM")
        if entry is None:
            continue
        first = first or entry
        if entry.value.upper() != first.value.upper():
            text = f"{entry.value} is not the {first.value} of the first segment (line {first.line})"
            yield error(entry.line, "TIME_SYSTEM", text, "502.0-B-3 5.2.3")


def times_in_order(message: Message) -> Iterator[Finding]:
    """Say where the span of a segment ends before it begins."""
    for metadata in message.root.walk("metadata"):
        said = metadata.values()
        system = said.get("TIME_SYSTEM", "").upper()
        times = [(one, said[one]) for one in _TIMES_IN_ORDER if one in said]
        for (first, begin), (second, end) in pairwise(times):
            if (begin_s := _tai_s(begin, system)) is None or (end_s := _tai_s(end, system)) is None:
                continue
            if end_s < begin_s:
                entry = metadata.entry(second)
                text = f"{end} is before {first}, {begin}"
                yield warning(entry.line if entry else 0, second, text, "502.0-B-3 5.2.3")


def some_states(message: Message) -> Iterator[Finding]:
    """Say where a segment has no line of ephemeris."""
    for data in message.root.walk("data"):
        if not any(data.rows()) and not data.block("stateVector"):
            yield error(data.line, "stateVector", "is missing: no state", "502.0-B-3 5.2.4")


def _tai_s(text: str, system: str) -> float | None:
    try:
        return tai_s_from_text(text, system)
    except ValueError:
        return None


RULES: dict[str, tuple[MessageRule, ...]] = {
    "OPM": (),
    "OMM": (),
    "OEM": (one_time_system, times_in_order, some_states),
}
