"""What a ground sensor should measure of an object: values and their partials, with light time and station motion.

The states that go in are those at the observation's time tag; the short way to the instant when the signal was at
the object is bridged by a second-order expansion (exact to a micrometre for anything that orbits the Earth).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro import troposphere
from commonsky.astro.frames import EARTH_ROTATION_RAD_S, horizon_from_itrf, itrf_from_gcrf, itrf_from_geodetic
from commonsky.astro.two_body import gravity
from commonsky.domain import ObservationKind, SignalPath, Site, TimeTag

Array = NDArray[np.float64]

LIGHT_M_S = 299792458.0

_LIGHT_TIME_STEPS = 5
_SLOPE_STEP_RAD = 1e-5


@dataclass(frozen=True)
class LaserAir:
    """Weather at a station of which the ranges are by laser: columns (n,) at rising epochs, humidity from 0 to 1."""

    wavelength_m: float
    tai_s: Array
    pressure_hpa: Array
    temperature_k: Array
    humidity: Array

    def at(self, tai_s: Array) -> Array:
        """What `troposphere.laser_delay_m` wants (k, 4), at epochs (k,)."""
        pressure, temperature, humidity = (
            np.interp(tai_s, self.tai_s, column)
            for column in (self.pressure_hpa, self.temperature_k, self.humidity)
        )
        vapour = humidity * troposphere.saturated_vapour_hpa(temperature)
        return np.stack([pressure, temperature, vapour, np.full_like(pressure, self.wavelength_m)], axis=1)


@dataclass(frozen=True)
class Atmosphere:
    """Which effects of the lower atmosphere the measured values still contain.

    ``lasers`` has the weather of stations that range by light, by sensor; all others are taken for radars.
    """

    troposphere: bool = True
    refraction: bool = True
    lasers: Mapping[str, LaserAir] = field(default_factory=dict, hash=False)


VACUUM = Atmosphere(troposphere=False, refraction=False)
"""For observations that were corrected before they were handed over, and for simulation without an atmosphere."""


@dataclass(frozen=True)
class Stations:
    """Where sensors stand at the time tags of n observations: GCRF columns (n, 3), metres and seconds.

    ``horizon`` (n, 3, 3) turns GCRF vectors to east, north, up at the sensor; ``spin_rad_s`` is Earth's rotation;
    ``laser_air`` (n, 4) is what `troposphere.laser_delay_m` wants, NaN for radars.
    """

    position_m: Array
    velocity_m_s: Array
    spin_rad_s: Array
    horizon: Array
    latitude_rad: Array
    height_m: Array
    laser_air: Array | None = None

    def rows(self, index: NDArray[np.int64]) -> "Stations":
        """Some of the rows, in the order of ``index``."""
        columns = ("position_m", "velocity_m_s", "spin_rad_s", "horizon", "latitude_rad", "height_m")
        some = {name: getattr(self, name)[index] for name in columns}
        return Stations(**some, laser_air=None if self.laser_air is None else self.laser_air[index])


def stations(sites: Sequence[Site], tai_s: ArrayLike) -> Stations:
    """Place one site for each epoch (n,). Raises OutsideEarthOrientationError outside the table of the IERS."""
    epochs = np.asarray(tai_s, dtype=np.float64)
    known = list(dict.fromkeys(sites))
    which = np.array([known.index(site) for site in sites], dtype=np.int64)
    turned = itrf_from_gcrf(epochs)
    fixed = np.array([itrf_from_geodetic(site) for site in known])[which]
    position = np.einsum("nji,nj->ni", turned, fixed)
    spin = EARTH_ROTATION_RAD_S * turned[:, 2, :]
    return Stations(
        position_m=position,
        velocity_m_s=np.cross(spin, position),
        spin_rad_s=spin,
        horizon=np.array([horizon_from_itrf(site) for site in known])[which] @ turned,
        latitude_rad=np.radians([site.latitude_deg for site in known])[which],
        height_m=np.array([site.height_m for site in known])[which],
    )


@dataclass(frozen=True)
class Prediction:
    """Values (n, k) in the units of `Observation`, and their partials (n, k, 6) by the state at the time tag.

    The partials leave out terms of relative size v/c and the slope of the tropospheric delay: under 1e-4.
    """

    values: Array
    partials: Array


def predict(
    kind: ObservationKind,
    states_gcrf: Array,
    at: Stations,
    *,
    signal: tuple[SignalPath, TimeTag],
    atmosphere: Atmosphere,
) -> Prediction:
    """Predict n observations of one kind from states (n, 6) at their time tags.

    A one-way signal that is tagged at its transmission left the object then. Range rate is the rate of the range
    by the clock of reception, as a Doppler shift gives it. Angles are those of arrival: azimuth and elevation of
    the bent ray, right ascension and declination on GCRF axes without aberration (as reduced against stars).
    """
    rays = _trace(states_gcrf, at, *signal)
    if kind is ObservationKind.RANGE:
        return _range(rays, at, atmosphere)
    if kind is ObservationKind.RANGE_RATE:
        return _range_rate(rays)
    if kind is ObservationKind.AZ_EL:
        return _azimuth_elevation(rays, at, atmosphere)
    return _right_ascension_declination(rays)


def azimuth_elevation(states_gcrf: Array, at: Stations) -> tuple[Array, Array]:
    """Straight-line azimuth and elevation (n,) in radians, without light time or atmosphere."""
    east, north, up = np.einsum("nij,nj->in", at.horizon, states_gcrf[:, :3] - at.position_m)
    return np.arctan2(east, north) % (2.0 * np.pi), np.arctan2(up, np.hypot(east, north))


@dataclass(frozen=True)
class _Rays:
    """The legs of the signal: object from receiver, object from transmitter, and what moves at their ends."""

    down_m: Array
    up_m: Array
    object_velocity_m_s: Array
    receiver_velocity_m_s: Array
    transmitter_velocity_m_s: Array
    bounce_s: Array  # after the time tag
    receive_s: Array
    spin_rad_s: Array
    two_way: bool


def _trace(states: Array, at: Stations, path: SignalPath, tag: TimeTag) -> _Rays:
    two_way = path is SignalPath.TWO_WAY
    pull = gravity(states[:, :3])
    swing = np.cross(at.spin_rad_s, at.velocity_m_s)

    def station(after_s: Array) -> Array:
        after = after_s[:, np.newaxis]
        return np.asarray(at.position_m + at.velocity_m_s * after + 0.5 * swing * after**2)

    down_s = up_s = _length(states[:, :3] - at.position_m) / LIGHT_M_S
    for _ in range(_LIGHT_TIME_STEPS):
        bounce_s, receive_s = _instants(down_s, up_s, tag, two_way=two_way)
        after = bounce_s[:, np.newaxis]
        there = states[:, :3] + states[:, 3:] * after + 0.5 * pull * after**2
        down, up = there - station(receive_s), there - station(bounce_s - up_s)
        down_s, up_s = _length(down) / LIGHT_M_S, _length(up) / LIGHT_M_S
    return _Rays(
        down_m=down,
        up_m=up,
        object_velocity_m_s=states[:, 3:] + pull * after,
        receiver_velocity_m_s=at.velocity_m_s + swing * receive_s[:, np.newaxis],
        transmitter_velocity_m_s=at.velocity_m_s + swing * (bounce_s - up_s)[:, np.newaxis],
        bounce_s=bounce_s,
        receive_s=receive_s,
        spin_rad_s=at.spin_rad_s,
        two_way=two_way,
    )


def _instants(down_s: Array, up_s: Array, tag: TimeTag, *, two_way: bool) -> tuple[Array, Array]:
    """When the signal is at the object and when it is received, after the time tag."""
    if tag is TimeTag.RECEIVE:
        return -down_s, np.zeros_like(down_s)
    if two_way:
        return up_s, up_s + down_s
    return np.zeros_like(down_s), down_s


def _range(rays: _Rays, at: Stations, atmosphere: Atmosphere) -> Prediction:
    down, up = _length(rays.down_m), _length(rays.up_m)
    value = 0.5 * (down + up) if rays.two_way else down
    if atmosphere.troposphere:
        elevation = np.arcsin(np.einsum("nj,nj->n", at.horizon[:, 2, :], rays.down_m) / down)
        delay = troposphere.range_delay_m(elevation, at.latitude_rad, at.height_m)
        if at.laser_air is not None:
            by_light = np.isfinite(at.laser_air[:, 0])
            places = (column[by_light] for column in (elevation, at.latitude_rad, at.height_m, at.laser_air))
            delay[by_light] = troposphere.laser_delay_m(*places)
        value = value + delay
    return Prediction(value[:, np.newaxis], _by_state(_line_of_sight(rays), rays))


def _range_rate(rays: _Rays) -> Prediction:
    towards = rays.down_m / _length(rays.down_m)[:, np.newaxis]
    closing = _dot(towards, rays.object_velocity_m_s - rays.receiver_velocity_m_s)
    down_rate = closing / (LIGHT_M_S + _dot(towards, rays.object_velocity_m_s))
    value = LIGHT_M_S * down_rate
    sight = _across(rays.down_m, rays.object_velocity_m_s - rays.receiver_velocity_m_s)
    if rays.two_way:
        towards = rays.up_m / _length(rays.up_m)[:, np.newaxis]
        relative = rays.object_velocity_m_s - rays.transmitter_velocity_m_s
        up_rate = (1.0 - down_rate) * _dot(towards, relative)
        up_rate = up_rate / (LIGHT_M_S - _dot(towards, rays.transmitter_velocity_m_s))
        value = 0.5 * (value + LIGHT_M_S * up_rate)
        sight = 0.5 * (sight + _across(rays.up_m, relative))
    by_position = _by_state(sight, rays)[:, 0, :]
    by_position[:, 3:] += _line_of_sight(rays)
    return Prediction(value[:, np.newaxis], by_position[:, np.newaxis, :])


def _azimuth_elevation(rays: _Rays, at: Stations, atmosphere: Atmosphere) -> Prediction:
    turned_back = rays.down_m - np.cross(rays.spin_rad_s, rays.down_m) * rays.receive_s[:, np.newaxis]
    local = np.einsum("nij,nj->ni", at.horizon, turned_back)
    east, north, up = local.T
    level = np.hypot(east, north)
    azimuth, elevation = np.arctan2(east, north) % (2.0 * np.pi), np.arctan2(up, level)
    zero, square = np.zeros_like(up), level**2 + up**2
    by_local = np.stack(
        [
            np.stack([north / level**2, -east / level**2, zero], axis=1),
            np.stack([-east * up / level, -north * up / level, level], axis=1) / square[:, np.newaxis],
        ],
        axis=1,
    )
    if atmosphere.refraction:
        by_local[:, 1, :] *= (1.0 + _bending_slope(elevation, at.height_m))[:, np.newaxis]
        elevation = elevation + troposphere.refraction_rad(elevation, at.height_m)
    values = np.stack([azimuth, elevation], axis=1)
    return Prediction(values, _by_state(by_local @ at.horizon, rays))


def _bending_slope(elevation: Array, height_m: Array) -> Array:
    above = troposphere.refraction_rad(elevation + _SLOPE_STEP_RAD, height_m)
    below = troposphere.refraction_rad(elevation - _SLOPE_STEP_RAD, height_m)
    return np.asarray((above - below) / (2.0 * _SLOPE_STEP_RAD))


def _right_ascension_declination(rays: _Rays) -> Prediction:
    x, y, z = rays.down_m.T
    level = np.hypot(x, y)
    square = level**2 + z**2
    values = np.stack([np.arctan2(y, x) % (2.0 * np.pi), np.arctan2(z, level)], axis=1)
    by_direction = np.stack(
        [
            np.stack([-y / level**2, x / level**2, np.zeros_like(z)], axis=1),
            np.stack([-x * z / level, -y * z / level, level], axis=1) / square[:, np.newaxis],
        ],
        axis=1,
    )
    return Prediction(values, _by_state(by_direction, rays))


def _line_of_sight(rays: _Rays) -> Array:
    down = rays.down_m / _length(rays.down_m)[:, np.newaxis]
    if not rays.two_way:
        return np.asarray(down)
    return np.asarray(0.5 * (down + rays.up_m / _length(rays.up_m)[:, np.newaxis]))


def _across(vector: Array, velocity: Array) -> Array:
    """Partials (n, 3) of the rate of a distance with respect to the object's position."""
    length = _length(vector)[:, np.newaxis]
    towards = vector / length
    return np.asarray((velocity - towards * _dot(towards, velocity)[:, np.newaxis]) / length)


def _by_state(by_position: Array, rays: _Rays) -> Array:
    """Partials (n, k, 6) at the time tag from partials (n, k, 3) or (n, 3) by the position at the bounce."""
    rows = by_position if by_position.ndim == 3 else by_position[:, np.newaxis, :]
    return np.concatenate([rows, rows * rays.bounce_s[:, np.newaxis, np.newaxis]], axis=2)


def _length(vectors: Array) -> Array:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("nj,nj->n", a, b))
