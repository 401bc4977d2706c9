"""Where sensors stand and how well they measure, from four kinds of file.

- Ours, in TOML: one ``[[sensor]]`` table each, with the fields of `Sensor` and of its `Site` side by side; in the
  place of latitude, longitude and height there may be Earth-fixed ``x_m``, ``y_m`` and ``z_m``.
- The list of observers of satellites: station code, two letters, latitude, longitude, height, name on each line.
- A sensor network of RESONAATE, in JSON: altitudes in km, covariances of azimuth, elevation, range and range rate in
  rad2, km2 and (km/s)2. Its limits in azimuth, powers and slew rates have no place in a `Sensor` and are not kept.
- GeoJSON points (RFC 7946): longitude first, height third where there is one, the name among the properties.
"""

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import erfa
from msgspec import Struct

from commonsky.domain import Sensor, Site
from commonsky.formats.errors import FormatError, Rejection

_JSON_START = re.compile(r"\s*(\{|\[\s*[\{\]])")
_OBSERVER = re.compile(
    r"(\S{4})\s+(\S{2})\s+([-+]?\d+\.\d+)\s+([-+]?\d+\.\d+)\s+([-+]?\d+(?:\.\d+)?)(?:\s+.*)?"
)
_PLACE = ("latitude_deg", "longitude_deg", "height_m")
_FIXED = ("x_m", "y_m", "z_m")
_NUMBERS = (
    *("minimum_elevation_deg", "range_sigma_m", "range_rate_sigma_m_s", "angle_sigma_deg"),
    *("range_bias_m", "range_rate_bias_m_s"),
)
_SIGMAS = frozenset({"range_sigma_m", "range_rate_sigma_m_s", "angle_sigma_deg"})
_SENSOR_KEYS = frozenset({"id", "owner", *_PLACE, *_FIXED, *_NUMBERS})


class SiteFile(Struct, frozen=True):
    """What a file gave: sensors by id, entries that could not be used, and those whose height it does not say."""

    sensors: dict[str, Sensor]
    rejected: list[Rejection]
    without_height: list[str]


