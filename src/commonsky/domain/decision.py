"""The outcome of asking whether a partner may have a record."""

from msgspec import Struct

from commonsky.domain.form import AS_IT_IS, Form


class Decision(Struct, frozen=True, kw_only=True):
    """Released or refused, by which clause, and why, in words that a person can read.

    Attributes
    ----------
    agreement, clause
        What decided: agreement id with version, and clause id; ``None`` where no clause was reached.
    reason
        One sentence.
    trace
        Every test that was made, in order, one line each: the giver's full explanation.
    form
        How the record leaves when it is released.
    revisit_tai_s
        When a refusal may turn into a release by the passing of time alone (a delay); ``None`` if it will not.

    """

    record: str
    reader: str
    allowed: bool
    reason: str
    agreement: str | None
    clause: str | None
    decided_tai_s: float
    trace: tuple[str, ...] = ()
    revisit_tai_s: float | None = None
    form: Form = AS_IT_IS

    @property
    def ruling(self) -> "Ruling":
        """What it says apart from the record and the time."""
        return Ruling(
            reader=self.reader,
            allowed=self.allowed,
            reason=self.reason,
            agreement=self.agreement,
            clause=self.clause,
            form=self.form,
        )


class Ruling(Struct, frozen=True, kw_only=True):
    """What a decision says apart from which record it is on and when: many decisions share one.

    The fields are those of `Decision`.
    """

    reader: str
    allowed: bool
    reason: str
    agreement: str | None
    clause: str | None
    form: Form = AS_IT_IS
