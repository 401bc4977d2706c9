"""Which objects of a catalogue were seen: by angles and by radar, when element sets are old, and when it is none."""

import math
from collections import Counter

import numpy as np
import pytest
from msgspec.structs import replace

from commonsky.exercise.population import synthetic_catalogue
from commonsky.formats.catalogue import read_catalogue
from commonsky.tracking import UnknownSensorError
from commonsky.tracking.identify import Settings, Verdict, identify, known_orbits
from seen_objects import ANGLES_ONLY, RADAR, SENSOR, overhead, passing

NOW_TAI_S = 600_000_000.0
SENSORS = {SENSOR.id: SENSOR}
SEED = 20


@pytest.fixture(scope="module")
def catalogue():
    return synthetic_catalogue(np.random.default_rng(SEED), 2000, NOW_TAI_S)


@pytest.fixture(scope="module")
def known(catalogue):
    return known_orbits(catalogue)


@pytest.mark.parametrize("kinds", [ANGLES_ONLY, RADAR], ids=["angles", "radar"])
def test_objects_overhead_are_named_whatever_the_sensor_measures(catalogue, known, kinds):
    rng = np.random.default_rng(SEED)
    farthest_m = 3e6 if kinds is RADAR else 5e7
    places = rng.choice(overhead(catalogue, NOW_TAI_S, farthest_m), 12, replace=False).tolist()
    times = NOW_TAI_S + 10.0 * np.arange(4)
    seen = [one for i in places for one in passing(catalogue[i], times, rng, kinds=kinds, target=str(i))]
    found = identify(known, seen, SENSORS)
    assert len(found) == 12
    for one in found:
        wanted = catalogue[int(one.tracklet.target)].norad_cat_id
        assert one.verdict is Verdict.IDENTIFIED, f"seed {SEED}: {wanted}"
        assert one.candidates[0].element_set.norad_cat_id == wanted
        assert one.candidates[0].distance < 4.0
        assert one.candidates[0].rms < 3.0


def test_an_object_that_comes_late_is_known_and_its_delay_measured(catalogue, known):
    place = int(overhead(catalogue, NOW_TAI_S, 2e6)[0])
    late = replace(catalogue[place], epoch_tai_s=catalogue[place].epoch_tai_s + 1.5)
    seen = passing(late, NOW_TAI_S + 10.0 * np.arange(5), np.random.default_rng(SEED))
    (found,) = identify(known, seen, SENSORS)
    assert found.candidates[0].element_set.norad_cat_id == late.norad_cat_id
    assert found.candidates[0].late_s == pytest.approx(1.5, abs=0.1)
    assert found.candidates[0].distance > 10.0


def test_an_object_that_is_not_in_the_catalogue_is_none_of_them(catalogue):
    rng = np.random.default_rng(SEED)
    places = overhead(catalogue, NOW_TAI_S)[:25].tolist()
    others = known_orbits([one for i, one in enumerate(catalogue) if i not in places])
    times = NOW_TAI_S + 10.0 * np.arange(4)
    seen = [one for i in places for one in passing(catalogue[i], times, rng, target=str(i))]
    verdicts = Counter(one.verdict for one in identify(others, seen, SENSORS))
    assert verdicts[Verdict.IDENTIFIED] == 0
    assert verdicts[Verdict.NONE] >= 23


def test_two_objects_of_one_orbit_are_told_to_be_ambiguous(catalogue):
    place = int(overhead(catalogue, NOW_TAI_S)[0])
    docked = replace(catalogue[place], norad_cat_id=99_999)
    seen = passing(catalogue[place], NOW_TAI_S + 10.0 * np.arange(3), np.random.default_rng(SEED))
    (found,) = identify(known_orbits([*catalogue, docked]), seen, SENSORS)
    assert found.verdict is Verdict.AMBIGUOUS
    assert {one.element_set.norad_cat_id for one in found.candidates[:2]} == {
        99_999,
        catalogue[place].norad_cat_id,
    }
    assert found.candidates[0].probability == pytest.approx(0.5, abs=0.01)


