"""A catalogue kept from observations: what arrives goes to the track that explains it, begins a new one, or waits.

`step` is the whole of it: a pure function from what was believed and what has arrived to what is believed now and
what happened. Arcs that overlap in time at one sensor are assigned together, each to one track at most (global nearest
neighbour by linear assignment). An arc that two tracks explain about equally well waits for later ones to decide, since
a late arc can be filtered in at any time; that is a tree of hypotheses with the branches not yet grown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from scipy.optimize import linear_sum_assignment

from commonsky.domain import Observation, Sensor
from commonsky.tracking.identify.gate import candidates
from commonsky.tracking.identify.known_orbits import KnownOrbits
from commonsky.tracking.tracker import starting
from commonsky.tracking.tracker.coarse_catalogue import Array, coarse_catalogue, rough_elements
from commonsky.tracking.tracker.duplicates import merged
from commonsky.tracking.tracker.filtering import Filter
from commonsky.tracking.tracker.orbit_track import Arc, OrbitTrack, Status
from commonsky.tracking.tracker.settings import TrackerSettings
from commonsky.tracking.tracker.update import Updated
from commonsky.tracking.tracklets import Tracklet, tracklets

_FORBIDDEN = 1e6
_SETTLED_M = 20e3  # a track that is less sure than this cannot tell a manoeuvre from what it does not know


class Happening(StrEnum):
    """What may happen to a track or an arc."""

    ASSOCIATED = "associated"
    WAITS = "waits"
    STARTED = "started"
    MANOEUVRED = "manoeuvred"
    LOST = "lost"
    ENDED = "ended"
    MERGED = "merged"
    EXPELLED = "expelled"
    UNCORRELATED = "uncorrelated"


@dataclass(frozen=True)
class Event:
    """One of them, in words that a log can hold; ``arc`` and ``track`` are ids, empty where there is none."""

    what: Happening
    arc: str = ""
    track: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Tracker:
    """All that is believed: tracks by id, all arcs by id, ids of arcs that wait or that nothing explains."""

    tracks: Mapping[str, OrbitTrack] = field(default_factory=dict)
    arcs: Mapping[str, Arc] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    uncorrelated: tuple[str, ...] = ()
    rough: Mapping[str, Array] = field(default_factory=dict)
    started: int = 0


def arcs_of(observations: Sequence[Observation], prefix: str) -> list[Arc]:
    """Observations as arcs with ids, by time; claims of targets only keep apart what a sensor says is apart."""
    return [
        Arc(f"{prefix}-{number}", one.sensor, tuple(observations[place] for place in one.members))
        for number, one in enumerate(tracklets(observations))
    ]


def with_element_sets(tracker: Tracker, made: Sequence[OrbitTrack]) -> Tracker:
    """Add tracks that were begun elsewhere."""
    rough = {one.id: rough_elements(one.state_gcrf, one.epoch_tai_s) for one in made}
    return replace(
        tracker, tracks={**tracker.tracks, **{one.id: one for one in made}}, rough={**tracker.rough, **rough}
    )


def step(
    tracker: Tracker,
    arrived: Sequence[Arc],
    sensors: Mapping[str, Sensor],
    *,
    now_tai_s: float,
    settings: TrackerSettings,
) -> tuple[Tracker, list[Event]]:
    """Take in what has arrived, in whatever order, and say what happened; an arc that came before is passed over."""
    fresh = [one for one in arrived if one.id not in tracker.arcs]
    arcs = {**tracker.arcs, **{one.id: one for one in fresh}}
    work = _Work(tracker, Filter(sensors, arcs, settings), now_tai_s)
    retried = [arcs[name] for name in tracker.waiting]
    for group in _groups([*retried, *fresh]):
        work.associate(group)
    work.start()
    work.tidy()
    return work.result(), work.events


def _groups(arcs: Sequence[Arc]) -> list[list[Arc]]:
    """Arcs that must go to different tracks: of one sensor and overlapping in time; groups by time."""
    groups: list[list[Arc]] = []
    open_groups: dict[str, list[Arc]] = {}
    for arc in sorted(arcs, key=lambda one: one.begin_tai_s):
        group = open_groups.get(arc.sensor)
        if group is None or arc.begin_tai_s > max(one.end_tai_s for one in group):
            group = open_groups[arc.sensor] = []
            groups.append(group)
        group.append(arc)
    return sorted(groups, key=lambda group: group[0].begin_tai_s)


class _Work:
    """One step under way."""

    def __init__(self, tracker: Tracker, filtering: Filter, now_tai_s: float) -> None:
        self.events: list[Event] = []
        self._filter, self._now = filtering, now_tai_s
        self._settings = filtering.settings
        self._tracks = dict(tracker.tracks)
        self._rough = dict(tracker.rough)
        self._waiting: list[str] = []
        self._uncorrelated = list(tracker.uncorrelated)
        self._started = tracker.started
        self._catalogue: KnownOrbits | None = None
        self._order: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._fresh: list[str] = []

    def associate(self, group: Sequence[Arc]) -> None:
        """Give the arcs of a group to tracks."""
        judged = [self._rivals(arc) for arc in group]
        names = sorted({name for one in judged for name in one})
        cost = np.full((len(group), len(names)), _FORBIDDEN)
        for row, found in enumerate(judged):
            for name, (_, each) in found.items():
                cost[row, names.index(name)] = each.cost
        chosen: dict[int, str] = {}
        if names:
            rows, columns = linear_sum_assignment(cost)
            pairs = zip(rows.tolist(), columns.tolist(), strict=True)
            chosen = {row: names[column] for row, column in pairs if cost[row, column] < _FORBIDDEN}
        for number, arc in enumerate(group):
            if number not in chosen:
                self._unexplained(arc)
                continue
            name = chosen[number]
            if self._is_open(arc, name, judged[number], set(chosen.values())):
                self._waiting.append(arc.id)
                self.events.append(Event(Happening.WAITS, arc.id, name))
            else:
                before, update = judged[number][name]
                self._take(self._filter.taken(self._tracks[name], before, arc, update), arc)

    def _rivals(self, arc: Arc) -> dict[str, tuple[OrbitTrack, Updated]]:
        """Tracks that may be of an arc's object, each as it was before and with what the arc makes of it."""
        found = {}
        for name in self._near(arc):
            result = self._filter.judged(self._tracks[name], arc)
            if result is not None and result[1].innovation <= self._settings.gate:
                found[name] = result
        return found

    def _near(self, arc: Arc) -> list[str]:
        if not self._tracks:
            return []
        if self._catalogue is None:
            self._order = list(self._tracks)
            self._known = frozenset(self._order)
            tracks = [self._tracks[name] for name in self._order]
            self._catalogue = coarse_catalogue(tracks, [self._rough[name] for name in self._order])
        whole = Tracklet(arc.sensor, None, tuple(range(len(arc.observations))))
        (rows,) = candidates(
            self._catalogue,
            arc.observations,
            [whole],
            self._filter.sensors,
            atmosphere=self._settings.atmosphere,
        )
        near = [self._order[row] for row in rows.tolist() if self._order[row] in self._tracks]
        return [*near[: self._settings.nearest], *self._fresh]

    def _is_open(
        self,
        arc: Arc,
        name: str,
        judged: Mapping[str, tuple[OrbitTrack, Updated]],
        taken: set[str],
    ) -> bool:
        """Whether another track, which no other arc of the group has, explains the arc about as well."""
        if self._now - arc.end_tai_s > self._settings.wait_s:
            return False
        own = judged[name][1].cost
        others = [each.cost for other, (_, each) in judged.items() if other != name and other not in taken]
        return bool(others) and min(others) - own < self._settings.rivals

    def _take(self, track: OrbitTrack, arc: Arc) -> None:
        new = self._tracks[track.id].status is Status.TENTATIVE and not track.designator
        if new and track.status is Status.CONFIRMED:
            arcs = [self._filter.arcs[name] for name in track.arcs]
            if not starting.is_one_orbit(track, arcs, self._filter.sensors, self._settings):
                self._drop(track.id)
                self._uncorrelated += track.arcs
                detail = "no one orbit explains its arcs"
                self.events.append(Event(Happening.ENDED, arc.id, track.id, detail))
                return
        self._put(track)
        if track.innovations:
            detail = f"innovation {track.innovations[-1][0]:.1f}"
            self.events.append(Event(Happening.ASSOCIATED, arc.id, track.id, detail))

    def _put(self, track: OrbitTrack) -> None:
        self._tracks[track.id] = track
        self._rough[track.id] = rough_elements(track.state_gcrf, track.epoch_tai_s)
        if self._catalogue is not None and track.id not in self._known and track.id not in self._fresh:
            self._fresh.append(
                track.id
            )  # one that was moved is still where the catalogue of this step has it, roughly

    def _unexplained(self, arc: Arc) -> None:
        """A manoeuvre of one confirmed track explains the arc, or nothing does yet."""
        found = {}
        for name in self._near(arc):
            track = self._tracks[name]
            settled = (
                track.status is Status.CONFIRMED and len(track.innovations) >= self._settings.confirm_arcs
            )
            if settled and track.position_sigma_m < _SETTLED_M:
                pushed = self._filter.pushed(self._tracks[name], arc)
                if pushed is not None and pushed[0].innovation <= self._settings.push_gate:
                    found[name] = pushed
        if len(found) != 1:
            self._uncorrelated.append(arc.id)
            self.events.append(Event(Happening.UNCORRELATED, arc.id))
            return
        ((name, (state, manoeuvre)),) = found.items()
        track = self._tracks[name]
        made = self._filter.taken(track, track, arc, state)
        self._put(replace(made, manoeuvres=(*track.manoeuvres, manoeuvre), noise_factor=track.noise_factor))
        push = ", ".join(f"{each:+.2f}" for each in manoeuvre.push_rtn_m_s)
        self.events.append(Event(Happening.MANOEUVRED, arc.id, name, f"RTN {push} m/s"))

    def start(self) -> None:
        """Begin tracks from what nothing explains."""
        fresh = {one.arc for one in self.events if one.what is Happening.UNCORRELATED}
        arcs, sensors = self._filter.arcs, self._filter.sensors
        for name in list(self._uncorrelated):
            if name not in fresh or name not in self._uncorrelated:
                continue
            arc = arcs[name]
            if (old := self._rivals(arc)) and len(old) == 1:  # of a track that began just now
                ((other, (before, found)),) = old.items()
                self._uncorrelated.remove(name)
                self._take(self._filter.taken(self._tracks[other], before, arc, found), arc)
                continue
            track_id = f"T{self._started + 1:05d}"
            if starting.tells_an_orbit(arc):
                made = starting.of_one_arc(arc, track_id, sensors, self._settings)
            else:
                rest = [arcs[one] for one in self._uncorrelated if not starting.tells_an_orbit(arcs[one])]
                rest.sort(key=lambda one: one.end_tai_s)
                made = starting.joined(rest, arc, track_id, sensors, self._settings)
            if made is not None:
                self._started += 1
                self._put(made)
                self._uncorrelated = [one for one in self._uncorrelated if one not in made.arcs]
                self.events.append(Event(Happening.STARTED, name, track_id))

    def tidy(self) -> None:
        """End what is gone, merge what is one object twice, expel what was wrongly taken."""
        for name, track in list(self._tracks.items()):
            unseen = self._now - max(track.last_seen_tai_s, track.epoch_tai_s)
            if (
                track.status is Status.TENTATIVE
                and not track.designator
                and unseen > self._settings.tentative_s
            ):
                self._drop(name)
                self.events.append(Event(Happening.ENDED, track=name))
            elif track.status is not Status.LOST and unseen > self._settings.lost_s:
                self._put(replace(track, status=Status.LOST))
                self.events.append(Event(Happening.LOST, track=name))
        changed = {one.track for one in self.events if one.what in {Happening.STARTED, Happening.ASSOCIATED}}
        for keep, drop, made in merged(self._tracks, changed, self._filter, self._rough):
            self._put(made)
            self._drop(drop)
            self.events.append(Event(Happening.MERGED, track=keep, detail=drop))
        horizon = self._now - 2.0 * self._settings.longest_start_s
        self._uncorrelated = [one for one in self._uncorrelated if self._filter.arcs[one].end_tai_s > horizon]

    def _drop(self, name: str) -> None:
        del self._tracks[name], self._rough[name]
        self._fresh = [one for one in self._fresh if one != name]

    def result(self) -> Tracker:
        """What is believed now."""
        return Tracker(
            tracks=self._tracks,
            arcs=self._filter.arcs,
            waiting=tuple(self._waiting),
            uncorrelated=tuple(self._uncorrelated),
            rough=self._rough,
            started=self._started,
        )
