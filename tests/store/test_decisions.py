"""What needs a decision is asked for, once, and again when its time comes."""

import pytest

from commonsky.domain import Decision, RecordKind, Ruling
from commonsky.store import Batch
from partners import (
    GIVER,
    KEYS,
    NOW_TAI_S,
    READER,
    THIRD,
    agreement,
    judged,
    observation,
    receiver,
    sealed,
    track,
)


def decision(record, *, reader=READER, allowed=True, revisit=None, reason="a reason"):
    return Decision(
        record=record.id,
        reader=reader,
        allowed=allowed,
        reason=reason,
        agreement="NOR-gives@1" if allowed else None,
        clause="all" if allowed else None,
        decided_tai_s=NOW_TAI_S,
        trace=("first line", "second line"),
        revisit_tai_s=revisit,
    )


def asked(store, reader=READER, *, now=NOW_TAI_S, limit=100, **how):
    return [one.id for one in store.undecided(reader, limit, now, **how)]


def decide_all(store, reader=READER, *, settle=True, **how):
    due = store.undecided(reader, 100, NOW_TAI_S)
    store.record_decisions([(one.n, decision(one, reader=reader, **how)) for one in due])
    if settle:
        store.settle(reader)


def test_every_record_is_asked_about_once_for_each_reader(store):
    records = [observation(k) for k in range(4)]
    store.append(records)
    ids = [one.id for one in records]
    assert asked(store, limit=3) == ids[:3]
    for settle in (False, True):
        decide_all(store, settle=settle)
        assert asked(store) == []
    assert asked(store, THIRD) == ids
    store.append([observation(9)])
    assert asked(store) == [observation(9).id]


def test_only_the_kinds_that_are_asked_for_come(store):
    store.append([observation(1), track(1)])
    assert asked(store, kinds=[RecordKind.TRACK]) == [track(1).id]


def test_a_settled_mark_does_not_skip_what_was_left_out(store):
    store.append([observation(k) for k in range(3)])
    first, second, third = store.undecided(READER, 10, NOW_TAI_S)
    store.record_decisions([(third.n, decision(third)), (first.n, decision(first))])
    store.settle(READER)
    assert asked(store) == [second.id]


def test_a_refusal_with_a_time_is_asked_about_again_then(store):
    store.append([observation(1), observation(2)])
    decide_all(store, allowed=False, revisit=NOW_TAI_S + 10.0)
    assert asked(store, now=NOW_TAI_S + 9.0) == []
    assert asked(store, now=NOW_TAI_S + 10.0) == [observation(1).id, observation(2).id]
    one = store.undecided(READER, 1, NOW_TAI_S + 10.0)[0]
    store.record_decisions([(one.n, decision(one))])
    assert asked(store, now=NOW_TAI_S + 10.0) == [observation(2).id]


def test_new_agreements_have_every_refusal_asked_again(store):
    store.append([observation(1), observation(2)])
    one, two = store.undecided(READER, 2, NOW_TAI_S)
    store.record_decisions([(one.n, decision(one)), (two.n, decision(two, allowed=False))])
    store.settle(READER)
    assert store.reconsider(READER, NOW_TAI_S) == 1
    assert asked(store) == [two.id]


def test_the_history_of_a_decision_is_kept(store):
    store.append([observation(1)])
    for allowed in (False, True):
        (one,) = store.copies(observation(1).id)
        store.record_decisions([(one.n, decision(one, allowed=allowed))])
    old, new = store.decisions_of(observation(1).id)
    assert (old.newest, old.decision) == (False, decision(observation(1), allowed=False))
    assert (new.newest, new.decision) == (True, decision(observation(1)))


def a_batch(entries, **changes):
    said = [
        Ruling(reader=READER, allowed=allowed, reason=f"{allowed}", agreement=None, clause=None)
        for allowed in (True, False)
    ]
    fields = {
        "reader": READER,
        "decided_tai_s": NOW_TAI_S,
        "rulings": tuple(said),
        "entries": [one.n for one in entries],
        "ruling": [k % 2 for k in range(len(entries))],
        "revisit_tai_s": [NOW_TAI_S + 5.0 if k % 3 == 1 else None for k in range(len(entries))],
    }
    return Batch(**(fields | changes))


