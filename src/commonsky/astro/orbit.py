"""Two-body geometry of an orbit, as far as naming and describing it needs."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_GM_M3_S2 = 3.986004418e14
"""IERS Conventions 2010, table 1.1 (TCB-compatible differs in the ninth digit: of no matter here)."""

EARTH_EQUATORIAL_RADIUS_M = 6_378_137.0
"""WGS 84."""

EARTH_J2 = 1.082_635_9e-3
"""Of the Earth's oblateness (EGM2008, tide free)."""


def semi_major_axis_m(mean_motion_rev_day: float) -> float:
    """Semi-major axis of a Kepler orbit from its mean motion."""
    mean_motion_rad_s = mean_motion_rev_day * 2.0 * math.pi / 86400.0
    return float((EARTH_GM_M3_S2 / mean_motion_rad_s**2) ** (1.0 / 3.0))


def apsides_m(semi_major_axis_m: float, eccentricity: float) -> tuple[float, float]:
    """Perigee and apogee altitude over the equatorial radius; the apogee of an open orbit is infinite."""
    perigee_m = semi_major_axis_m * (1.0 - eccentricity) - EARTH_EQUATORIAL_RADIUS_M
    if eccentricity >= 1.0:
        return perigee_m, math.inf
    return perigee_m, semi_major_axis_m * (1.0 + eccentricity) - EARTH_EQUATORIAL_RADIUS_M


def keplerian(
    position_m: ArrayLike, velocity_m_s: ArrayLike
) -> tuple[float, float, float, float, float, float]:
    """Osculating elements of an inertial state (Vallado 2013, algorithm 9).

    Returns semi-major axis (m, negative for a hyperbola), eccentricity, and in radians inclination, right
    ascension of the ascending node, argument of perigee and true anomaly. Where an angle is undefined (circular
    or equatorial orbit) it is 0 and the next one is measured from the axis that remains.
    """
    r = np.asarray(position_m, dtype=np.float64)
    v = np.asarray(velocity_m_s, dtype=np.float64)
    radius = float(np.linalg.norm(r))
    momentum = np.cross(r, v)
    node = np.array([-momentum[1], momentum[0], 0.0])
    eccentricity_vector = np.cross(v, momentum) / EARTH_GM_M3_S2 - r / radius
    eccentricity = float(np.linalg.norm(eccentricity_vector))
    energy = float(v @ v) / 2.0 - EARTH_GM_M3_S2 / radius
    inclination = math.acos(np.clip(momentum[2] / np.linalg.norm(momentum), -1.0, 1.0))
    if np.linalg.norm(node) < 1e-11 * np.linalg.norm(momentum):
        node = np.array([1.0, 0.0, 0.0])
    periapsis = eccentricity_vector if eccentricity > 1e-11 else node
    return (
        -EARTH_GM_M3_S2 / (2.0 * energy),
        eccentricity,
        inclination,
        math.atan2(node[1], node[0]) % (2.0 * math.pi),
        _angle(node, periapsis, momentum),
        _angle(periapsis, r, momentum),
    )


def oblate_energy(state: ArrayLike, pole: ArrayLike) -> float:
    """Specific energy (m2/s2) of an inertial state (6,) in the field of the oblate Earth with this pole (3,).

    Along an orbit it stays the same to parts in a million of itself; that of two bodies swings by parts in a
    thousand, which is 10 km of semi-major axis in low orbit.
    """
    position, velocity = np.split(np.asarray(state, dtype=np.float64), 2)
    radius = float(np.linalg.norm(position))
    sine = float(position @ np.asarray(pole)) / radius
    oblateness = EARTH_J2 * (EARTH_EQUATORIAL_RADIUS_M / radius) ** 2 * (1.5 * sine**2 - 0.5)
    return float(velocity @ velocity) / 2.0 - EARTH_GM_M3_S2 / radius * (1.0 - oblateness)


def rtn_axes(states: ArrayLike) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) from inertial axes to radial, in-track and cross-track ones, of states (..., 6).

    Their rows are the unit vectors: R along the position, N along position x velocity, T = N x R (CCSDS 508.0-B-1,
    annex). NaN for a state whose velocity is vertical.
    """
    state = np.asarray(states, dtype=np.float64)
    radial = state[..., :3] / np.linalg.norm(state[..., :3], axis=-1, keepdims=True)
    normal = np.cross(state[..., :3], state[..., 3:])
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.stack([radial, np.cross(normal, radial), normal], axis=-2)


def _angle(start: NDArray[np.float64], end: NDArray[np.float64], axis: NDArray[np.float64]) -> float:
    """Angle from ``start`` to ``end`` about ``axis``, 0 to 2 pi."""
    sine = float(np.cross(start, end) @ axis) / float(np.linalg.norm(axis))
    return math.atan2(sine, float(start @ end)) % (2.0 * math.pi)
