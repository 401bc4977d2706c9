"""The engines give one answer: the reference by records, the bulk decider by columns, Cedar by policies, the solver."""

import sys
from collections import Counter

import numpy as np
import pytest
import z3
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from test_decide import a_track, an_agreement, clause
from worlds import GIVER, MEMBERS, READERS, TIMES, worlds

from commonsky.domain import Regime
from commonsky.sharing import Columns, Facets, decide, decide_all
from commonsky.sharing.referee import Referee
from commonsky.sharing.smt import Rules, SymbolicRecord, Vocabulary, real

# Too slow: drawing a world takes longer than deciding in it.
relaxed = settings(suppress_health_check=list(HealthCheck), print_blob=True)


def compare(world, counted):
    """Ask every engine about every record, reader and time of a world; count what was compared."""
    columns = Columns(world.facets)
    referee = Referee(world.given, giver=GIVER, members=MEMBERS, held=world.held)
    told = dict(_told(referee, world.facets))
    formulas = Formulas(world, told)
    for reader in READERS:
        for now_tai_s in TIMES:
            how = {"giver": GIVER, "now_tai_s": now_tai_s, "held": world.held}
            made = [decide(facets, reader, world.given, **how) for facets in world.facets]
            verdicts = decide_all(columns, reader, world.given, **how)
            assert [verdicts.decision(row) for row in range(len(made))] == [
                replace(m, trace=()) for m in made
            ]
            assert verdicts.allowed.tolist() == [one.allowed for one in made]
            permitted = referee.permitted(told, reader, now_tai_s=now_tai_s)
            assert {row for row in told if made[row].allowed} == permitted
            assert {row for row in told if formulas.released(row, reader, now_tai_s)} == permitted
            _count(counted, made, verdicts, told)


class Formulas:
    """The solver's formulas, into which the sides of real records are put."""

    def __init__(self, world, rows):
        vocabulary = Vocabulary.of([*world.given, *world.held], members=[*MEMBERS, *READERS])
        clauses = [clause for one in world.given if one.giver == GIVER for clause in one.clauses]
        asked = {
            "regime": any(clause.regimes is not None for clause in clauses),
            "place": any(clause.region is not None for clause in clauses),
        }
        self.now = z3.Real("now")
        record = SymbolicRecord(vocabulary, "record")
        rules = Rules(world.given, giver=GIVER, held=world.held)
        self.of_reader = {reader: rules.released(record, reader, self.now) for reader in READERS}
        self.told = {row: list(record.told(world.facets[row], **asked)) for row in rows}

    def released(self, row, reader, now_tai_s):
        values = *self.told[row], (self.now, real(now_tai_s))
        said = z3.simplify(z3.substitute(self.of_reader[reader], *values))
        assert z3.is_true(said) or z3.is_false(said), said
        return z3.is_true(said)


def _told(referee, records):
    """What Cedar can be told; asking a broken record fails, and the reference refuses where it has to ask."""
    for number, facets in enumerate(records):
        try:
            yield number, referee.attributes(facets)
        except (RuntimeWarning, ValueError, ZeroDivisionError):
            continue


def _count(counted, made, verdicts, told):
    for one in made:
        counted["released" if one.allowed else "refused"] += 1
        counted["with a form"] += bool(one.form.words)
        counted["opened by originators"] += bool(one.form.declassified)
        counted["to ask again"] += one.revisit_tai_s is not None
    counted["by the reference alone"] += verdicts.one_by_one
    counted["by Cedar and solver"] += len(told)


@settings(relaxed, max_examples=15)
@given(worlds(most_records=4))
def test_the_engines_say_what_the_reference_says(world):
    compare(world, Counter())


@pytest.mark.prove
def test_the_engines_say_what_the_reference_says_in_many_worlds():
    counted = Counter()

    @settings(relaxed, max_examples=400)
    @given(worlds())
    def run(world):
        compare(world, counted)

    run()
    sys.stdout.write(f"\nreference, bulk decider, Cedar and solver agree: {dict(counted)}\n")
    assert counted["released"] + counted["refused"] > 10_000
    assert min(counted.values()) > 0


def test_columns_that_can_be_made_are_not_decided_one_by_one():
    columns = Columns([Facets(a_track(sigma_m=sigma_m)) for sigma_m in (1.0, 2.0, 1.0)])
    verdicts = decide_all(columns, "BOR", [an_agreement(clause())], giver=GIVER, now_tai_s=1000.0)
    assert verdicts.one_by_one == 0
    assert len(verdicts.rulings) == 1
    assert len(columns.classes) == 1
    assert verdicts.allowed.all()


def test_a_row_that_fits_no_column_is_decided_by_the_reference_alone():
    class Broken(Facets):
        @property
        def regime(self):
            raise RuntimeError("no regime today")

    terms = an_agreement(clause(regimes=frozenset({Regime.GEO})))
    columns = Columns([Facets(a_track()), Broken(a_track())])
    verdicts = decide_all(columns, "BOR", [terms], giver=GIVER, now_tai_s=1000.0)
    assert verdicts.one_by_one == 1
    assert list(verdicts.allowed) == [True, False]
    assert "no regime today" in verdicts.decision(1).reason
    without = decide_all(columns, "BOR", [an_agreement()], giver=GIVER, now_tai_s=1000.0)
    assert without.one_by_one == 0
    assert without.allowed.all()


def test_rules_that_cannot_be_evaluated_release_nothing():
    columns = Columns([Facets(a_track())])
    verdicts = decide_all(columns, "BOR", [None], giver=GIVER, now_tai_s=1000.0)
    assert verdicts.one_by_one == 1
    assert not verdicts.allowed.any()
    assert "could not be evaluated" in verdicts.decision(0).reason


def test_no_rows_are_no_decisions():
    verdicts = decide_all(Columns([]), "BOR", [an_agreement()], giver=GIVER, now_tai_s=1000.0)
    assert len(verdicts) == 0
    assert np.array_equal(verdicts.allowed, [])
