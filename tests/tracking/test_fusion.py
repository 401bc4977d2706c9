"""Fusing tracks of partners: never too sure, whatever they share; and which tracks are of one object."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.tracking.consistency import consistency, normalised_errors, scale_factor
from commonsky.tracking.fusion import (
    associate_tracks,
    covariance_intersection,
    independent_fusion,
    share_sources,
)

seeds = st.integers(0, 2**32 - 1)


def covariance(rng, size=6):
    root = rng.normal(size=(size, size)) * np.array([100.0, 100.0, 100.0, 0.1, 0.1, 0.1])[:size, np.newaxis]
    return root @ root.T + np.diag(np.array([1.0, 1.0, 1.0, 1e-6, 1e-6, 1e-6])[:size])


@given(seed=seeds, correlation=st.floats(-0.99, 0.99))
@settings(max_examples=60)
def test_the_intersection_covers_the_real_error_at_any_correlation(seed, correlation):
    rng = np.random.default_rng(seed)
    a, b = covariance(rng, 3), covariance(rng, 3)
    cross = correlation * np.linalg.cholesky(a) @ np.linalg.cholesky(b).T
    fused = covariance_intersection(np.zeros(3), a, np.ones(3), b)
    weight = fused.weight
    gain_a = weight * fused.covariance @ np.linalg.inv(a)
    gain_b = (1.0 - weight) * fused.covariance @ np.linalg.inv(b)
    real = (
        gain_a @ a @ gain_a.T
        + gain_b @ b @ gain_b.T
        + gain_a @ cross @ gain_b.T
        + gain_b @ cross.T @ gain_a.T
    )
    least = np.linalg.eigvalsh(fused.covariance - real).min()
    assert least >= -1e-6 * np.trace(fused.covariance), f"seed {seed}"


@given(seed=seeds)
@settings(max_examples=30)
def test_the_same_estimate_twice_is_no_surer_than_once(seed):
    rng = np.random.default_rng(seed)
    state, matrix = rng.normal(size=6), covariance(rng)
    fused = covariance_intersection(state, matrix, state, matrix)
    assert np.allclose(fused.covariance, matrix, rtol=1e-4)
    assert np.allclose(independent_fusion(state, matrix, state, matrix).covariance, matrix / 2.0, rtol=1e-4)


def test_a_covariance_that_is_none_is_refused():
    with pytest.raises(ValueError, match="positive definite"):
        covariance_intersection(np.zeros(2), -np.eye(2), np.zeros(2), np.eye(2))


def test_tracks_of_the_same_objects_are_paired_and_others_are_not():
    rng = np.random.default_rng(4)
    truth = rng.normal(size=(40, 6)) * np.array([7e6, 7e6, 7e6, 5e3, 5e3, 5e3])
    truth[1] = truth[0] + np.array([400.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    own = np.array([covariance(rng) for _ in truth])
    theirs = np.array([covariance(rng) for _ in truth])
    noisy = np.array([rng.multivariate_normal(one, matrix) for one, matrix in zip(truth, own, strict=True)])
    shared = rng.permutation(40)[:25]
    others = np.array([rng.multivariate_normal(truth[n], theirs[n]) for n in shared])
    pairs = associate_tracks(noisy, own, others, theirs[shared])
    assert len(pairs) == 25
    assert all(shared[one.second] == one.first for one in pairs)
    assert all(0.0 < one.probability <= 1.0 for one in pairs)


def test_lineages_tell_what_is_shared():
    assert share_sources(["A1", "A2"], ["B1", "A2"])
    assert not share_sources(["A1"], ["B1"])


def test_honest_covariances_are_told_from_small_ones():
    rng = np.random.default_rng(7)
    matrices = np.array([covariance(rng) for _ in range(300)])
    errors = np.array([rng.multivariate_normal(np.zeros(6), one) for one in matrices])
    honest = consistency(normalised_errors(errors, matrices), 6)
    small = consistency(normalised_errors(errors, matrices / 4.0), 6)
    assert honest.is_honest
    assert honest.inside > 0.9
    assert not small.is_honest
    assert small.mean_ratio == pytest.approx(4.0 * honest.mean_ratio)
    assert scale_factor([(24.0, 6)]) == 2.0
    with pytest.raises(ValueError, match="no errors"):
        consistency([], 6)
