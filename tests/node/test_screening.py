"""From orbits to warnings: what a node screens for, tells, keeps, releases and withholds."""

import numpy as np
import pytest
from conjunction_messages import DEBRIS, SATELLITE, cdm
from msgspec.structs import replace

from commonsky.astro.numerical import default_force_model
from commonsky.astro.orbit import rtn_axes
from commonsky.domain import Component, ConjunctionWarning, IdentityClaim, Label, Record, Track
from commonsky.exercise.close_approach import CloseApproach, Truth, debris_that_passes
from commonsky.formats.canonical import decode, record_id
from commonsky.formats.errors import FormatError
from commonsky.node import jobs
from commonsky.node.config import Asset, Screening
from commonsky.node.intake import own_record
from commonsky.node.warnings_view import WarningsView
from signing import sign_for_all

AGREEMENT = """
id = "CAL-DOR-TEST"
version = 1
title = "Warnings"
giver = "CAL"
readers = ["DOR"]
purpose = "space-safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"
{onward}
[[clause]]
id = "all"
kinds = ["conjunction_warning"]
"""
ORBIT = Truth(np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]), 0.0, default_force_model())


def meeting(epoch_tai_s, hours=12.0):
    """A satellite and the debris that passes it 40 m away after so many hours."""
    satellite = ORBIT._replace(epoch_tai_s=epoch_tai_s)
    wanted = CloseApproach(satellite=207322, hours=hours, miss_distance_m=40.0, crossing_deg=60.0)
    return satellite, debris_that_passes(satellite, wanted, 220401)[1]


def track(name, truth, *, revision=1, sigma_m=40.0):
    lower = np.diag([sigma_m**2] * 3 + [0.02**2] * 3)[np.tril_indices(6)]
    return Track(
        track_id=name,
        revision=revision,
        epoch_tai_s=truth.epoch_tai_s,
        position_m=tuple(truth.state[:3].tolist()),
        velocity_m_s=tuple(truth.state[3:].tolist()),
        covariance=tuple(lower.tolist()),
        force_model=truth.force_model,
        observation_count=100,
        first_observation_tai_s=truth.epoch_tai_s - 3_600.0,
        last_observation_tai_s=truth.epoch_tai_s,
        weighted_rms=1.0,
    )


def keep(node, content, component=None):
    record = own_record(node, content, component or Component())
    node.store.append([record])
    return record


@pytest.fixture
def node(coalition):
    """The agency, which protects a satellite on behalf of its operator and has tracks of it and of the debris."""
    node = coalition.nodes["CAL"]
    node.config = replace(
        node.config,
        assets=(Asset(designator=SATELLITE, owner="DOR", hard_body_radius_m=6.0),),
        screening=Screening(days_ahead=1.0, label=Component()),
    )
    for file in node.folder.agreements.iterdir():
        file.unlink()
    keys = {one: coalition.nodes[one].key for one in ("CAL", "DOR")}
    for one in keys:
        sign_for_all(coalition.nodes[one].folder.agreements, AGREEMENT.format(onward="onward = true"), keys)
    satellite, debris = meeting(coalition.now_tai_s)
    keep(node, track(SATELLITE, satellite))
    keep(node, track(DEBRIS, debris))
    return node


def told(node):
    return [decode(entry.body) for entry in node.store.warnings(-np.inf)]


def test_screening_warns_of_the_close_approach_with_its_probability(node, coalition):
    screened = jobs.screen(node)
    assert screened.missing == ()
    [event] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    assert event.tca_tai_s == pytest.approx(coalition.now_tai_s + 12.0 * 3600.0, abs=1.0)
    assert event.miss_distance_m == pytest.approx(40.0, abs=5.0)
    assert (event.object_1.designator, event.object_2.designator) == (SATELLITE, DEBRIS)
    assert event.object_1.owner == "DOR"
    assert not event.probability_is_bound
    assert 1e-7 < event.probability < 1.0


def test_the_sheet_weighs_the_methods_from_the_orbits_and_agrees_with_the_warning(node):
    jobs.screen(node)
    [line] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    sheet = WarningsView(node).sheet(line.event)
    assert sheet.recommended.method == line.probability_method
    assert sheet.recommended.probability == pytest.approx(line.probability, rel=1e-6)
    assert len({one.name for one in sheet.methods}) >= 4
    assert sheet.recommended.reasons


