"""Observations from a CCSDS Tracking Data Message (TDM, 503.0-B-1 and -B-2) in KVN or XML.

Which participant is which follows from PATH: the last one receives and is the station, the one before it is the
object. ``n,m,n`` is two-way, ``m,n`` one-way; ranges over other paths have no place among our observations.

Half of the path or the whole path? For two-way data the standard leaves it to the parties whether RANGE is from
the round-trip light time or from half of it (503.0-B-1 3.5.2.6 as amended in September 2010, kept in -B-2), and
the message does not say. So `read_tdm` takes it as an argument. Unless told, it takes a two-way range in km, and
two-way Doppler, for half of the path (a distance, a speed of the object: what radars and most centres send), and
a two-way range in seconds for the whole round trip (what a ranging system counts).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, TimeTag
from commonsky.formats.decimals import metres_from_km, metres_from_light_s, radians_from_degrees
from commonsky.formats.errors import Rejection
from commonsky.formats.radec import FRAMES, gcrf_from
from commonsky.formats.tdm_message import Datum, Segment, read_message

UNCORRELATED = "UNKNOWN"
"""The participant that stands for an object of which the sensor makes no claim."""

_LONGEST_MEAN_S = 60.0
_LEAST_MODULUS_M = 1e9


class RangeBasis(StrEnum):
    """What a two-way range or Doppler value is of: half of the signal's path, or all of it."""

    HALF = "half"
    ROUND_TRIP = "round_trip"


class Noise(Struct, frozen=True, kw_only=True):
    """One standard deviation of each quantity, for sensors of which nothing better is known."""

    range_sigma_m: float | None = 50.0
    range_rate_sigma_m_s: float | None = 0.5
    angle_sigma_deg: float | None = 0.02
    range_bias_m: float = 0.0
    range_rate_bias_m_s: float = 0.0


class TdmFile(Struct, frozen=True):
    """What a message gave.

    Attributes
    ----------
    observations
        In the order of the message.
    rejected
        Lines, or whole segments, that could not be read or that say what an `Observation` cannot.
    unused
        Count by keyword of good data lines of other kinds (frequencies, clocks, weather, brightness).
    header
        ORIGINATOR, CREATION_DATE and MESSAGE_ID as written.

    """

    observations: list[Observation]
    rejected: list[Rejection]
    unused: dict[str, int]
    header: dict[str, str]


def read_tdm(
    data: bytes,
    *,
    source: str,
    sensors: Mapping[str, Sensor] | None = None,
    noise: Noise | None = None,
    range_basis: RangeBasis | None = None,
) -> TdmFile:
    """Return the observations of a tracking data message.

    ``sensors`` gives sigmas and biases by station name; ``noise`` is for stations that it does not name. A sensor
    without a sigma for a quantity does not measure it, so its values of that quantity are rejected. The sigma of
    an angle holds for each of the two angles as such, not across the line of sight.

    DOPPLER_INTEGRATED is taken as the range rate at the middle of its interval. Values come with the message's
    corrections: those that CORRECTIONS_APPLIED = NO leaves to the reader are added. Epochs are moved by the
    station's TRANSMIT_DELAY or RECEIVE_DELAY to the antenna; ranges are not changed by them.

    Raises FormatError with line and keyword when the message as a whole cannot be read.
    """
    message = read_message(data, source=source)
    rejected = list(message.rejected)
    observations: list[Observation] = []
    unused: Counter[str] = Counter()
    for segment in message.segments:
        reader = _SegmentReader(segment, sensors or {}, noise or Noise(), range_basis)
        for datum in segment.data:
            if datum.keyword in _QUANTITY:
                reader.take(datum)
            else:
                unused[datum.keyword] += 1
        reader.finish()
        observations += reader.observations
        rejected += reader.rejected
    rejected.sort(key=lambda one: one.line or 0)
    return TdmFile(observations, rejected, dict(unused), message.header)


