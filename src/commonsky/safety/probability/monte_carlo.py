"""Collisions counted: orbits drawn from both uncertainties, followed by two-body motion, with importance sampling.

Drawn are equinoctial elements, in which an orbit's error stays Gaussian for longest. Where collisions are rare the
draws are pulled towards them: each draw's place in the encounter plane is drawn anew from a mixture of what the
uncertainty says and of the same tilted towards the hard body at several widths, and counts with the ratio of both
densities. The mixture keeps the plain draw, so no collision counts for more than 1 / its share, and the estimate is
without bias whatever the motion is like.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import beta, chi2

from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.safety.probability.conjunction import Cloud, Conjunction
from commonsky.safety.probability.covariance import CLIP_OF_RADIUS, floored
from commonsky.safety.probability.encounter_plane import plane_axes
from commonsky.safety.probability.overlap import Overlap, overlap

Array = NDArray[np.float64]

CONFIDENCE = 0.95
_PLAIN_ABOVE = 0.01
_PLAIN_SHARE = 0.1
_WIDTHS = (0.7, 2.0, 7.0, 30.0, 150.0, 800.0)
_WIDTH_SHARES = (0.3, 0.2, 0.15, 0.1, 0.1, 0.05)
_PARABOLA_ERROR = 0.01  # of the radius, or of the least sigma of the relative position where that is smaller
_NEARER = 0.9
_LONGEST_ANGLE = 0.1  # rad that a step may cover: beyond it a parabola is no good picture of an orbit


@dataclass(frozen=True)
class Count:
    """A probability counted, its two-sided interval at `CONFIDENCE`, and how many collisions stand behind it."""

    probability: float
    low: float
    high: float
    samples: int
    effective_hits: float
    importance: bool


def count_collisions(
    conjunction: Conjunction,
    window_s: tuple[float, float],
    samples: int,
    chance: np.random.Generator,
    *,
    towards: tuple[float, float] | None = None,
) -> Count:
    """Share of drawn pairs that come within the hard-body radius during a window, or are within it at its start.

    ``towards`` is a guess of the probability and the time of the meeting (seconds from closest approach); when
    the guess is small importance sampling is used. Raises OpenOrbitError.
    """
    clouds = conjunction.clouds()
    drawn = [
        cloud.elements + chance.standard_normal((samples, 6)) @ _root(cloud.covariance).T for cloud in clouds
    ]
    weights = np.ones(samples)
    importance = towards is not None and towards[0] < _PLAIN_ABOVE
    if importance and towards is not None:
        here = overlap(conjunction, np.array([towards[1]]))
        weights = _pull(clouds, drawn, here, conjunction.hard_body.radius_m, chance)
    hit = np.zeros(samples, dtype=np.bool_)
    radius = conjunction.hard_body.radius_m
    _follow(drawn[0], drawn[1], clouds[0].axes, clouds[1].axes, *window_s, radius, _slack(conjunction), hit)
    return _weighed(weights[hit], samples) if importance else _counted(int(hit.sum()), samples)


def _slack(conjunction: Conjunction) -> float:
    """Metres by which a distance may be wrong without moving the count: a small part of what it can tell apart."""
    covariance = conjunction.covariance
    assert covariance is not None  # both are known when orbits are drawn
    least = np.sqrt(max(np.linalg.eigvalsh(covariance[:3, :3])[0], 0.0))
    radius = conjunction.hard_body.radius_m
    return float(_PARABOLA_ERROR * min(radius, max(least, _PARABOLA_ERROR * radius)))


def _counted(hits: int, samples: int) -> Count:
    """Clopper-Pearson interval of a binomial share."""
    rest = 0.5 * (1.0 - CONFIDENCE)
    low = float(beta.ppf(rest, hits, samples - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - rest, hits + 1, samples - hits)) if hits < samples else 1.0
    return Count(hits / samples, low, high, samples, float(hits), importance=False)


def _weighed(weights: Array, samples: int) -> Count:
    """Interval as of a Poisson count of so many collisions of equal weight as have the same relative variance."""
    if weights.size == 0 or not np.any(weights > 0.0):
        return Count(0.0, 0.0, min(1.0, 3.0 / (_PLAIN_SHARE * samples)), samples, 0.0, importance=True)
    estimate = float(weights.sum()) / samples
    effective = float(weights.sum()) ** 2 / float(np.sum(weights**2))
    rest = 0.5 * (1.0 - CONFIDENCE)
    low = estimate * float(chi2.ppf(rest, 2.0 * effective)) / (2.0 * effective)
    high = estimate * float(chi2.ppf(1.0 - rest, 2.0 * effective + 2.0)) / (2.0 * effective)
    return Count(min(estimate, 1.0), low, min(high, 1.0), samples, effective, importance=True)


def _root(covariance: Array) -> Array:
    """A matrix whose square is the covariance, also of a singular one, its numbers being of very unlike sizes."""
    sigmas = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    scale = np.where(sigmas > 0.0, sigmas, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return np.asarray(scale[:, np.newaxis] * vectors * np.sqrt(np.maximum(values, 0.0)))


def _pull(
    clouds: tuple[Cloud, Cloud],
    drawn: list[Array],
    here: Overlap,
    radius_m: float,
    chance: np.random.Generator,
) -> Array:
    """Move draws in place towards the meeting; the weights (n,) that make up for it."""
    axes = plane_axes(here.position_m, here.velocity_m_s)[0]
    partials = [
        axes @ cloud.linearised(here.meeting[i, 0], here.elapsed_s[0])[1][:3]
        for i, cloud in enumerate(clouds)
    ]
    middle = axes @ here.position_m[0]
    spread = sum(part @ cloud.covariance @ part.T for part, cloud in zip(partials, clouds, strict=True))
    spread = floored(np.asarray(spread), CLIP_OF_RADIUS * radius_m)
    place = middle + (drawn[1] - clouds[1].elements) @ partials[1].T
    place = place - (drawn[0] - clouds[0].elements) @ partials[0].T
    wanted, weights = _tilted(middle, spread, place, radius_m, chance)
    push = np.linalg.solve(spread, (wanted - place).T)
    for i, sign in enumerate((-1.0, 1.0)):
        drawn[i] += sign * (clouds[i].covariance @ partials[i].T @ push).T
    return weights


def _tilted(
    middle: Array, spread: Array, place: Array, radius_m: float, chance: np.random.Generator
) -> tuple[Array, Array]:
    """New places (n, 2) from the mixture, and the ratios (n,) of the plain density to the mixture's."""
    inverse = np.linalg.inv(spread)
    which = chance.choice(len(_WIDTHS) + 1, size=len(place), p=[_PLAIN_SHARE, *_WIDTH_SHARES])
    wanted = place.copy()
    logs = [np.full(len(place), math.log(_PLAIN_SHARE))]
    for k, (width, share) in enumerate(zip(_WIDTHS, _WIDTH_SHARES, strict=True), start=1):
        variance = (width * radius_m) ** 2
        narrow = np.linalg.inv(inverse + np.eye(2) / variance)
        rows = which == k
        normal = chance.standard_normal((int(rows.sum()), 2))
        wanted[rows] = narrow @ inverse @ middle + normal @ np.linalg.cholesky(narrow).T
        # The tilt is the product with a normal density of that width about the hard body, made to integrate to one.
        whole = spread + variance * np.eye(2)
        log_one = 0.5 * float(middle @ np.linalg.solve(whole, middle) + np.linalg.slogdet(whole)[1])
        logs.append(np.full(len(place), math.log(share) + log_one - math.log(variance)))
    for k, width in enumerate(_WIDTHS, start=1):
        logs[k] = logs[k] - 0.5 * np.sum(wanted**2, axis=1) / (width * radius_m) ** 2
    return wanted, np.exp(-logsumexp(np.stack(logs), axis=0))


