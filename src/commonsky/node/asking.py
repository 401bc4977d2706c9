"""Safety of flight without disclosure: a member asks an owner about objects that it does not show, and is told enough.

INVARIANTS
- An owner answers only who an agreement in force with ``safety_of_flight`` names, and only from orbits that rest on its
  own data alone: nobody computes with what a third member gave.
- A question holds an orbit in full, and no clause lets it out: so it rests on data of the asker and the owner alone.
- Budgets are kept in the transaction that answers. Their refusal says the same words whichever of them is used up.
- "Clear" says the same whether nothing is hidden or nothing comes near.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from commonsky.domain import (
    Agreement,
    Answer,
    Component,
    Label,
    NoticeKind,
    Question,
    Record,
    SafetyOfFlight,
    Verdict,
    WarnedObject,
)
from commonsky.formats.canonical import record_id
from commonsky.node.approaches import approaches_of, ready_orbits
from commonsky.node.node import Node
from commonsky.node.orbits import Orbit, known_orbits, trusted_claims
from commonsky.node.told import readable
from commonsky.safety.approach import closest_approach
from commonsky.safety.warning import Radius, warning_of
from commonsky.store import HeldNotice

LEAST_TOLD = 1e-7
"""A probability below this is no danger, and telling it would tell of an object."""

MARGIN_S = 3_600.0
DAY_S = 86_400.0
ASKED_WITHIN_M = 25_000.0
PLAUSIBLE_M = 100_000.0
"""So far an orbit may be from the one that we know of its object; a made-up one would be a way to search the sky."""

_FOUND_WITHIN_S = 5.0
_USED_UP = "questions are answered within a budget, and it is used up: call the watch"
_QUESTIONS = msgspec.json.Decoder(Question)
_ANSWERS = msgspec.json.Decoder(Answer)
_CANONICAL = msgspec.json.Encoder(order="sorted")


class _Found(NamedTuple):
    """A hidden object that comes near, and how near."""

    key: str
    probability: float | None
    tca_tai_s: float


def ask(node: Node, owner: str, designator: str, *, days: float, hard_body_radius_m: float) -> Question:
    """Ask an owner about one of our objects from now on; the answer comes with its feed.

    Raises LookupError when we have no orbit of the object that is ours to tell, ValueError for a question that nobody
    answers.
    """
    known = known_orbits(node, trusted_claims(node), owner=owner)
    orbit = next((one for one in known if designator in one.names), None)
    if orbit is None:
        raise LookupError(f"{node.id} has no orbit of {designator}")
    if others := set(orbit.record.label.components) - {node.id, owner}:
        words = f"rests on data of {', '.join(sorted(others))}, which a question would tell {owner}"
        raise LookupError(f"what {node.id} knows of the orbit of {designator} {words}")
    begins_tai_s = node.now_tai_s()
    question = Question(
        id=f"{node.id}-{owner}-{begins_tai_s:.3f}-{designator}",
        designator=designator,
        orbit=orbit.content,
        begins_tai_s=begins_tai_s,
        ends_tai_s=begins_tai_s + days * DAY_S,
        hard_body_radius_m=hard_body_radius_m,
    )
    content = _CANONICAL.encode(question)
    node.store.post(owner, NoticeKind.QUESTION, content, at_tai_s=begins_tai_s)
    return question


def answer(node: Node, notice: HeldNotice) -> str:
    """Answer a partner's question; what came of it stands in our watch log."""
    question = _QUESTIONS.decode(notice.content)
    if node.store.has_answered(notice.iss, question.id):
        return "answered before"
    now_tai_s = node.now_tai_s()
    terms = _terms(node, notice.iss, now_tai_s)
    found: tuple[_Found, ...] = ()
    if terms is None:
        told = _refused(question, f"no agreement of {node.id} lets {notice.iss} ask")
    else:
        found, told = _answered(node, notice.iss, question, terms)
    with node.store.transaction() as tx:
        tx.note_answered(notice.iss, question.id, [one.key for one in found], at_tai_s=now_tai_s)
        tx.post(notice.iss, NoticeKind.ANSWER, _CANONICAL.encode(told), at_tai_s=now_tai_s)
        words = f"{notice.iss} asked about {question.designator}: {told.verdict}, {told.words}"
        tx.write_log(now_tai_s, "question", words)
    return f"answered: {told.verdict}"


def heard(node: Node, notice: HeldNotice) -> str:
    """Take note of an answer to a question of ours."""
    told = _ANSWERS.decode(notice.content)
    asked = [
        _QUESTIONS.decode(one.content) for one in node.store.posted(notice.iss, NoticeKind.QUESTION, 1_000)
    ]
    about = next((one.designator for one in asked if one.id == told.question), None)
    if about is None:
        raise ValueError(f"{notice.iss} answers a question that was not asked")
    node.store.write_log(
        node.now_tai_s(), "question", f"{notice.iss} on {about}: {told.verdict}, {told.words}"
    )
    return f"{told.verdict}: {told.words}"


def answers(node: Node, owner: str) -> list[tuple[Question, Answer | None]]:
    """Give our questions to an owner, the newest first, each with its answer if that has come."""
    told = readable(_ANSWERS, node.store.told(owner, NoticeKind.ANSWER, 1_000))
    by_question = {one.question: one for _, one in told}
    asked = [_QUESTIONS.decode(one.content) for one in node.store.posted(owner, NoticeKind.QUESTION, 1_000)]
    return [(one, by_question.get(one.id)) for one in asked]


