"""Which pairs of paths come near each other: a grid of directions and heights, and a linear closest approach.

The path of an object in a window is taken as the straight line between its positions at the two ends, run through
at even speed. Each object brings a margin, by which its true path may lie off this line as far as another object
that is near it can tell (`commonsky.safety.screening.paths`). Lines that come within the reach plus both margins
make a candidate; nothing else can be nearer. First this is asked of long windows, with their wide margins; of what
is left it is asked again of each short window in them.

No pair is missed, as two lines p + t h (t from -1 to 1, margins e) that are within D = reach + e1 + e2 of each other
at some t have

- directions that differ by little. Their middles are at most D + |h1| + |h2| apart, and |p1/|p1| - p2/|p2|| is at most
  twice that over |p1| + |p2| (Dunkl and Williams, Amer. Math. Monthly 71, 1964), hence at most twice the greater of
  the two (|h| + e + reach / 2) / |p|, the *spread* of a line. Cells of directions are so wide that lines of usual
  spread are in neighbouring cells; a line of more spread looks further itself, and finds all whose spread is less;
- heights that differ by little. With q(t)^2 = |p + t h|^2 + (1 - t^2) H^2, the same H for all, |q1 - q2| is at most the
  difference of both radii, which is at most D at that t. For round orbits H makes up for the line's sag between its
  ends, and q hardly changes: its middle is the *height* of a line, and what it moves from there, plus e, its *extent*.

Lines are sorted by cell, and by height in each cell. Those of usual spread and little extent (most) make the first
tier, those of more extent the second, those of more spread the third. Every pair of the first two tiers is looked at
from one side: by the line of the second tier, or from the cell that comes before the other; pairs with a line of the
third tier by that line, or by both.
"""

# ruff: noqa: ANN001, ANN202, PLR0913  (numba compiles these functions for plain arrays and numbers: no records, no types to declare)
# ruff: noqa: FURB136  (min() and max() would not become vector instructions)

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
Integers = NDArray[np.int32]
Flags = NDArray[np.bool_]

_USUAL_M_S = 7_700.0
"""Speed of the lines of objects 270 km above the ground; those below are few, and in the third tier."""
_USUAL_MARGIN_M = 10e3
_LOWEST_M = 6.586e6  # where the middles of their lines are
_LITTLE_EXTENT_M = 24e3
_SAG_M_S = 7_500.0  # H for a second of half a window: the speed of orbits where most objects are
_LAYER_M = 4000.0
_GROUND_M = 6.3e6
_NEAR_EARTH_M = 8.4e6  # layers beyond are coarser
_FAR_M = 4.8e7  # all objects beyond fall into the outermost
_COARSER = 40.0
_LAYERS = int((_NEAR_EARTH_M - _GROUND_M) / _LAYER_M + (_FAR_M - _NEAR_EARTH_M) / _LAYER_M / _COARSER) + 2
_ROUNDING_M = 100.0  # float32 resolves 2 m in the geostationary belt
_ROUNDING = 1e-5  # of directions
_FURTHEST = 3  # cells in each direction; who needs more is compared with all
_LANES = 8  # lines are compared in vectors of it
_BATCH = 8192  # runs that are compared in one go
_AHEAD = 14  # a cell itself and half of those around it
_NOWHERE_M = np.float32(1e12)
_ZERO, _ONE, _TWO, _HALF, _TINY = (np.float32(one) for one in (0.0, 1.0, 2.0, 0.5, 1e-9))


def near_pairs(
    ends_m: Floats,
    margin_m: Floats,
    long_margin_m: Floats,
    window_s: float,
    reach_m: float,
    long_reach_m: float,
    wanted: Flags,
) -> Array:
    """Candidates of all windows.

    Parameters
    ----------
    ends_m
        (windows + 1, n, 3): positions at the ends of windows; NaN where an object does not exist. The number of
        windows is a multiple of that of ``long_margin_m``, and so many make a long one.
    margin_m, long_margin_m
        (windows, n) and (long windows, n).
    reach_m, long_reach_m
        The distance under which nothing may be missed, in windows and in long ones.
    wanted
        (n) of which a pair must have one.

    Returns (k, 4): object, object, window from 0, and the time of the linear closest approach from -1 at the window's
    start to 1 at its end. A pair may come twice in a window.

    """
    stride = margin_m.shape[0] // long_margin_m.shape[0]
    half_s = 0.5 * window_s * stride
    spread = (half_s * _USUAL_M_S + _USUAL_MARGIN_M + 0.5 * long_reach_m) / _LOWEST_M
    grid = _grid(max(1, int(1.0 / spread)))
    found = np.empty((4 * wanted.size + 4096, 4))
    while True:
        used = _near_pairs(
            ends_m,
            margin_m,
            long_margin_m,
            np.float32((half_s * _SAG_M_S) ** 2),
            (np.float32(reach_m), np.float32(long_reach_m)),
            (wanted, bool(wanted.all())),
            grid,
            found,
        )
        if used <= len(found):
            return found[:used]
        found = np.empty((used, 4))


