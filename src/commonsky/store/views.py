"""Views of the log: the newest tracks and element sets, observations, and how much there is."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import ColumnElement, CompoundSelect, UnaryExpression, and_, func, select, union_all

from commonsky.domain import RecordKind
from commonsky.store.records import STORED, stored
from commonsky.store.rows import Counts, ReleaseCount, StoredRecord
from commonsky.store.schema import OWN, decisions, quarantine, records, rederived, rulings
from commonsky.store.session import Session
from commonsky.store.usable import usable


@cache
def _last_of(kinds: frozenset[RecordKind]) -> CompoundSelect[int | None]:
    """The newest entry of each kind, each from the end of the index."""
    return union_all(
        *(select(func.max(records.c.n)).where(records.c.kind == kind.value) for kind in sorted(kinds))
    )


class Views(Session):
    """Questions about many records."""

    def current_tracks(self) -> list[StoredRecord]:
        """Give the newest revision of each track, our own and each partner's, with its source.

        Tracks of ours that were derived again for partners are none of our picture: the ones that they stand for are.
        """
        found = self._newest(RecordKind.TRACK, [records.c.revision.desc(), records.c.n.desc()])
        again = self.rederived_names()
        return [entry for entry in found if entry.source is not None or entry.object not in again]

    def rederived_names(self) -> frozenset[str]:
        """Give the names of our tracks that stand for others of ours towards partners."""
        with self._reading() as connection:
            return frozenset(connection.scalars(select(rederived.c.track)))

    def element_sets(self, number: str | None = None) -> list[StoredRecord]:
        """Give the newest element set of each object, or of one catalogue number, from each source."""
        order = [records.c.epoch_tai_s.desc(), records.c.n.desc()]
        return self._newest(RecordKind.ELEMENT_SET, order, number)

    def sensors(self) -> list[StoredRecord]:
        """Give the newest record of each sensor, our own and those that partners told us of."""
        return self._newest(RecordKind.SENSOR, [records.c.n.desc()])

    def claims(self, *, locked_too: bool = False) -> list[StoredRecord]:
        """Give all identity claims, oldest first."""
        query = select(*STORED).where(records.c.kind == RecordKind.IDENTITY_CLAIM.value).order_by(records.c.n)
        with self._reading() as connection:
            wanted = query if locked_too else query.where(usable(connection))
            return [stored(row) for row in connection.execute(wanted)]

    def warnings(self, since_tca_tai_s: float) -> list[StoredRecord]:
        """Give all warnings of close approaches from then on, our own and partners', in the order they came."""
        query = (
            select(*STORED)
            .where(records.c.kind == RecordKind.CONJUNCTION_WARNING.value)
            .where(records.c.epoch_tai_s >= since_tca_tai_s)
            .order_by(records.c.n)
        )
        with self._reading() as connection:
            return [stored(row) for row in connection.execute(query.where(usable(connection)))]

    def observations(
        self,
        since_tai_s: float | None = None,
        until_tai_s: float | None = None,
        target: str | None = None,
        *,
        after: int = 0,
    ) -> list[StoredRecord]:
        """Give observations in order of epoch, our own and partners'.

        From ``since_tai_s`` (included) to ``until_tai_s`` (excluded), of one claimed target, and of log entries
        beyond ``after``; what is left out does not restrict.
        """
        conditions: list[ColumnElement[bool]] = [
            records.c.kind == RecordKind.OBSERVATION.value,
            records.c.n > after,
        ]
        if since_tai_s is not None:
            conditions.append(records.c.epoch_tai_s >= since_tai_s)
        if until_tai_s is not None:
            conditions.append(records.c.epoch_tai_s < until_tai_s)
        if target is not None:
            conditions.append(records.c.object == target)
        query = select(*STORED).where(and_(*conditions)).order_by(records.c.epoch_tai_s, records.c.n)
        with self._reading() as connection:
            return [stored(row) for row in connection.execute(query.where(usable(connection)))]

    def last_observed_tai_s(self, target: str, until_tai_s: float) -> float | None:
        """Give the epoch, before ``until_tai_s``, of the newest observation of a claimed target, whoever made it."""
        newest = select(func.max(records.c.epoch_tai_s)).where(
            records.c.kind == RecordKind.OBSERVATION.value,
            records.c.object == target,
            records.c.epoch_tai_s < until_tai_s,
        )
        with self._reading() as connection:
            found: float | None = connection.scalar(newest.where(usable(connection)))
        return found

    def observed_targets(self, since_tai_s: float) -> frozenset[str]:
        """Give every claimed target that was observed since then, whoever did."""
        query = (
            select(records.c.object)
            .where(records.c.kind == RecordKind.OBSERVATION.value, records.c.epoch_tai_s >= since_tai_s)
            .where(records.c.object.is_not(None))
            .distinct()
        )
        with self._reading() as connection:
            return frozenset(connection.scalars(query.where(usable(connection))))

    def usable_entries(self, after: int, limit: int, *, onward: bool) -> list[StoredRecord]:
        """Give log entries beyond ``after`` that may be used, our own and with ``onward`` partners', in their order."""
        with self._reading() as connection:
            query = select(*STORED).where(records.c.n > after, usable(connection))
            if not onward:
                query = query.where(records.c.source == OWN)
            return [stored(row) for row in connection.execute(query.order_by(records.c.n).limit(limit))]

    def last_entry(self, kinds: Collection[RecordKind] = tuple(RecordKind)) -> int:
        """Give the number of the newest log entry of these kinds, 0 when there is none."""
        if not kinds:
            return 0
        with self._reading() as connection:
            newest = connection.execute(_last_of(frozenset(kinds)))
            return max((row[0] or 0 for row in newest), default=0)

    def counts(self) -> Counts:
        """Give how much there is of everything."""
        by_kind = select(records.c.source, records.c.kind, func.count()).group_by(
            records.c.source, records.c.kind
        )
        by_reason = (
            select(rulings.c.reader, rulings.c.allowed, rulings.c.reason, func.count().label("number"))
            .join(decisions, decisions.c.ruling == rulings.c.n)
            .where(decisions.c.newest)
            .group_by(rulings.c.reader, rulings.c.allowed, rulings.c.reason)
            .order_by(rulings.c.reader, rulings.c.allowed.desc(), func.count().desc(), rulings.c.reason)
        )
        apart = select(quarantine.c.source, func.sum(quarantine.c.times)).group_by(quarantine.c.source)
        with self._reading() as connection:
            own: dict[str, int] = {}
            foreign: dict[str, dict[str, int]] = {}
            for source, kind, number in connection.execute(by_kind):
                (own if source == OWN else foreign.setdefault(source, {}))[kind] = number
            return Counts(
                own=own,
                foreign=foreign,
                decisions=tuple(
                    ReleaseCount(reader=r.reader, allowed=r.allowed, reason=r.reason, count=r.number)
                    for r in connection.execute(by_reason)
                ),
                quarantined={source: int(times) for source, times in connection.execute(apart)},
            )

    def _newest(
        self, kind: RecordKind, order: Sequence[UnaryExpression[object]], name: str | None = None
    ) -> list[StoredRecord]:
        """The first in this order of each object, or of the one of that name, from each source and originator."""
        rank = func.row_number().over(
            partition_by=(records.c.source, records.c.originator, records.c.object), order_by=order
        )
        of_kind = select(records.c.n, rank.label("rank")).where(records.c.kind == kind.value)
        if name is not None:
            of_kind = of_kind.where(records.c.object == name)
        with self._reading() as connection:
            ranked = of_kind.where(usable(connection)).subquery()
            first = select(ranked.c.n).where(ranked.c.rank == 1)
            query = select(*STORED).where(records.c.n.in_(first)).order_by(records.c.n)
            return [stored(row) for row in connection.execute(query)]
