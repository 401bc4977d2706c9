"""A node's database: in memory, and yet it crashes, fills up, is backed up and restored like one on a disk.

What SQLite promises is taken as given (a transaction is kept whole or not at all; kill -9 on a real disk is tried in
``tests/integration`` and ``tests/store``). What is tried here is where the node draws its transactions.
"""

import sqlite3

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from commonsky.store import Store
from commonsky.store.database import _begin_sqlite, _prepare_sqlite

_WRITES = ("INSERT", "UPDATE", "DELETE")


class Crash(BaseException):
    """The machine stops here. No code of the node may catch it."""


class Disk:
    """One database. Disks are made once for a process and used anew: compiled statements stay with their engine."""

    _template = None

    def __init__(self):
        self._image = None
        self._raw = None
        self.writes = 0
        self.commits = 0
        self._dirty = False
        self._crash_at = None
        self._crash_kind = "write"
        self._engine = create_engine("sqlite://", creator=self._connected, poolclass=StaticPool)
        event.listen(self._engine, "connect", _prepare_sqlite)
        event.listen(self._engine, "begin", _begin_sqlite)
        event.listen(self._engine, "before_cursor_execute", self._before)
        self._commit = self._engine.dialect.do_commit
        self._engine.dialect.do_commit = self._committing
        # The end of a connection, as after a crash, is not the end of the data: only `restore` takes them away.
        self._engine.dialect.do_close = self._engine.dialect.do_terminate = _roll_back

    def format(self):
        """Make it empty, with the tables of a node."""
        if Disk._template is None:
            self.restore(None)
            Store(self._engine, "template")._prepare(b"salts of the audit trees")
            Disk._template = self.image()
        self.restore(Disk._template)

    def restore(self, image):
        self._crash_at = None
        self._engine.dispose()
        if self._raw is not None:
            self._raw.close()
        self._raw, self._image = None, image

    def image(self):
        """What a backup would hold: all that is committed."""
        self.query("SELECT 1")
        return self._raw.serialize()

    def open(self, name):
        """Open the store after a start; a transaction that the crash cut off is gone."""
        self.mend()
        return Store(self._engine, name)

    def query(self, sql, parameters=()):
        """Look inside, past the product."""
        if self._raw is None:
            self._engine.connect().close()
        return self._raw.execute(sql, parameters).fetchall()

    def crash_after(self, count, kind):
        """Stop at the ``count``-th write or commit from now: before it, or (``committed``) just after the commit."""
        self._crash_at = (self.writes if kind == "write" else self.commits) + count
        self._crash_kind = kind

    def fill(self, spare_pages=0):
        """Let it not grow beyond so many pages more."""
        pages = self.query("PRAGMA page_count")[0][0]
        self.query(f"PRAGMA max_page_count = {pages + spare_pages}")

    def mend(self):
        """No crash is due, and there is space again."""
        self._crash_at = None
        if self._raw is not None:
            self.query("PRAGMA max_page_count = 1000000")

    def _connected(self):
        if self._raw is None:
            self._raw = sqlite3.connect(":memory:", check_same_thread=False)
            if self._image is not None:
                self._raw.deserialize(self._image)
        return self._raw

    def _before(self, connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(_WRITES):
            self._dirty = True
            self.writes += 1
            if self._crash_at is not None and self._crash_kind == "write" and self.writes >= self._crash_at:
                self._crash_at = None
                raise Crash

    def _committing(self, connection):
        if not self._dirty:
            self._commit(connection)
            return
        self._dirty = False
        self.commits += 1
        due = self._crash_at is not None and self._crash_kind != "write" and self.commits >= self._crash_at
        if due:
            self._crash_at = None
        if due and self._crash_kind == "commit":
            raise Crash
        self._commit(connection)
        if due:
            raise Crash


def _roll_back(connection):
    if connection.in_transaction:
        connection.rollback()
