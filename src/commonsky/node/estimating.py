"""When to estimate a track anew, from what, and what to say of it.

Targets are taken at the sensors' word: which object an observation is of is what its sensor claims, and the claim
that a track is that object is made with the confidence that such words deserve.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from commonsky.astro.numerical import default_force_model
from commonsky.domain import ElementSet, IdentityClaim, Observation, Record, Sensor, Track, derived
from commonsky.formats.canonical import decode, record_id
from commonsky.node.config import Estimation
from commonsky.node.intake import CLOCK_TOLERANCE_S
from commonsky.node.node import Node
from commonsky.store import StoredRecord
from commonsky.tracking import Estimated, Fit, FitSettings, InitialState, TrackingError, fit
from commonsky.tracking.prediction import state_of

DRAG_FROM_SPAN_S = 43_200.0
DRAG_PRIOR_M2_KG = 0.02


class Estimate(NamedTuple):
    """Records of an orbit, and how much each of their inputs told of it."""

    records: Sequence[Record] = ()
    information: Mapping[str, float] = MappingProxyType({})


def estimated_records(node: Node, target: str) -> Estimate:
    """Estimate the track of a claimed target: the track's record and, for a new one, the identity claim.

    Empty when there is nothing new to say, or when no orbit can be had (the watch log says why).
    """
    wanted = node.config.estimation_of(target)
    sources = _sources(node, wanted)
    known = own_track(node, target)
    if not sources or (known is not None and not _worth_it(node, known, sources, wanted)):
        return Estimate()
    found = fitted(node, sources, wanted, _initial(node, target, known))
    if found is None:
        return Estimate()
    return Estimate(_records(node, target, known, found, sources), told_by(found, sources))


def fitted(
    node: Node, sources: Sequence[Record], wanted: Estimation, initial: InitialState | ElementSet | None
) -> Fit | None:
    """Fit an orbit to records of observations; ``None`` if there is none to be had, and the watch log says why."""
    sensors = {name: _sensor(record) for name, record in known_sensors(node).items()}
    observations = [_observation(source) for source in sources]
    settings = _settings(observations, wanted)
    try:
        return fit(observations, sensors, settings=settings, initial=initial)
    except TrackingError as reason:
        node.say_once(f"track of {wanted.target}", f"no orbit of {wanted.target}: {reason}")
        return None


def used_in(found: Fit, sources: Sequence[Record]) -> list[Record]:
    """The records that a fit to them really used."""
    return [source for source, residual in zip(sources, found.residuals, strict=True) if residual.used]


def told_by(found: Fit, sources: Sequence[Record]) -> dict[str, float]:
    """How much of an orbit each record told, in unknowns' worth."""
    return {
        source.id: residual.information for source, residual in zip(sources, found.residuals, strict=True)
    }


def _records(
    node: Node, target: str, known: Track | None, found: Fit, sources: Sequence[Record]
) -> list[Record]:
    """The track under the name that it ever had, also where what we knew of it is locked, and the claim if none stands.

    A revision is told once: what is locked keeps its number, and may be used again one day.
    """
    used = used_in(found, sources)
    name = own_claims(node, locked_too=True).get(target) or _next_track_id(node)
    revision = node.store.last_revision(name) + 1
    contents: list[Track | IdentityClaim] = [found.track(name, revision)]
    if known is None:
        contents.append(_claim(name, target, used, revision))
    return [
        derived(record_id(node.id, one), originator=node.id, content=one, sources=used) for one in contents
    ]


def _claim(track_id: str, target: str, used: Sequence[Record], revision: int) -> IdentityClaim:
    """Each sensor that names the object is taken to be right half of the time, and independent of the others."""
    count = len({_observation(record).sensor for record in used})
    basis = f"named by {count} sensor{'s' if count > 1 else ''}; one orbit fits their observations"
    if revision > 1:
        basis += f", from revision {revision} on"
    return IdentityClaim(track_id=track_id, designator=target, confidence=1.0 - 0.5**count, basis=basis)


def _sources(node: Node, wanted: Estimation) -> list[Record]:
    """Observations of the target by sensors that we know, as their members tell it, each once.

    The span ends at the newest of them, not now: an old message gives the orbit of its time. What a partner dates
    into the future does not count, or one such observation would put all others out of the span.
    """
    sensors = known_sensors(node)
    until_tai_s = node.now_tai_s() + CLOCK_TOLERANCE_S
    newest_tai_s = node.store.last_observed_tai_s(wanted.target, until_tai_s)
    if newest_tai_s is None:
        return []
    entries = node.store.observations(newest_tai_s - wanted.span_s, until_tai_s, wanted.target)
    return [
        record for record in once_each(entries) if _is_by(sensors.get(_observation(record).sensor), record)
    ]


