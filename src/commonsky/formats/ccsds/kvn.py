"""Key-value notation to trees and back (502.0-B-3 section 7, 503.0-B-2 section 4.3, 508.0-B-1 section 6.3).

KVN is flat where XML is nested: the table says to which section a keyword belongs. A keyword goes to the section
that stands open if that has it, else to the nearest that may have it; one that no section has stays where it stands.
"""

import re
from collections.abc import Iterable, Iterator

from commonsky.formats.ccsds.notation import lines_of
from commonsky.formats.ccsds.schema import KINDS, schema
from commonsky.formats.ccsds.tables import COLUMN_UNITS, NUMERIC, Section
from commonsky.formats.ccsds.tree import COMMENT, Block, Entry, Message, Row, leaves
from commonsky.formats.errors import FormatError, Rejection

_VERSION = re.compile(r"CCSDS_([A-Z]{3})_VERS", re.ASCII)
_ASSIGNMENT = re.compile(r"([^\s=]+)[ \t]*=[ \t]*(.*)", re.DOTALL)
_COMMENT = re.compile(r"COMMENT(?:[ \t]+(.*))?", re.DOTALL)
_NUMBER_AHEAD = re.compile(r"[+-]?\.?\d\S*[ \t]*\[[^][]*\]", re.ASCII)
_BLANKS = " \t"
_AROUND_LINES = " \t\f\v\x1a"
"""Blanks, and what old systems leave at the end of lines and files."""


def read_kvn(data: bytes, *, source: str) -> list[Message]:
    """Return the messages of a text in KVN, which follow one another.

    Raises FormatError when the text does not begin with the version of a message that is known.
    """
    messages: list[Message] = []
    reader: _Reader | None = None
    early: list[Entry] = []
    for number, raw in enumerate(lines_of(data, source=source), 1):
        line = raw.strip(_AROUND_LINES)
        if not line:
            continue
        if line.startswith("CCSDS_") and (version := _version(line, number, source)):
            if reader:
                reader.finish()
            reader = _Reader(*version, source, number, early)
            early = []
            messages.append(reader.message)
        elif reader:
            reader.take(line, number)
        elif comment := _COMMENT.fullmatch(line):
            early.append(Entry(COMMENT, comment[1] or "", line=number))
        else:
            raise FormatError(source, "does not begin with CCSDS_..._VERS: no CCSDS message", line=number)
    if reader is None:
        raise FormatError(source, "holds no CCSDS message")
    reader.finish()
    return messages


def message_of_pairs(
    kind: str, version: str, pairs: Iterable[tuple[str, str]], *, source: str, line: int = 1
) -> Message:
    """Return the message of a flat record: keywords and values in the order in which KVN would have them."""
    reader = _Reader(kind, version, source, line, [])
    for keyword, value in pairs:
        reader.take(f"{keyword} {value}" if keyword == COMMENT else f"{keyword} = {value}", line)
    reader.finish()
    return reader.message


def _version(line: str, number: int, source: str) -> tuple[str, str] | None:
    match = _ASSIGNMENT.fullmatch(line)
    named = match and _VERSION.fullmatch(match[1])
    if not match or not named:
        return None
    if named[1] not in KINDS:
        reason = f"a message of kind {named[1]} is none of {', '.join(KINDS)}"
        raise FormatError(source, reason, line=number, field=match[1])
    return named[1], match[2].strip(_BLANKS)


class _Open:
    """A block that stands open or stood open, with what it has: looked up, never searched for."""

    __slots__ = ("block", "inner", "said", "section")

    def __init__(self, block: Block, section: Section) -> None:
        self.block, self.section = block, section
        self.inner: dict[str, _Open] = {}
        self.said: set[str] = set()

    def takes(self, keyword: str) -> bool:
        """Whether a keyword goes here; the one that leads a section goes to a new one when it is there already."""
        field = self.section.field_of(keyword)
        return field is not None and not (field.leader and keyword in self.said)


