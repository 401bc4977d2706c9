"""New tracks: from an element set that somebody gave, from one arc that tells an orbit, from several together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import stations
from commonsky.astro.numerical import PropagationError, propagate, solve
from commonsky.astro.orbit import keplerian
from commonsky.astro.two_body import gravity
from commonsky.domain import ElementSet, ObservationKind, Sensor
from commonsky.tracking.identify.element_set_errors import error_growth
from commonsky.tracking.identify.evidence import error_columns
from commonsky.tracking.initial import from_element_set
from commonsky.tracking.tracker.linking import glimpse, may_be_one
from commonsky.tracking.tracker.orbit_track import Arc, OrbitTrack, Status
from commonsky.tracking.tracker.settings import TrackerSettings
from commonsky.tracking.tracker.update import Prior, arc_looks, updated

Array = NDArray[np.float64]

_GOOD_RMS = 1.6
_TOLERANT_RMS = 12.0  # the filter's process noise is not in it
_TELLING_VALUES = 9
ELEMENT_SET_SCALE = 1.5
_FIT_SCALE = 1.5
_MOST_EARLIER, _MOST_TRIALS = 5, 3
_LOWEST_PERIGEE_M = 6.45e6
_LARGEST_AXIS_M = 2e8
_FEWEST_PLACES = 4
_UNSURE_M, _UNSURE_M_S = 30e3, 1e3
_ROUGH_M, _ROUGH_M_S = 1e6, 100.0
_JOINING_STEPS = 12
_LEAST_SURE_M = 2e5


def of_element_set(
    element_set: ElementSet, track_id: str, tai_s: float, settings: TrackerSettings
) -> OrbitTrack:
    """Begin a track from an element set, as unsure as element sets of its age and regime are.

    Raises NoInitialOrbitError when SGP4 cannot say where the object is.
    """
    state = from_element_set(element_set, tai_s).state_gcrf
    errors = error_growth([element_set]).at(np.array([0]), tai_s)
    position, velocity = state[:3], state[3:]
    rate = np.linalg.norm(np.cross(position, velocity)) / float(position @ position)
    columns = error_columns(state[np.newaxis, np.newaxis], np.array([rate]), np.zeros(1))[0, 0]
    radial, cross = errors.radial_m[0], errors.cross_m[0]
    scales = ELEMENT_SET_SCALE * np.array([errors.along_m[0], 0.3 * radial, radial, radial, cross, cross])
    scaled = columns * scales
    floor = np.diag([50.0**2] * 3 + [0.05**2] * 3)
    return OrbitTrack(
        id=track_id,
        epoch_tai_s=tai_s,
        state_gcrf=state,
        covariance=scaled @ scaled.T + floor,
        force_model=settings.force_model,
        status=Status.TENTATIVE,
        last_seen_tai_s=element_set.epoch_tai_s,
        designator=str(element_set.norad_cat_id),
    )


def of_one_arc(
    arc: Arc, track_id: str, sensors: Mapping[str, Sensor], settings: TrackerSettings
) -> OrbitTrack | None:
    """Begin a track from one arc with ranges and angles; ``None`` if they make no orbit.

    A parabola through the positions, bent as gravity bends it, is where the filter starts, knowing next to nothing.
    """
    times, positions = _places(arc, sensors)
    if times.size < _FEWEST_PLACES:
        return None
    end = arc.end_tai_s
    elapsed = times - end
    bent = positions - 0.5 * gravity(positions.mean(axis=0)[np.newaxis]) * elapsed[:, np.newaxis] ** 2
    basis = np.column_stack([np.ones_like(elapsed), elapsed])
    solution = np.linalg.lstsq(basis, bent, rcond=None)[0]
    state = np.concatenate([solution[0], solution[1]])
    covariance = np.diag([_UNSURE_M**2] * 3 + [_UNSURE_M_S**2] * 3)
    seen = arc_looks(arc, sensors, settings.atmosphere)
    try:
        trajectory = solve(state, end, (arc.begin_tai_s, end), settings.force_model, transitions=True)
        found = updated(Prior(end, state, covariance, trajectory), seen, settings.force_model)
    except (PropagationError, np.linalg.LinAlgError, ValueError):
        return None
    surplus = max(1, seen.values.size - 6)
    if found.noise / surplus > _GOOD_RMS**2 or not _is_orbit(found.state_gcrf):
        return None
    return OrbitTrack(
        id=track_id,
        epoch_tai_s=end,
        state_gcrf=found.state_gcrf,
        covariance=found.covariance * _FIT_SCALE**2,
        force_model=settings.force_model,
        status=Status.TENTATIVE,
        arcs=(arc.id,),
        last_seen_tai_s=end,
    )


def _places(arc: Arc, sensors: Mapping[str, Sensor]) -> tuple[Array, Array]:
    """Epochs (n,) and positions (n, 3) in GCRF where a range and angles are of the same instant; rough."""
    ranges = {one.epoch_tai_s: one.values[0] for one in arc.observations if one.kind is ObservationKind.RANGE}
    angles = [
        one for one in arc.observations if one.kind is ObservationKind.AZ_EL and one.epoch_tai_s in ranges
    ]
    times = np.array([one.epoch_tai_s for one in angles])
    if not angles:
        return times, np.empty((0, 3))
    at = stations([sensors[one.sensor].site for one in angles], times)
    azimuth, elevation = np.array([one.values for one in angles]).T
    level = np.cos(elevation)
    towards = np.stack([level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation)], axis=1)
    distance = np.array([ranges[one.epoch_tai_s] for one in angles])[:, np.newaxis]
    return times, at.position_m + distance * np.einsum("nji,nj->ni", at.horizon, towards)


def tells_an_orbit(arc: Arc) -> bool:
    """Whether one arc alone may begin a track: ranges and angles, enough of them."""
    kinds = {one.kind for one in arc.observations}
    values = sum(len(one.values) for one in arc.observations)
    ranged = ObservationKind.RANGE in kinds and len(kinds) > 1
    return ranged and values >= _TELLING_VALUES and arc.end_tai_s - arc.begin_tai_s >= 20.0


def joined(
    arcs: Sequence[Arc], newest: Arc, track_id: str, sensors: Mapping[str, Sensor], settings: TrackerSettings
) -> OrbitTrack | None:
    """Begin a track from the newest of arcs and two earlier ones, of whichever sensors, that one orbit explains."""
    own = glimpse(newest, sensors)
    if own is None:
        return None
    alike = []
    for arc in arcs:
        gap_s = newest.begin_tai_s - arc.end_tai_s
        if arc.id != newest.id and 0.0 < gap_s < settings.longest_start_s:
            other = glimpse(arc, sensors)
            if other is not None and may_be_one(other, own):
                alike.append((arc, other))
    pairs = [
        (first[0], second[0])
        for first, second in combinations(reversed(alike[-_MOST_EARLIER:]), 2)
        if may_be_one(first[1], second[1])
    ]
    for pair in pairs[:_MOST_TRIALS]:
        for orbit in own.orbits:
            made = _of_glimpses([*pair, newest], (own.tai_s, orbit), sensors, settings)
            if made is not None:
                return replace(made, id=track_id)
    return None


def is_one_orbit(
    track: OrbitTrack, arcs: Sequence[Arc], sensors: Mapping[str, Sensor], settings: TrackerSettings
) -> bool:
    """Whether one orbit near a new track's explains all its arcs: a filter may have been led to a wrong revolution."""
    start = (track.epoch_tai_s, track.state_gcrf)
    return _of_glimpses(arcs, start, sensors, settings, rms=_TOLERANT_RMS) is not None