@lru_cache
def _grid(side: int) -> tuple[Integers, Integers, Integers]:
    """Cells of the cube from -1 to 1, ``side`` each way, that the unit sphere passes through.

    Returns their numbers (side, side, side), -1 where the sphere is not, their places (n, 3), and the numbers of the
    cells around each, (n, 27): itself, those that it comes before, from place `_AHEAD` on those that come before
    it; -1 for none.
    """
    edges = np.linspace(-1.0, 1.0, side + 1)
    low, high = edges[:-1], edges[1:]
    least = np.where((low < 0.0) & (high > 0.0), 0.0, np.minimum(np.abs(low), np.abs(high))) ** 2
    most = np.maximum(np.abs(low), np.abs(high)) ** 2
    nearest = least[:, None, None] + least[:, None] + least
    farthest = most[:, None, None] + most[:, None] + most
    on = (nearest <= 1.0 + _ROUNDING) & (farthest >= 1.0 - _ROUNDING)
    number = np.full(on.shape, -1, dtype=np.int32)
    number[on] = np.arange(np.count_nonzero(on))
    place = np.argwhere(on).astype(np.int32)
    padded = np.pad(number, 1, constant_values=-1)
    steps = [(x, y, z) for x in (0, 1, -1) for y in (0, 1, -1) for z in (0, 1, -1)]
    steps.sort(key=lambda step: (step != (0, 0, 0), step < (0, 0, 0)))
    around = np.stack([padded[tuple((place + 1 + step).T)] for step in steps], axis=1)
    return number, place, around


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz", "reassoc"})
def _lines(begin_m, end_m, margin_m, sag2, line, extent_m, stretch_m):
    """Fill ``line`` (9, n) with middle, half length, margin, height and radius; extents; half lengths with margins."""
    for i in range(begin_m.shape[0]):
        mx, my, mz = (
            _HALF * (begin_m[i, 0] + end_m[i, 0]),
            _HALF * (begin_m[i, 1] + end_m[i, 1]),
            _HALF * (begin_m[i, 2] + end_m[i, 2]),
        )
        hx, hy, hz = end_m[i, 0] - mx, end_m[i, 1] - my, end_m[i, 2] - mz
        line[0, i], line[1, i], line[2, i] = mx, my, mz
        line[3, i], line[4, i], line[5, i] = hx, hy, hz
        line[6, i] = margin_m[i]
        squared, half2 = mx * mx + my * my + mz * mz, hx * hx + hy * hy + hz * hz
        swing = _TWO * abs(mx * hx + my * hy + mz * hz)
        excess = half2 - sag2
        low = squared + sag2 - swing + (excess if excess < _ZERO else _ZERO)
        high = np.sqrt(squared + sag2 + swing + (excess if excess > _ZERO else _ZERO))
        low = np.sqrt(low if low > _ZERO else _ZERO)
        line[7, i] = _HALF * (low + high)
        line[8, i] = np.sqrt(squared)
        extent_m[i] = _HALF * (high - low) + margin_m[i]
        stretch_m[i] = np.sqrt(half2) + margin_m[i]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _layer(height_m):
    """Layer of a height: a rising function that nowhere grows faster than by one in `_LAYER_M`."""
    low = min(height_m, _NEAR_EARTH_M) - _GROUND_M
    high = (min(max(height_m, _NEAR_EARTH_M), _FAR_M) - _NEAR_EARTH_M) / _COARSER
    return max(0, int((low + high) / _LAYER_M))


