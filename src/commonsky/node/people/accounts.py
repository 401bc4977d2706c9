"""Keep accounts: add, give roles and passwords, shut out, forget passkeys. All of it stands in the watch log."""

import hmac
import re
from collections.abc import Collection

from commonsky.domain.printable import printable
from commonsky.domain.roles import Role
from commonsky.node.people.desk import Desk
from commonsky.node.people.passwords import check_acceptable
from commonsky.store import Account

LONGEST_PERSON = 80
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_ACTOR = b"commonsky-actor-v1\n"


class AccountError(Exception):
    """An account cannot be made or changed like this; the message says why."""


def is_name(name: str) -> bool:
    """Whether an account can have this name.

    Small ASCII letters, digits, dots, underscores and hyphens alone: no two such names look alike in another alphabet.
    """
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raise AccountError for what no account can be called."""
    if not is_name(name):
        allowed = "2 to 32 of the letters a-z, digits, '.', '_' and '-', a letter first"
        raise AccountError(f"account name {printable(name, 40)!r} is not {allowed}")


def add_account(  # noqa: PLR0913  # an account is this much
    desk: Desk,
    name: str,
    *,
    person: str,
    roles: Collection[Role],
    password: str | None,
    issuer: str | None = None,
    subject: str | None = None,
) -> Account:
    """Add an account; one without a password comes in by its OpenID provider alone. Raises AccountError."""
    check_name(name)
    if not person or not person.isprintable() or len(person) > LONGEST_PERSON:
        raise AccountError(f"the person's name is not of 1 to {LONGEST_PERSON} printable characters")
    if password is None and subject is None:
        raise AccountError("an account has a password, or a subject of an OpenID provider")
    account = Account(
        name=name,
        person=person,
        roles=frozenset(roles),
        handle=desk.chance(32),
        made_tai_s=desk.now_tai_s(),
        issuer=issuer,
        subject=subject,
    )
    password_hash = None if password is None else _hash_of(desk, name, password)
    if not desk.store.add_account(account, password_hash):
        raise AccountError(f"there is an account {name} already, or its subject has another one")
    desk.say(f"account {name} was made for {person} ({in_words(roles)})")
    return account


def set_password(desk: Desk, name: str, password: str, *, keep_session: str = "") -> None:
    """Give an account another password; all its sessions end, but for the one kept. Raises AccountError."""
    _known(desk, name)
    password_hash = _hash_of(desk, name, password)
    with desk.store.transaction() as tx:
        tx.set_password_hash(name, password_hash)
        tx.end_sessions_of(name, but=keep_session)
        tx.write_log(desk.node.now_tai_s(), "people", f"account {name} has another password")


def set_disabled(desk: Desk, name: str, *, disabled: bool) -> None:
    """Let an account in no longer and end its sessions, or let it in again; raises AccountError."""
    _known(desk, name)
    with desk.store.transaction() as tx:
        tx.set_disabled(name, disabled=disabled)
        tx.end_sessions_of(name)
        words = "is disabled" if disabled else "may log in again"
        tx.write_log(desk.node.now_tai_s(), "people", f"account {name} {words}")


def set_roles(desk: Desk, name: str, roles: Collection[Role]) -> None:
    """Give an account other roles, which count at once; raises AccountError."""
    _known(desk, name)
    with desk.store.transaction() as tx:
        tx.set_roles(name, roles)
        tx.write_log(desk.node.now_tai_s(), "people", f"account {name} is now: {in_words(roles)}")


def reset_passkeys(desk: Desk, name: str) -> int:
    """Forget the passkeys of an account and end its sessions; give how many there were. Raises AccountError."""
    _known(desk, name)
    with desk.store.transaction() as tx:
        count = tx.remove_passkeys(name)
        tx.end_sessions_of(name)
        tx.write_log(desk.node.now_tai_s(), "people", f"{count} passkeys of account {name} were forgotten")
    return count


def forget_passkey(desk: Desk, name: str, passkey_id_hex: str) -> None:
    """Forget one passkey of an account; raises AccountError when it has none of this id."""
    try:
        wanted = bytes.fromhex(passkey_id_hex)
    except ValueError:
        wanted = b""
    with desk.store.transaction() as tx:
        if not tx.remove_passkeys(name, only=wanted):
            raise AccountError("there is no such passkey")
        tx.write_log(desk.node.now_tai_s(), "people", f"a passkey of account {name} was forgotten")


def actor_id(desk: Desk, name: str) -> str:
    """Name an account to partners: always the same, and by this node alone to be traced back to a person."""
    secret = desk.store.actor_secret(desk.chance(32))
    return hmac.digest(secret, _ACTOR + name.encode(), "sha256").hex()[:32]


def in_words(roles: Collection[Role]) -> str:
    """Give roles as a person reads them."""
    return ", ".join(sorted(roles)) or "no role"


def _known(desk: Desk, name: str) -> Account:
    account = desk.store.account(name) if is_name(name) else None
    if account is None:
        raise AccountError(f"there is no account {printable(name, 40)}")
    return account


def _hash_of(desk: Desk, name: str, password: str) -> str:
    try:
        check_acceptable(password, (name, desk.node.id, "commonsky"))
    except ValueError as error:
        raise AccountError(str(error)) from error
    return desk.passwords.hashed(password)
