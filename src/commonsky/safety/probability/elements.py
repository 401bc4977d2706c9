"""Equinoctial elements about a point mass: where an orbit's uncertainty stays Gaussian for longest.

Elements (..., 6) are mean motion (rad/s), k = e cos(w+W), h = e sin(w+W), p = tan(i/2) sin(W), q = tan(i/2) cos(W) and
mean longitude (rad), on axes that the caller chooses: `orbit_axes` gives those whose third axis is the orbit's own
normal, so that no orbit meets the singularity at 180 degrees. Only the mean longitude moves with time.

Source: Broucke and Cefola, "On the equinoctial orbit elements", Celestial Mechanics 5 (1972).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2

Array = NDArray[np.float64]
Numbers = NDArray[Any]  # real, or complex where derivatives are taken by a complex step

_KEPLER_STEPS = 12
_COMPLEX_STEP = 1e-30


class OpenOrbitError(ValueError):
    """A state that is on no closed orbit about the Earth, so that it has no such elements."""


def orbit_axes(state: Array) -> Array:
    """Rows (3, 3): axes with the orbit's normal as the third, for one inertial state (6,)."""
    normal = np.cross(state[:3], state[3:])
    third = normal / np.linalg.norm(normal)
    first = np.cross(np.eye(3)[np.argmin(np.abs(third))], third)
    first = first / np.linalg.norm(first)
    return np.stack([first, np.cross(third, first), third])


def elements_from_state(state: Array) -> Array:
    """Elements (..., 6) of states (..., 6), m and m/s. Raises OpenOrbitError where an orbit is not closed."""
    r, v = state[..., :3], state[..., 3:]
    radius = np.linalg.norm(r, axis=-1)
    axis = 1.0 / (2.0 / radius - np.sum(v * v, axis=-1) / EARTH_GM_M3_S2)
    normal = np.cross(r, v)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    p, q = normal[..., 0] / (1.0 + normal[..., 2]), -normal[..., 1] / (1.0 + normal[..., 2])
    f, g = _plane(p, q)
    pull = np.cross(v, np.cross(r, v)) / EARTH_GM_M3_S2 - r / radius[..., np.newaxis]
    k, h = np.sum(pull * f, axis=-1), np.sum(pull * g, axis=-1)
    if np.any(axis <= 0.0) or np.any(k * k + h * h >= 1.0):
        raise OpenOrbitError("the state is on no closed orbit about the Earth")
    x, y = np.sum(r * f, axis=-1), np.sum(r * g, axis=-1)
    root = np.sqrt(1.0 - h * h - k * k)
    beta = 1.0 / (1.0 + root)
    cosine = k + ((1.0 - k * k * beta) * x - h * k * beta * y) / (axis * root)
    sine = h + ((1.0 - h * h * beta) * y - h * k * beta * x) / (axis * root)
    longitude = np.arctan2(sine, cosine) + h * cosine - k * sine
    return np.stack([np.sqrt(EARTH_GM_M3_S2 / axis**3), k, h, p, q, longitude], axis=-1)


def state_from_elements(elements: Numbers, elapsed_s: Numbers | float = 0.0) -> Numbers:
    """States (..., 6) after ``elapsed_s`` (...) from elements (..., 6); complex elements give complex states."""
    n, k, h, p, q, longitude = np.moveaxis(elements, -1, 0)
    eccentric = _eccentric_longitude(longitude + n * elapsed_s, k, h)
    cosine, sine = np.cos(eccentric), np.sin(eccentric)
    beta = 1.0 / (1.0 + np.sqrt(1.0 - h * h - k * k))
    axis = (EARTH_GM_M3_S2 / n**2) ** (1.0 / 3.0)
    u, w, c = 1.0 - h * h * beta, 1.0 - k * k * beta, h * k * beta
    speed = n * axis / (1.0 - h * sine - k * cosine)
    f, g = _plane(p, q)
    x, y = axis * (u * cosine + c * sine - k), axis * (w * sine + c * cosine - h)
    dx, dy = speed * (c * cosine - u * sine), speed * (w * cosine - c * sine)
    position = x[..., np.newaxis] * f + y[..., np.newaxis] * g
    velocity = dx[..., np.newaxis] * f + dy[..., np.newaxis] * g
    return np.concatenate([position, velocity], axis=-1)


def state_and_partials(elements: Array, elapsed_s: Array) -> tuple[Array, Array]:
    """States (..., 6) and their derivatives (..., 6, 6) by the elements, exact to rounding by a complex step."""
    stepped = np.asarray(elements)[..., np.newaxis, :] + 1j * _COMPLEX_STEP * np.eye(6)
    found = state_from_elements(stepped, np.asarray(elapsed_s)[..., np.newaxis])
    return found[..., 0, :].real, np.swapaxes(found.imag / _COMPLEX_STEP, -1, -2)


def _plane(p: Numbers, q: Numbers) -> tuple[Numbers, Numbers]:
    """Unit vectors (..., 3) of the orbit's plane from which longitudes count."""
    size = 1.0 + p * p + q * q
    first = np.stack([1.0 - p * p + q * q, 2.0 * p * q, -2.0 * p], axis=-1)
    second = np.stack([2.0 * p * q, 1.0 + p * p - q * q, 2.0 * q], axis=-1)
    return first / size[..., np.newaxis], second / size[..., np.newaxis]


def _eccentric_longitude(mean: Numbers, k: Numbers, h: Numbers) -> Numbers:
    """Solve F + h cos F - k sin F = mean by Halley steps from a start that suits any eccentricity (Danby 1987).

    The steps are taken on real parts; one Newton step at the end carries a complex step's derivative through.
    """
    real_mean, real_k, real_h = np.real(mean), np.real(k), np.real(h)
    pull = real_k * np.sin(real_mean) - real_h * np.cos(real_mean)
    size = np.sqrt(real_k**2 + real_h**2)
    found = real_mean + np.where(size < 0.3, pull, np.where(pull >= 0.0, 0.85, -0.85) * size)
    for _ in range(_KEPLER_STEPS):
        cosine, sine = np.cos(found), np.sin(found)
        excess = found + real_h * cosine - real_k * sine - real_mean
        slope = 1.0 - real_h * sine - real_k * cosine
        step = -excess / (slope - 0.5 * excess / slope * (real_k * sine - real_h * cosine))
        found = found + step
        if np.all(np.abs(step) < 1e-5):  # cubic convergence: the next step would be below rounding
            break
    cosine, sine = np.cos(found), np.sin(found)
    return np.asarray(found - (found + h * cosine - k * sine - mean) / (1.0 - h * sine - k * cosine))
