"""Which pairs of paths come near each other within one window: a grid of cells and a linear closest approach.

The path of an object in a window is taken as the straight line between its positions at the two ends, run through
at even speed. Each object brings a margin, by which its true path may lie off this line as far as another object
that is near it can tell (`commonsky.safety.screening.paths`). Lines that come within ``reach_m`` plus both margins
make a candidate; nothing else can be nearer than ``reach_m``.

Two such lines have middles that differ by at most the sum of their half lengths, plus reach and margins, on every
axis. Objects are therefore sorted by the cells of their middles, with cells as wide as that sum for objects at the
speed of low orbits, and compared with those in the cells around. Cells far out are larger: a monotone map of
coordinates to cells that nowhere grows faster than one cell in a cell's width keeps neighbours neighbours.
The few objects that are faster look further.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0913  (numba compiles these functions for plain arrays and numbers: no records, no types to declare)

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

SWIFT_M_S = 7_950.0
"""Faster objects (eccentric orbits near perigee) look further than to the next cell."""

USUAL_MARGIN_M = 500.0
"""What is usual; who needs more room than the usual speed and margin together looks further, too."""

_LANES = 16  # runs are compared in multiples of it: two vectors of eight
_NEAR_EARTH_M = 9.2e6  # within it, cells are as small as they may be
_FAR_M = 4.8e7  # beyond it, all objects fall into the outermost cells
_COARSER = 20.0  # how much larger cells are beyond `_NEAR_EARTH_M`
_ROUNDING_M = 100.0  # float32 resolves 2 m in the geostationary belt
_FURTHEST = 4.0  # lines longer than so many usual ones are compared with all
_WIDEST = 5  # cells in each direction
_NOWHERE_M = np.float32(1e12)
_ZERO, _ONE, _HALF, _TINY = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(1e-9)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _cell(x_m: float, cell_m: float, half: int) -> int:
    """Cell number, from 1 to ``2 half``, of a coordinate: linear near the Earth, coarser beyond, clamped far out."""
    u = x_m / cell_m
    bend = _NEAR_EARTH_M / cell_m
    if u > bend:
        u = bend + (u - bend) / _COARSER
    elif u < -bend:
        u = -bend + (u + bend) / _COARSER
    return max(1, min(2 * half, int(np.floor(u)) + half + 1))


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted_into_cells(ends, window, margin_m, cell_m, half, start, cell_of, row, number):
    """Fill ``row`` (8, n) with middle, half length, margin by cell; returns the number of objects that exist."""
    count = ends.shape[1]
    side = 2 * half + 2
    start[:] = 0
    for i in range(count):
        x = _HALF * (ends[window, i, 0] + ends[window + 1, i, 0])
        if not np.isfinite(x):
            cell_of[i] = -1
            continue
        y = _HALF * (ends[window, i, 1] + ends[window + 1, i, 1])
        z = _HALF * (ends[window, i, 2] + ends[window + 1, i, 2])
        cell = (_cell(x, cell_m, half) * side + _cell(y, cell_m, half)) * side + _cell(z, cell_m, half)
        cell_of[i] = cell
        start[cell + 1] += 1
    for cell in range(start.size - 1):
        start[cell + 1] += start[cell]
    for i in range(count):
        if cell_of[i] >= 0:
            place = start[cell_of[i]]
            start[cell_of[i]] += 1
            number[place] = i
            for axis in range(3):
                row[axis, place] = _HALF * (ends[window, i, axis] + ends[window + 1, i, axis])
                row[3 + axis, place] = _HALF * (ends[window + 1, i, axis] - ends[window, i, axis])
            row[6, place] = margin_m[window, i]
    for cell in range(start.size - 1, 0, -1):
        start[cell] = start[cell - 1]
    start[0] = 0
    total = start[start.size - 1]
    for place in range(total, total + _LANES):
        row[:, place] = _NOWHERE_M
        row[3:, place] = _ZERO
    return total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _least(row, p, q):
    """Squared distance of two lines at their closest, and when: -1 at the window's start, 1 at its end."""
    dx, dy, dz = row[0, q] - row[0, p], row[1, q] - row[1, p], row[2, q] - row[2, p]
    cx, cy, cz = row[3, q] - row[3, p], row[4, q] - row[4, p], row[5, q] - row[5, p]
    when = -(dx * cx + dy * cy + dz * cz) / (cx * cx + cy * cy + cz * cz + _TINY)
    when = max(-_ONE, min(_ONE, when))
    ex, ey, ez = dx + when * cx, dy + when * cy, dz + when * cz
    return ex * ex + ey * ey + ez * ez, when


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz", "reassoc"})
def _hits(row, p, first, end, own_m):
    """How many lines of a run come near line ``p``.

    Without branches, with unsigned indices and a count in the type of the data, so that all of it becomes wide
    vector instructions.
    """
    hits = _ZERO
    px, py, pz, pu, pv, pw = row[0, p], row[1, p], row[2, p], row[3, p], row[4, p], row[5, p]
    for q in range(np.uint64(first), np.uint64(end)):
        dx, dy, dz = row[0, q] - px, row[1, q] - py, row[2, q] - pz
        cx, cy, cz = row[3, q] - pu, row[4, q] - pv, row[5, q] - pw
        when = -(dx * cx + dy * cy + dz * cz) / (cx * cx + cy * cy + cz * cz + _TINY)
        when = _ONE if when > _ONE else when  # noqa: FURB136  # min() would not become a vector instruction
        when = -_ONE if when < -_ONE else when  # noqa: FURB136  # as above
        ex, ey, ez = dx + when * cx, dy + when * cy, dz + when * cz
        limit = own_m + row[6, q]
        hits += _ONE if ex * ex + ey * ey + ez * ez <= limit * limit else _ZERO
    return hits


