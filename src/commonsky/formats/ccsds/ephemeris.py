"""Ephemerides of OEM and OCM as arrays in SI units: what screening takes from an operator.

Frames and centres are those of the message, only their spelling is made one; who needs another frame converts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.time import tai_s_from_text
from commonsky.formats.ccsds.covariance import Covariance, matrix_of_entries, matrix_of_row
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.tables import COLUMN_UNITS
from commonsky.formats.ccsds.tree import COMMENT, Block, Entry, Message, Row, leaves
from commonsky.formats.ccsds.units import same_kind, scale_to_si
from commonsky.formats.ccsds.values import unit_list
from commonsky.formats.errors import FormatError, Rejection

_COMPONENTS = {"CARTP": 3, "CARTPV": 6, "CARTPVA": 9}
_STANDARD_UNITS = ("km",) * 3 + ("km/s",) * 3 + ("km/s**2",) * 3
_SAME_FRAME = {"J2000": "EME2000", "ICRF3": "ICRF", "ICRF2": "ICRF", "ICRF1": "ICRF"}
_OCM_DEFAULT_FRAME = "ICRF3"  # 502.0-B-3 section 6.2.5, TRAJ_REF_FRAME


@dataclass(frozen=True, kw_only=True)
class Ephemeris:
    """States of one object over one span: a segment of an OEM or a trajectory of an OCM.

    ``positions_m`` and ``velocities_m_s`` are (n, 3) in ``frame`` about ``center``; ``epochs_tai_s`` (n,) rise.
    Velocities and accelerations are None where the message has none. ``norad_cat_id`` is None unless the message
    states a catalogue number. The useable span is the whole when the message states none.
    """

    object_name: str
    object_id: str
    norad_cat_id: int | None
    center: str
    frame: str
    frame_epoch_tai_s: float | None
    time_system: str
    epochs_tai_s: NDArray[np.float64]
    positions_m: NDArray[np.float64]
    velocities_m_s: NDArray[np.float64] | None
    accelerations_m_s2: NDArray[np.float64] | None
    useable_start_tai_s: float
    useable_stop_tai_s: float
    interpolation: str = ""
    interpolation_degree: int | None = None
    covariances: list[Covariance] = field(default_factory=list)
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class EphemerisFile:
    """The ephemerides of an input, and what of it was left out."""

    ephemerides: list[Ephemeris]
    rejected: list[Rejection]
    kind: str
    originator: str
    creation_date: str


class _Unusable(Exception):  # noqa: N818  # no error of the program: a part of a message that says too little
    def __init__(self, reason: str, line: int = 0, keyword: str | None = None) -> None:
        super().__init__(reason)
        self.rejection = Rejection(line=line or None, field=keyword, reason=reason)


def read_ephemerides(data: bytes, *, source: str) -> EphemerisFile:
    """Return all ephemerides of the OEM and OCM messages of an input (KVN or XML).

    A row or a segment that cannot be read is left out and listed. Raises FormatError when the input is no CCSDS
    message, or holds no ephemeris that can be read.
    """
    document = read_document(data, source=source)
    found: list[Ephemeris] = []
    rejected: list[Rejection] = []
    for message in document.messages:
        rejected += message.faults
        if message.kind not in {"OEM", "OCM"}:
            reason = f"a message of kind {message.kind} has no ephemeris"
            rejected.append(Rejection(line=message.line, reason=reason))
            continue
        for part in _parts(message, rejected):
            try:
                found.append(part.ephemeris(rejected))
            except _Unusable as error:
                rejected.append(error.rejection)
    if not found:
        first = rejected[0] if rejected else Rejection(reason="no segment")
        reason = f"has no ephemeris that can be read: {first.reason}"
        raise FormatError(source, reason, line=first.line, field=first.field)
    first_message = document.messages[0]
    return EphemerisFile(
        ephemerides=found,
        rejected=rejected,
        kind=first_message.kind,
        originator=first_message.header("ORIGINATOR"),
        creation_date=first_message.header("CREATION_DATE"),
    )


class Clock:
    """Turns the times of one segment into TAI: its time system, and the epoch that relative times count from."""

    def __init__(self, metadata: dict[str, str], *, relative: bool) -> None:
        self.system = metadata.get("TIME_SYSTEM", "UTC").upper()
        self._relative = relative
        self._more_s = 0.0
        if self.system == "UT1" and relative and "UT1MUTC_AT_TZERO" in metadata:
            self._more_s = _number(metadata, "TAIMUTC_AT_TZERO") - _number(metadata, "UT1MUTC_AT_TZERO")
        self._zero_tai_s = self.absolute(metadata.get("EPOCH_TZERO", ""), "EPOCH_TZERO") if relative else 0.0

    def tai_s(self, text: str, keyword: str = "", line: int = 0) -> float:
        """TAI seconds of an epoch, or of seconds after the zero of the message."""
        if self._relative and number_text(text):
            return self._zero_tai_s + float(text)
        return self.absolute(text, keyword, line)

    def absolute(self, text: str, keyword: str = "", line: int = 0) -> float:
        """TAI seconds of an epoch of the calendar."""
        try:
            if self._more_s:
                return tai_s_from_text(text, "TAI") + self._more_s
            return tai_s_from_text(text, self.system)
        except ValueError as error:
            raise _Unusable(str(error), line, keyword or None) from error


@dataclass
class _Part:
    """A segment of an OEM or a trajectory of an OCM, on the way to arrays."""

    block: Block
    rows: list[Row]
    said: dict[str, str]
    clock: Clock
    scales: list[float]
    covariances: list[Covariance]
    frame_keyword: str
    widths: tuple[int, ...] = (6, 9)

    def ephemeris(self, rejected: list[Rejection]) -> Ephemeris:
        """Return the arrays; raises _Unusable when too little can be read."""
        epochs_tai_s, states = self._table(rejected)
        if not len(epochs_tai_s):
            raise _Unusable("has no states", self.block.line, self.block.name)
        said, clock = self.said, self.clock
        frame_epoch = said.get(f"{self.frame_keyword}_EPOCH") or said.get("TRAJ_FRAME_EPOCH")
        width = states.shape[1]
        start, stop = said.get("USEABLE_START_TIME"), said.get("USEABLE_STOP_TIME")
        degree = said.get("INTERPOLATION_DEGREE", "")
        frame = said.get(self.frame_keyword, _OCM_DEFAULT_FRAME).upper()
        return Ephemeris(
            object_name=said.get("OBJECT_NAME", ""),
            object_id=said.get("OBJECT_ID") or said.get("INTERNATIONAL_DESIGNATOR", ""),
            norad_cat_id=_catalogue_number(said),
            center=said.get("CENTER_NAME", "EARTH").upper(),
            frame=_SAME_FRAME.get(frame, frame),
            frame_epoch_tai_s=clock.tai_s(frame_epoch) if frame_epoch else None,
            time_system=clock.system,
            epochs_tai_s=epochs_tai_s,
            positions_m=states[:, :3],
            velocities_m_s=states[:, 3:6] if width > 3 else None,
            accelerations_m_s2=states[:, 6:9] if width > 6 else None,
            useable_start_tai_s=clock.tai_s(start, "USEABLE_START_TIME") if start else float(epochs_tai_s[0]),
            useable_stop_tai_s=clock.tai_s(stop, "USEABLE_STOP_TIME") if stop else float(epochs_tai_s[-1]),
            interpolation=said.get("INTERPOLATION", "").upper(),
            interpolation_degree=int(degree) if degree.isascii() and degree.isdigit() else None,
            covariances=self.covariances,
            line=self.block.line,
        )

    def _table(self, rejected: list[Rejection]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Epochs and states of the rows that can be read; accelerations only where all rows have them."""
        epochs: list[float] = []
        states: list[list[float]] = []
        for row in self.rows:
            try:
                epoch, state = self._row(row, epochs[-1] if epochs else -math.inf)
            except _Unusable as error:
                rejected.append(error.rejection)
                continue
            epochs.append(epoch)
            states.append(state)
        width = min(map(len, states), default=0)
        table = np.array([one[:width] for one in states], dtype=np.float64)
        return np.array(epochs), table * self.scales[:width] if states else table

    def _row(self, row: Row, after_tai_s: float) -> tuple[float, list[float]]:
        epoch_text, *cells = row.text.split()
        epoch_tai_s = self.clock.tai_s(epoch_text, line=row.line)
        bad = next((one for one in cells if number_text(one) is None), None)
        if bad is not None:
            raise _Unusable(f"{bad[:40]!r} is not a number", row.line)
        if len(cells) not in self.widths:
            raise _Unusable(f"has {len(cells)} numbers, not {self.widths[0]}", row.line)
        if epoch_tai_s <= after_tai_s:
            raise _Unusable(f"{epoch_text} is not after the row before", row.line)
        return epoch_tai_s, [float(one) for one in cells]


