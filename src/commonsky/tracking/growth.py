"""From a first orbit over a short span to one near all observations: spans that grow, and arcs that are linked.

Each stage is a short batch fit over all that lies within a reach of the first epoch, so that it starts near its answer.
Where the next arc lies so far off that the orbit's uncertainty there is a good part of a revolution, one start does
not do: the orbit is moved along the line of variations, the direction in which its covariance is longest at the new
arc (Milani 1999), and the stage begins where the new arc fits best.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import (
    PropagationError,
    default_force_model,
    propagate,
    propagate_with_transition,
)
from commonsky.astro.two_body import stays_above
from commonsky.domain import ForceModel, Observation, Sensor
from commonsky.tracking.coarse import Geometry, geometry
from commonsky.tracking.equations import equations
from commonsky.tracking.errors import (
    NoInitialOrbitError,
    NotConvergedError,
    TooFewObservationsError,
    UndeterminedError,
)
from commonsky.tracking.iteration import iterate, require_enough
from commonsky.tracking.settings import Estimated, FitSettings, InitialState
from commonsky.tracking.unknowns import STATE, unknowns

Array = NDArray[np.float64]

_ITERATIONS = 10
_GROWTH = 6.0
_FIRST_REACH_S = 1800.0
_STAGE_DEGREE = 8
_SCAN_DEGREE = 4
_LOWEST_PERIGEE_M = 6.40e6
_LOST = 0.03  # of the distance from the Earth's centre: beyond, an arc may be met on the wrong revolution
_SCAN_SIGMAS = 3.0
_SCAN_STEP = 0.04
_MOST_SCANNED = 120
_TRIED = 3
_CAP_SIGMAS = 10.0
_FITS_WELL = 3.0
_MOST_ROWS = 60
_PLAIN = default_force_model()
_STAGE_PRIORS = {
    Estimated.RANGE_BIAS: 5e4,
    Estimated.AZIMUTH_BIAS: 0.02,
    Estimated.ELEVATION_BIAS: 0.02,
    Estimated.RANGE_RATE_BIAS: 100.0,
}
"""What biases may be while little is known of the orbit: without this a short span cannot tell them from it."""


@dataclass(frozen=True)
class _Stage:
    """An orbit on the way: how well it fits (capped root mean square), and the covariance of its state if known."""

    state: InitialState
    misfit: float
    covariance: Array | None


def grown(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    settings: FitSettings,
    candidates: Iterable[InitialState],
) -> InitialState:
    """The candidate that fits all observations best when it has been grown over them; the first that fits well."""
    best: _Stage | None = None
    for candidate in candidates:
        reached = _grown(observations, sensors, settings, candidate)
        if best is None or reached.misfit < best.misfit:
            best = reached
        if best.misfit < _FITS_WELL:
            break
    if best is None:
        raise NoInitialOrbitError("there is no first orbit to grow")
    return best.state


def _grown(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    settings: FitSettings,
    first: InitialState,
) -> _Stage:
    away = np.array([abs(one.epoch_tai_s - first.epoch_tai_s) for one in observations])
    stage = _Stage(first, np.inf, None)
    reach = _FIRST_REACH_S
    covered = -1.0
    while covered < away.max():
        near = [one for one, distance in zip(observations, away, strict=True) if distance <= reach]
        fresh = [one for one, far in zip(observations, away, strict=True) if covered < far <= reach]
        if fresh:
            starts = _starts(fresh, sensors, stage) if covered > 0.0 else [stage.state]
            tried = [_fitted(near, sensors, settings, replace(stage, state=start)) for start in starts]
            stage = min(tried, key=lambda one: one.misfit)
        covered = reach
        ahead = away[away > reach]
        reach = max(reach * _GROWTH, float(ahead.min()) + _FIRST_REACH_S if ahead.size else 0.0)
    return stage


def _fitted(
    near: Sequence[Observation], sensors: Mapping[str, Sensor], settings: FitSettings, before: _Stage
) -> _Stage:
    biases = settings.estimate & _STAGE_PRIORS.keys()
    plain = replace(
        settings,
        estimate=biases,
        prior_sigmas={bias: settings.prior_sigmas.get(bias, _STAGE_PRIORS[bias]) for bias in biases},
        force_model=_simpler(settings.force_model, _STAGE_DEGREE),
        max_iterations=_ITERATIONS,
    )
    found = before.state
    wanted = unknowns(near, plain, found.epoch_tai_s)
    try:
        system = equations(near, sensors, atmosphere=plain.atmosphere, unknowns=wanted)
        require_enough(system)
        better = iterate(system, wanted.start(found.state_gcrf), plain, must_settle=False)
    except (TooFewObservationsError, UndeterminedError, NotConvergedError):
        return replace(before, misfit=np.inf)  # too little in this span alone: the next one is wider
    weighted = np.clip(better.residuals / system.sigmas, -_CAP_SIGMAS, _CAP_SIGMAS)
    state = InitialState(found.epoch_tai_s, better.vector[:STATE])
    return _Stage(state, float(np.sqrt(np.mean(weighted**2))), better.covariance[:STATE, :STATE])


def _simpler(model: ForceModel, degree: int) -> ForceModel:
    return msgspec.structs.replace(model, gravity_degree=min(degree, model.gravity_degree))


def _starts(fresh: Sequence[Observation], sensors: Mapping[str, Sensor], stage: _Stage) -> list[InitialState]:
    """The orbit itself where it is known well enough at the new observations, else the best along its line."""
    seen = geometry(fresh, sensors)
    seen = seen.rows(np.unique(np.linspace(0, len(fresh) - 1, min(len(fresh), _MOST_ROWS)).astype(int)))
    line = _line_of_variations(stage, seen)
    if line is None or not len(line):
        return [stage.state]
    start = stage.state
    states = start.state_gcrf + line
    order = np.argsort([_misfit(state, start.epoch_tai_s, seen) for state in states], kind="stable")
    chosen: list[int] = []
    for i in order.tolist():
        if all(abs(i - other) > 1 for other in chosen):
            chosen.append(i)
        if len(chosen) == _TRIED:
            break
    return [InitialState(start.epoch_tai_s, states[i]) for i in chosen]


def _line_of_variations(stage: _Stage, seen: Geometry) -> Array | None:
    """Offsets (k, 6) of the state along its line of variations, zero in the middle; ``None`` where none are needed."""
    start = stage.state
    far = seen.tai_s[[int(np.argmax(np.abs(seen.tai_s - start.epoch_tai_s)))]]
    model = _simpler(_PLAIN, _SCAN_DEGREE)
    try:
        states, transitions = propagate_with_transition(start.state_gcrf, start.epoch_tai_s, far, model)
    except PropagationError:
        return None
    if stage.covariance is None:
        direction = np.concatenate([np.zeros(3), start.state_gcrf[3:]]) * 0.01
        moved_m = float(np.linalg.norm((transitions[0] @ direction)[:3]))
    else:
        spread = transitions[0] @ stage.covariance @ transitions[0].T
        values, vectors = np.linalg.eigh(spread[:3, :3])
        moved_m = float(np.sqrt(max(values[-1], 0.0)))
        direction = stage.covariance @ transitions[0].T[:, :3] @ vectors[:, -1] / max(moved_m, 1e-9)
    distance_m = float(np.linalg.norm(states[0, :3]))
    if moved_m < _LOST * distance_m / _SCAN_SIGMAS:
        return None
    each_side = int(min(_MOST_SCANNED, np.ceil(_SCAN_SIGMAS * moved_m / (_SCAN_STEP * distance_m))))
    sigmas = np.arange(-each_side, each_side + 1) * _SCAN_STEP * distance_m / moved_m
    offsets = sigmas[:, np.newaxis] * direction
    return np.asarray(offsets[stays_above(start.state_gcrf + offsets, _LOWEST_PERIGEE_M)])


def _misfit(state: Array, epoch_tai_s: float, seen: Geometry) -> float:
    try:
        there = propagate(state, epoch_tai_s, seen.tai_s, _simpler(_PLAIN, _SCAN_DEGREE))
    except PropagationError:
        return np.inf
    return float(seen.misfit_of(there[np.newaxis])[0])
