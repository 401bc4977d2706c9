"""What every link between two nodes is, whatever carries it: HTTP, a broker, a file on a stick.

THE CONTRACT
1. The receiver asks for what follows its cursor and gets bytes: envelopes in the order of the feed, one JSON line each
   (`federation.wire`), as many as the link likes to give at once. None means: nothing more now.
2. The cursor is the only acknowledgement. Whatever was given may be asked for again, and gives the same bytes again,
   but for bodies that are withheld by then: in their place stands that they are. What a broker or a file system
   confirms counts for nothing: the outbox is the truth about what was released.
3. A link may lose, repeat, reorder, cut off or damage what it carries, and says nothing that is believed for it: the
   receiver judges every envelope by itself (`federation.accept`), and its cursor asks again.
4. Only the audience of a feed gets it. To anybody else every answer is the same, whether there is a feed or not.
5. A cursor that is no envelope of this feed is told so and given nothing: one of the two was restored from a backup.
   A cursor of an earlier generation is overtaken: what follows it is the first envelope of the newest one, which
   tells again all that the earlier ones told.
6. A link that is cut gives nothing and takes nothing, from the moment on at which it is cut.
7. A link that cannot ask, or gets no answer, raises `LinkError`; nothing is lost by asking again.

The receiver's end is a `Transport`; the giver's end answers with what `following` gives. `commonsky conformance` checks
a giver's end from outside, and the tests check each of ours by the same code.
"""

from collections.abc import Callable

from commonsky.domain import Envelope, FeedHead
from commonsky.node.node import Node
from commonsky.node.withholding import as_far_as_it_may_go
from commonsky.store import LinkState

Transport = Callable[[FeedHead], bytes]
"""The receiver's end: asks one partner for what follows our cursor on its feed, and gives the bytes that came."""


class LinkError(Exception):
    """A partner could not be asked, or gives nothing; the message says why, and asking again loses nothing."""


class CutError(LinkError):
    """The link is cut."""


class ElsewhereError(LinkError):
    """The cursor is no envelope of this feed."""


def following(node: Node, reader: str, head: FeedHead, limit: int) -> list[Envelope]:
    """Give the envelopes after a reader's cursor on our feed to it, at most ``limit``: the giver's end of every link.

    Whoever calls this knows that it is the reader that asks. Raises ElsewhereError and CutError.
    """
    if not _on_our_feed(node, reader, head):
        node.say_once(
            f"feed of {reader}",
            f"{reader} holds envelope {head.gen}.{head.seq} of a feed that is not the one held here: "
            "was this node restored from a backup? Then raise its generation",
        )
        raise ElsewhereError("the cursor is not on this feed")
    newest = node.store.feed_head(reader).gen
    # The rest of an earlier generation may not follow the cursor: its reader may have it from another copy of us.
    seq = head.seq if head.gen == newest else 0
    envelopes = node.store.feed_after(reader, seq, limit, gen=newest)
    envelopes = as_far_as_it_may_go(node, reader, envelopes)
    # Asked last: a link that was cut meanwhile lets nothing more through.
    if node.store.link_state(reader) is LinkState.CUT:
        raise CutError("the link is cut")
    return envelopes


def _on_our_feed(node: Node, reader: str, head: FeedHead) -> bool:
    """Whether the reader's cursor is an envelope of ours, or one that a new generation has overtaken."""
    if (head.gen, head.seq) == (0, 0) or head.gen < node.store.feed_head(reader).gen:
        return True
    return node.store.sent_header(reader, head.gen, head.seq) == head.header_sha256
