"""Opening a node from a command line: what goes wrong is said in the terms of the command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from commonsky.cli.render import CommandError, Exit
from commonsky.formats.errors import FormatError
from commonsky.node.node import Node
from commonsky.node.start import open_node
from commonsky.store import StoreError


@contextmanager
def opened(folder: Path, now_tai_s: Callable[[], float] | None = None) -> Iterator[Node]:
    """Give the node of a folder and close it afterwards; faults of folder and database become one clear line."""
    try:
        node = open_node(folder, now_tai_s)
    except FormatError as error:
        hint = (
            ""
            if folder.joinpath("node.toml").exists()
            else " (no node lives here; make one with: commonsky node init)"
        )
        raise CommandError(f"{error}{hint}", Exit.UNUSABLE) from error
    except StoreError as error:
        raise CommandError(str(error)) from error
    try:
        yield node
    except StoreError as error:
        raise CommandError(str(error)) from error
    finally:
        node.store.close()
