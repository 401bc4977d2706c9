"""A signed, hash-chained batch of records on its way from one member to another."""

from msgspec import Raw, Struct

from commonsky.domain.mode import Mode


class EnvelopeHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed. Field names follow JSON Web Token usage where they have a match.

    Attributes
    ----------
    iss, aud
        Issuing member and the one audience.
    gen
        Generation of the issuer's node: rises when it is restored from a backup, so that a fork shows.
    seq
        Position on the feed of this audience, from 1, without gaps.
    prev
        SHA-256 of the previous envelope's header, hexadecimal; 64 zeros for the first.
    body_sha256, count
        Digest of the body's bytes and number of records in it.
    iat_tai_s
        Time of issue.

    """

    typ: str
    iss: str
    aud: str
    mode: Mode
    gen: int
    seq: int
    prev: str
    body_sha256: str
    count: int
    iat_tai_s: float


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Header, signature and body as they travel; text, so that the bytes can be kept exactly as received.

    ``header`` is the canonical JSON of an `EnvelopeHeader`, ``signature`` Ed25519 over it in hexadecimal, and
    ``body`` one canonical JSON line per released record or notice.
    """

    header: str
    signature: str
    body: str


class Released(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a body: a record's canonical JSON as its originator wrote it, and the agreement it came under."""

    agreement: str
    record: Raw
