"""Messages as JSON that mirrors the XML: the standard has no JSON of its own.

A block is an object of its keywords and blocks in order; what stands there more than once is a list. A value is the
text of the message, so no digit is lost; one with a unit is ``{"value": ..., "units": ...}``. Rows are a list of
texts under the name of their XML element. Comments of a block gather in one list, at the place of the first.

    {"oem": {"version": "2.0", "header": {"CREATION_DATE": "..."}, "body": {"segment": [...]}}}

Several messages are ``{"ndm": [...]}``.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from commonsky.formats.ccsds.schema import KINDS, schema
from commonsky.formats.ccsds.tables import Section
from commonsky.formats.ccsds.tree import COMMENT, Block, Document, Entry, Message, Part, Row
from commonsky.formats.errors import FormatError

_ELEMENTS = {kind.lower(): kind for kind in KINDS}
_ROW = "row"
_OBSERVATION = "observation"
_OPEN = Section("", 0, None)


def is_json_message(data: bytes) -> bool:
    """Whether the data begin as the JSON of one message, or of several, does (publishers' JSON does not)."""
    start = data[:200].lstrip()
    names = (*_ELEMENTS, "ndm")
    key = start.removeprefix(b"{").lstrip()
    return start.startswith(b"{") and any(key.startswith(f'"{name}"'.encode()) for name in names)


def write_json(document: Document | Message) -> str:
    """Return a message, or all messages of a document, as JSON."""
    messages = [document] if isinstance(document, Message) else document.messages
    said: list[dict[str, Any]] = [
        {one.root.name: {"version": one.version} | _said(one.root, _root(one))} for one in messages
    ]
    combined = isinstance(document, Document) and (document.combined or len(messages) != 1)
    content: dict[str, Any] = said[0] if not combined else {"ndm": said}
    if combined and isinstance(document, Document) and document.parts:
        content |= {"about": _said(Block("ndm", list(document.parts)), _OPEN)}
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def read_json(data: bytes, *, source: str) -> Document:
    """Return the messages of JSON that `write_json` wrote; raises FormatError for any other JSON."""
    try:
        content = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FormatError(source, f"is not JSON of a message: {error}") from error
    combined = "ndm" in content
    messages = content["ndm"] if combined else [content]
    if not isinstance(messages, list):
        raise FormatError(source, "is not a list of messages", field="ndm")
    document = Document([_message(one, source) for one in messages], "json", source, combined=combined)
    about = content.get("about", {})
    if isinstance(about, dict):
        found = _parts(about, _OPEN, source, 0)
        document.parts = [one for one in found if isinstance(one, Entry)]
    return document


def _root(message: Message) -> Section:
    return schema(message.kind, message.version).root


def _said(block: Block, section: Section) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    listed = {COMMENT, section.row, _OBSERVATION}
    for part in block.parts:
        if isinstance(part, Entry) and (datum := _observation(part, section)):
            found.setdefault(_OBSERVATION, []).append(datum)
        elif isinstance(part, Entry):
            found.setdefault(part.keyword, []).append(_value(part))
        elif isinstance(part, Row):
            found.setdefault(section.row or _ROW, []).append(part.text)
        else:
            inner = section.sections.get(part.name, _OPEN)
            if inner.repeated:
                listed.add(part.name)
            found.setdefault(part.name, []).append(_said(part, inner) | {f"@{k}": v for k, v in part.extra})
    return {
        name: values if len(values) > 1 or name in listed else values[0] for name, values in found.items()
    }


def _observation(entry: Entry, section: Section) -> dict[str, Any] | None:
    """Return an entry of tracking data as XML has it: epoch and number apart."""
    field = section.field_of(entry.keyword) if section.observation else None
    epoch, _, number = entry.value.partition(" ")
    if field is None or field.kind != "datum" or not number or entry.extra:
        return None
    return {"EPOCH": epoch, entry.keyword: _value(Entry(entry.keyword, number.strip(), entry.unit))}


def _value(entry: Entry) -> str | dict[str, str]:
    if not entry.unit and not entry.extra:
        return entry.value
    said = {"value": entry.value}
    if entry.unit:
        said["units"] = entry.unit
    return said | {f"@{key}": value for key, value in entry.extra}


def _message(content: object, source: str) -> Message:
    kinds = [one for one in content if one in _ELEMENTS] if isinstance(content, dict) else []
    if not isinstance(content, dict) or len(kinds) != 1 or not isinstance(content[kinds[0]], dict):
        raise FormatError(source, f"is JSON without one of {', '.join(_ELEMENTS)}: no CCSDS message")
    body = dict(content[kinds[0]])
    version = body.pop("version", "")
    kind = _ELEMENTS[kinds[0]]
    if not isinstance(version, str):
        raise FormatError(source, "is not a text", field="version")
    parts = list(_parts(body, schema(kind, version).root, source, 0))
    return Message(kind, version, Block(kinds[0], parts), "json", source)


def _parts(content: dict[str, Any], section: Section, source: str, depth: int) -> Iterator[Part]:
    if depth > 32:
        raise FormatError(source, "is nested deeper than any message")
    for name, given in content.items():
        if name.startswith("@"):
            continue
        inner = section.sections.get(name, _OPEN)
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, str):
                is_row = name == _ROW or (name == section.row and bool(name))
                yield Row(one) if is_row else Entry(name, one)
            elif isinstance(one, dict) and isinstance(one.get("value"), str):
                extra = tuple((key[1:], str(text)) for key, text in one.items() if key.startswith("@"))
                yield Entry(name, one["value"], str(one.get("units", "")), extra=extra)
            elif isinstance(one, dict) and name == _OBSERVATION and section.observation:
                yield _datum(list(_parts(one, _OPEN, source, depth + 1)), source)
            elif isinstance(one, dict):
                extra = tuple((key[1:], str(text)) for key, text in one.items() if key.startswith("@"))
                yield Block(name, list(_parts(one, inner, source, depth + 1)), extra=extra)
            elif isinstance(one, int | float) and not isinstance(one, bool):
                yield Entry(name, repr(one))
            else:
                raise FormatError(source, "is neither text nor object", field=name)


def _datum(parts: list[Part], source: str) -> Part:
    match parts:
        case [Entry("EPOCH", epoch), Entry(keyword, value, unit)]:
            return Entry(keyword, f"{epoch} {value}", unit)
    raise FormatError(source, "is not an EPOCH and one keyword", field=_OBSERVATION)
