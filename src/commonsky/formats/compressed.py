"""Gzip content, recognised by what it is and not by its name."""

import zlib
from collections.abc import Iterator

from commonsky.formats.errors import FormatError, Rejection

MAX_BYTES = 1 << 30
"""More than this is not unpacked: the largest public catalogue with history of a month is a tenth of it."""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for a gzip header and the largest window
_READ_BYTES = 1 << 16
_STEP_BYTES = 1 << 22


def unpacked(data: bytes, *, source: str) -> tuple[bytes, Rejection | None]:
    """Return the data, unpacked if they are gzip, and a rejection when the compressed data break off or are bad.

    Raises FormatError when nothing can be unpacked, or more than `MAX_BYTES` comes out.
    """
    if not data.startswith(_GZIP):
        return data, None
    parts: list[bytes] = []
    total = 0
    fault = None
    try:
        for part in _parts(data):
            parts.append(part)
            total += len(part)
            if total > MAX_BYTES:
                raise FormatError(source, f"unpacks to more than {MAX_BYTES} bytes")
    except EOFError:
        fault = "the gzip data break off"
    except zlib.error as error:
        fault = f"the gzip data are damaged: {error}"
    if fault and not total:
        raise FormatError(source, fault)
    content = b"".join(parts)
    line = content.count(b"\n") + 1
    return content, Rejection(line=line, reason=f"{fault}; the rest is lost") if fault else None


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield what the members of a gzip file hold, to the last byte before a fault; then raise for the fault."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    at = 0
    while at < len(data):
        before, piece = member.copy(), data[at : at + _READ_BYTES]
        try:
            part = member.decompress(piece, _STEP_BYTES)
        except zlib.error:
            # zlib keeps what it had unpacked of a piece with a fault, so go there again in single bytes.
            for place in range(len(piece)):
                yield before.decompress(piece[place : place + 1])
            raise
        yield part
        while len(part) == _STEP_BYTES:
            part = member.decompress(member.unconsumed_tail, _STEP_BYTES)
            yield part
        at += len(piece) - len(member.unconsumed_tail) - len(member.unused_data)
        if member.eof:
            if not data.startswith(_GZIP, at):  # padding, or another file's bytes
                return
            member = zlib.decompressobj(_GZIP_WINDOW)
    raise EOFError
