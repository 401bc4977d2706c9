"""``commonsky holdings``: what partners gave us, what of it is locked, what they owe us, what is left without one."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.node.holdings import debts, keep_holdings, receipts
from commonsky.node.loss import Loss, loss_without
from commonsky.node.node import Node
from commonsky.store import Holding


def holdings(
    *,
    node: Annotated[Path, Parameter(name=["--node", "-n"])] = Path(),
    without: str = "",
    json: bool = False,
) -> int:
    """List what we hold from partners, what is locked or deleted, and which receipts partners owe us.

    Parameters
    ----------
    node
        Folder of the node (default: this folder).
    without
        A member: say instead what would be left of our picture without it.
    json
        Print one JSON document.
    """
    with opened(node) as opened_node:
        if without:
            if opened_node.config.peer(without) is None:
                known = ", ".join(peer.member.id for peer in opened_node.config.peers) or "nobody"
                words = f"{without} is no partner of {opened_node.id}; it knows {known}"
                raise CommandError(words, Exit.UNUSABLE)
            return show(_loss(loss_without(opened_node, without)), as_json=json)
        keep_holdings(opened_node)
        return show(_all(opened_node), as_json=json)


def _all(node: Node) -> Report:
    held, owed = node.store.holdings(), list(debts(node))
    told = [
        (peer.member.id, receipt)
        for peer in node.config.peers
        for receipt in receipts(node, peer.member.id).values()
    ]
    tables = [
        Table(
            "What we hold", ("from", "under", "records", "state", "since (UTC)"), [_row(one) for one in held]
        ),
        Table(
            "Receipts that partners owe us",
            ("from", "under", "records given", "withdrawn (UTC)"),
            [(one.reader, one.agreement, one.records, _utc(one.since_tai_s)) for one in owed],
        ),
        Table(
            "Receipts",
            ("from", "under", "records deleted", "at (UTC)", "passed on before"),
            [
                (
                    reader,
                    one.agreement,
                    one.records,
                    _utc(one.deleted_tai_s),
                    ", ".join(f"{count} to {name}" for name, count in sorted(one.passed_on.items()))
                    or "none",
                )
                for reader, one in told
            ],
        ),
    ]
    document = {
        "holdings": msgspec.to_builtins(held),
        "debts": msgspec.to_builtins(owed),
        "receipts": [{"reader": reader, **msgspec.to_builtins(one)} for reader, one in told],
    }
    facts = {"under lock": sum(one.locked_tai_s is not None for one in held), "receipts owed": len(owed)}
    title = f"Holdings of {node.id}"
    return Report(title, facts, tables=tuple(t for t in tables if t.rows), document=document)


def _row(one: Holding) -> tuple[object, ...]:
    where = (one.source, one.agreement, one.records)
    if one.deleted_tai_s is not None:
        return (*where, f"deleted: {one.reason}", _utc(one.deleted_tai_s))
    if one.locked_tai_s is not None:
        return (*where, f"locked: {one.reason}", _utc(one.locked_tai_s))
    return (*where, "in use", _utc(one.heard_tai_s))


def _loss(loss: Loss) -> Report:
    facts = {
        "objects that only it tells": len(loss.objects),
        "objects that others tell too": loss.shared_objects,
        "tracks of ours that others carry": len(loss.tracks_left),
        "tracks of ours that fall": len(loss.tracks_lost),
        "sensors": ", ".join(loss.sensors) or None,
    }
    rows = [(one, "only it tells") for one in loss.objects]
    rows += [(one, "our track falls") for one in loss.tracks_lost]
    rows += [(one, "our track can be made without it") for one in loss.tracks_left]
    tables = (Table("", ("object or track", "without it"), rows),) if rows else ()
    return Report(f"Without {loss.member}", facts, tables=tables, document=msgspec.to_builtins(loss))


def _utc(tai_s: float) -> str:
    return utc_from_tai_s(tai_s, digits=0)
