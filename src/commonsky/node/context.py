"""What the store knows about a record beyond its own content, for the rules to speak of."""

from msgspec.structs import replace

from commonsky.domain import ConjunctionWarning, Decision, IdentityClaim, Record, RecordKind, Track
from commonsky.formats.canonical import decode, encode
from commonsky.node.node import Node
from commonsky.sharing import Facets, decide
from commonsky.store import StoredRecord, Transaction

_DERIVED = {RecordKind.TRACK, RecordKind.IDENTITY_CLAIM, RecordKind.CONJUNCTION_WARNING}


def facets_of(tx: Transaction, record: Record) -> Facets:
    """Give a record's facets; for a track or a warning, with names that claims give and the sensors behind it."""
    if not isinstance(record.content, Track | ConjunctionWarning):
        return Facets(record)
    tracks = _tracks_of(record.content)
    claims = [(entry, _claim(entry)) for entry in tx.claims() if entry.object in tracks]
    return Facets(
        record,
        designators=[claim.designator for entry, claim in claims if _is_word_of(entry, record.originator)],
        alleged=[claim.designator for _, claim in claims],
        sensors=tx.sensors_behind(record.id),
    )


def decide_now(node: Node, facets: Facets, reader: str) -> Decision:
    """Decide by the agreements as they stand, and as `share` does: no document may be unreadable."""
    shelf = node.agreements()
    decision = decide(facets, reader, shelf.given_by(node.id), giver=node.id, now_tai_s=node.now_tai_s())
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


def outgoing(entry: StoredRecord) -> bytes:
    """Give a record's bytes as they go out: our own derived records without their lineage, all else as it is.

    The ids of the sources tell which sensors saw an object, when and how often. They stay in our store, where
    `explain` and the audit find them; a partner's record is passed on as its originator wrote it.
    """
    if entry.source is not None or entry.kind not in _DERIVED:
        return entry.body
    return encode(replace(decode(entry.body), inputs=()))


def designators(tx: Transaction) -> dict[str, list[str]]:
    """Give the names that identity claims, ours and others', give to each track."""
    names: dict[str, list[str]] = {}
    for entry in tx.claims():
        claim = _claim(entry)
        names.setdefault(claim.track_id, []).append(claim.designator)
    return names
