"""Density of the upper atmosphere along an orbit, by the numerical engine's NRLMSISE-00 and its space weather."""

import numpy as np
import satkit
from numpy.typing import NDArray

from commonsky.astro.environment import prepare_engine
from commonsky.astro.frames import geodetic_from_itrf, itrf_from_gcrf, rotate
from commonsky.astro.numerical import engine_times

Array = NDArray[np.float64]

_HIGHEST_M = 1.5e6
_LOWEST_M = 1.0e5


def density_kg_m3(states_gcrf: Array, times_tai_s: Array) -> Array:
    """Density (n,) at states (n, 6); zero above 1500 km, and below 100 km that of 100 km."""
    prepare_engine()
    latitude, longitude, height = geodetic_from_itrf(rotate(itrf_from_gcrf(times_tai_s), states_gcrf[:, :3]))
    rows = zip(
        np.maximum(height, _LOWEST_M).tolist(),
        np.radians(latitude).tolist(),
        np.radians(longitude).tolist(),
        engine_times(times_tai_s),
        strict=True,
    )
    return np.array([satkit.density.nrlmsise(*row)[0] if row[0] < _HIGHEST_M else 0.0 for row in rows])
