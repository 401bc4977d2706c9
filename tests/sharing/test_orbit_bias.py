"""The draws behind coarse orbits: the same for ever, nested, bounded, and spread as everybody is told."""

import numpy as np
import pytest
from coarse_orbits import SECRET
from hypothesis import given
from hypothesis import strategies as st

from commonsky.sharing.orbit_bias import LEVELS_M, WINDOW_S, bias_of, level_of, spread_of, window_of

names = st.text(max_size=20)
levels = st.sampled_from(LEVELS_M)
windows = st.integers(-500, 2_000)
secrets = st.binary(min_size=32, max_size=32)


@given(secrets, names, levels, windows)
def test_a_bias_is_the_same_each_time_and_never_under_its_level(secret, name, level_m, window):
    bias = bias_of(secret, name, level_m, window)
    assert bias == bias_of(secret, name, level_m, window)
    assert 1.38 * level_m < abs(bias.along_m) < 3.7 * level_m
    assert abs(bias.across_m) < 2.4 * level_m


@given(names, levels, st.lists(windows, min_size=2, max_size=30))
def test_averaging_over_windows_does_not_bring_the_bias_under_its_level(name, level_m, some):
    along_m = [bias_of(SECRET, name, level_m, window).along_m for window in some]
    assert len({np.sign(one) for one in along_m}) == 1
    assert abs(np.mean(along_m)) > level_m


@given(names, names, windows)
def test_another_object_and_another_secret_have_another_bias(name, other, window):
    ours = bias_of(SECRET, name, 100.0, window)
    assert bias_of(b"x" * 32, name, 100.0, window) != ours
    if name != other:
        assert bias_of(SECRET, other, 100.0, window) != ours


def drawn(level_m, count=1_500):
    biases = [bias_of(SECRET, f"object {n}", level_m, n % 7) for n in range(count)]
    return np.array([[one.along_m, one.across_m, *one.unrest_m] for one in biases])


def test_what_a_coarser_copy_adds_tells_nothing_of_the_finest_one():
    fine, coarse = drawn(1_000.0), drawn(10_000.0)
    added = coarse - fine
    for of_added in (added[:, 0], np.abs(added[:, 0]), added[:, 1]):
        for of_fine in (fine[:, 0], np.abs(fine[:, 0]), np.sign(fine[:, 0]), fine[:, 1]):
            # within four sigmas of no correlation
            assert abs(np.corrcoef(of_added, of_fine)[0, 1]) < 4.0 / np.sqrt(len(fine))


def test_the_spread_that_everybody_is_told_is_that_of_the_draws():
    for level_m in (100.0, 100_000.0):
        rms = np.sqrt(np.mean(drawn(level_m) ** 2, axis=0))
        spread = spread_of(level_m)
        assert rms == pytest.approx([spread.along_m, spread.across_m, *spread.unrest_m], rel=0.08)


def test_the_best_guess_of_an_orbit_is_within_the_floor_for_few_objects():
    along, across = drawn(1_000.0)[:, :2].T / 1_000.0
    # a polar circular orbit, where the tilt counts most; the guess at the fullest place of the distribution
    within = [
        np.mean(np.hypot(along - guess, across / np.sqrt(2.0)) < 1.0) for guess in np.arange(-3.7, 3.8, 0.1)
    ]
    assert max(within) < 0.35


def test_a_floor_is_taken_up_to_the_next_level():
    floors = {0.5: 10.0, 10.0: 10.0, 10.1: 100.0, 600.0: 1_000.0, 100_000.0: 100_000.0}
    assert {floor_m: level_of(floor_m) for floor_m in floors} == floors
    for floor_m in (0.0, -1.0, float("nan"), 100_001.0, float("inf")):
        with pytest.raises(ValueError, match=r"metres|at most"):
            level_of(floor_m)


@given(st.floats(-1e9, 2e9))
def test_an_epoch_is_within_half_a_window_of_the_middle_of_its_own(epoch_tai_s):
    number, middle_tai_s = window_of(epoch_tai_s)
    assert abs(epoch_tai_s - middle_tai_s) <= WINDOW_S / 2.0 + 1e-6
    assert window_of(middle_tai_s)[0] == number
