"""``commonsky link``: cut and restore the link between two nodes of one machine, and show links."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.node.config import read_config

app = App(
    name="link",
    help="Cut, restore and show links between nodes; each side stops or starts exchanging at once.",
)

Coalition = Annotated[Path, Parameter(name=["--coalition", "-c"])]
DEFAULT_COALITION = Path("var/demo")


@app.command
def cut(a: str, b: str, /, *, coalition: Coalition = DEFAULT_COALITION) -> int:
    """Cut the link between two members: both nodes exchange nothing until it is restored, and go on working.

    Parameters
    ----------
    a
        One member.
    b
        The other member.
    coalition
        Folder that holds the nodes' folders.
    """
    return _set_link(coalition, (a, b), up=False)


@app.command
def restore(a: str, b: str, /, *, coalition: Coalition = DEFAULT_COALITION) -> int:
    """Restore the link between two members: what waited arrives, once and in order.

    Parameters
    ----------
    a
        One member.
    b
        The other member.
    coalition
        Folder that holds the nodes' folders.
    """
    return _set_link(coalition, (a, b), up=True)


@app.command(name="list")
def list_links(*, coalition: Coalition = DEFAULT_COALITION, json: bool = False) -> int:
    """Show every link of every node: its state and how far the partner's feed is held.

    Parameters
    ----------
    coalition
        Folder that holds the nodes' folders.
    json
        Print one JSON document.
    """
    rows: list[tuple[str, str, str, int]] = []
    for folder in _folders(coalition):
        with opened(folder) as node:
            rows += [
                (
                    node.id,
                    peer.member.id,
                    node.store.link_state(peer.member.id),
                    node.store.cursor(peer.member.id).seq,
                )
                for peer in node.config.peers
            ]
    columns = ("node", "partner", "link", "envelopes held")
    document = [dict(zip(columns, row, strict=True)) for row in rows]
    return show(Report("Links", tables=(Table("", columns, rows),), document=document), as_json=json)


def _set_link(coalition: Path, pair: tuple[str, str], *, up: bool) -> int:
    homes = {read_config(folder / "node.toml").member.id: folder for folder in _folders(coalition)}
    for member in pair:
        if member not in homes:
            raise CommandError(
                f"no node of {member} below {coalition}; there are {', '.join(sorted(homes))}", Exit.UNUSABLE
            )
    if pair[0] == pair[1]:
        raise CommandError("a link has two ends", Exit.UNUSABLE)
    for own, peer in (pair, pair[::-1]):
        with opened(homes[own]) as node:
            change = node.store.restore if up else node.store.cut
            change(peer, at_tai_s=node.now_tai_s())
    return show(Report(f"The link between {pair[0]} and {pair[1]} is {'up again' if up else 'cut'}."))


def _folders(coalition: Path) -> list[Path]:
    folders = sorted(file.parent for file in coalition.glob("*/node.toml"))
    if not folders:
        raise CommandError(f"no nodes below {coalition} (name their folder with --coalition)", Exit.UNUSABLE)
    return folders
