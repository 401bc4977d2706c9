"""The state table of an agreement: nothing but the signatures of all gives force, and nothing gives it back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import ActKind, Clause, Effect, RecordKind, SignedAgreement
from commonsky.federation.acts import (
    act_bytes,
    act_verifies,
    decode_act,
    encode_act,
    in_order,
    next_act,
    sign_act,
)
from commonsky.federation.bearing import CHANGED_TEXT, bearing
from commonsky.federation.keys import sign, signing_key
from commonsky.federation.seal import read_header, signed_bytes
from commonsky.federation.standing import (
    BINDING,
    STANCES,
    STATES,
    Stance,
    State,
    standing,
    state_diagram,
    took_effect,
)
from commonsky.formats.canonical_agreement import agreement_sha256, canonical_agreement
from partners import GIVER, KEYS, NOW_TAI_S, PUBLIC, READER, THIRD, agreement, observation, sealed

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs/ARCHITECTURE.md"
PARTIES = (GIVER, READER, THIRD)
AGREEMENT = agreement(readers=(READER, THIRD))
SIGN, RESUME, SUSPEND, WITHDRAW = ActKind
WITHHOLDING = Clause(id="not-these", kinds=frozenset({RecordKind.TRACK}), effect=Effect.WITHHOLD)


def document(*acts, of=AGREEMENT):
    """A document with acts given as (member, kind), a second after each other, or (member, kind, time)."""
    bare = SignedAgreement(agreement=of, sha256=agreement_sha256(of))
    made = [
        replace(
            next_act(kind, member, bare, now_tai_s=NOW_TAI_S),
            at_tai_s=NOW_TAI_S - 500.0 + (at[0] if at else n),
        )
        for n, (member, kind, *at) in enumerate(acts)
    ]
    return replace(bare, acts=in_order(sign_act(act, KEYS[act.member]) for act in made))


def signed(*more, of=AGREEMENT):
    """A document that all parties signed, and what came after."""
    return document(*((party, SIGN) for party in sorted(of.parties)), *more, of=of)


def stands(one, *others, now_tai_s=NOW_TAI_S):
    return standing(one, (one, *others), now_tai_s=now_tai_s)


def state(one, *others, now_tai_s=NOW_TAI_S):
    return stands(one, *others, now_tai_s=now_tai_s).state


acts = st.lists(
    st.tuples(st.sampled_from(PARTIES), st.sampled_from(ActKind), st.integers(0, 30)), max_size=14
)


@given(acts)
def test_no_order_of_acts_gives_force_to_what_is_unsigned_suspended_or_withdrawn(said):
    one = document(*said)
    by_party = {party: [(at, kind) for member, kind, at in said if member == party] for party in PARTIES}
    for own in by_party.values():
        kinds = [kind for _, kind in own]
        if SIGN not in kinds or WITHDRAW in kinds:
            assert state(one) not in BINDING
        signed_at = min((at for at, kind in own if kind is SIGN), default=99)
        holds = [at for at, kind in own if kind is SUSPEND and at >= signed_at]
        if holds and not any(at > max(holds) for at, kind in own if kind is RESUME):
            assert state(one) not in BINDING
    if state(one) is State.IN_FORCE:
        assert stands(one).awaited == ()


@given(acts, acts, st.randoms())
def test_bringing_acts_together_is_the_same_in_whatever_order_and_however_often(some, others, chance):
    one, other = document(*some).acts, document(*others).acts
    together = in_order((*one, *other))
    shuffled = [*other, *one, *other]
    chance.shuffle(shuffled)
    assert in_order(shuffled) == together
    assert in_order((*together, *one)) == together
    assert in_order((*in_order(one), *in_order(other))) == together
    merged = [replace(document(), acts=tuple(each)) for each in (together, shuffled)]
    assert stands(merged[0]) == stands(merged[1])


@given(acts, acts)
def test_who_knows_more_acts_may_see_less_force_and_never_again_what_was_withdrawn(some, more):
    before, after = document(*some), document(*some, *more)
    if state(before) is State.WITHDRAWN:
        assert state(after) is State.WITHDRAWN


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], State.DRAFT),
        ([(GIVER, SIGN)], State.AWAITING),
        ([(GIVER, SIGN), (READER, SIGN)], State.AWAITING),
        ([(p, SIGN) for p in PARTIES], State.IN_FORCE),
        ([*((p, SIGN) for p in PARTIES), (READER, SUSPEND)], State.SUSPENDED),
        ([*((p, SIGN) for p in PARTIES), (READER, SUSPEND), (GIVER, RESUME)], State.SUSPENDED),
        ([*((p, SIGN) for p in PARTIES), (READER, SUSPEND), (READER, SIGN)], State.SUSPENDED),
        ([*((p, SIGN) for p in PARTIES), (READER, SUSPEND), (READER, RESUME)], State.IN_FORCE),
        ([*((p, SIGN) for p in PARTIES), (THIRD, WITHDRAW), (THIRD, RESUME), (THIRD, SIGN)], State.WITHDRAWN),
        ([(READER, WITHDRAW)], State.WITHDRAWN),
        ([(READER, RESUME), (GIVER, SIGN), (THIRD, SIGN)], State.AWAITING),
    ],
)
def test_the_course_of_an_agreement(said, expected):
    assert state(document(*said)) is expected


def test_of_two_acts_at_one_time_the_stricter_has_the_last_word():
    once = signed((READER, SUSPEND, 20), (READER, RESUME, 20))
    assert state(once) is State.SUSPENDED


def test_a_resumption_played_again_after_a_newer_suspension_or_a_withdrawal_does_nothing():
    before = signed((READER, SUSPEND, 10), (READER, RESUME, 11), (READER, SUSPEND, 12))
    assert state(replace(before, acts=in_order((*before.acts, *before.acts)))) is State.SUSPENDED
    ended = signed((READER, SUSPEND, 10), (READER, WITHDRAW, 11), (READER, RESUME, 12))
    assert state(ended) is State.WITHDRAWN


def test_what_restricts_counts_at_once_and_what_loosens_only_from_its_time_on():
    assert state(signed((READER, SUSPEND, 900))) is State.SUSPENDED
    late = signed((READER, SUSPEND, 10), (READER, RESUME, 900))
    assert state(late) is State.SUSPENDED
    assert state(late, now_tai_s=NOW_TAI_S + 500.0) is State.IN_FORCE
    slow = signed((READER, SUSPEND, 10), (READER, RESUME, 530))
    assert state(slow) is State.IN_FORCE, "a member's clock may be a minute ahead"
    early = document((GIVER, SIGN), (READER, SIGN), (THIRD, SIGN, 900))
    assert stands(early).awaited == (THIRD,)


def test_the_term_is_that_of_the_document():
    one = signed()
    assert state(one, now_tai_s=AGREEMENT.begins_tai_s - 1.0) is not State.IN_FORCE
    assert state(one, now_tai_s=AGREEMENT.ends_tai_s) is State.EXPIRED
    later = agreement(readers=(READER, THIRD), begins_tai_s=NOW_TAI_S + 10.0)
    assert state(signed(of=later)) is State.NOT_BEGUN
    assert state(signed(of=later), now_tai_s=NOW_TAI_S + 10.0) is State.IN_FORCE


def second(**changes):
    return agreement(readers=(READER, THIRD), version=2, **changes)


def test_a_newer_version_takes_over_only_once_it_is_itself_in_force():
    old = signed()
    assert state(old, document(of=second())) is State.IN_FORCE
    assert state(old, document((GIVER, SIGN), (READER, SIGN), of=second())) is State.IN_FORCE
    assert state(old, signed(of=second(begins_tai_s=NOW_TAI_S + 10.0))) is State.IN_FORCE
    new = signed(of=second())
    assert state(old, new) is State.SUPERSEDED
    assert state(new, old) is State.IN_FORCE


@given(acts)
def test_no_act_of_a_reader_on_a_newer_version_brings_the_older_back(said):
    """Also none that is dated back: the older one may give the reader more."""
    readers = [(member, kind, at) for member, kind, at in said if member != GIVER]
    assert state(signed(), signed(*readers, of=second())) is State.SUPERSEDED


def test_a_newer_version_that_the_giver_never_let_begin_takes_nothing_over():
    before = [(GIVER, SIGN, 1), (READER, SIGN, 2), (GIVER, WITHDRAW, 3), (THIRD, SIGN, 4)]
    assert not took_effect(document(*before, of=second()), NOW_TAI_S)
    held = [(GIVER, SIGN, 1), (READER, SIGN, 2), (GIVER, SUSPEND, 3), (THIRD, SIGN, 4)]
    assert state(signed(), document(*held, of=second())) is State.IN_FORCE
    assert state(signed(), document(*held, (GIVER, RESUME, 5), of=second())) is State.SUPERSEDED


@pytest.mark.parametrize("end", [[(GIVER, SUSPEND, 20)], [(GIVER, WITHDRAW, 20)], [(READER, WITHDRAW, 20)]])
def test_there_is_no_way_back_to_an_older_version(end):
    assert state(signed(), signed(*end, of=second())) is State.SUPERSEDED


def test_a_newer_version_whose_text_was_changed_or_whose_term_is_over_gives_nothing_back_either():
    new = signed(of=second())
    changed = replace(new, sha256="0" * 64)
    assert state(changed) is State.INVALID
    assert state(signed(), changed) is State.SUPERSEDED
    short = signed(of=second(ends_tai_s=NOW_TAI_S - 100.0))
    assert (state(short), state(signed(), short)) == (State.EXPIRED, State.SUPERSEDED)


def test_a_document_changed_after_it_was_signed_has_no_force_and_says_so():
    changed = agreement(readers=(READER, THIRD), purpose="another")
    one = replace(signed(), agreement=changed, sha256=agreement_sha256(changed))
    assert state(one) is State.INVALID
    assert "another text here than the one that FRA, GBR, NOR signed" in stands(one).words


def test_comments_and_defaults_are_no_part_of_the_text_and_every_term_is():
    same = agreement(readers=(THIRD, READER), onward=False, lease_s=None)
    assert agreement_sha256(same) == agreement_sha256(AGREEMENT)
    texts = {
        agreement_sha256(agreement(**{name: value}))
        for name, value in [
            ("title", "x"),
            ("purpose", "x"),
            ("onward", True),
            ("lease_s", 60.0),
            ("version", 2),
            ("ends_tai_s", 1e9),
        ]
    }
    assert len(texts | {agreement_sha256(agreement())}) == 7


def test_the_text_that_is_signed_is_the_same_in_every_version_of_this_program():
    """A signature must hold when fields are added: these values change for no reason but a change of this agreement."""
    tracks = Clause(id="tracks", kinds=frozenset({RecordKind.TRACK, RecordKind.ELEMENT_SET}), delay_s=60.0)
    one = agreement(clauses=(tracks,), begins_tai_s=0.0, ends_tai_s=1e9)
    assert canonical_agreement(one) == (
        b'{"begins_tai_s":0.0,"clauses":[{"delay_s":60.0,"id":"tracks","kinds":["element_set","track"]}],'
        b'"ends_tai_s":1000000000.0,"giver":"NOR","id":"NOR-gives","mode":"REAL","purpose":"safety","readers":["GBR"],'
        b'"title":"Observations for safety","version":1}'
    )
    act = next_act(SIGN, READER, SignedAgreement(agreement=one, sha256=agreement_sha256(one)), now_tai_s=0.0)
    assert act_bytes(act) == (
        b'commonsky-agreement-v1\n{"act":"sign","agreement":"NOR-gives@1","at_tai_s":0.0,'
        b'"document_sha256":"a75cd286cc2eceb369bd7f812eb586823b2c3c2628901f2cbfcde4ff798671fb","member":"GBR"}'
    )


def test_whole_numbers_and_signed_zeros_are_one_text_and_infinity_is_none():
    assert agreement_sha256(agreement(begins_tai_s=1, ends_tai_s=2)) == agreement_sha256(
        agreement(begins_tai_s=1.0, ends_tai_s=2.0)
    )
    assert agreement_sha256(agreement(begins_tai_s=-0.0)) == agreement_sha256(agreement(begins_tai_s=0.0))
    with pytest.raises(ValueError, match="cannot say inf"):
        agreement_sha256(agreement(lease_s=float("inf")))


def test_a_signature_is_of_one_act_by_one_key_and_for_nothing_else():
    [act] = document((READER, SIGN)).acts
    assert act_verifies(act, [PUBLIC[READER]])
    assert act_verifies(act, [PUBLIC[THIRD], PUBLIC[READER]])
    assert not act_verifies(act, [PUBLIC[GIVER]])
    for other in (
        replace(act, act=WITHDRAW),
        replace(act, member=THIRD),
        replace(act, agreement="NOR-gives@2"),
        replace(act, document_sha256="0" * 64),
        replace(act, at_tai_s=act.at_tai_s + 1.0),
        replace(act, reason="because"),
        replace(act, actors=("one",)),
    ):
        assert not act_verifies(other, [PUBLIC[READER]])


def test_no_envelopes_signature_stands_for_an_act_and_no_acts_for_an_envelope():
    [act] = document((GIVER, SIGN)).acts
    bare = encode_act(replace(act, signature=""))
    envelope = sealed([observation(1)])
    assert not act_verifies(replace(act, signature=envelope.signature), [PUBLIC[GIVER]])
    as_envelope = sign(KEYS[GIVER], signed_bytes(bare.decode()))
    assert not act_verifies(replace(act, signature=as_envelope), [PUBLIC[GIVER]])
    with pytest.raises(ValueError, match="header cannot be read"):
        read_header(bare.decode())


@given(acts)
def test_an_act_survives_being_written_and_only_in_one_spelling(said):
    for act in document(*said).acts:
        assert decode_act(encode_act(act)) == act
        with pytest.raises(ValueError, match="canonical form"):
            decode_act(encode_act(act).replace(b'":', b'": ', 1))


def test_a_members_next_act_is_later_than_its_last_whatever_the_clock_says():
    one = signed((READER, SUSPEND, 7_000))
    act = next_act(RESUME, READER, one, now_tai_s=NOW_TAI_S)
    assert act.at_tai_s > max(a.at_tai_s for a in one.acts)
    assert next_act(SIGN, READER, document(), now_tai_s=12.7).at_tai_s == 12.0


def test_a_reader_frees_nothing_of_what_is_withheld_by_suspending_or_leaving():
    of = agreement(readers=(READER, THIRD), clauses=(*AGREEMENT.clauses, WITHHOLDING))
    for end in (SUSPEND, WITHDRAW):
        one = signed((READER, end, 20), of=of)
        left = bearing(one, stands(one), now_tai_s=NOW_TAI_S)
        assert left.clauses == (WITHHOLDING,)
    suspended = signed((GIVER, SUSPEND, 20), of=of)
    assert bearing(suspended, stands(suspended), now_tai_s=NOW_TAI_S).clauses == (WITHHOLDING,)


def test_the_giver_frees_it_by_leaving_and_a_draft_withholds_nothing():
    of = agreement(readers=(READER, THIRD), clauses=(WITHHOLDING,))
    for one in (
        signed((GIVER, WITHDRAW, 20), of=of),
        document((GIVER, SIGN), (READER, WITHDRAW), of=of),
        document(of=of),
    ):
        assert bearing(one, stands(one), now_tai_s=NOW_TAI_S) is None


def test_a_changed_text_withholds_everything_from_those_who_signed_another():
    changed = agreement(readers=(READER,))
    one = replace(signed(), agreement=changed, sha256=agreement_sha256(changed))
    left = bearing(one, stands(one), now_tai_s=NOW_TAI_S)
    assert left.readers == {READER, THIRD}
    assert [(clause.id, clause.effect) for clause in left.clauses] == [(CHANGED_TEXT, Effect.WITHHOLD)]
    draft = replace(document((GIVER, SIGN)), agreement=changed, sha256=agreement_sha256(changed))
    assert bearing(draft, stands(draft), now_tai_s=NOW_TAI_S) is None


def test_it_is_said_since_when_and_why():
    one = stands(signed((READER, SUSPEND, 20)))
    assert one.since_tai_s == NOW_TAI_S - 480.0
    assert stands(signed()).since_tai_s == NOW_TAI_S - 498.0
    bare = signed()
    act = replace(next_act(WITHDRAW, READER, bare, now_tai_s=NOW_TAI_S), reason="we leave\n")
    ended = stands(replace(bare, acts=(*bare.acts, act)))
    assert ended.words == "was withdrawn by GBR at 2026-12-08T11:06:03Z (we leave\\n)"
    assert ended.signed == tuple(sorted(PARTIES))


def test_every_stance_has_an_answer_to_every_act_and_leaving_is_final():
    assert set(STANCES) == {(stance, kind) for stance in Stance for kind in ActKind}
    assert {after for (stance, _), after in STANCES.items() if stance is Stance.WITHDREW} == {Stance.WITHDREW}
    assert [at for at, after in STANCES.items() if at[0] is Stance.UNSIGNED and after is Stance.SIGNED] == [
        (Stance.UNSIGNED, SIGN)
    ]


def test_force_is_what_is_left_when_every_other_state_is_ruled_out():
    assert list(STATES)[-1] is State.IN_FORCE
    assert set(STATES) == set(State)


def test_the_diagram_in_the_documentation_is_the_one_of_the_tables():
    assert state_diagram() in ARCHITECTURE.read_text()
    assert "withdrawn --> open" not in state_diagram()
    assert "superseded --> open" not in state_diagram()


def test_another_key_than_the_members_own_signs_nothing_for_it():
    [act] = document((READER, SIGN)).acts
    forged = sign_act(act, signing_key(bytes(32)))
    assert not act_verifies(forged, [PUBLIC[READER]])
