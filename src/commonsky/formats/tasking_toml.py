"""Terms of a tasking plan as TOML: offers, quotas, kept time, caveats, vetoes and requests, in one file or in several.

Tables are ``[plan]`` (once), ``[[sensor]]``, ``[[quota]]``, ``[[reserved]]``, ``[[closed]]``, ``[[caveat]]``,
``[[veto]]`` and ``[[request]]``; times are UTC text (``from_utc``, ``until_utc``). A bad offer or request is left out
and told; anything else that is wrong refuses the whole: a misspelled caveat must not be a missing caveat.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain.support_request import SupportRequest
from commonsky.domain.tasking import (
    OfferedSensor,
    PlanTerms,
    Quota,
    Reservation,
    Restriction,
    TaskingTerms,
)
from commonsky.formats.errors import FormatError, Rejection
from commonsky.formats.toml_lines import Path, line_of, lines_of

_TABLES: Mapping[str, type[Struct]] = {
    "sensor": OfferedSensor,
    "quota": Quota,
    "reserved": Reservation,
    "closed": Reservation,
    "caveat": Restriction,
    "veto": Restriction,
    "request": SupportRequest,
}
_MAY_BE_LEFT_OUT = frozenset({"sensor", "request"})
_TIMES = {"from_utc": "begins_tai_s", "until_utc": "ends_tai_s"}
_AT_FIELD = re.compile(r"(.*?)(?: - at `\$\.?(?:key in )?(.*?)`)?$", re.DOTALL)


class TermsFile(Struct, frozen=True):
    """What one file says: tables by name, in order, and what was left out of it."""

    source: str
    plan: PlanTerms | None
    tables: dict[str, list[Any]]
    rejected: list[Rejection]


class _Wrong(NamedTuple):
    path: Path
    reason: str


def read_terms_file(data: bytes, *, source: str) -> TermsFile:
    """Read one file; raises FormatError with line and field for what may not be left out."""
    text, document = _toml(data, source)
    lines = lines_of(text)
    allowed = ("plan", *_TABLES)
    for key in document:
        if key not in allowed:
            reason = f"is not known here; allowed are {', '.join(allowed)}"
            raise FormatError(
                source, reason, line=line_of((key,), lines) or line_of((key, 1), lines), field=key
            )
    plan = None
    if "plan" in document:
        plan = _record(document["plan"], PlanTerms, ("plan",))
        if isinstance(plan, _Wrong):
            raise _located(plan, lines, source)
    tables: dict[str, list[Any]] = {name: [] for name in _TABLES}
    rejected = []
    for name, struct in _TABLES.items():
        for record in _records(document.get(name, []), name, struct):
            if not isinstance(record, _Wrong):
                tables[name].append(record)
                continue
            told = _located(record, lines, source)
            if name not in _MAY_BE_LEFT_OUT:
                raise told
            rejected.append(Rejection(line=told.line, field=told.field, reason=told.reason))
    return TermsFile(source, plan, tables, rejected)


def _toml(data: bytes, source: str) -> tuple[str, dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise FormatError(source, f"is not text in UTF-8 (byte {error.start + 1})") from error
    except (RecursionError, ValueError) as error:
        place = re.search(r"\(at line (\d+)", str(error))
        raise FormatError(source, f"is not TOML: {error}", line=int(place[1]) if place else None) from error


def joined(files: Iterable[TermsFile]) -> TaskingTerms:
    """Put the terms of several files together; raises FormatError where they clash or lack something."""
    files = list(files)
    plans = [(one.plan, one.source) for one in files if one.plan is not None]
    if len(plans) != 1:
        source = plans[1][1] if plans else ", ".join(one.source for one in files) or "no file"
        reason = (
            "is the second to hold a [plan] table"
            if plans
            else "holds no [plan] table: when does the plan begin?"
        )
        raise FormatError(source, reason, field="plan")
    held = {name: tuple(record for one in files for record in one.tables[name]) for name in _TABLES}
    for name, key in (("sensor", "id"), ("quota", "member"), ("request", "id")):
        seen: set[str] = set()
        for one in files:
            for record in one.tables[name]:
                if (value := getattr(record, key)) in seen:
                    raise FormatError(one.source, f"{value} stands there already", field=f"{name}, {key}")
                seen.add(value)
    terms = TaskingTerms(
        plan=plans[0][0],
        sensors=held["sensor"],
        quotas=held["quota"],
        reservations=held["reserved"] + held["closed"],
        restrictions=held["caveat"] + held["veto"],
        requests=held["request"],
    )
    _check_names(terms, files)
    return terms


def _check_names(terms: TaskingTerms, files: Iterable[TermsFile]) -> None:
    """Refuse words about sensors and owners that nobody offers: such a restriction would restrict nothing."""
    sensors = {one.id for one in terms.sensors}
    owners = {one.owner for one in terms.sensors}
    for one in files:
        for name in ("reserved", "closed"):
            for record in one.tables[name]:
                if record.sensor not in sensors:
                    raise FormatError(
                        one.source, f"no sensor {record.sensor} is offered", field=f"{name}, sensor"
                    )
        for name in ("caveat", "veto"):
            for record in one.tables[name]:
                if record.owner not in owners:
                    raise FormatError(one.source, f"{record.owner} offers no sensor", field=f"{name}, owner")
                if unknown := sorted(set(record.sensors) - sensors):
                    raise FormatError(
                        one.source, f"no sensor {unknown[0]} is offered", field=f"{name}, sensors"
                    )


def _records(tables: Any, name: str, struct: type[Struct]) -> Iterable[Any]:  # noqa: ANN401  # of a TOML document
    if not isinstance(tables, list):
        yield _Wrong((name,), f"must be [[{name}]] tables")
        return
    for number, table in enumerate(tables, 1):
        yield _record(table, struct, (name, number))


def _record(table: Any, struct: type[Struct], path: Path) -> Any:  # noqa: ANN401  # of a TOML document
    if not isinstance(table, Mapping):
        return _Wrong(path, "must be a table")
    known = {name for name in struct.__struct_fields__ if name not in _TIMES.values()}
    known |= {key for key, name in _TIMES.items() if name in struct.__struct_fields__}
    fields = dict(table)
    for key in table:
        if key not in known:
            return _Wrong((*path, key), f"is not known here; allowed are {', '.join(sorted(known))}")
        if key in _TIMES:
            try:
                fields[_TIMES[key]] = tai_s_from_utc(fields.pop(key))
            except (TypeError, ValueError, AttributeError) as error:
                return _Wrong((*path, key), f'must be text, as in "2026-01-01T00:00:00Z" ({error})')
    try:
        return msgspec.convert(fields, struct)
    except msgspec.ValidationError as error:
        reason, field = _AT_FIELD.fullmatch(str(error)).groups()  # type: ignore[union-attr]  # it matches any text
        missing = re.search(r"missing required field `(\w+)`", reason)
        inner = next((key for key, name in _TIMES.items() if missing and missing[1] == name), None)
        name = inner or (missing[1] if missing else field)
        said = "is missing" if missing else reason
        return _Wrong((*path, name.partition("[")[0]) if name else path, said)


def _located(wrong: _Wrong, lines: Mapping[Path, int], source: str) -> FormatError:
    words = [str(step) for step in wrong.path]
    if len(words) > 1 and words[1].isdigit():
        words[:2] = [f"{words[0]} {words[1]}"]
    return FormatError(source, wrong.reason, line=line_of(wrong.path, lines), field=", ".join(words))
