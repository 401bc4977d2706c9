"""A small coalition on disk, its nodes joined by function calls instead of a network."""

import atexit
import dataclasses
import shutil
import tempfile
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from commonsky.exercise.coalition import found_coalition
from commonsky.exercise.rehearsal import rehearse
from commonsky.exercise.scenario import COALITION, read_scenario
from commonsky.federation import encode_wire
from commonsky.node import jobs
from commonsky.node.start import open_node
from memory import folder_in_memory


def small_rehearsal():
    scenario = replace(read_scenario(COALITION), hours=5.0, observed_objects=2, catalogue_objects=60)
    return rehearse(scenario, lambda done, of: None)


class Coalition:
    """Nodes by member id, one clock, and links that are function calls."""

    def __init__(self, founded, begins_tai_s):
        self.founded = founded
        self.now_tai_s = begins_tai_s
        self.nodes = {m.id: self.open(m.id) for m in founded.scenario.members}

    def open(self, member):
        return open_node(self.founded.home(member), lambda: self.now_tai_s)

    def transport(self, giver, reader, *, change=lambda data: data):
        def pull(head):
            return change(
                encode_wire(self.nodes[giver].store.feed_after(reader, head.seq, 100, gen=head.gen))
            )

        return pull

    def exchange(self):
        arrivals = {}
        for giver in self.nodes:
            for reader in self.nodes:
                if giver != reader:
                    arrivals[giver, reader] = jobs.receive(
                        self.nodes[reader], giver, self.transport(giver, reader)
                    )
        return arrivals

    def deliver(self, file):
        self.now_tai_s = max(self.now_tai_s, file.at_tai_s)
        return jobs.ingest(self.nodes[file.member], file.data, file.name)

    def close(self):
        for node in self.nodes.values():
            node.store.close()


def found(scenario, folder):
    """Found the coalition in a folder, with its sensors on record: a copy of one that was founded before.

    Nodes stand by their own folder alone, so a copy of a closed one is a node like it, keys and all.
    """
    first = _founded(scenario)
    shutil.copytree(first.folder, folder)
    return Coalition(dataclasses.replace(first, folder=folder), scenario.begins_tai_s)


@cache
def _founded(scenario):
    folder = Path(tempfile.mkdtemp(prefix="commonsky-coalition-", dir=folder_in_memory())) / "coalition"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    founded = found_coalition(scenario, COALITION, folder, first_port=8701)
    made = Coalition(founded, scenario.begins_tai_s)
    for node in made.nodes.values():
        jobs.declare_sensors(node)
    made.close()
    return founded
