"""``commonsky explain``: what is decided on a record for a member and why; or, of a partner's record, what it says."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain.printable import printable
from commonsky.node.explaining import Explained, ask_why, explanations
from commonsky.node.jobs import explain as explain_job
from commonsky.node.jobs import share
from commonsky.node.node import Node

_WAITING = "asked; the answer comes with its feed: ask the same again to see it"


def explain(  # noqa: PLR0913  # the question, and where it is asked
    record: str,
    /,
    *,
    to: str | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    again: bool = False,
    node: Annotated[Path, Parameter(name=["--node", "-n"])] = Path(),
    json: bool = False,
) -> int:
    """Say whether a record may go to a member, which clause decides, and what happened so far.

    With --from, ask a partner why we do not have a record of its. It answers if an agreement says that it does
    (explanations_per_day), and says no more than whether the record was let out to us.

    Parameters
    ----------
    record
        Id of a record: with --to one that the node holds.
    to
        The member that would read it.
    from_
        The member that would give it.
    again
        With --from, ask once more what was asked before; each question counts.
    node
        Folder of the node that would give it, or does not have it (default: this folder).
    json
        Print one JSON document.
    """
    if (to is None) == (from_ is None):
        raise CommandError("say either --to or --from, and a member", Exit.UNUSABLE)
    with opened(node) as opened_node:
        if from_ is not None:
            return show(why_not(opened_node, record, from_, again=again), as_json=json)
        assert to is not None
        return show(explanation(opened_node, record, to), as_json=json)


def why_not(node: Node, record: str, giver: str, *, again: bool) -> Report:
    """Ask a partner why we do not have a record, unless we have it; raises CommandError as `explanation`."""
    _check_partner(node, giver)
    if any(giver in {entry.source, entry.originator} for entry in node.store.copies(record)):
        facts = {"record": record, "from": giver, "answer": "held here", "words": "nothing was asked"}
        return Report(f"{node.id} has {record} of {giver}", facts=facts, document={**facts, "asked": None})
    try:
        question = ask_why(node, giver, record, again=again)
    except ValueError as fault:
        raise CommandError(str(fault), Exit.UNUSABLE) from fault
    share(node)
    asked = next(one for one in explanations(node, giver) if one.question.id == question.id)
    facts = {"record": record, "from": giver, **_answer(asked)}
    return Report(f"Why {node.id} does not have {record} of {giver}", facts=facts, document=facts)


def _answer(asked: Explained) -> dict[str, str]:
    when = {"asked": utc_from_tai_s(asked.asked_tai_s)}
    if asked.answer is None:
        return {**when, "answer": "not yet", "words": _WAITING}
    return {**when, "answer": str(asked.answer.outcome), "words": printable(asked.answer.words)}


def _check_partner(node: Node, member: str) -> None:
    if node.config.peer(member) is None:
        known = ", ".join(peer.member.id for peer in node.config.peers) or "nobody"
        raise CommandError(f"{member} is no partner of {node.id}; it knows {known}", Exit.UNUSABLE)


def explanation(node: Node, record: str, to: str) -> Report:
    """Explain one record and reader; raises CommandError for a record or a member that is not known here."""
    if to != node.id:
        _check_partner(node, to)
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
