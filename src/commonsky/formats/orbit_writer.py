"""Orbits as CCSDS messages (502.0-B-2 in KVN) and as two-line elements.

Every number is written in full, so that nothing is lost; frames are GCRF, for mean elements TEME. For XML go through
`commonsky.formats.ccsds`.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sgp4.api import WGS72, Satrec
from sgp4.exporter import export_tle

from commonsky.astro.time import jd_utc_from_tai_s, utc_texts_from_tai_s
from commonsky.domain import ElementSet
from commonsky.formats.errors import FormatError

Array = NDArray[np.float64]

_AXES = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
_KM = 1e-3
_KM2 = 1e-6
_EPOCH_ZERO_JD = 2433281.5
_MINUTES_PER_DAY = 1440.0
_LAST_NUMBER = 339_999
_UNNUMBERED = 99_999


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above every message; ``comments`` are written below it, one line each."""

    originator: str
    creation_utc: str
    object_name: str
    object_id: str
    comments: tuple[str, ...] = ()


def write_oem(
    heading: Heading, times_tai_s: Array, states_gcrf: Array, covariances: Array | None = None
) -> str:
    """An ephemeris (n, 6), m and m/s, with covariances (n, 6, 6) at the same epochs where given."""
    epochs = [text.removesuffix("Z") for text in utc_texts_from_tai_s(times_tai_s, digits=6)]
    lines = [*_head("OEM", heading), "META_START"]
    lines += _named(heading)
    lines += ["CENTER_NAME = EARTH", "REF_FRAME = GCRF", "TIME_SYSTEM = UTC"]
    lines += [f"START_TIME = {epochs[0]}", f"STOP_TIME = {epochs[-1]}", "META_STOP"]
    lines += [f"COMMENT {line}" for line in heading.comments]
    for epoch, state in zip(epochs, (states_gcrf * _KM).tolist(), strict=True):
        lines.append(f"{epoch} " + " ".join(f"{value:.12g}" for value in state))
    if covariances is not None:
        lines.append("COVARIANCE_START")
        for epoch, matrix in zip(epochs, covariances * _KM2, strict=True):
            lines += [f"EPOCH = {epoch}", "COV_REF_FRAME = GCRF"]
            lines += [" ".join(f"{value:.9e}" for value in matrix[i, : i + 1].tolist()) for i in range(6)]
        lines.append("COVARIANCE_STOP")
    return "\n".join([*lines, ""])


def write_opm(heading: Heading, epoch_tai_s: float, state_gcrf: Array, covariance: Array) -> str:
    """A state (6,), m and m/s, with its covariance (6, 6)."""
    lines = [*_head("OPM", heading), *_named(heading)]
    lines += ["CENTER_NAME = EARTH", "REF_FRAME = GCRF", "TIME_SYSTEM = UTC"]
    lines += [f"COMMENT {line}" for line in heading.comments]
    lines.append(f"EPOCH = {utc_texts_from_tai_s([epoch_tai_s], digits=6)[0].removesuffix('Z')}")
    lines += [
        f"{axis} = {value:.15g} [{'km/s' if 'DOT' in axis else 'km'}]"
        for axis, value in zip(_AXES, (state_gcrf * _KM).tolist(), strict=True)
    ]
    lines.append("COV_REF_FRAME = GCRF")
    lines += list(_covariance_entries(covariance * _KM2))
    return "\n".join([*lines, ""])


