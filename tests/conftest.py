"""Fixtures that every room's tests share."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from memory import folder_in_memory
from w3b import sites_from_settings, tdm_from_columns

# No test depends on how fast the machine is, and everybody runs the same examples; `make prove` explores others.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("house")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config):
    """Let the tests write to memory."""
    memory = folder_in_memory()
    if memory is not None and config.option.basetemp is None:
        folder = tempfile.mkdtemp(prefix="commonsky-tests-", dir=memory)
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


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


@pytest.fixture(scope="session")
def w3b(reference_data, tmp_path_factory):
    """Give the real tracking of W3B: the message and the sites file."""
    folder = tmp_path_factory.mktemp("w3b")
    columns = reference_data("orbit-determination", "W3B", "W3B.aer").read_text()
    given = reference_data("orbit-determination", "W3B", "od_test_W3.in").read_text()
    message, sites = folder / "w3b.tdm", folder / "sites.toml"
    message.write_text(tdm_from_columns(columns))
    sites.write_text(sites_from_settings(given))
    return message, sites
