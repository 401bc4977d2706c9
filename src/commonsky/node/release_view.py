"""What a release authority looks at: what we hold, what one partner would see of it at this instant, and why."""

import math
import threading
from collections import Counter
from functools import partial

from msgspec import Struct

from commonsky.domain import RecordKind
from commonsky.domain.printable import printable
from commonsky.node.agreeing import proposals as proposed_files
from commonsky.node.agreements import Shelf, Shelved
from commonsky.node.coarse import coarse
from commonsky.node.console_view import Fact, LabelPart, facts_of, label_in_words
from commonsky.node.context import decide_now, in_form
from commonsky.node.node import Node
from commonsky.node.release_rows import LIMITS, HeldRows
from commonsky.node.release_said import Said, SaidOfRows, its_own, said_now, said_of


class HeldColumns(Struct, frozen=True, kw_only=True):
    """Records of one kind side by side; row i of every column is one record."""

    kind: RecordKind
    revision: int
    record: tuple[str, ...]
    name: tuple[str, ...]
    source: tuple[str, ...]
    epoch_tai_s: tuple[float | None, ...]
    classification: tuple[int, ...]


class KindSeen(Struct, frozen=True, kw_only=True):
    """One kind: how much of it we hold, and what a partner would see of it.

    ``said`` has by row the number of what was said; ``revisit_tai_s`` by row when time alone may release it, for rows
    where it may. ``limit`` says which of the kind are counted where that is not all.
    """

    kind: RecordKind
    revision: int
    held: int
    limit: str
    verdicts: dict[str, int]
    said: tuple[int, ...]
    revisit_tai_s: dict[int, float]


class SeenBy(Struct, frozen=True, kw_only=True):
    """What a partner would see of all that we hold, at one time. ``faults`` keep everything from being released."""

    reader: str
    now_tai_s: float
    kinds: tuple[KindSeen, ...]
    said: tuple[Said, ...]
    faults: tuple[str, ...]


class AgreementLine(Struct, frozen=True, kw_only=True):
    """An agreement and where it stands."""

    reference: str
    title: str
    giver: str
    readers: tuple[str, ...]
    purpose: str
    mode: str
    state: str
    words: str
    since_tai_s: float
    begins_tai_s: float
    ends_tai_s: float
    signed: tuple[str, ...]
    awaited: tuple[str, ...]
    clauses: int
    onward: bool
    lease_s: float | None
    safety_of_flight: bool
    document_sha256: str


class Past(Struct, frozen=True, kw_only=True):
    """A decision that was made and kept."""

    decided_tai_s: float
    allowed: bool
    reason: str


class RecordSheet(Struct, frozen=True, kw_only=True):
    """One record for one partner: what is decided with every test behind it, its label, what was decided before."""

    record: str
    kind: RecordKind
    originator: str
    reader: str
    said: Said
    revisit_tai_s: float | None
    trace: tuple[str, ...]
    label: tuple[LabelPart, ...]
    facts: tuple[Fact, ...]
    past: tuple[Past, ...]


