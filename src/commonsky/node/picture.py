"""The picture: every object that a node knows an orbit of, at one revision, and where each is at any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from commonsky.astro import frames, general_perturbations, numerical
from commonsky.astro.general_perturbations import Satellites
from commonsky.astro.orbit import EARTH_GM_M3_S2, apsides_m, keplerian, semi_major_axis_m
from commonsky.domain import ElementSet, Mode, Record, Track
from commonsky.node.track_ephemeris import TrackEphemerides, states_or_reason
from commonsky.sharing.facets import regime_of

Array = NDArray[np.float64]

SGP4_FAULTS = {
    1: "its mean eccentricity leaves 0 to 1, as when drag has brought it down",
    2: "its mean motion is below zero",
    3: "its perturbed eccentricity leaves 0 to 1",
    4: "its semi-latus rectum is below zero",
    5: "its epoch elements are below the surface",
    6: "it has decayed by this time",
}
UNKNOWN_REGIME = "?"
_ORBIT_POINTS = 360


class PictureEntry(Struct, frozen=True, kw_only=True):
    """A record with an orbit, the member that we have it from, and the designator that a claim gives its object."""

    record: Record
    source: str
    designator: str | None = None


class ObjectKind(StrEnum):
    """How we know the orbit."""

    TRACK = "track"
    ELEMENT_SET = "element_set"


class PictureObject(Struct, frozen=True, kw_only=True):
    """One line of the picture. Altitudes are over the equatorial radius; element sets do not state a sigma.

    ``key`` names this state of the object and changes with each new estimate; ``object`` stays.
    """

    key: str
    object: str
    name: str
    designator: str
    source: str
    kind: ObjectKind
    own: bool
    regime: str
    epoch_tai_s: float
    perigee_altitude_m: float
    apogee_altitude_m: float
    inclination_deg: float
    period_s: float
    position_sigma_m: float | None
    classification: int
    mode: Mode


class OrbitFrame(StrEnum):
    """How an orbit is drawn on an Earth-fixed globe.

    INERTIAL: the inertial curve, turned into ITRF as a whole at the first time. EARTH_FIXED: each point turned at
    its own time, as seen from the ground.
    """

    INERTIAL = "inertial"
    EARTH_FIXED = "earth_fixed"


class Counts(NamedTuple):
    """How many objects of each kind the picture holds."""

    own_tracks: int
    partner_tracks: int
    element_sets: int


class Placement(NamedTuple):
    """Where an object is in ITRF (m, m/s, Earth-fixed velocity), or why it has no place at that time."""

    position_itrf_m: Array
    velocity_itrf_m_s: Array
    not_placed: str | None


@dataclass(frozen=True)
class Picture:
    """Objects in a fixed order, element sets first; build it with `Picture.of`.

    The last three fields are its propagators, for the first element sets and the tracks behind them.
    """

    revision: int
    objects: tuple[PictureObject, ...]
    entries: Mapping[str, PictureEntry]
    satellites: Satellites = field(repr=False)
    element_set_keys: tuple[str, ...] = field(repr=False)
    ephemerides: TrackEphemerides = field(repr=False)

    @classmethod
    def of(
        cls,
        entries: Sequence[PictureEntry],
        *,
        own_member: str,
        revision: int = 0,
        previous: "Picture | None" = None,
    ) -> Self:
        """Build the picture of records with an orbit (element sets and tracks; others are left out).

        ``previous`` saves work: what has not changed is taken over. Raises ValueError for records of two modes,
        since a rehearsal is never drawn over the world.
        """
        modes = {entry.record.mode for entry in entries}
        if len(modes) > 1:
            raise ValueError(f"a picture shows one mode, not {', '.join(sorted(modes))}")
        keyed = _in_order(entries)
        known = {} if previous is None else {one.key: one for one in previous.objects}
        objects = tuple(_object(key, entry, own_member, known.get(key)) for key, entry in keyed.items())
        sets = {k: e.record.content for k, e in keyed.items() if isinstance(e.record.content, ElementSet)}
        keys = tuple(sets)
        if previous is not None and previous.element_set_keys == keys:
            satellites = previous.satellites
        else:
            satellites = general_perturbations.satellites(list(sets.values()))
        ephemerides = TrackEphemerides(numerical.propagate) if previous is None else previous.ephemerides
        return cls(revision, objects, keyed, satellites, keys, ephemerides)

    @cached_property
    def counts(self) -> Counts:
        """Count the objects by kind."""
        tracks = [one for one in self.objects if one.kind is ObjectKind.TRACK]
        own = sum(one.own for one in tracks)
        return Counts(own, len(tracks) - own, len(self.objects) - len(tracks))

    def object_named(self, name: str) -> PictureObject | None:
        """Find an object by its key or by its lasting name; ``None`` when the picture does not hold it."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, PictureObject]:
        return {one.object: one for one in self.objects} | {one.key: one for one in self.objects}

    def keyframes(self, start_tai_s: float, step_s: float, count: int) -> NDArray[np.float32]:
        """Give float32 (frames, objects, 6): ITRF position in km and Earth-fixed velocity in km/s, in picture order.

        NaN where an object has no place at that time; `placement` says why. Raises OutsideEarthOrientationError
        for times that no Earth orientation is known for.
        """
        times: Array = start_tai_s + step_s * np.arange(count, dtype=np.float64)
        out = np.full((count, len(self.objects), 6), np.nan, dtype=np.float32)
        n = len(self.element_set_keys)
        if n:
            position, velocity, error = general_perturbations.positions_teme(self.satellites, times)
            position[error != 0] = np.nan
            for k, t in enumerate(times):
                r, v = frames.teme_to_itrf(position[:, k], velocity[:, k], float(t))
                out[k, :n, :3], out[k, :n, 3:] = r / 1e3, v / 1e3
        if n < len(self.objects):
            states = np.stack([self._track_states(one.key, times) for one in self.objects[n:]])
            for k, t in enumerate(times):
                r, v = frames.gcrf_to_itrf(states[:, k, :3], states[:, k, 3:], float(t))
                out[k, n:, :3], out[k, n:, 3:] = r / 1e3, v / 1e3
        out[np.isnan(out[..., 0])] = np.nan
        return out

    def placement(self, key: str, tai_s: float) -> Placement:
        """Place one object at one time with its own propagator, not by interpolation; raises KeyError."""
        content = self.entries[key].record.content
        if isinstance(content, Track):
            return self._track_placement(content, tai_s)
        handle = general_perturbations.satellites([_element_set(content)])
        r, v, error = general_perturbations.positions_teme(handle, tai_s)
        position, velocity = frames.teme_to_itrf(r, v, tai_s)
        code = int(error[0])
        fault = SGP4_FAULTS.get(code, f"SGP4 gives error {code}") if code else None
        return Placement(position[0], velocity[0], fault)

    def orbit_itrf_m(self, key: str, tai_s: float, frame: OrbitFrame) -> Array:
        """Give the curve (n, 3) of one period from ``tai_s`` on, in metres on ITRF axes; raises KeyError.

        No points when the object has no place then. They are evenly spaced in eccentric anomaly, so that an
        eccentric orbit is smooth at its perigee.
        """
        content = self.entries[key].record.content
        if self.placement(key, tai_s).not_placed is not None:
            return np.empty((0, 3))
        if isinstance(content, Track):
            times = _one_period(self._track_states(key, np.array([tai_s]))[0], tai_s)
            states = self._track_states(key, times)
            position, velocity, turn = states[:, :3], states[:, 3:], frames.gcrf_to_itrf
        else:
            handle = general_perturbations.satellites([_element_set(content)])
            r, v, _ = general_perturbations.positions_teme(handle, tai_s)
            times = _one_period(np.concatenate([r[0], v[0]]), tai_s)
            r, v, error = general_perturbations.positions_teme(handle, times)
            position, velocity, turn = r[0], v[0], frames.teme_to_itrf
            position[error[0] != 0] = np.nan
        at = times if frame is OrbitFrame.EARTH_FIXED else tai_s
        turned, _ = turn(position, velocity, at)
        return turned[~np.isnan(turned).any(axis=1)]

    def _track_states(self, key: str, times_tai_s: Array) -> Array:
        content = self.entries[key].record.content
        assert isinstance(content, Track)
        return self.ephemerides.states_gcrf(key, content, times_tai_s)

    def _track_placement(self, track: Track, tai_s: float) -> Placement:
        start = (np.array([*track.position_m, *track.velocity_m_s]), track.epoch_tai_s)
        at = states_or_reason(numerical.propagate, track, start, np.array([tai_s]))
        if isinstance(at, str):
            return Placement(np.full(3, np.nan), np.full(3, np.nan), at)
        r, v = frames.gcrf_to_itrf(at[:, :3], at[:, 3:], tai_s)
        return Placement(r[0], v[0], None)


