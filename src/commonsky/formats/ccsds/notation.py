"""The two notations of all CCSDS navigation messages, as one stream of items.

Key-value notation (KVN) and XML say the same things (502.0-B-3 section 7, 503.0-B-2 section 4, 505.0-B-3), so
each is turned into `Item`s and every message is understood once. A line or element that is no item comes out as
a `Rejection` in its place in the stream, because what it costs depends on where it stands.

XML is read without entities, document types, network or unbounded depth: those are not part of the messages.
"""

import re
from collections.abc import Iterator

from lxml import etree
from msgspec import Struct

from commonsky.formats.errors import FormatError, Rejection

MAX_XML_BYTES = 500_000_000
_XML_STEP_BYTES = 1 << 20

_LINE_END = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKS = " \t"


class Item(Struct, frozen=True):
    """One keyword with its value, as text; ``line`` counts from 1. Keywords are in upper case."""

    line: int
    keyword: str
    value: str = ""


def lines_of(data: bytes, *, source: str) -> list[str]:
    """Return the lines of a text, whatever their line ends, in UTF-8 with or without byte order mark.

    Lines that are not UTF-8 are taken for Latin-1: all that counts is ASCII, and a name in an old encoding should
    not cost the file. Raises FormatError for data that are empty or hold NUL bytes: those are no text.
    """
    if not data.strip():
        raise FormatError(source, "is empty")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise FormatError(source, "holds binary data, not text", line=line)
    try:
        return _LINE_END.split(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        lines = data.removeprefix(_BYTE_ORDER_MARK).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return [text_of(line) for line in lines]


def text_of(line: bytes) -> str:
    """Return a line as text: UTF-8 if it is that, else Latin-1."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def kvn_items(lines: list[str]) -> Iterator[Item | Rejection]:
    """Yield the items of KVN lines; a keyword that stands alone (``META_START``) has an empty value."""
    for number, raw in enumerate(lines, 1):
        line = raw.strip(_BLANKS)
        if not line:
            continue
        keyword, equals, value = (part.strip(_BLANKS) for part in line.partition("="))
        if re.match(r"COMMENT([ \t]|$)", line, re.IGNORECASE):
            yield Item(number, "COMMENT", line[7:].strip(_BLANKS))
        elif equals and keyword and not re.search(r"\s", keyword):
            yield Item(number, keyword.upper(), value)
        elif not equals and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", line):
            yield Item(number, line.upper())
        else:
            yield Rejection(line=number, reason=f"is not KEYWORD = value: {_excerpt(line)}")


def xml_root(data: bytes, *, source: str) -> etree._Element:
    """Return the root element of an XML message.

    Raises FormatError for XML that is not well formed, has a document type or entities, or is too large.
    """
    _refuse_unsafe(data, source)
    parser = _parser()
    try:
        parser.feed(data)
        root: etree._Element = parser.close()
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise _not_well_formed(error, source) from error
    if root.getroottree().docinfo.doctype:
        raise _document_type(source, 1)
    return root


def xml_parts(data: bytes, name: str, *, source: str) -> Iterator[etree._Element | Rejection]:
    """Yield the elements of this name as they end, outermost first; each is emptied before the next is read.

    XML that is broken gives the elements before the fault, and then a rejection for the rest. Raises FormatError
    as `xml_root`, but for a fault only when no such element came before it.
    """
    _refuse_unsafe(data, source)
    parser = _parser()
    found = 0
    for start in range(0, len(data) + 1, _XML_STEP_BYTES):
        fault: FormatError | None = None
        try:
            parser.feed(data[start : start + _XML_STEP_BYTES])
            if start + _XML_STEP_BYTES > len(data):
                parser.close()
        except (etree.XMLSyntaxError, ValueError, LookupError) as error:
            fault = _not_well_formed(error, source)
        for _, element in parser.read_events():
            if element.getroottree().docinfo.doctype:
                raise _document_type(source, 1)
            if local_name(element) == name:
                found += 1
                yield element
                element.clear()
        if fault and not found:
            raise fault
        if fault:
            yield Rejection(line=fault.line, reason=f"{fault.reason}; the rest was left out")
            return


def is_xml(data: bytes) -> bool:
    """Whether the data begins as XML does."""
    return data.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] == b"<"


def local_name(element: etree._Element) -> str:
    """Return the element's name without its namespace; empty for what is no element (a comment)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_element(node: etree._Element) -> bool:
    """Whether a node of the tree is an element, not a comment or the like."""
    return isinstance(node.tag, str)


def leaf_item(element: etree._Element) -> Item | Rejection:
    """Return an element without children as an item."""
    line, name = line_of(element), local_name(element)
    if len(element):
        return Rejection(line=line, field=name, reason="is not an element of text only")
    return Item(line, name.upper(), (element.text or "").strip())


def line_of(element: etree._Element) -> int:
    """Return the line where the element begins, as far as the parser knows."""
    return int(element.sourceline or 0)


def number_text(text: str) -> str | None:
    """Return the text when it is a plain decimal number in double precision's range, else None."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text) or abs(float(text)) > 1e300:
        return None
    return text


def _parser() -> etree.XMLPullParser:
    return etree.XMLPullParser(
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
    )


def _refuse_unsafe(data: bytes, source: str) -> None:
    if len(data) > MAX_XML_BYTES:
        raise FormatError(source, f"is larger than {MAX_XML_BYTES} bytes")
    doctype = data.find(b"<!DOCTYPE")
    if doctype >= 0:
        raise _document_type(source, data.count(b"\n", 0, doctype) + 1)


def _not_well_formed(error: Exception, source: str) -> FormatError:
    line = getattr(error, "lineno", None)
    return FormatError(source, f"is not well-formed XML: {error}", line=line or None)


def _document_type(source: str, line: int) -> FormatError:
    return FormatError(source, "has a document type (DOCTYPE), which CCSDS messages do not have", line=line)


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
