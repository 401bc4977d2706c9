"""Whether a text is a value of the kind that a field asks for."""

import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from commonsky.astro.time import is_time_text
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.tables import NUMERIC, Field
from commonsky.formats.ccsds.units import same_kind, unit

CLOCKS = frozenset({"MET", "MRT", "SCLK"})
"""Time systems that count on board or from an event: their epochs are no calendar's alone."""
TIME_SYSTEMS = frozenset({"GMST", "GPS", "TAI", "TCB", "TDB", "TCG", "TT", "TDT", "UT1", "UTC"}) | CLOCKS
"""502.0-B-3 section 3.2.3.2 and SANA's registry of time systems."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_EPOCH = re.compile(r"[0-9-]+T[0-9:]+(\.[0-9]+)?Z?", re.ASCII)
_ALIKE = str.maketrans({"_": " ", "-": " "})


class Situation(Struct):
    """What the meaning of values hangs on: the time system, and whether times may be seconds after an epoch."""

    time_system: str
    relative: bool


CELL_TIME = Field("", mandatory=True, repeated=False, kind="time")
CELL_NUMBER = Field("", mandatory=True, repeated=False, kind="number")
CELL_TEXT = Field("", mandatory=True, repeated=False, kind="text")
"""What the cells of a row may be."""


def fault_of_value(value: str, field: Field, situation: Situation) -> str:
    """Say why a text is no value of a field, empty when it is one."""
    if not value:
        return "has no value"
    return _FAULT_OF[field.kind](value, field, situation)


def fault_of_unit(written: str, field: Field) -> tuple[Literal["error", "warning"], str]:
    """Say why the unit of an entry is not that of its field; the text is empty when it is."""
    if field.unit == written or (not field.unit and written.lower() in {"n/a", "1"}):
        return "warning", ""
    if not field.unit:
        dimensionless = field.kind not in NUMERIC or same_kind(written, "")
        severity: Literal["error", "warning"] = "warning" if dimensionless else "error"
        return severity, f"has unit {_quoted(written)} where the standard has none"
    if unit(written) is None:
        if written.lower() == field.unit.lower():
            return "error", f"unit {_quoted(written)} is written {field.unit}"
        return "error", f"{_quoted(written)} is not a unit (the standard's is {field.unit})"
    if not same_kind(written, field.unit):
        return "error", f"unit {_quoted(written)} does not measure what {field.unit} does"
    return "warning", f"unit {_quoted(written)} is not the standard's, {field.unit}"


def unit_list(value: str) -> list[str]:
    """Return the units of a bracketed list."""
    return [one.strip() for one in value.strip().removeprefix("[").removesuffix("]").split(",")]


def _number_fault(value: str, field: Field, _: Situation) -> str:
    if field.kind == "integer" and not _INTEGER.fullmatch(value):
        return f"{_quoted(value)} is not an integer"
    if not number_text(value):
        return f"{_quoted(value)} is not a number"
    number = float(value)
    if field.above is not None and number <= field.above:
        return f"{value} is not above {field.above:g}"
    if field.least is not None and number < field.least:
        return f"{value} is below {field.least:g}"
    if field.most is not None and number > field.most:
        return f"{value} is above {field.most:g}"
    return ""


def _epoch_fault(value: str, _: Field, situation: Situation) -> str:
    if situation.time_system in CLOCKS and number_text(value):
        return ""
    if _EPOCH.fullmatch(value) and is_time_text(value, leap=situation.time_system == "UTC"):
        return ""
    return f"{_quoted(value)} is not an epoch"


def _time_fault(value: str, field: Field, situation: Situation) -> str:
    return "" if number_text(value) else _epoch_fault(value, field, situation)


def _leap_fault(value: str, field: Field, situation: Situation) -> str:
    return _epoch_fault(value.replace(":60", ":59"), field, situation)


def _datum_fault(value: str, field: Field, situation: Situation) -> str:
    epoch, _, number = value.partition(" ")
    return _epoch_fault(epoch, field, situation) or _number_fault(number.strip(), field, situation)


def _choice_fault(value: str, field: Field, _: Situation) -> str:
    said = value.upper().translate(_ALIKE)
    if any(said == one.upper().translate(_ALIKE) for one in field.choices):
        return ""
    return f"{_quoted(value)} is not one of {', '.join(field.choices)}"


def _system_fault(value: str, _: Field, __: Situation) -> str:
    return "" if value.upper() in TIME_SYSTEMS else f"{_quoted(value)} is no time system"


def _numbers_fault(value: str, _: Field, __: Situation) -> str:
    bad = next((one for one in re.split(r"[\s,]+", value) if not number_text(one)), None)
    return "" if bad is None else f"{_quoted(bad)} is not a number"


def _units_fault(value: str, _: Field, __: Situation) -> str:
    bad = next((one for one in unit_list(value) if unit(one) is None), None)
    return "" if bad is None else f"{_quoted(bad)} is not a unit"


def _no_fault(_: str, __: Field, ___: Situation) -> str:
    return ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


_FAULT_OF: dict[str, Callable[[str, Field, Situation], str]] = {
    "number": _number_fault,
    "integer": _number_fault,
    "epoch": _epoch_fault,
    "time": _time_fault,
    "leap": _leap_fault,
    "datum": _datum_fault,
    "choice": _choice_fault,
    "yesno": _choice_fault,
    "system": _system_fault,
    "numbers": _numbers_fault,
    "units": _units_fault,
} | dict.fromkeys(("text", "texts", "frame", "center"), _no_fault)
