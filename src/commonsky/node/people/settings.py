"""What ``[people]`` in ``node.toml`` says: how long a login counts, and who sits at a machine without accounts."""

from urllib.parse import urlsplit

from msgspec import Struct

from commonsky.domain.address import is_loopback
from commonsky.domain.roles import Role

ASYMMETRIC = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
)
"""Of signatures on ID tokens: none that a client's secret, or nobody, could make."""


class OpenIdSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The OpenID provider by which people may log in.

    Attributes
    ----------
    name
        As the login page names it.
    issuer
        As the provider says it, to the letter.
    client_id
        What this node is called at the provider; its secret, if it has one, stands in ``openid.secret`` in the node's
        folder.
    role_claim, roles
        The claim that tells what a person is, and which of its values is which role here; the rest is ignored.
    algorithms
        Of signatures that are believed.

    """

    issuer: str
    client_id: str
    name: str = "OpenID"
    scope: str = "openid profile"
    role_claim: str = "roles"
    roles: dict[str, Role] = {}
    algorithms: frozenset[str] = frozenset({"RS256", "ES256", "EdDSA"})

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError(f"people.openid: issuer {self.issuer!r} is not an https address")
        if "openid" not in self.scope.split():
            raise ValueError("people.openid: scope must hold openid")
        if not self.algorithms or not self.algorithms <= ASYMMETRIC:
            raise ValueError(f"people.openid: algorithms must be among {', '.join(sorted(ASYMMETRIC))}")


class PeopleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people come in.

    Attributes
    ----------
    without_accounts
        What whoever sits at this machine is, as long as the node has no account.
    idle_s, longest_s
        A session ends when its person does nothing for so long, and in any case after so long.
    fresh_s
        An approval must follow a password or a passkey within this time.
    proposal_s
        What is proposed for an agreement and not approved within this time lapses.
    passkey_for
        These roles count only for who has logged in with a passkey.
    public_url
        Where a TLS proxy shows the console to other machines, as ``https://console.example``; empty: nowhere.
    openid
        Who else vouches for people; with it everybody must log in, as with accounts.

    """

    without_accounts: frozenset[Role] = frozenset(Role)
    idle_s: float = 3_600.0
    longest_s: float = 43_200.0
    fresh_s: float = 300.0
    proposal_s: float = 259_200.0
    passkey_for: frozenset[Role] = frozenset()
    public_url: str = ""
    openid: OpenIdSettings | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.idle_s <= self.longest_s <= 86_400.0:
            raise ValueError("people: idle_s must be positive, and longest_s from idle_s to a day")
        if not 0.0 < self.fresh_s <= 3_600.0:
            raise ValueError("people: fresh_s must be positive and at most an hour")
        if not 0.0 < self.proposal_s <= 30.0 * 86_400.0:
            raise ValueError("people: proposal_s must be positive and at most 30 days")
        parts = urlsplit(self.public_url)
        beside = parts.path or parts.query or parts.fragment or parts.username
        if self.public_url and (parts.scheme != "https" or not parts.hostname or beside):
            raise ValueError(f"people: public_url {self.public_url!r} is not like https://console.example")
