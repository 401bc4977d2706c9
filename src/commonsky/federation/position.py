"""The state table of a feed at its receiver: where an authentic envelope stands, and what follows from that.

Rules of this file: all states and all transitions of a feed are here; nothing here knows keys, bodies or records.
The diagram in the documentation is drawn from the table.
"""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from commonsky.domain import NO_HEADER_SHA256, EnvelopeHeader, FeedHead

HeldHeaders = Callable[[int, int], str | None]
"""Digest of the header held at a generation and position of the feed, or ``None``."""


class FeedState(StrEnum):
    """What the receiver does with a feed."""

    FOLLOWING = "following"
    STOPPED = "stopped"


class Relation(StrEnum):
    """How an authentic envelope stands to what is held of its feed."""

    NEXT = "next in the chain"
    NEW_CHAIN = "first of a higher generation"
    HELD = "held already"
    LATER = "beyond the next one"
    OTHER_HISTORY = "another history than the one held"
    OLDER_UNKNOWN = "older, and never held"
    BROKEN_START = "first of a higher generation, with a predecessor"


class Refusal(StrEnum):
    """Why an envelope is not accepted."""

    UNREADABLE = "unreadable"
    UNKNOWN_ISSUER = "unknown_issuer"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    BAD_SIGNATURE = "bad_signature"
    WRONG_MODE = "wrong_mode"
    DUPLICATE = "duplicate"
    GAP = "gap"
    FORK = "fork"
    ROLLBACK = "rollback"
    BROKEN_START = "broken_start"
    STOPPED = "stopped"
    FROM_THE_FUTURE = "from_the_future"
    BODY_DIGEST = "body_digest"
    COUNT = "count"
    UNKNOWN_AGREEMENT = "unknown_agreement"


class Action(StrEnum):
    """What the receiver does about a refusal. The cursor moves in no case, so asking again loses nothing."""

    IGNORE = "ignore"
    ASK_AGAIN = "ask again"
    QUARANTINE = "quarantine"
    STOP = "quarantine as evidence and stop the feed"


ACTIONS = dict.fromkeys(Refusal, Action.QUARANTINE) | {
    Refusal.DUPLICATE: Action.IGNORE,
    Refusal.GAP: Action.ASK_AGAIN,
    Refusal.FROM_THE_FUTURE: Action.ASK_AGAIN,
    Refusal.UNKNOWN_AGREEMENT: Action.ASK_AGAIN,
    Refusal.STOPPED: Action.IGNORE,
    Refusal.FORK: Action.STOP,
}


class Step(Struct, frozen=True):
    """A transition: the state after it, and why the envelope is refused, or ``None`` when it may be accepted."""

    refusal: Refusal | None
    state: FeedState


TRANSITIONS = {
    (FeedState.FOLLOWING, Relation.NEXT): Step(None, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.NEW_CHAIN): Step(None, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.HELD): Step(Refusal.DUPLICATE, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.LATER): Step(Refusal.GAP, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.OLDER_UNKNOWN): Step(Refusal.ROLLBACK, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.BROKEN_START): Step(Refusal.BROKEN_START, FeedState.FOLLOWING),
    (FeedState.FOLLOWING, Relation.OTHER_HISTORY): Step(Refusal.FORK, FeedState.STOPPED),
} | {
    (FeedState.STOPPED, relation): Step(
        Refusal.DUPLICATE if relation is Relation.HELD else Refusal.STOPPED, FeedState.STOPPED
    )
    for relation in Relation
}

RESUME = (FeedState.STOPPED, FeedState.FOLLOWING, "a person resumes the feed")


def state_of(head: FeedHead) -> FeedState:
    """The state that a cursor says."""
    return FeedState.STOPPED if head.stopped else FeedState.FOLLOWING


def relation(header: EnvelopeHeader, sha256: str, *, head: FeedHead, held: HeldHeaders) -> Relation:
    """Place an authentic envelope with this header, and this digest of it, against what is held of its feed."""
    if header.gen > head.gen:
        if header.seq > 1:
            return Relation.LATER
        return Relation.NEW_CHAIN if header.prev == NO_HEADER_SHA256 else Relation.BROKEN_START
    if header.gen < head.gen or header.seq <= head.seq:
        known = held(header.gen, header.seq)
        if known is None:
            return Relation.OLDER_UNKNOWN
        return Relation.HELD if known == sha256 else Relation.OTHER_HISTORY
    if header.seq > head.seq + 1:
        return Relation.LATER
    return Relation.NEXT if header.prev == head.header_sha256 else Relation.OTHER_HISTORY


def state_diagram() -> str:
    """Draw the state table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {FeedState.FOLLOWING}"]
    for (state, stands), step in TRANSITIONS.items():
        outcome = "accept" if step.refusal is None else f"{step.refusal} ({ACTIONS[step.refusal]})"
        lines.append(f"    {state} --> {step.state}: {stands} / {outcome}")
    before, after, event = RESUME
    lines.append(f"    {before} --> {after}: {event}")
    return "\n".join(lines) + "\n"
