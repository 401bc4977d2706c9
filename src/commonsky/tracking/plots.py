"""Pictures of a fit: residuals by sensor and part, and what is left uncertain from then on."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from commonsky.astro.orbit import rtn_axes
from commonsky.tracking.parts import PARTS, ROUND, Part
from commonsky.tracking.result import Fit

Array = NDArray[np.float64]

_SALT = "commonsky"  # without it an SVG's names change from run to run
_INK, _OUT = "#1b2a3a", "#c0392b"
_UNIT = {"rad": ("arcsec", 206264.806), "m": ("m", 1.0), "m/s": ("m/s", 1.0)}


def plot_fit(found: Fit, title: str, file: Path, predicted: tuple[Array, Array, Array] | None = None) -> None:
    """Write a PNG or SVG, by the file's name.

    One panel for each part that was measured, colours by sensor, what was rejected as crosses; ``predicted``, times
    (n,), states (n, 6) and covariances (n, 6, 6), adds one of position sigmas, radial, in-track and cross-track.
    """
    parts = sorted({one.part for one in found.statistics})
    with mpl.rc_context({"svg.hashsalt": _SALT, "font.size": 9.0}):
        count = len(parts) + (predicted is not None)
        figure = Figure(figsize=(10.0, 1.0 + 2.1 * count), layout="constrained")
        panels = np.atleast_1d(figure.subplots(count, 1, squeeze=True))
        for axes, part in zip(panels, parts, strict=False):
            _residuals(axes, found, part)
        if predicted is not None:
            _sigmas(panels[-1], found, *predicted)
        figure.suptitle(title, color=_INK)
        panels[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        metadata = {"Date": None} if file.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(file, dpi=130, metadata=metadata)


def _residuals(axes: mpl.axes.Axes, found: Fit, part: Part) -> None:
    sensors = sorted({one.sensor for one in found.residuals})
    unit, scale = _UNIT[_unit_of(part)]
    for number, sensor in enumerate(sensors):
        rows = [
            ((one.epoch_tai_s - found.epoch_tai_s) / 3600.0, value * scale, one.used)
            for one in found.residuals
            if one.sensor == sensor
            for name, value in zip(PARTS[one.kind], one.values, strict=True)
            if name is part
        ]
        if not rows:
            continue
        hours, values = (np.array([row[column] for row in rows]) for column in (0, 1))
        used = np.array([row[2] for row in rows], dtype=bool)
        colour = f"C{number % 10}"
        axes.plot(hours[used], values[used], ".", ms=3, color=colour, label=sensor)
        axes.plot(hours[~used], values[~used], "x", ms=4, color=_OUT)
    kept = np.array(
        [
            abs(value) * scale
            for one in found.residuals
            if one.used
            for name, value in zip(PARTS[one.kind], one.values, strict=True)
            if name is part
        ]
    )
    if kept.size:
        limit = 1.3 * float(kept.max())
        axes.set_ylim(-limit, limit)
    axes.axhline(0.0, color=_INK, lw=0.6)
    axes.set_ylabel(f"{part}, {unit}")
    axes.set_xlabel("hours from the epoch")
    axes.grid(visible=True, lw=0.3)


def _unit_of(part: Part) -> str:
    angles = ROUND | {Part.ELEVATION, Part.DECLINATION}
    return "rad" if part in angles else "m/s" if part is Part.RANGE_RATE else "m"


def _sigmas(axes: mpl.axes.Axes, found: Fit, times: Array, states: Array, covariances: Array) -> None:
    along = rtn_axes(states)
    sigmas = np.sqrt(np.einsum("nij,njk,nik->ni", along, covariances[:, :3, :3], along))
    for name, column in zip(("radial", "in-track", "cross-track"), sigmas.T, strict=True):
        axes.plot((times - found.epoch_tai_s) / 3600.0, column, lw=1.2, label=name)
    axes.set_ylabel("position sigma, m")
    axes.set_yscale("log")
    axes.set_xlabel("hours from the epoch")
    axes.grid(visible=True, lw=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
