"""Can a set of agreements ever let something reach a member: a path that can be walked, or a proof of none."""

import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from test_decide import NOW, a_track, an_agreement, clause
from test_form import rule
from test_what_if import can_be
from worlds import EVERY_KIND, MEMBERS, TIMES, agreements, known_records

from commonsky.domain import Component, Effect, RecordKind
from commonsky.sharing import Facets, decide
from commonsky.sharing.reach import What, reach
from commonsky.sharing.smt import SymbolicRecord, Vocabulary
from commonsky.sharing.what_if import Answer

A, B, C, D = MEMBERS
CLOSED = Component(onward=False)


def gives(giver, *readers, terms=None, **changes):
    every = clause(**{"kinds": EVERY_KIND, **(terms or {})})
    return an_agreement(every, id=f"{giver}-gives", giver=giver, readers=frozenset(readers), **changes)


def asked(what, target, *documents):
    found = reach(what, target, documents, now_tai_s=NOW)
    return found.answer, [(one.giver, one.reader, one.is_derived) for one in found.steps]


NO = (Answer.PROVEN_NOT, [])


def test_a_path_goes_by_agreements_in_their_direction():
    assert asked(What(owner=A), B, gives(A, B)) == (Answer.FOUND, [(A, B, False)])
    assert asked(What(owner=B), A, gives(A, B)) == NO


def test_what_is_passed_on_needs_the_agreement_and_the_label():
    first = gives(A, B)
    assert asked(What(owner=A), C, first, gives(B, C)) == NO
    assert asked(What(owner=A), C, first, gives(B, C, onward=True)) == (
        Answer.FOUND,
        [(A, B, False), (B, C, False)],
    )
    assert asked(What(owner=A, part=CLOSED), C, first, gives(B, C, onward=True)) == NO
    only_b = Component(readers=frozenset({B}))
    assert asked(What(owner=A, part=only_b), C, first, gives(B, C, onward=True)) == NO


def test_a_cycle_of_onward_permissions_ends():
    around = gives(A, B, onward=True), gives(B, C, onward=True), gives(C, A, onward=True)
    assert asked(What(owner=A), D, *around) == NO
    assert asked(What(owner=A), C, *around)[0] is Answer.FOUND
    assert asked(What(owner=A), D, *around, gives(C, D, onward=True)) == (
        Answer.FOUND,
        [(A, B, False), (B, C, False), (C, D, False)],
    )


def test_what_may_not_go_on_as_it_is_may_go_on_in_what_is_derived_from_it():
    tracks = {"kinds": frozenset({RecordKind.TRACK})}
    observation = What(owner=A, kind=RecordKind.OBSERVATION)
    on = gives(B, C, onward=True, terms=tracks)
    assert asked(observation, C, gives(A, B), on) == (Answer.FOUND, [(A, B, False), (B, C, True)])
    element_sets = gives(B, C, onward=True, terms={"kinds": frozenset({RecordKind.ELEMENT_SET})})
    assert asked(observation, C, gives(A, B), element_sets) == NO


def test_a_derived_record_has_the_part_of_what_it_was_made_of():
    on = gives(B, C, onward=True, terms={"classification_ceiling": 1})
    assert asked(What(owner=A, least_classification=1), C, gives(A, B), on)[0] is Answer.FOUND
    assert asked(What(owner=A, least_classification=2), C, gives(A, B), on) == NO
    expired = Component(expires_tai_s=NOW)
    assert asked(What(owner=A, part=expired), B, gives(A, B)) == NO


def test_what_withholds_closes_a_way_only_where_it_stands():
    secret = clause(id="w", effect=Effect.WITHHOLD, kinds=EVERY_KIND, objects=frozenset({"25544"}))
    withheld = an_agreement(clause(kinds=EVERY_KIND), secret, giver=A)
    object_25544 = What(owner=A, object="25544")
    assert asked(object_25544, B, withheld) == NO
    around = gives(A, C), gives(C, B, onward=True)
    assert asked(object_25544, B, withheld, *around)[1] == [(A, C, False), (C, B, False)]


