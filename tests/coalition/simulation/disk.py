"""A node's database that crashes, fills up, is backed up and restored: a file in memory, opened as the node opens it.

What SQLite promises is taken as given (a transaction is kept whole or not at all; kill -9 on a real disk is tried in
``tests/integration`` and ``tests/store``). What is tried here is where the node draws its transactions.
"""

import sqlite3

from sqlalchemy import QueuePool, create_engine, event

from commonsky.store import Store
from commonsky.store.database import _begin_sqlite, _prepare_sqlite

_WRITES = ("INSERT", "UPDATE", "DELETE")


class Crash(BaseException):
    """The machine stops here. No code of the node may catch it."""


class Disk:
    """One database. Disks are made once for a process and used anew: compiled statements stay with their engine."""

    _template = None

    def __init__(self):
        self._file = None
        self._inside = None
        self.writes = 0
        self.commits = 0
        self._dirty = False
        self._crash_at = None
        self._crash_kind = "write"
        self._most_pages = None
        self._engine = create_engine("sqlite://", creator=self._connected, poolclass=QueuePool)
        event.listen(self._engine, "connect", self._prepare)
        event.listen(self._engine, "begin", _begin_sqlite)
        event.listen(self._engine, "before_cursor_execute", self._before)
        self._commit = self._engine.dialect.do_commit
        self._engine.dialect.do_commit = self._committing

    def format(self, file):
        """Make it empty, with the tables of a node."""
        self._file = file
        if Disk._template is None:
            self.restore(None)
            Store(self._engine, "template")._prepare(b"salts of the audit trees")
            Disk._template = self.image()
        self.restore(Disk._template)

    def restore(self, image):
        self.erase()
        if image is not None:
            self._file.write_bytes(image)

    def erase(self):
        """Take the data away."""
        self._crash_at = self._most_pages = None
        self._engine.dispose()
        if self._inside is not None:
            self._inside.close()
            self._inside = None
        for ending in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)

    def image(self):
        """What a backup would hold: all that is committed."""
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._file.read_bytes()

    def open(self, name):
        """Open the store after a start; a transaction that the crash cut off is gone."""
        self.mend()
        return Store(self._engine, name)

    def query(self, sql, parameters=()):
        """Look inside, past the product."""
        if self._inside is None:
            self._inside = sqlite3.connect(self._file, isolation_level=None)
        return self._inside.execute(sql, parameters).fetchall()

    def crash_after(self, count, kind):
        """Stop at the ``count``-th write or commit from now: before it, or (``committed``) just after the commit."""
        self._crash_at = (self.writes if kind == "write" else self.commits) + count
        self._crash_kind = kind

    def fill(self, spare_pages=0):
        """Let it not grow beyond so many pages more."""
        self._most_pages = self.query("PRAGMA page_count")[0][0] + spare_pages
        self._engine.dispose()

    def mend(self):
        """No crash is due, and there is space again."""
        self._crash_at = None
        if self._most_pages is not None:
            self._most_pages = None
            self._engine.dispose()

    def _connected(self):
        return sqlite3.connect(self._file, check_same_thread=False)

    def _prepare(self, connection, record):
        _prepare_sqlite(connection, record)
        connection.execute("PRAGMA synchronous = OFF")  # power does not fail here
        if self._most_pages is not None:
            connection.execute(f"PRAGMA max_page_count = {self._most_pages}")

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
