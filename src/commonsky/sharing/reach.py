"""Can these agreements ever let X reach Y? A path from member to member, or a proof that there is none.

X is given on by one member to the next: as it is, in a form that a giver may make of its own records, or inside a
record that a holder derives from it, whose label is at least as strict as X's, and which has the names of X's objects.
Everything that is not known is free: what others know or claim of an object, when each step is taken, what else goes
into a derived record and how much. Who breaks the rules, or renames things to get around them, is not looked for.

The search looks at paths on which no member stands twice, of which there are finitely many hops, so that no path found
means that there is none. Nothing is lost by that: what a member holds later of X has a label that is as strict as, or
stricter than, what it held first, or was opened for itself alone, and a rule that opens a part asks for nothing of the
label that it opens. So whatever it could give on the second time, it could give on the first.
"""

from collections.abc import Iterable, Iterator, Sequence

import z3
from msgspec import Struct

from commonsky.domain import Agreement, Component, RecordKind
from commonsky.sharing.smt import DERIVED, Formula, Part, Rules, SymbolicRecord, Vocabulary, any_of, real
from commonsky.sharing.symbolic_words import Spoken, described, holds, number, plain, plainest
from commonsky.sharing.what_if import ANOTHER_MEMBER, Answer

LONGEST_SEARCH_MS = 60_000


