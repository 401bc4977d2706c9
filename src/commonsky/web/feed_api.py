"""The partner feed over HTTP: a partner asks for what follows its cursor, and gets envelopes, one JSON line each.

The cursor is in the signed request, not in the address, so nobody on the way can move it. Whoever may not pull gets
the same answer for every reason; only an authenticated member learns more (the link is cut, its cursor is not of
this feed). The reasons are in the giver's watch log.

Requests are dated by the machine's clock, not the node's: in an exercise the node's own time may run or stand.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.concurrency import run_in_threadpool

from commonsky.federation import PullGuard, PullRefused, PullRequest, encode_wire
from commonsky.node.link import CutError, ElsewhereError, following
from commonsky.node.node import Node
from commonsky.store import StoreError
from commonsky.web.gate import Open, needs
from commonsky.web.waiting import more_to_give

CLOCK_WINDOW_S = 900.0
ENVELOPES_PER_ANSWER = 8
MAX_ENVELOPES_PER_ANSWER = 64
MAX_WAIT_S = 30.0
_ASK_STORE_EVERY_S = 0.5

_NDJSON = "application/x-ndjson"


def feed_router(node: Node, *, wall_clock_tai_s: Callable[[], float]) -> APIRouter:
    """Build ``GET /feed/v1/{issuer}?limit=&wait_s=`` of a node; with ``wait_s`` it waits for something to give."""
    router = APIRouter()
    guard = PullGuard(node.id, node.key_of, began_tai_s=wall_clock_tai_s(), window_s=CLOCK_WINDOW_S)

    one_at_a_time = Lock()

    def judged(authorization: str) -> PullRequest | PullRefused:
        with one_at_a_time:
            return guard.judge(authorization, now_tai_s=wall_clock_tai_s())

    @router.get("/feed/v1/{issuer}", include_in_schema=False)
    @needs(Open.PARTNERS)
    async def pull(
        issuer: str,
        authorization: Annotated[str, Header()] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_ENVELOPES_PER_ANSWER)] = ENVELOPES_PER_ANSWER,
        wait_s: Annotated[float, Query(ge=0.0, le=MAX_WAIT_S)] = 0.0,
    ) -> Response:
        request = await run_in_threadpool(judged, authorization)
        if isinstance(request, PullRefused):
            text = f"a request for our feed was refused: {request.reason}"
            await run_in_threadpool(node.say_once, f"pull {request.refusal}", text)
            return _said(403, "refused")
        if issuer != node.id:
            return _said(403, "refused")
        return await _answer(node, request, limit, time.monotonic() + wait_s)

    return router


async def _answer(node: Node, request: PullRequest, limit: int, deadline_s: float) -> Response:
    """Answer at once, or when there is something to give; a thread is held only while the store is asked."""
    while True:
        sealed = node.sealed_count
        try:
            data = await run_in_threadpool(_wire, node, request, limit)
        except ElsewhereError as error:
            return _said(409, str(error))
        except CutError as error:
            return _said(503, str(error))
        except StoreError as fault:
            node.say_once("feed", f"{request.reader} cannot be served: {fault}")
            return _said(503, "not available now")
        if data or node.closing or time.monotonic() >= deadline_s:
            return Response(data, media_type=_NDJSON)
        # Another process may seal too, which only the store tells.
        await more_to_give(node, sealed, min(_ASK_STORE_EVERY_S, deadline_s - time.monotonic()))


def _wire(node: Node, request: PullRequest, limit: int) -> bytes:
    return encode_wire(following(node, request.reader, request.head, limit))


def _said(status: int, words: str) -> Response:
    return Response(f"{words}\n", status_code=status, media_type="text/plain")
