"""Two-line and three-line element sets, read by column.

The lines of all sets are laid under each other as a matrix of characters, and each field of all sets is read at
once: a catalogue takes a fraction of a second. Sets whose lines look in any way unusual are read one by one
instead, by `_Slow`, which knows the odd forms and says what is wrong with the others. Both give the float
nearest to the decimal that was written.

Columns as in Space-Track's and CelesTrak's documentation of the format; Alpha-5 numbers as in Space-Track's.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from commonsky.astro.time import tai_s_from_datetime64
from commonsky.domain import ElementSet
from commonsky.formats.ccsds.notation import text_of
from commonsky.formats.errors import Rejection
from commonsky.formats.mean_elements import (
    FIELD_OF_KEYWORD,
    LIMITS,
    PlacedSets,
    international_designator,
    out_of_limits,
    year_of_two_digits,
)

Characters = NDArray[np.uint8]
Columns = dict[str, NDArray[Any]]

LINE_LENGTH = 69
_LONGEST_NAME = 30  # A line that begins like an element line but is no longer than this is a name.

_ALPHA5 = "ABCDEFGHJKLMNPQRSTUVWXYZ"

_CHECKSUM_OF = np.zeros(256, dtype=np.int64)
_CHECKSUM_OF[ord("0") : ord("9") + 1] = np.arange(10)
_CHECKSUM_OF[ord("-")] = 1
_ALPHA5_OF = np.full(256, -1, dtype=np.int64)
_ALPHA5_OF[[ord(letter) for letter in _ALPHA5]] = np.arange(10, 34)

# Characters that are always blank, by line (from 0).
_BLANKS = ((1, 8, 17, 32, 43, 52, 61, 63), (1, 7, 16, 25, 33, 42, 51))
# Keyword by which messages call it: line, first column, last column (both as documented, from 1), kind.
_FIELDS = {
    "CLASSIFICATION_TYPE": (1, 8, 8, "letter"),
    "EPOCH year": (1, 19, 20, "integer"),
    "EPOCH day": (1, 21, 32, "decimal"),
    "MEAN_MOTION_DOT": (1, 34, 43, "signed decimal"),
    "MEAN_MOTION_DDOT": (1, 45, 52, "exponential"),
    "BSTAR": (1, 54, 61, "exponential"),
    "EPHEMERIS_TYPE": (1, 63, 63, "integer"),
    "ELEMENT_SET_NO": (1, 65, 68, "integer"),
    "INCLINATION": (2, 9, 16, "decimal"),
    "RA_OF_ASC_NODE": (2, 18, 25, "decimal"),
    "ECCENTRICITY": (2, 27, 33, "fraction"),
    "ARG_OF_PERICENTER": (2, 35, 42, "decimal"),
    "MEAN_ANOMALY": (2, 44, 51, "decimal"),
    "MEAN_MOTION": (2, 53, 63, "decimal"),
    "REV_AT_EPOCH": (2, 64, 68, "integer"),
}


class _Set(Struct):
    """The lines of one set, numbers from 1; ``name`` is None where there was none."""

    name: bytes | None
    number1: int
    line1: bytes
    number2: int
    line2: bytes


class _FieldError(Exception):
    """What is wrong with one field of one line (1 or 2) of a set."""

    def __init__(self, line: int, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.line, self.field, self.reason = line, field, reason


def read_tle(data: bytes) -> PlacedSets:
    """Return the element sets of a file of two or three lines each, with or without ``0`` before names.

    No sets and nothing rejected means that the data hold no element line at all. Never raises.
    """
    found = PlacedSets("3le")
    sets = [one for one in _sets(data, found.rejected) if _has_good_lengths(one, found.rejected)]
    if not sets and not _is_tle(found.rejected):
        return PlacedSets("none")
    if sets and all(one.name is None for one in sets):
        found.form = "2le"
    good = _columns(sets, found.rejected)
    found.sets += _element_sets(sets, good)
    found.lines += [sets[place].number1 for place in good["place"].tolist()]
    found.rejected.sort(key=lambda one: one.line or 0)
    return found


def checksum(line: bytes) -> int:
    """Return the last digit that a TLE line should have: digits count as themselves, minus signs as 1."""
    return int(_CHECKSUM_OF[np.frombuffer(line[: LINE_LENGTH - 1], dtype=np.uint8)].sum() % 10)


def _is_tle(rejected: list[Rejection]) -> bool:
    return any(one.field in {"line 1", "line 2"} for one in rejected)


def _sets(data: bytes, rejected: list[Rejection]) -> Iterator[_Set]:
    """Put lines together to sets; a line that belongs to none is rejected."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    name: tuple[int, bytes] | None = None
    first: tuple[int, bytes] | None = None
    for number, line in enumerate([*map(bytes.rstrip, data.split(b"\n")), b"$"], 1):
        start = line[:2]
        if start == b"2 " and len(line) > _LONGEST_NAME:
            if first is not None:
                yield _Set(name[1] if name else None, *first, number, line)
            else:
                rejected.append(Rejection(line=number, field="line 2", reason="has no line 1 before it"))
            name = first = None
            continue
        if not line or start[:1] == b"#":
            continue
        if first is not None:
            rejected.append(Rejection(line=first[0], field="line 1", reason="has no line 2 after it"))
            name = first = None
        if start == b"1 " and len(line) > _LONGEST_NAME:
            first = (number, line)
            continue
        if name is not None:
            reason = (
                f"{name[1][:24].decode('ascii', 'replace')!r} is a name without element lines, or no TLE line"
            )
            rejected.append(Rejection(line=name[0], field="name", reason=reason))
        name = (number, line)


