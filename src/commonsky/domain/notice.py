"""What members tell each other beside records, on the same signed feed and in the same order."""

from enum import StrEnum

from msgspec import Raw, Struct


class NoticeKind(StrEnum):
    """What a notice is about; each kind has one content, written in the room that it belongs to."""

    AGREEMENT = "agreement"
    AGREEMENT_ACT = "agreement_act"
    LEASES = "leases"
    DELETION_RECEIPT = "deletion_receipt"
    KEY_ROLL = "key_roll"
    QUESTION = "question"
    ANSWER = "answer"
    WHY_NOT = "why_not"
    EXPLANATION = "explanation"
    CHECKPOINT = "checkpoint"
    COSIGNATURE = "cosignature"
    CURSOR = "cursor"


class Notice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of an envelope's body that is no record: its kind, and its content as canonical JSON.

    ``notice`` is text, so that a kind which a later version knows does not make a line unreadable.
    """

    notice: str
    content: Raw


class ReceivedNotice(Struct, frozen=True, kw_only=True):
    """A notice of an accepted envelope, its content as received. ``line`` counts from 1."""

    line: int
    kind: str
    content: bytes
