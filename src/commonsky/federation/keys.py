"""Ed25519 keys (RFC 8032) as bytes and text; where they are kept, and how safely, is the node's affair.

A private key file holds `private_pem` and belongs in a file that only the node's user can read (mode 0600).
"""

import re

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SigningKey = Ed25519PrivateKey
VerifyKey = Ed25519PublicKey

ENTROPY_BYTES = 32

_PUBLIC_HEX = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_HEX = re.compile(r"[0-9a-f]{128}")


def signing_key(entropy: bytes) -> SigningKey:
    """Return the private key that 32 random bytes stand for; the same bytes give the same key.

    Raises ValueError for another number of bytes.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a signing key is made of {ENTROPY_BYTES} random bytes, not {len(entropy)}")
    return SigningKey.from_private_bytes(entropy)


def derived_key(key: SigningKey, purpose: bytes) -> SigningKey:
    """Return a key that follows from another one and serves a purpose of its own (HKDF, RFC 5869, SHA-256).

    Who sees what it signs, or chooses what it signs, learns nothing that the other key's signatures would mean.
    """
    hkdf = HKDF(algorithm=hashes.SHA256(), length=ENTROPY_BYTES, salt=None, info=purpose)
    return signing_key(hkdf.derive(key.private_bytes_raw()))


def private_pem(key: SigningKey) -> bytes:
    """Return the private key as unencrypted PKCS #8 in PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_private_pem(data: bytes) -> SigningKey:
    """Return the private key in a PEM file's bytes; raises ValueError for anything but an Ed25519 key."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"this is no unencrypted private key in PEM: {error}") from error
    if not isinstance(key, SigningKey):
        raise ValueError("this is a private key of another kind than Ed25519")  # noqa: TRY004  # bytes, not a type
    return key


def public_hex(key: SigningKey | VerifyKey) -> str:
    """Return the public key as `Member.public_key` has it: 32 bytes in lower-case hexadecimal."""
    public = key.public_key() if isinstance(key, SigningKey) else key
    return public.public_bytes_raw().hex()


def verify_key(text: str) -> VerifyKey:
    """Return the public key that 64 lower-case hexadecimal digits stand for; raises ValueError otherwise."""
    if not _PUBLIC_HEX.fullmatch(text):
        raise ValueError("a public key is 64 lower-case hexadecimal digits")
    return VerifyKey.from_public_bytes(bytes.fromhex(text))


def sign(key: SigningKey, message: bytes) -> str:
    """Return the signature of the message in lower-case hexadecimal (128 digits)."""
    return key.sign(message).hex()


def verifies(key: VerifyKey, signature: str, message: bytes) -> bool:
    """Whether ``signature``, in lower-case hexadecimal, is this key's signature of the message."""
    if not _SIGNATURE_HEX.fullmatch(signature):
        return False
    try:
        key.verify(bytes.fromhex(signature), message)
    except InvalidSignature:
        return False
    return True
