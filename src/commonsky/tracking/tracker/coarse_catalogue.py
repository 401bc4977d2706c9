"""All tracks as rough SGP4 orbits, so that a look at the whole catalogue costs a millisecond."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.fast_perturbations import fast_satellites
from commonsky.astro.frames import gcrf_from_teme
from commonsky.astro.general_perturbations import SGP4_EPOCH_ZERO_JD, satrecs
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian
from commonsky.astro.time import jd_utc_from_tai_s
from commonsky.tracking.identify.element_set_errors import ErrorGrowth
from commonsky.tracking.identify.known_orbits import KnownOrbits
from commonsky.tracking.tracker.orbit_track import OrbitTrack

Array = NDArray[np.float64]

_STEPS = 8
_BSTAR = 3e-4
_ROUGH_M, _ROUGH_M_DAY = 10e3, 30e3
_USABLE_ECCENTRICITY = 0.95


def rough_elements(state_gcrf: Array, epoch_tai_s: float) -> Array:
    """Elements (10,) as of ``general_perturbations.theory_elements`` whose SGP4 state is about the given one.

    By repetition: the elements are moved by what the state that they give is off, in elements without singularities.
    """
    turn = gcrf_from_teme(epoch_tai_s).T
    target = _regular(np.concatenate([turn @ state_gcrf[:3], turn @ state_gcrf[3:]]))
    found = target.copy()
    jd1, jd2 = jd_utc_from_tai_s(epoch_tai_s)
    day = float((jd1 - SGP4_EPOCH_ZERO_JD) + jd2)
    for _ in range(_STEPS):
        row = _theory_row(found, day)
        fault, position_km, velocity_km_s = satrecs(row[np.newaxis])[0].sgp4_tsince(0.0)
        if fault:
            break
        off = target - _regular(1e3 * np.array([*position_km, *velocity_km_s]))
        off[5] = (off[5] + math.pi) % math.tau - math.pi
        found = found + off
    return _theory_row(found, day)


def _regular(state: Array) -> Array:
    """Mean motion (rad/s), e cos(w+W), e sin(w+W), tan(i/2) cos W, tan(i/2) sin W, mean longitude."""
    axis, eccentricity, inclination, node, perigee, anomaly = keplerian(state[:3], state[3:])
    eccentricity = min(eccentricity, _USABLE_ECCENTRICITY)
    half = math.atan2(
        math.sqrt(1.0 - eccentricity) * math.sin(anomaly / 2.0),
        math.sqrt(1.0 + eccentricity) * math.cos(anomaly / 2.0),
    )
    mean = 2.0 * half - eccentricity * math.sin(2.0 * half)
    motion = math.sqrt(EARTH_GM_M3_S2 / abs(axis) ** 3)
    tangent = math.tan(inclination / 2.0)
    return np.array(
        [
            motion,
            eccentricity * math.cos(perigee + node),
            eccentricity * math.sin(perigee + node),
            tangent * math.cos(node),
            tangent * math.sin(node),
            (mean + perigee + node) % math.tau,
        ]
    )


def _theory_row(regular: Array, day: float) -> Array:
    motion, cosine, sine, node_cosine, node_sine, longitude = regular.tolist()
    node = math.atan2(node_sine, node_cosine)
    inclination = 2.0 * math.atan(math.hypot(node_sine, node_cosine))
    eccentricity = min(math.hypot(cosine, sine), _USABLE_ECCENTRICITY)
    around = math.atan2(sine, cosine)
    perigee = (around - node) % math.tau
    anomaly = (longitude - around) % math.tau
    return np.array(
        [day, _BSTAR, 0.0, 0.0, eccentricity, perigee, inclination, anomaly, motion * 60.0, node % math.tau]
    )


def coarse_catalogue(tracks: Sequence[OrbitTrack], rows: Sequence[Array]) -> KnownOrbits:
    """Make the tracks a catalogue for the gate of identification; ``rows`` are their `rough_elements`."""
    elements = np.array(rows).reshape(-1, 10)
    sigma = np.array([track.position_sigma_m for track in tracks])
    growth = np.full(sigma.size, _ROUGH_M_DAY)
    along = (
        np.stack([np.minimum(sigma, 3e5) + _ROUGH_M, growth], axis=1) / 6.0
    )  # the gate is thirty of these wide
    return KnownOrbits(
        element_sets=(),
        objects=np.arange(sigma.size, dtype=np.intp),
        growth=ErrorGrowth(
            epoch_tai_s=np.array([track.epoch_tai_s for track in tracks]),
            along=along,
            radial=along,
            cross=along,
            drag_m_day2=np.zeros(sigma.size),
        ),
        semi_major_axes_m=(EARTH_GM_M3_S2 / (elements[:, 8] / 60.0) ** 2) ** (1.0 / 3.0),
        reference=satrecs(elements),
        fast=fast_satellites(elements),
        distrusted=np.empty(0, dtype=np.intp),
    )
