"""A seeded, made-up catalogue with the shape of the real one: shells, debris clouds, navigation, GEO, transfer orbits.

The shares and bounds are round figures for a rehearsal, not a census.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, EARTH_GM_M3_S2
from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s
from commonsky.domain import ElementSet

FIRST_NUMBER = 200_001
"""Numbers from here on are not in use by any real catalogue in five digits; as Alpha-5 they start with an L."""

FloatArray = NDArray[np.float64]


class Family(NamedTuple):
    """A group of orbits: share of the catalogue, perigee altitude, eccentricity and inclination ranges, B*."""

    name: str
    share: float
    perigee_km: tuple[float, float]
    eccentricity: tuple[float, float]
    inclination_deg: tuple[float, float]
    bstar: float


FAMILIES = (
    Family("SHELL A", 0.26, (535.0, 560.0), (0.0, 0.0005), (53.0, 53.2), 1e-4),
    Family("SHELL B", 0.06, (1195.0, 1205.0), (0.0, 0.0005), (87.8, 88.0), 3e-5),
    Family("SUNSYNC", 0.12, (480.0, 820.0), (0.0, 0.002), (97.3, 98.8), 1e-4),
    Family("SUNSYNC DEB", 0.22, (600.0, 900.0), (0.001, 0.02), (98.0, 99.5), 3e-4),
    Family("DEB", 0.14, (700.0, 1100.0), (0.001, 0.03), (64.0, 83.0), 2e-4),
    Family("STAGE", 0.06, (350.0, 1000.0), (0.0, 0.02), (28.0, 100.0), 1e-4),
    Family("NAV", 0.02, (19_000.0, 23_500.0), (0.0, 0.01), (54.0, 65.0), 0.0),
    Family("GEO", 0.05, (35_770.0, 35_790.0), (0.0, 0.0004), (0.0, 12.0), 0.0),
    Family("TRANSFER DEB", 0.05, (250.0, 900.0), (0.55, 0.72), (5.0, 35.0), 5e-5),
    Family("MOLNIYA", 0.02, (600.0, 1500.0), (0.69, 0.73), (62.8, 63.6), 0.0),
)


def synthetic_catalogue(rng: np.random.Generator, count: int, epoch_tai_s: float) -> list[ElementSet]:
    """Make ``count`` element sets with epochs in the day before ``epoch_tai_s``; the same generator, the same sky."""
    sizes = np.floor(np.array([family.share for family in FAMILIES]) * count).astype(int)
    sizes[0] += count - sizes.sum()
    made: list[ElementSet] = []
    for family, size in zip(FAMILIES, sizes, strict=True):
        made.extend(_members(family, int(size), len(made), rng, epoch_tai_s))
    return made


def _members(
    family: Family, size: int, already: int, rng: np.random.Generator, epoch_tai_s: float
) -> list[ElementSet]:
    perigee_m = EARTH_EQUATORIAL_RADIUS_M + 1e3 * rng.uniform(*family.perigee_km, size)
    eccentricity = rng.uniform(*family.eccentricity, size)
    mean_motion = _mean_motion_rev_day(perigee_m / (1.0 - eccentricity))
    columns = {
        "epoch_tai_s": epoch_tai_s - rng.uniform(0.0, 86_400.0, size),
        "mean_motion_rev_day": mean_motion.round(8),
        "eccentricity": eccentricity.round(7),
        "inclination_deg": rng.uniform(*family.inclination_deg, size).round(4),
        "ra_of_asc_node_deg": rng.uniform(0.0, 360.0, size).round(4),
        "arg_of_pericenter_deg": rng.uniform(0.0, 360.0, size).round(4),
        "mean_anomaly_deg": rng.uniform(0.0, 360.0, size).round(4),
    }
    rows: Sequence[tuple[float, ...]] = list(zip(*(c.tolist() for c in columns.values()), strict=True))
    return [
        _element_set(
            dict(zip(columns, row, strict=True)), f"{family.name} {n + 1}", already + n, family.bstar
        )
        for n, row in enumerate(rows)
    ]


def _element_set(elements: Mapping[str, Any], name: str, n: int, bstar: float) -> ElementSet:
    number = FIRST_NUMBER + n
    epoch_utc = utc_from_tai_s(elements["epoch_tai_s"], digits=6).removesuffix("Z")
    return ElementSet(
        object_name=name,
        object_id="",
        norad_cat_id=number,
        classification="U",
        epoch_utc=epoch_utc,
        bstar=bstar,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
        **{**elements, "epoch_tai_s": tai_s_from_utc(epoch_utc)},
    )


def _mean_motion_rev_day(semi_major_axis_m: FloatArray) -> FloatArray:
    return np.sqrt(EARTH_GM_M3_S2 / semi_major_axis_m**3) * 86_400.0 / (2.0 * np.pi)
