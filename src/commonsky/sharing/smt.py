"""Agreements as formulas over a record that nobody has seen yet, for a solver to look for records.

A symbolic record has a variable for each side that clauses and labels speak of. `Rules.released` is the third way in
which agreements are written down, beside `commonsky.sharing.decide` and `commonsky.sharing.cedar`; the tests hold the
three against each other. Numbers are exact: a time plus a delay is not rounded as it is in `decide`.

Names that no agreement mentions are all alike to every agreement: one variable stands for them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from commonsky.domain import (
    COARSENABLE,
    WITHHOLDABLE,
    Agreement,
    Clause,
    Component,
    Effect,
    Mode,
    RecordKind,
    Regime,
    Region,
)
from commonsky.sharing.facets import Facets

Formula = Any
"""A truth value or number of the solver."""

KINDS = tuple(RecordKind)
MODES = tuple(Mode)
REGIMES = tuple(Regime)
DERIVED = frozenset({RecordKind.TRACK, RecordKind.CONJUNCTION_WARNING, RecordKind.IDENTITY_CLAIM})
"""Kinds of record that a node makes of others."""

Pairs = Iterator[tuple[Formula, Formula]]


@dataclass(frozen=True)
class Vocabulary:
    """All names that agreements mention: what lies beyond them is alike to every agreement."""

    members: tuple[str, ...]
    objects: tuple[str, ...]
    sensors: tuple[str, ...]
    purposes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        agreements: Iterable[Agreement],
        *,
        members: Iterable[str] = (),
        objects: Iterable[str] = (),
        sensors: Iterable[str] = (),
        purposes: Iterable[str] = (),
    ) -> "Vocabulary":
        """Collect the names of agreements and some more."""
        every = list(agreements)
        clauses = [clause for one in every for clause in one.clauses]
        rules = [rule for one in every for rule in one.declassifications]
        return cls(
            members=_sorted(
                members,
                *(one.parties for one in every),
                *(c.owners for c in clauses),
                *(r.readers for r in rules),
            ),
            objects=_sorted(objects, *(clause.objects for clause in clauses)),
            sensors=_sorted(sensors, *(clause.sensors for clause in clauses)),
            purposes=_sorted(purposes, (one.purpose for one in every)),
        )


def _sorted(*names: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted({name for some in names for name in some or ()}))


class Part:
    """One originator's part in the label of a symbolic record."""

    def __init__(self, vocabulary: Vocabulary, name: str) -> None:
        self.present = z3.Bool(f"{name}.present")
        self.any_reader = z3.Bool(f"{name}.any reader")
        self.reads = {one: z3.Bool(f"{name}.reads {one}") for one in vocabulary.members}
        self.any_purpose = z3.Bool(f"{name}.any purpose")
        self.purposes = {one: z3.Bool(f"{name}.for {one}") for one in vocabulary.purposes}
        self.expires = z3.Bool(f"{name}.expires")
        self.expires_tai_s = z3.Real(f"{name}.expires at")
        self.onward = z3.Bool(f"{name}.onward")
        self.classification = z3.Int(f"{name}.classification")
        self.floor_m = z3.Real(f"{name}.floor")

    def told(self, component: Component | None) -> Pairs:
        """Give each variable with its value in a real component."""
        yield self.present, z3.BoolVal(component is not None)
        one = component or Component()
        yield self.any_reader, z3.BoolVal(one.readers is None)
        yield from ((var, z3.BoolVal(name in (one.readers or ()))) for name, var in self.reads.items())
        yield self.any_purpose, z3.BoolVal(one.purposes is None)
        yield from ((var, z3.BoolVal(name in (one.purposes or ()))) for name, var in self.purposes.items())
        yield self.expires, z3.BoolVal(one.expires_tai_s is not None)
        yield self.expires_tai_s, real(one.expires_tai_s or 0.0)
        yield self.onward, z3.BoolVal(one.onward)
        yield self.classification, z3.IntVal(one.classification)
        yield self.floor_m, real(one.precision_floor_m)

    def is_(self, component: Component) -> Formula:
        """Whether it is this component."""
        return z3.And(*(variable == value for variable, value in self.told(component)))

    def at_least_as_strict_as(self, other: "Part") -> Formula:
        """Whether it allows nothing that the other one does not."""
        readers = [z3.Implies(self.may_read(one), other.may_read(one)) for one in self.reads]
        purposes = [z3.Implies(self.may_serve(one), other.may_serve(one)) for one in self.purposes]
        return z3.And(
            z3.Implies(self.any_reader, other.any_reader),
            *readers,
            z3.Implies(self.any_purpose, other.any_purpose),
            *purposes,
            z3.Implies(other.expires, z3.And(self.expires, self.expires_tai_s <= other.expires_tai_s)),
            z3.Implies(self.onward, other.onward),
            self.classification >= other.classification,
            self.floor_m >= other.floor_m,
        )

    def may_read(self, member: str) -> Formula:
        """Whether a member is among the readers."""
        return z3.Or(self.any_reader, self.reads[member])

    def may_serve(self, purpose: str) -> Formula:
        """Whether a purpose is allowed."""
        return z3.Or(self.any_purpose, self.purposes[purpose])


