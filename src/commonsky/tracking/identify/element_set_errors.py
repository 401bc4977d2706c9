"""How far element sets are off when they are old: no publisher says, so it was measured.

The 18,000 objects of a public catalogue were propagated over 2 to 12 days to the epochs of the next one and compared
on the axes of the orbit. The sigmas here put nine in ten objects where a normal distribution does (90 % within 2.5 in
three dimensions); the rest is far more often far off than a normal distribution says (manoeuvres, decay, bad fits), so
the distribution is a mixture of normal ones, each so many times as wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.astro.time import SECONDS_PER_DAY
from commonsky.domain import ElementSet

Array = NDArray[np.float64]

WIDTHS = ((1.0, 0.89), (3.0, 0.07), (12.0, 0.03), (60.0, 0.01))
"""Widths of the mixture, in sigmas, with their weights."""

_DRAG_SHARE = 0.25
_DEEP_REV_DAY = 6.4
_GEO_REV_DAY = 1.5
_ECCENTRIC = 0.2


@dataclass(frozen=True)
class ElementSetErrors:
    """One standard deviation for each of n element sets, metres: radial, along the velocity, cross-track (n,)."""

    radial_m: Array
    along_m: Array
    cross_m: Array


@dataclass(frozen=True)
class ErrorGrowth:
    """What the errors of n element sets grow by: columns (n,), from `error_growth`."""

    epoch_tai_s: Array
    along: Array
    """(n, 2): metres at epoch and metres a day; ``radial`` and ``cross`` alike."""
    radial: Array
    cross: Array
    drag_m_day2: Array

    def at(self, index: NDArray[np.intp], tai_s: float) -> ElementSetErrors:
        """Errors of some element sets at an epoch before or after their own."""
        age = np.abs(tai_s - self.epoch_tai_s[index]) / SECONDS_PER_DAY
        drag = self.drag_m_day2[index] * age**2
        along = self.along[index, 0] + self.along[index, 1] * age
        return ElementSetErrors(
            radial_m=self.radial[index, 0] + self.radial[index, 1] * age + 0.01 * drag,
            along_m=np.hypot(along, drag),
            cross_m=self.cross[index, 0] + self.cross[index, 1] * age,
        )


def error_growth(element_sets: Sequence[ElementSet]) -> ErrorGrowth:
    """Say by regime and by drag how errors grow with age."""
    motion = np.array([one.mean_motion_rev_day for one in element_sets])
    eccentricity = np.array([one.eccentricity for one in element_sets])
    drift = np.abs([one.mean_motion_dot for one in element_sets])
    rate = motion * 2.0 * np.pi / SECONDS_PER_DAY
    axis = (EARTH_GM_M3_S2 / rate**2) ** (1.0 / 3.0)
    deep = motion < _DEEP_REV_DAY
    regimes = [deep & (eccentricity > _ECCENTRIC), motion < _GEO_REV_DAY, deep]

    def of_regimes(*rows: tuple[float, float]) -> Array:
        table = 1e3 * np.array(rows)
        return np.asarray(table[np.select(regimes, [0, 1, 2], 3)])

    along = of_regimes((0.25, 1.2), (0.25, 1.0), (0.25, 0.08), (0.3, 0.08))
    cross = of_regimes((0.2, 0.15), (0.15, 0.12), (0.1, 0.03), (0.1, 0.04))
    displaced = np.array([0.0 if one.coarsened_to_m is UNSET else one.coarsened_to_m for one in element_sets])
    along[:, 0] += displaced
    cross[:, 0] += displaced
    return ErrorGrowth(
        epoch_tai_s=np.array([one.epoch_tai_s for one in element_sets]),
        along=along,
        radial=of_regimes((0.3, 0.4), (0.2, 0.15), (0.1, 0.03), (0.1, 0.03)),
        cross=cross,
        drag_m_day2=_DRAG_SHARE * drift * 2.0 * np.pi * axis,
    )
