"""The log of records: append our own, look up one, follow its lineage."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select

from commonsky.domain import (
    ConjunctionWarning,
    ElementSet,
    EnvelopeHeader,
    IdentityClaim,
    Mode,
    Observation,
    Record,
    RecordKind,
    Sensor,
    Track,
)
from commonsky.formats.canonical import encode
from commonsky.store.rows import Appended, StoredRecord
from commonsky.store.schema import OWN, lineage, records, rederived
from commonsky.store.session import Session, insert_all, insert_missing, portions
from commonsky.store.usable import usable

Fields = dict[str, object]
Key = tuple[str, str, str]
"""Agreement, originator and id of a record: unique within a source."""

STORED = (
    records.c.n,
    records.c.source,
    records.c.agreement,
    records.c.originator,
    records.c.id,
    records.c.kind,
    records.c.mode,
    records.c.object,
    records.c.epoch_tai_s,
    records.c.body_sha256,
    records.c.body,
)


class Records(Session):
    """Questions about single records."""

    def append(self, new: Iterable[Record], information: Mapping[str, float] | None = None) -> Appended:
        """Append our own records; what is there already stays as it is, and the answer says so.

        ``information`` says how much each input told of what was derived from it, as far as that is known. Raises
        FormatError for a record that has no canonical form; then none is appended.
        """
        rows = [row_of(record, encode(record)) for record in new]
        edges = [(str(row["id"]), row.pop("inputs")) for row in rows]
        with self._writing() as connection:
            fresh, repeated, conflicting = sort_out(connection, OWN, rows)
            insert_rows(connection, fresh, edges, information)
        return Appended(
            added=tuple(str(row["id"]) for row in fresh),
            repeated=tuple(str(row["id"]) for row in repeated),
            conflicting=tuple(str(row["id"]) for row in conflicting),
        )

    def record(self, record_id: str) -> bytes | None:
        """Give the canonical JSON of a record: our own one of this id, or else the one that came first."""
        held = self.copies(record_id)
        return held[0].body if held else None

    def copies(self, record_id: str) -> list[StoredRecord]:
        """Give every record of this id, by whatever route it came.

        Our own first, then what came from originators themselves, then the rest; each in the order in which they came.
        """
        rank = records.c.source != OWN, records.c.source != records.c.originator, records.c.n
        query = select(*STORED).where(records.c.id == record_id).order_by(*rank)
        with self._reading() as connection:
            return [stored(row) for row in connection.execute(query.where(usable(connection)))]

    def lineage_of(self, record_id: str) -> list[str]:
        """Give the ids of the records that this one was made from."""
        query = select(lineage.c.input).where(lineage.c.derived == record_id).order_by(lineage.c.input)
        with self._reading() as connection:
            return list(connection.scalars(query))

    def shares_of(self, record_id: str) -> dict[str, float] | None:
        """Give how much of the information in a record each originator's inputs told, 0 to 1; ``None`` if unknown."""
        inputs = (
            select(lineage.c.input, lineage.c.information, func.min(records.c.originator).label("originator"))
            .join(records, records.c.id == lineage.c.input)
            .where(lineage.c.derived == record_id)
            .group_by(lineage.c.input, lineage.c.information)
        ).subquery()
        query = select(
            inputs.c.originator,
            func.sum(inputs.c.information),
            func.count(),
            func.count(inputs.c.information),
        ).group_by(inputs.c.originator)
        with self._reading() as connection:
            found = list(connection.execute(query))
        if not found or any(known != count for _, _, count, known in found):
            return None
        total = math.fsum(told for _, told, _, _ in found)
        return {originator: told / total for originator, told, _, _ in found} if total > 0.0 else None

    def rederived_name(self, of_track: str, originators: str) -> str | None:
        """Give the name of the track that stands for one of ours where only these originators' data may count."""
        same = and_(rederived.c.of_track == of_track, rederived.c.originators == originators)
        with self._reading() as connection:
            return connection.scalar(select(rederived.c.track).where(same))

    def name_rederived(self, of_track: str, originators: str, name: str) -> None:
        """Keep that a track of ours stands for another one: before its first record, so that no picture shows it."""
        row = {"track": name, "of_track": of_track, "originators": originators}
        with self._writing() as connection:
            connection.execute(insert_missing(connection, rederived), row)

    def count_own_tracks(self) -> int:
        """Count the names that we ever gave to tracks, of locked ones too."""
        ours = and_(records.c.kind == RecordKind.TRACK.value, records.c.source == OWN)
        with self._reading() as connection:
            return connection.scalar(select(func.count(records.c.object.distinct())).where(ours)) or 0

    def last_revision(self, track: str) -> int:
        """Give the newest revision of a track of ours, 0 when there is none."""
        ours = and_(
            records.c.kind == RecordKind.TRACK.value, records.c.object == track, records.c.source == OWN
        )
        with self._reading() as connection:
            return connection.scalar(select(func.max(records.c.revision)).where(ours)) or 0

    def derived_from(self, record_id: str) -> list[str]:
        """Give the ids of the records that were made from this one."""
        query = select(lineage.c.derived).where(lineage.c.input == record_id).order_by(lineage.c.derived)
        with self._reading() as connection:
            return list(connection.scalars(query))

    def sensors_behind(self, record_id: str) -> frozenset[str]:
        """Give the ids of the sensors behind a record of ours; none unless every first-hand source tells its sensor.

        A source that tells none, such as an element set or a partner's track, may have come from any sensor.
        """
        ancestors = select(lineage.c.input).where(lineage.c.derived == record_id).cte(recursive=True)
        ancestors = ancestors.union(
            select(lineage.c.input).join(ancestors, lineage.c.derived == ancestors.c.input)
        )
        query = (
            select(ancestors.c.input, records.c.sensor)
            .outerjoin(records, records.c.id == ancestors.c.input)
            .where(~exists().where(lineage.c.derived == ancestors.c.input))
            .distinct()
        )
        with self._reading() as connection:
            sensors = frozenset(sensor for _, sensor in connection.execute(query))
        return frozenset() if None in sensors else frozenset(sensors)


