"""Nodes sign heads of their audit trees, cosign those of partners, and find out who shows two trees."""

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from commonsky.domain import NoticeKind
from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import checkpoint, cosigned_unix_s, open_checkpoint
from commonsky.federation.witness import CheckpointShown, Standing
from commonsky.node import jobs
from commonsky.node.audit import make_checkpoint


@pytest.fixture
def begun(coalition, rehearsal):
    """A coalition of which every member has decided something, and signed it."""
    file = next(one for one in rehearsal.files if one.member == "AUR")
    coalition.deliver(file)
    for node in coalition.nodes.values():
        jobs.share(node)
    assert make_checkpoint(coalition.nodes["AUR"])
    exchange(coalition)
    return coalition


def exchange(coalition, rounds=3):
    for _ in range(rounds):
        for node in coalition.nodes.values():
            jobs.share(node)
        coalition.exchange()


def decide_more(coalition, rehearsal, member="AUR"):
    later = [one for one in rehearsal.files if one.member == member and one.at_tai_s > coalition.now_tai_s]
    coalition.deliver(later[0])


def alarms(node):
    return [line.text for line in node.store.log(1_000) if line.kind == "audit"]


def test_every_partner_cosigns_a_checkpoint_and_the_owner_keeps_the_cosignatures(begun):
    aur = begun.nodes["AUR"]
    [ours] = aur.store.checkpoints()
    assert ours.root == aur.store.audit_root(ours.size)
    kept = aur.store.cosignatures()
    assert {one.witness for one in kept} == set(begun.nodes) - {"AUR"}
    keys = aur.keys()
    for one in kept:
        assert open_checkpoint(one.note, "AUR", aur.key.public_key()).size == ours.size
        assert cosigned_unix_s(one.note, one.witness, keys[one.witness]) == one.signed_unix_s
    assert all(alarms(node) == [] for node in begun.nodes.values())


def test_cosigning_goes_on_with_a_proof_and_everybody_agrees(begun, rehearsal):
    aur, bor = begun.nodes["AUR"], begun.nodes["BOR"]
    decide_more(begun, rehearsal)
    second = make_checkpoint(aur)
    exchange(begun)
    heads = bor.store.heads("AUR")
    assert {one.standing for one in heads if one.told_by == "AUR"} == {Standing.FIRST, Standing.NEXT}
    assert {one.standing for one in heads if one.told_by != "AUR"} == {Standing.AGREED}
    assert bor.store.last_head("AUR", standings={Standing.NEXT}).head == second
    assert all(alarms(node) == [] for node in begun.nodes.values())


def test_talk_about_checkpoints_comes_to_rest(begun):
    exchange(begun)
    before = {member: node.store.audit_size() for member, node in begun.nodes.items()}
    begun.now_tai_s += 1e6
    for _ in range(3):
        for node in begun.nodes.values():
            jobs.checkpoint_when_due(node)
        exchange(begun)
    first = {m: node.store.audit_size() for m, node in begun.nodes.items()}
    for node in begun.nodes.values():
        assert jobs.checkpoint_when_due(node) is None
    exchange(begun)
    assert {m: node.store.audit_size() for m, node in begun.nodes.items()} == first
    assert before.keys() == first.keys()


def test_a_checkpoint_is_due_after_time_or_many_decisions(begun, rehearsal):
    aur = begun.nodes["AUR"]
    assert jobs.checkpoint_when_due(aur) is None
    decide_more(begun, rehearsal)
    made = aur.store.last_checkpoint().made_tai_s
    begun.now_tai_s = max(begun.now_tai_s, made)
    aur.config = replace(aur.config, audit=replace(aur.config.audit, every_s=1e9))
    assert jobs.checkpoint_when_due(aur) is None
    aur.config = replace(aur.config, audit=replace(aur.config.audit, every_decisions=1))
    assert jobs.checkpoint_when_due(aur) is not None
    assert jobs.checkpoint_when_due(aur) is None


def show(node, reader, head, *, from_size=0, proof=()):
    """Show a head to one partner alone, as a dishonest owner would."""
    shown = CheckpointShown(note=checkpoint(head, node.key), from_size=from_size, proof=proof)
    node.store.post(reader, NoticeKind.CHECKPOINT, msgspec.json.encode(shown), at_tai_s=node.now_tai_s())


