"""What the node asks an OpenID provider: where its doors are, a token for a code, and its keys.

Redirects are not followed, answers are of bounded size, and every address must be as safe as the issuer's own.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from commonsky.domain.address import is_loopback
from commonsky.node.people.openid import Flow, OpenIdError
from commonsky.node.people.settings import OpenIdSettings

TIMEOUT_S = 10.0
MOST_ANSWER_BYTES = 512 * 1024


class OpenIdClient:
    """Asks one provider; ``transport`` stands in for the network in tests."""

    def __init__(
        self, settings: OpenIdSettings, secret: str | None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._transport = transport

    def authorization_endpoint(self) -> str:
        """Give where people prove who they are; raises OpenIdError."""
        with self._open() as client:
            return self._door(self._document(client), "authorization_endpoint")

    def id_token(self, flow: Flow, code: str) -> tuple[str, Mapping[str, Any]]:
        """Give the ID token for a code, and the key set that it must be signed by; raises OpenIdError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": flow.verifier,
        }
        with self._open() as client:
            document = self._document(client)
            if self._secret is None:
                asked = client.build_request("POST", self._door(document, "token_endpoint"), data=form)
            else:
                auth = httpx.BasicAuth(self._settings.client_id, self._secret)
                asked = client.build_request("POST", self._door(document, "token_endpoint"), data=form)
                asked = next(auth.auth_flow(asked))
            answer = self._json(client, asked)
            token = answer.get("id_token")
            if not isinstance(token, str):
                raise OpenIdError("the provider gave no ID token")
            keys = self._json(client, client.build_request("GET", self._door(document, "jwks_uri")))
        return token, keys

    def _open(self) -> httpx.Client:
        return httpx.Client(
            transport=self._transport, trust_env=False, timeout=TIMEOUT_S, follow_redirects=False
        )

    def _document(self, client: httpx.Client) -> Mapping[str, Any]:
        address = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = self._json(client, client.build_request("GET", address))
        if document.get("issuer") != self._settings.issuer:
            raise OpenIdError("the provider's document names another issuer")
        return document

    def _door(self, document: Mapping[str, Any], name: str) -> str:
        address = document.get(name)
        parts = urlsplit(address if isinstance(address, str) else "")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise OpenIdError(f"the provider's {name} is no https address")
        return str(address)

    def _json(self, client: httpx.Client, request: httpx.Request) -> dict[str, Any]:
        where = request.url.path
        try:
            answer = client.send(request, stream=True)
            try:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MOST_ANSWER_BYTES:
                        raise OpenIdError(f"the provider's answer at {where} has no end")
            finally:
                answer.close()
            if answer.status_code != httpx.codes.OK:
                raise OpenIdError(f"the provider answers {answer.status_code} at {where}")
            return msgspec.json.decode(body, type=dict[str, Any])
        except httpx.HTTPError as fault:
            raise OpenIdError(f"the provider cannot be asked at {where}: {fault}") from fault
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise OpenIdError(f"the provider's answer at {where} is no JSON object") from fault
