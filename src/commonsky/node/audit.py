"""The audit tree between members: a node signs heads of its own, and witnesses those of its partners.

A checkpoint is due when there are decisions since the last one, and enough of them or enough time. It goes to every
partner on the signed feed, with the proof that the one before is its beginning. Who cosigns tells all its partners: the
log's owner keeps the cosignature, the others compare. What contradicts is kept and told to the watch.
"""

import msgspec

from commonsky.astro.time import unix_s_from_tai_s
from commonsky.domain import NoticeKind
from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import checkpoint, cosigned, cosigned_unix_s, open_checkpoint, read_head
from commonsky.federation.keys import VerifyKey
from commonsky.federation.witness import (
    COSIGNED,
    VERDICTS,
    CheckpointShown,
    HeadCosigned,
    Standing,
    Verdict,
    contradicts,
    settled,
    standing,
)
from commonsky.node.node import Node
from commonsky.store import HeldNotice, Transaction

_ENCODE = msgspec.json.Encoder(order="sorted").encode
_SHOWN = msgspec.json.Decoder(CheckpointShown)
_COSIGNED = msgspec.json.Decoder(HeadCosigned)


def make_checkpoint(node: Node) -> TreeHead | None:
    """Sign where our audit tree stands and have every partner told; ``None`` where nothing was decided since."""
    now_tai_s = node.now_tai_s()
    with node.store.transaction() as tx:
        last = tx.last_checkpoint()
        if tx.newest_decision_leaf() < (0 if last is None else last.size):
            return None
        tx.keep_audit_nodes()
        size = tx.audit_size()
        head = TreeHead(log=node.id, gen=node.config.generation, size=size, root=tx.audit_root())
        note = checkpoint(head, node.key)
        before = last.size if last is not None and last.gen == head.gen else 0
        shown = _shown(tx, note, before, size)
        tx.keep_checkpoint(head, note, made_tai_s=now_tai_s)
        for peer in node.config.peers:
            tx.post(peer.member.id, NoticeKind.CHECKPOINT, shown, at_tai_s=now_tai_s)
    return head


def checkpoint_is_due(node: Node) -> bool:
    """Whether there are decisions since the last checkpoint, and enough of them or enough time."""
    last = node.store.last_checkpoint()
    since = node.store.newest_decision_leaf() + 1 - (0 if last is None else last.size)
    if since <= 0:
        return False
    wanted = node.config.audit
    return (
        last is None
        or since >= wanted.every_decisions
        or node.now_tai_s() - last.made_tai_s >= wanted.every_s
    )


def witness(node: Node, notice: HeldNotice) -> str:
    """Judge a head that a partner shows of its own tree: cosign it, ask for a proof, or keep it as evidence."""
    shown = _SHOWN.decode(notice.content)
    log = notice.iss
    head = open_checkpoint(shown.note, log, _keys_of(node, log))
    now_tai_s = node.now_tai_s()
    with node.store.transaction() as tx:
        last = tx.last_head(log, standings=COSIGNED)
        before = None if last is None else last.head
        stands = standing(head, shown, last=before, seen=lambda gen, size: tx.head_root(log, gen, size))
        verdict = VERDICTS[stands]
        if stands not in {Standing.SAME, Standing.EARLIER}:
            tx.keep_head(head, shown.note, told_by=log, standing=stands, seen_tai_s=now_tai_s)
        if verdict in {Verdict.COSIGN, Verdict.COSIGN_AND_TELL}:
            note = cosigned(shown.note, node.id, node.key, unix_s_from_tai_s(now_tai_s))
            _tell_all(node, tx, HeadCosigned(note=note))
        elif verdict is Verdict.ASK and last is not None:
            note = cosigned(last.note, node.id, node.key, unix_s_from_tai_s(now_tai_s))
            asking = _ENCODE(HeadCosigned(note=note, asks=True))
            tx.post(log, NoticeKind.COSIGNATURE, asking, at_tai_s=now_tai_s)
        words = _words(head, stands)
        if verdict in {Verdict.ALARM, Verdict.COSIGN_AND_TELL}:
            _alarm(node, tx, words)
        _settle_what_was_heard(node, tx, log)
    return f"{words}: {verdict}"


