"""Conjunction messages of other providers, taken in from files: one warning for each message."""

from collections.abc import Sequence

import numpy as np

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import ConjunctionWarning, WarnedObject
from commonsky.domain.conjunction import LONGEST_TEXT
from commonsky.formats.ccsds.cdm import Cdm, CdmObject
from commonsky.formats.errors import Rejection
from commonsky.safety.encounter import Array, Side, encounter, period_s
from commonsky.safety.probability.conjunction import UnusableConjunctionError
from commonsky.safety.probability.covariance import repaired
from commonsky.safety.probability.message import check_frames, inertial_covariance, inertial_state
from commonsky.safety.warning import geometry

LEAST_REVISIT_S = 60.0
_NO_NAMES = {"", "UNKNOWN", "NONE", "N/A"}
_BOUND = "MAX"


def warning_of_message(message: Cdm) -> ConjunctionWarning | Rejection:
    """Make a warning of a message as it tells it: nothing is computed that it does not say, but for geometry.

    The states that the message holds are used for the geometry of the encounter and are not kept.
    """
    where = f"message {message.message_id or 'without id'}"
    first, second = sides = _sides(message)
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


def _sides(message: Cdm) -> tuple[Side | None, Side | None]:
    try:
        check_frames(message)
    except UnusableConjunctionError:
        return None, None
    return _side(message.object_1, 1, message.tca_tai_s), _side(message.object_2, 2, message.tca_tai_s)


def _side(one: CdmObject, number: int, tca_tai_s: float) -> Side | None:
    """State and covariance on inertial axes; ``None`` where the message does not tell, or in a frame of no use."""
    try:
        state = inertial_state(one, number, tca_tai_s)
    except UnusableConjunctionError:
        return None
    if not np.isfinite(state).all() or not np.cross(state[:3], state[3:]).any():
        return None
    given = inertial_covariance(one, state)
    try:
        return Side(state, None if given is None else repaired(given[:3, :3])[0])
    except ValueError:  # numbers that no repair makes a covariance of: as good as none
        return Side(state)


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
