"""Adversarial tests, group C: documents that say less than they seem to, rules that fail, agreements that overlap."""

import dataclasses

import pytest
from simulation.model import LEAVABLE, Rule, Terms
from simulation.stage import EVERYTHING, stage
from simulation.world import BEGIN_TAI_S, document

from commonsky.node import jobs
from commonsky.sharing import Facets

OBSERVATIONS = Rule(id="seen", kinds=frozenset({"observation"}))


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path) as made:
        yield made


def withholding(**limits):
    return Rule(id="not", kinds=frozenset(LEAVABLE), withholds=True, **limits)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("effect", "efect"),
        ("kinds", "kind"),
        ("objects", "objekts"),
        ('effect = "withhold"', 'effect = "withold"'),
        ("[[clause]]", "[[clauses]]"),
        ("readers", "reader"),
        ('"observation"', '"observations"'),
    ],
)
def test_c_schema_typo_stops_all_release(scene, right, wrong):
    """A restriction that is misspelled must not be a restriction that is missing."""
    deal = scene.agree("NOR", "GBR", rules=(OBSERVATIONS, withholding(objects=frozenset({"25544"}))))
    file = scene.life("NOR").path / "agreements" / f"{deal.id}.v1.toml"
    text = document(deal)
    assert right in text
    file.write_text(text.replace(right, wrong, 1))
    record = scene.make("NOR", share=False)
    jobs.share(scene.life("NOR").node)
    assert scene.decision("NOR", record, "GBR") == (False, "no decision")
    assert "nothing is released" in scene.life("NOR").store.log(10)[-1].text
    file.write_text(text)
    scene.share("NOR")
    assert scene.decision("NOR", record, "GBR")[1] != "no decision"


def test_c_a_withholding_rule_that_cannot_be_evaluated_withholds(scene):
    """A forbid that errors must not disappear: nobody knows of what object this is, so it may be the forbidden one."""
    scene.agree("NOR", "GBR", rules=(OBSERVATIONS, withholding(regimes=frozenset({"GEO"}))))
    record = scene.make("NOR")
    assert scene.decision("NOR", record, "GBR") == (False, "NOR-GBR@1 clause not withholds it")


