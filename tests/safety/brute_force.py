"""Every close approach of a set of satellites, found by brute force with the reference ``sgp4``: slow, and complete.

It shares no code with the screen. All satellites are placed every ``step_s`` seconds. Between two samples the relative
position of a pair is taken as the straight line between them, and is off by no more than what both paths deviate from
their own chords. A path's deviation is bounded by the larger of its second differences at the two samples: for smooth
motion the true deviation is an eighth of that, and a jump of the theory between the samples (its deep-space part has
branches) shows in both in full. Where even the line less the deviations stays above the threshold there is no approach;
every other pair and interval is sampled again, every ``FINE_S`` seconds, and each dip of the distance is refined on
positions of ``sgp4`` alone (its velocity is not quite the derivative of its position).
"""

import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from scipy.spatial import cKDTree
from sgp4.api import Satrec, SatrecArray

DAY_S = 86400.0
FINE_S = 0.5
PER_BLOCK = 60
"""Intervals that are worked on at once: bounds memory."""
SLOW_KM_S = 0.010
"""Pairs slower than this at their closest stay together: they are a kind of their own."""
FASTEST_KM_S = 13.0
"""Nothing in orbit moves faster above the ground; what does has been lost by the theory."""
STRONGEST_KM_S2 = 0.012
"""Gravity at the ground and its harmonics."""
RATE_S = 0.25
"""Half the time over which a rate of change is taken."""
ON_EITHER_SIDE = 12
"""Samples on each side of a minimum for the polynomial that places it."""


@dataclass(frozen=True)
class Approach:
    """One local minimum of the distance of two satellites, indices into the set; time from the start of the span."""

    first: int
    second: int
    seconds: float
    distance_m: float
    speed_m_s: float


@dataclass(frozen=True)
class Found:
    """Approaches at 10 m/s and more, pairs that were slower at a minimum or at an end of a stay, and who was lost."""

    approaches: list[Approach]
    together: list[tuple[int, int, float, float, bool]]
    """First, second, begin and end of each stay under the threshold that is slower than 10 m/s at a minimum or at an
    end, and whether there is such a minimum."""
    lost: set[int]
    """Satellites for which sgp4 gave an error or nonsense somewhere in the span."""


def element_lines(path_or_bytes):
    """Return pairs of lines of a file of three-line or two-line sets."""
    data = path_or_bytes if isinstance(path_or_bytes, bytes) else path_or_bytes.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    lines = [line for line in text.splitlines() if line[:2] in {"1 ", "2 "} and len(line.rstrip()) == 69]
    return list(zip(lines[::2], lines[1::2], strict=True))


def brute_force(lines, start_jd, span_s, threshold_m, *, step_s=4.0, processes=2):
    """Find all approaches in ``[0, span_s]`` seconds from ``start_jd`` (a pair of UTC Julian dates)."""
    edges = np.linspace(0.0, span_s, max(1, round(span_s / 3600.0)) + 1)
    spans = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    job = partial(_search, lines, start_jd, span_s, threshold_m / 1e3, step_s)
    if processes == 1:
        parts = [job(span) for span in spans]
    else:
        with ProcessPoolExecutor(min(processes, os.cpu_count() or 1), get_context("spawn")) as pool:
            parts = list(pool.map(job, spans))
    approaches = _without_repeats([one for part in parts for one in part.approaches])
    stays = _joined([one for part in parts for one in part.together])
    return Found(approaches, stays, set().union(*(part.lost for part in parts)))


