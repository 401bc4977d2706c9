"""What the estimator's forces leave out, as noise: accelerations that stay the same for some hours, then change.

White noise would grow too slowly: a wrong density, or a wrong reflectivity, pushes the same way for a long time. So the
way between two tracklets is cut into pieces as long as the correlation time, with an acceleration on the orbit's axes
in each, independent of the others. Low down there is a second, short part on all axes: the field of the Earth beyond
the degree that the estimator takes along changes every few minutes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import Trajectory
from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, EARTH_GM_M3_S2, rtn_axes

Array = NDArray[np.float64]

_DENSITY_AT_500_KM = 8e-13  # kg/m3 at middling activity; sets the scale only
_SCALE_HEIGHT_M = 65e3
_USUAL_CD_AREA_OVER_MASS = 0.02
_UNSURE_SHARE = 0.3
_SHORT_S = 600.0
_SHORT_AT_500_KM_M_S2 = 9e-7
_SHORT_SCALE_M = 330e3
_FEWEST, _MOST = 6, 96  # pieces in which the effect of forces is summed up


@dataclass(frozen=True)
class ForceNoise:
    """One standard deviation of acceleration on radial, in-track and cross-track axes, m/s2, and how long it stays."""

    radial_m_s2: float
    along_m_s2: float
    cross_m_s2: float
    correlation_s: float
    short_m_s2: float = 0.0

    def times(self, factor: float) -> "ForceNoise":
        """The same with larger accelerations."""
        return ForceNoise(
            self.radial_m_s2 * factor,
            self.along_m_s2 * factor,
            self.cross_m_s2 * factor,
            self.correlation_s,
            self.short_m_s2 * factor,
        )


def usual_noise(state_gcrf: Array) -> ForceNoise:
    """Say what is usual for the regime of an orbit: drag below, radiation above, the gravity field's rest low down."""
    radius = float(np.linalg.norm(state_gcrf[:3]))
    energy = 0.5 * float(state_gcrf[3:] @ state_gcrf[3:]) - EARTH_GM_M3_S2 / radius
    momentum = np.linalg.norm(np.cross(state_gcrf[:3], state_gcrf[3:]))
    axis = -EARTH_GM_M3_S2 / (2.0 * min(energy, -1e5))
    flatness = max(0.0, 1.0 - float(momentum) ** 2 / (EARTH_GM_M3_S2 * axis))
    perigee_m = axis * (1.0 - np.sqrt(flatness)) - EARTH_EQUATORIAL_RADIUS_M
    density = _DENSITY_AT_500_KM * np.exp((500e3 - max(perigee_m, 150e3)) / _SCALE_HEIGHT_M)
    drag = _UNSURE_SHARE * 0.5 * density * _USUAL_CD_AREA_OVER_MASS * EARTH_GM_M3_S2 / (radius)
    if perigee_m > 2e6:
        return ForceNoise(2e-8, 1.2e-8, 1.2e-8, 4 * 3600.0)
    short = _SHORT_AT_500_KM_M_S2 * np.exp(-(max(perigee_m, 200e3) - 500e3) / _SHORT_SCALE_M)
    return ForceNoise(2e-8, 8e-9 + drag, 1e-8, 3 * 3600.0, float(short))


def added_covariance(
    trajectory: Trajectory, begin_tai_s: float, end_tai_s: float, noise: ForceNoise
) -> Array:
    """Covariance (6, 6) that the noise adds to a state between two epochs of a trajectory with transitions."""
    elapsed = end_tai_s - begin_tai_s
    if elapsed <= 0.0:
        return np.zeros((6, 6))
    count = int(np.clip(np.ceil(elapsed / _SHORT_S), _FEWEST, _MOST))
    step = elapsed / count
    times = np.append(begin_tai_s + step * (np.arange(count) + 0.5), end_tai_s)
    states, transitions = trajectory.states_and_transitions(times)
    to_end = transitions[-1] @ np.linalg.inv(transitions[:-1])
    effect = to_end[:, :, 3:] @ np.swapaxes(rtn_axes(states[:-1]), 1, 2) * step
    short = noise.short_m_s2**2 * min(1.0, _SHORT_S / step) * np.einsum("pij,pkj->ik", effect, effect)
    group = max(1, round(noise.correlation_s / step))
    starts = np.arange(0, count, group)
    together = np.add.reduceat(effect, starts, axis=0)
    together = together * np.array([noise.radial_m_s2, noise.along_m_s2, noise.cross_m_s2])
    return np.asarray(np.einsum("pij,pkj->ik", together, together) + short)


def pushed_covariance(
    trajectory: Trajectory, times_tai_s: Array, end_tai_s: float, sigma_m_s: tuple[float, float, float]
) -> Array:
    """Covariances (k, 6, 6) that one push at each of k epochs adds, by its sigmas on radial, in-track, cross-track."""
    states, transitions = trajectory.states_and_transitions(np.append(times_tai_s, end_tai_s))
    to_end = transitions[-1] @ np.linalg.inv(transitions[:-1])
    effect = to_end[:, :, 3:] @ np.swapaxes(rtn_axes(states[:-1]), 1, 2) * np.array(sigma_m_s)
    return np.asarray(np.einsum("pij,pkj->pik", effect, effect))
