"""Rules between the fields of OPM, OMM and OEM (502.0-B-3) that the tables cannot say."""

from collections.abc import Iterator

from commonsky.formats.ccsds.check import Finding, MessageRule, error
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


RULES: dict[str, tuple[MessageRule, ...]] = {"OPM": (), "OMM": (), "OEM": (one_time_system,)}
