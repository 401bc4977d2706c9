"""The console's interface to what a node has done: decisions, audit, links to cut and restore, holdings, questions."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from commonsky.domain.roles import Action
from commonsky.node.log_view import LogView
from commonsky.node.node import Node
from commonsky.web.gate import needs, person_of
from commonsky.web.people_answers import answer

MOST_DECISIONS = 2_000


def log_router(view: LogView, node: Node) -> APIRouter:
    """Routes under ``/api/v1/watch``. Times are TAI seconds since 2000-01-01T12:00:00 TAI."""
    router = APIRouter(prefix="/api/v1/watch", tags=["watch"])

    @router.get("/decisions", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def decisions(
        *,
        limit: Annotated[int, Query(ge=1, le=MOST_DECISIONS)] = 500,
        reader: Annotated[str | None, Query(max_length=64)] = None,
        allowed: bool | None = None,
        words: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Give the latest decisions that match, the newest first; words are sought in reason, agreement and clause."""
        return answer(view.decisions(limit, reader=reader, allowed=allowed, words=words))

    @router.get("/node", response_model=None)
    @needs(Action.VIEW_LOG)
    def node_state() -> Response:
        """Give the state of the audit tree and of the links."""
        return answer(view.node_state())

    @router.get("/sharing", response_model=None)
    @needs(Action.VIEW_RELEASE)
    def sharing_state() -> Response:
        """Give what is held from partners, receipts owed and given, and questions with their answers."""
        return answer(view.sharing_state())

    @router.post("/links/{member}/cut", response_model=None)
    @needs(Action.CUT_LINK)
    def cut(member: str, request: Request) -> Response:
        """Exchange nothing with a partner until its link is restored."""
        return _set_link(view, node, member, request, up=False)

    @router.post("/links/{member}/restore", response_model=None)
    @needs(Action.CUT_LINK)
    def restore(member: str, request: Request) -> Response:
        """Exchange with a partner again."""
        return _set_link(view, node, member, request, up=True)

    return router


def _set_link(view: LogView, node: Node, member: str, request: Request, *, up: bool) -> Response:
    if node.config.peer(member) is None:
        raise HTTPException(404, f"{member!r} is no partner of {node.id}")
    now_tai_s = node.now_tai_s()
    with node.store.transaction() as tx:
        (tx.restore if up else tx.cut)(member, at_tai_s=now_tai_s)
        verb = "restored" if up else "cut"
        tx.write_log(now_tai_s, "link", f"{member}: the link was {verb} by {person_of(request).name}")
    return answer(view.node_state())