def _has_good_lengths(one: _Set, rejected: list[Rejection]) -> bool:
    for number, line, field in ((one.number1, one.line1, "line 1"), (one.number2, one.line2, "line 2")):
        if len(line) != LINE_LENGTH:
            reason = f"has {len(line)} characters, not {LINE_LENGTH}"
        elif not line.isascii():
            reason = "has characters that are not ASCII"
        else:
            continue
        rejected.append(Rejection(line=number, field=field, reason=reason))
        return False
    return True


def _columns(sets: Sequence[_Set], rejected: list[Rejection]) -> Columns:
    """Return the fields of all good sets as columns, and their places in ``sets`` as column ``place``."""
    first = _matrix([one.line1 for one in sets])
    second = _matrix([one.line2 for one in sets])
    columns, usual = _fast(first, second)
    good = np.ones(len(sets), dtype=bool)
    sums_right = _sums_right(first) & _sums_right(second)
    for place in np.flatnonzero(~(usual & sums_right)).tolist():
        try:
            for keyword, value in _Slow(sets[place]).read().items():
                columns[keyword][place] = value
        except _FieldError as error:
            good[place] = False
            rejected.append(_rejection(sets[place], error))
    for keyword, (least, most, _) in LIMITS.items():
        outside = good & ~((columns[keyword] >= least) & (columns[keyword] <= most))
        good &= ~outside
        for place in np.flatnonzero(outside).tolist():
            reason = out_of_limits(keyword, float(columns[keyword][place])) or ""
            rejected.append(_rejection(sets[place], _FieldError(_FIELDS[keyword][0], keyword, reason)))
    epochs, dated = _epochs(columns)
    for place in np.flatnonzero(good & ~dated).tolist():
        year, day = int(columns["EPOCH year"][place]), columns["EPOCH day"][place]
        reason = f"day {day} is not in {year_of_two_digits(year)}"
        rejected.append(_rejection(sets[place], _FieldError(1, "EPOCH", reason)))
    good &= dated
    kept = {keyword: column[good] for keyword, column in columns.items()}
    return kept | {"epoch": epochs[good], "place": np.flatnonzero(good)}


def _rejection(one: _Set, error: _FieldError) -> Rejection:
    number = one.number1 if error.line == 1 else one.number2
    return Rejection(line=number, field=error.field, reason=error.reason)


def _matrix(lines: list[bytes]) -> Characters:
    return np.frombuffer(b"".join(lines), dtype=np.uint8).reshape(-1, LINE_LENGTH)


def _sums_right(lines: Characters) -> NDArray[np.bool_]:
    given = lines[:, -1]
    is_right = _CHECKSUM_OF[lines[:, :-1]].sum(axis=1) % 10 == given - ord("0")
    return np.asarray(is_right & (given >= ord("0")) & (given <= ord("9")))


