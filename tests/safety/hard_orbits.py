"""Orbits that screens stumble over, as pairs of element lines: real ones by their traits, and made-up ones."""

import numpy as np
from sgp4.api import WGS72, Satrec
from sgp4.exporter import export_tle

EARTH_KM = 6378.135
MU_KM3_S2 = 398600.8
"""WGS 72, as in the theory."""
DAY_MIN = 1440.0
EPOCH_DAYS = 27250.0
"""2024-08-09T00:00 UTC in days since 1949-12-31."""


def perigee_km(lines):
    return _satellite(lines).altp * EARTH_KM


def apogee_km(lines):
    return _satellite(lines).alta * EARTH_KM


def _satellite(lines):
    return Satrec.twoline2rv(*lines)


def chosen(catalogue, wanted):
    """Those of the catalogue for whose satellite ``wanted(perigee, apogee, satellite)`` holds."""
    kept = []
    for lines in catalogue:
        one = _satellite(lines)
        if wanted(one.altp * EARTH_KM, one.alta * EARTH_KM, one):
            kept.append(lines)
    return kept


def low_shell(perigee, apogee, one):
    """Starlink's and its neighbours' 550 km."""
    return 450.0 < perigee <= 600.0 and 500.0 <= apogee < 700.0


def sun_synchronous_shell(perigee, apogee, one):
    return perigee <= 900.0 and apogee >= 700.0 and one.ecco < 0.05


def geostationary_belt(perigee, apogee, one):
    return perigee > 34_000.0 and apogee < 38_000.0


def eccentric_low_or_deep(perigee, apogee, one):
    """High eccentricity, low perigee, or a period in resonance with the Earth's turn."""
    revolutions = one.no_kozai * DAY_MIN / (2.0 * np.pi)
    return one.ecco > 0.25 or perigee < 250.0 or 0.9 < revolutions < 1.1 or 1.9 < revolutions < 2.1


def made(number, *, axis_km, eccentricity, inclination, node, perigee_argument, anomaly, bstar=0.0):
    """Lines of a made-up satellite, angles in degrees."""
    motion = np.sqrt(MU_KM3_S2 / axis_km**3) * 60.0  # radians a minute
    one = Satrec()
    angles = np.radians(np.mod([perigee_argument, inclination, anomaly, node], 360.0)).tolist()
    one.sgp4init(
        WGS72, "i", number, EPOCH_DAYS, bstar, 0.0, 0.0, eccentricity, *angles[:3], float(motion), angles[3]
    )
    return export_tle(one)


def molniya(generator, count, first=80_000):
    """Half-day orbits in three planes, close on each other's heels."""
    return [
        made(
            first + n,
            axis_km=26_554.0 + generator.normal(0.0, 5.0),
            eccentricity=0.72 + generator.normal(0.0, 1e-3),
            inclination=63.4 + generator.normal(0.0, 0.02),
            node=120.0 * (n % 3) + generator.normal(0.0, 0.02),
            perigee_argument=270.0 + generator.normal(0.0, 0.05),
            anomaly=generator.uniform(0.0, 360.0),
        )
        for n in range(count)
    ]


def transfer_orbits(generator, count, first=81_000):
    """Perigee at 110 km and deep drag, apogee at the geostationary ring."""
    return [
        made(
            first + n,
            axis_km=(2 * EARTH_KM + perigee + 35_786.0) / 2.0,
            eccentricity=(35_786.0 - perigee) / (2 * EARTH_KM + perigee + 35_786.0),
            inclination=6.0 + generator.normal(0.0, 0.01),
            node=generator.normal(0.0, 0.05),
            perigee_argument=178.0 + generator.normal(0.0, 0.05),
            anomaly=generator.uniform(0.0, 360.0),
            bstar=1e-4,
        )
        for n, perigee in enumerate(generator.uniform(110.0, 130.0, count).tolist())
    ]


def belt(generator, count, first=82_000):
    """The geostationary ring, crowded into ten slots, some drifting through, some inclined."""
    return [
        made(
            first + n,
            axis_km=42_165.0 + (generator.normal(0.0, 15.0) if n % 3 == 0 else generator.normal(0.0, 0.3)),
            eccentricity=abs(generator.normal(0.0, 1.5e-4)) + 1e-6,
            inclination=abs(generator.normal(0.0, 0.03 if n % 4 else 3.0)) + 1e-3,
            node=(node := generator.uniform(0.0, 360.0)),
            perigee_argument=(perigee := generator.uniform(0.0, 360.0)),
            anomaly=36.0 * (n % 10) + generator.normal(0.0, 0.02) - node - perigee,
        )
        for n in range(count)
    ]


def crowd(generator, count, first=84_000):
    """One low shell from all sides: fast encounters, many."""
    return [
        made(
            first + n,
            axis_km=EARTH_KM + 550.0 + generator.normal(0.0, 8.0),
            eccentricity=abs(generator.normal(0.0, 1e-3)),
            inclination=generator.uniform(0.0, 110.0),
            node=generator.uniform(0.0, 360.0),
            perigee_argument=generator.uniform(0.0, 360.0),
            anomaly=generator.uniform(0.0, 360.0),
            bstar=1e-4,
        )
        for n in range(count)
    ]


def near_copies(generator, catalogue, count, first=83_000):
    """Satellites that fly close beside real ones: from metres a second to some hundred."""
    lines = []
    places = generator.choice(len(catalogue), count, replace=False).tolist()
    for n, place in enumerate(places):
        one = _satellite(catalogue[place])
        scale = 10.0 ** generator.uniform(-6.0, -2.5)
        inclination, node, perigee, anomaly = (
            getattr(one, name) + scale * generator.normal() for name in ("inclo", "nodeo", "argpo", "mo")
        )
        copy = Satrec()
        copy.sgp4init(
            WGS72,
            "i",
            first + n,
            one.jdsatepoch - 2433281.5 + one.jdsatepochF,
            one.bstar,
            one.ndot,
            one.nddot,
            one.ecco,
            perigee % (2 * np.pi),
            abs(inclination),
            anomaly % (2 * np.pi),
            one.no_kozai,
            node % (2 * np.pi),
        )
        lines.append(export_tle(copy))
    return [*(catalogue[place] for place in places), *lines]
