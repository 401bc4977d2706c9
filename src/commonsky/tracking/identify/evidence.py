"""How well the objects of a catalogue explain a tracklet, and how well one that is in no catalogue would.

What an element set may be wrong by is six numbers in units of their sigmas: late or early on its orbit, a wrong
axis, a wrong ellipse (two), a wrong plane (two). Together with the sensor's noise they make the residuals of a
tracklet; the six are found that explain the residuals best (a few Gauss-Newton steps, since an old element set may be
seconds late), and what is left is judged at the end by the linear model there: the evidence is a marginal
likelihood, Gaussian for each width of the mixture that errors are drawn from.

An object in no catalogue is one whose six numbers are as wide as the catalogue itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.frames import gcrf_from_teme
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.two_body import gravity
from commonsky.tracking.identify.element_set_errors import WIDTHS, ElementSetErrors
from commonsky.tracking.identify.known_orbits import KnownOrbits
from commonsky.tracking.looks import Looks

Array = NDArray[np.float64]
Index = NDArray[np.intp]

STEPS = 4
_ALONG = 0
_SEARCH_WIDTH = 12.0
_FREE_WIDTH = 1e4
_AXIS_SHARE = 0.1  # of the radial error, the rest is a wrong ellipse
_WORST_STEP_S = 900.0
_LEAST_SURE = 6
_SHRINK = 10.0  # values' worth of belief in the stated noise: a few residuals do not tell it
_MOST_ALONG, _MOST_ACROSS = 0.05, 0.003  # of the semi-major axis


@dataclass(frozen=True)
class Evidence:
    """For c candidates, rows of the catalogue, in the order given.

    Attributes
    ----------
    log_likelihood
        Of the tracklet, if it is of the candidate (c,).
    log_likelihood_unknown
        If it is of an object that is in no catalogue.
    distance
        Of the element set from the orbit that was seen, in its own sigmas (c,); ``dimensions`` is how many of the six
        numbers were seen, so that its square is of chi-square with that many degrees of freedom.
    corrections_m
        What the observations say the element set is off by (c, 3): along the orbit, radial, cross-track, at the
        tracklet's middle; as far as they see it, the rest stays near zero.
    late_s
        The first of these as time (c,): positive when the object comes later than its element set says.
    rms
        What the best correction leaves, over the sensor's sigmas (c,).
    residuals
        Observed less predicted by the element sets as they are (c, n).
    noise_scale
        By how much the sensor's stated sigmas were enlarged, since no orbit at all fits better.

    """

    log_likelihood: Array
    log_likelihood_unknown: float
    distance: Array
    dimensions: int
    corrections_m: Array
    late_s: Array
    rms: Array
    residuals: Array
    noise_scale: float


def evidence(known: KnownOrbits, rows: Index, seen: Looks) -> Evidence:
    """Judge candidates (rows of the catalogue, at least one) for one tracklet."""
    middle = 0.5 * float(seen.epochs_tai_s.min() + seen.epochs_tai_s.max())
    errors = known.growth.at(rows, middle)
    orbits = _Orbits(known, rows, seen, errors, middle)
    numbers = np.zeros((rows.size, 6))
    residuals, partials = orbits.residuals(numbers)
    first = residuals
    best, best_cost = numbers, np.full(rows.size, np.inf)
    for step in range(STEPS):
        cost = np.sum((residuals / seen.sigmas) ** 2, axis=1) + np.sum((numbers / _SEARCH_WIDTH) ** 2, axis=1)
        better = np.asarray(cost < best_cost)
        best = np.where(better[:, np.newaxis], numbers, best)
        best_cost = np.where(better, cost, best_cost)
        if step == STEPS - 1:
            break
        model = _Linear(residuals / seen.sigmas, partials / seen.sigmas[:, np.newaxis], numbers)
        numbers = orbits.bounded(model.best(_SEARCH_WIDTH))
        residuals, partials = orbits.residuals(numbers)
    residuals, partials = orbits.residuals(best)
    return _judged(known, rows, seen, orbits, _Point(first, residuals, partials, best))


@dataclass(frozen=True)
class _Point:
    first: Array
    residuals: Array
    partials: Array
    numbers: Array


def _judged(known: KnownOrbits, rows: Index, seen: Looks, orbits: "_Orbits", point: _Point) -> Evidence:
    count = seen.values.size
    partial_rows = point.partials.reshape(rows.size, -1)
    usable = np.asarray(np.isfinite(np.hstack([point.residuals, partial_rows])).all(axis=1))
    residuals = np.where(usable[:, np.newaxis], point.residuals, 0.0) / seen.sigmas
    partials = np.where(usable[:, np.newaxis, np.newaxis], point.partials, 0.0) / seen.sigmas[:, np.newaxis]
    free, _ = _Linear(residuals, partials, point.numbers).cost(_FREE_WIDTH)
    free = np.where(usable, free, np.inf)
    surplus = count - _LEAST_SURE
    scale = 1.0
    if surplus > 0 and np.isfinite(free.min()):
        scale = max(1.0, float(np.sqrt((free.min() + _SHRINK) / (surplus + _SHRINK))))
    model = _Linear(residuals / scale, partials / scale, point.numbers)
    constant = -0.5 * count * np.log(2.0 * np.pi) - float(np.sum(np.log(seen.sigmas * scale)))
    limits = _widest(known, rows, orbits.scales)
    parts = np.stack(
        [np.log(weight) - 0.5 * sum(model.cost(np.minimum(width, limits))) for width, weight in WIDTHS]
    )
    likelihood = np.where(usable, constant + np.logaddexp.reduce(parts, axis=0), -np.inf)
    unknown = constant - 0.5 * sum(model.cost(_catalogue_wide(known, rows, orbits.scales)))
    top = int(np.argmax(likelihood))
    near, _ = model.cost(1.0)
    best = model.best(_SEARCH_WIDTH)
    corrections = best * orbits.scales
    return Evidence(
        log_likelihood=likelihood,
        log_likelihood_unknown=float(unknown[top]) if usable.any() else 0.0,
        distance=np.where(usable, np.sqrt(np.maximum(near - free / scale**2, 0.0)), np.inf),
        dimensions=min(count, 6),
        corrections_m=np.stack([corrections[:, 0], corrections[:, 2], corrections[:, 4]], axis=1),
        late_s=-corrections[:, _ALONG] / orbits.speed_m_s,
        rms=np.where(usable, np.sqrt(free / max(1, surplus)), np.inf) if surplus > 0 else np.zeros(rows.size),
        residuals=point.first,
        noise_scale=scale,
    )


def _widest(known: KnownOrbits, rows: Index, scales: Array) -> Array:
    """The widest that the mixture gets (c, 6): a manoeuvre moves an orbit by some share of its size, at any age."""
    shares = np.array([_MOST_ALONG, _MOST_ACROSS, _MOST_ACROSS, _MOST_ACROSS, _MOST_ACROSS, _MOST_ACROSS])
    return np.asarray(np.maximum(3.0, known.semi_major_axes_m[rows, np.newaxis] * shares / scales))


def _catalogue_wide(known: KnownOrbits, rows: Index, scales: Array) -> Array:
    """How wide the six numbers (c, 6) of any object are: anywhere on a like orbit in about any plane."""
    axis = known.semi_major_axes_m[rows, np.newaxis]
    return np.asarray(axis * np.array([np.pi / np.sqrt(3.0), 0.05, 0.05, 0.05, 0.6, 0.6]) / scales)


@dataclass(frozen=True)
class _Linear:
    """Residuals (c, n) and partials (c, n, 6) in sigmas at a point (c, 6), seen as linear in the six numbers."""

    residuals: Array
    partials: Array
    numbers: Array

    def _moved(self) -> Array:
        return np.asarray(self.residuals + np.einsum("cnj,cj->cn", self.partials, self.numbers))

    def _information(self, width: float | Array) -> Array:
        prior = np.zeros_like(self.numbers) + 1.0 / np.asarray(width) ** 2
        return np.asarray(
            np.einsum("cni,cnj->cij", self.partials, self.partials) + prior[:, :, np.newaxis] * np.eye(6)
        )

    def best(self, width: float | Array) -> Array:
        """The six numbers (c, 6) that explain most, if they are drawn with that width."""
        pull = np.einsum("cnj,cn->cj", self.partials, self._moved())
        return np.asarray(np.linalg.solve(self._information(width), pull[:, :, np.newaxis])[:, :, 0])

    def cost(self, width: float | Array) -> tuple[Array, Array]:
        """Mahalanobis distance squared of the residuals (c,), and log of the ratio of their volume to the noise's."""
        numbers = self.best(width)
        left = self._moved() - np.einsum("cnj,cj->cn", self.partials, numbers)
        cost = np.sum(left**2, axis=1) + np.sum((numbers / width) ** 2, axis=1)
        _, logarithm = np.linalg.slogdet(self._information(width))
        widths = np.zeros_like(self.numbers) + np.log(np.asarray(width, dtype=np.float64))
        return cost, np.asarray(logarithm + 2.0 * np.sum(widths, axis=1))


