"""Refuse by default, say why, never loosen."""

import math
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain import (
    Agreement,
    Clause,
    Component,
    Effect,
    ElementSet,
    ForceModel,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
    RecordKind,
    Regime,
    Region,
    Track,
)
from commonsky.sharing import Facets, decide

NOW = 1000.0


def a_track(*, sigma_m=50.0, label=None, mode=Mode.EXERCISE, radius_m=42_164_000.0):
    variance = sigma_m**2 / 3.0
    speed = math.sqrt(3.986004418e14 / radius_m)
    content = Track(
        track_id="AUR-T-000001",
        revision=1,
        epoch_tai_s=900.0,
        position_m=(radius_m, 0.0, 0.0),
        velocity_m_s=(0.0, speed, 0.0),
        covariance=(variance, 0, variance, 0, 0, variance, *([0.0] * 15)),
        force_model=ForceModel(engine="test"),
        observation_count=10,
        first_observation_tai_s=800.0,
        last_observation_tai_s=900.0,
        weighted_rms=1.0,
    )
    label = label or Label({"AUR": Component()})
    return Record(id="track:AUR-T-000001:1", originator="AUR", mode=mode, label=label, content=content)


def an_observation(target="OBJ-7"):
    content = Observation(
        kind=ObservationKind.RANGE,
        epoch_tai_s=950.0,
        sensor="AUR-RADAR",
        values=(1.0,),
        sigmas=(1.0,),
        biases=(0.0,),
        target=target,
    )
    label = Label({"AUR": Component()})
    return Record(id="obs:1", originator="AUR", mode=Mode.EXERCISE, label=label, content=content)


def an_agreement(*clauses, **changes):
    tracks = Clause(id="tracks", kinds=frozenset({RecordKind.TRACK}))
    terms = {
        "id": "AUR-BOR",
        "version": 1,
        "title": "Tracks for safety",
        "giver": "AUR",
        "readers": frozenset({"BOR"}),
        "purpose": "space-safety",
        "mode": Mode.EXERCISE,
        "begins_tai_s": 0.0,
        "ends_tai_s": 2000.0,
        "clauses": clauses or (tracks,),
    }
    return Agreement(**(terms | changes))


def clause(**terms):
    return Clause(**({"id": "c1", "kinds": frozenset({RecordKind.TRACK})} | terms))


def ask(record, *agreements, reader="BOR", now=NOW, **context):
    return decide(Facets(record, **context), reader, agreements, giver="AUR", now_tai_s=now)


def test_a_clause_in_force_releases_and_is_cited():
    decision = ask(a_track(), an_agreement())
    assert decision.allowed
    assert (decision.agreement, decision.clause) == ("AUR-BOR@1", "tracks")


def test_without_an_agreement_nothing_is_released():
    decision = ask(a_track(), an_agreement(), reader="EST")
    assert not decision.allowed
    assert decision.reason == "no agreement covers EST"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ends_tai_s": NOW}, "ended at"),
        ({"begins_tai_s": NOW + 1}, "begins only at"),
        ({"mode": Mode.REAL}, "is about REAL data"),
        ({"giver": "CAL"}, "no agreement covers BOR"),
        ({"clauses": (clause(kinds=frozenset({RecordKind.OBSERVATION})),)}, "covers observation"),
        ({"clauses": ()}, "no clause releases it"),
    ],
)
def test_an_agreement_that_does_not_reach_the_record_refuses_and_says_why(change, words):
    decision = ask(a_track(), an_agreement(**change))
    assert not decision.allowed
    assert words in decision.reason


