"""Release decisions: what still needs one, what was decided, and when to ask again."""

import math
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from commonsky.domain import Decision, RecordKind, Ruling
from commonsky.store.audit import append_decisions
from commonsky.store.records import STORED, stored
from commonsky.store.rows import Batch, HeldDecision, StoredRecord
from commonsky.store.rulings import REFUSED, ruling_numbers, ruling_of
from commonsky.store.schema import OWN, decided_through, decisions, records, rulings
from commonsky.store.session import Session, insert_all, insert_or, portions
from commonsky.store.usable import any_locked, under_lock, unlocked

_RULING_BITS = 24
_LOOKED_THROUGH = 100_000
_INSERT_PACKED = """
INSERT INTO decisions (entry, reader, ruling, decided_tai_s, newest, policy, leaf)
SELECT value >> 24, CAST(:reader AS text), value & 16777215,
    CAST(:decided_tai_s AS double precision), CAST(:newest AS boolean), CAST(:policy AS bigint),
    CAST(:first_leaf AS bigint) + place
FROM """
_UNPACK = {
    "sqlite": "(SELECT key AS place, value FROM json_each(:packed)) AS pair ORDER BY place",
    "postgresql": "(SELECT place - 1 AS place, CAST(value AS bigint) AS value FROM"
    " json_array_elements_text(CAST(:packed AS json)) WITH ORDINALITY AS one(value, place)) AS pair ORDER BY place",
}
"""Pairs of a log entry and a ruling, each in one whole number, are made rows by the database itself.

Given as rows by the driver, decisions took three times as long to store.
"""

