"""A conjunction message as a flat list of fields, and fields as values in SI units with what was odd about them."""

import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from commonsky.astro.time import tai_s_from_text
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.units import same_kind, scale_to_si
from commonsky.formats.errors import Rejection

_UNKNOWN = frozenset({"", "NAN", "+NAN", "-NAN", "NULL", "NONE", "N/A", "INF", "-INF"})


class Field(Struct, frozen=True):
    """One keyword with its value and unit as text; ``line`` counts from 1 where the form has lines."""

    keyword: str
    value: str
    unit: str = ""
    line: int | None = None


class Section:
    """The fields of one part of a message, taken out by keyword; what nobody takes remains.

    Keywords that come twice keep their first value, and the second is reported.
    """

    def __init__(
        self, fields: Iterable[Field], findings: list[Rejection], *, line: int | None = None
    ) -> None:
        self.line = line
        self.comments: list[Field] = []
        self._fields: dict[str, Field] = {}
        self._findings = findings
        for field in fields:
            if field.keyword == "COMMENT":
                self.comments.append(field)
            elif field.keyword in self._fields:
                self.report(field, "is there twice; the first is taken")
            else:
                self._fields[field.keyword] = field

    def report(self, field: Field, reason: str) -> None:
        """Note that something about this field is odd."""
        self._findings.append(Rejection(line=field.line, field=field.keyword, reason=reason))

    def missing(self, keyword: str, reason: str) -> None:
        """Note that a keyword is not there."""
        self._findings.append(Rejection(line=self.line, field=keyword, reason=reason))

    def text(self, keyword: str) -> str | None:
        """Take a text; None where it is absent or empty."""
        field = self._fields.pop(keyword, None)
        return (field.value or None) if field else None

    def mandatory_text(self, keyword: str, otherwise: str) -> str:
        """Take a text that the standard demands; ``otherwise`` and a report where it is absent."""
        text = self.text(keyword)
        if text is None:
            self.missing(keyword, f"is missing; taken as {otherwise}")
        return text or otherwise

    def time(self, keyword: str) -> float | None:
        """Take an epoch in UTC; None where it is absent or no time, which is reported."""
        field = self._fields.pop(keyword, None)
        if field is None or field.value.upper() in _UNKNOWN:
            return None
        try:
            return tai_s_from_text(re.sub(r"(?<=\d) +(?=\d)", "T", field.value.strip()), "UTC")
        except ValueError as error:
            self.report(field, str(error))
            return None

    def number(self, keyword: str, unit: str = "") -> float | None:
        """Take a number in SI; None where it is absent, unknown or no number. ``unit`` is the standard's."""
        field = self._fields.pop(keyword, None)
        if field is None:
            return None
        text = number_text(field.value)
        if text is None:
            known = field.value.upper() in _UNKNOWN
            self.report(field, f"is {field.value!r}: " + ("not known" if known else "no number, left out"))
            return None
        value = float(Decimal(text) * self._scale(field, unit))
        return value if math.isfinite(value) else None

    def numbers(self, keywords: Iterable[str], unit: str) -> tuple[float, ...] | None:
        """Take several numbers; None unless all of them are there."""
        values = [self.number(keyword, unit) for keyword in keywords]
        return None if None in values else tuple(value for value in values if value is not None)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._fields

    def rest(self) -> Iterator[Field]:
        """Give the fields that nobody took."""
        return iter(self._fields.values())

    def _scale(self, field: Field, unit: str) -> Decimal:
        """Return what the number is to be multiplied with; a unit of another kind is taken for a slip."""
        usual = Decimal(repr(scale_to_si(unit))) if unit else Decimal(1)
        if not unit or not field.unit or field.unit == unit:
            return usual
        if not same_kind(field.unit, unit):
            self.report(field, f"is labelled [{field.unit}], taken as [{unit}]")
            return usual
        scale = Decimal(repr(scale_to_si(field.unit)))
        if scale != usual:
            self.report(field, f"is in [{field.unit}], not in [{unit}]; converted")
        return scale
