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

_K = (238.0185, 19990.975, 57.362, 579.55174)  # dispersion of dry air (Ciddor 1996), 1/um2
_W = (295.235, 2.6422, -0.032380, 0.004028)  # of water vapour
_CARBON_DIOXIDE = 1.0 + 0.534e-6 * (375.0 - 450.0)
_FCUL = (
    (12100.8e-7, 1729.5e-9, 319.1e-7, -1847.8e-11),
    (30496.5e-7, 234.6e-8, -103.5e-6, -185.6e-10),
    (6877.7e-5, 197.2e-7, -345.8e-5, 106.0e-9),
)


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
    """Partial pressure of water in the standard atmosphere."""
    saturated = saturated_vapour_hpa(temperature_k)
    return np.asarray(_HUMIDITY_AT_SEA_LEVEL * np.exp(-_HUMIDITY_FALLOFF_PER_M * height_m) * saturated)


def laser_delay_m(elevation_rad: Array, latitude_rad: Array, height_m: Array, air: Array) -> Array:
    """One-way excess range of visible and near-infrared light, metres (n,).

    ``air`` (n, 4) is the pressure in hPa, the temperature in K, the pressure of water vapour in hPa and the
    wavelength in m. Zenith delay of Mendes and Pavlis (2004) and their mapping function FCULa (Mendes and others 2002),
    for elevations from 3 degrees: IERS Conventions 2010, 9.1, equations 9.3 to 9.8.
    """
    pressure_hpa, temperature_k, vapour_hpa, wavelength_m = air.T
    wave2 = (1e6 * wavelength_m) ** -2
    dry_dispersion = 0.01 * _CARBON_DIOXIDE * (
        _K[1] * (_K[0] + wave2) / (_K[0] - wave2) ** 2 + _K[3] * (_K[2] + wave2) / (_K[2] - wave2) ** 2
    )  # fmt: skip
    wet_dispersion = 0.003101 * (
        _W[0] + 3.0 * _W[1] * wave2 + 5.0 * _W[2] * wave2**2 + 7.0 * _W[3] * wave2**3
    )
    gravity = 1.0 - 0.00266 * np.cos(2.0 * latitude_rad) - 0.28e-6 * height_m
    dry_m = 0.002416579 * dry_dispersion * pressure_hpa / gravity
    wet_m = 1e-4 * (5.316 * wet_dispersion - 3.759 * dry_dispersion) * vapour_hpa / gravity
    one, two, three = (
        a + b * (temperature_k - 273.15) + c * np.cos(latitude_rad) + d * height_m for a, b, c, d in _FCUL
    )
    sine = np.sin(elevation_rad)
    mapping = (1.0 + one / (1.0 + two / (1.0 + three))) / (sine + one / (sine + two / (sine + three)))
    return np.asarray((dry_m + wet_m) * mapping)


def saturated_vapour_hpa(temperature_k: Array) -> Array:
    """Pressure of water vapour in saturated air by Tetens' equation (1930) over water."""
    celsius = temperature_k - 273.15
    return np.asarray(6.1078 * 10.0 ** (7.5 * celsius / (237.3 + celsius)))
