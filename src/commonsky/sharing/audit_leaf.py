"""What a leaf of the audit tree says: that a decision was taken, or that an envelope was put on a feed.

A leaf's content is canonical JSON: an array of the values of `DECISION_FIELDS` or `ENVELOPE_FIELDS` in their order. Its
hash covers a salt that only the log's owner knows until it shows the leaf, so that whoever sees hashes (a witness, the
reader of a proof) learns how many leaves there are and nothing else. The salts of a block of leaves are one stretch of
SHAKE-256 from a secret and the block's number: showing one tells nothing of the others.

The trace of a decision speaks of agreements with others and is not shown with it: a leaf holds its HMAC, under a key
that only an open export shows.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256, shake_256

import msgspec

from commonsky.sharing.merkle import BLOCK

SALT_BYTES = 16
SECRET_BYTES = 32
DECISION = "commonsky-decision-v1"
ENVELOPE = "commonsky-sent-v1"

DECIDED = ("record", "reader", "allowed", "agreement", "clause", "reason", "decided_tai_s", "form")
"""What a leaf holds of a decision itself."""

Decided = tuple[str, str, bool, str | None, str | None, str, float, str | None]
"""The values of `DECIDED`; the form is canonical JSON, ``None`` for a record as it is."""

Said = tuple[str, bool, str | None, str | None, str, float, str | None]
"""The same without the record."""

DECISION_FIELDS = ("type", *DECIDED, "record_sha256", "policy_sha256", "trace_hmac")
"""Digests are base64. That of the record is over its canonical JSON, label and lineage included; that of the policy
over the agreements that were decided under. ``null`` stands where these were not kept.
A trace that is not kept counts as an empty one."""

ENVELOPE_FIELDS = ("type", "aud", "gen", "seq", "header_sha256", "signature")
"""The header holds the digest of the body, and that of the header before it."""

_ENCODE = msgspec.json.Encoder().encode


def decision_leaf(
    what: Decided, record_sha256: bytes, policy_sha256: bytes | None, trace_hmac: bytes
) -> bytes:
    """Return the content of a decision's leaf; the time must be a float, as a database gives it."""
    return _ENCODE((DECISION, *what, record_sha256, policy_sha256, trace_hmac))


def decision_leaves(
    said: Sequence[Said],
    rows: Iterable[tuple[int, str, bytes]],
    policy_sha256: bytes | None,
    trace_hmac: bytes,
) -> Iterator[bytes]:
    """Give the contents of the leaves of decisions that have one trace, as `decision_leaf` gives them.

    Of each decision come the place in ``said`` of what it says, the id of its record and the record's digest.
    """
    begin = _ENCODE((DECISION,))[:-1] + b","
    middles = [b"," + _ENCODE(one)[1:-1] + b',"' for one in said]
    end = b'",' + _ENCODE((policy_sha256, trace_hmac))[1:]
    for number, record, digest in rows:
        yield begin + _ENCODE(record) + middles[number] + b2a_base64(digest, newline=False) + end


def envelope_leaf(aud: str, gen: int, seq: int, header_sha256: str, signature: str) -> bytes:
    """Return the content of the leaf of an envelope that was put on the feed of ``aud``."""
    return _ENCODE((ENVELOPE, aud, gen, seq, header_sha256, signature))


def trace_key(secret: bytes) -> bytes:
    """Return the key of the traces; who is shown it learns no salt."""
    return hmac.digest(secret, b"commonsky-audit-trace-v1", "sha256")


@lru_cache(maxsize=4_096)
def trace_hmac(key: bytes, trace: str) -> bytes:
    """Return what a leaf holds of a trace, whose tests are joined by line feeds."""
    return hmac.digest(key, trace.encode(), "sha256")


def salt_of(secret: bytes, index: int) -> bytes:
    """Return the salt of one leaf."""
    return _beginnings(secret, index // BLOCK)[index % BLOCK][1:]


def leaf_hashes(secret: bytes, first: int, contents: Sequence[bytes]) -> bytes:
    """Return the hashes of leaves that stand one after the other from index ``first`` on, in one run of bytes.

    They are what `commonsky.sharing.merkle.leaf_hash` gives for salt and content.
    """
    hashes: list[bytes] = []
    while len(hashes) < len(contents):
        done = len(hashes)
        block, within = divmod(first + done, BLOCK)
        begun = _beginnings(secret, block)[within:]
        hashes += [
            sha256(begin + content).digest()
            for begin, content in zip(begun, contents[done : done + len(begun)], strict=False)
        ]
    return b"".join(hashes)


@lru_cache(maxsize=4)
def _beginnings(secret: bytes, block: int) -> tuple[bytes, ...]:
    """What is hashed before the content of each leaf of a block: the mark of a leaf, and its salt."""
    salts = shake_256(b"salt" + secret + block.to_bytes(8, "big")).digest(BLOCK * SALT_BYTES)
    return tuple(b"\0" + salts[k : k + SALT_BYTES] for k in range(0, len(salts), SALT_BYTES))
