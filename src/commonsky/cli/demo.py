"""``commonsky demo``: a coalition at work for a simulated day, with a console for every member."""

import math
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.demo_processes import NodeProcesses
from commonsky.cli.demo_summary import summary
from commonsky.cli.progress import Steps, steps
from commonsky.cli.render import CommandError, Exit, show
from commonsky.exercise.clock import ExerciseClock
from commonsky.exercise.coalition import Coalition, found_coalition
from commonsky.exercise.observing import SensorFile
from commonsky.exercise.rehearsal import Rehearsal, play, rehearse
from commonsky.exercise.scenario import COALITION, Scenario, read_scenario
from commonsky.node.config import NodeFolder
from commonsky.node.jobs import ingest
from commonsky.node.locks import FolderBusyError, take
from commonsky.node.node import Node
from commonsky.node.start import open_node
from commonsky.web.running import PortInUseError, Running, listen
from commonsky.web.turns import Turns

CONSOLE_RATE = 600.0
PROCESSES_RATE = 1_800.0
SETTLE_S = 60.0
FOREVER_TAI_S = 1e11
MARK = "commonsky-demo.txt"


def demo(  # noqa: PLR0913  # each is one thing a user may want to change
    *,
    headless: bool = False,
    processes: bool = False,
    folder: Path = Path("var/demo"),
    scenario: Path = COALITION,
    rate: float | None = None,
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
    with steps() as progress, ExitStack() as running:
        rehearsal = _rehearse(said, progress)
        clock = ExerciseClock(said.begins_tai_s, rate=pace, monotonic_s=time.monotonic)
        start = _start_processes if processes else _start_here
        cast = start(coalition, rehearsal, clock, running, progress)
        if not headless:
            _say_where(coalition, progress.console)
        _play(rehearsal, clock, cast, progress)
        _settle(coalition, progress)
        exit_code = show(summary(coalition, elapsed_s=time.monotonic() - started_s), as_json=json)
        if not headless:
            _stay(clock, cast, progress)
    return exit_code


@dataclass(frozen=True)
class Cast:
    """How the nodes are reached: hand a file over, and tell them that the clock's pace changed."""

    deliver: Callable[[SensorFile], None]
    tell_pace: Callable[[], None]


def _start_here(
    coalition: Coalition, rehearsal: Rehearsal, clock: ExerciseClock, running: ExitStack, progress: Steps
) -> Cast:
    """Run all nodes in this process; files are handed over by a call, and they read this clock."""
    progress.begin("Taking in the public catalogue")
    nodes = {one.id: open_node(coalition.home(one.id), clock.now_tai_s) for one in coalition.scenario.members}
    for done, node in enumerate(nodes.values(), start=1):
        ingest(node, rehearsal.catalogue, "catalogue.csv")
        progress.tell(done, len(nodes))
    at_work: list[Running] = []
    turns = Turns()
    for node in nodes.values():
        one = Running(node, monotonic_s=time.monotonic, rate=clock.rate, turns=turns)
        try:
            one.start()
        except PortInUseError as error:
            raise CommandError(f"{error}; choose other ports with --port") from error
        running.callback(one.stop)
        at_work.append(one)
    for one in at_work:  # called before any is stopped: who waits for an answer of another gets it at once
        running.callback(one.node.close_feeds)
        running.callback(one.ask_to_stop)
    return Cast(lambda file: _hand_over(nodes[file.member], file, turns), lambda: None)


def _hand_over(node: Node, file: SensorFile, turns: Turns) -> None:
    with turns:
        ingest(node, file.data, file.name)


def _start_processes(
    coalition: Coalition, rehearsal: Rehearsal, clock: ExerciseClock, running: ExitStack, progress: Steps
) -> Cast:
    """Run each node as a process of its own; files are dropped into its folder, its clock follows a file."""
    progress.begin("Starting a process for each node")
    nodes = NodeProcesses(coalition, clock)
    running.callback(nodes.stop)
    nodes.start(rehearsal.catalogue)
    return Cast(nodes.drop, nodes.tell_pace)


def _rehearse(scenario: Scenario, progress: Steps) -> Rehearsal:
    progress.begin("Flying the observed objects")
    return rehearse(scenario, progress.tell)


def _play(rehearsal: Rehearsal, clock: ExerciseClock, cast: Cast, progress: Steps) -> None:
    def wait(seconds: float) -> None:
        cast.tell_pace()
        time.sleep(seconds)

    scenario = rehearsal.scenario
    ends_tai_s = scenario.begins_tai_s + 3600.0 * scenario.hours
    progress.begin("A day of observing, tracking and sharing")
    played = play(rehearsal.files, clock, cast.deliver, ends_tai_s=ends_tai_s, wait=wait)
    for done, file in enumerate(played, start=1):
        progress.tell(done, len(rehearsal.files), utc_from_tai_s(file.at_tai_s, digits=0))


def _settle(coalition: Coalition, progress: Steps) -> None:
    """Wait until every feed is held by its reader, as far as links are up."""
    progress.begin("Waiting for the last envelopes")
    deadline_s = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline_s and not coalition.settled():
        time.sleep(0.2)
    progress.end()


def _stay(clock: ExerciseClock, cast: Cast, progress: Steps) -> None:
    """Keep the consoles up in real time until the user has seen enough."""
    clock.run_to(FOREVER_TAI_S, rate=1.0)
    cast.tell_pace()
    progress.console.print("The day is over; time runs on at its usual pace. Ctrl-C ends the demo.")
    try:
        while True:
            time.sleep(3600.0)
    except KeyboardInterrupt:
        progress.console.print("Stopping.")


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
    """Remove an earlier demo that has ended, and nothing that is not one: a real node's key would be lost for good."""
    if folder.exists():
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder; name another with --folder", Exit.UNUSABLE)
        if any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise CommandError(
                    f"{folder} holds something that is no demo; name another --folder", Exit.UNUSABLE
                )
            _require_ended(folder)
            shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("This folder is a demo's. The next demo removes it with all that it holds.\n")


def _require_ended(folder: Path) -> None:
    for home in sorted(file.parent for file in folder.glob("*/node.toml")):
        try:
            take(NodeFolder(home).serving_lock).close()
        except FolderBusyError as error:
            raise CommandError(f"{error}; end that demo first, or name another --folder") from error
