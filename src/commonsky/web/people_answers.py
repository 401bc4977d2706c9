"""What routes about people have in common: reading a body, saying what was refused, and the session's cookie."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from fastapi import HTTPException, Request, Response

from commonsky.node.approvals import ApprovalError
from commonsky.node.people import sessions
from commonsky.node.people.accounts import AccountError
from commonsky.node.people.desk import Desk
from commonsky.node.people.passkeys import PasskeyError
from commonsky.node.people.person import Person, Refused
from commonsky.node.people.sign_in import SignInRefusedError, TooManyAttemptsError
from commonsky.web.gate import cookie_name, is_secure

_Any = TypeVar("_Any")


def body_of(kind: type[_Any]) -> Callable[[Request], Awaitable[_Any]]:
    """Read a request's JSON body; what is wrong with it is said without repeating it, as it may hold a password."""

    async def read(request: Request) -> _Any:
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HTTPException(422, f"the request's body is wrong: {error}") from error

    return read


def judged(ask: Callable[[], _Any], *, wrong: int = 401) -> _Any:
    """Give what was asked for; what was refused is said with the status that a page acts on.

    ``wrong`` is that of a wrong password: 401 where nobody is logged in; in a session that goes on, another.
    """
    try:
        return ask()
    except TooManyAttemptsError as error:
        wait = {"Retry-After": f"{error.wait_s + 1.0:.0f}"}
        raise HTTPException(429, str(error), headers=wait) from error
    except SignInRefusedError as error:
        raise HTTPException(wrong, str(error)) from error
    except Refused as error:
        raise HTTPException(403, str(error)) from error
    except (AccountError, PasskeyError, ApprovalError) as error:
        raise HTTPException(422, str(error)) from error


def answer(body: object) -> Response:
    """Give JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def token_of(desk: Desk, request: Request) -> str | None:
    """Give the token of the session that a request came in."""
    return request.cookies.get(cookie_name(desk, request))


def told_session(desk: Desk, person: Person | None, token: str | None) -> dict[str, object]:
    """Say who acts, with which roles and actions, the token that changes must bring, and whose node this is."""
    config = desk.node.config
    in_session = person is not None and person.account is not None and token
    return {
        "login_required": sessions.login_required(desk),
        "person": None if person is None else _shown(desk, person),
        "csrf": sessions.csrf_token(token) if in_session and token else None,
        "node": {
            "member": config.member.id,
            "member_name": config.member.name,
            "operation": config.operation,
            "mode": config.mode,
        },
        "openid": None if desk.settings.openid is None else desk.settings.openid.name,
    }


def with_session(desk: Desk, request: Request, token: str) -> Response:
    """Say who acts from now on, and give the session's cookie; one that was there before is ended."""
    old = token_of(desk, request)
    if old is not None:
        sessions.end(desk, old)
    said = answer(told_session(desk, sessions.who(desk, token), token))
    set_session_cookie(desk, request, said, token)
    return said


def set_session_cookie(desk: Desk, request: Request, said: Response, token: str) -> None:
    """Give the session's cookie with an answer: kept from scripts, from other sites, and under TLS from the clear."""
    said.set_cookie(
        cookie_name(desk, request),
        token,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


def session_cookie_gone(desk: Desk, request: Request, said: Response) -> Response:
    """Have the browser forget the session's cookie."""
    said.delete_cookie(
        cookie_name(desk, request), secure=is_secure(request), httponly=True, samesite="strict"
    )
    return said


def _shown(desk: Desk, person: Person) -> dict[str, object]:
    return {
        "account": person.account,
        "name": person.name,
        "roles": sorted(person.roles),
        "actions": sorted(action.name.lower() for action in person.actions),
        "means": person.means,
        "fresh": person.is_fresh(desk.settings, desk.now_tai_s()),
    }
