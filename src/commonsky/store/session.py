"""What the groups of questions stand on: a connection to read with, and one to write with."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from commonsky.store.errors import StoreError

VALUES_PER_QUERY = 1_000


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
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_missing(connection: Connection, table: Table) -> Insert:
    """Return an insert that leaves rows as they are which are there already."""
    return insert_or(connection, table).on_conflict_do_nothing()


def portions(values: Sequence[str], size: int = VALUES_PER_QUERY) -> Iterator[Sequence[str]]:
    """Cut a sequence into pieces that fit into one query."""
    return (values[k : k + size] for k in range(0, len(values), size))
