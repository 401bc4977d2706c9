"""One observation, from a sensor's file to a partner's store, and everything that may go wrong on its way."""

import os

import pytest
from msgspec.structs import replace

from commonsky.domain import (
    Accepted,
    Component,
    IdentityClaim,
    Label,
    Observation,
    Record,
    RecordKind,
    Sensor,
    Track,
)
from commonsky.federation import seal
from commonsky.formats.canonical import decode, encode, record_id
from commonsky.formats.errors import FormatError
from commonsky.node import jobs
from commonsky.node.context import facets_of
from commonsky.node.estimating import known_sensors, once_each
from commonsky.store import LinkState


def first_file(rehearsal, member, after_tai_s=0.0):
    return next(file for file in rehearsal.files if file.member == member and file.at_tai_s > after_tai_s)


def held(node, kind, source):
    return {
        entry.id
        for entry in (
            node.store.observations() if kind is RecordKind.OBSERVATION else node.store.current_tracks()
        )
        if entry.source == source
    }


def test_a_file_becomes_observations_and_a_track_with_their_lineage(coalition, rehearsal):
    intake = coalition.deliver(first_file(rehearsal, "CAL"))
    node = coalition.nodes["CAL"]
    assert intake.records > 10
    assert not intake.rejected
    [track_id] = intake.tracks
    track = decode(node.store.record(track_id))
    assert isinstance(track.content, Track)
    assert set(track.inputs) == set(node.store.lineage_of(track_id))
    assert set(track.inputs) <= held(node, RecordKind.OBSERVATION, None)
    assert set(track.label.components) == {"CAL"}


def test_a_track_reaches_the_partner_with_an_agreement_and_not_the_one_without(coalition, rehearsal):
    coalition.deliver(first_file(rehearsal, "AUR"))
    coalition.exchange()
    own = held(coalition.nodes["AUR"], RecordKind.TRACK, None)
    assert own
    assert held(coalition.nodes["BOR"], RecordKind.TRACK, "AUR") == own
    assert held(coalition.nodes["EST"], RecordKind.TRACK, "AUR") == set()


def test_a_released_track_does_not_tell_its_sources(coalition, rehearsal):
    coalition.deliver(first_file(rehearsal, "AUR"))
    coalition.exchange()
    [entry] = [e for e in coalition.nodes["BOR"].store.current_tracks() if e.source == "AUR"]
    assert decode(entry.body).inputs == ()


def test_a_partners_observations_enter_our_track_and_its_label(coalition, rehearsal):
    file = first_file(rehearsal, "BOR")
    target = decode_target(coalition.deliver(file), coalition.nodes["BOR"])
    coalition.exchange()
    for later in rehearsal.files:
        if later.member == "AUR" and later.at_tai_s > file.at_tai_s and target in later.name:
            coalition.deliver(later)
            break
    [entry] = [e for e in coalition.nodes["AUR"].store.current_tracks() if e.source is None]
    track = decode(entry.body)
    assert set(track.label.components) == {"AUR", "BOR"}
    assert track.label.components["BOR"].onward is False


def decode_target(intake, node):
    observation = decode(node.store.record(decode(node.store.record(intake.tracks[0])).inputs[0])).content
    assert isinstance(observation, Observation)
    return observation.target


def test_a_track_with_a_partners_data_is_not_passed_on(coalition, rehearsal):
    test_a_partners_observations_enter_our_track_and_its_label(coalition, rehearsal)
    coalition.exchange()
    [entry] = [e for e in coalition.nodes["AUR"].store.current_tracks() if e.source is None]
    assert entry.id not in held(coalition.nodes["CAL"], RecordKind.TRACK, "AUR")
    _, decision = jobs.explain(coalition.nodes["AUR"], entry.id, "CAL")
    assert "third parties (BOR)" in decision.reason


def test_explaining_decides_as_sharing_did(coalition, rehearsal):
    coalition.deliver(first_file(rehearsal, "AUR"))
    node = coalition.nodes["AUR"]
    for entry in node.store.current_tracks():
        for made in node.store.decisions_of(entry.id):
            _, explained = jobs.explain(node, entry.id, made.decision.reader)
            assert explained.allowed == made.decision.allowed
            assert explained.reason == made.decision.reason


def test_a_delayed_release_goes_out_when_its_time_comes(coalition, rehearsal):
    file = first_file(rehearsal, "AUR")
    coalition.deliver(file)
    coalition.exchange()
    assert held(coalition.nodes["DOR"], RecordKind.TRACK, "AUR") == set()
    coalition.now_tai_s = file.at_tai_s + 6.1 * 3600.0
    jobs.share(coalition.nodes["AUR"])
    coalition.exchange()
    assert held(coalition.nodes["DOR"], RecordKind.TRACK, "AUR") == held(
        coalition.nodes["AUR"], RecordKind.TRACK, None
    )


def test_the_same_file_twice_changes_nothing(coalition, rehearsal):
    file = first_file(rehearsal, "AUR")
    coalition.deliver(file)
    before = coalition.nodes["AUR"].store.counts().own
    again = coalition.deliver(file)
    assert (again.records, again.tracks) == (0, ())
    assert again.duplicates > 0
    assert coalition.nodes["AUR"].store.counts().own == before
    assert "came before" in coalition.nodes["AUR"].store.log(1)[0].text


