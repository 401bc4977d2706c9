"""The house rules that a machine can see: sizes, names, words, and that what the documents say is there."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
BANNED_NAMES = {"utils", "util", "manager", "helper", "helpers", "common", "base", "misc"}
LINES_PER_FILE = 500
LINES_PER_FUNCTION = 70


def _relative(path):
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=_relative)
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= LINES_PER_FILE


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_a_function_fits_on_a_screen(path):
    tree = ast.parse(path.read_text())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions}
    assert {name: lines for name, lines in long.items() if lines > LINES_PER_FUNCTION} == {}


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_a_module_is_named_for_what_it_does(path):
    assert not BANNED_NAMES & set(path.relative_to(REPOSITORY / "src").with_suffix("").parts)


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_public_names_say_what_they_are(path):
    tree = ast.parse(path.read_text())
    assert path.stat().st_size == 0 or ast.get_docstring(tree)
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_the_layers_hold():
    tool = REPOSITORY / ".venv/bin/lint-imports"
    command = [str(tool) if tool.exists() else "lint-imports", "--no-cache"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def _tracked():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    paths = [REPOSITORY / name for name in listed if name]
    return [p for p in paths if p.is_file() and p.suffix not in {".png", ".gz"}]


def test_no_tracked_file_holds_a_download_address_or_an_unfinished_word():
    own = Path(__file__)
    resolved = re.compile(r'"resolved":\s*"https?:|--(extra-)?index-url')
    unfinished = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XXX)\b")
    found = []
    for path in _tracked():
        if path == own:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [_relative(path) for pattern in (resolved, unfinished) if pattern.search(text)]
    assert found == []
