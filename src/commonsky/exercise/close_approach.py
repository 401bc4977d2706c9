"""A piece of debris that will really pass near a satellite of the exercise: made backwards, from the passage."""

import math
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from commonsky.astro import frames, general_perturbations, numerical
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian
from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s
from commonsky.domain import ElementSet, ForceModel

Array = NDArray[np.float64]

OTHER_SPEED = 1.005
"""Times the satellite's speed: the other period keeps the two from meeting again at each revolution."""

_ROUNDS = 12
_BSTAR = 2e-4


class CloseApproach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to happen: to which satellite, how many hours after the start, how near, and crossing at what angle."""

    satellite: int
    hours: float
    miss_distance_m: float
    crossing_deg: float = 80.0


class Truth(NamedTuple):
    """How an object really moves: a state in GCRF at an epoch, and the forces."""

    state: Array
    epoch_tai_s: float
    force_model: ForceModel

    def states(self, times_tai_s: Array) -> Array:
        """States (n, 6) in GCRF, m and m/s."""
        return numerical.propagate(self.state, self.epoch_tai_s, times_tai_s, self.force_model)


def debris_that_passes(satellite: Truth, wanted: CloseApproach, number: int) -> tuple[ElementSet, Truth]:
    """Make the debris: its element set at the satellite's epoch, as a public catalogue has it, and its truth.

    At the passage it has nearly the satellite's speed, in another plane through the same place; the miss is across both
    velocities. The satellite's forces act on it too.
    """
    tca_tai_s = satellite.epoch_tai_s + 3600.0 * wanted.hours
    met = satellite.states(np.array([tca_tai_s]))[0]
    position, velocity = met[:3], met[3:]
    vertical = position / np.linalg.norm(position)
    angle = math.radians(wanted.crossing_deg)
    turned = (
        velocity * math.cos(angle)
        + np.cross(vertical, velocity) * math.sin(angle)
        + vertical * (vertical @ velocity) * (1.0 - math.cos(angle))  # Rodrigues' rotation about the vertical
    )
    turned *= OTHER_SPEED
    across = np.cross(velocity, turned)
    across /= np.linalg.norm(across)
    passing = np.concatenate([position + wanted.miss_distance_m * across, turned])
    begin = numerical.propagate(passing, tca_tai_s, np.array([satellite.epoch_tai_s]), satellite.force_model)[
        0
    ]
    return (
        _element_set(begin, satellite.epoch_tai_s, number),
        Truth(begin, satellite.epoch_tai_s, satellite.force_model),
    )


def _element_set(state_gcrf: Array, epoch_tai_s: float, number: int) -> ElementSet:
    """The mean elements whose SGP4 state at the epoch is this one: corrected by what is missing, round by round."""
    epoch_utc = utc_from_tai_s(epoch_tai_s, digits=6).removesuffix("Z")
    epoch_tai_s = tai_s_from_utc(epoch_utc)
    to_gcrf = frames.teme_to_gcrf(np.eye(3), np.zeros((3, 3)), np.full(3, epoch_tai_s))[0].T
    wanted = np.concatenate([to_gcrf.T @ state_gcrf[:3], to_gcrf.T @ state_gcrf[3:]])
    guess = wanted.copy()
    for _ in range(_ROUNDS):
        made = _of_state(guess, epoch_utc, epoch_tai_s, number)
        handle = general_perturbations.satellites([made])
        position, velocity, _ = general_perturbations.positions_teme(handle, epoch_tai_s)
        guess += wanted - np.concatenate([position[0], velocity[0]])
    return made


def _of_state(state_teme: Array, epoch_utc: str, epoch_tai_s: float, number: int) -> ElementSet:
    axis_m, eccentricity, inclination, node, perigee, true_anomaly = keplerian(state_teme[:3], state_teme[3:])
    eccentric = 2.0 * math.atan2(
        math.sqrt(1.0 - eccentricity) * math.sin(true_anomaly / 2.0),
        math.sqrt(1.0 + eccentricity) * math.cos(true_anomaly / 2.0),
    )
    mean_anomaly = (eccentric - eccentricity * math.sin(eccentric)) % (2.0 * math.pi)
    return ElementSet(
        object_name=f"PASSING DEB {number}",
        object_id="",
        norad_cat_id=number,
        classification="U",
        epoch_utc=epoch_utc,
        epoch_tai_s=epoch_tai_s,
        mean_motion_rev_day=math.sqrt(EARTH_GM_M3_S2 / axis_m**3) * 86_400.0 / (2.0 * math.pi),
        eccentricity=eccentricity,
        inclination_deg=math.degrees(inclination),
        ra_of_asc_node_deg=math.degrees(node),
        arg_of_pericenter_deg=math.degrees(perigee),
        mean_anomaly_deg=math.degrees(mean_anomaly),
        bstar=_BSTAR,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )
