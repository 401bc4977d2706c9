"""Ask two persons at the node's own machine for their approval of an act on an agreement."""

import sys
from getpass import getpass
from typing import NamedTuple

from commonsky.cli.render import CommandError
from commonsky.node import approvals
from commonsky.node.approvals import ApprovalError
from commonsky.node.people.accounts import actor_id
from commonsky.node.people.desk import Desk
from commonsky.node.people.person import Person, Refused
from commonsky.node.people.sign_in import SignInRefusedError, TooManyAttemptsError, proved_at_this_machine


class Approval(NamedTuple):
    """Who approved, in words, and as partners see them."""

    words: str
    actors: tuple[str, ...] = ()


def approved_by_two(
    desk: Desk, act: str, agreement: str, document_sha256: str, *, here: list[Person] | None = None
) -> Approval:
    """See to it that two persons approve an act on this text, use their approvals up, and give what to tell of it.

    What was approved in the console counts; who is missing is asked for name and password here. A node without
    accounts asks nobody. Raises CommandError when an approval is missing: then nothing may be done.

    Who is ``here`` has just proved who it is, of an act on several agreements, and is not asked again; whoever is asked
    joins them.
    """
    here = [] if here is None else here
    waiting = list(here)
    if not approvals.needed(desk):
        return Approval("this node has no accounts: whoever holds its key acts alone")
    try:
        while not (found := approvals.ready(desk, act, agreement, document_sha256)).ready:
            sys.stderr.write(f"{found.reason}\n")
            if not waiting:
                waiting = [_asked(desk)]
                here += waiting
            person = waiting.pop(0)
            proposal = found.proposal or approvals.propose(desk, person, act, agreement, document_sha256)
            approvals.approve(desk, person, proposal.id)
        spent = approvals.spend(desk, act, agreement, document_sha256)
    except (ApprovalError, Refused, SignInRefusedError, TooManyAttemptsError) as error:
        raise CommandError(f"not approved: {error}") from error
    names = [vote.account for vote in spent.approvals[: approvals.PERSONS]]
    return Approval(f"approved by {' and '.join(names)}", tuple(actor_id(desk, name) for name in names))


def _asked(desk: Desk) -> Person:
    if not sys.stdin.isatty():
        raise CommandError(
            "two release authorities must approve: run this at a terminal, or approve in the console"
        )
    sys.stderr.write("Account of a release authority: ")
    sys.stderr.flush()
    return proved_at_this_machine(desk, sys.stdin.readline().strip(), getpass("Password: "))
