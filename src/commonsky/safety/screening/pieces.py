"""A screening in pieces: what is to be done, its partitions, one partition's work, and the whole put together."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.screening.companions import CO_MOVING_M_S, EDGE, MINIMUM, slow_motion
from commonsky.safety.screening.encounters import closest_approaches
from commonsky.safety.screening.existence import Existence, Unusable, existence
from commonsky.safety.screening.pairs import near_pairs
from commonsky.safety.screening.paths import NODE_S, WINDOW_S, WINDOWS_PER_NODE, Paths, paths, reach_factor
from commonsky.safety.screening.population import Population
from commonsky.safety.screening.sharpening import sharpened_minima
from commonsky.safety.screening.volume import Span, Volume, inside

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.void]

APPROACH = np.dtype(
    [
        ("first", np.int32),
        ("second", np.int32),
        ("tca_tai_s", np.float64),
        ("miss_distance_m", np.float64),
        ("relative_speed_m_s", np.float64),
        ("kind", np.uint8),
        ("begin_tai_s", np.float64),
        ("end_tai_s", np.float64),
    ]
)
"""A row of results. In the pieces of partitions, ``kind`` is one of the three of ``companions``."""

DEFAULT_MAX_AGE_S = 30.0 * 86_400.0
DEFAULT_CHUNK_S = 3_600.0

_SAME_S = 1e-3  # two minima of a pair so near in time are one, found from two windows
_LEAST_FAST_M_S = 60.0
_FAST_PER_REACH_S = 8.0 * 1.76e-3  # 8 sqrt(G), with G = 2 mu / r^3 at the Earth's surface


class ApproachKind(IntEnum):
    """A passing encounter, or a pair that stays together (under 10 m/s at its minimum)."""

    APPROACH = 0
    CO_MOVING = 1


@dataclass(frozen=True)
class Plan:
    """All that a partition's work needs; picklable. ``wanted`` and others are masks by index, None for everyone."""

    objects: Population
    span: Span
    volume: Volume
    exist: Existence
    primaries: Flags | None
    secondaries: Flags | None
    involving: Flags | None
    chunk_s: float

    @property
    def unusable(self) -> tuple[Unusable, ...]:
        """What is not screened in all of the span, and why."""
        return self.exist.unusable


@dataclass(frozen=True)
class Partition:
    """The windows from ``first_window`` to before ``last_window``, by whole multiples of their length since J2000.

    They are all windows of some long ones.
    """

    number: int
    first_window: int
    last_window: int


@dataclass(frozen=True)
class Screening:
    """Results: rows of `APPROACH`, by time, first and second object; and what was not screened in all of the span."""

    approaches: Rows
    unusable: tuple[Unusable, ...]


def plan(  # noqa: PLR0913  # what a screening is made of
    objects: Population,
    span: Span,
    volume: Volume,
    *,
    primaries: Sequence[int] | None = None,
    secondaries: Sequence[int] | None = None,
    involving: Sequence[int] | None = None,
    max_age_s: float = DEFAULT_MAX_AGE_S,
    chunk_s: float = DEFAULT_CHUNK_S,
) -> Plan:
    """Prepare a screening; finds out what of the population can be used in the span.

    Parameters
    ----------
    primaries, secondaries
        Indices: only pairs of one of the former and one of the latter; None for all. A primary is the first of its
        pair; else the lower index is.
    involving
        Only pairs with at least one of these: a screening again after their change. Changes no order.
    max_age_s
        Element sets with epochs further outside the span are not used.
    chunk_s
        Length of partitions: memory grows with it, some 1.5 kB an object and hour.

    """
    return Plan(
        objects=objects,
        span=span,
        volume=volume,
        exist=existence(objects, span, max_age_s),
        primaries=_mask(objects, primaries),
        secondaries=_mask(objects, secondaries),
        involving=_mask(objects, involving),
        chunk_s=chunk_s,
    )


