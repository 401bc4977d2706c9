"""Time scales. Inside, an epoch is TAI seconds since 2000-01-01T12:00:00 TAI, a float (0.1 us fine until 2068).

Leap seconds come from the table in ERFA (the IAU's SOFA algorithms), which pyerfa carries. Its warning about years
past the table ("dubious year") is not passed on: planning dates of the future use the last known offset.
"""

import re

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

J2000_JD = 2451545.0
SECONDS_PER_DAY = 86400.0

_CALENDAR = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d(?:\.\d*)?)Z?")
_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})[T ](\d\d):(\d\d):(\d\d(?:\.\d*)?)Z?")


def tai_s_from_jd_utc(jd1: ArrayLike, jd2: ArrayLike) -> NDArray[np.float64]:
    """TAI seconds since J2000 from two-part quasi-Julian dates in UTC (ERFA's convention for leap days)."""
    tai1, tai2, _ = erfa.ufunc.utctai(jd1, jd2)
    return np.asarray((tai1 - J2000_JD) * SECONDS_PER_DAY + tai2 * SECONDS_PER_DAY, dtype=np.float64)


def jd_utc_from_tai_s(tai_s: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two-part quasi-Julian dates in UTC from TAI seconds since J2000."""
    jd1, jd2, _ = erfa.ufunc.taiutc(J2000_JD, np.asarray(tai_s, dtype=np.float64) / SECONDS_PER_DAY)
    return np.asarray(jd1), np.asarray(jd2)


def tai_s_from_utc(text: str) -> float:
    """TAI seconds since J2000 from a CCSDS ASCII time code in UTC, calendar (A) or day-of-year (B).

    Raises ValueError for text that is no such time, a date that does not exist, or a second past its minute.
    """
    year, month, day, hour, minute, second = _fields(text)
    if hour > 23 or minute > 59 or second >= 61.0:
        raise ValueError(f"{text!r} is not a UTC time")
    jd1, jd2, status = erfa.ufunc.dtf2d(b"UTC", year, month, day, hour, minute, second)
    if int(status) < 0 or int(status) in {2, 3}:
        raise ValueError(f"{text!r} is not a UTC time")
    tai1, tai2, status = erfa.ufunc.utctai(jd1, jd2)
    if int(status) < 0:
        raise ValueError(f"{text!r} is outside UTC")
    return float((tai1 - J2000_JD) * SECONDS_PER_DAY + tai2 * SECONDS_PER_DAY)


def utc_from_tai_s(tai_s: float, *, digits: int = 3) -> str:
    """ISO 8601 text in UTC with ``digits`` decimals of the second, ending in Z."""
    jd1, jd2 = jd_utc_from_tai_s(tai_s)
    year, month, day, hmsf, _ = erfa.ufunc.d2dtf(b"UTC", digits, jd1, jd2)
    clock = f"{int(hmsf['h']):02d}:{int(hmsf['m']):02d}:{int(hmsf['s']):02d}"
    fraction = f".{int(hmsf['f']):0{digits}d}" if digits else ""
    return f"{int(year):04d}-{int(month):02d}-{int(day):02d}T{clock}{fraction}Z"


def _fields(text: str) -> tuple[int, int, int, int, int, float]:
    if match := _CALENDAR.fullmatch(text):
        year, month, day, hour, minute, second = match.groups()
        return int(year), int(month), int(day), int(hour), int(minute), float(second)
    if match := _DAY_OF_YEAR.fullmatch(text):
        year, day_of_year, hour, minute, second = match.groups()
        jd1, jd2 = erfa.cal2jd(int(year), 1, 1)
        y, m, d, _ = erfa.jd2cal(jd1, jd2 + int(day_of_year) - 1)
        if int(y) != int(year):
            raise ValueError(f"{text!r} is not a day of {year}")
        return int(y), int(m), int(d), int(hour), int(minute), float(second)
    raise ValueError(f"{text!r} is not a time: expected YYYY-MM-DDThh:mm:ss or YYYY-DDDThh:mm:ss")
