"""A tracker on trial: a simulated sky, sensors that see a part of it, and how well the catalogue came out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from commonsky.astro.measurement import stations
from commonsky.astro.numerical import PropagationError, Trajectory, propagate, solve
from commonsky.astro.orbit import EARTH_GM_M3_S2, rtn_axes
from commonsky.domain import ElementSet, Sensor, Site
from commonsky.exercise.close_approach import Truth
from commonsky.exercise.instruments import Instrument, Sighting, Technique, measured, sightings
from commonsky.exercise.observing import truth_of
from commonsky.exercise.population import synthetic_catalogue
from commonsky.tracking.tracker import (
    Arc,
    Event,
    Happening,
    OrbitTrack,
    Status,
    Tracker,
    TrackerSettings,
    of_element_set,
    step,
    with_element_sets,
)
from commonsky.tracking.tracker.starting import ELEMENT_SET_SCALE
from commonsky.tracking.tracker.update import prior_at

Array = NDArray[np.float64]

_GRID_S = 60.0
_STEP_S = 3600.0
_CUSTODY_M = 30e3
_GEO_RADIUS_M = 3e7


@dataclass(frozen=True)
class Trial:
    """What is tried: how many objects and days, the share that is unknown at first, and that manoeuvres once."""

    objects: int = 60
    days: float = 1.0
    unknown_share: float = 0.1
    manoeuvre_share: float = 0.03
    start_tai_s: float = 600_000_000.0
    seed: int = 1


@dataclass(frozen=True)
class Push:
    """A manoeuvre in truth: when, and the change of velocity on RTN axes, m/s."""

    at_tai_s: float
    push_rtn_m_s: Array


@dataclass(frozen=True)
class Sky:
    """Truth and what was seen of it: ``owner`` is the object of each arc by id, -1 for nothing."""

    element_sets: list[ElementSet]
    paths: list[list[Trajectory]]
    pushes: dict[int, Push]
    known: list[int]
    arcs: list[Arc]
    owner: dict[str, int]
    sensors: dict[str, Sensor]

    def states(self, number: int, times_tai_s: Array) -> Array:
        """True states (n, 6) of one object."""
        return _path_states(self.paths[number], times_tai_s)


@dataclass(frozen=True)
class Score:
    """How the catalogue came out; shares are of one."""

    objects: int
    seen: int
    custody: float
    false_tracks: int
    duplicate_tracks: int
    tracks: int
    purity: float
    nees_inside: dict[str, float]
    nees_mean: dict[str, float]
    manoeuvres: int
    manoeuvres_found: int
    associated: int
    events: dict[str, int]


def usual_instruments() -> list[Instrument]:
    """Ten sensors of a made-up coalition, of the kinds and about the noise that public tables have."""
    places = (
        ("N-ARRAY", 54.4, -0.7, Technique.RADAR),
        ("S-ARRAY", 37.2, -5.6, Technique.RADAR),
        ("W-ARRAY", 30.6, -86.2, Technique.RADAR),
        ("DISH", 50.6, 7.1, Technique.RADAR),
        ("FENCE", 8.7, 167.7, Technique.FENCE),
        ("SOUTH-RADAR", -21.9, 114.1, Technique.RADAR),
        ("ISLAND-EYE", 28.3, -16.5, Technique.OPTICAL),
        ("DESERT-EYE", 33.8, -106.7, Technique.OPTICAL),
        ("REEF-EYE", -7.4, 72.4, Technique.OPTICAL),
        ("OUTBACK-EYE", -31.3, 149.1, Technique.OPTICAL),
    )
    return [_instrument(*place) for place in places]


def _instrument(name: str, latitude_deg: float, longitude_deg: float, technique: Technique) -> Instrument:
    optical = technique is Technique.OPTICAL
    sensor = Sensor(
        id=name,
        owner=name[:3],
        site=Site(id=name, latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=100.0),
        minimum_elevation_deg=20.0 if optical else 5.0,
        range_sigma_m=None if optical else 20.0,
        angle_sigma_deg=2.8e-4 if optical else 0.017,
    )
    return Instrument(
        sensor=sensor,
        technique=technique,
        farthest_m=4e6,
        looks=5 if optical else 8,
        step_s=15.0 if optical else 8.0,
        revisit_s=2 * 3600.0 if optical else 4 * 3600.0,
        limiting_magnitude=18.0,
    )


def sky(trial: Trial, instruments: Sequence[Instrument]) -> Sky:
    """Make truth and observations, the same for the same trial."""
    rng = np.random.default_rng(trial.seed)  # noqa: TID251  # the trial's seed is its argument
    catalogue = synthetic_catalogue(rng, trial.objects, trial.start_tai_s)
    times = trial.start_tai_s + np.arange(0.0, trial.days * 86_400.0, _GRID_S)
    pushes = _pushes(trial, rng)
    end_tai_s = float(times[-1]) + 2.0 * _GRID_S
    paths = [
        _path(_truth(one, trial.start_tai_s, rng), pushes.get(number), end_tai_s)
        for number, one in enumerate(catalogue)
    ]
    states = np.array([_path_states(path, times) for path in paths])
    area_m2 = rng.lognormal(mean=0.5, sigma=1.0, size=len(catalogue))
    taken = sightings(instruments, times, states, area_m2, rng)
    arcs, owner = [], {}
    for number, sighting in enumerate(taken):
        one = instruments[sighting.instrument]
        moments = sighting.begin_tai_s + one.step_s * np.arange(one.looks, dtype=np.float64)
        ghost = sighting.target < 0
        there = _ghost(one, sighting, rng) if ghost else _path_states(paths[sighting.target], moments)
        seen = measured(one, moments, there, trial.start_tai_s, rng)
        arcs.append(Arc(f"A{number:06d}", one.sensor.id, tuple(seen)))
        owner[arcs[-1].id] = sighting.target
    known = [n for n in range(len(catalogue)) if rng.uniform() >= trial.unknown_share]
    return Sky(
        catalogue, paths, pushes, known, arcs, owner, {one.sensor.id: one.sensor for one in instruments}
    )


def tracked(made: Sky, trial: Trial, settings: TrackerSettings | None = None) -> tuple[Tracker, list[Event]]:
    """Let the tracker run over all that was seen, an hour at a time."""
    chosen = settings or trial_settings()
    begun = [of_element_set(made.element_sets[n], f"C{n:05d}", trial.start_tai_s, chosen) for n in made.known]
    tracker = with_element_sets(Tracker(), begun)
    events: list[Event] = []
    edges = trial.start_tai_s + np.arange(_STEP_S, trial.days * 86_400.0 + 2.0 * _STEP_S, _STEP_S)
    waiting = list(made.arcs)
    for now_tai_s in edges.tolist():
        due = [arc for arc in waiting if arc.end_tai_s <= now_tai_s]
        waiting = [arc for arc in waiting if arc.end_tai_s > now_tai_s]
        tracker, happened = step(tracker, due, made.sensors, now_tai_s=now_tai_s, settings=chosen)
        events += happened
    return tracker, events


def trial_settings() -> TrackerSettings:
    """Give the estimator's forces: coarser than truth, with usual drag and radiation instead of each object's own."""
    usual = TrackerSettings()
    forces = msgspec.structs.replace(
        usual.force_model,
        gravity_degree=20,
        drag_cd_area_over_mass=0.02,
        radiation_cr_area_over_mass=0.0125,
    )
    return TrackerSettings(force_model=forces)


def score(made: Sky, trial: Trial, tracker: Tracker, events: Sequence[Event]) -> Score:
    """Compare the catalogue with truth at the end."""
    end = trial.start_tai_s + trial.days * 86_400.0
    truth = np.array([made.states(n, np.array([end]))[0] for n in range(len(made.paths))])
    alive = {name: one for name, one in tracker.tracks.items() if one.status is Status.CONFIRMED}
    held: dict[int, list[str]] = {}
    false = 0
    nees: dict[str, list[float]] = {}
    for name, track in alive.items():
        state, covariance = _at(track, end)
        distance = np.linalg.norm(truth[:, :3] - state[:3], axis=1)
        near = int(np.argmin(distance))
        owners = Counter(made.owner[arc] for arc in track.arcs)
        usual = owners.most_common(1)[0][0] if owners else near
        limit = _CUSTODY_M * (3.0 if np.linalg.norm(state[:3]) > _GEO_RADIUS_M else 1.0)
        if usual < 0 or distance[usual] > limit:
            false += 1
            continue
        held.setdefault(usual, []).append(name)
        off = state - truth[usual]
        nees.setdefault(_regime(state), []).append(float(off @ np.linalg.solve(covariance, off)))
    low, high = float(chi2.ppf(0.025, 6)), float(chi2.ppf(0.975, 6))
    right = sum(max(Counter(made.owner[a] for a in t.arcs).values()) for t in alive.values() if t.arcs)
    total = sum(len(track.arcs) for track in alive.values())
    seen = {n for n in made.owner.values() if n >= 0}
    trackable = {n for n, count in Counter(made.owner.values()).items() if n >= 0 and count >= 3} | (
        seen & set(made.known)
    )
    found = {made.owner[m.arc] for t in tracker.tracks.values() for m in t.manoeuvres}
    pushed = {n for n in made.pushes if n in trackable}
    return Score(
        objects=len(made.paths),
        seen=len(trackable),
        custody=len(trackable & set(held)) / max(1, len(trackable)),
        false_tracks=false,
        duplicate_tracks=sum(len(names) - 1 for names in held.values()),
        tracks=len(alive),
        purity=right / max(1, total),
        nees_inside={name: float(np.mean([low < x < high for x in each])) for name, each in nees.items()},
        nees_mean={name: float(np.mean(each)) / 6.0 for name, each in nees.items()},
        manoeuvres=len(pushed),
        manoeuvres_found=len(pushed & found),
        associated=total,
        events=dict(Counter(str(one.what) for one in events if one.what is not Happening.ASSOCIATED)),
    )


def _at(track: OrbitTrack, tai_s: float) -> tuple[Array, Array]:
    if track.epoch_tai_s >= tai_s:
        state = propagate(track.state_gcrf, track.epoch_tai_s, [tai_s], track.force_model)[0]
        return state, track.covariance
    try:
        prior = prior_at(track, tai_s, tai_s)
    except PropagationError:
        return track.state_gcrf, track.covariance
    return prior.state_gcrf, prior.covariance


def _regime(state: Array) -> str:
    energy = 0.5 * float(state[3:] @ state[3:]) - EARTH_GM_M3_S2 / float(np.linalg.norm(state[:3]))
    axis = -EARTH_GM_M3_S2 / (2.0 * energy)
    momentum = float(np.linalg.norm(np.cross(state[:3], state[3:])))
    if 1.0 - momentum**2 / (EARTH_GM_M3_S2 * axis) > 0.04:
        return "HEO"
    return "LEO" if axis < 9e6 else "MEO" if axis < 3.8e7 else "GEO"


def _pushes(trial: Trial, rng: np.random.Generator) -> dict[int, Push]:
    count = int(np.ceil(trial.manoeuvre_share * trial.objects)) if trial.manoeuvre_share else 0
    chosen = rng.choice(trial.objects, size=count, replace=False).tolist()
    return {
        number: Push(
            trial.start_tai_s + float(rng.uniform(0.3, 0.7)) * trial.days * 86_400.0,
            rng.normal(size=3) * np.array([0.2, 1.0, 0.3]),
        )
        for number in chosen
    }


def _truth(one: ElementSet, start_tai_s: float, rng: np.random.Generator) -> Truth:
    """How an object really moves: off its element set by as much as real ones are, with forces of its own."""
    truth = truth_of(one, start_tai_s, rng)
    begun = of_element_set(one, "", start_tai_s, trial_settings())
    off = rng.multivariate_normal(np.zeros(6), begun.covariance / ELEMENT_SET_SCALE**2)
    return truth._replace(state=begun.state_gcrf + off)


def _path(begin: Truth, push: Push | None, end_tai_s: float) -> list[Trajectory]:
    """The true way of an object, solved once; a manoeuvre makes two pieces of it."""
    first = solve(begin.state, begin.epoch_tai_s, (begin.epoch_tai_s, end_tai_s), begin.force_model)
    if push is None:
        return [first]
    state = first.states(np.array([push.at_tai_s]))[0]
    changed = state.copy()
    changed[3:] += rtn_axes(state).T @ push.push_rtn_m_s
    return [first, solve(changed, push.at_tai_s, (push.at_tai_s, end_tai_s), begin.force_model)]


def _path_states(path: Sequence[Trajectory], times_tai_s: Array) -> Array:
    if len(path) == 1:
        return path[0].states(times_tai_s)
    first, second = path
    before = times_tai_s < second.epoch_tai_s
    states = np.empty((times_tai_s.size, 6))
    if before.any():
        states[before] = first.states(times_tai_s[before])
    if not before.all():
        states[~before] = second.states(times_tai_s[~before])
    return states


def _ghost(one: Instrument, sighting: Sighting, rng: np.random.Generator) -> Array:
    """States of something that is not there, moving straight: over the instrument, with an orbit's speed."""
    at = stations([one.sensor.site], np.array([sighting.begin_tai_s]))
    east, north, up = at.horizon[0]
    optical = one.technique is Technique.OPTICAL
    height_m = float(np.exp(rng.uniform(np.log(5e5), np.log(3.6e7 if optical else 2e6))))
    azimuth, zenith_distance = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.0, 1.0)
    level = np.cos(azimuth) * north + np.sin(azimuth) * east
    towards = np.cos(zenith_distance) * up + np.sin(zenith_distance) * level
    place = at.position_m[0] + height_m / np.cos(zenith_distance) * towards
    speed = np.sqrt(EARTH_GM_M3_S2 / np.linalg.norm(place))
    heading = rng.uniform(0.0, 2.0 * np.pi)
    velocity = speed * (np.cos(heading) * east + np.sin(heading) * north)
    elapsed = one.step_s * np.arange(one.looks)[:, np.newaxis]
    return np.hstack([place + velocity * elapsed, np.broadcast_to(velocity, (one.looks, 3))])
