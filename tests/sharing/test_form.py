"""In what form a record leaves: coarsened, without fields, or opened by its originators' own rules."""

from functools import partial

import pytest
from msgspec.structs import replace
from test_decide import NOW, a_track, an_agreement, clause

from commonsky.domain import (
    OBSERVATION_TIMES,
    Component,
    ConjunctionWarning,
    Declassification,
    Form,
    Label,
    RecordKind,
    WarnedObject,
)
from commonsky.sharing import Facets, decide

TRACKS = frozenset({RecordKind.TRACK})


def ask(record, *agreements, giver="AUR", held=(), shares=None):
    return decide(Facets(record, shares=shares), "BOR", agreements, giver=giver, now_tai_s=NOW, held=held)


def a_warning(sigma_m):
    content = ConjunctionWarning(
        provider="AUR",
        message="AUR-1",
        made_tai_s=900.0,
        tca_tai_s=2000.0,
        object_1=WarnedObject(designator="1"),
        object_2=WarnedObject(designator="2"),
        miss_distance_m=100.0,
        relative_position_rtn_m=(100.0, 0.0, 0.0),
        relative_velocity_rtn_m_s=(0.0, 7_500.0, 0.0),
        covariance_rtn_m2=(sigma_m**2, 0.0, 0.0, 0.0, 0.0, 0.0),
    )
    return replace(a_track(), content=content)


@pytest.mark.parametrize("sigma_m", [0.1, 50.0, 1e5])
def test_an_orbit_of_our_own_goes_out_as_coarse_as_the_coarsest_floor_asks(sigma_m):
    record = a_track(sigma_m=sigma_m, label=Label({"AUR": Component(precision_floor_m=200.0)}))
    made = ask(record, an_agreement(clause(precision_floor_m=60.0)))
    assert made.allowed
    assert made.form == Form(precision_floor_m=200.0)
    assert made.reason.endswith("releases it, coarsened to 200 m")


def test_what_another_made_is_as_coarse_as_asked_or_refused():
    record = replace(a_track(sigma_m=50.0, label=Label({"CAL": Component()})), originator="CAL")
    for floor_m, allowed in ((40.0, True), (60.0, False)):
        made = ask(record, an_agreement(clause(precision_floor_m=floor_m), onward=True))
        assert (made.allowed, made.form) == (allowed, Form())


def test_a_warning_finer_than_a_floor_is_refused():
    kinds = frozenset({RecordKind.CONJUNCTION_WARNING})
    for sigma_m, allowed in ((100.0, True), (10.0, False)):
        assert (
            ask(a_warning(sigma_m), an_agreement(clause(kinds=kinds, precision_floor_m=50.0))).allowed
            is allowed
        )


def test_withheld_fields_leave_our_own_records_and_refuse_those_of_others():
    terms = clause(withheld_fields=frozenset({"weighted_rms"}))
    made = ask(a_track(), an_agreement(terms))
    assert made.form.withheld_fields == {"weighted_rms"}
    others = replace(a_track(label=Label({"CAL": Component()})), originator="CAL")
    refused = ask(others, an_agreement(terms, onward=True))
    assert not refused.allowed
    assert any("whose records AUR does not alter" in line for line in refused.trace)


THREE = {"AUR": 0.4, "CAL": 0.4, "DOR": 0.2}
rule = partial(Declassification, id="to-the-group", kinds=TRACKS, readers=frozenset({"BOR"}))


def joint_track():
    closed = Component(readers=frozenset({"AUR"}), onward=False)
    return a_track(label=Label({"AUR": Component(), "CAL": closed, "DOR": Component()}))


def given_by_cal(*rules, **changes):
    return an_agreement(giver="CAL", readers=frozenset({"AUR"}), declassifications=rules, **changes)


def test_an_originators_rule_opens_its_part_and_the_form_says_so():
    ours = an_agreement(onward=True)
    assert not ask(joint_track(), ours, shares=THREE).allowed
    made = ask(joint_track(), ours, shares=THREE, held=[given_by_cal(rule(precision_floor_m=500.0))])
    assert made.allowed
    assert made.form == Form(
        precision_floor_m=500.0, withheld_fields=OBSERVATION_TIMES, declassified=frozenset({"CAL"})
    )


@pytest.mark.parametrize(
    ("held", "shares"),
    [
        (given_by_cal(rule()), None),
        (given_by_cal(rule()), {"AUR": 0.5, "CAL": 0.5}),
        (given_by_cal(rule()), {"AUR": 0.7, "CAL": 0.2, "DOR": 0.1}),
        (given_by_cal(rule(readers=frozenset({"EST"}))), THREE),
        (given_by_cal(rule(kinds=frozenset({RecordKind.OBSERVATION}))), THREE),
        (given_by_cal(rule(), ends_tai_s=NOW), THREE),
        (replace(given_by_cal(rule()), readers=frozenset({"DOR"})), THREE),
        (replace(given_by_cal(rule()), giver="DOR"), THREE),
    ],
)
def test_a_rule_whose_conditions_are_not_known_to_hold_opens_nothing(held, shares):
    assert not ask(joint_track(), an_agreement(onward=True), shares=shares, held=[held]).allowed


def test_a_rule_waives_readers_alone_and_only_of_its_giver():
    expired = Component(readers=frozenset(), expires_tai_s=NOW)
    both = Component(readers=frozenset())
    for parts in ({"CAL": expired}, {"CAL": both, "DOR": both}):
        record = a_track(label=Label({"AUR": Component(), **parts}))
        assert not ask(record, an_agreement(onward=True), shares=THREE, held=[given_by_cal(rule())]).allowed
