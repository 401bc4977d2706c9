"""Every orbit that a node knows, one for each object: what it screens with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro import frames, general_perturbations
from commonsky.domain import ElementSet, IdentityClaim, Record, Track
from commonsky.formats.canonical import decode
from commonsky.node.node import Node
from commonsky.safety.encounter import Side, period_s
from commonsky.safety.events import object_key
from commonsky.tracking import predict, predict_with_covariance
from commonsky.tracking.prediction import state_of

Array = NDArray[np.float64]

TRACK_LASTS_S = 3.0 * 86_400.0
"""A track that nothing was added to for so long gives way to an element set."""


@dataclass(frozen=True)
class Orbit:
    """The orbit of one object and the record that tells it; ``key`` is the name that the object goes by."""

    key: str
    record: Record
    claims: tuple[str, ...] = ()

    @property
    def content(self) -> Track | ElementSet:
        """The track or the element set."""
        content = self.record.content
        assert isinstance(content, Track | ElementSet)
        return content

    @property
    def name(self) -> str:
        """What people call it, as far as the record tells."""
        return self.content.object_name if isinstance(self.content, ElementSet) else ""

    @property
    def names(self) -> frozenset[str]:
        """Every name of the object that we know."""
        if isinstance(self.content, Track):
            return frozenset({self.key, self.content.track_id, *self.claims})
        return frozenset(filter(None, (self.key, self.content.object_id)))

    @property
    def data_epoch_tai_s(self) -> float:
        """Time of the newest data behind it."""
        content = self.content
        return content.last_observation_tai_s if isinstance(content, Track) else content.epoch_tai_s

    @property
    def period_s(self) -> float:
        """Orbital period; infinite for an orbit that is open."""
        content = self.content
        if isinstance(content, ElementSet):
            return 86_400.0 / content.mean_motion_rev_day
        return period_s(state_of(content))

    def states_gcrf(self, times_tai_s: ArrayLike) -> Array:
        """States (n, 6) in GCRF, m and m/s, at epochs (n,); NaN where the orbit cannot be told."""
        times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
        if isinstance(self.content, Track):
            return predict(self.content, times)
        handle = general_perturbations.satellites([self.content])
        position, velocity, fault = general_perturbations.positions_teme(handle, times)
        states = np.concatenate(frames.teme_to_gcrf(position[0], velocity[0], times), axis=1)
        states[fault[0] != 0] = np.nan
        return states

    def side_at(self, time_tai_s: float) -> Side:
        """State and position covariance in GCRF at a time: element sets have no covariance."""
        if isinstance(self.content, ElementSet):
            return Side(self.states_gcrf(time_tai_s)[0])
        states, covariances = predict_with_covariance(self.content, time_tai_s)
        return Side(states[0], covariances[0, :3, :3])


def trusted_claims(node: Node) -> dict[str, str]:
    """Designators of tracks by their ids: as we claim, or as the member does whose track it is."""
    claims: dict[str, str] = {}
    for entry in sorted(node.store.claims(), key=lambda one: (one.source is not None, one.n)):
        content = decode(entry.body).content
        if isinstance(content, IdentityClaim) and (entry.source is None or entry.source == entry.originator):
            claims.setdefault(content.track_id, content.designator)
    return claims


def known_orbits(node: Node, claims: Mapping[str, str]) -> list[Orbit]:
    """Give the best orbit of each object, in the order of their keys.

    A track that is kept up goes before an element set, since it has a covariance; of several tracks, and of several
    element sets, the one that rests on the newest data.
    """
    now_tai_s = node.now_tai_s()
    best: dict[str, tuple[tuple[bool, float], Orbit]] = {}
    for entry in (*node.store.element_sets(), *node.store.current_tracks()):
        record = decode(entry.body)
        if record.mode is not node.config.mode:
            continue
        orbit = _orbit(record, claims)
        of_track = isinstance(orbit.content, Track)
        kept_up = of_track and now_tai_s - orbit.data_epoch_tai_s <= TRACK_LASTS_S
        rank = (kept_up, orbit.data_epoch_tai_s)
        if orbit.key not in best or rank > best[orbit.key][0]:
            best[orbit.key] = rank, orbit
    return [best[key][1] for key in sorted(best)]


def _orbit(record: Record, claims: Mapping[str, str]) -> Orbit:
    match record.content:
        case Track(track_id=track_id):
            claimed = (claims[track_id],) if track_id in claims else ()
            return Orbit(object_key({track_id}, claims), record, claimed)
        case ElementSet(norad_cat_id=number):
            return Orbit(object_key({str(number)}, claims), record)
        case _:
            raise TypeError(f"record {record.id} tells no orbit")
