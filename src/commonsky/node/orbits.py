"""Every orbit that a node knows, one for each object: what it screens with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro import frames, general_perturbations
from commonsky.astro.numerical import Trajectory, solve
from commonsky.domain import ConjunctionWarning, ElementSet, IdentityClaim, Record, Track
from commonsky.formats.canonical import decode
from commonsky.node.node import Node
from commonsky.safety.coarse import require_fine, why_unfit
from commonsky.safety.encounter import Side, period_s
from commonsky.safety.events import object_key
from commonsky.tracking import predict, predict_with_covariance
from commonsky.tracking.prediction import covariance_of, state_of

Array = NDArray[np.float64]

SAME_PLACE_M = 20_000.0
SAME_MOTION_M_S = 30.0
"""An element set a day old is off by a few kilometres; in another place of the sky nothing moves alike."""

MOST_NAMED = 10
NEARLY_AS_NEW_S = 6.0 * 3_600.0
TRACK_LASTS_S = 3.0 * 86_400.0
"""A track that nothing was added to for so long gives way to an element set."""


@dataclass(frozen=True)
class Orbit:
    """The orbit of one object and the record that tells it; ``key`` is the name that the object goes by.

    Within ``span_tai_s`` a track is propagated once, however often it is asked for. There is none of a coarsened
    orbit: CoarseOrbitError says so.
    """

    key: str
    record: Record
    claims: tuple[str, ...] = ()
    span_tai_s: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        require_fine(self.content, self.key)

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
    def content_names(self) -> frozenset[str]:
        """The names that the record itself gives the object."""
        content = self.content
        return frozenset({content.track_id if isinstance(content, Track) else str(content.norad_cat_id)})

    @property
    def data_epoch_tai_s(self) -> float:
        """Time of the newest data behind it."""
        content = self.content
        return content.data_epoch_tai_s if isinstance(content, Track) else content.epoch_tai_s

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
            solved = self._solved(times)
            return predict(self.content, times) if solved is None else solved.states(times)
        handle = general_perturbations.satellites([self.content])
        position, velocity, fault = general_perturbations.positions_teme(handle, times)
        states = np.concatenate(frames.teme_to_gcrf(position[0], velocity[0], times), axis=1)
        states[fault[0] != 0] = np.nan
        return states

    def side_at(self, time_tai_s: float) -> Side:
        """State and covariance in GCRF at a time: element sets have no covariance."""
        if isinstance(self.content, ElementSet):
            return Side(self.states_gcrf(time_tai_s)[0])
        solved = self._solved(np.array([time_tai_s]))
        if solved is None:
            states, covariances = predict_with_covariance(self.content, time_tai_s)
            return Side(states[0], covariances[0])
        states, transitions = solved.states_and_transitions(time_tai_s)
        return Side(states[0], transitions[0] @ covariance_of(self.content) @ transitions[0].T)

    def _solved(self, times_tai_s: Array) -> Trajectory | None:
        """The solved orbit of a track, for times within the span."""
        if self.span_tai_s is None or not isinstance(self.content, Track):
            return None
        within = self.span_tai_s[0] <= times_tai_s.min() and times_tai_s.max() <= self.span_tai_s[1]
        return _trajectory(self.content, self.span_tai_s) if within else None


@lru_cache(maxsize=256)
def _trajectory(track: Track, span_tai_s: tuple[float, float]) -> Trajectory:
    return solve(state_of(track), track.epoch_tai_s, span_tai_s, track.force_model, transitions=True)


def trusted_claims(node: Node) -> dict[str, str]:
    """Designators of tracks by their ids: as we claim, or as the member does whose track it is."""
    claims: dict[str, str] = {}
    for entry in sorted(node.store.claims(), key=lambda one: (one.source is not None, one.n)):
        content = decode(entry.body).content
        if isinstance(content, IdentityClaim) and (entry.source is None or entry.source == entry.originator):
            claims.setdefault(content.track_id, content.designator)
    return claims


def orbits_behind(node: Node, record: Record) -> tuple[Orbit, Orbit] | None:
    """Give the orbits that a warning of ours was made from, in the order of its objects; ``None`` if it was not."""
    warning = record.content
    if not isinstance(warning, ConjunctionWarning):
        return None
    claims = trusted_claims(node)
    bodies = [node.store.record(one) for one in record.inputs]
    orbits = [_orbit(decode(body), claims, None) for body in bodies if body is not None]
    both = (warning.object_1, warning.object_2)
    found = [next((o for o in orbits if o.content_names & one.names), None) for one in both]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def known_orbits(
    node: Node,
    claims: Mapping[str, str],
    span_tai_s: tuple[float, float] | None = None,
    owner: str | None = None,
) -> list[Orbit]:
    """Give the best orbit of each object, in the order of their keys.

    A track that is kept up goes before an element set, since it has a covariance; of several tracks, and of several
    element sets, the one that rests on the newest data. A track that nobody names, and that moves with one named
    object alone, is taken to be that object's.

    Coarsened orbits do not count; the watch log says of which objects no other one is known.

    For an ``owner`` other than ourselves, orbits that rest on our and its own data alone go before others that are
    little newer: a warning that a third member's label keeps from its owner helps nobody.
    """
    entries = (*node.store.element_sets(), *node.store.current_tracks())
    records = [record for entry in entries if (record := decode(entry.body)).mode is node.config.mode]
    fine = [record for record in records if _unfit(record) is None]
    orbits = [_orbit(record, claims, span_tai_s) for record in fine]
    of_key: dict[str, list[Orbit]] = {}
    for orbit in (*orbits, *_recognised(orbits)):
        of_key.setdefault(orbit.key, []).append(orbit)
    now_tai_s = node.now_tai_s()
    best = {key: _best(candidates, node.id, owner, now_tai_s) for key, candidates in of_key.items()}
    coarse = {_key(record, claims) for record in records if _unfit(record) is not None}
    _tell_of_coarse(node, sorted(coarse - best.keys()))
    recognised = {name for orbit in best.values() for name in orbit.names if name != orbit.key}
    return [best[key] for key in sorted(best) if key not in recognised]


def _best(candidates: Sequence[Orbit], member: str, owner: str | None, now_tai_s: float) -> Orbit:
    """Give the orbit to go by, of those of one object that ``member`` holds."""

    def rank(orbit: Orbit) -> tuple[bool, float]:
        of_track = isinstance(orbit.content, Track)
        return of_track and now_tai_s - orbit.data_epoch_tai_s <= TRACK_LASTS_S, orbit.data_epoch_tai_s

    best = max(candidates, key=rank)
    if owner is None:
        return best
    least = rank(best)[0], rank(best)[1] - NEARLY_AS_NEW_S
    known_to_both = (one for one in candidates if set(one.record.label.components) <= {member, owner})
    return max((one for one in known_to_both if rank(one) >= least), key=rank, default=best)


def _recognised(orbits: Sequence[Orbit]) -> Iterator[Orbit]:
    """The tracks without a name of a catalogue that move with one catalogued object, under its key."""
    sets = [orbit for orbit in orbits if isinstance(orbit.content, ElementSet)]
    nameless = [orbit for orbit in orbits if isinstance(orbit.content, Track) and not orbit.claims]
    if not sets or not nameless:
        return
    handle = general_perturbations.satellites([orbit.content for orbit in sets])  # type: ignore[misc]  # chosen so
    for orbit in nameless:
        track = orbit.content
        assert isinstance(track, Track)
        state = state_of(track)
        position, velocity, fault = general_perturbations.positions_teme(handle, track.epoch_tai_s)
        there = np.concatenate(frames.teme_to_gcrf(position, velocity, track.epoch_tai_s), axis=1)
        near = (np.linalg.norm(there[:, :3] - state[:3], axis=1) < SAME_PLACE_M) & (
            np.linalg.norm(there[:, 3:] - state[3:], axis=1) < SAME_MOTION_M_S
        )
        keys = {sets[n].key for n in np.flatnonzero(near & (fault == 0))}
        if len(keys) == 1:
            yield replace(orbit, key=keys.pop())


def _tell_of_coarse(node: Node, names: Sequence[str]) -> None:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    if names:
        listed = f"{', '.join(names[:MOST_NAMED])}{more}"
        node.say_once("coarse orbits", f"not screened, as their owners give coarse orbits only: {listed}")


def _unfit(record: Record) -> str | None:
    """Say why a record's orbit is not to be screened."""
    assert isinstance(record.content, Track | ElementSet)
    return why_unfit(record.content)


def _key(record: Record, claims: Mapping[str, str]) -> str:
    """The name that a record's object goes by."""
    content = record.content
    assert isinstance(content, Track | ElementSet)
    name = content.track_id if isinstance(content, Track) else str(content.norad_cat_id)
    return object_key({name}, claims)


def _orbit(record: Record, claims: Mapping[str, str], span_tai_s: tuple[float, float] | None) -> Orbit:
    match record.content:
        case Track(track_id=track_id):
            claimed = (claims[track_id],) if track_id in claims else ()
            return Orbit(_key(record, claims), record, claimed, span_tai_s)
        case ElementSet():
            return Orbit(_key(record, claims), record)
        case _:
            raise TypeError(f"record {record.id} tells no orbit")
