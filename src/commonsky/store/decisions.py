"""Release decisions: what still needs one, what was decided, and when to ask again."""

import math
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.sql import bindparam

from commonsky.domain import AS_IT_IS, Decision, Form, RecordKind
from commonsky.store.audit import append_decisions
from commonsky.store.records import STORED, stored
from commonsky.store.rows import HeldDecision, StoredRecord
from commonsky.store.schema import OWN, decided_through, decisions, records
from commonsky.store.session import Session, insert_or
from commonsky.store.usable import usable

_FORM_ENCODER = msgspec.json.Encoder(order="sorted")
_FORM_DECODER = msgspec.json.Decoder(Form)


class Decisions(Session):
    """Questions about releases."""

    def undecided(
        self,
        reader: str,
        limit: int,
        now_tai_s: float,
        *,
        kinds: Collection[RecordKind] = tuple(RecordKind),
        onward: bool = True,
    ) -> list[StoredRecord]:
        """Give records that need a decision for this reader, oldest first: never asked, or due to be asked again.

        Records by or from the reader need none, nor does a further copy: of the same bytes, or of a record of
        ours. Only ``kinds`` are asked about; ``onward`` also asks about records held from other members.
        """
        with self._reading() as connection:
            wanted = [_never_asked(connection, reader, kinds, foreign=False)]
            if onward:
                wanted.append(_never_asked(connection, reader, kinds, foreign=True))
            due = select(decisions.c.entry).where(
                decisions.c.reader == reader, decisions.c.newest, decisions.c.revisit_tai_s <= now_tai_s
            )
            found: dict[int, StoredRecord] = {}
            for condition in (records.c.n.in_(due), *wanted):
                query = (
                    select(*STORED).where(condition, usable(connection)).order_by(records.c.n).limit(limit)
                )
                found.update((row.n, stored(row)) for row in connection.execute(query))
        return [found[n] for n in sorted(found)][:limit]

    def next_revisit(self, reader: str) -> float:
        """Give when the next refusal of this reader is due to be asked again; infinite when none will be."""
        query = select(func.min(decisions.c.revisit_tai_s)).where(
            decisions.c.reader == reader, decisions.c.newest, decisions.c.revisit_tai_s.is_not(None)
        )
        with self._reading() as connection:
            # What is locked is never asked about, so it must not be what is due next.
            joined = query.join(records, records.c.n == decisions.c.entry)
            earliest = connection.scalar(joined.where(usable(connection)))
        return math.inf if earliest is None else float(earliest)

    def record_decisions(self, made: Iterable[tuple[int, Decision]], *, policy: int | None = None) -> None:
        """Keep decisions: pairs of the log entry's ``n`` and the decision. The newest one of a pair is in force.

        Each becomes a leaf of the audit tree. ``policy`` is the number of what they were decided under, as
        `note_policy` gives it.
        """
        rows = [_row(entry, decision) for entry, decision in made]
        if not rows:
            return
        with self._writing() as connection:
            append_decisions(connection, rows, policy)
            outdated = (
                update(decisions)
                .where(
                    decisions.c.entry == bindparam("of_entry"),
                    decisions.c.reader == bindparam("of_reader"),
                    decisions.c.newest,
                )
                .values(newest=False)
            )
            connection.execute(outdated, [{"of_entry": r["entry"], "of_reader": r["reader"]} for r in rows])
            connection.execute(insert(decisions), rows)

    def settle(self, reader: str, *, kinds: Collection[RecordKind] = tuple(RecordKind)) -> None:
        """Remember up to where no record of these kinds waits for a decision, so that `undecided` stays quick."""
        with self._writing() as connection:
            for foreign in (False, True):
                _advance(connection, reader, kinds, foreign=foreign)

    def reconsider(self, reader: str, at_tai_s: float, *, released_too: bool = False) -> int:
        """Have every refusal for this reader asked again from ``at_tai_s`` on; give how many that are.

        With ``released_too`` also every release, so that what still may go goes out once more. Also forgets what
        `settle` noted, so that other kinds of record may be asked about from now on.
        """
        with self._writing() as connection:
            connection.execute(delete(decided_through).where(decided_through.c.reader == reader))
            asked = and_(decisions.c.reader == reader, decisions.c.newest)
            if not released_too:
                asked = and_(asked, decisions.c.allowed.is_(False))
            return connection.execute(update(decisions).where(asked).values(revisit_tai_s=at_tai_s)).rowcount

    def decisions_of(self, record_id: str) -> list[HeldDecision]:
        """Give all decisions on the records of this id, in the order in which they were made."""
        query = select(decisions).where(decisions.c.record == record_id).order_by(decisions.c.n)
        with self._reading() as connection:
            return [_held(row) for row in connection.execute(query)]

    def uncovered(self, reader: str) -> dict[str, int]:
        """Count, by kind, our own records that no decision for this reader was made on: refused by default."""
        decided = exists().where(decisions.c.entry == records.c.n, decisions.c.reader == reader)
        query = (
            select(records.c.kind, func.count())
            .where(records.c.source == OWN, ~decided)
            .group_by(records.c.kind)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _never_asked(
    connection: Connection, reader: str, kinds: Collection[RecordKind], *, foreign: bool
) -> ColumnElement[bool]:
    """The records that no decision was ever made on; those up to the mark are known to need none."""
    mark = connection.scalar(
        select(decided_through.c.n).where(
            decided_through.c.reader == reader, decided_through.c.foreign_records.is_(foreign)
        )
    )
    earlier = records.alias("earlier")
    copy = exists().where(
        earlier.c.id == records.c.id,
        earlier.c.originator == records.c.originator,
        or_(earlier.c.body_sha256 == records.c.body_sha256, earlier.c.source == OWN),
        earlier.c.n < records.c.n,
    )
    decided = exists().where(
        decisions.c.entry == records.c.n, decisions.c.reader == reader, decisions.c.newest
    )
    # As an expression, the kind keeps SQLite from its index of kinds: records come in the order of n from the mark.
    kind = func.coalesce(records.c.kind, "")
    return and_(
        records.c.n > (mark or 0),
        kind.in_(sorted(kinds)),
        records.c.source != OWN if foreign else records.c.source == OWN,
        records.c.source != reader,
        records.c.originator != reader,
        ~decided,
        or_(records.c.source == OWN, ~copy),
    )


def _advance(connection: Connection, reader: str, kinds: Collection[RecordKind], *, foreign: bool) -> None:
    """Move a mark of a reader up to the first record that still needs a decision."""
    known = connection.scalar(
        select(decided_through.c.n).where(
            decided_through.c.reader == reader, decided_through.c.foreign_records.is_(foreign)
        )
    )
    newest = connection.scalar(select(func.max(records.c.n))) or 0
    waiting = select(func.min(records.c.n)).where(_never_asked(connection, reader, kinds, foreign=foreign))
    first = connection.scalar(waiting)
    mark = newest if first is None else first - 1
    if mark == known:
        return
    put = insert_or(connection, decided_through).values(reader=reader, foreign_records=foreign, n=mark)
    connection.execute(
        put.on_conflict_do_update(index_elements=["reader", "foreign_records"], set_={"n": mark})
    )


def _row(entry: int, decision: Decision) -> dict[str, object]:
    return {
        "entry": entry,
        "record": decision.record,
        "reader": decision.reader,
        "allowed": decision.allowed,
        "agreement": decision.agreement,
        "clause": decision.clause,
        "reason": decision.reason,
        "trace": "\n".join(decision.trace),
        "decided_tai_s": float(decision.decided_tai_s),
        "revisit_tai_s": decision.revisit_tai_s,
        "form": None if decision.form == AS_IT_IS else _FORM_ENCODER.encode(decision.form).decode(),
        "newest": True,
    }


def _held(row: Row[*tuple[Any, ...]]) -> HeldDecision:
    decision = Decision(
        record=row.record,
        reader=row.reader,
        allowed=row.allowed,
        reason=row.reason,
        agreement=row.agreement,
        clause=row.clause,
        decided_tai_s=row.decided_tai_s,
        trace=tuple(row.trace.split("\n")) if row.trace else (),
        revisit_tai_s=row.revisit_tai_s,
        form=_FORM_DECODER.decode(row.form) if row.form else AS_IT_IS,
    )
    return HeldDecision(n=row.n, entry=row.entry, newest=row.newest, decision=decision)
