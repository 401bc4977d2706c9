"""Where two engines give two answers, nothing goes out, and somebody is told."""

import pytest
from msgspec.structs import replace

from commonsky.node.jobs import share
from commonsky.node.refereeing import EnginesDisagreeError, compare_with_reference, is_sampled
from commonsky.sharing import Columns, Facets, decide_all
from commonsky.sharing.referee import Referee
from commonsky.store import LinkState
from partners import GIVER, NOW_TAI_S, READER, observation
from two_nodes import found_two


@pytest.fixture
def giver(tmp_path):
    node, other = found_two(tmp_path)
    node.store.append([observation(k) for k in range(5)])
    yield node
    for one in (node, other):
        one.store.close()


def alarms(node):
    return [line.text for line in node.store.log(20) if line.kind == "alarm"]


def test_a_referee_that_agrees_lets_the_feed_go_on(giver):
    giver.config = replace(giver.config, referee_share=1.0)
    assert share(giver) == 5
    assert alarms(giver) == []


def test_a_referee_that_differs_stops_the_feed_and_raises_the_alarm(giver, monkeypatch):
    giver.config = replace(giver.config, referee_share=1.0)
    true_answers = Referee.allowed
    monkeypatch.setattr(Referee, "allowed", lambda *a, **k: [not one for one in true_answers(*a, **k)])
    for _ in range(2):
        assert share(giver) == 0
    assert giver.store.link_state(READER) is LinkState.CUT
    assert giver.store.feed_head(READER).seq == 0
    assert giver.store.counts().decisions == ()
    [alarm] = alarms(giver)
    assert "the referee refuses what the bulk decider releases" in alarm
    monkeypatch.undo()
    assert share(giver) == 5
    assert giver.store.link_state(READER) is LinkState.CUT  # until a person restores it


def test_agreements_that_the_referee_cannot_read_release_nothing(giver, monkeypatch):
    giver.config = replace(giver.config, referee_share=1.0)
    monkeypatch.setattr("commonsky.sharing.referee.policies", lambda *_, **__: "permit(")
    assert share(giver) == 0
    assert "the referee cannot read the agreements" in alarms(giver)[0]


def test_without_a_referee_nobody_is_asked(giver, monkeypatch):
    giver.config = replace(giver.config, referee_share=0.0)
    monkeypatch.setattr(Referee, "allowed", None)
    assert share(giver) == 5


def test_a_bulk_decider_that_differs_from_the_reference_is_found_where_traces_are_kept(giver, monkeypatch):
    giver.config = replace(giver.config, keep_traces=True, referee_share=0.0)
    true_answers = decide_all
    monkeypatch.setattr(
        "commonsky.node.deciding.decide_all",
        lambda columns, reader, agreements, **how: true_answers(columns, reader, (), **how),
    )
    assert share(giver) == 0
    assert "the reference says" in alarms(giver)[0]


def test_a_sample_has_its_share_of_entries_however_they_are_numbered():
    for step in (1, 2, 10, 64, 1000):
        chosen = sum(is_sampled(step * k, 0.01) for k in range(100_000))
        assert 700 < chosen < 1300
    assert all(is_sampled(k, 1.0) for k in range(1000))
    assert not any(is_sampled(k, 0.0) for k in range(1000))


def test_equal_answers_are_not_told_apart():
    columns = Columns([Facets(observation(1))])
    verdicts = decide_all(columns, READER, (), giver=GIVER, now_tai_s=NOW_TAI_S)
    compare_with_reference(verdicts, [verdicts.decision(0)])
    other = replace(verdicts.decision(0), revisit_tai_s=5.0)
    with pytest.raises(EnginesDisagreeError):
        compare_with_reference(verdicts, [other])
