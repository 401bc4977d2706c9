"""Families by threat: who wrote it, for whom, where it stands, whether it is whole, what is in it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import Accepted, Component, FeedHead, Label, Mode
from commonsky.federation import Action, Refusal, header_sha256, read_header
from commonsky.federation.keys import sign
from commonsky.federation.seal import _CANONICAL, head_of, signed_bytes
from commonsky.federation.withheld import withheld_body
from commonsky.formats.canonical import encode
from partners import (
    AGREEMENT,
    GIVER,
    KEYS,
    NOW_TAI_S,
    PUBLIC,
    READER,
    THIRD,
    agreement,
    chain,
    judged,
    observation,
    receiver,
    sealed,
    stopped,
    track,
)


def forged(envelope, key=KEYS[GIVER], **changes):
    """The envelope with another header, signed anew."""
    header = _CANONICAL.encode(replace(read_header(envelope.header), **changes)).decode()
    return replace(envelope, header=header, signature=sign(key, signed_bytes(header)))


def with_body(body):
    envelope = chain(1)[0]
    digest = hashlib.sha256(body.encode()).hexdigest()
    return replace(forged(envelope, body_sha256=digest, count=body.count("\n")), body=body)


def refusal(envelope, head=None, **how):
    outcome = judged(envelope, head, **how)
    assert not isinstance(outcome, Accepted)
    assert outcome.reason
    return outcome.refusal


def test_the_next_envelope_is_accepted_with_its_bytes_as_they_are():
    records = [observation(1), observation(2)]
    envelope = sealed(records)
    outcome = judged(envelope)
    assert outcome.head == head_of(envelope.header)
    assert [one.body for one in outcome.received] == [encode(one) for one in records]
    assert [one.record for one in outcome.received] == records
    assert [(one.line, one.agreement) for one in outcome.received] == [(1, "NOR-gives@1"), (2, "NOR-gives@1")]
    assert outcome.unfit == outcome.notes == ()


# Who wrote it, and for whom


def test_a_signature_of_any_other_key_is_refused():
    envelope = sealed([observation(1)], key=KEYS[THIRD])
    assert refusal(envelope) is Refusal.BAD_SIGNATURE


@given(st.data())
def test_no_byte_of_header_or_signature_can_be_changed(data):
    envelope = chain(1)[0]
    field = data.draw(st.sampled_from(["header", "signature"]))
    text = getattr(envelope, field)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[at]))
    changed = replace(envelope, **{field: text[:at] + other + text[at + 1 :]})
    assert not isinstance(judged(changed), Accepted)


def test_a_signature_made_for_another_purpose_stands_for_nothing():
    envelope = chain(1)[0]
    for prefix in (b"", b"commonsky-pull-v1\n", b"commonsky-envelope-v2\n"):
        signature = sign(KEYS[GIVER], prefix + envelope.header.encode())
        assert refusal(replace(envelope, signature=signature)) is Refusal.BAD_SIGNATURE


def test_an_issuer_without_a_pinned_key_is_refused():
    assert refusal(chain(1)[0], receiver_=receiver(keys={})) is Refusal.UNKNOWN_ISSUER


def test_an_envelope_of_another_issuer_than_the_one_we_asked_is_refused():
    assert refusal(sealed([observation(1)], iss=THIRD, key=KEYS[THIRD])) is Refusal.WRONG_ISSUER
    assert refusal(sealed([observation(1)], iss=THIRD)) is Refusal.WRONG_ISSUER
    assert refusal(chain(1)[0], issuer=THIRD) is Refusal.WRONG_ISSUER


def test_an_envelope_for_another_audience_is_refused():
    assert refusal(sealed([observation(1)], aud=THIRD)) is Refusal.WRONG_AUDIENCE
    assert refusal(chain(1)[0], receiver_=receiver(own=THIRD)) is Refusal.WRONG_AUDIENCE


def test_modes_are_not_mixed():
    assert refusal(sealed([observation(1)], mode=Mode.EXERCISE)) is Refusal.WRONG_MODE


# Where it stands


def test_a_chain_is_followed_envelope_by_envelope():
    head = FeedHead()
    for envelope in chain(4):
        head = judged(envelope, head).head
    assert (head.gen, head.seq) == (1, 4)


def test_what_is_held_already_is_ignored():
    first, second = chain(2)
    head = head_of(second.header)
    held = {(1, 1): header_sha256(first.header), (1, 2): header_sha256(second.header)}
    for envelope in (first, second):
        outcome = judged(envelope, head, held=held)
        assert (outcome.refusal, outcome.action) == (Refusal.DUPLICATE, Action.IGNORE)


def test_a_gap_is_asked_for_again():
    first, _, third = chain(3)
    outcome = judged(third, head_of(first.header))
    assert (outcome.refusal, outcome.action) == (Refusal.GAP, Action.ASK_AGAIN)


def test_another_history_stops_the_feed():
    first, second = chain(2)
    other = sealed([observation(99)], head_of(first.header))
    held = {(1, 2): header_sha256(second.header)}
    outcome = judged(other, head_of(second.header), held=held)
    assert (outcome.refusal, outcome.action) == (Refusal.FORK, Action.STOP)


def test_a_next_envelope_that_does_not_follow_from_ours_is_another_history():
    first, second = chain(2)
    elsewhere = sealed([observation(50)])
    assert (
        refusal(sealed([observation(51)], head_of(elsewhere.header)), head_of(first.header)) is Refusal.FORK
    )
    assert isinstance(judged(second, head_of(first.header)), Accepted)


def test_a_stopped_feed_takes_nothing():
    first, second = chain(2)
    held = {(1, 1): header_sha256(first.header)}
    head = stopped(head_of(first.header))
    assert refusal(second, head) is Refusal.STOPPED
    assert refusal(first, head, held=held) is Refusal.DUPLICATE
    assert refusal(sealed([observation(5)], gen=9), head) is Refusal.STOPPED


def test_a_higher_generation_begins_at_its_first_envelope_and_is_noted():
    last = head_of(chain(2)[-1].header)
    first, second = chain(2, gen=3)
    assert refusal(second, last) is Refusal.GAP
    outcome = judged(first, last)
    assert (outcome.head.gen, outcome.head.seq) == (3, 1)
    assert "generation 3" in outcome.notes[0]
    assert refusal(forged(first, prev="ab" * 32), last) is Refusal.BROKEN_START


def test_nothing_goes_back_to_a_lower_generation():
    old, older = chain(2)
    head = head_of(chain(1, gen=2)[0].header)
    assert refusal(old, head) is Refusal.ROLLBACK
    assert refusal(older, head, held={(1, 2): header_sha256(older.header)}) is Refusal.DUPLICATE


# Whether it is whole


def test_an_envelope_from_the_future_waits_until_its_time():
    envelope = sealed([observation(1)], iat_tai_s=NOW_TAI_S + 61.0)
    outcome = judged(envelope)
    assert (outcome.refusal, outcome.action) == (Refusal.FROM_THE_FUTURE, Action.ASK_AGAIN)
    assert "61 s" in outcome.reason
    assert isinstance(judged(envelope, now_tai_s=NOW_TAI_S + 2.0), Accepted)


@given(st.data())
def test_no_character_of_the_body_can_be_changed_added_or_cut(data):
    envelope = chain(1)[0]
    at = data.draw(st.integers(0, len(envelope.body)))
    middle = data.draw(st.text(st.characters(codec="utf-8"), max_size=2))
    to = data.draw(st.integers(at, len(envelope.body)))
    body = envelope.body[:at] + middle + envelope.body[to:]
    outcome = judged(replace(envelope, body=body))
    assert isinstance(outcome, Accepted) == (body == envelope.body)


def test_a_body_that_is_not_unicode_is_refused():
    assert refusal(replace(chain(1)[0], body="\ud800")) is Refusal.BODY_DIGEST


def test_the_count_must_be_that_of_the_body():
    assert refusal(forged(chain(1)[0], count=3)) is Refusal.COUNT
    envelope = with_body(chain(1)[0].body.rstrip("\n"))
    assert refusal(envelope) is Refusal.COUNT


def test_records_under_an_agreement_that_we_hold_no_copy_of_are_asked_for_again():
    outcome = judged(chain(1)[0], receiver_=receiver(agreements={}))
    assert (outcome.refusal, outcome.action) == (Refusal.UNKNOWN_AGREEMENT, Action.ASK_AGAIN)
    assert AGREEMENT.reference in outcome.reason


# What is in it


def _unfit(bad, **how):
    """Judge an envelope with a bad line between two good ones; give what was said of it."""
    good = [observation(1), observation(2)]
    envelope = sealed([good[0], bad, good[1]])
    outcome = judged(envelope, **how)
    assert [one.record for one in outcome.received] == good
    assert outcome.head == head_of(envelope.header)
    (unfit,) = outcome.unfit
    assert unfit.line == 2
    assert unfit.body == (encode(bad) if not isinstance(bad, bytes) else bad)
    return unfit


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        encode(observation(3)).replace(b'"components":{"NOR":', b'"components":{},"x":{"NOR":'),
        encode(observation(3)).replace(b'"onward":true', b'"onward":true,"onward":true'),
        encode(observation(3)).replace(b'"sigmas":[0.0001', b'"sigmas":[1e-4'),
    ],
    ids=["empty", "label stripped", "doubled key", "other spelling"],
)
def test_a_malformed_record_is_set_apart_and_its_neighbours_are_kept(body):
    assert _unfit(body).code == "malformed"


def test_a_line_that_is_no_released_record_is_set_apart():
    good = chain(1)[0].body
    outcome = judged(with_body(good + '{"record":{}}\n{"agreement":"x", "record":{}}\n'))
    assert [one.line for one in outcome.received] == [1, 2]
    assert [(one.line, one.code) for one in outcome.unfit] == [(3, "malformed"), (4, "malformed")]


def test_a_record_that_is_not_labelled_for_us_is_set_apart():
    label = Label({GIVER: Component(readers=frozenset({THIRD}))})
    unfit = _unfit(observation(3, label=label))
    assert unfit.code == "label_forbids"
    assert "does not name GBR as a reader" in unfit.reason


def test_a_record_for_another_purpose_or_expired_when_sent_is_set_apart():
    assert (
        _unfit(observation(3, label=Label({GIVER: Component(purposes=frozenset())}))).code == "label_forbids"
    )
    expired = Label({GIVER: Component(expires_tai_s=NOW_TAI_S)})
    assert "expired" in _unfit(observation(3, label=expired)).reason


def test_a_record_that_its_originator_does_not_allow_onward_is_set_apart():
    onward = agreement(onward=True)
    how = {"receiver_": receiver(agreements={onward.reference: onward})}
    held_back = observation(3, originator=THIRD, label=Label({THIRD: Component(onward=False)}))
    assert "does not allow onward release" in _unfit(held_back, **how).reason
    free = observation(3, originator=THIRD, label=Label({THIRD: Component(onward=True)}))
    assert judged(sealed([free]), **how).unfit == ()


def test_third_parties_data_needs_an_agreement_for_it():
    assert "data of FRA" in _unfit(observation(3, originator=THIRD)).reason


def test_a_record_of_another_mode_is_set_apart():
    assert _unfit(observation(3, mode=Mode.EXERCISE)).code == "wrong_mode"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"giver": THIRD, "readers": (GIVER, READER)}, "no agreement of NOR with GBR"),
        ({"readers": (THIRD,)}, "no agreement of NOR with GBR"),
        ({"ends_tai_s": NOW_TAI_S}, "not in force"),
        ({"begins_tai_s": NOW_TAI_S + 1.0}, "not in force"),
        ({"mode": Mode.EXERCISE}, "not in force for REAL data"),
    ],
)
def test_a_record_under_an_agreement_that_does_not_carry_it_is_set_apart(changes, words):
    other = agreement(**changes)
    outcome = judged(chain(1)[0], receiver_=receiver(agreements={AGREEMENT.reference: other}))
    assert outcome.received == ()
    assert {one.code for one in outcome.unfit} == {"not_agreed"}
    assert words in outcome.unfit[0].reason


def test_every_pinned_key_is_needed_for_its_own_member_only():
    swapped = receiver(keys={GIVER: PUBLIC[THIRD], THIRD: PUBLIC[GIVER]})
    assert refusal(chain(1)[0], receiver_=swapped) is Refusal.BAD_SIGNATURE


# What is passed on


def passed_on(record):
    terms = agreement(onward=True)
    envelope = sealed([record])
    [one] = judged(envelope, receiver_=receiver(agreements={terms.reference: terms})).unfit or [None]
    return one and one.code


def test_a_record_of_a_third_member_is_taken_from_one_who_may_pass_it_on():
    assert passed_on(observation(1, originator=THIRD)) is None


def test_our_own_record_is_not_taken_back_with_another_label():
    assert passed_on(observation(1, originator=READER)) == "not_original"


def test_a_record_that_its_originator_has_no_part_in_is_not_taken_from_another():
    laundered = replace(observation(1, originator=THIRD), label=Label({GIVER: Component()}))
    assert passed_on(laundered) == "label_forbids"


def test_altered_content_under_the_id_of_a_third_members_record_is_not_taken():
    altered = replace(observation(1, originator=THIRD), content=observation(2, originator=THIRD).content)
    assert passed_on(altered) == "not_original"


def test_a_place_on_the_feed_that_no_database_can_keep_is_refused():
    assert refusal(forged(chain(1)[0], gen=2**70)) is Refusal.UNREADABLE


def test_a_track_with_a_revision_that_no_database_can_keep_is_set_apart_and_its_neighbour_kept():
    body = encode(track(1)).replace(b'"revision":1', b'"revision":1180591620717411303424')
    outcome = judged(sealed([body, observation(2)]))
    assert [one.code for one in outcome.unfit] == ["malformed"]
    assert [one.record for one in outcome.received] == [observation(2)]


def test_a_body_that_its_issuer_withholds_lets_the_chain_go_on():
    first, second = chain(2)
    empty = replace(first, body=withheld_body(first.header, KEYS[GIVER]))
    outcome = judged(empty)
    assert (outcome.received, outcome.unfit, outcome.told) == ((), (), ())
    assert "came empty" in outcome.notes[0]
    assert isinstance(judged(second, outcome.head), Accepted)


def test_nobody_but_the_issuer_withholds_a_body_and_only_that_of_its_header():
    first, second = chain(2)
    for body in (
        withheld_body(first.header, KEYS[THIRD]),
        withheld_body(second.header, KEYS[GIVER]),
        withheld_body(first.header, KEYS[GIVER]) + "\n",
        withheld_body(first.header, KEYS[GIVER]).replace(":", ": "),
        '{"signature":',
        "",
    ):
        assert refusal(replace(first, body=body)) is Refusal.BODY_DIGEST
