"""Where a receiver stands on a feed, and what an envelope that passed every test brings."""

from msgspec import Struct

from commonsky.domain.envelope import EnvelopeHeader
from commonsky.domain.notice import ReceivedNotice
from commonsky.domain.record import Record

NO_HEADER_SHA256 = "0" * 64
"""Stands for the header before the first one of a chain."""


class FeedHead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last envelope of a feed that one end holds; as constructed without arguments, none.

    ``stopped`` says that the receiver has seen two histories of this feed and waits for a person's decision.
    """

    gen: int = 0
    seq: int = 0
    header_sha256: str = NO_HEADER_SHA256
    stopped: bool = False


class ReceivedRecord(Struct, frozen=True, kw_only=True):
    """A record of an accepted envelope: as read, and its bytes as received. ``line`` counts from 1."""

    line: int
    agreement: str
    body: bytes
    record: Record


class UnfitRecord(Struct, frozen=True, kw_only=True):
    """A line of an accepted envelope that is kept in quarantine, with a code for machines and words for people."""

    line: int
    code: str
    reason: str
    body: bytes


class Accepted(Struct, frozen=True, kw_only=True):
    """An envelope that is proven to be the issuer's next one for us; ``head`` is where the feed stands with it.

    ``told`` are its notices, in their order.

    ``notes`` are things that the watch should know, such as that the issuer began a new chain.
    """

    header: EnvelopeHeader
    head: FeedHead
    received: tuple[ReceivedRecord, ...]
    unfit: tuple[UnfitRecord, ...]
    told: tuple[ReceivedNotice, ...] = ()
    notes: tuple[str, ...] = ()
