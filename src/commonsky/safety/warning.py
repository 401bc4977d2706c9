"""Make a warning of two orbits, and compute probabilities from what a warning holds."""

import math
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from commonsky.domain import ConjunctionWarning, EncounterPlane, WarnedObject
from commonsky.safety.encounter import Array, Encounter, Side, encounter
from commonsky.safety.probability import (
    Assessment,
    Conjunction,
    HardBody,
    assess,
    chan_2d,
    elrod_2d,
    foster_2d,
    greatest_of_all,
    maximum_2d,
)

FOSTER = "2D Foster"
NO_COVARIANCE = "maximum, no covariance"

FAST_M_S = 100.0
"""From here on an encounter is over before its path curves: minutes at the sigmas of catalogued orbits."""

_SCALES = np.geomspace(0.03, 30.0, 61)


class Radius(Struct, frozen=True, kw_only=True):
    """The hard-body radius of both objects together, and in words where it is from."""

    radius_m: float
    source: str


class Dilution(Struct, frozen=True, kw_only=True):
    """Probability against the scale of the standard deviations, with the scale where it is greatest.

    ``in_dilution`` says that a smaller uncertainty would give a higher probability: the data is too poor for the
    probability to mean safety.
    """

    scale: tuple[float, ...]
    probability: tuple[float, ...]
    maximum_scale: float
    maximum_probability: float
    in_dilution: bool


def warning_of(  # noqa: PLR0913  # who tells, when, of what
    sides: tuple[Side, Side],
    objects: tuple[WarnedObject, WarnedObject],
    radius: Radius,
    *,
    provider: str,
    made_tai_s: float,
    tca_tai_s: float,
    screened_within_m: float | None = None,
    revisit_s: float | None = None,
) -> ConjunctionWarning:
    """Make the warning of two objects with these states at their closest approach, with its probability.

    The probability is that of the method which holds for the encounter. Where a covariance is missing, it is the
    greatest that any can give, and marked as a bound.
    """
    seen = encounter(*sides)
    probability, method, is_bound = _judged(sides, seen, radius, tca_tai_s)
    return ConjunctionWarning(
        provider=provider,
        made_tai_s=made_tai_s,
        tca_tai_s=tca_tai_s,
        object_1=_with_sigmas(objects[0], seen.sigmas_1_rtn_m),
        object_2=_with_sigmas(objects[1], seen.sigmas_2_rtn_m),
        probability=probability,
        method=method,
        is_bound=is_bound,
        hard_body_radius_m=radius.radius_m,
        hard_body_radius_source=radius.source,
        screened_within_m=screened_within_m,
        revisit_s=revisit_s,
        **geometry(seen),
    )


def _judged(
    sides: tuple[Side, Side], seen: Encounter, radius: Radius, tca_tai_s: float
) -> tuple[float | None, str, bool]:
    """Probability, method, and whether it is a bound; what no covariance is known of needs no weighing."""
    if all(side.covariance is None for side in sides):
        greatest = greatest_of_all(np.array([seen.miss_distance_m]), np.array([radius.radius_m]))
        return float(greatest[0]), NO_COVARIANCE, True
    found = assessment(sides, radius, tca_tai_s)
    told = found.recommended.probability
    return told, "" if told is None else found.recommended.method, found.is_bound


def assessment(sides: tuple[Side, Side], radius: Radius, tca_tai_s: float) -> Assessment:
    """Weigh the methods for an encounter of these states; without Monte Carlo, which takes seconds."""
    conjunction = Conjunction.from_states(
        tca_tai_s,
        np.array([side.state for side in sides]),
        (sides[0].covariance, sides[1].covariance),
        HardBody(radius.radius_m, radius.source),
    )
    return assess(conjunction, monte_carlo=False)


def geometry(seen: Encounter) -> dict[str, Any]:
    """Give the fields of a warning that say where the objects pass, and how surely."""
    covariance = seen.covariance_rtn_m2
    return {
        "miss_distance_m": seen.miss_distance_m,
        "relative_speed_m_s": seen.relative_speed_m_s,
        "relative_position_rtn_m": _triple(seen.position_rtn_m),
        "relative_velocity_rtn_m_s": _triple(seen.velocity_rtn_m_s),
        "covariance_rtn_m2": None if covariance is None else tuple(covariance[np.tril_indices(3)].tolist()),
        "plane": seen.plane,
    }


def plane_probability(plane: EncounterPlane, radius_m: float) -> float:
    """Give the two-dimensional probability of a plane; without a covariance, the greatest that any gives."""
    if plane.covariance_m2 is None:
        return float(greatest_of_all(np.array([math.hypot(*plane.miss_m)]), np.array([radius_m]))[0])
    return float(foster_2d(*_columns(plane), np.array([radius_m]))[0])


class OtherMethod(Struct, frozen=True, kw_only=True):
    """What a method gives for a plane, whether it holds there, and why."""

    name: str
    probability: float
    valid: bool
    reason: str


def methods_of(
    plane: EncounterPlane, radius_m: float, *, relative_speed_m_s: float | None
) -> list[OtherMethod]:
    """Compute what the two-dimensional methods give for a plane; bounds alone where it has no covariance."""
    radius, distance = np.array([radius_m]), np.array([math.hypot(*plane.miss_m)])
    bound = OtherMethod(
        name=NO_COVARIANCE,
        probability=float(greatest_of_all(distance, radius)[0]),
        valid=True,
        reason="an upper bound whatever the covariances are",
    )
    if plane.covariance_m2 is None:
        return [bound]
    fast = relative_speed_m_s is not None and relative_speed_m_s >= FAST_M_S
    said = "above" if fast else "below"
    why = (
        f"relative speed {said} {FAST_M_S:g} m/s"
        if relative_speed_m_s is not None
        else "relative speed not told"
    )
    columns = _columns(plane)
    direct = [
        OtherMethod(name=name, probability=float(method(*columns, radius)[0]), valid=fast, reason=why)
        for name, method in ((FOSTER, foster_2d), ("2D Elrod", elrod_2d), ("2D Chan", chan_2d))
    ]
    greatest = OtherMethod(
        name="maximum over covariance scale",
        probability=float(maximum_2d(*columns, radius)[0][0]),
        valid=fast,
        reason="an upper bound for uncertainties of the same shape",
    )
    return [*direct, greatest, bound]


def dilution_of(plane: EncounterPlane, radius_m: float) -> Dilution | None:
    """Give the curve of probability against the scale of the uncertainty; ``None`` without a covariance."""
    if plane.covariance_m2 is None:
        return None
    miss, covariance = _columns(plane)
    count = len(_SCALES)
    curve = foster_2d(
        np.repeat(miss, count, axis=0), covariance * _SCALES[:, None, None] ** 2, np.full(count, radius_m)
    )
    greatest, scale = maximum_2d(miss, covariance, np.array([radius_m]))
    return Dilution(
        scale=tuple(_SCALES.tolist()),
        probability=tuple(curve.tolist()),
        maximum_scale=float(scale[0]),
        maximum_probability=float(greatest[0]),
        in_dilution=bool(scale[0] < 1.0),
    )


def _columns(plane: EncounterPlane) -> tuple[Array, Array]:
    assert plane.covariance_m2 is not None
    up, mixed, across = plane.covariance_m2
    return np.array([plane.miss_m]), np.array([[[up, mixed], [mixed, across]]])


def _with_sigmas(one: WarnedObject, sigmas: Array | None) -> WarnedObject:
    return replace(one, sigmas_rtn_m=None if sigmas is None else _triple(sigmas))


def _triple(values: Array) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third
