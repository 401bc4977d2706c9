"""The screen misses nothing and makes nothing up: every set beside the brute force on the reference ``sgp4``."""

import brute_force as by_force
import hard_orbits
import numpy as np
import pytest
from judging import START_JD, judged
from sgp4.api import SatrecArray

HOUR_S = 3600.0
DAY_S = 86400.0


def made_up(generator):
    return [
        *hard_orbits.crowd(generator, 300),
        *hard_orbits.molniya(generator, 300),
        *hard_orbits.transfer_orbits(generator, 300),
        *hard_orbits.belt(generator, 300),
    ]


@pytest.fixture(scope="module")
def catalogue(reference_data):
    return by_force.element_lines(reference_data("catalogue", "20240808.tle.gz"))


def agreed(name, lines, hours, threshold_m=5000.0, **options):
    verdict = judged(lines, hours * HOUR_S, threshold_m, **options)
    print(f"\n{name}, {hours:g} h within {threshold_m:g} m: {verdict}")  # noqa: T201  # what make prove shows
    for one in verdict.edge:
        print("  at the edge:", *one)  # noqa: T201  # as above
    assert verdict.missed == []
    assert verdict.false == []
    return verdict


def test_made_up_orbits_are_screened_completely():
    generator = np.random.default_rng(20240809)
    lines = [
        *hard_orbits.crowd(generator, 120),
        *hard_orbits.molniya(generator, 30),
        *hard_orbits.transfer_orbits(generator, 60),
        *hard_orbits.belt(generator, 20),
    ]
    lines += hard_orbits.near_copies(generator, lines, 20)[20:]
    verdict = agreed("made-up orbits", lines, 2.0, threshold_m=50_000.0, step_s=8.0, processes=1)
    assert verdict.approaches > 50
    assert verdict.stays > 0


def test_no_path_leaves_its_chord_by_more_than_the_brute_force_allows():
    generator = np.random.default_rng(7)
    step_s, inner = 4.0, np.linspace(0.05, 0.95, 19)
    satellites = SatrecArray([by_force.Satrec.twoline2rv(*pair) for pair in made_up(generator)])
    for begin_s in generator.uniform(0.0, DAY_S, 5).tolist():
        times = begin_s + step_s * np.concatenate([[-1.0, 0.0, 1.0, 2.0], inner])
        error, position, _ = satellites.sgp4(*by_force._dates(START_JD, times))
        assert not error.any()
        bends = [
            np.linalg.norm(position[:, k] - 2 * position[:, k + 1] + position[:, k + 2], axis=1)
            for k in (0, 1)
        ]
        part = inner[None, :, None]
        line = position[:, 1:2] * (1 - part) + position[:, 2:3] * part
        deviation = np.linalg.norm(position[:, 4:] - line, axis=2).max(axis=1)
        assert (deviation <= 0.5 * np.maximum(*bends)).all()


@pytest.mark.prove
@pytest.mark.parametrize(
    ("name", "hours", "step_s"),
    [("low_shell", 8.0, 4.0), ("sun_synchronous_shell", 4.0, 4.0), ("geostationary_belt", 24.0, 12.0)],
)
def test_whole_shells_are_screened_completely(catalogue, name, hours, step_s):
    lines = hard_orbits.chosen(catalogue, getattr(hard_orbits, name))
    assert len(lines) > 500
    agreed(name, lines, hours, step_s=step_s)


@pytest.mark.prove
def test_hard_orbits_of_the_catalogue_are_screened_completely(catalogue):
    lines = hard_orbits.chosen(catalogue, hard_orbits.eccentric_low_or_deep)
    agreed("eccentric, low, resonant", lines, 24.0, threshold_m=20_000.0)


@pytest.mark.prove
def test_near_copies_of_real_orbits_are_screened_completely(catalogue):
    lines = hard_orbits.near_copies(np.random.default_rng(3), catalogue, 1500)
    agreed("near copies", lines, 6.0)


@pytest.mark.prove
def test_many_made_up_orbits_are_screened_completely():
    """Eight hours: the thirty neighbours in each slot of the belt are sampled every half second all the while."""
    lines = made_up(np.random.default_rng(11))
    agreed("Molniya, transfer and geostationary orbits", lines, 8.0, threshold_m=20_000.0, step_s=8.0)


@pytest.mark.prove
def test_the_whole_catalogue_is_screened_completely(catalogue):
    agreed("the whole catalogue", catalogue, 3.0)
