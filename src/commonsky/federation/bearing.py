"""What of an agreement bears on the giver's releases: all of it, its restrictions alone, or nothing.

INVARIANT: nothing that a reader declares, and no slip of a pen in a signed text, sets free what a clause withholds. The
restrictions are the giver's: they end with the term, with a newer version that it signed, or with its own withdrawal.
"""

from msgspec.structs import replace

from commonsky.domain import Agreement, Clause, Effect, RecordKind, SignedAgreement
from commonsky.federation.standing import Stance, Standing, State, signers_of_another_text, stance_of

_ALL_TIME_TAI_S = (-1e9, 2.5e11)
CHANGED_TEXT = "its-text-was-changed"
"""Id of the clause that stands for all that a changed text may have withheld."""


def bearing(document: SignedAgreement, stands: Standing, *, now_tai_s: float) -> Agreement | None:
    """Return the agreement to decide by, as far as it binds, or ``None``; its term is left to the decision."""
    agreement = document.agreement
    if stands.binding:
        return agreement
    match stands.state:
        case State.SUSPENDED:
            return _restrictions(agreement)
        case State.WITHDRAWN if agreement.parties == set(stands.signed):
            giver_stands = stance_of(document.acts_of(agreement.giver), now_tai_s) is not Stance.WITHDREW
            return _restrictions(agreement) if giver_stands else None
        case State.INVALID:
            return _withheld_whole(document)
    return None


def _restrictions(agreement: Agreement) -> Agreement | None:
    withholding = tuple(clause for clause in agreement.clauses if clause.effect is Effect.WITHHOLD)
    if not withholding:
        return None
    return _without_grants(agreement, withholding)


def _withheld_whole(document: SignedAgreement) -> Agreement | None:
    """Nothing goes to those who signed another text with the giver: nobody can tell what that one withheld."""
    agreement, signers = document.agreement, signers_of_another_text(document)
    if not signers:
        return None
    everything = Clause(id=CHANGED_TEXT, kinds=frozenset(RecordKind), effect=Effect.WITHHOLD)
    readers = (agreement.readers | signers) - {agreement.giver}
    ever = replace(agreement, readers=readers, begins_tai_s=_ALL_TIME_TAI_S[0], ends_tai_s=_ALL_TIME_TAI_S[1])
    return _without_grants(ever, (everything,))


def _without_grants(agreement: Agreement, clauses: tuple[Clause, ...]) -> Agreement:
    return replace(
        agreement,
        clauses=clauses,
        declassifications=(),
        safety_of_flight=None,
        explanations_per_day=0,
        onward=False,
        lease_s=None,
    )
