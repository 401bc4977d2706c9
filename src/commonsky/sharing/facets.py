"""What agreements can speak about, read off a record: computed when asked for, then compared clause by clause."""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from commonsky.astro import frames, general_perturbations
from commonsky.astro.orbit import apsides_m, keplerian, semi_major_axis_m
from commonsky.domain import (
    ConjunctionWarning,
    ElementSet,
    IdentityClaim,
    Observation,
    Record,
    Regime,
    Sensor,
    Track,
)

LEO_CEILING_M = 2_000_000.0
GEO_ALTITUDE_M = 35_786_000.0
GEO_HALF_WIDTH_M = 500_000.0


class Facets:
    """The sides of a record that a clause can restrict. ``None`` says that the record does not tell.

    ``designators`` are names that the giver or the originator claims for the record's object beside its own,
    ``alleged`` names that others do: they may withhold a record and never release it, or a partner could name the
    object that it wants. ``sensors`` are the sensors behind a derived record, from its lineage; none is not known.
    ``shares`` is how much of its information (0 to 1) each originator gave.
    """

    def __init__(
        self,
        record: Record,
        *,
        designators: Iterable[str] = (),
        alleged: Iterable[str] = (),
        sensors: Iterable[str] = (),
        shares: Mapping[str, float] | None = None,
    ) -> None:
        self.record = record
        self.kind = record.kind
        self.classification = record.label.classification
        self.originators = frozenset(record.label.components) | {record.originator}
        self.objects = _objects_of(record) | frozenset(designators)
        self.alleged_objects = self.objects | frozenset(alleged)
        self.shares = shares
        self._lineage_sensors = frozenset(sensors) or None

    @property
    def sensors(self) -> frozenset[str] | None:
        """Ids of the sensors behind the record."""
        content = self.record.content
        if isinstance(content, Observation):
            return frozenset({content.sensor})
        if isinstance(content, Sensor):
            return frozenset({content.id})
        return self._lineage_sensors

    @property
    def epoch_tai_s(self) -> float | None:
        """The time that the record tells about; of a track its newest observation's, of a warning when it was made."""
        content = self.record.content
        if isinstance(content, Observation | ElementSet):
            return content.epoch_tai_s
        if isinstance(content, Track):
            return max(content.epoch_tai_s, content.data_epoch_tai_s)
        if isinstance(content, ConjunctionWarning):
            return content.made_tai_s
        return None

    @property
    def position_sigma_m(self) -> float | None:
        """How precisely the record tells a position."""
        content = self.record.content
        if isinstance(content, Track | ConjunctionWarning):
            return content.position_sigma_m
        if isinstance(content, IdentityClaim):
            return math.inf
        return None

    @cached_property
    def regime(self) -> Regime | None:
        """Orbit regime, for records that tell an orbit."""
        content = self.record.content
        if isinstance(content, ElementSet):
            shape = semi_major_axis_m(content.mean_motion_rev_day), content.eccentricity
        elif isinstance(content, Track):
            shape = keplerian(content.position_m, content.velocity_m_s)[:2]
        else:
            return None
        return regime_of(*shape) if all(map(math.isfinite, shape)) else None

    @cached_property
    def subpoint_deg(self) -> tuple[float, float] | None:
        """Geodetic latitude and longitude below the object at the record's epoch, or of a sensor's site."""
        content = self.record.content
        if isinstance(content, Sensor):
            return content.site.latitude_deg, content.site.longitude_deg
        if isinstance(content, Track):
            state = np.array([content.position_m]), np.array([content.velocity_m_s])
            position_m, _ = frames.gcrf_to_itrf(*state, content.epoch_tai_s)
        elif isinstance(content, ElementSet):
            satellites = general_perturbations.satellites([content])
            teme_m, teme_m_s, _ = general_perturbations.positions_teme(satellites, content.epoch_tai_s)
            position_m, _ = frames.teme_to_itrf(teme_m, teme_m_s, content.epoch_tai_s)
        else:
            return None
        if not np.isfinite(position_m).all():
            return None  # the conversion would put it over the pole
        latitude_deg, longitude_deg, _ = frames.geodetic_from_itrf(position_m)
        return float(latitude_deg[0]), float(longitude_deg[0])


def regime_of(semi_major_axis_m: float, eccentricity: float) -> Regime:
    """Name the regime of an orbit; the bounds are in `commonsky.domain.Regime`."""
    perigee_m, apogee_m = apsides_m(semi_major_axis_m, eccentricity)
    if 0.0 <= eccentricity < 1.0 and apogee_m < LEO_CEILING_M:
        return Regime.LEO
    if max(abs(perigee_m - GEO_ALTITUDE_M), abs(apogee_m - GEO_ALTITUDE_M)) < GEO_HALF_WIDTH_M:
        return Regime.GEO
    if perigee_m >= LEO_CEILING_M and apogee_m < GEO_ALTITUDE_M - GEO_HALF_WIDTH_M:
        return Regime.MEO
    return Regime.HEO


def _objects_of(record: Record) -> frozenset[str]:
    content = record.content
    match content:
        case Observation(target=str(target)):
            names: frozenset[str] | set[str] = {target}
        case ElementSet(norad_cat_id=number, object_id=designator):
            names = {str(number), designator}
        case Track(track_id=track_id):
            names = {track_id}
        case IdentityClaim(track_id=track_id, designator=designator):
            names = {track_id, designator}
        case ConjunctionWarning(object_1=first, object_2=second):
            names = first.names | second.names
        case _:
            names = set()
    return frozenset(name for name in names if name)
