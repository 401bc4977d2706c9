"""The structure of a CCSDS Tracking Data Message (503.0-B-1 and -B-2), in KVN or XML, before any physics.

A message is a header and segments; a segment is metadata and data lines. A data line that cannot be read is
left out alone. Metadata say what the data mean, so a segment with metadata that cannot be read is left out
whole. A message without header, or without any segment that can be read, is refused.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from msgspec import Struct, field

from commonsky.astro.time import TIME_SYSTEMS, tai_s_from_text
from commonsky.formats.ccsds.notation import (
    Item,
    is_xml,
    kvn_items,
    leaf_item,
    line_of,
    lines_of,
    local_name,
    number_text,
    xml_root,
)
from commonsky.formats.errors import FormatError, Rejection

VERSIONS = ("1.0", "2.0")

_ONE_TO_FIVE = "12345"
_HEADER = frozenset({"CREATION_DATE", "ORIGINATOR", "MESSAGE_ID"})
_TEXTS = frozenset(
    {"TIME_SYSTEM", "TRACK_ID", "DATA_TYPES", "PATH", "PATH_1", "PATH_2", "TRANSMIT_BAND", "RECEIVE_BAND"}
    | {"REFERENCE_FRAME", "INTERPOLATION"}
    | {f"{name}_{n}" for name in ("PARTICIPANT", "EPHEMERIS_NAME") for n in _ONE_TO_FIVE}
)
_TIMES = frozenset({"START_TIME", "STOP_TIME"})
_NUMBERS = frozenset(
    {"TURNAROUND_NUMERATOR", "TURNAROUND_DENOMINATOR", "INTEGRATION_INTERVAL", "FREQ_OFFSET", "RANGE_MODULUS"}
    | {"INTERPOLATION_DEGREE", "DOPPLER_COUNT_BIAS", "DOPPLER_COUNT_SCALE"}
    | {f"{end}_DELAY_{n}" for end in ("TRANSMIT", "RECEIVE") for n in _ONE_TO_FIVE}
    | {f"CORRECTION_{of}" for of in ("ANGLE_1", "ANGLE_2", "DOPPLER", "MAG", "RANGE", "RCS", "RECEIVE")}
    | {f"CORRECTION_{of}" for of in ("TRANSMIT", "ABERRATION_YEARLY", "ABERRATION_DIURNAL")}
)
_CHOICES = {
    "MODE": ("SEQUENTIAL", "SINGLE_DIFF"),
    "TIMETAG_REF": ("TRANSMIT", "RECEIVE"),
    "INTEGRATION_REF": ("START", "MIDDLE", "END"),
    "RANGE_MODE": ("COHERENT", "CONSTANT", "ONE_WAY"),
    "RANGE_UNITS": ("KM", "S", "RU"),
    "ANGLE_TYPE": ("AZEL", "RADEC", "XEYN", "XSYE"),
    "DATA_QUALITY": ("RAW", "VALIDATED", "DEGRADED"),
    "CORRECTIONS_APPLIED": ("YES", "NO"),
    "DOPPLER_COUNT_ROLLOVER": ("YES", "NO"),
}
_DATA = frozenset(
    {
        "CARRIER_POWER",
        "DOPPLER_COUNT",
        "DOPPLER_INSTANTANEOUS",
        "DOPPLER_INTEGRATED",
        "PC_N0",
        "PR_N0",
        "RANGE",
    }
    | {"RECEIVE_FREQ", "DOR", "VLBI_DELAY", "ANGLE_1", "ANGLE_2", "MAG", "RCS", "CLOCK_BIAS", "CLOCK_DRIFT"}
    | {"STEC", "TROPO_DRY", "TROPO_WET", "PRESSURE", "RHUMIDITY", "TEMPERATURE"}
    | {f"{name}_{n}" for name in ("RECEIVE_PHASE_CT", "TRANSMIT_PHASE_CT") for n in _ONE_TO_FIVE}
    | {
        f"{name}_{n}"
        for name in ("RECEIVE_FREQ", "TRANSMIT_FREQ", "TRANSMIT_FREQ_RATE")
        for n in _ONE_TO_FIVE
    }
)
_PATH = re.compile(r"[1-5](,[1-5])+", re.ASCII)


class Datum(Struct, frozen=True):
    """One data line: what was measured, when, and the number as it was written."""

    line: int
    keyword: str
    epoch_tai_s: float
    value: str


class Segment(Struct):
    """Metadata by keyword (choices in upper case, paths without blanks) and the data lines that could be read."""

    line: int
    metadata: dict[str, str] = field(default_factory=dict)
    data: list[Datum] = field(default_factory=list)
    fault: Rejection | None = None

    def participant(self, number: str) -> str:
        """Return the name of participant 1 to 5."""
        return self.metadata[f"PARTICIPANT_{number}"]


class TdmMessage(Struct):
    """What a message says: header by keyword, the segments that could be read, and what was left out."""

    header: dict[str, str]
    segments: list[Segment]
    rejected: list[Rejection]


def read_message(data: bytes, *, source: str) -> TdmMessage:
    """Return the structure of a TDM.

    Raises FormatError with line and keyword when there is no TDM, its header cannot be read, or no segment can.
    """
    streams = _xml_streams(data, source) if is_xml(data) else [kvn_items(lines_of(data, source=source))]
    messages = [_Reader(source).read(stream) for stream in streams]
    whole = TdmMessage(messages[0].header, [], [])
    for message in messages:
        whole.segments += message.segments
        whole.rejected += message.rejected
    if not whole.segments:
        if not whole.rejected:
            raise FormatError(source, "has no segment (META_START to DATA_STOP)")
        first = whole.rejected[0]
        raise FormatError(
            source, f"has no segment that can be read: {first.reason}", line=first.line, field=first.field
        )
    return whole


class _Reader:
    """Takes the items of one message in order; ``_section`` is where it stands."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._section = "HEADER"
        self._segment = Segment(0)
        self._message = TdmMessage({}, [], [])

    def read(self, items: Iterable[Item | Rejection]) -> TdmMessage:
        stream = iter(items)
        self._version(next((one for one in stream if getattr(one, "keyword", "") != "COMMENT"), None))
        for item in stream:
            if isinstance(item, Rejection):
                self._malformed(item)
            elif item.keyword in _TRANSITIONS:
                self._turn(item)
            elif item.keyword != "COMMENT":
                self._take(item)
        if self._section in _ENDS:
            self._cut_short(None)
        if self._section == "HEADER":
            self._check_header(None)
        return self._message

    def _version(self, item: Item | Rejection | None) -> None:
        if not isinstance(item, Item) or item.keyword != "CCSDS_TDM_VERS":
            reason = "is not a tracking data message: it does not begin with CCSDS_TDM_VERS"
            raise FormatError(self._source, reason, line=item.line if item else None)
        if item.value not in VERSIONS:
            reason = f"version {item.value!r} is not one of {', '.join(VERSIONS)}"
            raise FormatError(self._source, reason, line=item.line, field=item.keyword)

    def _turn(self, item: Item) -> None:
        before, after = _TRANSITIONS[item.keyword]
        if self._section == "HEADER":
            self._check_header(item.line)
        if item.keyword == "META_START":
            if self._section in _ENDS:
                self._cut_short(item.line)
            self._segment = Segment(item.line)
        elif self._section not in before:
            self._blame(
                Rejection(line=item.line, field=item.keyword, reason=f"does not belong after {self._section}")
            )
        if item.value:
            self._blame(Rejection(line=item.line, field=item.keyword, reason="stands alone on its line"))
        if item.keyword == "META_STOP" and self._segment.fault is None:
            self._segment.fault = next(_faults_of_segment(self._segment, self._message), None)
        elif item.keyword == "DATA_STOP":
            self._close()
        self._section = after

    def _blame(self, fault: Rejection) -> None:
        self._segment.fault = self._segment.fault or fault

    def _cut_short(self, line: int | None) -> None:
        """End a segment whose end is missing: its data stand, if it came so far."""
        missing = Rejection(
            line=line, field=_ENDS[self._section], reason="is missing: the segment is cut short"
        )
        if self._section == "DATA":
            self._message.rejected.append(missing)
        else:
            self._blame(missing)
        self._close()

    def _close(self) -> None:
        segment, fault = self._segment, self._segment.fault
        if fault is None:
            self._message.segments.append(segment)
        elif segment.line:
            reason = f"{fault.reason}; the segment that begins at line {segment.line} was left out"
            self._message.rejected.append(Rejection(line=fault.line, field=fault.field, reason=reason))
        else:
            self._message.rejected.append(fault)
        self._segment = Segment(0)

    def _malformed(self, rejection: Rejection) -> None:
        if self._section == "HEADER":
            raise FormatError(self._source, rejection.reason, line=rejection.line, field=rejection.field)
        if self._section == "META":
            self._blame(rejection)
        else:
            self._message.rejected.append(rejection)

    def _take(self, item: Item) -> None:
        if self._section == "HEADER":
            self._take_header(item)
        elif self._section == "META":
            self._take_metadata(item)
        elif self._section == "DATA":
            if self._segment.fault is None:
                self._take_datum(item)
        else:
            reason = "stands outside metadata and data"
            self._message.rejected.append(Rejection(line=item.line, field=item.keyword, reason=reason))

    def _take_header(self, item: Item) -> None:
        if item.keyword not in _HEADER or item.keyword in self._message.header or not item.value:
            reason = "is empty, given twice, or no keyword of a TDM header"
            raise FormatError(self._source, reason, line=item.line, field=item.keyword)
        self._message.header[item.keyword] = item.value

    def _check_header(self, line: int | None) -> None:
        for keyword in ("CREATION_DATE", "ORIGINATOR"):
            if keyword not in self._message.header:
                raise FormatError(self._source, "is missing from the header", line=line, field=keyword)

    def _take_metadata(self, item: Item) -> None:
        keyword, value = item.keyword, item.value
        if keyword in _CHOICES or keyword == "TIME_SYSTEM":
            value = value.upper()
        elif keyword.startswith("PATH"):
            value = re.sub(r"\s", "", value)
        reason = next(_faults_of_keyword(keyword, value), None)
        if keyword in self._segment.metadata:
            reason = "is given twice"
        if reason:
            self._blame(Rejection(line=item.line, field=keyword, reason=reason))
        self._segment.metadata[keyword] = value

    def _take_datum(self, item: Item) -> None:
        try:
            datum = _datum(item, self._segment.metadata["TIME_SYSTEM"])
        except ValueError as error:
            self._message.rejected.append(Rejection(line=item.line, field=item.keyword, reason=str(error)))
        else:
            self._segment.data.append(datum)


