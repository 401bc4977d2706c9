"""A link that is a file: written for one partner, carried by hand across an air gap, taken in at the other side.

It holds the envelopes that the partner has not yet said to hold. A file may be taken in twice, out of turn, in half,
or again after a crash: what is held already is passed over, and what is missing is in the next file, since its writer
goes by what the partner's own files acknowledge.
"""

from typing import BinaryIO

from msgspec import Struct

from commonsky.domain import FeedHead
from commonsky.federation import (
    CarriageError,
    CarriageHeader,
    encode_wire,
    header_sha256,
    read_carriage,
    read_header,
    read_wire,
    sign_carriage,
)
from commonsky.federation.carriage import MAX_FIRST_LINE_BYTES
from commonsky.federation.seal import head_of
from commonsky.federation.wire import MAX_ENVELOPE_BYTES
from commonsky.node.jobs import Arrival, receive, share
from commonsky.node.link import CutError, following
from commonsky.node.node import Node
from commonsky.store import LinkState

ENVELOPES_AT_ONCE = 8


class Carried(Struct, frozen=True, kw_only=True):
    """What was written to a file, or came out of one.

    Attributes
    ----------
    header
        What the file says of itself.
    arrival
        What came in; absent of a file that was written.
    stands
        Where the feed stands now at this end: of a whole file at least at ``header.through``.
    acknowledged
        How far the partner holds our feed, as far as we know.

    """

    header: CarriageHeader
    arrival: Arrival = Arrival()
    stands: FeedHead
    acknowledged: FeedHead

    @property
    def whole(self) -> bool:
        """Whether all that the file should hold is held now."""
        through = self.header.through
        return (self.stands.gen, self.stands.seq) >= (through.gen, through.seq)


class CarriedFeed:
    """The receiver's end of the link: gives, piece by piece, what follows the cursor in a file.

    ``held(gen, seq)`` gives the digest of the header that is held at a place: such envelopes are passed over.
    """

    def __init__(self, node: Node, issuer: str, file: BinaryIO) -> None:
        self._node = node
        self._issuer = issuer
        self._file = file
        self._given: set[str] = set()

    def __call__(self, _cursor: FeedHead) -> bytes:
        """Give the next lines of the file that are not held yet, as they stand; none at its end."""
        lines: list[bytes] = []
        while len(lines) < ENVELOPES_AT_ONCE:
            line = self._file.readline(MAX_ENVELOPE_BYTES + 2)
            if not line:
                break
            if not self._known(line):
                lines.append(line)
                if not line.endswith(b"\n"):
                    break  # cut off, or longer than any envelope: nothing behind it is a line
        return b"".join(lines)

    def _known(self, line: bytes) -> bool:
        try:
            envelopes = read_wire(line).envelopes
            header = read_header(envelopes[0].header) if envelopes else None
        except ValueError:
            return False
        if header is None:
            return False
        sha256 = header_sha256(envelopes[0].header)
        again = sha256 in self._given
        self._given.add(sha256)
        return again or self._node.store.held_header(self._issuer, header.gen, header.seq) == sha256


def write_carried(node: Node, reader: str, out: BinaryIO, *, after: FeedHead | None = None) -> Carried:
    """Write what a partner lacks of its feed, and how far we hold its own, in one pass.

    ``after`` says where to begin; without it, behind what the partner has acknowledged. Raises CutError, and
    ElsewhereError for a place that is not on our feed, before anything is written.
    """
    share(node)
    store = node.store
    begins = store.acknowledged(reader) if after is None else after
    header = CarriageHeader(
        iss=node.id,
        aud=reader,
        mode=node.config.mode,
        after=begins,
        through=store.feed_head(reader),
        holds=store.cursor(reader),
        iat_tai_s=node.now_tai_s(),
        bridges=node.bridges().decode(),
    )
    head, end = begins, (header.through.gen, header.through.seq)
    envelopes = following(node, reader, head, ENVELOPES_AT_ONCE)
    out.write(sign_carriage(header, node.key))
    while envelopes and (head.gen, head.seq) < end:
        for envelope in envelopes:
            head = head_of(envelope.header)
            if (head.gen, head.seq) <= end:
                out.write(encode_wire([envelope]))
        envelopes = following(node, reader, head, ENVELOPES_AT_ONCE)
    store.write_log(
        node.now_tai_s(), "carriage", f"envelopes {_words(header)} were written to a file for {reader}"
    )
    return Carried(header=header, stands=head, acknowledged=store.acknowledged(reader))


def take_carried(node: Node, file: BinaryIO) -> Carried:
    """Take in a file that a partner wrote for us: its envelopes, and how far it holds our feed.

    Raises CarriageError for a file that is none, is not for us, or is not signed by a partner; CutError.
    """
    first = file.readline(MAX_FIRST_LINE_BYTES)
    if not first:
        raise CarriageError("is empty")
    header = read_carriage(first, own=node.id, mode=node.config.mode, keys=node.keys())
    issuer = header.iss
    if node.store.link_state(issuer) is LinkState.CUT:
        raise CutError("the link is cut")
    arrival = receive(node, issuer, CarriedFeed(node, issuer, file))
    _acknowledge(node, issuer, header.holds)
    stands = node.store.cursor(issuer)
    words = f"{arrival.envelopes} envelopes of {issuer} came by file; its feed stands at {stands.gen}.{stands.seq}"
    node.store.write_log(node.now_tai_s(), "carriage", words)
    return Carried(
        header=header, arrival=arrival, stands=stands, acknowledged=node.store.acknowledged(issuer)
    )


def _acknowledge(node: Node, reader: str, head: FeedHead) -> None:
    """Keep how far a reader holds our feed, if what it names is an envelope of ours."""
    if head.gen and node.store.sent_header(reader, head.gen, head.seq) == head.header_sha256:
        node.store.acknowledge(reader, head, at_tai_s=node.now_tai_s())
    elif head.gen:
        words = f"{reader} acknowledges by file an envelope {head.gen}.{head.seq} that is none of ours"
        node.say_once(f"feed of {reader}", words)


def _words(header: CarriageHeader) -> str:
    after, through = header.after, header.through
    return f"after {after.gen}.{after.seq} up to {through.gen}.{through.seq}"
