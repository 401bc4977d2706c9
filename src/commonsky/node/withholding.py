"""What is sealed and not yet taken must not go out under an agreement that has ended, or rests.

INVARIANT: no record leaves under an agreement that is not in force when it leaves, whenever it was sealed. Every link
gives what `following` gives, and that asks here each time: a reader that comes back after long, or to an older cursor,
gets nothing that it may not have now.
"""

from collections.abc import Sequence

from commonsky.domain import Envelope, FeedHead
from commonsky.federation import read_header
from commonsky.federation.seal import head_of
from commonsky.federation.standing import State
from commonsky.federation.withheld import agreements_in, withheld_body
from commonsky.node.agreements import Shelf
from commonsky.node.node import Node

_LOOKED_AT_ONCE = 64


def as_far_as_it_may_go(node: Node, reader: str, envelopes: list[Envelope]) -> list[Envelope]:
    """Give the next envelopes of a feed without bodies that may not go out any more.

    Bodies are withheld for good, here and all the way behind, before anything is given. While a document cannot be
    read nobody can tell what has ended: then what is not known to be in force waits, and all that is behind it.
    """
    now_in_force = in_force(node.agreements(), reader)
    if all(agreements_in(one.body) <= now_in_force for one in envelopes):
        return envelopes
    if node.agreements().faults:
        first = next(k for k, one in enumerate(envelopes) if not agreements_in(one.body) <= now_in_force)
        return envelopes[:first]
    first_header = read_header(envelopes[0].header)
    withhold_from(node, reader, FeedHead(gen=first_header.gen, seq=first_header.seq - 1))
    return node.store.feed_after(reader, first_header.seq - 1, len(envelopes), gen=first_header.gen)


def withhold_from(node: Node, reader: str, head: FeedHead) -> int:
    """Withhold what may not go out any more of all that follows a place on a feed; give how many envelopes that are.

    What is still released by what is in force goes out again in new envelopes.
    """
    with node.store.transaction() as tx:
        now_in_force = in_force(node.agreements(), reader)
        ended: dict[int, frozenset[str]] = {}
        place = head
        while envelopes := tx.feed_after(reader, place.seq, _LOOKED_AT_ONCE, gen=place.gen):
            for envelope in envelopes:
                place = head_of(envelope.header)
                if place.gen == head.gen and (under := agreements_in(envelope.body) - now_in_force):
                    ended[place.seq] = under
        if ended:
            at_tai_s = node.now_tai_s()
            tx.withhold(
                reader,
                head.gen,
                list(ended),
                otherwise=lambda header: withheld_body(header, node.key),
                at_tai_s=at_tai_s,
            )
            tx.write_log(at_tai_s, "feed", _words(reader, head.gen, ended))
    node.look_again()
    return len(ended)


def in_force(shelf: Shelf, reader: str) -> frozenset[str]:
    """References of what we give a reader by now."""
    return frozenset(
        one.agreement.reference
        for one in shelf.documents
        if one.standing.state is State.IN_FORCE
        and one.agreement.giver == shelf.own
        and reader in one.agreement.readers
    )


def _words(reader: str, gen: int, ended: dict[int, frozenset[str]]) -> str:
    places: Sequence[int] = sorted(ended)
    under = ", ".join(sorted(frozenset().union(*ended.values())))
    return (
        f"{len(places)} envelopes from {gen}.{places[0]} to {gen}.{places[-1]} lie on the feed of {reader} without"
        f" their bodies from now on: it had not taken them, and {under} is not in force any more"
    )