@njit(cache=True, nogil=True, error_model="numpy")
def _placed(line, extent_m, stretch_m, reach_m, number, cells, key, width):
    """Fill ``key``, by which lines are sorted (-1 for what does not exist), and how many cells away each must look."""
    side = number.shape[0]
    scale = np.float32(0.5 * side)
    for i in range(extent_m.size):
        if not np.isfinite(line[7, i]):
            key[i] = -1
            continue
        spread = (stretch_m[i] + _HALF * reach_m) / line[8, i] * side * (1.0 + _ROUNDING)
        cell = -1
        if spread <= _FURTHEST:
            x, y, z = (
                max(0, min(side - 1, int((line[0, i] / line[8, i] + _ONE) * scale))),
                max(0, min(side - 1, int((line[1, i] / line[8, i] + _ONE) * scale))),
                max(0, min(side - 1, int((line[2, i] / line[8, i] + _ONE) * scale))),
            )
            cell = number[x, y, z]
        width[i] = _FURTHEST + 1 if cell < 0 else max(1, int(np.ceil(spread)))
        cell = max(cell, 0)
        if width[i] > 1:
            key[i] = (_LAYERS + 1) * cells + cell
        elif extent_m[i] > _LITTLE_EXTENT_M:
            key[i] = _LAYERS * cells + cell
        else:
            key[i] = _LAYERS * cell + _layer(line[7, i])


@njit(cache=True, nogil=True, error_model="numpy")
def _sorted(line, extent_m, key, width, start, row, own, extent):
    """Sort by ``key``: fill ``row`` (7, n), ``own`` (4, n) with number, layer, width and key, and ``extent``.

    ``start`` (keys + 2) is filled with the first place of each key; the last but one is the number of all.
    """
    start[:] = 0
    for i in range(key.size):
        if key[i] >= 0:
            start[key[i] + 2] += 1
    for k in range(start.size - 1):
        start[k + 1] += start[k]
    for i in range(
        key.size
    ):  # moves the start of each key to that of the next, which makes up for the 2 above
        if key[i] >= 0:
            place = start[key[i] + 1]
            start[key[i] + 1] += 1
            own[0, place], own[1, place] = i, _layer(line[7, i])
            own[2, place], own[3, place] = width[i], key[i]
            extent[place] = extent_m[i]
    total = start[-1]
    for axis in range(7):
        for place in range(total):
            row[axis, place] = line[axis, own[0, place]]
        row[axis, total : total + _LANES] = _NOWHERE_M if axis == 0 else _ZERO


@njit(cache=True, nogil=True, error_model="numpy")
def _overlaps(layer, extent, slack_m, lines, start, cell, runs, many):
    """Append runs (line, first, past the last) of the first tier in a cell whose heights are near those of ``lines``.

    ``lines`` are given by first place and past the last; if they are those of that very cell, each looks at those after
    it. ``slack_m`` is the reach and the greatest extent in the first tier. Without branches: which runs are empty
    cannot be foreseen.
    """
    base = cell * _LAYERS
    ahead_only = lines[0] == start[base]
    for p in range(lines[0], lines[1]):
        near = int((extent[p] + slack_m) / _LAYER_M) + 1
        first = start[base + max(layer[p] - near, 0)]
        runs[many, 0], runs[many, 1] = p, p + 1 if ahead_only else first
        runs[many, 2] = start[base + min(layer[p] + near, _LAYERS - 1) + 1]
        many += runs[many, 2] > runs[many, 1]
    return many


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz", "reassoc"})
def _hits(row, p, first, own_m):
    """How many of `_LANES` lines from ``first`` on come near line ``p``.

    Without branches, with unsigned indices and a count in the type of the data, so that all of it becomes wide
    vector instructions.
    """
    hits = _ZERO
    px, py, pz, pu, pv, pw = row[0, p], row[1, p], row[2, p], row[3, p], row[4, p], row[5, p]
    for lane in range(np.uint64(_LANES)):
        q = np.uint64(first) + lane
        dx, dy, dz = row[0, q] - px, row[1, q] - py, row[2, q] - pz
        cx, cy, cz = row[3, q] - pu, row[4, q] - pv, row[5, q] - pw
        when = -(dx * cx + dy * cy + dz * cz) / (cx * cx + cy * cy + cz * cz + _TINY)
        when = _ONE if when > _ONE else when
        when = -_ONE if when < -_ONE else when
        ex, ey, ez = dx + when * cx, dy + when * cy, dz + when * cz
        limit = own_m + row[6, q]
        hits += _ONE if ex * ex + ey * ey + ez * ez <= limit * limit else _ZERO
    return hits


