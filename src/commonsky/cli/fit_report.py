"""What ``commonsky fit`` says: tables for people, one JSON document."""

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from commonsky.astro.orbit import keplerian
from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.render import Exit, Report, Table
from commonsky.domain import ForceModel
from commonsky.formats.sites import SiteFile
from commonsky.formats.tdm import TdmFile
from commonsky.tracking import Fit, Statistics

_SHOWN = 20


def fit_report(source: Path, found: Fit, message: TdmFile, places: SiteFile) -> Report:
    """What the command says of a fit."""
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
