"""Logging in by an OpenID provider over HTTP: the way there, and the way back."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from commonsky.node.people import openid
from commonsky.node.people.desk import Desk
from commonsky.node.people.openid import Flow, OpenIdError
from commonsky.node.people.settings import OpenIdSettings
from commonsky.node.people.sign_in import PER_ADDRESS
from commonsky.web.gate import Open, cookie_name, is_secure, needs, origin_of
from commonsky.web.openid_client import OpenIdClient
from commonsky.web.own_machine import ADDRESS
from commonsky.web.people_answers import set_session_cookie

_REFUSED = "/#openid-refused"
_Long = Annotated[str, Query(max_length=4_096)]


def openid_router(desk: Desk, settings: OpenIdSettings, client: OpenIdClient) -> APIRouter:
    """Routes under ``/api/v1/openid``, which a browser is sent to and sent on from."""
    router = APIRouter(prefix="/api/v1/openid", tags=["people"])

    @router.get("/begin", response_model=None)
    @needs(Open.CONSOLE)
    def begin(request: Request, *, again: bool = False) -> Response:
        """Send the browser to the provider; ``again`` has it prove anew who sits there."""
        bucket = f"openid {request.scope[ADDRESS]}"
        if desk.store.take_attempt({bucket: PER_ADDRESS}, desk.now_tai_s()) > 0.0:
            raise HTTPException(429, "too many attempts: wait a little and try again")
        try:
            door, back = client.authorization_endpoint(), _back(request)
            address, token = openid.begin(desk, settings, door, back, again=again)
        except OpenIdError as error:
            return _refused(desk, error)
        answer = RedirectResponse(address, status_code=303)
        # Lax: the provider's page sends the browser back, and from there a strict cookie would not come along.
        answer.set_cookie(
            _cookie(desk, request),
            token,
            max_age=int(openid.STEP_S),
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.get("/done", response_model=None)
    @needs(Open.CONSOLE)
    def done(
        request: Request, state: _Long = "", code: _Long = "", error: _Long = "", iss: _Long | None = None
    ) -> Response:
        """Take the browser back from the provider: begin a session, or say on the login page that it was refused."""
        token = request.cookies.get(_cookie(desk, request), "")
        try:
            flow = openid.finish(desk, settings, token, state, iss)
            come = _vouched(desk, settings, client, flow, code, error)
        except OpenIdError as refused:
            answer = _refused(desk, refused)
        else:
            answer = RedirectResponse("/", status_code=303)
            set_session_cookie(desk, request, answer, come)
        answer.delete_cookie(_cookie(desk, request), path="/", secure=is_secure(request), httponly=True)
        return answer

    return router


def _vouched(  # noqa: PLR0913  # all that an answer is judged by
    desk: Desk, settings: OpenIdSettings, client: OpenIdClient, flow: Flow, code: str, error: str
) -> str:
    """Give the token of a session for what the provider vouches for; raises OpenIdError."""
    if error or not code:
        raise OpenIdError(f"the provider refused: {error or 'it gave no code'}")
    id_token, keys = client.id_token(flow, code)
    claims = openid.claims_of(id_token, keys, settings, nonce=flow.nonce, now_tai_s=desk.now_tai_s())
    return openid.come_in(desk, claims)


def _back(request: Request) -> str:
    return f"{origin_of(request)}/api/v1/openid/done"


def _cookie(desk: Desk, request: Request) -> str:
    return f"{cookie_name(desk, request)}-openid"


def _refused(desk: Desk, error: OpenIdError) -> Response:
    desk.node.say_once("openid", f"a login by OpenID was refused: {error}")
    return RedirectResponse(_REFUSED, status_code=303)
