"""What small changes of a force do to an orbit: partials that the engine's transition matrix does not hold."""

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import Trajectory, propagate
from commonsky.astro.orbit import rtn_axes
from commonsky.domain import ForceModel

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_LONGEST_STEP_S = 120.0
_DRAG_STEP_M2_KG = 1e-3
_DEGREE_FOR_PARTIALS = 12
_RADIATION_STEP_M2_KG = 1e-2


def empirical_partials(trajectory: Trajectory, times_tai_s: Array, law_epoch_tai_s: float) -> Array:
    """Partials (n, 6, 6) of states with respect to an empirical acceleration: three constants, then three rates.

    ``times_tai_s`` (n,) need not be sorted; the law is ``constant + rate * (t - law_epoch_tai_s)`` on GCRF axes.
    Variation of constants: the transition matrix applied to the integral of its inverse times the force, by
    Gauss-Legendre quadrature between the epochs (Tapley, Schutz and Born, Statistical Orbit Determination, 4.2).
    """
    partials = np.zeros((times_tai_s.size, 6, 6))
    for where in (times_tai_s >= trajectory.epoch_tai_s, times_tai_s < trajectory.epoch_tai_s):
        if where.any():
            partials[where] = _one_side(trajectory, times_tai_s[where], law_epoch_tai_s)
    return partials


def drag_partials(
    state_gcrf: Array, epoch_tai_s: float, times_tai_s: Array, force_model: ForceModel
) -> Array:
    """Partials (n, 6) of the states at times (n,) by cd * area / mass (m2/kg), by two integrations."""
    more = force_model.drag_cd_area_over_mass + _DRAG_STEP_M2_KG
    changed = msgspec.structs.replace(force_model, drag_cd_area_over_mass=more)
    return _slope(state_gcrf, epoch_tai_s, times_tai_s, (force_model, changed), _DRAG_STEP_M2_KG)


def radiation_partials(
    state_gcrf: Array, epoch_tai_s: float, times_tai_s: Array, force_model: ForceModel
) -> Array:
    """Partials (n, 6) of the states at times (n,) by cr * area / mass (m2/kg), by two integrations."""
    more = force_model.radiation_cr_area_over_mass + _RADIATION_STEP_M2_KG
    changed = msgspec.structs.replace(force_model, radiation_cr_area_over_mass=more)
    return _slope(state_gcrf, epoch_tai_s, times_tai_s, (force_model, changed), _RADIATION_STEP_M2_KG)


def for_partials(force_model: ForceModel) -> ForceModel:
    """The model with no more of the gravity field than partials need: the rest moves them by parts in ten thousand."""
    degree = min(force_model.gravity_degree, _DEGREE_FOR_PARTIALS)
    return msgspec.structs.replace(force_model, gravity_degree=degree)


def _slope(
    state: Array, epoch_tai_s: float, times: Array, models: tuple[ForceModel, ForceModel], step: float
) -> Array:
    without, with_step = (propagate(state, epoch_tai_s, times, for_partials(model)) for model in models)
    return (with_step - without) / step


def force_response(trajectory: Trajectory, times_tai_s: Array, edges_tai_s: Array) -> Array:
    """What accelerations along the orbit's own axes, each constant between two edges, do to the states.

    Partials (n, 6, k, 3) of the states at times (n,) by radial, in-track and cross-track accelerations (m/s2) in k
    intervals with edges (k + 1,), the state at the trajectory's epoch held. By variation of constants as in
    `empirical_partials`; times and edges must lie within the trajectory.
    """
    start = trajectory.epoch_tai_s
    wanted = np.unique(np.concatenate([times_tai_s, edges_tai_s, [start]]))
    sums = np.zeros((wanted.size, 6, 3))
    for where in (wanted >= start, wanted < start):
        if where.any():
            sums[where] = _integrals(trajectory, wanted[where])
    _, at_times = trajectory.states_and_transitions(times_tai_s)
    response = np.empty((times_tai_s.size, 6, edges_tai_s.size - 1, 3))
    for k, (begin, end) in enumerate(pairwise(edges_tai_s.tolist())):
        near, far = np.clip(start, begin, end), np.clip(times_tai_s, begin, end)
        change = sums[np.searchsorted(wanted, far)] - sums[np.searchsorted(wanted, near)]
        response[:, :, k, :] = at_times @ change
    return response


def _integrals(trajectory: Trajectory, wanted: Array) -> Array:
    """Integrals (n, 6, 3) from the epoch of the inverse transition times the orbit's axes, to times on one side."""
    distances = np.abs(wanted - trajectory.epoch_tai_s)
    sign = 1.0 if wanted[np.argmax(distances)] >= trajectory.epoch_tai_s else -1.0
    edges = _edges(distances)
    half = 0.5 * np.diff(edges)
    nodes = (0.5 * (edges[1:] + edges[:-1]))[:, np.newaxis] + half[:, np.newaxis] * _NODES
    states, transitions = trajectory.states_and_transitions(trajectory.epoch_tai_s + sign * nodes.ravel())
    force = np.linalg.inv(transitions)[:, :, 3:] @ np.swapaxes(rtn_axes(states), 1, 2)
    pieces = np.einsum("sk,skij->sij", half[:, np.newaxis] * _WEIGHTS, force.reshape(*nodes.shape, 6, 3))
    sums = np.concatenate([np.zeros((1, 6, 3)), np.cumsum(sign * pieces, axis=0)])
    return np.asarray(sums[np.searchsorted(edges, distances)])


def _one_side(trajectory: Trajectory, times: Array, law_epoch_tai_s: float) -> Array:
    distances = np.abs(times - trajectory.epoch_tai_s)
    sign = 1.0 if times[np.argmax(distances)] >= trajectory.epoch_tai_s else -1.0
    edges = _edges(distances)
    half = 0.5 * np.diff(edges)
    nodes = (0.5 * (edges[1:] + edges[:-1]))[:, np.newaxis] + half[:, np.newaxis] * _NODES
    node_times = trajectory.epoch_tai_s + sign * nodes.ravel()
    _, transitions = trajectory.states_and_transitions(node_times)
    force = np.linalg.inv(transitions)[:, :, 3:]
    force = np.concatenate([force, force * (node_times - law_epoch_tai_s)[:, np.newaxis, np.newaxis]], axis=2)
    pieces = np.einsum("sk,skij->sij", half[:, np.newaxis] * _WEIGHTS, force.reshape(*nodes.shape, 6, 6))
    integrals = np.concatenate([np.zeros((1, 6, 6)), np.cumsum(sign * pieces, axis=0)])
    _, at_times = trajectory.states_and_transitions(times)
    return np.asarray(at_times @ integrals[np.searchsorted(edges, distances)])


def _edges(distances: Array) -> Array:
    """The epochs asked for and enough between them, as seconds from the trajectory's epoch, from zero."""
    asked = np.unique(np.concatenate([[0.0], distances]))
    gaps = np.diff(asked)
    counts = np.maximum(1, np.ceil(gaps / _LONGEST_STEP_S).astype(int))
    inner = [start + gap * np.arange(n) / n for start, gap, n in zip(asked[:-1], gaps, counts, strict=True)]
    return np.concatenate([*inner, asked[-1:]])
