"""Observations from a file of any kind that ``commonsky fit`` reads: what it is shows in its first lines."""

from collections.abc import Mapping

import msgspec
import numpy as np

from commonsky.astro.measurement import LaserAir
from commonsky.domain import Observation, Sensor
from commonsky.formats.compressed import unpacked
from commonsky.formats.crd import CrdFile, read_crd
from commonsky.formats.errors import Rejection
from commonsky.formats.optical import read_optical
from commonsky.formats.tdm import RangeBasis, TdmFile, read_tdm

_USUAL_AIR = (1013.25, 288.15, 0.5)  # where a station tells no weather
_USUAL_WAVELENGTH_M = 5.32e-7


def read_observations(
    data: bytes, *, source: str, sensors: Mapping[str, Sensor], range_basis: RangeBasis | None
) -> tuple[TdmFile, dict[str, LaserAir]]:
    """The observations and, for laser ranges, the weather by sensor; raises FormatError."""
    content, fault = unpacked(data, source=source)
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:4096]
    if start[:2].upper() == b"H1":
        return _laser(read_crd(content, source=source), sensors, fault)
    if start.startswith((b"CCSDS_", b"<")) or b"CCSDS_TDM_VERS" in start:
        return read_tdm(content, source=source, sensors=sensors, range_basis=range_basis), {}
    found = read_optical(content, source=source)
    return TdmFile(found.observations, [*found.rejected, *([fault] if fault else [])], {}, {}), {}


def _laser(
    found: CrdFile, sensors: Mapping[str, Sensor], fault: Rejection | None
) -> tuple[TdmFile, dict[str, LaserAir]]:
    stations = {one.sensor for one in found.observations}
    air = {name: _air(found, name) for name in stations if name not in found.corrected}
    observations = [_with_sigma(one, sensors) for one in found.observations]
    reasons = [*found.rejected, *([fault] if fault else [])]
    return TdmFile(observations, reasons, {}, {}), air


def _with_sigma(one: Observation, sensors: Mapping[str, Sensor]) -> Observation:
    sensor = sensors.get(one.sensor)
    if sensor is None or sensor.range_sigma_m is None or sensor.range_sigma_m > 1.0:
        return one  # a sigma of metres is one of radars, put in for want of any
    return msgspec.structs.replace(one, sigmas=(sensor.range_sigma_m,), biases=(sensor.range_bias_m,))


def _air(found: CrdFile, station: str) -> LaserAir:
    wavelength = found.wavelength_m.get(station, _USUAL_WAVELENGTH_M)
    told = sorted(found.weather.get(station, []), key=lambda one: one.epoch_tai_s)
    rows = [(one.epoch_tai_s, one.pressure_hpa, one.temperature_k, one.humidity) for one in told]
    columns = np.array(rows or [(0.0, *_USUAL_AIR)]).T
    return LaserAir(wavelength, *columns)
