"""What an agreement would let out that is not let out today: asked of a solver, over every record that there can be."""

from collections.abc import Iterable
from enum import StrEnum

import z3
from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Agreement, Clause
from commonsky.sharing.smt import Formula, Rules, SymbolicRecord, Vocabulary, any_of, real
from commonsky.sharing.symbolic_words import Spoken, described, holds, number, plain, plainest

ANOTHER_MEMBER = "another member"
"""Stands for every member that no agreement names."""

LONGEST_SEARCH_MS = 20_000


class Answer(StrEnum):
    """How a search ended."""

    PROVEN_NOT = "proven not"
    FOUND = "found"
    NOT_DECIDED = "not decided"


class Widening(Struct, frozen=True, kw_only=True):
    """Whether anything more would go to a reader: a record that would, by which clause and from when.

    ``finer`` says that the question was not whether it goes out, but whether it tells more.
    """

    reader: str
    answer: Answer
    record: str = ""
    clause: str = ""
    at_tai_s: float | None = None
    finer: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What a giver decides by, before and after: agreements by which it gives, and those under which it reads."""

    giver: str
    before: tuple[Agreement, ...]
    after: tuple[Agreement, ...]
    held_before: tuple[Agreement, ...] = ()
    held_after: tuple[Agreement, ...] = ()

    @property
    def readers(self) -> tuple[str, ...]:
        """The readers that may be given more or less than before."""
        every = {reader for one in (*self.before, *self.after) for reader in one.readers}
        if set(self.held_before) != set(self.held_after):
            return tuple(sorted(every))
        changed = [
            one for one in (*self.before, *self.after) if (one in self.before) is not (one in self.after)
        ]
        return tuple(sorted({reader for one in changed for reader in one.readers}))


def in_words(found: Widening) -> str:
    """Return an answer of the solver in a sentence."""
    match found.answer:
        case Answer.FOUND:
            verb = "would go out finer, or with more fields" if found.finer else "would go out"
            when = "" if found.at_tai_s is None else f" from {utc_from_tai_s(found.at_tai_s)} on"
            return f"{found.record}: {verb} by {found.clause}{when}"
        case Answer.PROVEN_NOT:
            return "nothing more, proven"
        case Answer.NOT_DECIDED:
            return "not decided in the time given"


def widenings(change: Change, *, now_tai_s: float, members: Iterable[str] = ()) -> list[Widening]:
    """Ask for each reader whether there can be a record, now or later, that goes to it after the change and not before.

    Where there is none, also whether one goes out that is finer or has more fields than before.
    """
    every = (*change.before, *change.after, *change.held_before, *change.held_after)
    vocabulary = Vocabulary.of(every, members=[*members, change.giver, ANOTHER_MEMBER])
    before = Rules(change.before, giver=change.giver, held=change.held_before)
    after = Rules(change.after, giver=change.giver, held=change.held_after)
    spoken, record = Spoken.by(every), SymbolicRecord(vocabulary, "record")
    found = []
    for reader in change.readers:
        search = _Search(before, after, reader, record, now_tai_s)
        answer = search.widening(spoken)
        if answer.answer is Answer.PROVEN_NOT:
            answer = search.refinement(spoken)
        found.append(answer)
    return found


class _Search:
    """A search for records that one reader would be given."""

    def __init__(
        self, before: Rules, after: Rules, reader: str, record: SymbolicRecord, begins_tai_s: float
    ) -> None:
        self.reader, self.record, self.begins_tai_s = reader, record, begins_tai_s
        self.giver = after.giver
        self.now = z3.Real("now")
        self.before, self.after = before, after
        self.released_before = before.released(record, reader, self.now)
        self.ways = list(after.ways(record, reader, self.now))
        self.released_after = z3.And(
            z3.Not(after.withheld(record, reader, self.now)), any_of(way for _, _, way in self.ways)
        )

    def widening(self, spoken: Spoken) -> Widening:
        """Look for a record that goes out after and not before."""
        return self._look(self.released_after, z3.Not(self.released_before), spoken=spoken, finer=False)

    def refinement(self, spoken: Spoken) -> Widening:
        """Look for a record that goes out both before and after, and after tells more."""
        floor_before, fields_before = self._form(self.before.ways(self.record, self.reader, self.now))
        floor_after, fields_after = self._form(self.ways)
        coarse = z3.And(self.record.made_by(self.giver), floor_after < floor_before)
        coarse = z3.And(coarse, *(part.floor_m <= 0 for part in self.record.parts.values()))
        told = [
            z3.And(fields_before[name], z3.Not(fields_after.get(name, z3.BoolVal(False))))
            for name in fields_before
        ]
        return self._look(
            self.released_before, self.released_after, z3.Or(coarse, *told), spoken=spoken, finer=True
        )

    def _form(self, ways: Iterable[tuple[Agreement, Clause, Formula]]) -> tuple[Formula, dict[str, Formula]]:
        """The floor, and the fields left out, of the first clause that releases."""
        floor: Formula = real(0.0)
        fields: dict[str, Formula] = {}
        chosen = list(ways)
        names = {name for _, clause, _ in chosen for name in clause.withheld_fields}
        for _, clause, way in reversed(chosen):
            floor = z3.If(way, real(clause.precision_floor_m), floor)
            for name in names:
                left_out = z3.BoolVal(name in clause.withheld_fields)
                fields[name] = z3.If(way, left_out, fields.get(name, z3.BoolVal(False)))
        return floor, fields

    def _look(self, *wanted: Formula, spoken: Spoken, finer: bool) -> Widening:
        solver = z3.Solver()
        solver.set("timeout", LONGEST_SEARCH_MS)
        solver.add(*self.record.facts(), self.now >= real(self.begins_tai_s), *wanted)
        answer = solver.check()
        if answer != z3.sat:
            said = Answer.PROVEN_NOT if answer == z3.unsat else Answer.NOT_DECIDED
            return Widening(reader=self.reader, answer=said, finer=finer)
        wishes = [self.now == real(self.begins_tai_s), *plain(self.record, self.giver, self.now)]
        model = plainest(solver, wishes)
        at_tai_s = number(model, self.now)
        return Widening(
            reader=self.reader,
            answer=Answer.FOUND,
            record=described(self.record, model, at_tai_s, spoken),
            clause=self._clause(model),
            at_tai_s=at_tai_s,
            finer=finer,
        )

    def _clause(self, model: z3.ModelRef) -> str:
        agreement, clause, _ = next(way for way in self.ways if holds(model, way[2]))
        return f"{agreement.reference} clause {clause.id}"
