"""A store of its own for each test."""

import pytest

from commonsky.store import Store


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "node.sqlite")
    yield opened
    opened.close()
