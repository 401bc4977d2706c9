"""``commonsky link``: cut and restore links between nodes of one machine, show links, carry feeds in files."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from commonsky.cli.link_broker import broker, leaf, nkey
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.written import written
from commonsky.domain import FeedHead
from commonsky.federation import CarriageError
from commonsky.node.carriage import Carried, take_carried, write_carried
from commonsky.node.config import read_config
from commonsky.node.link import LinkError

app = App(
    name="link",
    help="Cut, restore and show links between nodes, at once on each side; carry feeds in files where no network goes.",
)

SHOWN = 10

Coalition = Annotated[Path, Parameter(name=["--coalition", "-c"])]
Home = Annotated[Path, Parameter(name=["--node", "-n"])]
DEFAULT_COALITION = Path("var/demo")


app.command(nkey)
app.command(broker)
app.command(leaf)


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


@app.command(name="export")
def export_file(
    partner: str, file: Path, /, *, node: Home = Path(), from_start: bool = False, json: bool = False
) -> int:
    """Write what a partner lacks of our feed to a file that is carried to it, with what we hold of its own.

    Parameters
    ----------
    partner
        The partner that the file is for.
    file
        File to write: whole, or not at all.
    node
        Folder of the node (default: this folder).
    from_start
        Begin at the first envelope, also of what the partner said it holds: for one that lost its store.
    json
        Print one JSON document.
    """
    with opened(node) as giver, written(file) as place, place.open("wb") as out:
        if giver.config.peer(partner) is None:
            known = ", ".join(peer.member.id for peer in giver.config.peers) or "nobody"
            raise CommandError(f"{partner} is no partner of {giver.id}; it knows {known}", Exit.UNUSABLE)
        try:
            carried = write_carried(giver, partner, out, after=FeedHead() if from_start else None)
        except LinkError as error:
            raise CommandError(f"nothing is written for {partner}: {error}") from error
        out.flush()
        os.fsync(out.fileno())  # a stick is pulled out as soon as the command has ended
    return show(Report(f"{file} is written for {partner}", _facts(carried)), as_json=json)


@app.command(name="import")
def import_file(file: Path, /, *, node: Home = Path(), json: bool = False) -> int:
    """Take in a file that a partner wrote for us; what is held already changes nothing.

    Exit code 0: all of it is held now; 3: a part of it could not be taken in, and the reason is said; 2: it is no
    such file, is not for us, or is not signed by a partner.

    Parameters
    ----------
    file
        File that the partner's `commonsky link export` wrote.
    node
        Folder of the node (default: this folder).
    json
        Print one JSON document.
    """
    with opened(node) as reader:
        try:
            with file.open("rb") as carried_file:
                carried = take_carried(reader, carried_file)
        except CarriageError as error:
            raise CommandError(f"{file} {error}", Exit.UNUSABLE) from error
        except LinkError as error:
            raise CommandError(f"nothing of {file} is taken in: {error}") from error
    arrival = carried.arrival
    facts = {"records that came in": arrival.records, "set apart": arrival.unfit} | _facts(carried)
    refused = list(arrival.refused)
    if not carried.whole and not refused:
        refused.append("the file ends too early; take in the whole of it, or ask for another one")
    report = Report(
        f"{arrival.envelopes} envelope{'' if arrival.envelopes == 1 else 's'} of {carried.header.iss} came in",
        facts | {"our feed to it is held up to": _place(carried.acknowledged)},
        tables=(Table("Refused", ("reason",), [(one,) for one in refused[:SHOWN]]),) if refused else (),
        document={"envelopes": arrival.envelopes, **facts, "whole": carried.whole, "refused": refused},
        exit_code=Exit.SOME_REJECTED if refused or arrival.unfit else Exit.OK,
    )
    return show(report, as_json=json)


def _facts(carried: Carried) -> dict[str, object]:
    header = carried.header
    return {
        "from": header.iss,
        "to": header.aud,
        "goes on after": _place(header.after),
        "up to": _place(header.through),
        "stands now at": _place(carried.stands),
    }


def _place(head: FeedHead) -> str:
    return f"{head.gen}.{head.seq}" if head.gen else "its beginning"


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
