"""What the store knows about a record beyond its own content, for the rules to speak of."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from commonsky.domain import (
    AS_IT_IS,
    NOT_TOLD,
    ConjunctionWarning,
    Content,
    Decision,
    IdentityClaim,
    Record,
    RecordKind,
    Track,
)
from commonsky.domain.printable import printable
from commonsky.formats.canonical import decode, encode, record_id
from commonsky.node.node import Node
from commonsky.sharing import Facets, decide
from commonsky.store import StoredRecord, Transaction

_DERIVED = {RecordKind.TRACK, RecordKind.IDENTITY_CLAIM, RecordKind.CONJUNCTION_WARNING}


Claims = Sequence[tuple[StoredRecord, IdentityClaim]]
"""Claims of identity, each with the entry that it stands in."""


def claims_of(tx: Transaction, records: Iterable[Record]) -> Claims:
    """Give the claims that may be about these records: all, if there is one that can have any."""
    if not any(isinstance(record.content, Track | ConjunctionWarning) for record in records):
        return ()
    return [(entry, _claim(entry)) for entry in tx.claims()]


def facets_of(tx: Transaction, record: Record, claims: Claims | None = None) -> Facets:
    """Give a record's facets; for one that is derived, with names that claims give and the sensors behind it.

    ``claims`` are those of `claims_of`, where several records are asked about.
    """
    if record.kind not in _DERIVED:
        return Facets(record)
    if not isinstance(record.content, Track | ConjunctionWarning):
        return Facets(record, sensors=tx.sensors_behind(record.id))
    tracks = _tracks_of(record.content)
    known = claims_of(tx, [record]) if claims is None else claims
    claims = [(entry, claim) for entry, claim in known if entry.object in tracks]
    return Facets(
        record,
        designators=[claim.designator for entry, claim in claims if _is_word_of(entry, record.originator)],
        alleged=[claim.designator for _, claim in claims],
        sensors=tx.sensors_behind(record.id),
        shares=tx.shares_of(record.id),
    )


def all_facets(tx: Transaction, entries: Sequence[StoredRecord]) -> list[Facets]:
    """Give the facets of many records, in their order."""
    records = [decode(entry.body) for entry in entries]
    claims = claims_of(tx, records)
    return [facets_of(tx, record, claims) for record in records]


def decide_now(node: Node, facets: Facets, reader: str) -> Decision:
    """Decide by the agreements as they stand, and as `share` does: no document may be unreadable."""
    shelf = node.agreements()
    decision = decide(
        facets,
        reader,
        shelf.given_by(node.id),
        giver=node.id,
        now_tai_s=node.now_tai_s(),
        held=shelf.held_by(node.id),
    )
    if idle := [] if decision.allowed else shelf.idle(node.id, reader):
        bare = decision.reason == f"no agreement covers {reader}"
        reason = printable(shelf.uncovered(node.id, reader)) if bare else decision.reason
        decision = replace(decision, reason=reason, trace=(*decision.trace, *map(printable, idle)))
    if not shelf.faults:
        return decision
    reason = f"nothing is released until this is mended: {'; '.join(shelf.faults)}"
    trace = (*decision.trace, reason)
    return replace(decision, allowed=False, reason=reason, agreement=None, clause=None, trace=trace)


def _tracks_of(content: Track | ConjunctionWarning) -> frozenset[str]:
    """Names that may be those of tracks."""
    if isinstance(content, Track):
        return frozenset({content.track_id})
    return content.object_1.names | content.object_2.names


def _is_word_of(entry: StoredRecord, originator: str) -> bool:
    """Whether a record is ours, or this member's and came from itself."""
    return entry.source is None or entry.source == entry.originator == originator


def _claim(entry: StoredRecord) -> IdentityClaim:
    claim = decode(entry.body).content
    assert isinstance(claim, IdentityClaim)
    return claim


def in_form(
    entry: StoredRecord, decision: Decision, coarse: Callable[[Record, float], Record]
) -> tuple[Decision, bytes | None]:
    """Give what goes out by a decision; a record that cannot be brought into the form is refused instead."""
    if not decision.allowed:
        return decision, None
    try:
        return decision, outgoing(entry, decision, coarse)
    except Exception as fault:  # noqa: BLE001  # whatever goes wrong here must refuse, never release
        reason = f"refused, since it could not be brought into its form: {printable(str(fault))}"
        trace = (*decision.trace, reason)
        return replace(decision, allowed=False, reason=reason, trace=trace, form=AS_IT_IS), None


def outgoing(entry: StoredRecord, decision: Decision, coarse: Callable[[Record, float], Record]) -> bytes:
    """Give a record's bytes as they go out in the form that was decided; raises ValueError if it has none.

    ``coarse`` displaces the orbit of a record of ours by so many metres at least, or raises ValueError.
    Our own derived records go without their lineage: the ids of the sources tell which sensors saw an object, when
    and how often. They stay in our store, where `explain` and the audit find them. A partner's record is passed on
    as its originator wrote it.
    """
    form = decision.form
    if entry.source is not None or (entry.kind not in _DERIVED and not form.changes_content):
        if form != AS_IT_IS:
            raise ValueError(f"record {entry.id} is {entry.originator}'s: it goes out as it is or not at all")
        return entry.body
    record = decode(entry.body)
    told = record if form.precision_floor_m == 0.0 else coarse(record, form.precision_floor_m)
    content = _left_out(told.content, form.withheld_fields)
    label = record.label.opened(form.declassified, decision.reader)
    record_name = record.id if content is record.content else record_id(record.originator, content)
    return encode(replace(record, id=record_name, label=label, content=content, inputs=()))


def _left_out(content: Content, fields: frozenset[str]) -> Content:
    return replace(content, **{name: NOT_TOLD[name] for name in fields}) if fields else content


def designators(tx: Transaction) -> dict[str, list[str]]:
    """Give the names that identity claims, ours and others', give to each track."""
    names: dict[str, list[str]] = {}
    for entry in tx.claims():
        claim = _claim(entry)
        names.setdefault(claim.track_id, []).append(claim.designator)
    return names
