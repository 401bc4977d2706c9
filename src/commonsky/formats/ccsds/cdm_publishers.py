"""Conjunction messages in the JSON and CSV of Space-Track: class ``cdm`` with everything, ``cdm_public`` with little.

Class ``cdm`` has the standard's keywords, those of the objects with the prefix ``SAT1_`` or ``SAT2_``, units as
fields of their own (``MISS_DISTANCE_UNIT``) and what follows the point of a second too (``TCA_FRACTION``). The class
``cdm_public`` has names of its own and neither states nor covariances.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from commonsky.formats.ccsds.cdm_fields import Field
from commonsky.formats.ccsds.cdm_model import Cdm
from commonsky.formats.ccsds.cdm_record import fields_of
from commonsky.formats.ccsds.notation import lines_of
from commonsky.formats.errors import FormatError, Rejection

_PUBLIC = {
    "CDM_ID": "MESSAGE_ID",
    "CREATED": "CREATION_DATE",
    "TCA": "TCA",
    "MIN_RNG": "MISS_DISTANCE",
    "PC": "COLLISION_PROBABILITY",
}
_PUBLIC_OBJECT = {
    "SAT_{}_ID": "OBJECT_DESIGNATOR",
    "SAT_{}_NAME": "OBJECT_NAME",
    "SAT{}_OBJECT_TYPE": "OBJECT_TYPE",
    "SAT{}_RCS": "RCS_SIZE",  # SMALL, MEDIUM or LARGE, where the standard's RCS is a number
}
# What every message of the public class has in common, though it does not say so.
_PUBLIC_ALWAYS = {"ORIGINATOR": "CSpOC"}
_OBJECT_ALWAYS = {"CATALOG_NAME": "SATCAT"}
_PREFIXED = re.compile(r"SAT([12])_(?!\d)(.+)")
_LONGEST_CELL = 1_000_000

Placed = tuple[int | None, list[Field]]


def json_messages(data: bytes, *, source: str) -> Iterator[Placed | Rejection]:
    """Yield the fields of each object of a JSON list, of one object, or of what an envelope holds under CCSDS_CDM.

    Raises FormatError for what is no JSON.
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FormatError(source, f"is no JSON: {error}") from error
    for number, one in enumerate(document if isinstance(document, list) else [document], 1):
        if not isinstance(one, dict):
            yield Rejection(field=f"object {number}", reason="is not a JSON object")
            continue
        inner = one.get("CCSDS_CDM", one)
        yield None, _fields(inner if isinstance(inner, dict) else one, None)


def csv_messages(data: bytes, *, source: str) -> Iterator[Placed | Rejection]:
    """Yield the fields of each line of a table with a header line; lines of another length are rejected."""
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(f"{line}\n" for line in lines_of(data, source=source))
    header: list[str] | None = None
    try:
        for row in rows:
            if not row:
                continue
            if header is None:
                header = [name.strip().upper() for name in row]
            elif len(row) != len(header):
                yield Rejection(
                    line=rows.line_num, reason=f"has {len(row)} cells, the header has {len(header)}"
                )
            else:
                yield rows.line_num, _fields(dict(zip(header, row, strict=True)), rows.line_num)
    except csv.Error as error:
        yield Rejection(line=rows.line_num, reason=f"is no CSV: {error}; the rest was left out")


def is_cdm_table(header: str) -> bool:
    """Whether this is the header line of a CSV of conjunction messages."""
    names = {name.strip(' "').upper() for name in header.split(",")}
    return "TCA" in names and bool(names & {"SAT1_OBJECT_DESIGNATOR", "SAT_1_ID"})


def write_json(messages: Sequence[Cdm]) -> bytes:
    """Return a JSON list in Space-Track's class ``cdm``: all values as text, units beside them."""
    return (json.dumps([_published(one) for one in messages], indent=1, ensure_ascii=False) + "\n").encode()


def write_csv(messages: Sequence[Cdm]) -> bytes:
    """Return a table in Space-Track's class ``cdm`` with the columns that any of the messages has."""
    rows = [_published(one) for one in messages]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _published(message: Cdm) -> dict[str, str]:
    """Return the fields by their published names; several comments of one part are joined by line ends."""
    encounter, objects = fields_of(message)
    found: dict[str, str] = {}
    for prefix, fields in (("", encounter), ("SAT1_", objects[0]), ("SAT2_", objects[1])):
        for field in fields:
            name = prefix + field.keyword
            if field.keyword == "COMMENT" and name in found:
                found[name] += "\n" + field.value
                continue
            found[name] = field.value
            if field.unit:
                found[f"{name}_UNIT"] = field.unit
    return found


def _fields(given: Mapping[str, Any], line: int | None) -> list[Field]:
    """Return the fields of a published message in the order of the standard: encounter, object 1, object 2."""
    texts = {name.upper(): _text(value) for name, value in given.items() if value is not None}
    if "SAT_1_ID" in texts or "SAT_2_ID" in texts:
        texts = _from_public(texts)
    parts: dict[str, list[Field]] = {
        "": [],
        "1": [Field("OBJECT", "OBJECT1")],
        "2": [Field("OBJECT", "OBJECT2")],
    }
    for name, value in texts.items():
        if name.endswith(("_UNIT", "_FRACTION")) and name.rpartition("_")[0] in texts:
            continue
        prefixed = _PREFIXED.fullmatch(name)
        part, keyword = prefixed.groups() if prefixed else ("", name)
        if keyword == "OBJECT":
            continue
        whole = _with_fraction(value, texts.get(f"{name}_FRACTION", ""))
        unit = texts.get(f"{name}_UNIT", "")
        parts[part] += [
            Field(one, text, unit, line)
            for one, text in _comments(keyword, whole)
            if text or not one.startswith("COMMENT")
        ]
    return [*parts[""], *parts["1"], *parts["2"]]


def _comments(keyword: str, text: str) -> list[tuple[str, str]]:
    """Split what is a comment: ``COMMENT_APOGEE`` and the like are comments with a name."""
    if keyword != "COMMENT" and not keyword.startswith("COMMENT_"):
        return [(keyword, text)]
    return [("COMMENT", line) for line in text.split("\n")]


def _from_public(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a message of the public class under the names of the full one."""
    names = dict(_PUBLIC)
    for number in "12":
        names |= {old.format(number): f"SAT{number}_{new}" for old, new in _PUBLIC_OBJECT.items()}
    found = {names.get(name, name): text for name, text in texts.items()}
    found = {re.sub(r"^SAT_([12])_", r"SAT\1_", name): text for name, text in found.items()}
    always = _PUBLIC_ALWAYS | {f"SAT{n}_{name}": text for n in "12" for name, text in _OBJECT_ALWAYS.items()}
    return always | found


def _with_fraction(text: str, fraction: str) -> str:
    """Return the time with the rest of its second: milliseconds, or microseconds from four digits on."""
    if not re.fullmatch(r"\d{1,6}", fraction, re.ASCII) or "." in text or int(fraction) == 0:
        return text
    digits = 3 if len(fraction) <= 3 else 6
    return f"{text}.{int(fraction):0{digits}d}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return value.strip() if isinstance(value, str) else json.dumps(value)
