"""What would be let out that is not today: an example that is true, or a proof that holds."""

import sys
from collections import Counter
from dataclasses import replace as other

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from test_decide import NOW, an_agreement, clause
from test_form import given_by_cal, rule
from worlds import GIVER, READERS, TIMES, agreements, worlds

from commonsky.domain import Effect, RecordKind, Region
from commonsky.sharing import decide
from commonsky.sharing.smt import SymbolicRecord, Vocabulary
from commonsky.sharing.what_if import Answer, Change, widenings

EVERY_KIND = frozenset(RecordKind)
OLD = an_agreement(
    clause(objects=frozenset({"25544"}), classification_ceiling=1, delay_s=3600.0, precision_floor_m=50.0),
    onward=False,
)


def asked(before, after, **held):
    change = Change(giver=GIVER, before=tuple(before), after=tuple(after), **held)
    return {one.reader: one for one in widenings(change, now_tai_s=NOW)}


def edited(**terms):
    return replace(OLD, clauses=(replace(OLD.clauses[0], **terms),))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"classification_ceiling": 2}, "classification 2"),
        ({"classification_ceiling": None}, "classification 2"),
        ({"delay_s": 1800.0}, "0."),
        ({"objects": frozenset({"25544", "25545"})}, "of 25545"),
        ({"objects": None}, "of an object that no clause names"),
        ({"kinds": EVERY_KIND}, "an element set of 25544"),
    ],
)
def test_a_wider_clause_gives_an_example_of_what_it_widens(terms, words):
    [found] = asked([OLD], [edited(**terms)]).values()
    assert found.answer is Answer.FOUND
    assert (found.reader, found.clause, found.finer) == ("BOR", "AUR-BOR@1 clause c1", False)
    assert words in found.record


@pytest.mark.parametrize(
    "terms",
    [
        {"classification_ceiling": 0},
        {"delay_s": 7200.0},
        {"objects": frozenset()},
        {"owners": frozenset({"AUR"})},
    ],
)
def test_a_narrower_clause_is_proven_to_let_nothing_more_out(terms):
    [found] = asked([OLD], [edited(**terms)]).values()
    assert found.answer is Answer.PROVEN_NOT


def test_a_lower_floor_lets_our_own_orbits_out_finer():
    bound = replace(
        OLD,
        clauses=(replace(OLD.clauses[0], owners=frozenset({"AUR"}), kinds=frozenset({RecordKind.TRACK})),),
    )
    finer = replace(bound, clauses=(replace(bound.clauses[0], precision_floor_m=10.0),))
    [found] = asked([bound], [finer]).values()
    assert (found.answer, found.finer) == (Answer.FOUND, True)
    assert "a track of 25544, made by AUR" in found.record


def test_a_field_that_is_withheld_no_more_is_told():
    hidden = an_agreement(clause(withheld_fields=frozenset({"weighted_rms"}), owners=frozenset({"AUR"})))
    [found] = asked([hidden], [an_agreement(clause(owners=frozenset({"AUR"})))]).values()
    assert (found.answer, found.finer) == (Answer.FOUND, True)


def test_only_readers_that_the_change_bears_on_are_asked_about():
    other_agreement = an_agreement(id="AUR-EST", readers=frozenset({"EST"}))
    found = asked([OLD, other_agreement], [replace(OLD, readers=frozenset({"BOR", "CAL"})), other_agreement])
    assert {reader: one.answer for reader, one in found.items()} == {
        "BOR": Answer.PROVEN_NOT,
        "CAL": Answer.FOUND,
    }


def test_the_same_agreements_are_nothing_to_ask_about():
    assert asked([OLD], [OLD]) == {}


def test_taking_away_what_withholds_lets_out_what_it_withheld():
    withholding = clause(
        id="w",
        effect=Effect.WITHHOLD,
        region=Region(south_deg=0.0, north_deg=10.0, west_deg=170.0, east_deg=-170.0),
    )
    [found] = asked([an_agreement(clause(), withholding)], [an_agreement(clause())]).values()
    assert found.answer is Answer.FOUND
    assert "over no known place" in found.record  # which withholds


def test_an_originators_new_rule_lets_more_out_too():
    ours = an_agreement(onward=True)
    found = asked([ours], [ours], held_after=(given_by_cal(rule()),))["BOR"]
    assert found.answer is Answer.FOUND
    assert "3 contributed" in found.record
    assert "CAL's label" in found.record


relaxed = settings(suppress_health_check=list(HealthCheck), print_blob=True)


@st.composite
def changes(draw):
    """A world, and the same one with one agreement more, less or another."""
    world = draw(worlds(most_records=4))
    new = draw(agreements(0, GIVER, st.just(frozenset(READERS))))
    after = (*world.given[draw(st.integers(0, 1)) :], *([new] if draw(st.booleans()) else []))
    return world, other(world, given=after)


def hold_against_records(pair, counted):
    """No record may do what the solver has proven that none does."""
    before, after = pair
    change = Change(
        giver=GIVER, before=before.given, after=after.given, held_before=before.held, held_after=after.held
    )
    found = {one.reader: one for one in widenings(change, now_tai_s=min(TIMES))}
    counted.update(one.answer.value for one in found.values())
    vocabulary = Vocabulary.of(
        (*before.given, *after.given, *before.held), members=["AUR", "BOR", "CAL", "DOR", "EST"]
    )
    record = SymbolicRecord(vocabulary, "record")
    for facets in before.facets:
        if not can_be(record, facets):
            continue
        for reader in READERS:
            for now_tai_s in TIMES:
                was, is_ = (
                    decide(
                        facets, reader, world.given, giver=GIVER, now_tai_s=now_tai_s, held=world.held
                    ).allowed
                    for world in pair
                )
                counted["records"] += 1
                if is_ and not was:
                    counted["let out"] += 1
                    assert found[reader].answer is Answer.FOUND
                    assert not found[reader].finer


def can_be(record, facets):
    """Whether there can be such a record: worlds have some that no node would hold."""
    try:
        told = list(record.told(facets))
    except (RuntimeWarning, ValueError, ZeroDivisionError):
        return False
    return all(z3.is_true(z3.simplify(z3.substitute(fact, *told))) for fact in record.facts())


@settings(relaxed, max_examples=10)
@given(changes())
def test_no_record_does_what_was_proven_that_none_does(pair):
    hold_against_records(pair, Counter())


@pytest.mark.prove
def test_no_record_does_what_was_proven_that_none_does_in_many_worlds():
    counted = Counter()

    @settings(relaxed, max_examples=250)
    @given(changes())
    def run(pair):
        hold_against_records(pair, counted)

    run()
    sys.stdout.write(f"\nwhat-if held against records: {dict(counted)}\n")
    assert counted["let out"] > 0
