"""What small changes of a force do to an orbit: partials that the engine's transition matrix does not hold."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import Trajectory, propagate
from commonsky.domain import ForceModel

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_LONGEST_STEP_S = 120.0
_DRAG_STEP_M2_KG = 1e-3


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
    state_gcrf: Array, epoch_tai_s: float, times_tai_s: Array, force_model: ForceModel, states: Array
) -> Array:
    """Partials (n, 6) of ``states`` (n, 6) with respect to cd * area / mass (m2/kg), by one more integration."""
    drag = force_model.drag_cd_area_over_mass + _DRAG_STEP_M2_KG
    changed = msgspec.structs.replace(force_model, drag_cd_area_over_mass=drag)
    return (propagate(state_gcrf, epoch_tai_s, times_tai_s, changed) - states) / _DRAG_STEP_M2_KG


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
