"""Two persons for every act on an agreement: one proposes, two release authorities approve, and only then it is done.

    propose   somebody wants to sign, suspend, resume or withdraw one text of an agreement (by its SHA-256)
    approve   a release authority says yes, within minutes of a password or a passkey
    reject    one no, with its reason, ends it
    ready     whether two different persons, who are release authorities still, said yes to this very text
    spend     use the two approvals up, once, right before the act

A proposal lapses after a while. Nothing is deleted, and every step is a line in the watch log. Without any account
there is nobody to tell two persons apart: `needed` says so, and whoever holds the node's key acts alone.
"""

import re
from enum import StrEnum

from msgspec import Struct

from commonsky.domain.printable import printable
from commonsky.domain.roles import Action, actions_of
from commonsky.node.people import sessions
from commonsky.node.people.desk import Desk
from commonsky.node.people.person import Person, Refused
from commonsky.store import Proposal, Transaction, Vote

ACTS = frozenset({"sign", "suspend", "resume", "withdraw"})
PERSONS = 2
LONGEST_WORDS = 500
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class ApprovalError(Exception):
    """A proposal cannot be made, approved or used like this; the message says why."""


class State(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    READY = "ready"
    DONE = "done"
    REJECTED = "rejected"
    LAPSED = "lapsed"


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether an act may be done now, and if not, what is missing."""

    ready: bool
    reason: str
    proposal: Proposal | None = None


def needed(desk: Desk) -> bool:
    """Whether acts on agreements need two persons at this node: as soon as people must log in."""
    return sessions.login_required(desk)


def propose(  # noqa: PLR0913  # the act, its document, and why
    desk: Desk, person: Person, act: str, agreement: str, document_sha256: str, *, words: str = ""
) -> Proposal:
    """Propose an act on a text of an agreement (``ID@VERSION``); an open proposal of the same is given back instead.

    Raises Refused for a person who may not, and ApprovalError for what is no act or no digest.
    """
    person.require(Action.PROPOSE_AGREEMENT)
    account = _account_of(person)
    named = 0 < len(agreement) <= LONGEST_WORDS and agreement.isprintable()
    if act not in ACTS or not named or not _SHA256_HEX.fullmatch(document_sha256):
        raise ApprovalError(
            f"{printable(act, 40)} of {printable(agreement, 80)} is no act on a document with a SHA-256"
        )
    now_tai_s = desk.now_tai_s()
    with desk.store.transaction() as tx:
        for known in tx.proposals_of(act, agreement, document_sha256):
            if known.is_open(now_tai_s):
                return known
        proposal = Proposal(
            id=desk.chance(8).hex(),
            act=str(act),
            agreement=agreement,
            document_sha256=document_sha256,
            proposed_by=account,
            proposed_tai_s=now_tai_s,
            ends_tai_s=now_tai_s + desk.settings.proposal_s,
            words=printable(words, LONGEST_WORDS),
        )
        tx.add_proposal(proposal)
        _log(desk, tx, proposal, f"{account} proposes to {_about(proposal)}")
    return proposal


def approve(desk: Desk, person: Person, proposal_id: str, *, document_sha256: str | None = None) -> Proposal:
    """Say yes, to the text of ``document_sha256`` alone if that is given.

    Raises Refused for a person who may not, or has not just proved who it is, and ApprovalError otherwise.
    """
    person.require(Action.APPROVE_AGREEMENT)
    account = _account_of(person)
    now_tai_s = desk.now_tai_s()
    if not person.is_fresh(desk.settings, now_tai_s):
        raise Refused("an approval needs your password or passkey anew: prove who you are and approve again")
    with desk.store.transaction() as tx:
        proposal = _open(tx, proposal_id, now_tai_s)
        if document_sha256 not in {None, proposal.document_sha256}:
            raise ApprovalError("what you have read is another text than the one proposed")
        for vote in proposal.approvals:
            if vote.account == account or _is_same_person(tx, vote.account, account):
                raise ApprovalError(
                    f"{vote.account} has approved already, and the second one is another person"
                )
        said = Vote(account=account, approves=True, means=str(person.means), at_tai_s=now_tai_s)
        tx.vote(proposal.id, said)
        count = len(proposal.approvals) + 1
        _log(desk, tx, proposal, f"{account} approves to {_about(proposal)} ({count} of {PERSONS})")
        return _known(tx, proposal_id)


def reject(desk: Desk, person: Person, proposal_id: str, reason: str) -> Proposal:
    """Say no and why, which ends the proposal; whoever proposed it may take it back so too.

    Raises Refused or ApprovalError.
    """
    account = _account_of(person)
    now_tai_s = desk.now_tai_s()
    if not reason.strip():
        raise ApprovalError("a rejection has a reason")
    with desk.store.transaction() as tx:
        proposal = _open(tx, proposal_id, now_tai_s)
        if proposal.proposed_by != account:
            person.require(Action.APPROVE_AGREEMENT)
        words = printable(reason.strip(), LONGEST_WORDS)
        said = Vote(account=account, approves=False, means=str(person.means), at_tai_s=now_tai_s, words=words)
        tx.reject(proposal.id, said)
        _log(desk, tx, proposal, f"{account} rejects to {_about(proposal)}: {words}")
        return _known(tx, proposal_id)


def rejections(desk: Desk, act: str, agreement: str, document_sha256: str) -> list[Vote]:
    """Give who said no to this act on this text so far, and why; the newest first."""
    made = desk.store.proposals_of(act, agreement, document_sha256)
    return [proposal.rejection for proposal in made if proposal.rejection is not None]


def queue(desk: Desk, limit: int = 100) -> list[Proposal]:
    """Give the newest proposals, open or not, the newest first."""
    return desk.store.newest_proposals(limit)


def state_of(desk: Desk, proposal: Proposal) -> State:
    """Say how a proposal stands now."""
    if proposal.spent_tai_s is not None:
        return State.DONE
    if proposal.rejection is not None:
        return State.REJECTED
    if not proposal.is_open(desk.now_tai_s()):
        return State.LAPSED
    with desk.store.transaction() as tx:
        return State.READY if len(_counted(tx, proposal)) >= PERSONS else State.OPEN


def ready(desk: Desk, act: str, agreement: str, document_sha256: str) -> Readiness:
    """Say whether two persons have approved this act on this very text, and what is missing if not."""
    with desk.store.transaction() as tx:
        return _ready(desk, tx, act, agreement, document_sha256)


def spend(desk: Desk, act: str, agreement: str, document_sha256: str) -> Proposal:
    """Use the approvals of a ready act up, right before it is done; raises ApprovalError with what is missing.

    Approvals count once: should the act fail after this, it is proposed anew.
    """
    with desk.store.transaction() as tx:
        found = _ready(desk, tx, act, agreement, document_sha256)
        if found.proposal is None or not found.ready:
            raise ApprovalError(found.reason)
        tx.spend(found.proposal.id, desk.now_tai_s())
        names = " and ".join(vote.account for vote in found.proposal.approvals[:PERSONS])
        _log(desk, tx, found.proposal, f"to {_about(found.proposal)} is done, approved by {names}")
        return _known(tx, found.proposal.id)


def _ready(desk: Desk, tx: Transaction, act: str, agreement: str, document_sha256: str) -> Readiness:
    now_tai_s = desk.now_tai_s()
    proposal = next(
        (one for one in tx.proposals_of(act, agreement, document_sha256) if one.is_open(now_tai_s)), None
    )
    if proposal is None:
        return Readiness(ready=False, reason=f"nobody proposes to {act} this text of {agreement}")
    counted = _counted(tx, proposal)
    if len(counted) >= PERSONS:
        return Readiness(ready=True, reason=f"approved by {' and '.join(counted)}", proposal=proposal)
    missing = f"{len(counted)} of {PERSONS} release authorities have approved to {_about(proposal)}"
    return Readiness(ready=False, reason=missing, proposal=proposal)


def _counted(tx: Transaction, proposal: Proposal) -> list[str]:
    return [vote.account for vote in proposal.approvals if _counts(tx, vote.account)]


def _counts(tx: Transaction, name: str) -> bool:
    """Whether who approved may still: a role taken away takes its approvals along."""
    account = tx.account(name)
    return (
        account is not None and not account.disabled and Action.APPROVE_AGREEMENT in actions_of(account.roles)
    )


def _is_same_person(tx: Transaction, one: str, other: str) -> bool:
    """Whether two accounts stand for a person of one name."""
    persons = [account.person.casefold() for name in (one, other) if (account := tx.account(name))]
    return len(persons) == PERSONS and persons[0] == persons[1]


def _open(tx: Transaction, proposal_id: str, now_tai_s: float) -> Proposal:
    proposal = _known(tx, proposal_id)
    if proposal.is_open(now_tai_s):
        return proposal
    if proposal.spent_tai_s is not None:
        raise ApprovalError("this was done already")
    if (no := proposal.rejection) is not None:
        raise ApprovalError(f"{no.account} has rejected this: {no.words}")
    raise ApprovalError("this has lapsed: propose it anew")


def _known(tx: Transaction, proposal_id: str) -> Proposal:
    proposal = tx.proposal(proposal_id) if proposal_id.isalnum() else None
    if proposal is None:
        raise ApprovalError(f"there is no proposal {printable(proposal_id, 40)}")
    return proposal


def _account_of(person: Person) -> str:
    if person.account is None:
        raise Refused("approvals are for people with accounts: this node has none yet")
    return person.account


def _about(proposal: Proposal) -> str:
    return f"{proposal.act} {proposal.agreement} (text {proposal.document_sha256[:12]})"


def _log(desk: Desk, tx: Transaction, proposal: Proposal, words: str) -> None:
    tx.write_log(desk.node.now_tai_s(), "approval", f"{words} [{proposal.id}]")