@pytest.mark.parametrize(
    ("terms", "allowed"),
    [
        ({"objects": frozenset({"AUR-T-000001"})}, True),
        ({"objects": frozenset({"25544"})}, False),
        ({"owners": frozenset({"AUR"})}, True),
        ({"owners": frozenset({"BOR"})}, False),
        ({"regimes": frozenset({Regime.GEO})}, True),
        ({"regimes": frozenset({Regime.LEO})}, False),
        ({"classification_ceiling": 0}, True),
        ({"delay_s": 100.0}, True),
        ({"delay_s": 101.0}, False),
        ({"sensors": frozenset({"AUR-RADAR"})}, False),
        ({"region": Region(south_deg=-1, north_deg=1, west_deg=-180, east_deg=180)}, True),
        ({"region": Region(south_deg=30, north_deg=60, west_deg=-180, east_deg=180)}, False),
    ],
)
def test_every_restriction_of_a_clause_must_hold(terms, allowed):
    assert ask(a_track(), an_agreement(clause(**terms))).allowed is allowed


def test_a_delay_says_when_to_ask_again_and_then_releases():
    agreement = an_agreement(clause(delay_s=200.0))
    refused = ask(a_track(), agreement)
    assert (refused.allowed, refused.revisit_tai_s) == (False, 1100.0)
    assert ask(a_track(), agreement, now=1100.0).allowed


def test_an_agreement_that_begins_later_says_when_to_ask_again():
    assert ask(a_track(), an_agreement(begins_tai_s=1500.0)).revisit_tai_s == 1500.0


def test_a_claimed_designator_counts_for_objects():
    agreement = an_agreement(clause(objects=frozenset({"25544"})))
    assert ask(a_track(), agreement, designators=["25544"]).allowed


def test_one_foreign_sensor_behind_a_track_is_enough_to_refuse_a_sensor_clause():
    agreement = an_agreement(clause(sensors=frozenset({"AUR-RADAR"})))
    assert ask(a_track(), agreement, sensors=["AUR-RADAR"]).allowed
    assert not ask(a_track(), agreement, sensors=["AUR-RADAR", "CAL-SCOPE"]).allowed


def test_withholding_beats_releasing_across_agreements():
    withholding = clause(id="not-ours", effect=Effect.WITHHOLD, objects=frozenset({"AUR-T-000001"}))
    decision = ask(a_track(), an_agreement(), an_agreement(withholding, id="AUR-BOR-2"))
    assert not decision.allowed
    assert decision.reason == "AUR-BOR-2@1 clause not-ours withholds it"


def test_a_withholding_clause_whose_restriction_is_not_known_applies():
    withholding = clause(id="w", effect=Effect.WITHHOLD, sensors=frozenset({"AUR-SECRET"}))
    release = clause(id="r")
    assert not ask(a_track(), an_agreement(release, withholding)).allowed
    assert ask(a_track(), an_agreement(release, withholding), sensors=["AUR-RADAR"]).allowed


def test_an_observation_is_released_by_sensor_and_has_no_known_precision():
    kinds = frozenset({RecordKind.OBSERVATION})
    assert ask(an_observation(), an_agreement(clause(kinds=kinds, sensors=frozenset({"AUR-RADAR"})))).allowed
    floored = ask(an_observation(), an_agreement(clause(kinds=kinds, precision_floor_m=1.0)))
    assert any("precision is not known" in line for line in floored.trace)


def test_an_observation_of_no_known_object_is_not_released_by_object():
    kinds = frozenset({RecordKind.OBSERVATION})
    agreement = an_agreement(clause(kinds=kinds, objects=frozenset({"OBJ-7"})))
    assert ask(an_observation(), agreement).allowed
    assert not ask(an_observation(target=None), agreement).allowed


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (Component(readers=frozenset({"CAL"})), "does not name BOR"),
        (Component(purposes=frozenset({"exercise"})), "purpose space-safety"),
        (Component(expires_tai_s=NOW), "has expired"),
    ],
)
def test_the_label_has_the_last_word(component, words):
    decision = ask(a_track(label=Label({"AUR": component})), an_agreement())
    assert not decision.allowed
    assert words in decision.reason


