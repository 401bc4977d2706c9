"""Who may it be at all: a coarse look at the whole catalogue, by direction and distance from the sensor.

A gate lets through whatever an element set's errors, thirty sigmas along the orbit at most, and the sensor's noise
allow. Light time moves a target by its velocity times the light's way, which the slack covers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro import troposphere
from commonsky.astro.frames import gcrf_from_teme
from commonsky.astro.measurement import Atmosphere, stations
from commonsky.domain import Observation, ObservationKind, Sensor
from commonsky.tracking.identify.known_orbits import KnownOrbits
from commonsky.tracking.tracklets import Tracklet

Array = NDArray[np.float64]
Index = NDArray[np.intp]

MOST_CANDIDATES = 80
_GATES_PER_TRACKLET = 3
_WIDE_SIGMAS = 30.0
_WIDEST_M = 1.5e6
_SLACK_M = 2_000.0
_NOISE_SIGMAS = 8.0
_EPOCHS_AT_ONCE = 48
_LOWEST_ELEVATION_RAD = np.radians(-3.0)
_ANGLES = frozenset({ObservationKind.AZ_EL, ObservationKind.RA_DEC})
_SAME_INSTANT_S = 1.0


@dataclass(frozen=True)
class _Gate:
    """One instant of one tracklet: the line of sight (if angles are known) and the distance (if it is), TEME."""

    tracklet: int
    tai_s: float
    station_m: Array
    up: Array
    towards: Array | None
    angle_sigma_rad: float
    range_m: float | None
    range_sigma_m: float


def candidates(
    known: KnownOrbits,
    observations: Sequence[Observation],
    parts: Sequence[Tracklet],
    sensors: Mapping[str, Sensor],
    *,
    atmosphere: Atmosphere,
) -> Iterator[Index]:
    """Rows of the element sets that each tracklet may be of, in the order of the tracklets, at most 80 each.

    Of several element sets of one object the one nearest in time counts. A tracklet is looked at on up to three
    instants, and who passes at one of them is in.
    """
    gates = _gates(observations, parts, sensors, atmosphere)
    near: dict[int, dict[int, float]] = {}
    for first in range(0, len(gates), _EPOCHS_AT_ONCE):
        chunk = gates[first : first + _EPOCHS_AT_ONCE]
        positions = known.positions_teme_m(np.array([gate.tai_s for gate in chunk]))
        for gate, where in zip(chunk, positions, strict=True):
            rows, distances = _inside(gate, where, known)
            best = near.setdefault(gate.tracklet, {})
            for row, distance in zip(rows.tolist(), distances.tolist(), strict=True):
                best[row] = (
                    best.get(row, 0.0) + distance - _WIDE_SIGMAS
                )  # as if the gates not passed were wide off
    for number, part in enumerate(parts):
        tai_s = observations[part.members[0]].epoch_tai_s
        yield _one_set_each(known, near.get(number, {}), tai_s)


def _one_set_each(known: KnownOrbits, near: Mapping[int, float], tai_s: float) -> Index:
    rows = np.array(list(near), dtype=np.intp)
    age = np.abs(known.growth.epoch_tai_s[rows] - tai_s)
    rows = rows[np.argsort(age, kind="stable")]
    rows = rows[np.sort(np.unique(known.objects[rows], return_index=True)[1])]
    ranked = sorted(rows.tolist(), key=lambda row: near[row])
    return np.array(ranked[:MOST_CANDIDATES], dtype=np.intp)


def _inside(gate: _Gate, where_m: Array, known: KnownOrbits) -> tuple[Index, Array]:
    """Rows that pass, and how far each is off in its own sigmas along the orbit."""
    relative = where_m - gate.station_m
    distance = np.sqrt(np.einsum("ij,ij->i", relative, relative))
    with np.errstate(invalid="ignore"):
        inside = relative @ gate.up > distance * np.sin(_LOWEST_ELEVATION_RAD)
        if gate.towards is not None:
            along = relative @ gate.towards
            across = np.sqrt(np.maximum(distance**2 - along**2, 0.0))
            inside &= (along > 0.0) & (across < _WIDEST_M + _NOISE_SIGMAS * gate.angle_sigma_rad * distance)
        if gate.range_m is not None:
            miss = np.abs(distance - gate.range_m)
            inside &= miss < _WIDEST_M + _NOISE_SIGMAS * gate.range_sigma_m
    rows = np.flatnonzero(inside)
    sigma = known.growth.at(rows, gate.tai_s).along_m
    wide = np.minimum(_WIDE_SIGMAS * sigma, _WIDEST_M) + _SLACK_M
    off = np.zeros(rows.size)
    passed = np.ones(rows.size, dtype=bool)
    if gate.towards is not None:
        noise = gate.angle_sigma_rad * distance[rows]
        passed &= across[rows] < wide + _NOISE_SIGMAS * noise
        off = across[rows] / (sigma + noise)
    if gate.range_m is not None:
        passed &= miss[rows] < wide + _NOISE_SIGMAS * gate.range_sigma_m
        off = np.hypot(off, miss[rows] / (sigma + gate.range_sigma_m))
    return rows[passed], off[passed]


def _gates(
    observations: Sequence[Observation],
    parts: Sequence[Tracklet],
    sensors: Mapping[str, Sensor],
    atmosphere: Atmosphere,
) -> list[_Gate]:
    chosen = [
        (number, place)
        for number, part in enumerate(parts)
        for place in _spread(_leading(observations, part.members))
    ]
    if not chosen:
        return []
    epochs = np.array([observations[place].epoch_tai_s for _, place in chosen])
    at = stations([sensors[observations[place].sensor].site for _, place in chosen], epochs)
    to_gcrf = gcrf_from_teme(epochs)
    made = []
    for i, (number, place) in enumerate(chosen):
        one = observations[place]
        towards = _towards(one, at.horizon[i], at.height_m[i], atmosphere)
        ranged = _range_beside(observations, parts[number].members, one)
        made.append(
            _Gate(
                tracklet=number,
                tai_s=one.epoch_tai_s,
                station_m=to_gcrf[i].T @ at.position_m[i],
                up=to_gcrf[i].T @ at.horizon[i, 2],
                towards=None if towards is None else to_gcrf[i].T @ towards,
                angle_sigma_rad=max(one.sigmas) if towards is not None else 0.0,
                range_m=None if ranged is None else ranged.values[0] - ranged.biases[0],
                range_sigma_m=0.0 if ranged is None else ranged.sigmas[0],
            )
        )
    return made


def _leading(observations: Sequence[Observation], members: Sequence[int]) -> list[int]:
    """The observations that say most of where the object is: angles, else ranges, else all."""
    for kinds in (_ANGLES, frozenset({ObservationKind.RANGE})):
        if found := [place for place in members if observations[place].kind in kinds]:
            return found
    return list(members)


def _spread(places: Sequence[int]) -> list[int]:
    chosen = np.linspace(0, len(places) - 1, min(len(places), _GATES_PER_TRACKLET)).astype(int)
    return [places[i] for i in chosen.tolist()]


def _towards(one: Observation, horizon: Array, height_m: float, atmosphere: Atmosphere) -> Array | None:
    """The line of sight in GCRF, straightened."""
    if one.kind not in _ANGLES:
        return None
    first, second = np.array(one.values) - np.array(one.biases)
    if one.kind is ObservationKind.RA_DEC:
        return np.array([np.cos(second) * np.cos(first), np.cos(second) * np.sin(first), np.sin(second)])
    if atmosphere.refraction:
        bent = troposphere.refraction_rad(np.array([second]), np.array([height_m]))[0]
        second -= troposphere.refraction_rad(np.array([second - bent]), np.array([height_m]))[0]
    level = np.cos(second)
    return np.asarray(horizon.T @ np.array([level * np.sin(first), level * np.cos(first), np.sin(second)]))


def _range_beside(
    observations: Sequence[Observation], members: Sequence[int], one: Observation
) -> Observation | None:
    for place in members:
        other = observations[place]
        if (
            other.kind is ObservationKind.RANGE
            and abs(other.epoch_tai_s - one.epoch_tai_s) <= _SAME_INSTANT_S
        ):
            return other
    return None
