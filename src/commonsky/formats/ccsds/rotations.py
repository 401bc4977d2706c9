"""Rotations in XML: ``<rotation1 angle="Z_ANGLE">`` is what ``Z_ANGLE`` is in KVN (504.0-B-1 and 505.0-B-1)."""

import re
from collections.abc import Iterator

from commonsky.formats.ccsds.tree import COMMENT, Block, Entry

_ELEMENT = re.compile(r"rotation[123]")
ROTATIONS = {"rotationAngles": "angle", "rotationRates": "rate"}
"""The parts that hold rotations, and the attribute that names the axis."""


def keyword_of(name: str, attributes: dict[str, str]) -> str | None:
    """Take the keyword of a rotation's element out of its attributes; None for any other element."""
    if not _ELEMENT.fullmatch(name):
        return None
    return attributes.pop("angle", None) or attributes.pop("rate", None)


def rotation(part: str, entry: Entry, number: int) -> Entry:
    """Return the entry as XML has it: in a part of rotations by number, elsewhere as it is."""
    attribute = ROTATIONS.get(part)
    if attribute is None or entry.keyword == COMMENT:
        return entry
    return Entry(
        f"rotation{number}", entry.value, entry.unit, entry.line, ((attribute, entry.keyword), *entry.extra)
    )


def elements_of(block: Block) -> Iterator[Entry]:
    """Yield the entries of a part of rotations as XML has them, numbered in their order."""
    number = 0
    for entry in block.entries():
        number += entry.keyword != COMMENT
        yield rotation(block.name, entry, number)
