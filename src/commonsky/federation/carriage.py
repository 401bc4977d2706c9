"""The first line of a file that carries a feed by hand: who sends it to whom, and from where to where.

The envelopes behind it are those of any other link and stand for themselves. What this line adds is signed by the
sender under a prefix of its own: that the file is for us, where it should end (so that one which was cut off says
so), and how far the sender holds our own feed, which is how an acknowledgement comes back across an air gap.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from commonsky.domain import FeedHead, Mode
from commonsky.federation.certificates import bridged
from commonsky.federation.keys import SigningKey, VerifyKey, sign, verifies
from commonsky.federation.seal import LAST_PLACE

CARRIAGE_TYPE = "commonsky-carriage-v1"
MAX_FIRST_LINE_BYTES = 65_536

_SIGNING_PREFIX = CARRIAGE_TYPE.encode() + b"\n"
_CANONICAL = msgspec.json.Encoder(order="sorted")


class CarriageHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed.

    Attributes
    ----------
    iss, aud
        The member that wrote the file, and the one it is for.
    after, through
        The envelopes in the file are those of the feed of ``iss`` for ``aud`` behind one place up to another.
    holds
        How far ``iss`` holds the feed of ``aud`` for it.
    iat_tai_s
        When the file was written.
    bridges
        The old keys' word on the keys that followed them (`certificates`), as PEM: a reader may know an old one yet.

    """

    typ: str = CARRIAGE_TYPE
    iss: str
    aud: str
    mode: Mode
    after: FeedHead
    through: FeedHead
    holds: FeedHead
    iat_tai_s: float
    bridges: str = ""


class _FirstLine(Struct, frozen=True, forbid_unknown_fields=True):
    header: str
    signature: str


_HEADERS = msgspec.json.Decoder(CarriageHeader)
_FIRST_LINES = msgspec.json.Decoder(_FirstLine)


class CarriageError(ValueError):
    """A file that is not taken in at all, and why."""


def sign_carriage(header: CarriageHeader, key: SigningKey) -> bytes:
    """Return the first line of a carried file, its line feed included."""
    text = _CANONICAL.encode(header)
    return _CANONICAL.encode(_FirstLine(text.decode(), sign(key, _SIGNING_PREFIX + text))) + b"\n"


def read_carriage(line: bytes, *, own: str, mode: Mode, keys: Mapping[str, VerifyKey]) -> CarriageHeader:
    """Return what a first line says, once it is proven to be a partner's word to us; raises CarriageError."""
    try:
        first = _FIRST_LINES.decode(line)
        header = _HEADERS.decode(first.header)
        text = first.header.encode()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise CarriageError("is no file that carries a feed, or its first line is damaged") from None
    if header.typ != CARRIAGE_TYPE or _CANONICAL.encode(header) != text:
        raise CarriageError(f"says it is {header.typ!r}; this node reads {CARRIAGE_TYPE} in canonical form")
    key = keys.get(header.iss)
    if key is None:
        raise CarriageError(f"says it is from {header.iss}, and no key is pinned for that member here")
    if not any(verifies(one, first.signature, _SIGNING_PREFIX + text) for one in _keys(header, key)):
        raise CarriageError(f"is not signed by {header.iss}'s pinned key: forged, damaged, or of an old key")
    if header.aud != own:
        raise CarriageError(f"is for {header.aud}, and we are {own}")
    if header.mode is not mode:
        raise CarriageError(f"is of mode {header.mode}, and this node works in {mode}")
    _check_places(header)
    return header


def _keys(header: CarriageHeader, known: VerifyKey) -> list[VerifyKey]:
    """The key that we know of the sender, and those that it says have followed."""
    try:
        return [known, *bridged(header.iss, known, header.bridges.encode())]
    except ValueError:
        return [known]


def _check_places(header: CarriageHeader) -> None:
    for head in (header.after, header.through, header.holds):
        if not (0 <= head.gen <= LAST_PLACE and 0 <= head.seq <= LAST_PLACE):
            raise CarriageError(f"names a place that no feed has: {head.gen}.{head.seq}")
