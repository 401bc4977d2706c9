"""Our orbits below full precision: one bias for an object whatever its records are called, and no warning from them."""

import numpy as np
import pytest
from msgspec.structs import replace
from test_screening import DEBRIS, SATELLITE, keep, meeting, track
from test_screening import node as _node_that_screens

from commonsky.astro.numerical import default_force_model
from commonsky.domain import AS_IT_IS, Component, Decision, ElementSet, Form, IdentityClaim
from commonsky.exercise.close_approach import Truth
from commonsky.formats.canonical import decode
from commonsky.formats.errors import FormatError
from commonsky.node import jobs
from commonsky.node.coarse import coarse, read_or_make_secret
from commonsky.node.context import in_form
from commonsky.node.intake import own_record
from commonsky.node.orbits import known_orbits
from commonsky.node.start import open_node
from commonsky.node.warnings_view import WarningsView
from commonsky.tracking import predict

node_that_screens = _node_that_screens


@pytest.fixture
def node(coalition):
    return coalition.nodes["AUR"]


def an_element_set(number, designator):
    return ElementSet(
        object_name="LANTERN 3",
        object_id=designator,
        norad_cat_id=number,
        classification="U",
        epoch_utc="2026-08-14T13:20:00",
        epoch_tai_s=840_000_037.0,
        mean_motion_rev_day=15.2,
        eccentricity=0.001,
        inclination_deg=97.4,
        ra_of_asc_node_deg=40.0,
        arg_of_pericenter_deg=90.0,
        mean_anomaly_deg=10.0,
        bstar=1e-5,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )


def names_asked_for(node, monkeypatch, *records):
    asked = []
    monkeypatch.setattr(
        "commonsky.node.coarse.coarsened", lambda record, floor_m, **given: asked.append(given)
    )
    for record in records:
        with node.store.transaction() as tx:
            coarse(node, tx, record, 100.0)
    return [given["object_name"] for given in asked]


def test_a_track_and_element_sets_of_one_object_have_one_name_that_stays(node, monkeypatch):
    state = Truth(np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]), 840_000_037.0, default_force_model())
    unnamed = own_record(node, track("AUR-T-000077", state), Component())
    numbered = own_record(node, an_element_set(61_234, "2026-017A"), Component())
    renumbered = own_record(node, an_element_set(70_000, "2026-017A"), Component())
    other = own_record(node, an_element_set(61_235, "UNKNOWN"), Component())
    assert names_asked_for(node, monkeypatch, unnamed, other) == ["AUR-T-000077", "61235"]
    claim = IdentityClaim(track_id="AUR-T-000077", designator="61234", confidence=0.9, basis="seen")
    keep(node, claim)
    names = names_asked_for(node, monkeypatch, unnamed, numbered, renumbered, other)
    assert names == ["AUR-T-000077"] * 3 + ["61235"]


def test_a_claim_of_a_partner_does_not_join_two_objects(node, coalition, monkeypatch):
    state = Truth(np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]), 840_000_037.0, default_force_model())
    ours = own_record(node, track("AUR-T-000077", state), Component())
    claim = IdentityClaim(track_id="AUR-T-000077", designator="61235", confidence=0.9, basis="so they say")
    keep(coalition.nodes["BOR"], claim)
    other = own_record(node, an_element_set(61_235, ""), Component())
    assert names_asked_for(node, monkeypatch, other, ours) == ["61235", "AUR-T-000077"]


def test_an_orbit_without_a_name_is_withheld(node):
    record = own_record(node, an_element_set(0, "UNKNOWN"), Component())
    with node.store.transaction() as tx, pytest.raises(ValueError, match="names no object"):
        coarse(node, tx, record, 100.0)


def the_decision(record, floor_m):
    return Decision(
        record=record.id,
        reader="BOR",
        allowed=True,
        reason="released",
        agreement="A",
        clause="all",
        decided_tai_s=0.0,
        form=Form(precision_floor_m=floor_m, withheld_fields=frozenset({"object_name"})),
    )


