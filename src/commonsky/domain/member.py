"""Who takes part, and what they observe with."""

import re
from collections.abc import Iterable
from enum import StrEnum
from itertools import combinations

from msgspec import Struct

MEMBER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
NO_MEMBER_ID = "is not of letters, digits, '-', '_' and '.', at most 32"
_SHAPES = str.maketrans("lIO", "110")


class MemberKind(StrEnum):
    """What sort of body runs a node."""

    NATION = "nation"
    AGENCY = "agency"
    FIRM = "firm"


class Member(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sovereign participant: it runs its own node and signs with its own key.

    ``public_key`` is the Ed25519 key, 32 bytes in lower-case hexadecimal.
    """

    id: str
    name: str
    kind: MemberKind
    public_key: str


class Site(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place on the WGS 84 ellipsoid: geodetic latitude and longitude (east positive), height above it."""

    id: str
    latitude_deg: float
    longitude_deg: float
    height_m: float


class Sensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sensor"):
    """An instrument at a site, with the noise that its owner states for it.

    Sigmas are one standard deviation, biases are added by the sensor to the true value; a ``None`` sigma
    means that the sensor does not measure that quantity. ``minimum_elevation_deg`` bounds the field of regard.
    """

    id: str
    owner: str
    site: Site
    minimum_elevation_deg: float = 0.0
    range_sigma_m: float | None = None
    range_rate_sigma_m_s: float | None = None
    angle_sigma_deg: float | None = None
    range_bias_m: float = 0.0
    range_rate_bias_m_s: float = 0.0


def look_alike(member_ids: Iterable[str]) -> tuple[str, str] | None:
    """Return two ids that a person may take for each other: they differ by case, or by 1, l and I, or 0 and O."""
    pairs = combinations(sorted(set(member_ids)), 2)
    return next((pair for pair in pairs if _alike(*pair)), None)


def _alike(one: str, other: str) -> bool:
    return one.lower() == other.lower() or one.translate(_SHAPES) == other.translate(_SHAPES)
