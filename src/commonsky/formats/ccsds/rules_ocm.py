"""Rules of the OCM that its table cannot say: what the lines of trajectories, covariances and manoeuvres hold.

Element sets are those of SANA's registry of orbital elements, to which 502.0-B-3 annex B refers; the standard fixes
their units, so ``TRAJ_UNITS`` and its like may only repeat them.
"""

from collections.abc import Iterator

from commonsky.formats.ccsds.check import Finding, MessageRule, error
from commonsky.formats.ccsds.tree import Block, Message, Row
from commonsky.formats.ccsds.units import unit
from commonsky.formats.ccsds.values import (
    CELL_NUMBER,
    CELL_TEXT,
    CELL_TIME,
    Situation,
    fault_of_value,
    unit_list,
)

ELEMENT_UNITS: dict[str, tuple[str, ...]] = {
    "CARTP": ("km",) * 3,
    "CARTPV": ("km",) * 3 + ("km/s",) * 3,
    "CARTPVA": ("km",) * 3 + ("km/s",) * 3 + ("km/s**2",) * 3,
    "KEPLERIAN": ("km", "n/a", "deg", "deg", "deg", "deg"),
    "KEPLERIANMEAN": ("km", "n/a", "deg", "deg", "deg", "deg"),
    "ADBARV": ("deg", "deg", "deg", "deg", "km", "km/s"),
    "LDBARV": ("deg", "deg", "deg", "deg", "km", "km/s"),
    "GEODETIC": ("deg", "deg", "deg", "deg", "km", "km/s"),
    "DELAUNAY": ("km**2/s",) * 3 + ("deg",) * 3,
}
"""The units of the numbers of the kinds of trajectories and covariances that are in wide use; of others the lines
of one block must only be alike."""

MANOEUVRE_UNITS = {
    "TIME_RELATIVE": "", "MAN_DURA": "s", "DELTA_MASS": "kg",
    "ACC_X": "km/s**2", "ACC_Y": "km/s**2", "ACC_Z": "km/s**2", "ACC_INTERP": "n/a",
    "ACC_MAG_SIGMA": "%", "ACC_DIR_SIGMA": "deg",
    "DV_X": "km/s", "DV_Y": "km/s", "DV_Z": "km/s", "DV_MAG_SIGMA": "%", "DV_DIR_SIGMA": "deg",
    "THR_X": "N", "THR_Y": "N", "THR_Z": "N", "THR_EFFIC": "n/a", "THR_INTERP": "n/a", "THR_ISP": "s",
    "THR_MAG_SIGMA": "%", "THR_DIR_SIGMA": "deg",
    "DEPLOY_ID": "n/a", "DEPLOY_DV_X": "km/s", "DEPLOY_DV_Y": "km/s", "DEPLOY_DV_Z": "km/s",
    "DEPLOY_MASS": "kg", "DEPLOY_DV_SIGMA": "%", "DEPLOY_DIR_SIGMA": "deg", "DEPLOY_DV_RATIO": "n/a",
    "DEPLOY_DV_CDA": "m**2",
}  # fmt: skip
"""What a line of a manoeuvre may hold after its time (502.0-B-3 table of the manoeuvre's composition)."""

_TIMES = ("TIME_ABSOLUTE", "TIME_RELATIVE")
_WORDS = {"DEPLOY_ID", "ACC_INTERP", "THR_INTERP"}
_BODIES = frozenset(
    {"SUN", "MERCURY", "VENUS", "EARTH", "MOON", "MARS", "JUPITER", "SATURN", "URANUS", "NEPTUNE", "PLUTO"}
)
"""Bodies whose shape is a matter of record (IAU WGCCRE reports): geodetic elements mean nothing about others."""


def trajectories(message: Message) -> Iterator[Finding]:
    """Judge the lines of trajectories by their type."""
    clause = "502.0-B-3 6.2.5"
    for block in message.root.walk("traj"):
        kind = (block.value("TRAJ_TYPE") or "CARTPV").upper()
        units = ELEMENT_UNITS.get(kind)
        if units:
            yield from _units_as_fixed(block, "TRAJ_UNITS", units, kind, clause)
        center = block.entry("CENTER_NAME")
        if kind == "GEODETIC" and center and center.value.upper() not in _BODIES:
            text = f"{center.value!r} is no body with a shape that geodetic elements could refer to"
            yield error(center.line, "CENTER_NAME", text, clause)
        yield from _lines(message, block, len(units) if units else None, "trajLine", clause)


