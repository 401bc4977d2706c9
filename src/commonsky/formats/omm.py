"""CCSDS Orbit Mean-Elements Messages (OMM, 502.0-B-2 and -B-3): KVN, XML, and the JSON and CSV of publishers.

KVN and XML are the standard's: their keywords are checked. JSON and CSV are what CelesTrak and Space-Track
publish: OMM keywords beside others, numbers as numbers or as text, and what is always the same (Earth, TEME, UTC,
SGP4) often left out; where it is given, it is checked.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree
from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import ElementSet
from commonsky.formats.ccsds.notation import (
    is_element,
    kvn_items,
    line_of,
    local_name,
    number_text,
    xml_parts,
)
from commonsky.formats.errors import FormatError, Rejection
from commonsky.formats.json_records import records_by_line
from commonsky.formats.mean_elements import LIMITS, PlacedSets, out_of_limits

_UNITS = {
    "MEAN_MOTION": "rev/day",
    "INCLINATION": "deg",
    "RA_OF_ASC_NODE": "deg",
    "ARG_OF_PERICENTER": "deg",
    "MEAN_ANOMALY": "deg",
    "BSTAR": "1/ER",
    "MEAN_MOTION_DOT": "rev/day**2",
    "MEAN_MOTION_DDOT": "rev/day**3",
}
_CONSTANT = {
    "CENTER_NAME": ("EARTH",),
    "REF_FRAME": ("TEME", "TEMEOFDATE", "TEME OF DATE"),
    "TIME_SYSTEM": ("UTC",),
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4", "SGP4/SDP4", "SDP4"),
}
_STANDARD = frozenset(
    {"CCSDS_OMM_VERS", "CREATION_DATE", "ORIGINATOR", "MESSAGE_ID", "CLASSIFICATION", "COMMENT"}
    | {
        "OBJECT_NAME",
        "OBJECT_ID",
        "REF_FRAME_EPOCH",
        "EPOCH",
        "SEMI_MAJOR_AXIS",
        "ECCENTRICITY",
        "GM",
        "MASS",
    }
    | {
        "SOLAR_RAD_AREA",
        "SOLAR_RAD_COEFF",
        "DRAG_AREA",
        "DRAG_COEFF",
        "EPHEMERIS_TYPE",
        "CLASSIFICATION_TYPE",
    }
    | {"NORAD_CAT_ID", "ELEMENT_SET_NO", "REV_AT_EPOCH", "BTERM", "AGOM", "COV_REF_FRAME"}
    | _UNITS.keys()
    | _CONSTANT.keys()
)
_OTHER_STANDARD = re.compile(r"USER_DEFINED.*|C[XYZ](_DOT)?_[XYZ](_DOT)?")
_WITH_UNIT = re.compile(r"(.*?)[ \t]*\[([^][]*)\]")
_GREATEST_NUMBER = 999_999_999


class _Message(Struct):
    """The fields of one message, where it begins, and what it is called in reports where there are no lines."""

    line: int | None
    fields: dict[str, Any]
    place: str = ""
    lines: dict[str, int] = {}
    fault: Rejection | None = None


class _FieldError(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def read_omm_kvn(lines: list[str]) -> PlacedSets:
    """Return the element sets of messages in KVN, one after the other."""
    return _placed("omm-kvn", _kvn_messages(lines))


def read_omm_xml(data: bytes, *, source: str) -> PlacedSets:
    """Return the element sets of all ``<omm>`` in an XML document; raises FormatError when there is none."""
    found = _placed("omm-xml", _xml_messages(data, source))
    if not found.sets and not found.rejected:
        raise FormatError(source, "is XML without an <omm> element")
    return found


def read_omm_json(data: bytes, *, source: str) -> PlacedSets:
    """Return the element sets of a JSON list of objects, or of one object.

    A list that breaks off, or is broken, gives the objects that are whole. Raises FormatError when none is.
    """
    records = list(records_by_line(data))
    faults = [one for one in records if isinstance(one, Rejection)]
    if faults and not any(isinstance(one, tuple) and one[1] for one in records):
        raise FormatError(source, faults[0].reason, line=faults[0].line)
    return _placed("omm-json", _json_messages(records))


def read_omm_csv(lines: list[str]) -> PlacedSets:
    """Return the element sets of a table with a header line of OMM keywords."""
    return _placed("omm-csv", _csv_messages(lines))


def element_set(fields: Mapping[str, Any]) -> ElementSet:
    """Return the element set that OMM fields state; values are text, or numbers as JSON has them.

    Raises _FieldError for the first field that is missing or cannot be.
    """
    for keyword, allowed in _CONSTANT.items():
        value = _text(fields, keyword)
        if value and value.upper() not in allowed:
            raise _FieldError(keyword, f"is {value!r}, not {allowed[0]}: the set is not for SGP4")
    for keyword, instead in (
        ("SEMI_MAJOR_AXIS", "MEAN_MOTION"),
        ("BTERM", "BSTAR"),
        ("AGOM", "MEAN_MOTION_DDOT"),
    ):
        if _given(fields, keyword) and not _given(fields, instead):
            raise _FieldError(keyword, f"stands in for {instead}, which SGP4 needs")
    epoch_utc = _epoch_utc(fields)
    try:
        epoch_tai_s = tai_s_from_utc(epoch_utc)
    except ValueError as error:
        raise _FieldError("EPOCH", str(error) if epoch_utc else "is missing") from error
    return ElementSet(
        object_name=_text(fields, "OBJECT_NAME"),
        object_id=_text(fields, "OBJECT_ID"),
        norad_cat_id=_integer(fields, "NORAD_CAT_ID", None),
        classification=_text(fields, "CLASSIFICATION_TYPE"),
        epoch_utc=epoch_utc,
        epoch_tai_s=epoch_tai_s,
        mean_motion_rev_day=_number(fields, "MEAN_MOTION", None),
        eccentricity=_number(fields, "ECCENTRICITY", None),
        inclination_deg=_number(fields, "INCLINATION", None),
        ra_of_asc_node_deg=_number(fields, "RA_OF_ASC_NODE", None),
        arg_of_pericenter_deg=_number(fields, "ARG_OF_PERICENTER", None),
        mean_anomaly_deg=_number(fields, "MEAN_ANOMALY", None),
        bstar=_number(fields, "BSTAR", None),
        mean_motion_dot=_number(fields, "MEAN_MOTION_DOT", 0.0),
        mean_motion_ddot=_number(fields, "MEAN_MOTION_DDOT", 0.0),
        ephemeris_type=_integer(fields, "EPHEMERIS_TYPE", 0),
        element_set_no=_integer(fields, "ELEMENT_SET_NO", 0),
        rev_at_epoch=_integer(fields, "REV_AT_EPOCH", 0),
    )


def _epoch_utc(fields: Mapping[str, Any]) -> str:
    """Return the epoch as text; in Space-Track's older classes a field of its own has what follows the second."""
    text = re.sub(r"(?<=\d) +(?=\d)", "T", _text(fields, "EPOCH")).removesuffix("Z")
    if _given(fields, "EPOCH_MICROSECONDS") and "." not in text:
        text += f".{_integer(fields, 'EPOCH_MICROSECONDS', 0):06d}"
    return text


