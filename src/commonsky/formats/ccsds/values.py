"""Whether a text is a value of the kind that a field asks for."""

import re
from typing import Literal

from msgspec import Struct

from commonsky.astro.time import is_time_text
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.tables import Field
from commonsky.formats.ccsds.units import same_kind, unit

CLOCKS = frozenset({"MET", "MRT", "SCLK"})
"""Time systems that count on board or from an event: their epochs are no calendar's alone."""
TIME_SYSTEMS = frozenset({"GMST", "GPS", "TAI", "TCB", "TDB", "TCG", "TT", "TDT", "UT1", "UTC"}) | CLOCKS
"""502.0-B-3 section 3.2.3.2 and SANA's registry of time systems."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_ALIKE = str.maketrans({"_": " ", "-": " "})


class Situation(Struct):
    """What the meaning of values hangs on: the time system, and whether times may be seconds after an epoch."""

    time_system: str
    relative: bool


CELL_TIME = Field("", mandatory=True, repeated=False, kind="time")
CELL_NUMBER = Field("", mandatory=True, repeated=False, kind="number")
CELL_TEXT = Field("", mandatory=True, repeated=False, kind="text")
"""What the cells of a row may be."""


def fault_of_value(value: str, field: Field, situation: Situation) -> str:  # noqa: PLR0911  # one answer a kind
    """Say why a text is no value of a field, empty when it is one."""
    kind = field.kind
    if not value:
        return "has no value"
    if kind in {"number", "integer"}:
        return _fault_of_number(value, field)
    if kind == "epoch":
        return _fault_of_epoch(value, situation)
    if kind == "time":
        return "" if number_text(value) else _fault_of_epoch(value, situation)
    if kind == "leap":
        return _fault_of_epoch(value.replace(":60", ":59"), situation)
    if kind == "datum":
        epoch, _, number = value.partition(" ")
        return _fault_of_epoch(epoch, situation) or _fault_of_number(number.strip(), field)
    if kind in {"choice", "yesno"}:
        said = value.upper().translate(_ALIKE)
        if not any(said == one.upper().translate(_ALIKE) for one in field.choices):
            return f"{_quoted(value)} is not one of {', '.join(field.choices)}"
    elif kind == "numbers":
        bad = next((one for one in re.split(r"[\s,]+", value) if not number_text(one)), None)
        return "" if bad is None else f"{_quoted(bad)} is not a number"
    elif kind == "system":
        return "" if value.upper() in TIME_SYSTEMS else f"{_quoted(value)} is no time system"
    elif kind == "units":
        bad = next((one for one in unit_list(value) if unit(one) is None), None)
        return "" if bad is None else f"{_quoted(bad)} is not a unit"
    return ""


def fault_of_unit(written: str, field: Field) -> tuple[Literal["error", "warning"], str]:
    """Say why the unit of an entry is not that of its field; the text is empty when it is."""
    if field.unit == written:
        return "warning", ""
    if not field.unit:
        if written.lower() in {"n/a", "1", ""}:
            return "warning", ""
        return "warning", f"has unit {_quoted(written)} where the standard has none"
    if unit(written) is None:
        if written.lower() == field.unit.lower():
            return "warning", f"unit {_quoted(written)} is written {field.unit}"
        return "error", f"{_quoted(written)} is not a unit (the standard's is {field.unit})"
    if not same_kind(written, field.unit):
        return "error", f"unit {_quoted(written)} does not measure what {field.unit} does"
    return "warning", f"unit {_quoted(written)} is not the standard's, {field.unit}"


def unit_list(value: str) -> list[str]:
    """Return the units of a bracketed list."""
    return [one.strip() for one in value.strip().removeprefix("[").removesuffix("]").split(",")]


def _fault_of_number(value: str, field: Field) -> str:
    if field.kind == "integer":
        if not _INTEGER.fullmatch(value):
            return f"{_quoted(value)} is not an integer"
    elif not number_text(value):
        return f"{_quoted(value)} is not a number"
    number = float(value)
    if field.above is not None and number <= field.above:
        return f"{value} is not above {field.above:g}"
    if field.least is not None and number < field.least:
        return f"{value} is below {field.least:g}"
    if field.most is not None and number > field.most:
        return f"{value} is above {field.most:g}"
    return ""


def _fault_of_epoch(value: str, situation: Situation) -> str:
    if situation.time_system in CLOCKS and number_text(value):
        return ""
    return (
        ""
        if is_time_text(value, leap=situation.time_system == "UTC")
        else f"{_quoted(value)} is not an epoch"
    )


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
