"""The attacker's refit: nobody who reads coarse releases, with the real propagator, comes nearer than the floor."""

import numpy as np
import pytest
from attacker import WEEK_S, averaged, refit, story, unbias, with_own_sensor
from coarse_orbits import DAY, REGIMES, SECRET

from commonsky.sharing.orbit_bias import bias_of
from commonsky.tracking.prediction import state_of

FLOOR_M = 1_000.0
SECRETS = [bytes([number]) * 32 for number in range(4)]
DRAG_M2_KG = {"low, Sun-synchronous": 0.01, "low, as a station": 0.02}
PROVED = (
    "low, Sun-synchronous",
    "low, as a station",
    "navigation",
    "Molniya",
    "transfer, at perigee",
    "geostationary",
)


def show(name, attack, floor_m, reached_m):
    """Print what `make prove` shows."""
    print(f"\n{name:22s} {attack:52s} floor {floor_m:6.0f} m, reached {reached_m:6.0f} m", end="")  # noqa: T201


def last(tracks):
    return state_of(tracks[-1]), tracks[-1].epoch_tai_s, tracks[-1].force_model


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_a_week_of_releases_fitted_by_the_real_propagator_gives_the_displaced_orbit_and_no_better():
    watched = story("geostationary", REGIMES["geostationary"], sigma_m=20.0, every_s=DAY)
    tracks = watched.released(FLOOR_M)
    reached_m = watched.reached_m(refit(tracks))
    assert reached_m > FLOOR_M
    assert reached_m == pytest.approx(abs(bias_of(SECRET, watched.name, FLOOR_M, 0).along_m), rel=0.25)
    assert watched.reached_m(refit(averaged([tracks, watched.released(10.0 * FLOOR_M)]))) > FLOOR_M


def test_knowing_how_it_is_done_a_week_within_one_window_tells_nothing_at_all():
    watched = story("geostationary", REGIMES["geostationary"], sigma_m=0.0, every_s=DAY)
    tracks = watched.released(FLOOR_M)
    plain_m, knowing_m = (
        watched.reached_m(refit(tracks)),
        watched.reached_m(unbias(tracks, FLOOR_M, sigma_m=1.0)),
    )
    assert knowing_m == pytest.approx(plain_m, rel=0.01)


@pytest.mark.prove
@pytest.mark.parametrize("name", PROVED)
def test_no_refit_of_a_week_beats_the_floor(name):
    for across, sigma_m in ((False, 20.0), (True, 20.0), (True, 0.1)):
        watched = story(
            name, REGIMES[name], sigma_m=sigma_m, drag=DRAG_M2_KG.get(name, 0.0), across_windows=across
        )
        where = f"{sigma_m:g} m solutions, {'two windows' if across else 'one window'}"
        weeks = [watched.released(FLOOR_M, secret=secret) for secret in SECRETS]
        fits = [refit(tracks) for tracks in weeks]
        reached_m = [watched.reached_m(fitted) for fitted in fits]
        show(name, f"refit of a week, {where}", FLOOR_M, min(reached_m))
        assert min(reached_m) > FLOOR_M
        knowing = [
            unbias(tracks, FLOOR_M, sigma_m=max(sigma_m, 0.5), fitted=fitted)
            for tracks, fitted in zip(weeks, fits, strict=True)
        ]
        knowing_m = rms([watched.reached_m(one) for one in knowing])
        show(name, f"the same by who knows the method, {where}", FLOOR_M, knowing_m)
        assert knowing_m > FLOOR_M


@pytest.mark.prove
@pytest.mark.parametrize("name", ["low, as a station", "navigation", "Molniya"])
def test_several_receivers_together_reach_no_more_than_the_finest_of_them(name):
    watched = story(name, REGIMES[name], sigma_m=20.0, across_windows=True)
    copies = {level_m: watched.released(level_m) for level_m in (FLOOR_M, 10.0 * FLOOR_M, 100.0 * FLOOR_M)}
    finest_m = watched.reached_m(refit(copies[FLOOR_M]))
    for words, weights in (("evenly", None), ("by their squares", [1.0 / level_m**2 for level_m in copies])):
        reached_m = watched.reached_m(refit(averaged(list(copies.values()), weights=weights)))
        show(name, f"three receivers' copies averaged {words}", FLOOR_M, reached_m)
        assert reached_m > max(FLOOR_M, 0.95 * finest_m)


@pytest.mark.prove
def test_other_levels_hold_as_well():
    for level_m in (100.0, 10_000.0, 100_000.0):
        watched = story("navigation", REGIMES["navigation"], sigma_m=5.0, across_windows=True)
        reached_m = watched.reached_m(refit(watched.released(level_m)))
        show("navigation", "refit of a week, two windows", level_m, reached_m)
        assert reached_m > level_m


@pytest.mark.prove
@pytest.mark.parametrize("name", ["Molniya", "geostationary"])
def test_four_weeks_of_perfect_solutions_by_who_knows_the_method(name):
    watched = story(
        name, REGIMES[name], sigma_m=0.1, across_windows=True, every_s=2.0 * DAY, span_s=4.0 * WEEK_S
    )
    weeks = [watched.released(FLOOR_M, secret=secret) for secret in SECRETS]
    reached_m = rms([watched.reached_m(unbias(tracks, FLOOR_M, sigma_m=0.5)) for tracks in weeks])
    show(name, "four weeks by who knows the method, 0.1 m solutions", FLOOR_M, reached_m)
    assert reached_m > FLOOR_M


@pytest.mark.prove
@pytest.mark.parametrize("name", ["low, as a station", "navigation", "geostationary"])
def test_what_an_own_sensor_can_do(name):
    """No floor holds against it: this only says how little it takes."""
    watched = story(name, REGIMES[name], sigma_m=20.0)
    tracks = watched.released(FLOOR_M)
    show(name, "one release as it is", FLOOR_M, watched.reached_m(last(tracks)))
    for words, range_sigma_m, angle_sigma_rad in (
        ("five minutes of an own radar (20 m, 0.02 deg)", 20.0, 3.5e-4),
        ("five minutes of an own telescope (2 arcsec)", 1e9, 1e-5),
    ):
        found = with_own_sensor(
            watched, tracks, FLOOR_M, range_sigma_m=range_sigma_m, angle_sigma_rad=angle_sigma_rad
        )
        show(name, words, FLOOR_M, watched.reached_m(found))
    assert watched.reached_m(found) < FLOOR_M
