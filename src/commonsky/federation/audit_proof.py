"""The proof that a decision is in a signed audit tree: a document for a third party, who needs no more than keys.

It shows one leaf (its content and its salt), the hashes beside its path to the root, and the signed head: nothing of
any other decision.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import KeysOf, cosigned_unix_s, open_checkpoint
from commonsky.sharing.audit_leaf import DECISION, DECISION_FIELDS, ENVELOPE, ENVELOPE_FIELDS
from commonsky.sharing.merkle import is_included, leaf_hash

PROOF_TYPE = "commonsky-audit-proof-v1"

_FIELDS = {DECISION: DECISION_FIELDS, ENVELOPE: ENVELOPE_FIELDS}
_ENCODE = msgspec.json.Encoder().encode


class ShownLeaf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A leaf as its owner shows it: ``content`` has the fields of `DECISION_FIELDS` or `ENVELOPE_FIELDS`."""

    index: int
    salt: bytes
    content: dict[str, Any]


class AuditProof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A leaf, its proof (base64, the lowest hash first), and the checkpoint with its cosignatures."""

    type: str = PROOF_TYPE
    log: str
    leaf: ShownLeaf
    proof: tuple[bytes, ...]
    checkpoint: str


class Proven(Struct, frozen=True, kw_only=True):
    """What a proof proves: the decision was in the tree when its head was signed; ``witnesses`` with POSIX seconds."""

    decision: dict[str, Any]
    head: TreeHead
    witnesses: dict[str, int]


def shown_leaf(index: int, salt: bytes, content: bytes) -> ShownLeaf:
    """Return a leaf in the form in which it is shown."""
    values = msgspec.json.decode(content)
    return ShownLeaf(index=index, salt=salt, content=dict(zip(_FIELDS[values[0]], values, strict=True)))


def hash_of_shown(leaf: ShownLeaf) -> bytes:
    """Return the hash of a leaf that is shown; raises ValueError for one of a kind that is not known here."""
    fields = _FIELDS.get(str(leaf.content.get("type")))
    if fields is None or set(leaf.content) != set(fields):
        raise ValueError("this is no leaf of a decision or an envelope")
    return leaf_hash(leaf.salt + _ENCODE([leaf.content[name] for name in fields]))


def verify_proof(proof: AuditProof, keys: Mapping[str, KeysOf]) -> Proven:
    """Return what a proof proves by these keys, the log's among them; raises ValueError with the reason if nothing."""
    if proof.type != PROOF_TYPE:
        raise ValueError(f"it says that it is {proof.type!r}; this program reads {PROOF_TYPE}")
    if proof.log not in keys:
        raise ValueError(f"the key of {proof.log}, whose log it is, is needed")
    head = open_checkpoint(proof.checkpoint, proof.log, keys[proof.log])
    if not is_included(hash_of_shown(proof.leaf), proof.leaf.index, head.size, proof.proof, head.root):
        raise ValueError(
            "the leaf is not in the tree whose head was signed: leaf, proof or checkpoint was changed"
        )
    signed = {
        member: cosigned_unix_s(proof.checkpoint, member, key)
        for member, key in keys.items()
        if member != proof.log
    }
    witnesses = {member: time for member, time in signed.items() if time is not None}
    return Proven(decision=proof.leaf.content, head=head, witnesses=witnesses)
