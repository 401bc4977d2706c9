"""From a conjunction data message to an encounter that can be judged."""

import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.frames import itrf_to_gcrf, teme_to_gcrf
from commonsky.astro.orbit import rtn_axes
from commonsky.formats.ccsds.cdm import Cdm, CdmObject
from commonsky.safety.probability.conjunction import Conjunction, HardBody, UnusableConjunctionError
from commonsky.safety.probability.covariance import rotated

Array = NDArray[np.float64]

DEFAULT_RADIUS_M = 20.0
"""For a pair of which nothing is known: the combined radius that NASA's CARA screens with by default."""

# The bias of EME2000 against GCRF is 0.02 seconds of arc, the same for both objects: it changes no distance.
_INERTIAL = {"EME2000", "J2000", "GCRF", "ICRF"}
_FIXED = ("ITRF", "ECEF", "EFG")
# Of date: how they lie does not matter to two objects at one instant, as long as both are in the same.
_OF_DATE = {"TOD", "MOD"}
_LEAST_RADIUS_M = (
    6.0e6  # nothing orbits nearer to the Earth's centre: such a state is in other units, or none
)

_RADIUS_NAME = re.compile(
    r"(?:USER_DEFINED_)?(?:COMBINED[ _])?(?:HBR|HARD[ _-]?BODY[ _-]?RADIUS)\s*(?:[\[(]\s*(k?m)\s*[\])])?",
    re.IGNORECASE,
)
_RADIUS = re.compile(r"([0-9][0-9.eE+-]*)\s*[\[(]?\s*(k?m)?\s*[\])]?", re.ASCII | re.IGNORECASE)
_ELEMENT = re.compile(r"([0-9.eE+-]+)\s*(?:\[(k?m)\*\*2\])?", re.ASCII | re.IGNORECASE)
_POSITION = ("CR_R", "CT_R", "CT_T", "CN_R", "CN_T", "CN_N")

_CONTRADICTION = 0.02
_ROUNDED = 2.0  # m or m/s: messages round both


def conjunction_from_cdm(
    cdm: Cdm, *, hbr_m: float | None = None, table: Mapping[str, tuple[float, float]] | None = None
) -> Conjunction:
    """Encounter of a message: states in GCRF at their closest approach, covariances on the same axes.

    The hard-body radius is ``hbr_m`` when given, else the message's, else that of both designators in ``table``
    (radius and sigma in metres), else `DEFAULT_RADIUS_M`; `HardBody.source` says which. Raises
    UnusableConjunctionError when a state is missing or its frame or centre is not known.
    """
    check_frames(cdm)
    try:
        states = np.stack(
            [inertial_state(one, number, cdm.tca_tai_s) for number, one in enumerate(_objects(cdm), start=1)]
        )
    except UnusableConjunctionError as error:
        if cdm.collision_probability is None:
            raise
        words = f"{error}; the message itself states a probability of {cdm.collision_probability:g}"
        raise UnusableConjunctionError(words, error.keyword) from error
    covariances = [inertial_covariance(one, state) for one, state in zip(_objects(cdm), states, strict=True)]
    made = Conjunction.from_states(
        cdm.tca_tai_s,
        states,
        (covariances[0], covariances[1]),
        hard_body_of(cdm, hbr_m=hbr_m, table=table),
        seed=zlib.crc32(cdm.message_id.encode()),
    )
    return replace(made, notes=(*made.notes, *_contradictions(cdm, made)))


def hard_body_of(
    cdm: Cdm, *, hbr_m: float | None = None, table: Mapping[str, tuple[float, float]] | None = None
) -> HardBody:
    """Combined hard-body radius of a message's pair, and whence. May raise nothing; the radius is judged later."""
    if hbr_m is not None:
        return HardBody(hbr_m, "given")
    if cdm.hard_body_radius_m is not None:
        return HardBody(cdm.hard_body_radius_m, f"message ({cdm.hard_body_radius_source or 'HBR'})")
    stated = _stated_radius(cdm.more, cdm.comments)
    if stated is not None:
        return HardBody(stated[0], f"message ({stated[1]})")
    alone = [_own_radius(one) for one in _objects(cdm)]
    if alone[0] is not None and alone[1] is not None:
        return HardBody(alone[0] + alone[1], f"message ({alone[0]:g} m and {alone[1]:g} m of its objects)")
    rows = [None if table is None else table.get(one.designator.lstrip("0")) for one in _objects(cdm)]
    if rows[0] is not None and rows[1] is not None:
        (radius_1, sigma_1), (radius_2, sigma_2) = rows[0], rows[1]
        # Baars and Hall 2022, equation 8: what is not known of the sizes counts as size.
        whole = float(np.sqrt((radius_1 + radius_2) ** 2 + sigma_1**2 + sigma_2**2))
        return HardBody(whole, f"table ({radius_1:g} m and {radius_2:g} m, with their sigmas)")
    why = (
        "neither message nor table has one"
        if alone == [None, None]
        else "the message has that of one object only"
    )
    return HardBody(DEFAULT_RADIUS_M, f"default ({DEFAULT_RADIUS_M:g} m: {why})")


def _own_radius(one: CdmObject) -> float | None:
    if one.hard_body_radius_m is not None:
        return one.hard_body_radius_m
    stated = _stated_radius(one.more, one.comments)
    return None if stated is None else stated[0]


