"""Log in: first an attempt is taken from two buckets, then the password is compared, then a session begins.

Every failure takes the same path, costs one hash, and has the same words: an account that there is not, one that is
disabled, one without a password, and a wrong password cannot be told apart.
"""

from typing import Any

from commonsky.domain.printable import printable
from commonsky.node.people import passkeys, sessions
from commonsky.node.people.accounts import is_name
from commonsky.node.people.desk import Desk
from commonsky.node.people.passkeys import Step
from commonsky.node.people.person import Means, Person, person_of
from commonsky.store import Account, Bucket, HeldSession

PER_ACCOUNT = Bucket(size=10.0, refill_s=30.0)
PER_ADDRESS = Bucket(size=30.0, refill_s=5.0)
NOBODY = "-"
"""A name that no account can have."""

WRONG = "the account or the password is wrong"


class SignInRefusedError(Exception):
    """Nobody came in; the message is the same for every reason that would tell of accounts."""


class TooManyAttemptsError(Exception):
    """It was tried too often; ``wait_s`` is the time until the next attempt counts."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many attempts: wait a little and try again")
        self.wait_s = wait_s


def password_proves(desk: Desk, name: str, password: str, *, address: str) -> Account:
    """Give the account whose password this is; raises SignInRefusedError or TooManyAttemptsError.

    The attempt is counted before the password is compared, so that many at once gain nothing; a right one is given
    back.
    """
    typed = name.strip()
    if typed.isascii():  # beyond it, lower() makes other letters of some
        typed = typed.lower()
    buckets = {f"account {_short(typed)}": PER_ACCOUNT, f"address {_short(address)}": PER_ADDRESS}
    known = typed if is_name(typed) else NOBODY
    account, password_hash = desk.store.account(known), desk.store.password_hash(known)
    # What is typed as a name by mistake is often a password: only names that there are go into the log.
    called = "an unknown account" if account is None else account.name
    wait_s = desk.store.take_attempt(buckets, desk.now_tai_s())
    if wait_s > 0.0:
        desk.node.say_once(f"attempts {_short(address)}", f"too many attempts from {address} at {called}")
        raise TooManyAttemptsError(wait_s)
    right = desk.passwords.match(password_hash, password)
    if account is None or account.disabled or not right:
        desk.say(f"somebody at {_short(address)} failed to log in as {called}")
        raise SignInRefusedError(WRONG)
    for bucket, (size, _) in buckets.items():
        desk.store.give_back_attempt(bucket, size)
    _rehash(desk, account, password)
    return account


def sign_in(desk: Desk, name: str, password: str, *, address: str, origin: str) -> str | Step:
    """Begin a session by a password and give its token; or give the next step, for an account that has a passkey.

    Raises as `password_proves`, and PasskeyError where a browser cannot use a passkey.
    """
    account = password_proves(desk, name, password, address=address)
    if not desk.store.passkeys_of(account.name):
        return sessions.begin(desk, account.name, Means.PASSWORD)
    return passkeys.begin_proof(desk, passkeys.LOG_IN, account.name, passkeys.site_of(origin))


def go_on_with_passkey(desk: Desk, token: str, credential: Any, *, origin: str) -> str:  # noqa: ANN401  # JSON
    """Begin the session that a password has begun to prove, and give its token; raises PasskeyError."""
    site = passkeys.site_of(origin)
    account = passkeys.finish_proof(desk, passkeys.LOG_IN, site, token, credential)
    return sessions.begin(desk, account.name, Means.PASSWORD_AND_PASSKEY)


def proved_at_this_machine(desk: Desk, name: str, password: str) -> Person:
    """Say who somebody at the node's own machine is, with no session; raises as `password_proves`.

    Raises SignInRefusedError for an account with a passkey too: a password alone is only half of its proof.
    """
    account = password_proves(desk, name, password, address="this machine")
    if desk.store.passkeys_of(account.name):
        raise SignInRefusedError(f"{account.name} has a passkey: use the console, where it can be used")
    now_tai_s = desk.now_tai_s()
    session = HeldSession(
        account=account.name,
        means=Means.PASSWORD,
        began_tai_s=now_tai_s,
        active_tai_s=now_tai_s,
        proved_tai_s=now_tai_s,
    )
    return person_of(account, session, desk.settings)


def _rehash(desk: Desk, account: Account, password: str) -> None:
    held = desk.store.password_hash(account.name)
    if held is not None and desk.passwords.outdated(held):
        desk.store.set_password_hash(account.name, desk.passwords.hashed(password))


def _short(text: str) -> str:
    """What was typed, in one short line: nobody fills the store or the log with names."""
    return printable(text, 40)
