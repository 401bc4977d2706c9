"""What the groups of questions stand on: a connection to read with, and one to write with."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from operator import itemgetter
from typing import TypeVar

from sqlalchemy import Connection, Dialect, Insert, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from commonsky.store.errors import StoreError

VALUES_PER_QUERY = 1_000

T = TypeVar("T")


class Session(ABC):
    """Gives connections inside a transaction: that which is open, or one for this question alone."""

    where: str

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one state of the database."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]:
        """Give a connection in a transaction that no other writer interferes with."""

    def _error(self, reason: str) -> StoreError:
        return StoreError(self.where, reason)


def insert_or(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insert that can say what to do on a conflict, in the dialect of the connection."""
    return _insert_or(connection.dialect, table)


def _insert_or(dialect: Dialect, table: Table) -> "sqlite.Insert | postgresql.Insert":
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)


def insert_missing(connection: Connection, table: Table) -> Insert:
    """Return an insert that leaves rows as they are which are there already."""
    return insert_or(connection, table).on_conflict_do_nothing()


def insert_all(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], *, missing: bool = False
) -> int:
    """Insert rows of the same columns, given as the driver takes them; give how many, or less where it cannot tell.

    With ``missing``, rows that are there already are left as they are. SQLAlchemy's own way looks at every value; for
    the log of records that was a third of the time of storing it.
    """
    words, order = _insertion(table, connection.dialect, tuple(rows[0]), missing=missing)
    if order:
        values = itemgetter(*order)
        return connection.exec_driver_sql(words, [values(row) for row in rows]).rowcount
    return connection.exec_driver_sql(words, rows).rowcount


@lru_cache(maxsize=64)
def _insertion(
    table: Table, dialect: Dialect, columns: tuple[str, ...], *, missing: bool
) -> tuple[str, tuple[str, ...]]:
    """Return the text of an insert, and the order of its values where the driver takes them by their places."""
    made = _insert_or(dialect, table).on_conflict_do_nothing() if missing else insert(table)
    compiled = made.inline().compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), tuple(compiled.positiontup or ())


def portions(values: Sequence[T], size: int = VALUES_PER_QUERY) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces that fit into one query."""
    return (values[k : k + size] for k in range(0, len(values), size))
