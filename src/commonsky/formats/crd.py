"""Laser ranges in the Consolidated Laser Ranging Data format of the ILRS, versions 1 and 2 (Ricklefs and Moore).

Normal points and full-rate ranges, two-way. The epoch of a range is at the ground when the pulse leaves (event 2), as
nearly all stations do, or arrives (0); one at the satellite (1) is brought to the ground by half of the flight time.
The sensor is the station's four-digit pad identifier; where it stands has to come from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Observation, ObservationKind, SignalPath, TimeTag
from commonsky.formats.errors import FormatError, Rejection

_LIGHT_M_S = 299792458.0
_HALF_DAY_S = 43200.0
_DAY_S = 86400.0
_TWO_WAY = "2"
_SATELLITE, _TRANSMIT, _RECEIVE = "1", "2", "0"
_LONGEST_FLIGHT_S = 10.0


class LaserWeather(Struct, frozen=True):
    """Weather at a station: pressure in hPa, temperature in K, relative humidity from 0 to 1."""

    epoch_tai_s: float
    pressure_hpa: float
    temperature_k: float
    humidity: float


class CrdFile(Struct, frozen=True):
    """What a file gave.

    ``weather`` and ``wavelength_m`` are by station; ``corrected`` names stations whose ranges are free of the
    atmosphere already.
    """

    observations: list[Observation]
    weather: dict[str, list[LaserWeather]]
    wavelength_m: dict[str, float]
    corrected: list[str]
    rejected: list[Rejection]


def read_crd(data: bytes, *, source: str, range_sigma_m: float = 0.05) -> CrdFile:
    """Read a file of one or many passes; records that cannot be read are listed.

    Ranges are half of the flight's way; ``range_sigma_m`` is for all, since the scatter within a normal point says
    little of what a model can explain. Raises FormatError for what is no CRD file, or holds no range.
    """
    lines = data.decode("latin-1").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.split()[:2] not in (["H1", "CRD"], ["h1", "crd"], ["H1", "crd"], ["h1", "CRD"]):
        raise FormatError(source, "is no laser ranging data: it does not begin with H1 CRD", line=1)
    reader = _Reader(range_sigma_m)
    for number, line in enumerate(lines, 1):
        try:
            reader.take(line)
        except (ValueError, IndexError) as error:
            reason = "has too few fields" if isinstance(error, IndexError) else str(error)
            reader.rejected.append(Rejection(line=number, field=line[:2].strip(), reason=reason))
    if not reader.observations:
        raise FormatError(source, "holds no two-way range")
    return CrdFile(
        reader.observations, reader.weather, reader.wavelength_m, sorted(reader.corrected), reader.rejected
    )


@dataclass
class _Reader:
    range_sigma_m: float
    observations: list[Observation] = field(default_factory=list)
    weather: dict[str, list[LaserWeather]] = field(default_factory=dict)
    wavelength_m: dict[str, float] = field(default_factory=dict)
    corrected: set[str] = field(default_factory=set)
    rejected: list[Rejection] = field(default_factory=list)
    _version: int = 1
    _station: str = ""
    _target: str = ""
    _day_tai_s: float | None = None
    _start_s: float = 0.0
    _range_type: str = _TWO_WAY
    _points: bool = True

    def take(self, line: str) -> None:
        """Read one record."""
        words = line.split()
        if not words:
            return
        kind = words[0].upper()
        if kind in {"H1", "H2", "H3"}:
            self._header(kind, words, line)
        elif kind == "H4":
            self._session(words)
        elif kind == "C0":
            self.wavelength_m[self._station] = float(words[2]) * 1e-9
        elif kind == "11" or (kind == "10" and not self._points):
            self._range(words, event=words[4])
        elif kind == "20":
            self._weather(words)

    def _header(self, kind: str, words: Sequence[str], line: str) -> None:
        if kind == "H1":
            self._version = int(words[2])
        elif kind == "H2":
            self._station = line[14:18].strip() if self._version == 1 else words[2]
            if not self._station.isdigit():
                raise ValueError(f"{self._station!r} is no pad identifier of a station")
        else:
            self._target = line[28:36].strip() if self._version == 1 else words[4]

    def _session(self, words: Sequence[str]) -> None:
        year, month, day, hour, minute, second = (int(float(word)) for word in words[2:8])
        self._day_tai_s = tai_s_from_utc(f"{year:04d}-{month:02d}-{day:02d}T00:00:00")
        self._start_s = 3600.0 * hour + 60.0 * minute + second
        self._points = words[1] != "0"
        self._range_type = words[20] if len(words) > 20 else _TWO_WAY
        if len(words) > 15 and words[15] == "1":
            self.corrected.add(self._station)

    def _epoch(self, text: str) -> float:
        """From seconds of the day on which the session began, or of the next."""
        seconds = float(text)
        if self._day_tai_s is None:
            raise ValueError("stands before any session header (H4)")
        if not 0.0 <= seconds <= _DAY_S + 1.0:
            raise ValueError(f"{text} is no second of a day")
        return self._day_tai_s + seconds + (_DAY_S if seconds < self._start_s - _HALF_DAY_S else 0.0)

    def _range(self, words: Sequence[str], *, event: str) -> None:
        if self._range_type not in {_TWO_WAY, "4"}:
            raise ValueError(f"a range of type {self._range_type} is not two-way")
        if event not in {_SATELLITE, _TRANSMIT, _RECEIVE}:
            raise ValueError(f"epoch event {event} is not one of a two-way range")
        flight_s = float(words[2])
        if not 0.0 < flight_s < _LONGEST_FLIGHT_S:
            raise ValueError(f"a flight time of {words[2]} s is not to be believed")
        epoch = self._epoch(words[1]) - (0.5 * flight_s if event == _SATELLITE else 0.0)
        self.observations.append(
            Observation(
                kind=ObservationKind.RANGE,
                epoch_tai_s=epoch,
                sensor=self._station,
                values=(0.5 * flight_s * _LIGHT_M_S,),
                sigmas=(self.range_sigma_m,),
                biases=(0.0,),
                time_tag=TimeTag.RECEIVE if event == _RECEIVE else TimeTag.TRANSMIT,
                path=SignalPath.TWO_WAY,
                target=self._target or None,
            )
        )

    def _weather(self, words: Sequence[str]) -> None:
        pressure, temperature, humidity = (float(word) for word in words[2:5])
        if not (300.0 < pressure < 1200.0 and 180.0 < temperature < 340.0 and 0.0 <= humidity <= 100.0):
            raise ValueError("the weather is not to be believed")
        entry = LaserWeather(self._epoch(words[1]), pressure, temperature, humidity / 100.0)
        self.weather.setdefault(self._station, []).append(entry)
