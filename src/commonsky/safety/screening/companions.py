"""Slow pairs: relative motion of two objects that stay near each other for long, window by window.

The reference's relative positions at eight ends of windows are interpolated. Two objects within a few kilometres of
each other move relative to each other as slowly and smoothly as they go round the Earth: the polynomial is good to a
tenth of a millimetre. On it, every minimum of distance and every crossing of the volume's surface is looked for
between points a few seconds apart.
"""

# ruff: noqa: PLR0913  (numba compiles these functions for plain arrays and numbers: no records)

import numpy as np
from numba import njit
from numpy.typing import NDArray

from commonsky.safety.screening.existence import Existence
from commonsky.safety.screening.paths import STENCIL, WINDOW_S
from commonsky.safety.screening.population import Population, states_at

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

CO_MOVING_M_S = 10.0
"""Slower than this at the minimum: the pair stays together."""

MINIMUM, SEGMENT, EDGE = 0, 1, 2
"""Kinds of rows: a minimum faster than that; time in the volume with a slow minimum; and with none inside."""

_POINTS = 12  # a window is looked at in so many steps
_OVERLAP_S = 1e-3  # minima at the seam of two windows are found from both, and told apart afterwards
_BISECTIONS = 44
_ROWS_PER_WINDOW = 16


def slow_motion(
    objects: Population,
    exist: Existence,
    first: Indices,
    second: Indices,
    window: Indices,
    reach_m: float,
    half_widths_m: tuple[float, float, float] | None,
    span_s: tuple[float, float],
) -> Array:
    """Rows of (candidate, kind, tca, miss, speed, begin, end), from candidates (n): pair and window's number.

    Times are TAI seconds. A row of time in the volume is cut at the window's ends, where the next row goes on.
    """
    begin = np.maximum.reduce([window * WINDOW_S, exist.begin_tai_s[first], exist.begin_tai_s[second]])
    end = np.minimum.reduce([(window + 1) * WINDOW_S, exist.end_tai_s[first], exist.end_tai_s[second]])
    begin, end = np.maximum(begin, span_s[0]), np.minimum(end, span_s[1])
    kept = np.flatnonzero(end > begin)
    first, second, begin, end = first[kept], second[kept], begin[kept], end[kept]
    ends = window[kept][:, np.newaxis] + STENCIL
    times = np.asarray(WINDOW_S * ends, dtype=np.float64)
    own = _positions(objects, first, ends)
    relative = _positions(objects, second, ends) - own
    short = ~np.isfinite(relative).all(axis=(1, 2))
    if short.any():
        last = np.nextafter(end[short], -np.inf)
        times[short] = np.linspace(begin[short], last, STENCIL.size, axis=1)
        own[short], other = (
            states_at(objects, np.repeat(index[short], STENCIL.size), times[short].ravel())[0].reshape(
                -1, STENCIL.size, 3
            )
            for index in (first, second)
        )
        relative[short] = other - own[short]
    widths = np.zeros(3) if half_widths_m is None else np.array(half_widths_m)
    rows = np.empty((len(kept) * _ROWS_PER_WINDOW, 7))
    used = _all_windows(times, own, relative, begin, end, reach_m, widths, rows)
    rows[:used, 0] = kept[rows[:used, 0].astype(np.int64)]
    return rows[:used]