def _search(lines, start_jd, whole_s, threshold_km, step_s, span):
    satellites = [Satrec.twoline2rv(*pair) for pair in lines]
    begin_s, end_s = span
    count = max(1, int(np.ceil((end_s - begin_s) / step_s)))
    times = begin_s + (end_s - begin_s) * np.arange(-1, count + 2) / count
    suspects, lost = [], set()
    array = SatrecArray(satellites)
    for first in range(0, count, PER_BLOCK):
        last = min(first + PER_BLOCK, count)
        block = times[first : last + 3]
        error, position, _ = array.sgp4(*_dates(start_jd, block))
        position, bad = _sane(position, error, step_s)
        lost |= set(np.flatnonzero(bad.any(axis=1)).tolist())
        for k in range(last - first):
            i, j = _suspects(position[:, k : k + 4], block[1] - block[0], threshold_km)
            suspects.append(np.stack([i, j, np.full(i.size, first + k)], axis=1))
    found = Found([], [], lost)
    for i, j, k_first, k_last in _runs(np.concatenate(suspects)):
        run = (float(times[k_first + 1]), float(times[k_last + 2]))
        _look_closely(found, (i, j), satellites, start_jd, run, whole_s, threshold_km)
    return found


def _dates(start_jd, seconds):
    day = start_jd[1] + seconds / DAY_S
    return np.full(day.shape, start_jd[0]), day


def _sane(position, error, step_s):
    """Positions with NaN where sgp4 failed or lost the satellite, and where that is."""
    bad = (error != 0) | ~np.isfinite(position).all(axis=2)
    fast = np.linalg.norm(np.diff(position, axis=1), axis=2) > FASTEST_KM_S * step_s
    bad[:, :-1] |= fast
    bad[:, 1:] |= fast
    position[bad] = np.nan
    return position, bad


def _suspects(four, step_s, threshold_km):
    """Pairs that may come under the threshold between the second and the third of four samples."""
    before, here, there, after = (four[:, k] for k in range(4))
    alone = np.isfinite(here[:, 0]) & ~np.isfinite(there[:, 0])  # it fails on the way: go on straight
    there = np.where(alone[:, None], 2 * here - before, there)
    late = np.isfinite(there[:, 0]) & ~np.isfinite(here[:, 0])
    here = np.where(late[:, None], 2 * there - after, here)
    bends = [
        np.linalg.norm(a - 2 * b + c, axis=1) for a, b, c in ((before, here, there), (here, there, after))
    ]
    usual = STRONGEST_KM_S2 * step_s**2
    deviation = np.fmax(*(np.where(np.isfinite(bend), bend, usual) for bend in bends))
    chord = np.linalg.norm(there - here, axis=1)
    good = np.flatnonzero(np.isfinite(chord))
    if good.size < 2:
        return np.zeros(0, int), np.zeros(0, int)
    deviation, here, there = deviation[good], here[good], there[good]
    reach = threshold_km + 2 * deviation.max() + chord[good].max()
    pairs = cKDTree((here + there) / 2).query_pairs(reach, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    begin = here[i] - here[j]
    way = there[i] - there[j] - begin
    length2 = np.einsum("ij,ij->i", way, way)
    part = np.clip(-np.einsum("ij,ij->i", begin, way) / np.where(length2 > 0, length2, 1.0), 0.0, 1.0)
    least = np.linalg.norm(begin + part[:, None] * way, axis=1)
    near = least <= threshold_km + deviation[i] + deviation[j]
    return good[i[near]], good[j[near]]


def _runs(suspects):
    """Join the intervals of a pair that follow each other: first, second, first and last interval."""
    order = np.lexsort((suspects[:, 2], suspects[:, 1], suspects[:, 0]))
    ordered = suspects[order]
    if not ordered.size:
        return
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = (np.diff(ordered[:, :2], axis=0) != 0).any(axis=1) | (np.diff(ordered[:, 2]) != 1)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(ordered)) - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        i, j, k = ordered[start].tolist()
        yield i, j, k, int(ordered[end, 2])


