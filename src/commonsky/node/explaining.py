"""Why we do not have a partner's record: its coarse answer, and ours to partners who ask the same of us.

INVARIANTS
- Who may ask, and how often a day, an agreement of ours in force says; nobody else is told anything.
- Every answer has one length. Where nothing went out it is the same, byte for byte, whether the record is withheld or
  there is none: it is taken from what went out to the asker, never from what is held, by the same statements for
  every question. Each question costs one of the budget, whatever is answered.
"""

from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from commonsky.domain import NoticeKind
from commonsky.domain.explanation import Explanation, Outcome, WhyNot
from commonsky.domain.printable import printable
from commonsky.node.node import Node
from commonsky.node.told import readable
from commonsky.store import HeldNotice

ANSWER_BYTES = 512
DAY_S = 86_400.0
WORDS = {
    Outcome.LET_OUT: "it was let out to you: it is on your feed",
    Outcome.NOT_LET_OUT: "nothing of this id was let out to you: there is none, or no agreement lets it go as yet",
}
_MAY_NOT_ASK = "no agreement lets you ask, or the budget of questions is used up: ask the liaison"
_MOST = 1_000
_QUESTIONS = msgspec.json.Decoder(WhyNot)
_ANSWERS = msgspec.json.Decoder(Explanation)
_CANONICAL = msgspec.json.Encoder(order="sorted")


class Explained(NamedTuple):
    """A question of ours, when it was asked, and the answer if that has come."""

    question: WhyNot
    asked_tai_s: float
    answer: Explanation | None


def ask_why(node: Node, giver: str, record: str, *, again: bool = False) -> WhyNot:
    """Ask a partner why we do not have a record; the answer comes with its feed.

    What waits for an answer, or has one, is not asked once more unless ``again``: questions are counted.
    Raises ValueError for what is no record's id.
    """
    known = next((one.question for one in explanations(node, giver) if one.question.record == record), None)
    if known is not None and not again:
        return known
    now_tai_s = node.now_tai_s()
    digest = sha256(record.encode(errors="replace")).hexdigest()[:16]
    question = WhyNot(id=f"{now_tai_s:.3f}-{digest}", record=record)
    node.store.post(giver, NoticeKind.WHY_NOT, _CANONICAL.encode(question), at_tai_s=now_tai_s)
    return question


def explain_coarsely(node: Node, notice: HeldNotice) -> str:
    """Answer a partner that asks why it does not have a record; what came of it stands in our watch log."""
    question = _QUESTIONS.decode(notice.content)
    asker, now_tai_s = notice.iss, node.now_tai_s()
    with node.store.transaction() as tx:
        if tx.has_explained(asker, question.id):
            return "answered before"
        asked = tx.explained_since(asker, now_tai_s - DAY_S)
        let_out = tx.was_let_out(question.record, asker)
        outcome = Outcome.LET_OUT if let_out else Outcome.NOT_LET_OUT
        words = WORDS[outcome]
        if asked >= _budget(node, asker, now_tai_s):
            outcome, words = Outcome.REFUSED, _MAY_NOT_ASK
        tx.note_explained(asker, question.id, at_tai_s=now_tai_s)
        told = _padded(Explanation(question=question.id, outcome=outcome, words=words))
        tx.post(asker, NoticeKind.EXPLANATION, told, at_tai_s=now_tai_s)
        record = printable(question.record)
        tx.write_log(now_tai_s, "question", f"{asker} asked why it does not have {record}: {outcome}")
    return f"answered: {outcome}"


def hear_explanation(node: Node, notice: HeldNotice) -> str:
    """Take note of an answer to a question of ours."""
    told = _ANSWERS.decode(notice.content)
    about = next((one for one in explanations(node, notice.iss) if one.question.id == told.question), None)
    if about is None:
        raise ValueError(f"{notice.iss} explains what was not asked")
    words = f"{notice.iss} on {about.question.record}: {told.outcome}, {printable(told.words)}"
    node.store.write_log(node.now_tai_s(), "question", words)
    return f"{told.outcome}: {printable(told.words)}"


def explanations(node: Node, giver: str) -> list[Explained]:
    """Give our questions to a partner why we do not have a record, the newest first, with its answers."""
    told = readable(_ANSWERS, node.store.told(giver, NoticeKind.EXPLANATION, _MOST))
    by_question = {one.question: one for _, one in told}
    return [
        Explained(question, one.posted_tai_s, by_question.get(question.id))
        for one in node.store.posted(giver, NoticeKind.WHY_NOT, _MOST)
        for question in [_QUESTIONS.decode(one.content)]
    ]


def _budget(node: Node, asker: str, now_tai_s: float) -> int:
    """How many questions a day the most generous agreement of ours in force gives the asker; 0 without one."""
    given = node.agreements().given_by(node.id)
    return max(
        (
            one.explanations_per_day
            for one in given
            if asker in one.readers
            and one.mode is node.config.mode
            and one.begins_tai_s <= now_tai_s < one.ends_tai_s
        ),
        default=0,
    )


def _padded(told: Explanation) -> bytes:
    missing = ANSWER_BYTES - len(_CANONICAL.encode(told))
    assert missing >= 0, "a question's id is short, and so are our words"
    return _CANONICAL.encode(replace(told, padding="." * missing))
