"""The form in which a record goes out: what is coarsened, what is left out, whose part was waived."""

from collections.abc import Mapping

from msgspec import Struct

from commonsky.domain.record import RecordKind

NOT_TOLD: Mapping[str, object] = {
    "basis": "",
    "first_observation_tai_s": None,
    "last_observation_tai_s": None,
    "message": "",
    "object_name": "",
    "observation_count": None,
    "target": None,
    "weighted_rms": None,
}
"""What stands in a content for a field that is left out."""

WITHHOLDABLE: Mapping[RecordKind, frozenset[str]] = {
    RecordKind.SENSOR: frozenset(),
    RecordKind.OBSERVATION: frozenset({"target"}),
    RecordKind.ELEMENT_SET: frozenset({"object_name"}),
    RecordKind.TRACK: frozenset(
        {"first_observation_tai_s", "last_observation_tai_s", "observation_count", "weighted_rms"}
    ),
    RecordKind.IDENTITY_CLAIM: frozenset({"basis"}),
    RecordKind.CONJUNCTION_WARNING: frozenset({"message"}),
}
"""The fields of each kind that can be left out: a record without them is still one of its kind."""

OBSERVATION_TIMES = frozenset({"first_observation_tai_s", "last_observation_tai_s", "observation_count"})
"""What tells when sensors saw an object, and how often."""

COARSENABLE = frozenset({RecordKind.TRACK, RecordKind.ELEMENT_SET})
"""Kinds whose orbit can be made coarser; others are released as they are or not at all."""


class Form(Struct, frozen=True, kw_only=True):
    """How a record leaves; as constructed without arguments, as it is.

    Attributes
    ----------
    precision_floor_m
        The orbit is coarsened to this; 0 for not.
    withheld_fields
        Fields that are left out.
    declassified
        Originators whose component is waived for this release, under their own signed rules.

    """

    precision_floor_m: float = 0.0
    withheld_fields: frozenset[str] = frozenset()
    declassified: frozenset[str] = frozenset()

    @property
    def changes_content(self) -> bool:
        """Whether the content that goes out differs from the one that is held."""
        return self.precision_floor_m > 0.0 or bool(self.withheld_fields)

    @property
    def words(self) -> str:
        """The form in words; empty for a record as it is."""
        parts = []
        if self.precision_floor_m > 0.0:
            parts.append(f"coarsened to {self.precision_floor_m:g} m")
        if self.withheld_fields:
            parts.append(f"without {', '.join(sorted(self.withheld_fields))}")
        if self.declassified:
            parts.append(f"by the declassification of {', '.join(sorted(self.declassified))}")
        return "; ".join(parts)


AS_IT_IS = Form()
