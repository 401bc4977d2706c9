"""The audit tree: what a leaf costs beside its decision, proofs over all of them, and a whole month checked.

Usage: ``python bench/audit.py [--decisions N] [--each M]``. One node keeps N decisions for ten readers, M in a
transaction, half of them releases, with an envelope in each transaction; then proofs are made, and the whole is checked
as `commonsky audit verify` does. The peer is `pymerkle` (``make peers``), on the same leaves: roots and proofs must be
equal. It is under the GPL, so it runs in a process of its own and is never a dependency.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from commonsky.domain import (
    Component,
    Envelope,
    FeedHead,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
    Ruling,
)
from commonsky.domain.tree_head import TreeHead
from commonsky.federation import seal
from commonsky.federation.checkpoint import checkpoint
from commonsky.federation.keys import signing_key
from commonsky.formats.canonical import encode, record_id
from commonsky.node.audit_check import Tree, check_audit
from commonsky.sharing.merkle import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
)
from commonsky.store import Batch, Store
from commonsky.store import decisions as storing_decisions
from commonsky.store import feeds as storing_envelopes

PEER = Path(__file__).resolve().parent.parent / ".peers" / "pymerkle"
GIVER = "NOR"
KEY = signing_key(GIVER.encode().ljust(32, b"."))
READERS = [f"R{k:02d}" for k in range(10)]
NOW_TAI_S = 850_000_000.0
AGREEMENT = "observations v1"
RECORDS: list[tuple[str, bytes]] = []
"""Ids and digests of the records, as a node has them at hand when it decides."""

PROOFS = 2_000
GROWTHS = 200


class Figures(Struct):
    """What a tree of some leaves is, and how often a second what was done to it."""

    root: str
    proof: list[str]
    appended: float
    proved: float
    verified: float
    grown: float


def observation(number: int) -> Record:
    """Make a record as a radar's file gives it."""
    content = Observation(
        kind=ObservationKind.AZ_EL,
        epoch_tai_s=NOW_TAI_S - 86_400.0 + number * 0.731_234,
        sensor="NOR-radar-1",
        values=(number * 0.001_234_567_891 % 6.283, 0.2 + number * 0.000_987_654_321 % 1.2),
        sigmas=(2.617_993_877_991_494e-4, 2.617_993_877_991_494e-4),
        biases=(0.0, 0.0),
        target=str(20_000 + number % 3_000),
    )
    label = Label({GIVER: Component(purposes=frozenset({"safety"}), onward=False)})
    identity = record_id(GIVER, content)
    return Record(id=identity, originator=GIVER, mode=Mode.REAL, label=label, content=content)


