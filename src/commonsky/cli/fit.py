"""``commonsky fit``: an orbit from a tracking data message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.measurement import VACUUM, Atmosphere, LaserAir
from commonsky.astro.numerical import default_force_model
from commonsky.astro.time import tai_s_from_utc
from commonsky.cli.fit_output import FitOutput, write_output
from commonsky.cli.fit_reading import read_observations
from commonsky.cli.fit_report import fit_report
from commonsky.cli.render import CommandError, Exit, show
from commonsky.domain import ElementSet, ForceModel, Observation, Sensor
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.sites import SiteFile, read_sites
from commonsky.formats.tdm import RangeBasis
from commonsky.tracking import Estimated, Fit, FitSettings, TrackingError, fit_realistically
from commonsky.tracking import fit as estimate_orbit

_ALL_EMPIRICAL = frozenset({Estimated.EMPIRICAL, Estimated.EMPIRICAL_RATE})


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How to fit.

    Attributes
    ----------
    estimate
        What to estimate beside the state, with commas: range-bias, azimuth-bias, elevation-bias, range-rate-bias,
        drag, empirical, empirical-rate.
    empirical
        Estimate an empirical acceleration with its rate: for a satellite that leaks or thrusts.
    epoch
        Epoch of the orbit, UTC; the last observation when not given.
    target
        Fit the observations of this object only.
    start
        A catalogue with an element set to start from; without it a first orbit is found from ranges and angles.
    object_number
        Which object of the catalogue.
    degree
        Degree of the gravity field, up to 70; chosen by the height of the orbit when not given.
    plain
        Use the forces as stated and let the covariance hold the noise of the observations alone; else drag and
        radiation pressure are estimated too, and the covariance holds what the force model leaves uncertain.
    cd_area_over_mass
        Drag coefficient times area over mass, m2/kg.
    cr_area_over_mass
        Radiation pressure coefficient times area over mass, m2/kg.
    no_tides
        Leave out the tides of the solid Earth.
    no_relativity
        Leave out relativity.
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
    scale_covariance
        Let residuals that are larger than their sigmas enlarge the covariance.

    """

    estimate: str = ""
    empirical: Annotated[bool, Parameter(negative="")] = False
    epoch: str | None = None
    target: str | None = None
    start: Annotated[Path | None, Parameter(name="--from")] = None
    object_number: Annotated[int | None, Parameter(name="--object")] = None
    degree: int | None = None
    plain: Annotated[bool, Parameter(negative="")] = False
    cd_area_over_mass: float = 0.0
    cr_area_over_mass: float = 0.0
    no_tides: Annotated[bool, Parameter(negative="")] = False
    no_relativity: Annotated[bool, Parameter(negative="")] = False
    corrected: Annotated[bool, Parameter(negative="")] = False
    range_basis: RangeBasis | None = None
    range_sigma_m: float = 50.0
    range_rate_sigma_m_s: float = 0.5
    angle_sigma_deg: float = 0.02
    scale_covariance: Annotated[bool, Parameter(negative="")] = False


_DEFAULTS = FitOptions()
_NO_OUTPUT = FitOutput()


