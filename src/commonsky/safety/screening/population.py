"""The objects of a screening, and where each is at any time by the reference propagator or its own ephemeris."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sgp4.api import Satrec, SatrecArray

from commonsky.astro.fast_perturbations import FastSatellites, fast_satellites
from commonsky.astro.general_perturbations import satrecs, sgp4_dates, theory_elements
from commonsky.domain import ElementSet
from commonsky.safety.coarse import require_fine
from commonsky.safety.screening.ephemeris import Ephemeris, interpolated

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """Objects by index: ids, the SGP4 elements of those that have them, the ephemerides of the others.

    Attributes
    ----------
    by_elements
        Indices of the objects with element sets, in the order of ``elements`` and ``epochs_tai_s``.
    elements
        (k, 10) as of ``theory_elements``: plain numbers, so that a population travels to other processes.
    ephemerides
        By index.

    """

    ids: tuple[str, ...]
    by_elements: Indices
    elements: Array
    epochs_tai_s: Array
    ephemerides: dict[int, Ephemeris]

    def __len__(self) -> int:
        return len(self.ids)

    def __getstate__(self) -> dict[str, Any]:
        """Without the initialised satellites, which each process makes for itself."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @cached_property
    def reference(self) -> list[Satrec]:
        """Satellites of the reference implementation, in the order of ``elements``."""
        return satrecs(self.elements)

    @cached_property
    def reference_array(self) -> SatrecArray:
        """The same for all at once."""
        return SatrecArray(self.reference)

    @cached_property
    def fast(self) -> FastSatellites:
        """Satellites of the fast implementation; places are rows of ``elements``."""
        return fast_satellites(self.elements)

    @cached_property
    def row_of(self) -> Indices:
        """Row in ``elements`` by index, -1 for an ephemeris."""
        rows = np.full(len(self.ids), -1, dtype=np.int64)
        rows[self.by_elements] = np.arange(self.by_elements.size)
        return rows

    @cached_property
    def id_numbers(self) -> Indices:
        """Equal for equal ids."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(one, len(numbers)) for one in self.ids], dtype=np.int64)


def population(objects: Sequence[tuple[str, ElementSet | Ephemeris]]) -> Population:
    """Prepare objects, each an id and its orbit; an object's index is its place in the sequence.

    Objects with the same id (segments of one ephemeris) are never screened against each other. Raises CoarseOrbitError
    for an element set that was coarsened before release.
    """
    for name, orbit in objects:
        if isinstance(orbit, ElementSet):
            require_fine(orbit, name)
    sets = [(place, orbit) for place, (_, orbit) in enumerate(objects) if isinstance(orbit, ElementSet)]
    return Population(
        ids=tuple(name for name, _ in objects),
        by_elements=np.array([place for place, _ in sets], dtype=np.int64),
        elements=theory_elements([one for _, one in sets]),
        epochs_tai_s=np.array([one.epoch_tai_s for _, one in sets], dtype=np.float64),
        ephemerides={p: orbit for p, (_, orbit) in enumerate(objects) if isinstance(orbit, Ephemeris)},
    )


def states_at(objects: Population, index: Indices, tai_s: Array) -> tuple[Array, Array]:
    """Position (m) and velocity (m/s) in TEME of object ``index[k]`` at ``tai_s[k]``, (k, 3) each.

    Both as the reference implementation of SGP4 gives them, or by an ephemeris's interpolation. NaN where the
    object does not exist or SGP4 fails.
    """
    position = np.empty((len(index), 3))
    velocity = np.empty((len(index), 3))
    if not len(index):
        return position, velocity
    order = np.argsort(index, kind="stable")
    sorted_index, sorted_tai_s = index[order], tai_s[order]
    jd1, jd2 = sgp4_dates(sorted_tai_s)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(sorted_index)) + 1, [len(index)]]).tolist()
    found_r, found_v = np.empty_like(position), np.empty_like(velocity)
    errors = np.zeros(len(index), dtype=np.uint8)
    rows, satellites = objects.row_of[sorted_index[edges[:-1]]].tolist(), objects.reference
    for begin, end, row in zip(edges[:-1], edges[1:], rows, strict=True):
        if row < 0:
            one = objects.ephemerides[int(sorted_index[begin])]
            found_r[begin:end], found_v[begin:end] = interpolated(one, sorted_tai_s[begin:end])
            found_r[begin:end] *= 1e-3
            found_v[begin:end] *= 1e-3
        else:
            part = slice(begin, end)
            errors[part], found_r[part], found_v[part] = satellites[row].sgp4_array(jd1[part], jd2[part])
    found_r[errors != 0] = np.nan
    found_v[errors != 0] = np.nan
    position[order] = found_r * 1e3
    velocity[order] = found_v * 1e3
    return position, velocity