def test_observations_from_the_future_are_set_aside_and_told(coalition, rehearsal):
    file = first_file(rehearsal, "AUR")
    node = coalition.nodes["AUR"]
    intake = jobs.ingest(node, file.data, file.name)  # the clock stands before the pass
    assert intake.records == 0
    assert all("lies in the future" in str(rejection) for rejection in intake.rejected)
    assert node.store.counts().quarantined == {file.name: len(intake.rejected)}


def test_a_sensor_that_is_not_ours_is_not_believed(coalition, rehearsal):
    file = first_file(rehearsal, "BOR")
    coalition.now_tai_s = file.at_tai_s
    intake = jobs.ingest(coalition.nodes["AUR"], file.data, file.name)
    assert intake.records == 0
    assert intake.rejected


@pytest.mark.parametrize("data", [b"", b"\x00\xff\x10" * 50, b"hello", b"<xml", b"\x1f\x8b\x08junk"])
def test_a_file_of_no_known_form_is_refused_by_name(coalition, data):
    with pytest.raises(FormatError, match=r"odd\.file"):
        jobs.ingest(coalition.nodes["AUR"], data, "odd.file")


def test_a_cut_link_holds_everything_back_and_a_restored_one_brings_it_once_in_order(coalition, rehearsal):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    bor.store.cut("AUR", at_tai_s=0.0)
    for file in [f for f in rehearsal.files if f.member == "AUR"][:4]:
        coalition.deliver(file)
    arrivals = coalition.exchange()
    assert arrivals["AUR", "BOR"].records == 0
    bor.store.restore("AUR", at_tai_s=1.0)
    coalition.exchange()
    assert coalition.exchange()["AUR", "BOR"].records == 0
    sent = aur.store.feed_after("BOR", 0, 1000, gen=0)
    assert bor.store.received("AUR", 0, 1000, gen=0) == sent
    assert bor.store.link_state("AUR") is LinkState.UP


def test_an_agreement_that_cannot_be_read_stops_all_release_until_it_is_mended(coalition, rehearsal):
    node = coalition.nodes["AUR"]
    broken = node.folder.agreements / "AUR-NEW.toml"
    broken.write_text("id = 'AUR-NEW'\nversion = ")
    coalition.deliver(first_file(rehearsal, "AUR"))
    assert node.store.feed_after("BOR", 0, 10, gen=0)[1:] == []  # only what went out before
    assert "AUR-NEW.toml" in node.store.log(10)[-1].text or any(
        "AUR-NEW" in x.text for x in node.store.log(10)
    )
    broken.unlink()
    assert jobs.share(node) > 0


def test_a_withdrawn_agreement_releases_nothing_more(coalition, rehearsal):
    node = coalition.nodes["AUR"]
    coalition.deliver(first_file(rehearsal, "AUR"))
    sent = len(node.store.feed_after("BOR", 0, 1000, gen=0))
    (node.folder.agreements / "AUR-PARTNERS.toml").unlink()
    coalition.deliver(first_file(rehearsal, "AUR", coalition.now_tai_s + 6000))
    assert len(node.store.feed_after("BOR", 0, 1000, gen=0)) == sent


def test_a_new_agreement_lets_out_what_was_refused_before(coalition, rehearsal):
    node = coalition.nodes["AUR"]
    document = node.folder.agreements / "AUR-PARTNERS.toml"
    text = document.read_text()
    document.unlink()
    coalition.deliver(first_file(rehearsal, "AUR"))
    assert node.store.feed_after("BOR", 0, 10, gen=0) == []
    document.write_text(text)
    assert jobs.share(node) > 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data.replace(b'"body":"{', b'"body":"[', 1), "body_digest"),
        (lambda data: data.replace(b'"signature":"', b'"signature":"0', 1), "bad_signature"),
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: b"no envelope\n" + data, "unreadable"),
    ],
)
def test_what_fails_on_the_wire_is_quarantined_and_the_truth_comes_later(coalition, rehearsal, change, code):
    coalition.deliver(first_file(rehearsal, "AUR"))
    bor = coalition.nodes["BOR"]
    jobs.receive(bor, "AUR", coalition.transport("AUR", "BOR", change=change))
    assert code in {one.code for one in bor.store.quarantined()}
    coalition.exchange()
    assert held(bor, RecordKind.TRACK, "AUR") == held(coalition.nodes["AUR"], RecordKind.TRACK, None)


def test_a_nodes_time_never_goes_back(coalition):
    later = coalition.now_tai_s + 1000.0
    coalition.now_tai_s = later
    coalition.nodes["AUR"].store.note_time(later)
    coalition.now_tai_s = later - 900.0
    assert coalition.open("AUR").now_tai_s() == later


