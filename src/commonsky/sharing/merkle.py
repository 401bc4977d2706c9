"""The Merkle tree of RFC 6962 (sections 2.1 to 2.1.2): roots, proofs, and how to verify them.

A tree of ``size`` leaves divides at the largest power of two below its size, so a subtree of 2**level leaves that
begins at a multiple of that never changes again. Such a *node* is named by level and position, from the left, from 0.
Only nodes are ever read or kept; every root and every proof folds some of them, about one for each level.

Roots, leaf hashes and the parts of a proof are ``bytes`` of `HASH_BYTES`; a proof stands in the order of the RFC, the
lowest hash first.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
BLOCK_LEVEL = 6
BLOCK = 1 << BLOCK_LEVEL
"""Leaves below one kept node: lower nodes are quickly made again from the leaves."""

Node = Callable[[int, int], bytes]
"""Gives the hash of the node at a level and position."""

_PAIR = 2 * HASH_BYTES


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds ``data``."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two halves; no leaf can have it."""
    return sha256(b"\1" + left + right).digest()


def parents(hashes: bytes) -> bytes:
    """Return the nodes one level above neighbouring ones, all in one run of bytes; an odd last one has none."""
    whole = len(hashes) // _PAIR * _PAIR
    return b"".join([sha256(b"\1" + hashes[k : k + _PAIR]).digest() for k in range(0, whole, _PAIR)])


def block_node(leaves: bytes, level: int, position: int) -> bytes:
    """Return a node below `BLOCK_LEVEL` from the leaf hashes of its block; ``position`` counts within the block."""
    hashes = leaves[position * HASH_BYTES << level : (position + 1) * HASH_BYTES << level]
    for _ in range(level):
        hashes = parents(hashes)
    return hashes


def completed(block: int, leaves: bytes, node: Node) -> Iterator[tuple[int, int, bytes]]:
    """Give level, position and hash of all nodes from `BLOCK_LEVEL` on that new leaves complete.

    ``leaves`` are the hashes of all leaves from the begin of ``block`` on, the first one that was not whole before;
    ``node`` gives nodes that were complete before.
    """
    hashes = leaves[: len(leaves) // (BLOCK * HASH_BYTES) * BLOCK * HASH_BYTES]
    for _ in range(BLOCK_LEVEL):
        hashes = parents(hashes)
    level, position = BLOCK_LEVEL, block
    while hashes:
        for k in range(0, len(hashes), HASH_BYTES):
            yield level, position + k // HASH_BYTES, hashes[k : k + HASH_BYTES]
        if position % 2:
            position -= 1
            hashes = node(level, position) + hashes
        hashes = parents(hashes)
        level, position = level + 1, position // 2


def root_of(size: int, node: Node) -> bytes:
    """Return the root of the tree of the first ``size`` leaves."""
    return _fold(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """Return the proof that the leaf of this index is in the tree of ``size`` leaves; raises ValueError beyond it."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    begin, end = 0, size
    beside = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((begin, middle))
            begin = middle
    return tuple(_fold(*span, node) for span in reversed(beside))


def consistency_proof(old: int, new: int, node: Node) -> tuple[bytes, ...]:
    """Return the proof that the tree of ``old`` leaves is the beginning of that of ``new``.

    Raises ValueError unless 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError(f"a tree of {old} is not the beginning of one of {new}")
    begin, end = 0, new
    spans = []
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    if begin:
        spans.append((begin, end))
    return tuple(_fold(*span, node) for span in reversed(spans))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the only root under which the proof holds for this leaf hash; ``None`` if it has not the form of one."""
    if not 0 <= index < size or any(len(one) != HASH_BYTES for one in proof):
        return None
    if size == 1:
        return None if proof else leaf
    if not proof:
        return None
    middle = _split(size)
    if index < middle:
        left = root_from_inclusion(leaf, index, middle, proof[:-1])
        return None if left is None else node_hash(left, proof[-1])
    right = root_from_inclusion(leaf, index - middle, size - middle, proof[:-1])
    return None if right is None else node_hash(proof[-1], right)


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf hash stands at this index in the tree of this size and root."""
    return root_from_inclusion(leaf, index, size, proof) == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of ``old`` leaves and root is the beginning of the other one.

    The empty tree is the beginning of every tree, with no proof.
    """
    if not 0 <= old <= new or any(len(one) != HASH_BYTES for one in proof):
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT and (new > 0 or new_root == EMPTY_ROOT)
    return _roots(old, new, proof, old_root) == (old_root, new_root)


def _roots(old: int, new: int, proof: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes] | None:
    """Old and new root of a subtree from a proof; ``known`` is the old root where the proof leaves it out."""
    if old == new:
        if known is not None:
            return None if proof else (known, known)
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    middle = _split(new)
    if old <= middle:
        left = _roots(old, middle, proof[:-1], known)
        return None if left is None else (left[0], node_hash(left[1], proof[-1]))
    right = _roots(old - middle, new - middle, proof[:-1], None)
    return None if right is None else (node_hash(proof[-1], right[0]), node_hash(proof[-1], right[1]))


def _fold(begin: int, end: int, node: Node) -> bytes:
    """Root of the leaves from ``begin`` to ``end``, where ``begin`` is one of a subtree that reaches so far."""
    hashes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        hashes.append(node(level, begin >> level))
        begin += 1 << level
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def _split(size: int) -> int:
    """The largest power of two below the size, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
