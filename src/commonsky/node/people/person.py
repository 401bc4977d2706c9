"""Who somebody is at this moment, and what they may do."""

from enum import StrEnum

from msgspec import Struct

from commonsky.domain.roles import Action, Role, actions_of
from commonsky.node.people.settings import PeopleSettings
from commonsky.store import Account, HeldSession

OWNER_OF_THE_MACHINE = "the owner of this machine"


class Means(StrEnum):
    """How a person has proved who it is."""

    PASSWORD = "password"  # noqa: S105  # a word for it
    PASSWORD_AND_PASSKEY = "password and passkey"  # noqa: S105
    OPENID = "OpenID"
    OPENID_AND_PASSKEY = "OpenID and passkey"

    @property
    def has_passkey(self) -> bool:
        """Whether a passkey was used."""
        return self in {Means.PASSWORD_AND_PASSKEY, Means.OPENID_AND_PASSKEY}

    @property
    def and_passkey(self) -> "Means":
        """The same, and a passkey."""
        return Means.PASSWORD_AND_PASSKEY if self is Means.PASSWORD else Means.OPENID_AND_PASSKEY


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """Somebody may not do what was asked; the message says why, for a person to read."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who does something now.

    ``account`` is ``None`` for whoever sits at a machine without accounts. ``roles`` are those that count now;
    ``proved_tai_s`` is when the person last gave a password or used a passkey.
    """

    account: str | None
    name: str
    roles: frozenset[Role]
    actions: frozenset[Action]
    means: Means | None = None
    proved_tai_s: float | None = None

    def may(self, action: Action) -> bool:
        """Whether this person's roles allow an action."""
        return action in self.actions

    def require(self, action: Action) -> None:
        """Raise Refused when this person's roles do not allow an action."""
        if not self.may(action):
            roles = ", ".join(sorted(self.roles)) or "no role that counts"
            raise Refused(f"{self.name} ({roles}) may not {action}")

    def is_fresh(self, settings: PeopleSettings, now_tai_s: float) -> bool:
        """Whether the last proof is recent enough for an approval."""
        return self.proved_tai_s is not None and 0.0 <= now_tai_s - self.proved_tai_s <= settings.fresh_s


def owner_of_the_machine(settings: PeopleSettings) -> Person:
    """Who acts while the node has no account: as configured, but never as one of the two who sign."""
    roles = settings.without_accounts
    actions = actions_of(roles) - {Action.APPROVE_AGREEMENT, Action.KEEP_OWN_ACCOUNT}
    return Person(account=None, name=OWNER_OF_THE_MACHINE, roles=roles, actions=actions)


def person_of(account: Account, session: HeldSession, settings: PeopleSettings) -> Person:
    """Who acts in a session; roles that ask for a passkey do not count without one."""
    means = Means(session.means)
    roles = account.roles if means.has_passkey else account.roles - settings.passkey_for
    # Also without any role that counts: the passkey that a role asks for must be possible to add.
    actions = actions_of(roles) | {Action.SEE_STATUS, Action.KEEP_OWN_ACCOUNT}
    return Person(
        account=account.name,
        name=account.person,
        roles=roles,
        actions=actions,
        means=means,
        proved_tai_s=session.proved_tai_s,
    )
