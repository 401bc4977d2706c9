"""A passkey authenticator in software, which can be told to lie, for the tests of logging in."""

import hashlib
import json

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

ORIGIN = "http://localhost:8701"


class Authenticator:
    """One key, made when it is asked for; ``count`` is what it says that it has signed."""

    def __init__(self, number=1):
        self.id = f"credential {number}".encode().ljust(32, b".")
        self.count = 0
        self._key = ec.derive_private_key(0x5EED + number, ec.SECP256R1())

    def create(self, options, *, origin=ORIGIN, kind="webauthn.create"):
        numbers = self._key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, **point})
        held = b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + public
        said = self._said(options["rp"]["id"], flags=0x45) + held
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        client = _client(kind, options["challenge"], origin)
        return self._answer(client, attestationObject=attestation, transports=[])

    def get(self, options, *, origin=ORIGIN, kind="webauthn.get", rp=None, flags=0x05, step=1):
        self.count += step
        said = self._said(rp or options["rpId"], flags=flags)
        client = _client(kind, options["challenge"], origin)
        signature = self._key.sign(said + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(client, authenticatorData=said, signature=signature)

    def _said(self, rp, *, flags):
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, client, **parts):
        name = bytes_to_base64url(self.id)
        coded = {key: bytes_to_base64url(v) if isinstance(v, bytes) else v for key, v in parts.items()}
        response = {"clientDataJSON": bytes_to_base64url(client), **coded}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _client(kind, challenge, origin):
    assert base64url_to_bytes(challenge)
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()
