"""Logging in and out over HTTP: who acts, a session's beginning, its renewal by a fresh proof, its end."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from msgspec import Struct

from commonsky.domain.roles import Action
from commonsky.node.people import accounts, sessions
from commonsky.node.people.desk import Desk, digest_of
from commonsky.node.people.person import Person
from commonsky.node.people.sign_in import SignInRefusedError, TooManyAttemptsError, password_proves, sign_in
from commonsky.web.gate import Open, cookie_name, is_secure, needs, person_in, person_of
from commonsky.web.own_machine import ADDRESS

_Body = TypeVar("_Body")
Text = Annotated[str, msgspec.Meta(max_length=1_024)]


class Credentials(Struct, forbid_unknown_fields=True):
    """What is typed to log in."""

    account: Text
    password: Text


class Proof(Struct, forbid_unknown_fields=True):
    """A password once more."""

    password: Text


class NewPassword(Struct, forbid_unknown_fields=True):
    """The password so far, and another one."""

    password: Text
    new: Text


def body_of(kind: type[_Body]) -> Callable[[Request], Awaitable[_Body]]:
    """Read a request's JSON body; what is wrong with it is said without repeating it, as it may hold a password."""

    async def read(request: Request) -> _Body:
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HTTPException(422, f"the request's body is wrong: {error}") from error

    return read


def session_router(desk: Desk) -> APIRouter:
    """Routes under ``/api/v1/session``. Times are TAI seconds since J2000 by the machine's clock."""
    router = APIRouter(prefix="/api/v1/session", tags=["people"])
    _add_coming_and_going(router, desk)
    _add_proofs(router, desk)
    return router


def _add_coming_and_going(router: APIRouter, desk: Desk) -> None:
    @router.get("", response_model=None)
    @needs(Open.CONSOLE)
    def session(request: Request) -> Response:
        """Say who acts, with which roles and actions, and the token that changes must bring."""
        return _json(_told(desk, person_in(request), _token(desk, request)))

    @router.post("", response_model=None)
    @needs(Open.CONSOLE)
    def log_in(request: Request, typed: Annotated[Credentials, Depends(body_of(Credentials))]) -> Response:
        """Begin a session with account and password, under a new cookie whatever was sent."""
        token = _judged(lambda: sign_in(desk, typed.account, typed.password, address=request.scope[ADDRESS]))
        if (old := _token(desk, request)) is not None:
            sessions.end(desk, old)
        return _with_session(desk, request, token)

    @router.post("/end", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def log_out(request: Request) -> Response:
        """End the session."""
        sessions.end(desk, _token(desk, request) or "")
        answer = _json(_told(desk, None, None))
        answer.delete_cookie(
            cookie_name(desk, request), secure=is_secure(request), httponly=True, samesite="strict"
        )
        return answer


def _add_proofs(router: APIRouter, desk: Desk) -> None:
    @router.post("/proof", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def prove(request: Request, typed: Annotated[Proof, Depends(body_of(Proof))]) -> Response:
        """Prove once more by password who acts, as approvals ask for; the session goes on under a new cookie."""
        person = person_of(request)
        _judged(
            lambda: password_proves(desk, str(person.account), typed.password, address=request.scope[ADDRESS])
        )
        assert person.means is not None
        token = sessions.renew(desk, _token(desk, request) or "", person.means)
        if token is None:
            raise HTTPException(401, "the session is over: log in again")
        return _with_session(desk, request, token)

    @router.post("/password", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def change_password(
        request: Request, typed: Annotated[NewPassword, Depends(body_of(NewPassword))]
    ) -> Response:
        """Change the own password; all other sessions of the account end."""
        person, address = person_of(request), request.scope[ADDRESS]
        _judged(lambda: password_proves(desk, str(person.account), typed.password, address=address))
        try:
            kept = digest_of(_token(desk, request) or "")
            accounts.set_password(desk, str(person.account), typed.new, keep_session=kept)
        except accounts.AccountError as error:
            raise HTTPException(422, str(error)) from error
        return prove(request, Proof(typed.new))


def _judged(ask: Callable[[], _Body]) -> _Body:
    try:
        return ask()
    except TooManyAttemptsError as error:
        wait = {"Retry-After": f"{error.wait_s + 1.0:.0f}"}
        raise HTTPException(429, str(error), headers=wait) from error
    except SignInRefusedError as error:
        raise HTTPException(401, str(error)) from error


def _with_session(desk: Desk, request: Request, token: str) -> Response:
    answer = _json(_told(desk, sessions.who(desk, token), token))
    answer.set_cookie(
        cookie_name(desk, request),
        token,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return answer


def _token(desk: Desk, request: Request) -> str | None:
    return request.cookies.get(cookie_name(desk, request))


def _told(desk: Desk, person: Person | None, token: str | None) -> dict[str, object]:
    acts = person is not None and person.account is not None and token is not None
    return {
        "login_required": sessions.login_required(desk),
        "person": None if person is None else _shown(desk, person),
        "csrf": sessions.csrf_token(token) if acts and token is not None else None,
    }


def _shown(desk: Desk, person: Person) -> dict[str, object]:
    return {
        "account": person.account,
        "name": person.name,
        "roles": sorted(person.roles),
        "actions": sorted(action.name.lower() for action in person.actions),
        "means": person.means,
        "fresh": person.is_fresh(desk.settings, desk.now_tai_s()),
    }


def _json(body: object) -> Response:
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
