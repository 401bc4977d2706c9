"""The console's interface to releases: what we hold, what a partner would see of it, and agreements."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Response
from msgspec import Struct
from starlette.concurrency import run_in_threadpool

from commonsky.domain import RecordKind
from commonsky.domain.roles import Action
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.errors import FormatError
from commonsky.node.explaining import ask_why, explanations
from commonsky.node.node import Node
from commonsky.node.release_proposed import proposed, proposed_text
from commonsky.node.release_view import ReleaseView
from commonsky.node.release_what_if import what_if
from commonsky.web.gate import needs
from commonsky.web.people_answers import answer, body_of

PASTED = "the pasted text"


class Pasted(Struct, forbid_unknown_fields=True):
    """An agreement's TOML."""

    toml: Annotated[str, msgspec.Meta(max_length=60_000)]


def release_router(view: ReleaseView, node: Node) -> APIRouter:
    """Routes under ``/api/v1/release``. Times are TAI seconds since 2000-01-01T12:00:00 TAI."""
    router = APIRouter(prefix="/api/v1/release", tags=["release"])
    _add_seen(router, view, node)
    _add_agreements(router, view, node)
    _add_questions(router, node)
    return router


def _add_seen(router: APIRouter, view: ReleaseView, node: Node) -> None:
    @router.get("/held/{kind}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def held(kind: RecordKind) -> Response:
        """Give what we hold of one kind, by columns."""
        return answer(view.held(kind))

    @router.get("/to/{member}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def seen(member: str) -> Response:
        """Decide for a partner on all that we hold: what is said, by row of each kind, and counts of it."""
        _partner(node, member)
        return answer(view.seen_by(member))

    @router.get("/to/{member}/{record}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def sheet(member: str, record: str) -> Response:
        """Decide on one record for a partner, with every test that was made."""
        _partner(node, member)
        found = view.sheet(member, record)
        if found is None:
            raise HTTPException(404, f"the node holds no record {record!r} now")
        return answer(found)


def _add_agreements(router: APIRouter, view: ReleaseView, node: Node) -> None:
    @router.get("/agreements", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def agreements() -> Response:
        """List the agreements and where each stands."""
        return answer(view.agreements())

    @router.get("/agreements/{reference}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def document(reference: str) -> Response:
        """Give an agreement's document as it stands in its file."""
        text = view.text(reference)
        if text is None:
            raise HTTPException(404, f"there is no agreement {reference!r} here")
        return answer({"reference": reference, "toml": text})

    @router.get("/proposed", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def waiting() -> Response:
        """List what partners propose and nobody here has signed."""
        return answer(proposed(node))

    @router.get("/proposed/{partner}/{reference}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def proposal(partner: str, reference: str) -> Response:
        """Give the text that a partner proposes."""
        text = proposed_text(node, partner, reference)
        if text is None:
            raise HTTPException(404, f"{partner!r} proposes no {reference!r}")
        return answer({"reference": reference, "toml": text})

    @router.post("/what-if", response_model=None)
    @needs(Action.VIEW_RELEASE)
    async def try_out(pasted: Annotated[Pasted, Depends(body_of(Pasted))]) -> Response:
        """Say what a text would let out in addition and no longer; nothing is kept."""
        try:
            agreement = read_agreement(pasted.toml.encode(errors="replace"), source=PASTED)
        except FormatError as fault:
            raise HTTPException(422, str(fault)) from fault
        return answer(await run_in_threadpool(what_if, view, node, agreement))


def _add_questions(router: APIRouter, node: Node) -> None:
    @router.post("/from/{member}/{record}", response_model=None)
    @needs(Action.ASK_OWNER)
    def ask(member: str, record: str) -> Response:
        """Ask a partner why we do not have a record; what was asked before is not asked again."""
        _partner(node, member)
        try:
            return answer(ask_why(node, member, record))
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from fault

    @router.get("/from/{member}", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def told(member: str) -> Response:
        """Give what we asked a partner of records that we do not have, the newest first, with its answers."""
        _partner(node, member)
        return answer([one._asdict() for one in explanations(node, member)])


def _partner(node: Node, member: str) -> None:
    if node.config.peer(member) is None:
        raise HTTPException(404, f"{member!r} is no partner of {node.id}")