_QUANTITY = {
    "RANGE": "range",
    "DOPPLER_INSTANTANEOUS": "range rate",
    "DOPPLER_INTEGRATED": "range rate",
    "ANGLE_1": "angle",
    "ANGLE_2": "angle",
}


class _Link(Struct, frozen=True):
    """Who observes whom; ``other_path`` says why the path will do for angles only."""

    station: str
    station_number: str
    target: str | None
    path: SignalPath
    other_path: str | None = None


class _SegmentReader:
    def __init__(
        self, segment: Segment, sensors: Mapping[str, Sensor], noise: Noise, basis: RangeBasis | None
    ) -> None:
        self.observations: list[Observation] = []
        self.rejected: list[Rejection] = []
        self._segment = segment
        self._metadata = segment.metadata
        self._basis = basis
        self._link = _link(segment, sensors)
        self._noise: Noise | Sensor = noise
        if isinstance(self._link, _Link):
            self._noise = sensors.get(self._link.station, noise)
        self._angles: dict[float, Datum] = {}
        self._time_tag = TimeTag(self._metadata.get("TIMETAG_REF", "RECEIVE").lower())
        self._refusal = {keyword: next(self._objections(keyword), None) for keyword in _QUANTITY}

    def take(self, datum: Datum) -> None:
        """Turn a data line into an observation, keep it for its other angle, or reject it."""
        if reason := self._refusal[datum.keyword]:
            self._reject(datum, reason)
            return
        try:
            if datum.keyword == "RANGE":
                self._observe(ObservationKind.RANGE, datum.epoch_tai_s, self._range_m(datum))
            elif datum.keyword.startswith("DOPPLER"):
                epoch_tai_s = datum.epoch_tai_s + self._to_middle_s(datum)
                self._observe(ObservationKind.RANGE_RATE, epoch_tai_s, self._range_rate_m_s(datum))
            else:
                self._pair(datum)
        except ValueError as error:
            self._reject(datum, str(error))

    def finish(self) -> None:
        """Reject the angles that stayed alone."""
        for datum in self._angles.values():
            other = "ANGLE_2" if datum.keyword == "ANGLE_1" else "ANGLE_1"
            self._reject(datum, f"has no {other} at the same epoch")

    def _reject(self, datum: Datum, reason: str) -> None:
        self.rejected.append(Rejection(line=datum.line, field=datum.keyword, reason=reason))

    def _objections(self, keyword: str) -> Iterator[str]:
        """Yield what in the segment's metadata makes lines of this keyword unusable."""
        link, metadata = self._link, self._metadata
        if isinstance(link, str):
            yield link
            return
        if metadata.get("DATA_QUALITY") == "DEGRADED":
            yield "DATA_QUALITY is DEGRADED"
        if self._time_tag is TimeTag.TRANSMIT and link.path is SignalPath.ONE_WAY:
            yield "a one-way signal is time-tagged at transmission, which is not at the sensor"
        if self._sigma_and_bias(keyword)[0] is None:
            yield f"sensor {link.station} states no noise for {_QUANTITY[keyword]}"
        corrections = [name for name in metadata if name.startswith("CORRECTION_")]
        if corrections and "CORRECTIONS_APPLIED" not in metadata:
            yield f"{corrections[0]} is given, but CORRECTIONS_APPLIED is not"
        if _QUANTITY[keyword] == "angle":
            yield from self._objections_to_angles()
        elif link.other_path:
            yield link.other_path
        elif keyword == "RANGE":
            yield from self._objections_to_range(link)
        elif keyword == "DOPPLER_INTEGRATED":
            yield from self._objections_to_mean()

    def _objections_to_angles(self) -> Iterator[str]:
        metadata = self._metadata
        kind = metadata.get("ANGLE_TYPE", "which is missing,")
        if kind not in {"AZEL", "RADEC"}:
            yield f"ANGLE_TYPE {kind} is neither AZEL nor RADEC"
        frame = metadata.get("REFERENCE_FRAME", "which is missing,")
        if kind == "RADEC" and frame.upper() not in FRAMES:
            yield f"REFERENCE_FRAME {frame} is not one of {', '.join(sorted(FRAMES))}"
        if metadata.get("CORRECTIONS_APPLIED") == "NO":
            for name in ("CORRECTION_ABERRATION_YEARLY", "CORRECTION_ABERRATION_DIURNAL"):
                if float(metadata.get(name, 0.0)) != 0.0:
                    yield f"{name} is left to the reader, which is not supported"

    def _objections_to_range(self, link: _Link) -> Iterator[str]:
        metadata = self._metadata
        if metadata.get("RANGE_UNITS") == "RU":
            yield "RANGE_UNITS is RU, a unit that only the two parties know"
            return
        if metadata.get("RANGE_MODE") == "ONE_WAY" and link.path is SignalPath.TWO_WAY:
            yield "RANGE_MODE is ONE_WAY, but PATH is two-way"
        modulus = Decimal(metadata.get("RANGE_MODULUS", "0"))
        if 0.0 < self._metres(modulus) < _LEAST_MODULUS_M:
            yield f"the range is ambiguous: RANGE_MODULUS is {modulus}"

    def _objections_to_mean(self) -> Iterator[str]:
        interval_s = float(self._metadata.get("INTEGRATION_INTERVAL", "nan"))
        if not 0.0 < interval_s <= _LONGEST_MEAN_S:
            yield f"INTEGRATION_INTERVAL is missing or not between 0 and {_LONGEST_MEAN_S:g} s"

    def _observe(self, kind: ObservationKind, epoch_tai_s: float, *values: float) -> None:
        assert isinstance(self._link, _Link)
        sigma, bias = self._sigma_and_bias(_KEYWORD_OF_KIND[kind])
        assert sigma is not None
        self.observations.append(
            Observation(
                kind=kind,
                epoch_tai_s=epoch_tai_s + self._delay_s(),
                sensor=self._link.station,
                values=values,
                sigmas=(sigma,) * len(values),
                biases=(bias,) * len(values),
                time_tag=self._time_tag,
                path=self._link.path,
                target=self._link.target,
            )
        )

    def _sigma_and_bias(self, keyword: str) -> tuple[float | None, float]:
        noise = self._noise
        match _QUANTITY[keyword]:
            case "range":
                return noise.range_sigma_m, noise.range_bias_m
            case "range rate":
                return noise.range_rate_sigma_m_s, noise.range_rate_bias_m_s
        degrees = noise.angle_sigma_deg
        return (None if degrees is None else radians_from_degrees(Decimal(repr(degrees)))), 0.0

    def _value(self, datum: Datum, correction: str) -> Decimal:
        value = Decimal(datum.value)
        if self._metadata.get("CORRECTIONS_APPLIED") == "NO":
            value += Decimal(self._metadata.get(correction, "0"))
        return value

    def _delay_s(self) -> float:
        assert isinstance(self._link, _Link)
        number = self._link.station_number
        if self._time_tag is TimeTag.RECEIVE:
            return -float(self._metadata.get(f"RECEIVE_DELAY_{number}", 0.0))
        return float(self._metadata.get(f"TRANSMIT_DELAY_{number}", 0.0))

    def _to_middle_s(self, datum: Datum) -> float:
        if datum.keyword == "DOPPLER_INSTANTANEOUS":
            return 0.0
        halves = {"START": 0.5, "MIDDLE": 0.0, "END": -0.5}[self._metadata.get("INTEGRATION_REF", "MIDDLE")]
        return halves * float(self._metadata["INTEGRATION_INTERVAL"])

    def _metres(self, value: Decimal) -> float:
        """A range in RANGE_UNITS as metres of half the path (two-way) or the path (one-way)."""
        if self._metadata.get("RANGE_UNITS") == "S":
            return metres_from_light_s(value * self._share(RangeBasis.ROUND_TRIP))
        return metres_from_km(value * self._share(RangeBasis.HALF))

    def _share(self, usual: RangeBasis) -> Decimal:
        assert isinstance(self._link, _Link)
        whole = (self._basis or usual) is RangeBasis.ROUND_TRIP and self._link.path is SignalPath.TWO_WAY
        return Decimal("0.5") if whole else Decimal(1)

    def _range_m(self, datum: Datum) -> float:
        range_m = self._metres(self._value(datum, "CORRECTION_RANGE"))
        if not 0.0 < range_m < 1e13:
            raise ValueError(f"a range of {range_m:g} m is not to be believed")
        return range_m

    def _range_rate_m_s(self, datum: Datum) -> float:
        range_rate_m_s = metres_from_km(
            self._value(datum, "CORRECTION_DOPPLER") * self._share(RangeBasis.HALF)
        )
        if not abs(range_rate_m_s) < 299_792_458.0:
            raise ValueError(f"a range rate of {range_rate_m_s:g} m/s is not to be believed")
        return range_rate_m_s

    def _pair(self, datum: Datum) -> None:
        first = self._angles.get(datum.epoch_tai_s)
        if first is None:
            self._angles[datum.epoch_tai_s] = datum
            return
        if first.keyword == datum.keyword:
            raise ValueError("is given twice for this epoch")
        del self._angles[datum.epoch_tai_s]
        one, two = (first, datum) if datum.keyword == "ANGLE_2" else (datum, first)
        longitude, latitude = self._value(one, "CORRECTION_ANGLE_1"), self._value(two, "CORRECTION_ANGLE_2")
        for angle, least, most in ((longitude, -360, 360), (latitude, -90, 90)):
            if not least <= angle <= most:
                raise ValueError(f"angles {longitude} and {latitude} are not to be believed")
        values = (radians_from_degrees(longitude), radians_from_degrees(latitude))
        if self._metadata["ANGLE_TYPE"] == "AZEL":
            self._observe(ObservationKind.AZ_EL, datum.epoch_tai_s, *values)
        else:
            frame = self._metadata["REFERENCE_FRAME"].upper()
            self._observe(ObservationKind.RA_DEC, datum.epoch_tai_s, *gcrf_from(frame, *values))


