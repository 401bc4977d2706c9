"""The debris of an exercise passes where and when the scenario says, and its element set leads there too."""

import numpy as np
import pytest

from commonsky.astro import frames, general_perturbations
from commonsky.astro.numerical import default_force_model
from commonsky.exercise.close_approach import CloseApproach, Truth, debris_that_passes

EPOCH_TAI_S = 825_595_237.0
SATELLITE = Truth(np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]), EPOCH_TAI_S, default_force_model())
WANTED = CloseApproach(satellite=1, hours=10.0, miss_distance_m=40.0, crossing_deg=60.0)


@pytest.fixture(scope="module")
def debris():
    return debris_that_passes(SATELLITE, WANTED, 220_401)


def test_the_debris_passes_at_the_time_and_the_distance_that_were_asked_for(debris):
    tca_tai_s = EPOCH_TAI_S + 36_000.0
    times = tca_tai_s + np.linspace(-2.0, 2.0, 401)
    away_m = np.linalg.norm((debris[1].states(times) - SATELLITE.states(times))[:, :3], axis=1)
    assert times[np.argmin(away_m)] == pytest.approx(tca_tai_s, abs=0.011)
    assert away_m.min() == pytest.approx(40.0, abs=1.0)


def test_its_element_set_begins_where_it_does(debris):
    element_set, truth = debris
    handle = general_perturbations.satellites([element_set])
    position, velocity, fault = general_perturbations.positions_teme(handle, element_set.epoch_tai_s)
    position_m, velocity_m_s = frames.teme_to_gcrf(position, velocity, element_set.epoch_tai_s)
    assert fault[0] == 0
    assert position_m[0] == pytest.approx(truth.state[:3], abs=1.0)
    assert velocity_m_s[0] == pytest.approx(truth.state[3:], abs=1e-3)


def test_the_two_do_not_meet_again_at_the_next_revolutions(debris):
    times = EPOCH_TAI_S + np.arange(0.0, 30_000.0, 10.0)
    away_m = np.linalg.norm((debris[1].states(times) - SATELLITE.states(times))[:, :3], axis=1)
    assert away_m.min() > 100_000.0