class What(Struct, frozen=True, kw_only=True):
    """X: what a record is of. What is not said is free; ``part`` is what its owner's label says."""

    owner: str
    kind: RecordKind | None = None
    object: str | None = None
    sensor: str | None = None
    least_classification: int = 0
    part: Component | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One hop of a path: who gives what to whom, by which clause, and whether it was derived by the giver."""

    giver: str
    reader: str
    record: str
    clause: str
    at_tai_s: float
    is_derived: bool


class Reach(Struct, frozen=True, kw_only=True):
    """How the search ended: the path if there is one, and over how many hops at most it looked."""

    answer: Answer
    steps: tuple[Step, ...] = ()
    members: tuple[str, ...] = ()
    hops: int = 0


def reach(
    what: What, target: str, agreements: Sequence[Agreement], *, now_tai_s: float, members: Iterable[str] = ()
) -> Reach:
    """Look for the shortest path by which a record that is ``what`` gets to the target, from now on."""
    vocabulary = Vocabulary.of(
        agreements,
        members=[*members, what.owner, target, ANOTHER_MEMBER],
        objects=[one for one in (what.object,) if one],
        sensors=[one for one in (what.sensor,) if one],
    )
    holders = tuple(one for one in vocabulary.members if one != ANOTHER_MEMBER)
    search = _Search(what, target, agreements, vocabulary, now_tai_s)
    for hops in range(1, len(holders)):
        found = search.after(hops)
        if found is not None:
            return Reach(answer=found[0], steps=tuple(found[1]), members=holders, hops=hops)
    return Reach(answer=Answer.PROVEN_NOT, members=holders, hops=len(holders) - 1)


class _Search:
    """Paths that grow hop by hop in one solver."""

    def __init__(
        self,
        what: What,
        target: str,
        agreements: Sequence[Agreement],
        vocabulary: Vocabulary,
        now_tai_s: float,
    ) -> None:
        self.vocabulary, self.target, self.begins_tai_s = vocabulary, target, now_tai_s
        self.agreements = agreements
        givers = sorted({one.giver for one in agreements})
        self.rules = {one: Rules(agreements, giver=one, held=agreements) for one in givers}
        self.spoken = Spoken.by(agreements)
        self.holder = [z3.Int("holder 0")]
        self.held = [SymbolicRecord(vocabulary, "held 0")]
        self.given: list[SymbolicRecord] = []
        self.derives: list[Formula] = []
        self.times: list[Formula] = []
        self.solver = z3.Solver()
        self.solver.set("timeout", LONGEST_SEARCH_MS)
        self.solver.add(*self.held[0].facts(), *_is_what(self.held[0], what), self._stands(0, what.owner))
        self.template = SymbolicRecord(vocabulary, "given")
        self.template_time = z3.Real("given at")
        self.releases = dict(self._releases())

    def after(self, hops: int) -> tuple[Answer, list[Step]] | None:
        """Say whether the target can be reached by exactly so many hops; ``None`` if it cannot."""
        if hops > 1:
            self._add_receipt()
        self._add_hop()
        arrived = self._stands(hops, self.target)
        answer = self.solver.check(arrived)
        if answer == z3.unknown:
            return Answer.NOT_DECIDED, []
        if answer == z3.unsat:
            return None
        self.solver.add(arrived)
        self.solver.check()
        model = plainest(self.solver, self._wishes())
        return Answer.FOUND, [self._step(model, hop) for hop in range(hops)]

    def _releases(self) -> Iterator[tuple[tuple[str, str], Formula]]:
        """For each pair of members with an agreement, whether the one gives the record to the other.

        What others made goes as it is: where a rule would open a part of it, it does not go.
        """
        for giver, rules in self.rules.items():
            for reader in sorted({reader for one in rules.agreements for reader in one.readers}):
                opened = [
                    rules.waived(self.template, name, reader, self.template_time)
                    for name in self._openers(giver, reader)
                ]
                whole = z3.Or(self.template.made_by(giver), z3.Not(any_of(opened)))
                yield (
                    (giver, reader),
                    z3.And(whole, rules.released(self.template, reader, self.template_time)),
                )

    def _openers(self, giver: str, reader: str) -> list[str]:
        """Originators with a rule that may open their part towards the reader, in what the giver derives."""
        held = self.rules[giver].held
        return sorted(
            {one.giver for one in held if any(reader in rule.readers for rule in one.declassifications)}
        )

    def _add_hop(self) -> None:
        """The holder gives what it holds, or what it derives from it, to one that has not had it."""
        hop = len(self.given)
        record, time = SymbolicRecord(self.vocabulary, f"given {hop}"), z3.Real(f"at {hop}")
        derives = z3.Bool(f"derives {hop}")
        self.holder.append(z3.Int(f"holder {hop + 1}"))
        names = list(zip(self.template.variables(), record.variables(), strict=True))
        hops = [
            z3.And(
                self._stands(hop, giver),
                self._stands(hop + 1, reader),
                z3.substitute(formula, *names, (self.template_time, time)),
            )
            for (giver, reader), formula in self.releases.items()
        ]
        self.solver.add(*record.facts(), any_of(hops), z3.Distinct(*self.holder))
        self.solver.add(time >= (self.times[-1] if self.times else real(self.begins_tai_s)))
        source = self.held[-1]
        self.solver.add(z3.If(derives, self._derived(source, record, hop), _same(source, record)))
        self.given.append(record)
        self.derives.append(derives)
        self.times.append(time)

    def _add_receipt(self) -> None:
        """What was given at the last hop is held: its content as it came, with what is known of it here."""
        hop = len(self.held)
        came, held = self.given[-1], SymbolicRecord(self.vocabulary, f"held {hop}")
        of_its_own = came.maker == self.holder[hop - 1]
        named = held.is_of({RecordKind.TRACK, RecordKind.CONJUNCTION_WARNING})
        seen = held.is_of({RecordKind.OBSERVATION, RecordKind.SENSOR})
        sensors = [came.sensors[one] == held.sensors[one] for one in held.sensors]
        self.solver.add(
            *held.facts(),
            *(_same_content(came, held)),
            z3.Or(came.sigma_m == held.sigma_m, z3.And(of_its_own, held.sigma_m >= came.sigma_m)),
            z3.Or(
                came.epoch_tai_s == held.epoch_tai_s, z3.And(of_its_own, held.epoch_tai_s <= came.epoch_tai_s)
            ),
            *(z3.Implies(came.objects[one], held.objects[one]) for one in held.objects),
            z3.Or(named, z3.And(*(z3.Implies(held.objects[one], came.objects[one]) for one in held.objects))),
            z3.If(seen, z3.And(*sensors, came.other_sensor == held.other_sensor), z3.Not(held.sensors_known)),
            z3.Not(held.shares_known),
            *(self._part_received(came, held, name, hop) for name in held.parts),
        )
        self.held.append(held)

    def _part_received(self, came: SymbolicRecord, held: SymbolicRecord, name: str, hop: int) -> Formula:
        """An originator's part as it came: unchanged, or opened to this holder alone by who derived the record."""
        old, new = came.parts[name], held.parts[name]
        unchanged = _same_part(old, new)
        for giver, reader in self.releases:
            if name in self._openers(giver, reader):
                opens = z3.And(
                    self._stands(hop - 1, giver),
                    self._stands(hop, reader),
                    came.made_by(giver),
                    self.rules[giver].waived(came, name, reader, self.times[-1]),
                )
                readers = [
                    variable if one == reader else z3.Not(variable) for one, variable in new.reads.items()
                ]
                opened = z3.And(*readers, z3.Not(new.any_reader), new.onward, *_same_but_readers(old, new))
                unchanged = z3.If(opens, opened, unchanged)
        return z3.And(old.present == new.present, unchanged)

    def _derived(self, source: SymbolicRecord, made: SymbolicRecord, hop: int) -> Formula:
        """A record that the holder makes of what it has, and of what else it likes."""
        parts = [
            z3.Implies(
                part.present, z3.And(made.parts[name].present, made.parts[name].at_least_as_strict_as(part))
            )
            for name, part in source.parts.items()
        ]
        names = [z3.Implies(source.objects[one], made.objects[one]) for one in made.objects]
        return z3.And(
            *names,
            made.maker == self.holder[hop],
            made.is_of(DERIVED),
            made.mode == source.mode,
            *parts,
        )

    def _wishes(self) -> list[Formula]:
        """A path is plainest without derived records, at once, and with nothing special about what is given."""
        wishes = [z3.Not(one) for one in self.derives]
        wishes += [time == real(self.begins_tai_s) for time in self.times]
        for record in (self.held[0], *self.given):
            wishes += plain(record, self.vocabulary.members[0], real(self.begins_tai_s))[1:]
        return wishes

    def _step(self, model: z3.ModelRef, hop: int) -> Step:
        at_tai_s = number(model, self.times[hop])
        giver, reader = self._name(model, hop), self._name(model, hop + 1)
        ways = self.rules[giver].ways(self.given[hop], reader, self.times[hop])
        agreement, clause, _ = next(way for way in ways if holds(model, way[2]))
        return Step(
            giver=giver,
            reader=reader,
            record=described(self.given[hop], model, at_tai_s, self.spoken),
            clause=f"{agreement.reference} clause {clause.id}",
            at_tai_s=at_tai_s,
            is_derived=holds(model, self.derives[hop]),
        )

    def _stands(self, place: int, member: str) -> Formula:
        return self.holder[place] == self.vocabulary.members.index(member)

    def _name(self, model: z3.ModelRef, place: int) -> str:
        return next(one for one in self.vocabulary.members if holds(model, self._stands(place, one)))


