"""Bridges lead from a known key of a member to its newest, and from nowhere else."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from commonsky.federation.certificates import _LONG_AGO, _NEVER, _member_name, bridge, bridged
from commonsky.federation.keys import signing_key
from partners import GIVER, KEYS, READER

A, B, C = (signing_key(letter * 32) for letter in (b"a", b"b", b"c"))
PUBLIC_A, PUBLIC_B, PUBLIC_C = (key.public_key() for key in (A, B, C))


def test_bridges_are_followed_in_whatever_order_they_stand():
    one, two = bridge(GIVER, A, PUBLIC_B), bridge(GIVER, B, PUBLIC_C)
    for bridges in (one + two, two + one, one + two + one):
        assert bridged(GIVER, PUBLIC_A, bridges) == [PUBLIC_B, PUBLIC_C]
        assert bridged(GIVER, PUBLIC_B, bridges) == [PUBLIC_C]
        assert bridged(GIVER, PUBLIC_C, bridges) == []


def test_the_same_roll_makes_the_same_bridge():
    assert bridge(GIVER, A, PUBLIC_B) == bridge(GIVER, A, PUBLIC_B)


def test_a_bridge_of_another_member_or_of_a_key_that_was_not_reached_leads_nowhere():
    assert bridged(GIVER, PUBLIC_A, bridge(READER, A, PUBLIC_B)) == []
    assert bridged(GIVER, PUBLIC_A, bridge(GIVER, B, PUBLIC_C)) == []
    assert bridged(GIVER, PUBLIC_A, bridge(GIVER, KEYS[READER], PUBLIC_A)) == []
    assert bridged(GIVER, PUBLIC_A, b"") == []


def test_bridges_in_a_circle_end():
    circle = bridge(GIVER, A, PUBLIC_B) + bridge(GIVER, B, PUBLIC_A)
    assert bridged(GIVER, PUBLIC_A, circle) == [PUBLIC_B]


def test_certificates_of_other_kinds_lead_nowhere_and_junk_is_refused():
    other = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(_member_name(GIVER))
        .issuer_name(_member_name(GIVER))
        .public_key(other.public_key())
        .serial_number(1)
        .not_valid_before(_LONG_AGO)
        .not_valid_after(_NEVER)
        .sign(other, SHA256())
    )
    assert bridged(GIVER, PUBLIC_A, made.public_bytes(Encoding.PEM)) == []
    for junk in (b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError, match=r".+"):
            bridged(GIVER, PUBLIC_A, junk)
