"""How long a sensor file takes to reach a partner: three marks per envelope, in a file beside the database.

The clock is the machine's monotonic one, which all processes of a machine share; it has nothing to do with the
node's own time, and nothing is decided by it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from commonsky.domain import Envelope, EnvelopeHeader

MOST_BYTES = 16_000_000
"""About 150,000 marks; then the file begins anew, since a node runs for years."""

_HEADERS = msgspec.json.Decoder(EnvelopeHeader)


class Mark(Struct, frozen=True, kw_only=True):
    """An envelope left (``at_s`` is when the file behind it had landed) or came in."""

    iss: str
    aud: str
    gen: int
    seq: int
    event: str
    at_s: float


class Stopwatch:
    """Notes marks of one node; threads may share it."""

    def __init__(self, file: Path, monotonic_s: Callable[[], float]) -> None:
        self._file = file
        self._monotonic_s = monotonic_s
        self._file_landed = threading.local()
        self._writing = threading.Lock()

    @contextmanager
    def file_landed(self) -> Iterator[None]:
        """Mark that this thread takes in a sensor file: what it shares until the end is that file's."""
        self._file_landed.at_s = self._monotonic_s()
        try:
            yield
        finally:
            self._file_landed.at_s = None

    def sealed(self, envelope: Envelope) -> None:
        """An envelope was put on a feed; noted if a file of this thread is behind it."""
        landed_s = getattr(self._file_landed, "at_s", None)
        if landed_s is not None:
            self._note(_HEADERS.decode(envelope.header), "landed", landed_s)

    def admitted(self, header: EnvelopeHeader) -> None:
        """An envelope of a partner was verified and stored."""
        self._note(header, "admitted", self._monotonic_s())

    def _note(self, header: EnvelopeHeader, event: str, at_s: float) -> None:
        mark = Mark(iss=header.iss, aud=header.aud, gen=header.gen, seq=header.seq, event=event, at_s=at_s)
        # What is timed matters more than its time: on a full disk a mark is missing, and nothing else.
        with self._writing, suppress(OSError), self._file.open("ab") as out:
            if out.tell() > MOST_BYTES:
                out.truncate(0)
            out.write(msgspec.json.encode(mark) + b"\n")


def delays_s(files: Iterable[Path]) -> Sequence[float]:
    """Seconds from file to partner's store, for every envelope that both ends have a mark of, sorted."""
    landed: dict[tuple[str, str, int, int], float] = {}
    admitted: dict[tuple[str, str, int, int], float] = {}
    for file in files:
        lines = file.read_bytes().splitlines() if file.exists() else []
        for mark in (msgspec.json.decode(line, type=Mark) for line in lines):
            place = (mark.iss, mark.aud, mark.gen, mark.seq)
            (landed if mark.event == "landed" else admitted)[place] = mark.at_s
    return sorted(admitted[place] - landed[place] for place in landed.keys() & admitted.keys())
