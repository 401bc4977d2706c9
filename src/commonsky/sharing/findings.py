"""What a clause and an agreement say of one record, in words: what every engine decides by.

`decide` asks record by record, `bulk` for whole columns, and both take their words from here.
"""

from collections.abc import Iterator

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    COARSENABLE,
    WITHHOLDABLE,
    Agreement,
    Clause,
    Effect,
    Form,
    Label,
    RecordKind,
    Region,
)
from commonsky.sharing.declassify import Waivers, withheld_times
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


def form_of(clause: Clause, facets: Facets, giver: str, waived: Waivers) -> Form:
    """How the record leaves: as coarse as the coarsest floor asks, without what clause and rules leave out."""
    floors = [clause.precision_floor_m, facets.record.label.precision_floor_m]
    floors += [rule.precision_floor_m for rule in waived.values()]
    return Form(
        precision_floor_m=max(floors) if coarsenable(facets, giver) else 0.0,
        withheld_fields=(clause.withheld_fields | withheld_times(waived)) & WITHHOLDABLE[facets.kind],
        declassified=frozenset(waived),
    )


def coarsenable(facets: Facets, giver: str) -> bool:
    """Whether the record is an orbit of the giver's own making, which it may give less precisely."""
    return facets.kind in COARSENABLE and facets.record.originator == giver


def findings(clause: Clause, facets: Facets, giver: str, now_tai_s: float) -> Iterator[Finding]:
    """Hold each restriction that the clause makes against the record, cheapest first."""
    kinds = sorted_words(clause.kinds)
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
            within, f"covers {sorted_words(clause.regimes)}", f"this is {facets.regime or 'unknown'}"
        )
    if clause.region is not None:
        yield _region_finding(clause.region, facets.subpoint_deg)
    if clause.precision_floor_m > 0.0 and not coarsenable(facets, giver):
        yield _precision_finding(clause.precision_floor_m, facets.position_sigma_m)
    if left_out := clause.withheld_fields & WITHHOLDABLE[facets.kind]:
        rule = f"covers it without {sorted_words(left_out)}"
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
    rule = f"covers the {what} {sorted_words(allowed)}"
    if own is None:
        yield Finding(None, rule, f"the record does not tell its {what}")
        return
    met = own <= allowed if every else not own.isdisjoint(allowed)
    yield Finding(met, rule, f"this is of {sorted_words(own)}")


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


def sorted_words(names: "frozenset[str] | frozenset[RecordKind]") -> str:
    """Name all in one order."""
    return ", ".join(sorted(names))


def between(agreement: Agreement, giver: str, reader: str) -> bool:
    """Whether the agreement is one by which ``giver`` gives to ``reader``."""
    return agreement.giver == giver and reader in agreement.readers


def obstacles(  # noqa: PLR0913  # the agreement, the record under its label, who asks whom, and when
    agreement: Agreement, facets: Facets, label: Label, reader: str, giver: str, now_tai_s: float
) -> Iterator[str]:
    """Say what keeps an agreement from releasing anything of this label, maker, mode and kind; ``label`` is as opened.

    The label's precision floor is apart, in `floor_obstacle`: it depends on the single record.
    """
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


def floor_obstacle(floor_m: float) -> str:
    """Say that a record is more precise than its label lets out."""
    return f"is for records no more precise than the label's floor of {floor_m:g} m"


def breaks_floor(facets: Facets, floor_m: float, giver: str) -> bool:
    """Whether the record is not known to be as coarse as its label asks, and cannot be made so."""
    if not floor_m > 0.0 or coarsenable(facets, giver):
        return False
    sigma_m = facets.position_sigma_m
    return sigma_m is None or not sigma_m >= floor_m
