"""Observations as a CCSDS Tracking Data Message, version 2.0 (503.0-B-2), in KVN.

What `tdm.read_tdm` reads from it are the same observations, to the last bit of every value and epoch. Noise and
bias are the sensor's and not part of the message: the reader takes them from the sensor's own record.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from commonsky.astro.time import utc_text_from_tai_s
from commonsky.domain import Observation, ObservationKind, SignalPath
from commonsky.formats.decimals import degrees_text, km_text
from commonsky.formats.errors import FormatError
from commonsky.formats.tdm import UNCORRELATED

_ANGLE_METADATA = {
    ObservationKind.AZ_EL: ["ANGLE_TYPE = AZEL"],
    ObservationKind.RA_DEC: ["ANGLE_TYPE = RADEC", "REFERENCE_FRAME = GCRF"],
}


def write_tdm(
    observations: Iterable[Observation], *, originator: str, creation_utc: str, comments: Iterable[str] = ()
) -> str:
    """Return the message; observations keep their order, a new segment begins where sensor, target or kind change.

    Two-way ranges and range rates are of half the path, as in the records. Raises FormatError when there is no
    observation, or for a name that has no place in KVN (blank at an end, line break, empty).
    """
    lines = ["CCSDS_TDM_VERS = 2.0"]
    lines += [f"COMMENT {line}" for comment in comments for line in comment.splitlines()]
    lines += [f"CREATION_DATE = {creation_utc}", f"ORIGINATOR = {_name(originator)}"]
    segments = [list(members) for _, members in groupby(observations, key=_segment_key)]
    if not segments:
        raise FormatError("tracking data message", "has no observation to write")
    for members in segments:
        lines += _segment(members)
    return "\n".join([*lines, ""])


def _segment_key(one: Observation) -> tuple[object, ...]:
    return one.sensor, one.target, one.path, one.time_tag, one.kind in _ANGLE_METADATA and one.kind


def _segment(members: list[Observation]) -> Iterator[str]:
    first = members[0]
    two_way = first.path is SignalPath.TWO_WAY
    yield "META_START"
    if two_way:
        yield "COMMENT Range and Doppler are of half the round trip (503.0-B-2 leaves it to the parties)"
    yield "TIME_SYSTEM = UTC"
    yield f"START_TIME = {utc_text_from_tai_s(min(one.epoch_tai_s for one in members))}"
    yield f"STOP_TIME = {utc_text_from_tai_s(max(one.epoch_tai_s for one in members))}"
    yield f"PARTICIPANT_1 = {_name(first.sensor)}"
    yield f"PARTICIPANT_2 = {UNCORRELATED if first.target is None else _name(first.target)}"
    yield "MODE = SEQUENTIAL"
    yield f"PATH = {'1,2,1' if two_way else '2,1'}"
    yield f"TIMETAG_REF = {first.time_tag.upper()}"
    yield "RANGE_UNITS = km"
    yield from _ANGLE_METADATA.get(first.kind, [])
    yield "META_STOP"
    yield "DATA_START"
    for one in members:
        yield from _data_lines(one)
    yield "DATA_STOP"


def _data_lines(one: Observation) -> Iterator[str]:
    epoch = utc_text_from_tai_s(one.epoch_tai_s)
    match one.kind:
        case ObservationKind.RANGE:
            yield f"RANGE = {epoch} {km_text(one.values[0])}"
        case ObservationKind.RANGE_RATE:
            yield f"DOPPLER_INSTANTANEOUS = {epoch} {km_text(one.values[0])}"
        case _:
            for number, angle in enumerate(one.values, 1):
                yield f"ANGLE_{number} = {epoch} {degrees_text(angle)}"


def _name(name: str) -> str:
    if not name or name != name.strip() or not name.isprintable():
        raise FormatError("tracking data message", f"has no place for the name {name!r}")
    return name
