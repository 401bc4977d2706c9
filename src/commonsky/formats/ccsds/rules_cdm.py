"""Rules between the fields of conjunction messages (508.0-B-1) that the table cannot say."""

from collections.abc import Iterator

from commonsky.formats.ccsds.cdm_model import COVARIANCE_KEYWORDS
from commonsky.formats.ccsds.check import Finding, MessageRule, error, warning
from commonsky.formats.ccsds.tree import Message

_FRAMES = frozenset({"GCRF", "EME2000", "ITRF"})
_CLAUSE = "508.0-B-1 3.5"


def both_objects(message: Message) -> Iterator[Finding]:
    """Say when the two segments are not about OBJECT1 and OBJECT2, in this order."""
    entries = [one for part in message.root.walk("metadata") if (one := part.entry("OBJECT"))]
    for entry, expected in zip(entries, ("OBJECT1", "OBJECT2"), strict=False):
        if entry.value.upper().replace(" ", "") != expected:
            yield error(entry.line, "OBJECT", f"is {entry.value}, not {expected}", "508.0-B-1 3.4")


def covariance_of_each_object(message: Message) -> Iterator[Finding]:
    """Say which of the 21 numbers of an object's covariance are missing, and what of the parameters is incomplete."""
    for segment in message.root.walk("segment"):
        found = {entry.keyword for block in segment.walk("covarianceMatrix") for entry in block.entries()}
        missing = [keyword for keyword in COVARIANCE_KEYWORDS[:21] if keyword not in found]
        other = "CSIG3EIGVEC3" in found or "CX_X" in found
        if missing and not (other and len(missing) == 21 and message.version != "1.0"):
            yield error(segment.line, missing[0], "is missing (a covariance has 21 numbers)", _CLAUSE)
        for first, last in ((21, 28), (28, 36), (36, 45)):
            part = COVARIANCE_KEYWORDS[first:last]
            lacking = [keyword for keyword in part if keyword not in found]
            if lacking and any(keyword in found for keyword in part if keyword.split("_")[1] in "RTN"):
                yield error(segment.line, lacking[0], f"is missing beside {part[0]}", _CLAUSE)


def frames_of_the_standard(message: Message) -> Iterator[Finding]:
    """Warn of reference frames that 508.0-B-1 does not list; others are known by name only."""
    for metadata in message.root.walk("metadata"):
        entry = metadata.entry("REF_FRAME")
        if entry and entry.value.upper() not in _FRAMES:
            yield warning(
                entry.line, "REF_FRAME", f"{entry.value} is not one of GCRF, EME2000, ITRF", "508.0-B-1 3.4"
            )


RULES: dict[str, tuple[MessageRule, ...]] = {
    "CDM": (both_objects, covariance_of_each_object, frames_of_the_standard)
}
