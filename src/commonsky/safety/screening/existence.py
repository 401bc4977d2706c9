"""From when to when each object can be screened, and why not longer: age, SGP4's errors, an ephemeris's ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SGP4_ERRORS

from commonsky.astro.fast_perturbations import fast_positions_teme_km
from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, EARTH_GM_M3_S2
from commonsky.astro.time import SECONDS_PER_DAY, jd_utc_from_tai_s, utc_from_tai_s
from commonsky.safety.screening.population import Population, states_at
from commonsky.safety.screening.volume import Span

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SAMPLES = 9  # times in the span at which every object is tried
_LOW_PERIGEE_M = EARTH_EQUATORIAL_RADIUS_M + 100e3  # below it, SGP4 may fail between samples that are good
_SCAN_STEP_S = 60.0
_EXACT_TO_S = 1e-3
_DECAYED = 6  # SGP4's codes
_NONSENSE = 255  # ours
_NONSENSE_IN_AXES = 2.2  # no ellipse goes farther out than two semi-major axes, though SGP4 may not object
_FAST_IS_GOOD_M = 10.0
_FAST_SAFETY = 3.0
_FAST_FLOOR_M = 0.5
_SHOWN_PARTS = 3


@dataclass(frozen=True)
class Unusable:
    """An object that was not screened from ``from_tai_s`` on (the span's start: not at all), and why, in words."""

    index: int
    reason: str
    from_tai_s: float


@dataclass(frozen=True)
class Existence:
    """By index: the object exists from ``begin_tai_s`` to before ``end_tai_s`` (infinite where nothing limits it).

    ``fast_error_m`` bounds by how much the fast kernel differs from the reference in the span; it is infinite where
    the fast kernel must not be used. ``unusable`` lists what is not screened in all of the span.
    """

    begin_tai_s: Array
    end_tai_s: Array
    fast_error_m: Array
    unusable: tuple[Unusable, ...]


def existence(objects: Population, span: Span, max_age_s: float) -> Existence:
    """Find out about every object of a population for one span.

    An element set is too old when its epoch lies more than ``max_age_s`` before the span's start, or after its end.
    An object whose SGP4 fails at any time in the span exists up to the first failure: what the theory gives after
    it is not to be trusted, even where it gives something.
    """
    begin = np.full(len(objects), -np.inf)
    end = np.full(len(objects), np.inf)
    fast_error_m = np.full(len(objects), np.inf)
    unusable: list[Unusable] = []
    _limit_ephemerides(objects, span, begin, end, unusable)
    old = _limit_old(objects, span, max_age_s, end, unusable)
    if objects.by_elements.size:
        _limit_failing(objects, span, old, end, fast_error_m, unusable)
    unusable.sort(key=lambda one: one.index)
    return Existence(begin, end, fast_error_m, tuple(unusable))


def _limit_ephemerides(
    objects: Population, span: Span, begin: Array, end: Array, unusable: list[Unusable]
) -> None:
    covered: dict[str, list[tuple[float, float, int]]] = {}
    for index, one in objects.ephemerides.items():
        begin[index], end[index] = one.begin_tai_s, one.end_tai_s
        covered.setdefault(objects.ids[index], []).append((one.begin_tai_s, one.end_tai_s, index))
    for segments in covered.values():
        parts = _put_together(sorted(segments))
        first = next((part for part in parts if part[1] > span.start_tai_s), (np.inf, np.inf))
        if first[0] <= span.start_tai_s and first[1] >= span.end_tai_s:
            continue
        missing = first[1] if first[0] <= span.start_tai_s else span.start_tai_s
        texts = [f"{utc_from_tai_s(part[0])} to {utc_from_tai_s(part[1])}" for part in parts]
        more = f" and {len(texts) - _SHOWN_PARTS} more" if len(texts) > _SHOWN_PARTS else ""
        words = f"its ephemeris covers {', '.join(texts[:_SHOWN_PARTS])}{more}, not all of the span"
        unusable.append(Unusable(min(one[2] for one in segments), words, missing))


def _put_together(segments: list[tuple[float, float, int]]) -> list[tuple[float, float]]:
    """From and to of what segments, by rising begin, cover without a gap."""
    parts: list[tuple[float, float]] = []
    for begin, end, _ in segments:
        if parts and begin <= parts[-1][1]:
            parts[-1] = parts[-1][0], max(parts[-1][1], end)
        else:
            parts.append((begin, end))
    return parts


def _limit_old(
    objects: Population, span: Span, max_age_s: float, end: Array, unusable: list[Unusable]
) -> Flags:
    epochs = objects.epochs_tai_s
    age_s = np.maximum(np.maximum(span.start_tai_s - epochs, epochs - span.end_tai_s), 0.0)
    old = age_s > max_age_s
    for row in np.flatnonzero(old).tolist():
        side = "before" if epochs[row] < span.start_tai_s else "after"
        days = age_s[row] / SECONDS_PER_DAY
        reason = f"its element set is too old: its epoch lies {days:.1f} days {side} the span"
        index = int(objects.by_elements[row])
        end[index] = -np.inf
        unusable.append(Unusable(index, reason, span.start_tai_s))
    return np.asarray(old)


def _limit_failing(  # noqa: PLR0913  # what is found is written where the caller keeps it
    objects: Population,
    span: Span,
    old: Flags,
    end: Array,
    fast_error_m: Array,
    unusable: list[Unusable],
) -> None:
    times = np.linspace(span.start_tai_s, span.end_tai_s, _SAMPLES)
    errors, position_m, velocity_m_s = _tried(objects, times)
    fails = (errors != 0).any(axis=1)
    low = (_perigee_m(position_m, velocity_m_s) < _LOW_PERIGEE_M).any(axis=1)
    fast_error_m[objects.by_elements] = _fast_error_m(objects, times, position_m)
    scan = _scan(span)
    for row in np.flatnonzero((fails | low) & ~old).tolist():
        first = _first_failure(objects, row, scan)
        if first is None:
            continue
        when, code = first
        index = int(objects.by_elements[row])
        end[index] = when
        reason = f"{_why(code)} from {utc_from_tai_s(when)} on"
        if when <= span.start_tai_s:
            end[index] = -np.inf
            reason = f"{_why(code)} at the span's start"
        unusable.append(Unusable(index, reason, when))


def _tried(objects: Population, times: Array) -> tuple[NDArray[np.uint8], Array, Array]:
    """Error (k, m), position and velocity (k, m, 3) in m and m/s of all element sets, NaN where in error."""
    jd1, jd2 = (np.ascontiguousarray(part) for part in jd_utc_from_tai_s(times))
    errors, position, velocity = objects.reference_array.sgp4(jd1, jd2)
    errors[(errors == 0) & _is_nonsense(objects, slice(None), position)] = _NONSENSE
    position[errors != 0] = np.nan
    velocity[errors != 0] = np.nan
    return errors, position * 1e3, velocity * 1e3


def _perigee_m(position_m: Array, velocity_m_s: Array) -> Array:
    """Osculating perigee radius, for any conic; NaN from NaN."""
    radius = np.linalg.norm(position_m, axis=-1)
    momentum = np.linalg.norm(np.cross(position_m, velocity_m_s), axis=-1)
    semi_latus = momentum**2 / EARTH_GM_M3_S2
    energy = np.sum(velocity_m_s**2, axis=-1) / 2.0 - EARTH_GM_M3_S2 / radius
    squared = 1.0 + 2.0 * energy * semi_latus / EARTH_GM_M3_S2
    return np.asarray(semi_latus / (1.0 + np.sqrt(np.maximum(squared, 0.0))))


def _fast_error_m(objects: Population, times: Array, position_m: Array) -> Array:
    near, deep = fast_positions_teme_km(objects.fast, times)
    worst = np.full(objects.by_elements.size, np.inf)
    for rows, found_km in ((objects.fast.near, near), (objects.fast.deep, deep)):
        apart = np.linalg.norm(found_km.transpose(1, 0, 2) * 1e3 - position_m[rows], axis=2)
        worst[rows] = apart.max(axis=1, initial=0.0)  # NaN where either fails
    bound = _FAST_SAFETY * worst + _FAST_FLOOR_M
    return np.where(worst <= _FAST_IS_GOOD_M, bound, np.inf)


def _scan(span: Span) -> tuple[Array, Array, Array]:
    """Times through the span at which failures are looked for, and their Julian dates in two parts."""
    count = int(np.ceil((span.end_tai_s - span.start_tai_s) / _SCAN_STEP_S))
    times = np.minimum(span.start_tai_s + _SCAN_STEP_S * np.arange(count + 1), span.end_tai_s)
    jd1, jd2 = jd_utc_from_tai_s(times)
    return times, np.ascontiguousarray(jd1), np.ascontiguousarray(jd2)


def _first_failure(
    objects: Population, row: int, scan: tuple[Array, Array, Array]
) -> tuple[float, int] | None:
    """Last good time before the first error in the span, to a millisecond, and its code; None without one."""
    times, jd1, jd2 = scan
    errors, position, _ = objects.reference[row].sgp4_array(jd1, jd2)
    errors[(errors == 0) & _is_nonsense(objects, row, position)] = _NONSENSE
    bad = errors != 0
    if not bad.any():
        return None
    place = int(np.argmax(bad))
    code = int(errors[place])
    if place == 0:
        return float(times[0]), code
    good_s, bad_s = float(times[place - 1]), float(times[place])
    index = objects.by_elements[[row]]
    while bad_s - good_s > _EXACT_TO_S:
        middle = 0.5 * (good_s + bad_s)
        position_m, _ = states_at(objects, index, np.array([middle]))
        if _is_nonsense(objects, row, position_m * 1e-3).any():
            bad_s = middle
        else:
            good_s = middle
    return good_s, code


def _is_nonsense(objects: Population, rows: int | slice, position_km: Array) -> Flags:
    """No numbers, or a place that no orbit of those elements reaches; for (k, m, 3) of rows or (m, 3) of one."""
    motion_rad_s = objects.elements[rows, 8] / 60.0
    most_km = 1e-3 * _NONSENSE_IN_AXES * (EARTH_GM_M3_S2 / motion_rad_s**2) ** (1.0 / 3.0)
    return np.asarray(~(np.linalg.norm(position_km, axis=-1) < np.expand_dims(most_km, -1)))


def _why(code: int) -> str:
    if code == _NONSENSE:
        return "its propagation gives no orbit"
    word = "it has decayed" if code == _DECAYED else "its propagation fails"
    return f"{word} (SGP4: {SGP4_ERRORS.get(code, f'error {code}')})"
