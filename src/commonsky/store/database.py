"""Open a database, and give transactions on it.

SQLite runs in WAL mode with full synchronisation: what is committed survives the loss of power. Writers take the
write lock at their start, so they wait for each other instead of failing half-way. PostgreSQL writers take one
advisory lock for the same effect, which also keeps the log's numbers in the order of commits.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from commonsky.sharing.audit_leaf import SECRET_BYTES
from commonsky.store.accounts import Accounts
from commonsky.store.acknowledgements import Acknowledgements
from commonsky.store.audit import Audit
from commonsky.store.audit_heads import AuditHeads
from commonsky.store.audit_reading import AuditReading
from commonsky.store.decisions import Decisions
from commonsky.store.egress import Egress
from commonsky.store.errors import StoreError, said_plainly
from commonsky.store.feeds import Feeds
from commonsky.store.holdings import Holdings
from commonsky.store.member_keys import MemberKeys
from commonsky.store.migration import SCHEMA_VERSION, bring_up_to_date, is_current, version_of
from commonsky.store.notices import Notices
from commonsky.store.object_names import ObjectNames
from commonsky.store.proposals import Proposals
from commonsky.store.questions import Questions
from commonsky.store.records import Records
from commonsky.store.schema import FIRST_TABLES
from commonsky.store.sign_ins import SignIns
from commonsky.store.views import Views
from commonsky.store.watch import Watch

BUSY_TIMEOUT_MS = 15_000
CACHE_KIB = 32 * 1024
"""Enough for the index of ids, into which every new record falls at another place."""

PAGES_BEFORE_CHECKPOINT = 8_000
"""Of the write-ahead log, 32 MB: a checkpoint after every few envelopes would cost a tenth of the speed."""
_WRITER_LOCK = 7_316_025
_FOR_WRITING = "commonsky_writes"
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {PAGES_BEFORE_CHECKPOINT}",
)


class Sections(
    Records,
    Decisions,
    Feeds,
    Acknowledgements,
    Notices,
    Questions,
    ObjectNames,
    Holdings,
    MemberKeys,
    Views,
    Watch,
    Audit,
    AuditHeads,
    AuditReading,
    Accounts,
    SignIns,
    Proposals,
):
    """All that can be asked and entered."""


class Transaction(Sections):
    """Questions and entries that belong together: all of them are kept, or none."""

    def __init__(self, connection: Connection, where: str) -> None:
        self.where = where
        self._connection = connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        yield self._connection


class Store(Sections, Egress):
    """A node's database. Safe to use from several threads; several processes may open the same one."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.where = where
        self._engine = engine

    @classmethod
    def open(cls, where: str | Path, *, audit_secret: bytes | None = None) -> Self:
        """Open the database at a path (made when absent) or at a database URL; one of an older version is updated.

        ``audit_secret`` makes the salts of the audit tree of a new database, which are random without it.
        Raises StoreError that names the database when it cannot be used, is not one of a node, or was written
        by a newer version of this program.
        """
        url = _url(str(where))
        name = url.render_as_string(hide_password=True) if "://" in str(where) else str(where)
        with said_plainly(name):
            store = cls(_engine(url, name), name)
            try:
                store._prepare(audit_secret or secrets.token_bytes(SECRET_BYTES))
            except BaseException:
                store.close()
                raise
        return store

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Give a transaction for writing: committed at the end of the block, rolled back when it raises."""
        with self._writing() as connection:
            yield Transaction(connection, self.where)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with said_plainly(self.where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with said_plainly(self.where), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                # Each statement must see what was committed while this one waited for the lock.
                connection.execution_options(isolation_level="READ COMMITTED")
            connection.execution_options(**{_FOR_WRITING: True})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"))
                yield connection

    def _prepare(self, audit_secret: bytes) -> None:
        with self._reading() as connection:
            self._check(connection)
            current = is_current(connection)
        if not current:
            with self._writing() as connection:
                self._check(connection)
                bring_up_to_date(connection, audit_secret)

    def _check(self, connection: Connection) -> None:
        """Raise StoreError for a database that is not one of a node, or of a version that is not known yet."""
        tables = set(inspect(connection).get_table_names())
        if tables and not tables >= FIRST_TABLES:
            raise StoreError(self.where, "this is a database, but not one of a commonsky node")
        version = version_of(connection)
        if tables and not (version and version.isdecimal() and 1 <= int(version) <= SCHEMA_VERSION):
            reason = (
                f"it was written by a newer commonsky (schema {version}; this one reads {SCHEMA_VERSION})"
            )
            raise StoreError(self.where, f"{reason}: update commonsky on this machine")


def _url(where: str) -> URL:
    try:
        url = make_url(where if "://" in where else f"sqlite:///{where}")
    except (ArgumentError, ValueError) as error:
        raise StoreError(where, f"is not a path or a database URL ({error})") from error
    return url.set(drivername="postgresql+pg8000") if url.drivername == "postgresql" else url


def _engine(url: URL, name: str) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, isolation_level="REPEATABLE READ")
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1_000})
    except (ImportError, NoSuchModuleError) as error:
        advice = "this kind of database needs a driver (for PostgreSQL: pip install 'commonsky[postgresql]')"
        raise StoreError(name, f"{advice} ({error})") from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver would begin transactions by itself, and only at the first write: too late to wait for the lock.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_FOR_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
