"""A witness cosigns a log only while each head is the beginning of the next, and nobody can show two trees for long."""

from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.domain.tree_head import TreeHead
from commonsky.federation.witness import (
    VERDICTS,
    CheckpointShown,
    Standing,
    Verdict,
    contradicts,
    settled,
    standing,
)
from commonsky.sharing.merkle import consistency_proof, leaf_hash
from partners import GIVER
from rfc6962 import mth

LEAVES = [leaf_hash(b"%d" % k) for k in range(60)]
OTHERS = LEAVES[:7] + [leaf_hash(b"rewritten %d" % k) for k in range(7, 60)]


def head(size, leaves=LEAVES, gen=1):
    return TreeHead(log=GIVER, gen=gen, size=size, root=mth(leaves[:size]))


def shown(size, before=0, leaves=LEAVES):
    def node(level, position):
        return mth(leaves[position << level : (position + 1) << level])

    proof = consistency_proof(before, size, node) if before else ()
    return CheckpointShown(note="", from_size=before, proof=proof)


class Witness:
    """All that a witness remembers of one log."""

    def __init__(self):
        self.last = self.first = None
        self.roots = {}

    def sees(self, new, proof):
        stands = standing(new, proof, last=self.last, seen=lambda *place: self.roots.get(place))
        if VERDICTS[stands] in {Verdict.COSIGN, Verdict.COSIGN_AND_TELL}:
            self.first = self.first or new
            self.last = new
        self.roots.setdefault((new.gen, new.size), new.root)
        return stands


def test_every_standing_has_a_verdict():
    assert set(VERDICTS) == set(Standing)


def test_an_honest_log_is_cosigned_all_along():
    witness = Witness()
    assert witness.sees(head(5), shown(5)) is Standing.FIRST
    assert witness.sees(head(6), shown(6, 5)) is Standing.NEXT
    assert witness.sees(head(6), shown(6, 5)) is Standing.SAME
    assert witness.sees(head(40), shown(40, 6)) is Standing.NEXT
    assert witness.sees(head(6), shown(6, 5)) is Standing.EARLIER


def test_a_rewritten_past_is_disproven_and_a_second_root_contradicts():
    witness = Witness()
    witness.sees(head(10), shown(10))
    assert witness.sees(head(20, OTHERS), shown(20, 10, OTHERS)) is Standing.DISPROVEN
    assert witness.sees(head(10, OTHERS), shown(10, 0, OTHERS)) is Standing.CONTRADICTION
    assert witness.last == head(10)


def test_a_truncated_log_is_found_out():
    witness = Witness()
    witness.sees(head(10), shown(10))
    witness.sees(head(20), shown(20, 10))
    assert witness.sees(head(12), shown(12, 10)) is Standing.NEVER_SHOWN


def test_a_proof_from_another_size_is_asked_for_again():
    witness = Witness()
    witness.sees(head(10), shown(10))
    assert VERDICTS[witness.sees(head(30), shown(30, 20))] is Verdict.ASK
    assert VERDICTS[witness.sees(head(30), shown(30))] is Verdict.ASK
    assert witness.sees(head(30), shown(30, 10)) is Standing.NEXT


def test_a_new_generation_begins_anew_and_the_old_one_has_ended():
    witness = Witness()
    witness.sees(head(10), shown(10))
    assert witness.sees(head(8, OTHERS, gen=2), shown(8)) is Standing.NEW_GENERATION
    assert witness.sees(head(12), shown(12, 10)) is Standing.OLD_GENERATION
    assert witness.sees(head(10, OTHERS), shown(10)) is Standing.CONTRADICTION


def test_two_witnesses_that_were_shown_two_trees_find_out_when_they_tell_each_other():
    one, other = Witness(), Witness()
    assert one.sees(head(10), shown(10)) is Standing.FIRST
    assert other.sees(head(10, OTHERS), shown(10)) is Standing.FIRST
    assert contradicts(one.last, lambda *place: other.roots.get(place))
    assert contradicts(other.last, lambda *place: one.roots.get(place))


def test_two_trees_of_other_sizes_are_found_out_when_the_log_has_gone_on():
    witness = Witness()
    for size, before in ((9, 0), (12, 9)):
        witness.sees(head(size), shown(size, before))

    def told(heard):
        root = witness.roots.get((heard.gen, heard.size))
        return settled(heard, first=witness.first, last=witness.last, shown_root=root)

    assert told(head(10)) is told(head(11, OTHERS)) is Standing.NEVER_SHOWN
    assert told(head(9)) is told(head(12)) is Standing.AGREED
    assert told(head(12, OTHERS)) is Standing.CONTRADICTION
    assert told(head(13)) is told(head(10, gen=2)) is Standing.HEARD
    assert told(head(5)) is Standing.BEFORE_OURS


@settings(max_examples=60)
@given(st.data())
def test_no_order_of_heads_and_proofs_gets_two_trees_cosigned(data):
    """Whatever is shown in whatever order with whatever proofs: what one witness cosigned is one growing tree."""
    witness, cosigned = Witness(), []
    for _ in range(data.draw(st.integers(1, 12))):
        leaves = data.draw(st.sampled_from([LEAVES, OTHERS]))
        size = data.draw(st.integers(1, 40))
        before = data.draw(st.integers(0, size))
        proof_of = data.draw(st.sampled_from([LEAVES, OTHERS]))
        new = head(size, leaves)
        if VERDICTS[witness.sees(new, shown(size, before, proof_of))] is Verdict.COSIGN:
            cosigned.append(new)
    sizes = [one.size for one in cosigned]
    assert sizes == sorted(sizes)
    assert any(all(one.root == mth(tree[: one.size]) for one in cosigned) for tree in (LEAVES, OTHERS))
