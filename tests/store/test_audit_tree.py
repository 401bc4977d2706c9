"""Every decision and every envelope is a leaf, in one transaction with it; the tree is that of RFC 6962."""

import pytest
from msgspec.structs import replace
from sqlalchemy import select, text

from commonsky.domain import Decision
from commonsky.sharing.audit_leaf import (
    decision_leaf,
    decision_leaves,
    envelope_leaf,
    salt_of,
    trace_hmac,
    trace_key,
)
from commonsky.sharing.merkle import EMPTY_ROOT, is_consistent, is_included, leaf_hash
from commonsky.store import Store
from commonsky.store.audit import audit_secret, leaves_between
from commonsky.store.schema import decisions, outbox, records
from partners import AGREEMENT, NOW_TAI_S, READER, observation, sealed
from rfc6962 import mth

POLICY = b'[{"id":"NOR-gives"}]'


def decision(entry, *, allowed=True, **changes):
    made = Decision(
        record=entry.id,
        reader=READER,
        allowed=allowed,
        reason="clause all releases it" if allowed else "clause all covers the objects 1",
        agreement=AGREEMENT.reference,
        clause="all",
        decided_tai_s=NOW_TAI_S,
        trace=("NOR-gives v1: yes: in force", "clause all: looked at"),
        revisit_tai_s=None if allowed else NOW_TAI_S + 60.0,
    )
    return replace(made, **changes)


def decide(store, count, start=0, **changes):
    """One transaction as a node makes it: decisions on new records, and the envelope of those."""
    with store.transaction() as tx:
        tx.append(observation(k) for k in range(start, start + count))
        due = tx.undecided(READER, count, NOW_TAI_S)
        tx.record_decisions([(one.n, decision(one, **changes)) for one in due], policy=tx.note_policy(POLICY))
        tx.enqueue(sealed([one.body for one in due], tx.feed_head(READER)))
    return due


def leaves_of(store):
    size = store.audit_size()
    with store._reading() as connection:
        run = leaves_between(connection, 0, size)
    assert len(run) == 32 * size
    return [run[k : k + 32] for k in range(0, len(run), 32)]


def secret_of(store):
    with store._reading() as connection:
        return audit_secret(connection)


def test_a_decision_and_an_envelope_are_a_salted_leaf_each(store):
    [entry] = decide(store, 1)
    with store._reading() as connection:
        row = connection.execute(select(decisions)).one()
        digest = connection.scalar(select(records.c.body_sha256))
        sent = connection.execute(select(outbox)).one()
        policy = connection.execute(text("SELECT sha256, body FROM audit_policies")).one()
    secret = secret_of(store)
    assert (row.leaf, sent.leaf, store.audit_size()) == (0, 1, 2)
    assert bytes(policy.body) == POLICY
    made = decision(entry)
    what = (made.record, READER, True, made.agreement, "all", made.reason, NOW_TAI_S, None)
    trace = trace_hmac(trace_key(secret), "\n".join(made.trace))
    content = decision_leaf(what, bytes(digest), bytes(policy.sha256), trace)
    told = envelope_leaf(READER, 1, 1, sent.header_sha256, sent.signature)
    assert leaves_of(store) == [leaf_hash(salt_of(secret, k) + one) for k, one in enumerate((content, told))]
    assert leaf_hash(content) not in leaves_of(store)


def test_leaves_of_a_batch_are_those_of_its_decisions():
    said = [
        (READER, True, "a@1", "c", 'says "so"', NOW_TAI_S, None),
        (READER, False, None, None, "no", 1.0, "{}"),
    ]
    rows = [(0, "obs:1", b"1" * 32), (1, "obs:\u00e9\n", b"2" * 32), (0, "", b"3" * 31)]
    for policy in (None, b"4" * 32):
        each = [decision_leaf((record, *said[k]), digest, policy, b"h") for k, record, digest in rows]
        assert list(decision_leaves(said, rows, policy, b"h")) == each


