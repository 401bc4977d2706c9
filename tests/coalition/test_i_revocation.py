"""Adversarial tests, group I: a member leaves, is put out, is cut off, rejoins; what it holds and passed on."""

import pytest
from simulation.model import Terms
from simulation.stage import stage
from simulation.world import BEGIN_TAI_S, KEYS

from commonsky.domain import ActKind
from commonsky.node.audit_check import check_audit
from commonsky.node.holdings import debts, receipts


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path, "NOR", "GBR", "FRA") as made:
        yield made


def bodies(scene, name, source):
    """Contents that a member holds from a partner; an empty one is deleted."""
    return [body for (body,) in scene.life(name).query("SELECT body FROM records WHERE source = ?", source)]


def locked(scene, name):
    return scene.life(name).query("SELECT agreement FROM holdings WHERE locked_tai_s IS NOT NULL")


def test_i_withdrawal_deletes_what_came_and_the_receipt_settles_the_debt(scene):
    deal = scene.agree("NOR", "GBR")
    scene.agree("GBR", "NOR")
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    assert all(bodies(scene, "GBR", "NOR"))
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    assert [one.reader for one in debts(scene.life("NOR").node)] == ["GBR"]
    scene.pull("GBR", "NOR")
    assert bodies(scene, "GBR", "NOR") == [b""]
    scene.share("GBR")
    scene.pull("NOR", "GBR")
    assert list(debts(scene.life("NOR").node)) == []
    assert receipts(scene.life("NOR").node, "GBR")[deal.reference].records == 1


def test_i_what_comes_after_a_reader_left_is_deleted_as_it_comes(scene):
    """Its giver has not heard yet: each envelope that is still on its way is emptied, and the receipt counts it."""
    deal = scene.agree("NOR", "GBR")
    scene.agree("GBR", "NOR")
    scene.declare("GBR", ActKind.WITHDRAW, deal)
    for number in (1, 2):
        scene.make("NOR")
        scene.pull("GBR", "NOR")
        assert bodies(scene, "GBR", "NOR") == [b""] * number
    scene.share("GBR")
    scene.pull("NOR", "GBR")
    assert receipts(scene.life("NOR").node, "GBR")[deal.reference].records == 2


def test_i_deletion_receipt_missing_is_a_visible_debt(scene):
    """A reader that says nothing owes a receipt, for as long as it says nothing."""
    deal = scene.agree("NOR", "GBR")
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    scene.wait(1e6)
    (debt,) = debts(scene.life("NOR").node)
    assert (debt.reader, debt.agreement, debt.records) == ("GBR", deal.reference, 1)


@pytest.mark.parametrize("count", range(1, 9))
def test_i_peer_leaves_in_the_middle_of_a_batch(scene, count):
    """However far a batch and its reader's machine came: after it, nothing goes on under what is withdrawn."""
    deal = scene.agree("NOR", "GBR")
    scene.agree("GBR", "FRA", onward=True)
    for _ in range(3):
        scene.make("NOR")
    gbr = scene.life("GBR")
    gbr.disk.crash_after(count, "commit")
    scene.pull("GBR", "NOR")
    gbr.disk.mend()
    if gbr.node is None:
        gbr.start()
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    scene.pull("GBR", "NOR")
    scene.share("GBR")
    assert set(bodies(scene, "GBR", "NOR")) <= {b""}
    late = scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.pull("FRA", "GBR")
    assert late.id not in scene.held("GBR") | scene.held("FRA")


def test_i_revoked_while_cut_off_the_lease_runs_out_and_the_readers_own_node_locks(scene):
    deal = scene.agree("NOR", "GBR", lease_s=1_000.0)
    scene.agree("GBR", "FRA", onward=True)
    seen = scene.make("NOR")
    scene.pull("GBR", "NOR")
    derived = scene.derive("GBR", seen, scene.make("GBR", share=False))
    gbr = scene.life("GBR")
    gbr.store.cut("NOR", at_tai_s=gbr.now())
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    scene.wait(1_200.0)
    scene.share("GBR")
    assert locked(scene, "GBR") == [(deal.reference,)]
    scene.agree("GBR", "FRA", id="later", onward=True)
    scene.share("GBR")
    assert scene.life("GBR").query("SELECT id FROM locked_records") == [(derived.id,)]
    assert bodies(scene, "GBR", "NOR") != [b""]
    gbr.store.restore("NOR", at_tai_s=gbr.now())
    scene.pull("GBR", "NOR")
    assert bodies(scene, "GBR", "NOR") == [b""]


