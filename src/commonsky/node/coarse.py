"""Give our orbits below full precision: by which secret and name each is displaced, always the same way."""

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from commonsky.domain import ElementSet, IdentityClaim, Record, Track
from commonsky.federation import SigningKey
from commonsky.formats.canonical import decode
from commonsky.formats.errors import FormatError
from commonsky.node.node import Node
from commonsky.sharing.coarsening import CoarseningError, coarsened
from commonsky.store import Transaction

SECRET_BYTES = 32

_PURPOSE = b"commonsky orbit bias secret 1"
_DESIGNATOR = re.compile(r"\d{4}-\d{3}[A-Z]{1,3}")


def coarse(node: Node, tx: Transaction, record: Record, floor_m: float) -> Record:
    """Our record with its orbit displaced by ``floor_m`` at least; raises CoarseningError where it must be withheld."""
    names = _names(tx, record)
    if not names:
        raise CoarseningError("the record names no object, whose orbits must all be displaced alike")
    name = tx.object_behind(names)
    return coarsened(record, floor_m, giver=node.id, object_name=name, secret=node.orbit_secret)


def _names(tx: Transaction, record: Record) -> list[str]:
    """The object's names, catalogue numbers first; partners' claims do not count: they could join what is apart."""
    match record.content:
        case Track(track_id=track_id):
            own = (entry for entry in tx.claims() if entry.source is None and entry.object == track_id)
            claims = (decode(entry.body).content for entry in own)
            names = {track_id} | {one.designator for one in claims if isinstance(one, IdentityClaim)}
        case ElementSet(norad_cat_id=number, object_id=designator):
            names = {str(number)} if number > 0 else set()
            if _DESIGNATOR.fullmatch(designator):
                names.add(designator)
        case _:
            names = set()
    return sorted(names, key=lambda name: (not name.isdecimal(), not _DESIGNATOR.fullmatch(name), name))


def read_or_make_secret(file: Path, key: SigningKey) -> bytes:
    """The secret that displaces our orbits: of its file, or made of the signing key for good when there is none.

    It stays when the signing key is rolled, and must: orbits released under two secrets could be averaged. Raises
    FormatError for a file that others may read, or that is no such secret.
    """
    if not file.exists():
        _keep(file, HKDF(SHA256(), SECRET_BYTES, salt=None, info=_PURPOSE).derive(key.private_bytes_raw()))
    try:
        mode, text = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise FormatError(str(file), f"cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise FormatError(str(file), "others may read this secret; keep it to yourself with: chmod 600")
    if not re.fullmatch(rb"[0-9a-f]{64}\n?", text):
        raise FormatError(str(file), "is not 64 hexadecimal digits")
    return bytes.fromhex(text.decode())


def _keep(file: Path, secret: bytes) -> None:
    """Write the file whole or not at all; raises FormatError where that cannot be."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(secret.hex().encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise FormatError(str(file), f"cannot be written: {error.strerror}") from error
