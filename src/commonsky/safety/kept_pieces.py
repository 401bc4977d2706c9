"""Pieces of a screening in a folder, so that it can be stopped, killed, and done again after some orbits changed.

One file for each partition, named by what was asked of it; it holds the approaches found, and by reference (objects
that differ from partition to partition are the exception) the list of the objects that they were found among. Files
come into being whole, by renaming; one that cannot be read is as good as none.
"""

import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_NAME_LENGTH = 32
_START = "start-tai-s"
_FORM = "3"
"""Of these files and of what is computed: another number makes older ones unfindable, and all is done again."""


@dataclass(frozen=True)
class Roster:
    """The rows of a population that took part in a partition, each with a digest of all that bears on its events."""

    row_ids: NDArray[np.str_]
    digests: NDArray[np.void]

    @property
    def name(self) -> str:
        """A name for this list and no other."""
        digest = hashlib.blake2b("\0".join(self.row_ids.tolist()).encode(), digest_size=_NAME_LENGTH // 2)
        digest.update(self.digests.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class KeptPiece:
    """What was found in a partition, among whom; ``piece`` counts objects by their place in the roster."""

    roster: Roster
    piece: NDArray[np.void]


class KeptPieces:
    """The folder. Raises OSError where it cannot be made, read or written."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._rosters: dict[str, Roster] = {}

    @property
    def start_tai_s(self) -> float | None:
        """Start of the span that was screened last."""
        try:
            return float((self.folder / _START).read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None

    @start_tai_s.setter
    def start_tai_s(self, tai_s: float) -> None:
        half = self.folder / f"{_START}.{os.getpid()}.part"
        half.write_text(repr(tai_s), encoding="ascii")
        half.replace(self.folder / _START)

    def find(self, asked: Sequence[object]) -> KeptPiece | None:
        """Return what is kept of a partition."""
        for file in sorted(self.folder.glob(f"piece-{_name(asked)}.*.npy")):
            roster = self._roster(file.suffixes[0][1:])
            try:
                piece = np.load(file, allow_pickle=False)
            except (ValueError, EOFError):
                continue
            if roster is not None:
                return KeptPiece(roster, piece)
        return None

    def keep(self, asked: Sequence[object], roster: Roster, piece: NDArray[np.void]) -> None:
        """Keep the piece of a partition instead of an older one."""
        name = roster.name
        if name not in self._rosters:
            roster_file = self.folder / f"objects-{name}.npz"
            if not roster_file.exists():
                self._write(roster_file, row_ids=roster.row_ids, digests=roster.digests)
            self._rosters[name] = roster
        file = self.folder / f"piece-{_name(asked)}.{name}.npy"
        self._write(file, piece)
        for other in self.folder.glob(f"piece-{_name(asked)}.*.npy"):
            if other != file:
                other.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove lists of objects that no piece refers to, and what a killed process left half written."""
        used = {file.suffixes[0][1:] for file in self.folder.glob("piece-*.npy")}
        for file in self.folder.glob("objects-*.npz"):
            if file.stem.removeprefix("objects-") not in used:
                file.unlink(missing_ok=True)
        for file in self.folder.glob("*.part"):
            if not _is_at_work(file.stem.rpartition(".")[2]):
                file.unlink(missing_ok=True)

    def _roster(self, name: str) -> Roster | None:
        if name not in self._rosters:
            try:
                with np.load(self.folder / f"objects-{name}.npz", allow_pickle=False) as held:
                    self._rosters[name] = Roster(held["row_ids"], held["digests"])
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                return None
        return self._rosters[name]

    def _write(
        self, file: Path, array: NDArray[np.void] | None = None, **arrays: NDArray[np.generic]
    ) -> None:
        half = file.with_name(f"{file.name}.{os.getpid()}.part")
        with half.open("wb") as out:
            if array is None:
                np.savez(out, allow_pickle=False, **arrays)
            else:
                np.save(out, array, allow_pickle=False)
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)


def _is_at_work(process: str) -> bool:
    """Whether the process of this number, as it stands in a file's name, is another one that is alive."""
    if not process.isdecimal() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _name(asked: Sequence[object]) -> str:
    return hashlib.blake2b(repr((_FORM, *asked)).encode(), digest_size=_NAME_LENGTH // 2).hexdigest()