def decided(reader: str, first: int, count: int) -> Batch:
    """Decide on neighbouring log entries: every other one is released, the others are refused for fifty reasons."""
    reasons = ["releases it", *(f"covers the objects {k}" for k in range(50))]
    rulings = tuple(
        Ruling(
            reader=reader, allowed=not k, reason=f"{AGREEMENT} all {words}", agreement=AGREEMENT, clause="all"
        )
        for k, words in enumerate(reasons)
    )
    entries = list(range(first, first + count))
    said = [0 if n % 2 else 1 + n // 2 % 50 for n in entries]
    return Batch(
        reader=reader,
        decided_tai_s=NOW_TAI_S + first,
        rulings=rulings,
        entries=entries,
        ruling=said,
        revisit_tai_s=[None] * count,
        records=RECORDS[first - 1 : first - 1 + count],
    )


def sealed(reader: str, bodies: list[bytes], previous: FeedHead) -> Envelope:
    """Seal what a batch releases."""
    lines = [(AGREEMENT, body) for body in bodies]
    return seal(
        lines, previous=previous, iss=GIVER, aud=reader, mode=Mode.REAL, gen=1, key=KEY, iat_tai_s=NOW_TAI_S
    )


@contextmanager
def leaves_timed() -> Iterator[list[float]]:
    """Give the time that goes by in appending leaves."""
    spent_s = [0.0]
    parts = ((storing_decisions, "append_decisions"), (storing_envelopes, "append_envelope"))
    real = [getattr(module, name) for module, name in parts]
    for (module, name), function in zip(parts, real, strict=True):
        setattr(module, name, clocked(function, spent_s))
    yield spent_s
    for (module, name), function in zip(parts, real, strict=True):
        setattr(module, name, function)


def clocked(function: Callable[..., object], spent_s: list[float]) -> Callable[..., object]:
    """Return a function that notes how long it takes."""

    def noting(*arguments: object) -> object:
        began_s = time.perf_counter()
        result = function(*arguments)
        spent_s[0] += time.perf_counter() - began_s
        return result

    return noting


def decide_all(store: Store, decisions: int, each: int) -> tuple[float, float]:
    """Keep all decisions and envelopes; give the time of it, and that of the leaves alone."""
    records = [observation(k) for k in range(decisions // len(READERS))]
    for k in range(0, len(records), 10_000):
        store.append(records[k : k + 10_000])
    bodies = [encode(record) for record in records]
    RECORDS[:] = [(one.id, sha256(body).digest()) for one, body in zip(records, bodies, strict=True)]
    heads = dict.fromkeys(READERS, FeedHead())
    spent_s = 0.0
    with leaves_timed() as leaves_s:
        for k in range(0, len(bodies), each):
            for reader in READERS:
                batch = decided(reader, k + 1, len(bodies[k : k + each]))
                envelope = sealed(reader, bodies[k : k + each : 2], heads[reader])
                began_s = time.perf_counter()
                with store.transaction() as tx:
                    tx.record_batch(batch, policy=tx.note_policy(b"[]"))
                    tx.enqueue(envelope)
                spent_s += time.perf_counter() - began_s
                heads[reader] = store.feed_head(reader)
    return spent_s, leaves_s[0]


def sign(store: Store) -> float:
    """Keep the nodes of the tree and sign where it stands; give the time of it."""
    began_s = time.perf_counter()
    store.keep_audit_nodes()
    size = store.audit_size()
    head = TreeHead(log=GIVER, gen=1, size=size, root=store.audit_root(size))
    store.keep_checkpoint(head, checkpoint(head, KEY), made_tai_s=NOW_TAI_S)
    return time.perf_counter() - began_s


def rate(count: int, work: Callable[[int], object]) -> float:
    """How often a second work is done; what it gives must be true."""
    began_s = time.perf_counter()
    for k in range(count):
        assert work(k)
    return count / (time.perf_counter() - began_s)


def own_tree(count: int) -> Figures:
    """Build a tree in memory as a check does, prove and verify."""
    contents = [b"leaf %d" % k for k in range(count)]
    began_s = time.perf_counter()
    tree = Tree(b"".join([leaf_hash(one) for one in contents]))
    root = tree.root(count)
    appended = count / (time.perf_counter() - began_s)
    step = count // PROOFS
    proofs = [inclusion_proof(k * step, count, tree.node) for k in range(PROOFS)]

    def verify(k: int) -> bool:
        return is_included(leaf_hash(contents[k * step]), k * step, count, proofs[k], root)

    return Figures(
        root=root.hex(),
        proof=[one.hex() for one in proofs[1]],
        appended=appended,
        proved=rate(PROOFS, lambda k: inclusion_proof(k * step, count, tree.node)),
        verified=rate(PROOFS, verify),
        grown=rate(GROWTHS, lambda k: consistency_proof(count // 2 - k, count, tree.node)),
    )


def peer_tree(count: int) -> Figures:
    """Do the same by pymerkle, in a process that has it."""
    from pymerkle import InmemoryTree, verify_inclusion  # noqa: PLC0415  # only that process has it

    contents = [b"leaf %d" % k for k in range(count)]
    tree = InmemoryTree(algorithm="sha256")
    began_s = time.perf_counter()
    for one in contents:
        tree.append_entry(one)
    root = tree.get_root()
    appended = count / (time.perf_counter() - began_s)
    step = count // PROOFS
    proofs = [tree.prove_inclusion(k * step + 1) for k in range(PROOFS)]

    def verify(k: int) -> bool:
        verify_inclusion(tree.get_leaf(k * step + 1), root, proofs[k])  # raises if not
        return True

    return Figures(
        root=root.hex(),
        proof=[one.hex() for one in proofs[1].path[1:]],  # its path begins with the leaf
        appended=appended,
        proved=rate(PROOFS, lambda k: tree.prove_inclusion(k * step + 1)),
        verified=rate(PROOFS, verify),
        grown=rate(GROWTHS, lambda k: tree.prove_consistency(count // 2 - k)),
    )


def in_peer(count: int) -> Figures | None:
    """Run the peer in a process of its own; ``None`` where it is not installed."""
    if not PEER.exists():
        return None
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PEER), *sys.path])}
    command = [sys.executable, "-W", "ignore", __file__, "--peer", str(count)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return Figures(**json.loads(run.stdout))


def compare(count: int) -> None:
    """Print the tree's mathematics beside the peer's."""
    ours, peer = own_tree(count), in_peer(count)
    print(f"a tree of {count:,} leaves in memory" + ("" if peer else " (no pymerkle: make peers)"))
    if peer is not None:
        assert (ours.root, ours.proof) == (peer.root, peer.proof), "pymerkle has another root or proof"
        print("  root and proof are those of pymerkle")
    for name, words in (
        ("appended", "leaves appended"),
        ("proved", "inclusion proofs made"),
        ("verified", "inclusion proofs verified"),
        ("grown", "consistency proofs made"),
    ):
        own = getattr(ours, name)
        beside = (
            f"   pymerkle {getattr(peer, name):10,.0f}   {own / getattr(peer, name):5.1f} times"
            if peer
            else ""
        )
        print(f"  {words:28s} {own:10,.0f} a second{beside}")


def at_work(store: Store, decisions: int, each: int) -> None:
    """Print what a node pays for its audit."""
    spent_s, leaves_s = decide_all(store, decisions, each)
    size = store.audit_size()
    each_us = 1e6 / decisions
    print(f"a node: {decisions:,} decisions for {len(READERS)} readers, {each:,} in a transaction")
    print(f"  decisions, envelopes kept    {spent_s:8.2f} s   {spent_s * each_us:6.2f} us each")
    print(f"  of which their leaves        {leaves_s:8.2f} s   {leaves_s * each_us:6.2f} us each")
    signed_s = sign(store)
    print(f"  nodes kept, checkpoint signed{signed_s:8.2f} s   {signed_s * each_us:6.2f} us each")
    step = size // PROOFS
    proved = rate(PROOFS // 4, lambda k: store.audit_inclusion(k * step, size))
    print(f"  an inclusion proof from disk {1e3 / proved:8.2f} ms  over {size:,} leaves")
    old, root = size // 2, store.audit_root(size)
    assert is_consistent(old, store.audit_root(old), size, root, store.audit_consistency(old, size))
    began_s = time.perf_counter()
    checked = check_audit(store, GIVER, KEY.public_key(), {})
    took_s = time.perf_counter() - began_s
    assert not checked.found, checked.found[:3]
    print(f"  the whole of it checked      {took_s:8.2f} s   {took_s * 1e6 / size:6.2f} us a leaf")


def main() -> None:
    """Run the bench and print its figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--decisions", type=int, default=1_000_000)
    options.add_argument("--each", type=int, default=1_000, help="decisions in a transaction")
    options.add_argument("--leaves", type=int, default=200_000, help="of the tree beside the peer's")
    options.add_argument("--peer", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.peer is not None:
        figures = peer_tree(asked.peer)
        print(json.dumps({name: getattr(figures, name) for name in figures.__struct_fields__}))
        return
    compare(asked.leaves)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "node.sqlite", audit_secret=bytes(32))
        at_work(store, asked.decisions, asked.each)
        store.close()


if __name__ == "__main__":
    main()
