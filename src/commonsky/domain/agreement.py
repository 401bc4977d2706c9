"""What one member lets another have, clause by clause."""

from enum import StrEnum

from msgspec import Struct

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
        Records more precise in position than this are not covered.
    delay_s
        Covered only when the record's epoch is at least this long past.

    The last three are limits of what may go out: a clause that withholds cannot have them.
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

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ValueError(f"clause {self.id} names no kind of record")
        if self.precision_floor_m < 0.0 or self.delay_s < 0.0:
            raise ValueError(f"clause {self.id}: precision_floor_m and delay_s cannot be negative")
        if self.effect is Effect.WITHHOLD and (
            self.classification_ceiling is not None or self.precision_floor_m or self.delay_s
        ):
            # Read as they cover, they would withhold the harmless: what is low, coarse or old.
            words = "classification_ceiling, precision_floor_m and delay_s are for clauses that release"
            raise ValueError(f"clause {self.id}: {words}")


class Agreement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document by which ``giver`` releases records to ``readers`` for ``purpose``, within its dates.

    ``onward`` says whether the readers may be given records of third originators that ``giver`` only holds.
    The term includes ``begins_tai_s`` and excludes ``ends_tai_s``.
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

    def __post_init__(self) -> None:
        if not self.readers:
            raise ValueError(f"agreement {self.id} names no reader")
        if not self.begins_tai_s < self.ends_tai_s:
            raise ValueError(f"agreement {self.id} ends before it begins")
        if len({clause.id for clause in self.clauses}) != len(self.clauses):
            raise ValueError(f"agreement {self.id} has two clauses with the same id")

    @property
    def reference(self) -> str:
        """The id with its version, as decisions cite it."""
        return f"{self.id}@{self.version}"
