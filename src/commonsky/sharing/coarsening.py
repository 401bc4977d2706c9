"""Orbits released below full precision: displaced for good, and told as nothing but the displaced orbit.

Noise on each state would be averaged away by a refit, and a displacement that does not obey the forces would show in
its residuals. So the orbit itself is displaced, in the middle of a window of time, and what is released is where the
forces take the displaced orbit: all releases of a window lie on one orbit, and whoever fits one to them gets the
displaced one, without residual.

What else could tell the fine orbit is told anew. Epochs are moved to full hours, since an epoch at a node or on a round
second would tell the phase; the covariance lies about the displaced orbit and covers all displacements that the level
allows; times and number of observations, residuals and lineage are left out.

What this does not withstand is in decision 19.
"""

import math
from functools import lru_cache

import numpy as np
from msgspec import UNSET
from msgspec.structs import replace
from numpy.typing import NDArray

from commonsky.astro.displacement import displaced, displacement_of, disturbed, put_back
from commonsky.astro.frames import celestial_pole
from commonsky.astro.mean_elements import at_epoch
from commonsky.astro.numerical import PropagationError, propagate
from commonsky.astro.orbit import EARTH_GM_M3_S2, apsides_m, keplerian, rtn_axes, semi_major_axis_m
from commonsky.domain import ElementSet, EmpiricalAcceleration, ForceModel, Record, Track
from commonsky.formats.canonical import record_id
from commonsky.sharing.orbit_bias import WINDOW_S, Bias, bias_of, level_of, spread_of, window_of
from commonsky.tracking import predict_with_covariance

Array = NDArray[np.float64]

EPOCH_STEP_S = 3_600.0

_HIGHEST_M = 100_000_000.0
_MOST_ECCENTRIC = 0.9
_MOST_INCLINED_DEG = 175.0
_JUMPS_BELOW_DEG = 11.5  # below 0.2 rad SGP4 puts the Moon's and the Sun's pull on orbits in another way
_LEAST_SIGMA = 0.002
_CONTENTS_KEPT = 2_048

_ALONG_NODES = (-1.28, -0.6, 0.6, 1.28)
_ACROSS_NODES = ((-1.342, 5.0 / 18.0), (0.0, 8.0 / 18.0), (1.342, 5.0 / 18.0))
"""In units of the spread, with weights: mean and mean square are those of the biases."""


class CoarseningError(ValueError):
    """A record cannot be coarsened: it must be withheld. The message says why."""


def coarsened(record: Record, floor_m: float, *, giver: str, object_name: str, secret: bytes) -> Record:
    """The record as it may go to readers who must not know its orbit better than ``floor_m``, metres.

    The same record, level (see `orbit_bias.level_of`), object and secret give the same bytes. ``object_name`` must be
    one name for all tracks and element sets of an object, and stay: two names would be two biases of one orbit.
    The label is the original's; lineage is left out, since the id of an element set is a digest of the fine one,
    against which guesses could be checked.

    A record that was coarsened to that level or beyond already is given back as it is. Every fine one is displaced,
    however poor: what is released as it is once in a while would tell the others' bias.

    Raises CoarseningError for what tells no orbit, for orbits that cannot be displaced for good, for a floor beyond the
    last level, and for what another member made: a second bias of the same record would let its readers average both.
    """
    content = record.content
    if not isinstance(content, Track | ElementSet):
        raise CoarseningError(f"a record of kind {record.kind} cannot be coarsened")
    try:
        level_m = level_of(floor_m)
    except ValueError as fault:
        raise CoarseningError(str(fault)) from fault
    if content.coarsened_to_m is not UNSET and content.coarsened_to_m >= level_m:
        return record
    if content.coarsened_to_m is not UNSET:
        raise CoarseningError(
            f"{record.originator} coarsened it already, to {content.coarsened_to_m:g} m only"
        )
    if record.originator != giver:
        raise CoarseningError(f"only {record.originator}, whose record it is, can coarsen it")
    try:
        told = _told(content, level_m, object_name, secret)
    except (ValueError, PropagationError) as fault:
        raise CoarseningError(f"the orbit cannot be coarsened: {fault}") from fault
    return replace(record, id=record_id(record.originator, told), content=told, inputs=())


