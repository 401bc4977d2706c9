"""The numerical engine behind our functions."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.astro.numerical import (
    PropagationError,
    default_force_model,
    propagate,
    propagate_with_transition,
    solve,
)
from commonsky.astro.sensitivity import drag_partials, empirical_partials
from commonsky.astro.time import tai_s_from_utc
from commonsky.astro.two_body import propagate_two_body
from commonsky.domain import EmpiricalAcceleration

EPOCH = tai_s_from_utc("2024-03-01T06:00:00.1234567")
LEO = np.array([6.878e6, 0.0, 0.0, 0.0, 4.58e3, 6.08e3])
TRANSFER = np.array([-4.0541447e7, -9.905355e6, 2.067735e5, 759.068, -1476.516, 54.793])
FORCES = default_force_model()


def with_forces(**changes):
    return msgspec.structs.replace(FORCES, **changes)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(7)))
def test_the_order_in_which_epochs_are_asked_for_does_not_matter(order):
    times = EPOCH + np.array([-5000.0, -300.25, -0.5, 0.0, 0.3, 2000.125, 7000.0])
    together = propagate(LEO, EPOCH, times[list(order)], FORCES)
    for row, time in zip(together, times[list(order)], strict=True):
        np.testing.assert_allclose(row, propagate(LEO, EPOCH, [time], FORCES)[0], rtol=0, atol=1e-3)


def test_at_its_own_epoch_a_state_is_itself():
    np.testing.assert_allclose(propagate(LEO, EPOCH, [EPOCH], FORCES)[0], LEO, rtol=0, atol=1e-6)


def test_no_epochs_give_no_states():
    assert propagate(LEO, EPOCH, [], FORCES).shape == (0, 6)


def test_epochs_between_the_ticks_of_the_engines_clock_are_met():
    times = EPOCH + 1000.0 + np.linspace(0.0, 2e-6, 9)
    along = propagate(LEO, EPOCH, times, FORCES)
    np.testing.assert_allclose(np.diff(along[:, 0]), along[0, 3] * np.diff(times), rtol=0, atol=2e-5)


def test_there_and_back_is_where_it_began():
    there = propagate(LEO, EPOCH, [EPOCH + 86400.0], FORCES)[0]
    back = propagate(there, EPOCH + 86400.0, [EPOCH], FORCES)[0]
    np.testing.assert_allclose(back[:3], LEO[:3], rtol=0, atol=0.05)


def test_with_no_perturbation_it_is_two_body_motion():
    bare = with_forces(gravity_degree=1, sun=False, moon=False, solid_tides=False, relativity=False)
    times = EPOCH + np.array([-40000.0, 10.0, 40000.0])
    ours = propagate(TRANSFER, EPOCH, times, bare)
    np.testing.assert_allclose(ours, propagate_two_body(TRANSFER, times - EPOCH), rtol=0, atol=0.2)


def test_the_transition_matrix_is_the_derivative_of_the_flow():
    times = EPOCH + np.array([-3000.0, 4000.0])
    _, transitions = propagate_with_transition(LEO, EPOCH, times, FORCES)
    steps = np.array([10.0] * 3 + [0.01] * 3)
    for axis, step in enumerate(steps):
        change = np.zeros(6)
        change[axis] = step
        slope = (
            propagate(LEO + change, EPOCH, times, FORCES) - propagate(LEO - change, EPOCH, times, FORCES)
        ) / (2.0 * step)
        np.testing.assert_allclose(transitions[:, :3, axis], slope[:, :3], rtol=2e-3, atol=2e-3 * 10.0 / step)


def test_negative_drag_is_the_mirror_of_positive_drag():
    times = [EPOCH + 20000.0]
    more, none, less = (
        propagate(LEO, EPOCH, times, with_forces(drag_cd_area_over_mass=drag))[0]
        for drag in (0.01, 0.0, -0.01)
    )
    assert np.linalg.norm((more - none)[:3]) > 10.0
    np.testing.assert_allclose(less - none, none - more, rtol=0, atol=1e-6)


def law(constant, rate=(0.0, 0.0, 0.0)):
    return with_forces(
        empirical=EmpiricalAcceleration(
            epoch_tai_s=EPOCH, constant_m_s2=tuple(constant), rate_m_s3=tuple(rate)
        )
    )


def test_a_constant_push_moves_by_half_its_square_of_time():
    push = np.array([1e-4, -2e-4, 3e-4])
    moved = propagate(TRANSFER, EPOCH, [EPOCH + 600.0], law(push))[0]
    still = propagate(TRANSFER, EPOCH, [EPOCH + 600.0], FORCES)[0]
    np.testing.assert_allclose((moved - still)[:3], 0.5 * push * 600.0**2, rtol=1e-3)


def test_a_growing_push_moves_by_a_sixth_of_its_cube_of_time_both_ways():
    rate = np.array([1e-7, 2e-7, -1e-7])
    times = EPOCH + np.array([-600.0, 600.0])
    moved = propagate(TRANSFER, EPOCH, times, law(np.zeros(3), rate))
    still = propagate(TRANSFER, EPOCH, times, FORCES)
    expected = np.array([-1.0, 1.0])[:, np.newaxis] * rate * 600.0**3 / 6.0
    np.testing.assert_allclose((moved - still)[:, :3], expected, rtol=0.15)


@pytest.mark.parametrize("axis", range(6))
def test_partials_of_the_empirical_acceleration_are_those_of_the_orbit(axis):
    times = EPOCH + np.array([30000.0, -9000.0, 12000.0, 500.0])
    trajectory = solve(TRANSFER, EPOCH, (times.min(), times.max()), FORCES, transitions=True)
    partials = empirical_partials(trajectory, times, EPOCH)[:, :3, axis]
    size = 1e-6 if axis < 3 else 1e-9
    change = np.zeros(6)
    change[axis] = size
    ends = [propagate(TRANSFER, EPOCH, times, law(sign * change[:3], sign * change[3:])) for sign in (1, -1)]
    slope = (ends[0] - ends[1])[:, :3] / (2.0 * size)
    np.testing.assert_allclose(partials, slope, rtol=0, atol=0.01 * np.abs(slope).max())


def test_partials_of_drag_are_those_of_the_orbit():
    times = EPOCH + np.array([20000.0, -9000.0])
    model = with_forces(drag_cd_area_over_mass=0.02)
    states = propagate(LEO, EPOCH, times, model)
    partials = drag_partials(LEO, EPOCH, times, model)
    moved = propagate(LEO, EPOCH, times, with_forces(drag_cd_area_over_mass=0.021))
    np.testing.assert_allclose(states + 1e-3 * partials, moved, rtol=0, atol=0.5)


@pytest.mark.parametrize("state", [np.zeros(6), np.full(6, np.nan), [7e6, 0.0, 0.0, 0.0, 0.0, 0.0]])
def test_what_is_no_orbit_is_refused_in_one_line(state):
    with pytest.raises(PropagationError) as refused:
        propagate(state, EPOCH, [EPOCH + 86400.0], FORCES)
    assert "\n" not in str(refused.value)