def _in_order(entries: Iterable[PictureEntry]) -> dict[str, PictureEntry]:
    """Key the entries, element sets first. Ids are unique within an originator only: a second one adds its own."""
    with_orbit = [entry for entry in entries if isinstance(entry.record.content, ElementSet | Track)]
    keyed: dict[str, PictureEntry] = {}
    for entry in sorted(with_orbit, key=lambda entry: isinstance(entry.record.content, Track)):
        key = entry.record.id
        keyed[key if key not in keyed else f"{key}~{entry.record.originator}"] = entry
    return keyed


def _object(key: str, entry: PictureEntry, own_member: str, known: PictureObject | None) -> PictureObject:
    if known is not None and known.source == entry.source and entry.designator in {None, known.designator}:
        return known
    content = entry.record.content
    if isinstance(content, Track):
        axis_m, eccentricity, inclination_deg = _shape(content)
        sigma_m = content.position_sigma_m
        kind, name, designator = ObjectKind.TRACK, content.track_id, ""
        identity = f"track:{entry.record.originator}:{content.track_id}"
    else:
        content = _element_set(content)
        axis_m, eccentricity = semi_major_axis_m(content.mean_motion_rev_day), content.eccentricity
        inclination_deg, sigma_m = content.inclination_deg, None
        kind, name = ObjectKind.ELEMENT_SET, content.object_name or str(content.norad_cat_id)
        designator = str(content.norad_cat_id)
        identity = f"elset:{entry.record.originator}:{content.norad_cat_id}"
    perigee_m, apogee_m = apsides_m(axis_m, eccentricity)
    return PictureObject(
        key=key,
        object=identity,
        name=name,
        designator=entry.designator or designator,
        source=entry.source,
        kind=kind,
        own=entry.record.originator == own_member,
        regime=regime_of(axis_m, eccentricity) if np.isfinite(axis_m) else UNKNOWN_REGIME,
        epoch_tai_s=content.epoch_tai_s,
        perigee_altitude_m=perigee_m,
        apogee_altitude_m=apogee_m,
        inclination_deg=inclination_deg,
        period_s=_period_s(axis_m),
        position_sigma_m=sigma_m,
        classification=entry.record.label.classification,
        mode=entry.record.mode,
    )


