"""Another orbit, some way along the track and across it from the given one, that stays there.

The field of the oblate Earth looks the same at every instant and from every longitude. So what an orbit becomes by
waiting a little, and by turning about the pole, is an orbit of the same field that goes its way at the same distance
for good: the two share size, shape, inclination and every rate. Turning an ellipse in its own plane moves its apogee
too, where waiting moves little; that this takes the satellite to another latitude is paid for with a change of speed
that leaves the energy in the oblate field as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian, oblate_energy, rtn_axes

Array = NDArray[np.float64]

_COSINES = np.cos(np.linspace(0.0, np.pi, 181))  # of the eccentric anomaly, which rises evenly


@dataclass(frozen=True)
class Displacement:
    """How an orbit is displaced: it runs ``ahead_s`` early, its ellipse and its node are turned by these angles."""

    ahead_s: float
    perigee_rad: float
    node_rad: float


def displacement(
    along_m: float, across_m: float, *, semi_major_axis_m: float, eccentricity: float, cos_inclination: float
) -> Displacement:
    """The displacement by at least ``along_m`` (m, negative: behind) in the plane of a closed orbit, everywhere on it.

    Where it is most, it is 1.6 times as much at eccentricity 0.75. ``across_m`` tilts the plane, by that share of the
    semi-major axis at most (in a polar orbit; the equator cannot be tilted by turning it). Tilting does not move the
    satellite along the track.
    """
    phase_rad = along_m / semi_major_axis_m / _least_move(eccentricity)
    node_rad = across_m / semi_major_axis_m
    return Displacement(
        ahead_s=phase_rad * float(np.sqrt(semi_major_axis_m**3 / EARTH_GM_M3_S2)),
        perigee_rad=phase_rad * eccentricity / _roundness(eccentricity) - cos_inclination * node_rad,
        node_rad=node_rad,
    )


def displacement_of(state: Array, pole: Array, along_m: float, across_m: float) -> Displacement:
    """As `displacement`, for the osculating orbit of an inertial state (6,), m and m/s, about a pole (3,).

    Raises ValueError for an orbit that is not closed.
    """
    semi_major_axis_m, eccentricity, *_ = keplerian(state[:3], state[3:])
    if not 0.0 <= eccentricity < 1.0:
        raise ValueError("an orbit that is not closed cannot be displaced for good")
    momentum = np.cross(state[:3], state[3:])
    return displacement(
        along_m,
        across_m,
        semi_major_axis_m=semi_major_axis_m,
        eccentricity=eccentricity,
        cos_inclination=float(momentum @ pole / np.linalg.norm(momentum)),
    )


def displaced(ahead: Array, by: Displacement, pole: Array) -> Array:
    """The displaced state (6,) at an epoch, of the orbit's own state ``by.ahead_s`` later, ``ahead``; m and m/s."""
    momentum = np.cross(ahead[:3], ahead[3:])
    turned = _turned(ahead, momentum / np.linalg.norm(momentum), by.perigee_rad)
    return _turned(_at_energy(turned, oblate_energy(ahead, pole), pole), pole, by.node_rad)


def put_back(state: Array, by: Displacement, pole: Array) -> Array:
    """The state (6,) that `displaced` turned into this one, before its ``ahead_s`` have gone by."""
    turned = _turned(state, pole, -by.node_rad)
    momentum = np.cross(turned[:3], turned[3:])
    before = _turned(turned, momentum / np.linalg.norm(momentum), -by.perigee_rad)
    return _at_energy(before, oblate_energy(turned, pole), pole)


def disturbed(state: Array, pole: Array, offsets_m: Sequence[float], axis_m: float) -> Array:
    """A state (6,) with small changes of everything that `displaced` leaves as it is: shape, inclination, size.

    The first two of the four ``offsets_m`` move it outward and across, and so do, within a radian of its way, the kicks
    that the others are; all on the scale of the semi-major axis, which ``axis_m`` changes.
    """
    semi_major_axis_m, *_ = keplerian(state[:3], state[3:])
    outward, _, across = rtn_axes(state)
    off_outward, off_across, kick_outward, kick_across = np.array(offsets_m) / semi_major_axis_m
    position, velocity = state[:3], state[3:]
    moved = np.concatenate(
        [
            position + np.linalg.norm(position) * (off_outward * outward + off_across * across),
            velocity + np.linalg.norm(velocity) * (kick_outward * outward + kick_across * across),
        ]
    )
    energy = oblate_energy(state, pole) * (1.0 - axis_m / semi_major_axis_m)
    return _at_energy(moved, energy, pole)


def _at_energy(state: Array, energy: float, pole: Array) -> Array:
    """The state (6,) with the speed that has this energy (m2/s2) in the field of the oblate Earth."""
    missing = energy - oblate_energy(state, pole)
    faster = np.sqrt(1.0 + 2.0 * missing / float(state[3:] @ state[3:]))
    return np.concatenate([state[:3], faster * state[3:]])


def _roundness(eccentricity: float) -> float:
    """Minor over major axis."""
    return float(np.sqrt(1.0 - eccentricity**2))


def _least_move(eccentricity: float) -> float:
    """The least distance that a phase of one radian moves a satellite, in semi-major axes, over the whole orbit.

    With the distance r from the focus in semi-major axes, waiting moves it by b/r crosswise and by e sin(E)/r outward
    (b the minor axis), and turning the ellipse by e/b moves it by e r/b crosswise.
    """
    distance = 1.0 - eccentricity * _COSINES
    roundness = _roundness(eccentricity)
    crosswise = roundness / distance + eccentricity * distance / roundness
    outward = eccentricity * np.sqrt(1.0 - _COSINES**2) / distance
    return float(np.sqrt(crosswise**2 + outward**2).min())


def _turned(state: Array, axis: Array, angle_rad: float) -> Array:
    """Position and velocity turned about a unit vector (Rodrigues)."""
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    vectors = state.reshape(2, 3)
    turned = cosine * vectors + sine * np.cross(axis, vectors)
    turned += (1.0 - cosine) * np.outer(vectors @ axis, axis)
    return np.asarray(turned.ravel())
