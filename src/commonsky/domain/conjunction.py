"""A warning that two objects will come close, as one provider tells it at one time.

A warning holds the encounter relative to its objects and never their orbits: who may have those gets the tracks,
under clauses that speak of tracks. What is here is enough to compute a two-dimensional probability anew, and to say
why two providers differ.
"""

import math
from collections.abc import Iterable

from msgspec import Struct

LONGEST_TEXT = 200
MOST_NAMES = 16
FARTHEST_TAI_S = 1e11
LARGEST_M = 1e9
LARGEST_M_S = 1e6


class WarnedObject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two objects of a warning.

    Attributes
    ----------
    designator
        The provider's name for it: a catalogue number where it has one.
    also
        Other names of the same object, as the provider says: an international designator, the id of a track.
    data_epoch_tai_s
        Time of the newest data behind its orbit; ``None`` where the provider does not tell.
    sigmas_rtn_m
        One standard deviation of its position along its own radial, along-track and cross-track axes, at the time
        of closest approach.

    """

    designator: str
    name: str = ""
    also: tuple[str, ...] = ()
    data_epoch_tai_s: float | None = None
    sigmas_rtn_m: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if not self.designator:
            raise ValueError("an object of a warning has no designator")
        if len(self.also) > MOST_NAMES:
            raise ValueError(f"an object of a warning has more than {MOST_NAMES} names")
        _check_texts(
            designator=self.designator, name=self.name, **{f"also[{n}]": t for n, t in enumerate(self.also)}
        )
        _check("data_epoch_tai_s", self.data_epoch_tai_s, -FARTHEST_TAI_S, FARTHEST_TAI_S)
        _check_all("sigmas_rtn_m", self.sigmas_rtn_m, 0.0, LARGEST_M)

    @property
    def names(self) -> frozenset[str]:
        """Every name that the provider gives it."""
        return frozenset({self.designator, *self.also})


class EncounterPlane(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The encounter projected along the relative velocity ``w`` of the second object, in the axes up and across.

    ``up`` is the local vertical without its part along ``w``, ``across`` is ``w x up``: axes that every provider
    finds alike, whatever frame its message is in. Seen with the objects exchanged, the first component of the miss
    and the off-diagonal element of the covariance change their sign.

    Attributes
    ----------
    miss_m
        Position of object 2 from object 1.
    covariance_m2
        Lower triangle (up-up, across-up, across-across) of both objects' position uncertainty together; ``None``
        where either has none.

    """

    miss_m: tuple[float, float]
    covariance_m2: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        _check_all("miss_m", self.miss_m, -LARGEST_M, LARGEST_M)
        if self.covariance_m2 is not None:
            up, mixed, across = self.covariance_m2
            _check_all("covariance_m2", (up, across), 0.0, LARGEST_M**2)
            if not abs(mixed) <= math.sqrt(up) * math.sqrt(across) * (1.0 + 1e-9):
                raise ValueError("covariance_m2 is no covariance: its off-diagonal element is too large")