class _Orbits:
    """The candidates' states at the looks, moved by the six numbers."""

    def __init__(
        self, known: KnownOrbits, rows: Index, seen: Looks, errors: ElementSetErrors, middle_tai_s: float
    ) -> None:
        self._known, self._rows, self._seen = known, rows, seen
        self._elapsed_s = seen.epochs_tai_s - middle_tai_s
        self._to_gcrf = gcrf_from_teme(seen.epochs_tai_s)
        shape = errors.radial_m
        self.scales = np.stack(
            [errors.along_m, _AXIS_SHARE * shape, shape, shape, errors.cross_m, errors.cross_m], axis=1
        )
        middle = known.states_teme(rows, np.full((rows.size, 1), middle_tai_s))[:, 0]
        self.speed_m_s = np.linalg.norm(middle[:, 3:], axis=1)
        momentum = np.linalg.norm(np.cross(middle[:, :3], middle[:, 3:]), axis=1)
        self._rate_rad_s = momentum / np.sum(middle[:, :3] ** 2, axis=1)

    def bounded(self, numbers: Array) -> Array:
        """The numbers with the shift along the orbit kept to a quarter of an hour."""
        with np.errstate(invalid="ignore"):
            most = _WORST_STEP_S * self.speed_m_s / self.scales[:, _ALONG]
            along = np.clip(numbers[:, _ALONG], -most, most)
        return np.concatenate([along[:, np.newaxis], numbers[:, 1:]], axis=1)

    def residuals(self, numbers: Array) -> tuple[Array, Array]:
        """Residuals (c, n) and partials (c, n, 6) by the numbers (c, 6)."""
        shift_s = (numbers[:, _ALONG] * self.scales[:, _ALONG] / self.speed_m_s)[:, np.newaxis]
        times = self._seen.epochs_tai_s + np.nan_to_num(shift_s)
        states = self._known.states_teme(self._rows, times)
        turned = np.einsum("mij,cmkj->cmki", self._to_gcrf, states.reshape(*times.shape, 2, 3))
        states = turned.reshape(*times.shape, 6)
        columns = self._columns(states)
        states = states + np.einsum("cmij,cj->cmi", columns[..., 1:], numbers[:, 1:])
        with np.errstate(invalid="ignore", divide="ignore"):
            residuals, partials = self._seen.residuals(states)
        by_observation = columns[:, self._seen.owner]
        return residuals, np.einsum("cni,cnij->cnj", partials, by_observation)

    def _columns(self, states: Array) -> Array:
        """What one sigma of each of the six does to the states: (c, m, 6, 6)."""
        columns = error_columns(states, self._rate_rad_s, self._elapsed_s)
        return np.asarray(columns * self.scales[:, np.newaxis, np.newaxis, :])


