"""Mean elements of SGP4 that go through given states best, by least squares.

Equinoctial elements are varied, which have no place where an angle is undefined for any orbit that SGP4 is for
(Vallado 2013, 10.4). What SGP4 cannot follow remains as the error of the fit, and is told.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.frames import itrf_from_gcrf, itrf_from_teme, rotate
from commonsky.astro.general_perturbations import positions_teme, satellites
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian, rtn_axes
from commonsky.astro.time import utc_text_from_tai_s
from commonsky.domain import ElementSet
from commonsky.tracking.errors import NotConvergedError

Array = NDArray[np.float64]
_Misses = Callable[[Array], Array]

_STEPS = np.array([1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-5])
_MOST_ITERATIONS = 40
_SETTLED = 1e-7
_DRAG_SPAN_S = 43200.0
_DRAG_BELOW_M = 7.4e6
_BSTAR_SCALE = 1e-3  # how far one step may go that the states hardly hold


@dataclass(frozen=True)
class MeanFit:
    """An element set, and how far SGP4 then is from the states: root mean squares and the largest distance, m."""

    element_set: ElementSet
    rms_rtn_m: tuple[float, float, float]
    worst_m: float


def fit_mean_elements(
    times_tai_s: Array,
    states_gcrf: Array,
    epoch_tai_s: float,
    *,
    names: tuple[str, str, int] = ("UNKNOWN", "UNKNOWN", 99999),
) -> MeanFit:
    """Fit mean elements at an epoch to states (n, 6) in GCRF, m and m/s, at TAI epochs (n,).

    ``names`` are the object's name, international designator and catalogue number. The drag term is estimated for
    low orbits and half a day or more, and zero otherwise. Raises NotConvergedError where SGP4 cannot follow the
    orbit at all.
    """
    teme = _teme_from_gcrf(times_tai_s)
    wanted = rotate(teme, states_gcrf[:, :3])
    nearest = int(np.argmin(np.abs(times_tai_s - epoch_tai_s)))
    start = np.concatenate(
        [rotate(teme[[nearest]], one)[0] for one in np.split(states_gcrf[[nearest]], 2, axis=1)]
    )
    vector = _equinoctial(start, epoch_tai_s - float(times_tai_s[nearest]))
    low = keplerian(start[:3], start[3:])[0] < _DRAG_BELOW_M
    free = 7 if low and np.ptp(times_tai_s) >= _DRAG_SPAN_S else 6

    def made(values: Array) -> ElementSet:
        return _element_set(values, epoch_tai_s, names)

    def misses(values: Array) -> Array:
        position, _, error = positions_teme(satellites([made(values)]), times_tai_s)
        return np.where(error[0, :, np.newaxis] == 0, wanted - position[0], np.nan)

    vector = _iterated(vector, misses, free)
    offset = misses(vector)
    along = np.einsum("nij,nj->ni", rtn_axes(states_gcrf), rotate(np.swapaxes(teme, 1, 2), offset))
    radial, intrack, cross = np.sqrt(np.mean(along**2, axis=0)).tolist()
    return MeanFit(made(vector), (radial, intrack, cross), float(np.linalg.norm(offset, axis=1).max()))


def _iterated(vector: Array, misses: _Misses, free: int) -> Array:
    best = misses(vector)
    cost, damping = float(np.sum(best**2)), 1e-4
    if not math.isfinite(cost):
        raise NotConvergedError("SGP4 cannot follow this orbit: it is too low, too high or too eccentric")
    for _ in range(_MOST_ITERATIONS):
        columns = [(best - misses(vector + step)).ravel() / step.sum() for step in np.diag(_STEPS)[:free]]
        matrix = np.stack(columns, axis=1)
        scale = np.linalg.norm(matrix, axis=0)
        scale = np.where(scale > 0.0, scale, 1.0)
        left, singular, right = np.linalg.svd(matrix / scale, full_matrices=False)
        gain = singular / (singular**2 + damping * singular[0] ** 2)
        change = np.zeros(7)
        change[:free] = (right.T @ (gain * (left.T @ best.ravel()))) / scale
        change[6] = np.clip(change[6], -_BSTAR_SCALE, _BSTAR_SCALE)
        reached = misses(vector + change)
        cost_then = float(np.sum(reached**2))
        if math.isfinite(cost_then) and cost_then < cost:
            settled = cost - cost_then < _SETTLED * cost
            vector, best, cost, damping = vector + change, reached, cost_then, 0.1 * damping
            if settled:
                break
        elif damping > 1e4:
            break
        else:
            damping = max(10.0 * damping, 1e-8)
    return vector


def _equinoctial(state_teme: Array, forward_s: float) -> Array:
    """Log n (rad/s), e sin, e cos, tan(i/2) sin, tan(i/2) cos, mean longitude at the epoch, bstar."""
    axis_m, e, inclination, node, argument, true_anomaly = keplerian(state_teme[:3], state_teme[3:])
    if not 0.0 <= e < 1.0:
        raise NotConvergedError("SGP4 cannot follow this orbit: it is open")
    eccentric = 2.0 * math.atan2(
        math.sqrt(1.0 - e) * math.sin(true_anomaly / 2.0), math.sqrt(1.0 + e) * math.cos(true_anomaly / 2.0)
    )
    motion = math.sqrt(EARTH_GM_M3_S2 / axis_m**3)
    longitude = eccentric - e * math.sin(eccentric) + motion * forward_s + node + argument
    tangent, perigee = math.tan(inclination / 2.0), node + argument
    tilt = (tangent * math.sin(node), tangent * math.cos(node))
    return np.array([math.log(motion), e * math.sin(perigee), e * math.cos(perigee), *tilt, longitude, 0.0])


def _element_set(vector: Array, epoch_tai_s: float, names: tuple[str, str, int]) -> ElementSet:
    motion, h, k, p, q, longitude, bstar = vector.tolist()
    node, perigee = math.atan2(p, q), math.atan2(h, k)
    return ElementSet(
        object_name=names[0],
        object_id=names[1],
        norad_cat_id=names[2],
        classification="U",
        epoch_utc=utc_text_from_tai_s(epoch_tai_s),
        epoch_tai_s=epoch_tai_s,
        mean_motion_rev_day=math.exp(motion) * 86400.0 / math.tau,
        eccentricity=math.hypot(h, k),
        inclination_deg=math.degrees(2.0 * math.atan(math.hypot(p, q))),
        ra_of_asc_node_deg=math.degrees(node) % 360.0,
        arg_of_pericenter_deg=math.degrees(perigee - node) % 360.0,
        mean_anomaly_deg=math.degrees(longitude - perigee) % 360.0,
        bstar=bstar,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )


def _teme_from_gcrf(times_tai_s: Array) -> Array:
    return np.swapaxes(itrf_from_teme(times_tai_s), 1, 2) @ itrf_from_gcrf(times_tai_s)
