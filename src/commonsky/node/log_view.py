"""What a node has done and where it stands: decisions, audit, links, what is held and owed, questions."""

import threading
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from commonsky.astro.time import tai_s_from_unix_s
from commonsky.domain import Answer, NoticeKind, Question
from commonsky.domain.printable import printable
from commonsky.federation.witness import VERDICTS, Standing, Verdict
from commonsky.node.agreements import Shelf
from commonsky.node.asking import answers
from commonsky.node.explaining import Explained, explanations
from commonsky.node.holdings import Debt, DeletionReceipt, debts, receipts
from commonsky.node.node import Node
from commonsky.node.told import readable
from commonsky.store import HeldDecision, Holding, LinkState
from commonsky.store.audit_heads import HeldHead

MOST_QUESTIONS = 50
_ALARMING = frozenset(one.value for one in Standing if VERDICTS.get(one) is Verdict.ALARM)
_QUESTIONS = msgspec.json.Decoder(Question)


class DecisionLine(Struct, frozen=True, kw_only=True):
    """A decision as it was kept; ``in_force`` until another one on the same record and partner replaces it."""

    n: int
    decided_tai_s: float
    record: str
    reader: str
    allowed: bool
    form: str
    agreement: str | None
    clause: str | None
    reason: str
    in_force: bool


class Alarm(Struct, frozen=True, kw_only=True):
    """A head of a partner's audit tree that cannot be true beside the others: its log showed two histories."""

    log: str
    size: int
    told_by: str
    standing: str
    seen_tai_s: float


class Witness(Struct, frozen=True, kw_only=True):
    """A partner, and the newest of our checkpoints that it cosigned: how many leaves, and when."""

    member: str
    size: int | None
    at_tai_s: float | None


class AuditState(Struct, frozen=True, kw_only=True):
    """Our audit tree: leaves, the last checkpoint that we signed, who cosigned, and contradictions seen anywhere."""

    leaves: int
    generation: int
    checkpoint_size: int | None
    checkpoint_tai_s: float | None
    checkpoint_root: str | None
    witnesses: tuple[Witness, ...]
    alarms: tuple[Alarm, ...]
    trees: tuple[tuple[str, int, float], ...]
    """Of each partner: the largest tree that it showed us, and when."""


class LinkLine(Struct, frozen=True, kw_only=True):
    """The link to a partner: what we hold of its feed, what it confirmed of ours, and what is wrong."""

    member: str
    state: str
    fault: str | None
    held: int
    received_tai_s: float | None
    sealed: int
    confirmed: int
    notices_waiting: int


class NodeState(Struct, frozen=True, kw_only=True):
    """What concerns the node itself."""

    now_tai_s: float
    audit: AuditState
    links: tuple[LinkLine, ...]


class HoldingLine(Struct, frozen=True, kw_only=True):
    """What we hold from a partner under an agreement: in use, locked or deleted, and until when its lease runs."""

    source: str
    agreement: str
    records: int
    state: str
    reason: str | None
    since_tai_s: float
    lease_until_tai_s: float | None


class ReceiptLine(Struct, frozen=True, kw_only=True):
    """A partner's word that it deleted what we gave it."""

    reader: str
    receipt: DeletionReceipt


class QuestionLine(Struct, frozen=True, kw_only=True):
    """A question of ours to an owner, or of a partner to us, and what came of it; ``None`` while it waits."""

    member: str
    ours: bool
    about: str
    begins_tai_s: float
    ends_tai_s: float
    verdict: str | None
    words: str
    probability: float | None = None
    tca_tai_s: float | None = None


class SharingState(Struct, frozen=True, kw_only=True):
    """What passed between us and partners, and is held, owed or asked."""

    now_tai_s: float
    holdings: tuple[HoldingLine, ...]
    debts: tuple[Debt, ...]
    receipts: tuple[ReceiptLine, ...]
    questions: tuple[QuestionLine, ...]


