"""Which objects of a catalogue were seen: ranked candidates for each tracklet, with how sure that is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.astro.measurement import Atmosphere
from commonsky.astro.time import SECONDS_PER_DAY
from commonsky.domain import ElementSet, Observation, Sensor
from commonsky.tracking.errors import OutsideModelsError, UnknownSensorError
from commonsky.tracking.identify.evidence import Evidence, evidence
from commonsky.tracking.identify.gate import candidates
from commonsky.tracking.identify.known_orbits import Index, KnownOrbits
from commonsky.tracking.looks import Looks, looks
from commonsky.tracking.tracklets import Tracklet, tracklets

_SURE = 0.95
_FARTHEST = 25.0
_MIXED_SCALE = 3.0
_FINALISTS = 12
_LOOKS_AT_FIRST = 9


class Verdict(StrEnum):
    """What can be said of a tracklet."""

    IDENTIFIED = "identified"
    """One object with at least 95 %, within 25 sigmas."""
    AMBIGUOUS = "ambiguous"
    """One of several, or perhaps none."""
    NONE = "none of them"
    """More likely than not it is no object of the catalogue."""


@dataclass(frozen=True)
class Settings:
    """How to identify.

    Attributes
    ----------
    unknown_share
        How many in a hundred tracklets, divided by a hundred, are of objects in no catalogue before one looks.
    most_ranked
        How many candidates are kept for each tracklet.
    one_by_one
        Take each observation for itself (and a range with the angles of the same instant).

    """

    atmosphere: Atmosphere = field(default_factory=Atmosphere)
    unknown_share: float = 0.05
    most_ranked: int = 5
    one_by_one: bool = False


@dataclass(frozen=True)
class Candidate:
    """One object that a tracklet may be of.

    ``residuals`` are observed less predicted by the element set as it is, for each observation of the tracklet,
    SI units and radians; the other figures are those of `Evidence`.
    """

    element_set: ElementSet
    age_days: float
    probability: float
    distance: float
    dimensions: int
    late_s: float
    along_m: float
    radial_m: float
    cross_m: float
    rms: float
    residuals: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Identification:
    """What was found for one tracklet: candidates by probability, the likeliest first."""

    tracklet: Tracklet
    candidates: tuple[Candidate, ...]
    none_probability: float
    noise_scale: float

    @property
    def verdict(self) -> Verdict:
        """What can be said."""
        if self.none_probability >= 0.5 or not self.candidates:
            return Verdict.NONE
        best = self.candidates[0]
        if best.probability >= _SURE and best.distance <= _FARTHEST:
            return Verdict.IDENTIFIED
        return Verdict.AMBIGUOUS


@dataclass(frozen=True)
class _Search:
    """What every step of a search is about."""

    known: KnownOrbits
    observations: Sequence[Observation]
    sensors: Mapping[str, Sensor]
    settings: Settings

    def near(self, parts: Sequence[Tracklet]) -> Iterator[tuple[Tracklet, Index]]:
        """Tracklets with the rows of the element sets that pass the gate."""
        atmosphere = self.settings.atmosphere
        rows = candidates(self.known, self.observations, parts, self.sensors, atmosphere=atmosphere)
        return zip(parts, rows, strict=True)


def identify(
    known: KnownOrbits,
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    *,
    settings: Settings | None = None,
) -> list[Identification]:
    """Say for each tracklet of the observations which objects of the catalogue it may be of, by time.

    Observations without a claimed target that fit no single object are tried by the instant and divided by the
    objects that they are of. Raises TrackingError: UnknownSensorError, OutsideModelsError for epochs that the
    table of Earth orientation does not hold.
    """
    if missing := sorted({one.sensor for one in observations} - set(sensors)):
        raise UnknownSensorError(f"no place is known for the sensors {', '.join(missing)}")
    chosen = settings or Settings()
    parts = tracklets(observations, pause_s=0.0) if chosen.one_by_one else tracklets(observations)
    search = _Search(known, observations, sensors, chosen)
    try:
        return sorted(
            _identified(search, parts), key=lambda one: observations[one.tracklet.members[0]].epoch_tai_s
        )
    except OutsideEarthOrientationError as error:
        raise OutsideModelsError(str(error)) from error


def _identified(search: _Search, parts: Sequence[Tracklet]) -> Iterator[Identification]:
    for part, rows in search.near(parts):
        found = _ranked(search, part, rows)
        if found.noise_scale > _MIXED_SCALE or not rows.size:
            divided = _divided(search, part)
            if len(divided) > 1:
                yield from (_ranked(search, one, near) for one, near in search.near(divided))
                continue
        yield found


def _divided(search: _Search, part: Tracklet) -> list[Tracklet]:
    """Divide a tracklet of no claimed target by the objects that its instants are of, each taken for itself."""
    if part.target is not None or len(part.members) < 2:
        return [part]
    subset = [search.observations[place] for place in part.members]
    alone = replace(search, observations=subset, settings=replace(search.settings, most_ranked=1))
    by_object: dict[int | None, list[int]] = {}
    for instant, rows in alone.near(tracklets(subset, pause_s=0.0)):
        one = _ranked(alone, instant, rows)
        name = one.candidates[0].element_set.norad_cat_id if one.verdict is not Verdict.NONE else None
        by_object.setdefault(name, []).extend(part.members[i] for i in instant.members)
    return [
        Tracklet(
            part.sensor, None, tuple(sorted(places, key=lambda place: search.observations[place].epoch_tai_s))
        )
        for places in by_object.values()
    ]


def _ranked(search: _Search, part: Tracklet, rows: Index) -> Identification:
    if not rows.size:
        return Identification(part, (), 1.0, 1.0)
    known, settings = search.known, search.settings
    members = [search.observations[place] for place in part.members]
    if rows.size > _FINALISTS and len(members) > _LOOKS_AT_FIRST:
        some = np.linspace(0, len(members) - 1, _LOOKS_AT_FIRST).astype(int)
        glanced = looks([members[i] for i in some.tolist()], search.sensors, atmosphere=settings.atmosphere)
        first = evidence(known, rows, glanced)
        rows = rows[np.lexsort((first.distance, -first.log_likelihood))[:_FINALISTS]]
    seen = looks(members, search.sensors, atmosphere=settings.atmosphere)
    judged = evidence(known, rows, seen)
    weights = np.append(
        judged.log_likelihood + np.log((1.0 - settings.unknown_share) / known.object_count),
        judged.log_likelihood_unknown + np.log(settings.unknown_share),
    )
    probabilities = np.exp(weights - np.logaddexp.reduce(weights))
    if not np.isfinite(probabilities).all():
        return Identification(part, (), 1.0, 1.0)
    order = np.lexsort((judged.distance, -probabilities[:-1]))[: settings.most_ranked]
    middle = members[len(members) // 2].epoch_tai_s
    ranked = tuple(
        _candidate(known.element_sets[rows[i]], float(probabilities[i]), judged, (int(i), middle, seen))
        for i in order
        if np.isfinite(judged.distance[i])
    )
    return Identification(part, ranked, float(probabilities[-1]), judged.noise_scale)


def _candidate(
    element_set: ElementSet, probability: float, judged: Evidence, at: tuple[int, float, Looks]
) -> Candidate:
    place, middle_tai_s, seen = at
    along_m, radial_m, cross_m = judged.corrections_m[place].tolist()
    return Candidate(
        element_set=element_set,
        age_days=(middle_tai_s - element_set.epoch_tai_s) / SECONDS_PER_DAY,
        probability=probability,
        distance=float(judged.distance[place]),
        dimensions=judged.dimensions,
        late_s=float(judged.late_s[place]),
        along_m=along_m,
        radial_m=radial_m,
        cross_m=cross_m,
        rms=float(judged.rms[place]),
        residuals=tuple(seen.by_observation(judged.residuals[place])),
    )
