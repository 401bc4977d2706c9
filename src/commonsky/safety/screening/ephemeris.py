"""An operator's ephemeris as an object to screen: states at epochs, and how its owner interpolates between them."""

from dataclasses import dataclass
from enum import StrEnum

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.frames import itrf_from_gcrf, itrf_from_teme, itrf_to_gcrf, rotate
from commonsky.astro.time import J2000_JD

Array = NDArray[np.float64]

_RATE_STEP_S = 0.5


class EphemerisFrame(StrEnum):
    """Axes of an ephemeris; GCRF stands for ICRF, too."""

    TEME = "TEME"
    GCRF = "GCRF"
    EME2000 = "EME2000"
    ITRF = "ITRF"


class Interpolation(StrEnum):
    """As in the CCSDS orbit ephemeris message (502.0-B-3, 5.2.3)."""

    HERMITE = "HERMITE"
    LAGRANGE = "LAGRANGE"


@dataclass(frozen=True)
class Ephemeris:
    """States in TEME by rising epoch; the object exists from ``begin_tai_s`` to ``end_tai_s``, both included.

    States outside of that serve interpolation only. ``velocity_m_s`` is None for Lagrange's interpolation of
    positions alone. Made by `ephemeris`.
    """

    epochs_tai_s: Array
    position_teme_m: Array
    velocity_teme_m_s: Array | None
    degree: int
    begin_tai_s: float
    end_tai_s: float


def ephemeris(  # noqa: PLR0913  # what an ephemeris message says of itself
    epochs_tai_s: ArrayLike,
    position_m: ArrayLike,
    velocity_m_s: ArrayLike | None,
    *,
    frame: EphemerisFrame = EphemerisFrame.GCRF,
    interpolation: Interpolation = Interpolation.HERMITE,
    degree: int = 7,
    usable_tai_s: tuple[float, float] = (-np.inf, np.inf),
) -> Ephemeris:
    """Bring an operator's states, (m), (m, 3) and (m, 3), into TEME, ready for screening.

    ``degree`` is that of the interpolating polynomial: Lagrange takes degree + 1 positions, Hermite half as many
    states; with fewer states, all are taken. Its owner may allow only a part of it, ``usable_tai_s``.
    Raises ValueError, in words, for what cannot be interpolated.
    """
    epochs, position = np.asarray(epochs_tai_s, dtype=np.float64), np.asarray(position_m, dtype=np.float64)
    if epochs.ndim != 1 or epochs.size < 2 or position.shape != (epochs.size, 3):
        raise ValueError("an ephemeris needs at least two epochs, with a position (3 values) for each")
    if not (np.isfinite(epochs).all() and np.isfinite(position).all() and (np.diff(epochs) > 0.0).all()):
        raise ValueError("the epochs of an ephemeris rise, and its numbers are finite")
    if degree < 1:
        raise ValueError("the degree of interpolation is at least 1")
    velocity = None if velocity_m_s is None else np.asarray(velocity_m_s, dtype=np.float64)
    if velocity is not None and (velocity.shape != position.shape or not np.isfinite(velocity).all()):
        raise ValueError("an ephemeris has a finite velocity (3 values) for each position, or none at all")
    if velocity is None and interpolation is Interpolation.HERMITE:
        raise ValueError("Hermite's interpolation needs velocities")
    position, velocity = _into_teme(epochs, position, velocity, frame)
    if interpolation is Interpolation.LAGRANGE:
        velocity = None
    begin_s, end_s = max(float(epochs[0]), usable_tai_s[0]), min(float(epochs[-1]), usable_tai_s[1])
    return Ephemeris(epochs, position, velocity, degree, begin_s, end_s)


def interpolated(one: Ephemeris, tai_s: Array) -> tuple[Array, Array]:
    """Position (m) and its rate of change (m/s) in TEME, (n, 3) each; NaN outside the ephemeris."""
    wanted = one.degree + 1 if one.velocity_teme_m_s is None else (one.degree + 2) // 2
    count = min(max(wanted, 2), one.epochs_tai_s.size)
    after = np.searchsorted(one.epochs_tai_s, tai_s, side="right")
    first = np.clip(after - (count + 1) // 2, 0, one.epochs_tai_s.size - count)
    place = first[:, np.newaxis] + np.arange(count)
    origin = one.epochs_tai_s[first]
    nodes = one.epochs_tai_s[place] - origin[:, np.newaxis]
    elapsed = tai_s - origin
    here, ahead, behind = (
        _at(one, place, nodes, elapsed + step) for step in (0.0, _RATE_STEP_S, -_RATE_STEP_S)
    )
    rate = (ahead - behind) / (2.0 * _RATE_STEP_S)
    outside = ~((tai_s >= one.begin_tai_s) & (tai_s <= one.end_tai_s))
    here[outside] = np.nan
    rate[outside] = np.nan
    return here, rate


def _at(one: Ephemeris, place: NDArray[np.int64], nodes: Array, elapsed: Array) -> Array:
    """Positions by the polynomials through (n, k) nodes; Hermite's in the form of squared Lagrange polynomials."""
    apart = nodes[:, :, np.newaxis] - nodes[:, np.newaxis, :]
    own = np.eye(nodes.shape[1], dtype=bool)
    apart[:, own] = 1.0
    to_nodes = elapsed[:, np.newaxis] - nodes
    factors = to_nodes[:, np.newaxis, :] / apart
    factors[:, own] = 1.0
    basis = np.prod(factors, axis=2)
    if one.velocity_teme_m_s is None:
        return np.asarray(np.einsum("nk,nkc->nc", basis, one.position_teme_m[place]))
    inverse = 1.0 / apart
    inverse[:, own] = 0.0
    slope = inverse.sum(axis=2)
    squared = basis**2
    by_position = (1.0 - 2.0 * to_nodes * slope) * squared
    by_velocity = to_nodes * squared
    return np.asarray(
        np.einsum("nk,nkc->nc", by_position, one.position_teme_m[place])
        + np.einsum("nk,nkc->nc", by_velocity, one.velocity_teme_m_s[place])
    )


def _into_teme(
    epochs: Array, position: Array, velocity: Array | None, frame: EphemerisFrame
) -> tuple[Array, Array | None]:
    if frame is EphemerisFrame.TEME:
        return position, velocity
    if frame is EphemerisFrame.ITRF:
        rate = np.zeros_like(position) if velocity is None else velocity
        position, rate = itrf_to_gcrf(position, rate, epochs)
        velocity = None if velocity is None else rate
    elif frame is EphemerisFrame.EME2000:
        bias = erfa.bp06(J2000_JD, 0.0)[0]  # GCRF to the mean equator and equinox of J2000
        position = rotate(bias.T, position)
        velocity = None if velocity is None else rotate(bias.T, velocity)
    matrix = np.swapaxes(itrf_from_teme(epochs), -1, -2) @ itrf_from_gcrf(epochs)
    return rotate(matrix, position), None if velocity is None else rotate(matrix, velocity)
