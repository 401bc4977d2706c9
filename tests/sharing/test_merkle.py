"""The audit tree's mathematics: the published values of RFC 6962, and its definition word by word as the judge."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.sharing.merkle import (
    BLOCK,
    BLOCK_LEVEL,
    EMPTY_ROOT,
    HASH_BYTES,
    block_node,
    completed,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)
from rfc6962 import mth, path, subproof

GOLDEN = json.loads((Path(__file__).parent.parent / "golden/rfc6962/trees.json").read_text())
INPUTS = [bytes.fromhex(one) for one in GOLDEN["inputs"]]
ROOTS = [bytes.fromhex(one) for one in GOLDEN["roots"]]


def hashes(count):
    return [leaf_hash(b"%d" % k) for k in range(count)]


def node_of(leaves):
    def node(level, position):
        some = leaves[position << level : (position + 1) << level]
        assert len(some) == 1 << level, "only whole nodes may be asked for"
        return mth(some)

    return node


SIZES = st.integers(1, 200)


def test_roots_are_the_published_ones():
    leaves = [leaf_hash(one) for one in INPUTS]
    assert EMPTY_ROOT == root_of(0, node_of([])) == bytes.fromhex(GOLDEN["empty_root"])
    assert [root_of(size, node_of(leaves)) for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize("case", GOLDEN["inclusion"], ids=lambda c: f"{c['index']} in {c['size']}")
def test_inclusion_proofs_are_the_published_ones(case):
    index, size, proof = case["index"], case["size"], tuple(bytes.fromhex(one) for one in case["proof"])
    leaves = [leaf_hash(one) for one in INPUTS]
    assert inclusion_proof(index, size, node_of(leaves)) == proof
    assert is_included(leaves[index], index, size, proof, ROOTS[size - 1])


@pytest.mark.parametrize("case", GOLDEN["consistency"], ids=lambda c: f"{c['old']} to {c['new']}")
def test_consistency_proofs_are_the_published_ones(case):
    old, new, proof = case["old"], case["new"], tuple(bytes.fromhex(one) for one in case["proof"])
    leaves = [leaf_hash(one) for one in INPUTS]
    assert consistency_proof(old, new, node_of(leaves)) == proof
    assert is_consistent(old, ROOTS[old - 1], new, ROOTS[new - 1], proof)


@given(SIZES, st.data())
def test_an_inclusion_proof_is_that_of_the_definition_and_holds_for_nothing_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    proof, root = inclusion_proof(index, size, node_of(leaves)), mth(leaves)
    assert list(proof) == path(index, leaves)
    assert is_included(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size + 3).filter(lambda k: k != index))
    assert not is_included(leaves[index], other, size, proof, root)
    assert not is_included(leaf_hash(b"another"), index, size, proof, root)
    assert not is_included(leaves[index], index, size, (*proof, root), root)
    if proof:
        assert not is_included(leaves[index], index, size, proof[1:], root)
        assert not is_included(leaves[index], index, size, proof[:-1], root)
        assert not is_included(leaves[index], index, size, flipped(proof, data), root)


@given(SIZES, st.data())
def test_a_consistency_proof_is_that_of_the_definition_and_holds_for_nothing_else(new, data):
    old = data.draw(st.integers(1, new))
    leaves = hashes(new)
    old_root, new_root = mth(leaves[:old]), mth(leaves)
    proof = consistency_proof(old, new, node_of(leaves))
    assert list(proof) == subproof(old, leaves)
    assert is_consistent(old, old_root, new, new_root, proof)
    wrong = leaf_hash(b"another root")
    assert not is_consistent(old, wrong, new, new_root, proof)
    assert not is_consistent(old, old_root, new, wrong, proof)
    assert not is_consistent(old, old_root, new, new_root, (*proof, wrong))
    if proof:
        assert not is_consistent(old, old_root, new, new_root, proof[:-1])
        assert not is_consistent(old, old_root, new, new_root, flipped(proof, data))


@given(SIZES, st.data())
def test_no_proof_joins_a_tree_to_one_with_another_past(new, data):
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    before, after = hashes(new), hashes(new)
    after[changed] = leaf_hash(b"rewritten")
    for leaves in (before, after):
        proof = consistency_proof(old, new, node_of(leaves))
        assert not is_consistent(old, mth(before[:old]), new, mth(after), proof)


def test_the_empty_tree_is_the_beginning_of_every_tree():
    root = mth(hashes(5))
    assert is_consistent(0, EMPTY_ROOT, 5, root, ())
    assert is_consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    assert not is_consistent(0, root, 5, root, ())
    assert not is_consistent(0, EMPTY_ROOT, 5, root, (root,))
    assert not is_consistent(0, EMPTY_ROOT, 0, root, ())
    assert not is_consistent(6, root, 5, root, ())


def test_proofs_beyond_the_tree_are_refused():
    with pytest.raises(ValueError, match="leaf 5 is not in a tree of 5"):
        inclusion_proof(5, 5, node_of(hashes(5)))
    with pytest.raises(ValueError, match="a tree of 6 is not the beginning of one of 5"):
        consistency_proof(6, 5, node_of(hashes(5)))


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_nodes_that_are_completed_by_appending_are_all_and_only_those_of_the_definition(counts):
    leaves = hashes(sum(counts))
    kept = {}
    size = 0
    for count in counts:
        block = size // BLOCK
        size += count
        new = b"".join(leaves[block * BLOCK : size])
        for level, position, value in completed(block, new, lambda *place: kept[place]):
            assert (level, position) not in kept
            kept[level, position] = value
    node = node_of(leaves)
    whole = {
        (level, position)
        for level in range(BLOCK_LEVEL, size.bit_length())
        for position in range(size >> level)
    }
    assert kept == {place: node(*place) for place in whole}


@given(st.integers(0, BLOCK_LEVEL - 1), st.data())
def test_nodes_within_a_block_are_those_of_the_definition(level, data):
    leaves = hashes(BLOCK)
    position = data.draw(st.integers(0, (BLOCK >> level) - 1))
    assert block_node(b"".join(leaves), level, position) == node_of(leaves)(level, position)


def flipped(proof, data):
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 8 * HASH_BYTES - 1))
    value = int.from_bytes(proof[at], "big") ^ (1 << bit)
    return (*proof[:at], value.to_bytes(HASH_BYTES, "big"), *proof[at + 1 :])
