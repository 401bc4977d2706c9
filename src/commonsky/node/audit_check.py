"""Is the whole of a node's audit true?

Three links make the chain, each checked for itself, so that what is found names what was touched::

    decisions, envelopes, records  ->  leaf hashes  ->  nodes and roots  ->  checkpoints, and the witnesses beside us

Who can write to the database can make the first two agree again. The last one is in the hands of partners.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from commonsky.domain import RecordKind
from commonsky.federation.checkpoint import KeysOf, cosigned_unix_s, open_checkpoint, read_head
from commonsky.node.audit_entries import Damage, EntryCheck, Found, book_of
from commonsky.sharing import merkle
from commonsky.sharing.merkle import BLOCK, BLOCK_LEVEL, HASH_BYTES
from commonsky.store import HeldCheckpoint, HeldCosignature, Store
from commonsky.store.audit_reading import AuditReader
from commonsky.store.schema import OWN

_DERIVED = frozenset({RecordKind.TRACK, RecordKind.IDENTITY_CLAIM, RecordKind.CONJUNCTION_WARNING})


class Checked(Struct, frozen=True, kw_only=True):
    """What was looked at, and what is not as it was when it was signed."""

    leaves: int
    decisions: int
    envelopes: int
    records: int
    checkpoints: int
    cosignatures: int
    found: tuple[Found, ...]


class _Made(Struct):
    """What a record says that it was made of."""

    inputs: tuple[str, ...] = ()


_MADE = msgspec.json.Decoder(_Made)


def check_audit(
    store: Store, log: str, key: KeysOf, partners: Mapping[str, KeysOf], *, held_elsewhere: Sequence[str] = ()
) -> Checked:
    """Recompute all leaves and the whole tree from what is stored, and compare with all that was signed.

    ``key`` is that of the member whose ``log`` it is, ``partners`` are those of its witnesses, as far as known, and
    ``held_elsewhere`` are checkpoints that somebody else kept: who cuts the log short cuts those short that lie in it.
    """
    found: list[Found] = []
    with store.audit_reader() as reader:
        stored = _stored_leaves(reader, found)
        entries = EntryCheck(reader.secret(), stored, book_of(reader), key)
        entries.take(reader.entries())
        found += entries.found
        found += _policies(reader)
        tree = Tree(stored)
        found += tree.differences(reader.nodes())
        records = _records(reader, found)
    checkpoints, cosignatures = store.checkpoints(), store.cosignatures()
    found += _signed(checkpoints, log, key, tree)
    found += _kept_elsewhere(held_elsewhere, log, key, tree)
    found += _cosigned(cosignatures, checkpoints, partners)
    return Checked(
        leaves=tree.size,
        decisions=entries.decisions,
        envelopes=entries.envelopes,
        records=records,
        checkpoints=len(checkpoints),
        cosignatures=len(cosignatures),
        found=tuple(found),
    )


class Tree:
    """A tree in memory, made anew from leaf hashes."""

    def __init__(self, leaves: bytes) -> None:
        self.size = len(leaves) // HASH_BYTES
        self._leaves = leaves
        self._nodes: dict[tuple[int, int], bytes] = {}
        for level, position, value in merkle.completed(0, leaves, self.node):
            self._nodes[level, position] = value

    def node(self, level: int, position: int) -> bytes:
        """Give the hash of a node."""
        if level >= BLOCK_LEVEL:
            return self._nodes[level, position]
        number, within = divmod(position << level, BLOCK)
        block = self._leaves[number * BLOCK * HASH_BYTES : (number + 1) * BLOCK * HASH_BYTES]
        return merkle.block_node(block, level, within >> level)

    def root(self, size: int) -> bytes:
        """Give the root over the first ``size`` leaves."""
        return merkle.root_of(size, self.node)

    def differences(self, kept: dict[tuple[int, int], bytes]) -> Iterator[Found]:
        """Say where kept nodes are not those of the leaves: all must be there up to the last block that has one."""
        whole = BLOCK * (1 + max((position for level, position in kept if level == BLOCK_LEVEL), default=-1))
        due = {place for place in self._nodes if (place[1] + 1) << place[0] <= whole}
        for level, position in sorted({*due, *kept}):
            ours, theirs = self._nodes.get((level, position)), kept.get((level, position))
            if ours != theirs:
                begin, end = position << level, (position + 1) << level
                what = (
                    "is missing" if theirs is None else "has no leaves" if ours is None else "is another one"
                )
                yield Found(Damage.TREE, f"the node over leaves {begin} to {end - 1} {what}", begin)


def _stored_leaves(reader: AuditReader, found: list[Found]) -> bytes:
    """Join the runs of leaf hashes; what follows a hole is not in the tree."""
    runs = []
    size = 0
    for first, hashes in reader.leaves():
        if first != size or len(hashes) % HASH_BYTES or not hashes:
            words = f"leaf hashes from {size} on are gone, or stand twice"
            found.append(Found(Damage.TREE, words, size))
            break
        runs.append(hashes)
        size += len(hashes) // HASH_BYTES
    return b"".join(runs)


def _policies(reader: AuditReader) -> Iterator[Found]:
    for number, (digest, body) in reader.policies().items():
        if sha256(body).digest() != digest:
            yield Found(
                Damage.POLICY, f"the agreements that were decided under, as kept under {number}, changed"
            )


def _records(reader: AuditReader, found: list[Found]) -> int:
    """Hold every record against its digest, and the lineage of ours against what they say; give how many there are."""
    noted: dict[str, set[str]] = defaultdict(set)
    for derived, source in reader.lineage():
        noted[derived].add(source)
    count = 0
    for name, kind, source, digest, body in reader.record_bodies():
        count += 1
        if sha256(body).digest() != digest:
            found.append(Found(Damage.RECORD, f"record {name} is not the one that was stored"))
        elif source == OWN and kind in _DERIVED:
            inputs = set(_MADE.decode(body).inputs)
            if inputs != noted.pop(name, set()):
                found.append(
                    Found(Damage.LINEAGE, f"what record {name} was made of is not as it says itself")
                )
    found += [
        Found(Damage.LINEAGE, f"record {name} was not made of anything, by what it says itself")
        for name in noted
    ]
    found += [
        Found(Damage.LINEAGE, f"{source}, of which {derived} was made, is held no more")
        for derived, source in reader.lost_sources()
    ]
    return count


def _signed(checkpoints: Sequence[HeldCheckpoint], log: str, key: KeysOf, tree: Tree) -> Iterator[Found]:
    """Hold every checkpoint against our key and the tree as it stands."""
    wrong = []
    for one in checkpoints:
        try:
            head = open_checkpoint(one.note, log, key)
        except ValueError as fault:
            yield Found(Damage.CHECKPOINT, f"the one of {one.size} leaves: {fault}")
            continue
        if (head.gen, head.size, head.root) != (one.gen, one.size, one.root):
            yield Found(Damage.CHECKPOINT, f"the one of {one.size} leaves is signed for others")
        if head.size > tree.size:
            words = f"{head.size} leaves were signed, and {tree.size} are there"
            yield Found(Damage.TRUNCATED, words, tree.size)
        elif tree.root(head.size) != head.root:
            wrong.append(head.size)
    if wrong:
        more = f", nor do {len(wrong) - 1} later ones" if len(wrong) > 1 else ""
        yield Found(Damage.CHECKPOINT, f"the one of {wrong[0]} leaves is not of this tree{more}")


def _kept_elsewhere(notes: Sequence[str], log: str, key: KeysOf, tree: Tree) -> Iterator[Found]:
    """Hold the tree against checkpoints that lie in the hands of others."""
    for note in notes:
        try:
            head = open_checkpoint(note, log, key)
        except ValueError as fault:
            yield Found(Damage.CHECKPOINT, f"one that was held elsewhere: {fault}")
            continue
        if head.size > tree.size:
            words = f"{head.size} leaves are signed in a checkpoint held elsewhere, and {tree.size} are there"
            yield Found(Damage.TRUNCATED, words, tree.size)
        elif tree.root(head.size) != head.root:
            yield Found(Damage.CHECKPOINT, f"one of {head.size} leaves, held elsewhere, is not of this tree")


def _cosigned(
    cosignatures: Sequence[HeldCosignature],
    checkpoints: Sequence[HeldCheckpoint],
    keys: Mapping[str, KeysOf],
) -> Iterator[Found]:
    """Hold every cosignature against the checkpoint that it is on, and the key of the witness as far as it is known."""
    roots = {(one.gen, one.size): one.root for one in checkpoints}
    for one in cosignatures:
        name = f"that of {one.witness} on {one.size} leaves"
        try:
            head = read_head(one.note)
        except ValueError as fault:
            yield Found(Damage.COSIGNATURE, f"{name}: {fault}")
            continue
        if roots.get((head.gen, head.size)) != head.root or (head.gen, head.size) != (one.gen, one.size):
            yield Found(Damage.COSIGNATURE, f"{name} is on a tree that is not ours")
        elif one.witness in keys and cosigned_unix_s(one.note, one.witness, keys[one.witness]) is None:
            yield Found(Damage.COSIGNATURE, f"{name} is not by its key")
