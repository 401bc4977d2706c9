"""When and how near: the span that is screened, and the volume about an object that others should stay out of."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """From ``start_tai_s`` to before ``end_tai_s``, TAI seconds since 2000-01-01T12:00:00 TAI."""

    start_tai_s: float
    end_tai_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_tai_s) and self.start_tai_s < self.end_tai_s < math.inf):
            raise ValueError("a span needs a start before its end")


@dataclass(frozen=True)
class Sphere:
    """All places nearer than ``radius_m``."""

    radius_m: float

    def __post_init__(self) -> None:
        if not 0.0 < self.radius_m < math.inf:
            raise ValueError("the radius of a screening sphere is a positive number of metres")

    @property
    def reach_m(self) -> float:
        """No place inside is farther."""
        return self.radius_m

    @property
    def half_widths_m(self) -> tuple[float, float, float] | None:
        """None: the volume has no axes."""
        return None


@dataclass(frozen=True)
class Box:
    """Half widths along radius, track and orbit normal of the first object of a pair (RTN; CCSDS 508.0-B-1, annex).

    The axes are those of the first object's inertial state at the time in question: R along its position, N along
    position x velocity, T = N x R.
    """

    radial_m: float
    in_track_m: float
    cross_track_m: float

    def __post_init__(self) -> None:
        if not all(0.0 < width < math.inf for width in (self.radial_m, self.in_track_m, self.cross_track_m)):
            raise ValueError("the half widths of a screening box are positive numbers of metres")

    @property
    def reach_m(self) -> float:
        """No place inside is farther: half the diagonal."""
        return math.hypot(self.radial_m, self.in_track_m, self.cross_track_m)

    @property
    def half_widths_m(self) -> tuple[float, float, float] | None:
        """Radial, in-track, cross-track."""
        return (self.radial_m, self.in_track_m, self.cross_track_m)


Volume = Sphere | Box


def inside(volume: Volume, relative_m: Array, position_m: Array, velocity_m_s: Array) -> NDArray[np.bool_]:
    """Whether second objects are in the volumes of first ones, (n).

    ``relative_m`` (n, 3) is second minus first; the other two are the first object's inertial state, same axes.
    """
    if isinstance(volume, Sphere):
        return np.asarray(np.linalg.norm(relative_m, axis=1) < volume.radius_m)
    radial = _unit(position_m)
    normal = _unit(np.cross(position_m, velocity_m_s))
    along = np.cross(normal, radial)
    parts = np.stack([np.sum(axis * relative_m, axis=1) for axis in (radial, along, normal)], axis=1)
    return np.asarray(np.all(np.abs(parts) < np.array(volume.half_widths_m), axis=1))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
