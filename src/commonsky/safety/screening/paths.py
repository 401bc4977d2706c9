"""Where everything is at the ends of the windows of a chunk, and how far its path lies off the line between.

Windows are `WINDOW_S` long and begin at whole multiples of it, so that every result is the same whatever span or
chunk it was found in. Most objects come from the fast SGP4 kernel at nodes `NODE_S` apart and are interpolated by
the polynomial through eight nodes; the rest (`_direct`) come from the reference, or their ephemeris, at each end.

The margin of an object in a window is the sum of

- how far the fast kernel is from the reference (`existence`), three times what was seen;
- the difference between the polynomials through eight and six nodes: the error of the latter, far over that of the
  former;
- how far the line may lie off the path. Positions p of two objects have p1'' - p2'' = g(p1) - g(p2) + f1 - f2 with
  g the Earth's point mass and f all else that moves them. On a window of length W, path and line differ at the time
  t* of the approach by at most the integral over that of the window's Green function. With |g(p1) - g(p2)| <= G d,
  where G = 2 mu / r^3, and d <= D + v |t - t*|, it comes to G (D W^2 / 8 + v W^3 / 48) + (|f1| + |f2|) W^2 / 8.
  As v is at most the sum of both speeds, each object brings its part; D W^2 / 8 is in `REACH_FACTOR`;
- the resolution of float32.

f is measured, not modelled: the second difference of positions over three nodes less what g explains of it (Numerov's
formula) is f times the square of the node's distance, and includes the Earth's oblateness, drag, whatever an
analytical theory does that no force would, and an operator's manoeuvres.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from commonsky.astro.fast_perturbations import fast_positions_teme_km
from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.safety.screening.existence import Existence
from commonsky.safety.screening.population import Population, states_at

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

WINDOW_S = 120.0
WINDOWS_PER_NODE = 2
NODE_S = WINDOW_S * WINDOWS_PER_NODE
STENCIL = np.arange(-3, 5)  # the nodes, counted from the one before, whose polynomial is used after it

REACH_FACTOR = 1.0 + 1.25 * 2.0 * EARTH_GM_M3_S2 / 6.378e6**3 * WINDOW_S**2 / 8.0
"""What the curvature of paths adds to the reach of a volume, relative to it: the part D of the bound above."""

_CLOSING = 1.25  # r may be less somewhere in the window than at its ends
_RUN_OUT_M = 0.5 * 9.9 * WINDOW_S**2 + 2e3  # no path leaves its tangent faster than gravity lets it fall
_FLOAT32 = 4e-7
_MOST_MARGIN_M = 10e3  # the fast kernel is not used where it brings more


@dataclass(frozen=True)
class Paths:
    """``ends_m`` (windows + 1, n, 3) and ``margin_m`` (windows, n), float32, of the objects ``index`` (n)."""

    ends_m: Floats
    margin_m: Floats
    index: Indices


def paths(objects: Population, exist: Existence, first_window: int, last_window: int) -> Paths:
    """Paths of all objects in the windows ``first_window`` to before ``last_window``; NaN where one does not exist."""
    fast = objects.fast
    smooth = objects.by_elements[np.concatenate([fast.near, fast.deep])]
    others = np.setdiff1d(np.arange(len(objects)), smooth)
    index = np.concatenate([smooth, others])
    windows = last_window - first_window
    ends = np.full((windows + 1, index.size * 3), np.nan, dtype=np.float32)
    margin = np.zeros((windows, index.size), dtype=np.float32)
    base = first_window // WINDOWS_PER_NODE + int(STENCIL[0])
    phase = first_window - first_window // WINDOWS_PER_NODE * WINDOWS_PER_NODE
    node_count = (phase + windows) // WINDOWS_PER_NODE + STENCIL.size
    near, deep = fast_positions_teme_km(fast, NODE_S * (base + np.arange(node_count, dtype=np.float64)))
    column = 0
    for nodes in (near, deep):
        _interpolate(nodes.reshape(node_count, -1), _weights(), phase, 3 * column, ends)
        _margins(nodes, _weights() - _weights_of_six(), phase, column, margin)
        column += nodes.shape[1]
    ends3 = ends.reshape(windows + 1, index.size, 3)
    margin[:, : smooth.size] += exist.fast_error_m[smooth].astype(np.float32)
    direct = _direct(exist, index, ends3, margin, first_window)
    _overwrite(objects, exist, first_window, direct, index, ends3, margin)
    return Paths(ends3, margin, index)


def interpolating_weights(nodes: Array, at: float) -> Array:
    """Weights of values at ``nodes`` (k) in the value at ``at`` of the polynomial through them."""
    apart = nodes[:, np.newaxis] - nodes[np.newaxis, :]
    np.fill_diagonal(apart, 1.0)
    factors = (at - nodes)[np.newaxis, :] / apart
    np.fill_diagonal(factors, 1.0)
    return np.asarray(np.prod(factors, axis=1))


def _weights() -> Array:
    """(windows per node, 8): weights of the stencil at the ends of windows after a node."""
    places = np.arange(WINDOWS_PER_NODE) / WINDOWS_PER_NODE
    return np.array([interpolating_weights(STENCIL.astype(np.float64), at) for at in places])


def _weights_of_six() -> Array:
    places = np.arange(WINDOWS_PER_NODE) / WINDOWS_PER_NODE
    inner = STENCIL[1:-1].astype(np.float64)
    return np.array([[0.0, *interpolating_weights(inner, at), 0.0] for at in places])


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolate(nodes_km: Array, weights: Array, phase: int, column: int, ends: Floats) -> None:
    """Fill ``ends`` from flat ``column`` on, in m, from (nodes, 3 n) positions in km."""
    width = nodes_km.shape[1]
    per_node = weights.shape[0]
    for end in range(ends.shape[0]):
        first = (phase + end) // per_node
        w = 1e3 * weights[(phase + end) % per_node]
        n0, n1, n2, n3 = nodes_km[first], nodes_km[first + 1], nodes_km[first + 2], nodes_km[first + 3]
        n4, n5, n6, n7 = nodes_km[first + 4], nodes_km[first + 5], nodes_km[first + 6], nodes_km[first + 7]
        out = ends[end, column : column + width]
        for c in range(width):
            inner = w[2] * n2[c] + w[3] * n3[c] + w[4] * n4[c] + w[5] * n5[c]
            out[c] = inner + w[0] * n0[c] + w[1] * n1[c] + w[6] * n6[c] + w[7] * n7[c]


@njit(cache=True, nogil=True, error_model="numpy")
def _pull(x: float, y: float, z: float) -> float:
    """Point-mass gravity over the position, 1/s2, from km."""
    squared = 1e6 * (x * x + y * y + z * z)
    return EARTH_GM_M3_S2 / (squared * np.sqrt(squared))


@njit(cache=True, nogil=True, error_model="numpy")
def _margins(nodes_km: Array, difference: Array, phase: int, column: int, margin_m: Floats) -> None:
    """Fill ``margin_m`` (windows, all) from ``column`` on, from (nodes, n, 3) positions in km."""
    per_node = difference.shape[0]
    windows = margin_m.shape[0]
    for first in range((phase + windows - 1) // per_node + 1):
        low = max(first * per_node - phase, 0)
        high = min((first + 1) * per_node - phase, windows)
        for i in range(nodes_km.shape[1]):
            value = np.float32(_margin_between(nodes_km, difference, first, i))
            for window in range(low, high):
                margin_m[window, column + i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def _margin_between(nodes_km: Array, difference: Array, first: int, i: int) -> float:
    """Margin in m between the fourth and fifth node from ``first``; the part of the fast kernel is not in it."""
    worst = 0.0
    for step in range(1, difference.shape[0]):
        squared = 0.0
        for axis in range(3):
            off = 0.0
            for k in range(8):
                off += difference[step, k] * nodes_km[first + k, i, axis]
            squared += off * off
        worst = max(worst, squared)
    before, after = _unexplained_m(nodes_km, first + 3, i), _unexplained_m(nodes_km, first + 4, i)
    left_over = max(before, after) * 2.0 / (8.0 * WINDOWS_PER_NODE**2)
    return 1e3 * np.sqrt(worst) + left_over + _curvature_m(nodes_km, first + 3, i)


@njit(cache=True, nogil=True, error_model="numpy")
def _unexplained_m(nodes_km: Array, k: int, i: int) -> float:
    """Second difference of positions at a node less what point-mass gravity explains of it, in m."""
    weight = NODE_S * NODE_S / 12.0
    a = weight * _pull(nodes_km[k - 1, i, 0], nodes_km[k - 1, i, 1], nodes_km[k - 1, i, 2])
    b = 10.0 * weight * _pull(nodes_km[k, i, 0], nodes_km[k, i, 1], nodes_km[k, i, 2])
    c = weight * _pull(nodes_km[k + 1, i, 0], nodes_km[k + 1, i, 1], nodes_km[k + 1, i, 2])
    squared = 0.0
    for axis in range(3):
        p, q, r = nodes_km[k - 1, i, axis], nodes_km[k, i, axis], nodes_km[k + 1, i, axis]
        off = p - 2.0 * q + r + a * p + b * q + c * r
        squared += off * off
    return 1e3 * np.sqrt(squared)


@njit(cache=True, nogil=True, error_model="numpy")
def _curvature_m(nodes_km: Array, k: int, i: int) -> float:
    """An object's part of the relative curvature of paths, and the resolution of float32."""
    gradient, squared = 0.0, 0.0
    for node in range(k, k + 2):
        x, y, z = nodes_km[node, i, 0], nodes_km[node, i, 1], nodes_km[node, i, 2]
        gradient = max(gradient, 2.0 * _pull(x, y, z))
    for axis in range(3):
        squared += (nodes_km[k + 1, i, axis] - nodes_km[k, i, axis]) ** 2
    speed = _CLOSING * 1e3 * np.sqrt(squared) / NODE_S
    x, y, z = nodes_km[k, i, 0], nodes_km[k, i, 1], nodes_km[k, i, 2]
    resolution = _FLOAT32 * 1e3 * np.sqrt(x * x + y * y + z * z)
    return _CLOSING * gradient * speed * WINDOW_S**3 / 48.0 + resolution