def hear(node: Node, notice: HeldNotice) -> str:
    """Take the word of a witness: a cosignature on a head of ours, or a head of another tree to compare with."""
    told = _COSIGNED.decode(notice.content)
    head = read_head(told.note)
    by = notice.iss
    signed_unix_s = cosigned_unix_s(told.note, by, _keys_of(node, by))
    if signed_unix_s is None:
        raise ValueError(f"{by} has not cosigned what it says that it has")
    if head.log == node.id:
        return _hear_of_ours(node, told, head, by, signed_unix_s)
    if node.config.peer(head.log) is None:
        return f"an audit head of {head.log}, whom we do not know"
    open_checkpoint(told.note, head.log, _keys_of(node, head.log))
    with node.store.transaction() as tx:
        other = contradicts(head, lambda gen, size: tx.head_root(head.log, gen, size))
        stands = Standing.CONTRADICTION if other else Standing.HEARD
        now_tai_s = node.now_tai_s()
        tx.keep_head(head, told.note, told_by=by, standing=stands, seen_tai_s=now_tai_s)
        words = _words(head, stands, cosigned_by=by)
        if other:
            _alarm(node, tx, words)
        _settle_what_was_heard(node, tx, head.log)
    return words


def _hear_of_ours(node: Node, told: HeadCosigned, head: TreeHead, by: str, signed_unix_s: int) -> str:
    open_checkpoint(told.note, node.id, _keys_of(node, node.id))
    now_tai_s = node.now_tai_s()
    with node.store.transaction() as tx:
        ours = tx.checkpoint_of(head.gen, head.size)
        if ours is None or ours.root != head.root:
            words = (
                f"{by} cosigned an audit head of ours, {head.size} leaves, which this database does not hold"
            )
            _alarm(node, tx, f"{words}: it was set back, or our key signs elsewhere")
            return words
        tx.keep_cosignature(head, by, told.note, signed_unix_s, received_tai_s=now_tai_s)
        newest = tx.last_checkpoint()
        if told.asks and newest is not None and newest.gen == head.gen:
            shown = _shown(tx, newest.note, head.size, newest.size)
            tx.post(by, NoticeKind.CHECKPOINT, shown, at_tai_s=now_tai_s)
    return f"cosigned by {by}: our audit head of {head.size} leaves"


def _shown(tx: Transaction, note: str, before: int, size: int) -> bytes:
    proof = tx.audit_consistency(before, size) if before else ()
    return _ENCODE(CheckpointShown(note=note, from_size=before, proof=proof))


def _settle_what_was_heard(node: Node, tx: Transaction, log: str) -> None:
    """Compare what others cosigned with what the log has shown us by now, and alarm of what it kept from us."""
    last = tx.last_head(log, standings=COSIGNED)
    if last is None:
        return
    first = tx.first_head(log, last.head.gen, standings=COSIGNED) or last
    for heard in tx.heads(log, standings={Standing.HEARD}):
        head = heard.head
        root = tx.head_root(log, head.gen, head.size, told_by=log)
        stands = settled(head, first=first.head, last=last.head, shown_root=root)
        if stands is not Standing.HEARD:
            tx.restand_head(heard, stands)
        if VERDICTS[stands] is Verdict.ALARM:
            _alarm(node, tx, _words(head, stands, cosigned_by=heard.told_by))


def _words(head: TreeHead, stands: Standing, *, cosigned_by: str = "") -> str:
    by = f", cosigned by {cosigned_by}" if cosigned_by else ""
    return f"audit head of {head.log}, {head.size} leaves{by}: {stands}"


def _tell_all(node: Node, tx: Transaction, told: HeadCosigned) -> None:
    for peer in node.config.peers:
        tx.post(peer.member.id, NoticeKind.COSIGNATURE, _ENCODE(told), at_tai_s=node.now_tai_s())


def _alarm(node: Node, tx: Transaction, words: str) -> None:
    tx.write_log(node.now_tai_s(), "audit", words)


def _keys_of(node: Node, member: str) -> tuple[VerifyKey, ...]:
    """All keys that a partner had: what we hear of may have been signed before it took another one."""
    keys = node.signers().get(member)
    if keys is None:
        raise ValueError(f"{member} is no partner of ours")
    return tuple(keys)
