"""May this partner have this record, under which clause, and why.

INVARIANTS
- Nothing is released without a clause of an agreement in force whose every restriction is known to hold.
- A withholding clause beats a releasing one, also one of another agreement between the same members, and whether
  that agreement could release the record itself or not; it applies unless one of its restrictions is known not to
  hold.
- Every originator's label must agree, whatever the agreement says; an originator's own signed rule may open its part.
- Our own orbits go out as coarse as clause, labels and rules ask; what others made goes unaltered or not at all.
- What cannot be evaluated refuses.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    AS_IT_IS,
    COARSENABLE,
    WITHHOLDABLE,
    Agreement,
    Clause,
    Decision,
    Effect,
    Form,
    Label,
    RecordKind,
    Region,
)
from commonsky.domain.printable import printable
from commonsky.sharing.declassify import Waivers, waivers, withheld_times
from commonsky.sharing.facets import Facets


class Finding(Struct, frozen=True):
    """One restriction of a clause held against a record: met, not met, or ``None`` where it cannot be known.

    ``rule`` says the restriction, ``record`` what the record is: apart, so that refusals can be counted by rule.
    """

    met: bool | None
    rule: str
    record: str
    met_from_tai_s: float | None = None

    @property
    def words(self) -> str:
        """Rule and record in one sentence."""
        return f"{self.rule}, and {self.record}"


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
        begins = _next_beginning(reader, agreements, giver, now_tai_s)
        waived = waivers(facets, reader, held, giver=giver, now_tai_s=now_tai_s)
        trace.extend(f"{one}'s rule {rule.id} opens its part to {reader}" for one, rule in waived.items())
        in_force = _in_force(facets, reader, agreements, giver, now_tai_s, trace, waived)
        if not in_force:
            refusals = [line for line in trace if ": no: " in line]
            reason = refusals[0].replace(": no: ", " ", 1) if refusals else f"no agreement covers {reader}"
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
) -> list[Agreement]:
    label = facets.record.label.opened(frozenset(waived), reader)
    found = []
    for agreement in agreements:
        if agreement.giver != giver or reader not in agreement.readers:
            continue
        obstacles = list(_obstacles(agreement, facets, label, reader, giver, now_tai_s))
        trace.extend(f"{agreement.reference}: no: {words}" for words in obstacles)
        if not obstacles:
            trace.append(f"{agreement.reference}: yes: in force for {reader}, purpose {agreement.purpose}")
            found.append(agreement)
    return found


def _next_beginning(reader: str, agreements: Sequence[Agreement], giver: str, now_tai_s: float) -> float:
    """When the next agreement with the reader comes into force; infinite if none will."""
    coming = (a.begins_tai_s for a in agreements if a.giver == giver and reader in a.readers)
    return min((begins for begins in coming if begins > now_tai_s), default=math.inf)


def _finite(time_tai_s: float) -> float | None:
    return time_tai_s if math.isfinite(time_tai_s) else None


def _withholding(
    agreement: Agreement, facets: Facets, reader: str, giver: str, now_tai_s: float
) -> Iterator[Clause]:
    """The withholding clauses of an agreement that is in its term, whatever else keeps it from releasing."""
    in_term = agreement.begins_tai_s <= now_tai_s < agreement.ends_tai_s
    between_them = agreement.giver == giver and reader in agreement.readers
    if between_them and in_term and facets.record.mode is agreement.mode:
        yield from (clause for clause in agreement.clauses if clause.effect is Effect.WITHHOLD)


def _obstacles(  # noqa: PLR0913  # the agreement, the record under its label, who asks whom, and when
    agreement: Agreement, facets: Facets, label: Label, reader: str, giver: str, now_tai_s: float
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
    originator = facets.record.originator
    if originator not in {giver, *facets.record.label.components}:
        yield f"does not cover what {originator} made and let nobody pass on: the label has no part of {originator}"
    yield from label.objections(giver=giver, reader=reader, purpose=agreement.purpose, now_tai_s=now_tai_s)
    floor_m = label.precision_floor_m
    fine = facets.position_sigma_m is None or facets.position_sigma_m < floor_m
    if floor_m > 0.0 and fine and not _coarsenable(facets, giver):
        yield f"is for records no more precise than the label's floor of {floor_m:g} m"


def _withholds(
    clause: Clause, facets: Facets, now_tai_s: float, agreement: Agreement, trace: list[str]
) -> bool:
    for finding in _findings(clause, facets, agreement.giver, now_tai_s):
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
            failed = [f for f in _findings(clause, facets, giver, now_tai_s) if f.met is not True]
            said = f"{agreement.reference} clause {clause.id}"
            if not failed:
                form = _form(clause, facets, giver, waived)
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


def _form(clause: Clause, facets: Facets, giver: str, waived: Waivers) -> Form:
    """How the record leaves: as coarse as the coarsest floor asks, without what clause and rules leave out."""
    floors = [clause.precision_floor_m, facets.record.label.precision_floor_m]
    floors += [rule.precision_floor_m for rule in waived.values()]
    return Form(
        precision_floor_m=max(floors) if _coarsenable(facets, giver) else 0.0,
        withheld_fields=(clause.withheld_fields | withheld_times(waived)) & WITHHOLDABLE[facets.kind],
        declassified=frozenset(waived),
    )


def _coarsenable(facets: Facets, giver: str) -> bool:
    """Whether the record is an orbit of the giver's own making, which it may give less precisely."""
    return facets.kind in COARSENABLE and facets.record.originator == giver


