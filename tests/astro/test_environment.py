"""The engine's data folder."""

import subprocess
import sys

import pytest

from commonsky.astro import environment


@pytest.fixture
def fresh(monkeypatch):
    environment.prepare_engine.cache_clear()
    yield
    environment.prepare_engine.cache_clear()
    monkeypatch.undo()
    environment.prepare_engine()


def test_the_folder_holds_everything_and_is_made_once(fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMONSKY_CACHE", str(tmp_path / "cache"))
    folder = environment.prepare_engine()
    assert folder.parent == tmp_path / "cache"
    assert {"finals2000A.all", "SW-All.csv", "leap-seconds.list"} <= {path.name for path in folder.iterdir()}
    environment.prepare_engine.cache_clear()
    before = folder.stat().st_ino
    assert environment.prepare_engine().stat().st_ino == before


def test_processes_that_start_together_share_one_folder(tmp_path):
    code = "from commonsky.astro.environment import prepare_engine; print(prepare_engine())"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={"COMMONSKY_CACHE": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    folders = {process.communicate()[0] for process in started}
    assert all(process.returncode == 0 for process in started)
    assert len(folders) == 1
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
