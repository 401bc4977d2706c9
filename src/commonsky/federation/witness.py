"""What a witness makes of another member's audit tree: where a head stands to those it has seen, and what follows.

A witness answers for one thing: that every head of a log which it cosigned is the beginning of the next one. It sees
sizes and hashes, no decision. Members tell each other what they cosigned, so that a log which shows one tree to one
partner and another tree to another is found out by the two signatures under two heads that cannot both be.

All transitions are in `VERDICTS`; nothing here knows stores or clocks.
"""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from commonsky.domain.tree_head import TreeHead
from commonsky.sharing.merkle import is_consistent


class CheckpointShown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log's owner shows its newest head: the signed note, and the proof that a head shown before is its beginning.

    The proof is from ``from_size`` leaves on; its hashes are base64, the lowest first.
    """

    note: str
    from_size: int = 0
    proof: tuple[bytes, ...] = ()


class HeadCosigned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A witness tells its partners, the log's owner among them, what it cosigned: the note with its cosignature.

    ``asks`` is for the owner: something that came since could not be judged from this head; prove from here.
    """

    note: str
    asks: bool = False


class Standing(StrEnum):
    """How a head that its log signed stands to the heads of that log which were seen before."""

    FIRST = "the first head seen of this log"
    NEXT = "proven to go on from the last one"
    NEW_GENERATION = "the first head of a higher generation"
    SAME = "the last one again"
    EARLIER = "one that was seen before the last"
    NEVER_SHOWN = "older than the last one, and never shown before"
    UNPROVEN = "newer than the last one, with no proof from there"
    DISPROVEN = "newer than the last one, with a proof that fails"
    CONTRADICTION = "of the same size as another head, with another root"
    OLD_GENERATION = "of a generation that has ended"
    HEARD = "newer than what the log has shown us"
    AGREED = "as the log showed it to us"
    BEFORE_OURS = "older than the first one that we were shown"


class Verdict(StrEnum):
    """What the witness does about it."""

    COSIGN = "cosign"
    IGNORE = "ignore"
    ASK = "ask for a proof"
    ALARM = "keep as evidence, and alarm"
    COSIGN_AND_TELL = "cosign, and tell the watch"


VERDICTS = {
    Standing.FIRST: Verdict.COSIGN,
    Standing.NEXT: Verdict.COSIGN,
    Standing.NEW_GENERATION: Verdict.COSIGN_AND_TELL,
    Standing.SAME: Verdict.IGNORE,
    Standing.EARLIER: Verdict.IGNORE,
    Standing.NEVER_SHOWN: Verdict.ALARM,
    Standing.UNPROVEN: Verdict.ASK,
    Standing.DISPROVEN: Verdict.ALARM,
    Standing.CONTRADICTION: Verdict.ALARM,
    Standing.OLD_GENERATION: Verdict.IGNORE,
    Standing.HEARD: Verdict.IGNORE,
    Standing.AGREED: Verdict.IGNORE,
    Standing.BEFORE_OURS: Verdict.IGNORE,
}

COSIGNED = frozenset(
    standing for standing, verdict in VERDICTS.items() if verdict in {Verdict.COSIGN, Verdict.COSIGN_AND_TELL}
)
"""How heads stood that were cosigned."""

RootSeen = Callable[[int, int], bytes | None]
"""Root that a log signed for a generation and size, as far as we know, or ``None``."""


def standing(head: TreeHead, shown: CheckpointShown, *, last: TreeHead | None, seen: RootSeen) -> Standing:
    """Place a head that its log showed us against ``last``, which we cosigned last, and all that were ``seen``."""
    if contradicts(head, seen):
        return Standing.CONTRADICTION
    if last is None:
        return Standing.FIRST
    if head.gen != last.gen:
        return Standing.NEW_GENERATION if head.gen > last.gen else Standing.OLD_GENERATION
    if head.size > last.size:
        return _newer(head, shown, last)
    if seen(head.gen, head.size) is None:
        return Standing.NEVER_SHOWN
    return Standing.SAME if head.size == last.size else Standing.EARLIER


def contradicts(head: TreeHead, seen: RootSeen) -> bool:
    """Whether the log signed another root for this size: two trees, and both signatures prove it."""
    return seen(head.gen, head.size) not in {None, head.root}


def settled(head: TreeHead, *, first: TreeHead, last: TreeHead, shown_root: bytes | None) -> Standing:
    """Place a head that another member cosigned, when the log has shown us more; `Standing.HEARD` while it is open.

    A log shows each of its heads to every partner, in order: what it showed others between ``first`` and ``last``,
    which we cosigned in its last generation, it has shown us as well (with ``shown_root``), or it kept it from us.
    """
    place, begun, reached = (head.gen, head.size), (first.gen, first.size), (last.gen, last.size)
    if place > reached:
        return Standing.HEARD
    if shown_root is not None:
        return Standing.AGREED if shown_root == head.root else Standing.CONTRADICTION
    return Standing.BEFORE_OURS if place < begun else Standing.NEVER_SHOWN


def _newer(head: TreeHead, shown: CheckpointShown, last: TreeHead) -> Standing:
    if shown.from_size != last.size:
        return Standing.UNPROVEN
    proven = is_consistent(last.size, last.root, head.size, head.root, shown.proof)
    return Standing.NEXT if proven else Standing.DISPROVEN