def _direct(exist: Existence, index: Indices, ends: Floats, margin: Floats, first_window: int) -> Indices:
    """Columns of objects that the fast kernel does not serve: bad there, or without existence for a part."""
    start, end = WINDOW_S * first_window, WINDOW_S * (first_window + ends.shape[0] - 1)
    gone = (exist.end_tai_s[index] <= start) | (exist.begin_tai_s[index] > end)
    cut = (exist.end_tai_s[index] < end + NODE_S) | (exist.begin_tai_s[index] > start - NODE_S)
    # A node that failed, or a bad kernel, spoils the margins; what has no nodes at all has no first end.
    failed = ~(margin.max(axis=0) <= _MOST_MARGIN_M) | np.isnan(ends[0, :, 0]) | np.isnan(ends[-1, :, 0])
    ends[:, gone] = np.nan
    return np.flatnonzero((cut | failed) & ~gone)


def _overwrite(  # noqa: PLR0913  # the paths of the chunk are changed in place
    objects: Population,
    exist: Existence,
    first_window: int,
    columns: Indices,
    index: Indices,
    ends: Floats,
    margin: Floats,
) -> None:
    """Put the reference's positions at the ends of windows in place of interpolated ones."""
    times = WINDOW_S * (first_window - 1 + np.arange(ends.shape[0] + 2))
    for column in columns.tolist():
        one = int(index[column])
        own_ends, own_margin = _exact_path(objects, one, exist.begin_tai_s[one], exist.end_tai_s[one], times)
        ends[:, column] = own_ends
        margin[:, column] = own_margin


