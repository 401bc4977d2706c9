"""What one member lets another have, clause by clause."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from commonsky.domain.form import WITHHOLDABLE
from commonsky.domain.mode import Mode
from commonsky.domain.record import RecordKind


class Effect(StrEnum):
    """What a clause does with the records it covers; withholding beats releasing."""

    RELEASE = "release"
    WITHHOLD = "withhold"


class Regime(StrEnum):
    """Orbit regimes by perigee and apogee altitude over 6,378.137 km.

    LEO: apogee under 2,000 km. GEO: both within 500 km of 35,786 km. MEO: both between. HEO: all else.
    """

    LEO = "LEO"
    MEO = "MEO"
    GEO = "GEO"
    HEO = "HEO"


class Region(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box of geodetic latitude and longitude; ``west`` may exceed ``east`` across the date line."""

    south_deg: float
    north_deg: float
    west_deg: float
    east_deg: float

    def __post_init__(self) -> None:
        if not -90.0 <= self.south_deg <= self.north_deg <= 90.0:
            raise ValueError("a region needs -90 <= south_deg <= north_deg <= 90")
        if not (-180.0 <= self.west_deg <= 180.0 and -180.0 <= self.east_deg <= 180.0):
            raise ValueError("a region's west_deg and east_deg lie between -180 and 180")

    def contains(self, latitude_deg: float, longitude_deg: float) -> bool:
        """Whether the point lies in the box, edges included."""
        if not self.south_deg <= latitude_deg <= self.north_deg:
            return False
        if self.west_deg <= self.east_deg:
            return self.west_deg <= longitude_deg <= self.east_deg
        return longitude_deg >= self.west_deg or longitude_deg <= self.east_deg


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of an agreement. Every restriction given must hold; one that is not given does not restrict.

    Attributes
    ----------
    kinds
        Kinds of record covered.
    objects, owners, sensors, regimes, region
        Objects by designator, members that own the data's sensors, sensors by id, orbit regimes, and the place
        of the sub-satellite point at the record's epoch.
    classification_ceiling
        Highest level covered.
    precision_floor_m
        Our orbits go out coarsened to this; other records that are more precise in position are not covered.
    delay_s
        Covered only when the record's epoch is at least this long past.
    withheld_fields
        Fields of the content that do not go out; `commonsky.domain.form` lists those that can be left out.

    The last four are limits of what may go out: a clause that withholds cannot have them.
    """

    id: str
    kinds: frozenset[RecordKind]
    effect: Effect = Effect.RELEASE
    objects: frozenset[str] | None = None
    owners: frozenset[str] | None = None
    sensors: frozenset[str] | None = None
    regimes: frozenset[Regime] | None = None
    region: Region | None = None
    classification_ceiling: int | None = None
    precision_floor_m: float = 0.0
    delay_s: float = 0.0
    withheld_fields: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ValueError(f"clause {self.id} names no kind of record")
        if self.precision_floor_m < 0.0 or self.delay_s < 0.0:
            raise ValueError(f"clause {self.id}: precision_floor_m and delay_s cannot be negative")
        limits = self.precision_floor_m, self.delay_s, self.withheld_fields
        if self.effect is Effect.WITHHOLD and (self.classification_ceiling is not None or any(limits)):
            # Read as they cover, they would withhold the harmless: what is low, coarse or old.
            words = "classification_ceiling, precision_floor_m, delay_s and withheld_fields"
            raise ValueError(f"clause {self.id}: {words} are for clauses that release")
        known = frozenset().union(*(WITHHOLDABLE[kind] for kind in self.kinds))
        if unknown := sorted(self.withheld_fields - known):
            words = f"{', '.join(unknown)} cannot be left out of {', '.join(sorted(self.kinds))}"
            raise ValueError(f"clause {self.id}: withheld_fields: {words}")


class Declassification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule by which the giver's part in what others derive from its data may go further than its label says.

    Signed ahead, evaluated record by record: where it holds, the giver's own component is waived towards the rule's
    readers, and no other originator's.

    Attributes
    ----------
    kinds
        Kinds of derived record.
    readers
        Members that the derived record may go to, given on by a reader of the agreement.
    least_originators, greatest_share
        How many originators must have contributed, and the most of the information (0 to 1) that any one of them
        may have: fewer, or more, would tell what one of them saw.
    precision_floor_m
        The derived orbit goes out no more precise than this.
    observation_times
        Whether the times of observations may stay in it.

    """

    id: str
    kinds: frozenset[RecordKind]
    readers: frozenset[str]
    least_originators: int = 3
    greatest_share: float = 0.6
    precision_floor_m: float = 0.0
    observation_times: bool = False

    def __post_init__(self) -> None:
        if not self.kinds or not self.readers:
            raise ValueError(f"declassification {self.id} names no kind of record or no reader")
        if self.least_originators < 2 or not 0.0 < self.greatest_share <= 1.0:
            words = "least_originators is at least 2, and greatest_share above 0 and at most 1"
            raise ValueError(f"declassification {self.id}: {words}")
        if self.precision_floor_m < 0.0:
            raise ValueError(f"declassification {self.id}: precision_floor_m cannot be negative")