@lru_cache(maxsize=_CONTENTS_KEPT)
def _told(content: Track | ElementSet, level_m: float, object_name: str, secret: bytes) -> Track | ElementSet:
    """The content at a level; the next receiver of a level does not wait for it again."""
    epoch_tai_s = math.floor(content.epoch_tai_s / EPOCH_STEP_S) * EPOCH_STEP_S
    bias = bias_of(secret, object_name, level_m, window_of(epoch_tai_s)[0])
    if isinstance(content, Track):
        return _track(content, epoch_tai_s, bias, level_m)
    return _element_set(content, epoch_tai_s, bias, level_m)


def _element_set(content: ElementSet, epoch_tai_s: float, bias: Bias, level_m: float) -> ElementSet:
    _require_displaceable(semi_major_axis_m(content.mean_motion_rev_day), content.eccentricity)
    if content.inclination_deg > _MOST_INCLINED_DEG:
        raise ValueError(
            f"SGP4 is singular at 180 deg: inclination {content.inclination_deg:.6g} deg is too near"
        )
    told = at_epoch(content, epoch_tai_s, along_m=bias.along_m, across_m=bias.across_m)
    turned_deg = abs(told.ra_of_asc_node_deg - content.ra_of_asc_node_deg)
    if content.inclination_deg < _JUMPS_BELOW_DEG and turned_deg > 180.0:
        raise ValueError(
            "SGP4 jumps where the node of an orbit near the equator passes 0 deg, as between these two"
        )
    return replace(told, element_set_no=0, rev_at_epoch=0, coarsened_to_m=level_m)


def _track(content: Track, epoch_tai_s: float, bias: Bias, level_m: float) -> Track:
    pole = celestial_pole(epoch_tai_s)
    fine, covariance = _carried(content, epoch_tai_s)
    _require_displaceable(*keplerian(fine[:3], fine[3:])[:2])
    released = displaced_state(fine, epoch_tai_s, content.force_model, bias)
    turn = rtn_axes(released).T @ rtn_axes(fine)
    both = np.kron(np.eye(2), turn)
    covariance = _enlarged(both @ covariance @ both.T, level_m) + _scatter(
        released, epoch_tai_s, content.force_model, level_m
    )
    rows, columns = np.tril_indices(6)
    x, y, z, vx, vy, vz = released.tolist()
    ahead_s = displacement_of(fine, pole, bias.along_m, bias.across_m).ahead_s
    return replace(
        content,
        epoch_tai_s=epoch_tai_s,
        position_m=(x, y, z),
        velocity_m_s=(vx, vy, vz),
        covariance=tuple(covariance[rows, columns].tolist()),
        force_model=_turned_forces(content.force_model, epoch_tai_s, ahead_s, turn),
        observation_count=None,
        first_observation_tai_s=None,
        last_observation_tai_s=None,
        weighted_rms=None,
        coarsened_to_m=level_m,
    )


def _carried(content: Track, epoch_tai_s: float) -> tuple[Array, Array]:
    """State (6,) and covariance (6, 6) of a track at a nearby epoch, by its own forces."""
    states, covariances = predict_with_covariance(content, epoch_tai_s)
    return states[0], covariances[0]


def _require_displaceable(axis_m: float, eccentricity: float) -> None:
    """Raise ValueError for an orbit that the Moon, the ground or its own shape keeps from staying as it is."""
    if not 0.0 <= eccentricity <= _MOST_ECCENTRIC:
        raise ValueError(f"eccentricity {eccentricity:.3g} is beyond {_MOST_ECCENTRIC:g}")
    perigee_m, apogee_m = apsides_m(axis_m, eccentricity)
    if perigee_m < 0.0 or apogee_m > _HIGHEST_M:
        raise ValueError(
            f"heights of {perigee_m / 1e3:.0f} to {apogee_m / 1e3:.0f} km are beyond what is supported"
        )


