"""Conjunction messages of other providers, taken in from files: one warning for each message."""

from collections.abc import Sequence

import numpy as np

from commonsky.astro import frames
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import ConjunctionWarning, WarnedObject
from commonsky.domain.conjunction import LONGEST_TEXT
from commonsky.formats.ccsds.cdm import Cdm, CdmObject
from commonsky.formats.errors import Rejection
from commonsky.safety.encounter import Array, Side, encounter, period_s
from commonsky.safety.warning import geometry

INERTIAL = {"EME2000", "J2000", "GCRF", "ICRF"}
"""Their axes differ by less than a microradian, which no encounter feels."""

LEAST_REVISIT_S = 60.0
_NO_NAMES = {"", "UNKNOWN", "NONE", "N/A"}
_BOUND = "MAX"


def warning_of_message(message: Cdm) -> ConjunctionWarning | Rejection:
    """Make a warning of a message as it tells it: nothing is computed that it does not say, but for geometry.

    The states that the message holds are used for the geometry of the encounter and are not kept.
    """
    where = f"message {message.message_id or 'without id'}"
    sides = [_side(one, message.tca_tai_s) for one in (message.object_1, message.object_2)]
    first, second = sides
    told = None if first is None or second is None else encounter(first, second)
    if told is None and message.miss_distance_m is None:
        return Rejection(field="MISS_DISTANCE", reason=f"{where} has neither states nor a miss distance")
    seen = {} if told is None else geometry(told)
    sigmas = (None, None) if told is None else (told.sigmas_1_rtn_m, told.sigmas_2_rtn_m)
    said = {
        "miss_distance_m": message.miss_distance_m,
        "relative_speed_m_s": message.relative_speed_m_s,
        "relative_position_rtn_m": message.relative_position_rtn_m,
        "relative_velocity_rtn_m_s": message.relative_velocity_rtn_m_s,
    }
    method = (message.collision_probability_method or "")[:LONGEST_TEXT]
    try:
        return ConjunctionWarning(
            provider=_text(message.originator) or "unknown provider",
            message=_text(message.message_id),
            made_tai_s=message.creation_tai_s,
            tca_tai_s=message.tca_tai_s,
            object_1=_warned(message.object_1, sigmas[0]),
            object_2=_warned(message.object_2, sigmas[1]),
            probability=message.collision_probability,
            method=method if message.collision_probability is not None else "",
            is_bound=_BOUND in method.upper(),
            hard_body_radius_m=message.hard_body_radius_m,
            hard_body_radius_source=_text(message.hard_body_radius_source or ""),
            revisit_s=_half_period_s(sides),
            **(seen | {name: value for name, value in said.items() if value is not None}),
        )
    except ValueError as error:
        return Rejection(field="CDM", reason=f"{where}: {error}")


def _side(one: CdmObject, tca_tai_s: float) -> Side | None:
    """State and covariance on inertial axes; ``None`` where the message does not tell, or in a frame of no use."""
    if one.position_m is None or one.velocity_m_s is None:
        return None
    position, velocity = np.array([one.position_m]), np.array([one.velocity_m_s])
    frame = one.reference_frame.upper()
    if frame.startswith("ITRF"):
        position, velocity = frames.itrf_to_gcrf(position, velocity, tca_tai_s)
    elif frame not in INERTIAL:
        return None
    state = np.concatenate([position[0], velocity[0]])
    if not np.isfinite(state).all() or not np.cross(state[:3], state[3:]).any():
        return None
    rows = one.covariance_rows(3)
    if rows is None:
        return Side(state)
    axes, covariance = rtn_axes(state), np.array(rows)
    if np.linalg.eigvalsh(covariance)[0] <= 0.0:
        return Side(state)
    return Side(state, axes.T @ covariance @ axes)


def _warned(one: CdmObject, sigmas: Array | None) -> WarnedObject:
    names = [_text(name) for name in (one.designator, one.international_designator)]
    first, *also = [name for name in names if name.upper() not in _NO_NAMES] or [""]
    name = _text(one.name)
    return WarnedObject(
        designator=first,
        name="" if name.upper() in _NO_NAMES else name,
        also=tuple(also),
        data_epoch_tai_s=_last_observed_tai_s(one),
        sigmas_rtn_m=None if sigmas is None else (float(sigmas[0]), float(sigmas[1]), float(sigmas[2])),
    )


def _last_observed_tai_s(one: CdmObject) -> float | None:
    """End of the interval of the last observation, as far as it is told."""
    try:
        return tai_s_from_utc(one.more.get("TIME_LASTOB_END", "").strip())
    except ValueError:
        return None


def _half_period_s(sides: Sequence[Side | None]) -> float | None:
    periods = [period_s(side.state) for side in sides if side is not None]
    half = 0.5 * min(periods, default=np.inf)
    return half if LEAST_REVISIT_S <= half < np.inf else None


def _text(text: str) -> str:
    return text.strip()[:LONGEST_TEXT]
