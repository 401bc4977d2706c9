"""Made-up element sets, and a slow, simple search for close approaches that shares nothing with the product."""

import itertools

import numpy as np
from sgp4.api import Satrec, jday
from sgp4.earth_gravity import wgs72

from commonsky.astro.general_perturbations import satrecs, theory_elements
from commonsky.astro.time import jd_utc_from_tai_s, tai_s_from_utc, utc_text_from_tai_s
from commonsky.domain import ElementSet

START_S = tai_s_from_utc("2024-08-08T00:00:00Z")
EARTH_RADIUS_KM = wgs72.radiusearthkm

__all__ = ["EARTH_RADIUS_KM", "START_S", "Satrec", "brute_force", "element_set", "jday", "motion_rev_day"]


def motion_rev_day(semi_major_axis_km):
    return np.sqrt(398600.8 / semi_major_axis_km**3) * 86400.0 / (2.0 * np.pi)


def element_set(
    number, axis_km, eccentricity, inclination, node, perigee, anomaly, *, bstar=0.0, age_s=7200.0
):
    epoch_s = START_S - age_s
    return ElementSet(
        object_name=f"OBJECT {number}",
        object_id="",
        norad_cat_id=number,
        classification="U",
        epoch_utc=utc_text_from_tai_s(epoch_s),
        epoch_tai_s=epoch_s,
        mean_motion_rev_day=float(motion_rev_day(axis_km)),
        eccentricity=float(eccentricity),
        inclination_deg=float(inclination),
        ra_of_asc_node_deg=float(node % 360.0),
        arg_of_pericenter_deg=float(perigee % 360.0),
        mean_anomaly_deg=float(anomaly % 360.0),
        bstar=float(bstar),
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )


def positions_km(satellite, tai_s):
    jd1, jd2 = jd_utc_from_tai_s(np.asarray(tai_s, dtype=np.float64))
    day = np.floor(np.atleast_1d(jd2))  # SGP4 rounds less
    error, position, _ = satellite.sgp4_array(np.atleast_1d(jd1) + day, np.atleast_1d(jd2) - day)
    position[error != 0] = np.nan
    return position


def brute_force(sets, seconds, within_m, step_s=5.0):
    """Every minimum of distance under the threshold: sorted (i, j, tca, miss in m, speed in m/s)."""
    satellites = satrecs(theory_elements(sets))
    times = START_S + np.arange(-step_s, seconds + 2.0 * step_s, step_s)
    everything = np.array([positions_km(one, times) for one in satellites]) * 1e3
    found = []
    for i, j in itertools.combinations(range(len(sets)), 2):
        distance = np.linalg.norm(everything[j] - everything[i], axis=1)
        dip = (distance[1:-1] <= distance[:-2]) & (distance[1:-1] <= distance[2:])
        for place in (np.flatnonzero(dip & (distance[1:-1] < within_m + 16e3 * step_s)) + 1).tolist():
            tca, miss, speed = _refined(satellites[i], satellites[j], times[place - 1], times[place + 1])
            if miss < within_m and START_S <= tca < START_S + seconds:
                found.append((i, j, tca, miss, speed))
    return sorted(found)


def _refined(one, other, low, high):
    """Shrink the bracket by grids of 41 points; then a parabola of the squared distance."""
    for _ in range(3):
        grid = np.linspace(low, high, 41)
        apart = positions_km(other, grid) - positions_km(one, grid)
        best = int(np.clip(np.argmin(np.linalg.norm(apart, axis=1)), 1, 39))
        low, high = grid[best - 1], grid[best + 1]
    middle, half = 0.5 * (low + high), 0.5
    times = middle + half * np.array([-1.0, 0.0, 1.0])
    a, b, c = (positions_km(other, times) - positions_km(one, times)) * 1e3
    rate, bend = (c - a) / (2 * half), (c - 2 * b + a) / half**2
    shift = 0.0
    for _ in range(8):
        here, slope = b + shift * rate + 0.5 * shift**2 * bend, rate + shift * bend
        shift -= (here @ slope) / (slope @ slope + here @ bend)
    here, slope = b + shift * rate + 0.5 * shift**2 * bend, rate + shift * bend
    return middle + shift, float(np.linalg.norm(here)), float(np.linalg.norm(slope))