class ReleaseView:
    """What the console asks about releases; safe to call from several threads, and nothing is stored."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._seen_at: object = None
        self._shelf: Shelf | None = None
        self._revision = 0
        self.rows = HeldRows(node)

    def revision(self) -> tuple[int, int]:
        """Give a number that rises when there may be something else to see, and how many proposals are open."""
        store, shelf = self._node.store, self._node.agreements()
        proposals = store.newest_proposals(100)
        votes = [(one.id, len(one.votes), one.spent_tai_s) for one in proposals]
        held = store.last_entry(), store.locked_holdings(), proposed_files(self._node)
        with self._lock:
            if (held, votes) != self._seen_at or shelf is not self._shelf:
                self._seen_at, self._shelf = (held, votes), shelf
                self._revision += 1
            return self._revision, sum(one.rejection is None and one.spent_tai_s is None for one in proposals)

    def held(self, kind: RecordKind) -> HeldColumns:
        """Give what we hold of one kind."""
        part = self.rows.part(kind)
        facets = part.columns.facets
        return HeldColumns(
            kind=kind,
            revision=part.revision,
            record=tuple(one.record.id for one in facets),
            name=part.names,
            source=part.sources,
            epoch_tai_s=tuple(one.epoch_tai_s for one in facets),
            classification=tuple(one.classification for one in facets),
        )

    def seen_by(self, reader: str) -> SeenBy:
        """Decide for a partner on all that we hold, by the agreements and the time as they stand now."""
        node, shelf = self._node, self._node.agreements()
        numbers: dict[Said, int] = {}
        kinds = []
        for part in self.rows.parts():
            found = said_now(node, part, reader, shelf)
            kinds.append(
                KindSeen(
                    kind=part.kind,
                    revision=part.revision,
                    held=len(part),
                    limit=LIMITS.get(part.kind, ""),
                    verdicts=dict(Counter(found.verdicts)),
                    said=_numbered(found, numbers),
                    revisit_tai_s={
                        row: float(when)
                        for row, when in enumerate(found.revisit_tai_s)
                        if math.isfinite(when)
                    },
                )
            )
        return SeenBy(
            reader=reader,
            now_tai_s=node.now_tai_s(),
            kinds=tuple(kinds),
            said=tuple(numbers),
            faults=tuple(map(printable, shelf.faults)),
        )

    def sheet(self, reader: str, record_id: str) -> RecordSheet | None:
        """Decide on one record with the whole trace, and try the form that it would go out in.

        ``None`` for a record that is not among those that we hold now.
        """
        found = self.rows.find(record_id)
        if found is None:
            return None
        node, (entry, facets) = self._node, found
        decision = decide_now(node, facets, reader)
        with node.store.transaction() as tx:
            decision, _ = in_form(entry, decision, partial(coarse, node, tx))
            past = [one.decision for one in tx.decisions_of(record_id) if one.decision.reader == reader]
        own = reader in {entry.source, facets.record.originator}
        return RecordSheet(
            record=record_id,
            kind=entry.kind,
            originator=facets.record.originator,
            reader=reader,
            said=its_own(reader) if own else said_of(decision),
            revisit_tai_s=None if own else decision.revisit_tai_s,
            trace=() if own else decision.trace,
            label=label_in_words(facets.record.label),
            facts=facts_of(facets.record),
            past=tuple(
                Past(decided_tai_s=one.decided_tai_s, allowed=one.allowed, reason=one.reason)
                for one in reversed(past)
            ),
        )

    def agreements(self) -> tuple[AgreementLine, ...]:
        """Give every document of our folder, the newest version of each first."""
        documents = sorted(
            self._node.agreements().documents,
            key=lambda one: (one.agreement.giver, one.agreement.id, -one.agreement.version),
        )
        return tuple(map(_line, documents))

    def text(self, reference: str) -> str | None:
        """Give an agreement's document as its file has it; ``None`` where there is none of that reference."""
        shelved = self._node.agreements().shelved(reference)
        return None if shelved is None else shelved.file.read_text("utf-8-sig", errors="replace")


def _numbered(found: SaidOfRows, numbers: dict[Said, int]) -> tuple[int, ...]:
    """Number what is said of the rows, over all kinds; what is said of no row gets no number."""
    used = {int(one): found.said[one] for one in dict.fromkeys(found.number.tolist())}
    renamed = {one: numbers.setdefault(said, len(numbers)) for one, said in used.items()}
    return tuple(renamed[one] for one in found.number.tolist())


def _line(shelved: Shelved) -> AgreementLine:
    agreement, stands = shelved.agreement, shelved.standing
    return AgreementLine(
        reference=agreement.reference,
        title=agreement.title,
        giver=agreement.giver,
        readers=tuple(sorted(agreement.readers)),
        purpose=agreement.purpose,
        mode=agreement.mode,
        state=stands.state,
        words=stands.words,
        since_tai_s=stands.since_tai_s,
        begins_tai_s=agreement.begins_tai_s,
        ends_tai_s=agreement.ends_tai_s,
        signed=stands.signed,
        awaited=stands.awaited,
        clauses=len(agreement.clauses),
        onward=agreement.onward,
        lease_s=agreement.lease_s,
        safety_of_flight=agreement.safety_of_flight is not None,
        document_sha256=shelved.document.sha256,
    )