# Keyword: the sections it may follow, and the section that it opens.
_TRANSITIONS = {
    "META_START": (("HEADER", "BETWEEN"), "META"),
    "META_STOP": (("META",), "DATA_AHEAD"),
    "DATA_START": (("DATA_AHEAD",), "DATA"),
    "DATA_STOP": (("DATA",), "BETWEEN"),
}
_ENDS = {"META": "META_STOP", "DATA_AHEAD": "DATA_START", "DATA": "DATA_STOP"}


def _faults_of_keyword(keyword: str, value: str) -> Iterator[str]:
    if not value:
        yield "has no value"
    if keyword in _CHOICES and value not in _CHOICES[keyword]:
        yield f"{value!r} is not one of {', '.join(_CHOICES[keyword])}"
    if keyword in _NUMBERS and number_text(value) is None:
        yield f"{value!r} is not a number"
    if keyword == "TIME_SYSTEM" and value not in TIME_SYSTEMS:
        yield f"{value!r} is not one of the time systems {', '.join(sorted(TIME_SYSTEMS))}"
    if keyword.startswith("PATH") and not _PATH.fullmatch(value):
        yield f"{value!r} is not a list of participants, as in 1,2,1"
    if keyword not in _TEXTS | _TIMES | _NUMBERS | _CHOICES.keys():
        yield "is no keyword of TDM metadata"


