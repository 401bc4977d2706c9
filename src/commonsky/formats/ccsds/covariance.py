"""Covariance matrices of orbit messages in SI units."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.odm_tables import CARTESIAN
from commonsky.formats.ccsds.tree import Block
from commonsky.formats.ccsds.units import unit
from commonsky.formats.ccsds.values import unit_list

_SQUARE_KM_M2 = 1e6
_SIZES = {"CARTP": 3, "CARTPV": 6, "CARTPVA": 9}


@dataclass(frozen=True)
class Covariance:
    """A (6, 6) covariance of position and velocity, m and m/s, in a frame; ``frame`` "" is that of the ephemeris."""

    epoch_tai_s: float
    frame: str
    matrix: NDArray[np.float64]


def matrix_of_entries(block: Block) -> NDArray[np.float64] | None:
    """Return the matrix of a ``covarianceMatrix`` (km and km/s, or the units stated), None when it is incomplete."""
    matrix = np.zeros((6, 6))
    for place, keyword in zip(zip(*np.tril_indices(6), strict=True), CARTESIAN, strict=True):
        entry = block.entry(keyword)
        text = number_text(entry.value) if entry else None
        if entry is None or text is None:
            return None
        stated = unit(entry.unit) if entry.unit else None
        scale = stated[0] if stated else _SQUARE_KM_M2
        matrix[place] = matrix[place[::-1]] = float(text) * scale
    return matrix


def matrix_of_row(numbers: list[str], said: Mapping[str, str]) -> NDArray[np.float64] | None:
    """Return the matrix of a line of an OCM's covariance, by its type, ordering and units (502.0-B-3 section 6.2.7).

    None for a covariance that is not of position and velocity, or a line of another length.
    """
    size = _SIZES.get(said.get("COV_TYPE", "").upper(), 0)
    if size < 6 or any(number_text(one) is None for one in numbers):
        return None
    ordering = said.get("COV_ORDERING", "LTM").upper()
    values = np.array([float(one) for one in numbers])
    matrix = np.zeros((size, size))
    if ordering in {"LTM", "UTM"}:
        rows, columns = np.tril_indices(size) if ordering == "LTM" else np.triu_indices(size)
    else:
        rows, columns = (index.ravel() for index in np.indices((size, size)))
    if len(values) != len(rows):
        return None
    matrix[rows, columns] = values
    if ordering in {"LTM", "LTMWCC"}:  # with correlations: they fill the other triangle, and say nothing more
        matrix = np.tril(matrix) + np.tril(matrix, -1).T
    elif ordering in {"UTM", "UTMWCC"}:
        matrix = np.triu(matrix) + np.triu(matrix, 1).T
    scale = _scale(said, size)
    return None if scale is None else (matrix * np.outer(scale, scale))[:6, :6]


def _scale(said: Mapping[str, str], size: int) -> NDArray[np.float64] | None:
    """How many SI units the standard deviation of each component is in."""
    if not said.get("COV_UNITS"):
        return np.full(size, 1e3)
    units = [unit(one) for one in unit_list(said["COV_UNITS"])]
    if len(units) != size or any(one is None for one in units):
        return None
    return np.array([one[0] for one in units if one])
