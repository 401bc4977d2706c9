"""May this partner have this record, under which clause, and why.

INVARIANTS
- Nothing is released without a clause of an agreement in force whose every restriction is known to hold.
- A withholding clause beats a releasing one, also one of another agreement between the same members, and whether
  that agreement could release the record itself or not; it applies unless one of its restrictions is known not to
  hold.
- Every originator's label must agree, whatever the agreement says; an originator's own signed rule may open its part.
- Our own orbits go out as coarse as clause, labels and rules ask; what others made goes unaltered or not at all.
- What cannot be evaluated refuses.

This is the reference: one record, every test in order, all of it traced. `commonsky.sharing.bulk` answers alike
for many records.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from commonsky.domain import AS_IT_IS, Agreement, Clause, Decision, Effect, Form
from commonsky.domain.printable import printable
from commonsky.sharing.declassify import Waivers, waivers
from commonsky.sharing.facets import Facets
from commonsky.sharing.findings import between, breaks_floor, findings, floor_obstacle, form_of, obstacles


def decide(  # noqa: PLR0913  # the record, who asks whom, when, and the two kinds of document that bear on it
    facets: Facets,
    reader: str,
    agreements: Sequence[Agreement],
    *,
    giver: str,
    now_tai_s: float,
    held: Sequence[Agreement] = (),
) -> Decision:
    """Decide whether ``giver`` releases the record to ``reader`` at this time, and in what form.

    ``agreements`` are those in force by which ``giver`` gives, ``held`` those under which it reads: they may hold
    originators' rules of declassification. The decision carries the clause that decided, one sentence of reason,
    and the trace of every test made.
    """
    answer = partial(_decision, facets, reader, now_tai_s)
    trace: list[str] = []
    try:
        begins = next_beginning(reader, agreements, held, giver=giver, now_tai_s=now_tai_s)
        waived = waivers(facets, reader, held, giver=giver, now_tai_s=now_tai_s)
        trace.extend(f"{one}'s rule {rule.id} opens its part to {reader}" for one, rule in waived.items())
        in_force, refusals = _in_force(facets, reader, agreements, giver, now_tai_s, trace, waived)
        if not in_force:
            reason = next(iter(refusals), f"no agreement covers {reader}")
            return answer(allowed=False, reason=reason, trace=trace, revisit_tai_s=_finite(begins))
        for agreement in agreements:
            for clause in _withholding(agreement, facets, reader, giver, now_tai_s):
                if _withholds(clause, facets, now_tai_s, agreement, trace):
                    reason = f"{agreement.reference} clause {clause.id} withholds it"
                    revisit = _finite(min(begins, agreement.ends_tai_s))
                    by = (agreement, clause)
                    return answer(allowed=False, reason=reason, trace=trace, by=by, revisit_tai_s=revisit)
        made = _release(facets, in_force, giver, now_tai_s, answer, trace, waived)
        if made.allowed:
            return made
        revisit = math.inf if made.revisit_tai_s is None else made.revisit_tai_s
        return replace(made, revisit_tai_s=_finite(min(revisit, begins)))
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
    waived: Waivers,
) -> tuple[list[Agreement], list[str]]:
    """The agreements under which the record could go to the reader, and why it could not under the others."""
    label = facets.record.label.opened(frozenset(waived), reader)
    found, refusals = [], []
    for agreement in agreements:
        if not between(agreement, giver, reader):
            continue
        against = list(obstacles(agreement, facets, label, reader, giver, now_tai_s))
        if breaks_floor(facets, label.precision_floor_m, giver):
            against.append(floor_obstacle(label.precision_floor_m))
        trace.extend(f"{agreement.reference}: no: {words}" for words in against)
        refusals += [f"{agreement.reference} {words}" for words in against]
        if not against:
            trace.append(f"{agreement.reference}: yes: in force for {reader}, purpose {agreement.purpose}")
            found.append(agreement)
    return found, refusals


def next_beginning(
    reader: str, agreements: Sequence[Agreement], held: Sequence[Agreement], *, giver: str, now_tai_s: float
) -> float:
    """When the next agreement that may let something out comes into force; infinite if none will."""
    opening = [one for one in held if giver in one.readers and one.declassifications]
    coming = [one for one in agreements if between(one, giver, reader)] + opening
    return min((one.begins_tai_s for one in coming if one.begins_tai_s > now_tai_s), default=math.inf)


def _finite(time_tai_s: float) -> float | None:
    return time_tai_s if math.isfinite(time_tai_s) else None


def _withholding(
    agreement: Agreement, facets: Facets, reader: str, giver: str, now_tai_s: float
) -> Iterator[Clause]:
    """The withholding clauses of an agreement that is in its term, whatever else keeps it from releasing."""
    in_term = agreement.begins_tai_s <= now_tai_s < agreement.ends_tai_s
    if between(agreement, giver, reader) and in_term and facets.record.mode is agreement.mode:
        yield from (clause for clause in agreement.clauses if clause.effect is Effect.WITHHOLD)


def _withholds(
    clause: Clause, facets: Facets, now_tai_s: float, agreement: Agreement, trace: list[str]
) -> bool:
    for finding in findings(clause, facets, agreement.giver, now_tai_s):
        if finding.met is False:
            trace.append(f"{agreement.reference} clause {clause.id}: does not withhold: it {finding.words}")
            return False
    trace.append(f"{agreement.reference} clause {clause.id}: withholds")
    return True


def _release(  # noqa: PLR0913  # what is asked, under which documents, and what was found so far
    facets: Facets,
    in_force: Sequence[Agreement],
    giver: str,
    now_tai_s: float,
    answer: "partial[Decision]",
    trace: list[str],
    waived: Waivers,
) -> Decision:
    """Take the first clause that releases; else blame the one that came closest, a matter of time before others."""
    nearest: list[tuple[float, int, Agreement, Clause, str]] = []
    for agreement in in_force:
        for clause in agreement.clauses:
            if clause.effect is not Effect.RELEASE:
                continue
            failed = [f for f in findings(clause, facets, giver, now_tai_s) if f.met is not True]
            said = f"{agreement.reference} clause {clause.id}"
            if not failed:
                form = form_of(clause, facets, giver, waived)
                words = f", {form.words}" if form.words else ""
                trace.append(f"{said}: releases{words}")
                reason = f"{said} releases it{words}"
                return answer(allowed=True, reason=reason, trace=trace, by=(agreement, clause), form=form)
            trace.extend(f"{said}: no: it {finding.words}" for finding in failed)
            times = [f.met_from_tai_s for f in failed if f.met_from_tai_s is not None]
            when = max(times) if len(times) == len(failed) else math.inf
            nearest.append((when, len(failed), agreement, clause, failed[0].rule))
    if not nearest:
        return answer(allowed=False, reason="no clause releases it", trace=trace)
    when, _, agreement, clause, rule = min(nearest, key=lambda n: n[:2])
    reason = f"{agreement.reference} clause {clause.id} {rule}"
    by = (agreement, clause)
    return answer(allowed=False, reason=reason, trace=trace, by=by, revisit_tai_s=_finite(when))


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
    form: Form = AS_IT_IS,
) -> Decision:
    return Decision(
        record=facets.record.id,
        reader=reader,
        allowed=allowed,
        reason=printable(reason),
        agreement=by[0].reference if by else None,
        clause=by[1].id if by else None,
        decided_tai_s=now_tai_s,
        trace=tuple(map(printable, trace)),
        revisit_tai_s=revisit_tai_s,
        form=form,
    )