def write_omm(heading: Heading, one: ElementSet) -> str:
    """Mean elements of SGP4."""
    lines = [*_head("OMM", heading), *_named(heading)]
    lines += ["CENTER_NAME = EARTH", "REF_FRAME = TEME", "TIME_SYSTEM = UTC", "MEAN_ELEMENT_THEORY = SGP4"]
    lines += [f"COMMENT {line}" for line in heading.comments]
    lines += [
        f"EPOCH = {one.epoch_utc.removesuffix('Z')}",
        f"MEAN_MOTION = {one.mean_motion_rev_day!r} [rev/day]",
        f"ECCENTRICITY = {one.eccentricity!r}",
        f"INCLINATION = {one.inclination_deg!r} [deg]",
        f"RA_OF_ASC_NODE = {one.ra_of_asc_node_deg!r} [deg]",
        f"ARG_OF_PERICENTER = {one.arg_of_pericenter_deg!r} [deg]",
        f"MEAN_ANOMALY = {one.mean_anomaly_deg!r} [deg]",
        "EPHEMERIS_TYPE = 0",
        f"CLASSIFICATION_TYPE = {one.classification}",
        f"NORAD_CAT_ID = {one.norad_cat_id}",
        f"ELEMENT_SET_NO = {one.element_set_no}",
        f"REV_AT_EPOCH = {one.rev_at_epoch}",
        f"BSTAR = {one.bstar!r} [1/ER]",
        f"MEAN_MOTION_DOT = {one.mean_motion_dot!r} [rev/day**2]",
        f"MEAN_MOTION_DDOT = {one.mean_motion_ddot!r} [rev/day**3]",
    ]
    return "\n".join([*lines, ""])


def write_tle(one: ElementSet) -> str:
    """Name and two lines, as far as their columns go; a number beyond 339999 is written as 99999.

    Raises FormatError for an element set that has no place in them.
    """
    satellite = Satrec()
    jd1, jd2 = jd_utc_from_tai_s(one.epoch_tai_s)
    angles = (one.arg_of_pericenter_deg, one.inclination_deg, one.mean_anomaly_deg)
    argument, inclination, anomaly = map(math.radians, angles)
    rad_min = math.tau / _MINUTES_PER_DAY
    satellite.sgp4init(
        WGS72,
        "i",
        one.norad_cat_id if 0 <= one.norad_cat_id <= _LAST_NUMBER else _UNNUMBERED,
        float(jd1 - _EPOCH_ZERO_JD + jd2),
        one.bstar,
        one.mean_motion_dot * rad_min / _MINUTES_PER_DAY,
        one.mean_motion_ddot * rad_min / _MINUTES_PER_DAY**2,
        one.eccentricity,
        argument,
        inclination,
        anomaly,
        one.mean_motion_rev_day * rad_min,
        math.radians(one.ra_of_asc_node_deg),
    )
    satellite.classification = one.classification or "U"
    satellite.intldesg = _short_designator(one.object_id)
    satellite.elnum, satellite.revnum, satellite.ephtype = one.element_set_no, one.rev_at_epoch, 0
    try:
        first, second = export_tle(satellite)
    except (ValueError, AssertionError) as error:
        raise FormatError("two-line elements", str(error)) from error
    return f"{one.object_name[:24]}\n{first}\n{second}\n"


def _short_designator(object_id: str) -> str:
    """1998-067A as 98067A; nothing for what is no such designator."""
    year, dash, rest = object_id.partition("-")
    return year[2:] + rest if dash and len(year) == 4 and year.isdigit() and len(rest) <= 6 else ""


def _head(kind: str, heading: Heading) -> list[str]:
    return [
        f"CCSDS_{kind}_VERS = 2.0",
        f"CREATION_DATE = {heading.creation_utc.removesuffix('Z')}",
        f"ORIGINATOR = {heading.originator}",
    ]


def _named(heading: Heading) -> Iterable[str]:
    return (f"OBJECT_NAME = {heading.object_name}", f"OBJECT_ID = {heading.object_id}")


def _covariance_entries(matrix: Array) -> Iterator[str]:
    for i, row in enumerate(_AXES):
        for j, column in enumerate(_AXES[: i + 1]):
            unit = ("km**2", "km**2/s", "km**2/s**2")[(i > 2) + (j > 2)]
            yield f"C{row}_{column} = {matrix[i, j]:.15e} [{unit}]"
