"""``commonsky explain``: what is decided on a record for a member, by which clause, and why."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.node.jobs import explain as explain_job
from commonsky.node.node import Node


def explain(
    record: str,
    /,
    *,
    to: str,
    node: Annotated[Path, Parameter(name=["--node", "-n"])] = Path(),
    json: bool = False,
) -> int:
    """Say whether a record may go to a member, which clause decides, and what happened so far.

    Parameters
    ----------
    record
        Id of a record that the node holds.
    to
        The member that would read it.
    node
        Folder of the node that would give it (default: this folder).
    json
        Print one JSON document.
    """
    with opened(node) as opened_node:
        return show(explanation(opened_node, record, to), as_json=json)


def explanation(node: Node, record: str, to: str) -> Report:
    """Explain one record and reader; raises CommandError for a record or a member that is not known here."""
    if to != node.id and node.config.peer(to) is None:
        known = ", ".join(peer.member.id for peer in node.config.peers) or "nobody"
        raise CommandError(f"{to} is no partner of {node.id}; it knows {known}", Exit.UNUSABLE)
    try:
        entry, decision = explain_job(node, record, to)
    except KeyError:
        raise CommandError(f"{node.id} holds no record {record}", Exit.UNUSABLE) from None
    past = [held.decision for held in node.store.decisions_of(record) if held.decision.reader == to]
    facts = {
        "record": record,
        "kind": entry.kind,
        "originator": entry.originator,
        "reader": to,
        "released": decision.allowed,
        "reason": decision.reason,
        "agreement": decision.agreement,
        "clause": decision.clause,
        "decided": utc_from_tai_s(decision.decided_tai_s),
        "ask again": None if decision.revisit_tai_s is None else utc_from_tai_s(decision.revisit_tai_s),
    }
    history = [(utc_from_tai_s(one.decided_tai_s), one.allowed, one.reason) for one in past]
    tables = (
        Table("Every test that was made", ("test",), [(line,) for line in decision.trace]),
        Table("Decisions so far", ("when", "released", "reason"), history),
    )
    return Report(
        title=f"{'Released' if decision.allowed else 'Withheld'}: {record} to {to}",
        facts=facts,
        tables=[table for table in tables if table.rows],
        document={
            **facts,
            "trace": decision.trace,
            "history": [dict(zip(("decided", "released", "reason"), row, strict=True)) for row in history],
        },
    )
