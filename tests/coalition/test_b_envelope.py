"""Adversarial tests, group B: envelopes that are repeated, reordered, cut, forwarded, forged or of another history."""

import hmac

import pytest
from msgspec.structs import replace
from simulation.hostile import NEVER_ACCEPTED, Hostile, envelope
from simulation.stage import stage
from simulation.world import KEYS, MODE, PUBLIC

from commonsky.domain import FeedHead
from commonsky.federation import encode_wire
from commonsky.federation.carriage import CarriageHeader, sign_carriage
from commonsky.federation.keys import sign, signing_key
from commonsky.federation.seal import head_of


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path, "NOR", "GBR", "FRA") as made:
        made.agree("NOR", "GBR")
        made.agree("NOR", "FRA")
        yield made


@pytest.fixture
def dark(tmp_path):
    with stage(tmp_path, "NOR", "GBR", "FRA", "POL", hostile="NOR") as made:
        made.agree("NOR", "GBR")
        yield made


def sent(scene, count, reader="GBR"):
    """Envelopes that NOR put on a feed, none of them pulled yet."""
    for _ in range(count):
        scene.make("NOR")
    return scene.life("NOR").store.feed_after(reader, 0, 100, gen=0)


def test_b_replay(scene):
    envelopes = sent(scene, 3)
    assert scene.give("GBR", "NOR", envelopes).envelopes == 3
    again = scene.give("GBR", "NOR", envelopes)
    assert (again.envelopes, again.records, len(again.refused)) == (0, 0, 3)
    assert len(scene.held("GBR")) == 3
    assert scene.apart("GBR") == {}


def test_b_reorder(scene):
    one, two, three = sent(scene, 3)
    assert scene.give("GBR", "NOR", [three, two, one]).envelopes == 1
    assert scene.life("GBR").store.cursor("NOR") == head_of(one.header)
    assert scene.give("GBR", "NOR", [two, three]).envelopes == 2


def test_b_gap(scene):
    one, _, three = sent(scene, 3)
    came = scene.give("GBR", "NOR", [one, three])
    assert (came.envelopes, len(came.refused)) == (1, 1)
    scene.peace()
    assert len(scene.held("GBR")) == 3


