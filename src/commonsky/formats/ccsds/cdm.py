"""Read and write conjunction messages as records: KVN and XML of the standard, JSON and CSV of Space-Track."""

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from commonsky.formats.ccsds.cdm_fields import Field
from commonsky.formats.ccsds.cdm_model import Cdm, CdmObject, CdmReading, ScreeningVolume
from commonsky.formats.ccsds.cdm_publishers import (
    Placed,
    csv_messages,
    is_cdm_table,
    json_messages,
    write_csv,
    write_json,
)
from commonsky.formats.ccsds.cdm_record import cdm_of, fields_of
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.ccsds.ndm_json import is_json_message, read_json
from commonsky.formats.ccsds.ndm_xml import write_xml
from commonsky.formats.ccsds.notation import (
    Item,
    is_xml,
    kvn_items,
    line_of,
    lines_of,
    local_name,
    xml_parts,
)
from commonsky.formats.errors import FormatError, Rejection

__all__ = ["Cdm", "CdmObject", "CdmReading", "ScreeningVolume", "read_cdm", "write_cdm"]

_VERSION = "CCSDS_CDM_VERS"


def read_cdm(data: bytes, *, source: str) -> CdmReading:
    """Return the conjunction messages of an input, whose form is found from its bytes.

    Lenient as real messages demand: what is odd is reported in ``findings``, a message without time, creation date or
    two objects is left out. Raises FormatError when no message at all can be read.
    """
    form, placed = _messages(data, source)
    reading = CdmReading([], [], [], form)
    for one in placed:
        made = one if isinstance(one, Rejection) else cdm_of(one[1], reading.findings, line=one[0])
        if isinstance(made, Cdm):
            reading.messages.append(made)
        else:
            reading.rejected.append(made)
    if not reading.messages:
        if reading.rejected:
            first = reading.rejected[0]
            raise FormatError(
                source, f"no message can be read: {first.reason}", line=first.line, field=first.field
            )
        raise FormatError(source, "has no conjunction message")
    return reading


def write_cdm(messages: Cdm | Sequence[Cdm], *, form: str = "kvn") -> bytes:
    """Return the messages in ``form``: ``kvn``, ``xml``, ``json`` or ``csv``.

    An object without covariance gets the standard's ``COVARIANCE_METHOD = DEFAULT`` with sigmas of ten Earth radii and
    a comment that says so, for 508.0-B-1 demands a covariance. Raises ValueError for another form.
    """
    several = [messages] if isinstance(messages, Cdm) else list(messages)
    match form:
        case "kvn":
            return "\n".join(map(_kvn, several)).encode()
        case "xml":
            document = read_document("\n".join(map(_kvn, several)).encode(), source="conjunction message")
            return write_xml(document).encode()
        case "json":
            return write_json(several)
        case "csv":
            return write_csv(several)
        case _:
            raise ValueError(f"{form!r} is no form of a conjunction message: kvn, xml, json or csv")


def _messages(data: bytes, source: str) -> tuple[str, Iterator[Placed | Rejection]]:
    """Return the form and the messages as lists of fields."""
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if is_xml(data):
        return "xml", _xml_messages(data, source)
    if is_json_message(data):
        return "json", _xml_messages(write_xml(read_json(data, source=source)).encode(), source)
    if start[:1] in {b"{", b"["}:
        return "json", json_messages(data, source=source)
    lines = lines_of(data, source=source)
    if is_cdm_table(next((line for line in lines if line.strip()), "")):
        return "csv", csv_messages(data, source=source)
    return "kvn", _kvn_messages(kvn_items(lines))


def _kvn_messages(items: Iterable[Item | Rejection]) -> Iterator[Placed | Rejection]:
    """Yield the fields from one version keyword to the next."""
    fields: list[Field] = []
    begun = False
    for item in items:
        if isinstance(item, Rejection):
            yield item
            continue
        if item.keyword == _VERSION:
            if begun:
                yield fields[0].line, fields
                fields = []
            begun = True
        fields.append(_field(item))
    if begun:
        yield fields[0].line, fields


def _field(item: Item) -> Field:
    value, bracket, unit = item.value.rpartition("[")
    if item.keyword == "COMMENT" or not bracket or (unit and not unit.endswith("]")):
        return Field(item.keyword, item.value, "", item.line)
    # A unit may be cut off after its bracket: "93 [" is in the samples of CARA.
    return Field(item.keyword, value.rstrip(), unit[:-1].strip(), item.line)


def _xml_messages(data: bytes, source: str) -> Iterator[Placed | Rejection]:
    for part in xml_parts(data, "cdm", source=source):
        if isinstance(part, Rejection):
            yield part
        else:
            version = Field(_VERSION, str(part.get("version", "")), "", line_of(part))
            yield line_of(part), [version, *_leaves(part)]


def _leaves(parent: etree._Element) -> Iterator[Field]:
    """Yield the elements without children, in their order."""
    for element in parent.iter():
        name = local_name(element)
        if name and element is not parent and not len(element):
            keyword = str(element.get("parameter", "")) if name == "USER_DEFINED" else ""
            keyword = f"USER_DEFINED_{keyword}" if keyword else name.upper()
            text = (element.text or "").strip()
            yield Field(keyword, text, str(element.get("units", "")).strip(), line_of(element))


def _kvn(message: Cdm) -> str:
    encounter, objects = fields_of(message)
    return "".join(map(_kvn_line, [*encounter, *objects[0], *objects[1]]))


def _kvn_line(field: Field) -> str:
    if field.keyword == "COMMENT":
        return f"COMMENT {field.value}\n"
    unit = f" [{field.unit}]" if field.unit else ""
    return f"{field.keyword:<30} = {field.value}{unit}\n"
