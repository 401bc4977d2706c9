"""``commonsky ask``: questions of safety of flight to owners that do not show all their objects."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain import Answer, Question
from commonsky.node.asking import answers
from commonsky.node.asking import ask as ask_job
from commonsky.node.jobs import share

_COLUMNS = ("asked (UTC)", "object", "until (UTC)", "answer", "probability", "closest (UTC)", "in words")


def ask(  # noqa: PLR0913  # the question, and where it is asked
    owner: str,
    designator: str = "",
    /,
    *,
    days: float = 3.0,
    hard_body_radius_m: Annotated[float, Parameter(name="--hbr-m")] = 20.0,
    node: Annotated[Path, Parameter(name=["--node", "-n"])] = Path(),
    json: bool = False,
) -> int:
    """Ask an owner whether anything that it does not show comes near one of our objects; without one, list answers.

    The owner answers by an agreement with safety_of_flight, from our orbit in full and its own: a probability and the
    minute of the closest approach, or that nothing comes near. The answer comes with its feed.

    Parameters
    ----------
    owner
        The member that is asked.
    designator
        The object of ours; leave it out to list the questions to this owner and its answers.
    days
        How far ahead, at most 7.
    hard_body_radius_m
        Radius of both bodies together.
    node
        Folder of the node that asks (default: this folder).
    json
        Print one JSON document.
    """
    with opened(node) as opened_node:
        if opened_node.config.peer(owner) is None:
            known = ", ".join(peer.member.id for peer in opened_node.config.peers) or "nobody"
            raise CommandError(f"{owner} is no partner of {opened_node.id}; it knows {known}", Exit.UNUSABLE)
        if designator:
            try:
                ask_job(opened_node, owner, designator, days=days, hard_body_radius_m=hard_body_radius_m)
            except (LookupError, ValueError) as fault:
                raise CommandError(str(fault.args[0]), Exit.UNUSABLE) from fault
            share(opened_node)
        asked = answers(opened_node, owner)
    rows = [_row(question, told) for question, told in asked]
    document = [{"question": msgspec.to_builtins(q), "answer": msgspec.to_builtins(a)} for q, a in asked]
    title = f"{len(rows)} question{'' if len(rows) == 1 else 's'} to {owner}"
    return show(
        Report(title, tables=(Table("", _COLUMNS, rows),) if rows else (), document=document), as_json=json
    )


def _row(question: Question, told: Answer | None) -> tuple[object, ...]:
    when = (utc_from_tai_s(question.begins_tai_s, digits=0), question.designator)
    until = utc_from_tai_s(question.ends_tai_s, digits=0)
    if told is None:
        return (*when, until, "not yet", None, None, None)
    probability = None if told.probability is None else f"{told.probability:.0e}"
    closest = None if told.tca_tai_s is None else utc_from_tai_s(told.tca_tai_s, digits=0)
    return (*when, until, told.verdict, probability, closest, told.words)
