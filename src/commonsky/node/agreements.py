"""The agreement documents of a node, as they stand in its folder now: those by which we give and those we read under.

INVARIANT: a document that cannot be read stops all release. It may hold a clause that withholds, and nobody can
tell from whom, so guessing that it holds none would release by mistake.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from commonsky.domain import Agreement
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.errors import FormatError

_CANONICAL = msgspec.json.Encoder(order="sorted")

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Shelf:
    """What was read; ``faults`` says in words what is wrong with the documents that could not be."""

    stamp: Stamp
    agreements: tuple[Agreement, ...]
    faults: tuple[str, ...]

    def given_by(self, member: str) -> list[Agreement]:
        """The newest version of each agreement by which the member gives: an older one has no force."""
        return _newest(agreement for agreement in self.agreements if agreement.giver == member)

    def held_by(self, member: str) -> list[Agreement]:
        """The newest version of each agreement under which the member reads what others give."""
        return _newest(agreement for agreement in self.agreements if member in agreement.readers)

    def by_reference(self) -> dict[str, Agreement]:
        """Every document by its id and version: what was released under an older one keeps its name."""
        return {agreement.reference: agreement for agreement in self.agreements}


def _newest(agreements: Iterable[Agreement]) -> list[Agreement]:
    newest: dict[tuple[str, str], Agreement] = {}
    for agreement in agreements:
        known = newest.setdefault((agreement.giver, agreement.id), agreement)
        if agreement.version > known.version:
            newest[agreement.giver, agreement.id] = agreement
    return list(newest.values())


def policy_of(agreements: Iterable[Agreement]) -> bytes:
    """Return what is decided under as one canonical JSON text, the same whatever order the agreements come in."""
    return _CANONICAL.encode(sorted(agreements, key=_name))


def read_shelf(folder: Path) -> Shelf:
    """Read every ``*.toml`` of the folder; two different documents with one reference are a fault of the second."""
    stamp = stamp_of(folder)
    read: dict[str, Agreement] = {}
    faults: list[str] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            agreement = read_agreement(file.read_bytes(), source=str(file))
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}")
        except FormatError as error:
            faults.append(str(error))
        else:
            if read.setdefault(agreement.reference, agreement) != agreement:
                faults.append(f"{file}: another document also calls itself {agreement.reference}")
    return Shelf(stamp, tuple(read.values()), tuple(faults))


def stamp_of(folder: Path) -> Stamp:
    """Tell whether the folder changed: name, time of change and size of every document.

    The time is that of the inode, which no program sets: a document put back with its old date counts as new.
    """
    return tuple((file.name, *_change_of(file)) for file in sorted(folder.glob("*.toml")))


def _change_of(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except (
        OSError
    ):  # as while an editor puts another in its place; reading it says what is wrong, if anything
        return -1, -1
    return status.st_ctime_ns, status.st_size


def _name(agreement: Agreement) -> tuple[str, str]:
    return agreement.giver, agreement.reference
