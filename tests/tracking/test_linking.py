"""Short arcs of angles, of different nights and sensors: which may be of one object, and the track that they begin."""

import itertools

import numpy as np
import pytest

from commonsky.exercise.instruments import measured
from commonsky.exercise.observing import truth_of
from commonsky.exercise.population import synthetic_catalogue
from commonsky.exercise.tracking_trial import trial_settings, usual_instruments
from commonsky.tracking.tracker import Arc
from commonsky.tracking.tracker.linking import glimpse, may_be_one
from commonsky.tracking.tracker.starting import joined

NOW_TAI_S = 600_000_000.0
EYES = [one for one in usual_instruments() if one.sensor.id.endswith("-EYE")]
SENSORS = {one.sensor.id: one.sensor for one in EYES}


@pytest.fixture(scope="module")
def arcs():
    """Three arcs each of four objects in GEO, by two sensors an ocean apart: numbers by arc."""
    rng = np.random.default_rng(9)
    high = [one for one in synthetic_catalogue(rng, 100, NOW_TAI_S) if one.object_name.startswith("GEO")][:4]
    made = {}
    for number, one in enumerate(high):
        truth = truth_of(one, NOW_TAI_S, rng)
        for place, hours in enumerate((0.2, 2.6, 6.1)):
            eye = EYES[place % 2]
            times = NOW_TAI_S + 3600.0 * hours + 30.0 * number + 15.0 * np.arange(5)
            seen = measured(eye, times, truth.states(times), NOW_TAI_S, rng)
            made[Arc(f"{number}-{place}", eye.sensor.id, tuple(seen))] = number
    return made


def test_arcs_of_one_object_lead_to_each_other_and_most_others_do_not(arcs):
    seen = {arc: glimpse(arc, SENSORS) for arc in arcs}
    same, different = [], []
    for one, other in itertools.combinations(arcs, 2):
        (same if arcs[one] == arcs[other] else different).append(may_be_one(seen[one], seen[other]))
    assert all(same)
    assert np.mean(different) < 0.5


def test_three_arcs_of_two_sensors_begin_a_track_of_the_right_object(arcs):
    listed = list(arcs)
    newest = listed[2]
    others = [arc for arc in listed if arc.end_tai_s < newest.begin_tai_s or arc is newest]
    made = joined(others, newest, "T1", SENSORS, trial_settings())
    assert made is not None
    assert {arcs[arc] for arc in listed if arc.id in made.arcs} == {0}
    assert len(made.arcs) == 3
    assert 4.1e7 < np.linalg.norm(made.state_gcrf[:3]) < 4.3e7