def _look_closely(found, pair, satellites, start_jd, run, whole_s, threshold_km):
    two = [satellites[one] for one in pair]
    begin_s, end_s = run
    low, high = max(0.0, begin_s - 2 * FINE_S), min(whole_s, end_s + 2 * FINE_S)
    times = np.linspace(low, high, int(np.ceil((high - low) / FINE_S)) + 2)
    apart, speed = _relative(two, start_jd, times)
    inner = apart[1:-1]
    dips = np.flatnonzero((inner <= apart[:-2]) & (inner < apart[2:])) + 1
    slow = False
    for dip in dips.tolist():
        if speed[dip] < SLOW_KM_S - 1e-4:
            slow |= bool(apart[dip] <= threshold_km)
            continue
        second, distance_km, speed_km_s = _refined(two, start_jd, times[dip], FINE_S)
        if not (begin_s <= second <= end_s and distance_km <= threshold_km):
            continue
        found.approaches.append(Approach(*pair, second, distance_km * 1e3, speed_km_s * 1e3))
    inside = apart <= threshold_km
    ends_slow = [speed[k] < SLOW_KM_S for k in (0, -1) if inside[k]]
    if slow or any(ends_slow):
        found.together.extend((*pair, *stay, slow) for stay in _stays(times, inside, run))


def _stays(times, inside, run):
    """Intervals under the threshold, to the fine step, cut to the run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    for first, past in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield max(float(times[first]), run[0]), min(float(times[past - 1]), run[1])


def _relative(two, start_jd, times):
    """Distance, and the rate of change of the relative position, km and km/s; infinitely far where sgp4 gives none."""
    states = []
    for one in two:
        ends = np.concatenate([times, times + RATE_S, times - RATE_S])
        error, position, _ = one.sgp4_array(*_dates(start_jd, ends))
        position[error != 0] = np.nan
        states.append(position)
    here, later, earlier = np.split(states[0] - states[1], 3)
    speed = np.linalg.norm(later - earlier, axis=1) / (2.0 * RATE_S)
    return np.nan_to_num(np.linalg.norm(here, axis=1), nan=np.inf), speed


def _refined(two, start_jd, near_s, half_s):
    """Time, distance and speed of the minimum in ``near_s`` +- ``half_s``, from a quartic through squared distances.

    The polynomial spans some 200 m of relative motion (20 s at most): wide enough to drown the theory's rounding of a
    few micrometres, narrow enough to be exact.
    """
    for _ in range(4):
        times = np.linspace(near_s - half_s, near_s + half_s, 33)
        apart, speed = _relative(two, start_jd, times)
        k = int(np.argmin(apart))
        near_s, half_s = float(times[k]), half_s / 12.0
    width = float(np.clip(0.2 / speed[k], 0.01, 20.0))
    offsets = np.linspace(-1.0, 1.0, 2 * ON_EITHER_SIDE + 1)
    apart, _ = _relative(two, start_jd, near_s + width * offsets)
    if not np.isfinite(apart).all():
        return near_s, float(np.nanmin(apart)), float(speed[k])
    slope = np.polynomial.Polynomial.fit(offsets, apart**2, 4, domain=[-1, 1]).deriv()
    roots = slope.roots()
    real = roots[np.abs(roots.imag) < 1e-9].real
    near = real[np.argmin(np.abs(real))] if real.size else 0.0
    second = near_s + width * float(np.clip(near, -1.0, 1.0))
    apart, speed = _relative(two, start_jd, np.array([second]))
    return second, float(apart[0]), float(speed[0])


def _without_repeats(approaches):
    """An approach at the border of two parts is found by both."""
    kept = []
    for one in sorted(approaches, key=lambda one: (one.first, one.second, one.seconds)):
        last = kept[-1] if kept else None
        if (
            last
            and (last.first, last.second) == (one.first, one.second)
            and one.seconds - last.seconds < 1e-3
        ):
            continue
        kept.append(one)
    return kept


def _joined(stays):
    """Stays that were cut at the border of two parts, in one piece."""
    kept = []
    for one in sorted(stays):
        if kept and kept[-1][:2] == one[:2] and one[2] - kept[-1][3] <= 2 * FINE_S:
            kept[-1] = (*one[:2], kept[-1][2], max(kept[-1][3], one[3]), kept[-1][4] or one[4])
        else:
            kept.append(one)
    return kept