def _of_glimpses(
    arcs: Sequence[Arc],
    start: tuple[float, Array],
    sensors: Mapping[str, Sensor],
    settings: TrackerSettings,
    *,
    rms: float = _GOOD_RMS,
) -> OrbitTrack | None:
    """One orbit for all the arcs, from a rough one at an epoch; ``None`` if none explains them."""
    ordered = sorted(arcs, key=lambda arc: arc.end_tai_s)
    end, begin = ordered[-1].end_tai_s, min(arc.begin_tai_s for arc in arcs)
    observations = tuple(one for arc in ordered for one in arc.observations)
    seen = arc_looks(Arc("", "", observations), sensors, settings.atmosphere)
    try:
        state = propagate(start[1], start[0], [end], settings.force_model)[0]
        trajectory = solve(state, end, (begin, end), settings.force_model, transitions=True)
        covariance = np.diag([_ROUGH_M**2] * 3 + [_ROUGH_M_S**2] * 3)
        prior = Prior(end, state, covariance, trajectory)
        found = updated(prior, seen, settings.force_model, steps=_JOINING_STEPS)
    except (PropagationError, np.linalg.LinAlgError, ValueError):
        return None
    good = found.noise / max(1, seen.values.size - 6) < rms**2 and _is_orbit(found.state_gcrf)
    if not good or np.sqrt(np.trace(found.covariance[:3, :3])) > _LEAST_SURE_M:
        return None
    return OrbitTrack(
        id="",
        epoch_tai_s=end,
        state_gcrf=found.state_gcrf,
        covariance=found.covariance * _FIT_SCALE**2,
        force_model=settings.force_model,
        status=Status.TENTATIVE,
        arcs=tuple(arc.id for arc in ordered),
        last_seen_tai_s=end,
    )


def _is_orbit(state: Array) -> bool:
    axis, eccentricity, *_ = keplerian(state[:3], state[3:])
    return bool(
        eccentricity < 0.95 and axis * (1.0 - eccentricity) > _LOWEST_PERIGEE_M and axis < _LARGEST_AXIS_M
    )