def _placed(form: str, messages: Iterable[_Message | Rejection]) -> PlacedSets:
    found = PlacedSets(form)
    for message in messages:
        if isinstance(message, Rejection):
            found.rejected.append(message)
        elif message.fault:
            found.rejected.append(message.fault)
        else:
            try:
                found.sets.append(element_set(message.fields))
                found.lines.append(message.line)
            except _FieldError as error:
                line = message.lines.get(error.field, message.line)
                field = f"{message.place}, {error.field}" if message.place else error.field
                found.rejected.append(Rejection(line=line, field=field, reason=error.reason))
    return found


def _kvn_messages(lines: list[str]) -> Iterator[_Message | Rejection]:
    message: _Message | None = None
    for item in kvn_items(lines):
        if isinstance(item, Rejection):
            if message is None:
                yield item
            else:
                message.fault = message.fault or item
            continue
        if item.keyword == "CCSDS_OMM_VERS":
            if message:
                yield message
            message = _Message(item.line, {}, lines={})
        if message is None:
            yield Rejection(line=item.line, field=item.keyword, reason="stands before CCSDS_OMM_VERS")
        elif item.keyword != "COMMENT":
            _take(message, item.line, item.keyword, item.value)
    if message:
        yield message


def _take(message: _Message, line: int, keyword: str, value: str) -> None:
    """Add a keyword of the standard to a message, without its unit."""
    reason = None
    if match := _WITH_UNIT.fullmatch(value):
        value, unit = match.groups()
        if unit.strip().lower() != _UNITS.get(keyword, unit).lower():
            reason = f"unit {unit!r} is not {_UNITS[keyword]}"
    if keyword not in _STANDARD and not _OTHER_STANDARD.fullmatch(keyword):
        reason = "is no keyword of an OMM"
    elif keyword in message.fields and not keyword.startswith("USER_DEFINED"):
        reason = "is given twice"
    if reason and message.fault is None:
        message.fault = Rejection(line=line, field=keyword, reason=reason)
    message.fields[keyword] = value
    message.lines[keyword] = line


