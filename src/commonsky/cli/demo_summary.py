"""The summary of a demo, read from the nodes' own databases."""

import math
import statistics
from collections.abc import Iterator, Sequence

from commonsky.cli.render import Report, Table
from commonsky.cli.warning_table import COLUMNS, event_row, worst_first
from commonsky.exercise.coalition import Coalition
from commonsky.node.start import open_node
from commonsky.node.stopwatch import delays_s
from commonsky.node.tally import Tally, tally
from commonsky.node.warnings_view import WarningsView

WARNINGS_SHOWN = 3


def summary(coalition: Coalition, *, elapsed_s: float) -> Report:
    """Tell what every member holds, what went to whom or did not and why, and how long it took."""
    tallies = [_tally(coalition, member.id) for member in coalition.scenario.members]
    delays = delays_s(coalition.home(member.id) / "stopwatch.jsonl" for member in coalition.scenario.members)
    facts: dict[str, object] = {
        "operation": f"{coalition.scenario.operation} ({coalition.scenario.mode})",
        "simulated hours": coalition.scenario.hours,
        "real seconds": round(elapsed_s, 1),
        "observations in": sum(one.observations for one in tallies),
        "records released": sum(r.count for one in tallies for r in one.releases if r.allowed),
        "sensor file to partner's node, median s": _rounded(statistics.median(delays) if delays else None),
        "sensor file to partner's node, p99 s": _rounded(_percentile(delays, 0.99)),
    }
    holdings = [
        (t.member, t.observations, t.own_tracks, t.partners_tracks, t.element_sets, t.quarantined)
        for t in tallies
    ]
    releases = [
        (r.giver, r.reader, "released" if r.allowed else "withheld", r.count, r.reason)
        for one in tallies
        for r in sorted(one.releases, key=lambda r: (r.reader, not r.allowed, -r.count))
    ]
    columns = ("member", "observations in", "own tracks", "partners' tracks", "element sets", "quarantined")
    return Report(
        title=f"A day of {coalition.scenario.operation}",
        facts=facts,
        tables=(
            *_warnings(coalition),
            Table("What each member holds", columns, holdings),
            Table("What went to whom, and what did not", ("from", "to", "", "records", "reason"), releases),
        ),
        document={**facts, "members": tallies},
    )


def _tally(coalition: Coalition, member: str) -> Tally:
    node = open_node(coalition.home(member))
    try:
        return tally(node)
    finally:
        node.store.close()


def _warnings(coalition: Coalition) -> Iterator[Table]:
    """The likeliest close approaches that each member knows of."""
    rows: list[tuple[object, ...]] = []
    for member in coalition.scenario.members:
        node = open_node(coalition.home(member.id))
        try:
            events = worst_first(WarningsView(node).list().events)
        finally:
            node.store.close()
        rows += [
            (member.id, *event_row(one)) for one in events[:WARNINGS_SHOWN] if not one.probability_is_bound
        ]
    if rows:
        yield Table("Close approaches that members are warned of", ("member", *COLUMNS), rows)


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of sorted values."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
