"""What we hold from partners, by agreement: until when it may be used, what is locked, what was deleted.

INVARIANTS
- While a holding is locked, no view gives its records, nor what we derived from them.
- What was deleted leaves its digest, its place in the log and a count: enough to prove what is gone, and no content.
"""

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, select, update

from commonsky.domain import Accepted, RecordKind
from commonsky.store.rows import Holding
from commonsky.store.schema import (
    OWN,
    decided_through,
    decisions,
    holdings,
    inbox,
    lineage,
    locked_records,
    records,
    rulings,
)
from commonsky.store.session import Session, insert_missing, insert_or


class Holdings(Session):
    """Questions about what partners gave, and what became of the agreements that they gave it under."""

    def holdings(self) -> list[Holding]:
        """Give every agreement under which we were given anything, with how many records we hold under it."""
        kept = func.count(records.c.n).label("records")
        query = (
            select(holdings, kept)
            .join(
                records,
                and_(records.c.source == holdings.c.source, records.c.agreement == holdings.c.agreement),
                isouter=True,
            )
            .group_by(*holdings.c)
            .order_by(holdings.c.source, holdings.c.agreement)
        )
        with self._reading() as connection:
            return [Holding(**row) for row in connection.execute(query).mappings()]

    def locked_holdings(self) -> frozenset[tuple[str, str]]:
        """Give the source and agreement of every holding that may not be used now."""
        query = select(holdings.c.source, holdings.c.agreement).where(holdings.c.locked_tai_s.is_not(None))
        with self._reading() as connection:
            return frozenset((row.source, row.agreement) for row in connection.execute(query))

    def renew(self, source: str, agreement: str, until_tai_s: float) -> None:
        """Keep that a giver lets us use what it gave under an agreement until then."""
        with self._writing() as connection:
            connection.execute(
                update(holdings).where(_of(source, agreement)).values(renewed_until_tai_s=until_tai_s)
            )

    def lock(self, source: str, agreement: str, reason: str, *, at_tai_s: float) -> tuple[str, ...]:
        """Lock a holding; give the ids of our own records that rest on it, which are locked with it."""
        with self._writing() as connection:
            ids = _derived_from(connection, source, agreement)
            rows = [{"id": one, "source": source, "agreement": agreement} for one in ids]
            if rows:
                connection.execute(insert_missing(connection, locked_records), rows)
            values = {"locked_tai_s": at_tai_s, "reason": reason}
            connection.execute(update(holdings).where(_of(source, agreement)).values(values))
            # Copies that came by other ways stand for themselves now: marks may have passed them by.
            connection.execute(delete(decided_through).where(decided_through.c.foreign_records))
        return tuple(ids)

    def unlock(self, source: str, agreement: str) -> None:
        """Let a holding be used again, and what rests on it and on no other locked one; not what was deleted."""
        same = and_(locked_records.c.source == source, locked_records.c.agreement == agreement)
        with self._writing() as connection:
            connection.execute(delete(locked_records).where(same))
            freed = and_(_of(source, agreement), holdings.c.deleted_tai_s.is_(None))
            connection.execute(update(holdings).where(freed).values(locked_tai_s=None, reason=None))

    def observed_under(self, source: str, agreement: str) -> frozenset[str]:
        """Give the claimed targets of the observations that a partner gave under an agreement."""
        query = select(records.c.object).where(
            records.c.source == source,
            records.c.agreement == agreement,
            records.c.kind == RecordKind.OBSERVATION.value,
            records.c.object.is_not(None),
        )
        with self._reading() as connection:
            return frozenset(connection.scalars(query.distinct()))

    def delete_holding(self, source: str, agreement: str, *, at_tai_s: float) -> int:
        """Delete the content of what a partner gave under an agreement; give how many records that were."""
        under = and_(records.c.source == source, records.c.agreement == agreement)
        with self._writing() as connection:
            count = connection.scalar(select(func.count()).where(under)) or 0
            places = select(records.c.gen, records.c.seq).where(under).distinct()
            for gen, seq in list(connection.execute(places)):
                _redact(connection, source, agreement, gen, seq)
            nothing = {"body": b"", "object": None, "sensor": None, "epoch_tai_s": None}
            connection.execute(update(records).where(under).values(nothing))
            done = {"deleted_tai_s": at_tai_s, "deleted_records": count}
            connection.execute(update(holdings).where(_of(source, agreement)).values(done))
        return count

    def passed_on(self, source: str, agreement: str) -> list[tuple[str, str]]:
        """Give what we released of a holding to others: pairs of a record's id and its reader."""
        query = (
            select(records.c.id, decisions.c.reader)
            .join(decisions, decisions.c.entry == records.c.n)
            .join(rulings, rulings.c.n == decisions.c.ruling)
            .where(records.c.source == source, records.c.agreement == agreement, rulings.c.allowed)
            .distinct()
            .order_by(records.c.id, decisions.c.reader)
        )
        with self._reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def released_under(self, reader: str, agreement: str) -> int:
        """Count the records that we ever released to a reader under an agreement."""
        query = (
            select(func.count(records.c.id.distinct()))
            .join(decisions, decisions.c.entry == records.c.n)
            .join(rulings, rulings.c.n == decisions.c.ruling)
            .where(decisions.c.reader == reader, rulings.c.agreement == agreement, rulings.c.allowed)
        )
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def release_anew(self, reader: str, agreement: str, *, at_tai_s: float) -> int:
        """Have all that a reader was given under an agreement decided again, since it holds none of it any more."""
        under = select(rulings.c.n).where(
            rulings.c.reader == reader, rulings.c.agreement == agreement, rulings.c.allowed
        )
        asked = and_(decisions.c.reader == reader, decisions.c.newest, decisions.c.ruling.in_(under))
        with self._writing() as connection:
            return connection.execute(update(decisions).where(asked).values(revisit_tai_s=at_tai_s)).rowcount

    def resting_on(self, source: str) -> dict[str, tuple[int, int]]:
        """Give our own records made with what a member gave: by id, how many inputs, and how many of them it gave."""
        given = records.alias("given")
        of_source = exists().where(given.c.id == lineage.c.input, given.c.source == source)
        query = (
            select(lineage.c.derived, func.count(), func.sum(case((of_source, 1), else_=0)).label("given"))
            .join(records, and_(records.c.id == lineage.c.derived, records.c.source == OWN))
            .group_by(lineage.c.derived)
        )
        with self._reading() as connection:
            return {row[0]: (row[1], int(row[2])) for row in connection.execute(query) if row[2]}


