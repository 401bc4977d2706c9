"""Adversarial tests, group G: clocks that are wrong, leap seconds, clocks set back."""

import pytest
from simulation.model import Rule, Terms
from simulation.stage import stage
from simulation.world import BEGIN_TAI_S

from commonsky.astro.time import tai_s_from_utc
from commonsky.node.jobs import share

LEAP = "2016-12-31T23:59:60Z"


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path) as made:
        made.agree("NOR", "GBR")
        yield made


@pytest.mark.parametrize(("skew_s", "accepted"), [(-800.0, True), (-59.0, True), (59.0, True), (61.0, False)])
def test_g_clock_skew_of_the_giver(scene, skew_s, accepted):
    """What comes from our future waits, and is taken when our own clock is there; nothing is lost by it."""
    scene.life("NOR").skew_s = skew_s
    record = scene.make("NOR")
    scene.pull("GBR", "NOR")
    assert (record.id in scene.held("GBR")) == accepted
    scene.wait(max(0.0, skew_s))
    scene.pull("GBR", "NOR")
    assert record.id in scene.held("GBR")


def test_g_clock_skew_beyond_the_window_of_requests(scene):
    scene.make("NOR")
    scene.life("GBR").skew_s = 1_000.0
    assert "refused" in scene.pull("GBR", "NOR")
    scene.life("GBR").skew_s = 0.0
    scene.pull("GBR", "NOR")
    assert len(scene.held("GBR")) == 1


def test_g_an_expired_label_is_refused_by_the_givers_own_clock(scene):
    record = scene.make("NOR", Terms(expires=BEGIN_TAI_S + 10.0), share=False)
    scene.life("NOR").skew_s = 10.0
    scene.share("NOR")
    assert scene.decision("NOR", record, "GBR") == (False, "NOR-GBR@1 NOR's label has expired")


def test_g_leap_second(scene):
    """An agreement that ends in a leap second is in force until it begins, and not from then on."""
    end_tai_s = tai_s_from_utc(LEAP)
    assert end_tai_s - tai_s_from_utc("2016-12-31T23:59:59Z") == 1.0
    assert tai_s_from_utc("2017-01-01T00:00:00Z") - end_tai_s == 1.0
    scene.agree("NOR", "GBR", version=2, begins=end_tai_s - 1e6, ends=end_tai_s)
    scene.world.now_tai_s = end_tai_s - 0.5
    for life in scene.world.every_life():  # back to before the leap second: a world that began then
        life.crashed()
        life.disk.format(life.path / "node.sqlite")
        life.seen.clear()
        life.start()
    before = scene.make("NOR")
    scene.wait(0.5)
    after = scene.make("NOR")
    assert scene.decision("NOR", before, "GBR")[0]
    assert scene.decision("NOR", after, "GBR") == (False, "NOR-GBR@2 ended at 2016-12-31T23:59:60.000Z")


@pytest.mark.parametrize("restart", ["no restart", "restart", "crash before the time is noted"])
def test_g_clock_set_back_revives_no_expired_label(scene, restart):
    """The latest time that a node has acted by stays, over restarts as well."""
    life = scene.life("NOR")
    expired = scene.make("NOR", Terms(expires=BEGIN_TAI_S + 100.0), share=False)
    scene.wait(200.0)
    share(life.node)
    scene.look()
    assert scene.decision("NOR", expired, "GBR") == (False, "NOR-GBR@1 NOR's label has expired")
    if restart == "restart":
        scene.share("NOR")
    life.skew_s = -150.0
    if restart != "no restart":
        life.crashed()
        life.start()
    scene.agree("NOR", "GBR", version=2)
    scene.share("NOR")
    assert scene.decision("NOR", expired, "GBR") == (False, "NOR-GBR@2 NOR's label has expired")


def test_g_clock_set_back_revives_no_ended_agreement(scene):
    scene.agree("NOR", "GBR", version=2, ends=BEGIN_TAI_S + 100.0)
    scene.wait(200.0)
    scene.share("NOR")
    life = scene.life("NOR")
    life.crashed()
    life.skew_s = -150.0
    life.start()
    record = scene.make("NOR")
    assert scene.decision("NOR", record, "GBR")[0] is False


def test_g_clock_set_back_brings_no_delayed_record_earlier(scene):
    scene.agree(
        "NOR", "GBR", version=2, rules=(Rule(id="late", kinds=frozenset({"observation"}), delay_s=5_000.0),)
    )
    record = scene.make("NOR")
    assert scene.decision("NOR", record, "GBR")[0] is False
    scene.wait(5_100.0)
    scene.share("NOR")
    assert scene.decision("NOR", record, "GBR")[0]
