"""Envelopes on their way out and in, cursors, and what failed a test.

INVARIANTS
- An outgoing envelope enters only as the next one of its feed, in the transaction that holds its decisions.
- What is on a feed stays as it was sealed, but for a body that is withheld.
- Incoming envelopes, their records and the cursor move together or not at all, and only from the cursor that the
  first of them was judged against: two processes that pull the same feed cannot store it twice.
"""

import hashlib
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select, update

from commonsky.domain import Accepted, Envelope, EnvelopeHeader, FeedHead
from commonsky.store.audit import append_envelope
from commonsky.store.holdings import note_held
from commonsky.store.notices import keep_notices
from commonsky.store.records import Fields, keep_rows, row_of
from commonsky.store.rows import QuarantinedBytes
from commonsky.store.schema import cursors, decisions, inbox, meta, outbox, quarantine
from commonsky.store.session import Session, insert_all, insert_or

KEPT_BYTES = 1_048_576
"""Of each thing set apart: header and signature prove a fork, and no partner fills a disk in one go."""

_HEADERS = msgspec.json.Decoder(EnvelopeHeader)


class Feeds(Session):
    """Questions about exchange."""

    def enqueue(self, envelope: Envelope, *, withheld: str | None = None) -> None:
        """Put an envelope on the feed of its audience, and a leaf for it on the audit tree.

        ``withheld`` is what stands for its body if that may not go out any more. Raises StoreError unless it is the
        next one there.
        """
        header = _HEADERS.decode(envelope.header)
        with self._writing() as connection:
            if not _follows(header, _head(connection, header.aud)):
                raise self._error(
                    f"envelope {header.gen}.{header.seq} is not the next one on the feed of {header.aud}"
                )
            leaf = append_envelope(connection, header, envelope)
            row = {
                "aud": header.aud,
                "gen": header.gen,
                "seq": header.seq,
                **_as_fields(envelope),
                "leaf": leaf,
                "withheld": withheld,
            }
            connection.execute(insert(outbox), row)

    def feed_head(self, aud: str) -> FeedHead:
        """Give where our feed for this audience stands."""
        with self._reading() as connection:
            return _head(connection, aud)

    def feed_after(self, aud: str, seq: int, limit: int, *, gen: int) -> list[Envelope]:
        """Give the next envelopes for this audience after a generation and position, at most ``limit``."""
        later = or_(outbox.c.gen > gen, and_(outbox.c.gen == gen, outbox.c.seq > seq))
        query = (
            select(outbox.c.header, outbox.c.signature, outbox.c.body)
            .where(outbox.c.aud == aud, later)
            .order_by(outbox.c.gen, outbox.c.seq)
            .limit(limit)
        )
        with self._reading() as connection:
            return [_envelope(*row) for row in connection.execute(query)]

    def withhold(
        self, aud: str, gen: int, seqs: Sequence[int], *, otherwise: Callable[[str], str], at_tai_s: float
    ) -> None:
        """Put in the place of bodies on a feed what stands for them, and have their records decided on again.

        ``otherwise`` makes it of the header of an envelope that none was kept for. The bodies are gone for good: what
        may go out again, goes in another envelope.
        """
        of_feed = and_(outbox.c.aud == aud, outbox.c.gen == gen)
        with self._writing() as connection:
            for seq in seqs:
                here = and_(of_feed, outbox.c.seq == seq)
                header, kept = connection.execute(
                    select(outbox.c.header, outbox.c.withheld).where(here)
                ).one()
                connection.execute(update(outbox).where(here).values(body=kept or otherwise(header)))
            for first, last in _runs(seqs):
                _decide_again(connection, aud, gen, first, last, at_tai_s)

    def begin_generation(self, aud: str, gen: int) -> bool:
        """Note that our feed for this audience goes on in this generation; False when that was noted before."""
        key, value = f"generation {aud}", str(gen)
        with self._writing() as connection:
            if connection.scalar(select(meta.c.value).where(meta.c.key == key)) == value:
                return False
            put = insert_or(connection, meta).values(key=key, value=value)
            connection.execute(put.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
        return True

    def sent_header(self, aud: str, gen: int, seq: int) -> str | None:
        """Give the digest of the header that we put on this place of the audience's feed, if any."""
        place = and_(outbox.c.aud == aud, outbox.c.gen == gen, outbox.c.seq == seq)
        with self._reading() as connection:
            return connection.scalar(select(outbox.c.header_sha256).where(place))

    def cursor(self, issuer: str) -> FeedHead:
        """Give how far we hold this issuer's feed."""
        with self._reading() as connection:
            return _cursor(connection, issuer)

    def last_received_tai_s(self, issuer: str) -> float | None:
        """Give when the last envelope of this issuer's feed came in."""
        newest = select(inbox.c.received_tai_s).where(inbox.c.iss == issuer)
        with self._reading() as connection:
            found: float | None = connection.scalar(
                newest.order_by(inbox.c.gen.desc(), inbox.c.seq.desc()).limit(1)
            )
        return found

    def held_header(self, issuer: str, gen: int, seq: int) -> str | None:
        """Give the digest of the header that we hold at this place of the issuer's feed, if any."""
        place = and_(inbox.c.iss == issuer, inbox.c.gen == gen, inbox.c.seq == seq)
        with self._reading() as connection:
            return connection.scalar(select(inbox.c.header_sha256).where(place))

    def received(self, issuer: str, seq: int, limit: int, *, gen: int) -> list[Envelope]:
        """Give envelopes as they were received, after a generation and position of the issuer's feed."""
        later = or_(inbox.c.gen > gen, and_(inbox.c.gen == gen, inbox.c.seq > seq))
        query = (
            select(inbox.c.header, inbox.c.signature, inbox.c.body)
            .where(inbox.c.iss == issuer, later)
            .order_by(inbox.c.gen, inbox.c.seq)
            .limit(limit)
        )
        with self._reading() as connection:
            return [_envelope(*row) for row in connection.execute(query)]

    def admit(self, envelope: Envelope, accepted: Accepted, *, received_tai_s: float) -> bool:
        """Store one accepted envelope, as `admit_all` does."""
        return self.admit_all([(envelope, accepted)], received_tai_s=received_tai_s)

    def admit_all(self, run: Sequence[tuple[Envelope, Accepted]], *, received_tai_s: float) -> bool:
        """Store accepted envelopes that follow each other on one feed, all or nothing, in one transaction.

        That is: each as received, its records, its unfit lines, and the new cursor. False, and nothing stored, when the
        feed has moved or was stopped since they were judged.
        """
        accepted = [one for _, one in run]
        with self._writing() as connection:
            issuer = accepted[0].header.iss
            cursor = _cursor(connection, issuer)
            for one in accepted:
                if cursor.stopped or not _follows(one.header, cursor):
                    return False
                cursor = one.head
            rows = [
                {
                    "iss": issuer,
                    "gen": one.header.gen,
                    "seq": one.header.seq,
                    **_as_fields(envelope),
                    "received_tai_s": received_tai_s,
                }
                for envelope, one in run
            ]
            insert_all(connection, inbox, rows)
            _put_cursor(connection, issuer, cursor)
            self._keep(connection, issuer, accepted, received_tai_s)
        return True

    def _keep(
        self, connection: Connection, issuer: str, accepted: Sequence[Accepted], at_tai_s: float
    ) -> None:
        rows = [
            row_of(came.record, came.body, header=one.header, agreement=came.agreement)
            for one in accepted
            for came in one.received
        ]
        for row in rows:
            # Whatever a partner says of lineage, it must not mix with that of our own records.
            del row["inputs"]
        for row in keep_rows(connection, issuer, rows):
            reason = f"record {row['id']}: {issuer} gave another one of this id before; that one stays"
            _set_apart(connection, issuer, "conflict", reason, _bytes(row), at_tai_s)
        for one in accepted:
            for unfit in one.unfit:
                _set_apart(connection, issuer, unfit.code, unfit.reason, unfit.body, at_tai_s)
            keep_notices(connection, one, at_tai_s)
        note_held(connection, issuer, accepted)

    def quarantine(self, source: str, code: str, reason: str, data: bytes, *, at_tai_s: float) -> None:
        """Set bytes apart with a reason: the first `KEPT_BYTES` of them, under the digest of all.

        The same bytes again for the same reason are counted, not kept twice.
        """
        with self._writing() as connection:
            _set_apart(connection, source, code, reason, data, at_tai_s)

    def quarantined(self, limit: int = 100, source: str | None = None) -> list[QuarantinedBytes]:
        """Give what was set apart, the newest first."""
        query = (
            select(quarantine).order_by(quarantine.c.last_tai_s.desc(), quarantine.c.n.desc()).limit(limit)
        )
        if source is not None:
            query = query.where(quarantine.c.source == source)
        with self._reading() as connection:
            return [
                QuarantinedBytes(
                    n=row.n,
                    source=row.source,
                    code=row.code,
                    reason=row.reason,
                    data=bytes(row.data),
                    first_tai_s=row.first_tai_s,
                    last_tai_s=row.last_tai_s,
                    times=row.times,
                )
                for row in connection.execute(query)
            ]

    def stop_feed(self, issuer: str) -> None:
        """Take nothing more from this issuer until a person resumes its feed."""
        self._set_stopped(issuer, stopped=True)

    def resume_feed(self, issuer: str) -> None:
        """Go on with a stopped feed from its cursor."""
        self._set_stopped(issuer, stopped=False)

    def _set_stopped(self, issuer: str, *, stopped: bool) -> None:
        with self._writing() as connection:
            cursor = _cursor(connection, issuer)
            _put_cursor(connection, issuer, msgspec.structs.replace(cursor, stopped=stopped))


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers without a gap."""
    runs: list[tuple[int, int]] = []
    for one in sorted(numbers):
        begins = runs.pop()[0] if runs and runs[-1][1] == one - 1 else one
        runs.append((begins, one))
    return runs


def _decide_again(  # noqa: PLR0913  # a run of envelopes on a feed, and when
    connection: Connection, aud: str, gen: int, first: int, last: int, at_tai_s: float
) -> None:
    """Have the decisions asked again that put records into these envelopes.

    They are the leaves of the audit tree between the envelope before and the last one: each transaction appends its
    decisions, and then its envelope.
    """
    to_reader, place = outbox.c.aud == aud, and_(outbox.c.gen == gen, outbox.c.seq >= first)
    begins = connection.scalar(select(func.min(outbox.c.leaf)).where(to_reader, place))
    ends = connection.scalar(
        select(outbox.c.leaf).where(to_reader, outbox.c.gen == gen, outbox.c.seq == last)
    )
    before = connection.scalar(select(func.max(outbox.c.leaf)).where(to_reader, outbox.c.leaf < begins))
    between = decisions.c.leaf.between(-1 if before is None else before, ends)
    asked = and_(decisions.c.reader == aud, decisions.c.newest, between)
    connection.execute(update(decisions).where(asked).values(revisit_tai_s=at_tai_s))


def _follows(header: EnvelopeHeader, head: FeedHead) -> bool:
    if header.gen > head.gen:
        return header.seq == 1
    same_chain = header.gen == head.gen and header.prev == head.header_sha256
    return same_chain and header.seq == head.seq + 1


# Made once: these two are asked for with every envelope and every look for work.
_HEAD = (
    select(outbox.c.gen, outbox.c.seq, outbox.c.header_sha256)
    .where(outbox.c.aud == bindparam("of"))
    .order_by(outbox.c.gen.desc(), outbox.c.seq.desc())
    .limit(1)
)
_CURSOR = select(cursors).where(cursors.c.iss == bindparam("of"))


def _head(connection: Connection, aud: str) -> FeedHead:
    row = connection.execute(_HEAD, {"of": aud}).first()
    return FeedHead() if row is None else FeedHead(gen=row.gen, seq=row.seq, header_sha256=row.header_sha256)


def _cursor(connection: Connection, issuer: str) -> FeedHead:
    row = connection.execute(_CURSOR, {"of": issuer}).first()
    if row is None:
        return FeedHead()
    return FeedHead(gen=row.gen, seq=row.seq, header_sha256=row.header_sha256, stopped=row.stopped)


def _put_cursor(connection: Connection, issuer: str, head: FeedHead) -> None:
    fields = msgspec.structs.asdict(head)
    put = insert_or(connection, cursors).values(iss=issuer, **fields)
    connection.execute(put.on_conflict_do_update(index_elements=["iss"], set_=fields))


def _set_apart(  # noqa: PLR0913  # what, from whom, why, when, and where to
    connection: Connection, source: str, code: str, reason: str, data: bytes, at_tai_s: float
) -> None:
    digest = hashlib.sha256(data).digest()
    same = and_(quarantine.c.source == source, quarantine.c.code == code, quarantine.c.data_sha256 == digest)
    again = update(quarantine).where(same).values(last_tai_s=at_tai_s, times=quarantine.c.times + 1)
    if connection.execute(again).rowcount:
        return
    what = {
        "source": source,
        "code": code,
        "reason": reason,
        "data_sha256": digest,
        "data": data[:KEPT_BYTES],
    }
    when = {"first_tai_s": at_tai_s, "last_tai_s": at_tai_s, "times": 1}
    connection.execute(insert(quarantine), {**what, **when})


def _as_fields(envelope: Envelope) -> dict[str, object]:
    digest = hashlib.sha256(envelope.header.encode()).hexdigest()
    return {"header_sha256": digest, **msgspec.structs.asdict(envelope)}


def _envelope(header: str, signature: str, body: str) -> Envelope:
    return Envelope(header=header, signature=signature, body=body)


def _bytes(row: Fields) -> bytes:
    body = row["body"]
    assert isinstance(body, bytes)
    return body
