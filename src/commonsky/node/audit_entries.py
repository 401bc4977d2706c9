"""Decisions and envelopes as they stand in the database, held against the leaf hashes that were made of them.

Entries come in the order of their leaves. Hashes are made for many at once and compared as a whole; only where these
differ is each entry looked at, and what differs is tried at the places of the others that do: a decision that was
moved fits there.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec import Struct

from commonsky.domain import FeedHead
from commonsky.federation.checkpoint import KeysOf
from commonsky.federation.seal import header_sha256, read_header
from commonsky.federation.withheld import is_withheld
from commonsky.sharing.audit_leaf import (
    Decided,
    decision_leaf,
    envelope_leaf,
    leaf_hashes,
    trace_hmac,
    trace_key,
)
from commonsky.sharing.merkle import HASH_BYTES
from commonsky.store.audit_reading import AuditReader, DecisionRow, EnvelopeRow, RulingRow

TRIED_PLACES = 200
"""Of entries that differ, so many are tried at each other's places."""


class Damage(StrEnum):
    """What was done to an audit."""

    DELETED = "deleted"
    EDITED = "edited"
    REORDERED = "reordered"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    TREE = "tree edited"
    OUTBOX = "outbox edited"
    UNDECIDED = "sent without a decision"
    RECORD = "record edited"
    LINEAGE = "lineage lost"
    POLICY = "policy edited"
    CHECKPOINT = "checkpoint does not match"
    COSIGNATURE = "cosignature does not match"


class Found(Struct, frozen=True):
    """One thing that is not as it was when it was signed; ``leaf`` says where in the tree, if anywhere."""

    damage: Damage
    words: str
    leaf: int | None = None


class _Line(Struct):
    """What a line of an envelope's body says of a record; notices have no ``agreement``."""

    agreement: str | None = None
    record: "_Named | None" = None


class _Named(Struct):
    id: str


_NOTHING = RulingRow("", False, None, None, "", None)
_LINES = msgspec.json.Decoder(_Line)


class Book(NamedTuple):
    """What entries refer to by number, and the key of the traces."""

    rulings: Mapping[int, RulingRow]
    policies: Mapping[int, bytes]
    trace_key: bytes


def book_of(audit: AuditReader) -> Book:
    """Return what the entries of a database refer to."""
    return Book(audit.rulings(), audit.policy_digests(), trace_key(audit.secret()))


def contents_of(rows: Iterable[DecisionRow], book: Book) -> list[bytes]:
    """Return the contents of the leaves of decisions from what is stored."""
    return [
        decision_leaf(
            _decided(row, book.rulings.get(row.ruling, _NOTHING)),
            row.record_sha256 or b"",
            None if row.policy is None else book.policies.get(row.policy, b""),
            trace_hmac(book.trace_key, row.trace or ""),
        )
        for row in rows
    ]


def content_of(row: EnvelopeRow) -> bytes:
    """Return the content of the leaf of an envelope from what is stored."""
    return envelope_leaf(row.aud, row.gen, row.seq, row.header_sha256, row.envelope.signature)


def _decided(row: DecisionRow, said: RulingRow) -> Decided:
    reader, allowed, agreement, clause, reason, form = said
    if reader != row.reader:
        reader = ""  # two that differ are no reader: the leaf will tell
    return (row.record or "", reader, allowed, agreement, clause, reason, row.decided_tai_s, form)


