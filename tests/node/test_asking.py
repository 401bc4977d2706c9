"""Safety of flight without disclosure: owners answer enough, and no more, within a budget."""

import numpy as np
import pytest
from msgspec.structs import replace
from test_screening import DEBRIS, SATELLITE, meeting, track

from commonsky.domain import Component, Label, NoticeKind, SafetyOfFlight, Verdict
from commonsky.formats.agreement_toml import read_agreement, write_agreement
from commonsky.formats.canonical import decode
from commonsky.node import asking, jobs
from commonsky.node.intake import own_record
from signing import sign_for_all

AGREEMENT = """
id = "CAL-DOR-SAFE"
version = 1
title = "Safety of flight"
giver = "CAL"
readers = ["DOR"]
purpose = "space-safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"
"""


@pytest.fixture
def pair(coalition):
    """An owner that hides a satellite, and an operator whose own passes it 40 m away in twelve hours."""
    owner, operator = coalition.nodes["CAL"], coalition.nodes["DOR"]
    coalition.exchange()  # what went out under the agreements that end now
    for node in (owner, operator):
        for file in node.folder.agreements.iterdir():
            file.unlink()
    agree(coalition, safety_of_flight=SafetyOfFlight(questions_per_day=4, questions_per_object=2))
    hidden, asked = meeting(coalition.now_tai_s)
    keep(owner, track(SATELLITE, hidden))
    keep(operator, track(DEBRIS, asked))
    return coalition


def agree(coalition, **terms):
    agreement = replace(read_agreement(AGREEMENT.encode(), source="test"), **terms)
    keys = {member: coalition.nodes[member].key for member in ("CAL", "DOR")}
    for member in keys:
        sign_for_all(coalition.nodes[member].folder.agreements, write_agreement(agreement), keys)


def keep(node, content, label=None):
    record = own_record(node, content, Component())
    node.store.append([replace(record, label=label) if label else record])


def asks(coalition, *, days=1.0, designator=DEBRIS):
    operator = coalition.nodes["DOR"]
    coalition.now_tai_s += 1.0
    question = asking.ask(operator, "CAL", designator, days=days, hard_body_radius_m=10.0)
    jobs.share(operator)
    coalition.exchange()
    coalition.exchange()
    return dict(asking.answers(operator, "CAL"))[question]


def test_an_owner_tells_the_probability_and_the_minute_and_shows_no_orbit(pair):
    met_tai_s = pair.now_tai_s + 12.0 * 3600.0
    told = asks(pair)
    assert told.verdict is Verdict.CLOSE
    assert told.probability >= 1e-5
    assert f"{told.probability:.0e}" == f"{told.probability:.6e}"[0] + f"{told.probability:.0e}"[1:]
    assert told.tca_tai_s == pytest.approx(met_tai_s, abs=31.0)
    assert told.tca_tai_s % 60.0 == 0.0
    kinds = {entry.kind for entry in pair.nodes["DOR"].store.current_tracks() if entry.source == "CAL"}
    assert kinds == set()
    assert SATELLITE.encode() not in pair.nodes["DOR"].store.told("CAL", NoticeKind.ANSWER)[0].content


def test_clear_says_the_same_when_nothing_is_hidden_and_when_nothing_comes_near(pair):
    near_nothing = asks(pair, days=0.25)
    owner = pair.nodes["CAL"]
    for entry in list(owner.store.current_tracks()):
        assert entry.source is None
    empty = asks(pair, days=0.24)
    assert near_nothing.verdict is empty.verdict is Verdict.CLEAR
    assert replace(near_nothing, question="") == replace(empty, question="")


def test_what_rests_on_a_third_members_data_is_not_computed_with(pair):
    owner = pair.nodes["CAL"]
    content = decode(owner.store.current_tracks()[0].body).content
    keep(owner, replace(content, revision=2), Label({"CAL": Component(), "BOR": Component()}))
    told = asks(pair)
    assert told.verdict is Verdict.CLEAR


def test_an_owner_without_an_agreement_to_answer_refuses(pair):
    agree(pair, safety_of_flight=None)
    told = asks(pair)
    assert told.verdict is Verdict.REFUSED
    assert "no agreement" in told.words


def test_budgets_end_in_the_same_words_and_come_back_after_a_day(pair):
    assert [asks(pair).verdict for _ in range(2)] == [Verdict.CLOSE] * 2
    by_object = asks(pair)
    assert by_object.verdict is Verdict.REFUSED
    assert asks(pair, days=0.2).verdict is Verdict.CLEAR
    by_asker = asks(pair, days=0.2)
    assert replace(by_asker, question="") == replace(by_object, question="")
    pair.now_tai_s += 86_400.0
    assert asks(pair, days=0.2).verdict is Verdict.CLEAR


def test_an_orbit_that_is_not_where_its_object_is_known_to_be_is_refused(pair):
    hidden, _ = meeting(pair.now_tai_s)
    elsewhere = hidden._replace(state=hidden.state * np.array([1.0, 1.0, 1.0, 1.0, -1.0, 1.0]))
    keep(pair.nodes["CAL"], track(DEBRIS, elsewhere))
    told = asks(pair)
    assert told.verdict is Verdict.REFUSED
    assert "is not that of" in told.words


def test_a_question_that_comes_again_is_answered_once(pair):
    asks(pair)
    owner = pair.nodes["CAL"]
    (held,) = owner.store.told("DOR", NoticeKind.QUESTION)
    assert asking.answer(owner, held) == "answered before"
    assert len(owner.store.posted("DOR", NoticeKind.ANSWER)) == 1


def test_an_answer_to_no_question_is_refused_in_words(pair):
    owner = pair.nodes["CAL"]
    content = b'{"probability":null,"question":"x","tca_tai_s":null,"verdict":"clear","words":""}'
    owner.store.post("DOR", NoticeKind.ANSWER, content, at_tai_s=pair.now_tai_s)
    jobs.share(owner)
    pair.exchange()
    assert "was not asked" in pair.nodes["DOR"].store.told("CAL", NoticeKind.ANSWER)[0].outcome


def test_whose_orbit_is_not_known_cannot_be_asked_about(pair):
    with pytest.raises(LookupError, match="has no orbit of NOTHING"):
        asking.ask(pair.nodes["DOR"], "CAL", "NOTHING", days=1.0, hard_body_radius_m=10.0)


def test_a_question_never_tells_an_owner_what_a_third_member_gave(pair):
    operator = pair.nodes["DOR"]
    content = decode(operator.store.current_tracks()[0].body).content
    keep(operator, replace(content, revision=2), Label({"DOR": Component(), "BOR": Component()}))
    with pytest.raises(LookupError, match="rests on data of BOR"):
        asking.ask(operator, "CAL", DEBRIS, days=1.0, hard_body_radius_m=10.0)
    assert not operator.store.posted("CAL", NoticeKind.QUESTION)