class SafetyOfFlight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The giver answers how close its objects come to a reader's, also those that it does not show.

    Only a probability and a band of miss distance go out. The budget keeps questions from mapping an orbit out:
    so many a day for one asker, and so many of them that touch one hidden object.
    """

    questions_per_day: int = 24
    questions_per_object: int = 6

    def __post_init__(self) -> None:
        if self.questions_per_day < 1 or self.questions_per_object < 1:
            raise ValueError("safety_of_flight needs budgets of at least one question")


class Agreement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document by which ``giver`` releases records to ``readers`` for ``purpose``, within its dates.

    ``onward`` says whether the readers may be given records of third originators that ``giver`` only holds.
    The term includes ``begins_tai_s`` and excludes ``ends_tai_s``. With ``lease_s`` the readers may use what they
    got for so long after the giver's last word, which renews it; ``None`` for as long as the agreement stands.
    ``explanations_per_day`` is how often a day the giver tells a reader whether a record was let out to it.
    """

    id: str
    version: int
    title: str
    giver: str
    readers: frozenset[str]
    purpose: str
    mode: Mode
    begins_tai_s: float
    ends_tai_s: float
    clauses: tuple[Clause, ...]
    onward: bool = False
    lease_s: float | None = None
    safety_of_flight: SafetyOfFlight | None = None
    explanations_per_day: int = 0
    declassifications: tuple[Declassification, ...] = ()

    def __post_init__(self) -> None:
        if self.lease_s is not None and not self.lease_s > 0.0:
            raise ValueError(f"agreement {self.id}: lease_s must be above zero")
        if self.explanations_per_day < 0:
            raise ValueError(f"agreement {self.id}: explanations_per_day cannot be negative")
        if not self.readers:
            raise ValueError(f"agreement {self.id} names no reader")
        if not self.begins_tai_s < self.ends_tai_s:
            raise ValueError(f"agreement {self.id} ends before it begins")
        if len({clause.id for clause in self.clauses}) != len(self.clauses):
            raise ValueError(f"agreement {self.id} has two clauses with the same id")
        if len({rule.id for rule in self.declassifications}) != len(self.declassifications):
            raise ValueError(f"agreement {self.id} has two declassifications with the same id")

    def beside(self, others: "Iterable[Agreement]") -> "tuple[Agreement, ...]":
        """Return others with this one, which takes the place of every version of itself."""
        return (*(one for one in others if (one.giver, one.id) != (self.giver, self.id)), self)

    @property
    def parties(self) -> frozenset[str]:
        """Who must sign: the giver and every reader."""
        return self.readers | {self.giver}

    @property
    def reference(self) -> str:
        """The id with its version, as decisions cite it."""
        return f"{self.id}@{self.version}"