class _Reader:
    """Takes the lines of one message; ``_open`` are the blocks that stand open, outermost first."""

    def __init__(self, kind: str, version: str, source: str, line: int, early: list[Entry]) -> None:
        section = schema(kind, version).root
        root = Block(section.name, line=line)
        self.message = Message(kind, version, root, "kvn", source, line)
        self._open = [_Open(root, section)]
        self._group: Section | None = None
        self._comments = early
        if early:
            self._fault(early[0].line, COMMENT, "stands before the version, which begins a message")
        self._matrix_row = 0
        self._enter((section.sections["header"],), line)

    def take(self, line: str, number: int) -> None:
        """Put one line, free of blanks around it, to its place."""
        if comment := _COMMENT.fullmatch(line):
            self._comments.append(Entry(COMMENT, (comment[1] or "").strip(_BLANKS), line=number))
        elif assignment := _ASSIGNMENT.fullmatch(line):
            self._entry(assignment[1], assignment[2], number)
        elif line.endswith(("_START", "_STOP")) and not any(one in line for one in _BLANKS):
            self._marker(line, number)
        else:
            self._row(line, number)

    def finish(self) -> None:
        """End the message; what stands open by a marker lacks its end."""
        self._leave(1, self.message.line)
        self._flush()

    def _entry(self, keyword: str, value: str, number: int) -> None:
        self._go_to(keyword, number)
        here = self._open[-1]
        field = here.section.field_of(keyword)
        unit = ""
        if value.endswith("]") and (
            field.kind in NUMERIC or field.kind == "time" if field else _NUMBER_AHEAD.fullmatch(value)
        ):
            value, unit = self._value_and_unit(keyword, value, number)
        self._flush()
        here.block.parts.append(Entry(keyword, value, unit, number))
        here.said.add(keyword)

    def _value_and_unit(self, keyword: str, text: str, number: int) -> tuple[str, str]:
        """Take the brackets off a value: there is a blank before them and none within."""
        value, _, unit = text[:-1].rpartition("[")
        if unit != unit.strip(_BLANKS) or (value and value == value.rstrip(_BLANKS)):
            self._fault(number, keyword, f"needs a blank before its unit, and none within [{unit[:20]}]")
        return value.rstrip(_BLANKS), unit.strip(_BLANKS)

    def _go_to(self, keyword: str, line: int) -> None:
        """Make the section that takes a keyword the innermost one."""
        if self._open[-1].takes(keyword):
            return
        for depth in range(len(self._open) - 1, -1, -1):
            way = _way(self._open[depth].section, self._open[depth], keyword, self._group)
            if way is not None:
                self._leave(depth + 1, line)
                self._enter(way, line)
                return
            if self._open[depth].section.marked:
                return
        self._go_back_to(keyword, line)

    def _go_back_to(self, keyword: str, line: int) -> None:
        """Go on with a section that was left, for a keyword that comes too late."""
        for depth in range(len(self._open) - 1, -1, -1):
            for inner in self._open[depth].inner.values():
                if not inner.section.start and inner.section.field_of(keyword):
                    self._leave(depth + 1, line)
                    self._open.append(inner)
                    self._fault(line, keyword, f"comes too late: <{inner.section.name}> has ended")
                    return

    def _marker(self, marker: str, line: int) -> None:
        if marker.endswith("_STOP"):
            self._stop(marker, line)
            return
        for exact in (True, False):
            for depth in range(len(self._open) - 1, -1, -1):
                here = self._open[depth]
                way = here.section.markers.get(marker)
                if way and not (exact and way[0].name in here.inner and not way[0].repeated):
                    self._start(depth, way, line)
                    return
        self._fault(line, marker, "begins no part of this message")

    def _start(self, depth: int, way: tuple[Section, ...], line: int) -> None:
        self._leave(depth + 1, line)
        if way[-1].grouped:
            self._enter(way[:-1], line)
            self._group = way[-1]
        else:
            self._enter(way, line)

    def _stop(self, marker: str, line: int) -> None:
        if self._group and self._group.stop == marker:
            if self._open[-1].section is self._group:
                self._flush()
                self._open.pop()
            self._group = None
            return
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].section.stop == marker:
                self._leave(depth + 1, line)
                self._flush()
                self._open.pop()
                return
        self._fault(line, marker, "stands without its start")

    def _row(self, line: str, number: int) -> None:
        self._go_to_rows(number)
        self._flush()
        here = self._open[-1]
        matrix = here.section.matrix
        cells = line.split() if matrix else []
        at = self._matrix_row * (self._matrix_row + 1) // 2
        if cells and len(cells) == self._matrix_row + 1 and at < len(matrix):
            here.block.parts += [Entry(matrix[at + n], cell, line=number) for n, cell in enumerate(cells)]
            self._matrix_row += 1
        else:
            here.block.parts.append(Row(line, number))

    def _go_to_rows(self, line: int) -> None:
        """Make the section that takes lines without keyword the innermost one, if there is such."""
        for depth in range(len(self._open) - 1, -1, -1):
            here = self._open[depth]
            if here.section.takes_rows:
                self._leave(depth + 1, line)
                return
            sections = here.section.sections.values()
            way = next((one for one in sections if one.takes_rows and not one.start), None)
            if way and way.name not in here.inner:
                self._leave(depth + 1, line)
                self._enter((way,), line)
                return
            if here.section.marked:
                return

    def _enter(self, way: tuple[Section, ...], line: int) -> None:
        for section in way:
            here = self._open[-1]
            there = here.inner.get(section.name)
            if there is None or section.start or section.repeated:
                there = here.inner[section.name] = _Open(Block(section.name, line=line), section)
                here.block.parts.append(there.block)
            self._open.append(there)
            self._matrix_row = 0

    def _leave(self, depth: int, line: int) -> None:
        """Leave open only the outermost ``depth`` blocks."""
        for one in self._open[depth:]:
            if one.section.marked:
                self._fault(line, one.section.stop, "is missing")
        del self._open[depth:]
        group, inner = self._group, self._open[-1].section
        if group and inner is not group and not any(group is one for one in inner.sections.values()):
            self._fault(line, group.stop, "is missing")
            self._group = None

    def _flush(self) -> None:
        if self._comments:
            self._open[-1].block.parts += self._comments
            self._comments = []

    def _fault(self, line: int, marker: str, reason: str) -> None:
        self.message.faults.append(Rejection(line=line, field=marker, reason=reason))


