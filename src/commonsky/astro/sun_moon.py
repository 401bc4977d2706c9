"""Where Sun and Moon stand, and what lies in the Earth's shadow: for light on satellites and darkness at sites."""

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.frames import TT_MINUS_TAI_S
from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M
from commonsky.astro.time import J2000_JD, SECONDS_PER_DAY

Array = NDArray[np.float64]


def sun_gcrf_m(tai_s: ArrayLike) -> Array:
    """Geocentric positions (n, 3) of the Sun at TAI epochs (n,), to some thousand kilometres (ERFA's epv00)."""
    days = (np.atleast_1d(np.asarray(tai_s, dtype=np.float64)) + TT_MINUS_TAI_S) / SECONDS_PER_DAY
    heliocentric, _ = erfa.epv00(J2000_JD, days)
    return np.asarray(-heliocentric["p"] * erfa.DAU)


def moon_gcrf_m(tai_s: ArrayLike) -> Array:
    """Geocentric positions (n, 3) of the Moon at TAI epochs (n,), to some hundred kilometres (ERFA's moon98)."""
    days = (np.atleast_1d(np.asarray(tai_s, dtype=np.float64)) + TT_MINUS_TAI_S) / SECONDS_PER_DAY
    return np.asarray(erfa.moon98(J2000_JD, days)["p"] * erfa.DAU)


def is_sunlit(position_gcrf_m: Array, sun_m: Array) -> NDArray[np.bool_]:
    """Whether places (..., 3) are outside the Earth's shadow, taken for a cylinder behind a sphere."""
    towards = sun_m / np.linalg.norm(sun_m, axis=-1, keepdims=True)
    along = np.sum(position_gcrf_m * towards, axis=-1)
    across = np.linalg.norm(position_gcrf_m - along[..., np.newaxis] * towards, axis=-1)
    return np.asarray((along > 0.0) | (across > EARTH_EQUATORIAL_RADIUS_M))
