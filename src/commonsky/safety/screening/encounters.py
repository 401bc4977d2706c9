"""Fast approaches: each candidate followed to its closest approach by the reference propagator."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.screening.population import Population, states_at

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_STEP_S = 0.5  # a number that binary fractions hold: epochs that far apart are exact
_MOST_ROUNDS = 12
_NEWTON_ROUNDS = 6


@dataclass(frozen=True)
class Closest:
    """Closest approaches, by candidate: time, second minus first, its rate, and the first's state (TEME, SI).

    NaN where there is none in reach of the candidate, or an object does not exist there.
    """

    tca_tai_s: Array
    relative_m: Array
    relative_m_s: Array
    position_m: Array
    velocity_m_s: Array


def closest_approaches(objects: Population, first: Indices, second: Indices, guess_tai_s: Array) -> Closest:
    """Local minima of distance nearest to the guesses, which are good to a second or so; arrays of n.

    Positions at three times half a second apart make a parabola for each axis: 0.1 mm from the orbit near its
    middle. The middle is the multiple of half a second next to the minimum itself, so that the result does not
    depend on the guess, and no velocity is used, as SGP4's is not quite the derivative of its position.
    """
    count = len(guess_tai_s)
    found = Closest(np.full(count, np.nan), *(np.full((count, 3), np.nan) for _ in range(4)))
    middle = np.round(guess_tai_s / _STEP_S) * _STEP_S
    active = np.arange(count)
    for _ in range(_MOST_ROUNDS):
        if not active.size:
            break
        p, q = _three_positions(objects, first[active], second[active], middle[active])
        offset = _minimum_s(q - p)
        _note(found, active, middle[active], offset, p, q)
        moved = np.round((middle[active] + offset) / _STEP_S) * _STEP_S
        moved = np.where(np.isfinite(offset), moved, _inward(p, q, middle[active]))
        going_on = (moved != middle[active]) & np.isfinite(moved)
        active = active[going_on]
        middle[active] = moved[going_on]
    return found


def _three_positions(
    objects: Population, first: Indices, second: Indices, middle: Array
) -> tuple[Array, Array]:
    times = middle[:, np.newaxis] + _STEP_S * np.array([-1.0, 0.0, 1.0])
    index = np.concatenate([np.repeat(first, 3), np.repeat(second, 3)])
    position, _ = states_at(objects, index, np.concatenate([times.ravel(), times.ravel()]))
    return position[: times.size].reshape(-1, 3, 3), position[times.size :].reshape(-1, 3, 3)


def _parabola(points: Array) -> tuple[Array, Array, Array]:
    """Value, rate and acceleration at the middle of three positions (n, 3, 3)."""
    rate = (points[:, 2] - points[:, 0]) / (2.0 * _STEP_S)
    return points[:, 1], rate, (points[:, 2] - 2.0 * points[:, 1] + points[:, 0]) / _STEP_S**2


def _minimum_s(relative: Array) -> Array:
    """Time of the least distance after the middle, by Newton's method; bounded, NaN where positions are."""
    d, v, a = _parabola(relative)
    offset = np.zeros(len(d))
    for _ in range(_NEWTON_ROUNDS):
        here = d + offset[:, np.newaxis] * v + 0.5 * (offset**2)[:, np.newaxis] * a
        rate = v + offset[:, np.newaxis] * a
        bend = np.sum(rate * rate, axis=1) + np.sum(here * a, axis=1)
        speed_squared = np.sum(rate * rate, axis=1)
        bend = np.where(bend > 0.1 * speed_squared, bend, speed_squared + 1e-30)
        offset = np.clip(offset - np.sum(here * rate, axis=1) / bend, -30.0, 30.0)
    return offset


def _note(  # noqa: PLR0913  # the results are filled in place
    found: Closest, place: Indices, middle: Array, offset: Array, p: Array, q: Array
) -> None:
    t = offset[:, np.newaxis]
    for (d, v, a), value, rate in (
        (_parabola(q - p), found.relative_m, found.relative_m_s),
        (_parabola(p), found.position_m, found.velocity_m_s),
    ):
        value[place] = d + t * v + 0.5 * t**2 * a
        rate[place] = v + t * a
    found.tca_tai_s[place] = middle + offset


def _inward(p: Array, q: Array, middle: Array) -> Array:
    """Where an object begins or ceases to exist beside the middle: a middle from which all three times may do."""
    exists = np.asarray(np.isfinite(p + q).all(axis=2))
    step = np.where(
        exists[:, 0] & ~exists[:, 2], -_STEP_S, np.where(exists[:, 2] & ~exists[:, 0], _STEP_S, np.nan)
    )
    return np.asarray(middle + step)
