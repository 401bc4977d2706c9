"""Reading a whole catalogue and placing it at one instant, beside sgp4 in the same run.

Usage: ``python bench/catalogue.py [CATALOGUE.tle[.gz] ...]`` (three-line sets; those of the reference data when none is
named). Prints the best of several runs
and how far the numbers are apart: fast and wrong would be worth nothing.
"""

import argparse
import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from sgp4.api import Satrec, SatrecArray

from commonsky.astro.general_perturbations import positions_teme, satellites, sgp4_dates
from commonsky.formats.catalogue import read_catalogue

RUNS = 5
NEAR_EARTH_M = 1e9  # beyond, SGP4 has lost a decayed object and multiplies rounding

Result = TypeVar("Result")


def best_s(job: Callable[[], Result]) -> tuple[float, Result]:
    """Best wall-clock time of a job, in seconds, and its last result."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        result = job()
        times.append(time.perf_counter() - start)
    return min(times), result


def sgp4_satellites(text: bytes) -> SatrecArray:
    """What a user of sgp4 writes: split, take every three lines, no checks."""
    lines = text.decode().splitlines()
    made = [Satrec.twoline2rv(one, two) for one, two in zip(lines[1::3], lines[2::3], strict=True)]
    return SatrecArray(made)


def bench(path: Path) -> None:
    """Print times, ratios and differences for one file."""
    packed = path.read_bytes()
    text = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    read_s, catalogue = best_s(lambda: read_catalogue(text, source=path.name))
    peer_read_s, peer = best_s(lambda: sgp4_satellites(text))
    print(f"\n{path.name}: {len(catalogue.element_sets)} sets, {len(catalogue.rejected)} rejected")
    row("read (ours: checked, records)", read_s, peer_read_s)

    assert catalogue.epoch_range_tai_s is not None
    tai_s = catalogue.epoch_range_tai_s[1]
    jd1, jd2 = sgp4_dates([tai_s])
    initialise_s, handle = best_s(lambda: satellites(catalogue.element_sets))
    row("initialise from records", initialise_s, peer_read_s)
    place_s, (position_m, _, error) = best_s(lambda: positions_teme(handle, tai_s))
    peer_place_s, (peer_error, peer_km, _) = best_s(lambda: peer.sgp4(jd1, jd2))
    row("place all at one instant", place_s, peer_place_s)

    near = np.linalg.norm(position_m, axis=1) < NEAR_EARTH_M
    both = (error == 0) & (peer_error[:, 0] == 0) & near
    apart_m = np.linalg.norm(position_m - peer_km[:, 0] * 1e3, axis=1)[both]
    print(f"  errors: {np.count_nonzero(error)} ours, {np.count_nonzero(peer_error)} sgp4")
    print(f"  positions apart: median {np.median(apart_m):.2g} m, most {apart_m.max():.2g} m")


def row(name: str, ours_s: float, peer_s: float) -> None:
    """Print one comparison."""
    print(f"  {name:<32} {ours_s * 1e3:8.1f} ms   sgp4 {peer_s * 1e3:8.1f} ms   ratio {ours_s / peer_s:5.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", type=Path, nargs="*")
    folder = Path(os.environ.get("COMMONSKY_REFERENCE_DATA", "../shared/data")) / "catalogue"
    files = parser.parse_args().catalogue or sorted(folder.glob("*.tle.gz"))
    for file in files:
        bench(file)
    if not files:
        print(f"nothing measured: no catalogues in {folder} (set COMMONSKY_REFERENCE_DATA, or name files)")