def _positions(objects: Population, index: Indices, ends: Indices) -> Array:
    """Positions (n, 8, 3) of objects (n) at ends of windows, by their numbers (n, 8), each state computed once."""
    if not index.size:
        return np.empty((0, STENCIL.size, 3))
    first, count = ends.min(), np.ptp(ends) + 1
    each, place = np.unique(index[:, np.newaxis] * count + ends - first, return_inverse=True)
    position, _ = states_at(objects, each // count, WINDOW_S * (each % count + first))
    return np.asarray(position[place.reshape(ends.shape)])


@njit(cache=True, nogil=True, error_model="numpy")
def _fit(u: Array, values: Array, out: Array) -> None:
    """Newton's divided differences (8, 3) of values at ``u``."""
    for k in range(u.size):
        for axis in range(3):
            out[k, axis] = values[k, axis]
    for order in range(1, u.size):
        for k in range(u.size - 1, order - 1, -1):
            for axis in range(3):
                out[k, axis] = (out[k, axis] - out[k - 1, axis]) / (u[k] - u[k - order])


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(u: Array, fit: Array, at: float, value: Array, rate: Array) -> None:
    """Value and derivative of Newton's form."""
    for axis in range(3):
        p, dp = fit[u.size - 1, axis], 0.0
        for k in range(u.size - 2, -1, -1):
            dp = dp * (at - u[k]) + p
            p = p * (at - u[k]) + fit[k, axis]
        value[axis] = p
        rate[axis] = dp


@njit(cache=True, nogil=True, error_model="numpy")
def _closing(u: Array, fits: Array, at: float, work: Array) -> float:
    """Half the rate of the squared distance."""
    _evaluate(u, fits[1], at, work[0], work[1])
    return work[0, 0] * work[1, 0] + work[0, 1] * work[1, 1] + work[0, 2] * work[1, 2]


@njit(cache=True, nogil=True, error_model="numpy")
def _outside(u: Array, fits: Array, at: float, reach_m: float, widths: Array, work: Array) -> float:
    """Negative inside the volume, rising outward."""
    _evaluate(u, fits[1], at, work[0], work[1])
    d = work[0]
    if widths[0] == 0.0:
        return np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) - reach_m
    _evaluate(u, fits[0], at, work[2], work[3])
    r, v = work[2], work[3]
    nx, ny, nz = r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0]
    tx, ty, tz = ny * r[2] - nz * r[1], nz * r[0] - nx * r[2], nx * r[1] - ny * r[0]
    radial = abs(d[0] * r[0] + d[1] * r[1] + d[2] * r[2]) / np.sqrt(r[0] ** 2 + r[1] ** 2 + r[2] ** 2)
    along = abs(d[0] * tx + d[1] * ty + d[2] * tz) / np.sqrt(tx**2 + ty**2 + tz**2)
    across = abs(d[0] * nx + d[1] * ny + d[2] * nz) / np.sqrt(nx**2 + ny**2 + nz**2)
    return max(radial / widths[0], along / widths[1], across / widths[2]) - 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _minimum_between(u: Array, fits: Array, low: float, high: float, work: Array) -> float:
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if _closing(u, fits, middle, work) < 0.0:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, nogil=True, error_model="numpy")
def _surface_between(
    u: Array, fits: Array, low: float, high: float, reach_m: float, widths: Array, work: Array
) -> float:
    sign = _outside(u, fits, low, reach_m, widths, work) < 0.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if (_outside(u, fits, middle, reach_m, widths, work) < 0.0) == sign:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit(cache=True, nogil=True, error_model="numpy")
