"""Numerical orbits by satkit: gravity, Sun and Moon, tides, relativity, drag, radiation and an empirical force.

Three traits of the engine are dealt with here so that nobody else has to know them. Asked for states at many epochs,
it answers rightly only when they go on in the direction of the integration. Its clock ticks in whole microseconds:
what is left of an epoch is bridged by two-body motion. It drops a drag coefficient below zero, which a fit may ask
for when drag is hardly observable: such an orbit is the mirror image, to first order, of the one with the positive
coefficient about the one without drag.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import satkit
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.environment import prepare_engine
from commonsky.astro.two_body import gravity
from commonsky.domain import EmpiricalAcceleration, ForceModel

Array = NDArray[np.float64]

ENGINE = f"satkit {satkit.utils.version()}"

_TICKS_PER_S = 1e6
_ABSOLUTE_ERROR = 1e-8
_RELATIVE_ERROR = (
    1e-12  # looser, the jumps of force at shadows and arcs show as noise between iterations of a fit
)
_STEP_LOSS_M = 0.5  # position lost to holding a linear acceleration constant over each arc
_MOST_ARCS = 2000
_MARGIN_S = 1.0


def default_force_model() -> ForceModel:
    """Give the settings that states are estimated with where nobody asks for others."""
    return ForceModel(engine=ENGINE)


class PropagationError(RuntimeError):
    """The engine gives up on an orbit, as on one that falls into the Earth or is none at all."""


@dataclass(frozen=True)
class _Piece:
    """One solution by the engine in one direction of time, and its share in the trajectory."""

    weight: float
    result: satkit.propresult


@dataclass(frozen=True)
class Trajectory:
    """A solved orbit, to be asked for states in GCRF at any epochs within its span."""

    epoch_tai_s: float
    ahead: tuple[_Piece, ...]
    behind: tuple[_Piece, ...]

    def states(self, times_tai_s: ArrayLike) -> Array:
        """Position and velocity (n, 6), m and m/s, at epochs (n,)."""
        times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
        states = np.empty((times.size, 6))
        for where, pieces in self._split(times):
            clock, rest = _ticks(times[where])
            state = np.zeros((len(clock), 6))
            for piece in pieces:
                state += piece.weight * piece.result.interp(clock)
            states[where] = _advance(state, rest)
        return states

    def states_and_transitions(self, times_tai_s: ArrayLike) -> tuple[Array, Array]:
        """States (n, 6), and the partials (n, 6, 6) of each with respect to the state at the trajectory's epoch.

        Raises ValueError when the trajectory was solved without transitions.
        """
        times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
        states, transitions = np.empty((times.size, 6)), np.empty((times.size, 6, 6))
        for where, pieces in self._split(times):
            clock, rest = _ticks(times[where])
            state, transition = np.zeros((len(clock), 6)), np.zeros((len(clock), 6, 6))
            for piece in pieces:
                rows = piece.result.interp(clock, output_phi=True)
                state += piece.weight * np.array([row[0] for row in rows])
                transition += piece.weight * np.array([row[1] for row in rows])
            states[where], transitions[where] = _advance(state, rest), transition
        return states, transitions

    def _split(self, times: Array) -> list[tuple[NDArray[np.intp], tuple[_Piece, ...]]]:
        """Which of the epochs lie on each side, going away from the trajectory's own."""
        order = np.argsort(np.abs(times - self.epoch_tai_s), kind="stable")
        later = times[order] >= self.epoch_tai_s
        sides = ((order[later], self.ahead), (order[~later], self.behind))
        return [(where, pieces) for where, pieces in sides if where.size]


def solve(
    state_gcrf: ArrayLike,
    epoch_tai_s: float,
    span_tai_s: tuple[float, float],
    force_model: ForceModel,
    *,
    transitions: bool = False,
) -> Trajectory:
    """Integrate a state (6,) in GCRF, m and m/s, from its epoch over a span that need not hold the epoch.

    Raises PropagationError when the engine gives up.
    """
    prepare_engine()
    state = np.asarray(state_gcrf, dtype=np.float64)
    if not (np.isfinite(state).all() and state[:3].any()):
        raise PropagationError(f"{state.tolist()} is no state of an orbit")
    clock, rest = _ticks(np.array([epoch_tai_s]))
    start = _advance(state[np.newaxis], -rest)[0]
    first, last = span_tai_s[0] - _MARGIN_S, span_tai_s[1] + _MARGIN_S

    def towards(end_tai_s: float) -> tuple[_Piece, ...]:
        return tuple(
            _Piece(
                weight, _integrate(start, (epoch_tai_s, end_tai_s), clock[0], model, transitions=transitions)
            )
            for weight, model in _with_drag_of_any_sign(force_model)
        )

    ahead = towards(last) if last > epoch_tai_s else ()
    behind = towards(first) if first < epoch_tai_s else ()
    return Trajectory(epoch_tai_s=epoch_tai_s, ahead=ahead, behind=behind)


