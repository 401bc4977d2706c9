"""The envelope-independent form in which a node keeps and shares anything: content, label and lineage together."""

from enum import StrEnum

from msgspec import Struct

from commonsky.domain.conjunction import ConjunctionWarning
from commonsky.domain.label import Label, join_all
from commonsky.domain.member import Sensor
from commonsky.domain.mode import Mode
from commonsky.domain.observation import Observation
from commonsky.domain.orbit import ElementSet, IdentityClaim, Track


class RecordKind(StrEnum):
    """What a record is about; agreements name these."""

    SENSOR = "sensor"
    OBSERVATION = "observation"
    ELEMENT_SET = "element_set"
    TRACK = "track"
    IDENTITY_CLAIM = "identity_claim"
    CONJUNCTION_WARNING = "conjunction_warning"


Content = Sensor | Observation | ElementSet | Track | IdentityClaim | ConjunctionWarning

CONTENT_OF_KIND: dict[RecordKind, type[Content]] = {
    RecordKind.SENSOR: Sensor,
    RecordKind.OBSERVATION: Observation,
    RecordKind.ELEMENT_SET: ElementSet,
    RecordKind.TRACK: Track,
    RecordKind.IDENTITY_CLAIM: IdentityClaim,
    RecordKind.CONJUNCTION_WARNING: ConjunctionWarning,
}
KIND_OF_CONTENT = {content: kind for kind, content in CONTENT_OF_KIND.items()}


class Record(Struct, frozen=True, kw_only=True):
    """A content with everything that release depends on.

    Attributes
    ----------
    id
        Unique within ``originator``; derived from the content, so the same content twice is the same record.
    originator
        The member whose node made the record.
    inputs
        Lineage: the ids of the records this one was made from; empty for a first-hand record.

    """

    id: str
    originator: str
    mode: Mode
    label: Label
    content: Content
    inputs: tuple[str, ...] = ()

    @property
    def kind(self) -> RecordKind:
        """The kind of the content."""
        return KIND_OF_CONTENT[type(self.content)]


def derived(
    record_id: str, *, originator: str, content: Content, sources: "list[Record]", also: Label | None = None
) -> Record:
    """Make a record from others: its label is the join of theirs, and of ``also``, and its lineage names them all.

    Raises ValueError without sources, or when the sources are of different modes.
    """
    modes = {source.mode for source in sources}
    if len(modes) != 1:
        raise ValueError(f"a derived record needs sources of one mode, not {sorted(modes)}")
    return Record(
        id=record_id,
        originator=originator,
        mode=modes.pop(),
        label=join_all([*(source.label for source in sources), *([] if also is None else [also])]),
        content=content,
        inputs=tuple(sorted(source.id for source in sources)),
    )
