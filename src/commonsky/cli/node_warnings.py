"""``commonsky node screen`` and ``commonsky node warnings``: screen now, and list what the node knows of."""

from pathlib import Path

import msgspec

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.warning_table import COLUMNS, event_row
from commonsky.node.jobs import screen as screen_job
from commonsky.node.warning_lines import EventSheet
from commonsky.node.warnings_view import WarningsView


def screen(folder: Path, /, *, json: bool = False) -> int:
    """Screen the node's assets against every orbit that it holds, now; keep and share what is new.

    Parameters
    ----------
    folder
        Folder of the node.
    json
        Print one JSON document.
    """
    with opened(folder) as node:
        if not node.config.assets:
            raise CommandError(f"{node.folder.config} names no [[assets]] to screen for", Exit.UNUSABLE)
        told = screen_job(node)
    facts = {
        "assets": told.assets,
        "against": told.objects,
        "new warnings": len(told.warnings),
        "assets without an orbit": ", ".join(told.missing) or None,
        "objects that cannot be followed": told.unusable,
        "pairs that stay together": told.staying,
    }
    exit_code = Exit.SOME_REJECTED if told.missing else Exit.OK
    document = msgspec.to_builtins(told)
    report = Report(f"Screened {told.assets} assets", facts, document=document, exit_code=exit_code)
    return show(report, as_json=json)


def warnings(folder: Path, /, *, event: str = "", json: bool = False) -> int:
    """List the close approaches that a node knows of, its own warnings and others'; or tell all of one.

    Parameters
    ----------
    folder
        Folder of the node.
    event
        Id of one event: its history, and why its providers differ.
    json
        Print one JSON document.
    """
    with opened(folder) as node:
        view = WarningsView(node)
        if event:
            sheet = view.sheet(event)
            if sheet is None:
                raise CommandError(f"{node.id} holds no event {event}", Exit.UNUSABLE)
            return show(_sheet(sheet), as_json=json)
        told = view.list()
    rows = [event_row(one) for one in told.events]
    title = f"{len(rows) or 'No'} event{'' if len(rows) == 1 else 's'}"
    tables = (Table("", COLUMNS, rows),) if rows else ()
    return show(Report(title, tables=tables, document=msgspec.to_builtins(told)), as_json=json)


def _sheet(sheet: EventSheet) -> Report:
    line = sheet.line
    facts = {
        **dict(zip(COLUMNS, event_row(line), strict=True)),
        "method": line.probability_method,
        "decide by": utc_from_tai_s(line.deadline_tai_s, digits=0),
        "providers compared": sheet.reconciliation.summary,
    }
    history = [
        (
            utc_from_tai_s(one.made_tai_s, digits=0),
            one.provider,
            None if one.probability is None else f"{one.probability:.2e}",
            round(one.miss_distance_m),
            None if one.sigma_m is None else round(one.sigma_m),
            one.hard_body_radius_m,
        )
        for one in sheet.history
    ]
    reasons = [
        (
            " / ".join(pair.between),
            one.cause,
            None if one.effect_decades is None else round(one.effect_decades, 2),
            one.words,
        )
        for pair in sheet.reconciliation.pairs
        for one in pair.differences
    ]
    seen = [(s.member, "may see it" if s.allowed else "may not", s.reason) for s in sheet.who_may_see]
    tables = [
        Table("History", ("made (UTC)", "by", "probability", "miss m", "sigma m", "radius m"), history),
        Table("Why they differ", ("between", "cause", "decades", "in words"), reasons),
        Table("Who may see our warning", ("member", "", "reason"), seen),
    ]
    return Report(
        f"Event {line.event}",
        facts,
        tables=tuple(t for t in tables if t.rows),
        document=msgspec.to_builtins(sheet),
    )
