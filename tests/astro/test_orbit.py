import numpy as np

from commonsky.astro.orbit import rtn_axes


def test_the_axes_of_a_circular_equatorial_orbit_are_where_they_should_be():
    state = [7e6, 0.0, 0.0, 0.0, 7.5e3, 0.0]
    np.testing.assert_array_equal(rtn_axes(state), np.eye(3))


def test_axes_are_right_handed_and_the_same_for_one_state_and_for_many():
    states = np.random.default_rng(3).normal(size=(20, 6)) * [7e6, 7e6, 7e6, 7e3, 7e3, 7e3]
    axes = rtn_axes(states)
    np.testing.assert_allclose(axes @ axes.transpose(0, 2, 1), np.tile(np.eye(3), (20, 1, 1)), atol=1e-14)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0, rtol=1e-13)
    np.testing.assert_array_equal(axes[7], rtn_axes(states[7]))


def test_the_position_has_no_part_across_and_the_velocity_goes_forward():
    state = np.array([6.9e6, 1e6, -2e6, 1e3, 6e3, 4e3])
    axes = rtn_axes(state)
    np.testing.assert_allclose(axes[1:] @ state[:3], 0.0, atol=1e-8)
    assert axes[1] @ state[3:] > 0.0
    assert abs(axes[2] @ state[3:]) < 1e-11


def test_no_states_give_no_axes():
    assert rtn_axes(np.empty((0, 6))).shape == (0, 3, 3)
