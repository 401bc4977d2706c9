"""Time scales. Inside, an epoch is TAI seconds since 2000-01-01T12:00:00 TAI, a float (0.1 us fine until 2068).

Leap seconds come from the table in ERFA (the IAU's SOFA algorithms), which pyerfa carries. Its warning about years
past the table ("dubious year") is not passed on: planning dates of the future use the last known offset.
"""

import datetime as dt
import math
import re
from decimal import Decimal
from functools import lru_cache

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

J2000_JD = 2451545.0
UNIX_EPOCH_JD = 2440587.5
SECONDS_PER_DAY = 86400.0

_TEXT = re.compile(r"(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{0,18}))?Z?", re.ASCII)
_DAY_ZERO = dt.date(2000, 1, 1).toordinal()
_NOON_S = 43200
_LAST_TAI_S = (dt.date.max.toordinal() - _DAY_ZERO) * 86400.0
_MICROSECONDS_PER_DAY = 86_400_000_000
_WHOLE_LEAP_SECONDS_FROM_TAI_S = (dt.date(1972, 1, 1).toordinal() - _DAY_ZERO) * 86400 - _NOON_S + 10

_TAI_MINUS_SCALE_S = {
    "TAI": Decimal(0),
    "GPS": Decimal(19),
    "TT": Decimal("-32.184"),
    "TDT": Decimal("-32.184"),
}
TIME_SYSTEMS = frozenset({"UTC", "TDB", "TCB", "TCG", *_TAI_MINUS_SCALE_S})
"""The names of the CCSDS time systems that `tai_s_from_text` reads."""


def tai_s_from_jd_utc(jd1: ArrayLike, jd2: ArrayLike) -> NDArray[np.float64]:
    """TAI seconds since J2000 from two-part quasi-Julian dates in UTC (ERFA's convention for leap days)."""
    tai1, tai2, _ = erfa.ufunc.utctai(jd1, jd2)
    return np.asarray((tai1 - J2000_JD) * SECONDS_PER_DAY + tai2 * SECONDS_PER_DAY, dtype=np.float64)


