"""What ``[people]`` in ``node.toml`` says: how long a login counts, and who sits at a machine without accounts."""

from urllib.parse import urlsplit

from msgspec import Struct

from commonsky.domain.roles import Role


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

    """

    without_accounts: frozenset[Role] = frozenset(Role)
    idle_s: float = 3_600.0
    longest_s: float = 43_200.0
    fresh_s: float = 300.0
    proposal_s: float = 259_200.0
    passkey_for: frozenset[Role] = frozenset()
    public_url: str = ""

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
