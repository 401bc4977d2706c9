"""The folder where sensors drop their files.

A file is moved away only when its records are committed, and taking a file in twice changes nothing, so a crash at
any moment loses no file and doubles no record. A writer gives its file another name (``.part``, or a leading dot)
until it is complete.
"""

from collections.abc import Iterator
from pathlib import Path

from commonsky.formats.errors import FormatError
from commonsky.node.jobs import Intake, ingest
from commonsky.node.node import Node


def take_incoming(node: Node) -> Iterator[Intake | FormatError]:
    """Take in every complete file of the incoming folder, oldest name first; a bad one is set aside with the reason."""
    for file in sorted(node.folder.incoming.iterdir()):
        if file.name.startswith(".") or file.suffix == ".part" or not file.is_file():
            continue
        try:
            data = file.read_bytes()
            taken: Intake | FormatError = ingest(node, data, file.name)
        except FormatError as error:
            node.store.write_log(node.now_tai_s(), "ingest", str(error))
            _move(file, node.folder.path / "rejected", str(error))
            yield error
        else:
            _move(file, node.folder.path / "ingested")
            yield taken


def _move(file: Path, folder: Path, reason: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    if reason is not None:
        (folder / f"{file.name}.reason").write_text(reason + "\n", encoding="utf-8")
    file.replace(folder / file.name)
