"""What ``commonsky screen`` reads: catalogues and ephemerides, told apart by what is in them."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commonsky.cli.render import CommandError, Exit
from commonsky.domain import ElementSet
from commonsky.formats.catalogue import EXPECTED, read_catalogue
from commonsky.formats.ccsds.ephemeris import read_ephemerides
from commonsky.formats.compressed import unpacked
from commonsky.formats.errors import FormatError, Rejection
from commonsky.safety.population import ScreenedObject, of_messages

_STDIN = Path("-")
_EPHEMERIS = re.compile(rb"CCSDS_O[EC]M_VERS", re.IGNORECASE)
_HEAD_BYTES = 1 << 16
_NUMBERED = re.compile(r"(\d{1,9})=(.+)", re.DOTALL)


@dataclass
class Intake:
    """Everything that was read, and what could not be.

    ``primaries`` and ``others`` are the ids on both sides where one list is screened against another.
    """

    source: str
    element_sets: list[ElementSet] = field(default_factory=list)
    ephemerides: list[ScreenedObject] = field(default_factory=list)
    rejected: list[tuple[str, Rejection]] = field(default_factory=list)
    primaries: frozenset[str] | None = None
    others: frozenset[str] | None = None

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all objects."""
        return frozenset(
            [*(str(one.norad_cat_id) for one in self.element_sets), *(one.id for one in self.ephemerides)]
        )


def read_intake(catalogue: Path, against: Path | None, ephemerides: Sequence[str]) -> Intake:
    """Read all that a screening is of; raises CommandError and FormatError for files that cannot be used."""
    intake = Intake(str(catalogue))
    _read(catalogue, intake)
    if against is not None:
        other = Intake(str(against))
        _read(against, other)
        intake.primaries, intake.others = intake.ids, other.ids
        # Where both files know an object, it flies as the first file says.
        intake.element_sets += [
            one for one in other.element_sets if str(one.norad_cat_id) not in intake.primaries
        ]
        intake.ephemerides += [one for one in other.ephemerides if one.id not in intake.primaries]
        intake.rejected += other.rejected
    for text in ephemerides:
        numbered = _NUMBERED.fullmatch(text)
        file = Path(numbered[2] if numbered else text)
        _take_ephemerides(_bytes(file), str(file), intake, int(numbered[1]) if numbered else None)
    if not intake.element_sets and not intake.ephemerides:
        raise CommandError(
            f"{catalogue}: nothing in it can be screened{_first(intake.rejected)}", Exit.UNUSABLE
        )
    return intake


def _read(file: Path, intake: Intake) -> None:
    data = _bytes(file)
    source = "standard input" if file == _STDIN else str(file)
    head, _ = unpacked(data, source=source)
    if _EPHEMERIS.search(head[:_HEAD_BYTES]):
        _take_ephemerides(data, source, intake, None)
        return
    found = read_catalogue(data, source=source)
    intake.element_sets += found.element_sets
    intake.rejected += [(source, one) for one in found.rejected]


def _take_ephemerides(data: bytes, source: str, intake: Intake, number: int | None) -> None:
    content, damage = unpacked(data, source=source)
    found = read_ephemerides(content, source=source)
    intake.rejected += [(source, one) for one in (*found.rejected, *([damage] if damage else []))]
    try:
        intake.ephemerides += of_messages(found.ephemerides, number=number)
    except ValueError as error:
        raise FormatError(source, str(error)) from error


def _bytes(file: Path) -> bytes:
    if file == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(
            f"{file}: {reason}; expected {EXPECTED}, or an OEM or OCM", Exit.UNUSABLE
        ) from error


def _first(rejected: Sequence[tuple[str, Rejection]]) -> str:
    return f" ({len(rejected)} rejected, the first: {rejected[0][1]})" if rejected else ""
