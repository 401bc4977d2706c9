"""Envelopes as bytes: one JSON line each, over a network or in a file carried by hand."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from commonsky.domain import Envelope

MAX_ENVELOPES = 1_000
MAX_ENVELOPE_BYTES = 32 * 1024 * 1024

_LINES = msgspec.json.Encoder()
_ENVELOPES = msgspec.json.Decoder(Envelope)


class WireFault(Struct, frozen=True):
    """A line that is no envelope; ``line`` counts from 1, ``data`` are its bytes as far as they are kept."""

    line: int
    code: str
    reason: str
    data: bytes


class Wire(Struct, frozen=True):
    """What a transmission held: the readable envelopes in order, and the lines that are none."""

    envelopes: tuple[Envelope, ...]
    faults: tuple[WireFault, ...]


def encode_wire(envelopes: Iterable[Envelope]) -> bytes:
    """Return the envelopes as they travel."""
    return _LINES.encode_lines(envelopes)


def read_wire(
    data: bytes, *, max_envelopes: int = MAX_ENVELOPES, max_envelope_bytes: int = MAX_ENVELOPE_BYTES
) -> Wire:
    """Read a transmission as far as it is readable; a last line that was cut off is a fault, not an error.

    Nothing is verified here. Lines beyond ``max_envelopes`` are not looked at (one fault says so), longer lines
    than ``max_envelope_bytes`` are not parsed, and a fault keeps at most that many bytes.
    """
    envelopes: list[Envelope] = []
    faults: list[WireFault] = []
    begin, number = 0, 0
    while begin < len(data):
        number += 1
        if number > max_envelopes:
            reason = f"more than {max_envelopes} envelopes at once; ask again for the rest"
            faults.append(WireFault(number, "too_many", reason, b""))
            break
        end = data.find(b"\n", begin)
        cut_off = end < 0
        line = data[begin:] if cut_off else data[begin:end]
        begin = len(data) if cut_off else end + 1
        one = _read_line(number, line, cut_off=cut_off, max_bytes=max_envelope_bytes)
        if isinstance(one, Envelope):
            envelopes.append(one)
        else:
            faults.append(one)
    return Wire(tuple(envelopes), tuple(faults))


def _read_line(number: int, line: bytes, *, cut_off: bool, max_bytes: int) -> Envelope | WireFault:
    if len(line) > max_bytes:
        reason = f"{len(line)} bytes, and an envelope has at most {max_bytes}"
        return WireFault(number, "too_large", reason, line[:max_bytes])
    try:
        return _ENVELOPES.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if cut_off:
            return WireFault(number, "truncated", "the transmission ends in the middle of an envelope", line)
        return WireFault(number, "unreadable", f"this line is no envelope: {error}", line)