@numba.njit(cache=True, inline="always")
def _place(e: Array, axes: Array, elapsed: float, out: Array) -> None:
    """Inertial state of elements after some seconds; the formulas of `elements.state_from_elements`, one by one."""
    n, k, h, p, q = e[0], e[1], e[2], e[3], e[4]
    mean = e[5] + n * elapsed
    found = k * math.sin(mean) - h * math.cos(mean)
    if k * k + h * h > 0.09:
        found = 0.85 * math.copysign(math.sqrt(k * k + h * h), found)
    found += mean
    for _ in range(20):
        cosine, sine = math.cos(found), math.sin(found)
        newton = -(found + h * cosine - k * sine - mean) / (1.0 - h * sine - k * cosine)
        slope = 1.0 - h * sine - k * cosine
        step = newton * slope / (slope + 0.5 * newton * (k * sine - h * cosine))
        found += step
        if abs(step) < 1e-5:  # cubic convergence: the next one would be below rounding
            break
    cosine, sine = math.cos(found), math.sin(found)
    beta_ = 1.0 / (1.0 + math.sqrt(1.0 - h * h - k * k))
    axis = (EARTH_GM_M3_S2 / n**2) ** (1.0 / 3.0)
    u, w, c = 1.0 - h * h * beta_, 1.0 - k * k * beta_, h * k * beta_
    speed = n * axis / (1.0 - h * sine - k * cosine)
    x, y = axis * (u * cosine + c * sine - k), axis * (w * sine + c * cosine - h)
    dx, dy = speed * (c * cosine - u * sine), speed * (w * cosine - c * sine)
    size = 1.0 + p * p + q * q
    f0, f1, f2 = (1.0 - p * p + q * q) / size, 2.0 * p * q / size, -2.0 * p / size
    g0, g1, g2 = 2.0 * p * q / size, (1.0 + p * p - q * q) / size, 2.0 * q / size
    for j in range(3):
        out[j] = (
            axes[0, j] * (x * f0 + y * g0) + axes[1, j] * (x * f1 + y * g1) + axes[2, j] * (x * f2 + y * g2)
        )
        out[3 + j] = (
            axes[0, j] * (dx * f0 + dy * g0)
            + axes[1, j] * (dx * f1 + dy * g1)
            + axes[2, j] * (dx * f2 + dy * g2)
        )