def test_what_goes_out_in_a_coarse_form_carries_the_mark_and_no_lineage_and_is_the_same_each_time(node):
    record = keep(node, an_element_set(61_234, "2026-017A"))
    [entry] = node.store.copies(record.id)
    bodies = []
    for floor_m in (600.0, 1_000.0):
        with node.store.transaction() as tx:
            decision, body = in_form(
                entry, the_decision(record, floor_m), lambda one, m, tx=tx: coarse(node, tx, one, m)
            )
        assert decision.allowed
        bodies.append(body)
    assert bodies[0] == bodies[1]
    told = decode(bodies[0])
    assert (told.content.coarsened_to_m, told.content.object_name, told.inputs) == (1_000.0, "", ())
    assert told.id != record.id
    assert told.label == record.label


def test_what_cannot_be_coarsened_is_refused_with_the_reason(node):
    record = keep(node, an_element_set(61_234, "2026-017A"))
    [entry] = node.store.copies(record.id)
    with node.store.transaction() as tx:
        decision, body = in_form(entry, the_decision(record, 2e5), lambda one, m: coarse(node, tx, one, m))
    assert (decision.allowed, body, decision.form) == (False, None, AS_IT_IS)
    assert "coarsened to 100000 m at most" in decision.reason


def test_the_secret_is_made_once_kept_to_ourselves_and_outlives_the_signing_key(node, coalition, tmp_path):
    file = node.folder.orbit_secret
    assert file.stat().st_mode & 0o077 == 0
    assert read_or_make_secret(file, coalition.nodes["BOR"].key) == node.orbit_secret
    assert len({one.orbit_secret for one in coalition.nodes.values()}) == len(coalition.nodes)
    made = [read_or_make_secret(tmp_path / name, node.key) for name in ("one", "two")]
    assert made == [node.orbit_secret] * 2


def test_a_secret_that_others_may_read_or_that_is_none_stops_the_node(node, coalition):
    file = node.folder.orbit_secret
    file.chmod(0o644)
    with pytest.raises(FormatError, match="chmod 600"):
        coalition.open("AUR")
    file.chmod(0o600)
    file.write_text("secret")
    with pytest.raises(FormatError, match="64 hexadecimal digits"):
        open_node(node.folder.path, lambda: 0.0)


def test_what_is_known_by_a_coarse_orbit_alone_is_not_screened_and_the_watch_log_says_so(
    node_that_screens, coalition
):
    node = node_that_screens
    _, debris = meeting(coalition.now_tai_s)
    fine = {orbit.key for orbit in known_orbits(node, {})}
    assert {SATELLITE, DEBRIS} <= fine
    keep(node, replace(track(DEBRIS, debris, revision=2), coarsened_to_m=1_000.0))
    assert {orbit.key for orbit in known_orbits(node, {})} == fine - {DEBRIS}
    jobs.screen(node)
    assert not [one for one in WarningsView(node).list().events if one.miss_distance_m < 100.0]
    [line] = [one for one in node.store.log(100) if one.kind == "coarse orbits"]
    assert line.text.endswith(f"coarse orbits only: {DEBRIS}")


def test_an_asset_with_a_coarse_orbit_alone_is_missing(node_that_screens, coalition):
    node = node_that_screens
    satellite, _ = meeting(coalition.now_tai_s)
    keep(node, replace(track(SATELLITE, satellite, revision=2), coarsened_to_m=1_000.0))
    assert jobs.screen(node).missing == (SATELLITE,)


def test_a_partner_with_a_floor_gets_our_track_displaced_beyond_it_and_marked(coalition, rehearsal):
    giver = coalition.nodes["BOR"]
    open_to_all = tuple(replace(own, label=Component()) for own in giver.config.sensors)
    giver.config = replace(giver.config, sensors=open_to_all)
    coalition.deliver(next(file for file in rehearsal.files if file.member == "BOR"))
    coalition.exchange()
    [ours] = [one for one in giver.store.current_tracks() if one.source is None]
    [theirs] = [one for one in coalition.nodes["EST"].store.current_tracks() if one.source == "BOR"]
    fine, told = decode(ours.body), decode(theirs.body)
    assert told.content.coarsened_to_m == 1_000.0
    assert told.content.last_observation_tai_s is None
    assert (told.label, told.inputs) == (fine.label, ())
    assert theirs.id == f"{ours.id}:1000m"
    there = predict(fine.content, told.content.epoch_tai_s)[0, :3]
    assert 1_000.0 < np.linalg.norm(there - told.content.position_m) < 5_000.0
    assert told.content.position_sigma_m > 1_000.0
