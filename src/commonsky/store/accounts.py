"""Accounts and their passkeys. A password's hash comes by a question of its own, so that no list carries it."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Row, delete, func, select, update

from commonsky.domain.roles import Role
from commonsky.store.people_schema import accounts, passkeys
from commonsky.store.schema import meta
from commonsky.store.session import Session, insert_missing

_ACTOR_SECRET = "actor_secret"  # noqa: S105  # the name of a row
_SHOWN = tuple(column for column in accounts.c if column.name != "password_hash")


class Account(Struct, frozen=True, kw_only=True):
    """One person who may log in.

    ``name`` is what is typed, ``person`` whom it stands for. ``issuer`` and ``subject`` are those of an OpenID provider
    that vouches for the person, ``handle`` is what passkeys know the account by: chance alone.
    """

    name: str
    person: str
    roles: frozenset[Role]
    handle: bytes
    made_tai_s: float
    disabled: bool = False
    issuer: str | None = None
    subject: str | None = None


class Passkey(Struct, frozen=True, kw_only=True):
    """A public key of an authenticator, and how often it says that it has signed."""

    id: bytes
    account: str
    label: str
    public_key: bytes
    sign_count: int
    added_tai_s: float
    used_tai_s: float | None = None


class Accounts(Session):
    """Questions about who may log in."""

    def has_accounts(self) -> bool:
        """Whether there is any account, also a disabled one: then nobody comes in without a login."""
        with self._reading() as connection:
            return connection.scalar(select(accounts.c.name).limit(1)) is not None

    def accounts(self) -> list[Account]:
        """Give all accounts by name."""
        with self._reading() as connection:
            return [_account(row) for row in connection.execute(select(*_SHOWN).order_by(accounts.c.name))]

    def account(self, name: str) -> Account | None:
        """Give the account of that name."""
        with self._reading() as connection:
            row = connection.execute(select(*_SHOWN).where(accounts.c.name == name)).first()
        return None if row is None else _account(row)

    def account_of_subject(self, issuer: str, subject: str) -> Account | None:
        """Give the account that an OpenID provider vouches for under this subject."""
        query = select(*_SHOWN).where(accounts.c.issuer == issuer, accounts.c.subject == subject)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _account(row)

    def add_account(self, account: Account, password_hash: str | None) -> bool:
        """Add an account; give whether the name, and the subject if there is one, were free."""
        row = {
            "name": account.name,
            "person": account.person,
            "roles": _written(account.roles),
            "disabled": account.disabled,
            "password_hash": password_hash,
            "issuer": account.issuer,
            "subject": account.subject,
            "handle": account.handle,
            "made_tai_s": account.made_tai_s,
        }
        with self._writing() as connection:
            return connection.execute(insert_missing(connection, accounts), row).rowcount == 1

    def set_roles(self, name: str, roles: Collection[Role]) -> None:
        """Give an account other roles; they count from the next request on."""
        self._change(name, roles=_written(roles))

    def set_disabled(self, name: str, *, disabled: bool) -> None:
        """Let an account in no longer, or again."""
        self._change(name, disabled=disabled)

    def password_hash(self, name: str) -> str | None:
        """Give the hash of an account's password; ``None`` when there is no such account or it has none."""
        with self._reading() as connection:
            return connection.scalar(select(accounts.c.password_hash).where(accounts.c.name == name))

    def set_password_hash(self, name: str, password_hash: str) -> None:
        """Put another hash in the place of an account's password hash."""
        self._change(name, password_hash=password_hash)

    def _change(self, name: str, **fields: object) -> None:
        with self._writing() as connection:
            connection.execute(update(accounts).where(accounts.c.name == name).values(**fields))

    def passkeys_of(self, account: str) -> list[Passkey]:
        """Give an account's passkeys, the oldest first."""
        query = (
            select(passkeys)
            .where(passkeys.c.account == account)
            .order_by(passkeys.c.added_tai_s, passkeys.c.id)
        )
        with self._reading() as connection:
            return [_passkey(row) for row in connection.execute(query)]

    def count_passkeys(self) -> dict[str, int]:
        """Give how many passkeys each account has; those without are left out."""
        query = select(passkeys.c.account, func.count().label("held")).group_by(passkeys.c.account)
        with self._reading() as connection:
            return {row.account: row.held for row in connection.execute(query)}

    def add_passkey(self, passkey: Passkey) -> bool:
        """Add a passkey; give whether its id was free."""
        row = {name: getattr(passkey, name) for name in Passkey.__struct_fields__}
        with self._writing() as connection:
            return connection.execute(insert_missing(connection, passkeys), row).rowcount == 1

    def note_passkey_use(self, passkey: Passkey, sign_count: int, *, at_tai_s: float) -> bool:
        """Keep a passkey's new count; give whether it still stood where it was read."""
        change = (
            update(passkeys)
            .where(passkeys.c.id == passkey.id, passkeys.c.sign_count == passkey.sign_count)
            .values(sign_count=sign_count, used_tai_s=at_tai_s)
        )
        with self._writing() as connection:
            return connection.execute(change).rowcount == 1

    def remove_passkeys(self, account: str, *, only: bytes | None = None) -> int:
        """Forget an account's passkeys, or one of them; give how many there were."""
        which = passkeys.c.account == account
        if only is not None:
            which &= passkeys.c.id == only
        with self._writing() as connection:
            return connection.execute(delete(passkeys).where(which)).rowcount

    def actor_secret(self, fresh: bytes) -> bytes:
        """Give the secret by which persons are named to partners; ``fresh`` becomes it where there is none yet."""
        query = select(meta.c.value).where(meta.c.key == _ACTOR_SECRET)
        with self._reading() as connection:
            held = connection.scalar(query)
        if held is None:
            with self._writing() as connection:
                connection.execute(
                    insert_missing(connection, meta), {"key": _ACTOR_SECRET, "value": fresh.hex()}
                )
                held = connection.scalar(query)
        return bytes.fromhex(str(held))


def _written(roles: Collection[Role]) -> str:
    return ",".join(sorted(roles))


def _account(row: Row[*tuple[object, ...]]) -> Account:
    return Account(
        name=row.name,
        person=row.person,
        roles=frozenset(Role(one) for one in row.roles.split(",") if one),
        handle=bytes(row.handle),
        made_tai_s=row.made_tai_s,
        disabled=row.disabled,
        issuer=row.issuer,
        subject=row.subject,
    )


def _passkey(row: Row[*tuple[object, ...]]) -> Passkey:
    return Passkey(
        id=bytes(row.id),
        account=row.account,
        label=row.label,
        public_key=bytes(row.public_key),
        sign_count=row.sign_count,
        added_tai_s=row.added_tai_s,
        used_tai_s=row.used_tai_s,
    )