def once_each(entries: Sequence[StoredRecord]) -> list[Record]:
    """Decode each record once: as its originator gave it to us, else as it came first.

    A copy that a third member passed on may have been given a looser label on its way.
    """
    bodies: dict[tuple[str, str], bytes] = {}
    for entry in entries:
        name = entry.originator, entry.id
        if name not in bodies or entry.source in {None, entry.originator}:
            bodies[name] = entry.body
    return [decode(body) for body in bodies.values()]


def _is_by(sensor: Record | None, observation: Record) -> bool:
    return sensor is not None and sensor.originator == observation.originator


def _sensor(record: Record) -> Sensor:
    assert isinstance(record.content, Sensor)
    return record.content


def _observation(record: Record) -> Observation:
    assert isinstance(record.content, Observation)
    return record.content


def _worth_it(node: Node, known: Track, sources: Sequence[Record], wanted: Estimation) -> bool:
    """Whether enough time was seen since, or a sensor sees it that had no part in the track: that tells most."""
    observations = [_observation(source) for source in sources]
    newest_tai_s = max(one.epoch_tai_s for one in observations)
    if newest_tai_s - known.data_epoch_tai_s >= wanted.least_new_s:
        return True
    behind = node.store.sensors_behind(record_id(node.id, known))
    return not {one.sensor for one in observations} <= behind


def own_track(node: Node, target: str) -> Track | None:
    """Give our newest track of a claimed target."""
    return own_tracks(node).get(target)


def own_tracks(node: Node) -> dict[str, Track]:
    """Give our newest tracks by their claimed targets."""
    targets = {name: target for target, name in own_claims(node).items()}
    found = {}
    for entry in node.store.current_tracks():
        if entry.source is None and entry.object in targets:
            content = decode(entry.body).content
            assert isinstance(content, Track)
            found[targets[entry.object]] = content
    return found


def own_claims(node: Node, *, locked_too: bool = False) -> dict[str, str]:
    """Give our tracks by the designator that we claim for them; not those that were derived again for partners."""
    again = node.store.rederived_names()
    claims: dict[str, str] = {}
    for entry in node.store.claims(locked_too=locked_too):
        claim = decode(entry.body).content if entry.source is None else None
        if isinstance(claim, IdentityClaim) and claim.track_id not in again:
            claims.setdefault(claim.designator, claim.track_id)
    return claims


def _next_track_id(node: Node) -> str:
    return f"{node.id}-T-{node.store.count_own_tracks() + 1:06d}"


def known_sensors(node: Node) -> dict[str, Record]:
    """Every sensor whose place we know, by its id: our own, and those that partners told us of.

    Of two members that use one id, we come first, then who told us itself: nobody moves another's sensor.
    """
    known: dict[str, Record] = {}
    for entry in sorted(node.store.sensors(), key=lambda e: (e.source is not None, e.source != e.originator)):
        record = decode(entry.body)
        known.setdefault(_sensor(record).id, record)
    return known


def _settings(observations: Sequence[Observation], wanted: Estimation) -> FitSettings:
    """What the configuration wants of this object; where it wants nothing, drag as soon as it shows."""
    epochs = [one.epoch_tai_s for one in observations]
    estimate, prior_sigmas = wanted.estimate, wanted.prior_sigmas
    if not estimate and max(epochs) - min(epochs) >= DRAG_FROM_SPAN_S:
        estimate, prior_sigmas = frozenset({Estimated.DRAG}), {Estimated.DRAG: DRAG_PRIOR_M2_KG}
    return FitSettings(
        estimate=estimate,
        prior_sigmas=prior_sigmas,
        force_model=replace(
            default_force_model(),
            drag_cd_area_over_mass=wanted.drag_cd_area_over_mass,
            radiation_cr_area_over_mass=wanted.radiation_cr_area_over_mass,
        ),
        scale_covariance=True,
    )


def _initial(node: Node, target: str, known: Track | None) -> InitialState | ElementSet | None:
    """Start from our last estimate, else from an element set that carries the designator, else from nothing."""
    if known is not None:
        return InitialState(known.epoch_tai_s, state_of(known))
    for entry in node.store.element_sets(target):
        content = decode(entry.body).content
        if isinstance(content, ElementSet):
            return content
    return None
