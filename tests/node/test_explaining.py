"""Why a member does not have a record: the coarse answer, which tells nothing of what is held."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import event
from test_asking import agree
from test_screening import SATELLITE, meeting, track

from commonsky.domain import Clause, Component, NoticeKind, RecordKind
from commonsky.domain.explanation import Outcome, WhyNot
from commonsky.node import explaining, jobs
from commonsky.node.intake import own_record
from commonsky.node.log_view import LogView
from commonsky.store import HeldNotice

TRACKS = (Clause(id="tracks", kinds=frozenset({RecordKind.TRACK}), objects=frozenset({"T-shown"})),)


@pytest.fixture
def pair(coalition):
    """A giver that lets one track out and keeps another, and tells DOR three times a day what went out."""
    coalition.exchange()  # what went out under the agreements that end now
    for member in ("CAL", "DOR"):
        for file in coalition.nodes[member].folder.agreements.iterdir():
            file.unlink()
    agree(coalition, explanations_per_day=3, clauses=TRACKS)
    orbit, _ = meeting(coalition.now_tai_s)
    giver = coalition.nodes["CAL"]
    made = [own_record(giver, track(name, orbit), Component()) for name in ("T-shown", SATELLITE)]
    giver.store.append(made)
    jobs.share(giver)
    coalition.shown, coalition.hidden = (one.id for one in made)
    return coalition


def asks(coalition, record, *, again=True):
    reader = coalition.nodes["DOR"]
    coalition.now_tai_s += 1.0
    question = explaining.ask_why(reader, "CAL", record, again=again)
    jobs.share(reader)
    coalition.exchange()
    coalition.exchange()
    return next(one.answer for one in explaining.explanations(reader, "CAL") if one.question == question)


def test_no_and_none_are_the_same_bytes_and_let_out_has_their_length(pair):
    hidden, none, shown = (asks(pair, one) for one in (pair.hidden, "CAL:no-such-record", pair.shown))
    assert hidden.outcome is none.outcome is Outcome.NOT_LET_OUT
    assert shown.outcome is Outcome.LET_OUT
    assert replace(hidden, question="") == replace(none, question="")
    told = pair.nodes["DOR"].store.told("CAL", NoticeKind.EXPLANATION)
    assert {len(one.content) for one in told} == {explaining.ANSWER_BYTES}
    assert pair.hidden.encode() not in b"".join(one.content for one in told)
    refused = asks(pair, pair.hidden)
    assert refused.outcome is Outcome.REFUSED
    assert len(pair.nodes["DOR"].store.told("CAL", NoticeKind.EXPLANATION, 1)[0].content) == len(
        told[0].content
    )


def test_the_budget_is_of_every_question_and_comes_back_after_a_day(pair):
    said = [asks(pair, one).outcome for one in ("none", pair.hidden, "none", pair.shown)]
    assert said == [Outcome.NOT_LET_OUT] * 3 + [Outcome.REFUSED]
    pair.now_tai_s += 86_400.0
    assert asks(pair, pair.shown).outcome is Outcome.LET_OUT


def test_without_an_agreement_that_says_so_nobody_is_told_anything(pair):
    agree(pair, clauses=TRACKS)
    words = {(one.outcome, one.words) for one in (asks(pair, pair.shown), asks(pair, "none"))}
    assert len(words) == 1
    assert words.pop()[0] is Outcome.REFUSED


def test_what_was_asked_is_asked_once_more_only_when_wanted(pair):
    asks(pair, "none")
    reader = pair.nodes["DOR"]
    assert asks(pair, "none", again=False).outcome is Outcome.NOT_LET_OUT
    assert len(reader.store.posted("CAL", NoticeKind.WHY_NOT)) == 1
    giver = pair.nodes["CAL"]
    (held,) = giver.store.told("DOR", NoticeKind.WHY_NOT)
    assert explaining.explain_coarsely(giver, held) == "answered before"
    assert len(giver.store.posted("DOR", NoticeKind.EXPLANATION)) == 1


def test_what_is_no_question_gets_no_answer_whatever_it_names(pair):
    giver, reader = pair.nodes["CAL"], pair.nodes["DOR"]
    with pytest.raises(ValueError, match="printable"):
        explaining.ask_why(reader, "CAL", "a\nb")
    for record in (pair.hidden, "none"):
        content = msgspec.json.encode({"id": "a b", "record": record})
        reader.store.post("CAL", NoticeKind.WHY_NOT, content, at_tai_s=pair.now_tai_s)
    jobs.share(reader)
    pair.exchange()
    outcomes = {one.outcome for one in giver.store.told("DOR", NoticeKind.WHY_NOT)}
    assert len(outcomes) == 1
    assert "refused: " in outcomes.pop()
    assert not giver.store.posted("DOR", NoticeKind.EXPLANATION)


def test_an_explanation_of_what_was_not_asked_is_refused_in_words(pair):
    content = b'{"outcome":"let out","padding":"","question":"x","words":""}'
    pair.nodes["CAL"].store.post("DOR", NoticeKind.EXPLANATION, content, at_tai_s=pair.now_tai_s)
    jobs.share(pair.nodes["CAL"])
    pair.exchange()
    (told,) = pair.nodes["DOR"].store.told("CAL", NoticeKind.EXPLANATION)
    assert "was not asked" in told.outcome


@pytest.mark.parametrize(
    "kind", [NoticeKind.ANSWER, NoticeKind.EXPLANATION, NoticeKind.DELETION_RECEIPT, NoticeKind.QUESTION]
)
def test_a_notice_that_makes_no_sense_hinders_nobody_from_reading_the_others(pair, kind):
    asks(pair, "none")
    pair.nodes["CAL"].store.post("DOR", kind, b'{"nonsense":1}', at_tai_s=pair.now_tai_s)
    jobs.share(pair.nodes["CAL"])
    pair.exchange()
    reader = pair.nodes["DOR"]
    assert reader.store.told("CAL", kind, 1)[0].outcome.startswith("refused: ")
    assert explaining.explanations(reader, "CAL")[0].answer.outcome is Outcome.NOT_LET_OUT
    assert [one.member for one in LogView(reader).sharing_state().questions] == ["CAL"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=80),
    question=st.from_regex(r"[A-Za-z0-9.:_-]{1,60}", fullmatch=True),
)
def test_no_and_none_are_told_by_the_same_statements_and_the_same_bytes(pair, name, question):
    giver = pair.nodes["CAL"]
    pair.now_tai_s += 86_400.0
    stem = f"{question}.{int(pair.now_tai_s)}."
    told = [answered(giver, f"{stem}{k}", record) for k, record in enumerate((pair.hidden, f"X{name}"))]
    (statements, words), (others, other_words) = told
    assert statements == others
    assert words.replace(f'"{stem}0"'.encode(), b"") == other_words.replace(f'"{stem}1"'.encode(), b"")
    assert len(words) == len(other_words) == explaining.ANSWER_BYTES


def answered(giver, question, record):
    """The statements that an answer took, and its bytes."""
    content = msgspec.json.encode(WhyNot(id=question, record=record))
    notice = HeldNotice(
        n=0, iss="DOR", kind=NoticeKind.WHY_NOT, content=content, received_tai_s=giver.now_tai_s()
    )
    made = []

    def note(_connection, _cursor, statement, *_rest):
        made.append(statement)

    engine = giver.store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        explaining.explain_coarsely(giver, notice)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return made, giver.store.posted("DOR", NoticeKind.EXPLANATION, 1)[0].content