def _parts(message: Message, rejected: list[Rejection]) -> Iterator[_Part]:
    """Yield what may become an ephemeris; the reasons of what cannot are listed."""
    for segment in message.root.walk("segment"):
        metadata = segment.block("metadata")
        data = segment.block("data")
        if metadata is None or data is None:
            rejected.append(Rejection(line=segment.line, reason="a segment has no metadata or no data"))
            continue
        said = metadata.values()
        try:
            if message.kind == "OEM":
                clock = Clock(said, relative=False)
                yield _Part(
                    metadata,
                    list(_state_rows(data)),
                    said,
                    clock,
                    [1e3] * 9,
                    _covariances(data, clock),
                    "REF_FRAME",
                )
                continue
            clock = Clock(said, relative=True)
        except _Unusable as error:
            rejected.append(error.rejection)
            continue
        yield from _trajectories(data, said, clock, rejected)


def _state_rows(data: Block) -> Iterator[Row]:
    """Yield the rows of an OEM, also those that XML wrote with comments or other units inside, in km and km/s."""
    for part in data.parts:
        if isinstance(part, Row):
            yield part
        elif isinstance(part, Block) and part.name == "stateVector":
            cells = [_in_standard_unit(one) for _, one in leaves(part.parts) if one.keyword != COMMENT]
            yield Row(" ".join(cells), part.line)


