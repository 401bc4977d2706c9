"""All-against-all screening of close approaches that misses none.

The way of one partition, `screen_partition`: the paths of all objects through windows of four and of two minutes with
the margin of each (`paths`), pairs of paths that come near each other in both (`pairs`), and the reference propagator
for what remains: fast passings (`encounters`) and pairs that stay together (`companions`).
"""

from commonsky.safety.screening.ephemeris import Ephemeris, EphemerisFrame, Interpolation, ephemeris
from commonsky.safety.screening.existence import Unusable
from commonsky.safety.screening.pieces import (
    APPROACH,
    ApproachKind,
    Partition,
    Plan,
    Screening,
    merged,
    partitions,
    plan,
    screen,
    screen_partition,
)
from commonsky.safety.screening.population import Population, population, states_at
from commonsky.safety.screening.volume import Box, Span, Sphere, Volume

__all__ = [
    "APPROACH",
    "ApproachKind",
    "Box",
    "Ephemeris",
    "EphemerisFrame",
    "Interpolation",
    "Partition",
    "Plan",
    "Population",
    "Screening",
    "Span",
    "Sphere",
    "Unusable",
    "Volume",
    "ephemeris",
    "merged",
    "partitions",
    "plan",
    "population",
    "screen",
    "screen_partition",
    "states_at",
]
