"""Probability of fast encounters: the Gaussian of the miss over the disc of the combined hard body.

All functions take columns in the encounter plane: miss (n, 2) m, covariance (n, 2, 2) m2, radius (n,) m (`project`
makes them). Sigmas below 1e-4 of the radius are raised to that. Results are never negative and never NaN for finite
input; what is under the least double is 0, and `log_foster_2d` has its logarithm.

Sources: Foster and Estes, NASA JSC-25898 (1992); Akella and Alfriend, JGCD 23 (2000); Elrod, doctoral thesis (2019);
Chan, Spacecraft Collision Probability (2008); Alfano, JGCD 28 (2005) for the maximum over the covariance's scale;
Frisbee, "An upper bound on high speed satellite collision probability when only one object has position uncertainty
information", AAS 15-717 (2015).
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, gammainc, gammaln, log_ndtr, logsumexp

from commonsky.safety.probability.covariance import CLIP_OF_RADIUS
from commonsky.safety.probability.encounter_plane import principal

Array = NDArray[np.float64]

_ROWS = 2048  # at a time, so that the working arrays stay in tens of megabytes
_PANEL_NODES = 12
_NARROW = 1e-4
_HALF_TURN = 0.5 * np.pi
# At the maximum the long sigma is no less than 0.7 radii, so that few nodes tell where it is; the second look refines.
_SEARCH = (np.geomspace(0.02, 20.0, 41), np.geomspace(0.94, 1.0 / 0.94, 5))
_SEARCH_NODES = 64


def elrod_2d(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike, *, nodes: int = 64) -> Array:
    """Probabilities (n,) by Gauss-Chebyshev quadrature of the second kind along the long axis of the ellipse.

    The fastest method here, and as good as `foster_2d` while the sigmas are not much smaller than the radius: with 64
    nodes 1e-9 relative for a long sigma of half the radius. Source: Elrod 2019.
    """
    return _chebyshev(*_columns(miss_m, covariance_m2, radius_m), nodes)


def foster_2d(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike) -> Array:
    """Probabilities (n,): Foster's integral over the disc, to about 1e-10 relative for any ratio of the lengths."""
    return np.clip(np.exp(log_foster_2d(miss_m, covariance_m2, radius_m)), 0.0, 1.0)


def log_foster_2d(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike) -> Array:
    """Natural logarithms (n,) of `foster_2d`, exact far below the least double.

    The inner integral is a difference of normal distributions, the outer one is done over the angle on panels that
    are fine where the integrand is peaked.
    """
    return _log_by_chunks(*_columns(miss_m, covariance_m2, radius_m))


