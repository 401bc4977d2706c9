"""What is asked of a screening, in which pieces it is done, and what cannot be screened."""

import itertools
import pickle

import numpy as np
import pytest
from orbits import START_S, element_set

from commonsky.safety.screening import (
    ApproachKind,
    Box,
    EphemerisFrame,
    Interpolation,
    Span,
    Sphere,
    ephemeris,
    merged,
    partitions,
    plan,
    population,
    screen,
    screen_partition,
    states_at,
)

SPAN = Span(START_S, START_S + 4 * 3600.0)


def _shell(count=50, seed=3):
    chance = np.random.default_rng(seed)
    return [
        element_set(
            k, 7100 + chance.uniform(-5, 5), 1e-3, *chance.uniform([40, 0, 0, 0], [105, 360, 360, 360])
        )
        for k in range(count)
    ]


def _population(sets):
    return population([(str(k), one) for k, one in enumerate(sets)])


@pytest.fixture(scope="module")
def objects():
    sets = _shell()
    twin = element_set(900, 7101.0, 1e-3, 60.0, 10.0, 0.0, 20.0)
    near = element_set(901, 7101.0, 1.05e-3, 60.0, 10.0, 0.0, 20.01)
    return _population([*sets, twin, near, twin])


@pytest.fixture(scope="module")
def whole(objects):
    return screen(objects, SPAN, Sphere(120e3)).approaches


@pytest.fixture(scope="module")
def busy(whole):
    """Give the object of the shell that meets most others."""
    return int(np.argmax(np.bincount(np.concatenate([whole["first"], whole["second"]]))[:50]))


def test_results_are_the_same_to_the_bit_however_the_work_is_cut(objects, whole):
    assert {ApproachKind.APPROACH, ApproachKind.CO_MOVING} == set(whole["kind"].tolist())
    assert screen(objects, SPAN, Sphere(120e3), threads=3).approaches.tobytes() == whole.tobytes()
    work = pickle.loads(pickle.dumps(plan(objects, SPAN, Sphere(120e3), chunk_s=300.0)))
    parts = partitions(work)
    assert len(parts) > 30
    pieces = [screen_partition(work, part) for part in reversed(parts)]
    assert merged(work, pieces).approaches.tobytes() == whole.tobytes()


def test_a_list_against_all_gives_the_rows_of_its_objects(objects, whole, busy):
    chosen = [3, busy, 50]
    of_them = whole[np.isin(whole["first"], chosen) | np.isin(whole["second"], chosen)]
    assert len(of_them) > 3
    again = screen(objects, SPAN, Sphere(120e3), involving=chosen).approaches
    assert again.tobytes() == of_them.tobytes()
    listed = screen(objects, SPAN, Sphere(120e3), primaries=chosen).approaches
    assert np.isin(listed["first"], chosen).all()
    assert len(listed) == len(of_them)
    both = screen(objects, SPAN, Sphere(120e3), primaries=[50], secondaries=[51, 52]).approaches
    assert {(int(row["first"]), int(row["second"])) for row in both} == {(50, 51), (50, 52)}


def test_twins_and_neighbours_stay_together_for_all_of_the_span(objects):
    rows = screen(objects, SPAN, Sphere(5e3)).approaches
    together = rows[rows["kind"] == ApproachKind.CO_MOVING]
    assert [(int(r["first"]), int(r["second"])) for r in np.sort(together, order=["first", "second"])] == [
        (50, 51),
        (50, 52),
        (51, 52),
    ]
    assert (together["begin_tai_s"] == SPAN.start_tai_s).all()
    assert (together["end_tai_s"] == SPAN.end_tai_s).all()
    twins = together[(together["first"] == 50) & (together["second"] == 52)]
    assert twins["miss_distance_m"][0] == 0.0


def test_objects_with_the_same_id_are_not_screened_against_each_other():
    sets = _shell(2)
    objects = population([("a", sets[0]), ("a", sets[0]), ("b", sets[1])])
    assert not len(screen(objects, SPAN, Sphere(5e3)).approaches)