def test_i_a_lapsed_lease_frees_nothing_by_a_clock_set_back(scene):
    scene.agree("NOR", "GBR", lease_s=1_000.0)
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.wait(1_200.0)
    gbr = scene.life("GBR")
    scene.share("GBR")
    assert locked(scene, "GBR")
    gbr.crashed()
    gbr.skew_s = -1_150.0
    gbr.start()
    scene.share("GBR")
    assert locked(scene, "GBR")


def test_i_a_renewal_frees_what_a_lapsed_lease_locked(scene):
    scene.agree("NOR", "GBR", lease_s=1_000.0)
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.wait(1_200.0)
    scene.share("GBR")
    assert locked(scene, "GBR")
    scene.share("NOR")
    scene.pull("GBR", "NOR")
    scene.share("GBR")
    assert locked(scene, "GBR") == []


def test_i_what_was_locked_and_is_free_again_goes_on_without_anything_new(scene):
    """It became due while it was locked, and nobody was asked about it: it must not be forgotten."""
    scene.agree("NOR", "GBR", lease_s=1_000.0)
    scene.agree("GBR", "FRA", onward=True, begins=BEGIN_TAI_S + 1_100.0)
    seen = scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.wait(1_200.0)
    scene.share("GBR")
    assert not scene.decision("GBR", seen, "FRA")[0]
    scene.share("NOR")
    scene.pull("GBR", "NOR")
    assert scene.decision("GBR", seen, "FRA")[0]


def test_i_onward_copies_are_listed(scene):
    """The receipt names who else has copies, and how many."""
    deal = scene.agree("NOR", "GBR")
    scene.agree("GBR", "FRA", onward=True)
    scene.agree("GBR", "NOR")
    scene.make("NOR")
    scene.make("NOR", Terms(onward=False))
    scene.pull("GBR", "NOR")
    scene.share("GBR")
    scene.pull("FRA", "GBR")
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    scene.pull("GBR", "NOR")
    scene.share("GBR")
    scene.pull("NOR", "GBR")
    receipt = receipts(scene.life("NOR").node, "GBR")[deal.reference]
    assert (receipt.records, receipt.passed_on) == (2, {"FRA": 1})


def test_i_a_suspension_locks_and_a_resumption_frees(scene):
    deal = scene.agree("NOR", "GBR")
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.declare("GBR", ActKind.SUSPEND, deal)
    assert locked(scene, "GBR") == [(deal.reference,)]
    scene.pull("NOR", "GBR")
    kept_back = scene.make("NOR")
    assert scene.decision("NOR", kept_back, "GBR") == (False, "no decision")
    scene.wait(2.0)
    scene.declare("GBR", ActKind.RESUME, deal)
    assert locked(scene, "GBR") == []
    scene.peace()
    assert kept_back.id in scene.held("GBR")


@pytest.mark.parametrize("kind", [ActKind.WITHDRAW, ActKind.SUSPEND])
def test_i_what_was_sealed_before_an_agreement_ended_does_not_leave_after_it(scene, kind):
    """Its header does, with a signed word in the place of its body; so the feed goes on, and tells of the end."""
    deal = scene.agree("NOR", "GBR")
    scene.make("NOR")
    scene.declare("NOR", kind, deal)
    scene.pull("GBR", "NOR")
    assert bodies(scene, "GBR", "NOR") == []
    scene.agree("NOR", "GBR", id="later")
    after = scene.make("NOR")
    scene.peace()
    assert after.id in scene.held("GBR")
    checked = check_audit(scene.life("NOR").store, "NOR", KEYS["NOR"].public_key(), {})
    assert checked.found == ()