def _stated_radius(keywords: Mapping[str, str], comments: Iterable[str]) -> tuple[float, str] | None:
    """A radius in metres that stands under a keyword or in a comment of no standard, and its words."""
    lines = [f"{keyword} = {value}" for keyword, value in keywords.items()] + [
        f"COMMENT {one}" for one in comments
    ]
    for line in lines:
        name, _, value = line.removeprefix("COMMENT ").replace(":", "=", 1).partition("=")
        named, found = _RADIUS_NAME.fullmatch(name.strip()), _RADIUS.fullmatch(value.strip())
        if named is None or found is None:
            continue
        try:
            radius = float(found[1]) * (1000.0 if (found[2] or named[1] or "m").lower() == "km" else 1.0)
        except ValueError:
            continue
        if 0.0 < radius < 1e6:
            return radius, " ".join(line.split())
    return None


def _contradictions(cdm: Cdm, made: Conjunction) -> list[str]:
    """Words where the message's own figures are not those of its states: one of both is wrong."""
    pairs = (
        ("MISS_DISTANCE", cdm.miss_distance_m, made.position_m, "m"),
        ("RELATIVE_SPEED", cdm.relative_speed_m_s, made.velocity_m_s, "m/s"),
    )
    found = []
    for keyword, stated, vector, unit in pairs:
        computed = float(np.linalg.norm(vector))
        if stated is not None and abs(stated - computed) > max(_CONTRADICTION * computed, _ROUNDED):
            found.append(f"{keyword} says {stated:,.6g} {unit}, the states give {computed:,.6g} {unit}")
    return found


def _objects(cdm: Cdm) -> tuple[CdmObject, CdmObject]:
    return cdm.object_1, cdm.object_2


def _frame(one: CdmObject) -> str:
    frame = one.reference_frame.upper().strip().replace("_", "").replace("-", "")
    return _FIXED[0] if frame.startswith(_FIXED) else frame


def check_frames(cdm: Cdm) -> None:
    """Raise UnusableConjunctionError where the states of a message's two objects cannot be compared."""
    frames = {_frame(one) for one in _objects(cdm)}
    if len(frames) > 1 and frames & _OF_DATE:
        raise UnusableConjunctionError(
            f"the frames {' and '.join(sorted(frames))} cannot be compared", "REF_FRAME"
        )


def inertial_state(one: CdmObject, number: int, tca_tai_s: float) -> Array:
    """State (6,), m and m/s, in GCRF or in a frame of date, of object ``number`` (1 or 2) of a message.

    Raises UnusableConjunctionError when it is missing, or its frame or centre is not known.
    """
    if one.position_m is None or one.velocity_m_s is None:
        keyword = "X" if one.position_m is None else "X_DOT"
        names = "X, Y and Z" if one.position_m is None else "X_DOT, Y_DOT and Z_DOT"
        raise UnusableConjunctionError(f"object {number} has no usable state: {names} are needed", keyword)
    if one.orbit_center.upper() not in {"EARTH", "399"}:
        raise UnusableConjunctionError(
            f"object {number} orbits {one.orbit_center}, not the Earth", "ORBIT_CENTER"
        )
    position, velocity = np.array([one.position_m]), np.array([one.velocity_m_s])
    height = float(np.linalg.norm(position))
    if height < _LEAST_RADIUS_M:
        words = (
            f"object {number} is {height / 1e3:,.4g} km from the Earth's centre: the state cannot be in km"
        )
        raise UnusableConjunctionError(words, "X")
    frame = _frame(one)
    if frame == _FIXED[0]:
        position, velocity = itrf_to_gcrf(position, velocity, np.array([tca_tai_s]))
    elif frame == "TEME":
        position, velocity = teme_to_gcrf(position, velocity, np.array([tca_tai_s]))
    elif frame not in _INERTIAL | _OF_DATE:
        raise UnusableConjunctionError(
            f"object {number}: frame {one.reference_frame} is not known", "REF_FRAME"
        )
    return np.concatenate([position[0], velocity[0]])


def inertial_covariance(one: CdmObject, state: Array) -> Array | None:
    """Covariance (6, 6), or (3, 3) of position alone, SI, on the axes of its state; None where there is none.

    The message has it in the object's radial, transverse, normal; of a velocity's part that is cut off nothing is used.
    """
    rows = one.covariance_rows()
    given = _position_covariance(one.more) if rows is None else np.array(rows)
    return None if given is None else rotated(given, rtn_axes(state).T)


def _position_covariance(keywords: Mapping[str, str]) -> Array | None:
    """Covariance (3, 3) m2 of the six keywords of position, where a reader left them as text; None without them all."""
    found = [_ELEMENT.fullmatch(keywords.get(name, "").strip()) for name in _POSITION]
    lower = np.zeros((3, 3))
    for place, element in zip(zip(*np.tril_indices(3), strict=True), found, strict=True):
        try:
            value = math.nan if element is None else float(element[1])
        except ValueError:
            value = math.nan
        lower[place] = value * (1e6 if element and (element[2] or "").lower() == "km" else 1.0)
    return lower + np.tril(lower, -1).T if np.all(np.isfinite(lower)) else None