_as_given = records.alias("as_given")
_OVERRULED = and_(
    records.c.source.not_in([OWN, records.c.originator]),
    exists().where(
        _as_given.c.id == records.c.id,
        _as_given.c.originator == records.c.originator,
        _as_given.c.source == records.c.originator,
        _as_given.c.body_sha256 != records.c.body_sha256,
    ),
)
"""A third member gave it to us, and its originator itself gave it otherwise: on its way the label was altered."""


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

        Records by or from the reader need none, nor does a further copy: of bytes that we hold and may use, of a record
        of ours, or of one that its originator itself gave us otherwise. Only ``kinds`` are asked about; ``onward`` also
        asks about records held from other members.
        """
        asked = {"to": reader, "kinds": sorted(kinds), "now": now_tai_s, "most": limit}
        with self._reading() as connection:
            locked = any_locked(connection)
            found = {row.n: stored(row) for row in connection.execute(_due(locked=locked), asked)}
            for foreign in (False, True) if onward else (False,):
                mark = connection.scalar(_MARK, {"to": reader, "foreign": foreign}) or 0
                waiting = connection.execute(
                    _waiting(foreign=foreign, locked=locked), {**asked, "mark": mark}
                )
                found.update((row.n, stored(row)) for row in waiting)
        return [found[n] for n in sorted(found)][:limit]

    def next_revisit(self, reader: str) -> float:
        """Give when the next refusal of this reader is due to be asked again; infinite when none will be."""
        with self._reading() as connection:
            earliest = connection.scalar(_next_due(locked=any_locked(connection)), {"to": reader})
        return math.inf if earliest is None else float(earliest)

    def record_decisions(self, made: Iterable[tuple[int, Decision]], *, policy: int | None = None) -> None:
        """Keep decisions: pairs of the log entry's ``n`` and the decision. The newest one of a pair is in force.

        Each becomes a leaf of the audit tree. ``policy`` is the number of what they were decided under, as
        `note_policy` gives it.
        """
        with self._writing() as connection:
            for _, alike in groupby(made, key=lambda pair: (pair[1].reader, pair[1].decided_tai_s)):
                batch = _batch_of(list(alike))
                _outdate(connection, batch)
                _keep(connection, batch, ruling_numbers(connection, batch.rulings), policy)

    def record_batch(self, batch: Batch, *, policy: int | None = None) -> None:
        """Keep many decisions, as `record_decisions` does."""
        if not batch.entries:
            return
        waits = [one is not None for one in batch.revisit_tai_s]
        with self._writing() as connection:
            _outdate(connection, batch)
            numbers = ruling_numbers(connection, batch.rulings)
            for part in sorted(set(waits)):
                rows = [row for row, later in enumerate(waits) if later is part]
                _keep(connection, batch if len(rows) == len(waits) else batch.only(rows), numbers, policy)

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
                asked = and_(asked, REFUSED)
            return connection.execute(update(decisions).where(asked).values(revisit_tai_s=at_tai_s)).rowcount

    def decisions_of(self, record_id: str) -> list[HeldDecision]:
        """Give all decisions on the records of this id, in the order in which they were made."""
        entries = select(records.c.n).where(records.c.id == record_id)
        readers = select(rulings.c.reader).distinct()
        one = and_(
            decisions.c.entry == records.c.n,
            decisions.c.ruling == rulings.c.n,
            decisions.c.entry.in_(entries),
        )
        query = select(
            decisions,
            records.c.id,
            *(rulings.c[name] for name in ("allowed", "agreement", "clause", "reason", "form")),
        ).where(one)
        with self._reading() as connection:
            held = list(connection.execute(query.where(decisions.c.newest, decisions.c.reader.in_(readers))))
            held += connection.execute(query.where(decisions.c.newest.is_(False)))
        return sorted((_held(row) for row in held), key=lambda one: one.n)

    def latest_decisions(
        self,
        limit: int,
        *,
        reader: str | None = None,
        allowed: bool | None = None,
        words: str | None = None,
    ) -> list[HeldDecision]:
        """Give the latest decisions, the newest first; ``words`` are sought in reason, agreement and clause.

        What matches is looked for among the last `_LOOKED_THROUGH` decisions: what is older is for the audit.
        """
        newest = select(func.max(decisions.c.n)).scalar_subquery()
        wanted = [decisions.c.n > newest - _LOOKED_THROUGH]
        if reader is not None:
            wanted.append(decisions.c.reader == reader)
        if allowed is not None:
            wanted.append(rulings.c.allowed.is_(allowed))
        if words:
            places = (rulings.c.reason, rulings.c.agreement, rulings.c.clause)
            wanted.append(or_(*(place.icontains(words, autoescape=True) for place in places)))
        said = (rulings.c[name] for name in ("allowed", "agreement", "clause", "reason", "form"))
        query = (
            select(decisions, records.c.id, *said)
            .join(records, records.c.n == decisions.c.entry)
            .join(rulings, rulings.c.n == decisions.c.ruling)
            .where(*wanted)
            .order_by(decisions.c.n.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [_held(row) for row in connection.execute(query)]

    def uncovered(self, reader: str) -> dict[str, int]:
        """Count, by kind, our own records that no decision for this reader was made on: refused by default."""
        decided = exists().where(
            decisions.c.entry == records.c.n, decisions.c.reader == reader, decisions.c.newest
        )
        query = (
            select(records.c.kind, func.count())
            .where(records.c.source == OWN, ~decided)
            .group_by(records.c.kind)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


# Statements are made once: to put one together took longer than to ask it.

_MARK = select(decided_through.c.n).where(
    decided_through.c.reader == bindparam("to"), decided_through.c.foreign_records == bindparam("foreign")
)
_NEWEST = select(func.max(records.c.n))


@cache
def _due(*, locked: bool) -> Select[Any]:
    """Records whose refusal is due to be asked again."""
    due = select(decisions.c.entry).where(
        decisions.c.reader == bindparam("to"),
        decisions.c.newest,
        decisions.c.revisit_tai_s <= bindparam("now"),
    )
    return _oldest_first(records.c.n.in_(due), ~_OVERRULED, locked=locked)


@cache
def _next_due(*, locked: bool) -> Select[Any]:
    """When the next is; what is locked or overruled is never asked about, so it must not be what is due next."""
    query = select(func.min(decisions.c.revisit_tai_s)).join(records, records.c.n == decisions.c.entry)
    asked_again = decisions.c.newest, decisions.c.revisit_tai_s.is_not(None)
    return query.where(
        decisions.c.reader == bindparam("to"), *asked_again, ~_OVERRULED, unlocked() if locked else true()
    )


@cache
def _waiting(*, foreign: bool, locked: bool) -> Select[Any]:
    """Records that no decision was ever made on."""
    return _oldest_first(_never_asked(foreign=foreign, locked=locked), locked=locked)


@cache
def _first_waiting(*, foreign: bool, locked: bool) -> Select[Any]:
    return select(func.min(records.c.n)).where(_never_asked(foreign=foreign, locked=locked))


def _oldest_first(*conditions: ColumnElement[bool], locked: bool) -> Select[Any]:
    query = select(*STORED).where(*conditions, unlocked() if locked else true())
    return query.order_by(records.c.n).limit(bindparam("most"))


def _never_asked(*, foreign: bool, locked: bool) -> ColumnElement[bool]:
    """No decision was ever made on the record; those up to the mark are known to need none."""
    earlier = records.alias("earlier")
    same_bytes = earlier.c.body_sha256 == records.c.body_sha256
    if locked:
        same_bytes = and_(same_bytes, ~under_lock(earlier))
    copy = exists().where(
        earlier.c.id == records.c.id,
        earlier.c.originator == records.c.originator,
        or_(same_bytes, earlier.c.source == OWN),
        earlier.c.n < records.c.n,
    )
    reader = bindparam("to", type_=Text)
    decided = exists().where(
        decisions.c.entry == records.c.n, decisions.c.reader == reader, decisions.c.newest
    )
    # As an expression, the kind keeps SQLite from its index of kinds: records come in the order of n from the mark.
    kind = func.coalesce(records.c.kind, "")
    return and_(
        records.c.n > bindparam("mark"),
        kind.in_(bindparam("kinds", expanding=True)),
        records.c.source != OWN if foreign else records.c.source == OWN,
        records.c.source != reader,
        records.c.originator != reader,
        ~decided,
        or_(records.c.source == OWN, ~copy),
        ~_OVERRULED,
    )


def _advance(connection: Connection, reader: str, kinds: Collection[RecordKind], *, foreign: bool) -> None:
    """Move a mark of a reader up to the first record that still needs a decision."""
    known = connection.scalar(_MARK, {"to": reader, "foreign": foreign})
    newest = connection.scalar(_NEWEST) or 0
    asked = {"to": reader, "kinds": sorted(kinds), "mark": known or 0}
    first = connection.scalar(_first_waiting(foreign=foreign, locked=any_locked(connection)), asked)
    mark = newest if first is None else first - 1
    if mark == known:
        return
    put = insert_or(connection, decided_through).values(reader=reader, foreign_records=foreign, n=mark)
    connection.execute(
        put.on_conflict_do_update(index_elements=["reader", "foreign_records"], set_={"n": mark})
    )


def _batch_of(made: list[tuple[int, Decision]]) -> Batch:
    """Put decisions for one reader at one time side by side."""
    numbers: dict[Ruling, int] = {}
    for _, one in made:
        numbers.setdefault(one.ruling, len(numbers))
    return Batch(
        reader=made[0][1].reader,
        decided_tai_s=float(made[0][1].decided_tai_s),
        rulings=tuple(numbers),
        entries=[entry for entry, _ in made],
        ruling=[numbers[one.ruling] for _, one in made],
        revisit_tai_s=[one.revisit_tai_s for _, one in made],
        traces=["\n".join(one.trace) for _, one in made],
    )


def _keep(connection: Connection, batch: Batch, numbers: Sequence[int], policy: int | None) -> None:
    """Store decisions and their leaves; ``numbers`` are those of the rulings."""
    pairs = list(zip(batch.entries, (numbers[ruling] for ruling in batch.ruling), strict=True))
    first_leaf = append_decisions(connection, batch, policy)
    alike = {
        "reader": batch.reader,
        "decided_tai_s": batch.decided_tai_s,
        "newest": True,
        "policy": policy,
    }
    if batch.traces is None and not any(batch.revisit_tai_s) and max(numbers) < 1 << _RULING_BITS:
        packed = [entry << _RULING_BITS | ruling for entry, ruling in pairs]
        query = text(_INSERT_PACKED + _UNPACK[connection.dialect.name])
        values = {
            "packed": msgspec.json.encode(packed).decode(),
            "first_leaf": first_leaf,
        }
        connection.execute(query, {**alike, **values})
        return
    traces: Sequence[str | None] = batch.traces or [None] * len(pairs)
    told = zip(pairs, batch.revisit_tai_s, traces, strict=True)
    rows: list[dict[str, object]] = [
        {**alike, "entry": entry, "ruling": ruling, "revisit_tai_s": revisit, "trace": trace, "leaf": leaf}
        for leaf, ((entry, ruling), revisit, trace) in enumerate(told, first_leaf)
    ]
    insert_all(connection, decisions, rows)


def _outdate(connection: Connection, batch: Batch) -> None:
    """Take the decisions that these replace out of force."""
    earlier = and_(
        decisions.c.reader == batch.reader,
        decisions.c.newest,
        decisions.c.entry.between(min(batch.entries), max(batch.entries)),
    )
    known = set(connection.scalars(select(decisions.c.entry).where(earlier)))
    replaced = sorted(known.intersection(batch.entries))
    for some in portions(replaced):
        connection.execute(update(decisions).where(earlier, decisions.c.entry.in_(some)).values(newest=False))


def _held(row: Row[*tuple[Any, ...]]) -> HeldDecision:
    said = ruling_of(dict(row._mapping))  # noqa: SLF001  # SQLAlchemy's own public name
    decision = Decision(
        record=row.id,
        reader=row.reader,
        allowed=said.allowed,
        reason=said.reason,
        agreement=said.agreement,
        clause=said.clause,
        decided_tai_s=row.decided_tai_s,
        trace=tuple(row.trace.split("\n")) if row.trace else (),
        revisit_tai_s=row.revisit_tai_s,
        form=said.form,
    )
    return HeldDecision(n=row.n, entry=row.entry, newest=row.newest, decision=decision)
