"""Why a member does not have a record, as its giver tells it: too little to learn what the giver holds."""

import re
from enum import StrEnum

from msgspec import Struct

LONGEST_ID = 256
_QUESTION_ID = re.compile(r"[A-Za-z0-9.:_-]{1,96}")


class Outcome(StrEnum):
    """What became of a record towards who asks; ``NOT_LET_OUT`` is said alike whether it is withheld or is none."""

    LET_OUT = "let out"
    NOT_LET_OUT = "not let out"
    REFUSED = "refused"


class WhyNot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why do I not have this record from you?"""

    id: str
    record: str

    def __post_init__(self) -> None:
        if not _QUESTION_ID.fullmatch(self.id):
            raise ValueError("a question's id is of at most 96 letters, digits and . : _ -")
        if not (self.record and len(self.record) <= LONGEST_ID and self.record.isprintable()):
            raise ValueError(f"a record's id is printable and at most {LONGEST_ID} characters long")


class Explanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The giver's answer; ``padding`` brings every answer to one length."""

    question: str
    outcome: Outcome
    words: str
    padding: str = ""