def partitions(work: Plan) -> list[Partition]:
    """Cut a screening in time. Every event belongs to one partition; co-moving intervals are joined by `merged`."""
    step = WINDOWS_PER_NODE * max(1, round(work.chunk_s / NODE_S))
    first = WINDOWS_PER_NODE * int(np.floor(work.span.start_tai_s / NODE_S))
    last = WINDOWS_PER_NODE * int(np.ceil(work.span.end_tai_s / NODE_S))
    starts = [first, *range((first // step + 1) * step, last, step)]
    return [
        Partition(number, begin, end)
        for number, (begin, end) in enumerate(zip(starts, [*starts[1:], last], strict=True))
    ]


def screen_partition(work: Plan, part: Partition) -> Rows:
    """Screen one partition: rows of `APPROACH` for `merged`, the same to the bit wherever and whenever computed."""
    way = paths(work.objects, work.exist, part.first_window, part.last_window)
    found = _candidates(work, way)
    first, second = way.index[found[:, 0].astype(np.int64)], way.index[found[:, 1].astype(np.int64)]
    kept = _is_wanted(work, first, second)
    found, first, second = found[kept], first[kept], second[kept]
    first, second = _in_order(work, first, second)
    window = found[:, 2].astype(np.int64)
    number = window + part.first_window
    slow = _line_speed_m_s(way, found, window) < _fast_m_s(work.volume)
    slow |= _is_cut(work.exist, first, number) | _is_cut(work.exist, second, number)
    guess = (number + 0.5 + 0.5 * found[:, 3]) * WINDOW_S
    rows = np.concatenate(
        [
            _fast_rows(work, first[~slow], second[~slow], number[~slow], guess[~slow]),
            _slow_rows(work, first[slow], second[slow], number[slow]),
        ]
    )
    return _joined(rows)


def merged(work: Plan, pieces: Iterable[Rows]) -> Screening:
    """Put the pieces of all partitions together, in any order.

    A pair's time together goes on from one segment of an ephemeris to the next; it counts as the first's.
    """
    rows = _joined(np.concatenate([np.empty(0, dtype=APPROACH), *pieces]))
    tca_s = rows["tca_tai_s"]
    minima = rows[
        (rows["kind"] == MINIMUM) & (tca_s >= work.span.start_tai_s) & (tca_s < work.span.end_tai_s)
    ]
    together = rows[(rows["kind"] != MINIMUM) & (rows["relative_speed_m_s"] < CO_MOVING_M_S)]
    if len(set(work.objects.ids)) < len(work.objects):
        together = _over_segments(together, work.objects)
    minima["kind"] = ApproachKind.APPROACH
    together["kind"] = ApproachKind.CO_MOVING
    every = np.concatenate([minima, together])
    order = np.lexsort((every["second"], every["first"], every["tca_tai_s"]))
    return Screening(every[order], work.unusable)


def screen(  # noqa: PLR0913  # what a screening is made of
    objects: Population,
    span: Span,
    volume: Volume,
    *,
    primaries: Sequence[int] | None = None,
    secondaries: Sequence[int] | None = None,
    involving: Sequence[int] | None = None,
    max_age_s: float = DEFAULT_MAX_AGE_S,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Screening:
    """Find every approach in one process; parameters as in `plan`. ``progress`` hears (partitions done, all)."""
    work = plan(
        objects,
        span,
        volume,
        primaries=primaries,
        secondaries=secondaries,
        involving=involving,
        max_age_s=max_age_s,
    )
    parts = partitions(work)
    _ = (
        objects.reference,
        objects.fast,
        objects.row_of,
        objects.id_numbers,
    )  # made once, before threads share them
    pieces = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for piece in pool.map(lambda part: screen_partition(work, part), parts):
            pieces.append(piece)
            if progress is not None:
                progress(len(pieces), len(parts))
    return merged(work, pieces)


def _mask(objects: Population, chosen: Sequence[int] | None) -> Flags | None:
    if chosen is None:
        return None
    mask = np.zeros(len(objects), dtype=bool)
    mask[np.asarray(chosen, dtype=np.int64)] = True
    return mask


def _candidates(work: Plan, way: Paths) -> Array:
    """Rows of (column, column, window, time) of `near_pairs`; each pair once in a window, or twice."""
    masks = [mask for mask in (work.primaries, work.secondaries, work.involving) if mask is not None]
    fewest = min(masks, key=np.count_nonzero, default=np.ones(len(work.objects), dtype=bool))
    wanted = fewest[way.index]
    reach_m, long_reach_m = (work.volume.reach_m * reach_factor(each) + 1.0 for each in (WINDOW_S, NODE_S))
    return near_pairs(way.ends_m, way.margin_m, way.long_margin_m, WINDOW_S, reach_m, long_reach_m, wanted)


def _is_wanted(work: Plan, a: Indices, b: Indices) -> Flags:
    everyone = np.ones(len(work.objects), dtype=bool)
    first = everyone if work.primaries is None else work.primaries
    second = everyone if work.secondaries is None else work.secondaries
    chosen = everyone if work.involving is None else work.involving
    asked = (first[a] & second[b]) | (second[a] & first[b])
    numbers = work.objects.id_numbers
    return np.asarray(asked & (chosen[a] | chosen[b]) & (numbers[a] != numbers[b]))


def _in_order(work: Plan, a: Indices, b: Indices) -> tuple[Indices, Indices]:
    """First and second object: the primary before the other, else by index."""
    swap = a > b
    if work.primaries is not None:
        swap = np.where(work.primaries[a] == work.primaries[b], swap, work.primaries[b])
    return np.where(swap, b, a), np.where(swap, a, b)


def _line_speed_m_s(way: Paths, found: Array, window: Indices) -> Array:
    """Relative speed of the straight lines of candidates, m/s."""
    a, b = found[:, 0].astype(np.int64), found[:, 1].astype(np.int64)
    ends = way.ends_m
    line = (ends[window + 1, b] - ends[window, b]) - (ends[window + 1, a] - ends[window, a])
    return np.asarray(np.linalg.norm(line, axis=1).astype(np.float64) / WINDOW_S)


def _is_cut(exist: Existence, index: Indices, window: Indices) -> Flags:
    """Whether an object begins or ceases to exist within the window: its line there says nothing of its speed."""
    begin, end = exist.begin_tai_s[index], exist.end_tai_s[index]
    return np.asarray((begin > window * WINDOW_S) | (end < (window + 1) * WINDOW_S))


def _fast_m_s(volume: Volume) -> float:
    """Pairs that pass faster have one minimum of distance while near: v^2 > G d^2 with room to spare."""
    return max(_LEAST_FAST_M_S, _FAST_PER_REACH_S * volume.reach_m)


def _fast_rows(work: Plan, first: Indices, second: Indices, window: Indices, guess_s: Array) -> Rows:
    at = closest_approaches(work.objects, first, second, guess_s)
    tca_s, exist = at.tca_tai_s, work.exist
    miss_m = np.linalg.norm(at.relative_m, axis=1)
    with np.errstate(invalid="ignore"):
        kept = (tca_s >= window * WINDOW_S - _SAME_S) & (tca_s < (window + 1) * WINDOW_S + _SAME_S)
        kept &= (tca_s >= exist.begin_tai_s[first]) & (tca_s >= exist.begin_tai_s[second])
        kept &= (tca_s < exist.end_tai_s[first]) & (tca_s < exist.end_tai_s[second])
        kept &= inside(work.volume, at.relative_m, at.position_m, at.velocity_m_s)
    speed_m_s = np.linalg.norm(at.relative_m_s, axis=1)
    columns = (first, second, tca_s, miss_m, speed_m_s, np.full(len(first), MINIMUM), tca_s, tca_s)
    return _rows(columns)[kept]


def _slow_rows(work: Plan, first: Indices, second: Indices, window: Indices) -> Rows:
    each = np.unique(np.stack([first, second, window], axis=1), axis=0)
    first, second, window = each[:, 0], each[:, 1], each[:, 2]
    span_s = (work.span.start_tai_s, work.span.end_tai_s)
    found = slow_motion(
        work.objects,
        work.exist,
        first,
        second,
        window,
        work.volume.reach_m,
        work.volume.half_widths_m,
        span_s,
    )
    place = found[:, 0].astype(np.int64)
    kind, tca_s, miss_m, speed_m_s, begin_s, end_s = found[:, 1:].T
    rows = _rows((first[place], second[place], tca_s, miss_m, speed_m_s, kind, begin_s, end_s))
    return _sharpened(work, rows)


def _sharpened(work: Plan, rows: Rows) -> Rows:
    """Give minima the numbers of the reference itself in place of those of the polynomial through the window."""
    minima = np.flatnonzero(rows["kind"] == MINIMUM)
    first, second = rows["first"][minima].astype(np.int64), rows["second"][minima].astype(np.int64)
    tca_s, miss_m, speed_m_s = sharpened_minima(work.objects, first, second, rows["tca_tai_s"][minima])
    near = np.abs(tca_s - rows["tca_tai_s"][minima]) < 1.0  # not, where an object ceases to exist beside it
    minima = minima[near]
    for name in ("tca_tai_s", "begin_tai_s", "end_tai_s"):
        rows[name][minima] = tca_s[near]
    rows["miss_distance_m"][minima] = miss_m[near]
    rows["relative_speed_m_s"][minima] = speed_m_s[near]
    return rows


def _rows(columns: tuple[NDArray[np.generic], ...]) -> Rows:
    rows = np.empty(len(columns[0]), dtype=APPROACH)
    for name, column in zip(APPROACH.names or (), columns, strict=True):
        rows[name] = column
    return rows


def _joined(rows: Rows) -> Rows:
    """One row for each minimum, and one for each interval in the volume; the outcome is the same in any grouping."""
    minima = np.sort(rows[rows["kind"] == MINIMUM], order=["first", "second", "tca_tai_s"])
    again = np.zeros(len(minima), dtype=bool)
    again[1:] = _same_pair(minima) & (np.diff(minima["tca_tai_s"]) < _SAME_S)
    parts = np.sort(rows[rows["kind"] != MINIMUM], order=["first", "second", "begin_tai_s"])
    if not len(parts):
        return minima[~again]
    fresh = np.ones(len(parts), dtype=bool)
    fresh[1:] = ~(_same_pair(parts) & (parts["begin_tai_s"][1:] <= parts["end_tai_s"][:-1]))
    group = np.cumsum(fresh) - 1
    best = np.lexsort((parts["tca_tai_s"], parts["miss_distance_m"], parts["kind"] == EDGE, group))
    starts = np.flatnonzero(fresh)
    joined = parts[best][starts]
    joined["begin_tai_s"] = parts["begin_tai_s"][starts]
    joined["end_tai_s"] = np.maximum.reduceat(parts["end_tai_s"], starts)
    return np.concatenate([minima[~again], joined])


def _over_segments(together: Rows, objects: Population) -> Rows:
    """Join intervals that one segment of an ephemeris ends with and the next begins with."""
    numbers = objects.id_numbers
    index_of_number = np.unique(numbers, return_index=True)[1]
    for name in ("first", "second"):
        together[name] = index_of_number[numbers[together[name]]]
    return _joined(together)


def _same_pair(rows: Rows) -> Flags:
    return np.asarray((np.diff(rows["first"]) == 0) & (np.diff(rows["second"]) == 0))
