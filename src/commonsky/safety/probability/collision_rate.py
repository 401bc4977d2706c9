"""Expected number of collisions: the flux of the relative motion into the sphere of the hard body, over time.

    Nc = integral over t of R^2 * integral over directions u of p(R u, t) E[max(0, -u . velocity) | position R u]

with the Gaussian of `overlap` at each instant. For one passage Nc is the probability. Sources: Coppola, "Including
velocity uncertainty in the probability of collision between space objects", AAS 12-247; Hall, Journal of Spacecraft
and Rockets 58 (2021) (3D-Nc); Hall, Baars and Casali, "A multistep probability of collision computational algorithm",
AAS 23-398 (2D-Nc).
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from commonsky.safety.probability.conjunction import Conjunction
from commonsky.safety.probability.encounter_plane import project
from commonsky.safety.probability.overlap import Overlap, overlap
from commonsky.safety.probability.two_dimensional import log_foster_2d

Array = NDArray[np.float64]

_NODES_PER_PIECE = 7
_MOST_ROUNDS = 14
_TOLERANCE = 1e-4
_SPHERES = (10, 20, 40, 80)
_DOUBLING = 0.003
_LAST_DOUBLING = 0.15  # in time the errors of the finest sphere average out
_POINTS_AT_ONCE = 1_000_000


CROSSED_SIGMAS = 3.5
"""To either side of the likeliest instant: what is left out is a part in two thousand."""


@dataclass(frozen=True)
class Passage:
    """One straight passage: logarithm of its probability, how long it lasts, sigma of the velocity by the speed."""

    log_probability: float
    lasting_s: float
    speed_spread: float


@dataclass(frozen=True, eq=False)
class Rate:
    """Expected collisions in a window, and how they are spread over it.

    ``log_expected`` is the natural logarithm of Nc, entries and those inside at the start; ``peak_s`` and
    ``duration_s`` tell when (from closest approach) and over how long the middle 99.7 % fall; ``passages`` counts
    separate peaks, ``span_s`` is the time outside which the rate is below e^-25 of its peak; ``settled`` is
    false where a search or the quadrature did not come to rest, ``coarse`` true where no sphere is fine enough, so that
    nothing here is of use; ``inside_at_start`` is the part inside at the start.
    """

    log_expected: float
    peak_s: float
    duration_s: float
    passages: int
    span_s: tuple[float, float]
    settled: bool
    coarse: bool
    inside_at_start: float


def collisions_2d_nc(conjunction: Conjunction, window_s: tuple[float, float]) -> Passage | None:
    """The passage straight through one overlap, at the likeliest meeting (2D-Nc).

    The time integral is done by Laplace's method over the sphere; where the body is so large against the sigmas that
    no sphere is fine enough, over the disc in the plane of the meeting, which leaves the spread of the velocity out.
    None where the overlap has no peak within the window, so that the method does not apply. Raises OpenOrbitError.
    """
    when = meeting_time(conjunction, window_s)
    if when is None:
        return None
    here = overlap(conjunction, np.array([when]))
    speed = float(np.linalg.norm(here.velocity_m_s[0]))
    if not here.settled[0] or speed == 0.0:
        return None
    radius = conjunction.hard_body.radius_m
    step = 1.0 / closing_rate(here)
    log = _laplace(overlap(conjunction, when + step * np.array([-1.0, 0.0, 1.0])), step, radius)
    if log is None:
        miss, covariance = project(here.position_m, here.velocity_m_s, here.position_covariance)
        log = float(log_foster_2d(miss, covariance, radius)[0])
    lasting = 2.0 * (radius / speed + CROSSED_SIGMAS * step)
    return Passage(log, lasting, float(np.sqrt(np.trace(here.velocity_covariance[0]))) / speed)


def _laplace(three: Overlap, step: float, radius_m: float) -> float | None:
    """Logarithm of the time integral of the flux from three instants a step apart; None where it is not that smooth."""
    size = _sphere_size(three, 1, radius_m)
    if size is None or not np.all(three.settled):
        return None
    directions, weights = sphere(size)
    # In straight motion the logarithm of the density at one place is a parabola in time.
    (low, middle, high), inward = _terms(three, np.arange(3), radius_m, directions)
    bend = (2.0 * middle - low - high) / step**2
    slope = 0.5 * (high - low) / step
    if not np.all(bend > 0.0):
        return None
    shares = middle + 0.5 * slope**2 / bend + 0.5 * np.log(2.0 * np.pi / bend) + inward[1]
    total = float(logsumexp(shares + np.log(weights * radius_m**2)))
    return total if total <= 0.0 else None


def collisions_3d_nc(conjunction: Conjunction, window_s: tuple[float, float]) -> Rate:
    """Expected collisions over a window by quadrature in time and direction (3D-Nc). Raises OpenOrbitError."""
    radius = conjunction.hard_body.radius_m
    edges = _starting_edges(conjunction, window_s)
    nodes, weights = leggauss(_NODES_PER_PIECE)
    done: list[tuple[Array, Array]] = []
    settled, coarse = True, False
    pieces = np.stack([edges[:-1], edges[1:]], axis=1)
    found: list[tuple[Array, Array]] = []
    best = -np.inf
    for _ in range(_MOST_ROUNDS):
        middle, half = pieces.mean(axis=1), 0.5 * np.diff(pieces, axis=1)[:, 0]
        times = middle[:, np.newaxis] + half[:, np.newaxis] * nodes
        here = overlap(conjunction, times.ravel())
        flux, resolved = rate(here, radius)
        logs = flux.reshape(times.shape)
        whole = logsumexp(logs + np.log(weights), axis=1) + np.log(half)
        best = max(best, float(logsumexp(np.concatenate([whole, *(part for _, part in done)]))))
        fine = _resolved(logs, whole, best)
        settled &= bool(np.all(here.settled.reshape(times.shape)[whole > best - 20.0]))
        coarse |= not resolved and float(whole.max()) > best - 20.0
        done.append((pieces[fine], whole[fine]))
        found.append((times[fine].ravel(), logs[fine].ravel()))
        if np.all(fine):
            break
        split = pieces[~fine]
        middle = split.mean(axis=1)
        pieces = np.concatenate(
            [np.stack([split[:, 0], middle], axis=1), np.stack([middle, split[:, 1]], axis=1)]
        )
    else:
        settled = False
    kept = np.concatenate([part for part, _ in done])
    shares = np.concatenate([part for _, part in done])
    order = np.argsort(kept[:, 0])
    start = inside(overlap(conjunction, np.array([window_s[0]])), radius)
    total = float(np.logaddexp(logsumexp(shares), np.log(start) if start > 0.0 else -np.inf))
    peak, duration, passages, span = _spread(kept[order], shares[order], found)
    return Rate(total, peak, duration, passages, span, settled and not coarse, coarse, start)


def rate(here: Overlap, radius_m: float) -> tuple[Array, bool]:
    """Logarithms (m,) of the expected collisions a second at each instant, and whether the sphere was fine enough."""
    found = np.full(here.elapsed_s.shape, -np.inf)
    near = np.flatnonzero(here.distance < 39.0)
    if near.size == 0:
        return found, True
    rough = _flux(here, near, radius_m, *sphere(_SPHERES[0]))
    sizes = [
        _sphere_size(here, row, radius_m)
        for row in {near[np.argmax(rough)], near[np.argmin(here.distance[near])]}
    ]
    resolved = None not in sizes
    # Where no sphere is fine enough the answer is of no use, and a coarse one finds it sooner.
    size = max(one or _SPHERES[1] for one in sizes)
    directions, weights = sphere(size)
    at_once = max(1, _POINTS_AT_ONCE // weights.size)
    for start in range(0, near.size, at_once):
        rows = near[start : start + at_once]
        found[rows] = _flux(here, rows, radius_m, directions, weights)
    return found, resolved


def inside(here: Overlap, radius_m: float) -> float:
    """Probability that the bodies overlap at the first instant of an overlap."""
    if here.distance[0] > 37.0:
        return 0.0
    directions, weights = sphere(40)
    nodes, radial = leggauss(24)
    radii = 0.5 * radius_m * (nodes + 1.0)
    mean, covariance = here.position_m[0], here.position_covariance[0]
    points = (radii[:, np.newaxis, np.newaxis] * directions).reshape(-1, 3) - mean
    solved = np.linalg.solve(covariance, points.T).T
    density = np.exp(-0.5 * np.sum(points * solved, axis=1)) / np.sqrt(
        (2.0 * np.pi) ** 3 * np.linalg.det(covariance)
    )
    shell = density.reshape(radii.size, -1) @ weights
    return float(min(1.0, np.sum(0.5 * radius_m * radial * radii**2 * shell)))


def sphere(size: int) -> tuple[Array, Array]:
    """Directions (q, 3) and weights (q,), in all 4 pi: Gauss-Legendre in height, evenly around."""
    heights, weights = leggauss(size)
    around = (np.arange(2 * size) + 0.5) * np.pi / size
    flat = np.sqrt(1.0 - heights**2)
    x = flat[:, np.newaxis] * np.cos(around)
    y = flat[:, np.newaxis] * np.sin(around)
    z = np.broadcast_to(heights[:, np.newaxis], x.shape)
    directions = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return directions, np.repeat(weights * np.pi / size, 2 * size)


def meeting_time(conjunction: Conjunction, window_s: tuple[float, float]) -> float | None:
    """When the two uncertain orbits are likeliest to meet, seconds from closest approach, found as in straight motion.

    None when it is not within the window or the search does not come to rest.
    """
    when = 0.0
    for _ in range(_MOST_ROUNDS):
        here = overlap(conjunction, np.array([when]))
        solved = np.linalg.solve(here.position_covariance[0], here.velocity_m_s[0])
        step = -float(here.position_m[0] @ solved) / closing_rate(here) ** 2
        when += step
        if not window_s[0] <= when <= window_s[1]:
            return None
        if abs(step) < 1e-3 / closing_rate(here):
            return when
    return None


def closing_rate(here: Overlap) -> float:
    """Standard deviations that the relative motion crosses in a second, at the first instant of an overlap."""
    solved = np.linalg.solve(here.position_covariance[0], here.velocity_m_s[0])
    return float(np.sqrt(max(here.velocity_m_s[0] @ solved, 1e-30)))


def _starting_edges(conjunction: Conjunction, window_s: tuple[float, float]) -> Array:
    """Edges of pieces of the window, finer towards the closest approach of the means and the likeliest meeting."""
    low, high = window_s
    spread = np.geomspace(1e-6, 1.0, 26) * (high - low)
    meeting = meeting_time(conjunction, window_s)
    centres = [0.0] if meeting is None else [0.0, meeting]
    around = [centre + sign * spread for centre in centres for sign in (-1.0, 1.0)]
    edges = np.concatenate([[low, high], centres, *around, np.linspace(low, high, 33)])
    return np.unique(np.clip(edges, low, high))


def _resolved(logs: Array, whole: Array, best: float) -> NDArray[np.bool_]:
    """Which pieces are smooth enough for their nodes, or too poor to matter."""
    top = np.max(logs, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):
        shape = np.where(np.isfinite(top), np.exp(logs - top), 0.0)
    nodes, weights = leggauss(_NODES_PER_PIECE)
    # The two highest Legendre coefficients tell what a polynomial of this degree misses.
    last = [
        np.polynomial.Legendre.basis(k)(nodes) * weights for k in (_NODES_PER_PIECE - 2, _NODES_PER_PIECE - 1)
    ]
    rest = sum(np.abs(shape @ one) for one in last)
    total = shape @ weights
    share = np.exp(np.minimum(whole - best, 0.0)) if np.isfinite(best) else np.zeros(len(whole))
    return np.asarray(
        (rest * share <= _TOLERANCE * np.maximum(total, 1e-300)) | (np.max(logs, axis=1) == -np.inf)
    )


def _spread(
    pieces: Array, shares: Array, found: list[tuple[Array, Array]]
) -> tuple[float, float, int, tuple[float, float]]:
    """Peak, duration of the middle 99.7 %, and number of separate peaks of the rate."""
    times = np.concatenate([part for part, _ in found])
    logs = np.concatenate([part for _, part in found])
    order = np.argsort(times)
    times, logs = times[order], logs[order]
    if not np.any(np.isfinite(shares)):
        return 0.0, 0.0, 0, (float(times[0]), float(times[-1]))
    steps = np.cumsum(np.exp(shares - logsumexp(shares)))
    first = pieces[np.searchsorted(steps, 0.00135), 0]
    last = pieces[min(int(np.searchsorted(steps, 0.99865)), len(pieces) - 1), 1]
    high = logs > np.max(logs) - np.log(100.0)
    passages = int(np.count_nonzero(np.diff(np.concatenate([[False], high]).astype(int)) == 1))
    busy = times[logs > np.max(logs) - 25.0]
    return float(times[np.argmax(logs)]), float(last - first), passages, (float(busy[0]), float(busy[-1]))


def _sphere_size(here: Overlap, row: int, radius_m: float) -> int | None:
    """The coarsest sphere that is fine enough at one instant, if there is one.

    Twice the nodes square the error, so that what the last doubling changed tells the error that is left.
    """
    previous = -np.inf
    for size in _SPHERES:
        directions, weights = sphere(size)
        value = float(_flux(here, np.array([row]), radius_m, directions, weights)[0])
        change = abs(value - previous)
        if change < _DOUBLING or value == previous:
            return size
        previous = value
    return _SPHERES[-1] if change < _LAST_DOUBLING else None


def _flux(here: Overlap, rows: NDArray[np.intp], radius_m: float, directions: Array, weights: Array) -> Array:
    """Logarithms (m,) of the flux over the whole sphere at instants ``rows``."""
    density, inward = _terms(here, rows, radius_m, directions)
    return np.asarray(logsumexp(density + inward + np.log(weights * radius_m**2), axis=1))


def _terms(here: Overlap, rows: NDArray[np.intp], radius_m: float, directions: Array) -> tuple[Array, Array]:
    """Logarithms (m, q) of the density on the sphere and of the mean inward speed there."""
    covariance, cross = here.position_covariance[rows], here.cross_covariance[rows]
    inverse = np.linalg.inv(covariance)
    gain = np.swapaxes(cross, 1, 2) @ inverse
    offsets = radius_m * directions - here.position_m[rows, np.newaxis, :]
    solved = offsets @ inverse
    log_density = -0.5 * np.sum(offsets * solved, axis=2)
    log_density -= 0.5 * (np.linalg.slogdet(covariance)[1] + 3.0 * np.log(2.0 * np.pi))[:, np.newaxis]
    outward = here.velocity_m_s[rows] @ directions.T + np.einsum("mqi,mji,qj->mq", offsets, gain, directions)
    rest = here.velocity_covariance[rows] - gain @ cross
    sigma = np.sqrt(np.maximum(np.einsum("qi,mij,qj->mq", directions, rest, directions), 0.0))
    return log_density, _log_inward(outward, sigma)


def _log_inward(outward: Array, sigma: Array) -> Array:
    """Logarithm of the mean of max(0, -v) for a normal v."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(sigma > 0.0, -outward / sigma, np.inf * np.sign(-outward))
        steady = np.log(np.maximum(-outward, 0.0))
        # phi(z) + z Phi(z); for z far below zero it is phi(z) / z^2 (1 - 3 / z^2).
        log_phi = -0.5 * z**2 - 0.5 * np.log(2.0 * np.pi)
        near = np.log(np.maximum(np.exp(log_phi) + z * np.exp(log_ndtr(z)), 1e-300))
        tail = log_phi - 2.0 * np.log(-z) + np.log1p(-3.0 / z**2)
        spread = np.log(sigma) + np.where(z < -8.0, tail, near)
    return np.where((sigma > 0.0) & (z < 30.0), spread, steady)
