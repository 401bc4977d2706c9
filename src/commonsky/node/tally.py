"""What a node did, in numbers."""

from collections.abc import Iterable

from msgspec import Struct

from commonsky.node.node import Node


class Release(Struct, frozen=True, kw_only=True):
    """How many records went from one member to another, or did not, for one reason."""

    giver: str
    reader: str
    allowed: bool
    reason: str
    count: int


class Tally(Struct, frozen=True, kw_only=True):
    """Holdings and releases of one node."""

    member: str
    observations: int
    own_tracks: int
    partners_tracks: int
    element_sets: int
    quarantined: int
    releases: tuple[Release, ...]


def tally(node: Node) -> Tally:
    """Count what a node holds now and what it decided."""
    counts = node.store.counts()
    tracks = node.store.current_tracks()
    return Tally(
        member=node.id,
        observations=counts.own.get("observation", 0),
        own_tracks=sum(entry.source is None for entry in tracks),
        partners_tracks=sum(entry.source is not None for entry in tracks),
        element_sets=counts.own.get("element_set", 0),
        quarantined=sum(counts.quarantined.values()),
        releases=(*_decided(node), *_uncovered(node)),
    )


def _decided(node: Node) -> Iterable[Release]:
    for one in node.store.counts().decisions:
        yield Release(
            giver=node.id, reader=one.reader, allowed=one.allowed, reason=one.reason, count=one.count
        )


def _uncovered(node: Node) -> Iterable[Release]:
    """What no agreement with a reader speaks of, under one reason; `explain` says the same of each such record."""
    for peer in node.config.peers:
        reader = peer.member.id
        kinds = node.store.uncovered(reader)
        shelf = node.agreements()
        covered = any(reader in agreement.readers for agreement in shelf.given_by(node.id))
        reason = (
            f"no clause covers {', '.join(sorted(kinds))}" if covered else shelf.uncovered(node.id, reader)
        )
        if kinds:
            yield Release(
                giver=node.id, reader=reader, allowed=False, reason=reason, count=sum(kinds.values())
            )
