"""Rules between the fields of conjunction messages (508.0-B-1) that the table cannot say."""

from collections.abc import Iterator

from commonsky.formats.ccsds.cdm_model import COVARIANCE_KEYWORDS
from commonsky.formats.ccsds.cdm_table import XYZ_KEYWORDS
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
    """Say which numbers of an object's covariance are missing, in radial axes and in those of the alternative."""
    for segment in message.root.walk("segment"):
        blocks = list(segment.walk("covarianceMatrix"))
        found = {entry.keyword for block in blocks for entry in block.entries() if entry.value}
        alternative = "CSIG3EIGVEC3" in found or any(name in found for name in XYZ_KEYWORDS[:21])
        radial = any(name in found for name in COVARIANCE_KEYWORDS[:21])
        line = blocks[0].line if blocks else segment.line
        if radial or not alternative or message.version == "1.0":
            yield from _missing(found, COVARIANCE_KEYWORDS, line)
        if any(name in found for name in XYZ_KEYWORDS[:21]):
            yield from _missing(found, XYZ_KEYWORDS, line)


def _missing(found: set[str], triangle: tuple[str, ...], line: int) -> Iterator[Finding]:
    """Name the first missing number of the 6x6 and of each begun row below it."""
    lacking = next((name for name in triangle[:21] if name not in found), None)
    if lacking:
        yield error(line, lacking, "is missing: a covariance has 21 numbers", _CLAUSE)
    for first, last in ((21, 28), (28, 36), (36, 45)):
        row = triangle[first:last]
        lacking = next((name for name in row if name not in found), None)
        # What stands between two parameters is shared by both covariances and begins no row of either.
        if lacking and any(name in found for name in row[:6]):
            yield warning(line, lacking, "is missing in its row of the covariance", _CLAUSE)


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
