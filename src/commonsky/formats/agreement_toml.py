"""Agreements as TOML: the document that a release authority edits by hand, reads aloud and compares line by line.

Times are UTC text, sets are sorted lists, one ``[[clause]]`` table per clause and one ``[[declassify]]`` table per rule
of declassification in the order given, and nothing is written that only repeats a default. A key that is not known is
an error: a restriction that is misspelled must not be a restriction that is missing.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec
import tomli_w

from commonsky.astro.time import tai_s_from_utc, utc_text_from_tai_s
from commonsky.domain import Agreement, Clause, Declassification, SafetyOfFlight
from commonsky.domain.member import MEMBER_ID, NO_MEMBER_ID, look_alike
from commonsky.formats.errors import FormatError

_DATES = {"from_utc": "begins_tai_s", "until_utc": "ends_tai_s"}
_KEYS = (
    *("id", "version", "title", "giver", "readers", "purpose", "mode"),
    *("from_utc", "until_utc", "onward", "lease_s", "safety_of_flight", "clause", "declassify"),
)
_TABLES: dict[str, tuple[str, type[Clause] | type[Declassification]]] = {
    "clause": ("clauses", Clause),
    "declassify": ("declassifications", Declassification),
}
_HEADINGS = {name: key for key, (name, _) in _TABLES.items()}
_UNSAID: tuple[object, ...] = (None, False)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REGION_KEYS = ("south_deg", "north_deg", "west_deg", "east_deg")


def read_agreement(data: bytes, *, source: str) -> Agreement:
    """Return the agreement that a TOML document states.

    Raises FormatError with file and field (and line, where TOML itself is broken) for anything else.
    """
    document = _toml(data, source)
    _check(document, _KEYS, source)
    if isinstance(safety := document.get("safety_of_flight"), dict):
        _check(safety, SafetyOfFlight.__struct_fields__, source, "safety_of_flight")
    fields = {key: value for key, value in document.items() if key not in {*_DATES, *_TABLES}}
    for key, name in _DATES.items():
        fields[name] = _tai_s(document, key, source)
    for key, (name, struct) in _TABLES.items():
        fields[name] = _tables(document, key, struct.__struct_fields__, source)
    try:
        agreement = msgspec.convert(fields, Agreement, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise _format_error(str(error), source) from error
    _check_names(agreement, source)
    return agreement


def write_agreement(agreement: Agreement) -> str:
    """Return the agreement as TOML, from which `read_agreement` gives the same agreement back."""
    document: dict[str, Any] = {}
    plain = msgspec.to_builtins(agreement, order="deterministic")
    for key in _KEYS:
        if key in _DATES:
            document[key] = utc_text_from_tai_s(plain[_DATES[key]])
        elif key in _TABLES:
            name, struct = _TABLES[key]
            document[key] = [_without_defaults(one, struct) for one in plain[name]]
        elif plain[key] not in _UNSAID:
            document[key] = plain[key]
    if not document["declassify"]:
        del document["declassify"]
    return tomli_w.dumps(document)


def _toml(data: bytes, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormatError(source, f"is not text in UTF-8 (byte {error.start + 1})") from error
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at line ")
        line = place.partition(",")[0]
        number = int(line) if line.isdigit() else None
        raise FormatError(source, f"is not TOML: {reason or place}", line=number) from error
    except (RecursionError, ValueError) as error:
        raise FormatError(source, f"is not TOML: {error}") from error


def _check(table: Mapping[str, Any], allowed: tuple[str, ...], source: str, place: str = "") -> None:
    """Refuse what a record would take in silence: unknown keys, numbers that are not finite, doubled names."""
    for key, value in table.items():
        field = f"{place}, {key}" if place else key
        if key not in allowed:
            raise FormatError(source, f"is not known here; allowed are {', '.join(allowed)}", field=field)
        if isinstance(value, float) and not math.isfinite(value):
            raise FormatError(source, f"{value} is not a finite number", field=field)
        if isinstance(value, list) and key not in _TABLES and len({str(one) for one in value}) != len(value):
            raise FormatError(source, "names something twice", field=field)


def _check_names(agreement: Agreement, source: str) -> None:
    """Refuse an id that is no plain name of a file, and a member that is or looks like none, or like another one."""
    if not _ID.fullmatch(agreement.id):
        raise FormatError(source, f"{agreement.id!r} is not of letters, digits, '-', '_' and '.'", field="id")
    if agreement.version < 1:
        raise FormatError(source, "counts from 1", field="version")
    named = [(member, "readers") for member in sorted(agreement.readers)]
    named += [
        (member, f"declassify {rule.id}, readers")
        for rule in agreement.declassifications
        for member in rule.readers
    ]
    for member, field in (*named, (agreement.giver, "giver")):
        if not MEMBER_ID.fullmatch(member):
            raise FormatError(source, f"member id {member!r} {NO_MEMBER_ID}", field=field)
    if agreement.giver in agreement.readers:
        raise FormatError(source, f"names the giver, {agreement.giver}", field="readers")
    if pair := look_alike([agreement.giver, *(member for member, _ in named)]):
        raise FormatError(source, f"{pair[0]} and {pair[1]} look alike: one of them is a slip, or a trick")


def _tables(document: Mapping[str, Any], key: str, allowed: tuple[str, ...], source: str) -> list[Any]:
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise FormatError(source, f"must be tables, each headed [[{key}]]", field=key)
    for number, table in enumerate(tables, 1):
        place = f"{key} {number} ({table['id']})" if isinstance(table.get("id"), str) else f"{key} {number}"
        _check(table, allowed, source, place)
        if isinstance(region := table.get("region"), dict):
            _check(region, _REGION_KEYS, source, f"{place}, region")
    return tables


def _tai_s(document: Mapping[str, Any], key: str, source: str) -> float:
    text = document.get(key)
    if not isinstance(text, str):
        reason = "is missing" if text is None else 'must be text, as in "2026-01-01T00:00:00Z"'
        raise FormatError(source, reason, field=key)
    try:
        return tai_s_from_utc(text)
    except ValueError as error:
        raise FormatError(source, str(error), field=key) from error


def _format_error(said: str, source: str) -> FormatError:
    """Put what msgspec or a record's own check said into the words of the document."""
    reason, _, path = said.partition(" - at `$")
    place = _place(path.rstrip("`"))
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", reason):
        return FormatError(source, "is missing", field=f"{place}, {missing[1]}" if place else missing[1])
    return FormatError(source, reason, field=place or None)


def _place(path: str) -> str:
    """Say msgspec's path in the words of the document: ``.clauses[0].kinds`` is ``clause 1, kinds``."""
    words = []
    for step in path.removeprefix(".").split("."):
        name, _, index = step.partition("[")
        index = index.rstrip("]")
        if name in _HEADINGS:
            words.append(f"{_HEADINGS[name]} {int(index) + 1}" if index.isdigit() else _HEADINGS[name])
        elif name:
            words.append(name)
    return ", ".join(words)


def _without_defaults(table: dict[str, Any], struct: type[Clause] | type[Declassification]) -> dict[str, Any]:
    # The effect is written even where it is the default: it is what one looks for first.
    defaults = {
        f.name: msgspec.to_builtins(f.default) for f in msgspec.structs.fields(struct) if not f.required
    }
    order = [key for key in ("id", "effect", "kinds") if key in table]
    return {
        key: table[key]
        for key in (*order, *struct.__struct_fields__)
        if key == "effect" or key not in defaults or table[key] != defaults[key]
    }