def error_columns(states: Array, rate_rad_s: Array, elapsed_s: Array) -> Array:
    """What a metre of each of the six does to states (c, m, 6), SI: (c, m, 6, 6).

    ``rate_rad_s`` (c,) is how fast each goes round, ``elapsed_s`` (m,) the time since the six were as they are. They
    are: along the orbit, a wrong axis, a wrong ellipse (radial now, radial a quarter later), a wrong plane (alike).
    """
    phase = rate_rad_s[:, np.newaxis] * elapsed_s
    sine, cosine, zero = np.sin(phase), np.cos(phase), np.zeros_like(phase)
    one = np.ones_like(phase)
    shapes = (  # of position on RTN axes, and the derivative of each by the phase
        ((one, -1.5 * phase, zero), (zero, -1.5 * one, zero)),
        ((cosine, -2.0 * sine, zero), (-sine, -2.0 * cosine, zero)),
        ((sine, 2.0 * (cosine - one), zero), (cosine, -2.0 * sine, zero)),
        ((zero, zero, cosine), (zero, zero, -sine)),
        ((zero, zero, sine), (zero, zero, cosine)),
    )
    axes = rtn_axes(states)
    rate = rate_rad_s[:, np.newaxis, np.newaxis]
    columns = np.empty((*states.shape, 6))
    speed = np.linalg.norm(states[..., 3:], axis=-1, keepdims=True)
    columns[..., :3, _ALONG] = states[..., 3:] / speed
    columns[..., 3:, _ALONG] = gravity(states[..., :3]) / speed
    for number, (place, slope) in enumerate(shapes, 1):
        offset, change = np.stack(place, axis=-1), np.stack(slope, axis=-1)
        turning = np.stack(
            [change[..., 0] - offset[..., 1], change[..., 1] + offset[..., 0], change[..., 2]], axis=-1
        )
        columns[..., :3, number] = np.einsum("cmij,cmi->cmj", axes, offset)
        columns[..., 3:, number] = np.einsum("cmij,cmi->cmj", axes, rate * turning)
    return columns