@njit(cache=True, nogil=True, error_model="numpy")
def _with_hits(row, runs, many, reach_m):
    """Keep the runs in which a line comes near; returns how many there are."""
    kept = 0
    for run in range(many):
        p, first, past = runs[run, 0], runs[run, 1], runs[run, 2]
        own_m = reach_m + row[6, p]
        hits = _ZERO
        for block in range(first, past, _LANES):  # to look at some lines after the run, too, does no harm
            hits += _hits(row, p, block, own_m)
        if hits != _ZERO:
            runs[kept, 0], runs[kept, 1], runs[kept, 2] = p, first, past
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _least(dx, dy, dz, cx, cy, cz):
    """Squared distance of two lines at their closest, and when, from the differences of middles and half lengths."""
    when = -(dx * cx + dy * cy + dz * cz) / (cx * cx + cy * cy + cz * cz + _TINY)
    when = max(-_ONE, min(_ONE, when))
    ex, ey, ez = dx + when * cx, dy + when * cy, dz + when * cz
    return ex * ex + ey * ey + ez * ez, when


@njit(cache=True, nogil=True, error_model="numpy")
def _note_short(short, i, j, reach_m, found, used):
    """Append the short windows in which the lines of two objects come near."""
    ends_m, margin_m, first, past = short
    for window in range(first, past):
        bx, by, bz = (
            ends_m[window, j, 0] - ends_m[window, i, 0],
            ends_m[window, j, 1] - ends_m[window, i, 1],
            ends_m[window, j, 2] - ends_m[window, i, 2],
        )
        ax, ay, az = (
            ends_m[window + 1, j, 0] - ends_m[window + 1, i, 0],
            ends_m[window + 1, j, 1] - ends_m[window + 1, i, 1],
            ends_m[window + 1, j, 2] - ends_m[window + 1, i, 2],
        )
        squared, when = _least(
            _HALF * (ax + bx), _HALF * (ay + by), _HALF * (az + bz),
            _HALF * (ax - bx), _HALF * (ay - by), _HALF * (az - bz),
        )  # fmt: skip
        limit = reach_m + margin_m[window, i] + margin_m[window, j]
        if squared <= limit * limit:  # not where one does not exist
            if used < found.shape[0]:
                found[used, 0], found[used, 1], found[used, 2], found[used, 3] = i, j, window, when
            used += 1
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _note(row, number, wanted, runs, many, short, reaches_m, found, used):
    """Append what comes near in these runs; ``short``: ends and margins of short windows, first and past the last."""
    reach_m, long_reach_m = reaches_m
    many = _with_hits(row, runs, many, long_reach_m)
    for run in range(many):
        p = runs[run, 0]
        for q in range(runs[run, 1], runs[run, 2]):
            squared, _ = _least(
                row[0, q] - row[0, p], row[1, q] - row[1, p], row[2, q] - row[2, p],
                row[3, q] - row[3, p], row[4, q] - row[4, p], row[5, q] - row[5, p],
            )  # fmt: skip
            limit = long_reach_m + row[6, p] + row[6, q]
            i, j = number[p], number[q]
            if squared <= limit * limit and p != q and (wanted[i] or wanted[j]):
                used = _note_short(short, i, j, reach_m, found, used)
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _runs_of_cell(cell, around, start, layer, extent, slack_m, runs, many):
    """Append what the lines of the first two tiers in a cell look at, of these two tiers."""
    second = around.shape[0] * _LAYERS
    little = (start[cell * _LAYERS], start[(cell + 1) * _LAYERS])
    much = (start[second + cell], start[second + cell + 1])
    for k in range(around.shape[1]):
        other = around[cell, k]
        if other < 0:
            continue
        many = _overlaps(layer, extent, slack_m, much, start, other, runs, many)
        if k < _AHEAD:
            many = _overlaps(layer, extent, slack_m, little, start, other, runs, many)
            first, past = start[second + other], start[second + other + 1]
            for p in range(much[0], much[1]):
                runs[many, 0], runs[many, 1], runs[many, 2] = p, p + 1 if k == 0 else first, past
                many += past > runs[many, 1]
    return many


