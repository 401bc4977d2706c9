"""A track as the tracker keeps it: frozen, with its lineage and the states it may go back to."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from commonsky.domain import ForceModel, Observation

Array = NDArray[np.float64]


class Status(StrEnum):
    """How far a track is to be believed."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    LOST = "lost"


@dataclass(frozen=True)
class Arc:
    """A tracklet with its observations and an id of its own: what lineage is told in."""

    id: str
    sensor: str
    observations: tuple[Observation, ...]

    @property
    def begin_tai_s(self) -> float:
        """Epoch of the first observation."""
        return min(one.epoch_tai_s for one in self.observations)

    @property
    def end_tai_s(self) -> float:
        """Epoch of the last observation."""
        return max(one.epoch_tai_s for one in self.observations)


@dataclass(frozen=True)
class Checkpoint:
    """A state (6,) with covariance (6, 6) at an epoch, before the arc that follows it in the lineage."""

    epoch_tai_s: float
    state_gcrf: Array
    covariance: Array
    arc: str


@dataclass(frozen=True)
class Manoeuvre:
    """A push that a track's observations tell of: when, to the middle of a gap, and by how much on RTN axes, m/s."""

    arc: str
    at_tai_s: float
    gap_s: float
    push_rtn_m_s: tuple[float, float, float]


@dataclass(frozen=True)
class OrbitTrack:
    """One object as it is believed to move.

    Attributes
    ----------
    state_gcrf, covariance
        (6,) and (6, 6) at ``epoch_tai_s``, m and m/s.
    arcs
        Ids of all arcs that the state stands on, by time.
    checkpoints
        Of the last of them, oldest first: from one of these late data is filtered in.
    innovations
        Normalised innovation squared and its dimensions for each arc of ``arcs`` that was filtered.
    noise_factor
        By how much the usual process noise of its regime is enlarged for this object.
    designator
        The catalogue number that it began from, if so: a claim.

    """

    id: str
    epoch_tai_s: float
    state_gcrf: Array
    covariance: Array
    force_model: ForceModel
    status: Status
    arcs: tuple[str, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    innovations: tuple[tuple[float, int], ...] = ()
    manoeuvres: tuple[Manoeuvre, ...] = ()
    noise_factor: float = 1.0
    last_seen_tai_s: float = field(default=-np.inf)
    designator: str = ""

    @property
    def position_sigma_m(self) -> float:
        """Root of the trace of the position covariance."""
        return float(np.sqrt(np.trace(self.covariance[:3, :3])))
