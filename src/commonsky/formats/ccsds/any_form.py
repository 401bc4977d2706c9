"""Messages in every form that is in use: the standard's KVN and XML, our JSON, and the JSON and CSV of publishers.

CelesTrak and Space-Track publish orbit mean elements (OMM) and conjunctions (CDM) as flat records: keywords of the
standard beside their own, and what is always the same left out. Here they become messages like all others. Their own
keywords become user-defined ones in an OMM and comments in a CDM, as Space-Track has them in its XML; what stands in
for a mandatory keyword that the record of an OMM leaves out is said in a comment.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from commonsky.formats.ccsds.cdm import Cdm, CdmObject, read_cdm, write_cdm
from commonsky.formats.ccsds.cdm_publishers import is_cdm_table
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.ccsds.kvn import message_of_pairs, read_kvn, write_kvn
from commonsky.formats.ccsds.ndm_json import is_json_message, write_json
from commonsky.formats.ccsds.ndm_xml import read_xml, write_xml
from commonsky.formats.ccsds.notation import is_xml, lines_of
from commonsky.formats.ccsds.schema import schema
from commonsky.formats.ccsds.tree import COMMENT, USER_DEFINED, Block, Document, Entry, Message
from commonsky.formats.errors import FormatError, Rejection

FORMS = ("kvn", "xml", "json", "csv")
"""The forms by the names that commands take."""

_MARK = b"\xef\xbb\xbf"
_MEAN_ELEMENTS = frozenset({"MEAN_MOTION", "SEMI_MAJOR_AXIS"})
"""A record of mean elements has one of these."""
_UNKNOWN = ("ORIGINATOR", "OBJECT_NAME", "OBJECT_ID")
_ALWAYS = {"CENTER_NAME": "EARTH", "REF_FRAME": "TEME", "TIME_SYSTEM": "UTC", "MEAN_ELEMENT_THEORY": "SGP4"}
"""What publishers' element sets are always of, and often do not say (CelesTrak, "GP Data Formats")."""


def read_any(data: bytes, *, source: str, form: str | None = None) -> Document:
    """Return the messages of an input in any form; ``form`` insists on one of `FORMS`.

    Raises FormatError when the input is no CCSDS message, or not in the form insisted on.
    """
    found = _form_of(data, source)
    if form is not None and form != found:
        raise FormatError(source, f"is not {form} but looks like {found}")
    content = data.removeprefix(_MARK)
    if found == "xml":
        return read_xml(data, source=source)
    if found == "kvn":
        messages = read_kvn(data, source=source)
        return Document(messages, "kvn", source, combined=len(messages) > 1)
    if found == "json" and is_json_message(content):
        return read_document(content, source=source)
    return _of_publishers(content, found, source)


def write_any(document: Document, form: str) -> str:
    """Return all messages of a document in a form; OMM and CDM in JSON and CSV are as publishers have them.

    Raises FormatError for what the form cannot hold.
    """
    kinds = {one.kind for one in document.messages}
    if form == "xml":
        return write_xml(
            document if document.combined or len(document.messages) != 1 else document.messages[0]
        )
    if form == "json" and kinds not in ({"OMM"}, {"CDM"}):
        return write_json(document)
    document = _with_its_comments_inside(document)
    if not kinds:
        raise FormatError(document.source, "holds no message: only XML and JSON have a place for that")
    if form == "kvn":
        return "\n".join(map(write_kvn, document.messages))
    if kinds == {"OMM"}:
        records = [_flat(one) for one in document.messages]
        return json.dumps(records, indent=2) + "\n" if form == "json" else _table(records)
    if kinds == {"CDM"}:
        text = "\n".join(map(write_kvn, document.messages)).encode()
        return write_cdm(read_cdm(text, source=document.source).messages, form=form).decode()
    raise FormatError(document.source, f"CSV is for OMM and CDM only, not for {', '.join(sorted(kinds))}")


def _with_its_comments_inside(document: Document) -> Document:
    """Return the document with the comments that stand around its messages in the header of the first.

    Raises FormatError for what else stands there: only XML and our JSON have a place for it.
    """
    other = next((one for one in document.parts if one.keyword != COMMENT), None)
    if other is not None:
        reason = "stands outside the messages: only XML and JSON have a place for it"
        raise FormatError(document.source, reason, line=other.line or None, field=other.keyword)
    if not document.parts or not document.messages:
        return document
    first, *rest = document.messages
    header = first.root.block("header") or Block("header")
    others = [part for part in first.root.parts if part is not header]
    root = Block(first.root.name, [Block("header", [*document.parts, *header.parts], header.line), *others])
    return msgspec.structs.replace(
        document, messages=[msgspec.structs.replace(first, root=root), *rest], parts=[]
    )


def _form_of(data: bytes, source: str) -> str:
    start = data[:4096].removeprefix(_MARK).lstrip()
    if is_xml(data) or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "xml"
    if start[:1] in {b"[", b"{"}:
        return "json"
    first = start.partition(b"\n")[0].decode("latin-1")
    if not first:
        raise FormatError(source, "is empty")
    named = first.upper().replace('"', "").split(",")
    is_table = "ECCENTRICITY" in named and not _MEAN_ELEMENTS.isdisjoint(named)
    return "csv" if is_table or is_cdm_table(first) else "kvn"


