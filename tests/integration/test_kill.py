"""kill -9 of nodes at work, at moments drawn from a seed: nothing acknowledged is lost, nothing arrives twice.

Both are real processes that serve, pull over HTTP and take files in from their folder. A failure prints the seed.
"""

import random
import time
from collections import Counter

import pytest
from pair import GIVER, PER_FILE, READER, Pair, Serving, Spawner, answers, eventually, message

from commonsky.formats.canonical import decode

KILLS = 26
FILES_BETWEEN = 10
AT_WORK = 0.7
"""How often the kill comes while the node takes files in; else it may come while it starts."""


@pytest.fixture
def spawners():
    made = {name: Spawner() for name in (GIVER, READER)}
    yield made
    for one in made.values():
        one.close()


def acknowledged(pair):
    """Targets of the files that were moved to ``ingested``, and of the observations in the store, with their count."""
    moved = {name.removesuffix(".tdm") for name in pair.moved("ingested")}
    with pair.store(GIVER) as store:
        held = Counter(entry.object for entry in store.observations())
    return moved, held


@pytest.mark.parametrize("seed", [20260301])
def test_nodes_killed_at_any_moment_lose_nothing_and_double_nothing(tmp_path, spawners, seed):
    chance = random.Random(seed)
    pair = Pair(tmp_path)
    dropped = 0
    logs = {name: tmp_path / f"{name}.log" for name in spawners}
    for name, spawner in spawners.items():
        spawner.start("node", "serve", pair.home(name).path, log=logs[name])
    for _ in range(KILLS):
        name = chance.choice([GIVER, GIVER, READER])
        if chance.random() < AT_WORK:
            eventually(lambda name=name: answers(pair.urls[name]))
        for _ in range(chance.randrange(1, FILES_BETWEEN + 1)):
            pair.drop(f"T-{dropped}.tdm", message(dropped))
            dropped += 1
        time.sleep(chance.uniform(0.0, 0.25))
        assert spawners[name].end() == -9, logs[name].read_text()
        moved, held = acknowledged(pair)
        assert all(held[target] == PER_FILE for target in moved), f"seed {seed}"
        spawners[name].start("node", "serve", pair.home(name).path, log=logs[name])
    eventually(pair.level)
    moved, held = acknowledged(pair)
    assert moved == {f"T-{n}" for n in range(dropped)}, f"seed {seed}"
    assert held == dict.fromkeys(moved, PER_FILE), f"seed {seed}"
    lines = pair.check_feed()
    with pair.store(READER) as reader, pair.store(GIVER) as giver:
        ids = {entry.id for entry in giver.observations()}
        assert Counter(entry.id for entry in reader.observations()) == dict.fromkeys(ids, 1), f"seed {seed}"
        assert len(lines) == len(ids) + 1  # and the sensor
        assert reader.quarantined() == []
        assert [decode(entry.body).content.id for entry in reader.sensors()] == ["NOR-RADAR"]
    for name, spawner in spawners.items():
        assert "Traceback" not in logs[name].read_text()
        assert answers(pair.urls[name])
        assert spawner.end(15) == 0


def test_a_node_is_served_by_one_process_at_a_time_and_by_the_next_after_a_kill(tmp_path):
    pair = Pair(tmp_path)
    home = pair.home(GIVER).path
    first = Serving(home, tmp_path / "first.log")
    try:
        eventually(lambda: answers(pair.urls[GIVER]), first)
        second = Serving(home, tmp_path / "second.log")
        assert second.process.wait(timeout=60) == 1
        assert "is served by another process" in second.said()
        assert str(home) in second.said().replace(" ", "") or home.name in second.said()
        assert "Traceback" not in second.said()
    finally:
        first.end(9)
    third = Serving(home, tmp_path / "third.log")
    try:
        eventually(lambda: answers(pair.urls[GIVER]), third)
    finally:
        assert third.end(2) == 0
