"""Adversarial tests, group K: many partners, one of them slow. Speeds are measured in ``bench/links.py`` and others.

Here is what must hold at any speed: nobody waits for another, and nothing grows with who does not come.
"""

import pytest
from simulation.model import Rule, Terms
from simulation.stage import EVERYTHING, stage
from simulation.world import NAMES

from commonsky.node.jobs import RECORDS_PER_ENVELOPE

PARTNERS = NAMES[1:]


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path, *NAMES) as made:
        yield made


def test_k_one_slow_peer_keeps_nobody_waiting(scene):
    """One partner never asks and one gets an envelope at a time; all others are level with the giver at each step."""
    for name in PARTNERS:
        scene.agree("NOR", name)
    never, slow, *quick = PARTNERS
    for number in range(1, 13):
        scene.make("NOR")
        for name in quick:
            scene.pull(name, "NOR")
            assert len(scene.held(name)) == number
        if number % 4 == 0:
            scene.pull(slow, "NOR", fault="one at a time")
    assert scene.held(never) == set()
    scene.peace()
    assert len(scene.held(never)) == len(scene.held(slow)) == 12


def test_k_many_records_for_many_partners_are_decided_as_one_by_one(scene):
    """Whatever goes in one batch: the model has looked at each decision of it by itself."""
    kinds = frozenset({"observation"})
    rules = [
        (EVERYTHING,),
        (Rule(id="some", kinds=kinds, objects=frozenset({"25544"})),),
        (EVERYTHING, Rule(id="not", kinds=kinds, withholds=True, sensors=frozenset({"NOR-RADAR-1"}))),
        (Rule(id="low", kinds=kinds, ceiling=0),),
    ]
    for name, its in zip(PARTNERS, rules, strict=True):
        scene.agree("NOR", name, rules=its)
    for number in range(150):
        scene.make(
            "NOR",
            Terms(level=number % 3, readers=None if number % 2 else frozenset(PARTNERS[:2])),
            share=False,
        )
    scene.share("NOR")
    decided = scene.life("NOR").query("SELECT count(*) FROM decisions")[0][0]
    assert decided == 150 * len(PARTNERS)
    scene.peace()


def test_k_an_envelope_is_of_bounded_size(scene):
    scene.agree("NOR", "GBR")
    records = [scene.make("NOR", share=False) for _ in range(30)]
    scene.share("NOR")
    (count,) = scene.life("NOR").query("SELECT count(*) FROM outbox WHERE aud = 'GBR'")[0]
    assert count == 1
    assert len(records) < RECORDS_PER_ENVELOPE