@njit(cache=True, nogil=True, error_model="numpy")
def _note(row, number, wanted, p, first, last, reach_m, window, found, used):
    """Append the lines from ``first`` to before ``last`` that come near line ``p``; returns how many there are now."""
    for q in range(first, last):
        squared, when = _least(row, p, q)
        limit = reach_m + row[6, p] + row[6, q]
        if squared > limit * limit or q == p or not (wanted[number[p]] or wanted[number[q]]):
            continue
        if used < found.shape[0]:
            found[used, 0], found[used, 1], found[used, 2] = number[p], number[q], window
            found[used, 3] = when
        used += 1
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _compare(row, number, wanted, p, runs, reach_m, window, found, used):
    """Compare line ``p`` with runs of others, (k, 2); returns how many candidates there are now (kept or not)."""
    own_m = reach_m + row[6, p]
    for run in range(runs.shape[0]):
        first, last = runs[run, 0], runs[run, 1]
        # A run is filled up to whole vectors with the lines after it: to look at them does no harm.
        end = first + (last - first + _LANES - 1) // _LANES * _LANES
        if _hits(row, p, first, end, own_m) != _ZERO:
            used = _note(row, number, wanted, p, first, last, reach_m, window, found, used)
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _runs_around(start, side, cell, width, ahead_only, runs):
    """Fill ``runs`` with the places of lines in the cells around one; returns the number of runs.

    ``ahead_only`` leaves out the cells that look at this one themselves, and the first run begins with the cell.
    """
    z = cell % side
    y = (cell // side) % side
    x = cell // (side * side)
    low, high = max(z - width, 0), min(z + width, side - 1)
    used = 0
    for over in range(0 if ahead_only else -width, width + 1):
        for aside in range(0 if ahead_only and over == 0 else -width, width + 1):
            if not (0 <= x + over < side and 0 <= y + aside < side):
                continue
            column = ((x + over) * side + y + aside) * side
            own_column = ahead_only and over == 0 and aside == 0
            first, last = start[cell if own_column else column + low], start[column + high + 1]
            if last > first:
                runs[used, 0], runs[used, 1] = first, last
                used += 1
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _longest_m(row, total, bound_m):
    """Greatest sum of half length and margin of the lines in use that do not exceed ``bound_m``."""
    longest = _ZERO
    for p in range(total):
        own = _stretch_m(row, p)
        if own <= bound_m:
            longest = max(longest, own)
    return longest


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _stretch_m(row, p):
    """How far from its middle the object of a line may be: half length and margin."""
    return np.sqrt(row[3, p] * row[3, p] + row[4, p] * row[4, p] + row[5, p] * row[5, p]) + row[6, p]


@njit(cache=True, nogil=True, error_model="numpy")
def _search(
    row, number, wanted, everyone, start, side, cell_of, total, cell_m, usual_m, reach_m, window, found, used
):
    """Compare every line that is asked for with those in the cells around it."""
    longest_m = _longest_m(row, total, _FURTHEST * usual_m)
    runs = np.empty(((2 * _WIDEST + 1) ** 2, 2), dtype=np.int64)
    around = np.empty((5, 2), dtype=np.int64)
    cell, count = -1, 0
    for p in range(total):
        own = number[p]
        stretch_m = _stretch_m(row, p)
        stray = stretch_m > _FURTHEST * usual_m
        if not (wanted[own] or stray):
            continue
        if everyone and stretch_m <= usual_m:
            if cell_of[own] != cell:
                cell = cell_of[own]
                count = _runs_around(start, side, cell, 1, True, around)
            around[0, 0] = p + 1
            used = _compare(row, number, wanted, p, around[:count], reach_m, window, found, used)
            continue
        width = int(np.ceil((stretch_m + longest_m + reach_m + _ROUNDING_M) / cell_m))
        if stray or width > _WIDEST:  # whatever this is, it is compared with all
            runs[0, 0], runs[0, 1] = 0, total
            many = 1
        else:
            many = _runs_around(start, side, cell_of[own], width, False, runs)
        used = _compare(row, number, wanted, p, runs[:many], reach_m, window, found, used)
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def near_pairs(ends, margin_m, window_s, reach_m, wanted, everyone, found):
    """Candidates of all windows.

    Parameters
    ----------
    ends
        (windows + 1, n, 3), float32: positions in m at the ends of windows; NaN where an object does not exist.
    margin_m
        (windows, n), float32.
    reach_m
        float32: the distance under which nothing may be missed.
    wanted, everyone
        (n) of which a pair must have one, and whether that is every object.
    found
        (capacity, 4), float64, filled with object, object, window from 0, and the time of the linear closest
        approach from -1 at the window's start to 1 at its end. A pair may come twice in a window.

    Returns the number of candidates: where it exceeds the capacity, those beyond are lost, and the caller asks
    again with more room.

    """
    windows, count = margin_m.shape
    usual_m = 0.5 * SWIFT_M_S * window_s + USUAL_MARGIN_M
    cell_m = 2.0 * usual_m + reach_m + _ROUNDING_M
    bend = _NEAR_EARTH_M / cell_m
    half = int(np.ceil(bend + max(_FAR_M / cell_m - bend, 0.0) / _COARSER)) + 1
    side = 2 * half + 2
    start = np.empty(side * side * side + 1, dtype=np.int32)
    cell_of = np.empty(count, dtype=np.int32)
    number = np.empty(count + _LANES, dtype=np.int32)
    row = np.empty((7, count + _LANES), dtype=np.float32)
    used = 0
    for window in range(windows):
        total = _sorted_into_cells(ends, window, margin_m, cell_m, half, start, cell_of, row, number)
        used = _search(
            row,
            number,
            wanted,
            everyone,
            start,
            side,
            cell_of,
            total,
            cell_m,
            usual_m,
            reach_m,
            window,
            found,
            used,
        )
    return used
