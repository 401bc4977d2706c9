"""Where to start: first orbits from observations, or from somebody's element set.

Ranges and angles often come at different instants; each range is joined with the angles of the same sensor
interpolated to its instant, which gives positions. Many pairs of positions, near and far in time, are joined by
Lambert's problem (Izzo 2015, as satkit solves it), and the orbit that passes closest to most positions is taken and
polished on them. That is robust to noise (pairs far apart) and to wrong revolutions (pairs close together). What
`initial_search` finds from any kind of observation follows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import satkit
from numpy.typing import NDArray

from commonsky.astro.frames import teme_to_gcrf
from commonsky.astro.general_perturbations import positions_teme, satellites
from commonsky.astro.measurement import LIGHT_M_S, stations
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian
from commonsky.astro.two_body import propagate_two_body
from commonsky.domain import ElementSet, Observation, ObservationKind, Sensor, SignalPath, TimeTag
from commonsky.tracking.coarse import direction, geometry
from commonsky.tracking.errors import NoInitialOrbitError, UnknownSensorError
from commonsky.tracking.initial_search import searched
from commonsky.tracking.settings import InitialState

Array = NDArray[np.float64]

_SAME_INSTANT_S = 0.5
_LONGEST_GAP_S = 3600.0
_MOST_FIXES = 120
_REFERENCES = 14
_PAIR_SPANS_S = (30.0, 90.0, 240.0, 600.0, 1800.0, 5400.0, 10800.0, 21600.0)
_CAP_OF_DISTANCE = 0.05  # a miss counts no more than this share of the geocentric distance
_LOWEST_PERIGEE_M = 5.5e6  # noise may push a first orbit into the ground
_POLISH_STEPS = 6
_POLISHED = 4


@dataclass(frozen=True)
class _Fixes:
    """Positions (n, 3) in GCRF, m, with their epochs, sorted by time."""

    tai_s: Array
    position_m: Array


def initial_orbit(observations: Sequence[Observation], sensors: Mapping[str, Sensor]) -> InitialState:
    """Find a first orbit from whatever there is: the likeliest of `first_orbits`."""
    return next(first_orbits(observations, sensors))


def first_orbits(
    observations: Sequence[Observation], sensors: Mapping[str, Sensor]
) -> Iterator[InitialState]:
    """Yield first orbits, the likeliest first, each found when it is asked for.

    Good to a few percent, two-body motion only. Raises NoInitialOrbitError where nothing fits, and
    UnknownSensorError.
    """
    if missing := sorted({one.sensor for one in observations} - set(sensors)):
        raise UnknownSensorError(f"no place is known for the sensors {', '.join(missing)}")
    fixed = _from_fixes(observations, sensors)
    yield from fixed
    found = searched(geometry(observations, sensors))
    yield from found
    if not found and not fixed:
        raise NoInitialOrbitError(
            "no closed orbit above the ground fits the observations: are they of one object, and are the sensors "
            "where they are said to be? A first orbit can be given"
        )


def _from_fixes(observations: Sequence[Observation], sensors: Mapping[str, Sensor]) -> list[InitialState]:
    fixes = _fixes(observations, sensors)
    if fixes is None:
        return []
    best = sorted(_candidates(fixes), key=lambda found: _miss(found, fixes))[:_POLISHED]
    polished = [_polished(found, fixes) for found in best]
    return sorted(polished, key=lambda found: _miss(found, fixes))[:1]


def from_element_set(element_set: ElementSet, tai_s: float) -> InitialState:
    """Where SGP4 puts the object of an element set. Raises NoInitialOrbitError when SGP4 cannot say."""
    position, velocity, error = positions_teme(satellites([element_set]), tai_s)
    if error[0]:
        raise NoInitialOrbitError(
            f"SGP4 cannot propagate the element set of {element_set.object_name or element_set.norad_cat_id} "
            f"to the observations (its error {error[0]})"
        )
    position, velocity = teme_to_gcrf(position, velocity, tai_s)
    return InitialState(epoch_tai_s=tai_s, state_gcrf=np.concatenate([position[0], velocity[0]]))


def _fixes(observations: Sequence[Observation], sensors: Mapping[str, Sensor]) -> _Fixes | None:
    """Positions from ranges with angles of the same sensor within an hour on both sides; ``None`` without two."""
    ranges = [one for one in observations if one.kind is ObservationKind.RANGE]
    angles = [one for one in observations if one.kind in {ObservationKind.AZ_EL, ObservationKind.RA_DEC}]
    if not ranges or not angles:
        return None
    directions = _directions_by_sensor(angles, sensors)
    formed = [
        found
        for one in ranges
        if one.sensor in directions and (found := _fix(one, directions[one.sensor])) is not None
    ]
    if len(formed) < 2:
        return None
    formed.sort(key=lambda found: found[0])
    kept = np.unique(np.linspace(0, len(formed) - 1, min(len(formed), _MOST_FIXES)).astype(int))
    epochs = np.array([formed[i][0] for i in kept])
    seen_from = stations([sensors[formed[i][2]].site for i in kept], epochs)
    return _Fixes(epochs, seen_from.position_m + np.array([formed[i][1] for i in kept]))


def _directions_by_sensor(
    angles: Sequence[Observation], sensors: Mapping[str, Sensor]
) -> dict[str, tuple[Array, Array]]:
    """For each sensor the epochs (n,) and unit vectors (n, 3) in GCRF, sorted by time."""
    at = stations([sensors[one.sensor].site for one in angles], [one.epoch_tai_s for one in angles])
    by_sensor: dict[str, list[tuple[float, Array]]] = {}
    for one, horizon in zip(angles, at.horizon, strict=True):
        towards = direction(one.kind, np.array(one.values) - np.array(one.biases), horizon)
        by_sensor.setdefault(one.sensor, []).append((one.epoch_tai_s, towards))
    made = {}
    for sensor, listed in by_sensor.items():
        listed.sort(key=lambda row: row[0])
        made[sensor] = (np.array([row[0] for row in listed]), np.array([row[1] for row in listed]))
    return made


def _fix(one: Observation, directions: tuple[Array, Array]) -> tuple[float, Array, str] | None:
    """When the object was where, from the sensor: epoch, vector in GCRF, sensor; ``None`` without angles near."""
    epochs, towards = directions
    distance = one.values[0] - one.biases[0]
    after = int(np.searchsorted(epochs, one.epoch_tai_s))
    near = [i for i in (after - 1, after) if 0 <= i < epochs.size]
    gaps = [abs(epochs[i] - one.epoch_tai_s) for i in near]
    if min(gaps) <= _SAME_INSTANT_S:
        sight = towards[near[int(np.argmin(gaps))]]
    elif len(near) == 2 and epochs[after] - epochs[after - 1] <= _LONGEST_GAP_S:
        share = (one.epoch_tai_s - epochs[after - 1]) / (epochs[after] - epochs[after - 1])
        sight = (1.0 - share) * towards[after - 1] + share * towards[after]
        sight = sight / np.linalg.norm(sight)
    else:
        return None
    light_s = distance / LIGHT_M_S if one.time_tag is TimeTag.RECEIVE else 0.0
    if one.time_tag is TimeTag.TRANSMIT and one.path is SignalPath.TWO_WAY:
        light_s = -distance / LIGHT_M_S
    return one.epoch_tai_s - light_s, distance * sight, one.sensor


def _candidates(fixes: _Fixes) -> Iterator[InitialState]:
    count = fixes.tai_s.size
    pairs = set()
    for i in np.unique(np.linspace(0, count - 1, min(count, _REFERENCES)).astype(int)):
        for span in _PAIR_SPANS_S:
            j = int(np.argmin(np.abs(fixes.tai_s - fixes.tai_s[i] - span)))
            if fixes.tai_s[j] > fixes.tai_s[i] + _SAME_INSTANT_S:
                pairs.add((int(i), j))
    for i, j in sorted(pairs):
        elapsed = float(fixes.tai_s[j] - fixes.tai_s[i])
        for prograde in (True, False):
            try:
                (velocity, _), *_ = satkit.lambert(
                    fixes.position_m[i], fixes.position_m[j], elapsed, EARTH_GM_M3_S2, prograde
                )
            except ValueError:
                continue
            found = InitialState(float(fixes.tai_s[i]), np.concatenate([fixes.position_m[i], velocity]))
            if _is_closed(found.state_gcrf):
                yield found


def _is_closed(state: Array) -> bool:
    semi_major_axis_m, eccentricity, *_ = keplerian(state[:3], state[3:])
    return bool(eccentricity < 1.0 and semi_major_axis_m * (1.0 - eccentricity) > _LOWEST_PERIGEE_M)


def _miss(found: InitialState, fixes: _Fixes) -> float:
    """Mean distance from all positions, each counting no more than the cap."""
    try:
        distances = np.linalg.norm(_offsets(found, fixes), axis=1)
    except ValueError:
        return np.inf
    cap = _CAP_OF_DISTANCE * float(np.median(np.linalg.norm(fixes.position_m, axis=1)))
    return float(np.mean(np.minimum(distances, cap)))


def _offsets(found: InitialState, fixes: _Fixes) -> Array:
    return np.asarray(
        fixes.position_m - propagate_two_body(found.state_gcrf, fixes.tai_s - found.epoch_tai_s)[:, :3]
    )


def _polished(found: InitialState, fixes: _Fixes) -> InitialState:
    """A few Gauss-Newton steps on the positions that the orbit already passes near; the best state met."""
    cap = _CAP_OF_DISTANCE * float(np.median(np.linalg.norm(fixes.position_m, axis=1)))
    best = found
    for _ in range(_POLISH_STEPS):
        offsets = _offsets(found, fixes)
        near = np.linalg.norm(offsets, axis=1) < cap
        if near.sum() < 3:
            break
        columns = []
        for axis in range(6):
            step = np.zeros(6)
            step[axis] = 10.0 if axis < 3 else 0.01
            moved = InitialState(found.epoch_tai_s, found.state_gcrf + step)
            columns.append(((offsets - _offsets(moved, fixes))[near] / step[axis]).ravel())
        matrix = np.stack(columns, axis=1)
        scale = np.linalg.norm(matrix, axis=0)
        change = np.linalg.lstsq(matrix / scale, offsets[near].ravel(), rcond=1e-9)[0] / scale
        found = InitialState(found.epoch_tai_s, found.state_gcrf + change)
        if not _is_closed(found.state_gcrf):
            break
        if _miss(found, fixes) < _miss(best, fixes):
            best = found
    return best
