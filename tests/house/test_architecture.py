"""What docs/ARCHITECTURE.md says of calls and rooms is what happens and what is there."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from commonsky.federation import state_diagram
from commonsky.node import jobs
from commonsky.node.config import Asset, Screening
from commonsky.node.view import NodeView
from commonsky.node.warnings_view import WarningsView
from small_coalition import found, small_rehearsal

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCUMENT = (REPOSITORY / "docs/ARCHITECTURE.md").read_text()
BLOCKS = re.findall(r"```calls\n(.*?)```", DOCUMENT, re.DOTALL)


class Recorder:
    """Notes every call into the package with the calls that it was made from, in order."""

    def __init__(self):
        self.calls = []
        self._stack = []

    def __call__(self, frame, event, argument):
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("commonsky."):
            return
        if event == "call":
            called = f"{name.removeprefix('commonsky.')}.{frame.f_code.co_qualname}"
            self._stack.append(called)
            self.calls.append(tuple(self._stack))
        elif event == "return" and self._stack:
            self._stack.pop()


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    rehearsal = small_rehearsal()
    coalition = found(rehearsal.scenario, tmp_path_factory.mktemp("small") / "coalition")
    file = next(one for one in rehearsal.files if one.member == "BOR")
    coalition.now_tai_s = file.at_tai_s
    giver, reader = coalition.nodes["BOR"], coalition.nodes["AUR"]
    jobs.ingest(reader, rehearsal.catalogue, "catalogue.csv")
    reader.config = replace(
        reader.config,
        assets=(Asset(designator="200001"),),
        screening=Screening(within_m=200_000.0, days_ahead=1.0),
    )
    recorder = Recorder()
    sys.setprofile(recorder)
    try:
        jobs.ingest(giver, file.data, file.name)
        jobs.receive(reader, "BOR", coalition.transport("BOR", "AUR"))
        jobs.screen(reader)
        assert WarningsView(reader).list().events
        picture = NodeView(reader, monotonic_s=lambda: 0.0, rate=lambda: 1.0).picture()
        assert np.isfinite(picture.keyframes(coalition.now_tai_s, 60.0, 2)).any()
    finally:
        sys.setprofile(None)
    coalition.close()
    return recorder.calls


def _expected(block):
    """Paths of names from the indentation of a block."""
    path = []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path[depth:] = [line.strip()]
        yield tuple(path)


def _is_inside(path, stack):
    """Whether the stack ends in the last name of the path and holds the others before it, in order."""
    if stack[-1] != path[-1]:
        return False
    rest = iter(stack[:-1])
    return all(name in rest for name in path[:-1])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split()[0])
def test_the_documented_calls_are_made_in_the_documented_order(calls, block):
    reached = 0
    for path in _expected(block):
        later = (n for n, stack in enumerate(calls[reached:], start=reached) if _is_inside(path, stack))
        found = next(later, None)
        assert found is not None, f"{' > '.join(path)} is not called after what stands above it"
        reached = found


def test_the_feed_is_drawn_from_its_table():
    assert state_diagram() in DOCUMENT


def test_every_room_is_in_the_table_and_every_file_that_is_named_is_there():
    rooms = {p.name for p in (REPOSITORY / "src/commonsky").iterdir() if (p / "__init__.py").exists()}
    table = DOCUMENT.split("## The rooms")[1].split("## ")[0]
    assert rooms == set(re.findall(r"`(\w+)`(?=[,| ])", table)) & rooms
    for name in re.findall(r"`(\w+/\w+\.py)`", DOCUMENT):
        assert (REPOSITORY / "src/commonsky" / name).exists(), name
