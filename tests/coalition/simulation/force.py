"""Which agreements have force, from first principles: shares no code with `commonsky.federation.standing`.

A member's word that restricts counts at once; one that loosens counts from its time on, or from a minute before: so far
a member's clock may be ahead. To leave is final.
"""

from dataclasses import dataclass, replace

ORDER = ("sign", "resume", "suspend", "withdraw")
AHEAD_S = 60.0
IN_FORCE, SUSPENDED, WITHDRAWN, SUPERSEDED, AWAITING = (
    "in force",
    "suspended",
    "withdrawn",
    "superseded",
    "awaiting",
)


@dataclass(frozen=True)
class Act:
    """What a party declared, and when by its own clock."""

    member: str
    kind: str
    at: float


def stance(acts, member, now):
    """Where a party stands: ``none``, ``signed``, ``suspends`` or ``left``."""
    stands = "none"
    for act in sorted(
        (one for one in acts if one.member == member), key=lambda one: (one.at, ORDER.index(one.kind))
    ):
        counts = act.at <= now + AHEAD_S or act.kind in {"suspend", "withdraw"}
        if stands == "left" or not counts:
            continue
        if act.kind == "withdraw":
            stands = "left"
        elif stands == "none" and act.kind == "sign":
            stands = "signed"
        elif stands == "signed" and act.kind == "suspend":
            stands = "suspends"
        elif stands == "suspends" and act.kind == "resume":
            stands = "signed"
    return stands


def state(deal, acts, newer, now):
    """The state of an agreement, but for its term; ``newer`` are (deal, acts) of the later versions."""
    stances = [stance(acts, party, now) for party in parties(deal)]
    if "left" in stances:
        return WITHDRAWN
    if any(took_effect(one, its, now) for one, its in newer):
        return SUPERSEDED
    if "none" in stances:
        return AWAITING
    return SUSPENDED if "suspends" in stances else IN_FORCE


def parties(deal):
    return {deal.giver, *deal.readers}


def took_effect(deal, acts, now):
    """Whether a version ever was in force by its signatures and its giver's word: then the older ones are over."""
    moments = {deal.begins, deal.ends, *(act.at for act in acts)}
    then = any(
        _in_force_at(deal, [act for act in acts if act.at <= moment], moment)
        for moment in moments
        if moment <= now
    )
    return then or _in_force_at(deal, acts, now)


def _in_force_at(deal, acts, moment):
    """By the giver's word, and the bare signatures of its readers."""
    counted = [act for act in acts if act.kind == "sign" or act.member == deal.giver]
    signed = all(stance(counted, party, moment) == "signed" for party in parties(deal))
    return signed and deal.begins <= moment < deal.ends


def bearing(documents, now):
    """What to decide by: (deal, acts) pairs in; deals out, those that do not bind with what they withhold alone."""
    found = []
    for deal, acts in documents:
        stands = state(deal, acts, newer_than(deal, documents), now)
        all_signed = all(
            any(act.member == one and act.kind == "sign" for act in acts) for one in parties(deal)
        )
        if stands == IN_FORCE:
            found.append(deal)
        elif stands == SUSPENDED or (
            stands == WITHDRAWN and all_signed and stance(acts, deal.giver, now) != "left"
        ):
            rules = tuple(rule for rule in deal.rules if rule.withholds)
            if rules:
                found.append(replace(deal, rules=rules, onward=False))
    return found


def newer_than(deal, documents):
    return [
        (one, acts)
        for one, acts in documents
        if (one.giver, one.id) == (deal.giver, deal.id) and one.version > deal.version
    ]


def usable(reference, documents, now, heard):
    """Whether a reader may use now what it was given under an agreement; ``heard`` is when its giver last spoke."""
    named = next(((deal, acts) for deal, acts in documents if deal.reference == reference), None)
    if named is None:
        return False
    deal, acts = named
    newer = newer_than(deal, documents)
    stands = state(deal, acts, newer, now)
    if stands == SUPERSEDED:
        signed = [pair for pair in newer if state(*pair, newer_than(pair[0], documents), now) != AWAITING]
        if signed:
            deal, acts = max(signed, key=lambda pair: pair[0].version)
            stands = state(deal, acts, newer_than(deal, documents), now)
    if stands in {SUSPENDED, WITHDRAWN}:
        return False
    return deal.lease_s is None or now < heard + deal.lease_s
