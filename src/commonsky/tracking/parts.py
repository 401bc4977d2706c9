"""The measured values of each kind of observation, one by one."""

from enum import StrEnum

from commonsky.domain import ObservationKind


class Part(StrEnum):
    """One measured value of an observation."""

    RANGE = "range"
    RANGE_RATE = "range rate"
    AZIMUTH = "azimuth"
    ELEVATION = "elevation"
    RIGHT_ASCENSION = "right ascension"
    DECLINATION = "declination"


PARTS: dict[ObservationKind, tuple[Part, ...]] = {
    ObservationKind.RANGE: (Part.RANGE,),
    ObservationKind.RANGE_RATE: (Part.RANGE_RATE,),
    ObservationKind.AZ_EL: (Part.AZIMUTH, Part.ELEVATION),
    ObservationKind.RA_DEC: (Part.RIGHT_ASCENSION, Part.DECLINATION),
}
"""The values of each kind of observation, in their order."""

ROUND = frozenset({Part.AZIMUTH, Part.RIGHT_ASCENSION})
"""Angles that start again after a full turn."""

UNITS = {
    Part.RANGE: "m",
    Part.RANGE_RATE: "m/s",
    Part.AZIMUTH: "rad",
    Part.ELEVATION: "rad",
    Part.RIGHT_ASCENSION: "rad",
    Part.DECLINATION: "rad",
}