@numba.njit(cache=True)
def _nearest(r: Array, v: Array, a: Array, reach: float) -> float:
    """Least distance of the parabola r + v s + a s^2 / 2 for s from 0 to ``reach``."""
    speed = v[0] ** 2 + v[1] ** 2 + v[2] ** 2
    s = 0.0
    if speed > 0.0:
        s = -(r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) / speed
    s = min(max(s, 0.0), reach)
    best = math.inf
    for _ in range(6):
        away, slope, bend = 0.0, 0.0, 0.0
        for j in range(3):
            x = r[j] + v[j] * s + 0.5 * a[j] * s * s
            dx = v[j] + a[j] * s
            away += x * x
            slope += x * dx
            bend += dx * dx + x * a[j]
        best = min(best, away)
        turning = reach if slope < 0.0 else 0.0
        s = turning if bend <= 0.0 else min(max(s - slope / bend, 0.0), reach)
    ends = 0.0
    for j in range(3):
        ends += (r[j] + v[j] * reach + 0.5 * a[j] * reach * reach) ** 2
    return math.sqrt(min(best, ends))


@numba.njit(cache=True)
def _meets(  # noqa: PLR0913  # a kernel takes numbers, not records
    first: Array,
    second: Array,
    axes_1: Array,
    axes_2: Array,
    start: float,
    end: float,
    radius: float,
    slack: float,
) -> bool:
    """Whether two orbits come within a radius of each other between two times, to ``slack`` metres."""
    one, two = np.empty(6), np.empty(6)
    r, v, a = np.empty(3), np.empty(3), np.empty(3)
    longest_rate = max(first[0], second[0])
    longest = _LONGEST_ANGLE / longest_rate
    now = start
    while True:
        _place(first, axes_1, now, one)
        _place(second, axes_2, now, two)
        cube_1 = (one[0] ** 2 + one[1] ** 2 + one[2] ** 2) ** 1.5
        cube_2 = (two[0] ** 2 + two[1] ** 2 + two[2] ** 2) ** 1.5
        squared, quick, pull = 0.0, 0.0, 0.0
        for j in range(3):
            r[j] = two[j] - one[j]
            v[j] = two[3 + j] - one[3 + j]
            a[j] = EARTH_GM_M3_S2 * (one[j] / cube_1 - two[j] / cube_2)
            squared += r[j] ** 2
            quick += v[j] ** 2
            pull += a[j] ** 2
        if squared < radius**2:
            return True
        gradient = 2.0 * EARTH_GM_M3_S2 / min(cube_1, cube_2)
        left = end - now
        if left <= 0.0:
            return False
        # A step as long as its parabola strays from the line by no more than half the way to the hard body.
        away = math.sqrt(squared) - radius
        speed, pull = math.sqrt(quick), math.sqrt(pull)
        step = min(longest, left, math.sqrt(max(away, radius) / max(pull, 1e-12)))
        # What the parabola leaves out grows with the cube of the step: the change of the pull along the way.
        jerk = gradient * speed + longest_rate * pull
        sure = (6.0 * slack / max(jerk, 1e-15)) ** (1.0 / 3.0)
        if step > sure and _nearest(r, v, a, step) < radius + jerk * step**3 / 6.0:
            # Go as near as the bodies surely do not meet before, and look again from there.
            step = max(min(step, sure), min(step, _NEARER * away / (speed + pull * step)))
        if step <= sure and _nearest(r, v, a, step) < radius:
            return True
        now += step


@numba.njit(cache=True, parallel=True)
def _follow(  # noqa: PLR0913  # as above
    firsts: Array,
    seconds: Array,
    axes_1: Array,
    axes_2: Array,
    start: float,
    end: float,
    radius: float,
    slack: float,
    hit: NDArray[np.bool_],
) -> None:
    for i in numba.prange(firsts.shape[0]):
        e, f = firsts[i], seconds[i]
        # A draw on no closed orbit, which only absurd uncertainties give, is left out: it does not count as a hit.
        if e[0] > 0.0 and f[0] > 0.0 and e[1] ** 2 + e[2] ** 2 < 0.999 and f[1] ** 2 + f[2] ** 2 < 0.999:
            hit[i] = _meets(e, f, axes_1, axes_2, start, end, radius, slack)
