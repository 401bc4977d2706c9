"""The state table says what happens to every envelope, and the documentation shows the table."""

from pathlib import Path

from commonsky.federation.position import (
    ACTIONS,
    RESUME,
    TRANSITIONS,
    Action,
    FeedState,
    Refusal,
    Relation,
    state_diagram,
)

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs/ARCHITECTURE.md"


def test_the_table_covers_every_state_and_relation():
    assert set(TRANSITIONS) == {(state, relation) for state in FeedState for relation in Relation}


def test_only_the_next_envelope_and_a_new_chain_are_accepted_and_only_while_following():
    accepted = {place for place, step in TRANSITIONS.items() if step.refusal is None}
    assert accepted == {(FeedState.FOLLOWING, Relation.NEXT), (FeedState.FOLLOWING, Relation.NEW_CHAIN)}


def test_only_another_history_stops_a_feed_and_only_a_person_resumes_it():
    stops = {place for place, step in TRANSITIONS.items() if place[0] is not step.state}
    assert stops == {(FeedState.FOLLOWING, Relation.OTHER_HISTORY)}
    assert RESUME[:2] == (FeedState.STOPPED, FeedState.FOLLOWING)


def test_every_refusal_has_an_action_and_what_looks_like_an_attack_is_kept():
    assert set(ACTIONS) == set(Refusal)
    kept = {refusal for refusal, action in ACTIONS.items() if action in {Action.QUARANTINE, Action.STOP}}
    assert {Refusal.BAD_SIGNATURE, Refusal.WRONG_AUDIENCE, Refusal.BODY_DIGEST, Refusal.FORK} <= kept


def test_the_diagram_has_a_line_for_every_transition():
    lines = state_diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> following"]
    assert len(lines) == 3 + len(TRANSITIONS)
    assert "    following --> following: next in the chain / accept" in lines
    assert "    stopped --> following: a person resumes the feed" in lines


def test_a_diagram_in_the_documentation_is_the_one_of_the_table():
    text = ARCHITECTURE.read_text() if ARCHITECTURE.exists() else ""
    assert "stateDiagram-v2" not in text or state_diagram() in text
