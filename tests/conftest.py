"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test depends on how fast the machine is.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def reference_data():
    """Give a function that returns a path under the reference data, or skips the test when it is not there."""
    folder = Path(os.environ.get("COMMONSKY_REFERENCE_DATA", REPOSITORY / "../shared/data"))

    def path_of(*parts):
        path = folder.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"reference data is absent: {path} (set COMMONSKY_REFERENCE_DATA)")
        return path

    return path_of
