"""A screening that is stopped, changed or spread out gives what a fresh one in one process gives, to the bit."""

import os
import subprocess
import sys

import hard_orbits
import msgspec
import numpy as np
import pytest

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.catalogue import read_catalogue
from commonsky.safety import rescreening
from commonsky.safety.kept_pieces import KeptPieces
from commonsky.safety.population import assemble, rows
from commonsky.safety.rescreening import Question, screen_objects
from commonsky.safety.screening import Box, Span, Sphere
from commonsky.safety.workers import Workers

START = tai_s_from_utc("2024-08-09T00:20:00")
QUESTION = Question(Span(START, START + 4 * 3600.0), Sphere(50_000.0))
ONE = Workers(1)


def element_sets():
    generator = np.random.default_rng(5)
    lines = [
        *hard_orbits.crowd(generator, 90),
        *hard_orbits.transfer_orbits(generator, 20),
        *hard_orbits.belt(generator, 20),
    ]
    lines += hard_orbits.near_copies(generator, lines, 15)[15:]
    text = "\n".join(line for pair in lines for line in pair)
    return read_catalogue(text.encode(), source="lines").element_sets


SETS = element_sets()


def objects(sets=SETS):
    return assemble(sets, start_tai_s=START).objects


def changed(sets, number):
    return [
        msgspec.structs.replace(one, mean_anomaly_deg=one.mean_anomaly_deg * 0.99)
        if one.norad_cat_id == number
        else one
        for one in sets
    ]


def told(answer, people):
    """All events by id, every bit of their figures."""
    names = [one.id for one in rows(people)]
    return [
        (names[one["first"]], names[one["second"]], one.tobytes()[8:]) for one in answer.screening.approaches
    ]


FRESH = told(screen_objects(objects(), QUESTION, workers=ONE), objects())


def test_there_is_something_to_compare():
    assert len(FRESH) > 60


def test_a_screening_again_takes_everything_from_the_folder(tmp_path):
    first = screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    again = screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    assert (first.kept, again.kept) == (0, again.partitions)
    assert told(first, objects()) == told(again, objects()) == FRESH


def test_a_screening_that_was_stopped_goes_on(tmp_path):
    class StopError(Exception):
        pass

    def stop(done, _all):
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path), progress=stop)
    (tmp_path / "piece-half-written.part").write_bytes(b"?")
    answer = screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    assert answer.kept == 2
    assert told(answer, objects()) == FRESH
    assert list(tmp_path.glob("*.part")) == []


def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    alive, left = (tmp_path / f"piece-x.y.npy.{n}.part" for n in (os.getppid(), int(dead.stdout)))
    for file in (alive, left):
        file.write_bytes(b"?")
    KeptPieces(tmp_path).tidy()
    assert list(tmp_path.iterdir()) == [alive]


def test_a_damaged_piece_is_done_again(tmp_path):
    screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    damaged = sorted(tmp_path.glob("piece-*.npy"))
    damaged[0].write_bytes(damaged[0].read_bytes()[:-3])
    damaged[1].write_bytes(b"")
    answer = screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    assert answer.kept == answer.partitions - 2
    assert told(answer, objects()) == FRESH


@pytest.mark.parametrize(
    "volume", [Sphere(50_000.0), Box(20_000.0, 44_000.0, 51_000.0)], ids=["sphere", "box"]
)
def test_after_changes_only_these_are_screened_and_all_is_as_fresh(tmp_path, volume, monkeypatch):
    question = Question(QUESTION.span, volume)
    screen_objects(objects(), question, workers=ONE, folder=KeptPieces(tmp_path))
    updated = [one for one in changed(SETS, 84_003) if one.norad_cat_id != 84_010]
    updated.append(msgspec.structs.replace(SETS[7], norad_cat_id=3, mean_anomaly_deg=10.0))
    people = objects(updated)
    asked = []
    original = rescreening.plan
    monkeypatch.setattr(
        rescreening, "plan", lambda *words, **named: asked.append(named) or original(*words, **named)
    )
    answer = screen_objects(people, question, workers=ONE, folder=KeptPieces(tmp_path))
    involved = {rows(people)[n].id for named in asked if named["involving"] for n in named["involving"]}
    assert involved == {"3", "84003"}
    assert (answer.kept, answer.mended) == (0, answer.partitions)
    fresh = screen_objects(people, question, workers=ONE)
    assert told(answer, people) == told(fresh, people)
    again = screen_objects(people, question, workers=ONE, folder=KeptPieces(tmp_path))
    assert again.kept == again.partitions
    assert told(again, people) == told(fresh, people)


def test_an_object_that_is_gone_takes_its_events_with_it(tmp_path):
    screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    gone = FRESH[0][0]
    people = objects([one for one in SETS if str(one.norad_cat_id) != gone])
    answer = screen_objects(people, QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    assert answer.kept == answer.partitions
    assert [one[:2] for one in told(answer, people)] == [one[:2] for one in FRESH if gone not in one[:2]]


def test_a_span_that_moves_on_keeps_the_hours_in_common(tmp_path):
    screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    later = Question(Span(START + 3600.0, START + 5 * 3600.0), QUESTION.volume)
    answer = screen_objects(objects(), later, workers=ONE, folder=KeptPieces(tmp_path))
    assert answer.kept >= 1
    assert told(answer, objects()) == told(screen_objects(objects(), later, workers=ONE), objects())


def test_another_question_takes_nothing_from_the_folder(tmp_path):
    screen_objects(objects(), QUESTION, workers=ONE, folder=KeptPieces(tmp_path))
    for other in (
        Question(QUESTION.span, Sphere(40_000.0)),
        Question(QUESTION.span, QUESTION.volume, primaries=frozenset({"84003"})),
    ):
        answer = screen_objects(objects(), other, workers=ONE, folder=KeptPieces(tmp_path))
        assert answer.kept == 0
        assert told(answer, objects()) == told(screen_objects(objects(), other, workers=ONE), objects())


def test_a_list_against_all_is_part_of_all_against_all():
    one, other = ({str(n) for n in part} for part in (range(84_000, 84_030), range(84_025, 84_090)))
    question = Question(QUESTION.span, QUESTION.volume, frozenset(one), frozenset(other))
    found = {
        frozenset(each[:2]) for each in told(screen_objects(objects(), question, workers=ONE), objects())
    }
    every = {frozenset(each[:2]) for each in FRESH}
    assert found == {
        pair for pair in every if any(a in one and b in other for a, b in (tuple(pair), tuple(pair)[::-1]))
    }
    assert found


@pytest.mark.parametrize("workers", [Workers(3), Workers(2, processes=True)], ids=["threads", "processes"])
def test_the_number_and_kind_of_workers_change_nothing(workers):
    assert told(screen_objects(objects(), QUESTION, workers=workers), objects()) == FRESH
