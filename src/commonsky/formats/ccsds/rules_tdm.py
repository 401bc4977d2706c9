"""Rules between the fields of tracking messages (503.0-B-2) that the table cannot say."""

import re
from collections.abc import Iterator

from commonsky.formats.ccsds.check import Finding, MessageRule, error, warning
from commonsky.formats.ccsds.tree import Message

_PATH = re.compile(r"[1-9](,[1-9])+", re.ASCII)
_CLAUSE = "503.0-B-2 3.3"


def paths_of_participants(message: Message) -> Iterator[Finding]:
    """Say where a path is no list of participants (``1,2,1``, without blanks) or names one who is not there."""
    for metadata in message.root.walk("metadata"):
        values = metadata.values()
        for entry in metadata.entries():
            if entry.keyword not in {"PATH", "PATH_1", "PATH_2"} or not entry.value:
                continue
            if not _PATH.fullmatch(entry.value):
                yield error(entry.line, entry.keyword, f"{entry.value} is not like 1,2,1", _CLAUSE)
                continue
            for number in sorted(set(entry.value.split(","))):
                if f"PARTICIPANT_{number}" not in values:
                    text = f"names participant {number}, who is missing"
                    yield warning(entry.line, entry.keyword, text, _CLAUSE)


RULES: dict[str, tuple[MessageRule, ...]] = {"TDM": (paths_of_participants,)}
