"""Files that a command writes: whole, or not at all."""

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commonsky.cli.render import CommandError, Table


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """Give a place to write to that takes the file's name once all is written, so that no half of it looks whole.

    What was there before stays as it was until then. A terminal, a pipe and the like are written to as they are.
    Raises CommandError where the file cannot be written.
    """
    target = file.resolve()
    try:
        if target.exists() and not target.is_file():
            yield target
            return
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            yield part
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{file}: cannot be written: {error.strerror or error}") from error


def write_table(table: Table, file: Path) -> None:
    """Write a table as CSV, its columns named in the first line; raises as `written`."""
    with written(file) as place, place.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(table.columns)
        writer.writerows(table.rows)
