"""Positions that observers of satellites report: the formats IOD, UK (RGO) and RDE, of the SeeSat-L list.

Fixed columns throughout (satobs.org, "IOD", "U.K." and "R.D.E. observation format"). Right ascensions are by the star
chart that a code names, and come out on GCRF axes. How sure a time is counts as well: where the same station saw the
object shortly before or after, the angle that it goes in that time is added to the uncertainty of the angles.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Observation, ObservationKind, SignalPath
from commonsky.formats.errors import FormatError, Rejection
from commonsky.formats.radec import gcrf_from_chart

_CHARTS = {
    "0": "date",
    " ": "date",
    "": "date",
    "1": "B1855",
    "2": "B1875",
    "3": "B1900",
    "4": "B1950",
    "5": "J2000",
    "6": "J2050",
}
_IOD_LOOSE = re.compile(r"\d{5} .{9} \S{4} .{19}.*")
_IOD = re.compile(
    r"(?P<number>\d{5}) \d\d \d{3}[A-Z ]{3} (?P<station>\d{4}|[A-Z]{4}|TRU\d|\d{3}T|T\d{3}) [EGFPBT ] "
    r"(?P<time>\d{8,17}) *(?P<rest>.*)"
)
_IOD_ANGLES = re.compile(
    r"(?P<time_sigma>\d\d) (?P<form>[1-7])(?P<chart>[0-6 ]) (?=[\d ]{7}[+-])(?P<first>\d{3,7} *)(?P<sign>[+-])"
    r"(?P<second>\d{2,6} *?)(?: +(?P<sigma>\d\d)(?: [ABEFHIPRSVX](?:[+-]\d\d[\d ](?: [1-9]\d?)?)?)?)? *"
)
_UK_LOOSE = re.compile(r"\d{7}\S{4}\d{10}.{20,}")
_UK_COLUMNS = (0, 7, 11, 17, 27, 32, 33, 34, 42, 50, 54, 55, 80)
_UK_PARTS = tuple(
    re.compile(part)
    for part in (
        r"\d{5}(?:\d\d|[A-Z][A-Z ])",  # designator
        r"\d{4}|TRU\d|[A-Z]{4}|[A-Z]{2}\d\d",  # station
        r"\d{6}",  # date
        r"\d{4,10} *",  # time
        r"\d{1,5} *",  # its uncertainty
        r"[\d ]",  # time standard
        r"[1-6]",  # form of the angles
        r"\d{4,8} *",
        r"[+-]\d{2,7} *",
        r" ?\d{1,4} *| {3}\d| *",  # their uncertainty
        r"[0-6 ]?",  # chart
        r" *|.{13}(?:[+\-\d]\d[\d ]|   )(?:[+\-\d]\d[\d ]|INV|   )(?! {4}0)[ \d]{0,5}[SIRFEX]? *",  # brightness
    )
)
_RDE_HEAD = re.compile(
    r"(?P<station>\S{4}) (?P<month>\d{4}) (?P<time_sigma>\d\.\d)\d1 (?P<sigma>\d{1,3})(?P<chart>\d)\s*"
)
_RDE_ROW = re.compile(
    r"(?P<designator>\d{7}) (?P<time>\d{6}(?:\.\d+)?) (?P<first>\d{6})(?P<second>[+-]\d{6})(?: .*)?"
)
_RDE_DAY = re.compile(r"\d\d\s*")
_DEFAULT_SIGMA_RAD = math.radians(0.02)
_LEAST_SIGMA_RAD = math.radians(1.0 / 3600.0)
_NEIGHBOUR_S = 300.0
_ARCMINUTE, _ARCSECOND = math.radians(1.0 / 60.0), math.radians(1.0 / 3600.0)


class OpticalFile(Struct, frozen=True):
    """What a report gave: the form, observations in its order, and lines that could not be read."""

    form: str
    observations: list[Observation]
    rejected: list[Rejection]


@dataclass(frozen=True)
class _Row:
    line: int
    station: str
    target: str
    epoch_tai_s: float
    kind: ObservationKind
    first_rad: float
    second_rad: float
    chart: str
    sigma_rad: float
    time_sigma_s: float


_Reader = Callable[[list[str], list[Rejection]], Iterator[_Row]]


def read_optical(data: bytes, *, source: str) -> OpticalFile:
    """Read a report in whichever of the formats most of its lines are; other text around the lines is left out.

    A line that begins like an observation but cannot be read is listed. Raises FormatError when there is none.
    """
    lines = data.decode("latin-1").splitlines()
    best: tuple[str, list[_Row], list[Rejection]] = ("", [], [])
    for form, reader in _READERS.items():
        rejected: list[Rejection] = []
        rows = list(reader(lines, rejected))
        if len(rows) > len(best[1]):
            best = (form, rows, rejected)
    form, rows, rejected = best
    if not rows:
        raise FormatError(source, "holds no observation in the formats IOD, UK or RDE")
    return OpticalFile(form, [_observation(row) for row in _with_timing(rows)], rejected)


def _iod(lines: list[str], rejected: list[Rejection]) -> Iterator[_Row]:
    for number, line in enumerate(lines, 1):
        match = _IOD.fullmatch(line.rstrip())
        angles = match and _IOD_ANGLES.fullmatch(match["rest"])
        if match is None or angles is None:
            if _IOD_LOOSE.fullmatch(line) and line[47:61].strip():
                reason = "does not keep to the columns of the IOD format"
                rejected.append(Rejection(line=number, reason=reason))
            continue  # without angles: a brightness, or a report that nothing was seen
        try:
            yield _iod_row(number, match, angles)
        except ValueError as error:
            rejected.append(Rejection(line=number, reason=str(error)))


def _iod_row(number: int, match: re.Match[str], angles: re.Match[str]) -> _Row:
    form, sigma = angles["form"], _mantissa_exponent(angles["sigma"])
    kind, first, second = _IOD_FORMS[form](angles["first"], angles["sign"] + angles["second"])
    unit = {"1": _ARCSECOND, "4": _ARCSECOND, "2": _ARCMINUTE, "5": _ARCMINUTE}.get(form, math.radians(1.0))
    return _Row(
        line=number,
        station=match["station"],
        target=match["number"],
        epoch_tai_s=_epoch(match["time"]),
        kind=kind,
        first_rad=first,
        second_rad=second,
        chart=_CHARTS[angles["chart"]],
        sigma_rad=_DEFAULT_SIGMA_RAD if sigma is None else sigma * unit,
        time_sigma_s=_mantissa_exponent(angles["time_sigma"]) or 0.0,
    )


def _uk(lines: list[str], rejected: list[Rejection]) -> Iterator[_Row]:
    for number, line in enumerate(lines, 1):
        cells = [line[a:b] for a, b in pairwise(_UK_COLUMNS)]
        if len(line) > 80 or not all(
            part.fullmatch(cell) for part, cell in zip(_UK_PARTS, cells, strict=True)
        ):
            if _UK_LOOSE.fullmatch(line):
                reason = "does not keep to the columns of the UK format"
                rejected.append(Rejection(line=number, reason=reason))
            continue
        try:
            yield _uk_row(number, cells)
        except ValueError as error:
            rejected.append(Rejection(line=number, reason=str(error)))


def _uk_row(number: int, cells: list[str]) -> _Row:
    designator, station, date, time, time_sigma, _, form, one, two, sigma, chart, _ = cells
    kind, first, second = _UK_FORMS[form](one, two)
    # Uncertainties are digits with the point left out: SSSs, MMmm or Dddd.
    unit = {"1": 0.1 * _ARCSECOND, "4": 0.1 * _ARCSECOND, "2": 0.01 * _ARCMINUTE, "5": 0.01 * _ARCMINUTE}
    return _Row(
        line=number,
        station=station,
        target=designator.strip(),
        epoch_tai_s=_epoch(_century(date[:2]) + date[2:] + time.strip()),
        kind=kind,
        first_rad=first,
        second_rad=second,
        chart=_CHARTS[chart],
        sigma_rad=_padded(sigma, 4) * unit.get(form, math.radians(1e-3)) or _DEFAULT_SIGMA_RAD,
        time_sigma_s=_padded(time_sigma, 5) * 1e-4,
    )


def _rde(lines: list[str], rejected: list[Rejection]) -> Iterator[_Row]:
    head, day = None, ""
    for number, line in enumerate(lines, 1):
        if (found := _RDE_HEAD.fullmatch(line)) is not None:
            head, day = found, ""
        elif line.startswith("999"):
            head = None
        elif head is not None and _RDE_DAY.fullmatch(line):
            day = line.strip()
        elif head is not None and day and (row := _RDE_ROW.fullmatch(line.rstrip())) is not None:
            try:
                date = _century(head["month"][:2]) + head["month"][2:] + day
                first, second = _hms(row["first"]), _dms(row["second"])
                yield _Row(
                    line=number,
                    station=head["station"],
                    target=row["designator"],
                    epoch_tai_s=_epoch(date + row["time"].replace(".", "")),
                    kind=ObservationKind.RA_DEC,
                    first_rad=first,
                    second_rad=second,
                    chart=_CHARTS[head["chart"]],
                    sigma_rad=float(head["sigma"]) * _ARCSECOND or _DEFAULT_SIGMA_RAD,
                    time_sigma_s=float(head["time_sigma"]),
                )
            except (ValueError, KeyError) as error:
                rejected.append(Rejection(line=number, reason=str(error)))


_READERS: dict[str, _Reader] = {"IOD": _iod, "UK": _uk, "RDE": _rde}


def _mantissa_exponent(text: str | None) -> float | None:
    """MX as M * 10^(X - 8)."""
    return None if text is None else int(text[0]) * 10.0 ** (int(text[1]) - 8)


def _padded(text: str, width: int) -> float:
    """Digits in fixed columns, blanks on the right for zeros."""
    return float(text.ljust(width).rstrip().ljust(width, "0").replace(" ", "0")) if text.strip() else 0.0


def _century(two_digits: str) -> str:
    return ("19" if int(two_digits) >= 57 else "20") + two_digits


def _epoch(digits: str) -> float:
    """YYYYMMDDHHMMSSsss, without the digits that were not known."""
    digits = digits.replace(" ", "")
    if len(digits) < 12:
        raise ValueError(f"time {digits} does not go to the minute")
    whole, fraction = digits[:14].ljust(14, "0"), digits[14:]
    date = f"{whole[:4]}-{whole[4:6]}-{whole[6:8]}"
    return tai_s_from_utc(f"{date}T{whole[8:10]}:{whole[10:12]}:{whole[12:14]}.{fraction or 0}")


def _number(text: str, width: int, decimals: int) -> float:
    digits = text.strip().replace(" ", "0").ljust(width, "0")
    if not digits.isdigit() or len(digits) != width:
        raise ValueError(f"{text!r} is no angle")
    return int(digits) / 10.0**decimals


def _sexagesimal(text: str, lead: int, decimals: int, *, seconds: bool) -> float:
    """DD MM SS.s or DD MM.mm as a number of the leading unit; what is blank at the end is zero."""
    text = text.rstrip()
    whole = _number(text[:lead], lead, 0)
    minutes = _number(text[lead : lead + 2], 2, 0)
    rest = text[lead + 2 :].strip()
    more = int(rest) / 10.0 ** (len(rest) - (2 if seconds else 0)) if rest else 0.0
    if minutes >= 60.0 or (seconds and more >= 60.0) or decimals < 0:
        raise ValueError(f"{text!r} is no angle")
    return whole + (minutes + (more / 60.0 if seconds else more)) / 60.0


def _hms(text: str) -> float:
    return _within(math.radians(15.0 * _sexagesimal(text, 2, 0, seconds=True)), math.tau)


def _hm(text: str) -> float:
    return _within(math.radians(15.0 * _sexagesimal(text, 2, 0, seconds=False)), math.tau)


def _signed(text: str) -> tuple[float, str]:
    sign = -1.0 if text[0] == "-" else 1.0
    if text[0] not in "+- ":
        raise ValueError(f"{text!r} has no sign")
    return sign, text[1:]


def _dms(text: str) -> float:
    sign, rest = _signed(text)
    return _within(sign * math.radians(_sexagesimal(rest, 2, 0, seconds=True)), math.pi / 2.0)


def _dm(text: str) -> float:
    sign, rest = _signed(text)
    return _within(sign * math.radians(_sexagesimal(rest, 2, 0, seconds=False)), math.pi / 2.0)


def _decimal(text: str) -> float:
    sign, rest = _signed(text)
    digits = rest.strip()
    return _within(sign * math.radians(_number(digits, len(digits), len(digits) - 2)), math.pi / 2.0)


def _azimuth(text: str, *, seconds: bool) -> float:
    return _within(math.radians(_sexagesimal(text, 3, 0, seconds=seconds)), math.tau)


def _azimuth_decimal(text: str) -> float:
    digits = text.strip()
    return _within(math.radians(_number(digits, len(digits), len(digits) - 3)), math.tau)


def _within(angle: float, limit: float) -> float:
    if abs(angle) > limit:
        raise ValueError(f"an angle of {math.degrees(angle):.3f} degrees is beyond its range")
    return angle


_Angles = tuple[ObservationKind, float, float]
_RA, _AZ = ObservationKind.RA_DEC, ObservationKind.AZ_EL
_IOD_FORMS: dict[str, Callable[[str, str], _Angles]] = {
    "1": lambda one, two: (_RA, _hms(one), _dms(two)),
    "2": lambda one, two: (_RA, _hm(one), _dm(two)),
    "3": lambda one, two: (_RA, _hm(one), _decimal(two)),
    "4": lambda one, two: (_AZ, _azimuth(one, seconds=True), _dms(two)),
    "5": lambda one, two: (_AZ, _azimuth(one, seconds=False), _dm(two)),
    "6": lambda one, two: (_AZ, _azimuth_decimal(one), _decimal(two)),
    "7": lambda one, two: (_RA, _hms(one), _decimal(two)),
}
_UK_FORMS = {form: _IOD_FORMS[form] for form in "123456"}


def _with_timing(rows: list[_Row]) -> list[_Row]:
    """Add to each uncertainty the angle that the object goes in that of the time, where a neighbour tells its rate."""
    made = []
    for row in rows:
        near = [
            other
            for other in rows
            if other is not row
            and (other.station, other.target, other.kind) == (row.station, row.target, row.kind)
            and 0.5 < abs(other.epoch_tai_s - row.epoch_tai_s) < _NEIGHBOUR_S
        ]
        rate = 0.0
        if near:
            other = min(near, key=lambda one: abs(one.epoch_tai_s - row.epoch_tai_s))
            rate = _apart(row, other) / abs(other.epoch_tai_s - row.epoch_tai_s)
        sigma = math.hypot(max(row.sigma_rad, _LEAST_SIGMA_RAD), rate * row.time_sigma_s)
        made.append(replace(row, sigma_rad=sigma))
    return made


def _apart(one: _Row, other: _Row) -> float:
    half_lat, half_lon = 0.5 * (one.second_rad - other.second_rad), 0.5 * (one.first_rad - other.first_rad)
    level = math.cos(one.second_rad) * math.cos(other.second_rad)
    return 2.0 * math.asin(min(1.0, math.sqrt(math.sin(half_lat) ** 2 + level * math.sin(half_lon) ** 2)))


def _observation(row: _Row) -> Observation:
    first, second = row.first_rad, row.second_rad
    if row.kind is ObservationKind.RA_DEC:
        first, second = gcrf_from_chart(row.chart, row.epoch_tai_s, first, second)
    return Observation(
        kind=row.kind,
        epoch_tai_s=row.epoch_tai_s,
        sensor=row.station,
        values=(first, second),
        sigmas=(row.sigma_rad / max(math.cos(second), 1e-3), row.sigma_rad),
        biases=(0.0, 0.0),
        path=SignalPath.ONE_WAY,
        target=row.target,
    )
