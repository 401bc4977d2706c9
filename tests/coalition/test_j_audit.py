"""Adversarial tests, group J: somebody edits what was decided, shows two trees, or floods the log."""

import json

import pytest
from simulation.stage import stage
from simulation.world import KEYS, PUBLIC

from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import checkpoint
from commonsky.node.audit_check import check_audit
from commonsky.node.jobs import share


@pytest.fixture
def scene(tmp_path):
    """NOR has decided a few times, and GBR and FRA have cosigned the head of its audit tree."""
    with stage(tmp_path, "NOR", "GBR", "FRA") as made:
        made.world.audited = True
        made.agree("NOR", "GBR")
        made.agree("NOR", "FRA", rules=())
        for _ in range(5):
            made.make("NOR")
        exchange(made)
        yield made


def exchange(scene, rounds=3):
    for _ in range(rounds):
        for name in scene.world.names:
            scene.share(name)
        for reader in scene.world.names:
            for giver in scene.world.names:
                if reader != giver:
                    scene.pull(reader, giver)


def found(scene, name="NOR"):
    """What a check of the audit finds: the kind of damage and its words."""
    partners = {one: PUBLIC[one] for one in scene.world.names if one != name}
    checked = check_audit(scene.life(name).store, name, PUBLIC[name], partners)
    return [(str(one.damage), one.words) for one in checked.found]


def alarms(scene, name):
    return [line.text for line in scene.life(name).store.log(1_000) if line.kind == "audit"]


def tamper(scene, *statements):
    for statement in statements:
        scene.life("NOR").query(statement)


def test_j_an_honest_log_is_whole_and_cosigned(scene):
    assert found(scene) == []
    assert {one.witness for one in scene.life("NOR").store.cosignatures()} == {"GBR", "FRA"}
    assert [alarms(scene, name) for name in scene.world.names] == [[], [], []]


def test_j_delete(scene):
    tamper(scene, "PRAGMA foreign_keys = OFF", "DELETE FROM decisions WHERE n = 3")
    assert found(scene)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE decisions SET decided_tai_s = decided_tai_s - 1 WHERE n = 3",
        "UPDATE decisions SET entry = 1, newest = 0 WHERE n = 3",
        "UPDATE rulings SET reason = 'because' WHERE n = 1",
        "UPDATE rulings SET allowed = NOT allowed WHERE n = 1",
        "UPDATE decisions SET reader = 'FRA', newest = 0 WHERE n = 3",
        "UPDATE rulings SET reader = 'FRA' WHERE n = 1",
        "UPDATE outbox SET header = replace(header, '\"count\":1', '\"count\":2') WHERE aud = 'GBR' AND seq = 1",
    ],
)
def test_j_edit(scene, edit):
    tamper(scene, edit)
    assert found(scene)


def test_j_reorder(scene):
    tamper(
        scene,
        "UPDATE decisions SET leaf = -1 WHERE n = 2",
        "UPDATE decisions SET leaf = (SELECT leaf FROM decisions WHERE n = 3) WHERE n = 2",
        "UPDATE decisions SET leaf = leaf - 1 WHERE n = 3",
    )
    assert found(scene)


def test_j_delete_and_make_the_tree_anew(scene):
    """Whoever can write the whole database cannot write what partners hold: the heads that they cosigned."""
    tamper(
        scene,
        "PRAGMA foreign_keys = OFF",
        "DELETE FROM decisions WHERE n = 3",
        "UPDATE audit_leaves SET hashes = CAST(substr(hashes, 1, 64) || substr(hashes, 97) AS BLOB)"
        " WHERE length(hashes) > 96",
    )
    assert found(scene)


def test_j_equivocate_to_two_witnesses(scene):
    """NOR shows FRA another tree than GBR: both are told by each other's cosignatures, and alarm."""
    nor = scene.life("NOR")
    ours = nor.store.last_checkpoint()
    lie = TreeHead(log="NOR", gen=nor.generation, size=ours.size, root=b"\1" * 32)
    note = checkpoint(lie, KEYS["NOR"])
    nor.store.keep_checkpoint(
        TreeHead(log="NOR", gen=nor.generation + 5, size=ours.size, root=lie.root), note, made_tai_s=nor.now()
    )
    shown = b'{"from_size":0,"note":' + json.dumps(note).encode() + b',"proof":[]}'
    nor.store.post("FRA", "checkpoint", shown, at_tai_s=nor.now())
    share(nor.node)
    scene.look()
    scene.pull("FRA", "NOR")
    assert any("with another root" in words for words in alarms(scene, "FRA"))


def test_j_flood_of_one_refused_envelope_is_counted_and_not_kept_each_time(scene):
    """A partner that sends the same rubbish a thousand times fills no disk."""
    scene.agree("GBR", "NOR")
    nor = scene.life("NOR")
    pages = nor.query("PRAGMA page_count")[0][0]
    for _ in range(200):
        scene.give("NOR", "GBR", b'{"header":"{}","signature":"00","body":"' + b"x" * 2_000 + b'"}\n')
    (kept,) = nor.store.quarantined(source="GBR")
    assert kept.times == 200
    assert nor.query("PRAGMA page_count")[0][0] - pages <= 8
    assert found(scene) == []


def test_j_flood_of_decisions_keeps_the_tree_whole(scene):
    for _ in range(40):
        scene.make("NOR", share=False)
    scene.share("NOR")
    exchange(scene, rounds=1)
    assert found(scene) == []
