"""Orbits of satellites that really flew: error and containment of predictions beside the rate of the fit.

Usage: ``python bench/orbits.py [--arcs N] [--data FOLDER]``. Measurements (range 20 m, azimuth and elevation 0.3 mrad,
five sites, seeded) are made from precise orbits; a fit of three days (navigation satellites: half a day) is carried on
for two days (half a day). Contained is the share of epochs at which all of the radial, in-track and cross-track error
lie within three sigma; rms error/sigma is one where the covariance is neither too small nor too large. Rates are of
processor time, predictions included.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE / "tests"))

from real_orbits import read_truth, trial  # noqa: E402  # the tests' own simulation

DAY_S = 86400.0
CASES = (
    ("LAGEOS-2", "ilrsa.orb.lageos2.160319.v35.sp3.gz", "L52", 3.0, 2.0),
    ("Sentinel-3A", "ssas3a20.b18358.e19003.DG_.sp3.gz", "L74", 3.0, 2.0),
    ("GPS G01", "COD0MGXFIN_20181260000_01D_05M_ORB.SP3.gz", "G01", 0.5, 0.5),
    ("Galileo E01", "COD0MGXFIN_20181260000_01D_05M_ORB.SP3.gz", "E01", 0.5, 0.5),
    ("BeiDou C08 (inclined, synchronous)", "COD0MGXFIN_20181260000_01D_05M_ORB.SP3.gz", "C08", 0.5, 0.5),
)


def main() -> None:
    """Print one row for each satellite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arcs", type=int, default=3)
    usual = os.environ.get("COMMONSKY_REFERENCE_DATA", str(HERE.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(usual))
    arguments = parser.parse_args()
    folder = arguments.data / "precise-orbits"
    if not folder.is_dir():
        print(f"reference data is absent: {folder}")
        return
    print(f"{'satellite':36} arcs  observations/s  error at 12 h  24 h   48 h   contained  rms error/sigma")
    for name, file, satellite, fit_days, ahead_days in CASES:
        truth = read_truth(folder / file, satellite)
        room = truth.tai_s[-1] - truth.tai_s[0] - (fit_days + ahead_days) * DAY_S
        count = arguments.arcs if room > DAY_S else 1
        found, seconds = [], 0.0
        for seed, start in enumerate(np.linspace(0.0, room if count > 1 else 0.0, count).tolist()):
            chance = np.random.Generator(np.random.PCG64(seed))
            began = time.process_time()
            found.append(trial(truth, start, fit_days * DAY_S, ahead_days * DAY_S, every=2, rng=chance))
            seconds += time.process_time() - began
        rate = sum(one.observations for one in found) / seconds
        ratios = np.concatenate([one.errors_m / one.sigmas_m for one in found])
        errors = [
            f"{np.median([one.error_m(hours) for one in found]):5.1f} m"
            if hours <= 24.0 * ahead_days
            else "    - "
            for hours in (12.0, 24.0, 48.0)
        ]
        contained = np.mean([one.contained for one in found])
        print(
            f"{name:36} {count:4}  {rate:14,.0f}  {'  '.join(errors)}  {contained:9.3f}  "
            f"{np.sqrt(np.mean(ratios**2)):15.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
