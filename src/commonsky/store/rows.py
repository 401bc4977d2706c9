"""What the store gives back."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from commonsky.domain import Decision, Mode, RecordKind, Ruling


class StoredRecord(Struct, frozen=True, kw_only=True):
    """One entry of the log: ``body`` is the record's canonical JSON, the other fields say where it stands.

    ``body_sha256`` is the digest of the body. ``n`` rises with every entry. ``source`` is the member that we have it
    from and ``agreement`` what it came under; both are ``None`` for our own records.
    """

    n: int
    source: str | None
    agreement: str | None
    originator: str
    id: str
    kind: RecordKind
    mode: Mode
    object: str | None
    epoch_tai_s: float | None
    body_sha256: bytes
    body: bytes


class Appended(Struct, frozen=True, kw_only=True):
    """What became of records given to `append`, by id.

    ``repeated`` were there already, byte for byte. ``conflicting`` are there with other bytes (another label, say)
    and were left as they stand.
    """

    added: tuple[str, ...]
    repeated: tuple[str, ...]
    conflicting: tuple[str, ...]


class Batch(Struct, frozen=True, kw_only=True):
    """Decisions for one reader at one time, side by side.

    Attributes
    ----------
    rulings
        What is said.
    entries, ruling, revisit_tai_s
        By decision: the number of the log entry, the place in ``rulings`` of what is said of it, and when to ask
        again, ``None`` for never.
    records
        By decision, id and digest of the record that the log entry holds; ``None`` to have them looked up.
    traces
        By decision, every test that was made, joined by line feeds; ``None`` where they are not kept.

    """

    reader: str
    decided_tai_s: float
    rulings: tuple[Ruling, ...]
    entries: list[int]
    ruling: list[int]
    revisit_tai_s: list[float | None]
    records: list[tuple[str, bytes]] | None = None
    traces: list[str] | None = None

    def __post_init__(self) -> None:
        if not len(self.entries) == len(self.ruling) == len(self.revisit_tai_s):
            raise ValueError("the columns of a batch of decisions are not of one length")

    def only(self, rows: list[int]) -> "Batch":
        """Return some of the decisions."""
        return replace(
            self,
            entries=[self.entries[row] for row in rows],
            ruling=[self.ruling[row] for row in rows],
            revisit_tai_s=[self.revisit_tai_s[row] for row in rows],
            records=None if self.records is None else [self.records[row] for row in rows],
            traces=None if self.traces is None else [self.traces[row] for row in rows],
        )


class HeldDecision(Struct, frozen=True, kw_only=True):
    """A decision on a log entry; ``newest`` tells the one in force from those that it replaced."""

    n: int
    entry: int
    newest: bool
    decision: Decision


class PostedNotice(Struct, frozen=True, kw_only=True):
    """A notice of ours to a member; ``seq`` is ``None`` while it waits to be sealed."""

    n: int
    aud: str
    kind: str
    content: bytes
    posted_tai_s: float
    gen: int | None = None
    seq: int | None = None


class HeldNotice(Struct, frozen=True, kw_only=True):
    """A notice of a member to us; ``outcome`` says what came of it, ``None`` while it waits to be obeyed."""

    n: int
    iss: str
    kind: str
    content: bytes
    received_tai_s: float
    outcome: str | None = None


class Holding(Struct, frozen=True, kw_only=True):
    """What we hold from a partner under one agreement.

    Attributes
    ----------
    heard_tai_s
        When the giver last gave something under it, by its clock.
    renewed_until_tai_s
        Until when the giver last said that it may be used.
    locked_tai_s, reason
        Since when and why it may not be used; ``None`` while it may.
    deleted_tai_s, deleted_records
        When its content was deleted, and of how many records.

    """

    source: str
    agreement: str
    records: int
    heard_tai_s: float
    renewed_until_tai_s: float | None = None
    locked_tai_s: float | None = None
    reason: str | None = None
    deleted_tai_s: float | None = None
    deleted_records: int | None = None


class LinkState(StrEnum):
    """Whether we exchange with a partner."""

    UP = "up"
    CUT = "cut"


class QuarantinedBytes(Struct, frozen=True, kw_only=True):
    """Bytes that failed a test, how often they came, and the reason."""

    n: int
    source: str
    code: str
    reason: str
    data: bytes
    first_tai_s: float
    last_tai_s: float
    times: int


class IngestedFile(Struct, frozen=True, kw_only=True):
    """A file that was taken in before."""

    sha256: str
    name: str
    at_tai_s: float
    records: int


class WatchLine(Struct, frozen=True, kw_only=True):
    """One line of the watch log; ``sequence`` rises with each line, from 1."""

    sequence: int
    tai_s: float
    kind: str
    text: str


class ReleaseCount(Struct, frozen=True, kw_only=True):
    """How many records one reader was given, or not, for one reason (decisions in force)."""

    reader: str
    allowed: bool
    reason: str
    count: int


class Counts(Struct, frozen=True, kw_only=True):
    """How much there is: own records by kind, partners' by issuer and kind, decisions, quarantine by source."""

    own: dict[str, int]
    foreign: dict[str, dict[str, int]]
    decisions: tuple[ReleaseCount, ...]
    quarantined: dict[str, int]