class ConjunctionWarning(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="conjunction_warning"
):
    """One provider's word on one close approach. A later word on it is a record of its own.

    Attributes
    ----------
    provider
        Who computed it; for a message taken in from a file, its originator.
    message
        The provider's id of this message; empty when it gives none.
    made_tai_s
        When the provider made it.
    tca_tai_s
        Time of closest approach.
    relative_position_rtn_m, relative_velocity_rtn_m_s
        Of object 2 from object 1, on the radial, along-track and cross-track axes of object 1.
    covariance_rtn_m2
        Lower triangle (6 values) of both objects' position uncertainty together, on the same axes.
    probability, method, is_bound
        Probability of collision, the name of the method that gave it, and whether it is an upper bound, as where
        a covariance is missing.
    hard_body_radius_m, hard_body_radius_source
        Sum of both objects' radii, and in words where it comes from.
    screened_within_m
        The distance under which the provider reports; ``None`` where it does not tell.
    revisit_s
        Half the shorter orbital period: how soon the same two objects can be close again.

    """

    provider: str
    made_tai_s: float
    tca_tai_s: float
    object_1: WarnedObject
    object_2: WarnedObject
    miss_distance_m: float
    message: str = ""
    relative_speed_m_s: float | None = None
    relative_position_rtn_m: tuple[float, float, float] | None = None
    relative_velocity_rtn_m_s: tuple[float, float, float] | None = None
    covariance_rtn_m2: tuple[float, float, float, float, float, float] | None = None
    plane: EncounterPlane | None = None
    probability: float | None = None
    method: str = ""
    is_bound: bool = False
    hard_body_radius_m: float | None = None
    hard_body_radius_source: str = ""
    screened_within_m: float | None = None
    revisit_s: float | None = None

    def __post_init__(self) -> None:
        if not self.provider:
            raise ValueError("a warning names no provider")
        if self.object_1.designator == self.object_2.designator:
            raise ValueError(f"a warning of {self.object_1.designator} with itself")
        _check_texts(
            provider=self.provider,
            message=self.message,
            method=self.method,
            hard_body_radius_source=self.hard_body_radius_source,
        )
        _check("made_tai_s", self.made_tai_s, -FARTHEST_TAI_S, FARTHEST_TAI_S)
        _check("tca_tai_s", self.tca_tai_s, -FARTHEST_TAI_S, FARTHEST_TAI_S)
        _check("miss_distance_m", self.miss_distance_m, 0.0, LARGEST_M)
        _check("relative_speed_m_s", self.relative_speed_m_s, 0.0, LARGEST_M_S)
        _check_all("relative_position_rtn_m", self.relative_position_rtn_m, -LARGEST_M, LARGEST_M)
        _check_all("relative_velocity_rtn_m_s", self.relative_velocity_rtn_m_s, -LARGEST_M_S, LARGEST_M_S)
        _check_all("covariance_rtn_m2", self.covariance_rtn_m2, -(LARGEST_M**2), LARGEST_M**2)
        _check("probability", self.probability, 0.0, 1.0)
        _check("hard_body_radius_m", self.hard_body_radius_m, 0.0, LARGEST_M)
        _check("screened_within_m", self.screened_within_m, 0.0, LARGEST_M)
        _check("revisit_s", self.revisit_s, 1.0, 1e9)
        if self.covariance_rtn_m2 is not None:
            radial, _, along, _, _, cross = self.covariance_rtn_m2
            _check_all("a variance of covariance_rtn_m2", (radial, along, cross), 0.0, LARGEST_M**2)

    @property
    def sigmas_rtn_m(self) -> tuple[float, float, float] | None:
        """Both objects' uncertainty together along object 1's axes, one standard deviation each."""
        if self.covariance_rtn_m2 is None:
            return None
        radial, _, along, _, _, cross = self.covariance_rtn_m2
        return math.sqrt(radial), math.sqrt(along), math.sqrt(cross)

    @property
    def position_sigma_m(self) -> float | None:
        """Root of the trace of the combined position covariance."""
        return None if self.sigmas_rtn_m is None else math.hypot(*self.sigmas_rtn_m)

    @property
    def sigma_of_miss_m(self) -> float | None:
        """Standard deviation of the miss distance along its own direction in the encounter plane."""
        if self.plane is None or self.plane.covariance_m2 is None:
            return None
        x, y = self.plane.miss_m
        length = math.hypot(x, y)
        if length == 0.0:
            return None
        up, mixed, across = self.plane.covariance_m2
        variance = (x * x * up + 2.0 * x * y * mixed + y * y * across) / length**2
        return math.sqrt(max(0.0, variance))


def _check(name: str, value: float | None, least: float, most: float) -> None:
    """Raise ValueError for a number that is out of bounds, or none at all."""
    if value is not None and not least <= value <= most:
        raise ValueError(f"{name} is {value:g}; it lies between {least:g} and {most:g}")


def _check_all(name: str, values: Iterable[float] | None, least: float, most: float) -> None:
    for value in values or ():
        _check(name, value, least, most)


def _check_texts(**texts: str) -> None:
    for name, text in texts.items():
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"{name} is longer than {LONGEST_TEXT} characters")
