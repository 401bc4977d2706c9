"""SGP4 for many element sets at once, by the reference implementation (package ``sgp4``)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sgp4.api import WGS72, Satrec, SatrecArray

from commonsky.astro.time import jd_utc_from_tai_s
from commonsky.domain import ElementSet

Array = NDArray[np.float64]

SGP4_EPOCH_ZERO_JD = 2433281.5
"""1949-12-31T00:00 UTC."""

_MINUTES_PER_DAY = 1440.0
_RAD_MIN = 2.0 * np.pi / _MINUTES_PER_DAY  # from revolutions a day
_AFSPC_IMPROVED = "i"
_ANY_NUMBER = 1  # the theory does not use it
_ANGLES = [4, 5, 6, 8]  # columns of `_elements` in degrees


@dataclass(frozen=True)
class Satellites:
    """Initialised SGP4 satellites, in the order of the element sets that they were made from."""

    array: SatrecArray
    count: int


def satellites(element_sets: Sequence[ElementSet]) -> Satellites:
    """Initialise SGP4 (WGS 72, improved mode) for every element set.

    An element set that SGP4 cannot use stays in its place: `positions_teme` gives its error.
    """
    made = satrecs(theory_elements(element_sets))
    return Satellites(array=SatrecArray(made), count=len(made))


def theory_elements(element_sets: Sequence[ElementSet]) -> Array:
    """What ``sgp4init`` wants, (n, 10), in its units: epoch in days since 1949-12-31 and nine elements.

    Plain numbers, from which `satrecs` makes satellites again in another process.
    """
    columns = np.array([_elements(one) for one in element_sets], dtype=np.float64).reshape(-1, 9)
    jd1, jd2 = jd_utc_from_tai_s(np.array([one.epoch_tai_s for one in element_sets]))
    columns[:, _ANGLES] = np.radians(columns[:, _ANGLES])
    columns[:, 1] *= _RAD_MIN / _MINUTES_PER_DAY
    columns[:, 2] *= _RAD_MIN / _MINUTES_PER_DAY**2
    columns[:, 7] *= _RAD_MIN
    return np.column_stack([(jd1 - SGP4_EPOCH_ZERO_JD) + jd2, columns])


def satrecs(elements: Array) -> list[Satrec]:
    """Satellites of the reference implementation (WGS 72, improved mode) from `theory_elements`."""
    made = []
    for row in elements.tolist():
        satellite = Satrec()
        satellite.sgp4init(WGS72, _AFSPC_IMPROVED, _ANY_NUMBER, *row)
        made.append(satellite)
    return made


def positions_teme(handle: Satellites, tai_s: ArrayLike) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Position (m), velocity (m/s) and SGP4 error code of every satellite.

    For one epoch the shapes are (n, 3), (n, 3), (n,); for an array of m epochs (n, m, 3), (n, m, 3), (n, m). Frame
    TEME. The code is 0 where the state is good; elsewhere it is that of the reference implementation
    (``sgp4.api.SGP4_ERRORS``) and the state is not to be used (most often NaN).
    """
    error, position_km, velocity_km_s = handle.array.sgp4(*sgp4_dates(np.atleast_1d(tai_s)))
    position_km *= 1e3
    velocity_km_s *= 1e3
    if np.ndim(tai_s) == 0:
        return position_km[:, 0], velocity_km_s[:, 0], error[:, 0]
    return position_km, velocity_km_s, error


def sgp4_dates(tai_s: ArrayLike) -> tuple[Array, Array]:
    """Julian dates (UTC) as ``sgp4_array`` takes them, contiguous: a noon, and the fraction of a day since then.

    SGP4 subtracts an element set's epoch part by part: with both differences small, two objects are at the same
    instant to less than a nanosecond, and slow relative motion is smooth.
    """
    jd1, jd2 = jd_utc_from_tai_s(tai_s)
    days = np.floor(jd2)
    return np.ascontiguousarray(jd1 + days), np.ascontiguousarray(jd2 - days)


def _elements(one: ElementSet) -> tuple[float, ...]:
    """In the order of ``sgp4init``, units as published."""
    return (
        one.bstar,
        one.mean_motion_dot,
        one.mean_motion_ddot,
        one.eccentricity,
        one.arg_of_pericenter_deg,
        one.inclination_deg,
        one.mean_anomaly_deg,
        one.mean_motion_rev_day,
        one.ra_of_asc_node_deg,
    )
