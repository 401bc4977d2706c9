"""Where everything is at the ends of the windows of a chunk, and how far its path lies off the line between.

Windows are `WINDOW_S` long and begin at whole multiples of it, so that every result is the same whatever span or
chunk it was found in; `WINDOWS_PER_NODE` make a long window. Most objects come from the fast SGP4 kernel at nodes
`NODE_S` apart, the ends of long windows, and are interpolated by the polynomial through eight nodes; the rest
(`_direct`) come from the reference, or their ephemeris, at each end.

The margin of an object in a window is the sum of

- how far the fast kernel is from the reference (`existence`), three times what was seen;
- the difference between the polynomials through eight and six nodes: the error of the latter, far over that of the
  former;
- how far the line may lie off the path. Positions p of two objects have p1'' - p2'' = g(p1) - g(p2) + f1 - f2 with
  g the Earth's point mass and f all else that moves them. On a window of length W, path and line differ at the time
  t* of the approach by at most the integral over that of the window's Green function. With |g(p1) - g(p2)| <= G d,
  where G = 2 mu / r^3, and d <= D + v |t - t*|, it comes to G (D W^2 / 8 + v W^3 / 48) + (|f1| + |f2|) W^2 / 8.
  As v is at most the sum of both speeds, each object brings its part; D W^2 / 8 is in `reach_factor`. Speed and G are
  taken from the line, and from r at its ends: the relative speed leaves that of the lines by at most half of
  W times the relative acceleration, G v W^2 / 2 (9 % in a long window), and r on a conic about the Earth's
  centre is at most 1 % less inside a window than at the nearer end (G: 3 %). `_CLOSING` is for both;
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
from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, EARTH_GM_M3_S2
from commonsky.safety.screening.existence import Existence
from commonsky.safety.screening.population import Population, states_at

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

WINDOW_S = 120.0
WINDOWS_PER_NODE = 2
NODE_S = WINDOW_S * WINDOWS_PER_NODE
STENCIL = np.arange(-3, 5)  # the nodes, counted from the one before, whose polynomial is used after it

_CLOSING = 1.2
_FLOAT32 = 4e-7
_MOST_MARGIN_M = 10e3  # the fast kernel is not used where it brings more


@dataclass(frozen=True)
class Paths:
    """Of the objects ``index`` (n), all float32.

    ``ends_m`` (windows + 1, n, 3), ``margin_m`` (windows, n), and ``long_margin_m`` (windows / `WINDOWS_PER_NODE`, n)
    of long windows.
    """

    ends_m: Floats
    margin_m: Floats
    long_margin_m: Floats
    index: Indices


def reach_factor(window_s: float) -> float:
    """What the curvature of paths does to the reach of a volume: the part D of the bound above."""
    return 1.0 + _CLOSING * 2.0 * EARTH_GM_M3_S2 / EARTH_EQUATORIAL_RADIUS_M**3 * window_s**2 / 8.0


def paths(objects: Population, exist: Existence, first_window: int, last_window: int) -> Paths:
    """Paths of all objects in the windows ``first_window`` to before ``last_window``; NaN where one does not exist.

    Both are multiples of `WINDOWS_PER_NODE`.
    """
    fast = objects.fast
    smooth = objects.by_elements[np.concatenate([fast.near, fast.deep])]
    others = np.setdiff1d(np.arange(len(objects)), smooth)
    index = np.concatenate([smooth, others])
    windows = last_window - first_window
    long_windows = windows // WINDOWS_PER_NODE
    ends = np.full((windows + 1, index.size * 3), np.nan, dtype=np.float32)
    margin = np.zeros((windows, index.size), dtype=np.float32)
    long_margin = np.zeros((long_windows, index.size), dtype=np.float32)
    base = first_window // WINDOWS_PER_NODE + int(STENCIL[0])
    node_count = long_windows + STENCIL.size
    column = 0
    for nodes in fast_positions_teme_km(fast, NODE_S * (base + np.arange(node_count, dtype=np.float64))):
        _interpolate(nodes.reshape(node_count, -1), _weights(), 3 * column, ends)
        _margins(nodes, _weights() - _weights_of_six(), column, margin, long_margin)
        column += nodes.shape[1]
    ends3 = ends.reshape(windows + 1, index.size, 3)
    for each in (margin, long_margin):
        each[:, : smooth.size] += exist.fast_error_m[smooth].astype(np.float32)
    direct = _direct(exist, index, ends3, margin, first_window)
    way = Paths(ends3, margin, long_margin, index)
    _overwrite(objects, exist, first_window, direct, way)
    return way


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
def _interpolate(nodes_km: Array, weights: Array, column: int, ends: Floats) -> None:
    """Fill ``ends`` from flat ``column`` on, in m, from (nodes, 3 n) positions in km."""
    width = nodes_km.shape[1]
    per_node = weights.shape[0]
    for end in range(ends.shape[0]):
        first = end // per_node
        w = 1e3 * weights[end % per_node]
        n0, n1, n2, n3 = nodes_km[first], nodes_km[first + 1], nodes_km[first + 2], nodes_km[first + 3]
        n4, n5, n6, n7 = nodes_km[first + 4], nodes_km[first + 5], nodes_km[first + 6], nodes_km[first + 7]
        out = ends[end, column : column + width]
        for c in range(width):
            inner = w[2] * n2[c] + w[3] * n3[c] + w[4] * n4[c] + w[5] * n5[c]
            out[c] = inner + w[0] * n0[c] + w[1] * n1[c] + w[6] * n6[c] + w[7] * n7[c]


@njit(cache=True, nogil=True, error_model="numpy")
def _margins(
    nodes_km: Array, difference: Array, column: int, margin_m: Floats, long_margin_m: Floats
) -> None:
    """Fill margins from ``column`` on, but for the fast kernel's part, from (nodes, n, 3) positions."""
    per_node = difference.shape[0]
    count = nodes_km.shape[1]
    pulls = np.empty((4, count))  # at the node before the window, at both its ends, and at the node after it
    for node in range(3):
        _pulls(nodes_km[2 + node], pulls[node])
    before = np.empty(count)
    _unexplained_m(nodes_km[2:5], pulls[:3], before)
    after = np.empty(count)
    for first in range(long_margin_m.shape[0]):
        _pulls(nodes_km[first + 5], pulls[3])
        _unexplained_m(nodes_km[first + 3 : first + 6], pulls[1:], after)
        for i in range(count):
            left_over = 2.0 / 8.0 * max(before[i], after[i])
            curvature = _curvature_m(
                nodes_km[first + 3, i], nodes_km[first + 4, i], max(pulls[1, i], pulls[2, i])
            )
            resolution = _resolution_m(nodes_km[first + 3, i])
            long_margin_m[first, column + i] = left_over + curvature + resolution
            short = left_over / per_node**2 + curvature / per_node**3 + resolution
            short += _interpolation_m(nodes_km[first : first + 8, i], difference)
            for window in range(first * per_node, (first + 1) * per_node):
                margin_m[window, column + i] = short
        for i in range(count):
            pulls[0, i], pulls[1, i], pulls[2, i] = pulls[1, i], pulls[2, i], pulls[3, i]
            before[i] = after[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _pulls(position_km: Array, pull: Array) -> None:
    """Point-mass gravity over the position, 1/s2, of (n, 3)."""
    for i in range(pull.size):
        x, y, z = position_km[i, 0], position_km[i, 1], position_km[i, 2]
        squared = 1e6 * (x * x + y * y + z * z)
        pull[i] = EARTH_GM_M3_S2 / (squared * np.sqrt(squared))


@njit(cache=True, nogil=True, error_model="numpy")
def _unexplained_m(three_km: Array, pulls: Array, out: Array) -> None:
    """Second difference over three nodes (3, n, 3) less what point-mass gravity explains of it, in m."""
    weight = NODE_S * NODE_S / 12.0
    for i in range(out.size):
        squared = 0.0
        for axis in range(3):
            p, q, r = three_km[0, i, axis], three_km[1, i, axis], three_km[2, i, axis]
            explained = weight * (p * pulls[0, i] + 10.0 * q * pulls[1, i] + r * pulls[2, i])
            off = p - 2.0 * q + r + explained
            squared += off * off
        out[i] = 1e3 * np.sqrt(squared)


@njit(cache=True, nogil=True, error_model="numpy")
def _curvature_m(begin_km: Array, end_km: Array, pull: float) -> float:
    """An object's part of the relative curvature of paths in a long window."""
    squared = 0.0
    for axis in range(3):
        squared += (end_km[axis] - begin_km[axis]) ** 2
    speed = 1e3 * np.sqrt(squared) / NODE_S
    return _CLOSING * 2.0 * pull * speed * NODE_S**3 / 48.0


@njit(cache=True, nogil=True, error_model="numpy")
def _resolution_m(position_km: Array) -> float:
    x, y, z = position_km[0], position_km[1], position_km[2]
    return _FLOAT32 * 1e3 * np.sqrt(x * x + y * y + z * z)


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolation_m(nodes_km: Array, difference: Array) -> float:
    """How far the polynomials through eight and six nodes (8, 3) are apart between the middle two, in m."""
    worst = 0.0
    for step in range(1, difference.shape[0]):
        squared = 0.0
        for axis in range(3):
            off = 0.0
            for k in range(8):
                off += difference[step, k] * nodes_km[k, axis]
            squared += off * off
        worst = max(worst, squared)
    return 1e3 * np.sqrt(worst)


def _direct(exist: Existence, index: Indices, ends: Floats, margin: Floats, first_window: int) -> Indices:
    """Columns of objects that the fast kernel does not serve: bad there, or without existence for a part."""
    start, end = WINDOW_S * first_window, WINDOW_S * (first_window + ends.shape[0] - 1)
    gone = (exist.end_tai_s[index] <= start) | (exist.begin_tai_s[index] > end)
    cut = (exist.end_tai_s[index] < end + NODE_S) | (exist.begin_tai_s[index] > start - NODE_S)
    # A node that failed, or a bad kernel, spoils the margins; what has no nodes at all has no first end.
    failed = ~(margin.max(axis=0) <= _MOST_MARGIN_M) | np.isnan(ends[0, :, 0]) | np.isnan(ends[-1, :, 0])
    ends[:, gone] = np.nan
    return np.flatnonzero((cut | failed) & ~gone)


def _overwrite(
    objects: Population, exist: Existence, first_window: int, columns: Indices, way: Paths
) -> None:
    """Put the reference's positions at the ends of windows in place of interpolated ones."""
    more = WINDOWS_PER_NODE  # windows on either side
    times = WINDOW_S * (first_window - more + np.arange(way.ends_m.shape[0] + 2 * more))
    for column in columns.tolist():
        one = int(way.index[column])
        begin_s, end_s = exist.begin_tai_s[one], exist.end_tai_s[one]
        exists = (times >= begin_s) & (times < end_s)
        position = np.full((times.size, 3), np.nan)
        velocity = np.full((times.size, 3), np.nan)
        place = np.full(int(exists.sum()), one, dtype=np.int64)
        position[exists], velocity[exists] = states_at(objects, place, times[exists])
        way.margin_m[:, column] = _exact_margins(position[more - 1 : times.size - more + 1], WINDOW_S)
        way.long_margin_m[:, column] = _exact_margins(position[::more], NODE_S)
        _run_out(objects, one, begin_s, end_s, times, position, velocity)
        way.ends_m[:, column] = position[more:-more]


def _exact_margins(position: Array, window_s: float) -> Array:
    """Margins (windows) of one object from its exact ends, (windows + 3, 3): with one more on either side."""
    radius = np.linalg.norm(position, axis=1)
    pull = EARTH_GM_M3_S2 / radius[:, np.newaxis] ** 3 * position * window_s**2 / 12.0
    second = position[:-2] - 2.0 * position[1:-1] + position[2:]
    unexplained = np.linalg.norm(second + pull[:-2] + 10.0 * pull[1:-1] + pull[2:], axis=1)
    line = np.linalg.norm(np.diff(position, axis=0), axis=1)[1:-1]
    gradient = 2.0 * EARTH_GM_M3_S2 / np.minimum(radius[1:-2], radius[2:-1]) ** 3
    # Half of the greater unexplained part covers even an impulse anywhere in the window.
    margin = 0.5 * np.maximum(unexplained[:-1], unexplained[1:])
    margin += _CLOSING * gradient * line / window_s * window_s**3 / 48.0 + _FLOAT32 * radius[1:-2]
    run_out_m = 0.5 * 9.9 * window_s**2 + 2e3  # no path leaves its tangent faster than gravity lets it fall
    return np.where(np.isfinite(margin), margin, run_out_m)


def _run_out(  # noqa: PLR0913  # the path of the object is changed in place
    objects: Population,
    one: int,
    begin_s: float,
    end_s: float,
    times: Array,
    position: Array,
    velocity: Array,
) -> None:
    """Lengthen the path along its tangent to the ends of long windows in which the object begins or ceases to exist."""
    known = np.flatnonzero(np.isfinite(position[:, 0]))
    if not known.size:
        middle = 0.5 * (max(begin_s, times[1]) + min(end_s, times[-2]))
        after = int(np.searchsorted(times, middle, side="right"))
        at, rate = states_at(objects, np.array([one]), np.array([middle]))
        if 0 < after < times.size:
            around = slice(max(after - WINDOWS_PER_NODE, 0), after + WINDOWS_PER_NODE)
            position[around] = at[0] + (times[around] - middle)[:, np.newaxis] * rate[0]
        return
    first, last = int(known[0]), int(known[-1])
    for step in range(1, WINDOWS_PER_NODE + 1):
        if first >= step and begin_s < times[first]:
            position[first - step] = position[first] - step * WINDOW_S * velocity[first]
        if last + step < times.size and end_s > times[last]:
            position[last + step] = position[last] + step * WINDOW_S * velocity[last]
