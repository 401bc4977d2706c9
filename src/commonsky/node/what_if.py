"""What an agreement would let out, of what this node holds and of what it may ever hold, before anybody signs it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from commonsky.domain import Agreement, Form, Ruling
from commonsky.node.context import all_facets
from commonsky.node.node import Node
from commonsky.sharing import Columns, Facets, decide_all
from commonsky.sharing.what_if import Change, Widening, widenings
from commonsky.store import StoredRecord

RECORDS_AT_ONCE = 10_000
OBJECTS_SHOWN = 5

MORE, LESS, FINER = "let out", "no longer let out", "told more of"


class NoPartyError(Exception):
    """The agreement does not bear on what this node gives."""


class Group(Struct, frozen=True, kw_only=True):
    """Records of one kind and regime that the change does the same to, for one reader, by one clause.

    ``clause`` is the one that releases: after the change, or before it where nothing does after.
    """

    reader: str
    change: str
    kind: str
    regime: str
    clause: str
    count: int
    objects: tuple[str, ...]
    example: str
    reason: str


class WhatIf(Struct, frozen=True, kw_only=True):
    """What would change: of the node's holdings by group, and for every record that there can be."""

    agreement: Agreement
    readers: tuple[str, ...]
    looked_at: int
    holdings: tuple[Group, ...]
    beyond: tuple[Widening, ...]


def change_by(node: Node, agreement: Agreement) -> Change:
    """Say by what the node would decide if this agreement were in force beside, or instead of, what stands now.

    Raises NoPartyError for an agreement of others.
    """
    if node.id not in agreement.parties:
        raise NoPartyError(f"{node.id} is no party of {agreement.reference}")
    shelf = node.agreements()
    given, held = tuple(shelf.given_by(node.id)), tuple(shelf.held_by(node.id))
    ours = agreement.giver == node.id
    return Change(
        giver=node.id,
        before=given,
        after=agreement.beside(given) if ours else given,
        held_before=held,
        held_after=held if ours else agreement.beside(held),
    )


def what_if(node: Node, agreement: Agreement) -> WhatIf:
    """Say what the agreement would change, from now on; nothing is stored, and nothing goes out."""
    change = change_by(node, agreement)
    now_tai_s = node.now_tai_s()
    groups: dict[tuple[str, ...], list[tuple[Facets, str]]] = defaultdict(list)
    looked_at = 0
    for entries, facets in _holdings(node, onward=any(one.onward for one in (*change.before, *change.after))):
        looked_at += len(facets)
        columns = Columns(facets)
        for reader in change.readers:
            for key, row, reason in _changed(columns, entries, reader, change, now_tai_s):
                groups[(reader, *key)].append((facets[row], reason))
    members = [peer.member.id for peer in node.config.peers]
    return WhatIf(
        agreement=agreement,
        readers=change.readers,
        looked_at=looked_at,
        holdings=tuple(_group(key, records) for key, records in sorted(groups.items())),
        beyond=tuple(widenings(change, now_tai_s=now_tai_s, members=members)),
    )


def _holdings(node: Node, *, onward: bool) -> Iterator[tuple[list[StoredRecord], list[Facets]]]:
    """What may go out at all, in portions; of copies the first."""
    seen: set[tuple[str, str]] = set()
    last = 0
    while True:
        with node.store.transaction() as tx:
            entries = tx.usable_entries(last, RECORDS_AT_ONCE, onward=onward)
            if not entries:
                return
            last = entries[-1].n
            fresh = []
            for one in entries:
                if (one.originator, one.id) not in seen:
                    seen.add((one.originator, one.id))
                    fresh.append(one)
            facets = all_facets(tx, fresh)
        yield fresh, facets


def _changed(
    columns: Columns, entries: Sequence[StoredRecord], reader: str, change: Change, now_tai_s: float
) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Give each row that the change makes a difference to: what, kind, regime and clause; the row; and why."""
    before, after = (
        decide_all(columns, reader, given, giver=change.giver, now_tai_s=now_tai_s, held=held)
        for given, held in ((change.before, change.held_before), (change.after, change.held_after))
    )
    differences = {
        (one, other): _difference(before.rulings[one], after.rulings[other])
        for one, other in set(zip(before.ruling.tolist(), after.ruling.tolist(), strict=True))
    }
    pairs = zip(entries, before.ruling.tolist(), after.ruling.tolist(), strict=True)
    for row, (entry, one, other) in enumerate(pairs):
        what = differences[one, other]
        if what is None or reader in {entry.source, entry.originator}:
            continue
        said = after.rulings[other]
        decided = said if said.allowed else before.rulings[one]
        facets = columns.facets[row]
        clause = f"{decided.agreement} clause {decided.clause}"
        yield (what, facets.kind.value, _regime(facets), clause), row, said.reason


def _difference(before: Ruling, after: Ruling) -> str | None:
    if before.allowed is not after.allowed:
        return MORE if after.allowed else LESS
    return FINER if after.allowed and _tells_more(before.form, after.form) else None


def _tells_more(before: Form, after: Form) -> bool:
    """Whether a form lets more be known than the one before."""
    finer = after.precision_floor_m < before.precision_floor_m
    return finer or bool(before.withheld_fields - after.withheld_fields)


def _regime(facets: Facets) -> str:
    try:
        return facets.regime or ""
    except (ArithmeticError, ValueError):
        return ""


def _group(key: tuple[str, ...], records: Sequence[tuple[Facets, str]]) -> Group:
    reader, what, kind, regime, clause = key
    names = sorted({min(facets.objects) for facets, _ in records if facets.objects})
    first, reason = records[0]
    return Group(
        reader=reader,
        change=what,
        kind=kind,
        regime=regime,
        clause=clause,
        count=len(records),
        objects=tuple(names[:OBJECTS_SHOWN]),
        example=first.record.id,
        reason=reason,
    )
