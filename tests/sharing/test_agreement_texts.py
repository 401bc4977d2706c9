"""What is said of agreements before they are signed: differences by what they let out, and what is hardly meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import (
    Clause,
    Component,
    Declassification,
    Effect,
    Mode,
    RecordKind,
    Regime,
    Region,
    SafetyOfFlight,
)
from commonsky.sharing.agreement_changes import Bearing, changes, verdict
from commonsky.sharing.agreement_warnings import Known, warnings
from commonsky.sharing.agreement_words import agreement_words, clause_words, duration, rule_words
from partners import NOW_TAI_S, agreement

TRACKS, SETS, OBSERVATIONS = RecordKind.TRACK, RecordKind.ELEMENT_SET, RecordKind.OBSERVATION
BOX = Region(south_deg=-10.0, north_deg=10.0, west_deg=0.0, east_deg=20.0)


def clause(name="one", *kinds, **fields):
    return Clause(id=name, kinds=frozenset(kinds or (TRACKS,)), **fields)


def withhold(name="not", *kinds, **fields):
    return clause(name, *kinds, effect=Effect.WITHHOLD, **fields)


def of(*clauses, **fields):
    return agreement(clauses=clauses, **fields)


WIDENINGS = [
    (of(clause("one", TRACKS)), of(clause("one", TRACKS, SETS)), "kinds"),
    (of(clause(objects=frozenset({"1"}))), of(clause(objects=frozenset({"1", "2"}))), "objects"),
    (of(clause(objects=frozenset({"1"}))), of(clause()), "objects"),
    (of(clause(sensors=frozenset())), of(clause(sensors=frozenset({"a"}))), "sensors"),
    (of(clause(regimes=frozenset({Regime.LEO}))), of(clause()), "regimes"),
    (of(clause(region=BOX)), of(clause()), "region"),
    (of(clause(classification_ceiling=1)), of(clause(classification_ceiling=2)), "classification_ceiling"),
    (of(clause(classification_ceiling=1)), of(clause()), "classification_ceiling"),
    (of(clause(precision_floor_m=500.0)), of(clause(precision_floor_m=100.0)), "precision_floor_m"),
    (of(clause(delay_s=60.0)), of(clause()), "delay_s"),
    (of(clause(withheld_fields=frozenset({"weighted_rms"}))), of(clause()), "withheld_fields"),
    (of(clause()), of(clause(), clause("two", SETS)), "clause"),
    (of(clause(), withhold()), of(clause()), "clause"),
    (of(withhold("x")), of(clause("x")), "clause"),
    (of(withhold("x", TRACKS, SETS)), of(withhold("x", TRACKS)), "kinds"),
    (of(withhold()), of(withhold(objects=frozenset({"1"}))), "objects"),
    (of(clause()), of(clause(), onward=True), "onward"),
    (of(clause()), of(clause(), readers=("GBR", "FRA")), "readers"),
    (of(clause()), of(clause(), ends_tai_s=NOW_TAI_S + 1e7), "ends_tai_s"),
    (of(clause()), of(clause(), begins_tai_s=NOW_TAI_S - 1e7), "begins_tai_s"),
    (of(clause(), lease_s=60.0), of(clause(), lease_s=120.0), "lease_s"),
    (of(clause(), lease_s=60.0), of(clause()), "lease_s"),
    (of(clause()), of(clause(), safety_of_flight=SafetyOfFlight()), "safety_of_flight"),
    (of(clause()), of(clause(), explanations_per_day=5), "explanations_per_day"),
]


@pytest.mark.parametrize(("narrow", "wide", "field"), WIDENINGS, ids=[str(n) for n in range(len(WIDENINGS))])
def test_a_change_that_lets_out_more_is_wider_and_its_reverse_narrower(narrow, wide, field):
    [change] = changes(narrow, wide)
    assert (change.field, change.bearing) == (field, Bearing.WIDER)
    assert verdict([change]) == "lets out more, and nothing less"
    [back] = changes(wide, narrow)
    assert (back.bearing, back.before, back.after) == (Bearing.NARROWER, change.after, change.before)
    assert verdict([back]) == "lets out less, and nothing more"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (of(clause()), of(clause(), purpose="research")),
        (of(clause()), of(clause(), mode=Mode.EXERCISE)),
        (of(clause(objects=frozenset({"1"}))), of(clause(objects=frozenset({"2"})))),
        (of(clause(region=BOX)), of(clause(region=replace(BOX, east_deg=30.0)))),
        (of(clause()), of(clause(), readers=("FRA",))),
    ],
)
def test_what_cannot_be_ordered_is_said_to_be_other(old, new):
    [change] = changes(old, new)
    assert change.bearing is Bearing.OTHER
    assert "look at each change" in verdict([change])


def test_a_rule_of_declassification_is_compared_too():
    rule = Declassification(id="r", kinds=frozenset({TRACKS}), readers=frozenset({"FRA"}))
    [added] = changes(of(clause()), of(clause(), declassifications=(rule,)))
    assert (added.place, added.bearing) == ("declassify r", Bearing.WIDER)
    stricter = replace(rule, least_originators=4, greatest_share=0.5)
    found = changes(of(declassifications=(rule,)), of(declassifications=(stricter,)))
    assert {one.field: one.bearing for one in found} == {
        "least_originators": Bearing.NARROWER,
        "greatest_share": Bearing.NARROWER,
    }


def test_a_new_title_and_version_let_out_the_same():
    found = changes(of(clause()), of(clause(), title="Another", version=2))
    assert {one.bearing for one in found} == {Bearing.NONE}
    assert verdict(found) == verdict([]) == "lets out the same"


@given(st.sampled_from(WIDENINGS), st.sampled_from(WIDENINGS))
def test_differences_are_none_exactly_between_equals(one, other):
    assert (changes(one[0], other[1]) == []) == (one[0] == other[1])


KNOWN = Known(
    own="NOR",
    mode=Mode.REAL,
    members=frozenset({"NOR", "GBR"}),
    sensors={"radar": Component(purposes=frozenset({"safety"}))},
    objects=frozenset({"25544"}),
)


def warned(given, known=None):
    return [(one.path, one.words) for one in warnings(given, now_tai_s=NOW_TAI_S, known=known)]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        (of(clause(objects=frozenset())), ("clause", 1, "objects"), "the clause can never release anything"),
        (
            of(clause(), withhold(owners=frozenset())),
            ("clause", 2, "owners"),
            "the clause can never withhold anything",
        ),
        (of(clause(classification_ceiling=-1)), ("clause", 1, "classification_ceiling"), "below the lowest"),
        (
            of(clause("a", OBSERVATIONS, regimes=frozenset({Regime.LEO}))),
            ("clause", 1, "regimes"),
            "observation records do not tell this: the clause never releases them",
        ),
        (
            of(clause("a", OBSERVATIONS), withhold("b", OBSERVATIONS, regimes=frozenset({Regime.LEO}))),
            ("clause", 2, "regimes"),
            "the clause withholds them all",
        ),
        (
            of(clause("a", OBSERVATIONS, precision_floor_m=10.0)),
            ("clause", 1, "precision_floor_m"),
            "cannot be coarsened: finer ones are refused",
        ),
        (
            of(clause("a", SETS, precision_floor_m=300.0)),
            ("clause", 1, "precision_floor_m"),
            "orbits are coarsened to the next level, 1000 m",
        ),
        (
            of(clause("a", SETS, precision_floor_m=2e5)),
            ("clause", 1, "precision_floor_m"),
            "coarsened to 100000 m at most, not to 200000 m: they are refused",
        ),
        (of(clause("a", RecordKind.SENSOR, delay_s=1.0)), ("clause", 1, "delay_s"), "do not tell this"),
        (of(clause(owners=frozenset({"FRA"}))), ("clause", 1, "owners"), "needs onward = true"),
        (of(clause(), withhold("b", SETS)), ("clause", 2), "which no clause here releases"),
        (
            of(clause(objects=frozenset({"1"})), withhold()),
            ("clause", 1),
            "can never release anything: clause not withholds",
        ),
        (
            of(clause("wide"), clause("narrow", delay_s=9.0)),
            ("clause", 2),
            "nothing that clause wide does not",
        ),
        (of(withhold()), ("clause",), "no clause releases anything"),
        (of(clause(), ends_tai_s=NOW_TAI_S - 1.0), ("until_utc",), "the term is over since"),
        (of(clause(), begins_tai_s=0.0, ends_tai_s=NOW_TAI_S + 1e9), ("until_utc",), "the term is 59 years"),
        (of(clause(), lease_s=1e9), ("lease_s",), "never runs out before it"),
        (
            of(clause(), safety_of_flight=SafetyOfFlight(questions_per_day=1, questions_per_object=2)),
            ("safety_of_flight",),
            "questions_per_object has no effect",
        ),
    ],
)
def test_what_is_hardly_meant_is_said_with_its_place(given, path, words):
    found = warned(given)
    assert [one for one in found if one[0] == path and words in one[1]], found


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        (of(clause(), giver="FRA"), ("giver",), "FRA is not known to this node: no key is pinned"),
        (of(clause(), giver="FRA", readers=("GBR",)), ("giver",), "NOR, whose node this is, is no party"),
        (of(clause(), mode=Mode.EXERCISE), ("mode",), "this node works in REAL"),
        (
            of(clause(sensors=frozenset({"rodar"}))),
            ("clause", 1, "sensors"),
            "rodar is no sensor of this node",
        ),
        (of(clause(objects=frozenset({"25545"}))), ("clause", 1, "objects"), "nothing is held of it here"),
        (of(clause(owners=frozenset({"NOR", "XYZ"}))), ("clause", 1, "owners"), "XYZ is not known here"),
        (of(clause(), purpose="research"), ("purpose",), "the label of radar does not allow research"),
    ],
)
def test_a_node_says_what_it_does_not_know(given, path, words):
    found = warned(given, KNOWN)
    assert [one for one in found if one[0] == path and words in one[1]], found


def test_a_label_that_shuts_a_reader_out_is_told_before_signing():
    shut = replace(KNOWN, sensors={"radar": Component(readers=frozenset({"FRA"}))})
    assert (("readers",), "the label of radar does not name GBR: nothing made with it goes there") in warned(
        of(clause()), shut
    )


def test_a_plain_agreement_gives_nothing_to_say():
    assert warned(of(clause(sensors=frozenset({"radar"}), delay_s=60.0)), KNOWN) == []


def test_a_rule_that_opens_nothing_is_told():
    rule = Declassification(
        id="r",
        kinds=frozenset({OBSERVATIONS}),
        readers=frozenset({"GBR"}),
        least_originators=2,
        greatest_share=0.3,
    )
    words = " ".join(text for _, text in warned(of(clause(), declassifications=(rule,))))
    for said in ("are not derived", "GBR is a party", "more than 3.33 originators anyway"):
        assert said in words


def test_clauses_and_rules_read_as_sentences():
    one = clause(
        "one",
        objects=frozenset({"2", "1"}),
        regimes=frozenset(),
        region=BOX,
        classification_ceiling=1,
        precision_floor_m=1000.0,
        delay_s=21_600.0,
        withheld_fields=frozenset({"weighted_rms"}),
    )
    assert clause_words(one) == (
        "releases track, of the objects 1, 2, of no regimes at all, over latitude -10 to 10, longitude 0 to 20, "
        "classified 1 at most, no finer than 1,000 m, 6 hours late, without weighted_rms"
    )
    rule = Declassification(
        id="r", kinds=frozenset({TRACKS}), readers=frozenset({"FRA"}), precision_floor_m=500.0
    )
    assert rule_words(rule) == (
        "opens track of at least 3 originators, none with more than 60%, to FRA, no finer than 500 m"
    )
    head = agreement_words(of(one, lease_s=86_400.0, safety_of_flight=SafetyOfFlight()))
    assert head["after the last word"] == "may be used for 1 day"
    assert head["safety of flight"] == "answers 24 questions a day, 6 for one object"
    assert [duration(s) for s in (1.0, 90.0, 0.5, 7200.0)] == [
        "1 second",
        "90 seconds",
        "0.5 seconds",
        "2 hours",
    ]
