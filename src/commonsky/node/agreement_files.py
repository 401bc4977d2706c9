"""Agreements and acts as files in a node's folder: written whole or not at all, by one process at a time."""

import os
from collections.abc import Iterable
from pathlib import Path

from commonsky.domain import Agreement, AgreementAct
from commonsky.federation.acts import in_order
from commonsky.formats.acts_toml import read_acts, write_acts
from commonsky.node.locks import alone

ACTS = ".acts.toml"
LOCK = ".acts.lock"


def document_file(folder: Path, agreement: Agreement) -> Path:
    """Where a document stands that this node writes itself."""
    return folder / f"{agreement.id}.v{agreement.version}.toml"


def acts_file(folder: Path, reference: str) -> Path:
    """Where the acts on the agreement of this reference stand."""
    return folder / f"{reference.replace('@', '.v')}{ACTS}"


def held_acts(folder: Path, reference: str) -> tuple[AgreementAct, ...]:
    """Return the acts that stand there on an agreement, unverified; raises FormatError where they cannot be read."""
    file = acts_file(folder, reference)
    return read_acts(file.read_bytes(), source=str(file)) if file.exists() else ()


def add_acts(folder: Path, reference: str, acts: Iterable[AgreementAct]) -> int:
    """Put acts on an agreement, verified by the caller, beside those that stand there; return how many are new.

    Raises FormatError where those that stand there cannot be read.
    """
    with alone(folder / LOCK):
        held = held_acts(folder, reference)
        together = in_order((*held, *acts))
        if together != held:
            write_whole(acts_file(folder, reference), write_acts(together))
    return len(together) - len(set(held))


def write_whole(file: Path, text: str) -> None:
    """Write a text file so that, whenever the power fails, it is there as before or as a whole, and stays."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
