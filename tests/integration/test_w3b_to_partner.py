"""Real tracking of a real satellite, from the message to a partner's node, and not to the member without agreement.

The satellite leaks and its stations are biased, so its owner's configuration says what to estimate beside the
orbit. Once by the jobs, once as a user types it.
"""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from commonsky.astro.time import tai_s_from_utc
from commonsky.cli import main
from commonsky.domain import IdentityClaim, Member, MemberKind, Mode, Track
from commonsky.federation import encode_wire
from commonsky.federation.keys import public_hex, read_private_pem, signing_key
from commonsky.formats.canonical import decode
from commonsky.formats.sites import read_sites
from commonsky.node import jobs
from commonsky.node.config import Estimation, NodeConfig, OwnSensor, Peer
from commonsky.node.start import found_node, open_node
from commonsky.tracking import Estimated, predict_with_covariance
from signing import sign_for_all

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "orekit" / "w3b.json").read_text())
OWNER, PARTNER, OUTSIDER = "EUT", "ALY", "NIL"
KEYS = {name: signing_key(name.encode().ljust(32, b".")) for name in (OWNER, PARTNER, OUTSIDER)}
ESTIMATE = ["range-bias", "azimuth-bias", "elevation-bias", "drag", "empirical", "empirical-rate"]
WEEK_S = 604_800.0
AGREEMENT = """
id = "EUT-ALY"
version = 1
title = "Where our satellites are"
giver = "EUT"
readers = ["ALY"]
purpose = "space-safety"
mode = "REAL"
from_utc = "2010-01-01T00:00:00Z"
until_utc = "2110-01-01T00:00:00Z"

[[clause]]
id = "orbits"
kinds = ["track", "identity_claim"]
"""


