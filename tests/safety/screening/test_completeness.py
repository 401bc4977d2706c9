"""Against a brute force over sets that are hard: nothing missed, nothing false, numbers as the reference gives them."""

import numpy as np
import pytest
from orbits import START_S, brute_force, element_set

from commonsky.safety.screening import ApproachKind, Span, Sphere, population, screen

SECONDS = 3 * 3600.0


def _dense_shell(chance):
    return [
        element_set(
            k,
            7150 + chance.uniform(-8, 8),
            chance.uniform(0, 2e-3),
            *chance.uniform([40, 0, 0, 0], [105, 360, 360, 360]),
        )
        for k in range(60)
    ]


def _eccentric_and_low(chance):
    made = _dense_shell(chance)[:25]
    for k in range(35):
        perigee_km = 6378.0 + chance.uniform(110.0, 800.0)
        eccentricity = chance.uniform(0.05, 0.75)
        angles = chance.uniform([0, 0, 0, -40], [110, 360, 360, 40])
        made.append(element_set(100 + k, perigee_km / (1 - eccentricity), eccentricity, *angles))
    return made


def _molniya_and_resonant(chance):
    made = []
    for k in range(40):
        axis, e, inclination = [(26_560.0, 0.72, 63.4), (26_560.0, 0.01, 55.0), (24_400.0, 0.73, 7.0)][k % 3]
        made.append(
            element_set(
                k, axis + chance.uniform(-3, 3), e, inclination, *chance.uniform([0, 268, 0], [4, 272, 8])
            )
        )
    return made


def _geostationary_belt(chance):
    return [
        element_set(
            k,
            42_165 + chance.uniform(-3, 3),
            chance.uniform(0, 4e-4),
            chance.uniform(0, 6),
            90.0,
            0.0,
            -45.0 + 0.03 * k,
        )
        for k in range(60)
    ]


def _near_co_moving(chance):
    """Pairs on almost one orbit, whose distance ripples; relative speeds on both sides of 10 m/s."""
    made = []
    for k in range(20):
        angles = chance.uniform([50, 0, 0, 0], [98, 360, 360, 360])
        e = chance.uniform(1e-4, 2e-3)
        made.append(element_set(2 * k, 7000.0, e, *angles))
        off = chance.normal(size=4) * [0.03, 0.03, 0.2, 0.02]
        off[3] -= off[2]
        made.append(element_set(2 * k + 1, 7000.0, e + chance.normal() * 3e-4, *(angles + off)))
    return made


SETS = {
    "a dense shell": (_dense_shell, 100e3),
    "eccentric and low": (_eccentric_and_low, 250e3),
    "Molniya and resonant": (_molniya_and_resonant, 1200e3),
    "the geostationary belt": (_geostationary_belt, 40e3),
    "near co-moving": (_near_co_moving, 20e3),
}


@pytest.mark.parametrize("name", SETS)
def test_every_minimum_that_brute_force_sees_is_found_once_and_no_other(name):
    make, within_m = SETS[name]
    sets = make(np.random.default_rng(7))
    expected = brute_force(sets, SECONDS, within_m)
    objects = population([(str(k), one) for k, one in enumerate(sets)])
    rows = screen(objects, Span(START_S, START_S + SECONDS), Sphere(within_m)).approaches
    passing = sorted(
        (int(r["first"]), int(r["second"]), r["tca_tai_s"], r["miss_distance_m"], r["relative_speed_m_s"])
        for r in rows[rows["kind"] == ApproachKind.APPROACH]
    )
    fast = [one for one in expected if one[4] >= 10.0]
    assert [one[:2] for one in passing] == [one[:2] for one in fast]
    assert len(expected) > 5
    np.testing.assert_allclose([one[2] for one in passing], [one[2] for one in fast], rtol=0, atol=1e-3)
    np.testing.assert_allclose([one[3] for one in passing], [one[3] for one in fast], rtol=0, atol=1e-2)
    together = rows[rows["kind"] == ApproachKind.CO_MOVING]
    for i, j, tca_s, miss_m, _ in (one for one in expected if one[4] < 10.0):
        mine = together[(together["first"] == i) & (together["second"] == j)]
        around = mine[(mine["begin_tai_s"] <= tca_s) & (tca_s <= mine["end_tai_s"])]
        assert len(around) == 1
        assert around["miss_distance_m"][0] <= miss_m + 1e-3