_KEYWORD_OF_KIND = {
    ObservationKind.RANGE: "RANGE",
    ObservationKind.RANGE_RATE: "DOPPLER_INSTANTANEOUS",
    ObservationKind.AZ_EL: "ANGLE_1",
    ObservationKind.RA_DEC: "ANGLE_1",
}


def _link(segment: Segment, sensors: Mapping[str, Sensor]) -> _Link | str:
    """Return who observes whom, or why that cannot be told."""
    if segment.metadata.get("MODE") == "SINGLE_DIFF":
        return "MODE is SINGLE_DIFF: differences of two paths are not supported"
    path = segment.metadata.get("PATH", "").split(",")
    if len(path) < 2:
        return "PATH is missing, so who observed whom is not known"
    if path[-1] == path[-2]:
        return f"PATH {','.join(path)} goes from a participant to itself"
    station, target, kind, other_path = path[-1], path[-2], SignalPath.ONE_WAY, None
    if len(path) == 3 and path[0] == path[2]:
        kind = SignalPath.TWO_WAY
    elif len(path) > 2:
        other_path = f"PATH {','.join(path)} is neither one-way nor two-way"
    elif segment.participant(target) in sensors and segment.participant(station) not in sensors:
        # Writers of angles are known to give the path from the telescope: the names tell.
        station, target = target, station
        other_path = f"PATH {','.join(path)} goes from sensor {segment.participant(station)} to the object"
    name = segment.participant(target)
    return _Link(
        segment.participant(station), station, None if name == UNCORRELATED else name, kind, other_path
    )
