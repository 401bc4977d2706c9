"""Covariance that holds against real forces: satellites that really flew, seen by five simulated sites."""

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from real_orbits import read_truth, trial

DAY_S = 86400.0
LAGEOS = ("ilrsa.orb.lageos2.160319.v35.sp3.gz", "L52")
SENTINEL = ("ssas3a20.b18358.e19003.DG_.sp3.gz", "L74")
GNSS = "COD0MGXFIN_20181260000_01D_05M_ORB.SP3.gz"


def orbit(reference_data, file, satellite):
    return read_truth(reference_data("precise-orbits", file), satellite)


def test_half_a_day_of_a_navigation_satellite_is_predicted_within_three_sigma(reference_data):
    found = trial(
        orbit(reference_data, GNSS, "G01"), 0.0, 0.5 * DAY_S, 0.5 * DAY_S, every=2, rng=Generator(PCG64(1))
    )
    assert found.contained >= 0.95
    assert found.error_m(11.0) < 100.0


@pytest.mark.prove
@pytest.mark.parametrize(("file", "satellite"), [LAGEOS, SENTINEL], ids=["LAGEOS-2", "Sentinel-3A"])
def test_three_days_predict_two_more_within_three_sigma(reference_data, file, satellite):
    truth = orbit(reference_data, file, satellite)
    last = (truth.tai_s[-1] - truth.tai_s[0]) - 5.0 * DAY_S
    starts = np.linspace(0.0, min(last, 4.0 * DAY_S), 4)
    found = [
        trial(truth, start, 3.0 * DAY_S, 2.0 * DAY_S, every=2, rng=Generator(PCG64(seed)))
        for seed, start in enumerate(starts.tolist(), 100)
    ]
    held = {100 + number: one.contained for number, one in enumerate(found)}
    assert np.mean(list(held.values())) >= 0.95, f"contained, by seed: {held}"
    ratios = np.concatenate([one.errors_m / one.sigmas_m for one in found])
    assert np.sqrt(np.mean(ratios**2)) > 0.3  # nor is it so wide that it says nothing
