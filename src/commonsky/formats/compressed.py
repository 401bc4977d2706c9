"""Gzip content, recognised by what it is and not by its name."""

import zlib

from commonsky.formats.errors import FormatError, Rejection

MAX_BYTES = 1 << 30
"""More than this is not unpacked: the largest public catalogue with history of a month is a tenth of it."""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for a gzip header and the largest window
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
    while data.startswith(_GZIP) and fault is None:  # members may follow one another
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            try:
                part = member.decompress(data, _STEP_BYTES)
            except zlib.error as error:
                fault = f"the gzip data are damaged: {error}"
                break
            parts.append(part)
            total += len(part)
            if total > MAX_BYTES:
                raise FormatError(source, f"unpacks to more than {MAX_BYTES} bytes")
            data = member.unconsumed_tail
            if not part and not data and not member.eof:
                fault = "the gzip data break off"
                break
        data = member.unused_data
    if fault and not total:
        raise FormatError(source, fault)
    unpacked_bytes = b"".join(parts)
    line = unpacked_bytes.count(b"\n") + 1
    return unpacked_bytes, Rejection(line=line, reason=f"{fault}; the rest is lost") if fault else None