def fit(
    observations: Path,
    /,
    *,
    sites: Path | None = None,
    options: FitOptions = _DEFAULTS,
    output: FitOutput = _NO_OUTPUT,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> Exit:
    """Fit an orbit to the observations of one object and report it with covariance, biases and residuals.

    Exit code 0: an orbit; 3: an orbit, but some lines or sites could not be used, or it fits badly; 1: no orbit,
    with the reason; 2: a file that cannot be read.

    Parameters
    ----------
    observations
        A CCSDS tracking data message, KVN or XML; reports in the formats IOD, UK or RDE of observers of satellites;
        laser ranges in CRD. What it is shows in the file.
    sites
        Places and noise of the sensors: TOML with [[sensor]] tables, a RESONAATE network or GeoJSON.
    options
        How to fit.
    output
        What to write beside the report.
    as_json
        Print one JSON document, SI units and radians.

    """
    places = _places(sites)
    sensors = {name: _with_noise(sensor, options) for name, sensor in places.sensors.items()}
    message, lasers = read_observations(
        _bytes(observations), source=str(observations), sensors=sensors, range_basis=options.range_basis
    )
    chosen = _of_one_target(message.observations, options.target)
    _require_places(observations, chosen, sensors, sites)
    span_s = output.span_s()
    try:
        found = _fitted(chosen, sensors, options, lasers)
    except TrackingError as error:
        unread = f" ({len(message.rejected)} lines could not be read)" if message.rejected else ""
        raise CommandError(f"{observations}: no orbit: {error}{unread}") from error
    report = fit_report(observations, found, message, places)
    report = write_output(report, found, output, span_s, chosen[0].target)
    return show(report, as_json=as_json)


def _fitted(
    chosen: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    options: FitOptions,
    lasers: Mapping[str, LaserAir],
) -> Fit:
    settings = _settings(options)
    settings = replace(settings, atmosphere=replace(settings.atmosphere, lasers=lasers))
    start = None if options.start is None else _element_set(options.start, options.object_number)
    if options.plain:
        return estimate_orbit(chosen, sensors, settings=settings, initial=start)
    return fit_realistically(chosen, sensors, settings=settings, initial=start, degree=options.degree)


def _places(sites: Path | None) -> SiteFile:
    return SiteFile({}, [], []) if sites is None else read_sites(_bytes(sites), source=str(sites))


def _require_places(
    source: Path, chosen: Sequence[Observation], sensors: Mapping[str, Sensor], sites: Path | None
) -> None:
    missing = sorted({one.sensor for one in chosen} - set(sensors))
    if not missing:
        return
    names = ", ".join(missing)
    if sites is None:
        reason = (
            f"{source}: says nothing of where {names} stand: give --sites FILE, for example TOML with\n"
            f'[[sensor]]\nid = "{missing[0]}"\nlatitude_deg = ...\nlongitude_deg = ...\nheight_m = ...'
        )
    else:
        known = ", ".join(sorted(sensors))
        raise CommandError(f"{sites}: no place is known for the sensors {names}; it has {known}")
    raise CommandError(reason, Exit.UNUSABLE)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error


def _with_noise(sensor: Sensor, options: FitOptions) -> Sensor:
    """Leave a sensor that states any noise alone; one that states none gets that of the options."""
    if any((sensor.range_sigma_m, sensor.range_rate_sigma_m_s, sensor.angle_sigma_deg)):
        return sensor
    return msgspec.structs.replace(
        sensor,
        range_sigma_m=options.range_sigma_m,
        range_rate_sigma_m_s=options.range_rate_sigma_m_s,
        angle_sigma_deg=options.angle_sigma_deg,
    )


def _of_one_target(observations: Sequence[Observation], target: str | None) -> list[Observation]:
    targets = sorted({one.target or "(none)" for one in observations})
    if target is not None:
        chosen = [one for one in observations if one.target == target]
        if not chosen:
            raise CommandError(
                f"no observation is of {target}; there are {', '.join(targets)}", Exit.UNUSABLE
            )
        return chosen
    if len(targets) > 1:
        raise CommandError(
            f"the observations are of {len(targets)} objects ({', '.join(targets)}): choose one with --target",
            Exit.UNUSABLE,
        )
    return list(observations)


def _settings(options: FitOptions) -> FitSettings:
    names = [name.strip() for name in options.estimate.split(",") if name.strip()]
    known = {str(one): one for one in Estimated}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"--estimate does not know {', '.join(unknown)}; it knows {', '.join(known)}", Exit.UNUSABLE
        )
    wanted = frozenset(known[name] for name in names)
    try:
        return FitSettings(
            estimate=wanted | _ALL_EMPIRICAL if options.empirical else wanted,
            force_model=_forces(options),
            epoch_tai_s=None if options.epoch is None else tai_s_from_utc(options.epoch),
            atmosphere=VACUUM if options.corrected else Atmosphere(),
            scale_covariance=options.scale_covariance,
        )
    except ValueError as error:
        raise CommandError(str(error), Exit.UNUSABLE) from error


def _forces(options: FitOptions) -> ForceModel:
    if options.degree is not None and not 2 <= options.degree <= 70:
        raise ValueError("--degree must be from 2 to 70")
    usual = default_force_model()
    return msgspec.structs.replace(
        usual,
        gravity_degree=options.degree or usual.gravity_degree,
        solid_tides=not options.no_tides,
        relativity=not options.no_relativity,
        drag_cd_area_over_mass=options.cd_area_over_mass,
        radiation_cr_area_over_mass=options.cr_area_over_mass,
    )


def _element_set(file: Path, number: int | None) -> ElementSet:
    found = read_catalogue(_bytes(file), source=str(file)).element_sets
    matching = [one for one in found if number is None or one.norad_cat_id == number]
    if not matching:
        raise CommandError(f"{file}: holds no element set of object {number}", Exit.UNUSABLE)
    if len({one.norad_cat_id for one in matching}) > 1:
        raise CommandError(f"{file}: holds many objects: choose one with --object", Exit.UNUSABLE)
    return max(matching, key=lambda one: one.epoch_tai_s)