def test_a_log_that_shows_two_partners_two_trees_is_found_out_by_both(begun):
    aur, bor, cal = (begun.nodes[member] for member in ("AUR", "BOR", "CAL"))
    last = aur.store.last_checkpoint()
    gen, size = last.gen + 1, 7
    show(aur, "BOR", TreeHead(log="AUR", gen=gen, size=size, root=bytes(32)))
    show(aur, "CAL", TreeHead(log="AUR", gen=gen, size=size, root=bytes([1] * 32)))
    exchange(begun)
    for node in (bor, cal):
        assert any(Standing.CONTRADICTION in words for words in alarms(node)), node.id
        evidence = node.store.heads("AUR")
        assert {one.head.root for one in evidence if one.head.size == size} == {bytes(32), bytes([1] * 32)}
        for one in evidence:
            assert open_checkpoint(one.note, "AUR", node.keys()["AUR"]) == one.head


def test_a_rewritten_tree_is_not_cosigned(begun):
    aur, bor = begun.nodes["AUR"], begun.nodes["BOR"]
    last = aur.store.last_checkpoint()
    forged = TreeHead(log="AUR", gen=last.gen, size=last.size + 9, root=bytes(32))
    show(aur, "BOR", forged, from_size=last.size, proof=(bytes(32),) * 4)
    exchange(begun)
    assert any(Standing.DISPROVEN in words for words in alarms(bor))
    assert bor.store.last_head("AUR", standings={Standing.FIRST, Standing.NEXT}).head.size == last.size
    assert {one.size for one in aur.store.cosignatures()} == {last.size}


def test_a_head_that_was_kept_from_us_is_found_out_when_the_log_goes_on(begun, rehearsal):
    aur, bor = begun.nodes["AUR"], begun.nodes["BOR"]
    last = aur.store.last_checkpoint()
    proof = aur.store.audit_consistency(last.size, last.size + 1)
    hidden = TreeHead(log="AUR", gen=last.gen, size=last.size + 1, root=aur.store.audit_root(last.size + 1))
    show(aur, "CAL", hidden, from_size=last.size, proof=proof)
    exchange(begun)
    assert alarms(bor) == []
    decide_more(begun, rehearsal)
    make_checkpoint(aur)
    exchange(begun)
    assert any(Standing.NEVER_SHOWN in words for words in alarms(bor))


def test_a_witness_that_cannot_judge_asks_and_is_given_a_proof(begun, rehearsal):
    aur, bor = begun.nodes["AUR"], begun.nodes["BOR"]
    decide_more(begun, rehearsal)
    first = aur.store.last_checkpoint()
    head = make_checkpoint(aur)
    [waiting] = aur.store.unsealed("BOR", 10)
    lacking = msgspec.json.encode({**msgspec.json.decode(waiting.content), "from_size": 1, "proof": []})
    with aur.store._writing() as connection:
        connection.execute(
            text("UPDATE notices_out SET content = :content WHERE n = :n"),
            {"content": lacking.decode(), "n": waiting.n},
        )
    exchange(begun)
    assert bor.store.last_head("AUR", standings={Standing.NEXT}).head == head
    assert {one.size for one in aur.store.cosignatures() if one.witness == "BOR"} == {first.size, head.size}


def test_an_owner_that_was_set_back_learns_it_from_its_witness(begun):
    aur = begun.nodes["AUR"]
    with aur.store._writing() as connection:
        connection.execute(text("DELETE FROM audit_checkpoints"))
        connection.execute(text("DELETE FROM audit_cosignatures"))
    [told] = aur.store.told("BOR", NoticeKind.COSIGNATURE)
    aur.store.mark_obeyed(told.n, None)
    jobs.obey_notices(aur)
    assert any("does not hold" in words for words in alarms(aur))


def test_a_word_that_is_not_cosigned_by_who_sends_it_is_refused(begun):
    bor, cal = begun.nodes["BOR"], begun.nodes["CAL"]
    [told] = cal.store.told("BOR", NoticeKind.COSIGNATURE)
    cal.store.post("BOR", NoticeKind.COSIGNATURE, told.content, at_tai_s=begun.now_tai_s)
    exchange(begun)
    outcomes = [one.outcome for one in bor.store.told("CAL", NoticeKind.COSIGNATURE)]
    assert "refused: CAL has not cosigned what it says that it has" in outcomes
