"""Adversarial tests, group H: cuts, half-written batches, restored backups, two machines of one name."""

import pytest
from simulation.disk import Crash
from simulation.link import carried
from simulation.model import Rule, Terms
from simulation.stage import stage


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path) as made:
        made.agree("NOR", "GBR")
        yield made


def test_h_cut_at_each_message(scene):
    for fault in ("request lost", "answer lost", "broken off"):
        for _ in range(5):
            scene.make("NOR")
            scene.pull("GBR", "NOR", fault=fault)
    scene.peace()
    assert len(scene.held("GBR")) == 15


def test_h_cut_of_seventy_two_hours(scene):
    gbr = scene.life("GBR")
    gbr.store.cut("NOR", at_tai_s=gbr.now())
    records = []
    for _ in range(72):
        records.append(scene.make("NOR").id)
        scene.pull("GBR", "NOR")
        scene.wait(3_600.0)
    assert scene.held("GBR") == set()
    gbr.store.restore("NOR", at_tai_s=gbr.now())
    for _ in range(2):
        scene.pull("GBR", "NOR")
    assert scene.held("GBR") == set(records)


@pytest.mark.parametrize("kind", ["write", "commit", "committed"])
@pytest.mark.parametrize("side", ["NOR", "GBR"])
def test_h_half_written_batch_at_each_write(scene, side, kind):
    """The node stops at its first write, at its second, and so on, until it comes to its end without a stop."""
    life = scene.life(side)
    for count in range(1, 200):
        record = scene.make("NOR", share=False)
        if side == "GBR":
            scene.share("NOR")
        life.disk.crash_after(count, kind)
        if side == "NOR":
            scene.share("NOR")
        else:
            scene.pull("GBR", "NOR")
        stopped = life.node is None
        life.disk.mend()
        if life.node is None:
            life.start()
        scene.share("NOR")
        scene.pull("GBR", "NOR")
        assert record.id in scene.held("GBR")
        if not stopped:
            break
    assert count >= 2
    scene.peace()


def test_h_both_sides_restart(scene):
    scene.make("NOR")
    for name in ("NOR", "GBR"):
        scene.life(name).crashed()
        scene.life(name).start()
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    assert len(scene.held("GBR")) == 2


def test_h_giver_restored_from_a_backup_with_a_new_generation(scene):
    scene.make("NOR")
    backup = scene.backup("NOR")
    lost = scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.restore("NOR", backup, generation=2)
    after = scene.make("NOR")
    scene.pull("GBR", "NOR")
    assert {lost.id, after.id} <= scene.held("GBR")
    assert scene.life("GBR").store.cursor("NOR").gen == 2
    scene.peace()


def test_h_giver_restored_from_a_backup_that_forgets_its_generation(scene):
    """Nothing is taken from it, its evidence is kept, and with a new generation all goes on and nothing is missing."""
    scene.make("NOR")
    backup = scene.backup("NOR")
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.restore("NOR", backup, generation=1)
    overwritten = scene.make("NOR")
    assert "not on this feed" in scene.pull("GBR", "NOR")
    scene.give("GBR", "NOR", carried(scene.life("NOR"), "GBR"))
    assert "fork" in scene.apart("GBR")
    assert scene.life("GBR").store.cursor("NOR").stopped
    scene.history.needs_generation.add("NOR")
    scene.peace()
    assert overwritten.id in scene.held("GBR")


def test_h_reader_restored_from_a_backup_asks_again(scene):
    backup = scene.backup("GBR")
    first = scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.restore("GBR", backup, generation=1)
    assert scene.held("GBR") == set()
    scene.pull("GBR", "NOR")
    assert scene.held("GBR") == {first.id}


def test_h_duplicate_node_without_a_generation_stops_the_feed(scene):
    scene.make("NOR")
    twin = scene.twin("NOR")
    of_twin = scene.make("NOR", life=twin)
    scene.pull("GBR", "NOR", source=twin)
    scene.make("NOR")
    scene.give("GBR", "NOR", carried(scene.life("NOR"), "GBR"))
    assert scene.life("GBR").store.cursor("NOR").stopped
    assert of_twin.id in scene.held("GBR")
    assert len(scene.apart("GBR")) == 1


def test_h_duplicate_node_is_fenced_by_its_generation(scene):
    """The higher generation is followed; the machine left behind can give nothing any more."""
    scene.make("NOR")
    twin = scene.twin("NOR", generation=2)
    of_twin = scene.make("NOR", life=twin)
    scene.pull("GBR", "NOR", source=twin)
    left_behind = scene.make("NOR")
    assert "not on this feed" in scene.pull("GBR", "NOR")
    scene.give("GBR", "NOR", carried(scene.life("NOR"), "GBR"))
    assert "rollback" in scene.apart("GBR")
    assert of_twin.id in scene.held("GBR")
    assert left_behind.id not in scene.held("GBR")


def test_h_what_a_reader_never_pulled_is_told_again_in_a_new_generation(scene):
    """The reader followed the other machine: what this one had put on its feed before must not be skipped."""
    twin = scene.twin("NOR", generation=2)
    never_pulled = scene.make("NOR")
    scene.make("NOR", life=twin)
    scene.pull("GBR", "NOR", source=twin)
    scene.world.end(twin)
    scene.life("NOR").crashed()
    scene.life("NOR").generation = 3
    scene.life("NOR").start()
    scene.share("NOR")
    scene.pull("GBR", "NOR")
    assert never_pulled.id in scene.held("GBR")


def test_h_what_may_no_longer_go_is_not_told_again(scene):
    gone, still = scene.make("NOR", Terms(level=1)), scene.make("NOR", Terms(level=0))
    scene.agree("NOR", "GBR", version=2, rules=(Rule(id="low", kinds=frozenset({"observation"}), ceiling=0),))
    scene.restore("NOR", scene.backup("NOR"), generation=2)
    scene.share("NOR")
    assert scene.decision("NOR", gone, "GBR") == (False, "NOR-GBR@2 clause low covers classification up to 0")
    assert scene.decision("NOR", still, "GBR")[0]
    scene.pull("GBR", "NOR")
    assert scene.held("GBR") == {still.id}


def test_h_a_crash_is_no_exception_that_a_node_may_catch():
    assert not issubclass(Crash, Exception)