def test_i_what_another_agreement_still_releases_comes_in_another_envelope(scene):
    deal = scene.agree("NOR", "GBR", id="a")
    scene.agree("NOR", "GBR", id="b")
    sealed = scene.make("NOR")
    assert scene.decision("NOR", sealed, "GBR")[1].startswith(deal.reference)
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    for _ in range(2):
        scene.pull("GBR", "NOR")
        scene.share("NOR")
    assert scene.life("GBR").query("SELECT agreement FROM records WHERE source = 'NOR'") == [("b@1",)]


def test_i_what_was_withheld_while_an_agreement_rested_comes_when_it_is_resumed(scene):
    deal = scene.agree("NOR", "GBR")
    sealed = scene.make("NOR")
    scene.declare("NOR", ActKind.SUSPEND, deal)
    scene.pull("GBR", "NOR")
    assert sealed.id not in scene.held("GBR")
    scene.wait(2.0)
    scene.declare("NOR", ActKind.RESUME, deal)
    scene.peace()
    assert sealed.id in scene.held("GBR")


@pytest.mark.parametrize("count", range(1, 4))
def test_i_a_crash_while_bodies_are_withheld_lets_none_out(scene, count):
    deal = scene.agree("NOR", "GBR")
    for _ in range(3):
        scene.make("NOR")
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    nor = scene.life("NOR")
    nor.disk.crash_after(count, "commit")
    scene.pull("GBR", "NOR")
    nor.disk.mend()
    if nor.node is None:
        nor.start()
    scene.peace()
    assert bodies(scene, "GBR", "NOR") == []


def test_i_a_document_that_cannot_be_read_keeps_back_what_may_have_ended(scene):
    deal = scene.agree("NOR", "GBR")
    sealed = scene.make("NOR")
    document = scene.life("NOR").path / "agreements" / f"{deal.id}.v1.toml"
    text = document.read_text()
    document.write_text("giver =")
    scene.pull("GBR", "NOR")
    assert sealed.id not in scene.held("GBR")
    document.write_text(text)
    scene.pull("GBR", "NOR")
    assert sealed.id in scene.held("GBR")


@pytest.mark.parametrize("by", ["NOR", "GBR"])
def test_i_what_is_withdrawn_stays_withdrawn(scene, by):
    """No later word brings it back: neither a resumption, nor signing anew, nor an older copy of the document."""
    deal = scene.agree("NOR", "GBR")
    scene.declare(by, ActKind.WITHDRAW, deal)
    other = "GBR" if by == "NOR" else "NOR"
    scene.pull(other, by)
    for kind in (ActKind.RESUME, ActKind.SUSPEND):
        scene.declare("NOR", kind, deal)
    assert scene.decision("NOR", scene.make("NOR"), "GBR")[0] is False


@pytest.mark.parametrize("old_document", ["kept", "lost"])
def test_i_rejoin_with_a_new_generation(scene, old_document):
    """A member that left comes back under a new agreement, its node rebuilt: it gets what it may have from now on.

    Without the old document it cannot judge the old envelopes; its partner begins a new generation, without them.
    """
    deal = scene.agree("NOR", "GBR")
    scene.make("NOR")
    scene.pull("GBR", "NOR")
    scene.declare("NOR", ActKind.WITHDRAW, deal)
    scene.pull("GBR", "NOR")
    gbr = scene.life("GBR")
    gbr.crashed()
    gbr.disk.format(gbr.path / "node.sqlite")
    gbr.seen.clear()
    gbr.acknowledged.clear()
    gbr.generation = 2
    if old_document == "lost":
        gbr.take_away("NOR-GBR.v1.toml")
        scene.restore("NOR", scene.backup("NOR"), generation=2)
    gbr.start()
    scene.agree("NOR", "GBR", id="again")
    after = scene.make("NOR")
    for _ in range(2):
        scene.pull("GBR", "NOR")
    held = {
        name for name, body in gbr.query("SELECT id, body FROM records WHERE source = 'NOR'") if body != b""
    }
    assert after.id in held