class SymbolicRecord:
    """A record of which only the names of its sides are known; the attributes are variables of the solver."""

    def __init__(self, vocabulary: Vocabulary, name: str) -> None:
        self.vocabulary = vocabulary
        self.kind = z3.Int(f"{name}.kind")
        self.mode = z3.Int(f"{name}.mode")
        self.maker = z3.Int(f"{name}.maker")
        self.parts = {one: Part(vocabulary, f"{name}.{one}") for one in vocabulary.members}
        self.objects = {one: z3.Bool(f"{name}.object {one}") for one in vocabulary.objects}
        self.other_object = z3.Bool(f"{name}.another object")
        self.alleged = {one: z3.Bool(f"{name}.alleged {one}") for one in vocabulary.objects}
        self.other_alleged = z3.Bool(f"{name}.another alleged")
        # Written down once: it is as long as all clauses together, and each that withholds objects asks for it.
        self.nameless = z3.Not(z3.Or(*self.alleged.values(), self.other_alleged))
        self.sensors_known = z3.Bool(f"{name}.sensors known")
        self.sensors = {one: z3.Bool(f"{name}.sensor {one}") for one in vocabulary.sensors}
        self.other_sensor = z3.Bool(f"{name}.another sensor")
        self.regime = z3.Int(f"{name}.regime")
        self.place_known = z3.Bool(f"{name}.place known")
        self.latitude_deg = z3.Real(f"{name}.latitude")
        self.longitude_deg = z3.Real(f"{name}.longitude")
        self.sigma_known = z3.Bool(f"{name}.sigma known")
        self.sigma_infinite = z3.Bool(f"{name}.sigma infinite")
        self.sigma_m = z3.Real(f"{name}.sigma")
        self.epoch_known = z3.Bool(f"{name}.epoch known")
        self.epoch_tai_s = z3.Real(f"{name}.epoch")
        self.shares_known = z3.Bool(f"{name}.shares known")
        self.share_count = z3.Int(f"{name}.share count")
        self.largest_share = z3.Real(f"{name}.largest share")

    def variables(self) -> list[Formula]:
        """Give all variables, in the same order for every record of one vocabulary."""
        return list(_variables(self))

    def is_of(self, kinds: Iterable[RecordKind]) -> Formula:
        """Whether it is of one of these kinds."""
        return any_of(self.kind == KINDS.index(kind) for kind in kinds)

    def made_by(self, member: str) -> Formula:
        """Whether this member made it."""
        return self.maker == self.vocabulary.members.index(member)

    def owned_by(self, member: str) -> Formula:
        """Whether this member is one of its originators."""
        return z3.Or(self.parts[member].present, self.made_by(member))

    def as_coarse_as(self, floor_m: Formula) -> Formula:
        """Whether it is known to be no more precise than this."""
        return z3.And(self.sigma_known, z3.Or(self.sigma_infinite, self.sigma_m >= floor_m))

    def facts(self) -> Iterator[Formula]:
        """What holds for every record that there can be."""
        yield z3.And(self.kind >= 0, self.kind < len(KINDS), self.mode >= 0, self.mode < len(MODES))
        yield z3.And(self.maker >= 0, self.maker < len(self.vocabulary.members))
        yield any_of(part.present for part in self.parts.values())
        for part in self.parts.values():
            yield z3.And(part.classification >= 0, part.floor_m >= 0)
        yield from (z3.Implies(self.objects[one], self.alleged[one]) for one in self.objects)
        yield z3.Implies(self.other_object, self.other_alleged)
        seen = self.is_of({RecordKind.OBSERVATION, RecordKind.SENSOR})
        derived = self.is_of(DERIVED)
        yield z3.Implies(z3.Not(seen), z3.Or(*self.objects.values(), self.other_object))
        yield z3.And(
            z3.Implies(seen, self.sensors_known), z3.Implies(self.sensors_known, z3.Or(seen, derived))
        )
        sensors = [*self.sensors.values(), self.other_sensor]
        yield z3.Implies(self.sensors_known, z3.Or(*sensors))
        yield z3.Implies(seen, z3.AtMost(*sensors, 1))
        orbit = self.is_of(COARSENABLE)
        yield z3.And(self.regime >= -1, self.regime < len(REGIMES), z3.Implies(self.regime >= 0, orbit))
        yield z3.Implies(self.place_known, z3.Or(orbit, self.is_of({RecordKind.SENSOR})))
        yield z3.And(self.latitude_deg >= -90, self.latitude_deg <= 90)
        yield z3.And(self.longitude_deg >= -180, self.longitude_deg <= 180)
        precise = self.is_of({RecordKind.TRACK, RecordKind.CONJUNCTION_WARNING})
        claim = self.is_of({RecordKind.IDENTITY_CLAIM})
        yield z3.And(self.sigma_m >= 0, self.sigma_infinite == claim, z3.Implies(claim, self.sigma_known))
        yield z3.Implies(self.sigma_known, z3.Or(precise, claim))
        timed = z3.Not(self.is_of({RecordKind.SENSOR, RecordKind.IDENTITY_CLAIM}))
        yield self.epoch_known == timed
        yield z3.Implies(self.shares_known, z3.And(precise, *self._share_facts()))

    def _share_facts(self) -> Iterator[Formula]:
        """Of some contributors, all originators, one has at least its even share and none more than all."""
        contributors = z3.Sum([z3.If(part.present, 1, 0) for part in self.parts.values()])
        yield z3.And(self.share_count >= 1, self.share_count <= contributors, self.largest_share <= 1)
        for count in range(1, len(self.parts) + 1):
            yield z3.Implies(self.share_count == count, self.largest_share * count >= 1)

    def told(self, facets: Facets, *, regime: bool = True, place: bool = True) -> Pairs:
        """Give each variable with its value in a real record; without what need not be asked."""
        record, vocabulary = facets.record, self.vocabulary
        yield self.kind, z3.IntVal(KINDS.index(facets.kind))
        yield self.mode, z3.IntVal(MODES.index(record.mode))
        yield self.maker, z3.IntVal(vocabulary.members.index(record.originator))
        for name, part in self.parts.items():
            yield from part.told(record.label.components.get(name))
        yield from _names_told(self.objects, self.other_object, facets.objects)
        yield from _names_told(self.alleged, self.other_alleged, facets.alleged_objects)
        yield self.sensors_known, z3.BoolVal(facets.sensors is not None)
        yield from _names_told(self.sensors, self.other_sensor, facets.sensors or frozenset())
        known = facets.regime if regime else None
        yield self.regime, z3.IntVal(-1 if known is None else REGIMES.index(known))
        point = facets.subpoint_deg if place else None
        yield self.place_known, z3.BoolVal(point is not None)
        yield self.latitude_deg, real(point[0] if point else 0.0)
        yield self.longitude_deg, real(point[1] if point else 0.0)
        sigma_m = facets.position_sigma_m
        infinite = sigma_m == float("inf")
        yield self.sigma_known, z3.BoolVal(sigma_m is not None)
        yield self.sigma_infinite, z3.BoolVal(infinite)
        yield self.sigma_m, real(0.0 if sigma_m is None or infinite else sigma_m)
        yield self.epoch_known, z3.BoolVal(facets.epoch_tai_s is not None)
        yield self.epoch_tai_s, real(facets.epoch_tai_s or 0.0)
        shares = facets.shares
        yield self.shares_known, z3.BoolVal(shares is not None)
        yield self.share_count, z3.IntVal(len(shares or ()))
        yield self.largest_share, real(max((shares or {}).values(), default=1.0))