def test_a_partners_claim_on_our_track_does_not_get_it_released(coalition, rehearsal):
    coalition.deliver(first_file(rehearsal, "AUR"))
    node = coalition.nodes["AUR"]
    [track] = [decode(entry.body) for entry in node.store.current_tracks()]
    claim = IdentityClaim(track_id=track.content.track_id, designator="WANTED", confidence=1.0, basis="")
    said = Record(
        id=record_id("BOR", claim),
        originator="BOR",
        mode=node.config.mode,
        label=Label({"BOR": Component()}),
        content=claim,
    )
    store_as_received(coalition, "BOR", "AUR", said)
    with node.store.transaction() as tx:
        facets = facets_of(tx, track)
    assert "WANTED" not in facets.objects
    assert "WANTED" in facets.alleged_objects


def store_as_received(coalition, giver, reader, *records):
    """Put records on the giver's feed as a member without scruples would, and let the reader take them in."""
    node = coalition.nodes[giver]
    [terms] = [a for a in node.agreements().given_by(giver) if reader in a.readers][:1]
    envelope = seal(
        [(terms.reference, encode(record)) for record in records],
        previous=coalition.nodes[reader].store.cursor(giver),
        iss=giver,
        aud=reader,
        mode=node.config.mode,
        gen=1,
        key=node.key,
        iat_tai_s=coalition.now_tai_s,
    )
    [outcome] = jobs.take_in(coalition.nodes[reader], giver, [envelope])
    assert isinstance(outcome, Accepted)


def test_a_partner_does_not_move_our_sensor(coalition, rehearsal):
    node = coalition.nodes["AUR"]
    [own, *_] = node.config.sensors
    moved = replace(own.sensor, owner="BOR", site=replace(own.sensor.site, latitude_deg=0.0))
    said = Record(
        id=record_id("BOR", moved),
        originator="BOR",
        mode=node.config.mode,
        label=Label({"BOR": Component()}),
        content=moved,
    )
    store_as_received(coalition, "BOR", "AUR", said)
    known = known_sensors(node)[own.sensor.id]
    assert known.originator == "AUR"
    assert known.content == own.sensor
    assert isinstance(known.content, Sensor)


def test_the_originators_own_copy_counts_and_not_one_with_a_looser_label(coalition, rehearsal):
    file = first_file(rehearsal, "BOR")
    target = decode_target(coalition.deliver(file), coalition.nodes["BOR"])
    coalition.exchange()
    node = coalition.nodes["AUR"]
    direct = [e for e in node.store.observations(target=target) if e.source == "BOR"]
    assert direct
    label = Label({"BOR": Component()})
    looser = [
        replace(entry, source="CAL", body=encode(replace(decode(entry.body), label=label)))
        for entry in direct
    ]
    kept = [decode(entry.body) for entry in direct]
    assert once_each([*direct, *looser]) == once_each([*looser, *direct]) == kept
    assert label not in [record.label for record in kept]


def test_a_clock_set_back_under_a_running_node_does_not_take_it_back(coalition):
    node = coalition.nodes["AUR"]
    coalition.now_tai_s += 1000.0
    later = node.now_tai_s()
    coalition.now_tai_s -= 900.0
    assert node.now_tai_s() == later


def test_an_agreement_withdrawn_between_two_batches_releases_no_more(coalition, rehearsal, monkeypatch):
    monkeypatch.setattr(jobs, "RECORDS_PER_ENVELOPE", 2)
    node = coalition.nodes["AUR"]
    document = node.folder.agreements / "AUR-PARTNERS.toml"
    text = document.read_text()
    document.unlink()
    coalition.deliver(first_file(rehearsal, "AUR"))
    document.write_text(text)
    monkeypatch.setattr(type(node), "note_sealed", lambda _: document.unlink(missing_ok=True))
    assert 0 < jobs.share(node) <= 2
    assert jobs.share(node) == 0


def test_nothing_is_explained_as_released_while_an_agreement_cannot_be_read(coalition, rehearsal):
    coalition.deliver(first_file(rehearsal, "AUR"))
    node = coalition.nodes["AUR"]
    [track] = node.store.current_tracks()
    assert jobs.explain(node, track.id, "BOR")[1].allowed
    (node.folder.agreements / "broken.toml").write_text("id =")
    _, decision = jobs.explain(node, track.id, "BOR")
    assert not decision.allowed
    assert "broken.toml" in decision.reason


def test_a_document_that_vanishes_while_it_is_looked_at_stops_release_and_nothing_else(coalition):
    node = coalition.nodes["AUR"]
    (node.folder.agreements / ".#AUR-DOR.toml").symlink_to("nowhere")
    assert jobs.share(node) == 0
    assert "cannot be read" in node.store.log(1)[0].text
    assert node.receiver().agreements


def test_a_document_put_back_with_its_old_date_and_length_counts(coalition):
    node = coalition.nodes["AUR"]
    document = node.folder.agreements / "AUR-PARTNERS.toml"
    before, status = node.agreements(), document.stat()
    document.write_text(document.read_text().replace('purpose = "space-safety"', 'purpose = "space-sofety"'))
    os.utime(document, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert node.agreements() != before


def test_a_new_nodes_folder_is_closed_to_other_users(coalition):
    assert coalition.nodes["AUR"].folder.path.stat().st_mode & 0o077 == 0
