"""``commonsky account``: who may log in at a node's console, kept on the node's own machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain.roles import Role
from commonsky.node.people import accounts
from commonsky.node.people.accounts import AccountError, in_words
from commonsky.node.people.desk import Desk
from commonsky.node.start import desk_of

app = App(
    name="account", help="People who may log in at a node's console: add, list, roles, passwords, passkeys."
)

Roles = Annotated[list[Role], Parameter(name=["--role", "-r"], negative="")]


@app.command
def add(
    folder: Path,
    name: str,
    /,
    *,
    person: str,
    role: Roles,
    password_stdin: bool = False,
) -> int:
    """Add an account. With the first one, the console asks everybody to log in.

    Parameters
    ----------
    folder
        Folder of the node.
    name
        What is typed to log in: small letters, digits, '.', '_', '-'.
    person
        Whose it is, as shown to others.
    role
        What the person is; may be given several times.
    password_stdin
        Take the password from the first line of standard input instead of asking for it.
    """
    with _desk(folder) as desk:
        first = not desk.store.has_accounts()
        accounts.check_name(name)
        accounts.add_account(
            desk, name, person=person, roles=role, password=_new_password(from_stdin=password_stdin)
        )
    facts = {"person": person, "roles": in_words(role)}
    if first:
        facts["from now on"] = "the console asks everybody to log in"
    return show(Report(f"Account {name} was made", facts))


@app.command(name="list")
def list_accounts(folder: Path, /, *, json: bool = False) -> int:
    """List the accounts of a node.

    Parameters
    ----------
    folder
        Folder of the node.
    json
        Print one JSON document.
    """
    with _desk(folder) as desk:
        keys = desk.store.count_passkeys()
        rows = [
            (
                one.name,
                one.person,
                in_words(one.roles),
                "disabled" if one.disabled else "may log in",
                keys.get(one.name, 0),
                accounts.actor_id(desk, one.name),
            )
            for one in desk.store.accounts()
        ]
    columns = ("account", "person", "roles", "state", "passkeys", "partners see")
    title = f"{len(rows) or 'No'} account{'' if len(rows) == 1 else 's'}"
    if not rows:
        title += ": the console asks nobody to log in, and answers this machine alone"
    document = [dict(zip(columns, row, strict=True)) for row in rows]
    return show(
        Report(title, tables=(Table("", columns, rows),) if rows else (), document=document), as_json=json
    )


@app.command
def password(folder: Path, name: str, /, *, password_stdin: bool = False) -> int:
    """Give an account another password; whoever is logged in with it is logged out.

    Parameters
    ----------
    folder
        Folder of the node.
    name
        The account.
    password_stdin
        Take the password from the first line of standard input instead of asking for it.
    """
    with _desk(folder) as desk:
        _check_local(desk, name)
        accounts.set_password(desk, name, _new_password(from_stdin=password_stdin))
    return show(Report(f"Account {name} has another password"))


@app.command
def disable(folder: Path, name: str, /, *, undo: bool = False) -> int:
    """Let an account in no longer; its sessions end at once.

    Parameters
    ----------
    folder
        Folder of the node.
    name
        The account.
    undo
        Let it in again.
    """
    with _desk(folder) as desk:
        accounts.set_disabled(desk, name, disabled=not undo)
    return show(Report(f"Account {name} {'may log in again' if undo else 'is disabled'}"))


@app.command
def role(folder: Path, name: str, /, *, role: Roles) -> int:
    """Say anew what an account is; this counts at once.

    Parameters
    ----------
    folder
        Folder of the node.
    name
        The account.
    role
        What the person is from now on; may be given several times.
    """
    with _desk(folder) as desk:
        _check_local(desk, name)
        accounts.set_roles(desk, name, role)
    return show(Report(f"Account {name} is now: {in_words(role)}"))


@app.command(name="passkey-reset")
def passkey_reset(folder: Path, name: str, /) -> int:
    """Forget the passkeys of an account, as when an authenticator was lost; its sessions end at once.

    Parameters
    ----------
    folder
        Folder of the node.
    name
        The account.
    """
    with _desk(folder) as desk:
        count = accounts.reset_passkeys(desk, name)
    return show(
        Report(
            f"{count} passkey{'' if count == 1 else 's'} of {name} forgotten: its password alone lets it in"
        )
    )


@contextmanager
def _desk(folder: Path) -> Iterator[Desk]:
    with opened(folder) as node:
        try:
            yield desk_of(node)
        except AccountError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error


def _check_local(desk: Desk, name: str) -> None:
    account = desk.store.account(name)
    if account is not None and account.subject is not None:
        raise AccountError(
            f"{name} comes in by OpenID: its provider says what it is and how it proves itself"
        )


def _new_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for a password: use --password-stdin", Exit.UNUSABLE)
    typed = getpass("Password: ")
    if getpass("Once more: ") != typed:
        raise CommandError("the two passwords differ", Exit.UNUSABLE)
    return typed