def test_b_truncate_at_each_byte(scene):
    """Whatever comes of a transmission that breaks off is what was whole in it."""
    wire = encode_wire(sent(scene, 2))
    first = wire.index(b"\n")
    for end in (0, 1, first - 1, first, first + 1, len(wire) // 2, len(wire) - 2):
        scene.give("GBR", "NOR", wire[:end])
        stands = scene.life("GBR").store.cursor("NOR").seq
        assert stands == (0 if end < first else 1)
    scene.give("GBR", "NOR", wire)
    assert len(scene.held("GBR")) == 2


def test_b_truncate_the_body(scene):
    (whole,) = sent(scene, 1)
    came = scene.give("GBR", "NOR", [replace(whole, body=whole.body[:-2]), replace(whole, body="")])
    assert came.envelopes == 0
    assert "body_digest" in scene.apart("GBR")


def test_b_cross_audience_forward(scene):
    """What FRA was given, FRA gives GBR as if it had come for GBR."""
    came = scene.give("GBR", "NOR", sent(scene, 1, reader="FRA"))
    assert came.envelopes == 0
    assert "is for FRA" in scene.apart("GBR")["wrong_audience"]


def test_b_issuer_swap(scene):
    """NOR's own envelope, whole and true, in the place of FRA's answer."""
    came = scene.give("GBR", "FRA", sent(scene, 1))
    assert came.envelopes == 0
    assert "wrong_issuer" in scene.apart("GBR")


@pytest.mark.parametrize("trick", sorted(NEVER_ACCEPTED))
def test_b_trick_of_a_partner_with_its_true_key(dark, trick):
    for _ in range(3):
        dark.trick("GBR", "honest")
    stands = dark.life("GBR").store.cursor("NOR")
    came = dark.trick("GBR", trick)
    assert (came.envelopes, came.records) == (0, 0)
    after = dark.life("GBR").store.cursor("NOR")
    assert replace(after, stopped=False) == stands
    assert after.stopped == (trick == "fork_ahead")


@pytest.mark.parametrize("signature", ["", "none", "0" * 128, "ed25519", "f" * 128])
def test_b_algorithm_none(scene, signature):
    (whole,) = sent(scene, 1)
    assert scene.give("GBR", "NOR", [replace(whole, signature=signature)]).envelopes == 0
    assert "bad_signature" in scene.apart("GBR")


def test_b_public_key_as_a_shared_secret(scene):
    """HS256 confusion: a MAC with the key that everybody knows is no signature."""
    (whole,) = sent(scene, 1)
    mac = hmac.digest(PUBLIC["NOR"].public_bytes_raw(), whole.header.encode(), "sha256").hex()
    for signature in (mac, mac * 2):
        assert scene.give("GBR", "NOR", [replace(whole, signature=signature)]).envelopes == 0


@pytest.mark.parametrize(
    "purpose",
    [
        b"",
        b"commonsky-pull-v1\n",
        b"commonsky-agreement-v1\n",
        b"commonsky-carriage-v1\n",
        b"commonsky-envelope-v2\n",
        b"commonsky-audit-v1\n",
    ],
)
def test_b_domain_confusion(dark, purpose):
    """A signature that NOR made for another purpose stands for no release."""
    mind = dark.mind("GBR")
    forged = mind._next(dark.life("GBR").store.cursor("NOR"), prefix=purpose)
    assert dark.give("GBR", "NOR", [forged]).envelopes == 0
    assert "bad_signature" in dark.apart("GBR")


def test_b_a_file_cover_is_no_envelope(scene):
    cover = CarriageHeader(
        iss="NOR",
        aud="GBR",
        mode=MODE,
        after=FeedHead(),
        through=FeedHead(),
        holds=FeedHead(),
        iat_tai_s=scene.life("NOR").now(),
    )
    assert scene.give("GBR", "NOR", sign_carriage(cover, KEYS["NOR"])).envelopes == 0


def test_b_stale_key(scene):
    """A key that is no longer the pinned one signs nothing any more, whatever the place in the chain."""
    old = signing_key(b"an old key of NOR, thirty-two by".ljust(32, b"."))
    head = scene.life("GBR").store.cursor("NOR")
    forged = envelope(
        [],
        key=old,
        iss="NOR",
        aud="GBR",
        gen=1,
        seq=1,
        prev=head.header_sha256,
        iat_tai_s=scene.life("NOR").now(),
    )
    assert scene.give("GBR", "NOR", [forged]).envelopes == 0
    assert "pinned key" in scene.apart("GBR")["bad_signature"]


def test_b_rollback_from_a_backup(dark):
    """After a higher generation was seen, nothing of a lower one is taken."""
    dark.trick("GBR", "honest")
    dark.trick("GBR", "new_generation")
    assert dark.life("GBR").store.cursor("NOR").gen == 2
    assert dark.trick("GBR", "rollback").envelopes == 0
    assert "rollback" in dark.apart("GBR")


def test_b_fork_evidence(dark):
    """Two envelopes for one place, both signed: the feed stops, and the second one is kept to be shown."""
    dark.trick("GBR", "honest")
    evil = Hostile(dark.world, dark.life("NOR"), dark.life("GBR"), dark.chance)
    (other,) = evil.trick_fork(dark.life("GBR").store.cursor("NOR"))
    dark.give("GBR", "NOR", [other])
    assert dark.life("GBR").store.cursor("NOR").stopped
    (kept,) = dark.life("GBR").store.quarantined(source="NOR")
    assert kept.code == "fork"
    assert other.header in kept.data.decode()
    assert other.signature in kept.data.decode()
    held = dark.life("GBR").store.received("NOR", 0, 10, gen=0)[0]
    assert held.header != other.header
    assert dark.trick("GBR", "honest").envelopes == 0


def test_b_a_signature_covers_the_header_alone_and_the_header_the_body(scene):
    (whole,) = sent(scene, 1)
    forged = replace(whole, signature=sign(KEYS["FRA"], whole.header.encode()))
    assert scene.give("GBR", "NOR", [forged]).envelopes == 0
    assert scene.give("GBR", "NOR", [whole]).envelopes == 1