def test_a_batch_is_kept_as_its_decisions_would_be(store):
    store.append([observation(k) for k in range(7)])
    due = store.undecided(READER, 10, NOW_TAI_S)
    batch = a_batch(due)
    store.record_batch(batch, policy=store.note_policy(b"[]"))
    assert asked(store) == []
    assert store.audit_size() == 7
    for k, one in enumerate(due):
        [held] = store.decisions_of(one.id)
        assert (held.entry, held.newest) == (one.n, True)
        assert held.decision == Decision(
            record=one.id,
            reader=READER,
            allowed=k % 2 == 0,
            reason=f"{k % 2 == 0}",
            agreement=None,
            clause=None,
            decided_tai_s=NOW_TAI_S,
            revisit_tai_s=batch.revisit_tai_s[k],
        )
    counted = [(one.allowed, one.count) for one in store.counts().decisions]
    assert counted == [(True, 4), (False, 3)]


def test_a_batch_replaces_what_was_decided_before(store):
    store.append([observation(k) for k in range(4)])
    due = store.undecided(READER, 10, NOW_TAI_S)
    store.record_batch(a_batch(due[1:3]))
    store.record_batch(a_batch(due, decided_tai_s=NOW_TAI_S + 1.0))
    histories = [[held.newest for held in store.decisions_of(one.id)] for one in due]
    assert histories == [[True], [False, True], [False, True], [True]]
    assert store.reconsider(READER, NOW_TAI_S) == 2


def _receive(store, record, issuer, *, gen=1):
    terms = agreement(giver=issuer, onward=True, id="NOR-gives")
    envelope = sealed([record], iss=issuer, gen=gen, key=KEYS[issuer])
    judge = receiver(agreements={terms.reference: terms})
    outcome = judged(envelope, issuer=issuer, receiver_=judge)
    assert store.admit(envelope, outcome, received_tai_s=NOW_TAI_S)


def test_records_of_others_are_asked_about_only_for_onward_release(store):
    _receive(store, observation(1), GIVER)
    assert asked(store, THIRD) == [observation(1).id]
    assert asked(store, THIRD, onward=False) == []


def test_what_came_from_the_reader_needs_no_decision_for_it(store):
    _receive(store, observation(1), GIVER)
    _receive(store, observation(2, originator=GIVER), THIRD)
    assert asked(store, GIVER) == []


def test_further_copies_of_the_same_bytes_or_of_our_own_need_no_decision(store):
    own = track(1, originator=READER, name="GBR-T1", inputs=["a"])
    store.append([own])
    _receive(store, observation(1), GIVER)
    _receive(store, observation(1), THIRD)
    without_lineage = track(1, originator=READER, name="GBR-T1")
    _receive(store, without_lineage, GIVER, gen=2)
    assert asked(store, "DNK") == [own.id, observation(1).id]


@pytest.mark.parametrize("decided", [True, False])
def test_a_copy_of_what_is_locked_is_asked_about_in_its_place(store, decided):
    for issuer in (GIVER, THIRD):
        _receive(store, observation(1), issuer)
    if decided:
        decide_all(store, "DNK")
    held = GIVER, "NOR-gives@1"
    store.lock(*held, "it is suspended", at_tai_s=NOW_TAI_S)
    [copy] = store.undecided("DNK", 100, NOW_TAI_S)
    assert (copy.id, copy.source) == (observation(1).id, THIRD)
    decide_all(store, "DNK")
    assert asked(store, "DNK") == []
    store.unlock(*held)
    store.lock(*held, "it is suspended again", at_tai_s=NOW_TAI_S)
    assert asked(store, "DNK") == []


def test_releases_are_counted_by_reader_and_reason(store):
    store.append([observation(k) for k in range(3)])
    one, two, three = store.undecided(READER, 3, NOW_TAI_S)
    refused = [(entry.n, decision(entry, allowed=False, reason="no")) for entry in (two, three)]
    store.record_decisions([(one.n, decision(one, allowed=False, reason="once"))])
    store.record_decisions([(one.n, decision(one, reason="yes")), *refused])
    counted = [(c.reader, c.allowed, c.reason, c.count) for c in store.counts().decisions]
    assert counted == [(READER, True, "yes", 1), (READER, False, "no", 2)]
