"""Put records into a signed envelope that continues a feed, and read its header back.

The signature covers a prefix that names its purpose, so that it can stand for nothing else, and the header's
bytes; the header binds the body by digest and the envelope before it by the digest of that one's header.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from commonsky.domain import NO_HEADER_SHA256, Envelope, EnvelopeHeader, FeedHead, Mode, Notice, Released
from commonsky.federation.keys import SigningKey, sign

ENVELOPE_TYPE = "commonsky-envelope-v1"
MAX_RECORDS_PER_ENVELOPE = 10_000
LAST_PLACE = 2**31 - 1
"""Highest generation and position: a database keeps no larger ones."""

_SIGNING_PREFIX = ENVELOPE_TYPE.encode() + b"\n"
_CANONICAL = msgspec.json.Encoder(order="sorted")
_HEADERS = msgspec.json.Decoder(EnvelopeHeader)


def seal(  # noqa: PLR0913  # what an envelope says: by whom, to whom, about which world, where in the chain, when
    records: Sequence[tuple[str, bytes]],
    *,
    previous: FeedHead,
    iss: str,
    aud: str,
    mode: Mode,
    gen: int,
    key: SigningKey,
    iat_tai_s: float,
    notices: Sequence[tuple[str, bytes]] = (),
) -> Envelope:
    """Return the next envelope on the feed of ``aud`` after ``previous``.

    ``records`` are pairs of an agreement's reference and a record's canonical JSON, ``notices`` pairs of a kind and
    the canonical JSON of its content. A ``gen`` above that of ``previous`` begins a new chain. Raises ValueError for
    no or too many of them and for a lower ``gen``.
    """
    count = len(records) + len(notices)
    if not 0 < count <= MAX_RECORDS_PER_ENVELOPE:
        raise ValueError(
            f"an envelope holds 1 to {MAX_RECORDS_PER_ENVELOPE} records and notices, not {count}"
        )
    if gen < max(previous.gen, 1):
        raise ValueError(f"generation {gen} is below that of the feed, {previous.gen}: raise it first")
    same_chain = gen == previous.gen
    body = b"".join(
        [
            *(notice_line(kind, content) for kind, content in notices),
            *(released_line(agreement, record) for agreement, record in records),
        ]
    )
    header = EnvelopeHeader(
        typ=ENVELOPE_TYPE,
        iss=iss,
        aud=aud,
        mode=mode,
        gen=gen,
        seq=previous.seq + 1 if same_chain else 1,
        prev=previous.header_sha256 if same_chain else NO_HEADER_SHA256,
        body_sha256=hashlib.sha256(body).hexdigest(),
        count=count,
        iat_tai_s=iat_tai_s,
    )
    text = _CANONICAL.encode(header).decode()
    return Envelope(header=text, signature=sign(key, signed_bytes(text)), body=body.decode())


def released_line(agreement: str, record: bytes) -> bytes:
    """Return one line of a body, its line feed included."""
    return _CANONICAL.encode(Released(agreement=agreement, record=msgspec.Raw(record))) + b"\n"


def notice_line(kind: str, content: bytes) -> bytes:
    """Return one line of a body that is a notice, its line feed included."""
    return _CANONICAL.encode(Notice(notice=kind, content=msgspec.Raw(content))) + b"\n"


def signed_bytes(header: str) -> bytes:
    """Return what the signature of an envelope covers; raises UnicodeEncodeError for text that is not Unicode."""
    return _SIGNING_PREFIX + header.encode()


def header_sha256(header: str) -> str:
    """Return the digest by which the next envelope names this one, in hexadecimal."""
    return hashlib.sha256(header.encode()).hexdigest()


def read_header(text: str) -> EnvelopeHeader:
    """Return the header that a text is the canonical JSON of.

    Raises ValueError for any other spelling (so also for doubled and unknown fields), for a type of envelope
    that is not known here, and for a generation or position below 1.
    """
    try:
        header = _HEADERS.decode(text)
        canonical = _CANONICAL.encode(header) == text.encode()
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"the header cannot be read: {error}") from error
    if not canonical:
        raise ValueError("the header is not in canonical form")
    if header.typ != ENVELOPE_TYPE:
        raise ValueError(f"the header says {header.typ!r}; this node reads {ENVELOPE_TYPE}")
    if not (1 <= header.gen <= LAST_PLACE and 1 <= header.seq <= LAST_PLACE and header.count >= 0):
        raise ValueError(f"the header's gen and seq count from 1, to {LAST_PLACE} at most")
    return header


def head_of(header: str) -> FeedHead:
    """Return where a feed stands once the envelope with this header is its last."""
    fields = read_header(header)
    return FeedHead(gen=fields.gen, seq=fields.seq, header_sha256=header_sha256(header))
