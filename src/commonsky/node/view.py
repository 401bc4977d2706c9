"""What this node's console shows, read from its store when something changed."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from commonsky.domain import Record, RecordKind
from commonsky.formats.canonical import decode
from commonsky.node.console_view import LinkState as Shown
from commonsky.node.console_view import LinkStatus, LogLine, NodeStatus, ObjectPanel, panel_of
from commonsky.node.context import decide_now, designators, facets_of
from commonsky.node.node import Node
from commonsky.node.picture import Picture, PictureEntry
from commonsky.store import LinkState, StoredRecord

PICTURE_AT_MOST_EVERY_S = 1.0
PACE_OVER_S = 4.0


class _Part(NamedTuple):
    """Entries of one kind, and up to which log entry they were read."""

    through: int
    entries: list[PictureEntry]


class NodeView:
    """A `ConsoleView` of a node; ``rate`` is what its clock was told to run at, ``monotonic_s`` the real clock."""

    def __init__(self, node: Node, *, monotonic_s: Callable[[], float], rate: Callable[[], float]) -> None:
        self._node = node
        self._monotonic_s = monotonic_s
        self._rate = rate
        self._lock = threading.Lock()
        self._seen_times: deque[tuple[float, float]] = deque()
        self._element_sets = _Part(-1, [])
        self._tracks = _Part(-1, [])
        self._picture = Picture.of([], own_member=node.id)
        self._looked_s = -PICTURE_AT_MOST_EVERY_S

    def status(self) -> NodeStatus:
        """Give the state of the node now."""
        node = self._node
        lines = node.store.log(1)
        return NodeStatus(
            member=node.id,
            member_name=node.config.member.name,
            operation=node.config.operation,
            mode=node.config.mode,
            now_tai_s=node.now_tai_s(),
            rate=self._pace(),
            revision=self.picture().revision,
            log_sequence=lines[-1].sequence if lines else 0,
            links=tuple(self._link(peer.member.id) for peer in node.config.peers),
        )

    def _pace(self) -> float:
        """How fast time really runs: an exercise that waits for its nodes is slower than it was told to be."""
        said = self._rate()
        if said == 1.0:
            return said
        with self._lock:
            self._seen_times.append((self._monotonic_s(), self._node.now_tai_s()))
            while self._seen_times[-1][0] - self._seen_times[0][0] > PACE_OVER_S:
                self._seen_times.popleft()
            (first_s, first_tai_s), (last_s, last_tai_s) = self._seen_times[0], self._seen_times[-1]
        if last_s - first_s < 0.5 * PACE_OVER_S:
            return said
        return (last_tai_s - first_tai_s) / (last_s - first_s)

    def picture(self) -> Picture:
        """Give the newest picture; the same object until something changes."""
        with self._lock:
            now_s = self._monotonic_s()
            if now_s - self._looked_s >= PICTURE_AT_MOST_EVERY_S:
                self._looked_s = now_s
                self._look()
            return self._picture

    def object_panel(self, key: str) -> ObjectPanel | None:
        """Give the sheet of one object of the newest picture, with a decision for every partner made now."""
        entry = self.picture().entries.get(key)
        if entry is None:
            return None
        node, record = self._node, entry.record
        with node.store.transaction() as tx:
            facets = facets_of(tx, record)
        readers = [peer.member.id for peer in node.config.peers if peer.member.id != record.originator]
        decisions = [decide_now(node, facets, reader) for reader in readers]
        return panel_of(key, record, decisions, derived=len(node.store.derived_from(record.id)))

    def log(self, after: int, limit: int) -> Sequence[LogLine]:
        """Give the newest lines of the watch log with a sequence above ``after``, oldest first."""
        return [
            LogLine(sequence=line.sequence, tai_s=line.tai_s, kind=line.kind, text=line.text)
            for line in self._node.store.log(limit, after=after)
        ]

    def _look(self) -> None:
        store = self._node.store
        sets_through = store.last_entry({RecordKind.ELEMENT_SET})
        tracks_through = store.last_entry({RecordKind.TRACK, RecordKind.IDENTITY_CLAIM})
        if (sets_through, tracks_through) == (self._element_sets.through, self._tracks.through):
            return
        if sets_through != self._element_sets.through:
            self._element_sets = _Part(sets_through, [self._entry(one, {}) for one in store.element_sets()])
        with store.transaction() as tx:
            names = designators(tx)
        tracks = [self._entry(one, names) for one in store.current_tracks()]
        self._tracks = _Part(tracks_through, tracks)
        self._picture = Picture.of(
            [*self._element_sets.entries, *tracks],
            own_member=self._node.id,
            revision=self._picture.revision + 1,
            previous=self._picture,
        )

    def _entry(self, stored: StoredRecord, names: dict[str, list[str]]) -> PictureEntry:
        record: Record = decode(stored.body)
        claimed = names.get(stored.object or "", [])
        return PictureEntry(
            record=record, source=stored.source or self._node.id, designator=claimed[-1] if claimed else None
        )

    def _link(self, peer: str) -> LinkStatus:
        node = self._node
        if node.store.link_state(peer) is LinkState.CUT:
            return LinkStatus(member=peer, state=Shown.DOWN, detail="cut by us")
        cursor = node.store.cursor(peer)
        if cursor.stopped:
            return LinkStatus(
                member=peer,
                state=Shown.STOPPED,
                detail="two histories seen; look into it, then: commonsky node resume",
            )
        fault = node.link_fault(peer)
        if fault is not None:
            return LinkStatus(member=peer, state=Shown.LATE, detail=fault)
        return LinkStatus(member=peer, state=Shown.UP, detail=f"{cursor.seq} envelopes")
