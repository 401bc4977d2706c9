"""`commonsky pc`: the probability of collision of a conjunction message, and how far to trust it."""

import csv
import gzip
import io
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from numpy.typing import NDArray

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.render import CommandError, Exit, Report, Table, complain, show
from commonsky.cli.written import write_table
from commonsky.formats.ccsds.cdm import Cdm, read_cdm
from commonsky.formats.compressed import unpacked
from commonsky.formats.errors import FormatError
from commonsky.safety.probability import (
    Assessment,
    Estimate,
    UnusableConjunctionError,
    assess,
    conjunction_from_cdm,
)

_STDIN = Path("-")
_LENGTH = re.compile(r"\s*([0-9.eE+-]+)\s*(m|km)?\s*", re.ASCII)
_LONGEST_M = 1e6
_SAMPLES = 200_000
_OTHER = re.compile(rb"CCSDS_(?!CDM)([A-Z]{3})_VERS|<(?:\w+:)?(oem|omm|opm|ocm|tdm|aem|apm|acm)\b")
_START = 4096


@dataclass(frozen=True)
class _Judged:
    source: Path
    cdm: Cdm
    found: Assessment


def pc(  # noqa: PLR0913  # the options of a command
    events: Annotated[
        list[Path],
        Parameter(
            help="Conjunction data messages: KVN, XML, JSON or CSV, also in gzip; - for standard input.",
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *,
    hbr: Annotated[
        str | None, Parameter(help="Combined hard-body radius, as 20m; replaces the message's.")
    ] = None,
    hbr_table: Annotated[
        Path | None,
        Parameter(help="CSV with ObjectID, HBR and HBRSigma in metres, where the message has no radius."),
    ] = None,
    samples: Annotated[int, Parameter(help="Pairs of orbits that Monte Carlo draws.")] = _SAMPLES,
    monte_carlo: Annotated[
        bool, Parameter(negative="--no-monte-carlo", help="Count collisions where no 2D method holds.")
    ] = True,
    plot: Annotated[
        Path | None, Parameter(help="Write the encounter plane and the dilution curve: .png or .svg.")
    ] = None,
    json: Annotated[bool, Parameter(help="One JSON document on stdout.")] = False,
    csv_file: Annotated[Path | None, Parameter(name="--csv", help="Write the first table as CSV.")] = None,
) -> int:
    """Probability of collision by every method, which one to trust here, and why.

    Exit code 3 says that a covariance was repaired or is missing, or that a message could not be judged.
    """
    radius = None if hbr is None else _radius(hbr)
    if samples < 1:
        raise CommandError(f"--samples {samples}: at least one is needed", Exit.UNUSABLE)
    if plot is not None and plot.suffix.lower() not in {".png", ".svg"}:
        raise CommandError(f"{plot}: a plot is a .png or an .svg", Exit.UNUSABLE)
    table = None if hbr_table is None else _table(hbr_table)
    judged, failures, looked_at = [], 0, 0
    for source in events:
        messages, bad = _messages(source)
        failures += bad
        for cdm in messages:
            looked_at += 1
            try:
                conjunction = conjunction_from_cdm(cdm, hbr_m=radius, table=table)
                judged.append(
                    _Judged(source, cdm, assess(conjunction, monte_carlo=monte_carlo, samples=samples))
                )
            except (UnusableConjunctionError, OutsideEarthOrientationError) as error:
                complain(f"{source}: message {cdm.message_id}: {error}")
                failures += 1
    if not judged:
        raise CommandError("no message could be judged", Exit.UNUSABLE)
    if plot is not None:
        _draw(judged, plot)
    report = _one(judged[0], failures) if len(judged) == 1 else _many(judged, failures)
    if csv_file is not None:
        write_table(report.tables[0], csv_file)
    return show(report, as_json=json)


def _radius(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    try:
        value = float(found[1]) * (1000.0 if found[2] == "km" else 1.0) if found else 0.0
    except ValueError:
        value = 0.0
    if not 0.0 < value < _LONGEST_M:
        raise CommandError(f"--hbr {text}: give a length above zero and under 1000 km, as 20m", Exit.UNUSABLE)
    return value


def _messages(source: Path) -> tuple[Sequence[Cdm], int]:
    """Read the messages of a file; complain of those that are left out and count them."""
    try:
        data = sys.stdin.buffer.read() if source == _STDIN else source.read_bytes()
    except OSError as error:
        complain(f"{source}: {(error.strerror or str(error)).lower()}")
        return (), 1
    try:
        content, damage = unpacked(data, source=str(source))
        reading = read_cdm(content, source=str(source))
    except FormatError as error:
        other = _OTHER.search(data[:_START])
        kind = (other[1] or other[2]).decode().upper() if other else ""
        complain(f"{source}: is an {kind}, not a conjunction message (CDM)" if kind else error)
        return (), 1
    for one in reading.rejected:
        complain(f"{source}: line {one.line}: {one.field}: {one.reason}")
    if damage:
        complain(f"{source}: {damage.reason}")
    return reading.messages, len(reading.rejected) + bool(damage)


def _table(file: Path) -> Mapping[str, tuple[float, float]]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, ValueError) as error:
        raise CommandError(f"{file}: not readable as text: {error}", Exit.UNUSABLE) from error
    reader = csv.DictReader(io.StringIO(text))
    if not {"ObjectID", "HBR"} <= set(reader.fieldnames or ()):
        raise CommandError(f"{file}: line 1: the columns ObjectID and HBR are needed", Exit.UNUSABLE)
    found = {}
    for row in reader:
        if not (row["HBR"] or "").strip():
            continue
        try:
            radius, sigma = float(row["HBR"]), float(row.get("HBRSigma") or 0.0)
        except ValueError:
            radius = sigma = math.nan
        if row["ObjectID"] and 0.0 < radius < math.inf and 0.0 <= sigma < math.inf:
            found[row["ObjectID"].strip().lstrip("0")] = radius, sigma
        else:
            complain(
                f"{file}: line {reader.line_num}: no ObjectID, or HBR or HBRSigma is no length: left out"
            )
    return found


def _draw(judged: Sequence[_Judged], file: Path) -> None:
    from commonsky.safety.probability.plots import plot  # noqa: PLC0415  # matplotlib is slow to import

    for number, one in enumerate(judged, start=1):
        target = file if len(judged) == 1 else file.with_stem(f"{file.stem}-{number}")
        plot(one.found, f"{_pair(one.cdm)}, {utc_from_tai_s(one.found.tca_tai_s)}", target)


def _pair(cdm: Cdm) -> str:
    def name(designator: str, given: str) -> str:
        return designator if given in {"UNKNOWN", designator} else f"{given} ({designator})"

    first, second = cdm.object_1, cdm.object_2
    return f"{name(first.designator, first.name)} and {name(second.designator, second.name)}"


def _needs_look(judged: Sequence[_Judged], failures: int) -> Exit:
    odd = failures or any(one.found.repairs or one.found.is_bound for one in judged)
    return Exit.SOME_REJECTED if odd else Exit.OK


def _one(one: _Judged, failures: int) -> Report:
    found = one.found
    best = found.recommended
    facts: dict[str, object] = {
        "trust": f"{best.method}: {_number(best)}" + (" at most" if found.is_bound else ""),
        "why": found.reasons[0],
    }
    facts |= {"" if i == 1 else " " * i: reason for i, reason in enumerate(found.reasons[1:], start=1)}
    facts |= {
        "closest approach": utc_from_tai_s(found.tca_tai_s),
        "miss distance": f"{found.miss_distance_m:,.3f} m",
        "  radial, in-track, cross-track": _vector(found.position_rtn_m, "m"),
        "relative speed": f"{found.relative_speed_m_s:,.6g} m/s",
        "hard-body radius": f"{found.hard_body.radius_m:,.4g} m, from {found.hard_body.source}",
    }
    for number, sigma in enumerate(found.sigma_rtn_m, start=1):
        facts[f"sigma of object {number}"] = "unknown" if sigma is None else _vector(sigma, "m")
    if found.mahalanobis_distance is not None:
        facts["miss in sigmas"] = f"{found.mahalanobis_distance:,.4g} (Mahalanobis, encounter plane)"
    facts |= {f"note{i or ''}": note for i, note in enumerate(found.notes)}
    rows = [[m.method, _number(m), _interval(m), _valid(m), m.reason] for m in found.methods]
    return Report(
        title=f"{_number(best)} by {best.method}: {_pair(one.cdm)}",
        facts=facts,
        tables=[Table("Methods", ["method", "probability", "95 % interval", "valid", "why"], rows)],
        document=_document(one),
        exit_code=_needs_look([one], failures),
    )


def _many(judged: Sequence[_Judged], failures: int) -> Report:
    judged = sorted(judged, key=lambda one: -(one.found.recommended.probability or 0.0))
    rows = [
        [
            str(one.source.name),
            _pair(one.cdm),
            utc_from_tai_s(one.found.tca_tai_s),
            one.found.miss_distance_m,
            one.found.recommended.method,
            _number(one.found.recommended),
            one.found.reasons[0] + ("; repaired" if one.found.repairs else ""),
        ]
        for one in judged
    ]
    columns = ["file", "objects", "closest approach", "miss, m", "method", "probability", "why"]
    return Report(
        title=f"{len(judged)} encounters, the likeliest first",
        facts={"could not be judged": failures} if failures else {},
        tables=[Table("", columns, rows)],
        document={"events": [_document(one) for one in judged], "failed": failures},
        exit_code=_needs_look(judged, failures),
    )


def _number(one: Estimate) -> str:
    if one.probability is None:
        return "none"
    if one.probability == 0.0 and one.log10_probability is not None:
        return "under 1e-300"
    return f"{one.probability:.6g}"


def _interval(one: Estimate) -> str:
    return "" if one.low is None or one.high is None else f"{one.low:.4g} to {one.high:.4g}"


def _valid(one: Estimate) -> str:
    return {True: "yes", False: "no", None: "bound" if one.reason.startswith("bound") else "-"}[one.valid]


def _vector(values: NDArray[np.float64], unit: str) -> str:
    return ", ".join(f"{value:,.4g}" for value in values) + f" {unit}"


def _document(one: _Judged) -> dict[str, object]:
    found = one.found
    curve = found.dilution
    return {
        "file": str(one.source),
        "message_id": one.cdm.message_id,
        "objects": [one.cdm.object_1.designator, one.cdm.object_2.designator],
        "recommended": _estimate(found.recommended),
        "is_bound": found.is_bound,
        "methods": [_estimate(method) for method in found.methods],
        "reasons": found.reasons,
        "hbr": {"radius_m": found.hard_body.radius_m, "source": found.hard_body.source},
        "tca_utc": utc_from_tai_s(found.tca_tai_s, digits=6),
        "miss_distance_m": found.miss_distance_m,
        "relative_speed_m_s": found.relative_speed_m_s,
        "position_rtn_m": found.position_rtn_m.tolist(),
        "velocity_rtn_m_s": found.velocity_rtn_m_s.tolist(),
        "sigma_rtn_m": [None if sigma is None else sigma.tolist() for sigma in found.sigma_rtn_m],
        "mahalanobis_distance": found.mahalanobis_distance,
        "duration_s": found.duration_s,
        "peak_s": found.peak_s,
        "repairs": found.repairs,
        "notes": found.notes,
        "plane": {
            "axes": found.plane.axes,
            "miss_m": found.plane.miss_m.tolist(),
            "covariance_m2": None
            if found.plane.covariance_m2 is None
            else found.plane.covariance_m2.tolist(),
        },
        "dilution": curve
        and {
            "in_dilution": curve.in_dilution,
            "maximum_scale": curve.maximum_scale,
            "maximum_probability": curve.maximum_probability,
            "scale": curve.scale.tolist(),
            "probability": curve.probability.tolist(),
        },
        "stated_probability": one.cdm.collision_probability,
        "stated_method": one.cdm.collision_probability_method,
    }


def _estimate(one: Estimate) -> dict[str, object]:
    return vars(one)
