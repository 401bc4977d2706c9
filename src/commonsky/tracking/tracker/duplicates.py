"""Tracks that are of one object: found by their states, merged by their observations."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SatrecArray

from commonsky.astro.general_perturbations import satrecs, sgp4_dates
from commonsky.astro.numerical import PropagationError
from commonsky.tracking.tracker.filtering import Filter
from commonsky.tracking.tracker.orbit_track import OrbitTrack
from commonsky.tracking.tracker.update import prior_at

_SAME = 18.0  # of six dimensions: 99.4 %
_NEAR_M = 50e3
_ROUGH_NEAR = 0.02
_LEAST_KNOWN_M = 20e3
_ROUGHLY_M = 400e3


def merged(
    tracks: Mapping[str, OrbitTrack],
    changed: Collection[str],
    filtering: Filter,
    rough: Mapping[str, NDArray[np.float64]],
) -> Iterator[tuple[str, str, OrbitTrack]]:
    """Pairs of tracks that are one object, a changed one with any other: the name kept, the name dropped, the track.

    The one with more arcs is kept; arcs of the other are filtered into it as far back as it remembers.
    """
    gone: set[str] = set()
    tracks = dict(tracks)  # as they were: what is merged changes under way
    shapes = _Shapes(tracks)
    for name in sorted(set(changed) & set(tracks)):
        for other in shapes.alike(name):
            if gone & {name, other} or not _roughly_together(
                rough[name], rough[other], tracks[name].epoch_tai_s
            ):
                continue
            if not same_object(tracks[name], tracks[other]):
                continue
            if _seen_apart(tracks[name], tracks[other], filtering):
                continue
            pair = sorted((name, other), key=lambda one: (-len(tracks[one].arcs), one))
            keep, drop = pair
            gone.add(drop)
            tracks[keep] = _together(tracks[keep], tracks[drop], filtering)
            yield keep, drop, tracks[keep]


def same_object(one: OrbitTrack, other: OrbitTrack) -> bool:
    """Whether two tracks differ by no more than their covariances say, and both know where they are."""
    early, late = sorted((one, other), key=lambda track: track.epoch_tai_s)
    try:
        prior = prior_at(early, late.epoch_tai_s, late.epoch_tai_s)
    except PropagationError:
        return False
    apart = prior.state_gcrf - late.state_gcrf
    if np.linalg.norm(apart[:3]) > _NEAR_M:
        return False
    return bool(apart @ np.linalg.solve(prior.covariance + late.covariance, apart) < _SAME)


def _roughly_together(one: NDArray[np.float64], other: NDArray[np.float64], tai_s: float) -> bool:
    """Whether rough orbits are near each other at an epoch: a cheap question before the engine is asked."""
    error, position_km, _ = SatrecArray(satrecs(np.array([one, other]))).sgp4(*sgp4_dates(np.array([tai_s])))
    if error.any():
        return True
    return bool(1e3 * np.linalg.norm(position_km[0, 0] - position_km[1, 0]) < _ROUGHLY_M)


class _Shapes:
    """Planes and sizes of all tracks as columns, for finding those that are about alike."""

    def __init__(self, tracks: Mapping[str, OrbitTrack]) -> None:
        self._names = list(tracks)
        states = np.array([one.state_gcrf for one in tracks.values()]).reshape(-1, 6)
        self._momenta = np.cross(states[:, :3], states[:, 3:])
        variances = [
            one.covariance[0, 0] + one.covariance[1, 1] + one.covariance[2, 2] for one in tracks.values()
        ]
        self._known = np.array(variances) < _LEAST_KNOWN_M**2

    def alike(self, name: str) -> list[str]:
        """Tracks whose plane and size are about those of one, and that are known well enough to judge."""
        own = self._names.index(name)
        if not self._known[own]:
            return []
        apart = np.linalg.norm(self._momenta - self._momenta[own], axis=1)
        near = self._known & (apart < _ROUGH_NEAR * np.linalg.norm(self._momenta[own]))
        near[own] = False
        return [self._names[place] for place in np.flatnonzero(near).tolist()]


def _seen_apart(one: OrbitTrack, other: OrbitTrack, filtering: Filter) -> bool:
    """Whether one sensor saw both at the same time: then they are two."""
    own = [filtering.arcs[name] for name in one.arcs]
    for name in other.arcs:
        arc = filtering.arcs[name]
        for each in own:
            if (
                each.sensor == arc.sensor
                and each.begin_tai_s <= arc.end_tai_s
                and arc.begin_tai_s <= each.end_tai_s
            ):
                return True
    return False


def _together(keep: OrbitTrack, drop: OrbitTrack, filtering: Filter) -> OrbitTrack:
    made = keep
    for name in drop.arcs:
        arc = filtering.arcs[name]
        result = filtering.judged(made, arc)
        if result is not None and result[1].innovation <= filtering.settings.gate:
            made = filtering.taken(made, result[0], arc, result[1])
    return replace(made, designator=made.designator or drop.designator)