def test_c_a_rule_that_raises_refuses(scene, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("a rule with a mistake")

    monkeypatch.setattr(Facets, "epoch_tai_s", property(broken))
    scene.agree("NOR", "GBR", rules=(dataclasses.replace(OBSERVATIONS, delay_s=1.0),))
    record = scene.make("NOR", share=False)
    jobs.share(scene.life("NOR").node)
    allowed, reason = scene.decision("NOR", record, "GBR")
    assert not allowed
    assert "could not be evaluated" in reason


@pytest.mark.parametrize(
    "limits",
    [
        {"objects": frozenset({"25544", "40001", "90001"})},
        {"regimes": frozenset({"LEO", "MEO", "GEO", "HEO"})},
        {"region": (-90.0, 90.0, -180.0, 180.0)},
        {"floor_m": 1.0},
    ],
    ids=lambda limits: next(iter(limits)),
)
def test_c_missing_attribute(scene, limits):
    """What the record does not tell is not taken to be inside, however wide the limits are."""
    scene.agree("NOR", "GBR", rules=(dataclasses.replace(OBSERVATIONS, **limits),))
    told = [scene.make("NOR") for _ in range(12)]
    allowed = [one for one in told if scene.decision("NOR", one, "GBR")[0]]
    assert all("objects" in limits and one.content.target for one in allowed)
    assert any(one.content.target is None for one in told)


@pytest.mark.parametrize(
    ("after_s", "released"), [(-1.0, True), (-0.001, True), (0.0, False), (0.001, False)]
)
def test_c_agreement_expires_at_the_exact_second(scene, after_s, released):
    scene.agree("NOR", "GBR", ends=BEGIN_TAI_S + 100.0)
    scene.wait(100.0 + after_s)
    assert scene.decision("NOR", scene.make("NOR"), "GBR")[0] == released


@pytest.mark.parametrize(("after_s", "released"), [(-0.001, False), (0.0, True)])
def test_c_agreement_begins_at_the_exact_second(scene, after_s, released):
    scene.agree("NOR", "GBR", begins=BEGIN_TAI_S + 100.0)
    record = scene.make("NOR")
    scene.wait(100.0 + after_s)
    scene.share("NOR")
    assert scene.decision("NOR", record, "GBR")[0] == released


def test_c_policy_changed_in_the_middle_of_a_batch(scene, monkeypatch):
    """No batch is decided under agreements that have changed since: what is left waits, and is decided by the new."""
    monkeypatch.setattr(jobs, "RECORDS_PER_ENVELOPE", 2)
    scene.agree("NOR", "GBR", rules=(EVERYTHING,))
    records = [scene.make("NOR", share=False) for _ in range(6)]
    nor, decided = scene.life("NOR"), []
    real = jobs._decide_and_seal

    def changed_after_the_first(node, tx, reader, due, shelf):
        decided.append(reader)
        made = real(node, tx, reader, due, shelf)
        if len(decided) == 1:
            scene.agree("NOR", "GBR", version=2, rules=(withholding(),))
        return made

    monkeypatch.setattr(jobs, "_decide_and_seal", changed_after_the_first)
    jobs.share(nor.node)
    allowed = nor.query("SELECT count(*) FROM outbox WHERE aud = 'GBR'")[0][0]
    assert allowed == 1
    jobs.share(nor.node)
    assert [scene.decision("NOR", one, "GBR")[0] for one in records] == [True] * 2 + [False] * 4


@pytest.mark.parametrize("open_first", [True, False])
def test_c_two_agreements_overlap_and_what_one_withholds_stays(scene, open_first):
    names = ("a-open", "b-closed") if open_first else ("b-open", "a-closed")
    scene.agree("NOR", "GBR", id=names[0], rules=(EVERYTHING,))
    scene.agree("NOR", "GBR", id=names[1], rules=(withholding(),))
    record = scene.make("NOR")
    assert scene.decision("NOR", record, "GBR") == (False, f"{names[1]}@1 clause not withholds it")


def test_c_cycle_of_onward_permissions(scene):
    """NOR to GBR to FRA and back to NOR: everybody has it once, and nobody gets its own back."""
    for giver, reader in (("NOR", "GBR"), ("GBR", "FRA"), ("FRA", "NOR"), ("FRA", "GBR")):
        scene.agree(giver, reader, onward=True)
    record = scene.make("NOR")
    scene.peace()
    assert scene.held("GBR") == scene.held("FRA") == {record.id}
    assert scene.held("NOR") == set()
    scene.peace()


def test_c_a_third_party_needs_the_originators_leave_and_the_agreements(scene):
    scene.agree("NOR", "GBR")
    scene.agree("GBR", "FRA", onward=False)
    record = scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.agree("GBR", "FRA", version=2, onward=True)
    not_onward = scene.make("NOR", Terms(onward=False))
    scene.pull("GBR", "NOR")
    scene.share("GBR")
    assert scene.decision("GBR", record, "FRA")[0]
    assert scene.decision("GBR", not_onward, "FRA") == (False, "GBR-FRA@2 NOR does not allow onward release")


def test_c_downgrade_to_an_older_version(scene):
    """An older version that somebody puts back, or signs anew, has no force beside the newer one."""
    old = scene.agree("NOR", "GBR", rules=(EVERYTHING,))
    scene.agree("NOR", "GBR", version=2, rules=(withholding(),))
    nor = scene.life("NOR")
    nor.take_away("NOR-GBR.v1.toml")
    nor.put("NOR-GBR.v1.toml", old)
    assert scene.decision("NOR", scene.make("NOR"), "GBR")[0] is False


def test_c_two_documents_with_one_reference_stop_all_release(scene):
    deal = scene.agree("NOR", "GBR")
    other = dataclasses.replace(deal, rules=(withholding(),))
    (scene.life("NOR").path / "agreements" / "zz.toml").write_text(document(other))
    record = scene.make("NOR", share=False)
    jobs.share(scene.life("NOR").node)
    assert scene.decision("NOR", record, "GBR") == (False, "no decision")
