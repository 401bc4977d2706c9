"""The engines give one answer: the reference, record by record, and the bulk decider, column by column."""

import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from test_decide import a_track, an_agreement, clause
from worlds import GIVER, READERS, TIMES, worlds

from commonsky.domain import Regime
from commonsky.sharing import Columns, Facets, decide, decide_all


def compare(world, counted):
    """Ask both engines about every record, reader and time of a world; count what was compared."""
    columns = Columns(world.facets)
    for reader in READERS:
        for now_tai_s in TIMES:
            how = {"giver": GIVER, "now_tai_s": now_tai_s, "held": world.held}
            verdicts = decide_all(columns, reader, world.given, **how)
            for row, facets in enumerate(world.facets):
                made = decide(facets, reader, world.given, **how)
                assert verdicts.decision(row) == replace(made, trace=())
                assert verdicts.allowed[row] == made.allowed
                counted["released" if made.allowed else "refused"] += 1
                counted["with a form"] += bool(made.form.words)
                counted["to ask again"] += made.revisit_tai_s is not None
            counted["decided one by one"] += verdicts.one_by_one


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(most_records=6))
def test_the_bulk_decider_says_what_the_reference_says(world):
    compare(world, Counter())


@pytest.mark.prove
def test_the_bulk_decider_says_what_the_reference_says_in_many_worlds():
    counted = Counter()

    @settings(max_examples=600, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(worlds())
    def run(world):
        compare(world, counted)

    run()
    sys.stdout.write(f"\nreference and bulk decider agree: {dict(counted)}\n")
    assert min(counted.values()) > 100


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
