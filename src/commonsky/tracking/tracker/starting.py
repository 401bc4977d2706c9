"""New tracks: from an element set that somebody gave, from one arc that tells an orbit, from several together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import stations
from commonsky.astro.numerical import PropagationError, solve
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian
from commonsky.astro.two_body import gravity
from commonsky.domain import ElementSet, ObservationKind, Sensor
from commonsky.tracking.errors import TrackingError
from commonsky.tracking.estimate import fit
from commonsky.tracking.identify.element_set_errors import error_growth
from commonsky.tracking.identify.evidence import error_columns
from commonsky.tracking.initial import from_element_set
from commonsky.tracking.result import Fit
from commonsky.tracking.settings import FitSettings
from commonsky.tracking.tracker.orbit_track import Arc, OrbitTrack, Status
from commonsky.tracking.tracker.settings import TrackerSettings
from commonsky.tracking.tracker.update import Prior, arc_looks, updated

Array = NDArray[np.float64]

_GOOD_RMS = 1.6
_TELLING_VALUES = 9
_LONGEST_RANGE_SIGMA_SHARE = 0.2
_ELEMENT_SET_SCALE = 1.5
_FIT_SCALE = 1.5
_MOST_EARLIER, _MOST_TRIALS = 4, 2
_LOWEST_PERIGEE_M = 6.45e6
_LARGEST_AXIS_M = 2e8
_FEWEST_PLACES = 4
_UNSURE_M, _UNSURE_M_S = 30e3, 1e3


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
    scales = _ELEMENT_SET_SCALE * np.array([errors.along_m[0], 0.3 * radial, radial, radial, cross, cross])
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


def of_arcs(
    arcs: Sequence[Arc], track_id: str, sensors: Mapping[str, Sensor], settings: TrackerSettings
) -> OrbitTrack | None:
    """Begin a track from arcs if one orbit explains them well; ``None`` if not."""
    observations = [one for arc in arcs for one in arc.observations]
    try:
        found = fit(
            observations,
            sensors,
            settings=FitSettings(
                force_model=settings.force_model,
                atmosphere=settings.atmosphere,
                max_iterations=12,
                rejection_from_iteration=100,
            ),
        )
    except (TrackingError, np.linalg.LinAlgError, ValueError):
        return None
    if not _believable(found):
        return None
    return OrbitTrack(
        id=track_id,
        epoch_tai_s=found.epoch_tai_s,
        state_gcrf=found.state_gcrf,
        covariance=found.covariance * _FIT_SCALE**2,
        force_model=settings.force_model,
        status=Status.CONFIRMED if len(arcs) >= settings.confirm_arcs else Status.TENTATIVE,
        arcs=tuple(arc.id for arc in sorted(arcs, key=lambda arc: arc.end_tai_s)),
        last_seen_tai_s=max(arc.end_tai_s for arc in arcs),
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
    earlier = [
        arc
        for arc in arcs
        if arc.id != newest.id
        and arc.end_tai_s < newest.begin_tai_s
        and newest.begin_tai_s - arc.begin_tai_s < settings.longest_start_s
    ][-_MOST_EARLIER:]
    for pair in list(combinations(reversed(earlier), 2))[:_MOST_TRIALS]:
        made = of_arcs([*pair, newest], track_id, sensors, settings)
        if made is not None:
            return replace(made, status=Status.TENTATIVE)
    return None


def _is_orbit(state: Array) -> bool:
    axis, eccentricity, *_ = keplerian(state[:3], state[3:])
    return bool(
        eccentricity < 0.95 and axis * (1.0 - eccentricity) > _LOWEST_PERIGEE_M and axis < _LARGEST_AXIS_M
    )


def _believable(found: Fit) -> bool:
    axis = keplerian(found.state_gcrf[:3], found.state_gcrf[3:])[0]
    sigma_m = float(np.sqrt(np.trace(found.covariance[:3, :3])))
    speed_sigma = float(np.sqrt(np.trace(found.covariance[3:, 3:])))
    speed = float(np.sqrt(EARTH_GM_M3_S2 / np.linalg.norm(found.state_gcrf[:3])))
    return (
        found.weighted_rms < _GOOD_RMS
        and _is_orbit(found.state_gcrf)
        and sigma_m < _LONGEST_RANGE_SIGMA_SHARE * axis
        and speed_sigma < 0.1 * speed
    )
