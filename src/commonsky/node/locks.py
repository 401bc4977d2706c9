"""Locks between processes that work in one node's folder; the kernel frees them however a process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class FolderBusyError(Exception):
    """Another process holds the folder; the message names it."""


def take(file: Path) -> BinaryIO:
    """Hold a lock until what this gives is closed; raises FolderBusyError when another holds it."""
    held = file.open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise FolderBusyError(
            f"{file.parent} is served by another process (which holds {file.name})"
        ) from error
    return held


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Wait for a lock and hold it for the block: among the threads of this process as well as among processes."""
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
