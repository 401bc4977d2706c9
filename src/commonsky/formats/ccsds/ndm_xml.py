"""XML notation to trees and back (505.0-B: the NDM/XML), by streaming: memory grows with what is said, not with markup.

Entities, document types and depth beyond any message's are refused: they are not part of the messages.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from xml.parsers import expat  # it declares nothing here: document types are refused when they begin

from commonsky.formats.ccsds.notation import MAX_XML_BYTES
from commonsky.formats.ccsds.rotations import ROTATIONS, elements_of, keyword_of, rotation
from commonsky.formats.ccsds.schema import KINDS, schema
from commonsky.formats.ccsds.tables import COLUMN_UNITS, COLUMNS, Section
from commonsky.formats.ccsds.tree import USER_DEFINED, Block, Document, Entry, Message, Part, Row, leaves
from commonsky.formats.errors import FormatError, Rejection

MAX_DEPTH = 32
"""Elements within elements; the deepest message has ten."""

_ELEMENTS = {kind.lower(): kind for kind in KINDS}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPEN = Section("", 0, None)
"""What stands in a part that no table knows."""


def read_xml(data: bytes, *, source: str) -> Document:
    """Return the messages of an XML document: of one, or of all that an ``<ndm>`` combines.

    Raises FormatError for XML that is not well formed, has a document type, or is no CCSDS message.
    """
    if len(data) > MAX_XML_BYTES:
        raise FormatError(source, f"is larger than {MAX_XML_BYTES} bytes")
    return _Reader(source).read(data)


class _Frame:
    """An element that is open: what it has so far, and the section that describes what stands in it."""

    __slots__ = ("attributes", "line", "name", "parts", "section", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int, section: Section | None) -> None:
        self.name, self.attributes, self.line, self.section = name, attributes, line, section
        self.parts: list[Part] = []
        self.text: list[str] = []


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._stack: list[_Frame] = []
        self._message: Message | None = None
        self._metadata: dict[str, str] = {}
        self._document = Document([], "xml", source)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser = parser

    def read(self, data: bytes) -> Document:
        try:
            self._parser.Parse(data, True)  # expat takes it by place only
        except expat.ExpatError as error:
            raise FormatError(self._source, f"is not well-formed XML: {error}", line=error.lineno) from error
        except (ValueError, LookupError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(self._source, f"is not well-formed XML: {error}") from error
        if not self._document.messages and not self._document.combined:
            raise FormatError(self._source, "is XML without a CCSDS message")
        return self._document

    def _refuse_doctype(self, *_: object) -> None:
        reason = "has a document type (DOCTYPE), which CCSDS messages do not have"
        raise FormatError(self._source, reason, line=self._parser.CurrentLineNumber)

    def _text(self, text: str) -> None:
        if self._stack:
            self._stack[-1].text.append(text)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if len(self._stack) >= MAX_DEPTH:
            raise FormatError(self._source, f"is nested deeper than {MAX_DEPTH} elements", line=line)
        name = tag.rpartition(":")[2]
        attributes = {key: value for key, value in given.items() if not key.startswith(("xmlns", "xsi:"))}
        if self._message is None:
            section = self._outer(name, attributes, line)
        else:
            above = self._stack[-1].section
            section = above.sections.get(name) if above else None
        self._stack.append(_Frame(name, attributes, line, section))

    def _outer(self, name: str, attributes: Mapping[str, str], line: int) -> Section | None:
        """Take the element of a message, or what may stand around it."""
        if (kind := _ELEMENTS.get(name)) and len(self._stack) == self._document.combined:
            version = attributes.get("version", "").strip()
            self._message = Message(kind, version, Block(name, line=line), "xml", self._source, line)
            if (named := attributes.get("id", "")) != f"CCSDS_{kind}_VERS":
                reason = f"is {named!r}, not 'CCSDS_{kind}_VERS'"
                self._message.faults.append(Rejection(line=line, field="id", reason=reason))
            return schema(kind, version).root
        if not self._stack and name == "ndm":
            self._document.combined = True
        elif not self._stack:
            raise FormatError(self._source, f"is XML of <{name[:40]}>, no CCSDS message", line=line)
        return None

    def _end(self, _: str) -> None:
        frame = self._stack.pop()
        message = self._message
        depth = len(self._stack)
        if message is None:
            if depth:
                self._document.parts.append(_entry(frame, "".join(frame.text).strip()))
        elif depth == self._document.combined:
            message.root.parts = frame.parts
            self._document.messages.append(message)
            self._message = None
        else:
            above = self._stack[-1]
            above.parts.append(self._part(frame, above, message))

    def _part(self, frame: _Frame, above: _Frame, message: Message) -> Part:
        text = "".join(frame.text).strip()
        outside = above.section or _OPEN
        if not frame.parts and frame.section is None:
            if frame.name == outside.row and outside.columns is None:
                return Row(" ".join(text.split()), frame.line)
            return _entry(frame, text)
        if text:
            place = Rejection(line=frame.line, field=frame.name, reason="has text beside its elements")
            message.faults.append(place)
        if frame.name == outside.row and outside.columns and not frame.attributes:
            row = self._packed(frame, outside.columns)
            if row is not None:
                return row
        if outside.observation and frame.name == "observation" and not frame.attributes:
            datum = _datum(frame)
            if datum is not None:
                return datum
        block = Block(frame.name, frame.parts, frame.line, tuple(frame.attributes.items()))
        if frame.name == "metadata":
            self._metadata = block.values()
        return block

    def _packed(self, frame: _Frame, columns: str) -> Row | None:
        """Return the row of an element in the standard's order and units, None for any other."""
        cells = list(leaves(frame.parts))
        paths = COLUMNS[columns](self._metadata, len(cells))
        if tuple(path for path, _ in cells) != paths:
            return None
        for path, entry in cells:
            value, unit = entry.value, entry.unit
            if not value or value.split() != [value] or entry.extra:
                return None
            if unit and unit != COLUMN_UNITS.get(path.rpartition("/")[2]):
                return None
        return Row(" ".join(entry.value for _, entry in cells), frame.line)


