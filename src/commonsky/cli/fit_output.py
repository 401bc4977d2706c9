"""What ``commonsky fit`` writes beside its report: messages, two-line elements, pictures, a comparison."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from numpy.typing import NDArray

from commonsky.astro.frames import itrf_to_gcrf
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.tabulated import OutsideTableError, interpolate
from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.render import CommandError, Exit, Report, Table
from commonsky.cli.written import written
from commonsky.formats.ccsds import read_document, write_xml
from commonsky.formats.errors import FormatError
from commonsky.formats.orbit_writer import Heading, write_oem, write_omm, write_opm, write_tle
from commonsky.formats.sp3 import PreciseOrbit, read_sp3
from commonsky.tracking import Fit, TrackingError, predict_fit
from commonsky.tracking.mean_fit import MeanFit, fit_mean_elements

Array = NDArray[np.float64]
_Predicted = tuple[Array, Array, Array]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_LONGEST_S = 30 * 86400.0
_MOST_STATES = 200_000
_MEAN_POINTS = 400
_LEAST_MEAN_SPAN_S = 86400.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FitOutput:
    """What to write beside the report.

    Attributes
    ----------
    oem
        An ephemeris with covariance from the first observation to the end of the prediction (.xml for XML).
    opm
        The state with its covariance.
    omm
        Mean elements of SGP4, fitted to the orbit over the observations and the prediction.
    tle
        The same as two lines.
    plot
        Residuals and predicted sigmas, as .png or .svg.
    compare
        An SP3 file to compare the orbit with: differences along the orbit's axes.
    satellite
        Which satellite of the SP3 file, as it names it.
    predict
        How far beyond the last observation to go, as 48h, 3d or 90min.
    step
        Step of the ephemeris.
    object_name
        Name of the object in what is written; the target of the observations when not given.
    object_id
        International designator of the object in what is written.
    norad
        Catalogue number of the object in what is written.
    originator
        Who says so, in what is written.

    """

    oem: Path | None = None
    opm: Path | None = None
    omm: Path | None = None
    tle: Path | None = None
    plot: Path | None = None
    compare: Path | None = None
    satellite: str | None = None
    predict: str = "0h"
    step: str = "60s"
    object_name: str | None = None
    object_id: str = "UNKNOWN"
    norad: Annotated[int, Parameter(name="--norad")] = 99999
    originator: str = "COMMONSKY"

    def span_s(self) -> tuple[float, float]:
        """Seconds to predict, and the step, checked."""
        ahead, step = _seconds(self.predict, "--predict"), _seconds(self.step, "--step")
        if ahead > _LONGEST_S:
            raise CommandError("--predict is more than 30 days", Exit.UNUSABLE)
        if step < 1.0:
            raise CommandError("--step is less than a second", Exit.UNUSABLE)
        return ahead, step


def write_output(
    report: Report, found: Fit, output: FitOutput, span_s: tuple[float, float], target: str | None
) -> Report:
    """Write what is asked for, and add to the report what was learnt by it."""
    name = output.object_name or target or "UNKNOWN"
    facts, tables = dict(report.facts), list(report.tables)
    more: dict[str, object] = {}
    predicted = _predicted(found, *span_s) if output.oem or output.plot or span_s[0] else None
    if predicted is not None and span_s[0]:
        table = _sigma_table(found, predicted)
        tables.append(table)
        more["prediction"] = [dict(zip(_SIGMA_KEYS, row, strict=True)) for row in table.rows]
    if output.oem and predicted is not None:
        _write_message(output.oem, write_oem(_heading(output, name, found), *predicted))
    if output.opm:
        text = write_opm(_heading(output, name, found), found.epoch_tai_s, found.state_gcrf, found.covariance)
        _write_message(output.opm, text)
    if output.omm or output.tle:
        mean = _mean(found, output, span_s[0], name)
        radial, along, across = mean.rms_rtn_m
        facts["mean elements"] = (
            f"SGP4 is {radial:,.0f} m radial, {along:,.0f} m in-track, {across:,.0f} m cross-track from the orbit "
            f"(rms), {mean.worst_m:,.0f} m at most"
        )
        more["mean_elements"] = {
            "element_set": mean.element_set, "rms_rtn_m": mean.rms_rtn_m, "worst_m": mean.worst_m
        }  # fmt: skip
        if output.omm:
            said = (f"SGP4 fitted to an orbit: rms {radial:.0f} {along:.0f} {across:.0f} m in RTN",)
            heading = replace(_heading(output, name, found), comments=said)
            _write_message(output.omm, write_omm(heading, mean.element_set))
        if output.tle:
            _write_text(output.tle, write_tle(mean.element_set))
    if output.compare:
        table = _comparison(found, output.compare, output.satellite, span_s[0])
        tables.append(table)
        more["comparison"] = [dict(zip(_COMPARED_KEYS, row, strict=True)) for row in table.rows]
    if output.plot:
        _plot(found, f"Orbit of {name}", output.plot, predicted)
    document = {**report.document, **more} if isinstance(report.document, dict) else report.document
    return replace(report, facts=facts, tables=tables, document=document)


def _seconds(text: str, option: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"{option} {text!r} is no time: write 48h, 3d, 90min or 60s", Exit.UNUSABLE)
    return float(match[1]) * _SECONDS[match[2]]


def _predicted(found: Fit, ahead_s: float, step_s: float) -> _Predicted:
    epochs = [one.epoch_tai_s for one in found.residuals]
    count = int((max(epochs) + ahead_s - min(epochs)) // step_s) + 1
    if count > _MOST_STATES:
        raise CommandError(f"{count:,} states are too many: take a longer --step", Exit.UNUSABLE)
    end = max(epochs) + ahead_s
    times = np.append(np.round(min(epochs), 3) + step_s * np.arange(count), end)
    times = times[: count + (end - times[-2] > 1e-3)]
    return times, *predict_fit(found, times)


_SIGMA_KEYS = ("hours", "epoch_utc", "radial_m", "in_track_m", "cross_track_m")


def _sigma_table(found: Fit, predicted: _Predicted) -> Table:
    times, states, covariances = predicted
    last = max(one.epoch_tai_s for one in found.residuals)
    rows = []
    for hours in (0.0, 6.0, 12.0, 24.0, 48.0, 72.0, 168.0):
        if last + hours * 3600.0 > times[-1] + 1.0:
            break
        i = int(np.argmin(np.abs(times - last - hours * 3600.0)))
        along = rtn_axes(states[i])
        sigmas = np.sqrt(np.diag(along @ covariances[i, :3, :3] @ along.T)).tolist()
        rows.append([hours, utc_from_tai_s(float(times[i])), *sigmas])
    columns = ["hours after the last observation", "epoch", "radial m", "in-track m", "cross-track m"]
    return Table("Predicted sigmas", columns, rows)


def _heading(output: FitOutput, name: str, found: Fit) -> Heading:
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")  # noqa: TID251  # a message says when it was made
    return Heading(
        originator=output.originator,
        creation_utc=created.removesuffix("+00:00"),
        object_name=name,
        object_id=output.object_id,
        comments=_comments(found),
    )


def _comments(found: Fit) -> tuple[str, str]:
    used, model = sum(one.used for one in found.residuals), found.force_model
    drag, radiation = model.drag_cd_area_over_mass, model.radiation_cr_area_over_mass
    return (
        f"Batch least squares, {used} observations, weighted rms {found.weighted_rms:.3f}",
        f"Gravity to degree {model.gravity_degree}, cd*A/m {drag:.4g}, cr*A/m {radiation:.4g} m2/kg ({model.engine})",
    )


def _write_message(file: Path, text: str) -> None:
    if file.suffix.lower() == ".xml":
        text = write_xml(read_document(text.encode(), source=str(file)).messages[0])
    _write_text(file, text)


def _write_text(file: Path, text: str) -> None:
    with written(file) as place:
        place.write_text(text, encoding="utf-8")


def _mean(found: Fit, output: FitOutput, ahead_s: float, name: str) -> MeanFit:
    epochs = [one.epoch_tai_s for one in found.residuals]
    last = max(epochs) + ahead_s
    first = min(*epochs, last - _LEAST_MEAN_SPAN_S)
    times = np.linspace(first, last, _MEAN_POINTS)
    states, _ = predict_fit(replace(found, forces=None), times)
    names = (name, output.object_id, output.norad)
    try:
        return fit_mean_elements(times, states, max(epochs), names=names)
    except TrackingError as error:
        raise CommandError(str(error)) from error


def _plot(found: Fit, title: str, file: Path, predicted: _Predicted | None) -> None:
    from commonsky.tracking.plots import plot_fit  # noqa: PLC0415  # matplotlib is slow to import

    if file.suffix.lower() not in {".png", ".svg"}:
        raise CommandError(f"{file}: a plot is .png or .svg", Exit.UNUSABLE)
    with written(file) as place:
        drawn = place.with_suffix(file.suffix)
        plot_fit(found, title, drawn, predicted)
        drawn.replace(place)


_COMPARED_KEYS = (
    "span",
    "epochs",
    "radial_rms_m",
    "in_track_rms_m",
    "cross_track_rms_m",
    "worst_m",
    "within_3_sigma",
)


def _comparison(found: Fit, file: Path, satellite: str | None, ahead_s: float) -> Table:
    orbit = _precise(file, satellite)
    epochs = [one.epoch_tai_s for one in found.residuals]
    last = max(epochs)
    rows = []
    spans = [("the observations", min(epochs), last)]
    spans += [
        (f"{begin:g} to {end:g} h after", last + begin * 3600.0, last + end * 3600.0)
        for begin, end in ((0, 6), (6, 12), (12, 24), (24, 48), (48, 72))
        if begin * 3600.0 < ahead_s
    ]
    for name, begin, end in spans:
        times = orbit.epochs_tai_s[
            (orbit.epochs_tai_s >= begin) & (orbit.epochs_tai_s <= min(end, last + ahead_s))
        ]
        times = times[:: max(1, times.size // _MEAN_POINTS)]
        if times.size:
            rows.append([name, int(times.size), *_differences(found, orbit, times)])
    if not rows:
        raise CommandError(
            f"{file}: has no epoch in common with the orbit ({orbit.time_scale} time)", Exit.UNUSABLE
        )
    columns = ["over", "epochs", "radial m", "in-track m", "cross-track m", "worst m", "within 3 sigma"]
    return Table(f"Against {orbit.satellite} of {file.name} (rms)", columns, rows)


def _differences(found: Fit, orbit: PreciseOrbit, times: Array) -> list[float]:
    try:
        position, velocity = interpolate(orbit.epochs_tai_s, orbit.positions_itrf_m, times)
    except (OutsideTableError, ValueError) as error:
        raise CommandError(str(error), Exit.UNUSABLE) from error
    there = np.hstack(itrf_to_gcrf(position, velocity, times))
    states, covariances = predict_fit(found, times)
    along = rtn_axes(there)
    off = np.einsum("nij,nj->ni", along, (states - there)[:, :3])
    sigmas = np.sqrt(np.einsum("nij,njk,nik->ni", along, covariances[:, :3, :3], along))
    inside = float(np.mean(np.all(np.abs(off) <= 3.0 * sigmas, axis=1)))
    return [*np.sqrt(np.mean(off**2, axis=0)).tolist(), float(np.linalg.norm(off, axis=1).max()), inside]


def _precise(file: Path, satellite: str | None) -> PreciseOrbit:
    try:
        orbits = read_sp3(file.read_bytes(), source=str(file)).orbits
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error
    except FormatError as error:
        raise CommandError(str(error), Exit.UNUSABLE) from error
    if satellite is None and len(orbits) > 1:
        raise CommandError(f"{file}: holds {', '.join(orbits)}: choose one with --satellite", Exit.UNUSABLE)
    name = satellite or next(iter(orbits))
    if name not in orbits:
        raise CommandError(f"{file}: holds no {name}; it holds {', '.join(orbits)}", Exit.UNUSABLE)
    return orbits[name]