def member(name):
    return Member(id=name, name=f"The {name}", kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


def found(folder, name, **more):
    peers = tuple(Peer(member=member(one), url="http://127.0.0.1:1") for one in KEYS if one != name)
    config = NodeConfig(
        operation="Common Sky",
        mode=Mode.REAL,
        member=member(name),
        url="http://127.0.0.1:1",
        peers=peers,
        **more,
    )
    home = found_node(folder / name, config, KEYS[name])
    if name != OUTSIDER:
        sign_for_all(home.agreements, AGREEMENT, KEYS)
    return open_node(home.path)


@pytest.fixture(scope="module")
def nodes(w3b, tmp_path_factory):
    """Three nodes after the owner has taken the message in, and the partners have pulled."""
    message, sites = w3b
    stations = read_sites(sites.read_bytes(), source="sites", owner=OWNER).sensors.values()
    folder = tmp_path_factory.mktemp("coalition")
    made = {
        OWNER: found(
            folder,
            OWNER,
            sensors=tuple(OwnSensor(sensor=one) for one in stations),
            estimation=(
                Estimation(
                    target="W3B",
                    estimate=frozenset(Estimated(name) for name in ESTIMATE),
                    span_s=WEEK_S,
                    radiation_cr_area_over_mass=0.02624,
                ),
            ),
        ),
        PARTNER: found(folder, PARTNER),
        OUTSIDER: found(folder, OUTSIDER),
    }
    jobs.declare_sensors(made[OWNER])
    intake = jobs.ingest(made[OWNER], message.read_bytes(), message.name)
    arrivals = {
        name: jobs.receive(made[name], OWNER, feed_of(made[OWNER], name)) for name in (PARTNER, OUTSIDER)
    }
    yield made, intake, arrivals
    for node in made.values():
        node.store.close()


def feed_of(node, reader):
    return lambda head: encode_wire(node.store.feed_after(reader, head.seq, 100, gen=head.gen))


def the_track(node):
    [entry] = node.store.current_tracks()
    track = decode(entry.body).content
    assert isinstance(track, Track)
    return entry, track


def test_the_message_becomes_one_track_from_all_observations(nodes):
    made, intake, _ = nodes
    assert intake.records == 182 + 339
    assert intake.rejected == ()
    entry, track = the_track(made[OWNER])
    assert intake.tracks == (entry.id,)
    assert track.observation_count == intake.records
    [claim] = [decode(one.body).content for one in made[OWNER].store.claims()]
    assert claim == IdentityClaim(
        track_id=track.track_id, designator="W3B", confidence=1.0 - 0.5**5, basis=claim.basis
    )


def test_the_track_with_its_covariance_agrees_with_what_another_program_finds(nodes):
    _, track = the_track(nodes[0][OWNER])
    assert track.weighted_rms < 1.5
    there, covariances = predict_with_covariance(track, [tai_s_from_utc(GOLDEN["orbit"]["epoch_utc"])])
    difference = there[0] - GOLDEN["orbit"]["gcrf"]
    combined = covariances[0] + GOLDEN["orbit"]["covariance_gcrf"]
    assert difference @ np.linalg.solve(combined, difference) < 1.0
    assert np.linalg.norm(difference[:3]) < 500.0


def test_the_track_reaches_the_partner_bit_for_bit_and_the_other_not_at_all(nodes):
    made, _, arrivals = nodes
    _, track = the_track(made[OWNER])
    entry, held = the_track(made[PARTNER])
    assert held == track
    assert (entry.source, entry.originator, entry.agreement) == (OWNER, OWNER, "EUT-ALY@1")
    assert decode(entry.body).inputs == ()
    assert arrivals[PARTNER].records == 2
    assert arrivals[OUTSIDER].envelopes == 0
    assert made[OUTSIDER].store.current_tracks() == []
    assert made[OWNER].store.feed_after(OUTSIDER, 0, 1, gen=0) == []


def test_no_observation_of_it_reaches_anybody(nodes):
    made, *_ = nodes
    assert made[PARTNER].store.observations() == made[OUTSIDER].store.observations() == []


def test_explain_says_by_which_clause_for_both(nodes, capsys):
    made, *_ = nodes
    entry, _ = the_track(made[OWNER])
    arguments = ["explain", entry.id, "--node", str(made[OWNER].folder.path), "--json", "--to"]
    assert main([*arguments, PARTNER]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["released"], said["agreement"], said["clause"]) == (True, "EUT-ALY@1", "orbits")
    assert said["history"][0]["released"] is True
    assert main([*arguments, OUTSIDER]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["released"], said["agreement"], said["clause"]) == (False, None, None)
    assert said["reason"] == f"no agreement covers {OUTSIDER}"


def test_the_message_again_changes_nothing(nodes, w3b):
    made, *_ = nodes
    before = the_track(made[OWNER])
    again = jobs.ingest(made[OWNER], w3b[0].read_bytes(), "again.tdm")
    assert (again.records, again.duplicates, again.tracks) == (0, 182 + 339, ())
    assert the_track(made[OWNER]) == before


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"estimate": ["charm"]}, "charm"),
        ({"estimate": ["empirical-rate"]}, "together with its constant"),
        ({"prior_sigmas": {"drag": 0.1}}, "not estimated: drag"),
        ({"span_s": 0.0}, "span_s must be positive"),
        ({"spam_s": 1.0}, "spam_s"),
    ],
)
def test_an_estimation_that_makes_no_sense_is_refused_with_the_file_and_the_reason(
    tmp_path, capsys, section, words
):
    main(["node", "init", str(tmp_path / "eut"), "--member", OWNER, "--name", "Eut"])
    edit(tmp_path / "eut" / "node.toml", estimation=[{"target": "W3B", **section}])
    capsys.readouterr()
    assert main(["node", "records", str(tmp_path / "eut")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "node.toml" in said
    assert words in said


def edit(file, **changes):
    file.write_text(tomli_w.dumps(tomllib.loads(file.read_text()) | changes))


def test_the_same_as_a_user_types_it(w3b, tmp_path, capsys):
    message, sites = w3b
    home = tmp_path / "eut"

    def typed(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    typed("node", "init", home, "--member", OWNER, "--name", "Eut")
    for name in (PARTNER, OUTSIDER):
        key = public_hex(KEYS[name])
        typed("node", "partner", home, name, "--name", name, "--key", key, "--url", "http://127.0.0.1:9")
    stations = [{"sensor": sensor_fields(one)} for one in tomllib.loads(sites.read_text())["sensor"]]
    wanted = {
        "target": "W3B",
        "estimate": ESTIMATE,
        "span_s": WEEK_S,
        "radiation_cr_area_over_mass": 0.02624,
    }
    edit(home / "node.toml", sensors=stations, estimation=[wanted])
    own_key = read_private_pem((home / "node.key").read_bytes())
    sign_for_all(home / "agreements", AGREEMENT, KEYS | {OWNER: own_key})
    [taken] = json.loads(typed("node", "ingest", home, message, "--json"))["files"]
    assert (taken["new records"], taken["rejected"]) == (182 + 339, 0)
    [track] = json.loads(typed("node", "records", home, "--json"))
    assert track["record"] == taken["tracks"]
    explained = ["explain", track["record"], "--node", home, "--json", "--to"]
    assert json.loads(typed(*explained, PARTNER))["clause"] == "orbits"
    assert json.loads(typed(*explained, OUTSIDER))["released"] is False
    assert "EUT-ALY@1" in typed("explain", track["record"], "--node", home, "--to", PARTNER)


def sensor_fields(one):
    place = {key: one.pop(key) for key in ("latitude_deg", "longitude_deg", "height_m")}
    return {**one, "owner": OWNER, "site": {"id": one["id"], **place}}
