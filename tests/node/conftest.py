"""The small coalition as fixtures."""

import pytest

from small_coalition import found, small_rehearsal


@pytest.fixture(scope="session")
def rehearsal():
    return small_rehearsal()


@pytest.fixture
def coalition(rehearsal, tmp_path):
    made = found(rehearsal.scenario, tmp_path / "coalition")
    yield made
    made.close()