@njit(cache=True, nogil=True, error_model="numpy")
def _runs_of_line(p, own, extent, slack_m, start, number, place, runs, many):
    """Append all lines of which one with no more spread than this one's, or one of the third tier, may be near."""
    cells = place.shape[0]
    second = cells * _LAYERS
    width, total = own[2, p], start[-1]
    if width > _FURTHEST:
        runs[many, 0], runs[many, 1], runs[many, 2] = p, 0, total
        return many + 1
    near = int((extent[p] + slack_m) / _LAYER_M) + 1
    low, past = max(own[1, p] - near, 0), min(own[1, p] + near, _LAYERS - 1) + 1
    side = number.shape[0]
    cell = own[3, p] // _LAYERS if own[3, p] < second else (own[3, p] - second) % cells
    x, y, z = place[cell, 0], place[cell, 1], place[cell, 2]
    for cx in range(max(0, x - width), min(side, x + width + 1)):
        for cy in range(max(0, y - width), min(side, y + width + 1)):
            for cz in range(max(0, z - width), min(side, z + width + 1)):
                other = number[cx, cy, cz]
                if other < 0:
                    continue
                base = other * _LAYERS
                runs[many, 0], runs[many, 1], runs[many, 2] = p, start[base + low], start[base + past]
                many += runs[many, 2] > runs[many, 1]
                base = second + other
                runs[many, 0], runs[many, 1], runs[many, 2] = p, start[base], start[base + 1]
                many += runs[many, 2] > runs[many, 1]
    runs[many, 0], runs[many, 1], runs[many, 2] = p, start[second + cells], total
    return many + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _search(row, own, extent, start, grid, asked, short, reaches_m, found, used):
    """Compare every line that is asked for with those around it; ``asked`` is who, and whether that is everyone."""
    number, place, around = grid
    wanted, everyone = asked
    cells = place.shape[0]
    slack_m = reaches_m[1] + _ROUNDING_M + _LITTLE_EXTENT_M
    third = start[cells * (_LAYERS + 1)]
    runs = np.empty((_BATCH + _most_runs(start, cells), 3), dtype=np.int32)
    many = np.int64(0)
    for cell in range(cells if everyone else 0):
        if many > _BATCH:
            used = _note(row, own[0], wanted, runs, many, short, reaches_m, found, used)
            many = np.int64(0)
        many = _runs_of_cell(cell, around, start, own[1], extent, slack_m, runs, many)
    for p in range(third if everyone else 0, start[-1]):
        if many > _BATCH:
            used = _note(row, own[0], wanted, runs, many, short, reaches_m, found, used)
            many = np.int64(0)
        if wanted[own[0, p]]:
            many = _runs_of_line(p, own, extent, slack_m, start, number, place, runs, many)
    return _note(row, own[0], wanted, runs, many, short, reaches_m, found, used)


@njit(cache=True, nogil=True, error_model="numpy")
def _most_runs(start, cells):
    """How many runs the lines of one cell, or one line, make at most, and one that is written and not kept."""
    most = 0
    for cell in range(cells):
        little = start[(cell + 1) * _LAYERS] - start[cell * _LAYERS]
        much = start[cells * _LAYERS + cell + 1] - start[cells * _LAYERS + cell]
        most = max(most, _AHEAD * little + (27 + _AHEAD) * much)
    return max(most, 2 * (2 * _FURTHEST + 1) ** 3 + 1) + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _near_pairs(ends_m, margin_m, long_margin_m, sag2, reaches_m, asked, grid, found):
    """Fill ``found`` as far as it goes; returns the number of candidates."""
    long_windows, count = long_margin_m.shape
    stride = margin_m.shape[0] // long_windows
    line = np.empty((9, count), dtype=np.float32)
    extent_m, stretch_m = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.float32)
    extent = np.empty(count, dtype=np.float32)
    key, width = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    start = np.empty(grid[1].shape[0] * (_LAYERS + 2) + 2, dtype=np.int32)
    row = np.empty((7, count + _LANES), dtype=np.float32)
    own = np.empty((4, count), dtype=np.int32)
    used = np.int64(0)  # not a literal, for which all would be compiled once more
    for window in range(long_windows):
        first, past = stride * window, stride * (window + 1)
        _lines(ends_m[first], ends_m[past], long_margin_m[window], sag2, line, extent_m, stretch_m)
        _placed(line, extent_m, stretch_m, reaches_m[1], grid[0], grid[1].shape[0], key, width)
        _sorted(line, extent_m, key, width, start, row, own, extent)
        short = (ends_m, margin_m, first, past)
        used = _search(row, own, extent, start[:-1], grid, asked, short, reaches_m, found, used)
    return used
