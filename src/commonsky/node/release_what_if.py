"""What an agreement would let out of what we hold that is not let out now, and what no longer: before anybody signs."""

import threading
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from commonsky.domain import Agreement, RecordKind
from commonsky.node.node import Node
from commonsky.node.release_rows import LIMITS, HeldPart
from commonsky.node.release_said import COARSENED, RELEASED, Said, said_now, said_under
from commonsky.node.release_view import ReleaseView

MOST_EXAMPLES = 25
_GOES = frozenset({RELEASED, COARSENED})
_WORDS = {RecordKind.OBSERVATION: "observations", RecordKind.CONJUNCTION_WARNING: "warnings"}
_ONE_AT_A_TIME = threading.Lock()
"""The solver keeps one world for a process, and threads must not meet in it."""


class Example(Struct, frozen=True, kw_only=True):
    """One record of ours, what is said of it now and what would be."""

    record: str
    kind: RecordKind
    name: str
    now: Said
    then: Said


class KindChange(Struct, frozen=True, kw_only=True):
    """How many records of a kind a partner would see in addition, no longer, and in another form."""

    kind: RecordKind
    more: int
    less: int
    changed: int


class ReaderChange(Struct, frozen=True, kw_only=True):
    """What would change for one partner, with examples of each sort of change."""

    reader: str
    kinds: tuple[KindChange, ...]
    examples: dict[str, tuple[Example, ...]]


class Beyond(Struct, frozen=True, kw_only=True):
    """What the solver says of one partner and every record that there can be, held here or not.

    ``answer`` is that of `commonsky.sharing.what_if.Answer`: ``found`` comes with an example in ``words``.
    """

    reader: str
    answer: str
    words: str


class WhatIf(Struct, frozen=True, kw_only=True):
    """What would change if the agreement stood in the place of its versions, signed by all. Nothing was stored."""

    reference: str
    title: str
    replaces: tuple[str, ...]
    notes: tuple[str, ...]
    readers: tuple[ReaderChange, ...]
    beyond: tuple[Beyond, ...]
    limits: tuple[str, ...]
    """What of our holdings ``readers`` leaves out, and ``beyond`` does not."""


def what_if(view: ReleaseView, node: Node, agreement: Agreement) -> WhatIf:
    """Hold an agreement against all that we hold now, as if every party had signed it."""
    shelf = node.agreements()
    given, held = shelf.given_by(node.id), shelf.held_by(node.id)
    same = [one for one in given if (one.giver, one.id) == (agreement.giver, agreement.id)]
    readers = agreement.readers.union(*(one.readers for one in same))
    ours = agreement.giver == node.id
    then_given = [one for one in given if one not in same] + [agreement] if ours else given
    parts = view.rows.parts() if ours else ()
    return WhatIf(
        reference=agreement.reference,
        title=agreement.title,
        replaces=tuple(sorted(one.reference for one in same)) if ours else (),
        notes=tuple(_notes(node, agreement)),
        readers=tuple(
            _change(node, parts, reader, then_given, held)
            for reader in sorted(readers)
            if ours and node.config.peer(reader) is not None
        ),
        beyond=_beyond(node, agreement),
        limits=tuple(f"of {_WORDS[kind]} only {limit}" for kind, limit in LIMITS.items()) if ours else (),
    )


def _beyond(node: Node, agreement: Agreement) -> tuple[Beyond, ...]:
    """Ask the solver of every record that there can be; nobody, for an agreement that we are no party of."""
    from commonsky.node.what_if import change_by  # noqa: PLC0415  # brings the solver, which takes its time to load
    from commonsky.sharing.what_if import in_words, widenings  # noqa: PLC0415

    if node.id not in agreement.parties:
        return ()
    members = [peer.member.id for peer in node.config.peers]
    with _ONE_AT_A_TIME:
        found = widenings(change_by(node, agreement), now_tai_s=node.now_tai_s(), members=members)
    return tuple(Beyond(reader=one.reader, answer=one.answer, words=in_words(one)) for one in found)


def _notes(node: Node, agreement: Agreement) -> list[str]:
    """What a person should know beside the numbers."""
    now_tai_s = node.now_tai_s()
    notes = []
    if agreement.giver != node.id:
        notes.append(f"{agreement.giver} gives by it, not {node.id}: it lets out nothing of ours")
    unknown = sorted(one for one in agreement.readers if one != node.id and node.config.peer(one) is None)
    notes += [f"{one} is no partner of {node.id}" for one in unknown]
    if agreement.mode is not node.config.mode:
        notes.append(f"it is about {agreement.mode} data, and this node works on {node.config.mode} data")
    if not agreement.begins_tai_s <= now_tai_s < agreement.ends_tai_s:
        notes.append("its term does not include this moment: it would let out nothing now")
    if faults := node.agreements().faults:
        notes.append(f"nothing at all is released until this is mended: {'; '.join(faults)}")
    return notes


def _change(
    node: Node,
    parts: Sequence[HeldPart],
    reader: str,
    given: Sequence[Agreement],
    held: Sequence[Agreement],
) -> ReaderChange:
    kinds: list[KindChange] = []
    examples: dict[str, list[Example]] = {"more": [], "less": [], "changed": []}
    for part in parts:
        now = said_now(node, part, reader, node.agreements())
        then = said_under(node, part, reader, given, held)
        count: Counter[str] = Counter()
        for row, (before, after) in enumerate(zip(now.number.tolist(), then.number.tolist(), strict=True)):
            sort = _sort_of(now.said[before], then.said[after])
            if sort is None:
                continue
            count[sort] += 1
            if len(examples[sort]) < MOST_EXAMPLES:
                examples[sort].append(
                    Example(
                        record=part.columns.facets[row].record.id,
                        kind=part.kind,
                        name=part.names[row],
                        now=now.said[before],
                        then=then.said[after],
                    )
                )
        if count:
            kinds.append(
                KindChange(kind=part.kind, more=count["more"], less=count["less"], changed=count["changed"])
            )
    told = {sort: tuple(found) for sort, found in examples.items()}
    return ReaderChange(reader=reader, kinds=tuple(kinds), examples=told)


def _sort_of(now: Said, then: Said) -> str | None:
    """Whether a record goes out in addition, no longer, in another form; ``None`` for no change."""
    before, after = now.verdict in _GOES, then.verdict in _GOES
    if before != after:
        return "more" if after else "less"
    return "changed" if after and now.form != then.form else None
