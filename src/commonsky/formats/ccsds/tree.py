"""A CCSDS message as a tree that keeps all that was said: blocks of entries, rows and further blocks, in order.

The tree is that of the XML (505.0-B): key-value notation is put into the same shape by the schema, so a message
means the same whichever notation it came in. Texts stay as they were written; nothing is judged here (see `check`).
"""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct, field

from commonsky.formats.errors import Rejection

COMMENT = "COMMENT"
USER_DEFINED = "USER_DEFINED_"

KINDS = ("OPM", "OMM", "OEM", "OCM", "CDM", "TDM", "APM", "AEM", "ACM", "RDM", "PRM", "EVM")
"""The navigation messages that have a version keyword ``CCSDS_<kind>_VERS`` and an element of that name."""


class Entry(Struct):
    """A keyword with its value and unit as written; a comment is an entry too. ``line`` counts from 1, 0 unknown."""

    keyword: str
    value: str = ""
    unit: str = ""
    line: int = 0
    extra: tuple[tuple[str, str], ...] = ()


class Row(Struct):
    """A line of data without keyword: the state at an epoch, a line of a trajectory or covariance."""

    text: str
    line: int = 0


class Block(Struct):
    """A named part of a message; ``name`` is that of the XML element."""

    name: str
    parts: "list[Part]" = field(default_factory=list)
    line: int = 0
    extra: tuple[tuple[str, str], ...] = ()

    def entries(self, keyword: str | None = None) -> Iterator[Entry]:
        """Yield the entries of this block itself, all or those of a keyword."""
        for part in self.parts:
            if isinstance(part, Entry) and keyword in {None, part.keyword}:
                yield part

    def entry(self, keyword: str) -> Entry | None:
        """Return the first entry of a keyword, or None."""
        return next(self.entries(keyword), None)

    def value(self, keyword: str, default: str = "") -> str:
        """Return the text of the first entry of a keyword."""
        found = self.entry(keyword)
        return default if found is None else found.value

    def values(self) -> dict[str, str]:
        """Return the first text by keyword, without comments."""
        found: dict[str, str] = {}
        for one in self.entries():
            if one.keyword != COMMENT:
                found.setdefault(one.keyword, one.value)
        return found

    def rows(self) -> Iterator[Row]:
        """Yield the rows of this block itself."""
        return (part for part in self.parts if isinstance(part, Row))

    def blocks(self, name: str | None = None) -> Iterator["Block"]:
        """Yield the blocks directly in this one, all or those of a name."""
        for part in self.parts:
            if isinstance(part, Block) and name in {None, part.name}:
                yield part

    def block(self, name: str) -> "Block | None":
        """Return the first block of a name directly in this one, or None."""
        return next(self.blocks(name), None)

    def walk(self, name: str | None = None) -> Iterator["Block"]:
        """Yield all blocks below this one in the order of the message, all or those of a name."""
        for part in self.blocks():
            if name in {None, part.name}:
                yield part
            yield from part.walk(name)

    def comments(self) -> list[str]:
        """Return the texts of the comments of this block itself."""
        return [one.value for one in self.entries(COMMENT)]


Part: TypeAlias = Entry | Row | Block


def leaves(parts: "list[Part]", path: str = "") -> Iterator[tuple[str, Entry]]:
    """Yield all entries below some parts with the way to each: ``quaternion/Q1``."""
    for part in parts:
        if isinstance(part, Entry):
            yield path + part.keyword, part
        elif isinstance(part, Block):
            yield from leaves(part.parts, f"{path}{part.name}/")


class Message(Struct):
    """One message: its kind (``OEM``), the version that it names, and its tree, of which the root is the element.

    ``faults`` are what its notation got wrong and the tree cannot show: a marker without its end, text out of place.
    """

    kind: str
    version: str
    root: Block
    form: str = "kvn"
    source: str = ""
    line: int = 1
    faults: list[Rejection] = field(default_factory=list)

    def block(self, name: str) -> Block | None:
        """Return the first block of a name anywhere in the message, or None."""
        return next(self.root.walk(name), None)

    def header(self, keyword: str) -> str:
        """Return the text of a keyword of the header, empty when it has none."""
        block = self.root.block("header")
        return block.value(keyword) if block else ""


class Document(Struct):
    """The messages of one input; ``parts`` are the comments and entries of an ``<ndm>`` that combines them."""

    messages: list[Message]
    form: str
    source: str
    combined: bool = False
    parts: list[Entry] = field(default_factory=list)


def meaning(block: Block) -> tuple[object, ...]:
    """Return what a block says, without places and layout: equal for messages that mean the same.

    A comment before a block and one at its very beginning or end are the same: KVN has one place for them.
    """
    said: list[object] = []
    for part in block.parts:
        match part:
            case Entry(keyword, value, unit, _, extra):
                said.append((keyword, " ".join(value.split()), unit, extra))
            case Row(text):
                said.append(" ".join(text.split()))
            case Block():
                said += _outside_in(meaning(part))
    return (block.name, *said)


def _outside_in(said: tuple[object, ...]) -> list[object]:
    """Take the comments at both ends of a block out of it."""
    name, *parts = said
    first, last = 0, len(parts)
    while first < last and _is_comment(parts[first]):
        first += 1
    while last > first and _is_comment(parts[last - 1]):
        last -= 1
    return [*parts[:first], (name, *parts[first:last]), *parts[last:]]


def _is_comment(said: object) -> bool:
    return isinstance(said, tuple) and said[0] == COMMENT
