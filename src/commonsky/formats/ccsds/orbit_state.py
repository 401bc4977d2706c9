"""The state of an Orbit Parameter Message (OPM) in SI units, with its covariance where it has one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.time import tai_s_from_text
from commonsky.formats.ccsds.covariance import Covariance, matrix_of_entries
from commonsky.formats.ccsds.document import read_message
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.tree import Block, Message
from commonsky.formats.ccsds.units import scale_to_si
from commonsky.formats.errors import FormatError

_STATE = (("X", "km"), ("Y", "km"), ("Z", "km"), ("X_DOT", "km/s"), ("Y_DOT", "km/s"), ("Z_DOT", "km/s"))
_PARAMETERS = {
    "MASS": "kg",
    "SOLAR_RAD_AREA": "m**2",
    "SOLAR_RAD_COEFF": "",
    "DRAG_AREA": "m**2",
    "DRAG_COEFF": "",
}


@dataclass(frozen=True, kw_only=True)
class OrbitState:
    """Where an object is: ``position_m`` and ``velocity_m_s`` (3,) in ``frame`` about ``center`` at the epoch.

    ``parameters`` are those of the spacecraft that the message gives, by keyword, in SI units.
    """

    object_name: str
    object_id: str
    center: str
    frame: str
    time_system: str
    epoch_tai_s: float
    position_m: NDArray[np.float64]
    velocity_m_s: NDArray[np.float64]
    covariance: Covariance | None
    parameters: dict[str, float]


def read_orbit_state(data: bytes, *, source: str) -> OrbitState:
    """Return the state of an OPM in KVN, XML or JSON.

    Raises FormatError with line and keyword for another message, or one whose state cannot be read.
    """
    message = read_message(data, source=source)
    metadata, state = message.block("metadata"), message.block("stateVector")
    if message.kind != "OPM" or metadata is None or state is None:
        raise FormatError(source, "is not an orbit parameter message with a state vector", line=message.line)
    numbers = np.array([_number(message, state, keyword, unit) for keyword, unit in _STATE])
    system = metadata.value("TIME_SYSTEM").upper()
    try:
        epoch_tai_s = tai_s_from_text(state.value("EPOCH"), system)
    except ValueError as error:
        raise FormatError(source, str(error), line=state.line or None, field="EPOCH") from error
    spacecraft = message.block("spacecraftParameters") or Block("spacecraftParameters")
    matrix = None
    covariance = message.block("covarianceMatrix")
    if covariance is not None:
        matrix = matrix_of_entries(covariance)
        if matrix is None:
            line = covariance.line or None
            raise FormatError(source, "is incomplete", line=line, field="covarianceMatrix")
    return OrbitState(
        object_name=metadata.value("OBJECT_NAME"),
        object_id=metadata.value("OBJECT_ID"),
        center=metadata.value("CENTER_NAME").upper(),
        frame=metadata.value("REF_FRAME").upper(),
        time_system=system,
        epoch_tai_s=epoch_tai_s,
        position_m=numbers[:3],
        velocity_m_s=numbers[3:],
        covariance=None
        if matrix is None or covariance is None
        else Covariance(epoch_tai_s, covariance.value("COV_REF_FRAME").upper(), matrix),
        parameters={
            keyword: _number(message, spacecraft, keyword, unit)
            for keyword, unit in _PARAMETERS.items()
            if spacecraft.entry(keyword)
        },
    )


def _number(message: Message, block: Block, keyword: str, unit: str) -> float:
    """Return a number in SI units, of the unit that stands beside it or else of the standard's."""
    entry = block.entry(keyword)
    text = number_text(entry.value) if entry else None
    if entry is None or text is None:
        line = (entry.line if entry else block.line) or None
        raise FormatError(message.source, "is missing or no number", line=line, field=keyword)
    try:
        return float(text) * scale_to_si(entry.unit or unit)
    except ValueError as error:
        raise FormatError(message.source, str(error), line=entry.line or None, field=keyword) from error
