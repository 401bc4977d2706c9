"""What we may still use of what partners gave us, and what partners owe us of what we gave them.

INVARIANTS
- What came under an agreement is used only while that agreement stands and its lease runs: else it is locked here, with
  all that we made from it, whether the giver can be reached or not.
- When an agreement is withdrawn, what came under it is deleted, and a receipt goes back with what was passed on.
- A withdrawal counts as settled at the giver only by the receipt; until then it is a debt that shows.

A released record cannot be recalled: all of this binds honest nodes alone.
"""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Agreement, NoticeKind
from commonsky.federation.standing import State
from commonsky.formats.canonical import record_id
from commonsky.node.agreements import Shelf, Shelved
from commonsky.node.estimating import own_tracks
from commonsky.node.node import Node
from commonsky.node.told import readable
from commonsky.store import HeldNotice, Holding

RENEWED_AFTER = 0.5
"""A lease is renewed when so much of it has run: a partner that is cut off for less loses nothing."""

_CANONICAL = msgspec.json.Encoder(order="sorted")


class Leases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a reader may use what it was given, by agreement."""

    until_tai_s: Mapping[str, float]


class DeletionReceipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reader's word that what it was given under an agreement is deleted; ``passed_on`` names who has copies."""

    agreement: str
    records: int
    deleted_tai_s: float
    passed_on: Mapping[str, int]


class Debt(Struct, frozen=True, kw_only=True):
    """A reader that has not yet said that it deleted what it was given under a withdrawn agreement."""

    reader: str
    agreement: str
    records: int
    since_tai_s: float


_LEASES = msgspec.json.Decoder(Leases)
_RECEIPTS = msgspec.json.Decoder(DeletionReceipt)


def keep_holdings(node: Node) -> frozenset[str]:
    """Lock, unlock or delete what partners gave, as their agreements stand now.

    Gives the claimed targets whose tracks of ours fell out of use, since what is left may give them a track again, and
    those observed in what came back.
    """
    held = node.store.holdings()
    if not held:
        return frozenset()
    targets = {record_id(node.id, track): target for target, track in own_tracks(node).items()}
    shelf = node.agreements()
    return frozenset[str]().union(*(_kept(node, holding, shelf, targets) for holding in held))


def _kept(node: Node, holding: Holding, shelf: Shelf, targets: Mapping[str, str]) -> frozenset[str]:
    """Keep one holding as it must be; give the targets that it makes a difference to, of tracks by record id."""
    now_tai_s, store = node.now_tai_s(), node.store
    shelved = _latest(shelf, holding.agreement)
    reason = _obstacle(holding, shelved, now_tai_s)
    name = f"what {holding.source} gave under {holding.agreement}"
    if reason is None:
        if holding.locked_tai_s is None or holding.deleted_tai_s is not None:
            return frozenset()
        store.unlock(holding.source, holding.agreement)
        node.look_again()
        store.write_log(now_tai_s, "holdings", f"{name} may be used again")
        return store.observed_under(holding.source, holding.agreement)
    fell: tuple[str, ...] = ()
    if holding.locked_tai_s is None:
        fell = store.lock(holding.source, holding.agreement, reason, at_tai_s=now_tai_s)
        node.look_again()
        words = f"{name} is locked: {reason}; {len(fell)} records of ours rest on it"
        store.write_log(now_tai_s, "holdings", words)
    # What was on its way while its giver had not heard of the withdrawal comes when all else is deleted already.
    left = holding.deleted_tai_s is None or holding.records > (holding.deleted_records or 0)
    if shelved is not None and shelved.standing.state is State.WITHDRAWN and left:
        _delete(node, holding, now_tai_s)
    return frozenset(targets[one] for one in fell if one in targets)


def _delete(node: Node, holding: Holding, now_tai_s: float) -> None:
    with node.store.transaction() as tx:
        copies: dict[str, int] = {}
        for _, reader in tx.passed_on(holding.source, holding.agreement):
            copies[reader] = copies.get(reader, 0) + 1
        count = tx.delete_holding(holding.source, holding.agreement, at_tai_s=now_tai_s)
        receipt = DeletionReceipt(
            agreement=holding.agreement, records=count, deleted_tai_s=now_tai_s, passed_on=copies
        )
        content = _CANONICAL.encode(receipt)
        tx.post(holding.source, NoticeKind.DELETION_RECEIPT, content, at_tai_s=now_tai_s)
        words = f"{count} records of {holding.source} under {holding.agreement} were deleted"
        tx.write_log(now_tai_s, "holdings", words)