def _exact_path(
    objects: Population, one: int, begin_s: float, end_s: float, times: Array
) -> tuple[Array, Array]:
    """Ends (windows + 1, 3) and margins (windows) of one object; ``times`` has one window more on either side."""
    exists = (times >= begin_s) & (times < end_s)
    position = np.full((times.size, 3), np.nan)
    velocity = np.full((times.size, 3), np.nan)
    place = np.full(int(exists.sum()), one, dtype=np.int64)
    position[exists], velocity[exists] = states_at(objects, place, times[exists])
    radius = np.linalg.norm(position, axis=1)
    pull = EARTH_GM_M3_S2 / radius[:, np.newaxis] ** 3 * position * WINDOW_S**2 / 12.0
    second = position[:-2] - 2.0 * position[1:-1] + position[2:]
    unexplained = np.linalg.norm(second + pull[:-2] + 10.0 * pull[1:-1] + pull[2:], axis=1)
    line = np.linalg.norm(np.diff(position, axis=0), axis=1)[1:-1]
    gradient = 2.0 * EARTH_GM_M3_S2 / np.minimum(radius[1:-2], radius[2:-1]) ** 3
    # Half of the greater unexplained part covers even an impulse anywhere in the window.
    margin = 0.5 * np.maximum(unexplained[:-1], unexplained[1:])
    margin += _CLOSING**2 * gradient * line / WINDOW_S * WINDOW_S**3 / 48.0 + _FLOAT32 * radius[1:-2]
    _run_out(objects, one, begin_s, end_s, times, position, velocity)
    margin[~np.isfinite(margin)] = _RUN_OUT_M
    return position[1:-1], margin


def _run_out(  # noqa: PLR0913  # the path of the object is changed in place
    objects: Population,
    one: int,
    begin_s: float,
    end_s: float,
    times: Array,
    position: Array,
    velocity: Array,
) -> None:
    """Lengthen the path along its tangent to the ends of windows in which the object begins or ceases to exist."""
    known = np.flatnonzero(np.isfinite(position[:, 0]))
    if not known.size:
        middle = 0.5 * (max(begin_s, times[1]) + min(end_s, times[-2]))
        place = int(np.searchsorted(times, middle, side="right")) - 1
        at, rate = states_at(objects, np.array([one]), np.array([middle]))
        if 0 <= place < times.size - 1:
            position[place] = at[0] - (middle - times[place]) * rate[0]
            position[place + 1] = at[0] + (times[place + 1] - middle) * rate[0]
        return
    first, last = int(known[0]), int(known[-1])
    if first > 0 and begin_s < times[first]:
        position[first - 1] = position[first] - WINDOW_S * velocity[first]
    if last < times.size - 1 and end_s > times[last]:
        position[last + 1] = position[last] + WINDOW_S * velocity[last]