def test_a_box_takes_what_lies_within_it_in_the_first_objects_axes(objects, whole):
    box = Box(20e3, 60e3, 100e3)
    rows = screen(objects, SPAN, box).approaches
    passing = whole[whole["kind"] == ApproachKind.APPROACH]
    tca_s = passing["tca_tai_s"]
    position, velocity = states_at(objects, passing["first"].astype(np.int64), tca_s)
    other, _ = states_at(objects, passing["second"].astype(np.int64), tca_s)
    radial = position / np.linalg.norm(position, axis=1)[:, None]
    normal = np.cross(position, velocity)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    axes = np.stack([radial, np.cross(normal, radial), normal], axis=1)
    parts = np.abs(np.einsum("nij,nj->ni", axes, other - position))
    expected = passing[(parts < box.half_widths_m).all(axis=1)]
    assert 0 < len(expected) < len(passing)
    found = rows[rows["kind"] == ApproachKind.APPROACH]
    np.testing.assert_allclose(found["tca_tai_s"], expected["tca_tai_s"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("interpolation", list(Interpolation))
def test_an_ephemeris_replaces_its_element_set(objects, whole, busy, interpolation):
    times = np.arange(SPAN.start_tai_s - 600.0, SPAN.end_tai_s + 601.0, 60.0)
    position, velocity = states_at(objects, np.full(times.size, busy), times)
    made = ephemeris(times, position, velocity, frame=EphemerisFrame.TEME, interpolation=interpolation)
    mixed = population([(str(k), made if k == busy else one) for k, one in enumerate(_shell())])
    rows = screen(mixed, SPAN, Sphere(120e3)).approaches
    of_it = whole[((whole["first"] == busy) | (whole["second"] == busy)) & (whole["second"] < 50)]
    mine = rows[(rows["first"] == busy) | (rows["second"] == busy)]
    assert len(mine) == len(of_it) > 0
    np.testing.assert_allclose(mine["tca_tai_s"], of_it["tca_tai_s"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(mine["miss_distance_m"], of_it["miss_distance_m"], rtol=0, atol=0.2)


def test_an_ephemeris_is_screened_where_it_is_and_nowhere_else(objects, whole, busy):
    of_it = whole[(whole["first"] == busy) | (whole["second"] == busy)]
    one = of_it[len(of_it) // 2]["tca_tai_s"]
    for times, seen in (
        (one + np.array([-47.0, -20.0, -5.0, 0.4]), True),
        (one + np.array([0.4, 30, 90, 200]), False),
    ):
        position, velocity = states_at(objects, np.full(times.size, busy), times)
        made = ephemeris(times, position, velocity, frame=EphemerisFrame.TEME)
        mixed = population([(str(k), made if k == busy else s) for k, s in enumerate(_shell())])
        screening = screen(mixed, SPAN, Sphere(120e3))
        rows = screening.approaches
        mine = rows[(rows["first"] == busy) | (rows["second"] == busy)]
        assert bool(np.isclose(mine["tca_tai_s"], one, rtol=0, atol=0.1).any()) is seen
        assert [u.index for u in screening.unusable] == [busy]
        assert "ephemeris covers" in screening.unusable[0].reason


def _in_segments(seams_s, usable=None):
    """Make twins of which the second flies by an ephemeris, cut at the seams (seconds after the start)."""
    twin = element_set(900, 7101.0, 1e-3, 60.0, 10.0, 0.0, 20.0)
    alone = _population([twin])
    segments = []
    for first, last in itertools.pairwise(seams_s):
        times = START_S + np.linspace(first - 120.0, last + 120.0, 2 + int((last - first) / 60.0))
        position, velocity = states_at(alone, np.zeros(times.size, dtype=np.int64), times)
        inside = usable or (START_S + first, START_S + last)
        segments.append(ephemeris(times, position, velocity, frame=EphemerisFrame.TEME, usable_tai_s=inside))
    return population([("element set", twin), *(("ephemeris", one) for one in segments)])


def test_a_pair_is_together_from_the_first_to_the_last_moment_of_an_ephemeris():
    screening = screen(_in_segments([611.0, 5033.0]), SPAN, Sphere(5e3))
    (row,) = screening.approaches
    assert (row["begin_tai_s"], row["end_tai_s"]) == (START_S + 611.0, START_S + 5033.0)
    assert [(one.index, one.from_tai_s) for one in screening.unusable] == [(1, START_S)]


def test_segments_of_an_ephemeris_that_follow_each_other_are_as_good_as_one():
    screening = screen(_in_segments([-33.0, 3671.0, 3702.0, 9000.0, 4 * 3600.0]), SPAN, Sphere(5e3))
    (row,) = screening.approaches
    assert (row["first"], row["second"]) == (0, 1)
    assert (row["begin_tai_s"], row["end_tai_s"]) == (SPAN.start_tai_s, SPAN.end_tai_s)
    assert not screening.unusable


def test_of_an_ephemeris_only_the_useable_time_counts():
    usable = START_S + 1000.0, START_S + 1007.0
    screening = screen(_in_segments([0.0, 3600.0], usable), SPAN, Sphere(5e3))
    (row,) = screening.approaches
    assert (row["begin_tai_s"], row["end_tai_s"]) == usable


@pytest.mark.parametrize("frame", list(EphemerisFrame))
def test_frames_of_an_ephemeris_come_into_that_of_the_elements(objects, frame):
    times = START_S + np.array([0.0, 60.0, 120.0])
    position = np.array([[7e6, 0, 0], [6.99e6, 4.5e5, 0], [6.95e6, 9e5, 0]])
    made = ephemeris(times, position, None, frame=frame, interpolation=Interpolation.LAGRANGE)
    np.testing.assert_allclose(np.linalg.norm(made.position_teme_m, axis=1), np.linalg.norm(position, axis=1))
    turned = np.linalg.norm(made.position_teme_m - position, axis=1)
    if frame is EphemerisFrame.TEME:
        assert (turned == 0.0).all()
    else:  # precession of 24.6 years is 0.34 degrees
        assert ((turned > 2e4) if frame is not EphemerisFrame.ITRF else (turned > 1e5)).all()


def test_what_cannot_be_screened_is_listed_with_its_reason():
    old = element_set(1, 7100.0, 1e-3, 50.0, 0.0, 0.0, 0.0, age_s=40 * 86400.0)
    falling = element_set(2, 6378.0 + 125.0, 1e-4, 50.0, 0.0, 0.0, 0.0, bstar=0.05, age_s=60.0)
    fallen = element_set(3, 6378.0 + 135.0, 1e-3, 50.0, 0.0, 0.0, 0.0, bstar=0.3, age_s=5 * 86400.0)
    objects = _population([*_shell(3), old, falling, fallen])
    unusable = screen(objects, Span(START_S, START_S + 86400.0), Sphere(5e3)).unusable
    assert [one.index for one in unusable] == [3, 4, 5]
    assert "too old" in unusable[0].reason
    assert START_S < unusable[1].from_tai_s < START_S + 86400.0
    assert unusable[2].from_tai_s == START_S


def test_an_object_that_fails_in_the_span_is_screened_until_then():
    falling = element_set(2, 6378.0 + 125.0, 1e-4, 50.0, 0.0, 0.0, 0.0, bstar=0.05, age_s=60.0)
    objects = _population([falling, falling])
    screening = screen(objects, Span(START_S, START_S + 86400.0), Sphere(5e3))
    (row,) = screening.approaches
    assert row["kind"] == ApproachKind.CO_MOVING
    assert row["begin_tai_s"] == START_S
    assert row["end_tai_s"] == pytest.approx(screening.unusable[0].from_tai_s, abs=1e-6)


@pytest.mark.parametrize(
    ("epochs", "velocity", "said"),
    [
        ([0.0], np.zeros((1, 3)), "two epochs"),
        ([0.0, 0.0], np.zeros((2, 3)), "rise"),
        ([0.0, 1.0], None, "velocities"),
        ([0.0, 1.0], np.zeros((1, 3)), "velocity"),
    ],
)
def test_an_ephemeris_that_cannot_be_interpolated_is_refused(epochs, velocity, said):
    with pytest.raises(ValueError, match=said):
        ephemeris(epochs, np.ones((len(epochs), 3)), velocity)


def test_a_population_may_be_empty_or_have_no_element_sets():
    assert not len(screen(population([]), SPAN, Sphere(5e3)).approaches)
    times = np.arange(SPAN.start_tai_s, SPAN.end_tai_s, 120.0)
    position = np.column_stack([np.full(times.size, 7e6), 10.0 * (times - START_S), np.zeros(times.size)])
    made = [
        ephemeris(
            times, position + shift, None, frame=EphemerisFrame.TEME, interpolation=Interpolation.LAGRANGE
        )
        for shift in (0.0, 100.0)
    ]
    (row,) = screen(population([("a", made[0]), ("b", made[1])]), SPAN, Sphere(5e3)).approaches
    assert row["miss_distance_m"] == pytest.approx(np.sqrt(3.0) * 100.0)
