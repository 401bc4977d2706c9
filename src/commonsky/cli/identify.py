"""``commonsky identify``: which objects of a catalogue were seen."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.measurement import VACUUM, Atmosphere
from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.progress import steps
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain import ElementSet, Observation, Sensor
from commonsky.formats.catalogue import Catalogue, read_catalogue
from commonsky.formats.errors import Rejection
from commonsky.formats.sites import read_sites
from commonsky.formats.tdm import RangeBasis, read_tdm
from commonsky.tracking import TrackingError
from commonsky.tracking.identify import Candidate, Identification, Settings, Verdict, known_orbits
from commonsky.tracking.identify import identify as identify_objects
from commonsky.tracking.parts import PARTS, UNITS

_SHOWN = 20


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class IdentifyOptions:
    """How to identify.

    Attributes
    ----------
    each
        Take each observation for itself, not the tracklets that they make.
    top
        How many candidates to rank for each.
    unknown_share
        The share of tracklets that are of objects in no catalogue, before one looks.
    max_age
        Leave out element sets that are older, or younger, than this at the observations, in days.
    corrected
        The observations are free of the atmosphere already: no tropospheric delay, no refraction.
    range_basis
        Whether two-way ranges are of half of the path or of the round trip.
    range_sigma_m
        Noise of range for sensors of which the sites file states no noise at all.
    range_rate_sigma_m_s
        The same for range rate.
    angle_sigma_deg
        The same for each angle.

    """

    each: Annotated[bool, Parameter(negative="")] = False
    top: int = 5
    unknown_share: float = 0.05
    max_age: float = 60.0
    corrected: Annotated[bool, Parameter(negative="")] = False
    range_basis: RangeBasis | None = None
    range_sigma_m: float = 50.0
    range_rate_sigma_m_s: float = 0.5
    angle_sigma_deg: float = 0.02


_DEFAULTS = IdentifyOptions()


@dataclass(frozen=True)
class _Read:
    """What the files gave."""

    observations: list[Observation]
    sensors: Mapping[str, Sensor]
    catalogue: Catalogue
    rejected: list[tuple[str, Rejection]]


def identify(
    observations: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    catalogue: Path,
    sites: Path,
    options: IdentifyOptions = _DEFAULTS,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> Exit:
    """Say which objects of a catalogue were seen: for each tracklet the objects that it may be of, ranked.

    Exit code 0: done; 3: done, but some lines could not be used; 1: nothing can be said, with the reason; 2: a file
    that cannot be read.

    Parameters
    ----------
    observations
        CCSDS tracking data messages, KVN or XML.
    catalogue
        Element sets: TLE or OMM in any form, plain or in gzip.
    sites
        Places and noise of the sensors: TOML with [[sensor]] tables, a RESONAATE network or GeoJSON.
    options
        How to identify.
    as_json
        Print one JSON document, SI units and radians.

    """
    _check_numbers(options)
    with steps() as shown:
        shown.begin("reading")
        given = _read(observations, catalogue, sites, options)
        usable = _of_age(given, options)
        known = known_orbits(usable)
        shown.begin(
            f"looking for {len(given.observations):,} observations among {known.object_count:,} objects"
        )
        settings = Settings(
            atmosphere=VACUUM if options.corrected else Atmosphere(),
            unknown_share=options.unknown_share,
            most_ranked=options.top,
            one_by_one=options.each,
        )
        try:
            found = identify_objects(known, given.observations, given.sensors, settings=settings)
        except TrackingError as error:
            raise CommandError(f"nothing can be said: {error}") from error
    return show(_report(given, found, known.object_count), as_json=as_json)


def _read(files: Sequence[Path], catalogue: Path, sites: Path, options: IdentifyOptions) -> _Read:
    places = read_sites(_bytes(sites), source=str(sites))
    sensors = {name: _with_noise(sensor, options) for name, sensor in places.sensors.items()}
    rejected = [(str(sites), one) for one in places.rejected]
    observations: list[Observation] = []
    for file in files:
        message = read_tdm(_bytes(file), source=str(file), sensors=sensors, range_basis=options.range_basis)
        observations += message.observations
        rejected += [(str(file), one) for one in message.rejected]
    objects = read_catalogue(_bytes(catalogue), source=str(catalogue))
    rejected += [(str(catalogue), one) for one in objects.rejected]
    for name in sorted({one.sensor for one in observations} - set(sensors)):
        reason = f"{sites} holds no place of sensor {name}: its observations are left out"
        rejected.append((str(sites), Rejection(field=name, reason=reason)))
    placed = [one for one in observations if one.sensor in sensors]
    if not placed:
        first = f" (the first of {len(rejected)} faults: {rejected[0][1]})" if rejected else ""
        raise CommandError(f"{files[0]}: holds no observation that can be used{first}", Exit.UNUSABLE)
    return _Read(placed, sensors, objects, rejected)


def _of_age(given: _Read, options: IdentifyOptions) -> list[ElementSet]:
    first = min(one.epoch_tai_s for one in given.observations) - options.max_age * 86400.0
    last = max(one.epoch_tai_s for one in given.observations) + options.max_age * 86400.0
    usable = [one for one in given.catalogue.element_sets if first <= one.epoch_tai_s <= last]
    if not usable:
        raise CommandError(
            f"{given.catalogue.source}: holds no element set within {options.max_age:g} days of the observations",
            Exit.UNUSABLE,
        )
    return usable


def _with_noise(sensor: Sensor, options: IdentifyOptions) -> Sensor:
    """Leave a sensor that states any noise alone; one that states none gets that of the options."""
    if any((sensor.range_sigma_m, sensor.range_rate_sigma_m_s, sensor.angle_sigma_deg)):
        return sensor
    return msgspec.structs.replace(
        sensor,
        range_sigma_m=options.range_sigma_m,
        range_rate_sigma_m_s=options.range_rate_sigma_m_s,
        angle_sigma_deg=options.angle_sigma_deg,
    )


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error


def _check_numbers(options: IdentifyOptions) -> None:
    if not 0.0 < options.unknown_share < 1.0:
        raise CommandError(
            f"--unknown-share: {options.unknown_share:g} is not between 0 and 1", Exit.UNUSABLE
        )
    for name, value in (("--top", options.top), ("--max-age", options.max_age)):
        if not value > 0:
            raise CommandError(f"{name}: {value:g} is not above 0", Exit.UNUSABLE)


def _report(given: _Read, found: Sequence[Identification], objects: int) -> Report:
    verdicts = Counter(one.verdict for one in found)
    facts: dict[str, object] = {
        "observations": len(given.observations),
        "tracklets": len(found),
        **{str(verdict): verdicts[verdict] for verdict in Verdict},
        "objects in the catalogue": objects,
    }
    tables = [_seen_table(given, found), _open_table(given, found)]
    if given.rejected:
        rows = [
            [source, one.line and str(one.line), one.field, one.reason]
            for source, one in given.rejected[:_SHOWN]
        ]
        tables.append(
            Table(f"Not readable ({len(given.rejected):,})", ["file", "line", "field", "reason"], rows)
        )
    return Report(
        title=f"Seen of {given.catalogue.source}",
        facts=facts,
        tables=[table for table in tables if table.rows],
        document=_document(given, found, objects),
        exit_code=Exit.SOME_REJECTED if given.rejected else Exit.OK,
    )


def _seen_table(given: _Read, found: Sequence[Identification]) -> Table:
    """One line for each tracklet: the best that can be said."""
    columns = [
        "epoch",
        "sensor",
        "claimed",
        "obs",
        "verdict",
        "object",
        "name",
        "probability",
        "sigmas",
        "late s",
    ]
    rows = []
    for one in found:
        first = given.observations[one.tracklet.members[0]]
        shown: list[object] = [
            utc_from_tai_s(first.epoch_tai_s)[:19],
            one.tracklet.sensor,
            one.tracklet.target,
            len(one.tracklet.members),
            str(one.verdict),
        ]
        best = one.candidates[0] if one.candidates else None
        if one.verdict is Verdict.NONE or best is None:
            shown += [None, None, f"{one.none_probability:.4f}", None, None]
        else:
            name = best.element_set.object_name
            sigmas, late = f"{best.distance:.1f}", f"{best.late_s:+.2f}"
            shown += [str(best.element_set.norad_cat_id), name, f"{best.probability:.4f}", sigmas, late]
        rows.append(shown)
    return Table("Tracklets", columns, rows)


def _open_table(given: _Read, found: Sequence[Identification]) -> Table:
    """The candidates where more than one is possible."""
    columns = ["epoch", "sensor", "object", "name", "probability", "sigmas", "late s", "cross km", "age d"]
    rows: list[list[object]] = []
    for one in found:
        if one.verdict is not Verdict.AMBIGUOUS:
            continue
        first = given.observations[one.tracklet.members[0]]
        begin = [utc_from_tai_s(first.epoch_tai_s)[:19], one.tracklet.sensor]
        for candidate in one.candidates:
            if candidate.probability < 1e-4:
                break
            each = candidate.element_set
            rows.append(
                [
                    *begin,
                    str(each.norad_cat_id),
                    each.object_name,
                    f"{candidate.probability:.4f}",
                    f"{candidate.distance:.1f}",
                    f"{candidate.late_s:+.2f}",
                    f"{candidate.cross_m / 1e3:+.2f}",
                    f"{candidate.age_days:.1f}",
                ]
            )
        rows.append([*begin, None, "none of them", f"{one.none_probability:.4f}", None, None, None, None])
    return Table("Ambiguous", columns, rows)


def _document(given: _Read, found: Sequence[Identification], objects: int) -> dict[str, object]:
    return {
        "catalogue": given.catalogue.source,
        "objects_in_catalogue": objects,
        "tracklets": [_tracklet_document(given, one) for one in found],
        "unread": [{"file": source, **msgspec.structs.asdict(one)} for source, one in given.rejected],
    }


def _tracklet_document(given: _Read, one: Identification) -> dict[str, object]:
    members = [given.observations[place] for place in one.tracklet.members]
    return {
        "sensor": one.tracklet.sensor,
        "claimed": one.tracklet.target,
        "begin_utc": utc_from_tai_s(members[0].epoch_tai_s, digits=6),
        "end_utc": utc_from_tai_s(members[-1].epoch_tai_s, digits=6),
        "observations": list(one.tracklet.members),
        "verdict": str(one.verdict),
        "none_probability": one.none_probability,
        "noise_scale": one.noise_scale,
        "candidates": [_candidate_document(candidate, members) for candidate in one.candidates],
    }


def _candidate_document(one: Candidate, members: Sequence[Observation]) -> dict[str, object]:
    return {
        "norad_cat_id": one.element_set.norad_cat_id,
        "object_name": one.element_set.object_name,
        "object_id": one.element_set.object_id,
        "element_set_epoch_utc": one.element_set.epoch_utc,
        "age_days": one.age_days,
        "probability": one.probability,
        "normalised_distance": one.distance,
        "dimensions": one.dimensions,
        "late_s": one.late_s,
        "offset_m": {"along": one.along_m, "radial": one.radial_m, "cross": one.cross_m},
        "rms_after_correction": one.rms,
        "residuals": [
            {
                "epoch_utc": utc_from_tai_s(seen.epoch_tai_s, digits=6),
                "kind": str(seen.kind),
                **{
                    f"{part}".replace(" ", "_") + f"_{UNITS[part]}".replace("/", "_"): value
                    for part, value in zip(PARTS[seen.kind], values, strict=True)
                },
                "across_line_of_sight_rad": _across(seen, values),
            }
            for seen, values in zip(members, one.residuals, strict=True)
        ],
    }


def _across(seen: Observation, values: Sequence[float]) -> float | None:
    """The angle on the sky between where the object was seen and where the element set has it."""
    if len(values) != 2:
        return None
    return math.hypot(values[0] * math.cos(seen.values[1]), values[1])
