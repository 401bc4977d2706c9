"""The engines give one answer: the reference by records, the bulk decider by columns, Cedar by policies, the solver."""

import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from test_decide import a_track, an_agreement, clause
from worlds import GIVER, MEMBERS, READERS, TIMES, worlds

from commonsky.domain import Regime
from commonsky.sharing import Columns, Facets, decide, decide_all
from commonsky.sharing.referee import Referee

# Too slow: drawing a world takes longer than deciding in it.
relaxed = settings(suppress_health_check=list(HealthCheck), print_blob=True)


def compare(world, counted):
    """Ask every engine about every record, reader and time of a world; count what was compared."""
    columns = Columns(world.facets)
    referee = Referee(world.given, giver=GIVER, members=MEMBERS, held=world.held)
    told = dict(_told(referee, world.facets))
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
            _count(counted, made, verdicts, told)


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
    counted["by Cedar"] += len(told)


@settings(relaxed, max_examples=25)
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
    sys.stdout.write(f"\nreference, bulk decider and Cedar agree: {dict(counted)}\n")
    assert counted["released"] + counted["refused"] > 20_000
    assert min(counted.values()) > 20


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
