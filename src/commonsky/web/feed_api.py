"""The partner feed over HTTP: a partner asks for what follows its cursor, and gets envelopes, one JSON line each.

The cursor is in the signed request, not in the address, so nobody on the way can move it. Whoever may not pull gets
the same answer for every reason; only an authenticated member learns more (the link is cut, its cursor is not of
this feed). The reasons are in the giver's watch log.

Requests are dated by the machine's clock, not the node's: in an exercise the node's own time may run or stand.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from commonsky.federation import PullGuard, PullRefused, PullRequest, encode_wire
from commonsky.federation.seal import head_of
from commonsky.node.link import CutError, ElsewhereError, following
from commonsky.node.node import Node
from commonsky.store import StoreError
from commonsky.web.gate import Open, needs
from commonsky.web.waiting import more_to_give

CLOCK_WINDOW_S = 900.0
ENVELOPES_PER_ANSWER = 8
MAX_ENVELOPES_PER_ANSWER = 64
MAX_WAIT_S = 30.0
MOST_BYTES_PER_ANSWER = 8 * 1024 * 1024
"""An answer ends behind the envelope that passes it: the next one goes on there.

So it holds many small envelopes, or a few large ones: who was away long is not held up by asking.
"""

MOST_ANSWERS_AT_ONCE = 4
"""To one reader. Answers that nobody reads are held, and must not fill the memory of those who serve others too."""

_ASK_STORE_EVERY_S = 0.5

_PIECE_BYTES = 256 * 1024
_NDJSON = "application/x-ndjson"


def feed_router(node: Node, *, wall_clock_tai_s: Callable[[], float]) -> APIRouter:
    """Build ``GET /feed/v1/{issuer}?limit=&wait_s=`` of a node; with ``wait_s`` it waits for something to give."""
    router = APIRouter()
    guard = PullGuard(node.id, node.key_of, began_tai_s=wall_clock_tai_s(), window_s=CLOCK_WINDOW_S)
    one_at_a_time = Lock()
    answering: Counter[str] = Counter()

    def judged(authorization: str) -> PullRequest | PullRefused:
        with one_at_a_time:
            return guard.judge(authorization, now_tai_s=wall_clock_tai_s())

    @router.get("/feed/v1/{issuer}", include_in_schema=False)
    @needs(Open.PARTNERS)
    async def pull(
        issuer: str,
        authorization: Annotated[str, Header()] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_ENVELOPES_PER_ANSWER)] = MAX_ENVELOPES_PER_ANSWER,
        wait_s: Annotated[float, Query(ge=0.0, le=MAX_WAIT_S)] = 0.0,
    ) -> Response:
        request = await run_in_threadpool(judged, authorization)
        if isinstance(request, PullRefused):
            text = f"a request for our feed was refused: {request.reason}"
            await run_in_threadpool(node.say_once, f"pull {request.refusal}", text)
            return _refused()
        if issuer != node.id:
            return _refused()
        if answering[request.reader] >= MOST_ANSWERS_AT_ONCE:
            return Response("other answers wait to be read\n", status_code=503, media_type="text/plain")
        with _counted(answering, request.reader) as counted:
            answer = await _answer(node, request, limit, time.monotonic() + wait_s)
            answer.read = counted.pop_all()
        return answer

    return router


class _Pieces(Response):
    """An answer that is handed over piece by piece, as it is read; then, or when nobody reads on, it is done with."""

    read: ExitStack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # as all answers
        with self.read:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            body = memoryview(self.body)
            for begin in range(0, len(body), _PIECE_BYTES):
                piece = bytes(body[begin : begin + _PIECE_BYTES])
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})


def _counted(counter: Counter[str], reader: str) -> ExitStack:
    """Count an answer to a reader until the stack is closed."""
    counter[reader] += 1
    stack = ExitStack()
    stack.callback(counter.subtract, [reader])
    return stack


async def _answer(node: Node, request: PullRequest, limit: int, deadline_s: float) -> _Pieces:
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
            return _Pieces(data, media_type=_NDJSON)
        # Another process may seal too, which only the store tells.
        await more_to_give(node, sealed, min(_ASK_STORE_EVERY_S, deadline_s - time.monotonic()))


def _wire(node: Node, request: PullRequest, limit: int) -> bytes:
    """Give what follows the cursor as it travels, a few envelopes at a time, as far as an answer goes."""
    wire, head = bytearray(), request.head
    while limit > 0 and len(wire) < MOST_BYTES_PER_ANSWER:
        envelopes = following(node, request.reader, head, min(limit, ENVELOPES_PER_ANSWER))
        wire += encode_wire(envelopes)
        limit -= ENVELOPES_PER_ANSWER
        if len(envelopes) < ENVELOPES_PER_ANSWER:
            break
        head = head_of(envelopes[-1].header)
    return bytes(wire)


def _refused() -> Response:
    return Response("refused\n", status_code=403, media_type="text/plain")


def _said(status: int, words: str) -> _Pieces:
    return _Pieces(f"{words}\n", status_code=status, media_type="text/plain")
