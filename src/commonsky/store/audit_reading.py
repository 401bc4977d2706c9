"""All that the audit tree tells of, row by row in the order of its leaves, for a check of the whole of it.

A check reads millions of rows: these come as the driver gives them, past what SQLAlchemy would do to each value.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, exists, func, select

from commonsky.domain import Envelope
from commonsky.store.audit import audit_secret, policy_digests
from commonsky.store.schema import (
    OWN,
    audit_leaves,
    audit_nodes,
    audit_policies,
    decisions,
    holdings,
    lineage,
    outbox,
    records,
    rulings,
)
from commonsky.store.session import Session

ROWS_AT_ONCE = 10_000


_DECISIONS = (
    select(
        decisions.c.leaf,
        decisions.c.n,
        records.c.id,
        records.c.body_sha256,
        decisions.c.reader,
        decisions.c.ruling,
        decisions.c.decided_tai_s,
        decisions.c.policy,
        decisions.c.trace,
    )
    .select_from(decisions.outerjoin(records, records.c.n == decisions.c.entry))
    .order_by(decisions.c.n)
)


class DecisionRow(NamedTuple):
    """A decision as it is stored; what it says is the ruling of that number."""

    leaf: int | None
    n: int
    record: str | None
    record_sha256: bytes | None
    reader: str
    ruling: int
    decided_tai_s: float
    policy: int | None
    trace: str | None


_DECISION_ROW: Callable[[tuple[Any, ...]], DecisionRow] = partial(tuple.__new__, DecisionRow)
"""What `DecisionRow._make` does, at a third of its price."""


class RulingRow(NamedTuple):
    """What decisions say, as it is stored."""

    reader: str
    allowed: bool
    agreement: str | None
    clause: str | None
    reason: str
    form: str | None


class EnvelopeRow(NamedTuple):
    """An envelope of the outbox as it is stored."""

    leaf: int | None
    aud: str
    gen: int
    seq: int
    header_sha256: str
    envelope: Envelope


class AuditReader:
    """One state of the database, as it was when the reading began."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def secret(self) -> bytes:
        """Give the secret of the salts."""
        return audit_secret(self._connection)

    def policies(self) -> dict[int, tuple[bytes, bytes]]:
        """Give what decisions were taken under, by number: the digest that was noted and the text."""
        table = audit_policies
        rows = self._rows(select(table.c.n, table.c.sha256, table.c.body))
        return {n: (bytes(digest), bytes(body)) for n, digest, body in rows}

    def policy_digests(self) -> dict[int, bytes]:
        """Give the digests of what decisions were taken under, by number."""
        return policy_digests(self._connection)

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """Give the runs of leaf hashes, each with the index of its first."""
        query = select(audit_leaves.c.first, audit_leaves.c.hashes).order_by(audit_leaves.c.first)
        return ((first, bytes(hashes)) for first, hashes in self._rows(query))

    def nodes(self) -> dict[tuple[int, int], bytes]:
        """Give the kept nodes by level and position."""
        rows = self._rows(select(audit_nodes.c.level, audit_nodes.c.position, audit_nodes.c.hash))
        return {(level, position): bytes(one) for level, position, one in rows}

    def rulings(self) -> dict[int, RulingRow]:
        """Give what decisions say, by number."""
        table = rulings
        columns = (
            table.c.reader,
            table.c.allowed,
            table.c.agreement,
            table.c.clause,
            table.c.reason,
            table.c.form,
        )
        rows = self._rows(select(table.c.n, *columns))
        return {n: RulingRow(reader, bool(allowed), *rest) for n, reader, allowed, *rest in rows}

    def entries(self) -> Iterator[list[DecisionRow] | EnvelopeRow]:
        """Give decisions in the order in which they were stored, and between them envelopes where their leaves stand.

        Decisions come many at a time: as many as there are before the next envelope.
        """
        envelopes = self._envelopes()
        waiting = next(envelopes, None)
        for rows in self._many_rows(_DECISIONS):
            decided = list(map(_DECISION_ROW, rows))
            begin = 0
            while waiting is not None:
                end = bisect_left(decided, waiting.leaf or 0, lo=begin, key=_leaf_or_0)
                if end == len(decided):
                    break
                if begin < end:
                    yield decided[begin:end]
                yield waiting
                begin, waiting = end, next(envelopes, None)
            yield decided[begin:]
        if waiting is not None:
            yield waiting
        yield from envelopes

    def record_bodies(self) -> Iterator[tuple[str, str, str, bytes, bytes]]:
        """Give id, kind, source (`OWN` for ours), noted digest and bytes of every record that is still held.

        What was deleted under an agreement has no bytes any more; its digest stays, so its decisions can be checked.
        """
        columns = (records.c.id, records.c.kind, records.c.source, records.c.body_sha256, records.c.body)
        deleted = exists().where(
            holdings.c.source == records.c.source,
            holdings.c.agreement == records.c.agreement,
            holdings.c.deleted_tai_s.is_not(None),
        )
        query = select(*columns).where(~and_(func.length(records.c.body) == 0, deleted))
        for name, kind, source, digest, body in self._rows(query.order_by(records.c.n)):
            yield name, kind, source, bytes(digest), bytes(body)

    def lineage(self) -> Iterator[tuple[str, str]]:
        """Give every pair of a derived record of ours and one that it was made from."""
        ours = select(records.c.id).where(records.c.source == OWN)
        query = select(lineage.c.derived, lineage.c.input).where(lineage.c.derived.in_(ours))
        return ((derived, source) for derived, source in self._rows(query))

    def lost_sources(self) -> Iterator[tuple[str, str]]:
        """Give every pair of a derived record of ours and a source of it that is held no more."""
        ours = select(records.c.id).where(records.c.source == OWN)
        held = exists().where(records.c.id == lineage.c.input)
        query = select(lineage.c.derived, lineage.c.input).where(lineage.c.derived.in_(ours), ~held)
        return ((derived, source) for derived, source in self._rows(query))

    def decisions_on(self, record: str, reader: str) -> list[DecisionRow]:
        """Give the decisions on a record for a reader, the oldest first."""
        those = _DECISIONS.where(records.c.id == record, decisions.c.reader == reader)
        return [_DECISION_ROW(tuple(row)) for row in self._connection.execute(those)]

    def _envelopes(self) -> Iterator[EnvelopeRow]:
        key = (outbox.c.aud, outbox.c.gen, outbox.c.seq)
        places = self._rows(select(outbox.c.leaf, *key).order_by(outbox.c.leaf, *key))
        for leaf, aud, gen, seq in list(places):
            this = (outbox.c.aud == aud) & (outbox.c.gen == gen) & (outbox.c.seq == seq)
            wanted = select(outbox.c.header_sha256, outbox.c.header, outbox.c.signature, outbox.c.body)
            row = self._connection.execute(wanted.where(this)).one()
            envelope = Envelope(header=row.header, signature=row.signature, body=row.body)
            yield EnvelopeRow(leaf, aud, gen, seq, row.header_sha256, envelope)

    def _rows(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        return chain.from_iterable(self._many_rows(query))

    def _many_rows(self, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Give rows as the driver does, many at a time; the query must hold no text from outside."""
        words = query.compile(dialect=self._connection.dialect, compile_kwargs={"literal_binds": True})
        driver = self._connection.connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        try:
            cursor.execute(str(words))
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield rows
        finally:
            cursor.close()


class AuditReading(Session):
    """Gives a reader of all that the audit tree tells of."""

    @contextmanager
    def audit_reader(self) -> Iterator[AuditReader]:
        """Give a reader of one state of the database, which may take its time."""
        with self._reading() as connection:
            yield AuditReader(connection)


def _leaf_or_0(row: DecisionRow) -> int:
    return row.leaf or 0
