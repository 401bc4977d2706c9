"""Logging in and out over HTTP: who acts, a session's beginning, its renewal by a fresh proof, its end."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from msgspec import Struct

from commonsky.domain.roles import Action
from commonsky.node.people import accounts, passkeys, sessions
from commonsky.node.people.desk import Desk, digest_of
from commonsky.node.people.passkeys import Step, site_of
from commonsky.node.people.sign_in import go_on_with_passkey, password_proves, sign_in
from commonsky.web.gate import Open, needs, origin_of, person_in, person_of
from commonsky.web.own_machine import ADDRESS
from commonsky.web.people_answers import (
    answer,
    body_of,
    judged,
    session_cookie_gone,
    token_of,
    told_session,
    with_session,
)

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


class PasskeyAnswer(Struct, forbid_unknown_fields=True):
    """What a browser's authenticator says to a step; ``label`` names a new passkey."""

    token: Text
    credential: dict[str, Any]
    label: Text = ""


class PasskeyName(Struct, forbid_unknown_fields=True):
    """Which of the own passkeys, by its id in hexadecimal digits."""

    id: Text


def session_router(desk: Desk) -> APIRouter:
    """Routes under ``/api/v1/session``. Times are TAI seconds since J2000 by the machine's clock."""
    router = APIRouter(prefix="/api/v1/session", tags=["people"])
    _add_coming_and_going(router, desk)
    _add_proofs(router, desk)
    _add_passkeys(router, desk)
    return router


def _add_coming_and_going(router: APIRouter, desk: Desk) -> None:
    @router.get("", response_model=None)
    @needs(Open.CONSOLE)
    def session(request: Request) -> Response:
        """Say who acts, with which roles and actions, and the token that changes must bring."""
        return answer(told_session(desk, person_in(request), token_of(desk, request)))

    @router.post("", response_model=None)
    @needs(Open.CONSOLE)
    def log_in(request: Request, typed: Annotated[Credentials, Depends(body_of(Credentials))]) -> Response:
        """Begin a session with account and password, under a new cookie whatever was sent; or ask for a passkey."""
        address, origin = request.scope[ADDRESS], origin_of(request)
        come = judged(lambda: sign_in(desk, typed.account, typed.password, address=address, origin=origin))
        if isinstance(come, Step):
            return answer({"step": come})
        return with_session(desk, request, come)

    @router.post("/passkey", response_model=None)
    @needs(Open.CONSOLE)
    def log_in_with_passkey(
        request: Request, given: Annotated[PasskeyAnswer, Depends(body_of(PasskeyAnswer))]
    ) -> Response:
        """Begin the session that the password began to prove."""
        origin = origin_of(request)
        token = judged(lambda: go_on_with_passkey(desk, given.token, given.credential, origin=origin))
        return with_session(desk, request, token)

    @router.post("/end", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def log_out(request: Request) -> Response:
        """End the session."""
        sessions.end(desk, token_of(desk, request) or "")
        return session_cookie_gone(desk, request, answer(told_session(desk, None, None)))


def _add_proofs(router: APIRouter, desk: Desk) -> None:
    @router.post("/proof", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def prove(request: Request, typed: Annotated[Proof, Depends(body_of(Proof))]) -> Response:
        """Prove once more by password who acts, as approvals ask for; the session goes on under a new cookie."""
        name, address = str(person_of(request).account), request.scope[ADDRESS]
        judged(lambda: password_proves(desk, name, typed.password, address=address), wrong=422)
        return _renewed(desk, request)

    @router.post("/proof/begin", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def begin_proof(request: Request) -> Response:
        """Ask for a proof by one of the own passkeys."""
        name = str(person_of(request).account)
        return answer(
            judged(lambda: passkeys.begin_proof(desk, passkeys.PROVE, name, site_of(origin_of(request))))
        )

    @router.post("/proof/passkey", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def prove_with_passkey(
        request: Request, given: Annotated[PasskeyAnswer, Depends(body_of(PasskeyAnswer))]
    ) -> Response:
        """Prove once more, by passkey; the session goes on under a new cookie."""
        site = judged(lambda: site_of(origin_of(request)))
        proved = judged(
            lambda: passkeys.finish_proof(desk, passkeys.PROVE, site, given.token, given.credential)
        )
        if proved.name != person_of(request).account:
            raise HTTPException(422, passkeys.NO_PROOF)
        return _renewed(desk, request, passkey=True)

    @router.post("/password", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def change_password(
        request: Request, typed: Annotated[NewPassword, Depends(body_of(NewPassword))]
    ) -> Response:
        """Change the own password; all other sessions of the account end."""
        name, address = str(person_of(request).account), request.scope[ADDRESS]
        judged(lambda: password_proves(desk, name, typed.password, address=address), wrong=422)
        kept = digest_of(token_of(desk, request) or "")
        judged(lambda: accounts.set_password(desk, name, typed.new, keep_session=kept))
        return _renewed(desk, request)


def _add_passkeys(router: APIRouter, desk: Desk) -> None:
    @router.get("/passkeys", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def own_passkeys(request: Request) -> Response:
        """List the own passkeys."""
        held = desk.store.passkeys_of(str(person_of(request).account))
        return answer(
            [
                {
                    "id": one.id.hex(),
                    "label": one.label,
                    "added_tai_s": one.added_tai_s,
                    "used_tai_s": one.used_tai_s,
                }
                for one in held
            ]
        )

    @router.post("/passkeys/begin", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def begin_passkey(request: Request) -> Response:
        """Ask for a new passkey; needs a fresh proof."""
        person, origin = person_of(request), origin_of(request)
        return answer(judged(lambda: passkeys.begin_adding(desk, person, site_of(origin))))

    @router.post("/passkeys", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def add_passkey(
        request: Request, given: Annotated[PasskeyAnswer, Depends(body_of(PasskeyAnswer))]
    ) -> Response:
        """Keep a new passkey, which this session has used with that; all other sessions of the account end."""
        person, site = person_of(request), judged(lambda: site_of(origin_of(request)))
        judged(lambda: passkeys.finish_adding(desk, person, site, given.token, given.credential, given.label))
        desk.store.end_sessions_of(str(person.account), but=digest_of(token_of(desk, request) or ""))
        return _renewed(desk, request, passkey=True)

    @router.post("/passkeys/remove", response_model=None)
    @needs(Action.KEEP_OWN_ACCOUNT)
    def remove_passkey(
        request: Request, which: Annotated[PasskeyName, Depends(body_of(PasskeyName))]
    ) -> Response:
        """Forget one of the own passkeys; needs a fresh proof."""
        person = person_of(request)
        if not person.is_fresh(desk.settings, desk.now_tai_s()):
            raise HTTPException(403, "this needs your password or a passkey anew")
        judged(lambda: accounts.forget_passkey(desk, str(person.account), which.id))
        return own_passkeys(request)


def _renewed(desk: Desk, request: Request, *, passkey: bool = False) -> Response:
    means = person_of(request).means
    assert means is not None  # who has an account has come by some means
    token = sessions.renew(desk, token_of(desk, request) or "", means.and_passkey if passkey else means)
    if token is None:
        raise HTTPException(401, "the session is over: log in again")
    return with_session(desk, request, token)
