"""``commonsky link nkey|broker|leaf``: what a NATS server must know so that members can link their nodes through it."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, show
from commonsky.web.nats_subjects import broker_configuration, leaf_configuration, user_nkey

Home = Annotated[Path, Parameter(name=["--node", "-n"])]


def nkey(*, node: Home = Path(), json: bool = False) -> int:
    """Print the public key by which a node proves itself to a broker; tell it to whoever runs the broker.

    Parameters
    ----------
    node
        Folder of the node (default: this folder).
    json
        Print one JSON document.
    """
    with opened(node) as own:
        facts = {"member": own.id, "nkey": user_nkey(own.key)}
    return show(Report(f"{facts['member']} at a broker", facts), as_json=json)


def broker(
    *members: str, port: int = 4222, leaf_port: int | None = None, store: Path = Path("streams")
) -> int:
    """Print the configuration of a NATS server with a closed account for each member: ``nats-server -c FILE``.

    Parameters
    ----------
    members
        The members and their nkeys, as AUR=UABC... BOR=UDEF...
    port
        Where members connect.
    leaf_port
        Where members' own servers connect, if any shall.
    store
        Folder of the server's streams.
    """
    nkeys = dict(one.split("=", 1) for one in members if "=" in one)
    if len(nkeys) != len(members) or len(members) < 2:
        raise CommandError("name two members or more, each once, as MEMBER=NKEY", Exit.UNUSABLE)
    try:
        text = broker_configuration(nkeys, port=port, folder=str(store.absolute()), leaf_port=leaf_port)
    except ValueError as error:
        raise CommandError(str(error), Exit.UNUSABLE) from error
    sys.stdout.write(text)
    return Exit.OK


def leaf(hub: str, /, *, node: Home = Path(), port: int = 4222, tls: bool = False) -> int:
    """Print the configuration of a member's own NATS server before a hub; it holds a secret, so keep it to yourself.

    Parameters
    ----------
    hub
        Where the hub takes leaf nodes, as `broker.example:7422`.
    node
        Folder of the node (default: this folder).
    port
        Where the node connects, on this machine.
    tls
        Speak TLS to the hub.
    """
    with opened(node) as own:
        sys.stdout.write(leaf_configuration(own.key, hub=hub, port=port, tls=tls))
    return Exit.OK
