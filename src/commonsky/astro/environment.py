"""The data that the numerical engine (package ``satkit``) reads: gravity, ephemeris, Earth orientation, space weather.

satkit wants one folder; its companion ``satkit-data`` fills most of it but lacks the Earth orientation file that
satkit reads today, which ``astropy-iers-data`` carries. The folder is links to both, made once in the user's cache
(``COMMONSKY_CACHE``, else ``XDG_CACHE_HOME``, else ``~/.cache``). Nothing is fetched from a network.
"""

import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import satkit
import satkit_data

from commonsky.astro.earth_orientation import finals2000a_path


@cache
def prepare_engine() -> Path:
    """Point satkit at its data, making the folder when it is not there; returns the folder.

    Safe when many processes start at once: the folder appears whole, by one rename. Raises OSError when the cache
    cannot be written.
    """
    sources = _sources()
    folder = _cache_folder() / f"satkit-{_fingerprint(sources)}"
    if not _complete(folder, sources):
        _make(folder, sources)
    satkit.utils.set_datadir(str(folder))
    # It would advise on stderr to download newer files: here they come with upgrades of the packages.
    satkit.frametransform.disable_eop_time_warning()
    return folder


def _cache_folder() -> Path:
    if own := os.environ.get("COMMONSKY_CACHE"):
        return Path(own)
    general = os.environ.get("XDG_CACHE_HOME")
    return (Path(general) if general else Path.home() / ".cache") / "commonsky"


def _sources() -> list[Path]:
    packaged = sorted((Path(satkit_data.__file__).parent / "data").iterdir())
    return [*packaged, finals2000a_path()]


def _fingerprint(sources: list[Path]) -> str:
    """Changes with any file's place, size or date, so that an upgraded package gets a folder of its own."""
    facts = [f"{path}\0{(stat := path.stat()).st_size}\0{stat.st_mtime_ns}" for path in sources]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _complete(folder: Path, sources: list[Path]) -> bool:
    return all((folder / path.name).exists() for path in sources)


def _make(folder: Path, sources: list[Path]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for path in sources:
            (made / path.name).symlink_to(path)
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not _complete(folder, sources):  # not another process that was quicker
            raise
