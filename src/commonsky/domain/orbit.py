"""Orbits as they are passed around: mean element sets of others, and tracks with covariance of our own."""

import math
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

LAST_REVISION = 2**31 - 1
"""A database keeps no larger ones."""


class ElementSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="element_set"):
    """SGP4 mean elements, with the names and units of the CCSDS orbit mean-elements message (502.0-B-3, 4).

    Angles in degrees, mean motion in revolutions a day, ``bstar`` per Earth radius, frame TEME of date. These
    are the units of the theory's own message, kept so that nothing is lost in passing on; ``epoch_utc`` is the
    text as published. ``norad_cat_id`` is the publisher's number: a claim about identity, not a key.
    ``coarsened_to_m`` is as in `Track`.
    """

    object_name: str
    object_id: str
    norad_cat_id: int
    classification: str
    epoch_utc: str
    epoch_tai_s: float
    mean_motion_rev_day: float
    eccentricity: float
    inclination_deg: float
    ra_of_asc_node_deg: float
    arg_of_pericenter_deg: float
    mean_anomaly_deg: float
    bstar: float
    mean_motion_dot: float
    mean_motion_ddot: float
    ephemeris_type: int = 0
    element_set_no: int = 0
    rev_at_epoch: int = 0
    coarsened_to_m: float | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_mark(self.coarsened_to_m)


class Frame(StrEnum):
    """Inertial frames of a track's state."""

    GCRF = "GCRF"


class EmpiricalAcceleration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A small force that no model explains: ``constant + rate * (t - epoch)`` on the frame's axes, SI."""

    epoch_tai_s: float
    constant_m_s2: tuple[float, float, float]
    rate_m_s3: tuple[float, float, float] = (0.0, 0.0, 0.0)


class ForceModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings a state was estimated with: partners need them, since engines and settings differ by metres.

    ``drag_cd_area_over_mass`` and ``radiation_cr_area_over_mass`` are in m2/kg.
    """

    engine: str
    gravity_model: str = "egm2008"
    gravity_degree: int = 20
    sun: bool = True
    moon: bool = True
    solid_tides: bool = True
    relativity: bool = True
    drag_cd_area_over_mass: float = 0.0
    radiation_cr_area_over_mass: float = 0.0
    empirical: EmpiricalAcceleration | None = None


class Track(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="track"):
    """An orbit that a member estimated itself, with covariance.

    Attributes
    ----------
    track_id
        The member's own name for the object. That it is catalogue number N is a separate `IdentityClaim`.
    revision
        Counts the estimates of this track, from 1.
    position_m, velocity_m_s
        In ``frame`` at ``epoch_tai_s``.
    covariance
        Lower triangle by rows (21 values) of the 6x6 covariance of position and velocity, m2, m2/s, m2/s2.
    observation_count, first_observation_tai_s, last_observation_tai_s
        What it was estimated from; ``None`` where the giver does not tell.
    weighted_rms
        Of the post-fit residuals over their sigmas; 1 when noise and model are as stated; ``None`` for not told.
    coarsened_to_m
        Set on an orbit that its originator displaced on purpose before release, by at least so much everywhere:
        such an orbit is for looking at, never for collision avoidance. Absent on all others.

    """

    track_id: str
    revision: int
    epoch_tai_s: float
    position_m: tuple[float, float, float]
    velocity_m_s: tuple[float, float, float]
    covariance: tuple[float, ...]
    force_model: ForceModel
    observation_count: int | None
    first_observation_tai_s: float | None
    last_observation_tai_s: float | None
    weighted_rms: float | None
    frame: Frame = Frame.GCRF
    coarsened_to_m: float | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_mark(self.coarsened_to_m)
        if len(self.covariance) != 21:
            raise ValueError("a track's covariance is the lower triangle of a 6x6 matrix: 21 values")
        if not 1 <= self.revision <= LAST_REVISION:
            raise ValueError(f"a track's revision counts from 1, to {LAST_REVISION} at most")

    @property
    def data_epoch_tai_s(self) -> float:
        """Time of the newest observation, or of the state where the giver does not tell."""
        return self.epoch_tai_s if self.last_observation_tai_s is None else self.last_observation_tai_s

    @property
    def position_sigma_m(self) -> float:
        """Root of the trace of the position covariance, metres."""
        return math.sqrt(self.covariance[0] + self.covariance[2] + self.covariance[5])


class IdentityClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="identity_claim"):
    """That a track is somebody's catalogue object: a statement with a confidence, open to correction."""

    track_id: str
    designator: str
    confidence: float
    basis: str


def _check_mark(coarsened_to_m: float | UnsetType) -> None:
    if coarsened_to_m is not UNSET and not 0.0 < coarsened_to_m < math.inf:
        raise ValueError(f"an orbit is coarsened to a positive number of metres, not {coarsened_to_m:g}")
