"""A catalogue made ready to be asked where all of its objects are: fast for all, by the reference for a few."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sgp4.api import Satrec, SatrecArray

from commonsky.astro.fast_perturbations import FastSatellites, fast_positions_teme_km, fast_satellites
from commonsky.astro.general_perturbations import satrecs, sgp4_dates, theory_elements
from commonsky.astro.orbit import semi_major_axis_m
from commonsky.domain import ElementSet
from commonsky.tracking.identify.element_set_errors import ErrorGrowth, error_growth

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_FAST_IS_WRONG_BEYOND_M = 100.0


@dataclass(frozen=True)
class KnownOrbits:
    """Element sets by row, several of one object allowed.

    ``objects`` numbers the objects; ``distrusted`` are the rows for which the fast kernels are not to be believed.
    """

    element_sets: tuple[ElementSet, ...]
    objects: Index
    growth: ErrorGrowth
    semi_major_axes_m: Array
    reference: list[Satrec]
    fast: FastSatellites
    distrusted: Index

    def __len__(self) -> int:
        return int(self.objects.size)

    @property
    def object_count(self) -> int:
        """How many objects there are, whatever the number of their element sets."""
        return int(self.objects.max()) + 1 if self.objects.size else 0

    def positions_teme_m(self, tai_s: Array) -> Array:
        """Where all are at epochs (m,): (m, n, 3), to some metres, NaN where SGP4 fails."""
        found = _fast_positions_m(self.fast, self.objects.size, tai_s)
        if self.distrusted.size:
            exact = SatrecArray([self.reference[row] for row in self.distrusted.tolist()])
            error, position_km, _ = exact.sgp4(*sgp4_dates(tai_s))
            position_km[error != 0] = np.nan
            found[:, self.distrusted] = 1e3 * np.swapaxes(position_km, 0, 1)
        return found

    def states_teme(self, rows: Index, tai_s: Array) -> Array:
        """States (c, m, 6), m and m/s, of some rows (c,) at epochs of their own (c, m); NaN where SGP4 fails."""
        states = np.empty((*tai_s.shape, 6))
        jd1, jd2 = sgp4_dates(tai_s.ravel())
        jd1, jd2 = jd1.reshape(tai_s.shape), jd2.reshape(tai_s.shape)
        for place, row in enumerate(rows.tolist()):
            error, position_km, velocity_km_s = self.reference[row].sgp4_array(jd1[place], jd2[place])
            states[place, :, :3], states[place, :, 3:] = position_km, velocity_km_s
            states[place, error != 0] = np.nan
        return states * 1e3


def known_orbits(element_sets: Sequence[ElementSet]) -> KnownOrbits:
    """Prepare a catalogue: under a second for 30,000 element sets."""
    elements = theory_elements(element_sets)
    reference = satrecs(elements)
    fast = fast_satellites(elements)
    epochs = np.array([one.epoch_tai_s for one in element_sets])
    objects = np.unique([one.norad_cat_id for one in element_sets], return_inverse=True)[1].astype(np.intp)
    return KnownOrbits(
        element_sets=tuple(element_sets),
        objects=objects,
        growth=error_growth(element_sets),
        semi_major_axes_m=np.array([semi_major_axis_m(one.mean_motion_rev_day) for one in element_sets]),
        reference=reference,
        fast=fast,
        distrusted=_distrusted(reference, fast, epochs),
    )


def _distrusted(reference: list[Satrec], fast: FastSatellites, epochs: Array) -> Index:
    """Rows that differ between both kernels at the end of the catalogue's epochs, and five days on."""
    if not reference:
        return np.empty(0, dtype=np.intp)
    times = epochs.max() + np.array([0.0, 432_000.0])
    error, position_km, _ = SatrecArray(reference).sgp4(*sgp4_dates(times))
    position_km[error != 0] = np.nan
    apart = np.linalg.norm(
        _fast_positions_m(fast, len(reference), times) - 1e3 * np.swapaxes(position_km, 0, 1), axis=2
    )
    return np.flatnonzero(~(apart < _FAST_IS_WRONG_BEYOND_M).all(axis=0))


def _fast_positions_m(fast: FastSatellites, count: int, tai_s: Array) -> Array:
    near_km, deep_km = fast_positions_teme_km(fast, tai_s)
    found = np.full((tai_s.size, count, 3), np.nan)
    found[:, fast.near], found[:, fast.deep] = 1e3 * near_km, 1e3 * deep_km
    return found
