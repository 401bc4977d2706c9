"""A database of an older version of this program is brought up to date when it is opened, in one transaction.

Tables that are missing are made; what else has changed since a version is one function of `STEPS`, and the version of
the schema is one more than their number. So to change the schema is to add a table in `schema`, or a column there and
a step here.
"""

from collections.abc import Callable

from sqlalchemy import Column, Connection, MetaData, Table, and_, func, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn

from commonsky.store.audit import backfill, keep_secret
from commonsky.store.rulings import ruling_numbers, ruling_of
from commonsky.store.schema import (
    OWN,
    decisions,
    holdings,
    inbox,
    lineage,
    meta,
    metadata,
    outbox,
    records,
)
from commonsky.store.session import insert_all

_VERSION = "schema_version"


def _audit_tree(connection: Connection) -> None:
    """Every decision and envelope so far becomes a leaf of the audit tree, as if the tree had begun with them."""
    _rulings(connection)
    add_columns(connection, outbox, outbox.c.leaf)
    backfill(connection)


def _rulings(connection: Connection) -> None:
    """What decisions say stands apart, once; they keep their order, leaves and traces."""
    wide = Table(decisions.name, MetaData(), autoload_with=connection)
    if "ruling" in wide.c:
        return
    rows = connection.execute(select(wide).order_by(wide.c.n)).mappings().all()
    wide.drop(connection)
    decisions.create(connection)
    if not rows:
        return
    numbers = ruling_numbers(connection, [ruling_of({"form": None, **row}) for row in rows])
    kept = [column.name for column in decisions.c if column.name not in {"n", "ruling"}]
    narrow = [
        {**{name: row.get(name) for name in kept}, "ruling": number}
        for row, number in zip(rows, numbers, strict=True)
    ]
    insert_all(connection, decisions, narrow)


def _tables_alone(_: Connection) -> None:
    """Nothing but new tables, for accounts and what people sign."""


def _information(connection: Connection) -> None:
    """How much each input told; of what was derived before, nobody knows any more."""
    add_columns(connection, lineage, lineage.c.information)


def _holdings(connection: Connection) -> None:
    """What was received before is held as of its last envelope."""
    held = (
        select(records.c.source, records.c.agreement, func.max(inbox.c.received_tai_s))
        .join(
            inbox,
            and_(inbox.c.iss == records.c.source, inbox.c.gen == records.c.gen, inbox.c.seq == records.c.seq),
        )
        .where(records.c.source != OWN)
        .group_by(records.c.source, records.c.agreement)
    )
    connection.execute(insert(holdings).from_select(["source", "agreement", "heard_tai_s"], held))


def _withheld(connection: Connection) -> None:
    """What stands for a body that is withheld; for what was sealed before, it is signed when it is needed."""
    add_columns(connection, outbox, outbox.c.withheld)


STEPS: tuple[Callable[[Connection], None], ...] = (
    _tables_alone,
    _audit_tree,
    _information,
    _holdings,
    _rulings,
    _withheld,
)
SCHEMA_VERSION = 1 + len(STEPS)


def version_of(connection: Connection) -> str | None:
    """Give what the database says of its version, ``None`` when it does not say any."""
    if not inspect(connection).has_table(meta.name):
        return None
    return connection.scalar(select(meta.c.value).where(meta.c.key == _VERSION))


def is_current(connection: Connection) -> bool:
    """Whether nothing has to be done before this program can use the database."""
    there = set(inspect(connection).get_table_names())
    return version_of(connection) == str(SCHEMA_VERSION) and set(metadata.tables) <= there


def bring_up_to_date(connection: Connection, audit_secret: bytes) -> None:
    """Make what is missing, in the transaction of the connection; the database is empty or of an older version.

    ``audit_secret`` is kept where there is none: the salts of the audit tree are made of it.
    """
    version = version_of(connection)
    metadata.create_all(connection)
    keep_secret(connection, audit_secret)
    if version is None:
        connection.execute(insert(meta), {"key": _VERSION, "value": str(SCHEMA_VERSION)})
        return
    for step in STEPS[int(version) - 1 :]:
        step(connection)
    connection.execute(update(meta).where(meta.c.key == _VERSION).values(value=str(SCHEMA_VERSION)))


def add_columns(connection: Connection, table: Table, *columns: "Column[object]") -> None:
    """Add columns, which may be null, to a table that lacks them."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    preparer = connection.dialect.identifier_preparer
    for column in columns:
        if column.name not in there:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {words}")
