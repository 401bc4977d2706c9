"""The audit tree of this database: every decision and every envelope that was put on a feed is a leaf.

A leaf is appended in the transaction of what it tells of. Nothing of the tree is changed later: leaf hashes stand in
runs, as they came. Nodes over whole blocks are kept with the next checkpoint, so that decisions do not wait for them;
all else is made from these when a root or a proof is asked for.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from commonsky.domain import Envelope, EnvelopeHeader
from commonsky.sharing.audit_leaf import (
    decision_leaf,
    decision_leaves,
    envelope_leaf,
    leaf_hashes,
    trace_hmac,
    trace_key,
)
from commonsky.sharing.merkle import (
    BLOCK,
    BLOCK_LEVEL,
    HASH_BYTES,
    Node,
    block_node,
    completed,
    consistency_proof,
    inclusion_proof,
    node_hash,
    root_of,
)
from commonsky.store.errors import StoreError
from commonsky.store.rows import Batch
from commonsky.store.rulings import said_in_leaf
from commonsky.store.schema import (
    audit_leaves,
    audit_nodes,
    audit_policies,
    decisions,
    meta,
    outbox,
    records,
    rulings,
)
from commonsky.store.session import Session, insert_all, insert_missing, portions

AUDIT_SECRET = "audit_secret"  # noqa: S105  # the name of a row
_SECRET_OF_CONNECTION = "commonsky_audit_secret"  # noqa: S105  # the name of an entry
_BACKFILLED_AT_ONCE = 10_000
_BLOCKS_AT_ONCE = 10_000

# Both tables name the reader: a decision on which they differ is not the one that was taken.
_READER = case(
    (decisions.c.reader == rulings.c.reader, rulings.c.reader),
    else_=decisions.c.reader + "/" + rulings.c.reader,
)

DECIDED_COLUMNS = (
    records.c.id.label("record"),
    _READER.label("reader"),
    rulings.c.allowed,
    rulings.c.agreement,
    rulings.c.clause,
    rulings.c.reason,
    decisions.c.decided_tai_s,
    rulings.c.form,
)
"""Where the values stand that a leaf holds of a decision: see `commonsky.sharing.audit_leaf.DECIDED`."""


class Audit(Session):
    """Questions about the audit tree."""

    def audit_size(self) -> int:
        """Give the number of leaves."""
        with self._reading() as connection:
            return tree_size(connection)

    def audit_root(self, size: int | None = None) -> bytes:
        """Give the root over the first ``size`` leaves, or over all."""
        with self._reading() as connection:
            return root_of(tree_size(connection) if size is None else size, node_of(connection))

    def audit_inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Give the proof that the leaf of this index is in the tree of ``size`` leaves."""
        with self._reading() as connection:
            return inclusion_proof(index, size, node_of(connection))

    def audit_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Give the proof that the tree of ``old`` leaves is the beginning of that of ``new``."""
        with self._reading() as connection:
            return consistency_proof(old, new, node_of(connection))

    def keep_audit_nodes(self) -> None:
        """Keep the nodes that make roots and proofs of large trees quick."""
        with self._writing() as connection:
            keep_nodes(connection)

    def note_policy(self, body: bytes) -> int:
        """Keep what decisions are taken under, once, and give its number."""
        digest = sha256(body).digest()
        query = select(audit_policies.c.n).where(audit_policies.c.sha256 == digest)
        with self._writing() as connection:
            known = connection.scalar(query)
            if known is None:
                connection.execute(insert(audit_policies), {"sha256": digest, "body": body})
                known = connection.scalar(query)
        assert known is not None
        return int(known)


def tree_size(connection: Connection) -> int:
    """Give the number of leaves."""
    query = (
        select(audit_leaves.c.first, func.length(audit_leaves.c.hashes))
        .order_by(audit_leaves.c.first.desc())
        .limit(1)
    )
    last = connection.execute(query).first()
    return 0 if last is None else int(last[0]) + int(last[1]) // HASH_BYTES


def leaves_between(connection: Connection, begin: int, end: int) -> bytes:
    """Give the leaf hashes from an index up to another one, in one run of bytes; fewer where there are no more."""
    reaching = select(func.max(audit_leaves.c.first)).where(audit_leaves.c.first <= begin).scalar_subquery()
    query = (
        select(audit_leaves.c.first, audit_leaves.c.hashes)
        .where(audit_leaves.c.first >= func.coalesce(reaching, 0), audit_leaves.c.first < end)
        .order_by(audit_leaves.c.first)
    )
    rows = connection.execute(query).all()
    if not rows:
        return b""
    skipped = (begin - rows[0].first) * HASH_BYTES
    return b"".join(row.hashes for row in rows)[skipped : skipped + (end - begin) * HASH_BYTES]


def node_of(connection: Connection) -> Node:
    """Return what gives the tree's nodes, as they are kept or made of what is below; a block is read once."""
    block = lru_cache(maxsize=2)(lambda k: leaves_between(connection, k * BLOCK, (k + 1) * BLOCK))
    leaves_kept = blocks_kept(connection) * BLOCK

    def node(level: int, position: int) -> bytes:
        if level >= BLOCK_LEVEL and (position + 1) << level <= leaves_kept:
            this = (audit_nodes.c.level == level) & (audit_nodes.c.position == position)
            kept = connection.scalar(select(audit_nodes.c.hash).where(this))
            if kept is not None:
                return bytes(kept)
        if level > BLOCK_LEVEL:
            return node_hash(node(level - 1, 2 * position), node(level - 1, 2 * position + 1))
        number, within = divmod(position << level, BLOCK)
        return block_node(block(number), level, within >> level)

    return node


