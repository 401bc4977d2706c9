"""Probability in the encounter plane against outside authorities, and what must hold for any input."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import multivariate_normal, ncx2

from commonsky.safety.probability import (
    chan_2d,
    elrod_2d,
    foster_2d,
    frisbee_maximum_2d,
    greatest_of_all,
    log_foster_2d,
    maximum_2d,
    project,
)

GOLDEN = Path(__file__).parents[2] / "golden"
ROWS = json.loads((GOLDEN / "orekit" / "probability.json").read_text())["rows"]


def columns(case):
    x, y, sigma_x, sigma_y, radius = case
    return [[x, y]], [np.diag([sigma_x**2, sigma_y**2])], [radius]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["case"]))
def test_foster_and_elrod_say_what_two_exact_methods_of_orekit_say(row):
    foster, elrod = foster_2d(*columns(row["case"]))[0], elrod_2d(*columns(row["case"]))[0]
    assert foster == pytest.approx(row["Patera2005"], rel=1e-9)
    # Orekit's series loses its digits where one sigma is far less than the other: there it contradicts the integral.
    if abs(row["Laas2015"] / row["Patera2005"] - 1.0) < 1e-3:
        assert foster == pytest.approx(row["Laas2015"], rel=1e-9)
    assert elrod == pytest.approx(foster, rel=1e-9)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["case"]))
def test_chan_is_the_series_that_orekit_sums(row):
    assert chan_2d(*columns(row["case"]))[0] == pytest.approx(row["Chan1997"], rel=1e-6)


def small_bodies():
    """Rows for which Alfriend's formula holds: a body much smaller than the uncertainty at its maximum."""
    for row in ROWS:
        x, y, sigma_x, sigma_y, radius = row["case"]
        distance = np.hypot(x / sigma_x, y / sigma_y)
        if radius <= 0.02 * min(sigma_x, sigma_y) * distance and row["Alfriend1999Max"] is not None:
            yield row


@pytest.mark.parametrize("row", list(small_bodies()), ids=lambda row: str(row["case"]))
def test_for_a_small_body_the_maximum_over_scale_is_that_of_alfriend(row):
    assert maximum_2d(*columns(row["case"]))[0][0] == pytest.approx(row["Alfriend1999Max"], rel=1e-3)


def test_the_maximum_over_scale_is_not_beaten_by_any_scale_of_a_dense_grid():
    chance = np.random.default_rng(8)
    for _ in range(20):
        sigmas, radius = (
            np.exp(chance.uniform(np.log(0.05), np.log(2e3), 2)),
            float(chance.uniform(1.0, 50.0)),
        )
        turn, away = chance.uniform(0.0, 2.0 * np.pi), radius * np.exp(chance.uniform(0.01, 3.0))
        miss = away * np.array([[np.cos(turn), np.sin(turn)]])
        greatest = maximum_2d(miss, np.diag(sigmas**2), radius)[0][0]
        scales = np.geomspace(1e-3, 1e3, 400)[:, np.newaxis, np.newaxis]
        dense = foster_2d(np.repeat(miss, 400, axis=0), np.diag(sigmas**2) * scales**2, np.full(400, radius))
        assert greatest >= dense.max() * (1.0 - 2e-3)


def omitron():
    case = json.loads((GOLDEN / "cara" / "omitron.json").read_text())["first"]
    position, velocity = 1000.0 * np.diff(case["position_km"], axis=0), np.diff(case["velocity_km_s"], axis=0)
    return case, *project(position, velocity, 1e6 * np.sum(case["covariance_km2"], axis=0))


def test_the_disc_of_omitron_is_right_to_nine_digits_and_rounds_to_the_published_six():
    case, miss, covariance = omitron()
    for method in (foster_2d, elrod_2d):
        found = method(miss, covariance, [case["radius_m"]])[0]
        assert found == pytest.approx(case["disc_to_forty_digits"], rel=1e-9)
        assert f"{found:.5e}" == "2.70602e-05"


def test_the_plane_of_omitron_gives_the_published_value_over_the_square_of_equal_area():
    case, miss, covariance = omitron()
    half = case["radius_m"] * np.sqrt(np.pi) / 2.0
    nodes, weights = np.polynomial.legendre.leggauss(24)
    x, y = np.meshgrid(half * nodes, half * nodes)
    density = multivariate_normal(miss[0], covariance[0]).pdf(np.stack([x, y], axis=-1))
    found = half**2 * np.sum(np.outer(weights, weights) * density)
    assert found == pytest.approx(case["probability"], rel=1e-6)


# Thirty digits of a general-purpose library (mpmath 1.3), for shapes that break plain quadrature.
HARD = [
    ((0.0, 0.0, 1e-3, 1e3, 1.0), 7.9788442774e-4),
    ((0.5, 0.5, 1.0, 1.0, 1e-6), 3.8940039153e-13),
]