def read_sites(data: bytes, *, source: str, owner: str = "") -> SiteFile:
    """Return the sensors of a file; ``owner`` is for those of which the file does not say whose they are.

    A site without a height is put on the ellipsoid and named in ``without_height``: with real ranges that is an
    error of the height itself. Bad entries are rejected and the rest kept; of two with one id the first counts.
    Raises FormatError when the file as a whole is none of the four kinds.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(source, f"is not text in UTF-8 (byte {error.start + 1})") from error
    form, entries = _entries(text, source)
    sensors: dict[str, Sensor] = {}
    rejected: list[Rejection] = []
    without_height = []
    for number, entry in enumerate(entries, 1):
        try:
            fields = form(entry)
            sensor = _sensor(fields, owner)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            rejected.append(Rejection(field=f"entry {number}", reason=said))
            continue
        if sensor.id in sensors:
            rejected.append(Rejection(field=f"entry {number}", reason=f"{sensor.id} stands there already"))
            continue
        sensors[sensor.id] = sensor
        if fields.get("height_m") is None:
            without_height.append(sensor.id)
    return SiteFile(sensors, rejected, without_height)


_Form = Callable[[Any], dict[str, Any]]


def _entries(text: str, source: str) -> tuple[_Form, list[Any]]:
    """How to read the entries of a file, and the entries."""
    observers = [found.groups() for line in text.splitlines() if (found := _OBSERVER.fullmatch(line.strip()))]
    if observers:
        return _of_observers, observers
    if not _JSON_START.match(text):
        return _of_ours, _tables(text, source)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(source, f"is not JSON: {error}", line=getattr(error, "lineno", None)) from error
    if isinstance(document, list):
        return _of_resonaate, document
    if isinstance(document.get("features"), list):
        return _of_geojson, document["features"]
    raise FormatError(source, "is JSON, but neither a list of sensors nor a GeoJSON FeatureCollection")


def _tables(text: str, source: str) -> list[Any]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(source, f"is neither TOML nor JSON: {error}") from error
    tables = document.get("sensor")
    if set(document) != {"sensor"} or not isinstance(tables, list):
        raise FormatError(source, "must hold [[sensor]] tables and nothing else")
    return tables


def _of_ours(entry: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(entry) - _SENSOR_KEYS):
        raise ValueError(f"{', '.join(unknown)} is not known; known are {', '.join(sorted(_SENSOR_KEYS))}")
    fields = dict(entry)
    if fixed := [key for key in _FIXED if key in fields]:
        if len(fixed) != 3 or any(key in fields for key in _PLACE):
            raise ValueError("a place is x_m, y_m and z_m, or latitude_deg, longitude_deg and height_m")
        longitude, latitude, height = erfa.gc2gd(1, [_number(fields, key) for key in _FIXED])
        fields |= {"height_m": float(height)}
        fields |= {"latitude_deg": math.degrees(latitude), "longitude_deg": math.degrees(longitude)}
    return fields


def _of_observers(entry: tuple[str, ...]) -> dict[str, Any]:
    number, _, latitude, longitude, height = entry
    place = {"latitude_deg": float(latitude), "longitude_deg": float(longitude), "height_m": float(height)}
    return {"id": number, **place}


def _of_resonaate(entry: Mapping[str, Any]) -> dict[str, Any]:
    state, sensor = entry["state"], entry["sensor"]
    if state.get("type") != "lla":
        raise ValueError(
            f"its place is given as {state.get('type')!r}, not as latitude, longitude and altitude"
        )
    variances = [float(row[i]) for i, row in enumerate(sensor["covariance"])]
    fields = {
        "id": entry["name"],
        "latitude_deg": state["latitude"],
        "longitude_deg": state["longitude"],
        "height_m": state["altitude"] * 1e3,
        "minimum_elevation_deg": max(0.0, sensor["elevation_range"][0]),
        "angle_sigma_deg": math.degrees(math.sqrt(max(variances[:2]))),
    }
    if len(variances) == 4:
        fields["range_sigma_m"] = math.sqrt(variances[2]) * 1e3
        fields["range_rate_sigma_m_s"] = math.sqrt(variances[3]) * 1e3
    return fields


def _of_geojson(entry: Mapping[str, Any]) -> dict[str, Any]:
    geometry = entry["geometry"]
    if geometry["type"] != "Point":
        raise ValueError(f"is a {geometry['type']}, not a Point")
    longitude, latitude, *height = geometry["coordinates"]
    return {
        "id": entry["properties"]["name"],
        "latitude_deg": latitude,
        "longitude_deg": longitude,
        "height_m": height[0] if height else None,
    }


def _sensor(fields: Mapping[str, Any], owner: str) -> Sensor:
    name = fields["id"]
    if not isinstance(name, str) or not name.strip():
        raise ValueError("its name is no text")
    latitude, longitude = _number(fields, "latitude_deg"), _number(fields, "longitude_deg")
    if not -90.0 <= latitude <= 90.0 or not -180.0 <= longitude <= 360.0:
        raise ValueError(f"{name}: latitude {latitude} and longitude {longitude} are no place on Earth")
    height = 0.0 if fields.get("height_m") is None else _number(fields, "height_m")
    return Sensor(
        id=name,
        owner=str(fields.get("owner", owner)),
        site=Site(
            id=name,
            latitude_deg=latitude,
            longitude_deg=longitude - 360.0 if longitude > 180.0 else longitude,
            height_m=height,
        ),
        **dict(_given(fields)),
    )


def _given(fields: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in _NUMBERS:
        if key in fields:
            value = _number(fields, key)
            if key in _SIGMAS and value <= 0.0:
                raise ValueError(f"{key} must be positive")
            yield key, value


def _number(fields: Mapping[str, Any], key: str) -> float:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{key} is {value!r}, not a number")
    return float(value)
