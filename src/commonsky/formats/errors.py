"""How a reader says what is wrong: all of the input refused (an exception), or one piece (a rejection)."""

from msgspec import Struct
from msgspec.structs import force_setattr

LONGEST_REASON = 400
"""A reason quotes what is wrong, and a hostile input may be wrong at any length."""


class Rejection(Struct, frozen=True, kw_only=True):
    """One piece of an input that was left out, while the good pieces around it were kept.

    ``line`` counts from 1 and is ``None`` where the form has no lines; ``field`` is the keyword or column.
    """

    line: int | None = None
    field: str | None = None
    reason: str

    def __post_init__(self) -> None:
        if len(self.reason) > LONGEST_REASON:
            force_setattr(self, "reason", _cut(self.reason))

    def __str__(self) -> str:
        return _located(self.line, self.field, self.reason)


class FormatError(ValueError):
    """An input that cannot be used at all, or one record that cannot be read or written.

    ``source`` names the input (a file, a feed); ``line`` and ``field`` are ``None`` where they do not apply.
    """

    def __init__(
        self, source: str, reason: str, *, line: int | None = None, field: str | None = None
    ) -> None:
        reason = _cut(reason)
        self.source = source
        self.line = line
        self.field = field
        self.reason = reason
        super().__init__(f"{source}: {_located(line, field, reason)}")


def _cut(reason: str) -> str:
    """Leave out the middle of a reason that is too long: what is said of a quotation stands at its end."""
    half = LONGEST_REASON // 2
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:half]} ... {reason[-half:]}"


def _located(line: int | None, field: str | None, reason: str) -> str:
    place = [f"line {line}"] if line is not None else []
    if field is not None:
        place.append(field)
    return ": ".join([", ".join(place), reason]) if place else reason
