"""Frames: GCRF, ITRF, TEME, geodetic coordinates and the local horizon.

GCRF to ITRF is the IAU 2006/2000A transformation by the celestial intermediate origin (IERS Conventions 2010,
chapter 5), computed by ERFA with the IERS's Earth orientation. TEME is the frame of SGP4, taken to ITRF by the 1982
mean sidereal time and the motion of the pole (Vallado, Crawford, Hujsak and Kelso, AIAA 2006-6753, appendix C).

Arrays of vectors are (n, 3). Epochs are one TAI second count for all rows, or one for each row.
"""

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.earth_orientation import EarthOrientation, earth_orientation
from commonsky.astro.time import J2000_JD, SECONDS_PER_DAY
from commonsky.domain import Site

Array = NDArray[np.float64]

EARTH_ROTATION_RAD_S = 7.292115146706979e-5
"""Angular speed in inertial space (IERS Conventions 2010); the length of day moves it by some 1e-8 of itself."""

TT_MINUS_TAI_S = 32.184


def itrf_from_gcrf(tai_s: ArrayLike, orientation: EarthOrientation | None = None) -> Array:
    """Rotation matrices from GCRF to ITRF: (3, 3) for one epoch, (n, 3, 3) for many.

    ``orientation`` replaces the IERS table. Raises OutsideEarthOrientationError for an epoch outside the table.
    """
    epochs = np.asarray(tai_s, dtype=np.float64)
    pole = earth_orientation(epochs) if orientation is None else orientation
    tt_days = (epochs + TT_MINUS_TAI_S) / SECONDS_PER_DAY
    x, y, s = erfa.xys06a(J2000_JD, tt_days)
    celestial = erfa.c2ixys(x + pole.dx_rad, y + pole.dy_rad, s)
    angle = erfa.era00(J2000_JD, (epochs + pole.ut1_tai_s) / SECONDS_PER_DAY)
    polar = erfa.pom00(pole.x_rad, pole.y_rad, erfa.sp00(J2000_JD, tt_days))
    return np.asarray(erfa.c2tcio(celestial, angle, polar))


def itrf_from_teme(tai_s: ArrayLike, orientation: EarthOrientation | None = None) -> Array:
    """Rotation matrices from TEME to ITRF: (3, 3) for one epoch, (n, 3, 3) for many; else as `itrf_from_gcrf`."""
    epochs = np.asarray(tai_s, dtype=np.float64)
    pole = earth_orientation(epochs) if orientation is None else orientation
    angle = erfa.gmst82(J2000_JD, (epochs + pole.ut1_tai_s) / SECONDS_PER_DAY)
    spin = erfa.rz(angle, np.broadcast_to(np.eye(3), (*np.shape(angle), 3, 3)))
    return np.asarray(erfa.rxr(erfa.pom00(pole.x_rad, pole.y_rad, np.zeros_like(pole.x_rad)), spin))


def celestial_pole(tai_s: float) -> Array:
    """The Earth's pole at an epoch as a unit vector (3,) in GCRF: that of the celestial intermediate system."""
    x, y, _ = erfa.xys06a(J2000_JD, (tai_s + TT_MINUS_TAI_S) / SECONDS_PER_DAY)
    return np.array([x, y, np.sqrt(1.0 - x**2 - y**2)])


def gcrf_to_itrf(position_m: Array, velocity_m_s: Array, tai_s: ArrayLike) -> tuple[Array, Array]:
    """Position and Earth-fixed velocity (the rate of change in ITRF) from GCRF, each (n, 3)."""
    return _into_rotating(itrf_from_gcrf(tai_s), position_m, velocity_m_s, tai_s)


def itrf_to_gcrf(position_m: Array, velocity_m_s: Array, tai_s: ArrayLike) -> tuple[Array, Array]:
    """Position and inertial velocity in GCRF from ITRF position and Earth-fixed velocity, each (n, 3)."""
    matrix = np.swapaxes(itrf_from_gcrf(tai_s), -1, -2)
    inertial = np.asarray(velocity_m_s) + np.cross(_spin_axis(tai_s), position_m)
    return rotate(matrix, position_m), rotate(matrix, inertial)


def teme_to_itrf(position_m: Array, velocity_m_s: Array, tai_s: ArrayLike) -> tuple[Array, Array]:
    """Position and Earth-fixed velocity in ITRF from SGP4's frame, each (n, 3)."""
    return _into_rotating(itrf_from_teme(tai_s), position_m, velocity_m_s, tai_s)


def teme_to_gcrf(position_m: Array, velocity_m_s: Array, tai_s: ArrayLike) -> tuple[Array, Array]:
    """Position and velocity in GCRF from SGP4's frame, by way of ITRF, each (n, 3)."""
    matrix = gcrf_from_teme(tai_s)
    return rotate(matrix, position_m), rotate(matrix, velocity_m_s)


def gcrf_from_teme(tai_s: ArrayLike) -> Array:
    """Rotation matrices from SGP4's frame to GCRF: (3, 3) for one epoch, (n, 3, 3) for many."""
    return np.asarray(np.swapaxes(itrf_from_gcrf(tai_s), -1, -2) @ itrf_from_teme(tai_s))


def geodetic_from_itrf(position_m: Array) -> tuple[Array, Array, Array]:
    """WGS 84 latitude and longitude in degrees (east positive, -180 to 180) and height in metres of (n, 3)."""
    longitude, latitude, height_m = erfa.gc2gd(1, position_m)
    return np.degrees(latitude), np.degrees(longitude), np.asarray(height_m)


def itrf_from_geodetic(site: Site) -> Array:
    """ITRF position (3,) in metres of a place on the WGS 84 ellipsoid."""
    return np.asarray(
        erfa.gd2gc(1, np.radians(site.longitude_deg), np.radians(site.latitude_deg), site.height_m)
    )


def horizon_from_itrf(site: Site) -> Array:
    """Rotation matrix (3, 3) from ITRF to the site's horizon: east, north, up along the ellipsoid's normal."""
    latitude, longitude = np.radians(site.latitude_deg), np.radians(site.longitude_deg)
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )


def rotate(matrix: Array, vectors: Array) -> Array:
    """Multiply (n, 3) vectors by one (3, 3) matrix or by (n, 3, 3), row by row."""
    if matrix.ndim == 2:
        return np.asarray(vectors @ matrix.T)
    return np.asarray(np.einsum("nij,...nj->...ni", matrix, vectors))


def _into_rotating(
    matrix: Array, position_m: Array, velocity_m_s: Array, tai_s: ArrayLike
) -> tuple[Array, Array]:
    position = rotate(matrix, position_m)
    return position, rotate(matrix, velocity_m_s) - np.cross(_spin_axis(tai_s), position)


def _spin_axis(tai_s: ArrayLike) -> Array:
    """Earth's rotation vector on ITRF axes, rad/s: (3,) or (n, 3). It goes through the moving pole."""
    pole = earth_orientation(tai_s)
    return EARTH_ROTATION_RAD_S * np.stack([pole.x_rad, -pole.y_rad, np.ones_like(pole.x_rad)], axis=-1)
