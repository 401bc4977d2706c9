"""Ways out of label creep: whose data told how much, and tracks fitted again for partners that may not have ours."""

import numpy as np
import pytest
from msgspec.structs import replace
from test_jobs import RecordKind, first_file, held, test_a_partners_observations_enter_our_track_and_its_label

from commonsky.domain import Label, Observation, Track
from commonsky.formats.canonical import decode, record_id
from commonsky.node import jobs


@pytest.fixture
def joint(coalition, rehearsal):
    """AUR's track with observations of BOR, which BOR does not let go on, beside an own one of before."""
    coalition.nodes["AUR"].config = replace(coalition.nodes["AUR"].config, rederive=True)
    test_a_partners_observations_enter_our_track_and_its_label(coalition, rehearsal)
    coalition.exchange()
    return coalition


def own_track(node):
    [entry] = [e for e in node.store.current_tracks() if e.source is None]
    return decode(entry.body)


def test_the_shares_of_a_track_are_those_of_its_information_and_add_up(joint):
    node = joint.nodes["AUR"]
    shares = node.store.shares_of(own_track(node).id)
    assert set(shares) == {"AUR", "BOR"}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert all(share > 0.01 for share in shares.values())


def test_what_is_not_known_of_one_input_is_known_of_no_share(joint):
    node = joint.nodes["AUR"]
    record = own_track(node)
    content = replace(record.content, revision=record.content.revision + 1)
    node.store.append([replace(record, id=record_id("AUR", content), content=content)])
    assert node.store.shares_of(record_id("AUR", content)) is None
    assert node.store.shares_of("nothing") is None


def test_a_partner_that_may_not_have_a_track_gets_one_of_what_may_count_for_it(joint):
    node, reader = joint.nodes["AUR"], joint.nodes["CAL"]
    ours = own_track(node)
    assert ours.id not in held(reader, RecordKind.TRACK, "AUR")
    [entry] = [e for e in reader.store.current_tracks() if e.source == "AUR"]
    theirs = decode(entry.body)
    assert isinstance(theirs.content, Track)
    assert set(theirs.label.components) == {"AUR"}
    assert theirs.label.components["AUR"].readers == {"CAL", "DOR"}
    inputs = [decode(node.store.record(name)) for name in node.store.lineage_of(theirs.id)]
    assert {one.originator for one in inputs} == {"AUR"}
    assert all(isinstance(one.content, Observation) for one in inputs)
    assert 0 < len(inputs) < len(node.store.lineage_of(ours.id))
    apart = np.subtract(theirs.content.position_m, ours.content.position_m)
    assert 0.0 < np.linalg.norm(apart) < 1e5
    assert theirs.content.track_id != ours.content.track_id


def test_the_same_sources_are_not_fitted_again_and_the_picture_stays_as_it_is(joint):
    node = joint.nodes["AUR"]
    target = decode(node.store.record(own_track(node).inputs[0])).content.target
    assert jobs.rederive(node, target) == ()
    assert [e.object for e in node.store.current_tracks() if e.source is None] == [
        own_track(node).content.track_id
    ]


def test_nothing_is_fitted_again_where_nobody_is_kept_from_our_track(coalition, rehearsal):
    node = coalition.nodes["AUR"]
    node.config = replace(node.config, rederive=True)
    coalition.deliver(first_file(rehearsal, "AUR"))
    tracks = [decode(e.body).label for e in node.store.current_tracks()]
    assert tracks == [Label({"AUR": tracks[0].components["AUR"]})]
    assert node.store.rederived_name(own_track(node).content.track_id, "AUR") is None
