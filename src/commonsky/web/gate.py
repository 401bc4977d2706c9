"""The one way into a node's web face: every route says what it needs, and what says nothing is not served.

Before a route is asked, the gate finds what it needs, who asks, and whether that person may. A request that changes
something must come from a page of this very origin, and within a session bring the token that only such a page can
read.
"""

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commonsky.domain.roles import Action
from commonsky.node.people import sessions
from commonsky.node.people.desk import Desk
from commonsky.node.people.person import Person, Refused
from commonsky.web.own_machine import SECURE

CSRF_HEADER = "x-commonsky-csrf"
ACTIVE_HEADER = "x-commonsky-active"
"""Sent by a page when its person did something since the last request: what a page does by itself keeps no session."""

LOOK_AGAIN_S = 5.0
"""So often the person behind a long answer is looked at again: a stream ends with its session."""

_PERSON = "commonsky.person"
_NEED = "commonsky_need"
_SAFE = frozenset({"GET", "HEAD"})
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class Open(Enum):
    """What a route needs that asks for no person."""

    CONSOLE = "whoever may reach the console: the page itself, and logging in"
    PARTNERS = "partners, who sign each request"


Need = Action | Open


def needs(need: Need) -> Callable[[_Endpoint], _Endpoint]:
    """Declare what a route needs; stands below the route's own decorator."""

    def declared(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _NEED, need)
        return endpoint

    return declared


def may(request: Request, action: Action) -> bool:
    """Whether the person behind a request may do this too."""
    person = person_in(request)
    return person is not None and person.may(action)


def person_in(request: Request) -> Person | None:
    """Give the person behind a request, if there is one."""
    person = request.scope.get(_PERSON)
    return person if isinstance(person, Person) else None


def person_of(request: Request) -> Person:
    """Give the person behind a request whose route needs an action."""
    person = person_in(request)
    assert person is not None
    return person


class RouteNeed(NamedTuple):
    """One path of an application, its methods (none: any), and what it declares to need."""

    path: str
    methods: frozenset[str]
    need: Need | None


def route_needs(app: FastAPI) -> Iterator[RouteNeed]:
    """List every path of an application with what it needs; ``None`` where nothing is declared."""
    for route in iter_route_contexts(app.routes):
        place, target = route.path or "", route.endpoint
        if isinstance(route.original_route, Mount):
            place, target = f"{place}/{{rest:path}}", route.original_route.app
        need = getattr(target, _NEED, None)
        yield RouteNeed(place, frozenset(route.methods or ()), need if isinstance(need, Need) else None)


class Gate:
    """Lets a request through to the routes of ``routes`` when who asks may do what the route needs."""

    def __init__(self, app: ASGIApp, *, routes: FastAPI, desk: Desk) -> None:
        self._app = app
        self._routes = routes
        self._desk = desk
        self._needs: list[tuple[Any, RouteNeed]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        need = self._need(scope) if scope["type"] == "http" else None
        if need is None:
            await _said(404, "there is nothing here")(scope, receive, send)
            return
        if need is Open.PARTNERS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        changes = scope["method"] not in _SAFE
        if changes and (fault := _foreign(scope, headers)):
            await _said(403, fault)(scope, receive, send)
            return
        await self._admit(need, scope, receive, send)

    async def _admit(self, need: Action | Open, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the person, and let the request through if it may."""
        request = Request(scope)
        token = request.cookies.get(cookie_name(self._desk, request))
        changes = scope["method"] not in _SAFE
        active = changes or ACTIVE_HEADER in request.headers

        def look(*, active: bool = False) -> Person | None:
            return sessions.who(self._desk, token, active=active)

        person = await run_in_threadpool(look, active=active)
        scope[_PERSON] = person
        if isinstance(need, Open):
            await self._app(scope, receive, send)
        elif (refusal := _refusal(person, need, request, token)) is not None:
            await refusal(scope, receive, send)
        else:
            watched = _Watched(person, look, receive, send)
            await self._app(scope, watched.receive, watched.send)
            await watched.close()

    def _need(self, scope: Scope) -> Need | None:
        if self._needs is None:
            self._needs = [(compile_path(one.path)[0], one) for one in route_needs(self._routes)]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for path, one in self._needs:
            if path.match(scope["path"]) and (not one.methods or method in one.methods):
                return one.need
        return None


def cookie_name(desk: Desk, request: Request) -> str:
    """Name the session's cookie: by member, as nodes on one machine share cookies, and locked where there is TLS."""
    return f"{'__Host-' if is_secure(request) else ''}commonsky-{desk.node.id}"


def origin_of(request: Request) -> str:
    """Give the origin at which a browser sees us, by the name it called; `OwnMachineOnly` has judged that name."""
    scheme = "https" if is_secure(request) else "http"
    return f"{scheme}://{request.headers.get('host', '')}"


def is_secure(request: Request) -> bool:
    """Whether the browser sees us over TLS: it does so at any name that is not this machine's."""
    return bool(request.scope.get(SECURE, False))


def _foreign(scope: Scope, headers: Headers) -> str | None:
    """Say what is wrong with where a change comes from; a browser always says it, other programs say nothing."""
    origin = headers.get("origin")
    if origin is not None and origin != origin_of(Request(scope)):
        return "the request comes from a page of another origin"
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "the request comes from a page of another site"
    if headers.get("content-type", "").split(";")[0].strip() != "application/json":
        return "changes are asked for in application/json"
    return None


def _refusal(person: Person | None, need: Action, request: Request, token: str | None) -> Response | None:
    if person is None:
        return _said(401, "log in first")
    changes = request.method not in _SAFE
    if changes and person.account is not None:
        said = request.headers.get(CSRF_HEADER, "")
        if not sessions.csrf_matches(token or "", said):
            return _said(403, f"the request lacks this session's {CSRF_HEADER}")
    try:
        person.require(need)
    except Refused as refused:
        return _said(403, str(refused))
    return None


class _Watched:
    """Tells a long answer that its reader is gone as soon as that person is, or may do other things than before."""

    def __init__(
        self, person: Person | None, look: Callable[[], Person | None], receive: Receive, send: Send
    ) -> None:
        self._person = person
        self._look = look
        self._receive = receive
        self._send = send
        self._unfinished = False

    def _is_same(self) -> bool:
        now = self._look()
        return now is not None and self._person is not None and now.actions == self._person.actions

    async def receive(self) -> Message:
        """Give what the client says, or that it is gone."""
        waiting = asyncio.ensure_future(self._receive())
        try:
            while True:
                done, _ = await asyncio.wait({waiting}, timeout=LOOK_AGAIN_S)
                if done:
                    return waiting.result()
                if not await run_in_threadpool(self._is_same):
                    return {"type": "http.disconnect"}
        finally:
            waiting.cancel()

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer."""
        await self._send(message)
        self._unfinished = bool(message.get("more_body", message["type"] == "http.response.start"))

    async def close(self) -> None:
        """End an answer that was broken off: what was said so far is whole."""
        if self._unfinished:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _said(status: int, words: str) -> Response:
    return JSONResponse({"detail": words}, status_code=status, headers={"Cache-Control": "no-store"})
