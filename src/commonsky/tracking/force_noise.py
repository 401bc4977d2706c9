"""What is wrong with a force model, as noise: so that a covariance says what the forces leave uncertain too.

The accelerations that a model leaves out are taken for random ones along the orbit's own axes, constant over half a
revolution each. Two sorts add up: *slow* ones, in-track from density (Gauss-Markov over a day) and on all axes from
radiation pressure on a body that is no sphere (over a quarter of a revolution), as shares of the modelled force; and
*fast* ones, independent from one half revolution to the next: the gravity field beyond the degree that is used, and
a floor for tides of the ocean, albedo and heat. The shares and the floor were set against precise orbits (see
``bench/orbits.py``), and hold for orbits that these were not set against.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.density import density_kg_m3
from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, EARTH_GM_M3_S2
from commonsky.domain import ForceModel

Array = NDArray[np.float64]

_SHARE_OF_DRAG = 0.25
_DENSITY_MEMORY_S = 86400.0
_SHARE_OF_RADIATION = 0.04
_FLOOR_M_S2 = 3e-10
_CROSS_TRACK = 30.0  # errors of tides and of the pole turn the plane the same way for days
_KAULA = 1e-5
_OMITTED_SHARE = 1.0 / 150.0  # of an omitted field's size: most of it averages out over half a revolution
_SOLAR_PRESSURE_N_M2 = 4.56e-6
_HIGHEST_DEGREE = 70
_LOWEST_DEGREE = 20


@dataclass(frozen=True)
class ForceNoise:
    """Standard deviations of random accelerations, m/s2, and the interval in which each is constant.

    ``fast`` are independent from one interval to the next; ``density`` is in-track with a memory of a day;
    ``radiation`` on all axes with a memory of a quarter of a revolution.
    """

    fast_m_s2: float
    density_m_s2: float
    radiation_m_s2: float
    interval_s: float

    def covariance(self, edges_tai_s: Array) -> Array:
        """The covariance (3 k, 3 k) of the accelerations in k intervals: radial, in-track, cross-track of each."""
        middles = 0.5 * (edges_tai_s[1:] + edges_tai_s[:-1])
        apart = np.abs(middles[:, np.newaxis] - middles)
        fast = np.diag(self.fast_m_s2**2 * self.interval_s / np.diff(edges_tai_s))
        radiation = self.radiation_m_s2**2 * np.exp(-apart / (0.5 * self.interval_s))
        density = self.density_m_s2**2 * np.exp(-apart / _DENSITY_MEMORY_S)
        along = np.kron(fast, np.diag([1.0, 1.0, _CROSS_TRACK**2])) + np.kron(radiation, np.eye(3))
        return np.asarray(along + np.kron(density, np.diag([0.0, 1.0, 0.0])))

    def edges(self, first_tai_s: float, last_tai_s: float) -> Array:
        """Edges of the intervals over a span."""
        count = max(1, math.ceil((last_tai_s - first_tai_s) / self.interval_s))
        return np.linspace(first_tai_s, last_tai_s, count + 1)


def force_noise(states_gcrf: Array, times_tai_s: Array, model: ForceModel) -> ForceNoise:
    """What to expect of a model along an orbit, given as states (n, 6) over at least a revolution."""
    radius = np.linalg.norm(states_gcrf[:, :3], axis=1)
    speed = np.linalg.norm(states_gcrf[:, 3:], axis=1)
    axis = 1.0 / float(np.mean(2.0 / radius - speed**2 / EARTH_GM_M3_S2))
    drag = (
        0.5
        * float(np.mean(density_kg_m3(states_gcrf, times_tai_s) * speed**2))
        * abs(model.drag_cd_area_over_mass)
    )
    pressure = _SOLAR_PRESSURE_N_M2 * abs(model.radiation_cr_area_over_mass)
    omitted = _OMITTED_SHARE * float(np.sqrt(np.mean(omission_m_s2(model.gravity_degree, radius) ** 2)))
    return ForceNoise(
        fast_m_s2=math.hypot(_FLOOR_M_S2, omitted),
        density_m_s2=_SHARE_OF_DRAG * drag,
        radiation_m_s2=_SHARE_OF_RADIATION * pressure,
        interval_s=math.pi * math.sqrt(axis**3 / EARTH_GM_M3_S2),
    )


def omission_m_s2(degree: int, radius_m: Array) -> Array:
    """The size of the gravity field beyond a degree at distances (n,), by Kaula's rule (1966): 1e-5 / degree^2."""
    shrink = (EARTH_EQUATORIAL_RADIUS_M / np.asarray(radius_m))[:, np.newaxis]
    degrees = np.arange(degree + 1, degree + 600)
    powers = (2.0 * degrees + 1.0) * (degrees + 1.0) ** 2 / degrees**4.0 * shrink ** (2.0 * degrees)
    return np.asarray(_KAULA * EARTH_GM_M3_S2 / np.asarray(radius_m) ** 2 * np.sqrt(powers.sum(axis=1)))


def sufficient_degree(perigee_radius_m: float) -> int:
    """The lowest degree, from 20 to 70, whose omission at the perigee is no more than the floor."""
    for degree in range(_LOWEST_DEGREE, _HIGHEST_DEGREE, 5):
        if _OMITTED_SHARE * omission_m_s2(degree, np.array([perigee_radius_m]))[0] < _FLOOR_M_S2:
            return degree
    return _HIGHEST_DEGREE


@dataclass(frozen=True)
class ForceUncertainty:
    """What the noise of the forces did to a fit.

    ``gain`` (p, 3 k) is how the fitted vector answers to accelerations in the k intervals between ``edges_tai_s``;
    ``measured_covariance`` (p, p) is what the noise of the measurements alone leaves.
    """

    noise: ForceNoise
    edges_tai_s: Array
    gain: Array
    measured_covariance: Array

    def covariance(self) -> Array:
        """The covariance (p, p) of the fitted vector, by measurements and forces."""
        by_forces = self.gain @ self.noise.covariance(self.edges_tai_s) @ self.gain.T
        return np.asarray(self.measured_covariance + by_forces)
