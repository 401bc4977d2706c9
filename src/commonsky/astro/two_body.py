"""Motion about a point mass, for first guesses. SI units, inertial axes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2

Array = NDArray[np.float64]

_MOST_STEPS = 60
_ORDER = 5.0  # of Laguerre's method, which converges from any start (Conway 1986)
_ANOMALY_TOLERANCE = 1e-12
_SERIES_BELOW = 1e-3
_NEWTON_STEPS = 12
_LARGEST_AXIS_M = 1.0e9


def gravity(position_m: Array) -> Array:
    """Acceleration (n, 3) in m/s2 by the point mass at positions (n, 3)."""
    distance = np.linalg.norm(position_m, axis=-1, keepdims=True)
    return np.asarray(-EARTH_GM_M3_S2 * position_m / distance**3)


def propagate_two_body(state: Array, elapsed_s: ArrayLike) -> Array:
    """States (n, 6) after ``elapsed_s`` (n,) from one state (6,), any conic, by universal variables.

    Source: Vallado, Fundamentals of Astrodynamics and Applications, algorithm 8. Raises ValueError when Kepler's
    equation does not converge, as for a state that is no orbit at all.
    """
    elapsed = np.atleast_1d(np.asarray(elapsed_s, dtype=np.float64))
    r0, v0 = np.asarray(state[:3]), np.asarray(state[3:])
    root_mu = np.sqrt(EARTH_GM_M3_S2)
    distance = float(np.linalg.norm(r0))
    alpha = 2.0 / distance - float(v0 @ v0) / EARTH_GM_M3_S2
    radial = float(r0 @ v0) / root_mu
    if alpha > 0.0:
        elapsed = _within_one_period(elapsed, alpha)
        chi = root_mu * alpha * elapsed
    else:
        chi = _hyperbolic_start(elapsed, alpha, distance, radial * root_mu)
    for _ in range(_MOST_STEPS):
        c2, c3 = _stumpff(alpha * chi**2)
        inner, outer = 1.0 - alpha * chi**2 * c3, 1.0 - alpha * chi**2 * c2
        radius = chi**2 * c2 + radial * chi * inner + distance * outer
        excess = chi**3 * c3 + radial * chi**2 * c2 + distance * chi * inner - root_mu * elapsed
        slope = radial * outer + (1.0 - alpha * distance) * chi * inner
        bend = (_ORDER - 1.0) ** 2 * radius**2 - _ORDER * (_ORDER - 1.0) * excess * slope
        step = -_ORDER * excess / (radius + np.sqrt(np.abs(bend)))
        chi = chi + step
        if np.all(np.abs(step) <= _ANOMALY_TOLERANCE * (1.0 + np.abs(chi))):
            break
    else:
        raise ValueError("Kepler's equation does not converge: the state is no usable orbit")
    return _by_f_and_g(r0, v0, chi, alpha, elapsed)


def _within_one_period(elapsed: Array, alpha: float) -> Array:
    period = 2.0 * np.pi / np.sqrt(EARTH_GM_M3_S2 * alpha**3)
    return np.asarray(elapsed - period * np.round(elapsed / period))


def _hyperbolic_start(elapsed: Array, alpha: float, distance: float, range_times_rate: float) -> Array:
    sense = np.sign(elapsed)
    axis = -1.0 / min(alpha, -1e-15)
    depth = range_times_rate + sense * np.sqrt(EARTH_GM_M3_S2 * axis) * (1.0 + distance / axis)
    ratio = 2.0 * EARTH_GM_M3_S2 * elapsed / (axis * np.where(elapsed == 0.0, 1.0, depth))
    far = sense * np.sqrt(axis) * np.log(np.maximum(ratio, 1e-12))
    near = np.sqrt(EARTH_GM_M3_S2) * elapsed / distance
    return np.asarray(np.where(ratio > 2.0, far, near))


def _stumpff(psi: Array) -> tuple[Array, Array]:
    """The functions c2 and c3 of universal variables, by their series near zero."""
    small = np.abs(psi) < _SERIES_BELOW
    safe = np.where(small, 1.0, psi)
    root = np.sqrt(np.abs(safe))
    c2 = np.where(safe > 0.0, (1.0 - np.cos(root)) / safe, (1.0 - np.cosh(np.minimum(root, 700.0))) / safe)
    c3 = np.where(
        safe > 0.0, (root - np.sin(root)) / root**3, (np.sinh(np.minimum(root, 700.0)) - root) / root**3
    )
    near_c2 = 0.5 - psi / 24.0 + psi**2 / 720.0
    near_c3 = 1.0 / 6.0 - psi / 120.0 + psi**2 / 5040.0
    return np.where(small, near_c2, c2), np.where(small, near_c3, c3)


def _by_f_and_g(r0: Array, v0: Array, chi: Array, alpha: float, elapsed: Array) -> Array:
    root_mu = np.sqrt(EARTH_GM_M3_S2)
    distance = float(np.linalg.norm(r0))
    c2, c3 = _stumpff(alpha * chi**2)
    f = 1.0 - chi**2 / distance * c2
    g = elapsed - chi**3 / root_mu * c3
    position = f[:, np.newaxis] * r0 + g[:, np.newaxis] * v0
    radius = np.linalg.norm(position, axis=1)
    f_rate = root_mu / (radius * distance) * chi * (alpha * chi**2 * c3 - 1.0)
    g_rate = 1.0 - chi**2 / radius * c2
    velocity = f_rate[:, np.newaxis] * r0 + g_rate[:, np.newaxis] * v0
    return np.hstack([position, velocity])


def stays_above(states: Array, radius_m: float) -> NDArray[np.bool_]:
    """Which of the states (k, 6) are of closed orbits about the Earth with a perigee beyond a radius."""
    position, velocity = states[:, :3], states[:, 3:]
    radius = np.linalg.norm(position, axis=1)
    inverse_axis = 2.0 / radius - np.sum(velocity**2, axis=1) / EARTH_GM_M3_S2
    parameter = np.sum(np.cross(position, velocity) ** 2, axis=1) / EARTH_GM_M3_S2
    eccentricity = np.sqrt(np.maximum(0.0, 1.0 - parameter * inverse_axis))
    return np.asarray((inverse_axis > 1.0 / _LARGEST_AXIS_M) & (parameter / (1.0 + eccentricity) > radius_m))


def many_orbits(states: Array, elapsed_s: Array) -> Array:
    """States (k, n, 6) of k closed orbits, given as (k, 6), after ``elapsed_s`` (n,); NaN for what is not closed.

    By f and g functions of the change of the eccentric anomaly (Battin 1987, 4.3): one step of Newton's method for
    all at once, which is what searches among thousands of orbits need.
    """
    position, velocity = states[:, np.newaxis, :3], states[:, np.newaxis, 3:]
    radius = np.linalg.norm(position, axis=2)
    inverse_axis = 2.0 / radius - np.sum(velocity**2, axis=2) / EARTH_GM_M3_S2
    axis = 1.0 / np.where(inverse_axis > 0.0, inverse_axis, np.nan)
    motion = np.sqrt(EARTH_GM_M3_S2 / axis**3)
    cosine = 1.0 - radius / axis
    sine = np.sum(position * velocity, axis=2) / np.sqrt(EARTH_GM_M3_S2 * axis)
    mean = motion * elapsed_s
    change = mean + 0.0 * cosine
    for _ in range(_NEWTON_STEPS):
        s, c = np.sin(change), np.cos(change)
        excess = change - cosine * s + sine * (1.0 - c) - mean
        change = change - np.clip(excess / (1.0 - cosine * c + sine * s), -1.0, 1.0)
    s, c = np.sin(change), np.cos(change)
    distance = axis * (1.0 - cosine * c + sine * s)
    f = 1.0 - axis / radius * (1.0 - c)
    g = (mean - change + s) / motion
    f_rate = -np.sqrt(EARTH_GM_M3_S2 * axis) / (distance * radius) * s
    g_rate = 1.0 - axis / distance * (1.0 - c)
    return np.concatenate(
        [
            f[..., np.newaxis] * position + g[..., np.newaxis] * velocity,
            f_rate[..., np.newaxis] * position + g_rate[..., np.newaxis] * velocity,
        ],
        axis=2,
    )