def _entry(frame: _Frame, text: str) -> Entry:
    attributes = frame.attributes
    if not attributes:
        return Entry(frame.name, text, "", frame.line)
    unit = attributes.pop("units", "").strip()
    if not text:
        attributes.pop("nil", None)  # an empty value says it already
    name = frame.name
    if name == "USER_DEFINED":
        name = USER_DEFINED + attributes.pop("parameter", "").strip()
    name = keyword_of(name, attributes) or name
    return Entry(name, text, unit, frame.line, tuple(attributes.items()))


def _datum(frame: _Frame) -> Entry | None:
    """Return the entry of an observation: epoch and number, as they stand on a line of KVN."""
    match frame.parts:
        case [Entry("EPOCH", epoch, "", _, ()), Entry(keyword, value, unit, line, ())] if epoch and value:
            return Entry(keyword, f"{epoch} {value}", unit, line)
    return None


def write_xml(document: Document | Message) -> str:
    """Return a message as an XML document, or all messages of a document in one ``<ndm>``.

    Raises FormatError for what XML cannot hold: control characters, keywords that are no names.
    """
    messages = [document] if isinstance(document, Message) else document.messages
    combined = isinstance(document, Document) and (document.combined or len(messages) > 1)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    schema_of = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    if combined and isinstance(document, Document):
        lines.append(f"<ndm {schema_of}>")
        lines += [_element(one, "  ", document.source) for one in document.parts]
    for message in messages:
        indent = "  " if combined else ""
        name = message.root.name
        more = "" if combined else f"{schema_of} "
        version = _escaped(message.version, message.source, message.line, "version")
        lines.append(f'{indent}<{name} {more}id="CCSDS_{message.kind}_VERS" version="{version}">')
        root = schema(message.kind, message.version).root
        lines += _elements(message.root, root, {}, indent + "  ", message.source)
        lines.append(f"{indent}</{name}>")
    return "\n".join([*lines, "</ndm>"] if combined else lines) + "\n"


