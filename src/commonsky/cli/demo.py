"""``commonsky demo``: a coalition at work for a simulated day, with a console for every member."""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.demo_processes import NodeProcesses
from commonsky.cli.demo_summary import summary
from commonsky.cli.render import CommandError, Exit, show
from commonsky.exercise.clock import ExerciseClock
from commonsky.exercise.coalition import Coalition, found_coalition
from commonsky.exercise.observing import SensorFile
from commonsky.exercise.rehearsal import Rehearsal, play, rehearse
from commonsky.exercise.scenario import COALITION, Scenario, read_scenario
from commonsky.node.jobs import ingest
from commonsky.node.start import open_node
from commonsky.web.running import PortInUseError, Running, listen

CONSOLE_RATE = 600.0
PROCESSES_RATE = 1_800.0
SETTLE_S = 60.0
FOREVER_TAI_S = 1e11

Deliver = Callable[[SensorFile], None]


def demo(  # noqa: PLR0913  # each is one thing a user may want to change
    *,
    headless: bool = False,
    processes: bool = False,
    folder: Path = Path("var/demo"),
    scenario: Path = COALITION,
    rate: Annotated[float | None, Parameter(validator=None)] = None,
    port: int | None = None,
    json: bool = False,
) -> int:
    """Bring up a coalition of sovereign nodes and let it observe, track and share for a simulated day.

    Parameters
    ----------
    headless
        Run to the end as fast as possible, print the summary and exit; otherwise the consoles stay up.
    processes
        Give each node a process of its own.
    folder
        Where the nodes live; what an earlier demo left there is removed.
    scenario
        Folder of the scenario to play.
    rate
        Simulated seconds per real second (600 with consoles; headless as fast as the nodes can).
    port
        Port of the first node; the others follow.
    json
        Print the summary as one JSON document.
    """
    started_s = time.monotonic()
    said = read_scenario(scenario)
    first_port = port or said.first_port
    pace = rate or (PROCESSES_RATE if processes else math.inf if headless else CONSOLE_RATE)
    _require_ports(said, first_port)
    _make_room(folder)
    coalition = found_coalition(said, scenario, folder, first_port=first_port)
    with _progress() as progress, ExitStack() as running:
        rehearsal = _rehearse(said, progress)
        clock = ExerciseClock(said.begins_tai_s, rate=pace, monotonic_s=time.monotonic)
        start = _start_processes if processes else _start_here
        deliver = start(coalition, rehearsal, clock, running, progress)
        if not headless:
            _say_where(coalition, progress.console)
        _play(rehearsal, clock, deliver, progress)
        _settle(coalition, progress)
        report = summary(coalition, elapsed_s=time.monotonic() - started_s)
        progress.stop()
        exit_code = show(report, as_json=json)
        if not headless:
            _stay(clock, coalition)
    return exit_code


def _start_here(
    coalition: Coalition, rehearsal: Rehearsal, clock: ExerciseClock, running: ExitStack, progress: Progress
) -> Deliver:
    """Run all nodes in this process; files are handed over by a call."""
    nodes = {one.id: open_node(coalition.home(one.id), clock.now_tai_s) for one in coalition.scenario.members}
    task = progress.add_task("Taking in the public catalogue", total=len(nodes))
    for node in nodes.values():
        ingest(node, rehearsal.catalogue, "catalogue.csv")
        progress.advance(task)
    for node in nodes.values():
        one = Running(node, monotonic_s=time.monotonic, rate=clock.rate)
        try:
            one.start()
        except PortInUseError as error:
            raise CommandError(f"{error}; choose other ports with --port") from error
        running.callback(one.stop)

    def deliver(file: SensorFile) -> None:
        ingest(nodes[file.member], file.data, file.name)

    return deliver


def _start_processes(
    coalition: Coalition, rehearsal: Rehearsal, clock: ExerciseClock, running: ExitStack, progress: Progress
) -> Deliver:
    """Run each node as a process of its own; files are dropped into its folder."""
    progress.add_task("Starting a process for each node", total=None)
    nodes = NodeProcesses(coalition, clock)
    running.callback(nodes.stop)
    nodes.start(rehearsal.catalogue)
    return nodes.drop


def _rehearse(scenario: Scenario, progress: Progress) -> Rehearsal:
    task = progress.add_task("Flying the observed objects", total=scenario.observed_objects)
    return rehearse(scenario, lambda done, of: progress.update(task, completed=done, total=of))


def _play(rehearsal: Rehearsal, clock: ExerciseClock, deliver: Deliver, progress: Progress) -> None:
    scenario = rehearsal.scenario
    ends_tai_s = scenario.begins_tai_s + 3600.0 * scenario.hours
    task = progress.add_task("A day of observing, tracking and sharing", total=len(rehearsal.files))
    for file in play(rehearsal.files, clock, deliver, ends_tai_s=ends_tai_s, sleep=_sleep):
        when = utc_from_tai_s(file.at_tai_s, digits=0)
        progress.update(task, advance=1, description=f"A day of observing, tracking and sharing: {when}")


def _sleep(seconds: float) -> None:
    if seconds > 0.0:
        time.sleep(seconds)


def _settle(coalition: Coalition, progress: Progress) -> None:
    """Wait until every feed is held by its reader, as far as links are up."""
    task: TaskID = progress.add_task("Waiting for the last envelopes", total=None)
    deadline_s = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline_s and not coalition.settled():
        time.sleep(0.2)
    progress.update(task, total=1, completed=1)


def _stay(clock: ExerciseClock, coalition: Coalition) -> None:
    """Keep the consoles up in real time until the user has seen enough."""
    clock.run_to(FOREVER_TAI_S, rate=1.0)
    console = Console(stderr=True)
    _say_where(coalition, console)
    try:
        while True:
            time.sleep(3600.0)
    except KeyboardInterrupt:
        console.print("Stopping.")


def _say_where(coalition: Coalition, console: Console) -> None:
    console.print("\nThe consoles (Ctrl-C ends the demo):", style="bold")
    for member in coalition.scenario.members:
        console.print(f"  {member.id}  {coalition.urls[member.id]}  {member.name}", highlight=False)
    example = f"commonsky link cut AUR BOR --coalition {coalition.folder}"
    console.print(f"Try, in another terminal:  {example}\n", highlight=False, soft_wrap=True)


def _require_ports(scenario: Scenario, first_port: int) -> None:
    """Say at once that a port is taken, before any work."""
    for n in range(len(scenario.members)):
        try:
            listen("127.0.0.1", first_port + n).close()
        except PortInUseError as error:
            raise CommandError(f"{error}; choose other ports with --port") from error


def _make_room(folder: Path) -> None:
    """Remove an earlier demo, and nothing that is not one."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not any(folder.glob("*/node.toml")):
        raise CommandError(f"{folder} holds something that is no demo; name another --folder", Exit.UNUSABLE)
    shutil.rmtree(folder)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress
