"""The queue of two-person approvals over HTTP: what is proposed for agreements, who has approved, what became of it."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from commonsky.domain.roles import Action
from commonsky.node import approvals
from commonsky.node.people.desk import Desk
from commonsky.store import Proposal, Vote
from commonsky.web.gate import needs, person_of
from commonsky.web.people_answers import answer, body_of, judged

Text = Annotated[str, msgspec.Meta(max_length=1_024)]


class Wish(Struct, forbid_unknown_fields=True):
    """An act on one text of an agreement (``ID@VERSION``), and why."""

    act: Text
    agreement: Text
    document_sha256: Text
    words: Text = ""


class Yes(Struct, forbid_unknown_fields=True):
    """The text that the person has read, by its SHA-256: an approval is of that and of no other."""

    document_sha256: Text


class No(Struct, forbid_unknown_fields=True):
    """Why not."""

    reason: Text


def approvals_router(desk: Desk) -> APIRouter:
    """Routes under ``/api/v1/approvals``. Times are TAI seconds since J2000 by the machine's clock."""
    router = APIRouter(prefix="/api/v1/approvals", tags=["people"])

    @router.get("", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def queue(request: Request) -> Response:
        """Give the newest proposals, the newest first, with their state and what this person may do with them."""
        shown = [_shown(desk, request, one) for one in approvals.queue(desk)]
        about = {
            "now_tai_s": desk.now_tai_s(),
            "needed": approvals.needed(desk),
            "persons": approvals.PERSONS,
        }
        return answer({**about, "proposals": shown})

    @router.post("", response_model=None)
    @needs(Action.PROPOSE_AGREEMENT)
    def propose(request: Request, wish: Annotated[Wish, Depends(body_of(Wish))]) -> Response:
        """Propose an act; an open proposal of the same is given back."""
        person = person_of(request)
        made = judged(
            lambda: approvals.propose(
                desk, person, wish.act, wish.agreement, wish.document_sha256, words=wish.words
            )
        )
        return answer(_shown(desk, request, made))

    @router.post("/{proposal_id}/approve", response_model=None)
    @needs(Action.APPROVE_AGREEMENT)
    def approve(proposal_id: str, request: Request, yes: Annotated[Yes, Depends(body_of(Yes))]) -> Response:
        """Approve; 403 that speaks of "anew" asks for a fresh proof first."""
        person = person_of(request)
        made = judged(
            lambda: approvals.approve(desk, person, proposal_id, document_sha256=yes.document_sha256)
        )
        return answer(_shown(desk, request, made))

    @router.post("/{proposal_id}/reject", response_model=None)
    @needs(Action.PROPOSE_AGREEMENT)
    def reject(proposal_id: str, request: Request, no: Annotated[No, Depends(body_of(No))]) -> Response:
        """Reject with a reason, or take the own proposal back."""
        person = person_of(request)
        made = judged(lambda: approvals.reject(desk, person, proposal_id, no.reason))
        return answer(_shown(desk, request, made))

    return router


def _shown(desk: Desk, request: Request, proposal: Proposal) -> dict[str, Any]:
    person = person_of(request)
    state = approvals.state_of(desk, proposal)
    voted = any(vote.account == person.account for vote in proposal.votes)
    going = state in {approvals.State.OPEN, approvals.State.READY}
    may_approve = person.may(Action.APPROVE_AGREEMENT)
    return {
        "id": proposal.id,
        "act": proposal.act,
        "agreement": proposal.agreement,
        "document_sha256": proposal.document_sha256,
        "words": proposal.words,
        "state": state,
        "proposed_by": proposal.proposed_by,
        "proposed_tai_s": proposal.proposed_tai_s,
        "ends_tai_s": proposal.ends_tai_s,
        "approvals": [_vote(vote) for vote in proposal.approvals],
        "rejection": None if proposal.rejection is None else _vote(proposal.rejection),
        "you_may_approve": going and may_approve and not voted,
        "you_may_reject": going and (may_approve or proposal.proposed_by == person.account),
    }


def _vote(vote: Vote) -> dict[str, Any]:
    return {"account": vote.account, "means": vote.means, "at_tai_s": vote.at_tai_s, "words": vote.words}
