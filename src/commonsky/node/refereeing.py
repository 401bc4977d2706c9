"""A sample of what is released and refused is decided again by other engines; where they differ, the feed stops.

Whether a decision is in the sample follows from the number of its log entry: the same each time it is asked.
"""

from collections.abc import Sequence

from commonsky.domain import Decision
from commonsky.node.agreements import Shelf
from commonsky.node.node import Node
from commonsky.sharing import Facets, Verdicts
from commonsky.sharing.referee import PolicyError
from commonsky.store import StoredRecord

_SPREAD = 2_654_435_761  # near 2**32 over the golden ratio: multiples of it fall evenly, whatever the step
_NUMBERS = 2**32


class EnginesDisagreeError(Exception):
    """Two engines gave two answers; nothing of the batch may go out."""


def is_sampled(entry: int, share: float) -> bool:
    """Whether the decision on a log entry is in a sample of this share (0 to 1) of all."""
    return entry * _SPREAD % _NUMBERS < share * _NUMBERS


def ask_referee(  # noqa: PLR0913  # a batch, what was decided on it, under what and for whom
    node: Node,
    due: Sequence[StoredRecord],
    facets: Sequence[Facets],
    verdicts: Verdicts,
    shelf: Shelf,
    reader: str,
) -> None:
    """Have Cedar decide the sampled entries again; raises EnginesDisagreeError where it says another thing."""
    rows = [row for row, entry in enumerate(due) if is_sampled(entry.n, node.config.referee_share)]
    if not rows:
        return
    asked = [facets[row] for row in rows]
    try:
        referee = node.referee(shelf, frozenset().union(*(one.record.label.components for one in asked)))
    except PolicyError as fault:
        raise EnginesDisagreeError(f"the referee cannot read the agreements: {fault}") from fault
    allowed = verdicts.allowed
    said = referee.allowed(asked, reader, now_tai_s=verdicts.decided_tai_s)
    for row, permits in zip(rows, said, strict=True):
        if permits != allowed[row]:
            words = ("refuses", "releases")
            raise EnginesDisagreeError(
                f"{due[row].id} for {reader}: the referee {words[permits]} what the bulk decider {words[not permits]}"
                f" ({verdicts.decision(row).reason})"
            )


def compare_with_reference(verdicts: Verdicts, reference: Sequence[Decision]) -> None:
    """Hold a batch against what the reference says of each record; raises EnginesDisagreeError where they differ."""
    for row, made in enumerate(reference):
        told = verdicts.decision(row)
        if told.ruling != made.ruling or told.revisit_tai_s != made.revisit_tai_s:
            raise EnginesDisagreeError(
                f"{made.record} for {made.reader}: the reference says '{made.reason}' and the bulk decider"
                f" '{told.reason}'"
            )
