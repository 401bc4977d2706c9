"""A small sky with four sensors of three owners, a quarter of a day, and requests of three members."""

import numpy as np
import pytest

from commonsky.astro.time import tai_s_from_utc
from commonsky.exercise.population import synthetic_catalogue
from planning_terms import TERMS, terms_of


@pytest.fixture(scope="session")
def sky_objects():
    rng = np.random.default_rng(1)
    return synthetic_catalogue(rng, 150, tai_s_from_utc("2026-11-01T00:00:00Z"))


@pytest.fixture(scope="session")
def terms():
    return terms_of(TERMS)