def _fast(first: Characters, second: Characters) -> tuple[Columns, NDArray[np.bool_]]:
    """Read all fields of all sets; the second value says whose lines are all in the usual form."""
    usual = np.ones(len(first), dtype=bool)
    for lines, blanks in zip((first, second), _BLANKS, strict=True):
        usual &= (lines[:, blanks] == ord(" ")).all(axis=1)
    columns: Columns = {}
    for keyword, (line, start, stop, kind) in _FIELDS.items():
        if kind != "letter":
            characters = (first, second)[line - 1][:, start - 1 : stop]
            columns[keyword], is_usual = _FAST_READERS[kind](characters)
            usual &= is_usual
    kind_letter = first[:, 7]
    usual &= ((kind_letter >= ord("A")) & (kind_letter <= ord("Z"))) | (kind_letter == ord(" "))
    columns["NORAD_CAT_ID"], is_usual = _fast_number(first[:, 2:7])
    other, other_is_usual = _fast_number(second[:, 2:7])
    usual &= is_usual & other_is_usual & (columns["NORAD_CAT_ID"] == other)
    return columns, usual


Reading = tuple[NDArray[Any], NDArray[np.bool_]]


def _fast_integer(characters: Characters) -> Reading:
    """Digits, right-aligned with blanks or zeros before them; nothing but blanks is 0."""
    digits = characters.astype(np.int64) - ord("0")
    is_digit = (digits >= 0) & (digits <= 9)
    is_blank = characters == ord(" ")
    usual = (is_digit | is_blank).all(axis=1) & ~(is_digit[:, :-1] & is_blank[:, 1:]).any(axis=1)
    powers = 10 ** np.arange(characters.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.where(is_digit, digits, 0) @ powers, usual


def _fast_decimal(characters: Characters) -> Reading:
    """A point in the documented place (eight decimals in wide fields, else four), blanks before it."""
    decimals = 8 if characters.shape[1] > 8 else 4
    point = characters.shape[1] - decimals - 1
    whole, usual = _fast_integer(np.delete(characters, point, axis=1))
    usual &= (characters[:, point] == ord(".")) & (characters[:, -1] != ord(" "))
    # Both are whole numbers below 2**53, so the quotient is the nearest float to the decimal.
    return whole / 10.0**decimals, usual


def _fast_signed_decimal(characters: Characters) -> Reading:
    sign, usual = _sign(characters[:, 0])
    size, is_decimal = _fast_decimal(characters[:, 1:])
    return sign * size, usual & is_decimal


def _fast_fraction(characters: Characters) -> Reading:
    whole, usual = _fast_integer(characters)
    return whole / 10.0 ** characters.shape[1], usual & (characters[:, -1] != ord(" "))


def _fast_exponential(characters: Characters) -> Reading:
    sign, usual = _sign(characters[:, 0])
    mantissa, is_whole = _fast_integer(characters[:, 1:6])
    exponent_sign, is_signed = _sign(characters[:, 6])
    exponent, is_digit = _fast_integer(characters[:, 7:8])
    usual &= is_whole & is_signed & is_digit & (characters[:, 5] != ord(" ")) & (characters[:, 7] != ord(" "))
    power = (exponent_sign * exponent).astype(np.int64) - 5
    scale = 10.0 ** np.abs(power)
    return sign * np.where(power < 0, mantissa / scale, mantissa * scale), usual


def _sign(characters: Characters) -> Reading:
    minus = characters == ord("-")
    return np.where(minus, -1.0, 1.0), minus | (characters == ord("+")) | (characters == ord(" "))


def _fast_number(characters: Characters) -> Reading:
    letter = _ALPHA5_OF[characters[:, 0]]
    rest, rest_is_usual = _fast_integer(characters[:, 1:])
    plain, plain_is_usual = _fast_integer(characters)
    is_alpha = (letter >= 0) & rest_is_usual & (characters[:, 1] != ord(" "))
    usual = is_alpha | (plain_is_usual & (characters[:, -1] != ord(" ")))
    return np.where(letter >= 0, letter * 10_000 + rest, plain), usual


_FAST_READERS = {
    "integer": _fast_integer,
    "decimal": _fast_decimal,
    "signed decimal": _fast_signed_decimal,
    "fraction": _fast_fraction,
    "exponential": _fast_exponential,
}


class _Slow:
    """Reads the fields of one set that is not in the usual form, or says what is wrong with it."""

    def __init__(self, one: _Set) -> None:
        self._lines = (one.line1.decode("ascii"), one.line2.decode("ascii"))

    def read(self) -> dict[str, float]:
        """Return the fields by keyword; raises _FieldError for the first that is wrong."""
        for number, line in enumerate(self._lines, 1):
            right = checksum(line.encode("ascii"))
            if line[-1] != str(right):
                raise _FieldError(number, "checksum", f"checksum is {line[-1]!r}, should be {right}")
        ids = [self._catalogue_number(number) for number in (1, 2)]
        if ids[0] != ids[1]:
            raise _FieldError(2, "NORAD_CAT_ID", f"line 2 is of object {ids[1]}, line 1 of object {ids[0]}")
        for number, (line, blanks) in enumerate(zip(self._lines, _BLANKS, strict=True), 1):
            for at in blanks:
                if line[at] != " ":
                    raise _FieldError(number, f"column {at + 1}", f"is {line[at]!r}, should be blank")
        values: dict[str, float] = {"NORAD_CAT_ID": ids[0]}
        for keyword, (number, start, stop, kind) in _FIELDS.items():
            text = self._lines[number - 1][start - 1 : stop]
            value = _slow_value(text, kind)
            if value is None:
                raise _FieldError(number, keyword, f"{text!r} is no {kind}")
            if kind != "letter":
                values[keyword] = value
        return values

    def _catalogue_number(self, number: int) -> int:
        text = self._lines[number - 1][2:7]
        plain = text.strip()
        if plain.isdigit():
            return int(plain)
        if re.fullmatch(rf"[{_ALPHA5}]\d{{4}}", plain):
            return (_ALPHA5.index(plain[0]) + 10) * 10_000 + int(plain[1:])
        raise _FieldError(number, "NORAD_CAT_ID", f"{text!r} is neither a number nor Alpha-5")


_EXPONENTIAL = re.compile(r"([+-]?) *(\d{1,5}) *(?:([+-]?) ?(\d))?")
_DECIMAL = re.compile(r"\d+\.?\d*|\.\d+")
_SIGNED_DECIMAL = re.compile(rf"[+-]? *({_DECIMAL.pattern})")


def _slow_value(text: str, kind: str) -> float | None:
    """Return the value of a field, None where it is not of its kind; blank is 0 where SGP4 can do without."""
    plain = text.strip()
    match kind:
        case "letter":
            value = 0.0 if not plain or plain.isalpha() else None
        case "integer":
            value = float(plain or "0") if re.fullmatch(r"\d*", plain) else None
        case "decimal":
            value = float(plain) if _DECIMAL.fullmatch(plain) else None
        case "signed decimal":
            value = (
                float(plain.replace(" ", "") or "0")
                if not plain or _SIGNED_DECIMAL.fullmatch(plain)
                else None
            )
        case "fraction":
            digits = text.rstrip(" ").replace(" ", "0") if re.fullmatch(r" *\d+ *", text) else ""
            value = float(f"0.{digits}") if digits else None
        case _:
            value = _slow_exponential(plain)
    return value


def _slow_exponential(plain: str) -> float | None:
    if not plain:
        return 0.0
    match = _EXPONENTIAL.fullmatch(plain)
    if match is None:
        return None
    sign, mantissa, exponent_sign, exponent = match.groups()
    return float(f"{sign}0.{mantissa}e{exponent_sign or ''}{exponent or 0}")


def _epochs(columns: Columns) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Instants in UTC, exact to the microsecond (1e-8 days are 864), and whether the day is one of its year."""
    two_digits = columns["EPOCH year"].astype(np.int64)
    years = np.where(two_digits >= 57, 1900 + two_digits, 2000 + two_digits)
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    days = columns["EPOCH day"]
    january = (years - 1970).astype("datetime64[Y]").astype("datetime64[us]")
    microseconds = np.round(days * 1e8).astype(np.int64) * 864 - 86_400_000_000
    return january + microseconds.astype("timedelta64[us]"), (days >= 1.0) & (days < 366.0 + leap)


def _element_sets(sets: Sequence[_Set], columns: Columns) -> list[ElementSet]:
    kept = [sets[place] for place in columns["place"].tolist()]
    fields: dict[str, Sequence[Any]] = {
        "object_name": [_name(one.name) for one in kept],
        "object_id": [international_designator(one.line1[9:17].decode("ascii")) for one in kept],
        "classification": [one.line1[7:8].decode("ascii").strip() for one in kept],
        "epoch_utc": np.datetime_as_string(columns["epoch"], unit="us").tolist(),
        "epoch_tai_s": tai_s_from_datetime64(columns["epoch"]).tolist(),
    }
    for keyword, name in FIELD_OF_KEYWORD.items():
        if name not in fields:
            fields[name] = columns[keyword].tolist()
    return [ElementSet(**dict(zip(fields, row, strict=True))) for row in zip(*fields.values(), strict=True)]


def _name(line: bytes | None) -> str:
    if line is None or line == b"0":
        return ""
    return text_of(line).removeprefix("0 ").strip()
