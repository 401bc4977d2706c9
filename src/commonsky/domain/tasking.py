"""Sensor tasking: what owners offer and on which terms, and the plan that is made of it."""

from enum import StrEnum

from msgspec import Struct, field

from commonsky.domain.member import Site
from commonsky.domain.support_request import Precedence, RequestAnswer, SupportRequest


class Technique(StrEnum):
    """How a sensor sees: a radar by its own echo, a telescope by sunlight at night."""

    RADAR = "radar"
    OPTICAL = "optical"


class OfferedSensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sensor as its owner offers it for tasking.

    Attributes
    ----------
    tracks_per_slot
        How many tracks it can take in one slot of the plan.
    farthest_m
        Where a radar detects an object of one square metre with probability one half.
    limiting_magnitude
        Where a telescope detects with probability one half.
    clear_share
        Probability of clear sky, for a telescope.

    """

    id: str
    owner: str
    latitude_deg: float
    longitude_deg: float
    technique: Technique
    tracks_per_slot: int
    height_m: float = 0.0
    minimum_elevation_deg: float = 10.0
    farthest_m: float = 3e6
    limiting_magnitude: float = 17.0
    clear_share: float = 1.0

    def __post_init__(self) -> None:
        if not -90.0 <= self.latitude_deg <= 90.0 or not -180.0 <= self.longitude_deg <= 360.0:
            raise ValueError(
                f"latitude {self.latitude_deg} and longitude {self.longitude_deg} are no place on Earth"
            )
        if self.tracks_per_slot < 0 or not self.farthest_m > 0.0 or not 0.0 <= self.clear_share <= 1.0:
            raise ValueError("tracks_per_slot >= 0, farthest_m > 0 and 0 <= clear_share <= 1 must hold")

    @property
    def site(self) -> Site:
        """Where it stands."""
        return Site(
            id=self.id,
            latitude_deg=self.latitude_deg,
            longitude_deg=self.longitude_deg,
            height_m=self.height_m,
        )


class Quota(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The share of its sensors' whole capacity that an owner sells to the plan; who states none sells nothing."""

    member: str
    share: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ValueError("share must be from 0 to 1")


class Reservation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time of a sensor that is not the plan's: kept by its owner, or closed by maintenance or weather."""

    sensor: str
    reason: str
    begins_tai_s: float | None = None
    ends_tai_s: float | None = None


class Restriction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an owner does not do with its sensors: a standing caveat, or the veto of one task.

    It holds where all that it names holds: its sensors (else all of the owner), objects (else all), for members
    (requests of theirs alone; else everybody's) and time (else always).
    """

    owner: str
    reason: str
    sensors: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()
    for_members: tuple[str, ...] = ()
    begins_tai_s: float | None = None
    ends_tai_s: float | None = None


def _ladder() -> dict[Precedence, float]:
    return {
        Precedence.EMERGENCY: 100.0,
        Precedence.FLASH: 30.0,
        Precedence.IMMEDIATE: 10.0,
        Precedence.PRIORITY: 3.0,
        Precedence.ROUTINE: 1.0,
    }


class PlanTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is planned, and how gain is counted (decision record on sensor tasking).

    Attributes
    ----------
    look_gains
        What the first, second, ... track of an object within one bin of ``bin_slots`` slots is worth: falling, since
        each track leaves less to learn; there is no more than these.
    uncertain_cost
        What a track loses in gain for each unit by which its probability of detection is below one.
    minimum_detection
        What is less probable is no opportunity.
    wanted_sigma_m
        An orbit known better than this hardly needs a track.
    precedence
        What requests weigh.

    """

    begins_tai_s: float
    hours: float = 24.0
    slot_minutes: float = 10.0
    bin_slots: int = 24
    samples_per_slot: int = 5
    look_gains: tuple[float, ...] = (1.0, 0.45, 0.2)
    uncertain_cost: float = 0.5
    minimum_detection: float = 0.5
    wanted_sigma_m: float = 1000.0
    precedence: dict[Precedence, float] = field(default_factory=_ladder)

    def __post_init__(self) -> None:
        if not (
            self.hours > 0.0 and self.slot_minutes > 0.0 and self.bin_slots > 0 and self.samples_per_slot > 0
        ):
            raise ValueError("hours, slot_minutes, bin_slots and samples_per_slot must be above 0")
        falling = all(a >= b for a, b in zip(self.look_gains, self.look_gains[1:], strict=False))
        if not self.look_gains or not falling or self.look_gains[-1] < 0.0:
            raise ValueError(
                "look_gains must fall and not go below 0: otherwise the optimum cannot be proven"
            )
        if not self.wanted_sigma_m > 0.0 or any(weight < 0.0 for weight in self.precedence.values()):
            raise ValueError("wanted_sigma_m must be above 0 and no precedence may weigh less than 0")

    @property
    def slot_s(self) -> float:
        """Length of a slot."""
        return self.slot_minutes * 60.0

    @property
    def slot_count(self) -> int:
        """How many whole slots the plan has, one at least."""
        return max(1, int(self.hours * 60.0 / self.slot_minutes + 1e-9))


class TaskingTerms(Struct, frozen=True, kw_only=True):
    """All that a tasking plan is made of, but for the objects themselves."""

    plan: PlanTerms
    sensors: tuple[OfferedSensor, ...]
    quotas: tuple[Quota, ...]
    reservations: tuple[Reservation, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    requests: tuple[SupportRequest, ...] = ()


class Task(Struct, frozen=True, kw_only=True):
    """One track that one sensor is to take in a slot of the plan, and the requests that it answers to."""

    sensor: str
    owner: str
    norad_cat_id: int
    slot: int
    at_tai_s: float
    detection: float
    requests: tuple[str, ...]


class PlanFile(Struct, frozen=True, kw_only=True):
    """A file that a plan was made from, by its path from the plan and its digest."""

    path: str
    sha256: str


class TaskingPlan(Struct, frozen=True, kw_only=True):
    """Tasks by time, what they are worth and how much better any plan could be, in points (10,000 to a unit of gain).

    ``value_points == bound_points`` says that no plan on these terms is worth more. A plan that was made again from
    time ``frozen_until_tai_s`` on is the best from there on, with ``sticky_points`` for each task kept.
    """

    begins_tai_s: float
    slot_s: float
    slot_count: int
    tasks: tuple[Task, ...]
    value_points: int
    bound_points: int
    answers: tuple[RequestAnswer, ...] = ()
    files: tuple[PlanFile, ...] = ()
    without_sensors: tuple[str, ...] = ()
    frozen_until_tai_s: float | None = None
