"""What a node holds that partners may ask for, kind by kind, ready to be decided on at once.

Each kind is read again when something of it came, or when what may be used changed; the rest stays as it was.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from commonsky.domain import (
    ConjunctionWarning,
    ElementSet,
    IdentityClaim,
    Observation,
    RecordKind,
    Sensor,
    Track,
)
from commonsky.formats.canonical import decode
from commonsky.node.context import designators, facets_of
from commonsky.node.node import Node
from commonsky.sharing import Facets
from commonsky.sharing.columns import Columns
from commonsky.store import StoredRecord, Transaction

KINDS = (
    RecordKind.TRACK,
    RecordKind.ELEMENT_SET,
    RecordKind.SENSOR,
    RecordKind.CONJUNCTION_WARNING,
    RecordKind.IDENTITY_CLAIM,
    RecordKind.OBSERVATION,
)
"""In the order in which a person looks at them."""

OBSERVED_WITHIN_S = 6.0 * 3_600.0
MOST_OBSERVATIONS = 5_000
WARNED_SINCE_S = 86_400.0
"""A warning counts for so long after its closest approach."""

LIMITS = {
    RecordKind.OBSERVATION: (
        f"those of the last {OBSERVED_WITHIN_S / 3_600.0:g} hours, the newest {MOST_OBSERVATIONS:,}"
    ),
    RecordKind.CONJUNCTION_WARNING: f"those up to {WARNED_SINCE_S / 3_600.0:g} hours after the closest approach",
}
"""Of these kinds not all that is held is looked at; the rules are the same for the rest."""

_NAMED_BY_CLAIMS = {RecordKind.TRACK, RecordKind.IDENTITY_CLAIM, RecordKind.CONJUNCTION_WARNING}
_FADING = {RecordKind.OBSERVATION, RecordKind.CONJUNCTION_WARNING}
_LOOKED_AT_AGAIN_S = 600.0


class HeldPart(NamedTuple):
    """Current records of one kind: as columns for the rules, with a name for people and the member each came from."""

    kind: RecordKind
    revision: int
    columns: Columns
    names: tuple[str, ...]
    sources: tuple[str, ...]
    entries: tuple[StoredRecord, ...]

    def __len__(self) -> int:
        return len(self.columns)


class HeldRows:
    """The parts of a node's holdings as they stand now; safe to call from several threads."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._read: dict[RecordKind, tuple[tuple[object, ...], HeldPart]] = {}
        self._facets: dict[RecordKind, dict[int, Facets]] = {}

    def parts(self) -> list[HeldPart]:
        """Give all kinds, those too of which nothing is held."""
        with self._lock:
            locked = self._node.store.locked_holdings()
            return [self._part(kind, self._stamp(kind, locked)) for kind in KINDS]

    def part(self, kind: RecordKind) -> HeldPart:
        """Give one kind."""
        with self._lock:
            return self._part(kind, self._stamp(kind, self._node.store.locked_holdings()))

    def find(self, record_id: str) -> tuple[StoredRecord, Facets] | None:
        """Give the entry and the facets of a record that is among those held now."""
        for part in self.parts():
            for entry, facets in zip(part.entries, part.columns.facets, strict=True):
                if entry.id == record_id:
                    return entry, facets
        return None

    def _stamp(self, kind: RecordKind, locked: frozenset[tuple[str, str]]) -> tuple[object, ...]:
        """What a part was read at: another stamp, and it is read again."""
        store = self._node.store
        claims = store.last_entry({RecordKind.IDENTITY_CLAIM}) if kind in _NAMED_BY_CLAIMS else 0
        fades = self._node.now_tai_s() // _LOOKED_AT_AGAIN_S if kind in _FADING else 0.0
        return store.last_entry({kind}), claims, locked, fades

    def _part(self, kind: RecordKind, stamp: tuple[object, ...]) -> HeldPart:
        known = self._read.get(kind)
        if known is not None and known[0] == stamp:
            return known[1]
        with self._node.store.transaction() as tx:
            entries = self._current(tx, kind)
            names = designators(tx) if kind in _NAMED_BY_CLAIMS else {}
            # What was said of a record by claims changes with the claims; all else about it stays for good.
            same = known is not None and (kind not in _NAMED_BY_CLAIMS or known[0][1] == stamp[1])
            before = self._facets.get(kind, {}) if same else {}
            made = {one.n: before.get(one.n) or facets_of(tx, decode(one.body)) for one in entries}
        self._facets[kind] = made
        facets = [made[one.n] for one in entries]
        part = HeldPart(
            kind=kind,
            revision=1 if known is None else known[1].revision + 1,
            columns=Columns(facets),
            names=tuple(_name(one, names) for one in facets),
            sources=tuple(one.source or self._node.id for one in entries),
            entries=tuple(entries),
        )
        self._read[kind] = stamp, part
        return part

    def _current(self, tx: Transaction, kind: RecordKind) -> Sequence[StoredRecord]:
        now_tai_s = self._node.now_tai_s()
        match kind:
            case RecordKind.TRACK:
                return tx.current_tracks()
            case RecordKind.ELEMENT_SET:
                return tx.element_sets()
            case RecordKind.SENSOR:
                return tx.sensors()
            case RecordKind.CONJUNCTION_WARNING:
                return tx.warnings(now_tai_s - WARNED_SINCE_S)
            case RecordKind.IDENTITY_CLAIM:
                return tx.claims()
            case RecordKind.OBSERVATION:
                newest = tx.observations(now_tai_s - OBSERVED_WITHIN_S, math.inf)
                return list(deque(newest, maxlen=MOST_OBSERVATIONS))


def _name(facets: Facets, names: dict[str, list[str]]) -> str:
    """What a person calls the record: the object, and how else it is known."""
    match facets.record.content:
        case ElementSet(object_name=name, norad_cat_id=number):
            return f"{name} {number}".strip()
        case Track(track_id=track):
            return " ".join([track, *dict.fromkeys(names.get(track, ()))])
        case IdentityClaim(track_id=track, designator=designator):
            return f"{track} is {designator}"
        case ConjunctionWarning(object_1=first, object_2=second):
            return " and ".join(one.name or one.designator or "unnamed" for one in (first, second))
        case Sensor(id=name):
            return name
        case Observation(sensor=sensor, target=target):
            return f"{target or 'something'} by {sensor}"