def _variables(thing: object) -> Iterator[Formula]:
    """The variables that an object holds, and those in what it holds."""
    match thing:
        case z3.ExprRef():
            yield thing
        case Part() | SymbolicRecord():
            for value in vars(thing).values():
                yield from _variables(value)
        case dict():
            for value in thing.values():
                yield from _variables(value)


def _names_told(variables: dict[str, Formula], other: Formula, names: frozenset[str]) -> Pairs:
    yield from ((variable, z3.BoolVal(name in names)) for name, variable in variables.items())
    yield other, z3.BoolVal(not names <= variables.keys())


class Rules:
    """What one giver lets out, as formulas; ``held`` are agreements under which it reads."""

    def __init__(
        self, agreements: Iterable[Agreement], *, giver: str, held: Iterable[Agreement] = ()
    ) -> None:
        self.giver = giver
        self.agreements = [one for one in agreements if one.giver == giver]
        self.held = [one for one in held if giver in one.readers]

    def released(self, record: SymbolicRecord, reader: str, now_tai_s: Formula) -> Formula:
        """Whether the record goes to the reader at this time."""
        ways = self.ways(record, reader, now_tai_s)
        return z3.And(z3.Not(self.withheld(record, reader, now_tai_s)), any_of(way for _, _, way in ways))

    def ways(
        self, record: SymbolicRecord, reader: str, now_tai_s: Formula
    ) -> Iterator[tuple[Agreement, Clause, Formula]]:
        """Give each clause that releases, and whether it releases the record, withholding clauses aside."""
        waived = {name: self.waived(record, name, reader, now_tai_s) for name in record.parts}
        for agreement in self.agreements:
            if reader not in agreement.readers:
                continue
            in_force = self._in_force(record, agreement, reader, now_tai_s, waived)
            for clause in agreement.clauses:
                if clause.effect is Effect.RELEASE:
                    tests = _release_tests(record, clause, self.giver, now_tai_s)
                    yield agreement, clause, z3.And(in_force, *tests)

    def withheld(self, record: SymbolicRecord, reader: str, now_tai_s: Formula) -> Formula:
        """Whether a clause withholds the record."""
        return any_of(
            z3.And(_in_term(agreement, record, now_tai_s), *_withholding_tests(record, clause))
            for agreement in self.agreements
            if reader in agreement.readers
            for clause in agreement.clauses
            if clause.effect is Effect.WITHHOLD
        )

    def waived(self, record: SymbolicRecord, originator: str, reader: str, now_tai_s: Formula) -> Formula:
        """Whether a rule of an originator's own opens its part in the record to the reader."""
        return any_of(
            z3.And(
                _in_term(agreement, record, now_tai_s),
                record.owned_by(originator),
                record.is_of(rule.kinds),
                record.shares_known,
                record.share_count >= rule.least_originators,
                record.largest_share <= real(rule.greatest_share),
            )
            for agreement in self.held
            if agreement.giver == originator
            for rule in agreement.declassifications
            if reader in rule.readers
        )

    def _in_force(
        self,
        record: SymbolicRecord,
        agreement: Agreement,
        reader: str,
        now_tai_s: Formula,
        waived: dict[str, Formula],
    ) -> Formula:
        two = {self.giver, reader}
        others = [name for name in record.parts if name not in two]
        third_parties = [] if agreement.onward else [z3.Not(record.owned_by(name)) for name in others]
        maker_has_part = any_of(
            z3.And(record.made_by(name), part.present) for name, part in record.parts.items()
        )
        label = [
            z3.Implies(
                part.present,
                z3.And(
                    z3.Or(
                        waived[name],
                        z3.And(
                            True if name == reader else part.may_read(reader),
                            True if name in two else part.onward,
                        ),
                    ),
                    part.may_serve(agreement.purpose),
                    z3.Or(z3.Not(part.expires), now_tai_s < part.expires_tai_s),
                    z3.Or(
                        part.floor_m <= 0, coarsenable(record, self.giver), record.as_coarse_as(part.floor_m)
                    ),
                ),
            )
            for name, part in record.parts.items()
        ]
        return z3.And(
            _in_term(agreement, record, now_tai_s),
            *third_parties,
            z3.Or(record.made_by(self.giver), maker_has_part),
            *label,
        )


