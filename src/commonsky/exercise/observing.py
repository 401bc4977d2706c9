"""What the sensors of an exercise see: truth with a richer force model than the estimators', noise, and files.

A sensor writes one tracking data message for each pass of an object over it, when the pass is over.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro import frames, general_perturbations, measurement, numerical
from commonsky.astro.orbit import semi_major_axis_m
from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    ElementSet,
    EmpiricalAcceleration,
    ForceModel,
    Observation,
    ObservationKind,
    Regime,
    Sensor,
    SignalPath,
    TimeTag,
)
from commonsky.exercise.close_approach import Truth
from commonsky.exercise.scenario import Scenario
from commonsky.formats.tdm_writer import write_tdm
from commonsky.sharing import regime_of

Array = NDArray[np.float64]

TRUTH_GRAVITY_DEGREE = 36
HAND_OVER_S = 5.0
"""From the last measurement of a pass to the file."""

SIGNAL = (SignalPath.TWO_WAY, TimeTag.RECEIVE)


@dataclass(frozen=True)
class SensorFile:
    """A tracking data message as a sensor hands it over."""

    at_tai_s: float
    member: str
    name: str
    data: bytes


def choose_observed(
    catalogue: Sequence[ElementSet], count: int, rng: np.random.Generator
) -> list[ElementSet]:
    """Pick objects in low orbit, which every radar of the exercise can see."""
    low = [
        one
        for one in catalogue
        if regime_of(semi_major_axis_m(one.mean_motion_rev_day), one.eccentricity) is Regime.LEO
        and one.mean_motion_rev_day < 15.2
        and one.inclination_deg > 50.0
    ]
    return [low[index] for index in sorted(rng.choice(len(low), size=min(count, len(low)), replace=False))]


def sensor_files(
    scenario: Scenario, observed: Iterable[tuple[ElementSet, Truth]], rng: np.random.Generator
) -> Iterator[list[SensorFile]]:
    """Yield, object by object, the files of all sensors over the whole exercise."""
    times = scenario.begins_tai_s + np.arange(
        0.0, scenario.hours * 3600.0 + scenario.observation_step_s, scenario.observation_step_s
    )
    sensors = [(member.id, own.sensor) for member in scenario.members for own in member.sensors]
    for one, truth in observed:
        states = truth.states(times)
        yield [
            _file(sensor, member, one, seen)
            for member, sensor in sensors
            for seen in _passes(sensor, str(one.norad_cat_id), times, states, rng)
        ]


def truth_of(one: ElementSet, start_tai_s: float, rng: np.random.Generator) -> Truth:
    """Say how an object really moves: as no estimator's model has it exactly.

    It starts some hundred metres from where its element set has it, with its own drag and radiation coefficients
    and a small unmodelled acceleration.
    """
    handle = general_perturbations.satellites([one])
    position, velocity, _ = general_perturbations.positions_teme(handle, start_tai_s)
    position_m, velocity_m_s = frames.teme_to_gcrf(position, velocity, start_tai_s)
    state = np.concatenate([position_m[0], velocity_m_s[0]])
    state += rng.normal(size=6) * np.array([200.0, 200.0, 200.0, 0.2, 0.2, 0.2])
    drift = rng.normal(scale=2e-9, size=3)
    model = ForceModel(
        engine=numerical.ENGINE,
        gravity_degree=TRUTH_GRAVITY_DEGREE,
        drag_cd_area_over_mass=float(rng.uniform(0.01, 0.03)),
        radiation_cr_area_over_mass=float(rng.uniform(0.005, 0.02)),
        empirical=EmpiricalAcceleration(
            epoch_tai_s=start_tai_s, constant_m_s2=(float(drift[0]), float(drift[1]), float(drift[2]))
        ),
    )
    return Truth(state, start_tai_s, model)


def _passes(
    sensor: Sensor, target: str, times: Array, states: Array, rng: np.random.Generator
) -> Iterator[list[Observation]]:
    at = measurement.stations([sensor.site] * len(times), times)
    _, elevation = measurement.azimuth_elevation(states, at)
    visible = np.flatnonzero(elevation > math.radians(sensor.minimum_elevation_deg))
    for index in np.split(visible, np.flatnonzero(np.diff(visible) > 1) + 1):
        if len(index) > 2:
            yield list(_measured(sensor, target, times[index], states[index], rng))


def _measured(
    sensor: Sensor, target: str, times: Array, states: Array, rng: np.random.Generator
) -> Iterator[Observation]:
    at = measurement.stations([sensor.site] * len(times), times)
    angle_sigma = math.radians(sensor.angle_sigma_deg or 0.0)
    quantities = (
        (ObservationKind.RANGE, sensor.range_sigma_m, sensor.range_bias_m),
        (ObservationKind.AZ_EL, angle_sigma or None, 0.0),
    )
    for kind, sigma, bias in quantities:
        if sigma is None:
            continue
        truth = measurement.predict(
            kind, states, at, signal=SIGNAL, atmosphere=measurement.Atmosphere()
        ).values
        noisy = truth + bias + rng.normal(scale=sigma, size=truth.shape)
        for epoch_tai_s, values in zip(times.tolist(), noisy.tolist(), strict=True):
            yield Observation(
                kind=kind,
                epoch_tai_s=epoch_tai_s,
                sensor=sensor.id,
                values=tuple(values),
                sigmas=(sigma,) * len(values),
                biases=(bias,) * len(values),
                target=target,
            )


def _file(sensor: Sensor, member: str, one: ElementSet, seen: list[Observation]) -> SensorFile:
    last = max(observation.epoch_tai_s for observation in seen)
    first = min(observation.epoch_tai_s for observation in seen)
    text = write_tdm(seen, originator=member, creation_utc=utc_from_tai_s(last + HAND_OVER_S))
    return SensorFile(
        at_tai_s=last + HAND_OVER_S,
        member=member,
        name=f"{sensor.id}-{one.norad_cat_id}-{int(first)}.tdm",
        data=text.encode(),
    )