class LogView:
    """What the console asks about the node's doings; safe to call from several threads."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._seen_at: object = None
        self._revision = 0

    def revision(self) -> tuple[int, int]:
        """Give a number that rises when something was done, and the number of leaves of the audit tree."""
        store = self._node.store
        lines, last, leaves = store.log(1), store.last_checkpoint(), store.audit_size()
        stamp = lines[-1].sequence if lines else 0, None if last is None else last.size, leaves
        with self._lock:
            if stamp != self._seen_at:
                self._seen_at, self._revision = stamp, self._revision + 1
            return self._revision, leaves

    def decisions(
        self, limit: int, *, reader: str | None, allowed: bool | None, words: str | None
    ) -> tuple[DecisionLine, ...]:
        """Give the latest decisions that match, the newest first."""
        found = self._node.store.latest_decisions(limit, reader=reader, allowed=allowed, words=words)
        return tuple(map(_decision_line, found))

    def node_state(self) -> NodeState:
        """Give audit and links."""
        node = self._node
        peers = [peer.member.id for peer in node.config.peers]
        return NodeState(
            now_tai_s=node.now_tai_s(),
            audit=_audit(node, peers),
            links=tuple(_link(node, peer) for peer in peers),
        )

    def sharing_state(self) -> SharingState:
        """Give what is held, owed and asked."""
        node = self._node
        shelf = node.agreements()
        return SharingState(
            now_tai_s=node.now_tai_s(),
            holdings=tuple(_holding(one, shelf) for one in node.store.holdings()),
            debts=tuple(debts(node)),
            receipts=tuple(
                ReceiptLine(reader=peer.member.id, receipt=receipt)
                for peer in node.config.peers
                for receipt in receipts(node, peer.member.id).values()
            ),
            questions=tuple(line for peer in node.config.peers for line in _questions(node, peer.member.id)),
        )


def _decision_line(held: HeldDecision) -> DecisionLine:
    made = held.decision
    return DecisionLine(
        n=held.n,
        decided_tai_s=made.decided_tai_s,
        record=made.record,
        reader=made.reader,
        allowed=made.allowed,
        form=made.form.words if made.allowed else "",
        agreement=made.agreement,
        clause=made.clause,
        reason=made.reason,
        in_force=held.newest,
    )


def _audit(node: Node, peers: list[str]) -> AuditState:
    store = node.store
    last = store.last_checkpoint()
    newest = {one.witness: one for one in store.cosignatures()}
    heads = store.heads()
    shown: dict[str, HeldHead] = {one.head.log: one for one in heads if one.told_by == one.head.log}
    return AuditState(
        leaves=store.audit_size(),
        generation=node.config.generation,
        checkpoint_size=None if last is None else last.size,
        checkpoint_tai_s=None if last is None else last.made_tai_s,
        checkpoint_root=None if last is None else last.root.hex(),
        witnesses=tuple(
            Witness(
                member=peer,
                size=newest[peer].size if peer in newest else None,
                at_tai_s=tai_s_from_unix_s(newest[peer].signed_unix_s) if peer in newest else None,
            )
            for peer in peers
        ),
        alarms=tuple(
            Alarm(
                log=one.head.log,
                size=one.head.size,
                told_by=one.told_by,
                standing=one.standing,
                seen_tai_s=one.seen_tai_s,
            )
            for one in heads
            if one.standing in _ALARMING
        ),
        trees=tuple((log, one.head.size, one.seen_tai_s) for log, one in sorted(shown.items())),
    )


def _link(node: Node, peer: str) -> LinkLine:
    store = node.store
    cursor, fault = store.cursor(peer), node.link_fault(peer)
    state = "up" if fault is None else "late"
    if cursor.stopped:
        state = "stopped"
        fault = "two histories of its feed were seen: look into it, then: commonsky node resume"
    if store.link_state(peer) is LinkState.CUT:
        state, fault = "cut", "cut by us: nothing is exchanged"
    return LinkLine(
        member=peer,
        state=state,
        fault=None if fault is None else printable(fault),
        held=cursor.seq,
        received_tai_s=store.last_received_tai_s(peer),
        sealed=store.feed_head(peer).seq,
        confirmed=store.acknowledged(peer).seq,
        notices_waiting=len(store.unsealed(peer, 1_000)),
    )


def _holding(one: Holding, shelf: Shelf) -> HoldingLine:
    shelved = shelf.shelved(one.agreement)
    lease_s = None if shelved is None else shelved.agreement.lease_s
    if one.deleted_tai_s is not None:
        state, since_tai_s = "deleted", one.deleted_tai_s
    elif one.locked_tai_s is not None:
        state, since_tai_s = "locked", one.locked_tai_s
    else:
        state, since_tai_s = "in use", one.heard_tai_s
    until_tai_s = None if lease_s is None else max(one.heard_tai_s + lease_s, one.renewed_until_tai_s or 0.0)
    return HoldingLine(
        source=one.source,
        agreement=one.agreement,
        records=one.deleted_records or 0 if state == "deleted" else one.records,
        state=state,
        reason=one.reason,
        since_tai_s=since_tai_s,
        lease_until_tai_s=until_tai_s if state == "in use" else None,
    )


def _questions(node: Node, peer: str) -> Iterator[QuestionLine]:
    """Ours to a partner and its to us, the newest first of each."""
    for question, told in answers(node, peer)[:MOST_QUESTIONS]:
        yield _asked_by_us(peer, question, told)
    for explained in explanations(node, peer)[:MOST_QUESTIONS]:
        yield _why_not(peer, explained)
    for notice, question in readable(_QUESTIONS, node.store.told(peer, NoticeKind.QUESTION, MOST_QUESTIONS)):
        yield QuestionLine(
            member=peer,
            ours=False,
            about=question.designator,
            begins_tai_s=question.begins_tai_s,
            ends_tai_s=question.ends_tai_s,
            verdict=notice.outcome,
            words="",
        )


def _why_not(giver: str, asked: Explained) -> QuestionLine:
    told = asked.answer
    return QuestionLine(
        member=giver,
        ours=True,
        about=f"why we do not have {asked.question.record}",
        begins_tai_s=asked.asked_tai_s,
        ends_tai_s=asked.asked_tai_s,
        verdict=None if told is None else str(told.outcome),
        words="" if told is None else printable(told.words),
    )


def _asked_by_us(owner: str, question: Question, told: Answer | None) -> QuestionLine:
    return QuestionLine(
        member=owner,
        ours=True,
        about=question.designator,
        begins_tai_s=question.begins_tai_s,
        ends_tai_s=question.ends_tai_s,
        verdict=None if told is None else str(told.verdict),
        words="" if told is None else told.words,
        probability=None if told is None else told.probability,
        tca_tai_s=None if told is None else told.tca_tai_s,
    )