def jd_utc_from_tai_s(tai_s: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two-part quasi-Julian dates in UTC from TAI seconds since J2000."""
    jd1, jd2, _ = erfa.ufunc.taiutc(J2000_JD, np.asarray(tai_s, dtype=np.float64) / SECONDS_PER_DAY)
    return np.asarray(jd1), np.asarray(jd2)


def unix_s_from_tai_s(tai_s: float) -> int:
    """Whole POSIX seconds, in which no leap second counts, from TAI seconds since J2000."""
    jd1, jd2 = jd_utc_from_tai_s(tai_s)
    return math.floor((float(jd1) - UNIX_EPOCH_JD + float(jd2)) * SECONDS_PER_DAY + 1e-4)


def tai_s_from_unix_s(unix_s: float) -> float:
    """TAI seconds since J2000 from POSIX seconds, in which no leap second counts."""
    return float(tai_s_from_jd_utc(UNIX_EPOCH_JD, unix_s / SECONDS_PER_DAY))


def tai_s_from_utc(text: str) -> float:
    """TAI seconds since J2000 from a CCSDS ASCII time code in UTC, calendar (A) or day-of-year (B).

    Raises ValueError for text that is no such time, a date that does not exist, or a second past its minute.
    """
    return tai_s_from_text(text, "UTC")


def tai_s_from_text(text: str, time_system: str) -> float:
    """TAI seconds since J2000, rounded once, from a CCSDS ASCII time code (A or B) in one of `TIME_SYSTEMS`.

    Only UTC has a second 60, and only where a leap second was inserted. Raises ValueError as `tai_s_from_utc`,
    and for a time system that is not known. TDB, TCB and TCG go through ERFA and are good to 0.1 us.
    """
    day, second_of_day, fraction = _fields(text, leap=time_system == "UTC")
    if time_system == "UTC":
        fraction += _utc_offset_s(day, second_of_day / SECONDS_PER_DAY)
    elif time_system in _TAI_MINUS_SCALE_S:
        fraction += _TAI_MINUS_SCALE_S[time_system]
    else:
        return _tai_s_from_relativistic(day, float(second_of_day + fraction), time_system)
    return float(day * 86400 - _NOON_S + second_of_day + fraction)


def is_time_text(text: str, *, leap: bool) -> bool:
    """Whether a text is a CCSDS ASCII time code (A or B) of a date that exists; ``leap`` allows a leap second."""
    try:
        _fields(text, leap=leap)
    except ValueError:
        return False
    return True


def tai_s_from_datetime64(utc: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """TAI seconds since J2000 from UTC in numpy's calendar, which has no second 60; exact to the microsecond."""
    microseconds = (utc.astype("datetime64[us]") - np.datetime64("2000-01-01", "us")).astype(np.int64)
    days = microseconds // _MICROSECONDS_PER_DAY
    each, place = np.unique(days, return_inverse=True)
    offsets_us = np.array([int(_utc_offset_s(int(day), 0.0) * 1_000_000) for day in each], dtype=np.int64)[
        place
    ]
    for one in np.flatnonzero(days * 86400 < _WHOLE_LEAP_SECONDS_FROM_TAI_S).tolist():  # UTC drifted then
        day, rest = divmod(int(microseconds[one]), _MICROSECONDS_PER_DAY)
        offsets_us[one] = round(_utc_offset_s(day, rest / _MICROSECONDS_PER_DAY) * 1_000_000)
    return np.asarray((microseconds - _NOON_S * 1_000_000 + offsets_us) / 1e6, dtype=np.float64)


def utc_text_from_tai_s(tai_s: float) -> str:
    """ISO 8601 text in UTC, ending in Z, with as many decimals as `tai_s_from_utc` needs to give ``tai_s`` back.

    Exact to a femtosecond from 1972 on; before, UTC was steered and the text has nanoseconds. Raises ValueError
    where there is no such date (after the year 9999, or for what is no number).
    """
    if not tai_s < _LAST_TAI_S:
        raise ValueError(f"{tai_s} TAI seconds have no date")
    if tai_s < _WHOLE_LEAP_SECONDS_FROM_TAI_S:
        return utc_from_tai_s(tai_s, digits=9)
    exact = round(Decimal(repr(tai_s)), 15)
    day = math.floor((exact + _NOON_S) / 86400)
    if exact < day * 86400 - _NOON_S + _utc_offset_s(day, 0.0):
        day -= 1
    second_of_day = exact - (day * 86400 - _NOON_S + _utc_offset_s(day, 0.0))
    whole = int(second_of_day)
    hour, minute = min(whole // 3600, 23), min(whole // 60 % 60 if whole < 86400 else 59, 59)
    second = f"{whole - hour * 3600 - minute * 60:02d}"
    fraction = f"{second_of_day - whole:f}"[1:].rstrip("0").rstrip(".")
    return f"{dt.date.fromordinal(day + _DAY_ZERO)}T{hour:02d}:{minute:02d}:{second}{fraction}Z"


def utc_from_tai_s(tai_s: float, *, digits: int = 3) -> str:
    """ISO 8601 text in UTC with ``digits`` decimals of the second, ending in Z."""
    return utc_texts_from_tai_s([tai_s], digits=digits)[0]


def utc_texts_from_tai_s(tai_s: ArrayLike, *, digits: int = 3) -> list[str]:
    """Give what `utc_from_tai_s` gives for each of many epochs."""
    jd1, jd2 = jd_utc_from_tai_s(tai_s)
    year, month, day, hmsf, _ = erfa.ufunc.d2dtf(b"UTC", digits, jd1, jd2)
    columns = [each.tolist() for each in (year, month, day, hmsf["h"], hmsf["m"], hmsf["s"], hmsf["f"])]
    whole = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}"
    form = f"{whole}.{{:0{digits}d}}Z" if digits else f"{whole}Z"
    return [form.format(*row) for row in zip(*columns, strict=True)]


def _fields(text: str, *, leap: bool) -> tuple[int, int, Decimal]:
    """Days since 2000-01-01, whole seconds of the day and the rest of the second."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time: expected YYYY-MM-DDThh:mm:ss or YYYY-DDDThh:mm:ss")
    year, month, day_of_month, day_of_year, hour, minute, second, fraction = match.groups()
    try:
        date = dt.date(int(year), int(month or 1), int(day_of_month or 1))
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None
    day = date.toordinal() - _DAY_ZERO
    if day_of_year is not None:
        day += int(day_of_year) - 1
        last = dt.date(date.year, 12, 31).toordinal() - _DAY_ZERO
        if not date.toordinal() - _DAY_ZERO <= day <= last:
            raise ValueError(f"{text!r} is not a day of {year}")
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        raise ValueError(f"{text!r} is not a time of day")
    if second == "60" and not (leap and hour + minute == "2359" and _has_leap_second(day)):
        raise ValueError(f"{text!r} has a second 60 where no leap second was inserted")
    rest = Decimal(f"0.{fraction}") if fraction else Decimal(0)
    return day, int(hour) * 3600 + int(minute) * 60 + int(second), rest


def _utc_offset_s(day: int, day_fraction: float) -> Decimal:
    """TAI minus UTC: whole seconds since 1972, drifting before, zero before 1960."""
    return _offset_s(day, day_fraction if day * 86400 < _WHOLE_LEAP_SECONDS_FROM_TAI_S else 0.0)


@lru_cache(maxsize=4096)
def _offset_s(day: int, day_fraction: float) -> Decimal:
    date = dt.date.fromordinal(day + _DAY_ZERO)
    offset_s, _ = erfa.ufunc.dat(date.year, date.month, date.day, min(day_fraction, 1.0))
    return Decimal(repr(float(offset_s)))


def _has_leap_second(day: int) -> bool:
    return _utc_offset_s(day + 1, 0.0) - _utc_offset_s(day, 0.0) == 1


def _tai_s_from_relativistic(day: int, second_of_day: float, time_system: str) -> float:
    jd = (J2000_JD - 0.5 + day, second_of_day / SECONDS_PER_DAY)
    if time_system == "TCG":
        jd = erfa.tcgtt(*jd)
    elif time_system in {"TDB", "TCB"}:
        tdb = erfa.tcbtdb(*jd) if time_system == "TCB" else jd
        # At the geocentre: a station's own place moves TDB - TT by 2 us at most.
        jd = erfa.tdbtt(*tdb, erfa.dtdb(*tdb, 0.0, 0.0, 0.0, 0.0))
    else:
        raise ValueError(f"{time_system!r} is not one of the time systems {', '.join(sorted(TIME_SYSTEMS))}")
    tai1, tai2 = erfa.tttai(*jd)
    return float((tai1 - J2000_JD) * SECONDS_PER_DAY + tai2 * SECONDS_PER_DAY)
