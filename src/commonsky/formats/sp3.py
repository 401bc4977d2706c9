"""Precise orbits from SP3 files, versions a to d (Hilla, "The Extended Standard Product 3 Orbit Format", 2016).

The time scale is that of the first ``%c`` line: files of different centres use GPS time, TAI and UTC, and a wrong
one is 100 km and more without any error. Version a has no such line that counts, and is in GPS time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.time import tai_s_from_text
from commonsky.formats.compressed import unpacked
from commonsky.formats.errors import FormatError, Rejection

Array = NDArray[np.float64]

_SCALES = {
    "GPS": ("GPS", 0.0),
    "GAL": ("GPS", 0.0),
    "QZS": ("GPS", 0.0),
    "IRN": ("GPS", 0.0),
    "BDT": ("TAI", 33.0),
    "GLO": ("UTC", 0.0),
    "UTC": ("UTC", 0.0),
    "TAI": ("TAI", 0.0),
}
"""Names in the file: the time system that they are read in, and the seconds to add then."""

_M_PER_KM = 1e3
_M_S_PER_DM_S = 0.1


@dataclass(frozen=True)
class PreciseOrbit:
    """One satellite of a file: Earth-fixed (n, 3) in m, and m/s relative to the Earth or None; epochs rise."""

    satellite: str
    frame: str
    time_scale: str
    epochs_tai_s: Array
    positions_itrf_m: Array
    velocities_itrf_m_s: Array | None


@dataclass(frozen=True)
class Sp3File:
    """The orbits of a file by satellite, and the lines that could not be read."""

    orbits: dict[str, PreciseOrbit]
    rejected: list[Rejection]


def read_sp3(data: bytes, *, source: str) -> Sp3File:
    """Read a file, plain or gzip. Absent positions (all zero) are left out; bad lines are listed.

    Raises FormatError, with the line, for what is no SP3 file, a time scale that is not known, or no orbit at all.
    """
    content, fault = unpacked(data, source=source)
    reader = _Reader(source)
    for number, line in enumerate(content.decode("latin-1").splitlines(), 1):
        if line.startswith("EOF"):
            break
        reader.take(number, line)
    return reader.finish([fault] if fault else [])


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._frame = ""
        self._version = ""
        self._scale: str | None = None
        self._epoch: float | None = None
        self._rejected: list[Rejection] = []
        self._rows: dict[str, list[tuple[float, list[float]]]] = {}
        self._rates: dict[str, dict[float, list[float]]] = {}

    def take(self, number: int, line: str) -> None:
        """Read one line."""
        if number == 1:
            self._header(line)
        elif line.startswith("%c") and self._scale is None:
            self._scale = self._time_scale(line[9:12].strip(), number)
        elif line.startswith("* "):
            self._epoch = self._read_epoch(number, line)
        elif line[:1] in {"P", "V"}:
            self._row(number, line)

    def _header(self, line: str) -> None:
        if line[:1] != "#" or line[1:2] not in {"a", "b", "c", "d"} or line[2:3] not in {"P", "V"}:
            raise FormatError(self._source, "is no SP3 file: it does not begin with #aP to #dV", line=1)
        self._version = line[1]
        self._frame = line[46:51].strip()

    def _time_scale(self, name: str, number: int) -> str:
        if self._version == "a" or name in {"", "ccc"}:
            return "GPS"
        if name not in _SCALES:
            raise FormatError(
                self._source, f"time scale {name!r} is not one of {', '.join(_SCALES)}", line=number
            )
        return name

    def _read_epoch(self, number: int, line: str) -> float | None:
        try:
            year, month, day, hour, minute = (int(line[a:b]) for a, b in _EPOCH_COLUMNS)
            seconds = line[20:].split(maxsplit=1)[0]
            whole, _, fraction = seconds.partition(".")
            text = (
                f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{int(whole):02d}.{fraction or 0}"
            )
            system, more_s = _SCALES[self._scale or "GPS"]
            return tai_s_from_text(text, system) + more_s
        except (ValueError, IndexError) as error:
            self._rejected.append(Rejection(line=number, field="epoch", reason=str(error) or "is no epoch"))
            return None

    def _row(self, number: int, line: str) -> None:
        satellite = line[1:4].replace(" ", "0") if line[2:4].strip() else ""
        if satellite[:1] == "0":  # version a: GPS satellites by number alone
            satellite = f"G{satellite[1:]}"
        if self._epoch is None:
            reason = "stands before any epoch that can be read"
            self._rejected.append(Rejection(line=number, field=line[:4].strip(), reason=reason))
            return
        try:
            numbers = [float(line[4 + 14 * i : 18 + 14 * i]) for i in range(3)]
        except ValueError as error:
            self._rejected.append(Rejection(line=number, field=line[:4].strip(), reason=str(error)))
            return
        if not any(numbers) or max(map(abs, numbers)) > 999999.0 * (1 + 9 * (line[0] == "V")):
            return  # the format's way to say that there is none
        if line[0] == "P":
            self._rows.setdefault(satellite, []).append((self._epoch, numbers))
        else:
            self._rates.setdefault(satellite, {})[self._epoch] = numbers

    def finish(self, faults: Iterable[Rejection]) -> Sp3File:
        """Make the columns."""
        if not self._rows:
            raise FormatError(self._source, "holds no positions")
        orbits = {name: self._orbit(name, rows) for name, rows in self._rows.items()}
        return Sp3File(orbits, [*self._rejected, *faults])

    def _orbit(self, name: str, rows: list[tuple[float, list[float]]]) -> PreciseOrbit:
        table = dict(sorted(rows))
        rates = self._rates.get(name, {})
        moving = all(epoch in rates for epoch in table)
        return PreciseOrbit(
            satellite=name,
            frame=self._frame,
            time_scale=self._scale or "GPS",
            epochs_tai_s=np.array(list(table)),
            positions_itrf_m=np.array(list(table.values())) * _M_PER_KM,
            velocities_itrf_m_s=np.array([rates[epoch] for epoch in table]) * _M_S_PER_DM_S
            if moving
            else None,
        )


_EPOCH_COLUMNS = ((3, 7), (8, 10), (11, 13), (14, 16), (17, 19))