@pytest.mark.parametrize("kept", [False, True])
def test_roots_and_proofs_are_those_of_the_definition_at_every_size(store, kept):
    assert store.audit_root() == EMPTY_ROOT
    sizes = [0]
    for count in (1, 2, 250, 1, 1, 300, 7, 600):
        decide(store, count, start=sizes[-1])
        sizes.append(store.audit_size())
        if kept and count == 300:
            store.keep_audit_nodes()
    leaves = leaves_of(store)
    roots = {size: mth(leaves[:size]) for size in sizes}
    assert {size: store.audit_root(size) for size in sizes} == roots
    size, root = sizes[-1], roots[sizes[-1]]
    for index in (0, 1, 255, 256, 511, 512, 900, size - 1):
        assert is_included(leaves[index], index, size, store.audit_inclusion(index, size), root)
    for old in sizes[1:]:
        assert is_consistent(old, roots[old], size, root, store.audit_consistency(old, size))


def test_a_transaction_that_fails_leaves_no_leaf(store):
    decide(store, 3)
    before = leaves_of(store)

    def fail():
        with store.transaction() as tx:
            tx.append([observation(99)])
            [entry] = tx.undecided(READER, 10, NOW_TAI_S)
            tx.record_decisions([(entry.n, decision(entry))])
            assert tx.audit_size() == len(before) + 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert leaves_of(store) == before
    assert store.counts().decisions[0].count == 3


def test_asking_refusals_again_changes_no_leaf(store):
    decide(store, 3, allowed=False)
    before = leaves_of(store)
    assert store.reconsider(READER, NOW_TAI_S + 5.0) == 3
    assert leaves_of(store) == before


def test_salts_are_random_unless_the_node_gives_a_secret(tmp_path):
    first, second = (Store.open(tmp_path / name) for name in ("a", "b"))
    given, again = (Store.open(tmp_path / name, audit_secret=bytes(32)) for name in ("c", "d"))
    stores = (first, second, given, again)
    for one in stores:
        decide(one, 2)
    assert leaves_of(first) != leaves_of(second)
    assert leaves_of(given) == leaves_of(again)
    for one in stores:
        one.close()


def test_the_secret_of_a_database_stays_whatever_is_given_later(address):
    store = Store.open(address, audit_secret=b"1" * 32)
    store.close()
    store = Store.open(address, audit_secret=b"2" * 32)
    assert secret_of(store) == b"1" * 32
    store.close()


WIDE = """
CREATE TABLE decisions (n INTEGER PRIMARY KEY, entry BIGINT NOT NULL, record TEXT NOT NULL, reader TEXT NOT NULL,
allowed BOOLEAN NOT NULL, agreement TEXT, clause TEXT, reason TEXT NOT NULL, trace TEXT NOT NULL,
decided_tai_s DOUBLE PRECISION NOT NULL, revisit_tai_s DOUBLE PRECISION, newest BOOLEAN NOT NULL)
"""


def widen(connection):
    """Bring the decisions back to the table in which they stood at first."""
    connection.execute(
        text(
            "CREATE TABLE kept AS SELECT d.n, entry, records.id, d.reader, allowed, r.agreement, clause, reason,"
            " trace, decided_tai_s, revisit_tai_s, newest"
            " FROM decisions d JOIN rulings r ON r.n = d.ruling JOIN records ON records.n = d.entry"
        )
    )
    for table in ("decisions", "rulings"):
        connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text(WIDE))
    connection.execute(text("INSERT INTO decisions SELECT * FROM kept"))
    connection.execute(text("DROP TABLE kept"))


def test_a_database_from_before_the_tree_gets_a_leaf_for_each_old_decision_and_envelope(address):
    store = Store.open(address)
    for k in range(3):
        decide(store, 200, start=200 * k)
    with store._writing() as connection:
        for table in ("audit_leaves", "audit_nodes", "audit_policies"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE outbox DROP COLUMN leaf"))
        widen(connection)
        connection.execute(text("DELETE FROM meta WHERE key = 'audit_secret'"))
        connection.execute(text("UPDATE meta SET value = '1' WHERE key = 'schema_version'"))
    store.close()

    store = Store.open(address)
    assert store.audit_size() == 603
    assert store.audit_root() == mth(leaves_of(store))
    with store._reading() as connection:
        assert list(connection.scalars(select(decisions.c.leaf).order_by(decisions.c.n))) == list(range(600))
        assert list(connection.scalars(select(outbox.c.leaf).order_by(outbox.c.seq))) == [600, 601, 602]
    decide(store, 5, start=600)
    assert store.audit_size() == 609
    store.close()