def _xml_messages(data: bytes, source: str) -> Iterator[_Message | Rejection]:
    for omm in xml_parts(data, "omm", source=source):
        if isinstance(omm, Rejection):
            yield omm
            continue
        message = _Message(line_of(omm), {}, lines={})
        for leaf in _leaves(omm):
            unit = leaf.get("units")
            value = (leaf.text or "").strip() + (f" [{unit}]" if unit else "")
            if local_name(leaf) != "COMMENT":
                _take(message, line_of(leaf), local_name(leaf).upper(), value)
        yield message


def _leaves(element: etree._Element) -> Iterator[etree._Element]:
    return (
        one
        for one in element.iter()
        if is_element(one) and not any(map(is_element, one)) and one is not element
    )


def _json_messages(
    records: Iterable[tuple[int, object] | Rejection],
) -> Iterator[_Message | Rejection]:
    for number, record in enumerate(records, 1):
        if isinstance(record, Rejection):
            yield record
            continue
        line, one = record
        place = f"record {number}"
        if isinstance(one, dict):
            yield _Message(line, {str(key).upper(): value for key, value in one.items()}, place)
        else:
            yield Rejection(line=line, field=place, reason="is not a JSON object")


def _csv_messages(lines: list[str]) -> Iterator[_Message | Rejection]:
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    line = 1
    try:
        for row in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = [cell.strip().upper() for cell in row]
            elif len(row) != len(header):
                yield Rejection(line=start, reason=f"has {len(row)} values, the header {len(header)}")
            else:
                yield _Message(start, dict(zip(header, row, strict=True)))
    except csv.Error as error:
        yield Rejection(line=line, reason=f"is not CSV: {error}; the rest was left out")


def _given(fields: Mapping[str, Any], keyword: str) -> bool:
    value = fields.get(keyword)
    return value is not None and value != ""


def _text(fields: Mapping[str, Any], keyword: str) -> str:
    value = fields.get(keyword)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _FieldError(keyword, f"{value!r} is not text")
    return value.strip()


def _number(fields: Mapping[str, Any], keyword: str, default: float | None) -> float:
    """Return a number within its limits; a value that is missing is the default, or an error without one."""
    value = fields.get(keyword)
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        if default is None:
            raise _FieldError(keyword, "is missing")
        return float(default)
    if not _is_number(value):
        raise _FieldError(keyword, f"{repr(value)[:40]} is not a number")
    number = float(value)
    if keyword in LIMITS and (reason := out_of_limits(keyword, number)):
        raise _FieldError(keyword, reason)
    return number


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return number_text(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18


def _integer(fields: Mapping[str, Any], keyword: str, default: int | None) -> int:
    number = _number(fields, keyword, default)
    if not number.is_integer() or not 0 <= number <= _GREATEST_NUMBER:
        raise _FieldError(keyword, f"{number:g} is not a whole number of up to nine digits")
    return int(number)