@pytest.mark.parametrize(("case", "expected"), HARD)
def test_extreme_shapes_keep_their_digits(case, expected):
    assert foster_2d(*columns(case))[0] == pytest.approx(expected, rel=1e-6)


def test_a_round_uncertainty_gives_the_noncentral_chi_square():
    for distance, sigma, radius in ((10.0, 5.0, 3.0), (400.0, 20.0, 15.0), (3.0, 1.0, 30.0)):
        expected = ncx2.cdf((radius / sigma) ** 2, 2, (distance / sigma) ** 2)
        got = foster_2d([[distance, 0.0]], [np.eye(2) * sigma**2], [radius])[0]
        assert got == pytest.approx(expected, rel=1e-8)


def test_far_below_the_least_double_the_logarithm_goes_on():
    logs = log_foster_2d([[d, 0.0] for d in (1e3, 1e4, 1e5)], [np.eye(2) * 100.0] * 3, [1.0] * 3)
    assert np.all(np.isfinite(logs))
    # The leading term is the exponent of the near edge.
    assert logs[2] == pytest.approx(-0.5 * ((1e5 - 1.0) / 10.0) ** 2, rel=1e-5)
    assert foster_2d([[1e5, 0.0]], [np.eye(2) * 100.0], [1.0])[0] == 0.0


LENGTHS = st.floats(1e-4, 1e7)


@settings(max_examples=100)
@given(
    hnp.arrays(np.float64, (3, 2), elements=st.floats(-1e7, 1e7)),
    hnp.arrays(np.float64, (3, 2), elements=LENGTHS),
    hnp.arrays(np.float64, 3, elements=st.floats(0.0, np.pi)),
    hnp.arrays(np.float64, 3, elements=st.floats(1e-3, 1e5)),
)
def test_every_method_gives_a_probability_whatever_the_lengths(miss, sigmas, turns, radius):
    spin = np.stack([[np.cos(turns), -np.sin(turns)], [np.sin(turns), np.cos(turns)]]).transpose(2, 0, 1)
    covariance = spin @ np.einsum("ni,ij->nij", sigmas**2, np.eye(2)) @ spin.transpose(0, 2, 1)
    greatest, scale = maximum_2d(miss, covariance, radius)
    found = {
        "foster": foster_2d(miss, covariance, radius),
        "elrod": elrod_2d(miss, covariance, radius),
        "chan": chan_2d(miss, covariance, radius),
        "maximum": greatest,
        "frisbee": frisbee_maximum_2d(miss, covariance, radius)[0],
        "any": greatest_of_all(np.linalg.norm(miss, axis=1), radius),
    }
    for name, values in found.items():
        assert np.all((values >= 0.0) & (values <= 1.0)), name
    assert np.all(scale >= 0.0)
    bound = np.maximum(found["any"], 1e-300) * (1.0 + 1e-9)
    assert np.all(found["foster"] <= bound)
    wide = np.all(
        sigmas > 1e-3 * radius[:, np.newaxis], axis=1
    )  # narrower ones are raised to a floor at any scale
    assert np.all(found["foster"][wide] <= found["maximum"][wide] * (1.0 + 1e-6) + 1e-300)


def test_the_maximum_with_one_covariance_unknown_is_not_beaten_by_any_other():
    chance = np.random.default_rng(5)
    miss, covariance, radius = np.array([[900.0, 100.0]]), np.array([np.diag([150.0**2, 60.0**2])]), [5.0]
    bound = frisbee_maximum_2d(miss, covariance, radius)[0][0]
    roots = chance.standard_normal((2000, 2, 2)) * np.exp(chance.uniform(0.0, 8.0, (2000, 1, 1)))
    others = covariance + roots @ roots.transpose(0, 2, 1)
    assert foster_2d(np.repeat(miss, 2000, axis=0), others, radius * 2000).max() <= bound * (1.0 + 1e-3)


METHODS = {
    "foster": foster_2d,
    "elrod": elrod_2d,
    "chan": chan_2d,
    "maximum": lambda *columns: maximum_2d(*columns)[0],
    "frisbee": lambda *columns: frisbee_maximum_2d(*columns)[0],
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_no_encounters_give_no_probabilities_and_one_that_is_no_number_spoils_no_other(method):
    assert method(np.empty((0, 2)), np.empty((0, 2, 2)), np.empty(0)).shape == (0,)
    miss = np.array([[np.nan, 0.0], [10.0, 0.0]])
    found = method(miss, np.tile(100.0 * np.eye(2), (2, 1, 1)), np.array([5.0, 5.0]))
    assert np.isnan(found[0])
    assert found[1] == method(miss[1:], 100.0 * np.eye(2)[np.newaxis], np.array([5.0]))[0] > 0.0
