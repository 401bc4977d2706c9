"""What is said, for people, of many records at once: released, coarsened or withheld, by which clause and why."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from commonsky.domain import AS_IT_IS, Agreement, Decision, Ruling
from commonsky.domain.printable import printable
from commonsky.node.agreements import Shelf
from commonsky.node.node import Node
from commonsky.node.release_rows import HeldPart
from commonsky.sharing.bulk import decide_all

RELEASED, COARSENED, WITHHELD, ITS_OWN = "released", "coarsened", "withheld", "its own"
VERDICTS = (RELEASED, COARSENED, WITHHELD, ITS_OWN)
"""Coarsened stands for every form but the record as it is; a member's own records are nothing to be released to it."""


class Said(Struct, frozen=True, kw_only=True):
    """What was decided on records alike; ``form`` in words, empty for as it is."""

    verdict: str
    reason: str
    agreement: str | None = None
    clause: str | None = None
    form: str = ""


class SaidOfRows(NamedTuple):
    """By row, the number of what was said in ``said``, and when to ask again (TAI s, infinite for never)."""

    said: tuple[Said, ...]
    number: NDArray[np.intp]
    revisit_tai_s: NDArray[np.float64]

    @property
    def verdicts(self) -> list[str]:
        """The verdict on each row."""
        by_number = [one.verdict for one in self.said]
        return [by_number[number] for number in self.number]


def said_of(made: Decision | Ruling) -> Said:
    """Put a decision into words."""
    released = RELEASED if made.form == AS_IT_IS else COARSENED
    return Said(
        verdict=released if made.allowed else WITHHELD,
        reason=made.reason,
        agreement=made.agreement,
        clause=made.clause,
        form=made.form.words if made.allowed else "",
    )


def its_own(reader: str) -> Said:
    """Say that a record is the reader's."""
    return Said(verdict=ITS_OWN, reason=f"it is of {reader} itself")


def said_now(node: Node, part: HeldPart, reader: str, shelf: Shelf) -> SaidOfRows:
    """Decide on a part by the agreements as they stand: what `commonsky.node.context.decide_now` says of each row."""
    made = said_under(node, part, reader, shelf.given_by(node.id), shelf.held_by(node.id))
    if shelf.faults:
        reason = printable(f"nothing is released until this is mended: {'; '.join(shelf.faults)}")
        mended = tuple(
            one if one.verdict == ITS_OWN else Said(verdict=WITHHELD, reason=reason) for one in made.said
        )
        return made._replace(said=mended)
    bare = f"no agreement covers {reader}"
    idle = printable(shelf.uncovered(node.id, reader))
    told = tuple(replace(one, reason=idle) if one.reason == bare else one for one in made.said)
    return made._replace(said=told)


def said_under(
    node: Node, part: HeldPart, reader: str, given: Sequence[Agreement], held: Sequence[Agreement]
) -> SaidOfRows:
    """Decide on a part as if these were the agreements in force: those by which we give, and those we read under."""
    verdicts = decide_all(part.columns, reader, given, giver=node.id, now_tai_s=node.now_tai_s(), held=held)
    number, revisit_tai_s = verdicts.ruling.astype(np.intp), verdicts.revisit_tai_s.copy()
    from_it = np.array(
        [
            reader in {source, one.record.originator}
            for source, one in zip(part.sources, part.columns.facets, strict=True)
        ],
        dtype=bool,
    )
    number[from_it], revisit_tai_s[from_it] = len(verdicts.rulings), np.inf
    return SaidOfRows((*map(said_of, verdicts.rulings), its_own(reader)), number, revisit_tai_s)
