"""What a node does about each kind of notice that a partner sends, and how it sends its own.

A handler is given the node and the notice, does what it asks for as often as it is asked, and says in words what came
of it. What it cannot make sense of it refuses with a ValueError, which is kept as the outcome and told to the watch.
"""

from collections.abc import Callable

import msgspec

from commonsky.domain import NoticeKind
from commonsky.domain.printable import printable
from commonsky.federation import read_header, seal
from commonsky.node import agreeing, asking, audit, explaining, holdings, key_roll
from commonsky.node.node import Node
from commonsky.store import HeldNotice

NOTICES_PER_ENVELOPE = 100

Handler = Callable[[Node, HeldNotice], str]

HANDLERS: dict[NoticeKind, Handler] = {
    NoticeKind.AGREEMENT: agreeing.hear_text,
    NoticeKind.AGREEMENT_ACT: agreeing.hear_act,
    NoticeKind.QUESTION: asking.answer,
    NoticeKind.ANSWER: asking.heard,
    NoticeKind.WHY_NOT: explaining.explain_coarsely,
    NoticeKind.EXPLANATION: explaining.hear_explanation,
    NoticeKind.CHECKPOINT: audit.witness,
    NoticeKind.COSIGNATURE: audit.hear,
    NoticeKind.LEASES: holdings.hear_leases,
    NoticeKind.DELETION_RECEIPT: holdings.hear_receipt,
    NoticeKind.KEY_ROLL: key_roll.hear_roll,
}
"""One function for each kind that this version obeys."""


def obey_notices(node: Node) -> int:
    """Do what received notices ask for, in the order in which they came; give how many that were.

    A process that ends in between does it again: handlers must bear that.
    """
    done = 0
    while waiting := node.store.unobeyed(NOTICES_PER_ENVELOPE):
        for notice in waiting:
            node.store.mark_obeyed(notice.n, _obeyed(node, notice))
        done += len(waiting)
    return done


def _obeyed(node: Node, notice: HeldNotice) -> str:
    handler = HANDLERS.get(NoticeKind(notice.kind)) if notice.kind in set(NoticeKind) else None
    if handler is None:
        outcome = f"refused: this node does not know notices of kind {printable(notice.kind)}"
    else:
        try:
            return handler(node, notice)
        except (ValueError, msgspec.MsgspecError) as fault:
            outcome = f"refused: {printable(str(fault))}"
    node.store.write_log(node.now_tai_s(), "notice", f"{notice.kind} of {notice.iss}: {outcome}")
    return outcome


def seal_notices(node: Node, reader: str) -> int:
    """Put what waits to be told to a partner on its feed, in envelopes of its own; give how many notices that were.

    They go out whatever stops releases: a withdrawal must not wait for a document that cannot be read.
    """
    sent = 0
    while node.store.unsealed(reader, 1):
        with node.store.transaction() as tx:
            waiting = tx.unsealed(reader, NOTICES_PER_ENVELOPE)
            if not waiting:
                break
            envelope = seal(
                (),
                notices=[(one.kind, one.content) for one in waiting],
                previous=tx.feed_head(reader),
                iss=node.id,
                aud=reader,
                mode=node.config.mode,
                gen=node.config.generation,
                key=node.key,
                iat_tai_s=node.now_tai_s(),
            )
            tx.enqueue(envelope)
            tx.mark_sealed(waiting, read_header(envelope.header))
        node.note_sealed()
        sent += len(waiting)
    return sent