class EntryCheck:
    """Takes entries in the order of their leaves, and says at the end what differs from the leaf hashes."""

    def __init__(self, secret: bytes, stored: bytes, book: Book, key: KeysOf) -> None:
        self.found: list[Found] = []
        self.decisions = 0
        self.envelopes = 0
        self._secret = secret
        self._stored = stored
        self._book = book
        self._seen = bytearray(len(stored) // HASH_BYTES)
        self._next = 0
        self._differing: dict[int, tuple[bytes, str]] = {}
        self._sent = SentCheck(book, key)

    def take(self, entries: Iterable[list[DecisionRow] | EnvelopeRow]) -> None:
        """Look at all entries."""
        for entry in entries:
            if isinstance(entry, EnvelopeRow):
                self.envelopes += 1
                self.found += self._sent.sent(entry)
                self._place([entry], [content_of(entry)])
            else:
                self.decisions += len(entry)
                self._sent.decided(entry)
                self._place(entry, contents_of(entry, self._book))
        self.found += self._sent.never_sent()
        self._judge()

    def _place(self, rows: Sequence[DecisionRow | EnvelopeRow], contents: Sequence[bytes]) -> None:
        """Hold entries against the hashes at their places; all at once where they stand one after the other."""
        first = self._next if rows[0].leaf is None else rows[0].leaf
        end = first + len(rows)
        if (
            [row.leaf for row in rows] == list(range(first, end))
            and self._next <= first
            and end <= len(self._seen)
        ):
            self._seen[first:end] = bytes([1]) * len(rows)
            self._next = end
            self._compare(first, rows, contents)
            return
        for row, content in zip(rows, contents, strict=True):
            self._place_one(row, content)

    def _place_one(self, row: DecisionRow | EnvelopeRow, content: bytes) -> None:
        leaf = row.leaf
        if leaf is None or not 0 <= leaf < len(self._seen):
            self.found.append(Found(Damage.INSERTED, f"{_name(row)} is not in the tree", leaf))
            return
        if self._seen[leaf]:
            self.found.append(Found(Damage.INSERTED, f"{_name(row)} takes the place of another one", leaf))
            return
        self._seen[leaf] = 1
        if leaf < self._next and isinstance(row, DecisionRow):
            words = f"{_name(row)} stands behind one that was taken after it"
            self.found.append(Found(Damage.REORDERED, words, leaf))
        self._next = max(self._next, leaf + 1)
        self._compare(leaf, [row], [content])

    def _compare(
        self, first: int, rows: Sequence[DecisionRow | EnvelopeRow], contents: Sequence[bytes]
    ) -> None:
        made = leaf_hashes(self._secret, first, contents)
        if made == self._stored[first * HASH_BYTES : (first + len(contents)) * HASH_BYTES]:
            return
        for k, (content, row) in enumerate(zip(contents, rows, strict=True)):
            hashed = made[k * HASH_BYTES : (k + 1) * HASH_BYTES]
            if hashed != self._hash_at(first + k):
                self._differing[first + k] = (content, _name(row))

    def _hash_at(self, leaf: int) -> bytes:
        return self._stored[leaf * HASH_BYTES : (leaf + 1) * HASH_BYTES]

    def _judge(self) -> None:
        """Tell what was moved from what was edited, and what is gone."""
        gone = [leaf for leaf, seen in enumerate(self._seen) if not seen]
        places = [*self._differing, *gone][:TRIED_PLACES]
        filled = set()
        for leaf, (content, name) in self._differing.items():
            fitting = (p for p in places if leaf_hashes(self._secret, p, [content]) == self._hash_at(p))
            place = next(fitting, None) if len(self._differing) <= TRIED_PLACES else None
            if place is None:
                self.found.append(Found(Damage.EDITED, f"{name} is not what was decided or sent", leaf))
            else:
                filled.add(place)
                self.found.append(Found(Damage.REORDERED, f"{name} was moved here from leaf {place}", leaf))
        for leaf in gone:
            if leaf not in filled:
                words = "the decision, or the envelope, that this leaf was made of is gone"
                self.found.append(Found(Damage.DELETED, words, leaf))


class SentCheck:
    """Every record that went out was decided on, and every decision to release went out: with the next envelope.

    Of an envelope whose body is withheld nothing can be said but that so many decisions go with it.
    """

    def __init__(self, book: Book, key: KeysOf) -> None:
        self._keys = key if isinstance(key, Sequence) else (key,)
        self._book = book
        self._releasing = {number for number, said in book.rulings.items() if said.allowed}
        self._heads: dict[str, FeedHead] = defaultdict(FeedHead)
        self._released: dict[str, deque[DecisionRow]] = defaultdict(deque)

    def decided(self, rows: Iterable[DecisionRow]) -> None:
        """Expect what decisions release on the feeds of their readers."""
        for row in rows:
            if row.ruling in self._releasing:
                self._released[row.reader].append(row)

    def sent(self, row: EnvelopeRow) -> list[Found]:
        """Say what is wrong with an envelope of the outbox."""
        faults = list(self._faults(row))
        return [Found(Damage.OUTBOX, f"{_name(row)}: {words}", row.leaf) for words in faults] + [
            Found(Damage.UNDECIDED, f"{_name(row)}: {words}", row.leaf) for words in self._undecided(row)
        ]

    def never_sent(self) -> list[Found]:
        """Say what should have gone out and did not."""
        return [
            Found(Damage.DELETED, f"{_name(row)} released a record that is in no envelope", row.leaf)
            for rows in self._released.values()
            for row in rows
        ]

    def _faults(self, row: EnvelopeRow) -> Iterable[str]:
        envelope, head = row.envelope, self._heads[row.aud]
        digest = header_sha256(envelope.header)
        self._heads[row.aud] = FeedHead(gen=row.gen, seq=row.seq, header_sha256=row.header_sha256)
        if digest != row.header_sha256:
            yield "its header is not the one that was sealed"
        try:
            header = read_header(envelope.header)
        except ValueError as fault:
            yield str(fault)
            return
        if (header.aud, header.gen, header.seq) != (row.aud, row.gen, row.seq):
            yield f"its header says {header.aud} {header.gen}.{header.seq}"
        if header.gen == head.gen and (header.prev, header.seq) != (head.header_sha256, head.seq + 1):
            yield "it does not follow the one before"
        if self._is_withheld(row):
            self._released[row.aud] = deque(islice(self._released[row.aud], header.count, None))
        elif sha256(envelope.body.encode()).hexdigest() != header.body_sha256:
            yield "its body is not the one that was sealed"

    def _is_withheld(self, row: EnvelopeRow) -> bool:
        return is_withheld(row.envelope.header, row.envelope.body, self._keys)

    def _undecided(self, row: EnvelopeRow) -> Iterable[str]:
        expected = self._released[row.aud]
        for text in row.envelope.body.splitlines():
            try:
                line = _LINES.decode(text)
            except msgspec.MsgspecError:
                continue  # the digest of the body has told of it
            if line.record is None:
                continue
            if not expected:
                yield f"no decision releases {line.record.id}"
                continue
            decision = expected.popleft()
            said = self._book.rulings.get(decision.ruling, _NOTHING)
            other = said.form is None and line.record.id != decision.record
            if other or line.agreement != said.agreement:
                yield f"{line.record.id} under {line.agreement} is not what decision {decision.n} releases"


def _name(row: DecisionRow | EnvelopeRow) -> str:
    if isinstance(row, DecisionRow):
        return f"decision {row.n} on {row.record} for {row.reader}"
    return f"envelope {row.gen}.{row.seq} to {row.aud}"
