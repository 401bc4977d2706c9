"""Log in by an OpenID provider: authorization code with PKCE, and an ID token that is believed in nothing untested.

    begin    state, nonce and verifier are made, and kept under a token that only this browser has
    finish   the provider sends the browser back: state and token must belong together, and count once
    claims   the ID token: signed by a key of the provider with an algorithm of the list, for us, now, with the nonce
    account  who that is here, and as what: roles come from a claim, by the configuration, at each login anew

No account of this node is ever given to a subject because of a name or an address: only its issuer and subject count.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from commonsky.astro.time import tai_s_from_unix_s, unix_s_from_tai_s
from commonsky.domain.printable import printable
from commonsky.domain.roles import Role
from commonsky.node.people import accounts, sessions
from commonsky.node.people.accounts import AccountError
from commonsky.node.people.desk import Desk, digest_of
from commonsky.node.people.person import Means
from commonsky.node.people.settings import OpenIdSettings
from commonsky.store import Account, Ceremony

STEP_S = 600.0
SKEW_S = 60
LONGEST_SUBJECT = 255
NEVER_TAI_S = -1e12
_KIND = "openid"
_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})


class OpenIdError(Exception):
    """A login by OpenID is refused; the message is for the watch log, not for who tried."""


class Flow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was made for one login, and the answer is held against."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Claims(Struct, frozen=True, kw_only=True):
    """What a provider says of a person, once it has been believed."""

    issuer: str
    subject: str
    roles: frozenset[Role]
    person: str
    wished_name: str
    proved_tai_s: float


def begin(
    desk: Desk, settings: OpenIdSettings, endpoint: str, redirect_uri: str, *, again: bool = False
) -> tuple[str, str]:
    """Begin a login; give where to send the browser, and the token that this browser alone must keep.

    ``again`` asks the provider to have the person prove anew who it is.
    """
    state, nonce, verifier, token = (desk.new_token() for _ in range(4))
    flow = Flow(state=state, nonce=nonce, verifier=verifier, redirect_uri=redirect_uri)
    ceremony = Ceremony(
        kind=_KIND,
        account=None,
        data=msgspec.json.encode(flow).decode(),
        ends_tai_s=desk.now_tai_s() + STEP_S,
    )
    desk.store.begin_ceremony(digest_of(token), ceremony)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": settings.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if again else {}),
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", token


def finish(desk: Desk, settings: OpenIdSettings, token: str, state: str, issuer: str | None) -> Flow:
    """Give the flow that a returning browser began; raises OpenIdError for any other, and for a second time."""
    ceremony = desk.store.take_ceremony(digest_of(token), _KIND, desk.now_tai_s())
    if ceremony is None:
        raise OpenIdError("nobody began this login here, or it took too long, or it was answered already")
    flow = msgspec.json.decode(ceremony.data, type=Flow)
    if not hmac.compare_digest(flow.state.encode(), state.encode(errors="replace")):
        raise OpenIdError("the answer has another state than the login that this browser began")
    if issuer is not None and issuer != settings.issuer:
        raise OpenIdError(f"the answer is that of another issuer: {printable(issuer, 100)}")
    return flow


def claims_of(
    id_token: str, keys: Mapping[str, Any], settings: OpenIdSettings, *, nonce: str, now_tai_s: float
) -> Claims:
    """Give what an ID token says; ``keys`` is the provider's key set as JSON. Raises OpenIdError."""
    try:
        asymmetric = [key for key in keys["keys"] if key.get("kty") in _ASYMMETRIC and "d" not in key]
        token = jwt.decode(
            id_token, KeySet.import_key_set({"keys": asymmetric}), algorithms=sorted(settings.algorithms)
        )
        jwt.JWTClaimsRegistry(
            now=unix_s_from_tai_s(now_tai_s),
            leeway=SKEW_S,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise OpenIdError(f"the ID token is not believed: {printable(str(fault), 200)}") from fault
    claims = token.claims
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", settings.client_id if not several else None) != settings.client_id:
        raise OpenIdError("the ID token was made for another party")
    subject = claims["sub"]
    if not (
        isinstance(subject, str)
        and 0 < len(subject) <= LONGEST_SUBJECT
        and subject.isascii()
        and subject.isprintable()
    ):
        raise OpenIdError("the ID token's subject is none")
    return Claims(
        issuer=settings.issuer,
        subject=subject,
        roles=_roles(claims, settings),
        person=_words(claims, "name", "preferred_username"),
        wished_name=_words(claims, "preferred_username").lower(),
        proved_tai_s=_proved(claims.get("auth_time"), now_tai_s),
    )


def come_in(desk: Desk, claims: Claims) -> str:
    """Begin a session of the person whom the provider vouches for and give its token; raises OpenIdError.

    Who has no account yet gets one, if a role is meant for that person. Roles follow the claim at each login. A proof
    counts as fresh only where the provider says when the person gave it.
    """
    if not claims.roles:
        raise OpenIdError(f"no role here is meant for subject {printable(claims.subject, 60)}")
    account = desk.store.account_of_subject(claims.issuer, claims.subject)
    if account is None:
        account = _new_account(desk, claims)
    if account.disabled:
        raise OpenIdError(f"account {account.name} is disabled")
    if account.roles != claims.roles:
        accounts.set_roles(desk, account.name, claims.roles)
    return sessions.begin(desk, account.name, Means.OPENID, proved_tai_s=claims.proved_tai_s)


def _new_account(desk: Desk, claims: Claims) -> Account:
    digest = hashlib.sha256(f"{claims.issuer}\n{claims.subject}".encode()).hexdigest()
    own = f"oid-{digest[:12]}"
    for name in (claims.wished_name, own):
        try:
            return accounts.add_account(
                desk,
                name,
                person=claims.person or own,
                roles=claims.roles,
                password=None,
                issuer=claims.issuer,
                subject=claims.subject,
            )
        except AccountError:
            continue
    raise OpenIdError("no account can be made for this subject")


def _roles(claims: Mapping[str, Any], settings: OpenIdSettings) -> frozenset[Role]:
    """Give the roles of a claim, which may be inside of others (``realm_access.roles``), as configured."""
    value: Any = claims
    for part in settings.role_claim.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    said = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(settings.roles[one] for one in said if isinstance(one, str) and one in settings.roles)


def _words(claims: Mapping[str, Any], *names: str) -> str:
    """Give the first claim of these that is text to show."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and value.strip():
            return re.sub(r"\s+", " ", printable(value.strip(), accounts.LONGEST_PERSON))[
                : accounts.LONGEST_PERSON
            ]
    return ""


def _proved(auth_time: object, now_tai_s: float) -> float:
    if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
        return NEVER_TAI_S
    return min(tai_s_from_unix_s(float(auth_time)), now_tai_s)