def _findings(clause: Clause, facets: Facets, giver: str, now_tai_s: float) -> Iterator[Finding]:
    """Hold each restriction that the clause makes against the record, cheapest first."""
    kinds = _sorted_words(clause.kinds)
    yield Finding(facets.kind in clause.kinds, f"covers {kinds}", f"this is a record of kind {facets.kind}")
    every = clause.effect is Effect.RELEASE
    objects = facets.objects if every else facets.alleged_objects
    yield from _set_finding("objects", clause.objects, objects or None, every=False)
    yield from _set_finding("owners", clause.owners, facets.originators, every=every)
    yield from _set_finding("sensors", clause.sensors, facets.sensors, every=every)
    if clause.classification_ceiling is not None:
        met = facets.classification <= clause.classification_ceiling
        rule = f"covers classification up to {clause.classification_ceiling}"
        yield Finding(met, rule, f"this is {facets.classification}")
    if clause.regimes is not None:
        within = None if facets.regime is None else facets.regime in clause.regimes
        yield Finding(
            within, f"covers {_sorted_words(clause.regimes)}", f"this is {facets.regime or 'unknown'}"
        )
    if clause.region is not None:
        yield _region_finding(clause.region, facets.subpoint_deg)
    if clause.precision_floor_m > 0.0 and not _coarsenable(facets, giver):
        yield _precision_finding(clause.precision_floor_m, facets.position_sigma_m)
    if left_out := clause.withheld_fields & WITHHOLDABLE[facets.kind]:
        rule = f"covers it without {_sorted_words(left_out)}"
        maker = facets.record.originator
        yield Finding(maker == giver, rule, f"this was made by {maker}, whose records {giver} does not alter")
    if clause.delay_s > 0.0:
        yield _delay_finding(clause.delay_s, facets.epoch_tai_s, now_tai_s)


def _set_finding(
    what: str, allowed: frozenset[str] | None, own: frozenset[str] | None, *, every: bool
) -> Iterator[Finding]:
    """A release needs every originator and sensor inside the list; withholding, and objects, need only one."""
    if allowed is None:
        return
    rule = f"covers the {what} {_sorted_words(allowed)}"
    if own is None:
        yield Finding(None, rule, f"the record does not tell its {what}")
        return
    met = own <= allowed if every else not own.isdisjoint(allowed)
    yield Finding(met, rule, f"this is of {_sorted_words(own)}")


def _region_finding(region: Region, point_deg: tuple[float, float] | None) -> Finding:
    if point_deg is None:
        return Finding(None, "covers a region", "the record does not tell a place")
    latitude_deg, longitude_deg = point_deg
    place = f"this is over latitude {latitude_deg:.2f}, longitude {longitude_deg:.2f}"
    return Finding(region.contains(latitude_deg, longitude_deg), "covers a region", place)


def _precision_finding(floor_m: float, sigma_m: float | None) -> Finding:
    rule = f"covers what is no more precise than {floor_m:g} m"
    if sigma_m is None:
        return Finding(None, rule, "the record's precision is not known")
    return Finding(sigma_m >= floor_m, rule, f"this is known to {sigma_m:.3g} m")


def _delay_finding(delay_s: float, epoch_tai_s: float | None, now_tai_s: float) -> Finding:
    rule = f"covers what is {delay_s:g} s old"
    if epoch_tai_s is None:
        return Finding(None, rule, "the record has no epoch")
    free_tai_s = epoch_tai_s + delay_s
    return Finding(now_tai_s >= free_tai_s, rule, f"this is so at {utc_from_tai_s(free_tai_s)}", free_tai_s)


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


def _sorted_words(names: "frozenset[str] | frozenset[RecordKind]") -> str:
    return ", ".join(sorted(names))
