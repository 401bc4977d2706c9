"""Conjunction Data Messages (508.0-B-1 and its successor's draft 2.0) as records in SI units.

Real messages do not keep to the standard: a velocity is labelled in metres, a number that nobody knows is ``NaN``, a
hard-body radius hides in a comment. `read_cdm` reads what can be understood and reports what was odd;
``check`` judges a message by the letter.
"""

from msgspec import Struct

from commonsky.formats.errors import Rejection

COVARIANCE_AXES = ("R", "T", "N", "RDOT", "TDOT", "NDOT", "DRG", "SRP", "THR")
COVARIANCE_KEYWORDS = tuple(
    f"C{row}_{column}" for n, row in enumerate(COVARIANCE_AXES) for column in COVARIANCE_AXES[: n + 1]
)
"""The keywords of the lower triangle by rows: the first 21 are position and velocity, and always there."""

COVARIANCE_SIZES = {21: 6, 28: 7, 36: 8, 45: 9}
"""Rows of the matrix by the count of numbers in its lower triangle."""

Vector = tuple[float, float, float]


class ScreeningVolume(Struct, frozen=True, kw_only=True):
    """The volume around object 1 that object 2 entered, and when it was looked for (508.0-B-1 table 3-2)."""

    frame: str | None = None
    shape: str | None = None
    x_m: float | None = None
    y_m: float | None = None
    z_m: float | None = None
    start_tai_s: float | None = None
    stop_tai_s: float | None = None


class CdmObject(Struct, frozen=True, kw_only=True):
    """One of the two objects at the time of closest approach.

    ``position_m`` and ``velocity_m_s`` are in ``reference_frame``, ``None`` where the message has no numbers.
    ``covariance_rtn`` is the lower triangle by rows (`COVARIANCE_KEYWORDS`) in SI units, in the radial, transverse and
    normal axes of this object itself: 21 numbers for position and velocity, 28 with drag, 36 with radiation pressure,
    45 with thrust; ``None`` where none is known. ``more`` has all other keywords as text, in the standard's units.
    """

    designator: str
    catalogue: str = "SATCAT"
    name: str = "UNKNOWN"
    international_designator: str = "UNKNOWN"
    object_type: str | None = None
    operator: str | None = None
    ephemeris_name: str = "NONE"
    covariance_method: str = "CALCULATED"
    maneuverable: str = "N/A"
    orbit_center: str = "EARTH"
    reference_frame: str = "EME2000"
    position_m: Vector | None = None
    velocity_m_s: Vector | None = None
    covariance_rtn: tuple[float, ...] | None = None
    hard_body_radius_m: float | None = None
    more: dict[str, str] = {}
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.covariance_rtn is not None and len(self.covariance_rtn) not in COVARIANCE_SIZES:
            raise ValueError(f"a covariance has 21, 28, 36 or 45 numbers, not {len(self.covariance_rtn)}")

    def covariance_rows(self, size: int = 6) -> list[list[float]] | None:
        """Return the upper left part of the symmetric covariance as rows, None where there is not so much of it."""
        triangle = self.covariance_rtn
        if triangle is None or COVARIANCE_SIZES[len(triangle)] < size:
            return None
        return [[triangle[_place(i, j)] for j in range(size)] for i in range(size)]


class Cdm(Struct, frozen=True, kw_only=True):
    """One warning of a close approach, by one originator.

    Relative position and velocity are those of object 2 as seen from object 1, in object 1's radial, transverse and
    normal axes. ``hard_body_radius_m`` is that of both objects together, ``hard_body_radius_source`` tells where it was
    found. ``more`` has all other keywords of the header and of the encounter as text.
    """

    message_id: str
    originator: str
    creation_tai_s: float
    tca_tai_s: float
    object_1: CdmObject
    object_2: CdmObject
    miss_distance_m: float | None = None
    relative_speed_m_s: float | None = None
    relative_position_rtn_m: Vector | None = None
    relative_velocity_rtn_m_s: Vector | None = None
    collision_probability: float | None = None
    collision_probability_method: str | None = None
    hard_body_radius_m: float | None = None
    hard_body_radius_source: str | None = None
    message_for: str | None = None
    screening: ScreeningVolume | None = None
    version: str = "1.0"
    more: dict[str, str] = {}
    comments: tuple[str, ...] = ()


class CdmReading(Struct, frozen=True):
    """What was read: the messages, those left out, and what was odd in those that were read."""

    messages: list[Cdm]
    rejected: list[Rejection]
    findings: list[Rejection]
    form: str


def _place(row: int, column: int) -> int:
    """Return where an element stands in the lower triangle by rows."""
    low, high = sorted((row, column))
    return high * (high + 1) // 2 + low
