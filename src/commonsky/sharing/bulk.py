"""The same answers as `commonsky.sharing.decide`, for many records at once.

Every clause gives each row one number with a bit for each restriction that the row fails, in the order in which
`findings` makes the tests: no bit is a release, the lowest one is the reason. What depends on a label alone is asked
once for each label class. The words are those of the reference, asked for once for each thing that has to be said.

Where a column cannot hold what a record says, and wherever anything here fails, `decide` is asked.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from commonsky.domain import COARSENABLE, WITHHOLDABLE, Agreement, Clause, Decision, Effect, Ruling
from commonsky.domain.printable import printable
from commonsky.sharing.columns import KINDS, Columns, Mask
from commonsky.sharing.decide import decide, next_beginning
from commonsky.sharing.declassify import waivers
from commonsky.sharing.facets import Facets
from commonsky.sharing.findings import between, findings, floor_obstacle, form_of, obstacles

Rows = NDArray[np.intp]
Times = NDArray[np.float64]
Bits = NDArray[np.uint16]

KIND, OBJECTS, OWNERS, SENSORS, CEILING, REGIME, REGION, PRECISION, FIELDS, DELAY = (
    1 << n for n in range(10)
)
"""One bit for each restriction, in the order in which `findings` makes the tests."""
RESTRICTIONS = 10

Terms = tuple[Agreement, Clause]


@dataclass(frozen=True)
class Verdicts:
    """Decisions on the rows of some columns for one reader.

    Attributes
    ----------
    rulings
        What was said.
    ruling
        By row, its number in ``rulings``.
    revisit_tai_s
        By row, when a refusal may turn into a release by the passing of time alone; infinite if it will not.
    one_by_one
        How many rows were decided by `decide`, since they, or the rules, could not be put into columns.

    """

    columns: Columns
    decided_tai_s: float
    rulings: tuple[Ruling, ...]
    ruling: NDArray[np.int32]
    revisit_tai_s: Times
    one_by_one: int

    def __len__(self) -> int:
        return len(self.ruling)

    @property
    def allowed(self) -> Mask:
        """Which rows are released."""
        return np.array([one.allowed for one in self.rulings], dtype=bool)[self.ruling]

    def decision(self, row: int) -> Decision:
        """Give the decision on one row, without the trace, which `decide` gives."""
        said = self.rulings[self.ruling[row]]
        return Decision(
            record=self.columns.facets[row].record.id,
            reader=said.reader,
            allowed=said.allowed,
            reason=said.reason,
            agreement=said.agreement,
            clause=said.clause,
            decided_tai_s=self.decided_tai_s,
            revisit_tai_s=revisit if math.isfinite(revisit := float(self.revisit_tai_s[row])) else None,
            form=said.form,
        )


def decide_all(  # noqa: PLR0913  # as `decide`
    columns: Columns,
    reader: str,
    agreements: Sequence[Agreement],
    *,
    giver: str,
    now_tai_s: float,
    held: Sequence[Agreement] = (),
) -> Verdicts:
    """Decide whether ``giver`` releases each of the records to ``reader`` at this time, and in what form.

    The agreements are those of `decide`, and so are the answers.
    """

    def one_by_one(facets: Facets) -> Decision:
        return decide(facets, reader, agreements, giver=giver, now_tai_s=now_tai_s, held=held)

    try:
        question = _Question(columns, reader, agreements, giver, now_tai_s, held)
        answer, rest = question.answer(), np.flatnonzero(question.odd)
    except Exception:  # noqa: BLE001  # the reference refuses what cannot be evaluated, record by record
        answer, rest = _Answer.blank(len(columns)), np.arange(len(columns))
    for row in rest:
        made = one_by_one(columns.facets[row])
        answer.rule(row, made.ruling)
        answer.revisit_tai_s[row] = math.inf if made.revisit_tai_s is None else made.revisit_tai_s
    return Verdicts(
        columns, now_tai_s, tuple(answer.numbers), answer.ruling, answer.revisit_tai_s, one_by_one=len(rest)
    )


@dataclass
class _Answer:
    """What is known so far: by row the number of its ruling, and when to ask again."""

    ruling: NDArray[np.int32]
    revisit_tai_s: Times
    numbers: dict[Ruling, int] = field(default_factory=dict)

    @classmethod
    def blank(cls, rows: int) -> "_Answer":
        return cls(np.full(rows, -1, dtype=np.int32), np.full(rows, math.inf))

    def rule(self, rows: "Rows | np.intp", ruling: Ruling) -> None:
        """Say the same of some rows."""
        self.ruling[rows] = self.numbers.setdefault(ruling, len(self.numbers))

    def rule_each(self, rows: Rows, what: NDArray[np.integer], words: Callable[[int, int], Ruling]) -> None:
        """Say of some rows what follows from a small number of each; ``words`` takes it, and a row that has it."""
        if not len(rows):
            return
        example = np.full(int(what.max()) + 1, -1, dtype=np.int64)
        example[what] = rows
        number = np.empty(len(example), dtype=np.int32)
        for one in np.flatnonzero(example >= 0):
            ruling = words(int(one), int(example[one]))
            number[one] = self.numbers.setdefault(ruling, len(self.numbers))
        self.ruling[rows] = number[what]


@dataclass
class _Nearest:
    """By row, the clause that came closest to releasing it: a matter of time before others, then of fewest tests."""

    clause: NDArray[np.int64]
    failed: Bits
    count: NDArray[np.uint8]
    when_tai_s: Times

    @classmethod
    def none(cls, rows: int) -> "_Nearest":
        """No clause was asked so far."""
        return cls(
            np.full(rows, -1, dtype=np.int64),
            np.zeros(rows, dtype=np.uint16),
            np.full(rows, 255, dtype=np.uint8),
            np.full(rows, math.inf),
        )

    def consider(self, clause: int, rows: Mask, failed: Bits, when_tai_s: "Times | float") -> None:
        """Take the clause for those of the rows to which it came closer than those before."""
        count = np.bitwise_count(failed)
        sooner, as_soon = when_tai_s < self.when_tai_s, when_tai_s == self.when_tai_s
        closer = rows & (sooner | (as_soon & (count < self.count)))
        np.copyto(self.clause, clause, where=closer)
        np.copyto(self.failed, failed, where=closer)
        np.copyto(self.count, count, where=closer)
        np.copyto(self.when_tai_s, when_tai_s, where=closer)

    @property
    def first_failed(self) -> NDArray[np.int64]:
        """By row, which restriction failed first: the number of its bit."""
        lowest = self.failed & (~self.failed + np.uint16(1))
        return np.bitwise_count(lowest - np.uint16(1)).astype(np.int64) % RESTRICTIONS


class _Question:
    """One reader's question about all rows, at one time, under some agreements."""

    def __init__(  # noqa: PLR0913  # as `decide`
        self,
        columns: Columns,
        reader: str,
        agreements: Sequence[Agreement],
        giver: str,
        now_tai_s: float,
        held: Sequence[Agreement],
    ) -> None:
        self.columns, self.reader, self.giver, self.now_tai_s = columns, reader, giver, now_tai_s
        self.ours = [one for one in agreements if between(one, giver, reader)]
        self.begins_tai_s = next_beginning(reader, agreements, held, giver=giver, now_tai_s=now_tai_s)
        self.waived = [
            waivers(one, reader, held, giver=giver, now_tai_s=now_tai_s) for one in columns.classes
        ]
        self.own = columns.made_by(giver)
        self.coarsenable = self.own & columns.is_of(COARSENABLE)
        self.odd = self._odd()

    def answer(self) -> _Answer:
        """Decide every row that is not odd."""
        answer = _Answer.blank(len(self.columns))
        against = [self._against(agreement) for agreement in self.ours]
        free = [self._free(reasons) for reasons in against]
        waiting = np.logical_or.reduce([np.zeros(len(self.columns), dtype=bool), *free])
        self._say_why_none_is_in_force(answer, np.flatnonzero(~waiting & ~self.odd), against)
        waiting &= ~self.odd
        self._withhold(answer, waiting)
        self._release(answer, waiting, free)
        return answer

    def _odd(self) -> Mask:
        """Rows of which something that the agreements ask for cannot be found."""
        clauses = [clause for agreement in self.ours for clause in agreement.clauses]
        odd = self.columns.odd.copy()
        if any(clause.regimes is not None for clause in clauses):
            odd |= self.columns.regime[1]
        if any(clause.region is not None for clause in clauses):
            odd |= self.columns.subpoint_deg[1]
        return odd

    def _against(self, agreement: Agreement) -> list[str | None]:
        """By label class, the first thing that keeps the agreement from releasing it."""
        asked = zip(self.columns.classes, self.waived, strict=True)
        return [
            next(
                obstacles(
                    agreement,
                    one,
                    one.record.label.opened(frozenset(waived), self.reader),
                    self.reader,
                    self.giver,
                    self.now_tai_s,
                ),
                None,
            )
            for one, waived in asked
        ]

    def _free(self, against: Sequence[str | None]) -> Mask:
        """Rows that an agreement may release: nothing is against their class, and they keep their label's floor."""
        no_obstacle = np.array([one is None for one in against], dtype=bool)
        bound = (self.columns.floor_m > 0.0) & ~self.coarsenable
        free = no_obstacle[self.columns.label_class]
        if bound.any():
            floor_m = np.where(bound, self.columns.floor_m, -math.inf)[self.columns.label_class]
            free &= (self.columns.sigma_m >= floor_m) | ~bound[self.columns.label_class]
        return free

    def _say_why_none_is_in_force(
        self, answer: _Answer, rows: Rows, against: Sequence[Sequence[str | None]]
    ) -> None:
        def words(label_class: int, _: int) -> Ruling:
            if not self.ours:
                return self._refused(f"no agreement covers {self.reader}")
            said = against[0][label_class] or floor_obstacle(float(self.columns.floor_m[label_class]))
            return self._refused(f"{self.ours[0].reference} {said}")

        answer.rule_each(rows, self.columns.label_class[rows], words)
        answer.revisit_tai_s[rows] = self.begins_tai_s

    def _withhold(self, answer: _Answer, waiting: Mask) -> None:
        """Refuse what a withholding clause is not known to leave alone; these rows wait no more."""
        for agreement in self.ours:
            if not agreement.begins_tai_s <= self.now_tai_s < agreement.ends_tai_s:
                continue
            same_mode = [one.record.mode is agreement.mode for one in self.columns.classes]
            about = np.array(same_mode, dtype=bool)[self.columns.label_class]
            for clause in agreement.clauses:
                if clause.effect is Effect.WITHHOLD:
                    rows = np.flatnonzero(waiting & about & ~self._left_alone(clause))
                    reason = f"{agreement.reference} clause {clause.id} withholds it"
                    if len(rows):
                        answer.rule(rows, self._refused(reason, (agreement, clause)))
                    answer.revisit_tai_s[rows] = min(self.begins_tai_s, agreement.ends_tai_s)
                    waiting[rows] = False

    def _left_alone(self, clause: Clause) -> Mask:
        """Rows that fail one of the restrictions of a withholding clause for sure."""
        columns = self.columns
        unmet = ~columns.is_of(clause.kinds)[columns.label_class]
        if clause.objects is not None:
            unmet |= columns.alleged.compare(clause.objects, every=False)[1]
        if clause.owners is not None:
            unmet |= columns.owners.compare(clause.owners, every=False)[1][columns.label_class]
        if clause.sensors is not None:
            unmet |= columns.sensors.compare(clause.sensors, every=False)[1]
        if clause.regimes is not None:
            unmet |= columns.in_regimes(clause.regimes)[1]
        if clause.region is not None:
            unmet |= columns.in_region(clause.region)[1]
        return unmet

    def _release(self, answer: _Answer, waiting: Mask, free: Sequence[Mask]) -> None:
        """Release by the first clause that a row fails in nothing; of the rest say which clause came closest."""
        clauses = [
            (agreement, clause, may)
            for agreement, may in zip(self.ours, free, strict=True)
            for clause in agreement.clauses
            if clause.effect is Effect.RELEASE
        ]
        nearest = _Nearest.none(len(self.columns))
        by = np.full(len(self.columns), -1, dtype=np.int64)
        for number, (_, clause, may) in enumerate(clauses):
            asked = waiting & may
            failed = self._failed(clause)
            released = asked & (failed == 0)
            by[released] = number
            waiting &= ~released
            nearest.consider(number, asked & ~released, failed, self._free_from_tai_s(clause, failed))
        terms = [(agreement, clause) for agreement, clause, _ in clauses]
        self._say_what_releases(answer, np.flatnonzero(by >= 0), by, terms)
        self._say_what_came_closest(answer, np.flatnonzero(waiting), nearest, terms)

    def _say_what_releases(
        self, answer: _Answer, rows: Rows, by: NDArray[np.int64], terms: Sequence[Terms]
    ) -> None:
        classes = len(self.columns.classes)

        def words(number: int, _: int) -> Ruling:
            agreement, clause = terms[number // classes]
            label_class = number % classes
            example = self.columns.classes[label_class]
            form = form_of(clause, example, self.giver, self.waived[label_class])
            said = f", {form.words}" if form.words else ""
            return Ruling(
                reader=self.reader,
                allowed=True,
                reason=printable(f"{agreement.reference} clause {clause.id} releases it{said}"),
                agreement=agreement.reference,
                clause=clause.id,
                form=form,
            )

        answer.rule_each(rows, by[rows] * classes + self.columns.label_class[rows], words)

    def _say_what_came_closest(
        self, answer: _Answer, rows: Rows, nearest: _Nearest, terms: Sequence[Terms]
    ) -> None:
        kinds = self.columns.kind[self.columns.label_class]

        def words(number: int, row: int) -> Ruling:
            clause_number = number // (RESTRICTIONS * len(KINDS)) - 1
            if clause_number < 0:
                return self._refused("no clause releases it")
            agreement, clause = terms[clause_number]
            tests = findings(clause, self.columns.facets[row], self.giver, self.now_tai_s)
            rule = next(one.rule for one in tests if one.met is not True)
            return self._refused(f"{agreement.reference} clause {clause.id} {rule}", (agreement, clause))

        restriction = (nearest.clause + 1) * RESTRICTIONS + nearest.first_failed
        answer.rule_each(rows, (restriction * len(KINDS) + kinds)[rows], words)
        answer.revisit_tai_s[rows] = np.minimum(nearest.when_tai_s, self.begins_tai_s)[rows]

    def _failed(self, clause: Clause) -> Bits:
        """By row, a bit for each restriction of a releasing clause that is not known to hold."""
        columns = self.columns
        failed = self._failed_by_class(clause)[columns.label_class]
        if clause.objects is not None:
            failed |= _bit(OBJECTS, ~columns.objects.compare(clause.objects, every=False)[0])
        if clause.sensors is not None:
            failed |= _bit(SENSORS, ~columns.sensors.compare(clause.sensors, every=True)[0])
        if clause.regimes is not None:
            failed |= _bit(REGIME, ~columns.in_regimes(clause.regimes)[0])
        if clause.region is not None:
            failed |= _bit(REGION, ~columns.in_region(clause.region)[0])
        if clause.precision_floor_m > 0.0:
            coarse = self.coarsenable[columns.label_class] | (columns.sigma_m >= clause.precision_floor_m)
            failed |= _bit(PRECISION, ~coarse)
        if clause.delay_s > 0.0:
            failed |= _bit(DELAY, ~(self.now_tai_s >= columns.epoch_tai_s + clause.delay_s))
        return failed

    def _failed_by_class(self, clause: Clause) -> Bits:
        """The same for what depends on the label class alone."""
        columns = self.columns
        failed = _bit(KIND, ~columns.is_of(clause.kinds))
        if clause.owners is not None:
            failed |= _bit(OWNERS, ~columns.owners.compare(clause.owners, every=True)[0])
        if clause.classification_ceiling is not None:
            failed |= _bit(CEILING, columns.classification > clause.classification_ceiling)
        altered = frozenset(kind for kind in KINDS if clause.withheld_fields & WITHHOLDABLE[kind])
        return failed | _bit(FIELDS, ~self.own & columns.is_of(altered))

    def _free_from_tai_s(self, clause: Clause, failed: Bits) -> "Times | float":
        """When the clause releases rows that wait for nothing but its delay; infinite for others."""
        if not clause.delay_s > 0.0:
            return math.inf
        free_tai_s = self.columns.epoch_tai_s + clause.delay_s
        return np.where((failed == DELAY) & ~np.isnan(free_tai_s), free_tai_s, math.inf)

    def _refused(self, reason: str, by: Terms | None = None) -> Ruling:
        return Ruling(
            reader=self.reader,
            allowed=False,
            reason=printable(reason),
            agreement=by[0].reference if by else None,
            clause=by[1].id if by else None,
        )


def _bit(bit: int, rows: Mask) -> Bits:
    return rows * np.uint16(bit)