def test_screening_the_same_orbits_again_says_nothing_new(node):
    jobs.screen(node)
    before = [record.id for record in told(node)]
    assert jobs.screen(node).warnings == ()
    assert [record.id for record in told(node)] == before


def test_what_comes_within_reach_by_time_alone_is_warned_of(node, coalition):
    node.config = replace(
        node.config, screening=Screening(days_ahead=0.25, every_s=3_600.0, label=Component())
    )
    began_tai_s = coalition.now_tai_s
    jobs.screen_when_due(node)
    assert not [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    coalition.now_tai_s = began_tai_s + 3_599.0
    assert jobs.screen_when_due(node) is None
    coalition.now_tai_s = began_tai_s + 8.0 * 3_600.0
    assert jobs.screen_when_due(node).warnings
    assert [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]


def test_a_node_without_orbits_has_nothing_to_screen(coalition):
    node = coalition.nodes["EST"]
    assert jobs.screen_when_due(node) is None
    assert node.last_screening is None


def test_a_new_estimate_is_an_update_of_the_same_event(node, coalition):
    jobs.screen(node)
    [first] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    coalition.now_tai_s += 600.0
    _, debris = meeting(coalition.now_tai_s - 600.0)
    keep(node, track(DEBRIS, debris, revision=2, sigma_m=15.0))
    jobs.screen(node)
    sheet = WarningsView(node).sheet(first.event)
    assert len(sheet.history) == 2
    assert sheet.history[1].sigma_m < sheet.history[0].sigma_m
    assert sheet.line.updates == 2


def test_an_event_whose_objects_move_apart_is_still_followed(node, coalition):
    jobs.screen(node)
    [first] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    _, debris = meeting(coalition.now_tai_s)
    coalition.now_tai_s += 600.0
    away = debris._replace(state=debris.state + np.array([0.0, 0.0, 0.0, 3.0, 0.0, 0.0]))
    keep(node, track(DEBRIS, away, revision=2))
    jobs.screen(node)
    sheet = WarningsView(node).sheet(first.event)
    assert sheet.history[-1].miss_distance_m > node.config.screening.within_m
    assert sheet.line.updates == 2


def test_a_warning_goes_to_whom_the_agreement_allows_and_to_nobody_else(node, coalition):
    jobs.screen(node)
    coalition.exchange()
    warned = [record.id for record in told(node)]
    assert [record.id for record in told(coalition.nodes["DOR"])] == warned
    assert told(coalition.nodes["EST"]) == []
    view = WarningsView(coalition.nodes["DOR"])
    assert {one.providers for one in view.list().events} == {("CAL",)}
    sheet = WarningsView(node).sheet(WarningsView(node).list().events[0].event)
    seen = {one.member: one for one in sheet.who_may_see}
    assert seen["DOR"].allowed
    assert seen["DOR"].clause == "all"
    assert not seen["EST"].allowed


def test_a_released_warning_tells_neither_its_sources_nor_the_orbits(node, coalition):
    jobs.screen(node)
    coalition.exchange()
    own, theirs = told(node)[0], told(coalition.nodes["DOR"])[0]
    assert len(own.inputs) == 2
    assert theirs.inputs == ()
    assert not {"position_m", "velocity_m_s"} & set(ConjunctionWarning.__struct_fields__)


def test_the_label_of_a_warning_is_no_looser_than_those_of_its_orbits(node, coalition):
    """The debris' track is replaced by one that rests on a partner's data, which may not go on."""
    _, debris = meeting(coalition.now_tai_s)
    content = track(DEBRIS, debris, revision=2)
    label = Label({"CAL": Component(), "BOR": Component(readers=frozenset({"CAL"}), onward=False)})
    joined = Record(
        id=record_id("CAL", content), originator="CAL", mode=node.config.mode, label=label, content=content
    )
    node.store.append([joined])
    jobs.screen(node)
    coalition.exchange()
    warnings = told(node)
    assert warnings
    assert all(label <= one.label for one in warnings)
    assert told(coalition.nodes["DOR"]) == []
    _, decision = jobs.explain(node, warnings[0].id, "DOR")
    assert "BOR" in decision.reason


def test_for_a_partners_asset_a_track_that_it_may_be_told_of_goes_before_a_newer_one(node, coalition):
    _, debris = meeting(coalition.now_tai_s)
    newer = replace(track("BOR-T-1", debris), last_observation_tai_s=coalition.now_tai_s + 1.0)
    label = Label({"CAL": Component(), "BOR": Component(readers=frozenset({"CAL"}), onward=False)})
    claim = IdentityClaim(track_id="BOR-T-1", designator=DEBRIS, confidence=1.0, basis="test")
    keep(node, claim)
    node.store.append(
        [
            Record(
                id=record_id("CAL", newer),
                originator="CAL",
                mode=node.config.mode,
                label=label,
                content=newer,
            )
        ]
    )
    jobs.screen(node)
    assert {name for one in told(node) for name in one.label.components} == {"CAL"}
    node.config = replace(node.config, assets=(replace(node.config.assets[0], owner=""),))
    jobs.screen(node)
    assert set(told(node)[-1].label.components) == {"BOR", "CAL"}


def test_assets_of_two_owners_that_meet_are_warned_of_once(node):
    node.config = replace(node.config, assets=(*node.config.assets, Asset(designator=DEBRIS)))
    screened = jobs.screen(node)
    assert screened.assets == 2
    [event] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    assert event.updates == 1


def test_a_node_says_which_assets_it_has_no_orbit_of(node):
    node.config = replace(node.config, assets=(*node.config.assets, Asset(designator="1")))
    assert jobs.screen(node).missing == ("1",)


def at_tca(coalition):
    tca_tai_s = coalition.now_tai_s + 12.0 * 3600.0
    both = meeting(coalition.now_tai_s)
    return tca_tai_s, [truth.states(np.array([tca_tai_s]))[0] for truth in both]


def test_a_providers_message_and_our_screening_become_one_event_whose_difference_is_named(node, coalition):
    jobs.screen(node)
    tca_tai_s, states = at_tca(coalition)
    message = cdm(tca_tai_s, coalition.now_tai_s, states, probability=2e-3, sigma_m=60.0, radius_m=20.0)
    intake = jobs.ingest(node, message, "centre.cdm")
    assert (intake.records, intake.rejected) == (1, ())
    [event] = [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    assert event.providers == ("CAL", "CENTRE")
    reconciliation = WarningsView(node).sheet(event.event).reconciliation
    [pair] = reconciliation.pairs
    causes = {one.cause for one in pair.differences}
    assert {"covariance", "hard-body radius"} <= causes
    shares = sum(one.effect_decades or 0.0 for one in pair.differences)
    assert shares == pytest.approx(pair.decades, abs=0.02)


def test_a_providers_message_is_kept_as_it_tells_it(node, coalition):
    tca_tai_s, states = at_tca(coalition)
    jobs.ingest(
        node, cdm(tca_tai_s, coalition.now_tai_s, states, probability=3e-4, sigma_m=50.0), "centre.cdm"
    )
    [record] = told(node)
    warning = record.content
    assert (warning.provider, warning.probability, warning.method) == ("CENTRE", 3e-4, "FOSTER-1992")
    assert warning.hard_body_radius_m is None
    assert warning.object_1.sigmas_rtn_m == pytest.approx((50.0, 50.0, 50.0))
    expected = rtn_axes(states[0]) @ (states[1][:3] - states[0][:3])
    assert warning.relative_position_rtn_m == pytest.approx(expected, abs=0.01)
    assert record.label == Label({"CAL": Component()})


def test_a_message_dated_into_the_future_is_rejected(node, coalition):
    tca_tai_s, states = at_tca(coalition)
    late = cdm(tca_tai_s, coalition.now_tai_s + 3_600.0, states, probability=3e-4, sigma_m=50.0)
    intake = jobs.ingest(node, late, "centre.cdm")
    assert intake.records == 0
    assert "lies in the future" in str(intake.rejected[0])


def test_a_file_that_only_begins_like_a_message_is_refused_by_name(node):
    with pytest.raises(FormatError, match=r"broken\.cdm"):
        jobs.ingest(node, b"CCSDS_CDM_VERS = 1.0\nTCA = never\n", "broken.cdm")