def _in_standard_unit(entry: Entry) -> str:
    """Return a number in the standard's unit; with the unit beside it, which is no number, where that is none."""
    standard = COLUMN_UNITS.get(entry.keyword, "")
    if not entry.unit or entry.unit == standard:
        return entry.value
    if not same_kind(entry.unit, standard) or number_text(entry.value) is None:
        return f"{entry.value}[{entry.unit}]"
    return repr(float(entry.value) * scale_to_si(entry.unit) / scale_to_si(standard))


def _trajectories(
    data: Block, metadata: dict[str, str], clock: Clock, rejected: list[Rejection]
) -> Iterator[_Part]:
    for trajectory in data.blocks("traj"):
        said = metadata | trajectory.values()
        kind = said.get("TRAJ_TYPE", "CARTPV").upper()
        try:
            scales = _scales(said, kind, trajectory.line)
            covariances = _ocm_covariances(data, clock)
        except _Unusable as error:
            rejected.append(error.rejection)
            continue
        rows = list(trajectory.rows())
        yield _Part(trajectory, rows, said, clock, scales, covariances, "TRAJ_REF_FRAME", (len(scales),))


def _scales(said: dict[str, str], kind: str, line: int) -> list[float]:
    if kind not in _COMPONENTS:
        raise _Unusable(f"{kind!r} is not cartesian: left out", line, "TRAJ_TYPE")
    count = _COMPONENTS[kind]
    units = unit_list(said["TRAJ_UNITS"]) if said.get("TRAJ_UNITS") else list(_STANDARD_UNITS[:count])
    try:
        if len(units) != count:
            raise _Unusable(f"has {len(units)} units for {count} numbers", line, "TRAJ_UNITS")
        return [scale_to_si(one) for one in units]
    except ValueError as error:
        raise _Unusable(str(error), line, "TRAJ_UNITS") from error


def _covariances(data: Block, clock: Clock) -> list[Covariance]:
    found = []
    frame = ""
    for block in data.blocks("covarianceMatrix"):
        frame = block.value("COV_REF_FRAME", frame).upper()
        matrix = matrix_of_entries(block)
        if matrix is not None:
            epoch = clock.tai_s(block.value("EPOCH"), "EPOCH", block.line)
            found.append(Covariance(epoch, _SAME_FRAME.get(frame, frame), matrix))
    return found


def _ocm_covariances(data: Block, clock: Clock) -> list[Covariance]:
    found = []
    for block in data.blocks("cov"):
        frame = block.value("COV_REF_FRAME").upper()
        for row in block.rows():
            epoch, _, numbers = row.text.partition(" ")
            matrix = matrix_of_row(numbers.split(), block.values())
            if matrix is not None:
                found.append(
                    Covariance(clock.tai_s(epoch, line=row.line), _SAME_FRAME.get(frame, frame), matrix)
                )
    return found


def _catalogue_number(said: dict[str, str]) -> int | None:
    for keyword in ("OBJECT_DESIGNATOR", "OBJECT_ID"):
        text = said.get(keyword, "").strip()
        if text.isascii() and text.isdigit() and 0 < int(text[:12]) <= 999_999_999:
            return int(text[:12])
    return None


def _number(said: dict[str, str], keyword: str) -> float:
    text = number_text(said.get(keyword, ""))
    if text is None:
        raise _Unusable("is missing or no number: UT1 needs it", 0, keyword)
    return float(text)