def _terms(node: Node, asker: str, now_tai_s: float) -> SafetyOfFlight | None:
    """The most generous terms that an agreement of ours in force gives the asker."""
    given = [
        one.safety_of_flight
        for one in node.agreements().given_by(node.id)
        if asker in one.readers and one.safety_of_flight is not None and _in_term(node, one, now_tai_s)
    ]
    return max(given, key=lambda terms: terms.questions_per_day, default=None)


def _in_term(node: Node, agreement: Agreement, now_tai_s: float) -> bool:
    in_term = agreement.begins_tai_s <= now_tai_s < agreement.ends_tai_s
    return in_term and agreement.mode is node.config.mode


def _answered(
    node: Node, asker: str, question: Question, terms: SafetyOfFlight
) -> tuple[tuple[_Found, ...], Answer]:
    since_tai_s = node.now_tai_s() - DAY_S
    if node.store.questions_since(asker, since_tai_s) >= terms.questions_per_day:
        return (), _refused(question, _USED_UP)
    try:
        asked = _asked_orbit(node, asker, question)
        found = tuple(_near(node, asker, question, asked))
    except Exception as fault:  # noqa: BLE001  # whatever the engine makes of a partner's orbit
        return (), _refused(question, f"the orbit cannot be followed: {fault}")
    spent = node.store.questions_by_object(asker, since_tai_s)
    if any(spent.get(one.key, 0) >= terms.questions_per_object for one in found):
        return (), _refused(question, _USED_UP)
    if not found:
        return (), Answer(
            question=question.id, verdict=Verdict.CLEAR, words="nothing that we follow comes near"
        )
    worst = max(found, key=lambda one: math.inf if one.probability is None else one.probability)
    return found, Answer(
        question=question.id,
        verdict=Verdict.CLOSE,
        words="an object that we follow comes near: plan for it, or call the watch",
        probability=None if worst.probability is None else _rounded_up(worst.probability),
        tca_tai_s=60.0 * round(worst.tca_tai_s / 60.0),
    )


def _refused(question: Question, words: str) -> Answer:
    return Answer(question=question.id, verdict=Verdict.REFUSED, words=words)


def _asked_orbit(node: Node, asker: str, question: Question) -> Orbit:
    """The orbit that is asked about; raises ValueError when it is not that of the object that it is said to be."""
    record = Record(
        id=record_id(asker, question.orbit),
        originator=asker,
        mode=node.config.mode,
        label=Label({asker: Component()}),
        content=question.orbit,
    )
    span = (question.begins_tai_s - MARGIN_S, question.ends_tai_s + MARGIN_S)
    asked = Orbit(f"asked by {asker}", record, (question.designator,), span)
    for known in known_orbits(node, trusted_claims(node)):
        if question.designator in known.names:
            there = [one.states_gcrf(question.begins_tai_s)[0, :3] for one in (asked, known)]
            if not float(np.linalg.norm(there[0] - there[1])) <= PLAUSIBLE_M:
                raise ValueError(f"it is not that of {question.designator}")
    return asked


def _near(node: Node, asker: str, question: Question, asked: Orbit) -> "Sequence[_Found]":
    """The hidden objects that come near the one asked about."""
    span = (question.begins_tai_s, question.ends_tai_s)
    hidden = [one for one in _hidden(node, asker, asked) if question.designator not in one.names]
    ready, _ = ready_orbits(node, [asked, *hidden], span)
    if not ready or ready[0][0] is not asked:
        raise ValueError("it cannot be propagated")
    orbits = [orbit for orbit, _ in ready]
    passing = approaches_of(ready, [0], span, ASKED_WITHIN_M)[0]
    judged = [_judged(orbits[i], orbits[j], near_tai_s, question) for i, j, near_tai_s in passing]
    return [one for one in judged if one is not None]


def _hidden(node: Node, asker: str, asked: Orbit) -> list[Orbit]:
    """Orbits that rest on our own data alone, and that the asker was not given in full."""
    shown = node.store.shown_in_full(asker)
    known = known_orbits(node, trusted_claims(node), asked.span_tai_s, node.id)
    return [
        one for one in known if set(one.record.label.components) == {node.id} and one.record.id not in shown
    ]


def _judged(first: Orbit, second: Orbit, near_tai_s: float, question: Question) -> _Found | None:
    tca_tai_s = closest_approach(first.states_gcrf, second.states_gcrf, near_tai_s, _FOUND_WITHIN_S)
    if tca_tai_s is None:
        return None
    warning = warning_of(
        (first.side_at(tca_tai_s), second.side_at(tca_tai_s)),
        (WarnedObject(designator="asked"), WarnedObject(designator="hidden")),
        Radius(radius_m=question.hard_body_radius_m, source="asked"),
        provider="owner",
        made_tai_s=question.begins_tai_s,
        tca_tai_s=tca_tai_s,
    )
    if warning.probability is not None and warning.probability < LEAST_TOLD:
        return None
    return _Found(
        second.key if first.key.startswith("asked by") else first.key, warning.probability, tca_tai_s
    )


def _rounded_up(probability: float) -> float:
    """To one digit, never to a smaller number."""
    if probability <= 0.0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(probability))
    return min(1.0, float(f"{math.ceil(probability / step - 1e-9) * step:.0e}"))