def note_held(connection: Connection, issuer: str, accepted: Sequence[Accepted]) -> None:
    """Keep under which agreements envelopes of a partner gave us anything, and when their giver was heard last."""
    last_heard_tai_s: dict[str, float] = {}
    for one in accepted:
        for agreement in {came.agreement for came in one.received}:
            before_tai_s = last_heard_tai_s.get(agreement, one.header.iat_tai_s)
            last_heard_tai_s[agreement] = max(before_tai_s, one.header.iat_tai_s)
    for agreement, heard_tai_s in sorted(last_heard_tai_s.items()):
        row = {"source": issuer, "agreement": agreement, "heard_tai_s": heard_tai_s}
        put = insert_or(connection, holdings).values(row)
        earlier = holdings.c.heard_tai_s < heard_tai_s
        heard = case((earlier, heard_tai_s), else_=holdings.c.heard_tai_s)
        connection.execute(
            put.on_conflict_do_update(index_elements=["source", "agreement"], set_={"heard_tai_s": heard})
        )


def _of(source: str, agreement: str) -> ColumnElement[bool]:
    return and_(holdings.c.source == source, holdings.c.agreement == agreement)


def _derived_from(connection: Connection, source: str, agreement: str) -> list[str]:
    """Ids of our own records that were made from a holding, directly or through others."""
    held = select(records.c.id).where(records.c.source == source, records.c.agreement == agreement)
    below = select(lineage.c.derived).where(lineage.c.input.in_(held)).cte(recursive=True)
    below = below.union(select(lineage.c.derived).join(below, lineage.c.input == below.c.derived))
    ours = select(records.c.id).join(below, records.c.id == below.c.derived).where(records.c.source == OWN)
    return sorted(set(connection.scalars(ours)))


def _redact(connection: Connection, source: str, agreement: str, gen: int, seq: int) -> None:
    """Empty the lines of a stored envelope that came under an agreement; the others, and the header, stay."""
    place = and_(inbox.c.iss == source, inbox.c.gen == gen, inbox.c.seq == seq)
    body = connection.scalar(select(inbox.c.body).where(place)) or ""
    begins = f'{{"agreement":{json.dumps(agreement, ensure_ascii=False)},'
    lines = ["" if line.startswith(begins) else line for line in body.split("\n")]
    connection.execute(update(inbox).where(place).values(body="\n".join(lines)))
