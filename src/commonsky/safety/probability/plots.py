"""Pictures of one encounter: the encounter plane, and the probability against the size of the covariance."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse

from commonsky.safety.probability.assessment import Assessment, EncounterPlane
from commonsky.safety.probability.dilution import Dilution

_INK, _BODY, _SPREAD, _MARK = "#1b2a3a", "#c0392b", "#2471a3", "#b9770e"
_LEAST = 1e-12
_VISIBLE = 0.02  # of the picture's width
_SALT = "commonsky"  # without it an SVG's names change from run to run


def plot(assessment: Assessment, title: str, file: Path) -> None:
    """Write a PNG or SVG, by the file's name; the same bytes for the same assessment."""
    with mpl.rc_context({"svg.hashsalt": _SALT, "font.size": 9.0}):
        figure = Figure(figsize=(11.0, 5.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_plane(left, assessment.plane, assessment.hard_body.radius_m)
        _draw_dilution(right, assessment.dilution, assessment)
        figure.suptitle(title, color=_INK)
        metadata = {"Date": None} if file.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(file, dpi=130, metadata=metadata)


def _draw_plane(axes: Axes, plane: EncounterPlane, radius_m: float) -> None:
    miss = plane.miss_m
    if plane.covariance_m2 is not None:
        values, vectors = np.linalg.eigh(plane.covariance_m2)
        sigmas = np.sqrt(np.maximum(values, 0.0))
        angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
        for k in (1, 2, 3):
            width, height = 2 * k * sigmas[1], 2 * k * sigmas[0]
            axes.add_patch(
                Ellipse(
                    (miss[0], miss[1]), width, height, angle=angle, fill=False, color=_SPREAD, lw=1.6 - 0.3 * k,
                    label=f"{k} sigma" if k == 1 else f"{k}",
                )
            )  # fmt: skip
    axes.add_patch(
        Circle((0.0, 0.0), radius_m, color=_BODY, alpha=0.55, label=f"hard body, {_metres(radius_m)}")
    )
    axes.plot(
        [0.0, miss[0]], [0.0, miss[1]], color=_INK, lw=1.2, label=f"miss, {_metres(float(np.hypot(*miss)))}"
    )
    axes.plot(*miss, marker="+", color=_INK, ms=9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.autoscale_view()
    axes.margins(0.08)
    axes.set_xlabel(f"{plane.axes[0]}, m")
    axes.set_ylabel(f"{plane.axes[1]}, m")
    axes.set_title("Encounter plane, object 2 from object 1")
    axes.grid(visible=True, lw=0.3)
    axes.legend(loc="upper right", frameon=True)
    _enlarge(axes, plane, radius_m)


def _enlarge(axes: Axes, plane: EncounterPlane, radius_m: float) -> None:
    """Where the body and the miss are too small to be seen beside the uncertainty, show them in a corner."""
    reach = 1.5 * max(radius_m, float(np.hypot(*plane.miss_m)))
    wide = abs(float(np.diff(axes.get_xlim())[0]))
    if reach > _VISIBLE * wide:
        return
    corner = axes.inset_axes((0.03, 0.03, 0.3, 0.3))
    corner.add_patch(Circle((0.0, 0.0), radius_m, color=_BODY, alpha=0.55))
    corner.plot([0.0, plane.miss_m[0]], [0.0, plane.miss_m[1]], color=_INK, lw=1.2)
    corner.plot(*plane.miss_m, marker="+", color=_INK, ms=9)
    corner.set_aspect("equal")
    corner.set_xlim(-reach, reach)
    corner.set_ylim(-reach, reach)
    corner.set_xticks([])
    corner.set_yticks([])
    corner.set_title(f"enlarged: {_metres(2.0 * reach)} wide", fontsize=7.0)


def _metres(length: float) -> str:
    return f"{length:,.0f} m" if length >= 1e3 else f"{length:.4g} m"


def _draw_dilution(axes: Axes, curve: Dilution | None, assessment: Assessment) -> None:
    axes.set_title("2D probability against covariance scale")
    if curve is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no covariance is known", ha="center", va="center", transform=axes.transAxes)
        return
    least = max(curve.probability.max() * _LEAST, 1e-300)
    shown = curve.probability > least
    axes.loglog(curve.scale[shown], curve.probability[shown], color=_SPREAD)
    now = float(np.exp(np.interp(0.0, np.log(curve.scale), np.log(np.maximum(curve.probability, 1e-300)))))
    if now > least:
        axes.plot(1.0, now, "o", color=_INK, label=f"as given (2D), {now:.3g}")
    if curve.maximum_scale >= curve.scale[0]:
        words = f"maximum, {curve.maximum_probability:.3g} at {curve.maximum_scale:.3g}"
        axes.plot(curve.maximum_scale, curve.maximum_probability, "^", color=_MARK, label=words)
    if curve.maximum_scale < curve.scale[-1]:
        axes.axvspan(
            max(curve.maximum_scale, curve.scale[0]),
            curve.scale[-1],
            color=_MARK,
            alpha=0.10,
            lw=0,
            label="dilution",
        )
    chosen = assessment.recommended
    if chosen.probability is not None and chosen.probability > least:
        axes.axhline(
            chosen.probability,
            color=_BODY,
            ls="--",
            lw=1.0,
            label=f"trusted: {chosen.method}, {chosen.probability:.3g}",
        )
    axes.set_xlim(curve.scale[0], curve.scale[-1])
    axes.set_xlabel("scale of the standard deviations")
    axes.set_ylabel("probability")
    axes.grid(visible=True, which="both", lw=0.3)
    axes.legend(loc="best", frameon=True)
