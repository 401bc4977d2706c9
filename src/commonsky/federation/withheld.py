"""What is given in the place of a body that may not go out any more, so that the chain behind it goes on.

A header is signed, and the next one names it: what was sealed cannot be taken out of a feed without breaking it for
the reader. So the header stays, and in the place of its body stands one line in which the issuer says, signed for
this purpose only and for this header, that it withholds it. Without that signature whoever carries a feed could empty
envelopes on the way, and the reader's cursor would pass over them.

The line is signed together with the header, by the same key, and kept: a reader that lags behind checks both by the
key that it knows, whatever key came after.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from commonsky.federation.keys import SigningKey, VerifyKey, sign, verifies
from commonsky.federation.seal import header_sha256

_SIGNING_PREFIX = b"commonsky-withheld-v1\n"
_CANONICAL = msgspec.json.Encoder(order="sorted")
_BEGINS_RECORD = '{"agreement":'


class Withheld(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one line of such a body: the digest of the header that it belongs to, and the issuer's signature."""

    withheld: str
    signature: str


class _UnderAgreement(Struct):
    agreement: str


_LINES = msgspec.json.Decoder(Withheld)
_AGREEMENTS = msgspec.json.Decoder(_UnderAgreement)


def withheld_body(header: str, key: SigningKey) -> str:
    """Return what stands for the body of the envelope with this header once it may not go out any more."""
    signature = sign(key, _SIGNING_PREFIX + header.encode())
    line = Withheld(withheld=header_sha256(header), signature=signature)
    return _CANONICAL.encode(line).decode() + "\n"


def is_withheld(header: str, body: str, keys: Iterable[VerifyKey]) -> bool:
    """Whether the body says that it is withheld from the envelope with this header, signed by one of these keys."""
    if not body.startswith('{"signature":'):
        return False
    try:
        line = _LINES.decode(body)
        canonical = _CANONICAL.encode(line) + b"\n" == body.encode()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    signed = _SIGNING_PREFIX + header.encode()
    ours = canonical and line.withheld == header_sha256(header)
    return ours and any(verifies(key, line.signature, signed) for key in keys)


def agreements_in(body: str) -> frozenset[str]:
    """Return the references of the agreements under which the records of a body are released."""
    found: set[str] = set()
    begins = "\n"
    for line in body.split("\n"):
        if line.startswith(begins) or not line.startswith(_BEGINS_RECORD):
            continue
        agreement = _AGREEMENTS.decode(line).agreement
        begins = f"{_BEGINS_RECORD}{msgspec.json.encode(agreement).decode()},"
        found.add(agreement)
    return frozenset(found)