def blocks_kept(connection: Connection) -> int:
    """Give how many blocks of leaves have their nodes kept, from the first one on."""
    last = select(func.max(audit_nodes.c.position)).where(audit_nodes.c.level == BLOCK_LEVEL)
    known = connection.scalar(last)
    return 0 if known is None else int(known) + 1


def keep_nodes(connection: Connection) -> None:
    """Keep the nodes over all whole blocks of leaves that have none yet."""
    block = blocks_kept(connection)
    size = tree_size(connection)
    while block < size // BLOCK:
        end = min(size // BLOCK, block + _BLOCKS_AT_ONCE)
        leaves = leaves_between(connection, block * BLOCK, end * BLOCK)
        nodes = completed(block, leaves, node_of(connection))
        rows = [{"level": level, "position": position, "hash": one} for level, position, one in nodes]
        insert_all(connection, audit_nodes, rows)
        block = end


def append_decisions(connection: Connection, batch: Batch, policy: int | None) -> int:
    """Append the leaves of decisions that are about to be stored; give the index of the first."""
    records_of = batch.records
    if records_of is None:
        told = records_told(connection, batch.entries)
        records_of = [told[entry] for entry in batch.entries]
    under = None if policy is None else policy_digests(connection)[policy]
    said = [said_in_leaf(one, batch.decided_tai_s) for one in batch.rulings]
    rows = [(ruling, *record) for ruling, record in zip(batch.ruling, records_of, strict=True)]
    key = trace_key(audit_secret(connection))
    if batch.traces is None:
        return append_leaves(connection, list(decision_leaves(said, rows, under, trace_hmac(key, ""))))
    contents = [
        decision_leaf((record, *said[ruling]), digest, under, trace_hmac(key, trace))
        for (ruling, record, digest), trace in zip(rows, batch.traces, strict=True)
    ]
    return append_leaves(connection, contents)


def append_envelope(connection: Connection, header: EnvelopeHeader, envelope: Envelope) -> int:
    """Append the leaf of an envelope that goes on a feed; give its index."""
    digest = sha256(envelope.header.encode()).hexdigest()
    content = envelope_leaf(header.aud, header.gen, header.seq, digest, envelope.signature)
    return append_leaves(connection, [content])


def append_leaves(connection: Connection, contents: Sequence[bytes]) -> int:
    """Append leaves of these contents; give the index of the first."""
    first = tree_size(connection)
    hashes = leaf_hashes(audit_secret(connection), first, contents)
    insert_all(connection, audit_leaves, [{"first": first, "hashes": hashes}])
    return first


def records_told(connection: Connection, entries: Sequence[int]) -> dict[int, tuple[str, bytes]]:
    """Give the ids and digests of the records of these log entries."""
    found: dict[int, tuple[str, bytes]] = {}
    wanted = sorted(set(entries))
    for some in portions(wanted):
        query = select(records.c.n, records.c.id, records.c.body_sha256)
        dense = some[-1] - some[0] < 2 * len(some)
        chosen = records.c.n.between(some[0], some[-1]) if dense else records.c.n.in_(some)
        found.update(
            (n, (name, bytes(digest))) for n, name, digest in connection.execute(query.where(chosen))
        )
    return found


def policy_digests(connection: Connection) -> dict[int, bytes]:
    """Give the digests of all that decisions were taken under, by number."""
    rows = connection.execute(select(audit_policies.c.n, audit_policies.c.sha256))
    return {n: bytes(digest) for n, digest in rows}


def audit_secret(connection: Connection) -> bytes:
    """Give the secret that salts are made of; a connection asks once."""
    known = connection.info.get(_SECRET_OF_CONNECTION)
    if known is None:
        kept = connection.scalar(select(meta.c.value).where(meta.c.key == AUDIT_SECRET))
        if kept is None:
            where = connection.engine.url.render_as_string(hide_password=True)
            raise StoreError(
                where, "the secret of the audit's salts is gone: restore the database from a backup"
            )
        known = connection.info[_SECRET_OF_CONNECTION] = bytes.fromhex(kept)
    assert isinstance(known, bytes)
    return known


def keep_secret(connection: Connection, secret: bytes) -> None:
    """Keep the secret that salts will be made of, unless there is one."""
    row = {"key": AUDIT_SECRET, "value": secret.hex()}
    connection.execute(insert_missing(connection, meta), row)


def backfill(connection: Connection) -> None:
    """Make leaves of all decisions and envelopes that have none: decisions first, each in the order of its table."""
    key = trace_key(audit_secret(connection))
    query = (
        select(decisions.c.n, decisions.c.trace, records.c.body_sha256, *DECIDED_COLUMNS)
        .join(records, records.c.n == decisions.c.entry)
        .join(rulings, rulings.c.n == decisions.c.ruling)
        .where(decisions.c.leaf.is_(None))
        .order_by(decisions.c.n)
        .limit(_BACKFILLED_AT_ONCE)
    )
    while rows := connection.execute(query).all():
        contents = [
            decision_leaf(row[3:], bytes(row.body_sha256), None, trace_hmac(key, row.trace or ""))
            for row in rows
        ]
        first = append_leaves(connection, contents)
        numbered = [{"of": row.n, "at": first + k} for k, row in enumerate(rows)]
        with_leaf = update(decisions).where(decisions.c.n == bindparam("of")).values(leaf=bindparam("at"))
        connection.execute(with_leaf, numbered)
    place = (outbox.c.aud, outbox.c.gen, outbox.c.seq)
    waiting = select(*place, outbox.c.header_sha256, outbox.c.signature).where(outbox.c.leaf.is_(None))
    for row in connection.execute(waiting.order_by(*place)).all():
        leaf = append_leaves(connection, [envelope_leaf(*row)])
        this = (outbox.c.aud == row.aud) & (outbox.c.gen == row.gen) & (outbox.c.seq == row.seq)
        connection.execute(update(outbox).where(this).values(leaf=leaf))