def row_of(
    record: Record, body: bytes, *, header: EnvelopeHeader | None = None, agreement: str = OWN
) -> Fields:
    """Return the columns of a record, and its ``inputs`` beside them; ``header`` is that of its envelope."""
    row: Fields = {
        "source": OWN if header is None else header.iss,
        "agreement": agreement,
        "originator": record.originator,
        "id": record.id,
        "kind": record.kind.value,
        "mode": record.mode.value,
        "object": None,
        "sensor": None,
        "epoch_tai_s": None,
        "revision": None,
        "gen": None if header is None else header.gen,
        "seq": None if header is None else header.seq,
        "body_sha256": hashlib.sha256(body).digest(),
        "body": body,
        "inputs": record.inputs,
    }
    match record.content:
        case Observation() as content:
            row.update(object=content.target, sensor=content.sensor, epoch_tai_s=content.epoch_tai_s)
        case ElementSet() as content:
            row.update(object=str(content.norad_cat_id), epoch_tai_s=content.epoch_tai_s)
        case Track() as content:
            row.update(object=content.track_id, epoch_tai_s=content.epoch_tai_s, revision=content.revision)
        case IdentityClaim() as content:
            row.update(object=content.track_id)
        case Sensor() as content:
            row.update(object=content.id, sensor=content.id)
        case ConjunctionWarning() as content:
            row.update(epoch_tai_s=content.tca_tai_s)
    return row


def sort_out(
    connection: Connection, source: str, rows: Sequence[Fields]
) -> tuple[list[Fields], list[Fields], list[Fields]]:
    """Divide rows of one source into new ones, ones that are there already, and ones with other bytes."""
    known: dict[Key, bytes] = {}
    for ids in portions([str(row["id"]) for row in rows]):
        query = select(records.c.agreement, records.c.originator, records.c.id, records.c.body_sha256).where(
            records.c.id.in_(ids), records.c.source == source
        )
        known.update(((r.agreement, r.originator, r.id), r.body_sha256) for r in connection.execute(query))
    fresh: list[Fields] = []
    repeated: list[Fields] = []
    conflicting: list[Fields] = []
    for row in rows:
        key = (str(row["agreement"]), str(row["originator"]), str(row["id"]))
        digest = known.get(key)
        if digest is None:
            known[key] = row["body_sha256"]  # type: ignore[assignment]  # a row's digest is bytes
            fresh.append(row)
        else:
            (repeated if digest == row["body_sha256"] else conflicting).append(row)
    return fresh, repeated, conflicting


def keep_rows(connection: Connection, source: str, rows: Sequence[Fields]) -> list[Fields]:
    """Append rows of one source to the log; give those whose id is there with other bytes.

    Nearly all come for the first time. So they are looked for only when the database has not taken all of them.
    """
    if not rows or insert_all(connection, records, rows, missing=True) == len(rows):
        return []
    return sort_out(connection, source, rows)[2]


def insert_rows(
    connection: Connection,
    fresh: Sequence[Fields],
    edges: Iterable[tuple[str, object]],
    information: Mapping[str, float] | None = None,
) -> None:
    """Append new rows to the log, and the lineage among them: pairs of an id and the ids of its inputs."""
    told = information or {}
    if fresh:
        insert_all(connection, records, fresh)
    ids = {row["id"] for row in fresh}
    pairs = [
        {"derived": derived, "input": one, "information": told.get(one)}
        for derived, inputs in edges
        if derived in ids and isinstance(inputs, tuple)
        for one in inputs
    ]
    if pairs:
        connection.execute(insert_missing(connection, lineage), pairs)


def stored(row: Row[*tuple[Any, ...]]) -> StoredRecord:
    """Return what the columns `STORED` say."""
    return StoredRecord(
        n=row.n,
        source=row.source or None,
        agreement=row.agreement or None,
        originator=row.originator,
        id=row.id,
        kind=RecordKind(row.kind),
        mode=Mode(row.mode),
        object=row.object,
        epoch_tai_s=row.epoch_tai_s,
        body_sha256=bytes(row.body_sha256),
        body=bytes(row.body),
    )
