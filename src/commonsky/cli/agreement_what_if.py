"""``commonsky agreement what-if|reach``: what agreements would let out, before anybody signs them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.agreement_list import NodeFolder
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain import Agreement, RecordKind
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.node import Node

_CHANGES = {"let out": 0, "told more of": 1, "no longer let out": 2}


def what_if(file: Path, /, *, node: NodeFolder = Path(), json: bool = False) -> int:
    """Say what an agreement would let out that is not let out today, to whom, and by which clause.

    First of what the node holds, in numbers; then of every record that there can be: an example that a solver found, or
    its proof that nothing more would go out. Nothing is signed, stored or sent.

    Parameters
    ----------
    file
        The agreement, as a TOML document. It takes the place of earlier versions of itself.
    node
        Folder of the node that would sign it (default: this folder).
    json
        Print one JSON document.
    """
    from commonsky.node.what_if import NoPartyError  # noqa: PLC0415  # brings the solver
    from commonsky.node.what_if import what_if as ask  # noqa: PLC0415
    from commonsky.sharing.what_if import in_words  # noqa: PLC0415

    agreement = read_agreement(_bytes(file), source=str(file))
    with opened(node) as opened_node:
        _check_documents(opened_node)
        try:
            found = ask(opened_node, agreement)
        except NoPartyError as fault:
            raise CommandError(str(fault), Exit.UNUSABLE) from fault
    held = sorted(found.holdings, key=lambda one: (one.reader, _CHANGES[one.change], -one.count))
    rows = [
        (
            one.reader,
            one.change,
            one.count,
            one.kind,
            one.regime,
            one.clause,
            ", ".join(one.objects),
            one.example,
        )
        for one in held
    ]
    beyond = [(one.reader, in_words(one)) for one in found.beyond]
    columns = ("reader", "change", "records", "kind", "regime", "clause", "objects, for example", "record")
    document = {
        "agreement": agreement.reference,
        "readers": found.readers,
        "looked_at": found.looked_at,
        "holdings": [{name: getattr(one, name) for name in one.__struct_fields__} for one in held],
        "beyond": [
            {
                "reader": one.reader,
                "answer": one.answer.value,
                "words": in_words(one),
                "clause": one.clause or None,
            }
            for one in found.beyond
        ],
    }
    report = Report(
        title=f"What {agreement.reference} would change",
        facts={
            "records looked at": found.looked_at,
            "readers it bears on": ", ".join(found.readers) or "none",
        },
        tables=[
            Table("Of what is held here, now", columns, rows),
            Table("Of every record that there can be", ("reader", "answer"), beyond),
        ],
        document=document,
    )
    return show(report, as_json=json)


def reach(  # what is asked, of whom, under which documents
    what: Annotated[list[str], Parameter(negative="", consume_multiple=True)],
    /,
    *,
    to: str,
    node: NodeFolder = Path(),
    also: Annotated[list[Path] | None, Parameter(negative="", consume_multiple=True)] = None,
    json: bool = False,
) -> int:
    """Say whether agreements can ever let something reach a member, by whatever way: a path, or a proof that none is.

    Looks at every way from member to member, with everything that others may know, claim or derive. It knows the
    agreements in the node's folder that have force, and those given beside.

    Parameters
    ----------
    what
        What must be true of it: ``kind=track``, ``object=25544``, ``owner=NOR``, ``sensor=NOR-RADAR``,
        ``classification=2`` (or more), in any number. Owner is the node's member unless said. A sensor of the node
        brings its label.
    to
        The member in question.
    node
        Folder of a node (default: this folder).
    also
        Further agreements as TOML documents: drafts, or those between others.
    json
        Print one JSON document.
    """
    from commonsky.sharing.reach import What  # noqa: PLC0415  # brings the solver
    from commonsky.sharing.reach import reach as ask  # noqa: PLC0415

    more = [read_agreement(_bytes(file), source=str(file)) for file in also or ()]
    with opened(node) as opened_node:
        _check_documents(opened_node)
        asked = _asked(what, opened_node)
        members = [peer.member.id for peer in opened_node.config.peers]
        agreements = _together(opened_node.agreements().bearing, more)
        found = ask(What(**asked), to, agreements, now_tai_s=opened_node.now_tai_s(), members=members)
    steps = [
        (one.giver, one.reader, one.record, one.clause, utc_from_tai_s(one.at_tai_s)) for one in found.steps
    ]
    columns = ("from", "to", "what", "clause", "at the earliest")
    document = {
        "answer": found.answer.value,
        "to": to,
        "members": found.members,
        "hops": found.hops,
        "steps": [dict(zip(columns, row, strict=True)) for row in steps],
    }
    report = Report(
        title=f"{_REACHED[found.answer.value]} {to}",
        facts={
            "agreements": len(agreements),
            "members": ", ".join(found.members),
            "hops looked at": found.hops,
        },
        tables=[Table("By this way", columns, steps)] if steps else [],
        document=document,
    )
    return show(report, as_json=json)


_REACHED = {
    "found": "It can reach",
    "proven not": "Proven: it can never reach",
    "not decided": "Not decided in the time given: whether it can reach",
}


def _asked(words: Iterable[str], node: Node) -> dict[str, Any]:
    """Read what is asked about; raises CommandError naming the word that cannot be understood."""
    asked: dict[str, Any] = {"owner": node.id}
    for word in words:
        name, found, value = word.partition("=")
        if not found or not value or name not in _READ:
            known = ", ".join(f"{one}=" for one in _READ)
            raise CommandError(f"{word!r} is not understood: it begins with none of {known}", Exit.UNUSABLE)
        try:
            asked.update(_READ[name](value))
        except ValueError as fault:
            raise CommandError(f"{word!r} is not understood: {fault}", Exit.UNUSABLE) from fault
    own = node.sensors.get(str(asked.get("sensor")))
    if own is not None and asked["owner"] == node.id:
        asked["part"] = own.label
    return asked


def _kind(value: str) -> dict[str, Any]:
    if value not in set(RecordKind):
        raise ValueError(f"kinds are {', '.join(sorted(RecordKind))}")
    return {"kind": RecordKind(value)}


def _level(value: str) -> dict[str, Any]:
    if not value.isdecimal():
        raise ValueError("a classification is a whole number")
    return {"least_classification": int(value)}


_READ: dict[str, Callable[[str], dict[str, Any]]] = {
    "kind": _kind,
    "object": lambda value: {"object": value},
    "owner": lambda value: {"owner": value},
    "sensor": lambda value: {"sensor": value},
    "classification": _level,
}


def _together(standing: Iterable[Agreement], more: Iterable[Agreement]) -> list[Agreement]:
    """Agreements that stand, and others that take the place of earlier versions of themselves."""
    agreements = tuple(standing)
    for one in more:
        agreements = one.beside(agreements)
    return list(agreements)


def _check_documents(node: Node) -> None:
    faults = node.agreements().faults
    if faults:
        raise CommandError(f"nothing can be said until this is mended: {'; '.join(faults)}", Exit.UNUSABLE)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}", Exit.UNUSABLE) from error
