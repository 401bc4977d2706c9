"""The folder where sensors drop their files.

A file is moved away only when its records are committed, and taking a file in twice changes nothing, so a crash at
any moment loses no file and doubles no record. A writer gives its file another name (``.part``, or a leading dot)
until it is complete. One file that cannot be taken in never keeps the others waiting.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from commonsky.formats.errors import FormatError
from commonsky.node.jobs import Intake, ingest
from commonsky.node.node import Node
from commonsky.store import StoreError


def take_incoming(node: Node) -> Iterator[Intake | FormatError]:
    """Take in every complete file of the incoming folder, oldest name first; a bad one is set aside with the reason.

    Raises StoreError or OSError, and leaves the file where it is, when it is not the file that is at fault.
    """
    for file in sorted(node.folder.incoming.iterdir()):
        if file.name.startswith(".") or file.suffix == ".part" or not file.is_file():
            continue
        try:
            data = file.read_bytes()
        except OSError as error:
            node.say_once(f"incoming {file.name!r}", f"{file.name!r} cannot be read: {error.strerror}")
            continue
        taken = _taken(node, data, printable(file.name))
        if isinstance(taken, FormatError):
            node.store.write_log(node.now_tai_s(), "ingest", str(taken))
        _move(file, node.folder.path / ("rejected" if isinstance(taken, FormatError) else "ingested"), taken)
        yield taken


def printable(name: str) -> str:
    """Give a file's name as text that can be stored and shown, whatever bytes it is made of."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in name)


def _taken(node: Node, data: bytes, name: str) -> Intake | FormatError:
    try:
        return ingest(node, data, name)
    except FormatError as error:
        return error
    except (StoreError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  # what nobody foresaw in one file must not stop the node
        return FormatError(name, f"cannot be taken in: {type(error).__name__}: {error}")


def _move(file: Path, folder: Path, taken: Intake | FormatError) -> None:
    """Move a file out of the way, under a free name: another file of its name may have come before."""
    folder.mkdir(exist_ok=True)
    names = (file.name if n == 0 else f"{file.stem}~{n}{file.suffix}" for n in count())
    target = next(path for path in (folder / name for name in names) if not path.exists())
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f"{target.name}.part")  # sensors may write to a disk of their own
        shutil.copyfile(file, part)
        part.replace(target)
        file.unlink()
    if isinstance(taken, FormatError):
        with suppress(OSError):  # the name may be too long for the ending; the watch log has the reason too
            target.with_name(f"{target.name}.reason").write_text(f"{taken}\n", encoding="utf-8")
