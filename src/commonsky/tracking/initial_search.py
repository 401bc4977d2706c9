"""First orbits where no sensor gives both range and angles: a search among many, and several answers.

Angles only: two lines of sight with trial ranges along both are joined by Lambert's problem, as in Gooding's method
(1996), but over the whole admissible region of closed orbits above the ground instead of from one guess; the radius
that makes the orbit circular is always among the trials, since a very short arc cannot tell more. Ranges or range
rates only: trial orbits are near-circular ones over the whole sky of the first sensor. What fits best is polished by
least squares. Several orbits may fit a short arc equally: all are handed on, and other arcs decide.
"""

from collections.abc import Iterator

import numpy as np
import satkit
from numpy.typing import NDArray
from scipy.stats import qmc

from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.astro.two_body import stays_above
from commonsky.tracking.coarse import Geometry
from commonsky.tracking.settings import InitialState

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ARC_GAP_S = 1800.0
_LONGEST_ARC_S = 14400.0
_MOST_ROWS = 40
_RANGES_M = np.geomspace(1.6e5, 1.2e8, 48)
_DRIFTS_M_S = np.linspace(-7.5e3, 7.5e3, 21)
_LOWEST_PERIGEE_M = 6.40e6
_TRIALS = 2**14
_POLISHED = 16
_ANSWERS = 6
_SAME_AXIS = 0.02
_SHORTEST_WITHOUT_SIGHT_S = 60.0  # ranges alone over less than this tell no orbit: it is not sought for


def arcs(tai_s: Array) -> list[Index]:
    """Rows of sorted epochs (n,) in arcs: cut where nothing was seen for half an hour, or an arc lasts four hours."""
    found: list[list[int]] = []
    for i, epoch in enumerate(tai_s.tolist()):
        if (
            not found
            or epoch - tai_s[found[-1][-1]] > ARC_GAP_S
            or epoch - tai_s[found[-1][0]] > _LONGEST_ARC_S
        ):
            found.append([])
        found[-1].append(i)
    return [np.array(rows, dtype=np.int64) for rows in found]


def searched(whole: Geometry) -> list[InitialState]:
    """Up to six first orbits, the best first; empty where none fits. ``whole`` holds at least one row."""
    cut = arcs(whole.tai_s)
    cut.sort(key=lambda rows: -_worth(whole, rows))
    found: list[tuple[float, InitialState]] = []
    for rows in cut[:2]:
        part = whole.rows(_thinned(rows))
        found += _of_arc(part)
        if found:
            break
    if not found and len(cut) > 1:
        found = _of_arc(whole.rows(_thinned(np.arange(whole.tai_s.size))))
    found.sort(key=lambda one: one[0])
    return [state for _, state in found[:_ANSWERS]]


def _worth(whole: Geometry, rows: Index) -> float:
    """How much an arc tells of an orbit: rows, a little, and the time they span."""
    span_s = float(whole.tai_s[rows[-1]] - whole.tai_s[rows[0]])
    sensors = np.unique(whole.sensor[rows]).size
    return min(rows.size, 30) * sensors * (1.0 + span_s / 600.0) if rows.size > 1 else 0.0


def _thinned(rows: Index) -> Index:
    return np.asarray(rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, _MOST_ROWS)).astype(int))])


def _of_arc(part: Geometry) -> list[tuple[float, InitialState]]:
    sights = np.flatnonzero(part.has_direction)
    epoch = float(part.tai_s[sights[0]] if sights.size else part.tai_s[0])
    if sights.size >= 2 and part.tai_s[sights[-1]] > part.tai_s[sights[0]]:
        trials = _joined(part, int(sights[0]), int(sights[-1]))
    elif np.ptp(part.tai_s) < _SHORTEST_WITHOUT_SIGHT_S:
        return []
    else:
        trials = _near_circular(part)
    trials = trials[stays_above(trials, _LOWEST_PERIGEE_M)]
    if not len(trials):
        return []
    ranked = trials[np.argsort(_in_blocks(part, trials, epoch))]
    made: list[tuple[float, InitialState]] = []
    for state in _varied(ranked):
        better = part.polished(state, epoch)
        if stays_above(better[np.newaxis], _LOWEST_PERIGEE_M)[0]:
            made.append((float(part.misfit(better[np.newaxis], epoch)[0]), InitialState(epoch, better)))
    return _distinct(made)


