"""A track and its arcs: filter one in, go back for a late one, take one out again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from commonsky.astro.numerical import PropagationError
from commonsky.astro.orbit import rtn_axes
from commonsky.domain import Sensor
from commonsky.tracking.looks import Looks
from commonsky.tracking.tracker.orbit_track import Arc, Checkpoint, Manoeuvre, OrbitTrack, Status
from commonsky.tracking.tracker.process_noise import Array, pushed_covariance
from commonsky.tracking.tracker.settings import TrackerSettings
from commonsky.tracking.tracker.update import Prior, Updated, arc_looks, prior_at, updated

_MEMORY = 8
_LOUD, _QUIET = 2.2, 0.35
_LOUDER, _QUIETER = 1.5, 0.85
_FACTORS = (0.3, 5.0)
_PUSH_TIMES = 12


@dataclass(frozen=True)
class Filter:
    """What filtering needs beside tracks: sensors, all arcs by id, and settings."""

    sensors: Mapping[str, Sensor]
    arcs: Mapping[str, Arc]
    settings: TrackerSettings

    def looks(self, arc: Arc) -> Looks:
        """The arc as columns."""
        return arc_looks(arc, self.sensors, self.settings.atmosphere)

    def judged(self, track: OrbitTrack, arc: Arc) -> tuple[OrbitTrack, Updated] | None:
        """The track as it was before the arc, and what the arc would make of it; ``None`` where that cannot be.

        For an arc that comes late the track goes back to the checkpoint before it.
        """
        before = as_of(track, arc.end_tai_s)
        if before is None:
            return None
        try:
            prior = prior_at(before, arc.begin_tai_s, arc.end_tai_s)
            return before, updated(prior, self.looks(arc), track.force_model)
        except (PropagationError, np.linalg.LinAlgError, ValueError):
            return None

    def taken(self, track: OrbitTrack, before: OrbitTrack, arc: Arc, found: Updated) -> OrbitTrack:
        """The track with the arc in it; arcs after a late one are filtered again."""
        later = track.arcs[len(before.arcs) :]
        made = self._with(replace(before, manoeuvres=track.manoeuvres), arc, found)
        return self.replayed(made, later)

    def replayed(self, track: OrbitTrack, later: Sequence[str]) -> OrbitTrack:
        """Filter arcs in again, by time; one that no longer passes the gate is left out."""
        made = track
        for name in sorted(later, key=lambda one: self.arcs[one].end_tai_s):
            again = self.judged(made, self.arcs[name])
            if again is None or again[1].innovation > self.settings.gate:
                continue
            made = self._with(made, self.arcs[name], again[1])
        return made

    def without(self, track: OrbitTrack, name: str) -> OrbitTrack | None:
        """The track as if it had never taken an arc; ``None`` where that lies too far back."""
        before = next((one for one in track.checkpoints if one.arc == name), None)
        if before is None:
            return None
        place = track.arcs.index(name)
        rewound = as_of(track, before.epoch_tai_s)
        if rewound is None or len(rewound.arcs) > place:
            return None
        return self.replayed(rewound, track.arcs[place + 1 :])

    def pushed(self, track: OrbitTrack, arc: Arc) -> tuple[Updated, Manoeuvre] | None:
        """What the arc makes of the track if the object has manoeuvred since it was last seen."""
        if arc.begin_tai_s <= track.epoch_tai_s:
            return None
        try:
            prior = prior_at(track, arc.begin_tai_s, arc.end_tai_s)
            times = np.linspace(track.epoch_tai_s, arc.begin_tai_s, _PUSH_TIMES + 2)[1:-1]
            each = pushed_covariance(prior.trajectory, times, arc.end_tai_s, self.settings.push_m_s)
            wide = replace(prior, covariance=prior.covariance + each.mean(axis=0))
            found = updated(wide, self.looks(arc), track.force_model)
        except (PropagationError, np.linalg.LinAlgError, ValueError):
            return None
        return found, _likeliest_push(track, arc, prior, found, (times, each, self.settings.push_m_s))

    def _with(self, track: OrbitTrack, arc: Arc, found: Updated) -> OrbitTrack:
        arcs = (*track.arcs, arc.id)
        kept = Checkpoint(track.epoch_tai_s, track.state_gcrf, track.covariance, arc.id)
        innovations = (*track.innovations, (found.innovation, found.dimensions))
        enough = len(arcs) >= self.settings.confirm_arcs or bool(track.designator)
        return replace(
            track,
            epoch_tai_s=found.epoch_tai_s,
            state_gcrf=found.state_gcrf,
            covariance=found.covariance,
            status=Status.CONFIRMED if enough else track.status,
            arcs=arcs,
            checkpoints=(*track.checkpoints, kept)[-self.settings.checkpoints :],
            innovations=innovations,
            noise_factor=_noise_factor(track.noise_factor, innovations),
            last_seen_tai_s=max(track.last_seen_tai_s, arc.end_tai_s),
        )


def as_of(track: OrbitTrack, tai_s: float) -> OrbitTrack | None:
    """The track as it was before an epoch; ``None`` when no checkpoint reaches back so far."""
    if tai_s >= track.epoch_tai_s:
        return track
    for number in range(len(track.checkpoints) - 1, -1, -1):
        one = track.checkpoints[number]
        if one.epoch_tai_s <= tai_s:
            gone = len(track.checkpoints) - number
            return replace(
                track,
                epoch_tai_s=one.epoch_tai_s,
                state_gcrf=one.state_gcrf,
                covariance=one.covariance,
                arcs=track.arcs[: len(track.arcs) - gone],
                checkpoints=track.checkpoints[:number],
                innovations=track.innovations[: max(0, len(track.innovations) - gone)],
            )
    return None


def _noise_factor(factor: float, innovations: Sequence[tuple[float, int]]) -> float:
    """Enlarge the process noise of a track that is too sure of itself, lessen that of one that is not sure enough."""
    recent = innovations[-_MEMORY:]
    if len(recent) < 5:
        return factor
    ratio = sum(one for one, _ in recent) / sum(count for _, count in recent)
    moved = factor * (_LOUDER if ratio > _LOUD else _QUIETER if ratio < _QUIET else 1.0)
    return float(np.clip(moved, *_FACTORS))


def _likeliest_push(
    track: OrbitTrack,
    arc: Arc,
    prior: Prior,
    found: Updated,
    pushes: tuple[Array, Array, tuple[float, float, float]],
) -> Manoeuvre:
    """Which push at which of the times explains the new orbit best, given what the track was sure of."""
    times, each, sigmas = pushes
    change = found.state_gcrf - prior.state_gcrf
    best_cost, best_push, best_time = np.inf, np.zeros(3), float(times[0])
    for time_tai_s, covariance in zip(times.tolist(), each, strict=True):
        whole = prior.covariance + covariance + found.covariance
        explained = np.linalg.solve(whole, change)
        _, volume = np.linalg.slogdet(whole)
        cost = float(change @ explained + volume)
        if cost < best_cost:
            states, transitions = prior.trajectory.states_and_transitions(
                np.array([time_tai_s, prior.epoch_tai_s])
            )
            effect = (transitions[1] @ np.linalg.inv(transitions[0]))[:, 3:] @ rtn_axes(states[0]).T
            best_cost, best_time = cost, time_tai_s
            best_push = np.array(sigmas) ** 2 * (effect.T @ explained)
    radial, along, cross = best_push.tolist()
    return Manoeuvre(arc.id, best_time, arc.begin_tai_s - track.epoch_tai_s, (radial, along, cross))