def _faults_of_segment(segment: Segment, message: TdmMessage) -> Iterator[Rejection]:
    """Yield what is wrong with the metadata as a whole."""
    metadata, line = segment.metadata, segment.line
    for keyword in ("TIME_SYSTEM", "PARTICIPANT_1"):
        if keyword not in metadata:
            yield Rejection(line=line, field=keyword, reason="is missing")
            return
    time_system = metadata["TIME_SYSTEM"]
    earlier = message.segments[0].metadata["TIME_SYSTEM"] if message.segments else time_system
    if time_system != earlier:
        # One clock per message: readers elsewhere refuse the mixture, and it is more often a slip than meant.
        reason = f"{time_system} differs from {earlier} of the segments before"
        yield Rejection(line=line, field="TIME_SYSTEM", reason=reason)
    for keyword in sorted(_TIMES & metadata.keys()):
        try:
            tai_s_from_text(metadata[keyword], time_system)
        except ValueError as error:
            yield Rejection(line=line, field=keyword, reason=str(error))
    for keyword in ("PATH", "PATH_1", "PATH_2"):
        for number in metadata.get(keyword, "").split(","):
            if number and f"PARTICIPANT_{number}" not in metadata:
                reason = f"names participant {number}, who is missing"
                yield Rejection(line=line, field=keyword, reason=reason)


