"""From the end of an iteration to the result that is handed out."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import propagate
from commonsky.astro.orbit import EARTH_GM_M3_S2, keplerian
from commonsky.domain import Observation
from commonsky.tracking.equations import Equations
from commonsky.tracking.force_noise import ForceUncertainty, force_noise
from commonsky.tracking.iteration import Solution
from commonsky.tracking.parts import PARTS, Part
from commonsky.tracking.result import Fit, Parameter, Residual, Statistics
from commonsky.tracking.settings import FitSettings
from commonsky.tracking.unknowns import STATE

Array = NDArray[np.float64]

_NOISE_POINTS = 60
_LONGEST_PERIOD_S = 3 * 86400.0


def report(
    observations: Sequence[Observation], system: Equations, solution: Solution, settings: FitSettings
) -> Fit:
    """Name, count and weigh what was found."""
    weighted = solution.residuals / system.sigmas
    mean_square = float(np.mean(weighted[solution.used] ** 2))
    covariance = solution.covariance
    if settings.scale_covariance:
        covariance = covariance * max(1.0, mean_square)
    forces = _force_uncertainty(system, solution, covariance) if settings.consider_forces else None
    if forces is not None:
        covariance = forces.covariance()
    sigmas = np.sqrt(np.diag(covariance))
    return Fit(
        epoch_tai_s=system.unknowns.epoch_tai_s,
        state_gcrf=solution.vector[:STATE],
        covariance=covariance[:STATE, :STATE],
        full_covariance=covariance,
        parameters=tuple(
            Parameter(entry.name, float(value), float(sigma), entry.unit)
            for entry, value, sigma in zip(
                system.unknowns.entries, solution.vector[STATE:], sigmas[STATE:], strict=True
            )
        ),
        residuals=_residuals(observations, system, solution, weighted),
        statistics=_statistics(observations, system, solution),
        weighted_rms=float(np.sqrt(mean_square)),
        iterations=solution.iterations,
        converged=solution.converged,
        force_model=system.unknowns.forces(solution.vector),
        vector=solution.vector,
        unknowns=system.unknowns,
        forces=forces,
    )


def _force_uncertainty(system: Equations, solution: Solution, measured: Array) -> ForceUncertainty:
    """How much the forces that are left out moved the fit, over the span of the observations and the epoch."""
    start, model = system.unknowns.epoch_tai_s, system.unknowns.forces(solution.vector)
    first = min(start, float(system.epochs_tai_s.min()))
    last = max(start, float(system.epochs_tai_s.max()))
    times = np.linspace(start, start + _period_s(solution.vector), _NOISE_POINTS)
    noise = force_noise(propagate(solution.vector[:STATE], start, times, model), times, model)
    edges = noise.edges(first, last)
    gain = solution.gain @ system.by_accelerations(solution.vector, edges)
    return ForceUncertainty(noise, edges, gain, measured)


def _period_s(vector: Array) -> float:
    axis_m = keplerian(vector[:3], vector[3:STATE])[0]
    return min(_LONGEST_PERIOD_S, math.tau * math.sqrt(abs(axis_m) ** 3 / EARTH_GM_M3_S2))


def _residuals(
    observations: Sequence[Observation], system: Equations, solution: Solution, weighted: Array
) -> tuple[Residual, ...]:
    order = np.argsort(system.owner, kind="stable")
    bounds = np.searchsorted(system.owner[order], np.arange(len(observations) + 1))
    made = []
    for i, one in enumerate(observations):
        rows = order[bounds[i] : bounds[i + 1]]
        used = bool(solution.used[rows[0]])
        worst = int(np.argmax(np.abs(weighted[rows])))
        reason = "" if used else f"{PARTS[one.kind][worst]} is {abs(weighted[rows[worst]]):.1f} sigma off"
        values = tuple(solution.residuals[rows].tolist())
        told = float(solution.information[rows].sum())
        made.append(Residual(i, one.sensor, one.kind, one.epoch_tai_s, values, used, reason, told))
    return tuple(made)


def _statistics(
    observations: Sequence[Observation], system: Equations, solution: Solution
) -> tuple[Statistics, ...]:
    rows: dict[tuple[str, Part], list[int]] = {}
    seen: dict[int, int] = {}
    for row, owner in enumerate(system.owner.tolist()):
        one = observations[owner]
        part = PARTS[one.kind][seen.get(owner, 0)]
        seen[owner] = seen.get(owner, 0) + 1
        rows.setdefault((one.sensor, part), []).append(row)
    made = []
    for (sensor, part), listed in sorted(rows.items()):
        index = np.array(listed)
        kept = index[solution.used[index]]
        values = solution.residuals[kept]
        made.append(
            Statistics(
                sensor=sensor,
                part=part,
                used=kept.size,
                rejected=index.size - kept.size,
                mean=float(values.mean()) if kept.size else 0.0,
                standard_deviation=float(values.std(ddof=1)) if kept.size > 1 else 0.0,
                weighted_rms=float(np.sqrt(np.mean((values / system.sigmas[kept]) ** 2)))
                if kept.size
                else 0.0,
            )
        )
    return tuple(made)
