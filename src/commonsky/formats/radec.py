"""Right ascension and declination in the inertial frames that formats name, on the axes of the GCRF."""

import math

import erfa
import numpy as np

_J2000_JD = 2451545.0

FRAMES = frozenset({"GCRF", "ICRF", "EME2000", "J2000"})
"""Names of frames that `gcrf_from` takes. ICRF and GCRF share their axes."""


def gcrf_from(frame: str, right_ascension_rad: float, declination_rad: float) -> tuple[float, float]:
    """Return right ascension and declination on GCRF axes, radians.

    EME2000 (the mean equator and equinox of J2000) differs by the frame bias, 23 milliarcseconds (IERS
    Conventions 2010, 5.4.4); a direction in GCRF or ICRF is returned as it is.
    """
    if frame in {"GCRF", "ICRF"}:
        return right_ascension_rad, declination_rad
    bias, _, _ = erfa.bp00(_J2000_JD, 0.0)
    direction = np.asarray(bias).T @ erfa.s2c(right_ascension_rad, declination_rad)
    longitude, latitude = erfa.c2s(direction)
    turns = math.floor((right_ascension_rad - float(longitude)) / math.tau + 0.5)
    return float(longitude) + turns * math.tau, float(latitude)


def gcrf_from_chart(
    epoch: str, tai_s: float, right_ascension_rad: float, declination_rad: float
) -> tuple[float, float]:
    """As `gcrf_from`, from a star chart of a year (``B1950``, ``J2000``) or, with ``date``, of the day itself.

    B1950 is the system of the FK4, the others are precession alone (IAU 2006): arcseconds for the oldest charts.
    """
    if epoch == "J2000":
        return gcrf_from("J2000", right_ascension_rad, declination_rad)
    if epoch == "B1950":
        ra, dec = erfa.fk45z(right_ascension_rad, declination_rad, 1950.0)
        return gcrf_from("J2000", float(ra), float(dec))
    if epoch == "date":
        jd1, jd2 = _J2000_JD, tai_s / 86400.0
    else:
        year = float(epoch[1:])
        jd1, jd2 = erfa.epb2jd(year) if epoch[0] == "B" else erfa.epj2jd(year)
    direction = np.asarray(erfa.pmat06(jd1, jd2)).T @ erfa.s2c(right_ascension_rad, declination_rad)
    longitude, latitude = erfa.c2s(direction)
    return float(longitude) % math.tau, float(latitude)
