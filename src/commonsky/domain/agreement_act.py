"""What members do with an agreement after it is written: they sign, suspend, resume and withdraw."""

import math
import re
from enum import StrEnum

from msgspec import Struct

from commonsky.domain.agreement import Agreement

_SHA256_HEX = re.compile(r"[0-9a-f]{64}")
_MOST_ACTORS = 2


class ActKind(StrEnum):
    """What a member declares; in the order of strictness, the loosest first."""

    SIGN = "sign"
    RESUME = "resume"
    SUSPEND = "suspend"
    WITHDRAW = "withdraw"


class AgreementAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One declaration of a member on one text of an agreement, signed with the member's key.

    Attributes
    ----------
    agreement, document_sha256
        The agreement's reference, and the digest of the text that the member had before it.
    at_tai_s
        When, by the member's clock; its acts on one agreement have different times, which are their order.
    actors
        The persons who acted, under pseudonyms: who they are is the member's own affair.
    signature
        Ed25519 over all the rest, 128 hexadecimal digits; empty before it is signed.

    """

    act: ActKind
    agreement: str
    document_sha256: str
    member: str
    at_tai_s: float
    actors: tuple[str, ...] = ()
    reason: str = ""
    signature: str = ""

    def __post_init__(self) -> None:
        if not _SHA256_HEX.fullmatch(self.document_sha256):
            raise ValueError("document_sha256 is 64 lower-case hexadecimal digits")
        if not math.isfinite(self.at_tai_s):
            raise ValueError("the time of an act must be finite")
        if len(self.actors) > _MOST_ACTORS or len(set(self.actors)) != len(self.actors):
            raise ValueError("actors are at most two different persons")


class SignedAgreement(Struct, frozen=True, kw_only=True):
    """An agreement, the digest of its text, and the acts on its reference, each with a signature that was verified."""

    agreement: Agreement
    sha256: str
    acts: tuple[AgreementAct, ...] = ()

    def acts_of(self, member: str) -> tuple[AgreementAct, ...]:
        """The member's acts on this text."""
        return tuple(act for act in self.acts if act.member == member and act.document_sha256 == self.sha256)


class ProposedText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agreement as its author wrote it, comments and all: how one party shows it to the others."""

    document: str
