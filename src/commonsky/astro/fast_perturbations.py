"""SGP4 for whole catalogues at speed, by the kernels of the package ``astroz``.

Most states are within 0.3 m (2.3 m in deep space) of the reference implementation, a few are far off: whoever uses
them compares with `commonsky.astro.general_perturbations` first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from astroz import _astroz as native
from numpy.typing import NDArray

from commonsky.astro.general_perturbations import SGP4_EPOCH_ZERO_JD
from commonsky.astro.time import J2000_JD, jd_utc_from_tai_s

Array = NDArray[np.float64]

_MINUTES_PER_DAY = 1440.0
_ANY_NUMBER = 1


@dataclass(frozen=True)
class FastSatellites:
    """Initialised satellites in groups; ``near`` and ``deep`` give the places of their rows in the elements."""

    near: NDArray[np.int64]
    deep: NDArray[np.int64]
    near_epochs_days: Array
    near_handle: Any
    deep_handles: list[Any]


def fast_satellites(elements: Array) -> FastSatellites:
    """Initialise from (n, 10) of ``general_perturbations.theory_elements``; rows that fail are in no group."""
    made = []
    for row in elements.tolist():
        satellite = native.Satrec()
        satellite.sgp4init(native.WGS72, "i", _ANY_NUMBER, *row)
        made.append(satellite)
    usable = np.array([one.error == 0 for one in made], dtype=bool)
    deep = np.array([one.is_deep_space for one in made], dtype=bool)
    near = np.flatnonzero(usable & ~deep)
    handles = [made[place] for place in near.tolist()]
    return FastSatellites(
        near=near,
        deep=np.flatnonzero(usable & deep),
        near_epochs_days=elements[near, 0],
        near_handle=native.Sgp4Constellation(handles, gravity_model=native.WGS72) if handles else None,
        deep_handles=[made[place] for place in np.flatnonzero(usable & deep).tolist()],
    )


def fast_positions_teme_km(handle: FastSatellites, tai_s: Array) -> tuple[Array, Array]:
    """Positions in km, TEME, of the near and of the deep group: (m, near, 3) and (m, deep, 3), NaN where SGP4 fails.

    The state at an epoch is the same whatever other epochs are asked for.
    """
    jd1, jd2 = jd_utc_from_tai_s(tai_s)
    near = np.full((len(tai_s), handle.near.size, 3), np.nan)
    deep = np.full((len(tai_s), handle.deep.size, 3), np.nan)
    if handle.near.size:
        # Minutes from a fixed day, so that the sum with the satellite's offset does not depend on the call.
        minutes = ((jd1 - J2000_JD) + jd2) * _MINUTES_PER_DAY
        offsets = ((J2000_JD - SGP4_EPOCH_ZERO_JD) - handle.near_epochs_days) * _MINUTES_PER_DAY
        handle.near_handle.propagate_into(
            minutes, near, None, epoch_offsets=offsets, output="teme", time_major=True
        )
    if handle.deep.size:
        native.sdp4_batch_propagate_into(
            handle.deep_handles,
            jd1,
            jd2,
            deep,
            np.empty_like(deep),
            output_stride=handle.deep.size,
            sat_offset=0,
        )
    return near, deep
