"""``commonsky task``: one plan of sensors for everybody's requests, its proof, and its reasons."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from msgspec.structs import replace

from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s
from commonsky.cli.progress import steps
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.task_files import Given, given, given_of, laid_out, plan_bytes, read_plan, without
from commonsky.cli.written import written
from commonsky.domain.tasking import Task, TaskingPlan
from commonsky.formats.errors import Rejection
from commonsky.planning.network import SolverError
from commonsky.planning.plan import make_plan, next_slot_tai_s, scene_rivals
from commonsky.planning.plan import replan as plan_again
from commonsky.planning.plan_check import violations
from commonsky.planning.problem import POINTS
from commonsky.planning.why_not import Move, WhyNot, prices, why_not

app = App(
    name="task",
    help="Sensor tasking: the best plan on everybody's terms, with its proof: plan, check, replan, why.",
)

_SHOWN = 20
AsJson = Annotated[bool, Parameter(name="--json", negative="")]


@app.command
def plan(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path | None = None,
    compare: bool = False,
    as_json: AsJson = False,
) -> int:
    """Plan the sensors: the tracks that are worth most together, and the proof that no plan is worth more.

    Nothing is given out that the independent check finds against. Exit code 0: done; 3: done, but some requests,
    offers or element sets were bad and left out; 2: input that cannot be used.

    Parameters
    ----------
    files
        Terms in TOML (names that end in .toml) and catalogues of element sets in any form.
    out
        Write the plan there, for check, replan and why.
    compare
        Plan greedily and slot by slot too, and say how much is lost so.
    as_json
        Print the plan as JSON.
    """
    with steps() as shown:
        shown.begin("reading")
        read = given(files)
        shown.begin(f"looking for what {len(read.terms.sensors)} sensors can see")
        made = laid_out(read.terms, read.element_sets)
        shown.begin(f"choosing among {len(made.found.slot):,} opportunities")
        try:
            best, _ = make_plan(made)
        except SolverError as error:
            raise CommandError(f"no plan: {error}") from error
        shown.begin("checking")
        rivals = scene_rivals(made) if compare else {}
    best = replace(best, files=read.listed(out))
    _checked(read, best)
    facts: dict[str, object] = {
        "opportunities": len(made.found.slot),
        "forbidden by owners": len(made.barred),
    }
    for name, points in rivals.items():
        facts[f"{name} plan"] = f"{1.0 - points / max(best.value_points, 1):.2%} less"
    return _given_out(read, best, facts, out, as_json=as_json)


@app.command
def check(plan: Path, /, *, as_json: AsJson = False) -> int:
    """Hold a plan against every rule, by code that shares nothing with what made it.

    Exit code 0: no rule is broken; 1: some are, and listed; 2: the plan or its files cannot be used.

    Parameters
    ----------
    plan
        A plan that was written by plan or replan; its files must be what they were.
    as_json
        Print one JSON document.
    """
    made = read_plan(plan)
    read = given_of(made, plan, unchanged=True)
    found = violations(read.terms, read.element_sets, made)
    counts = Counter(one.rule for one in found)
    rows = [
        [one.rule, one.task and one.task.sensor, one.task and str(one.task.norad_cat_id), one.reason]
        for one in found[:_SHOWN]
    ]
    facts = {"tasks": len(made.tasks), "violations": len(found), **dict(sorted(counts.items()))}
    report = Report(
        title=f"{plan}: {'keeps every rule' if not found else 'breaks rules'}",
        facts=facts,
        tables=[Table("Violations", ["rule", "sensor", "object", "reason"], rows)] if rows else [],
        document={**facts, "found": msgspec.to_builtins(found)},
        exit_code=Exit.FAILED if found else Exit.OK,
    )
    return show(report, as_json=as_json)


@app.command
def replan(  # noqa: PLR0913  # the options of a command
    plan: Path,
    /,
    *,
    without_sensors: Annotated[list[str] | None, Parameter(name="--without", negative="")] = None,
    at: str = "",
    add: Annotated[list[Path] | None, Parameter(negative="")] = None,
    out: Path | None = None,
    as_json: AsJson = False,
) -> int:
    """Plan again after a change: what has begun stays, and the rest changes as little as is worth it.

    Exit codes as for plan.

    Parameters
    ----------
    plan
        The plan as it was. Its files are read again as they are now.
    without_sensors
        A sensor that has dropped out; may be given again.
    at
        UTC from which on all may change (default: the beginning of the plan).
    add
        A further file of terms: an emergency's request, a closed sensor; may be given again.
    out
        Write the new plan there.
    as_json
        Print the plan as JSON.
    """
    old = read_plan(plan)
    again = given_of(old, plan, unchanged=False)
    read = given([*again.digests, *(add or [])])
    dropped = (*old.without_sensors, *(without_sensors or []))
    at_tai_s = next_slot_tai_s(read.terms.plan, _time(at, old))
    terms = without(read.terms, dropped, at_tai_s)
    if (terms.plan.begins_tai_s, terms.plan.slot_s, terms.plan.slot_count) != (
        old.begins_tai_s,
        old.slot_s,
        old.slot_count,
    ):
        raise CommandError(f"{plan}: has other slots than its files have now: plan anew", Exit.UNUSABLE)
    try:
        new = plan_again(laid_out(terms, read.element_sets), old, at_tai_s)
    except SolverError as error:
        raise CommandError(f"no plan: {error}") from error
    new = replace(new, files=read.listed(out), without_sensors=dropped)
    _checked(read, new)
    before = {_place(task) for task in old.tasks if task.sensor not in dropped or task.at_tai_s < at_tai_s}
    kept = len(before & {_place(task) for task in new.tasks})
    facts: dict[str, object] = {
        "as it was until": utc_from_tai_s(at_tai_s),
        "tasks before": len(old.tasks),
        "lost with sensors": len(old.tasks) - len(before),
        "of the others kept": f"{kept} ({kept / max(len(before), 1):.1%})",
    }
    return _given_out(read, new, facts, out, as_json=as_json)


@app.command
def why(plan: Path, number: int, /, *, as_json: AsJson = False) -> int:
    """Say why a plan has no track of an object, and what serving it would have displaced.

    Parameters
    ----------
    plan
        A plan that was written by plan; its files must be what they were.
    number
        Catalogue number of the object.
    as_json
        Print one JSON document.
    """
    made = read_plan(plan)
    if made.frozen_until_tai_s is not None:
        raise CommandError(
            f"{plan}: was made by replan, and reasons are known of whole plans only", Exit.UNUSABLE
        )
    read = given_of(made, plan, unchanged=True)
    laid = laid_out(read.terms, read.element_sets)
    _, best = make_plan(laid)
    return show(_why_report(why_not(laid, best, prices(best), made, number)), as_json=as_json)


def _why_report(told: WhyNot) -> Report:
    facts: dict[str, object] = {"tracks in the plan": told.served, "reason": told.reason}
    if told.price_points is not None:
        facts["the plan would lose"] = f"{told.price_points / POINTS:g}"
    tables = [
        Table("Forbidden", ["reason", "opportunities"], [list(row) for row in told.forbidden.items()]),
        Table(
            "Cannot be seen",
            ["sensor", "hindrance", "samples"],
            [[sensor, *row] for sensor, counts in told.hindrances.items() for row in counts.items()],
        ),
        _moves("Would go", told.instead),
        _moves("Would come", told.added),
    ]
    return Report(
        title=f"Object {told.norad_cat_id}",
        facts=facts,
        tables=[table for table in tables if table.rows],
        document=msgspec.to_builtins(told),
    )


def _moves(title: str, moves: Sequence[Move]) -> Table:
    rows = [[one.sensor, str(one.norad_cat_id), utc_from_tai_s(one.at_tai_s)[:19]] for one in moves]
    return Table(title, ["sensor", "object", "UTC"], rows)


def _checked(read: Given, made: TaskingPlan) -> None:
    """Refuse to give out a plan that breaks a rule: that is a fault of ours."""
    if found := violations(read.terms, read.element_sets, made):
        raise CommandError(
            f"the plan breaks {len(found)} rules and is not given out; the first: {found[0].reason}"
        )


def _time(text: str, old: TaskingPlan) -> float:
    if not text:
        return old.begins_tai_s
    try:
        return tai_s_from_utc(text)
    except ValueError as error:
        raise CommandError(f"--at: {error}", Exit.UNUSABLE) from error


def _place(task: Task) -> tuple[str, int, int]:
    return (task.sensor, task.slot, task.norad_cat_id)


def _given_out(
    read: Given, made: TaskingPlan, more: dict[str, object], out: Path | None, *, as_json: bool
) -> int:
    if out:
        with written(out) as place:
            place.write_bytes(plan_bytes(made))
    facts: dict[str, object] = {
        "tasks": len(made.tasks),
        "objects served": len({task.norad_cat_id for task in made.tasks}),
        "value": f"{made.value_points / POINTS:,.4f}",
        "no plan exceeds": f"{made.bound_points / POINTS:,.4f}",
        **more,
    }
    by_sensor = Counter((task.owner, task.sensor) for task in made.tasks)
    answers = [
        [one.request, str(one.state), f"{one.served} of {one.objects}", one.reason] for one in made.answers
    ]
    tables = [
        Table("Requests", ["request", "state", "objects served", "reason"], answers),
        Table("Sensors", ["owner", "sensor", "tasks"], [[*key, n] for key, n in sorted(by_sensor.items())]),
        _left_out(read.rejected),
    ]
    report = Report(
        title=f"{made.slot_count} slots from {utc_from_tai_s(made.begins_tai_s)[:19]}",
        facts=facts,
        tables=[table for table in tables if table.rows],
        document=msgspec.json.decode(plan_bytes(made)),
        exit_code=Exit.SOME_REJECTED if read.rejected else Exit.OK,
    )
    return show(report, as_json=as_json)


def _left_out(rejected: Sequence[tuple[str, Rejection]]) -> Table:
    rows = [[source, one.line and str(one.line), one.field, one.reason] for source, one in rejected[:_SHOWN]]
    return Table(f"Left out ({len(rejected):,})", ["file", "line", "field", "reason"], rows)
