"""Nodes of a demo as processes of their own, driven by files in their folders and one shared clock."""

import subprocess
import sys
import time

import httpx

from commonsky.cli.render import CommandError
from commonsky.exercise.clock import ExerciseClock, write_pace
from commonsky.exercise.coalition import Coalition
from commonsky.exercise.observing import SensorFile

START_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0


class NodeProcesses:
    """One ``commonsky node serve`` for each member."""

    def __init__(self, coalition: Coalition, clock: ExerciseClock) -> None:
        self._coalition = coalition
        self._clock = clock
        self._clock_file = coalition.folder / "clock.json"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, catalogue: bytes) -> None:
        """Start every node and wait until all answer and have the catalogue; time stands until then."""
        self.tell_pace()
        for member in self._coalition.urls:
            self._put(member, "catalogue.csv", catalogue)
            home = self._coalition.home(member)
            command = [sys.executable, "-m", "commonsky.cli", "node", "serve", str(home)]
            with (home / "serve.log").open("wb") as log:
                self._running[member] = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                    [*command, "--clock", str(self._clock_file)], stdout=log, stderr=log
                )
        deadline_s = time.monotonic() + START_WITHIN_S
        for member, url in self._coalition.urls.items():
            while not self._ready(member, url):
                if time.monotonic() > deadline_s or self._running[member].poll() is not None:
                    said = (self._coalition.home(member) / "serve.log").read_text(errors="replace").strip()
                    raise CommandError(f"the node of {member} did not start: {said or 'it does not answer'}")
                time.sleep(0.1)

    def tell_pace(self) -> None:
        """Tell the processes how their time runs from now on."""
        write_pace(self._clock.pace, self._clock_file)

    def drop(self, file: SensorFile) -> None:
        """Drop a sensor's file into its owner's folder."""
        self.tell_pace()
        self._put(file.member, file.name, file.data)

    def stop(self) -> None:
        """End every node that still runs."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _put(self, member: str, name: str, data: bytes) -> None:
        """Write under another name first: a file counts as landed only when it is complete."""
        folder = self._coalition.home(member) / "incoming"
        part = folder / f"{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)

    def _ready(self, member: str, url: str) -> bool:
        if (self._coalition.home(member) / "incoming" / "catalogue.csv").exists():
            return False
        try:
            return httpx.get(f"{url}/api/v1/status", trust_env=False).is_success
        except httpx.HTTPError:
            return False
