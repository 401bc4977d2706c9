"""The geometry of one close approach: relative state, its uncertainty, and the plane that the encounter is seen in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2, rtn_axes
from commonsky.domain import EncounterPlane

Array = NDArray[np.float64]

_LEAST_SPEED_M_S = 1e-6
_LEAST_VERTICAL = 1e-3


@dataclass(frozen=True)
class Side:
    """One object at the time of closest approach: state (6,) in an inertial frame, m and m/s, and its covariance.

    The covariance is that of the state (6, 6), or of the position alone (3, 3), on the same frame's axes, SI; ``None``
    where there is none.
    """

    state: Array
    covariance: Array | None = None

    @property
    def position_covariance(self) -> Array | None:
        """Of the position alone, (3, 3) in m2."""
        return None if self.covariance is None else self.covariance[:3, :3]


@dataclass(frozen=True)
class Encounter:
    """Object 2 seen from object 1, on the axes of object 1 or in the encounter plane; None is not known."""

    miss_distance_m: float
    relative_speed_m_s: float
    position_rtn_m: Array
    velocity_rtn_m_s: Array
    covariance_rtn_m2: Array | None
    sigmas_1_rtn_m: Array | None
    sigmas_2_rtn_m: Array | None
    plane: EncounterPlane | None


def encounter(first: Side, second: Side) -> Encounter:
    """Describe the encounter of two objects in one inertial frame.

    The uncertainties of the two are taken as independent. The axes of the plane are those of `EncounterPlane`;
    there is none for objects that stand still to each other, or that meet along the vertical.
    """
    position = second.state[:3] - first.state[:3]
    velocity = second.state[3:] - first.state[3:]
    axes = rtn_axes(first.state)
    known = first.position_covariance, second.position_covariance
    covariance = None if known[0] is None or known[1] is None else known[0] + known[1]
    return Encounter(
        miss_distance_m=float(np.linalg.norm(position)),
        relative_speed_m_s=float(np.linalg.norm(velocity)),
        position_rtn_m=axes @ position,
        velocity_rtn_m_s=axes @ velocity,
        covariance_rtn_m2=None if covariance is None else axes @ covariance @ axes.T,
        sigmas_1_rtn_m=_sigmas_rtn(first),
        sigmas_2_rtn_m=_sigmas_rtn(second),
        plane=_plane(first, second, covariance),
    )


def turned(plane: EncounterPlane) -> EncounterPlane:
    """Give the same encounter with its objects exchanged."""
    (x, y), covariance = plane.miss_m, plane.covariance_m2
    other = None if covariance is None else (covariance[0], -covariance[1], covariance[2])
    return EncounterPlane(miss_m=(-x, y), covariance_m2=other)


def period_s(state: Array) -> float:
    """Give the orbital period of a state (6,) in m and m/s; infinite for an orbit that is open."""
    inverse_axis = 2.0 / np.linalg.norm(state[:3]) - state[3:] @ state[3:] / EARTH_GM_M3_S2
    return float(2.0 * np.pi / np.sqrt(EARTH_GM_M3_S2 * inverse_axis**3)) if inverse_axis > 0.0 else np.inf


def _sigmas_rtn(side: Side) -> Array | None:
    if side.position_covariance is None:
        return None
    axes = rtn_axes(side.state)
    return np.sqrt(np.maximum(0.0, np.diag(axes @ side.position_covariance @ axes.T)))


def _plane(first: Side, second: Side, covariance: Array | None) -> EncounterPlane | None:
    position, velocity = second.state[:3] - first.state[:3], second.state[3:] - first.state[3:]
    speed = float(np.linalg.norm(velocity))
    if speed < _LEAST_SPEED_M_S:
        return None
    along = velocity / speed
    middle = first.state[:3] + second.state[:3]  # of both, so that it is the same from either object
    vertical = middle / np.linalg.norm(middle)
    up = vertical - (vertical @ along) * along
    if np.linalg.norm(up) < _LEAST_VERTICAL:
        return None
    up /= np.linalg.norm(up)
    axes = np.array([up, np.cross(along, up)])
    x, y = (axes @ position).tolist()
    if covariance is None:
        return EncounterPlane(miss_m=(x, y))
    (upwards, _), (mixed, across) = (axes @ covariance @ axes.T).tolist()
    return EncounterPlane(miss_m=(x, y), covariance_m2=(upwards, mixed, across))