def covariances(message: Message) -> Iterator[Finding]:
    """Judge the lines of covariances by their type and ordering."""
    clause = "502.0-B-3 6.2.7"
    for block in message.root.walk("cov"):
        kind = (block.value("COV_TYPE") or "CARTPV").upper()
        units = ELEMENT_UNITS.get(kind)
        size = None
        if units:
            yield from _units_as_fixed(block, "COV_UNITS", units, kind, clause)
            triangle = (block.value("COV_ORDERING") or "LTM").upper() in {"LTM", "UTM"}
            size = len(units) * (len(units) + 1) // 2 if triangle else len(units) ** 2
        yield from _lines(message, block, size, "covLine", clause)


def manoeuvres(message: Message) -> Iterator[Finding]:
    """Judge the composition of manoeuvres, and their lines by it."""
    clause = "502.0-B-3 6.2.8"
    for block in message.root.walk("man"):
        entry = block.entry("MAN_COMPOSITION")
        if entry is None:
            continue
        names = [one.strip().upper() for one in entry.value.split(",")]
        times = 2 if names[:2] == list(_TIMES) else 1
        if names[0] not in _TIMES:
            text = f"begins with {names[0]!r}, not with {' or '.join(_TIMES)}"
            yield error(entry.line, "MAN_COMPOSITION", text, clause)
            continue
        bad = next((one for one in names[times:] if one not in MANOEUVRE_UNITS), None)
        if bad:
            yield error(entry.line, "MAN_COMPOSITION", f"{bad[:40]!r} is no element of it", clause)
            continue
        units = tuple(MANOEUVRE_UNITS[one] for one in names[times:])
        yield from _units_as_fixed(block, "MAN_UNITS", units, "the composition", clause)
        for row in block.rows():
            yield from _manoeuvre_line(message, row, names, clause)


def _manoeuvre_line(message: Message, row: Row, names: list[str], clause: str) -> Iterator[Finding]:
    cells = row.text.split()
    if len(cells) != len(names):
        yield error(row.line, "manLine", f"has {len(cells)} values, not {len(names)}", clause)
        return
    situation = _situation(message)
    for name, cell in zip(names, cells, strict=True):
        field = CELL_TIME if name == "TIME_ABSOLUTE" else CELL_TEXT if name in _WORDS else CELL_NUMBER
        if fault := fault_of_value(cell, field, situation):
            yield error(row.line, name, fault, clause)


def _lines(message: Message, block: Block, size: int | None, name: str, clause: str) -> Iterator[Finding]:
    situation = _situation(message)
    for row in block.rows():
        time, *numbers = row.text.split() or [""]
        if fault := fault_of_value(time, CELL_TIME, situation):
            yield error(row.line, name, fault, clause)
        bad = next(filter(None, (fault_of_value(one, CELL_NUMBER, situation) for one in numbers)), "")
        if bad:
            yield error(row.line, name, bad, clause)
        size = len(numbers) if size is None else size
        if len(numbers) != size:
            yield error(row.line, name, f"has {len(numbers)} numbers, not {size}", clause)


def _units_as_fixed(
    block: Block, keyword: str, fixed: tuple[str, ...], kind: str, clause: str
) -> Iterator[Finding]:
    entry = block.entry(keyword)
    if entry is None:
        return
    written = unit_list(entry.value)
    if len(written) != len(fixed):
        text = f"has {len(written)} units, but {kind} has {len(fixed)} elements"
        yield error(entry.line, keyword, text, clause)
        return
    for one, other in zip(written, fixed, strict=True):
        if one != other and unit(one) != unit(other):
            text = f"unit {one[:20]!r} is not the {other} that {kind} has"
            yield error(entry.line, keyword, text, clause)
            return


def _situation(message: Message) -> Situation:
    metadata = message.block("metadata")
    system = metadata.value("TIME_SYSTEM", "UTC") if metadata else "UTC"
    return Situation(system.upper(), relative=True)


def nothing_in_it(message: Message) -> Iterator[Finding]:
    """Say where a trajectory, covariance or manoeuvre says how its lines are to be read, and has none."""
    for name, clause in (("traj", "6.2.5"), ("cov", "6.2.7"), ("man", "6.2.8")):
        for block in message.root.walk(name):
            if block.parts and not any(block.rows()):
                yield error(block.line, name, "has no line of data", f"502.0-B-3 {clause}")


RULES: dict[str, tuple[MessageRule, ...]] = {"OCM": (trajectories, covariances, manoeuvres, nothing_in_it)}
