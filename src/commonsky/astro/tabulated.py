"""Orbits that are given as tables of positions, asked at other epochs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_POINTS = 10


class OutsideTableError(ValueError):
    """An epoch lies before or after the table, or in a gap of it: nothing is extrapolated."""


def interpolate(
    epochs_tai_s: ArrayLike, positions_m: ArrayLike, times_tai_s: ArrayLike
) -> tuple[Array, Array]:
    """Positions and their rates, each (n, 3), at times (n,) from a table (m, 3) at rising epochs (m,).

    Lagrange's polynomial through the ten nearest rows: for orbits of GNSS at 15 minutes or low ones at 2 minutes it
    is good to a centimetre; rates have one more power of the step. Raises OutsideTableError, and ValueError for a
    table of fewer than ten rows.
    """
    epochs, positions = np.asarray(epochs_tai_s, dtype=np.float64), np.asarray(positions_m, dtype=np.float64)
    times = np.atleast_1d(np.asarray(times_tai_s, dtype=np.float64))
    if epochs.size < _POINTS:
        raise ValueError(f"a table of {epochs.size} positions is too short: {_POINTS} are needed")
    _require_inside(epochs, times)
    first = np.clip(np.searchsorted(epochs, times) - _POINTS // 2, 0, epochs.size - _POINTS)
    rows = first[:, np.newaxis] + np.arange(_POINTS)
    step = float(np.median(np.diff(epochs)))
    nodes = (epochs[rows] - times[:, np.newaxis]) / step  # zero is the time asked for
    values, slopes = _weights_at_zero(nodes)
    table = positions[rows]
    return np.einsum("nk,nkj->nj", values, table), np.einsum("nk,nkj->nj", slopes, table) / step


def _require_inside(epochs: Array, times: Array) -> None:
    step = float(np.median(np.diff(epochs)))
    after = np.clip(np.searchsorted(epochs, times), 1, epochs.size - 1)
    in_gap = epochs[after] - epochs[after - 1] > 1.5 * step
    outside = (times < epochs[0]) | (times > epochs[-1]) | (in_gap & ~np.isin(times, epochs))
    if outside.any():
        raise OutsideTableError(f"{int(outside.sum())} of {times.size} epochs are not covered by the table")


def _weights_at_zero(nodes: Array) -> tuple[Array, Array]:
    """Weights (n, k) of the values at the nodes for the polynomial's value and slope at zero."""
    count = nodes.shape[1]
    values, slopes = np.ones_like(nodes), np.zeros_like(nodes)
    for j in range(count):
        others = [i for i in range(count) if i != j]
        gaps = np.stack([nodes[:, j] - nodes[:, i] for i in others], axis=1)
        factors = -nodes[:, others]
        scale = np.prod(gaps, axis=1)
        values[:, j] = np.prod(factors, axis=1) / scale
        for left in range(count - 1):
            slopes[:, j] += np.prod(np.delete(factors, left, axis=1), axis=1) / scale
    return values, slopes