def coarsenable(record: SymbolicRecord, giver: str) -> Formula:
    """Whether it is an orbit of the giver's own making."""
    return z3.And(record.made_by(giver), record.is_of(COARSENABLE))


def any_of(formulas: Iterable[Formula]) -> Formula:
    """Whether one of them holds; none holds of none."""
    return z3.Or(*formulas)


def real(number: float) -> Formula:
    """Return the number as the solver's own, exactly."""
    exact = Fraction(number)
    return z3.RatVal(exact.numerator, exact.denominator)


def _in_term(agreement: Agreement, record: SymbolicRecord, now_tai_s: Formula) -> Formula:
    return z3.And(
        now_tai_s >= real(agreement.begins_tai_s),
        now_tai_s < real(agreement.ends_tai_s),
        record.mode == MODES.index(agreement.mode),
    )


def _release_tests(
    record: SymbolicRecord, clause: Clause, giver: str, now_tai_s: Formula
) -> Iterator[Formula]:
    yield record.is_of(clause.kinds)
    if clause.objects is not None:
        yield any_of(record.objects[name] for name in clause.objects)
    if clause.owners is not None:
        yield from (z3.Not(record.owned_by(name)) for name in record.parts if name not in clause.owners)
    if clause.sensors is not None:
        beside = [variable for name, variable in record.sensors.items() if name not in clause.sensors]
        yield z3.And(record.sensors_known, z3.Not(z3.Or(*beside, record.other_sensor)))
    if clause.classification_ceiling is not None:
        for part in record.parts.values():
            yield z3.Implies(part.present, part.classification <= clause.classification_ceiling)
    if clause.regimes is not None:
        yield any_of(record.regime == REGIMES.index(regime) for regime in clause.regimes)
    if clause.region is not None:
        yield z3.And(record.place_known, _within(record, clause.region))
    if clause.precision_floor_m > 0.0:
        yield z3.Or(coarsenable(record, giver), record.as_coarse_as(real(clause.precision_floor_m)))
    altered = [kind for kind, fields in WITHHOLDABLE.items() if fields & clause.withheld_fields]
    yield z3.Or(record.made_by(giver), z3.Not(record.is_of(altered)))
    if clause.delay_s > 0.0:
        yield z3.And(record.epoch_known, now_tai_s >= record.epoch_tai_s + real(clause.delay_s))


def _withholding_tests(record: SymbolicRecord, clause: Clause) -> Iterator[Formula]:
    """What is not known withholds."""
    yield record.is_of(clause.kinds)
    if clause.objects is not None:
        yield z3.Or(record.nameless, *(record.alleged[name] for name in clause.objects))
    if clause.owners is not None:
        yield any_of(record.owned_by(name) for name in clause.owners)
    if clause.sensors is not None:
        yield z3.Or(z3.Not(record.sensors_known), *(record.sensors[name] for name in clause.sensors))
    if clause.regimes is not None:
        known = [record.regime == REGIMES.index(regime) for regime in clause.regimes]
        yield z3.Or(record.regime < 0, *known)
    if clause.region is not None:
        yield z3.Or(z3.Not(record.place_known), _within(record, clause.region))


def _within(record: SymbolicRecord, region: Region) -> Formula:
    east_of = record.longitude_deg >= real(region.west_deg)
    west_of = record.longitude_deg <= real(region.east_deg)
    between = z3.And if region.west_deg <= region.east_deg else z3.Or
    south, north = real(region.south_deg), real(region.north_deg)
    return z3.And(record.latitude_deg >= south, record.latitude_deg <= north, between(east_of, west_of))
