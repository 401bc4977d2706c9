"""Minima of slow pairs, to microseconds: where two objects drift past each other the least distance is a flat one.

Near it, half the rate of the squared distance, f = d.v, grows with v.v + d.a only, and the gravity gradient makes that
much less than v.v. An error e of the relative velocity moves the minimum by d e / f': the theory's rounding of a
micrometre, seen over half a second, would be milliseconds. Positions over twenty seconds drown it, and a quartic
through five of them follows such motion to a nanometre a second.
"""

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.screening.population import Population, states_at

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

STEP_S = 5.0
_NODES = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
_COEFFICIENTS = np.linalg.inv(np.vander(_NODES, increasing=True))
_NEWTON_ROUNDS = 12
_MOST_ROUNDS = 4
_REACH = 1.5  # in steps from the middle: further out, the next middle tells better


def sharpened_minima(
    objects: Population, first: Indices, second: Indices, guess_tai_s: Array
) -> tuple[Array, Array, Array]:
    """Times (TAI s) of the minima of distance next to the guesses, distances (m) and relative speeds (m/s).

    The middle of the five positions is the multiple of `STEP_S` next to the minimum, so that the result does not
    depend on the guess. NaN where an object does not exist in all of them, or there is no minimum beside the guess.
    """
    middle = np.round(guess_tai_s / STEP_S) * STEP_S
    offset = (guess_tai_s - middle) / STEP_S
    found = np.full((3, len(guess_tai_s)), np.nan)
    active = np.arange(len(guess_tai_s))
    for _ in range(_MOST_ROUNDS):
        if not active.size:
            break
        curve = _relative_motion(objects, first[active], second[active], middle[active])
        at = _minimum(curve, offset[active])
        place, rate, _ = _along(curve, at)
        found[:, active] = (
            middle[active] + at * STEP_S,
            np.linalg.norm(place, axis=1),
            np.linalg.norm(rate, axis=1) / STEP_S,
        )
        moved = np.abs(at) > 0.5  # false where there is none
        active, at = active[moved], at[moved]
        middle[active] += np.round(at) * STEP_S
        offset[active] = at - np.round(at)
    return found[0], found[1], found[2]


def _relative_motion(objects: Population, first: Indices, second: Indices, middle: Array) -> Array:
    """Coefficients (n, 5, 3) of second minus first, in steps from the middle, lowest first."""
    times = (middle[:, np.newaxis] + STEP_S * _NODES).ravel()
    index = np.concatenate([np.repeat(first, _NODES.size), np.repeat(second, _NODES.size)])
    position, _ = states_at(objects, index, np.concatenate([times, times]))
    own, other = np.split(position, 2)
    return np.asarray(np.einsum("km,nmi->nki", _COEFFICIENTS, (other - own).reshape(-1, _NODES.size, 3)))


def _minimum(curve: Array, start: Array) -> Array:
    """Where d.v = 0 with a rising rate, by Newton's method from ``start``; NaN where that leads nowhere near."""
    at = start.copy()
    for _ in range(_NEWTON_ROUNDS):
        place, rate, bend = _along(curve, at)
        rise = np.sum(rate * rate + place * bend, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = at - np.sum(place * rate, axis=1) / np.where(rise > 0.0, rise, np.nan)
        at = np.where(np.abs(at) <= _REACH, at, np.nan)
    return at


def _along(curve: Array, at: Array) -> tuple[Array, Array, Array]:
    """Value, first and second derivative (n, 3) of the curves, by Horner's rule."""
    s = at[:, np.newaxis]
    value, rate, bend = (np.zeros_like(curve[:, 0]) for _ in range(3))
    for k in range(_NODES.size - 1, -1, -1):
        bend = bend * s + 2.0 * rate
        rate = rate * s + value
        value = value * s + curve[:, k]
    return value, rate, bend
