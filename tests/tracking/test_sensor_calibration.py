"""A sensor's bias, noise and drift from its residuals, and what tier follows."""

import numpy as np
import pytest

from commonsky.tracking.sensor_calibration import Tier, calibration

DAYS = np.sort(np.random.default_rng(1).uniform(0.0, 5.0, 400))


def residuals(*, bias=0.0, sigma=20.0, drift=0.0, count=400):
    return (bias + drift * DAYS + np.random.default_rng(2).normal(scale=sigma, size=400))[:count]


def judged(values):
    return calibration(86_400.0 * DAYS[: len(values)], values, stated_sigma=20.0)


def test_a_sensor_that_is_as_stated_is_calibrated():
    found = judged(residuals())
    assert found.tier is Tier.CALIBRATED
    assert found.sigma == pytest.approx(20.0, rel=0.2)
    assert found.usable_sigma() == pytest.approx(20.0, rel=0.2)


def test_a_bias_is_measured_within_its_sigma():
    found = judged(residuals(bias=35.0))
    assert found.tier is Tier.CORRECTED
    assert abs(found.bias - 35.0) < 3.0 * found.bias_sigma


def test_noise_beyond_what_is_stated_is_told():
    found = judged(residuals(sigma=60.0))
    assert found.tier is Tier.CORRECTED
    assert found.usable_sigma() == pytest.approx(60.0, rel=0.2)


def test_a_sensor_that_drifts_is_noticed_and_weighted_down():
    found = judged(residuals(drift=15.0))
    assert found.tier is Tier.DRIFTING
    assert found.drift_per_day == pytest.approx(15.0, abs=3.0 * found.drift_sigma_per_day)
    assert found.bias == pytest.approx(75.0, abs=10.0)
    assert found.usable_sigma(days_ahead=3.0) > 2.0 * found.usable_sigma()


def test_a_tenth_of_wrong_objects_changes_little():
    values = residuals(bias=10.0)
    values[::10] += 5e4
    found = judged(values)
    assert found.bias == pytest.approx(10.0, abs=5.0)
    assert found.outliers == pytest.approx(0.1, abs=0.02)


def test_few_residuals_prove_nothing():
    found = judged(residuals(count=5))
    assert found.tier is Tier.UNPROVEN
    assert found.usable_sigma() >= 40.0
    with pytest.raises(ValueError, match="no residuals"):
        judged(residuals(count=0))