def _in_blocks(part: Geometry, trials: Array, epoch: float) -> Array:
    return np.concatenate([part.misfit(trials[i : i + 512], epoch) for i in range(0, len(trials), 512)])


def _joined(part: Geometry, i: int, j: int) -> Array:
    """States (k, 6) at row i of the orbits that go through both lines of sight, at all trial ranges."""
    elapsed = float(part.tai_s[j] - part.tai_s[i])
    made = []
    for first, second in _range_pairs(part, i, j, elapsed):
        start = part.from_m[i] + first * part.towards[i]
        end = part.from_m[j] + second * part.towards[j]
        for prograde in (True, False):
            try:
                solutions = satkit.lambert(start, end, elapsed, EARTH_GM_M3_S2, prograde)
            except ValueError:
                continue
            made += [np.concatenate([start, velocity]) for velocity, _ in solutions]
    return np.array(made).reshape(-1, 6)


def _range_pairs(part: Geometry, i: int, j: int, elapsed: float) -> Iterator[tuple[float, float]]:
    drifts = _DRIFTS_M_S * elapsed
    for first in _RANGES_M:
        radius = float(np.linalg.norm(part.from_m[i] + first * part.towards[i]))
        if radius < _LOWEST_PERIGEE_M:
            continue
        along = float(part.from_m[j] @ part.towards[j])
        inside = along**2 - float(part.from_m[j] @ part.from_m[j]) + radius**2
        circular = [-along + np.sqrt(inside)] if inside > 0.0 else []
        seconds = (
            first + drifts if elapsed < 0.15 * first / 7.5 else _RANGES_M
        )  # a long arc: any pair of ranges
        for second in (*circular, *seconds):
            if second > 1e5:
                yield float(first), float(second)


def _near_circular(part: Geometry) -> Array:
    """States (k, 6) at the first row of near-circular orbits over the horizon of its sensor."""
    numbers = qmc.Halton(d=5, scramble=False).random(_TRIALS)
    up = part.from_m[0] / np.linalg.norm(part.from_m[0])
    east = np.cross([0.0, 0.0, 1.0], up)
    east /= np.linalg.norm(east)
    north = np.cross(up, east)
    height, turn = numbers[:, 0], 2.0 * np.pi * numbers[:, 1]
    level = np.sqrt(1.0 - height**2)
    sight = (
        np.outer(level * np.cos(turn), east) + np.outer(level * np.sin(turn), north) + np.outer(height, up)
    )
    measured = part.range_m[0]
    distance = np.full(_TRIALS, measured) if np.isfinite(measured) else 2e5 * (4.2e7 / 2e5) ** numbers[:, 2]
    position = part.from_m[0] + distance[:, np.newaxis] * sight
    radius = np.linalg.norm(position, axis=1, keepdims=True)
    radial = position / radius
    across = np.cross(radial, [0.3, 0.5, 0.8])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    heading = 2.0 * np.pi * numbers[:, 3:4]
    flight = np.cos(heading) * across + np.sin(heading) * np.cross(radial, across)
    speed = np.sqrt(EARTH_GM_M3_S2 / radius) * (0.97 + 0.06 * numbers[:, 4:5])
    return np.hstack([position, speed * flight])


def _varied(ranked: Array) -> list[Array]:
    """The best trials, but not many that are nearly one: half by rank, half the best of each size of orbit."""
    chosen = list(ranked[: _POLISHED // 2])
    sizes = np.floor(np.log(np.linalg.norm(ranked[:, :3], axis=1)) / 0.15).astype(int)
    _, first = np.unique(sizes, return_index=True)
    chosen += list(ranked[np.sort(first)[: _POLISHED // 2]])
    return chosen


def _distinct(made: list[tuple[float, InitialState]]) -> list[tuple[float, InitialState]]:
    made.sort(key=lambda one: one[0])
    kept: list[tuple[float, InitialState]] = []
    for misfit, state in made:
        size = float(np.linalg.norm(state.state_gcrf[:3]))
        speed = float(np.linalg.norm(state.state_gcrf[3:]))
        if all(
            abs(size / np.linalg.norm(other.state_gcrf[:3]) - 1.0) > _SAME_AXIS
            or abs(speed / np.linalg.norm(other.state_gcrf[3:]) - 1.0) > _SAME_AXIS
            for _, other in kept
        ):
            kept.append((misfit, state))
    return kept
