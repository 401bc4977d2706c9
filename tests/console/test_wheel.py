"""The package never ships without its console, and needs Node only where there is something to build."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "dist", "var", "static", "__pycache__", ".*_cache"
)


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("build_hook", REPOSITORY / "console" / "build_hook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A source tree with a console that is built and newer than its sources."""
    (tmp_path / "console" / "src").mkdir(parents=True)
    source = tmp_path / "console" / "src" / "main.tsx"
    source.write_text("")
    (tmp_path / "console" / "package-lock.json").write_text("{}")
    assets = tmp_path / "src" / "commonsky" / "web" / "static" / "assets"
    assets.mkdir(parents=True)
    for name in ("index.js", "index.css"):
        (assets / name).write_text("")
    (assets.parent / "index.html").write_text("")
    os.utime(source, (1e9, 1e9))
    os.utime(tmp_path / "console" / "package-lock.json", (1e9, 1e9))
    return tmp_path


def test_a_fresh_build_is_used_as_it_is(hook, tree):
    assert hook.is_fresh(tree)
    hook.check(tree)


def test_a_source_that_is_newer_calls_for_a_build(hook, tree):
    later = (tree / "src/commonsky/web/static/index.html").stat().st_mtime + 10.0
    os.utime(tree / "console" / "src" / "main.tsx", (later, later))
    assert not hook.is_fresh(tree)


def test_a_source_distribution_has_nothing_to_build(hook, tree):
    shutil.rmtree(tree / "console")
    assert hook.is_fresh(tree)


def test_a_tree_with_neither_sources_nor_built_files_stops_the_build(hook, tree):
    shutil.rmtree(tree / "console")
    shutil.rmtree(tree / "src")
    with pytest.raises(hook.ConsoleBuildError, match="incomplete"):
        hook.build(tree)


def test_a_page_without_its_script_stops_the_build(hook, tree):
    (tree / "src/commonsky/web/static/assets/index.js").unlink()
    with pytest.raises(hook.ConsoleBuildError, match="no page, script and style"):
        hook.check(tree)


def test_without_any_node_the_build_says_what_it_needs(hook, tree, monkeypatch):
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(hook.ConsoleBuildError, match="needs Node"):
        hook.build(tree)


def test_node_is_asked_of_pip_only_where_the_path_has_none(hook, tree, monkeypatch):
    asked = hook.ConsoleBuildHook(str(tree), {}, None, None, str(tree), "wheel")
    assert asked.dependencies() == []
    (tree / "src/commonsky/web/static/index.html").unlink()
    monkeypatch.setattr(hook, "node_on_path", lambda: "/usr/bin/node")
    assert asked.dependencies() == []
    monkeypatch.setattr(hook, "node_on_path", lambda: None)
    assert asked.dependencies() == [hook.NODE_WHEEL]


def test_a_failing_step_tells_what_it_said(hook, tree):
    with pytest.raises(hook.ConsoleBuildError, match="this went wrong"):
        hook.run([sys.executable, "-c", "raise SystemExit('this went wrong')"], tree, dict(os.environ))


@pytest.mark.prove
def test_wheels_from_the_tree_and_from_the_source_distribution_hold_the_whole_console(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(REPOSITORY, source, ignore=LEFT_OUT)
    _pip_wheel(source, tmp_path / "wheel")
    from_tree = _console_files(next((tmp_path / "wheel").glob("commonsky-*.whl")))
    assert {Path(name).suffix for name in from_tree} >= {".html", ".js", ".css", ".svg"}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path], cwd=source, check=True
    )
    unpacked = tmp_path / "unpacked"
    with tarfile.open(next(tmp_path.glob("commonsky-*.tar.gz"))) as archive:
        archive.extractall(unpacked, filter="data")
    (tree,) = unpacked.iterdir()
    environment = {**os.environ, "PATH": ""}
    _pip_wheel(tree, tmp_path / "again", environment)
    assert _console_files(next((tmp_path / "again").glob("commonsky-*.whl"))) == from_tree


def _pip_wheel(source, folder, environment=None):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        source,
    ]
    subprocess.run(command, check=True, env=environment)


def _console_files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if name.startswith("commonsky/web/static/"))