def _latest(shelf: Shelf, reference: str) -> Shelved | None:
    """The document that says what holds of an agreement now: the newest version in the place of the one named."""
    named = shelf.shelved(reference)
    if named is None or named.standing.state is not State.SUPERSEDED:
        return named
    same = (
        one
        for one in shelf.documents
        if (one.agreement.giver, one.agreement.id) == (named.agreement.giver, named.agreement.id)
        and one.agreement.version > named.agreement.version
        and one.standing.state not in {State.DRAFT, State.AWAITING}
    )
    return max(same, key=lambda one: one.agreement.version, default=named)


def _obstacle(holding: Holding, shelved: Shelved | None, now_tai_s: float) -> str | None:
    """Say why a holding may not be used now; ``None`` if it may. Expiry ends giving, and a lease ends use."""
    if shelved is None:
        return f"no document of {holding.agreement} is here any more"
    if shelved.standing.state in {State.INVALID, State.WITHDRAWN, State.SUSPENDED}:
        return shelved.words
    lease_s = shelved.agreement.lease_s
    if lease_s is None:
        return None
    until_tai_s = max(holding.heard_tai_s + lease_s, holding.renewed_until_tai_s or 0.0)
    if now_tai_s < until_tai_s:
        return None
    return f"its lease ran out at {utc_from_tai_s(until_tai_s, digits=0)}"


def renew_leases(node: Node) -> None:
    """Tell each reader, well before its leases run out, that they go on."""
    now_tai_s = node.now_tai_s()
    in_term = [
        one
        for one in node.agreements().given_by(node.id)
        if one.lease_s is not None and one.begins_tai_s <= now_tai_s < one.ends_tai_s
    ]
    for peer in node.config.peers:
        leased = [one for one in in_term if peer.member.id in one.readers]
        if leased and _renewal_is_due(node, peer.member.id, leased, now_tai_s):
            until = {one.reference: now_tai_s + float(one.lease_s or 0.0) for one in leased}
            content = _CANONICAL.encode(Leases(until_tai_s=until))
            node.store.post(peer.member.id, NoticeKind.LEASES, content, at_tai_s=now_tai_s)


def _renewal_is_due(node: Node, reader: str, leased: list[Agreement], now_tai_s: float) -> bool:
    last = next(iter(node.store.posted(reader, NoticeKind.LEASES, 1)), None)
    if last is None:
        return True
    told = _LEASES.decode(last.content).until_tai_s
    return any(
        told.get(one.reference, 0.0) - now_tai_s < (1.0 - RENEWED_AFTER) * float(one.lease_s or 0.0)
        for one in leased
    )


def hear_leases(node: Node, notice: HeldNotice) -> str:
    """Use what a giver gave for as long as it says now, and no longer than its agreement's lease from now."""
    told = _LEASES.decode(notice.content).until_tai_s
    for reference, until_tai_s in told.items():
        shelved = node.agreements().shelved(reference)
        if shelved is None or shelved.agreement.giver != notice.iss or shelved.agreement.lease_s is None:
            continue
        longest_tai_s = node.now_tai_s() + shelved.agreement.lease_s
        node.store.renew(notice.iss, reference, min(until_tai_s, longest_tai_s))
    return f"leases of {len(told)} agreements renewed"


def hear_receipt(node: Node, notice: HeldNotice) -> str:
    """Take note that a reader deleted what we gave it: what it may still have by another agreement goes out anew."""
    receipt = _RECEIPTS.decode(notice.content)
    copies = ", ".join(f"{count} to {reader}" for reader, count in sorted(receipt.passed_on.items()))
    words = f"{notice.iss} deleted {receipt.records} records under {receipt.agreement}" + (
        f"; it had passed on {copies}" if copies else ""
    )
    now_tai_s, ended = node.now_tai_s(), node.agreements().shelved(receipt.agreement)
    with node.store.transaction() as tx:
        if (
            ended is not None and ended.standing.state is State.WITHDRAWN
        ):  # or a reader could have all sent twice
            tx.release_anew(notice.iss, receipt.agreement, at_tai_s=now_tai_s)
        tx.write_log(now_tai_s, "holdings", words)
    node.look_again()
    return words


def receipts(node: Node, reader: str) -> dict[str, DeletionReceipt]:
    """Give a reader's receipts by agreement, of each the newest."""
    told = node.store.told(reader, NoticeKind.DELETION_RECEIPT, 10_000)
    return {one.agreement: one for _, one in readable(_RECEIPTS, reversed(told))}


def debts(node: Node) -> Iterator[Debt]:
    """Give what readers still owe us a receipt for."""
    for shelved in node.agreements().documents:
        if shelved.agreement.giver != node.id or shelved.standing.state is not State.WITHDRAWN:
            continue
        for reader in sorted(shelved.agreement.readers):
            reference = shelved.agreement.reference
            given = node.store.released_under(reader, reference)
            if given and reference not in receipts(node, reader):
                yield Debt(
                    reader=reader,
                    agreement=reference,
                    records=given,
                    since_tai_s=shelved.standing.since_tai_s,
                )
