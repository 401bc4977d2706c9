"""From a conjunction data message to an encounter that can be judged."""

import zlib
from collections.abc import Mapping
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
_FIXED = "ITRF"

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
    states = np.stack(
        [_state(one, number, cdm.tca_tai_s) for number, one in enumerate(_objects(cdm), start=1)]
    )
    covariances = [_covariance(one, state) for one, state in zip(_objects(cdm), states, strict=True)]
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
    rows = [None if table is None else table.get(one.designator.lstrip("0")) for one in _objects(cdm)]
    if rows[0] is not None and rows[1] is not None:
        (radius_1, sigma_1), (radius_2, sigma_2) = rows[0], rows[1]
        # Baars and Hall 2022, equation 8: what is not known of the sizes counts as size.
        whole = float(np.sqrt((radius_1 + radius_2) ** 2 + sigma_1**2 + sigma_2**2))
        return HardBody(whole, f"table ({radius_1:g} m and {radius_2:g} m, with their sigmas)")
    return HardBody(DEFAULT_RADIUS_M, f"default ({DEFAULT_RADIUS_M:g} m: neither message nor table has one)")


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


def _state(one: CdmObject, number: int, tca_tai_s: float) -> Array:
    """State (6,) in GCRF."""
    if one.position_m is None or one.velocity_m_s is None:
        keyword = "X" if one.position_m is None else "X_DOT"
        raise UnusableConjunctionError(f"object {number} has no usable state ({keyword} is missing)", keyword)
    if one.orbit_center.upper() not in {"EARTH", "399"}:
        raise UnusableConjunctionError(
            f"object {number} orbits {one.orbit_center}, not the Earth", "ORBIT_CENTER"
        )
    position, velocity = np.array([one.position_m]), np.array([one.velocity_m_s])
    frame = one.reference_frame.upper().replace("_", "").replace("-", "")
    if frame.startswith(_FIXED):
        position, velocity = itrf_to_gcrf(position, velocity, np.array([tca_tai_s]))
    elif frame == "TEME":
        position, velocity = teme_to_gcrf(position, velocity, np.array([tca_tai_s]))
    elif frame not in _INERTIAL:
        raise UnusableConjunctionError(
            f"object {number}: frame {one.reference_frame} is not known", "REF_FRAME"
        )
    return np.concatenate([position[0], velocity[0]])


def _covariance(one: CdmObject, state: Array) -> Array | None:
    """Covariance (6, 6) on inertial axes; the message has it in the object's radial, transverse, normal."""
    rows = one.covariance_rows()
    if rows is None:
        return None
    return rotated(np.array(rows), rtn_axes(state).T)
