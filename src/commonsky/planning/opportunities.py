"""Which sensor can take a track of which object in which slot: field of regard, light, Sun and Moon, range, detection.

Slots are sampled some times each; an opportunity is the sample of the slot at which detection is most probable.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.frames import (
    horizon_from_itrf,
    itrf_from_gcrf,
    itrf_from_geodetic,
    itrf_from_teme,
    rotate,
)
from commonsky.astro.general_perturbations import positions_teme, satellites
from commonsky.astro.sun_moon import is_sunlit, moon_gcrf_m, sun_gcrf_m
from commonsky.domain import ElementSet
from commonsky.domain.tasking import OfferedSensor, PlanTerms, Technique

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

DARK_SUN_ELEVATION_RAD = math.radians(-12.0)
MOON_DISTANCE_RAD = math.radians(15.0)
AREA_M2 = 1.0
"""Of an object of which nothing is stated; catalogues of element sets state nothing."""
_FALSE_ALARM = 1e-6
_SUN_MAGNITUDE = -26.74
_ALBEDO = 0.15
_MAGNITUDE_SLOPE = 0.3
_OBJECTS_AT_ONCE = 500

BELOW, DAYLIGHT, SHADOW, MOON, FAINT = (
    "below the field of regard",
    "the sensor is in daylight",
    "the object is in the Earth's shadow",
    "too near the Moon",
    "too far or too faint to be detected",
)
"""Why an object cannot be seen, in the order in which it is asked."""


@dataclass(frozen=True)
class Opportunities:
    """Columns (M,), by object, sensor and slot: numbers of sensor, slot and object, probability of detection, when."""

    sensor: Ints
    slot: Ints
    target: Ints
    detection: Array
    at_tai_s: Array


@dataclass(frozen=True)
class Sky:
    """Sample times (m,), and at each the rotation to ITRF of SGP4's frame and the Sun and Moon in ITRF, metres."""

    tai_s: Array
    from_teme: Array
    sun_m: Array
    moon_m: Array


def sky(terms: PlanTerms) -> Sky:
    """Sample the plan's span. Raises OutsideEarthOrientationError for a span outside the table of the IERS."""
    per_slot = terms.samples_per_slot
    step_s = terms.slot_s / per_slot
    tai_s = terms.begins_tai_s + (np.arange(terms.slot_count * per_slot, dtype=np.float64) + 0.5) * step_s
    turned = itrf_from_gcrf(tai_s)
    return Sky(
        tai_s=tai_s,
        from_teme=itrf_from_teme(tai_s),
        sun_m=rotate(turned, sun_gcrf_m(tai_s)),
        moon_m=rotate(turned, moon_gcrf_m(tai_s)),
    )


def opportunities(
    terms: PlanTerms,
    sensors: Sequence[OfferedSensor],
    element_sets: Sequence[ElementSet],
    asked: NDArray[np.bool_],
) -> Opportunities:
    """Find every opportunity of some sensors on some objects in the slots in which each is asked for (n, slots)."""
    above = sky(terms)
    found = [_Found.nothing()]
    for first in range(0, len(element_sets), _OBJECTS_AT_ONCE):
        chunk = slice(first, first + _OBJECTS_AT_ONCE)
        paths = _paths_itrf_m(element_sets[chunk], above)
        for number, sensor in enumerate(sensors):
            best = _best_of_slots(terms, sensor, paths, above)
            kept = np.flatnonzero(asked[chunk][best.target, best.slot])
            found.append(best.rows(kept).of(number, first))
    return _joined(found, above)


def blocked(
    terms: PlanTerms, sensors: Sequence[OfferedSensor], element_set: ElementSet
) -> dict[str, dict[str, int]]:
    """Count, for each sensor by id, the samples of the plan at which it cannot see an object, by the first reason."""
    above = sky(terms)
    paths = _paths_itrf_m([element_set], above)
    found = {}
    for sensor in sensors:
        seen = _seen(sensor, paths, above)
        counts = {BELOW: len(above.tai_s) - len(seen.sample)}
        undecided = np.ones(len(seen.sample), dtype=np.bool_)
        for reason, holds in seen.hindrances(terms.minimum_detection):
            counts[reason] = int((undecided & holds).sum())
            undecided &= ~holds
        found[sensor.id] = {reason: count for reason, count in counts.items() if count}
    return found


def radar_detection(distance_m: Array, farthest_m: float, area_m2: float = AREA_M2) -> Array:
    """Probability that a radar detects a slowly fluctuating echo (Swerling 1), one half at ``farthest_m`` for 1 m2."""
    snr_at_half = math.log(_FALSE_ALARM) / math.log(0.5) - 1.0
    snr = snr_at_half * area_m2 * (farthest_m / distance_m) ** 4
    return np.asarray(_FALSE_ALARM ** (1.0 / (1.0 + snr)))


