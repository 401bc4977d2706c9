"""What goes out and comes in moves in one transaction, and only forward."""

import pytest

from commonsky.domain import Accepted, FeedHead
from commonsky.federation import header_sha256
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from commonsky.store import StoreError
from commonsky.store.feeds import KEPT_BYTES
from partners import GIVER, NOW_TAI_S, READER, THIRD, chain, judged, observation, sealed


def test_a_feed_is_given_out_from_any_place(store):
    envelopes = chain(4)
    for envelope in envelopes:
        store.enqueue(envelope)
    assert store.feed_head(READER) == head_of(envelopes[-1].header)
    assert store.feed_after(READER, 0, 10, gen=0) == envelopes
    assert store.feed_after(READER, 1, 2, gen=1) == envelopes[1:3]
    assert store.feed_after(READER, 4, 10, gen=1) == []
    assert store.feed_after(THIRD, 0, 10, gen=0) == []
    assert store.sent_header(READER, 1, 2) == header_sha256(envelopes[1].header)


def test_feeds_of_two_audiences_are_apart(store):
    ours, theirs = chain(1)[0], chain(1, aud=THIRD)[0]
    store.enqueue(ours)
    store.enqueue(theirs)
    assert store.feed_after(READER, 0, 10, gen=0) == [ours]
    assert store.feed_after(THIRD, 0, 10, gen=0) == [theirs]


def test_a_new_generation_follows_the_old_one(store):
    old, new = chain(2), chain(1, gen=2)[0]
    for envelope in [*old, new]:
        store.enqueue(envelope)
    assert store.feed_head(READER) == head_of(new.header)
    assert store.feed_after(READER, 1, 10, gen=1) == [old[1], new]
    assert store.feed_after(READER, 57, 10, gen=1) == [new]


def test_only_the_next_envelope_of_a_feed_can_be_enqueued(store):
    first, second, third = chain(3)
    other = sealed([observation(9)], head_of(sealed([observation(8)]).header))
    store.enqueue(first)
    for wrong in (first, third, other):
        with pytest.raises(StoreError, match="not the next one on the feed of GBR"):
            store.enqueue(wrong)
    store.enqueue(second)


def test_decisions_and_envelope_go_together_or_not_at_all(store):
    def release():
        with store.transaction() as tx:
            tx.append([observation(1)])
            tx.enqueue(chain(1)[0])
            tx.write_log(NOW_TAI_S, "release", "one")
            assert tx.feed_head(READER).seq == 1
            raise RuntimeError("the node dies here")

    with pytest.raises(RuntimeError, match="dies here"):
        release()
    assert store.feed_head(READER) == FeedHead()
    assert store.last_entry() == 0
    assert store.log(10) == []


def _admit(store, envelope):
    outcome = judged(envelope, store.cursor(GIVER), held=_Held(store))
    assert isinstance(outcome, Accepted)
    return store.admit(envelope, outcome, received_tai_s=NOW_TAI_S)


class _Held(dict):
    def __init__(self, store):
        super().__init__()
        self.store = store

    def get(self, place):
        return self.store.held_header(GIVER, *place)


def test_an_envelope_is_stored_as_received_with_its_records_and_the_cursor(store):
    envelopes = chain(2)
    assert [_admit(store, one) for one in envelopes] == [True, True]
    assert store.cursor(GIVER) == head_of(envelopes[1].header)
    assert store.received(GIVER, 0, 10, gen=0) == envelopes
    assert store.held_header(GIVER, 1, 1) == header_sha256(envelopes[0].header)
    assert [one.body for one in store.observations()] == [encode(observation(k)) for k in range(4)]


def test_an_envelope_judged_against_an_older_cursor_is_not_stored(store):
    first, second = chain(2)
    outcome = judged(first)
    assert store.admit(first, outcome, received_tai_s=NOW_TAI_S)
    assert not store.admit(first, outcome, received_tai_s=NOW_TAI_S)
    store.stop_feed(GIVER)
    assert store.cursor(GIVER).stopped
    assert not store.admit(second, judged(second, head_of(first.header)), received_tai_s=NOW_TAI_S)
    store.resume_feed(GIVER)
    assert _admit(store, second)
    assert store.last_entry() == 4


def test_records_that_come_again_in_a_new_generation_are_kept_once(store):
    _admit(store, sealed([observation(1)]))
    _admit(store, sealed([observation(1), observation(2)], gen=2))
    assert [one.body for one in store.observations()] == [encode(observation(k)) for k in (1, 2)]
    assert store.quarantined() == []


def test_another_record_of_the_same_id_is_set_apart(store):
    record = observation(1)
    other = encode(record).replace(b'"onward":true', b'"onward":false')
    _admit(store, sealed([record]))
    _admit(store, sealed([other], head_of(sealed([record]).header)))
    assert [one.body for one in store.copies(record.id)] == [encode(record)]
    (apart,) = store.quarantined()
    assert (apart.source, apart.code, apart.data) == (GIVER, "conflict", other)
    assert record.id in apart.reason


def test_unfit_records_go_to_quarantine_with_the_envelope(store):
    _admit(store, sealed([observation(1), b"{}"]))
    assert store.cursor(GIVER).seq == 1
    (apart,) = store.quarantined()
    assert (apart.source, apart.code, apart.data) == (GIVER, "malformed", b"{}")
    assert store.counts().quarantined == {GIVER: 1}


def test_the_same_bytes_for_the_same_reason_are_counted_not_kept_again(store):
    for later_s in (0.0, 5.0):
        store.quarantine(GIVER, "bad_signature", "no", b"abc", at_tai_s=NOW_TAI_S + later_s)
    store.quarantine(GIVER, "gap", "no", b"abc", at_tai_s=NOW_TAI_S + 9.0)
    newest, oldest = store.quarantined()
    assert (oldest.times, oldest.first_tai_s, oldest.last_tai_s) == (2, NOW_TAI_S, NOW_TAI_S + 5.0)
    assert newest.code == "gap"
    assert store.quarantined(source=THIRD) == []


def test_of_what_is_set_apart_so_much_is_kept_and_each_is_told_from_the_other(store):
    for end in (b"a", b"b", b"a"):
        store.quarantine(GIVER, "bad_signature", "no", b"x" * KEPT_BYTES + end, at_tai_s=NOW_TAI_S)
    assert [(len(one.data), one.times) for one in store.quarantined()] == [(KEPT_BYTES, 1), (KEPT_BYTES, 2)]