def _minima(u: Array, fits: Array, begin: float, end: float, work: Array, found: Array) -> int:
    """Times of the minima of distance from ``begin`` to ``end``, in order; returns their number."""
    count = 0
    before = begin
    closing = _closing(u, fits, before, work) < 0.0
    for step in range(1, _POINTS + 1):
        after = begin + (end - begin) * step / _POINTS
        still = _closing(u, fits, after, work) < 0.0
        if closing and not still:
            found[count] = _minimum_between(u, fits, before, after, work)
            count += 1
        before, closing = after, still
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _one_window(
    u: Array,
    fits: Array,
    begin: float,
    end: float,
    overlap: float,
    reach_m: float,
    widths: Array,
    rows: Array,
    used: int,
) -> int:
    """Append the rows of one window, times still in units of ``u``; columns from 1 on."""
    work = np.empty((4, 3))
    minima = np.empty(_POINTS + 2)
    count = _minima(u, fits, begin - overlap, end, work, minima)
    segment = -1
    before = begin
    was_in = _outside(u, fits, begin, reach_m, widths, work) < 0.0
    if was_in:
        segment = used
        used = _open(u, fits, begin, work, rows, used)
    next_minimum = 0
    for step in range(1, _POINTS + 1):
        grid = begin + (end - begin) * step / _POINTS
        while True:
            is_minimum = next_minimum < count and minima[next_minimum] <= grid
            after = max(minima[next_minimum], begin) if is_minimum else grid
            is_in = _outside(u, fits, after, reach_m, widths, work) < 0.0
            if is_in != was_in:
                surface = _surface_between(u, fits, before, after, reach_m, widths, work)
                if is_in:
                    segment = used
                    used = _open(u, fits, surface, work, rows, used)
                else:
                    _close(u, fits, surface, work, rows, segment)
                    segment = -1
            before, was_in = after, is_in
            if not is_minimum:
                break
            if is_in:
                used = _take_minimum(u, fits, minima[next_minimum], work, rows, segment, used)
            next_minimum += 1
    if segment >= 0:
        _close(u, fits, end, work, rows, segment)
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _measure(u: Array, fits: Array, at: float, work: Array) -> tuple[float, float]:
    _evaluate(u, fits[1], at, work[0], work[1])
    d, v = work[0], work[1]
    return np.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2), np.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)


@njit(cache=True, nogil=True, error_model="numpy")
def _open(u: Array, fits: Array, at: float, work: Array, rows: Array, used: int) -> int:
    miss, speed = _measure(u, fits, at, work)
    rows[used, 1], rows[used, 2], rows[used, 3], rows[used, 4] = EDGE, at, miss, speed
    rows[used, 5], rows[used, 6] = at, at
    return used + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _close(u: Array, fits: Array, at: float, work: Array, rows: Array, segment: int) -> None:
    miss, speed = _measure(u, fits, at, work)
    rows[segment, 6] = at
    if rows[segment, 1] == EDGE and miss < rows[segment, 3]:
        rows[segment, 2], rows[segment, 3], rows[segment, 4] = at, miss, speed


@njit(cache=True, nogil=True, error_model="numpy")
def _take_minimum(u: Array, fits: Array, at: float, work: Array, rows: Array, segment: int, used: int) -> int:
    miss, speed = _measure(u, fits, at, work)
    if speed < CO_MOVING_M_S * WINDOW_S:  # rates are for a window's length
        if rows[segment, 1] == EDGE or miss < rows[segment, 3]:
            rows[segment, 1], rows[segment, 2], rows[segment, 3], rows[segment, 4] = SEGMENT, at, miss, speed
        return used
    rows[used, 1], rows[used, 2], rows[used, 3], rows[used, 4] = MINIMUM, at, miss, speed
    rows[used, 5], rows[used, 6] = at, at
    return used + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _all_windows(
    times: Array,
    own: Array,
    relative: Array,
    begin: Array,
    end: Array,
    reach_m: float,
    widths: Array,
    rows: Array,
) -> int:
    used = int(np.int64(0))  # not a literal, for which all would be compiled once more
    fits = np.empty((2, times.shape[1], 3))
    u = np.empty(times.shape[1])
    for k in range(times.shape[0]):
        origin = times[k, 0]
        for node in range(u.size):
            u[node] = (times[k, node] - origin) / WINDOW_S
        _fit(u, own[k], fits[0])
        _fit(u, relative[k], fits[1])
        if used + _ROWS_PER_WINDOW > rows.shape[0]:
            break
        low, high = (begin[k] - origin) / WINDOW_S, (end[k] - origin) / WINDOW_S
        last = _one_window(u, fits, low, high, _OVERLAP_S / WINDOW_S, reach_m, widths, rows, used)
        for row in range(used, last):
            rows[row, 0] = k
            rows[row, 4] /= WINDOW_S
            for column in (2, 5, 6):
                at = rows[row, column]
                exact = begin[k] if at == low else (end[k] if at == high else origin + at * WINDOW_S)
                rows[row, column] = exact
        used = last
    return used
