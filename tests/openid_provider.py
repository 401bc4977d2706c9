"""An OpenID provider without a network, which signs whatever it is told to, for the tests of logging in."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

ISSUER = "https://id.example"
CLIENT = "commonsky-nor"


class Provider:
    """Answers as a provider does; tests change what it says."""

    def __init__(self, clock_unix_s):
        self.now = clock_unix_s
        self.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
        self.rsa = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}, private=True)
        self.claims = {"sub": "subject-1", "name": "Ada L", "preferred_username": "ada", "roles": ["watch"]}
        self.document = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.codes = {}
        self.asked = []
        self.sign = self.signed

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    def authorize(self, address):
        """Do what the person's browser and the provider do: give a code and the state."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def signed(self, claims):
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key)

    def _answer(self, request):
        self.asked.append(request)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.document)
            case "/keys":
                keys = KeySet([self.key, self.rsa]).as_dict(private=False)
                return httpx.Response(200, json=keys)
            case "/token":
                return self._token({n: v[0] for n, v in parse_qs(request.content.decode()).items()})
        return httpx.Response(404)

    def _token(self, form):
        query = self.codes.pop(form["code"], None)
        if query is None or query["redirect_uri"] != form["redirect_uri"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        if _challenge(form["code_verifier"]) != query["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        said = {
            "iss": ISSUER,
            "aud": CLIENT,
            "exp": self.now() + 300,
            "iat": self.now(),
            "nonce": query["nonce"],
        } | self.claims
        return httpx.Response(
            200, json={"id_token": self.sign({k: v for k, v in said.items() if v is not None})}
        )

    def unsigned(self, claims):
        """The same claims under ``alg: none``."""
        head, body, _ = self.signed(claims).split(".")
        none = _coded(b'{"alg":"none"}')
        return f"{none}.{body}." if head else ""

    def confused(self, claims):
        """Signed with HS256, with the provider's public key as the secret."""
        head, body = _coded(b'{"alg":"HS256","kid":"two"}'), self.signed(claims).split(".")[1]
        pem = self.rsa.as_pem(private=False)
        return f"{head}.{body}.{_coded(hmac.digest(pem, f'{head}.{body}'.encode(), 'sha256'))}"


def _coded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _challenge(verifier):
    return _coded(hashlib.sha256(verifier.encode()).digest())