def _way(
    section: Section, there: _Open | None, keyword: str, group: Section | None
) -> tuple[Section, ...] | None:
    """Sections to open, from a section on, to one that takes the keyword; None when there is no way.

    A further section of a kind that is there already is opened only by the keyword that leads it.
    """
    if there.takes(keyword) if there else section.field_of(keyword):
        return ()
    for inner in section.sections.values():
        known = there is not None and inner.name in there.inner
        if (inner.start and inner is not group) or (known and not inner.repeated):
            continue
        way = _way(inner, None, keyword, group)
        if way is None:
            continue
        last = (way or (inner,))[-1].field_of(keyword)
        if not known or (last and last.leader):
            return (inner, *way)
    return None


def write_kvn(message: Message) -> str:
    """Return a message in KVN, one item on a line.

    Raises FormatError for a block that KVN has no place for (of a name that the standard does not know).
    """
    section = schema(message.kind, message.version).root
    lines = [f"CCSDS_{message.kind}_VERS = {message.version}"]
    lines += _lines(message.root, section, message.source)
    return "\n".join(lines) + "\n"


def _lines(block: Block, section: Section, source: str) -> Iterator[str]:
    """Lines of what stands in a block, without the markers around it."""
    group = ""
    matrix: list[Entry] = []
    for part in block.parts:
        inner = section.sections.get(part.name) if isinstance(part, Block) else None
        if group and not (inner and inner.stop == group):
            yield group
            group = ""
        if isinstance(part, Entry):
            if part.keyword in section.matrix:
                matrix.append(part)
            else:
                yield _line(part)
        elif isinstance(part, Row):
            yield part.text
        elif inner is None:
            yield from _unpacked_row(part, section, source)
        else:
            if inner.start and not group:
                yield from ("", inner.start)
                group = inner.stop if inner.grouped else ""
            yield from _lines(part, inner, source)
            if inner.marked:
                yield inner.stop
    yield from _triangle(matrix, section, source)
    if group:
        yield group


def _line(entry: Entry) -> str:
    value = " ".join(one.strip() for one in entry.value.splitlines())
    if entry.keyword == COMMENT:
        return f"COMMENT {value}".rstrip()
    return f"{entry.keyword} = {value}{f' [{entry.unit}]' if entry.unit else ''}".rstrip()


def _unpacked_row(block: Block, section: Section, source: str) -> Iterator[str]:
    """Give the line of a row that XML wrote in an unusual way (with comments or units inside)."""
    if block.name != section.row:
        raise FormatError(source, "has no place in KVN", line=block.line or None, field=block.name)
    entries = [one for _, one in leaves(block.parts)]
    yield from (_line(one) for one in entries if one.keyword == COMMENT)
    cells = [one for one in entries if one.keyword != COMMENT]
    for one in cells:
        _refuse_unit(one, COLUMN_UNITS.get(one.keyword, ""), source)
        if one.value.split() != [one.value]:
            raise FormatError(source, "is no single value", line=one.line or None, field=one.keyword)
    yield " ".join(one.value for one in cells)


def _triangle(entries: list[Entry], section: Section, source: str) -> Iterator[str]:
    if not entries:
        return
    said: dict[str, str] = {}
    for one in entries:
        _refuse_unit(one, section.fields[one.keyword].unit, source)
        if said.setdefault(one.keyword, one.value) != one.value:
            raise FormatError(source, "is given twice", line=one.line or None, field=one.keyword)
    missing = [name for name in section.matrix if name not in said]
    if missing:
        line = entries[0].line or None
        raise FormatError(source, "is missing: KVN needs the whole matrix", line=line, field=missing[0])
    row = 0
    while (at := row * (row + 1) // 2) < len(section.matrix):
        yield " ".join(said[name] for name in section.matrix[at : at + row + 1])
        row += 1


def _refuse_unit(entry: Entry, standard: str, source: str) -> None:
    """Refuse to leave out a unit that is not the standard's: lines of data have none."""
    if entry.unit and entry.unit != standard:
        reason = (
            f"is in {entry.unit[:20]!r}, but a line of KVN has the standard's units ({standard or 'none'})"
        )
        raise FormatError(source, reason, line=entry.line or None, field=entry.keyword)