def optical_detection(magnitude: Array, limit: float) -> Array:
    """Probability that a telescope detects an object of a magnitude: one half at its limit."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((magnitude - limit) / _MAGNITUDE_SLOPE, -50.0, 50.0))))


def magnitude(distance_m: Array, phase_rad: Array, area_m2: float = AREA_M2) -> Array:
    """Visual magnitude of a diffuse sphere of a cross-section at a distance and phase angle."""
    lambert = 2.0 / (3.0 * np.pi**2) * (np.sin(phase_rad) + (np.pi - phase_rad) * np.cos(phase_rad))
    flux = _ALBEDO * area_m2 * np.maximum(lambert, 1e-6) / distance_m**2
    return np.asarray(_SUN_MAGNITUDE - 2.5 * np.log10(flux))


@dataclass(frozen=True)
class _Seen:
    """Samples (k,) at which objects are inside a sensor's field of regard, and what may hinder it there."""

    target: Ints
    sample: Ints
    dark: NDArray[np.bool_]
    lit: NDArray[np.bool_]
    off_moon: NDArray[np.bool_]
    detection: Array

    def hindrances(self, minimum_detection: float) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        yield DAYLIGHT, ~self.dark
        yield SHADOW, ~self.lit
        yield MOON, ~self.off_moon
        yield FAINT, self.detection < minimum_detection


@dataclass(frozen=True)
class _Found:
    sensor: Ints
    slot: Ints
    target: Ints
    detection: Array
    sample: Ints

    @classmethod
    def nothing(cls) -> "_Found":
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, np.zeros(0), none)

    def rows(self, kept: NDArray[np.intp]) -> "_Found":
        return _Found(
            self.sensor[kept], self.slot[kept], self.target[kept], self.detection[kept], self.sample[kept]
        )

    def of(self, sensor: int, first_target: int) -> "_Found":
        return _Found(
            np.full(len(self.slot), sensor),
            self.slot,
            self.target + first_target,
            self.detection,
            self.sample,
        )


def _paths_itrf_m(element_sets: Sequence[ElementSet], above: Sky) -> Array:
    """Positions (n, m, 3); not a number where SGP4 gives none."""
    position, _, error = positions_teme(satellites(element_sets), above.tai_s)
    position[error != 0] = np.nan
    return np.asarray(np.einsum("mij,nmj->nmi", above.from_teme, position))


def _seen(sensor: OfferedSensor, paths: Array, above: Sky) -> _Seen:
    site, up = itrf_from_geodetic(sensor.site), horizon_from_itrf(sensor.site)[2]
    height = paths @ up - site @ up
    # What is below the horizon is most of the sky: only the rest is looked at closely.
    target, sample = np.nonzero(height > (0.0 if sensor.minimum_elevation_deg >= 0.0 else -np.inf))
    relative = paths[target, sample] - site
    distance = np.linalg.norm(relative, axis=1)
    inside = height[target, sample] >= math.sin(math.radians(sensor.minimum_elevation_deg)) * distance
    target, sample, relative, distance = target[inside], sample[inside], relative[inside], distance[inside]
    if sensor.technique is Technique.RADAR:
        always = np.ones(len(target), dtype=np.bool_)
        return _Seen(target, sample, always, always, always, radar_detection(distance, sensor.farthest_m))
    sun = above.sun_m / np.linalg.norm(above.sun_m, axis=1, keepdims=True)
    moon = above.moon_m - site
    moon /= np.linalg.norm(moon, axis=1, keepdims=True)
    towards = relative / distance[:, np.newaxis]
    # The phase angle is at the object, between the Sun and the sensor: the Sun is as good as infinitely far.
    phase = np.arccos(np.clip(-np.sum(towards * sun[sample], axis=1), -1.0, 1.0))
    bright = optical_detection(magnitude(distance, phase), sensor.limiting_magnitude)
    return _Seen(
        target=target,
        sample=sample,
        dark=np.asarray((sun @ up < math.sin(DARK_SUN_ELEVATION_RAD))[sample]),
        lit=is_sunlit(paths[target, sample], above.sun_m[sample]),
        off_moon=np.asarray(np.sum(towards * moon[sample], axis=1) < math.cos(MOON_DISTANCE_RAD)),
        detection=bright * sensor.clear_share,
    )


def _best_of_slots(terms: PlanTerms, sensor: OfferedSensor, paths: Array, above: Sky) -> _Found:
    seen = _seen(sensor, paths, above)
    can = np.ones(len(seen.sample), dtype=np.bool_)
    for _, hinders in seen.hindrances(terms.minimum_detection):
        can &= ~hinders
    target, sample, detection = seen.target[can], seen.sample[can], seen.detection[can]
    slot = sample // terms.samples_per_slot
    place = target * terms.slot_count + slot
    best_last = np.lexsort((-sample, detection, place))
    place = place[best_last]
    last = best_last[np.flatnonzero(np.append(np.diff(place) != 0, [True] * (len(place) > 0)))]
    return _Found(target[last] * 0, slot[last], target[last], detection[last], sample[last])


def _joined(found: Sequence[_Found], above: Sky) -> Opportunities:
    sensor, slot, target, sample = (
        np.concatenate([getattr(one, name) for one in found]).astype(np.int64)
        for name in ("sensor", "slot", "target", "sample")
    )
    order = np.lexsort((slot, sensor, target))
    return Opportunities(
        sensor=sensor[order],
        slot=slot[order],
        target=target[order],
        detection=np.concatenate([one.detection for one in found])[order],
        at_tai_s=above.tai_s[sample[order]],
    )