def test_an_originators_rule_opens_a_way_for_what_is_derived_and_no_further():
    opening = replace(gives(A, B), declassifications=(rule(readers=frozenset({C})),))
    on = gives(B, C, onward=True)
    what = What(owner=A, part=CLOSED)
    assert asked(what, C, opening, on) == (Answer.FOUND, [(A, B, False), (B, C, True)])
    assert asked(what, D, opening, on, gives(C, D, onward=True)) == NO
    both = replace(gives(A, B, C), declassifications=(rule(readers=frozenset({C, D})),))
    only_b = What(owner=A, part=Component(readers=frozenset({B}), onward=False))
    assert asked(only_b, D, both, on, gives(C, D, onward=True)) == (
        Answer.FOUND,
        [(A, B, False), (B, C, True), (C, D, True)],
    )


def test_a_term_that_is_over_leads_nowhere_and_one_to_come_leads_somewhere():
    assert asked(What(owner=A), B, gives(A, B, ends_tai_s=NOW)) == NO
    found = reach(What(owner=A), B, [gives(A, B, begins_tai_s=NOW + 5.0)], now_tai_s=NOW)
    assert [one.at_tai_s for one in found.steps] == [NOW + 5.0]


def test_what_begins_after_the_last_step_before_it_ended_is_waited_for():
    soon = gives(A, B, ends_tai_s=NOW + 5.0)
    later = gives(B, C, onward=True, begins_tai_s=NOW + 9.0)
    found = reach(What(owner=A), C, [soon, later], now_tai_s=NOW)
    assert [one.at_tai_s for one in found.steps] == [NOW, NOW + 9.0]
    early = gives(B, C, onward=True, ends_tai_s=NOW + 5.0)
    late = gives(A, B, begins_tai_s=NOW + 9.0)
    assert asked(What(owner=A), C, early, late) == NO


def walked(record, documents, holder, at):
    """Every member that a record gets to from a holder, passed on as it is or in a track made of it, by `decide`."""
    arrived, waiting = {holder}, [(record, holder, at)]
    while waiting:
        held, giver, now_tai_s = waiting.pop()
        track = replace(held.record, originator=giver, content=a_track().content)
        even = dict.fromkeys(held.record.label.components, 1.0 / len(held.record.label.components))
        derived = [Facets(track, designators=held.objects, shares=shares) for shares in (None, even)]
        for given_on in (held, *derived):
            for reader in sorted({one for document in documents for one in document.readers} - arrived):
                for time in (one for one in TIMES if one >= now_tai_s):
                    how = {"giver": giver, "now_tai_s": time, "held": documents}
                    made = decide(given_on, reader, documents, **how)
                    whole = not made.form.declassified or given_on.record.originator == giver
                    if made.allowed and whole and reader not in arrived:
                        opened = given_on.record.label.opened(made.form.declassified, reader)
                        arrived.add(reader)
                        sent = replace(given_on.record, label=opened)
                        waiting.append((Facets(sent, designators=given_on.objects), reader, time))
    return arrived


relaxed = settings(suppress_health_check=list(HealthCheck), print_blob=True)
WHO = (A, B, C, D)


@st.composite
def alliances(draw):
    """Agreements among four members, and a record that one of them made."""
    documents = [
        draw(agreements(k, draw(st.sampled_from(WHO)), st.frozensets(st.sampled_from(WHO), min_size=1)))
        for k in range(draw(st.integers(2, 5)))
    ]
    return documents, draw(known_records(0))


def hold_against_walks(documents, known, counted):
    """Where a record can really go, no proof may say that it cannot."""
    facets = Facets(known.record)
    owner = facets.record.originator
    vocabulary = Vocabulary.of(documents, members=[*WHO, "EST"])
    if owner not in facets.record.label.components or not can_be(
        SymbolicRecord(vocabulary, "record"), facets
    ):
        return
    component = facets.record.label.components[owner]
    for target in sorted(walked(facets, documents, owner, TIMES[0]) - {owner}):
        what = What(owner=owner, kind=facets.kind, part=component)
        found = reach(what, target, documents, now_tai_s=TIMES[0], members=["EST"])
        counted[f"{len(found.steps)} hops"] += 1
        assert found.answer is Answer.FOUND


@settings(relaxed, max_examples=12)
@given(alliances())
def test_no_record_goes_where_it_was_proven_not_to_go(alliance):
    hold_against_walks(*alliance, Counter())


@pytest.mark.prove
def test_no_record_goes_where_it_was_proven_not_to_go_in_many_alliances():
    counted = Counter()

    @settings(relaxed, max_examples=600)
    @given(alliances())
    def run(alliance):
        hold_against_walks(*alliance, counted)

    run()
    sys.stdout.write(f"\nreach held against walks: {dict(counted)}\n")
    assert counted["1 hops"] > 0
    assert counted["2 hops"] > 0