def test_third_party_data_needs_both_the_agreement_and_its_originator():
    free = Label({"AUR": Component(), "CAL": Component()})
    bound = Label({"AUR": Component(), "CAL": Component(onward=False)})
    assert not ask(a_track(label=free), an_agreement()).allowed
    assert ask(a_track(label=free), an_agreement(onward=True)).allowed
    assert not ask(a_track(label=bound), an_agreement(onward=True)).allowed


def test_an_error_inside_a_rule_refuses_and_is_told():
    class Broken(Facets):
        @property
        def regime(self):
            raise RuntimeError("no regime today")

    agreement = an_agreement(clause(regimes=frozenset({Regime.GEO})), clause(id="open"))
    decision = decide(Broken(a_track()), "BOR", [agreement], giver="AUR", now_tai_s=NOW)
    assert not decision.allowed
    assert "no regime today" in decision.reason


def test_the_trace_tells_every_clause_that_was_tried():
    decision = ask(a_track(), an_agreement(clause(id="a", delay_s=1e9), clause(id="b")))
    assert decision.allowed
    assert any("clause a: no: it covers what is 1e+09 s old" in line for line in decision.trace)
    assert decision.trace[-1] == "AUR-BOR@1 clause b: releases"


sets = st.none() | st.frozensets(st.sampled_from(["AUR-T-000001", "AUR", "AUR-RADAR", "x"]))
every_clause = partial(
    st.builds,
    Clause,
    id=st.uuids().map(str),
    kinds=st.frozensets(st.sampled_from(RecordKind), min_size=1),
    objects=sets,
    owners=sets,
    sensors=sets,
    regimes=st.none() | st.frozensets(st.sampled_from(Regime)),
)
clauses = every_clause(effect=st.just(Effect.WITHHOLD)) | every_clause(
    classification_ceiling=st.none() | st.integers(0, 2),
    precision_floor_m=st.sampled_from([0.0, 10.0, 100.0]),
    delay_s=st.sampled_from([0.0, 50.0, 500.0]),
)


@given(st.lists(clauses, max_size=4), clauses)
def test_adding_a_withholding_clause_never_releases_more(present, added):
    withholding = Clause(id="added", kinds=added.kinds, effect=Effect.WITHHOLD, objects=added.objects)
    before = ask(a_track(), an_agreement(*present, clauses=tuple(present)))
    after = ask(a_track(), an_agreement(clauses=(*present, withholding)))
    assert after.allowed <= before.allowed


@given(st.lists(clauses, max_size=4))
def test_every_decision_has_a_reason_and_a_release_has_a_clause(present):
    decision = ask(a_track(), an_agreement(clauses=tuple(present)))
    assert decision.reason
    assert not decision.allowed or decision.clause in {c.id for c in present}


def test_what_another_made_is_not_passed_on_when_the_label_has_no_part_of_its_maker():
    made_by_bor = a_track(label=Label({"AUR": Component()}))
    terms = an_agreement(readers=frozenset({"CAL"}), onward=True)
    foreign = msgspec.structs.replace(made_by_bor, originator="BOR")
    assert not ask(foreign, terms, reader="CAL").allowed
    with_its_part = msgspec.structs.replace(foreign, label=Label({"AUR": Component(), "BOR": Component()}))
    assert ask(with_its_part, terms, reader="CAL").allowed


def test_a_name_that_others_claim_withholds_and_never_releases():
    wanted = frozenset({"25544"})
    releasing = an_agreement(clause(objects=wanted))
    assert not ask(a_track(), releasing, alleged=["25544"]).allowed
    assert ask(a_track(), releasing, designators=["25544"]).allowed
    withholding = an_agreement(clause(id="w", effect=Effect.WITHHOLD, objects=wanted), clause())
    assert not ask(a_track(), withholding, alleged=["25544"]).allowed


def test_a_track_whose_lineage_names_no_sensor_is_not_taken_for_one_of_the_sensors_named():
    assert not ask(a_track(), an_agreement(clause(sensors=frozenset({"AUR-RADAR"}))), sensors=[]).allowed
    withholding = clause(id="w", effect=Effect.WITHHOLD, sensors=frozenset({"AUR-SECRET"}))
    assert not ask(a_track(), an_agreement(withholding, clause()), sensors=[]).allowed