def _elements(
    block: Block, section: Section | None, metadata: dict[str, str], indent: str, source: str
) -> Iterator[str]:
    around = section or _OPEN
    if there := block.block("metadata"):
        metadata = there.values()
    rotations = block.name in ROTATIONS
    for part in elements_of(block) if rotations else block.parts:
        if isinstance(part, Entry):
            yield from _entry_lines(part, around, indent, source)
        elif isinstance(part, Row):
            yield from _row_lines(part, around, metadata, indent, source)
        else:
            name = _checked_name(part.name, source, part.line)
            inner = around.sections.get(part.name)
            given = "".join(
                f' {key}="{_escaped(value, source, part.line, key)}"' for key, value in part.extra
            )
            yield f"{indent}<{name}{given}>"
            yield from _elements(part, inner, metadata, indent + "  ", source)
            yield f"{indent}</{name}>"


def _entry_lines(entry: Entry, around: Section, indent: str, source: str) -> Iterator[str]:
    field = around.field_of(entry.keyword) if around.observation else None
    epoch, _, value = entry.value.partition(" ")
    if field is None or field.kind != "datum" or not value:
        yield _element(entry, indent, source)
        return
    yield f"{indent}<observation>"
    yield _element(Entry("EPOCH", epoch, line=entry.line), indent + "  ", source)
    yield _element(Entry(entry.keyword, value.strip(), entry.unit, entry.line), indent + "  ", source)
    yield f"{indent}</observation>"


def _row_lines(
    row: Row, around: Section, metadata: dict[str, str], indent: str, source: str
) -> Iterator[str]:
    if not around.row:
        raise FormatError(source, f"a line without keyword: {row.text[:40]!r}", line=row.line or None)
    if around.columns is None:
        yield _element(Entry(around.row, row.text, line=row.line), indent, source)
        return
    cells = row.text.split()
    paths = COLUMNS[around.columns](metadata, len(cells))
    if len(paths) != len(cells):
        reason = f"has {len(cells)} values, not {len(paths)}"
        raise FormatError(source, reason, line=row.line or None, field=around.row)
    yield f"{indent}<{around.row}>"
    within: list[str] = []
    number = 0
    for path, cell in zip(paths, cells, strict=True):
        *way, name = path.split("/")
        number = number + 1 if within == way else 1
        while within != way[: len(within)]:
            yield f"{indent}{'  ' * len(within)}</{within.pop()}>"
        while len(within) < len(way):
            within.append(way[len(within)])
            yield f"{indent}{'  ' * len(within)}<{within[-1]}>"
        entry = rotation(way[-1] if way else "", Entry(name, cell, line=row.line), number)
        yield _element(entry, indent + "  " * (len(within) + 1), source)
    while within:
        yield f"{indent}{'  ' * len(within)}</{within.pop()}>"
    yield f"{indent}</{around.row}>"


def _element(entry: Entry, indent: str, source: str) -> str:
    name, given = entry.keyword, entry.extra
    if name.startswith(USER_DEFINED):
        given = (("parameter", name.removeprefix(USER_DEFINED)), *given)
        name = "USER_DEFINED"
    if entry.unit:
        given = (*given, ("units", entry.unit))
    name = _checked_name(name, source, entry.line)
    attributes = "".join(f' {key}="{_escaped(value, source, entry.line, key)}"' for key, value in given)
    return f"{indent}<{name}{attributes}>{_escaped(entry.value, source, entry.line, name)}</{name}>"


def _checked_name(name: str, source: str, line: int) -> str:
    if not _NAME.fullmatch(name):
        reason = f"{name[:40]!r} cannot be the name of an XML element"
        raise FormatError(source, reason, line=line or None)
    return name


def _escaped(text: str, source: str, line: int, field: str) -> str:
    if _FORBIDDEN.search(text):
        raise FormatError(source, "has a character that XML cannot hold", line=line or None, field=field)
    return escape(text)