def propagate(
    state_gcrf: ArrayLike, epoch_tai_s: float, times_tai_s: ArrayLike, force_model: ForceModel
) -> Array:
    """States (n, 6) in GCRF, m and m/s, at epochs (n,) before or after the epoch of the given state (6,)."""
    times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
    if times.size == 0:
        return np.empty((0, 6))
    trajectory = solve(state_gcrf, epoch_tai_s, (times.min(), times.max()), force_model)
    return trajectory.states(times)


def propagate_with_transition(
    state_gcrf: ArrayLike, epoch_tai_s: float, times_tai_s: ArrayLike, force_model: ForceModel
) -> tuple[Array, Array]:
    """As `propagate`, with the state-transition matrices (n, 6, 6) from the epoch."""
    times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
    if times.size == 0:
        return np.empty((0, 6)), np.empty((0, 6, 6))
    span = (times.min(), times.max())
    return solve(state_gcrf, epoch_tai_s, span, force_model, transitions=True).states_and_transitions(times)


def _integrate(
    start: Array, span_tai_s: tuple[float, float], begin: satkit.time, model: ForceModel, *, transitions: bool
) -> satkit.propresult:
    (end,), _ = _ticks(np.array([span_tai_s[1]]))
    try:
        return satkit.propagate(
            start,
            begin,
            end,
            output_phi=transitions,
            propsettings=_engine_settings(model),
            satproperties=satkit.satproperties(
                cdaoverm=model.drag_cd_area_over_mass,
                craoverm=model.radiation_cr_area_over_mass,
                thrusts=_arcs(model.empirical, min(span_tai_s), max(span_tai_s)),
            ),
        )
    except RuntimeError as error:
        said = str(error).partition("\n")[0]  # the rest is the engine's own call stack
        raise PropagationError(f"the orbit cannot be propagated ({said})") from error


def _engine_settings(model: ForceModel) -> satkit.propsettings:
    return satkit.propsettings(
        abs_error=_ABSOLUTE_ERROR,
        rel_error=_RELATIVE_ERROR,
        gravity_degree=model.gravity_degree,
        gravity_model=getattr(satkit.gravmodel, model.gravity_model),
        use_sun_gravity=model.sun,
        use_moon_gravity=model.moon,
        tide_model=satkit.tidemodel.solid_step1 if model.solid_tides else satkit.tidemodel.none,
        use_relativistic_correction=model.relativity,
    )


def _with_drag_of_any_sign(model: ForceModel) -> list[tuple[float, ForceModel]]:
    drag = model.drag_cd_area_over_mass
    if drag >= 0.0:
        return [(1.0, model)]
    without = msgspec.structs.replace(model, drag_cd_area_over_mass=0.0)
    mirrored = msgspec.structs.replace(model, drag_cd_area_over_mass=-drag)
    return [(2.0, without), (-1.0, mirrored)]


def _arcs(empirical: EmpiricalAcceleration | None, first: float, last: float) -> list[satkit.thrust] | None:
    """Constant arcs that follow a linear law: one when it has no rate, else short enough to lose little."""
    if empirical is None:
        return None
    constant, rate = np.array(empirical.constant_m_s2), np.array(empirical.rate_m_s3)
    lost_m = float(np.linalg.norm(rate)) * (last - first) ** 3 / 12.0
    count = min(_MOST_ARCS, max(1, int(np.ceil(np.sqrt(lost_m / _STEP_LOSS_M)))))
    edges = np.linspace(first, last, count + 1)
    clock, _ = _ticks(edges)
    middles = 0.5 * (edges[1:] + edges[:-1]) - empirical.epoch_tai_s
    return [
        satkit.thrust.constant(constant + rate * middle, begin, end, frame=satkit.frame.GCRF)
        for middle, begin, end in zip(middles, clock[:-1], clock[1:], strict=True)
    ]


def engine_times(times_tai_s: Array) -> list[satkit.time]:
    """The engine's own times, to the microsecond."""
    return _ticks(times_tai_s)[0]


def _ticks(times_tai_s: Array) -> tuple[list[satkit.time], Array]:
    """The engine's nearest ticks, and what is left of each epoch after its tick, in seconds."""
    zero = satkit.time.from_jd(2451545.0, satkit.timescale.TAI)
    ticks = np.round(times_tai_s * _TICKS_PER_S)
    whole_s = np.floor(times_tai_s)
    clock = [zero + satkit.duration(microseconds=count) for count in ticks.astype(np.int64).tolist()]
    return clock, (times_tai_s - whole_s) - (ticks - whole_s * _TICKS_PER_S) / _TICKS_PER_S


def _advance(states: Array, seconds: Array) -> Array:
    """Bridge less than a microsecond."""
    step = seconds[:, np.newaxis]
    position, velocity = states[:, :3], states[:, 3:]
    return np.hstack([position + step * velocity, velocity + step * gravity(position)])
