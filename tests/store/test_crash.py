"""kill -9 at any moment loses nothing that was acknowledged, keeps the order, and doubles nothing.

A child process works on a real database and says each step after its commit; the parent kills it at moments drawn
from a seed, many times over, and looks at the database after each. A failure prints the seed.
"""

import os
import random
import signal
import time

import pytest
from sqlalchemy import select

from commonsky.domain import Accepted, Decision
from commonsky.federation import encode_wire, read_wire
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from commonsky.sharing.merkle import HASH_BYTES
from commonsky.store import Store
from commonsky.store.audit import leaves_between
from commonsky.store.schema import decisions, outbox
from partners import AGREEMENT, GIVER, NOW_TAI_S, READER, judged, observation, sealed
from rfc6962 import mth

KILLS = 20
EACH = 3


def give(where, _, say):
    """Append records, decide on them, seal and enqueue, for ever; each round is one transaction."""
    store = Store.open(where)
    while True:
        with store.transaction() as tx:
            tx.append(observation(tx.last_entry() + k) for k in range(EACH))
            due = tx.undecided(READER, 100, NOW_TAI_S)
            tx.record_decisions([(one.n, _release(one)) for one in due])
            tx.settle(READER)
            envelope = sealed([one.body for one in due], tx.feed_head(READER))
            tx.enqueue(envelope)
        say(head_of(envelope.header).seq)


def take(where, source, say):
    """Pull what the giver has, envelope by envelope; when there is no more, wait to be killed."""
    store, giver = Store.open(where), Store.open(source)
    while True:
        say(store.cursor(GIVER).seq)
        head = store.cursor(GIVER)
        sent = encode_wire(giver.feed_after(READER, head.seq, 1, gen=head.gen))
        for envelope in read_wire(sent).envelopes:
            outcome = judged(envelope, store.cursor(GIVER))
            assert isinstance(outcome, Accepted)
            assert store.admit(envelope, outcome, received_tai_s=NOW_TAI_S)
            say(outcome.head.seq)


def _release(entry):
    return Decision(
        record=entry.id,
        reader=READER,
        allowed=True,
        reason="released",
        agreement=AGREEMENT.reference,
        clause="all",
        decided_tai_s=NOW_TAI_S,
    )


def run_and_kill(work, where, source, chance):
    """Run ``work`` in a child, kill it after some acknowledged steps and a moment; return the last one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(where, source, lambda seq: os.write(writing, b"%d\n" % seq))
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as acknowledged:
        steps = [acknowledged.readline() for _ in range(chance.randrange(6))]
        time.sleep(chance.uniform(0.0, 0.012))
        os.kill(child, signal.SIGKILL)
        steps += acknowledged.readlines()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    whole = [int(step) for step in steps if step.endswith(b"\n")]
    return max(whole, default=0)


def check_giver(store, acknowledged):
    head = store.feed_head(READER)
    assert head.seq >= acknowledged
    assert store.last_entry() == EACH * head.seq
    assert store.undecided(READER, 10, NOW_TAI_S) == []
    assert sum(count.count for count in store.counts().decisions) == EACH * head.seq
    check_tree(store, head.seq)
    follow(store.feed_after(READER, 0, 10_000, gen=0), head)


def check_tree(store, rounds):
    """Decisions, the envelope and their leaves are one transaction: each round has one leaf more than decisions."""
    assert store.audit_size() == (EACH + 1) * rounds
    with store._reading() as connection:
        of_decisions = list(connection.scalars(select(decisions.c.leaf).order_by(decisions.c.n)))
        of_envelopes = list(connection.scalars(select(outbox.c.leaf).order_by(outbox.c.seq)))
        run = leaves_between(connection, 0, store.audit_size())
    assert of_envelopes == [(EACH + 1) * k + EACH for k in range(rounds)]
    assert sorted(of_decisions + of_envelopes) == list(range((EACH + 1) * rounds))
    assert store.audit_root() == mth([run[k : k + HASH_BYTES] for k in range(0, len(run), HASH_BYTES)])


def check_receiver(store, acknowledged):
    head = store.cursor(GIVER)
    assert head.seq >= acknowledged
    follow(store.received(GIVER, 0, 10_000, gen=0), head)
    held = store.observations()
    assert [one.n for one in held] == list(range(1, EACH * head.seq + 1))
    assert [one.body for one in held] == [encode(observation(k)) for k in range(EACH * head.seq)]


def follow(envelopes, head):
    """The envelopes are one chain of verified records without gap or repetition that ends at ``head``."""
    stands = None
    for envelope in envelopes:
        outcome = judged(envelope, stands)
        assert isinstance(outcome, Accepted)
        stands = outcome.head
    assert len(envelopes) == head.seq
    assert stands in {None, head}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_node_killed_at_any_moment_loses_nothing_acknowledged(tmp_path, seed):
    chance = random.Random(seed)
    giver, reader = tmp_path / "giver.sqlite", tmp_path / "reader.sqlite"
    last = {giver: 0, reader: 0}
    for _ in range(KILLS):
        for where, work, check in ((giver, give, check_giver), (reader, take, check_receiver)):
            last[where] = max(last[where], run_and_kill(work, where, giver, chance))
            store = Store.open(where)
            check(store, last[where])
            store.close()
    assert last[giver] > KILLS
    assert last[reader] > KILLS
