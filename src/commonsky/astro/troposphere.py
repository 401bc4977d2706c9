"""What the lower atmosphere does to a ranging signal and to its angle of arrival, with no weather data at hand.

The weather is the standard atmosphere of ICAO at the site's height with half of the saturated humidity.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SEA_LEVEL_K = 288.15
_LAPSE_K_M = 6.5e-3
_SEA_LEVEL_HPA = 1013.25
_PRESSURE_EXPONENT = 5.2559
_HUMIDITY_AT_SEA_LEVEL = 0.5
_HUMIDITY_FALLOFF_PER_M = 6.396e-4


def range_delay_m(elevation_rad: Array, latitude_rad: Array, height_m: Array) -> Array:
    """One-way excess range in metres.

    Zenith delay after Saastamoinen (1972) with the constants of Davis et al. (1985), mapped by Black and Eisner
    (1984), which holds to about 4 degrees above the horizon. Neglects the weather of the day: some centimetres
    at the zenith, a few decimetres at 5 degrees.
    """
    temperature_k = _SEA_LEVEL_K - _LAPSE_K_M * height_m
    pressure_hpa = _SEA_LEVEL_HPA * (temperature_k / _SEA_LEVEL_K) ** _PRESSURE_EXPONENT
    dry_m = 2.2768e-3 * pressure_hpa / (1.0 - 2.66e-3 * np.cos(2.0 * latitude_rad) - 2.8e-7 * height_m)
    wet_m = 2.277e-3 * (1255.0 / temperature_k + 0.05) * _vapour_hpa(temperature_k, height_m)
    mapping = 1.001 / np.sqrt(2.001e-3 + np.sin(elevation_rad) ** 2)
    return np.asarray((dry_m + wet_m) * mapping)


def refraction_rad(elevation_rad: Array, height_m: Array) -> Array:
    """What bending adds to the true (free-space) elevation, in radians.

    Recommendation ITU-R P.834-9, equation 14: the standard radio atmosphere, sites up to 3 km, elevations to
    10 degrees, and harmless above. Below the horizon the value at the horizon is kept.
    """
    elevation_deg = np.maximum(np.degrees(elevation_rad), 0.0)
    height_km = height_m / 1e3
    bending_per_deg = (
        1.728
        + 0.5411 * elevation_deg
        + 0.03723 * elevation_deg**2
        + height_km * (0.1815 + 0.06272 * elevation_deg + 0.01380 * elevation_deg**2)
        + height_km**2 * (0.01727 + 0.008288 * elevation_deg)
    )
    return np.asarray(np.radians(1.0 / bending_per_deg))


def _vapour_hpa(temperature_k: Array, height_m: Array) -> Array:
    """Partial pressure of water by Tetens' equation (1930) over water."""
    celsius = temperature_k - 273.15
    saturated = 6.1078 * 10.0 ** (7.5 * celsius / (237.3 + celsius))
    return np.asarray(_HUMIDITY_AT_SEA_LEVEL * np.exp(-_HUMIDITY_FALLOFF_PER_M * height_m) * saturated)