def displaced_state(fine: Array, epoch_tai_s: float, forces: ForceModel, bias: Bias) -> Array:
    """Displace a state (6,) where the forces take it at the middle of the window, and take that back to the epoch.

    Drag and empirical acceleration are left out on both ways: what they do to the orbit and to the displaced one is
    the same to a part in ten thousand, and an empirical acceleration means nothing days away from its observations.
    """
    _, middle_tai_s = window_of(epoch_tai_s)
    pole = celestial_pole(middle_tai_s)
    lasting = _lasting(forces)
    there = propagate(fine, epoch_tai_s, middle_tai_s, lasting)[0]
    by = displacement_of(there, pole, bias.along_m, bias.across_m)
    moved = displaced(propagate(there, middle_tai_s, middle_tai_s + by.ahead_s, lasting)[0], by, pole)
    *offsets_m, drift_m = bias.unrest_m
    unsettled = disturbed(moved, pole, offsets_m, _axis_change_m(moved, drift_m))
    return np.asarray(propagate(unsettled, middle_tai_s, epoch_tai_s, lasting)[0])


def _axis_change_m(state: Array, drift_m: float) -> float:
    """The change of the semi-major axis by which an orbit drifts along its track as far in half a window."""
    axis_m, *_ = keplerian(state[:3], state[3:])
    turned_rad = math.sqrt(EARTH_GM_M3_S2 / axis_m**3) * WINDOW_S / 2.0
    return drift_m / (1.5 * turned_rad)


def _lasting(forces: ForceModel) -> ForceModel:
    return replace(forces, drag_cd_area_over_mass=0.0, empirical=None)


def _turned_forces(forces: ForceModel, epoch_tai_s: float, ahead_s: float, turn: Array) -> ForceModel:
    """The forces with an empirical acceleration as it is where the displaced orbit is."""
    law = forces.empirical
    if law is None:
        return forces
    rate = np.array(law.rate_m_s3)
    constant = np.array(law.constant_m_s2) + rate * (epoch_tai_s + ahead_s - law.epoch_tai_s)
    x, y, z = (turn @ constant).tolist()
    u, v, w = (turn @ rate).tolist()
    return replace(
        forces,
        empirical=EmpiricalAcceleration(
            epoch_tai_s=epoch_tai_s, constant_m_s2=(x, y, z), rate_m_s3=(u, v, w)
        ),
    )


def _scatter(released: Array, epoch_tai_s: float, forces: ForceModel, level_m: float) -> Array:
    """Mean square (6, 6) of the ways that the fine state may lie from the released one, over all biases of a level.

    It is made from the released orbit and what everybody knows. The track is curved, so it is not enough to take the
    spread along the tangent: a covariance of that would rule out the truth.
    """
    pole, spread = celestial_pole(epoch_tai_s), spread_of(level_m)
    ways = [
        (displacement_of(released, pole, along * spread.along_m, across * spread.across_m), weight)
        for along in _ALONG_NODES
        for across, weight in _ACROSS_NODES
    ]
    times_tai_s = epoch_tai_s - np.array([by.ahead_s for by, _ in ways])
    behind = propagate(released, epoch_tai_s, times_tai_s, _lasting(forces))
    total = np.zeros((6, 6))
    for state, (by, weight) in zip(behind, ways, strict=True):
        away = put_back(state, by, pole) - released
        total += weight / len(_ALONG_NODES) * np.outer(away, away)
    for *offsets_m, drift_m in np.diag(spread.unrest_m).tolist():
        away = disturbed(released, pole, offsets_m, _axis_change_m(released, drift_m)) - released
        total += np.outer(away, away)
    return total


def _enlarged(covariance: Array, level_m: float) -> Array:
    """The covariance (6, 6) enlarged until its position sigma is a power of two in metres, and not too far below.

    How well the originator knows the orbit is among the things that a floor keeps; and the scatter of biases is right
    to a thousandth of them, since the displaced orbit goes its own way within the window.
    """
    sigma_m = math.sqrt(np.trace(covariance[:3, :3]))
    if not sigma_m > 0.0:
        raise ValueError("its covariance says that the position is known without error")
    least_m = max(sigma_m, _LEAST_SIGMA * level_m)
    return np.asarray(covariance * (2.0 ** math.ceil(math.log2(least_m)) / sigma_m) ** 2)
