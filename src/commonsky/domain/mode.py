"""Whether a record is about the world or about a rehearsal of it."""

from enum import StrEnum


class Mode(StrEnum):
    """The data mode of a record; modes are never mixed in one picture, one estimate or one release.

    The values are those of the Unified Data Library's ``dataMode``.
    """

    REAL = "REAL"
    TEST = "TEST"
    SIMULATED = "SIMULATED"
    EXERCISE = "EXERCISE"
