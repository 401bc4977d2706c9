"""Sensors of an exercise as they really are: what they can see, how often, how well, and what they get wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from commonsky.astro import measurement
from commonsky.astro.sun_moon import is_sunlit, moon_gcrf_m, sun_gcrf_m
from commonsky.astro.time import SECONDS_PER_DAY
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_DARK_SUN_RAD = math.radians(-12.0)
_MOON_KEEPS_OFF_RAD = math.radians(15.0)
_WEATHER_BLOCK_S = 4 * 3600.0
_SUN_MAGNITUDE = -26.74
_ALBEDO = 0.15


class Technique(StrEnum):
    """How an instrument sees."""

    RADAR = "radar"
    """Range, azimuth and elevation, day and night; echoes fade with the fourth power of the distance."""
    FENCE = "fence"
    """A radar that looks along one great circle and sees what crosses it."""
    OPTICAL = "optical"
    """Angles against the stars: at night, in clear sky, of what the Sun lights, away from the Moon."""


@dataclass(frozen=True)
class Instrument:
    """A sensor with what its owner does not state.

    Attributes
    ----------
    sensor
        As the owner states it: noise and biases of this are what observations carry.
    farthest_m
        How far a radar sees an object of one square metre.
    limiting_magnitude
        What a telescope sees at best.
    detection, false_share
        Probability that a visible object is detected; false tracklets for each true one.
    capacity_per_hour, revisit_s
        How many tracklets it can take, and how long it leaves an object alone afterwards.
    looks, step_s
        Observations of a tracklet, and the time between.
    clear_share
        Share of nights with clear sky, drawn for four hours each.
    hidden_range_bias_m, hidden_angle_bias_rad, range_drift_m_day
        What nobody knows of.

    """

    sensor: Sensor
    technique: Technique
    farthest_m: float = 3e6
    limiting_magnitude: float = 17.0
    detection: float = 0.9
    false_share: float = 0.1
    capacity_per_hour: float = 60.0
    revisit_s: float = 3 * 3600.0
    looks: int = 5
    step_s: float = 10.0
    clear_share: float = 0.7
    hidden_range_bias_m: float = 0.0
    hidden_angle_bias_rad: float = 0.0
    range_drift_m_day: float = 0.0


@dataclass(frozen=True)
class Sighting:
    """A tracklet that an instrument takes: of which object (-1: of nothing), beginning when."""

    instrument: int
    target: int
    begin_tai_s: float


def visible(
    one: Instrument, times_tai_s: Array, states: Array, area_m2: Array, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which objects (n,) the instrument can see at which times (m,): (n, m) from states (n, m, 6) in GCRF."""
    at = measurement.stations([one.sensor.site] * times_tai_s.size, times_tai_s)
    relative = states[..., :3] - at.position_m
    distance = np.linalg.norm(relative, axis=-1)
    east, north, up = np.einsum("mij,nmj->inm", at.horizon, relative)
    elevation = np.arcsin(up / distance)
    seen = elevation > math.radians(one.sensor.minimum_elevation_deg)
    if one.technique is Technique.OPTICAL:
        blocks = ((times_tai_s - times_tai_s[0]) // _WEATHER_BLOCK_S).astype(int)
        clear = (rng.uniform(size=blocks.max() + 1) < one.clear_share)[blocks]
        return np.asarray(seen & clear & _lit(one, times_tai_s, states, (relative, distance, at), area_m2))
    seen &= distance < one.farthest_m * area_m2[:, np.newaxis] ** 0.25
    if one.technique is Technique.FENCE:  # an east-west fan: what is within two degrees of it
        seen &= np.abs(np.arctan2(north, np.hypot(east, up))) < math.radians(2.0)
    return np.asarray(seen)


def _lit(
    one: Instrument,
    times_tai_s: Array,
    states: Array,
    seen_from: tuple[Array, Array, measurement.Stations],
    area_m2: Array,
) -> NDArray[np.bool_]:
    relative, distance, at = seen_from
    sun, moon = sun_gcrf_m(times_tai_s), moon_gcrf_m(times_tai_s)
    zenith = at.horizon[:, 2, :]
    dark = np.einsum("mj,mj->m", zenith, sun) / np.linalg.norm(sun, axis=1) < math.sin(_DARK_SUN_RAD)
    towards = relative / distance[..., np.newaxis]
    towards_moon = moon - at.position_m
    towards_moon /= np.linalg.norm(towards_moon, axis=1, keepdims=True)
    off_moon = np.einsum("nmj,mj->nm", towards, towards_moon) < math.cos(_MOON_KEEPS_OFF_RAD)
    phase_cosine = -np.einsum("nmj,mj->nm", towards, sun / np.linalg.norm(sun, axis=1, keepdims=True))
    phase = np.arccos(np.clip(-phase_cosine, -1.0, 1.0))
    lambert = 2.0 / (3.0 * np.pi**2) * (np.sin(phase) + (np.pi - phase) * np.cos(phase))
    flux = _ALBEDO * area_m2[:, np.newaxis] * np.maximum(lambert, 1e-6) / distance**2
    bright = _SUN_MAGNITUDE - 2.5 * np.log10(flux) < one.limiting_magnitude
    return np.asarray(dark & is_sunlit(states[..., :3], sun) & off_moon & bright)


def sightings(
    instruments: Sequence[Instrument],
    times_tai_s: Array,
    states: Array,
    area_m2: Array,
    rng: np.random.Generator,
) -> list[Sighting]:
    """What all instruments take over a grid of times (m,), of objects with states (n, m, 6), by time.

    Each looks at what it has not seen for longest first, within its capacity.
    """
    taken = []
    step_s = float(times_tai_s[1] - times_tai_s[0])
    for number, one in enumerate(instruments):
        seen = visible(one, times_tai_s, states, area_m2, rng)
        last = np.full(states.shape[0], -np.inf)
        budget = 0.0
        for column, tai_s in enumerate(times_tai_s[:-1].tolist()):
            budget = min(budget + one.capacity_per_hour * step_s / 3600.0, one.capacity_per_hour)
            stays = seen[:, column] & seen[:, column + 1]
            due = np.flatnonzero(stays & (tai_s - last >= one.revisit_s))
            for target in due[np.argsort(last[due], kind="stable")][: int(budget)].tolist():
                budget -= 1.0
                last[target] = tai_s
                begin = tai_s + float(rng.uniform(0.0, step_s))
                if rng.uniform() < one.detection:
                    taken.append(Sighting(number, target, begin))
                if rng.uniform() < one.false_share:
                    taken.append(Sighting(number, -1, begin))
    return sorted(taken, key=lambda sighting: sighting.begin_tai_s)


def measured(
    one: Instrument, times_tai_s: Array, states: Array, start_tai_s: float, rng: np.random.Generator
) -> list[Observation]:
    """What the instrument says of an object with states (k, 6) at times (k,): noise, biases, drift."""
    sensor = one.sensor
    at = measurement.stations([sensor.site] * times_tai_s.size, times_tai_s)
    angle = math.radians(sensor.angle_sigma_deg or 0.0)
    drift_m = one.range_drift_m_day * (times_tai_s - start_tai_s) / SECONDS_PER_DAY
    if one.technique is Technique.OPTICAL:
        parts = [(ObservationKind.RA_DEC, angle, 0.0, np.full(times_tai_s.size, one.hidden_angle_bias_rad))]
    else:
        parts = [
            (
                ObservationKind.RANGE,
                sensor.range_sigma_m or 50.0,
                sensor.range_bias_m,
                one.hidden_range_bias_m + drift_m,
            ),
            (ObservationKind.AZ_EL, angle, 0.0, np.full(times_tai_s.size, one.hidden_angle_bias_rad)),
        ]
    made = []
    for kind, sigma, stated, hidden in parts:
        truth = measurement.predict(
            kind,
            states,
            at,
            signal=(SignalPath.TWO_WAY, TimeTag.RECEIVE),
            atmosphere=measurement.Atmosphere(),
        ).values
        noisy = truth + stated + hidden[:, np.newaxis] + rng.normal(scale=sigma, size=truth.shape)
        made += [
            Observation(
                kind=kind,
                epoch_tai_s=tai_s,
                sensor=sensor.id,
                values=tuple(row),
                sigmas=(sigma,) * len(row),
                biases=(stated,) * len(row),
            )
            for tai_s, row in zip(times_tai_s.tolist(), noisy.tolist(), strict=True)
        ]
    return made
