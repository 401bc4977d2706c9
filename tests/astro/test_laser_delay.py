"""The delay of laser light, against the example that the IERS publishes with its routines (Conventions 2010, 9.1)."""

import numpy as np
import pytest

from commonsky.astro.troposphere import laser_delay_m

LATITUDE, HEIGHT_M = np.radians([30.67166667] * 2), np.array([2010.344] * 2)
AIR = np.array([[798.4188, 300.15, 14.322, 0.532e-6]] * 2)
ZENITH_M, MAPPING_AT_15_DEG = 1.935225924846803114, 3.800243667312344087  # FCUL_ZD_HPA and FCUL_A


def test_zenith_and_mapping_are_those_of_the_iers():
    up, low = laser_delay_m(np.radians([90.0, 15.0]), LATITUDE, HEIGHT_M, AIR)
    assert up == pytest.approx(ZENITH_M, abs=1e-5)
    assert low / up == pytest.approx(MAPPING_AT_15_DEG, rel=3e-5)
