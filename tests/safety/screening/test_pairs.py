"""The grid of the pair search leaves nobody out: its candidates beside a plain comparison of all with all."""

import numpy as np
import pytest

from commonsky.safety.screening.pairs import near_pairs

WINDOW_S = 120.0
LONG = 2  # short windows in a long one
MU = 3.986e14


def _directions(chance, count):
    made = chance.normal(size=(count, 3))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _motion(chance, count, lowest_m, highest_m, climb_m_s, swifter):
    """Positions and velocities of so many objects between two radii."""
    radius = chance.uniform(lowest_m, highest_m, count)
    up = _directions(chance, count)
    along = np.cross(up, _directions(chance, count))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    speed = np.sqrt(MU / radius) * swifter
    climb = chance.normal(0.0, climb_m_s, count)
    return radius[:, None] * up, speed[:, None] * along + climb[:, None] * up


def _crowd(chance, count):
    """All that flies: a thin shell, all of the low orbits, eccentric, swift, far and nonsensical objects, NaN."""
    kinds = [
        (0.45, 6.92e6, 6.94e6, 5.0, 1.0),
        (0.2, 6.5e6, 8.5e6, 20.0, 1.0),
        (0.1, 6.5e6, 9e6, 1500.0, 1.15),
        (0.03, 6.45e6, 6.6e6, 300.0, 1.4),
        (0.01, 6.45e6, 6.6e6, 300.0, 4.0),
        (0.01, 1e3, 3e6, 100.0, 1.0),
        (0.15, 4.214e7, 4.218e7, 1.0, 1.0),
        (0.03, 2e7, 4e8, 1000.0, 1.0),
    ]
    parts = [_motion(chance, round(share * count), *rest) for share, *rest in kinds]
    position, velocity = (np.concatenate(each) for each in zip(*parts, strict=True))
    place = chance.permutation(len(position))
    return position[place], velocity[place]


def _paths(chance, count, long_windows=2):
    """Ends, margins and long margins; each object falls towards the Earth as it goes."""
    position, velocity = _crowd(chance, count)
    times = WINDOW_S * (np.arange(LONG * long_windows + 1) - LONG * long_windows / 2)
    fall = -MU * position / np.maximum(np.linalg.norm(position, axis=1), 6e6)[:, None] ** 3
    ends = position + times[:, None, None] * velocity + 0.5 * times[:, None, None] ** 2 * fall
    margin = np.abs(chance.normal(0.0, 500.0, (LONG * long_windows, len(position))))
    long_margin = np.abs(chance.normal(0.0, 8e3, (long_windows, len(position))))
    odd = chance.integers(0, len(position), 20)
    long_margin[:, odd[:10]] = 3e5
    ends[: LONG + 1, odd[10:15]] = np.nan
    ends[:, odd[15:]] = np.nan
    return [each.astype(np.float32) for each in (ends, margin, long_margin)]


def _near(begin, end, margin, reach_m, slack_m):
    """All pairs (i < j) of lines that come within reach, margins and slack of each other."""
    middle, half = 0.5 * (begin + end).astype(float), 0.5 * (end.astype(float) - begin)
    near = set()
    for i in range(len(middle)):
        d, c = middle[i + 1 :] - middle[i], half[i + 1 :] - half[i]
        when = np.clip(-np.sum(d * c, axis=1) / (np.sum(c * c, axis=1) + 1e-9), -1.0, 1.0)
        least = np.linalg.norm(d + when[:, None] * c, axis=1)
        limit = reach_m + margin[i] + margin[i + 1 :].astype(float) + slack_m
        near |= {(i, i + 1 + j) for j in np.flatnonzero(least <= limit).tolist()}
    return near


def _expected(paths, reach_m, long_reach_m, slack_m):
    ends, margin, long_margin = paths
    found = set()
    for window in range(len(long_margin)):
        first, past = LONG * window, LONG * (window + 1)
        long = _near(ends[first], ends[past], long_margin[window], long_reach_m, slack_m)
        for short in range(first, past):
            near = _near(ends[short], ends[short + 1], margin[short], reach_m, slack_m)
            found |= {(*pair, short) for pair in near & long}
    return found


def _found(paths, reach_m, long_reach_m, wanted):
    rows = near_pairs(*paths, WINDOW_S, reach_m, long_reach_m, wanted)
    assert (np.abs(rows[:, 3]) <= 1.0).all()
    return {(int(min(i, j)), int(max(i, j)), int(window)) for i, j, window, _ in rows}


@pytest.mark.parametrize(
    ("seed", "count", "reach_m", "least"),
    [(1, 3000, 5e3, 10), (2, 1500, 80e3, 100), (3, 700, 900e3, 1000), (4, 120, 9e6, 1000)],
)
def test_every_pair_of_lines_that_a_plain_comparison_finds_is_found(seed, count, reach_m, least):
    paths = _paths(np.random.default_rng(seed), count)
    wanted = np.ones(paths[1].shape[1], dtype=bool)
    found = _found(paths, reach_m, 1.03 * reach_m, wanted)
    assert len(found) >= least
    assert _expected(paths, reach_m, 1.03 * reach_m, -5.0) <= found
    assert found <= _expected(paths, reach_m, 1.03 * reach_m, 400.0)  # far out, float32 resolves 30 m


def test_of_a_few_that_are_asked_for_all_pairs_are_found_and_no_other():
    paths = _paths(np.random.default_rng(5), 1500)
    everyone = np.ones(paths[1].shape[1], dtype=bool)
    chosen = np.zeros_like(everyone)
    chosen[::50] = True
    whole = _found(paths, 200e3, 206e3, everyone)
    some = _found(paths, 200e3, 206e3, chosen)
    assert some == {one for one in whole if chosen[one[0]] or chosen[one[1]]}
    assert 0 < len(some) < len(whole)


def test_nobody_and_nothing_that_exists_make_no_pairs():
    ends = np.full((LONG + 1, 3, 3), np.nan, dtype=np.float32)
    margin = np.zeros((LONG, 3), dtype=np.float32)
    assert not len(near_pairs(ends, margin, margin[:1], WINDOW_S, 5e3, 5e3, np.ones(3, dtype=bool)))
    none = np.zeros((LONG + 1, 0, 3), dtype=np.float32)
    empty = np.zeros((LONG, 0), dtype=np.float32)
    assert not len(near_pairs(none, empty, empty[:1], WINDOW_S, 5e3, 5e3, np.ones(0, dtype=bool)))
