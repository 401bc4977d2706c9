"""Agreements as TOML: the document that a release authority edits by hand, reads aloud and compares line by line.

Times are UTC text, sets are sorted lists, one ``[[clause]]`` table per clause and one ``[[declassify]]`` table per rule
of declassification in the order given, and nothing is written that only repeats a default. A key that is not known is
an error: a restriction that is misspelled must not be a restriction that is missing.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
import tomli_w
from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc, utc_text_from_tai_s
from commonsky.domain import Agreement, Clause, Declassification, Region, SafetyOfFlight
from commonsky.domain.member import MEMBER_ID, NO_MEMBER_ID, look_alike
from commonsky.formats.errors import FormatError
from commonsky.formats.toml_lines import Path, line_of, lines_of

_DATES = {"from_utc": "begins_tai_s", "until_utc": "ends_tai_s"}
_KEYS = (
    *("id", "version", "title", "giver", "readers", "purpose", "mode"),
    *("from_utc", "until_utc", "onward", "lease_s", "explanations_per_day", "safety_of_flight"),
    *("clause", "declassify"),
)
_TABLES: dict[str, tuple[str, type[Clause] | type[Declassification]]] = {
    "clause": ("clauses", Clause),
    "declassify": ("declassifications", Declassification),
}
_KEY_OF = {name: key for key, name in _DATES.items()} | {name: key for key, (name, _) in _TABLES.items()}
_INNER: Mapping[str, type[Struct]] = {"region": Region, "safety_of_flight": SafetyOfFlight}
_UNSAID: tuple[object, ...] = (None, False)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_S = TypeVar("_S", bound=Struct)

_fields = cache(msgspec.structs.fields)


class _Slip(NamedTuple):
    """What is wrong in a document, and where."""

    path: Path
    reason: str


def read_agreement(data: bytes, *, source: str) -> Agreement:
    """Return the agreement that a TOML document states.

    Raises FormatError with file, line and field for anything else: the first of `agreement_faults`.
    """
    text = _text(data, source)
    agreement, slips = _read(_toml(text, source))
    if agreement is None:
        raise _located(slips[:1], text, source)[0]
    return agreement


def agreement_faults(data: bytes, *, source: str) -> list[FormatError]:
    """Return all that keeps a TOML document from being an agreement, in the order of its keys; nothing if it is one."""
    try:
        text = _text(data, source)
        agreement, slips = _read(_toml(text, source))
    except FormatError as error:
        return [error]
    return [] if agreement else _located(slips, text, source)


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


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(source, f"is not text in UTF-8 (byte {error.start + 1})") from error


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at line ")
        line = place.partition(",")[0]
        number = int(line) if line.isdigit() else None
        raise FormatError(source, f"is not TOML: {reason or place}", line=number) from error
    except (RecursionError, ValueError) as error:
        raise FormatError(source, f"is not TOML: {error}") from error


def _read(document: Mapping[str, Any]) -> tuple[Agreement | None, list[_Slip]]:
    """Give the agreement, or all that is wrong with the document."""
    slips = [*_unknown(document, _KEYS, ())]
    fields: dict[str, Any] = {}
    for field in _fields(Agreement):
        key = _KEY_OF.get(field.name, field.name)
        if key in _DATES:
            fields[field.name] = _tai_s(document, key, slips)
        elif key in _TABLES:
            fields[field.name] = _tables(document, key, slips)
        else:
            _read_field(document, field, (), fields, slips)
    agreement = _made(Agreement, fields, (), slips)
    if agreement is not None:
        slips += _names(agreement)
    return (None if slips else agreement), slips


def _read_struct(table: Mapping[str, Any], struct: type[_S], path: Path, slips: list[_Slip]) -> _S | None:
    before = len(slips)
    slips += _unknown(table, struct.__struct_fields__, path)
    fields: dict[str, Any] = {}
    for field in _fields(struct):
        _read_field(table, field, path, fields, slips)
    return _made(struct, fields, path, slips) if len(slips) == before else None


def _read_field(
    table: Mapping[str, Any],
    field: msgspec.structs.FieldInfo,
    path: Path,
    fields: dict[str, Any],
    slips: list[_Slip],
) -> None:
    """Take a field from a table, unless it is absent; what a record would take in silence is a slip too."""
    place = (*path, field.name)
    if field.name not in table:
        if field.required:
            slips.append(_Slip(place, "is missing"))
        return
    value = table[field.name]
    if isinstance(value, float) and not math.isfinite(value):
        slips.append(_Slip(place, f"{value} is not a finite number"))
    elif isinstance(value, list) and len({str(one) for one in value}) != len(value):
        slips.append(_Slip(place, "names something twice"))
    elif isinstance(value, dict) and field.name in _INNER:
        fields[field.name] = _read_struct(value, _INNER[field.name], place, slips)
    else:
        try:
            fields[field.name] = msgspec.convert(value, field.type, strict=True)
        except msgspec.ValidationError as error:
            slips.append(_Slip(place, str(error).partition(" - at `$")[0]))


def _made(struct: type[_S], fields: Mapping[str, Any], path: Path, slips: list[_Slip]) -> _S | None:
    if slips:
        return None
    try:
        return struct(**fields)
    except ValueError as error:
        slips.append(_Slip(path, str(error)))
        return None


def _tables(document: Mapping[str, Any], key: str, slips: list[_Slip]) -> tuple[Any, ...]:
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        slips.append(_Slip((key,), f"must be tables, each headed [[{key}]]"))
        return ()
    struct = _TABLES[key][1]
    read = []
    for number, table in enumerate(tables, 1):
        own: list[_Slip] = []
        read.append(_read_struct(table, struct, (key, number), own))
        named = f" ({table['id']})" if isinstance(table.get("id"), str) else ""
        slips += [_Slip((key, f"{number}{named}", *slip.path[2:]), slip.reason) for slip in own]
    return tuple(read)


def _unknown(table: Mapping[str, Any], allowed: Iterable[str], path: Path) -> Iterable[_Slip]:
    words = f"is not known here; allowed are {', '.join(allowed)}"
    return [_Slip((*path, key), words) for key in table if key not in allowed]


def _tai_s(document: Mapping[str, Any], key: str, slips: list[_Slip]) -> float:
    text = document.get(key)
    reason = "is missing" if text is None else 'must be text, as in "2026-01-01T00:00:00Z"'
    if isinstance(text, str):
        try:
            return tai_s_from_utc(text)
        except ValueError as error:
            reason = str(error)
    slips.append(_Slip((key,), reason))
    return math.nan


def _names(agreement: Agreement) -> Iterable[_Slip]:
    """Find an id that is no plain name of a file, and a member that is or looks like none, or like another one."""
    if not _ID.fullmatch(agreement.id):
        yield _Slip(("id",), f"{agreement.id!r} is not of letters, digits, '-', '_' and '.', at most 64")
    if agreement.version < 1:
        yield _Slip(("version",), "counts from 1")
    named: list[tuple[str, Path]] = [(agreement.giver, ("giver",))]
    named += [(member, ("readers",)) for member in sorted(agreement.readers)]
    for number, rule in enumerate(agreement.declassifications, 1):
        place = ("declassify", f"{number} ({rule.id})", "readers")
        named += [(member, place) for member in sorted(rule.readers)]
    for member, path in named:
        if not MEMBER_ID.fullmatch(member):
            yield _Slip(path, f"member id {member!r} {NO_MEMBER_ID}")
    if agreement.giver in agreement.readers:
        yield _Slip(("readers",), f"names the giver, {agreement.giver}")
    if pair := look_alike(member for member, _ in named):
        yield _Slip(("readers",), f"{pair[0]} and {pair[1]} look alike: one of them is a slip, or a trick")


def _located(slips: Iterable[_Slip], text: str, source: str) -> list[FormatError]:
    lines = lines_of(text)
    found = []
    for path, reason in slips:
        number = str(path[1]).partition(" ")[0] if len(path) > 1 else ""
        place = (path[0], int(number), *path[2:]) if number.isdigit() else path
        found.append(FormatError(source, reason, line=line_of(place, lines), field=_words(path)))
    return found


def _words(path: Path) -> str | None:
    """Say a place in the words of the document: ``clause 1 (tracks), kinds``."""
    words = [str(step) for step in path]
    if words[:1] and words[0] in _TABLES and len(words) > 1:
        words[:2] = [f"{words[0]} {words[1]}"]
    return ", ".join(words) or None


def _without_defaults(table: dict[str, Any], struct: type[Clause] | type[Declassification]) -> dict[str, Any]:
    # The effect is written even where it is the default: it is what one looks for first.
    defaults = {f.name: msgspec.to_builtins(f.default) for f in _fields(struct) if not f.required}
    order = [key for key in ("id", "effect", "kinds") if key in table]
    return {
        key: table[key]
        for key in (*order, *struct.__struct_fields__)
        if key == "effect" or key not in defaults or table[key] != defaults[key]
    }
