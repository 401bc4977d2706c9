"""Heads of an audit tree as signed notes: checkpoints of the log's owner, cosignatures of witnesses.

The forms are those of C2SP's signed-note, tlog-checkpoint and tlog-cosignature/v1 (c2sp.org), so that other programs
can verify them: a text of three lines (origin, size, root in base64), an empty line, and one line for each signature.
A signature line names its key, and holds in base64 four bytes that tell keys apart and an Ed25519 signature.

What is signed begins with the origin, or with ``cosignature/v1``: no envelope and no act of agreement begins like that,
so no signature can be taken for one of another purpose.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from commonsky.domain.tree_head import TreeHead
from commonsky.federation.keys import SigningKey, VerifyKey, verifies
from commonsky.sharing.merkle import HASH_BYTES

LARGEST_SIZE = 2**62

KeysOf = VerifyKey | Sequence[VerifyKey]
"""The key of a member, or all that it had one after the other: what an old one signed stays signed."""

_ORIGIN = "commonsky-audit-v1"
_WITNESS = "commonsky-witness-v1"
_LOG_SIGNATURE = b"\x01"
_COSIGNATURE = b"\x04"
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_DASH = "\N{EM DASH}"
_HEAD = re.compile(
    _ORIGIN + r"/([A-Za-z0-9._-]+)/([1-9][0-9]{0,9})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n"
)
_SIGNATURE_LINE = re.compile(rf"{_DASH} ([^\s+]+) ([A-Za-z0-9+/]+={{0,2}})")


class SignedNote(Struct, frozen=True):
    """A text and the signatures under it: pairs of a key's name and what follows it, decoded."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]


def origin(head: TreeHead) -> str:
    """Return the name under which the owner of a tree signs."""
    return f"{_ORIGIN}/{head.log}/{head.gen}"


def checkpoint(head: TreeHead, key: SigningKey) -> str:
    """Return the note by which a log's owner answers for a head."""
    text = f"{origin(head)}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"
    return f"{text}\n{_note_signature(origin(head), key, text)}"


def cosigned(note: str, witness: str, key: SigningKey, signed_unix_s: int) -> str:
    """Return the note with a witness's cosignature: it saw no other past of this log, up to this time."""
    name = f"{_WITNESS}/{witness}"
    text = read_note(note).text
    signature = key.sign(_cosigned_bytes(text, signed_unix_s))
    stamped = signed_unix_s.to_bytes(_TIME_BYTES, "big") + signature
    return note + _signature_line(name, _key_id(name, _COSIGNATURE, key.public_key()) + stamped)


def with_cosignatures(note: str, cosigned_notes: Iterable[str]) -> str:
    """Return a checkpoint with the last signature of each of these notes on the same head beside its own."""
    return note + "".join(one.removesuffix("\n").rpartition("\n")[2] + "\n" for one in cosigned_notes)


def read_note(note: str) -> SignedNote:
    """Return text and signatures; raises ValueError for what is no signed note."""
    text, gap, below = note.partition("\n\n")
    lines = below.split("\n")
    if not gap or lines.pop() != "" or not lines:
        raise ValueError("this is no signed note: a text, an empty line and signatures")
    signatures = []
    for line in lines:
        parts = _SIGNATURE_LINE.fullmatch(line)
        if parts is None:
            raise ValueError(f"this is no signature line: {line[:80]!r}")
        signatures.append((parts[1], _decoded(parts[2])))
    return SignedNote(text + "\n", tuple(signatures))


def read_head(note: str) -> TreeHead:
    """Return the head that a note is about, signed or not; raises ValueError where it is none."""
    parts = _HEAD.fullmatch(read_note(note).text)
    if parts is None:
        raise ValueError("this note is no checkpoint of an audit tree")
    size = int(parts[3])
    if size > LARGEST_SIZE:
        raise ValueError(f"no tree has {size} leaves")
    return TreeHead(log=parts[1], gen=int(parts[2]), size=size, root=_decoded(parts[4]))


def open_checkpoint(note: str, log: str, keys: KeysOf) -> TreeHead:
    """Return the head that the owner of ``log`` answers for; raises ValueError if no key of its signed it."""
    head = read_head(note)
    if head.log != log:
        raise ValueError(f"this is a checkpoint of {head.log}, not of {log}")
    if len(head.root) != HASH_BYTES:
        raise ValueError("the root is no SHA-256 digest")
    if not note_is_signed(note, origin(head), keys):
        raise ValueError(f"this checkpoint is not signed by the key of {log}")
    return head


def note_is_signed(note: str, name: str, keys: KeysOf) -> bool:
    """Whether a key of this name signed the note; raises ValueError for what is no signed note."""
    read = read_note(note)
    return any(
        _verifies(key, value, read.text.encode())
        for key in _each(keys)
        for value in _signed_by(read, name, _LOG_SIGNATURE, key)
    )


def cosigned_unix_s(note: str, witness: str, keys: KeysOf) -> int | None:
    """Return when the witness cosigned the note, ``None`` if it did not; raises ValueError for no signed note."""
    read = read_note(note)
    for key in _each(keys):
        for value in _signed_by(read, f"{_WITNESS}/{witness}", _COSIGNATURE, key):
            signed_unix_s = int.from_bytes(value[:_TIME_BYTES], "big")
            if _verifies(key, value[_TIME_BYTES:], _cosigned_bytes(read.text, signed_unix_s)):
                return signed_unix_s
    return None


def _signed_by(read: SignedNote, name: str, kind: bytes, key: VerifyKey) -> Iterator[bytes]:
    """What stands in the signature lines of a name and key, behind the bytes that tell keys apart."""
    begin = _key_id(name, kind, key)
    for known, value in read.signatures:
        if known == name and value.startswith(begin):
            yield value.removeprefix(begin)


def _each(keys: KeysOf) -> Sequence[VerifyKey]:
    return (keys,) if isinstance(keys, VerifyKey) else keys


def _note_signature(name: str, key: SigningKey, text: str) -> str:
    return _signature_line(name, _key_id(name, _LOG_SIGNATURE, key.public_key()) + key.sign(text.encode()))


def _cosigned_bytes(text: str, signed_unix_s: int) -> bytes:
    return f"cosignature/v1\ntime {signed_unix_s}\n{text}".encode()


def _key_id(name: str, kind: bytes, key: VerifyKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + key.public_bytes_raw()).digest()[:_KEY_ID_BYTES]


def _signature_line(name: str, value: bytes) -> str:
    return f"{_DASH} {name} {base64.b64encode(value).decode()}\n"


def _verifies(key: VerifyKey, signature: bytes, message: bytes) -> bool:
    return verifies(key, signature.hex(), message)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"this is no base64: {text[:80]!r}") from error