def _of_publishers(data: bytes, form: str, source: str) -> Document:
    records = list(_json_records(data, source) if form == "json" else _csv_records(data, source))
    if not records:
        raise FormatError(source, "holds no record")
    if not any(_MEAN_ELEMENTS.isdisjoint(one) for _, one in records):
        messages = [_omm(line, record, source, form) for line, record in records]
        return Document(messages, form, source, combined=len(messages) > 1)
    reading = read_cdm(data, source=source)
    if reading.rejected:
        first = reading.rejected[0]
        raise FormatError(source, first.reason, line=first.line, field=first.field)
    document = read_document(write_cdm([_without_own(one) for one in reading.messages]), source=source)
    document.form = form
    for message in document.messages:
        message.form = form
        message.faults = [Rejection(field=one.field, reason=one.reason) for one in message.faults]
        for block in (message.root, *message.root.walk()):
            for part in (block, *block.parts):
                part.line = 0  # as none of the file's
    return document


def _without_own(message: Cdm) -> Cdm:
    """Return a message whose publisher's own keywords are comments: those it sends in KVN have them so, too."""
    known = frozenset(schema("CDM", message.version).root.keywords())

    def of(part: Cdm | CdmObject, *, users: bool) -> dict[str, Any]:
        kept = {
            keyword: value
            for keyword, value in part.more.items()
            if keyword in known or (users and keyword.startswith(USER_DEFINED))
        }
        own = [f"{keyword}:{value}" for keyword, value in part.more.items() if keyword not in kept]
        return {"more": kept, "comments": (*part.comments, *own)}

    objects = (
        msgspec.structs.replace(one, **of(one, users=True)) for one in (message.object_1, message.object_2)
    )
    object_1, object_2 = objects
    return msgspec.structs.replace(message, object_1=object_1, object_2=object_2, **of(message, users=False))


def _json_records(data: bytes, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FormatError(source, f"is not JSON: {error}") from error
    for number, record in enumerate(content if isinstance(content, list) else [content], 1):
        if not isinstance(record, dict):
            raise FormatError(source, f"record {number} is not a JSON object")
        yield 1, {str(key).upper(): _plain(value) for key, value in record.items() if value is not None}


def _csv_records(data: bytes, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines_of(data, source=source))
    try:
        for record in reader:
            pairs = ((str(key), value) for key, value in record.items() if isinstance(value, str))
            yield (
                reader.line_num,
                {key.upper().strip(): value.strip() for key, value in pairs if value.strip()},
            )
    except csv.Error as error:
        raise FormatError(source, f"is no CSV: {error}", line=reader.line_num) from error


def _plain(value: Any) -> str:  # noqa: ANN401  # whatever JSON holds
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text.split())


def _omm(line: int, record: Mapping[str, str], source: str, form: str) -> Message:
    """Return the message of a publisher's record, its keywords in the order of the standard."""
    said = dict(record)
    version = said.pop("CCSDS_OMM_VERS", "2.0")
    for keyword, value in _ALWAYS.items():
        said.setdefault(keyword, value)
    missing = {"CREATION_DATE": said.get("EPOCH", "")} | dict.fromkeys(_UNKNOWN, "UNKNOWN")
    missing = {keyword: value for keyword, value in missing.items() if not said.get(keyword)}
    comments = [said.pop(COMMENT)] if said.get(COMMENT) else []
    if missing:
        comments.append(
            f"The publisher's record has no {' and no '.join(missing)}: {' and '.join(missing.values())}"
        )
    said |= missing
    order = list(schema("OMM", version).root.keywords())
    pairs = [(COMMENT, text) for text in comments]
    pairs += [(keyword, said.pop(keyword)) for keyword in order if keyword in said]
    pairs += [(_user(keyword), value) for keyword, value in said.items()]
    message = message_of_pairs("OMM", version, pairs, source=source, line=line)
    message.form = form
    return message


def _user(keyword: str) -> str:
    return keyword if keyword.startswith(USER_DEFINED) else USER_DEFINED + "_".join(keyword.split())


def _flat(message: Message) -> dict[str, str]:
    """Return a message as a publisher's record; user-defined keywords go by their own names."""
    record = {"CCSDS_OMM_VERS": message.version}
    comments: list[str] = []
    blocks = [message.root, *message.root.walk()]
    for entry in (part for block in blocks for part in block.parts if isinstance(part, Entry)):
        if entry.keyword == COMMENT:
            comments.append(entry.value)
            continue
        _refuse_other_unit(message, entry)
        record[entry.keyword.removeprefix(USER_DEFINED)] = entry.value
    return record | ({COMMENT: " / ".join(comments)} if comments else {})


def _refuse_other_unit(message: Message, entry: Entry) -> None:
    """Publishers' records have no units: another than the standard's would be lost."""
    if not entry.unit:
        return
    sections = [schema("OMM", message.version).root]
    while sections:
        section = sections.pop()
        field = section.field_of(entry.keyword)
        if field and field.unit and field.unit.lower() != entry.unit.lower():
            reason = f"is in {entry.unit!r}, not the standard's {field.unit}: such records have no units"
            raise FormatError(message.source, reason, line=entry.line or None, field=entry.keyword)
        sections += section.sections.values()


def _table(records: list[dict[str, str]]) -> str:
    columns = list(dict.fromkeys(keyword for record in records for keyword in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