def _is_what(record: SymbolicRecord, what: What) -> Iterator[Formula]:
    own = record.parts[what.owner]
    yield own.present
    if what.kind is not None:
        yield record.is_of({what.kind})
    if what.object is not None:
        yield record.objects[what.object]
    if what.sensor is not None:
        yield z3.And(record.sensors_known, record.sensors[what.sensor])
    if what.least_classification:
        yield own.classification >= what.least_classification
    if what.part is not None:
        yield own.is_(what.part)


def _same_content(one: SymbolicRecord, other: SymbolicRecord) -> Iterator[Formula]:
    """What no form changes."""
    yield one.kind == other.kind
    yield one.mode == other.mode
    yield one.maker == other.maker
    yield one.regime == other.regime
    yield one.place_known == other.place_known
    yield one.latitude_deg == other.latitude_deg
    yield one.longitude_deg == other.longitude_deg
    yield one.sigma_known == other.sigma_known


def _same(one: SymbolicRecord, other: SymbolicRecord) -> Formula:
    pairs = zip(one.variables(), other.variables(), strict=True)
    return z3.And(*(a == b for a, b in pairs))


def _same_part(old: Part, new: Part) -> Formula:
    readers = [old.reads[one] == new.reads[one] for one in old.reads]
    return z3.And(
        old.any_reader == new.any_reader, *readers, old.onward == new.onward, *_same_but_readers(old, new)
    )


def _same_but_readers(old: Part, new: Part) -> Iterator[Formula]:
    yield old.any_purpose == new.any_purpose
    yield from (old.purposes[one] == new.purposes[one] for one in old.purposes)
    yield old.expires == new.expires
    yield old.expires_tai_s == new.expires_tai_s
    yield old.classification == new.classification
    yield old.floor_m == new.floor_m
