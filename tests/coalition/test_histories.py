"""Whole coalitions under faults, one seed each. A failure prints its seed; ``python -m simulation`` replays it.

``make prove`` runs ten thousand histories, or as many as COMMONSKY_HISTORIES says, from the seed COMMONSKY_SEED.
"""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pytest
from simulation.coverage import Coverage
from simulation.history import run, shorter

SAMPLE = range(1, 13)
HISTORIES = int(os.environ.get("COMMONSKY_HISTORIES", "10000"))
FIRST_SEED = int(os.environ.get("COMMONSKY_SEED", "1000"))
PROCESSES = 2
PER_PORTION = 50
PATH = "PYTHONPATH=src:tests:tests/coalition .venv/bin/python -m simulation --shorter --seed"


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_coalition_under_faults_keeps_its_promises(seed):
    _, failure = run(seed)
    assert failure is None, failure


def test_a_history_is_the_same_each_time_it_is_told():
    told = [[], []]
    for log in told:
        run(5, say=log.append)
    assert told[0] == told[1]
    assert len(told[0]) > 10


@pytest.mark.prove
def test_ten_thousand_histories():
    total, failures, began_s = Coverage(), [], time.monotonic()
    portions = range(FIRST_SEED, FIRST_SEED + HISTORIES, PER_PORTION)
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        for coverage, failed in pool.map(portion, portions):
            total.add(coverage)
            failures += failed
    took_s = time.monotonic() - began_s
    last = FIRST_SEED + HISTORIES - 1
    say(f"\n{HISTORIES} histories, seeds {FIRST_SEED} to {last}, {HISTORIES / took_s:.1f} a second")
    say("\n".join(total.lines()))
    for failure in failures:
        say(f"seed {failure.seed}, step {failure.step}: {failure.words.splitlines()[0]}")
    assert not failures, f"{shorter(failures[0])[0]}\nreplay it: {PATH} {failures[0].seed}"
    missing = total.missing()
    assert HISTORIES < 10_000 or not missing, f"never seen: {', '.join(missing)}"


def portion(first):
    """Run the histories of a few seeds; what a process gives back must be small."""
    total, failures = Coverage(), []
    for seed in range(first, min(first + PER_PORTION, FIRST_SEED + HISTORIES)):
        coverage, failure = run(seed)
        total.add(coverage)
        if failure:
            failures.append(failure)
    return total, failures


def say(words):
    sys.stdout.write(f"{words}\n")
