"""What can go wrong with a database, said so that a person knows which file it is and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_ADVICE = (
    ("SQLITE_FULL", "the disk is full: free some space and try again; what was committed is safe"),
    ("SQLITE_IOERR", "the disk cannot be read or written (full, over quota, or failing)"),
    (
        "SQLITE_READONLY",
        "it cannot be written to: check the owner and the permissions of the file and its folder",
    ),
    ("SQLITE_BUSY", "another process has been writing to it for too long: end that process or try again"),
    ("SQLITE_LOCKED", "another process has been writing to it for too long: end that process or try again"),
    ("SQLITE_NOTADB", "it is not a database: give the path of a node's database, or move this file away"),
    ("SQLITE_CORRUPT", "it is damaged: restore it from a backup and raise the node's generation"),
    ("SQLITE_CANTOPEN", "it cannot be opened: check that its folder exists and may be written to"),
    ("SQLITE_CONSTRAINT", "the entry contradicts what is stored"),
)


class StoreError(Exception):
    """The store could not do what was asked; the transaction was rolled back and what was committed stays."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"{where}: {reason}")


@contextmanager
def said_plainly(where: str) -> Iterator[None]:
    """Turn what a database driver raises inside into a StoreError on the database at ``where``."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        code = str(getattr(cause, "sqlite_errorname", ""))
        advice = next((words for name, words in _ADVICE if code.startswith(name)), None)
        raise StoreError(where, f"{advice} ({cause})" if advice else str(cause)) from error