def test_observations_of_several_objects_without_names_are_divided(catalogue, known):
    rng = np.random.default_rng(SEED)
    places = overhead(catalogue, NOW_TAI_S)[:3].tolist()
    seen = [
        one
        for turn, place in enumerate(places)
        for one in passing(catalogue[place], NOW_TAI_S + 15.0 * np.arange(4) + 4.0 * turn, rng)
    ]
    found = identify(known, seen, SENSORS)
    assert {one.candidates[0].element_set.norad_cat_id for one in found} == {
        catalogue[place].norad_cat_id for place in places
    }
    assert all(len(one.tracklet.members) == 4 for one in found)


def test_of_two_element_sets_of_one_object_the_nearer_in_time_counts(catalogue):
    place = int(overhead(catalogue, NOW_TAI_S)[0])
    old = replace(
        catalogue[place], epoch_tai_s=catalogue[place].epoch_tai_s - 20 * 86_400.0, mean_anomaly_deg=1.0
    )
    seen = passing(catalogue[place], NOW_TAI_S + 10.0 * np.arange(3), np.random.default_rng(SEED))
    (found,) = identify(known_orbits([old, *catalogue]), seen, SENSORS)
    assert found.candidates[0].element_set == catalogue[place]


def test_each_observation_may_be_taken_for_itself(catalogue, known):
    place = int(overhead(catalogue, NOW_TAI_S)[0])
    seen = passing(catalogue[place], NOW_TAI_S + 10.0 * np.arange(3), np.random.default_rng(SEED))
    found = identify(known, seen, SENSORS, settings=Settings(one_by_one=True))
    assert [one.tracklet.members for one in found] == [(0,), (1,), (2,)]
    assert all(one.candidates[0].dimensions == 2 for one in found)


def test_a_sensor_without_a_place_is_an_error(catalogue, known):
    seen = passing(catalogue[0], np.array([NOW_TAI_S]), np.random.default_rng(SEED))
    with pytest.raises(UnknownSensorError, match="HILL"):
        identify(known, seen, {})


@pytest.mark.prove
@pytest.mark.parametrize("kinds", [ANGLES_ONLY, RADAR], ids=["angles", "radar"])
def test_real_objects_are_named_by_a_catalogue_that_is_five_days_old(reference_data, kinds):
    """Truth: the element sets of 17 December 2019; known: those of the 12th."""
    folder = reference_data("catalogue")
    old, new = (
        read_catalogue((folder / f"201912{day}.tle.gz").read_bytes(), source=day).element_sets
        for day in ("12", "17")
    )
    rng = np.random.default_rng(SEED)
    numbers = {one.norad_cat_id for one in old}
    newest = float(np.quantile([one.epoch_tai_s for one in new], 0.9))
    seen, truth = [], []
    for begin in newest + rng.uniform(-43_200.0, 43_200.0, 10):
        for place in rng.choice(overhead(new, begin, 3e6 if kinds is RADAR else 5e7), 30).tolist():
            seen += passing(new[place], begin + 10.0 * np.arange(5), rng, kinds=kinds, target=str(len(truth)))
            truth.append(new[place].norad_cat_id)
    hidden = {truth[i] for i in range(0, len(truth), 5)}
    found = identify(known_orbits([one for one in old if one.norad_cat_id not in hidden]), seen, SENSORS)
    count: Counter[tuple[str, str]] = Counter()
    for one in found:
        number = truth[int(one.tracklet.target)]
        best = one.candidates[0].element_set.norad_cat_id if one.candidates else None
        there = number in numbers - hidden
        count[str(one.verdict), ("right" if best == number else "wrong") if there else "not there"] += 1
    told = {" / ".join(key): value for key, value in sorted(count.items())}
    print(f"seed {SEED}: {told}")  # noqa: T201
    there = sum(value for (_, how), value in count.items() if how != "not there")
    assert count["identified", "right"] >= 0.95 * there
    assert count["identified", "wrong"] + count["identified", "not there"] <= 3


def test_refraction_is_taken_into_account(catalogue, known):
    low = overhead(catalogue, NOW_TAI_S).tolist()[:4]
    kinds = ((RADAR[1][0], math.radians(0.001)),)
    seen = [
        one
        for i in low
        for one in passing(
            catalogue[i], NOW_TAI_S + 5.0 * np.arange(4), np.random.default_rng(i), kinds=kinds, target=str(i)
        )
    ]
    for one in identify(known, seen, SENSORS):
        assert one.noise_scale < 1.6
        assert one.candidates[0].element_set == catalogue[int(one.tracklet.target)]
