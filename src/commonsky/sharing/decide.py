"""May this partner have this record, under which clause, and why.

INVARIANTS
- Nothing is released without a clause of an agreement in force whose every restriction is known to hold.
- A withholding clause beats a releasing one, also one of another agreement between the same members; it applies
  unless one of its restrictions is known not to hold.
- Every originator's label must agree, whatever the agreement says.
- What cannot be evaluated refuses.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Agreement, Clause, Decision, Effect, RecordKind
from commonsky.sharing.facets import Facets


class Finding(Struct, frozen=True):
    """One restriction of a clause held against a record: met, not met, or ``None`` where it cannot be known."""

    met: bool | None
    words: str
    met_from_tai_s: float | None = None


def decide(
    facets: Facets, reader: str, agreements: Sequence[Agreement], *, giver: str, now_tai_s: float
) -> Decision:
    """Decide whether ``giver`` releases the record to ``reader`` at this time.

    The decision carries the clause that decided, one sentence of reason, and the trace of every test made.
    """
    answer = partial(_decision, facets, reader, now_tai_s)
    trace: list[str] = []
    try:
        in_force = _in_force(facets, reader, agreements, giver, now_tai_s, trace)
        if not in_force:
            begins = _next_beginning(reader, agreements, giver, now_tai_s)
            return answer(allowed=False, reason=_nearest(trace, reader), trace=trace, revisit_tai_s=begins)
        for agreement in in_force:
            for clause in agreement.clauses:
                if clause.effect is Effect.WITHHOLD and _withholds(
                    clause, facets, now_tai_s, agreement, trace
                ):
                    reason = f"{agreement.reference} clause {clause.id} withholds it"
                    return answer(allowed=False, reason=reason, trace=trace, by=(agreement, clause))
        return _release(facets, in_force, now_tai_s, answer, trace)
    except Exception as fault:  # noqa: BLE001  # whatever goes wrong in a rule must refuse, never release
        reason = f"refused, since the rules could not be evaluated ({type(fault).__name__}: {fault})"
        return answer(allowed=False, reason=reason, trace=[*trace, reason])


def _in_force(  # noqa: PLR0913  # the five things that bring an agreement into play, and where to say so
    facets: Facets,
    reader: str,
    agreements: Sequence[Agreement],
    giver: str,
    now_tai_s: float,
    trace: list[str],
) -> list[Agreement]:
    found = []
    for agreement in agreements:
        if agreement.giver != giver or reader not in agreement.readers:
            continue
        obstacles = list(_obstacles(agreement, facets, reader, giver, now_tai_s))
        trace.extend(f"{agreement.reference}: no: {words}" for words in obstacles)
        if not obstacles:
            trace.append(f"{agreement.reference}: yes: in force for {reader}, purpose {agreement.purpose}")
            found.append(agreement)
    return found


def _next_beginning(
    reader: str, agreements: Sequence[Agreement], giver: str, now_tai_s: float
) -> float | None:
    """When the next agreement with the reader comes into force, if one will."""
    coming = (a.begins_tai_s for a in agreements if a.giver == giver and reader in a.readers)
    return min((begins for begins in coming if begins > now_tai_s), default=None)


def _obstacles(
    agreement: Agreement, facets: Facets, reader: str, giver: str, now_tai_s: float
) -> Iterator[str]:
    if now_tai_s < agreement.begins_tai_s:
        yield f"begins only at {utc_from_tai_s(agreement.begins_tai_s)}"
    if now_tai_s >= agreement.ends_tai_s:
        yield f"ended at {utc_from_tai_s(agreement.ends_tai_s)}"
    if facets.record.mode is not agreement.mode:
        yield f"is about {agreement.mode} data and the record is {facets.record.mode}"
    third_parties = sorted(facets.originators - {giver, reader})
    if third_parties and not agreement.onward:
        yield f"does not cover data of third parties ({', '.join(third_parties)})"
    yield from facets.record.label.objections(
        giver=giver, reader=reader, purpose=agreement.purpose, now_tai_s=now_tai_s
    )
    floor_m = facets.record.label.precision_floor_m
    if floor_m > 0.0 and (facets.position_sigma_m is None or facets.position_sigma_m < floor_m):
        yield f"is for records no more precise than the label's floor of {floor_m:g} m"


def _withholds(
    clause: Clause, facets: Facets, now_tai_s: float, agreement: Agreement, trace: list[str]
) -> bool:
    for finding in _findings(clause, facets, now_tai_s):
        if finding.met is False:
            trace.append(f"{agreement.reference} clause {clause.id}: does not withhold: {finding.words}")
            return False
    trace.append(f"{agreement.reference} clause {clause.id}: withholds")
    return True


def _release(
    facets: Facets,
    in_force: Sequence[Agreement],
    now_tai_s: float,
    answer: "partial[Decision]",
    trace: list[str],
) -> Decision:
    waiting: list[tuple[float, Agreement, Clause, str]] = []
    for agreement in in_force:
        for clause in agreement.clauses:
            if clause.effect is not Effect.RELEASE:
                continue
            failed = [f for f in _findings(clause, facets, now_tai_s) if f.met is not True]
            said = f"{agreement.reference} clause {clause.id}"
            if not failed:
                trace.append(f"{said}: releases")
                return answer(allowed=True, reason=f"{said} releases it", trace=trace, by=(agreement, clause))
            trace.extend(f"{said}: no: {finding.words}" for finding in failed)
            if all(f.met_from_tai_s is not None for f in failed):
                when = max(f.met_from_tai_s for f in failed if f.met_from_tai_s is not None)
                waiting.append((when, agreement, clause, failed[0].words))
    if waiting:
        when, agreement, clause, words = min(waiting, key=lambda w: w[0])
        reason = f"{agreement.reference} clause {clause.id}: {words}"
        return answer(allowed=False, reason=reason, trace=trace, by=(agreement, clause), revisit_tai_s=when)
    return answer(allowed=False, reason=_nearest(trace, ""), trace=trace)


def _findings(clause: Clause, facets: Facets, now_tai_s: float) -> Iterator[Finding]:
    """Hold each restriction that the clause makes against the record, cheapest first."""
    kinds = _sorted_words(clause.kinds)
    yield Finding(facets.kind in clause.kinds, f"covers {kinds}, and this is a record of kind {facets.kind}")
    every = clause.effect is Effect.RELEASE
    yield from _set_finding("objects", clause.objects, facets.objects or None, every=False)
    yield from _set_finding("owners", clause.owners, facets.originators, every=every)
    yield from _set_finding("sensors", clause.sensors, facets.sensors, every=every)
    if clause.classification_ceiling is not None:
        yield Finding(
            facets.classification <= clause.classification_ceiling,
            f"covers classification up to {clause.classification_ceiling}, and this is {facets.classification}",
        )
    if clause.regimes is not None:
        yield Finding(
            None if facets.regime is None else facets.regime in clause.regimes,
            f"covers {_sorted_words(clause.regimes)}, and this is {facets.regime or 'of no known regime'}",
        )
    if clause.region is not None:
        point = facets.subpoint_deg
        place = (
            "at no known place" if point is None else f"at latitude {point[0]:.2f}, longitude {point[1]:.2f}"
        )
        yield Finding(
            None if point is None else clause.region.contains(*point), f"covers a region, and this is {place}"
        )
    if clause.precision_floor_m > 0.0:
        yield _precision_finding(clause.precision_floor_m, facets)
    if clause.delay_s > 0.0:
        yield _delay_finding(clause.delay_s, facets.epoch_tai_s, now_tai_s)


def _set_finding(
    what: str, allowed: frozenset[str] | None, own: frozenset[str] | None, *, every: bool
) -> Iterator[Finding]:
    """A release needs every originator and sensor inside the list; withholding, and objects, need only one."""
    if allowed is None:
        return
    if own is None:
        yield Finding(None, f"covers certain {what}, and the record does not tell its {what}")
        return
    met = own <= allowed if every else not own.isdisjoint(allowed)
    yield Finding(met, f"covers the {what} {_sorted_words(allowed)}, and this is of {_sorted_words(own)}")


def _precision_finding(floor_m: float, facets: Facets) -> Finding:
    sigma_m = facets.position_sigma_m
    if sigma_m is None:
        return Finding(
            None, f"has a precision floor of {floor_m:g} m, and the record's precision is not known"
        )
    words = f"has a precision floor of {floor_m:g} m, and this is known to {sigma_m:.3g} m"
    return Finding(sigma_m >= floor_m, words)


def _delay_finding(delay_s: float, epoch_tai_s: float | None, now_tai_s: float) -> Finding:
    if epoch_tai_s is None:
        return Finding(None, f"has a delay of {delay_s:g} s, and the record has no epoch")
    free_tai_s = epoch_tai_s + delay_s
    words = f"has a delay of {delay_s:g} s, which is over at {utc_from_tai_s(free_tai_s)}"
    return Finding(now_tai_s >= free_tai_s, words, free_tai_s)


def _decision(  # noqa: PLR0913  # a decision has this many sides
    facets: Facets,
    reader: str,
    now_tai_s: float,
    *,
    allowed: bool,
    reason: str,
    trace: Sequence[str],
    by: tuple[Agreement, Clause] | None = None,
    revisit_tai_s: float | None = None,
) -> Decision:
    return Decision(
        record=facets.record.id,
        reader=reader,
        allowed=allowed,
        reason=reason,
        agreement=by[0].reference if by else None,
        clause=by[1].id if by else None,
        decided_tai_s=now_tai_s,
        trace=tuple(trace),
        revisit_tai_s=revisit_tai_s,
    )


def _nearest(trace: Sequence[str], reader: str) -> str:
    """The reason of a refusal for which no clause is to be blamed: the test that came closest."""
    refusals = [line for line in trace if ": no: " in line]
    return refusals[0] if refusals else f"no agreement covers {reader}" if reader else "no clause releases it"


def _sorted_words(names: "frozenset[str] | frozenset[RecordKind]") -> str:
    return ", ".join(sorted(names))
