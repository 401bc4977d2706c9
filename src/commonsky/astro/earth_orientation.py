"""Earth orientation parameters of the IERS, from the file that the package ``astropy-iers-data`` carries.

The file is ``finals2000A.all`` (IERS Rapid Service, 1973 to about a year ahead): the final values of Bulletin B
where they stand, else the rapid and predicted ones of Bulletin A. Between its days the parameters are linear, UT1
taken against TAI so that leap seconds do not disturb it. It is read once for each process.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import astropy_iers_data
import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.time import J2000_JD, SECONDS_PER_DAY, jd_utc_from_tai_s

Array = NDArray[np.float64]

ARCSECOND_RAD = erfa.DAS2R
MJD_ZERO_JD = 2400000.5

_COLUMNS_A = {"x": (18, 27), "y": (37, 46), "ut1_utc": (58, 68), "dx": (97, 106), "dy": (116, 125)}
_COLUMNS_B = {"x": (134, 144), "y": (144, 154), "ut1_utc": (154, 165), "dx": (165, 175), "dy": (175, 185)}


class OutsideEarthOrientationError(ValueError):
    """An epoch lies before or after the table of Earth orientation: no value is guessed."""


@dataclass(frozen=True)
class EarthOrientation:
    """Pole and clock at some epochs: each a scalar array or one of shape (n,).

    ``x_rad`` and ``y_rad`` are the pole's coordinates, ``ut1_tai_s`` is UT1 - TAI, ``dx_rad`` and ``dy_rad`` are
    the celestial pole's offsets from IAU 2006/2000A.
    """

    x_rad: Array
    y_rad: Array
    ut1_tai_s: Array
    dx_rad: Array
    dy_rad: Array


def earth_orientation(tai_s: ArrayLike) -> EarthOrientation:
    """Give the parameters at TAI epochs of any shape.

    Raises OutsideEarthOrientationError when an epoch is not in the table.
    """
    epochs = np.asarray(tai_s, dtype=np.float64)
    days, values = _table()
    if epochs.size and not (days[0] <= epochs.min() and epochs.max() <= days[-1]):
        first, last = (jd_utc_from_tai_s(edge) for edge in (days[0], days[-1]))
        raise OutsideEarthOrientationError(
            "an epoch lies outside the Earth orientation table, which holds "
            f"MJD {sum(first) - MJD_ZERO_JD:.0f} to {sum(last) - MJD_ZERO_JD:.0f}: "
            "a newer astropy-iers-data reaches further"
        )
    columns = [np.interp(epochs, days, column) for column in values]
    return EarthOrientation(*(np.asarray(column, dtype=np.float64) for column in columns))


def finals2000a_path() -> Path:
    """Where the installed table lies."""
    return Path(astropy_iers_data.IERS_A_FILE)


@cache
def _table() -> tuple[Array, tuple[Array, ...]]:
    lines = finals2000a_path().read_text(encoding="ascii").splitlines()
    lines = [line for line in lines if line[58:68].strip()]
    mjd = _column(lines, (7, 15))
    read = {name: _best(lines, name) for name in _COLUMNS_A}
    tai1, tai2 = erfa.utctai(MJD_ZERO_JD, mjd)
    day_tai_s = (tai1 - J2000_JD) * SECONDS_PER_DAY + tai2 * SECONDS_PER_DAY
    tai_utc_s = np.round((tai1 - MJD_ZERO_JD + (tai2 - mjd)) * SECONDS_PER_DAY)
    return day_tai_s, (
        read["x"] * ARCSECOND_RAD,
        read["y"] * ARCSECOND_RAD,
        read["ut1_utc"] - tai_utc_s,
        read["dx"] * 1e-3 * ARCSECOND_RAD,
        read["dy"] * 1e-3 * ARCSECOND_RAD,
    )


def _best(lines: list[str], name: str) -> Array:
    """Bulletin B's column, A's where B is blank; a celestial pole offset that neither gives is zero."""
    final = _column(lines, _COLUMNS_B[name])
    rapid = _column(lines, _COLUMNS_A[name])
    best = np.where(np.isnan(final), rapid, final)
    return np.nan_to_num(best) if name in {"dx", "dy"} else best


def _column(lines: list[str], span: tuple[int, int]) -> Array:
    return np.array([float(line[span[0] : span[1]].strip() or "nan") for line in lines])