def chan_2d(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike) -> Array:
    """Probabilities (n,) by Chan's equivalent circle of the same area, the series summed until it has converged.

    An approximation: good while the radius is well under the sigmas, a bound for orientation beyond.
    """
    miss, sigmas, radius = _columns(miss_m, covariance_m2, radius_m)
    half_u = 0.5 * radius**2 / (sigmas[:, 0] * sigmas[:, 1])
    half_v = 0.5 * np.sum((miss / sigmas) ** 2, axis=1)
    found = np.empty(radius.shape)
    # Terms are greatest near the lesser of the Poisson mean and the geometric mean of both arguments.
    most = np.minimum(half_v, np.maximum(np.sqrt(half_u * half_v), half_u))
    terms = np.fmin(np.ceil(most + 12.0 * np.sqrt(most + 1.0) + 30.0), 20_000).astype(np.int64)
    order = np.argsort(terms, kind="stable")
    start = 0
    while start < order.size:
        take = max(1, min(_ROWS, 2_000_000 // int(terms[order[min(start + _ROWS, order.size) - 1]])))
        rows = order[start : start + take]
        m = np.arange(terms[rows].max(), dtype=np.float64)
        with np.errstate(divide="ignore"):
            inner = np.log(gammainc(m + 1.0, half_u[rows, np.newaxis]))
            weight = m * np.log(np.maximum(half_v[rows], 1e-300))[:, np.newaxis] - gammaln(m + 1.0)
        found[rows] = logsumexp(weight + inner, axis=1) - half_v[rows]
        start += take
    return np.clip(np.exp(found), 0.0, 1.0)


def maximum_2d(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike) -> tuple[Array, Array]:
    """The greatest probabilities (n,) over the size of the covariance, its shape kept, and where: scales (n,).

    A scale multiplies the standard deviations. When the centre of the other body lies within the disc the maximum is 1
    at scale 0. Source: Alfano 2005, by search instead of his fit.
    """
    miss, sigmas, radius = _columns(miss_m, covariance_m2, radius_m)
    distance = np.sqrt(np.sum((miss / sigmas) ** 2, axis=1))
    scale = np.maximum(distance, 1e-12) / np.sqrt(2.0)  # where a small body has its maximum
    for steps in _SEARCH:
        scale = scale * _best_step(miss, sigmas * scale[:, np.newaxis], radius, steps)
    height, as_stated = (
        _log_by_chunks(miss, sigmas * scale[:, np.newaxis], radius),
        _log_by_chunks(miss, sigmas, radius),
    )
    scale = np.where(as_stated > height, 1.0, scale)  # a flat or second hill, which the search may pass by
    inside = np.linalg.norm(miss, axis=1) < radius
    return (
        np.where(inside, 1.0, np.clip(np.exp(np.maximum(height, as_stated)), 0.0, 1.0)),
        np.where(inside, 0.0, scale),
    )


def frisbee_maximum_2d(
    miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike
) -> tuple[Array, Array]:
    """The greatest probabilities (n,) over all covariances of the other object, and its sigmas (n,) along the miss.

    ``covariance_m2`` is the known one alone. The worst other covariance lies along the miss vector with variance
    d^2 (K^2 - 1) / K^2 for miss d and Mahalanobis distance K over 1, else it is nothing. Source: Frisbee 2015.
    """
    miss, sigmas, radius = _columns(miss_m, covariance_m2, radius_m)
    squared = np.sum((miss / sigmas) ** 2, axis=1)
    share = np.where(squared > 1.0, 1.0 - 1.0 / np.maximum(squared, 1.0), 0.0)
    added = share[:, np.newaxis, np.newaxis] * miss[:, :, np.newaxis] * miss[:, np.newaxis, :]
    known = np.einsum("ni,ij->nij", sigmas**2, np.eye(2))
    return foster_2d(miss, known + added, radius), np.sqrt(share) * np.linalg.norm(miss, axis=1)


def greatest_of_all(miss_distance_m: ArrayLike, radius_m: ArrayLike) -> Array:
    """The greatest probabilities (n,) that any Gaussian centred on the miss can give: no covariance is known.

    It is that of a covariance along the miss vector with nothing across it (aspect ratio without bound, Alfano 2005):
    the normal distribution between d - R and d + R at its best sigma.
    """
    distance = np.asarray(miss_distance_m, dtype=np.float64)
    radius = np.broadcast_to(np.asarray(radius_m, dtype=np.float64), distance.shape)
    outside = np.maximum(distance, radius * (1.0 + 1e-12))
    with np.errstate(divide="ignore", invalid="ignore"):
        # The derivative over sigma vanishes at sigma^2 = 2 d R / ln((d + R) / (d - R)).
        sigma = np.sqrt(2.0 * outside * radius / np.log1p(2.0 * radius / (outside - radius)))
        band = _log_band((outside - radius) / sigma, (outside + radius) / sigma)
    return np.where(distance <= radius, 1.0, np.exp(band))


def _columns(miss_m: ArrayLike, covariance_m2: ArrayLike, radius_m: ArrayLike) -> tuple[Array, Array, Array]:
    rows = np.asarray(miss_m, dtype=np.float64).reshape(-1, 2).shape[0]
    radius = np.broadcast_to(np.asarray(radius_m, dtype=np.float64), (rows,))
    miss, sigmas = principal(miss_m, covariance_m2, CLIP_OF_RADIUS * radius)
    return miss, sigmas, radius


def _chebyshev(miss: Array, sigmas: Array, radius: Array, nodes: int) -> Array:
    angles = np.arange(1, nodes + 1) * np.pi / (nodes + 1)
    x = radius[:, np.newaxis] * np.cos(angles)
    half = radius[:, np.newaxis] * np.sin(angles)
    spread = np.exp(-0.5 * ((x - miss[:, :1]) / sigmas[:, :1]) ** 2)
    near = np.abs(miss[:, 1:])
    root_2_sigma = np.sqrt(2.0) * sigmas[:, 1:]
    # The far tail keeps its digits as a difference of complements, not of values near one.
    band = erfc((near - half) / root_2_sigma) - erfc((near + half) / root_2_sigma)
    total = np.sum(spread * band * half, axis=1) * np.pi / (nodes + 1)
    return np.asarray(np.clip(total / (2.0 * np.sqrt(2.0 * np.pi) * sigmas[:, 0]), 0.0, 1.0))


def _best_step(miss: Array, sigmas: Array, radius: Array, steps: Array) -> Array:
    """Which of ``steps`` (k,), even in the logarithm, times the sigmas gives most: (n,), between them by a parabola."""
    heights = np.stack([_chebyshev(miss, sigmas * step, radius, _SEARCH_NODES) for step in steps], axis=1)
    best = np.clip(np.argmax(heights, axis=1), 1, steps.size - 2)
    rows = np.arange(len(radius))
    low, middle, high = (np.log(np.maximum(heights[rows, best + k], 1e-300)) for k in (-1, 0, 1))
    bend = 2.0 * middle - low - high
    offset = np.where(bend > 0.0, 0.5 * (high - low) / np.where(bend > 0.0, bend, 1.0), np.sign(high - low))
    return np.asarray(steps[best] * (steps[1] / steps[0]) ** np.clip(offset, -1.0, 1.0))


def _log_by_chunks(miss: Array, sigmas: Array, radius: Array) -> Array:
    sigmas = np.maximum(sigmas, CLIP_OF_RADIUS * radius[:, np.newaxis])
    found = np.empty(radius.shape)
    for start in range(0, radius.size, _ROWS):
        rows = slice(start, start + _ROWS)
        found[rows] = _log_disc(miss[rows], sigmas[rows], radius[rows])
    return np.minimum(found, 0.0)


def _log_disc(miss: Array, sigmas: Array, radius: Array) -> Array:
    """Logarithm of the Gaussian's share in the disc; lengths in radii, x = sin(angle), half chord = cos(angle)."""
    x0, y0 = miss[:, 0] / radius, np.abs(miss[:, 1]) / radius
    s, t = sigmas[:, 0] / radius, sigmas[:, 1] / radius
    edges = _panels(x0, y0, s, t)
    nodes, weights = leggauss(_PANEL_NODES)
    half_width = 0.5 * np.diff(edges, axis=1)
    angles = (edges[:, :-1] + half_width)[:, :, np.newaxis] + half_width[:, :, np.newaxis] * nodes
    angles = angles.reshape(len(radius), -1)
    cosine = np.cos(angles)
    band = _log_band(
        (y0[:, np.newaxis] - cosine) / t[:, np.newaxis], (y0[:, np.newaxis] + cosine) / t[:, np.newaxis]
    )
    exponent = -0.5 * ((np.sin(angles) - x0[:, np.newaxis]) / s[:, np.newaxis]) ** 2 + band
    peak = np.max(exponent, axis=1, keepdims=True)
    share = np.exp(exponent - peak) * cosine * (half_width[:, :, np.newaxis] * weights).reshape(angles.shape)
    with np.errstate(divide="ignore"):
        return np.asarray(peak[:, 0] + np.log(np.sum(share, axis=1) / (np.sqrt(2.0 * np.pi) * s)))


def _panels(x0: Array, y0: Array, s: Array, t: Array) -> Array:
    """Edges (n, k) of panels in angle, sorted: fine about the likeliest point of the disc and where the chord ends."""
    peak, width = _likeliest(x0, y0, s, t)
    steps = np.concatenate([[0.0], 2.0 ** np.arange(-1, 12, 1.5)])
    steps = np.concatenate([-steps[:0:-1], steps])
    around = peak[:, np.newaxis] + width[:, np.newaxis] * steps
    sigmas = x0[:, np.newaxis] + s[:, np.newaxis] * np.array([-8.0, -4.0, -1.5, 1.5, 4.0, 8.0])
    chords = y0[:, np.newaxis] + t[:, np.newaxis] * np.array([-8.0, -3.0, 0.0, 3.0, 8.0])
    ends = np.arccos(np.clip(chords, 0.0, 1.0))
    fixed = np.broadcast_to(np.array([-1.0, -0.5, 0.0, 0.5, 1.0]) * _HALF_TURN, (x0.size, 5))
    edges = np.concatenate([around, np.arcsin(np.clip(sigmas, -1.0, 1.0)), ends, -ends, fixed], axis=1)
    return np.sort(np.clip(edges, -_HALF_TURN, _HALF_TURN), axis=1)


def _likeliest(x0: Array, y0: Array, s: Array, t: Array) -> tuple[Array, Array]:
    """Angle (n,) where the exponent is least, and over what angle it rises by about one."""

    def exponent(angle: Array) -> Array:
        sine, cosine = np.sin(angle), np.cos(angle)
        across = (sine - x0[:, np.newaxis]) / s[:, np.newaxis]
        chord = np.maximum(y0[:, np.newaxis] - cosine, 0.0) / t[:, np.newaxis]
        return np.asarray(0.5 * (across**2 + chord**2))

    steps = np.linspace(-1.0, 1.0, 17)
    centre, reach = np.zeros(x0.size), _HALF_TURN
    for _ in range(9):
        angles = np.clip(centre[:, np.newaxis] + reach * steps, -_HALF_TURN, _HALF_TURN)
        values = exponent(angles)
        centre = angles[np.arange(x0.size), np.argmin(values, axis=1)]
        reach /= 6.0
    offsets = np.geomspace(1e-7, 2.0, 40)
    rises = np.maximum(
        exponent(np.minimum(centre[:, np.newaxis] + offsets, _HALF_TURN)),
        exponent(np.maximum(centre[:, np.newaxis] - offsets, -_HALF_TURN)),
    ) - exponent(centre[:, np.newaxis])
    return centre, offsets[np.minimum(np.argmax(rises > 0.5, axis=1) + 40 * np.all(rises <= 0.5, axis=1), 39)]


def _log_band(low: Array, high: Array) -> Array:
    """Logarithm of the normal distribution between ``low`` and ``high``, whose middle is not below zero."""
    width, middle = high - low, 0.5 * (high + low)
    narrow = width * np.maximum(1.0, middle) < _NARROW
    with np.errstate(divide="ignore", invalid="ignore"):
        upper = log_ndtr(-low)
        wide = upper + np.log1p(-np.exp(np.minimum(log_ndtr(-high) - upper, 0.0)))
        series = -0.5 * middle**2 - 0.5 * np.log(2.0 * np.pi) + np.log(width)
        series = series + np.log1p(width**2 * (middle**2 - 1.0) / 24.0)
    return np.where(narrow, series, wide)
