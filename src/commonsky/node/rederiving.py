"""A track for a partner that may not have ours: the orbit fitted again to what may count for it, and nothing else.

Labels only ever tighten: a track of many sources ends up readable by nobody. Where a partner may not have our track,
but may have what follows from a part of its sources, we fit those alone. No declassification is in it, and the partner
learns nothing of the rest; only who held both tracks could compare them.
"""

import hashlib
from collections.abc import Iterator, Sequence

from commonsky.domain import (
    Agreement,
    Component,
    Effect,
    IdentityClaim,
    Label,
    Observation,
    Record,
    RecordKind,
    Track,
    derived,
)
from commonsky.formats.canonical import decode, record_id
from commonsky.node.estimating import Estimate, fitted, once_each, own_track, told_by, used_in
from commonsky.node.node import Node
from commonsky.tracking import InitialState
from commonsky.tracking.prediction import state_of


def rederived_records(node: Node, target: str) -> Iterator[Estimate]:
    """Give tracks of a target for the partners that may not have ours, each fitted to what may count for them.

    Partners for whom the same sources may count share one track, readable by them alone.
    """
    track = own_track(node, target)
    if track is None:
        return
    sources = _sources(node, track)
    readers_of: dict[frozenset[str], set[str]] = {}
    for peer in node.config.peers:
        kept = frozenset(one.id for one in sources if _may_count(node, one, peer.member.id))
        if kept and len(kept) < len(sources):
            readers_of.setdefault(kept, set()).add(peer.member.id)
    for kept, readers in readers_of.items():
        chosen = [one for one in sources if one.id in kept]
        made = _fitted_again(node, target, track, chosen, frozenset(readers))
        if made is not None:
            yield made


def _sources(node: Node, track: Track) -> list[Record]:
    """The observations that a track of ours rests on."""
    copies = [
        copy for name in node.store.lineage_of(record_id(node.id, track)) for copy in node.store.copies(name)
    ]
    return [one for one in once_each(copies) if isinstance(one.content, Observation)]


def _may_count(node: Node, source: Record, reader: str) -> bool:
    """Whether a track of this source may go to a partner, by the source's label and an agreement that gives tracks."""
    third_parties = set(source.label.components) - {node.id, reader}
    return any(
        (one.onward or not third_parties)
        and not source.label.objections(
            giver=node.id, reader=reader, purpose=one.purpose, now_tai_s=node.now_tai_s()
        )
        for one in _giving_tracks(node, reader)
    )


def _giving_tracks(node: Node, reader: str) -> list[Agreement]:
    return [
        one
        for one in node.agreements().given_by(node.id)
        if reader in one.readers
        and any(c.effect is Effect.RELEASE and RecordKind.TRACK in c.kinds for c in one.clauses)
    ]


def _fitted_again(
    node: Node, target: str, ours: Track, chosen: Sequence[Record], readers: frozenset[str]
) -> Estimate | None:
    """Fit to the chosen sources, unless that was done already or no orbit comes of it."""
    originators = ",".join(sorted({one.originator for one in chosen}))
    name = node.store.rederived_name(ours.track_id, originators)
    revision = 1 if name is None else node.store.last_revision(name) + 1
    if name is not None and not _anything_new(node, name, revision - 1, chosen):
        return None
    found = fitted(
        node, chosen, node.config.estimation_of(target), InitialState(ours.epoch_tai_s, state_of(ours))
    )
    if found is None:
        return None
    if name is None:
        name = _opaque_name(node, ours, originators)
        node.store.name_rederived(ours.track_id, originators, name)
    contents: list[Track | IdentityClaim] = [found.track(name, revision)]
    if revision == 1:
        contents.append(IdentityClaim(track_id=name, designator=target, confidence=0.5, basis=""))
    used, for_them = used_in(found, chosen), Label({node.id: Component(readers=readers)})
    made = [
        derived(record_id(node.id, one), originator=node.id, content=one, sources=used, also=for_them)
        for one in contents
    ]
    return Estimate(made, told_by(found, chosen))


def _anything_new(node: Node, name: str, revision: int, chosen: Sequence[Record]) -> bool:
    """Whether a source is newer than the last of these tracks."""
    before = node.store.record(f"track:{name}:{revision}")
    if before is None:
        return True
    last = decode(before).content
    epochs = [one.content.epoch_tai_s for one in chosen if isinstance(one.content, Observation)]
    return not isinstance(last, Track) or max(epochs) > last.data_epoch_tai_s


def _opaque_name(node: Node, ours: Track, originators: str) -> str:
    """A name that does not tell which track it stands for, or whose data is left out."""
    digest = hashlib.sha256(node.key.sign(f"{ours.track_id} of {originators}".encode())).hexdigest()
    return f"{node.id}-T-{digest[:12]}"
