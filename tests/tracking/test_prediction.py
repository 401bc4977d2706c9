"""What a fit says of the future, and mean elements made from it."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from numpy.random import PCG64, Generator
from simulated import EPOCH, FORCES, GEO, LEO, MEO, SENSORS, tracking

from commonsky.astro.numerical import propagate, solve
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.sensitivity import force_response
from commonsky.tracking import Estimated, FitSettings, InitialState, fit, predict_fit
from commonsky.tracking.force_noise import force_noise, omission_m_s2, sufficient_degree
from commonsky.tracking.mean_fit import fit_mean_elements


def settings(**changes):
    return replace(FitSettings(epoch_tai_s=EPOCH, consider_forces=True), **changes)


@pytest.fixture(scope="module")
def observations():
    return tracking(MEO, Generator(PCG64(3)), days=0.5, step_s=600.0)


@pytest.fixture(scope="module")
def considered(observations):
    return fit(observations, SENSORS, settings=settings(), initial=InitialState(EPOCH, MEO))


def test_a_prediction_begins_with_the_fit_itself(considered):
    states, covariances = predict_fit(considered, [EPOCH])
    np.testing.assert_allclose(states[0], considered.state_gcrf, atol=1e-6)
    np.testing.assert_allclose(covariances[0], considered.covariance, rtol=1e-6)


def test_forces_that_are_left_out_enlarge_the_covariance_and_more_so_later(observations, considered):
    plain = fit(
        observations, SENSORS, settings=settings(consider_forces=False), initial=InitialState(EPOCH, MEO)
    )
    times = EPOCH + 86400.0 * np.array([0.5, 2.0, 5.0])
    with_forces, without = (predict_fit(one, times)[1] for one in (considered, plain))
    added = np.trace(with_forces[:, :3, :3] - without[:, :3, :3], axis1=1, axis2=2)
    assert added[0] > 0.0
    assert np.all(np.diff(added) > 0.0)


def test_an_acceleration_moves_the_orbit_as_the_response_says():
    """One interval of constant acceleration along the orbit's axes, against the engine's own integration of it."""
    import satkit

    from commonsky.astro.numerical import engine_times

    edges = EPOCH + np.array([-3000.0, 2000.0, 5000.0, 9000.0])
    times = EPOCH + np.array([-2900.0, 3000.0, 8900.0])
    trajectory = solve(LEO, EPOCH, (edges[0], edges[-1]), FORCES, transitions=True)
    response = force_response(trajectory, times, edges)
    push = np.array([1e-6, 2e-6, -1e-6])
    begin, end = engine_times(edges[1:3])
    arc = satkit.thrust.constant(push, begin, end, frame=satkit.frame.RTN)
    start, stop = engine_times(np.array([EPOCH, times[2]]))
    usual = satkit.propsettings(abs_error=1e-8, rel_error=1e-12, gravity_degree=20)
    moved = [
        satkit.propagate(
            LEO, start, stop, propsettings=usual, satproperties=satkit.satproperties(thrusts=thrusts)
        ).state
        for thrusts in ([arc], None)
    ]
    np.testing.assert_allclose(response[2, :, 1] @ push, moved[0] - moved[1], rtol=0.01, atol=1e-3)
    assert not response[0, :, 1:].any()


def test_low_orbits_need_more_of_the_gravity_field():
    degrees = [sufficient_degree(6.378e6 + height) for height in (4e5, 8e5, 2e6, 3.6e7)]
    assert degrees == sorted(degrees, reverse=True)
    assert degrees[-1] == 20
    assert omission_m_s2(20, np.array([7.2e6]))[0] > 10.0 * omission_m_s2(60, np.array([7.2e6]))[0]


def test_noise_of_density_follows_the_drag():
    times = EPOCH + np.arange(0.0, 6000.0, 200.0)
    states = propagate(LEO, EPOCH, times, FORCES)
    low = msgspec.structs.replace(FORCES, drag_cd_area_over_mass=0.01)
    high = msgspec.structs.replace(FORCES, drag_cd_area_over_mass=0.03)
    one, three = (force_noise(states, times, model) for model in (low, high))
    assert three.density_m_s2 == pytest.approx(3.0 * one.density_m_s2)
    edges = one.edges(EPOCH, EPOCH + 86400.0)
    assert np.linalg.eigvalsh(one.covariance(edges)).min() > 0.0


def test_radiation_pressure_is_recovered_within_its_sigma():
    forces = msgspec.structs.replace(FORCES, radiation_cr_area_over_mass=0.05)
    seen = tracking(GEO, Generator(PCG64(8)), days=2.0, step_s=900.0, forces=forces)
    wanted = settings(estimate=frozenset({Estimated.RADIATION}))
    found = fit(seen, SENSORS, settings=wanted, initial=InitialState(EPOCH, GEO))
    radiation = found.parameter("radiation cr*area/mass")
    assert abs(radiation.value - 0.05) < 4.0 * radiation.sigma
    assert radiation.sigma < 0.02


@pytest.mark.parametrize(("truth", "worst_m"), [(LEO, 3000.0), (MEO, 1000.0), (GEO, 3000.0)])
def test_mean_elements_follow_an_orbit_as_well_as_the_theory_can(truth, worst_m):
    times = EPOCH + np.linspace(-86400.0, 86400.0, 200)
    made = fit_mean_elements(
        times, propagate(truth, EPOCH, times, FORCES), EPOCH, names=("A", "2020-001A", 7)
    )
    assert made.worst_m < worst_m
    assert (made.element_set.norad_cat_id, made.element_set.epoch_tai_s) == (7, EPOCH)


def test_mean_elements_of_states_that_sgp4_made_are_its_own():
    from commonsky.tracking import from_element_set

    times = EPOCH + np.linspace(0.0, 86400.0, 100)
    first = fit_mean_elements(times, propagate(LEO, EPOCH, times, FORCES), EPOCH).element_set
    states = np.array([from_element_set(first, time).state_gcrf for time in times])
    again = fit_mean_elements(times, states, EPOCH)
    assert again.worst_m < 1.0
    assert again.element_set.inclination_deg == pytest.approx(first.inclination_deg, abs=1e-6)


def test_axes_along_the_orbit_are_those_of_the_response(considered):
    along = rtn_axes(considered.state_gcrf)
    np.testing.assert_allclose(along @ along.T, np.eye(3), atol=1e-12)
