"""Which short arcs of angles may be of one object: a cheap question, asked before an orbit is fitted to them.

Each arc gives a direction and how fast it turns. With the guess that the orbit is about circular the distance follows,
and with it a rough orbit; arcs whose rough orbits lead to each other's directions are worth a fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import stations
from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.astro.two_body import propagate_two_body
from commonsky.domain import ObservationKind, Sensor
from commonsky.tracking.tracker.orbit_track import Arc

Array = NDArray[np.float64]

_DISTANCES_M = np.geomspace(2e5, 1e8, 400)
_NEAR_RAD = np.radians(6.0)


@dataclass(frozen=True)
class Glimpse:
    """An arc of angles: where from and where to at its middle, GCRF; and near-circular orbits (k, 6) of it."""

    arc: str
    tai_s: float
    station_m: Array
    towards: Array
    orbits: Array


def glimpse(arc: Arc, sensors: Mapping[str, Sensor]) -> Glimpse | None:
    """What an arc shows; ``None`` with fewer than two directions."""
    angles = [one for one in arc.observations if one.kind in {ObservationKind.RA_DEC, ObservationKind.AZ_EL}]
    times = np.array([one.epoch_tai_s for one in angles])
    if times.size < 2 or np.ptp(times) <= 0.0:
        return None
    at = stations([sensors[one.sensor].site for one in angles], times)
    first, second = np.array([one.values for one in angles]).T
    level = np.cos(second)
    if angles[0].kind is ObservationKind.RA_DEC:
        directions = np.stack([level * np.cos(first), level * np.sin(first), np.sin(second)], axis=1)
    else:
        local = np.stack([level * np.sin(first), level * np.cos(first), np.sin(second)], axis=1)
        directions = np.einsum("nji,nj->ni", at.horizon, local)
    middle = float(times.mean())
    basis = np.column_stack([np.ones_like(times), times - middle])
    towards, turning = np.linalg.lstsq(basis, directions, rcond=None)[0]
    number = int(np.argmin(np.abs(times - middle)))
    station = at.position_m[number] + at.velocity_m_s[number] * (middle - times[number])
    orbits = _near_circular((station, at.velocity_m_s[number]), towards / np.linalg.norm(towards), turning)
    return Glimpse(arc.id, middle, station, towards / np.linalg.norm(towards), orbits)


def _near_circular(station: tuple[Array, Array], towards: Array, turning: Array) -> Array:
    """Orbits (k, 6) along the line of sight that are circular: where the speed is right for the height."""
    place, moving = station
    distance = _DISTANCES_M[:, np.newaxis]
    position = place + distance * towards
    sideways = moving + distance * turning
    outward = position @ towards
    receding = -np.einsum("ij,ij->i", position, sideways) / np.where(outward == 0.0, 1.0, outward)
    velocity = sideways + receding[:, np.newaxis] * towards
    excess = np.sum(velocity**2, axis=1) * np.linalg.norm(position, axis=1) - EARTH_GM_M3_S2
    crossing = np.flatnonzero((excess[1:] > 0.0) != (excess[:-1] > 0.0))
    share = (excess[crossing] / (excess[crossing] - excess[crossing + 1]))[:, np.newaxis]
    states = np.hstack([position, velocity])
    return np.asarray(states[crossing] + share * (states[crossing + 1] - states[crossing]))


def may_be_one(one: Glimpse, other: Glimpse) -> bool:
    """Whether a rough orbit of either arc leads to about where the other one looked."""
    return _leads(one, other) or _leads(other, one)


def _leads(one: Glimpse, other: Glimpse) -> bool:
    elapsed = np.array([other.tai_s - one.tai_s])
    for orbit in one.orbits:
        try:
            there = propagate_two_body(orbit, elapsed)[0, :3] - other.station_m
        except ValueError:
            continue
        if there @ other.towards > np.cos(_NEAR_RAD) * np.linalg.norm(there):
            return True
    return False