def _element_set(content: object) -> ElementSet:
    assert isinstance(content, ElementSet)
    return content


def _shape(track: Track) -> tuple[float, float, float]:
    """Semi-major axis (m), eccentricity and inclination (deg); NaN for a state that is no orbit at all."""
    momentum = np.linalg.norm(np.cross(track.position_m, track.velocity_m_s))
    if not momentum > 0.0:
        return np.nan, np.nan, np.nan
    axis_m, eccentricity, inclination = keplerian(track.position_m, track.velocity_m_s)[:3]
    return axis_m, eccentricity, float(np.degrees(inclination))


def _period_s(semi_major_axis_m: float) -> float:
    """Kepler's period; infinite for an orbit that does not close."""
    if not semi_major_axis_m > 0.0:
        return float("inf")
    return float(2.0 * np.pi * np.sqrt(semi_major_axis_m**3 / EARTH_GM_M3_S2))


def _one_period(state: Array, tai_s: float) -> Array:
    """Times of a full turn from an inertial state, evenly spaced in eccentric anomaly; a day if it does not close."""
    semi_major_axis, eccentricity, _, _, _, true_anomaly = keplerian(state[:3], state[3:])
    if not 0.0 <= eccentricity < 1.0:
        return tai_s + np.linspace(0.0, 86_400.0, _ORBIT_POINTS)
    half = np.sqrt((1.0 - eccentricity) / (1.0 + eccentricity))
    first = 2.0 * np.arctan(half * np.tan(true_anomaly / 2.0))
    anomaly = first + np.linspace(0.0, 2.0 * np.pi, _ORBIT_POINTS)
    mean = anomaly - eccentricity * np.sin(anomaly)
    return np.asarray(tai_s + (mean - mean[0]) / (2.0 * np.pi) * _period_s(semi_major_axis))
