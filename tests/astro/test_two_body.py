"""Two-body motion."""

import numpy as np
import pytest
import satkit
from hypothesis import given
from hypothesis import strategies as st

from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.astro.two_body import gravity, propagate_two_body

positions = st.floats(6.6e6, 6e7)
speeds = st.floats(0.3, 1.9)  # of the circular speed: from steep falls to hyperbolas
tilts = st.floats(0.3, np.pi - 0.3)
times = st.floats(-2e5, 2e5)


def state(distance, share, tilt):
    speed = share * np.sqrt(EARTH_GM_M3_S2 / distance)
    return np.array(
        [distance, 0.0, 0.0, speed * np.cos(tilt), speed * np.sin(tilt), 0.2 * speed * np.sin(tilt)]
    )


@given(positions, speeds, tilts, times)
def test_energy_and_angular_momentum_stay(distance, share, tilt, seconds):
    start = state(distance, share, tilt)
    end = propagate_two_body(start, [seconds])[0]

    def energy(one):
        return 0.5 * one[3:] @ one[3:] - EARTH_GM_M3_S2 / np.linalg.norm(one[:3])

    scale = EARTH_GM_M3_S2 / distance
    assert energy(end) == pytest.approx(energy(start), abs=1e-7 * scale)
    np.testing.assert_allclose(
        np.cross(end[:3], end[3:]), np.cross(start[:3], start[3:]), atol=1e-7 * distance * np.sqrt(scale)
    )


@given(positions, st.floats(0.7, 1.35), tilts, times)
def test_there_and_back_is_where_it_began(distance, share, tilt, seconds):
    start = state(distance, share, tilt)
    back = propagate_two_body(propagate_two_body(start, [seconds])[0], [-seconds])[0]
    np.testing.assert_allclose(back[:3], start[:3], atol=1e-5 * distance)


def test_the_engine_agrees_on_an_ellipse():
    start = np.array([7.0e6, 1e5, 2e5, 100.0, 8.3e3, 4.3e3])
    elements = satkit.kepler.from_pv(start[:3], start[3:])
    for seconds in (10.0, 3000.0, 86400.0):
        position, velocity = elements.propagate(seconds).to_pv()
        end = propagate_two_body(start, [seconds])[0]
        np.testing.assert_allclose(end, [*position, *velocity], rtol=0, atol=0.05)


def test_gravity_is_what_moves_it():
    start = np.array([8.0e6, 0.0, 1e6, 500.0, 7e3, 0.0])
    before, after = propagate_two_body(start, [-1.0, 1.0])
    np.testing.assert_allclose(
        (after[3:] - before[3:]) / 2.0, gravity(start[np.newaxis, :3])[0], rtol=0, atol=1e-5
    )