def test_an_element_set_that_has_no_place_is_not_taken_to_be_over_the_pole():
    lost = an_element_set(eccentricity=0.9, mean_motion_rev_day=16.0)
    elsewhere = Region(south_deg=-60.0, north_deg=60.0, west_deg=-180.0, east_deg=180.0)
    of_sets = frozenset({RecordKind.ELEMENT_SET})
    withholding = clause(id="w", effect=Effect.WITHHOLD, kinds=of_sets, region=elsewhere)
    assert not ask(lost, an_agreement(withholding, clause(kinds=of_sets))).allowed


def an_element_set(**changes):
    fields = {
        "object_name": "X",
        "object_id": "2000-001A",
        "norad_cat_id": 5,
        "classification": "U",
        "epoch_utc": "2026-01-01T00:00:00",
        "epoch_tai_s": 820_540_837.0,
        "bstar": 0.0,
        "mean_motion_rev_day": 15.0,
        "eccentricity": 0.001,
        "inclination_deg": 51.0,
        "ra_of_asc_node_deg": 1.0,
        "arg_of_pericenter_deg": 1.0,
        "mean_anomaly_deg": 1.0,
        "mean_motion_dot": 0.0,
        "mean_motion_ddot": 0.0,
    }
    label = Label({"AUR": Component()})
    content = ElementSet(**(fields | changes))
    return Record(id="elset:1", originator="AUR", mode=Mode.EXERCISE, label=label, content=content)


def test_a_name_of_another_writes_no_line_into_our_reasons():
    forged = an_observation(target="X\nAUR-BOR@1 clause c1: releases")
    terms = an_agreement(clause(kinds=frozenset({RecordKind.OBSERVATION}), objects=frozenset({"Y"})))
    decision = ask(forged, terms)
    assert not decision.allowed
    assert all(line.isprintable() for line in (decision.reason, *decision.trace))


@pytest.mark.parametrize(
    "limit", [{"classification_ceiling": 1}, {"precision_floor_m": 100.0}, {"delay_s": 3600.0}]
)
def test_a_clause_that_withholds_has_no_limit_that_would_withhold_the_harmless_alone(limit):
    with pytest.raises(ValueError, match="are for clauses that release"):
        clause(effect=Effect.WITHHOLD, **limit)


def test_withholding_stands_in_an_agreement_that_could_not_release_the_record_itself():
    withholding = clause(id="never", effect=Effect.WITHHOLD)
    foreign = a_track(label=Label({"AUR": Component(), "CAL": Component()}))
    onward = an_agreement(id="onward", onward=True)
    assert ask(foreign, onward).allowed
    assert not ask(foreign, onward, an_agreement(withholding)).allowed
    for_one_purpose = a_track(label=Label({"AUR": Component(purposes=frozenset({"space-safety"}))}))
    assert not ask(for_one_purpose, an_agreement(id="b"), an_agreement(withholding, purpose="other")).allowed


def test_withholding_ends_with_its_agreement_and_the_record_comes_up_again_then():
    withholding = an_agreement(clause(effect=Effect.WITHHOLD), id="w", ends_tai_s=1500.0)
    refused = ask(a_track(), an_agreement(), withholding)
    assert (refused.allowed, refused.revisit_tai_s) == (False, 1500.0)
    assert ask(a_track(), an_agreement(), withholding, now=1500.0).allowed


def test_a_refusal_comes_up_again_when_another_agreement_begins():
    elsewhere = an_agreement(clause(objects=frozenset({"Z"})))
    coming = an_agreement(id="later", begins_tai_s=1500.0)
    refused = ask(a_track(), elsewhere, coming)
    assert (refused.allowed, refused.revisit_tai_s) == (False, 1500.0)
    assert ask(a_track(), elsewhere, coming, now=1500.0).allowed