def _datum(item: Item, time_system: str) -> Datum:
    if item.keyword not in _DATA:
        raise ValueError("is no keyword of TDM data")
    fields = item.value.split()
    if len(fields) != 2:
        raise ValueError(f"needs an epoch and one number, not {len(fields)} values")
    epoch, value = fields
    if number_text(value) is None:
        raise ValueError(f"{value!r} is not a number")
    return Datum(item.line, item.keyword, tai_s_from_text(epoch, time_system), value)


def _xml_streams(data: bytes, source: str) -> list[Iterator[Item | Rejection]]:
    root = xml_root(data, source=source)
    found = [root] if local_name(root) == "tdm" else [one for one in root if local_name(one) == "tdm"]
    if not found or local_name(root) not in {"tdm", "ndm"}:
        reason = f"is not a tracking data message: its root element is <{local_name(root)}>"
        raise FormatError(source, reason, line=line_of(root))
    return [_xml_items(one) for one in found]


def _xml_items(tdm: etree._Element) -> Iterator[Item | Rejection]:
    yield Item(line_of(tdm), str(tdm.get("id", "")).upper(), str(tdm.get("version", "")))
    for part in tdm:
        match local_name(part):
            case "header":
                yield from map(leaf_item, _elements(part))
            case "body":
                for segment in _elements(part):
                    yield from _xml_segment(segment)
            case "":
                continue
            case other:
                yield Rejection(line=line_of(part), field=other, reason="is no part of a TDM")


def _xml_segment(segment: etree._Element) -> Iterator[Item | Rejection]:
    for part in _elements(segment):
        match local_name(part):
            case "metadata":
                yield Item(line_of(part), "META_START")
                yield from map(leaf_item, _elements(part))
                yield Item(line_of(part), "META_STOP")
            case "data":
                yield Item(line_of(part), "DATA_START")
                yield from map(_xml_observation, _elements(part))
                yield Item(line_of(part), "DATA_STOP")
            case other:
                yield Rejection(line=line_of(part), field=other, reason="is no part of a TDM segment")


def _xml_observation(observation: etree._Element) -> Item | Rejection:
    if local_name(observation) == "COMMENT":
        return leaf_item(observation)
    parts = [leaf_item(child) for child in _elements(observation)]
    items = [part for part in parts if isinstance(part, Item) and part.keyword != "COMMENT"]
    if local_name(observation) != "observation" or len(items) != 2 or items[0].keyword != "EPOCH":
        reason = "needs one EPOCH followed by one measurement"
        return Rejection(line=line_of(observation), field=local_name(observation), reason=reason)
    return Item(items[1].line, items[1].keyword, f"{items[0].value} {items[1].value}")


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (child for child in parent if local_name(child))
