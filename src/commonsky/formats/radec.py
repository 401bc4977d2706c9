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
