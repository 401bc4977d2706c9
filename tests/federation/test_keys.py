"""Keys come from entropy alone and survive being written down."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from commonsky.federation.keys import (
    private_pem,
    public_hex,
    read_private_pem,
    sign,
    signing_key,
    verifies,
    verify_key,
)

# RFC 8032, 7.1, TEST 2: secret key, public key, message, signature.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
MESSAGE = bytes.fromhex("72")
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_rfc_8032():
    key = signing_key(bytes.fromhex(SECRET))
    assert public_hex(key) == PUBLIC
    assert sign(key, MESSAGE) == SIGNATURE
    assert verifies(verify_key(PUBLIC), SIGNATURE, MESSAGE)


def test_a_private_key_survives_its_file():
    key = signing_key(bytes(range(32)))
    assert public_hex(read_private_pem(private_pem(key))) == public_hex(key)


@pytest.mark.parametrize("entropy", [b"", bytes(31), bytes(33)])
def test_a_key_is_made_of_32_bytes(entropy):
    with pytest.raises(ValueError, match="32 random bytes"):
        signing_key(entropy)


@pytest.mark.parametrize("text", ["", PUBLIC[:-1], PUBLIC.upper(), "0x" + PUBLIC[2:], PUBLIC + "\n"])
def test_a_public_key_has_one_spelling(text):
    with pytest.raises(ValueError, match="64 lower-case"):
        verify_key(text)


def test_a_file_that_is_no_ed25519_key_is_refused():
    other = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="another kind"):
        read_private_pem(other)
    with pytest.raises(ValueError, match="no unencrypted private key"):
        read_private_pem(b"-----BEGIN NONSENSE-----")


@pytest.mark.parametrize(
    "signature",
    ["", SIGNATURE.upper(), SIGNATURE[:-2], SIGNATURE + "00", "z" * 128, SIGNATURE.replace("92a0", "92a1")],
)
def test_a_signature_in_any_other_form_verifies_nothing(signature):
    assert not verifies(verify_key(PUBLIC), signature, MESSAGE)
