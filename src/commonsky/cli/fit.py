"""``commonsky fit``: an orbit from a tracking data message."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from cyclopts import Parameter

from commonsky.astro.measurement import VACUUM, Atmosphere
from commonsky.astro.numerical import default_force_model
from commonsky.astro.orbit import keplerian
from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.domain import ElementSet, ForceModel, Observation, Sensor
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.sites import SiteFile, read_sites
from commonsky.formats.tdm import RangeBasis, TdmFile, read_tdm
from commonsky.tracking import Estimated, Fit, FitSettings, Statistics, TrackingError
from commonsky.tracking import fit as estimate_orbit

_ALL_EMPIRICAL = frozenset({Estimated.EMPIRICAL, Estimated.EMPIRICAL_RATE})
_MEGA = 1e6
_SHOWN = 20


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
        Degree of the gravity field, up to 70.
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
    degree: int = 20
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


def fit(
    observations: Path,
    /,
    *,
    sites: Path,
    options: FitOptions = _DEFAULTS,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> Exit:
    """Fit an orbit to the observations of one object and report it with covariance, biases and residuals.

    Exit code 0: an orbit; 3: an orbit, but some lines or sites could not be used, or it fits badly; 1: no orbit,
    with the reason; 2: a file that cannot be read.

    Parameters
    ----------
    observations
        A CCSDS tracking data message, KVN or XML.
    sites
        Places and noise of the sensors: TOML with [[sensor]] tables, a RESONAATE network or GeoJSON.
    options
        How to fit.
    as_json
        Print one JSON document, SI units and radians.

    """
    places = read_sites(_bytes(sites), source=str(sites))
    sensors = {name: _with_noise(sensor, options) for name, sensor in places.sensors.items()}
    message = read_tdm(
        _bytes(observations), source=str(observations), sensors=sensors, range_basis=options.range_basis
    )
    chosen = _of_one_target(message.observations, options.target)
    settings = _settings(options)
    start = None if options.start is None else _element_set(options.start, options.object_number)
    try:
        found = estimate_orbit(chosen, sensors, settings=settings, initial=start)
    except TrackingError as error:
        unread = f" ({len(message.rejected)} lines could not be read)" if message.rejected else ""
        raise CommandError(f"{observations}: no orbit: {error}{unread}") from error
    return show(_report(observations, found, message, places), as_json=as_json)


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
    if not 2 <= options.degree <= 70:
        raise ValueError("--degree must be from 2 to 70")
    return msgspec.structs.replace(
        default_force_model(),
        gravity_degree=options.degree,
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


def _report(source: Path, found: Fit, message: TdmFile, places: SiteFile) -> Report:
    rejected = [one for one in found.residuals if not one.used]
    sigma_m = math.sqrt(float(np.trace(found.covariance[:3, :3])))
    noted = {
        one.sensor for one in found.statistics if one.sensor in places.without_height
    }  # a height that is missing matters only where it was used
    facts: dict[str, object] = {
        "epoch": utc_from_tai_s(found.epoch_tai_s),
        "frame": "GCRF",
        "observations used": len(found.residuals) - len(rejected),
        "not used": len(rejected),
        "lines not readable": len(message.rejected),
        "weighted rms": found.weighted_rms,
        "iterations": found.iterations,
        "position sigma": f"{sigma_m:,.3f} m",
        "forces": _forces_text(found.force_model),
    }
    for caution in found.cautions:
        facts[f"caution{' (2)' if 'caution' in facts else ''}"] = caution
    if noted:
        facts["on the ellipsoid for want of a height"] = ", ".join(sorted(noted))
    tables = [_orbit_table(found), _elements_table(found), _parameter_table(found), _statistics_table(found)]
    if rejected:
        tables.append(
            Table(
                f"Observations not used{' (the first of them)' if len(rejected) > _SHOWN else ''}",
                ["epoch", "sensor", "kind", "reason"],
                [
                    [utc_from_tai_s(one.epoch_tai_s), one.sensor, str(one.kind), one.reason]
                    for one in rejected[:_SHOWN]
                ],
            )
        )
    unread = [*message.rejected, *places.rejected]
    if unread:
        rows = [[one.line and str(one.line), one.field, one.reason] for one in unread[:_SHOWN]]
        tables.append(Table("Not readable", ["line", "field", "reason"], rows))
    return Report(
        title=f"Orbit from {source}",
        facts=facts,
        tables=[table for table in tables if table.rows],
        document=_document(source, found, message, places),
        exit_code=Exit.SOME_REJECTED if unread or found.cautions else Exit.OK,
    )


def _forces_text(model: ForceModel) -> str:
    words = [f"{model.gravity_model} to degree {model.gravity_degree}"]
    parts: Mapping[str, object] = {
        "Sun": model.sun,
        "Moon": model.moon,
        "solid tides": model.solid_tides,
        "relativity": model.relativity,
        "drag": model.drag_cd_area_over_mass,
        "radiation": model.radiation_cr_area_over_mass,
        "an empirical acceleration": model.empirical,
    }
    words += [name for name, there in parts.items() if there]
    return f"{', '.join(words)} ({model.engine})"


def _orbit_table(found: Fit) -> Table:
    sigmas = np.sqrt(np.diag(found.covariance))
    names = [f"{kind} {axis}" for kind in ("position", "velocity") for axis in "xyz"]
    units = ["m"] * 3 + ["m/s"] * 3
    rows = [
        [name, f"{value:,.{3 if unit == 'm' else 6}f}", float(sigma), unit]
        for name, value, sigma, unit in zip(names, found.state_gcrf, sigmas, units, strict=True)
    ]
    return Table("State", ["", "value", "sigma", "unit"], rows)


def _elements(found: Fit) -> dict[str, float]:
    axis_m, eccentricity, *angles = keplerian(found.state_gcrf[:3], found.state_gcrf[3:])
    names = ("inclination_deg", "ra_of_asc_node_deg", "arg_of_pericenter_deg", "true_anomaly_deg")
    degrees = [math.degrees(angle) for angle in angles]
    return {"semi_major_axis_m": axis_m, "eccentricity": eccentricity} | dict(
        zip(names, degrees, strict=True)
    )


def _elements_table(found: Fit) -> Table:
    return Table(
        "Osculating elements",
        ["element", "value"],
        [[name, f"{value:,.7f}"] for name, value in _elements(found).items()],
    )


def _parameter_table(found: Fit) -> Table:
    rows = []
    for one in found.parameters:
        scale, unit = (180.0 / math.pi, "deg") if one.unit == "rad" else (1.0, one.unit)
        rows.append([one.name, one.value * scale, one.sigma * scale, unit])
    if (leak := found.force_model.empirical) is not None:
        rows.append(["empirical acceleration, size", float(np.linalg.norm(leak.constant_m_s2)), None, "m/s2"])
        rows.append(
            ["empirical acceleration rate, size", float(np.linalg.norm(leak.rate_m_s3)), None, "m/s3"]
        )
    return Table("Estimated beside the state", ["quantity", "value", "sigma", "unit"], rows)


def _statistics_table(found: Fit) -> Table:
    def row(one: Statistics) -> list[object]:
        angle = str(one.part) not in {"range", "range rate"}
        scale = 180.0 / math.pi if angle else 1.0
        unit = "deg" if angle else "m" if str(one.part) == "range" else "m/s"
        numbers = [float(f"{number * scale:.3g}") for number in (one.mean, one.standard_deviation)]
        rms = float(f"{one.weighted_rms:.3g}")
        return [one.sensor, str(one.part), one.used, one.rejected, *numbers, unit, rms]

    columns = ["sensor", "part", "used", "out", "mean", "std dev", "unit", "rms/sigma"]
    return Table("Residuals by sensor", columns, [row(one) for one in found.statistics])


def _document(source: Path, found: Fit, message: TdmFile, places: SiteFile) -> dict[str, object]:
    return {
        "file": str(source),
        "epoch_utc": utc_from_tai_s(found.epoch_tai_s, digits=6),
        "epoch_tai_s": found.epoch_tai_s,
        "frame": "GCRF",
        "position_m": found.state_gcrf[:3].tolist(),
        "velocity_m_s": found.state_gcrf[3:].tolist(),
        "covariance": found.covariance.tolist(),
        "elements": _elements(found),
        "parameters": [vars(one) for one in found.parameters],
        "statistics": [vars(one) for one in found.statistics],
        "weighted_rms": found.weighted_rms,
        "iterations": found.iterations,
        "converged": found.converged,
        "cautions": found.cautions,
        "force_model": found.force_model,
        "observations": [
            vars(one) | {"epoch_utc": utc_from_tai_s(one.epoch_tai_s, digits=6)} for one in found.residuals
        ],
        "unread": [msgspec.structs.asdict(one) for one in [*message.rejected, *places.rejected]],
        "without_height": places.without_height,
    }
