"""A database with some blocks of leaves, as a node makes it: decisions, envelopes, a derived record, checkpoints."""

from commonsky.domain import Decision
from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import checkpoint, cosigned
from partners import AGREEMENT, GIVER, KEYS, NOW_TAI_S, READER, observation, sealed, track

ROUNDS, EACH = 24, 5
ALL = ROUNDS * (EACH + 1)


def give(store):
    """One transaction as a node makes it: some records go out, one is refused."""
    with store.transaction() as tx:
        due = tx.undecided(READER, 100, NOW_TAI_S)
        made = [
            Decision(
                record=one.id,
                reader=READER,
                allowed=k > 0,
                reason="clause all releases it" if k else "clause all covers the objects 1",
                agreement=AGREEMENT.reference,
                clause="all",
                decided_tai_s=NOW_TAI_S + one.n,
                trace=(f"{AGREEMENT.reference}: looked at entry {one.n}",),
            )
            for k, one in enumerate(due)
        ]
        pairs = [(one.n, decision) for one, decision in zip(due, made, strict=True)]
        tx.record_decisions(pairs, policy=tx.note_policy(b"[]"))
        tx.enqueue(sealed([one.body for one in due[1:]], tx.feed_head(READER)))


def sign(store):
    store.keep_audit_nodes()
    size = store.audit_size()
    head = TreeHead(log=GIVER, gen=1, size=size, root=store.audit_root(size))
    note = checkpoint(head, KEYS[GIVER])
    store.keep_checkpoint(head, note, made_tai_s=NOW_TAI_S)
    note = cosigned(note, READER, KEYS[READER], 1_764_000_000)
    store.keep_cosignature(head, READER, note, 1_764_000_000, received_tai_s=NOW_TAI_S)


def fill(store, rounds=ROUNDS):
    """Take some rounds of decisions, and sign a checkpoint in the middle and at the end."""
    for k in range(rounds):
        store.append(observation(EACH * k + j) for j in range(EACH - (k == 0)))
        if k == 0:
            store.append([track(1, inputs=[observation(0).id, observation(1).id])])
        give(store)
        if k in {rounds // 2, rounds - 1}:
            sign(store)
