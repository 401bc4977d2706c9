"""What is built into the console is named, with its licence, and locked without naming a registry."""

import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PERMISSIVE = {"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD"}


@pytest.fixture(scope="module")
def lock():
    return json.loads((REPOSITORY / "console" / "package-lock.json").read_text())["packages"]


@pytest.fixture(scope="module")
def libraries(lock):
    """Those that the page may contain: all that is not for development only."""
    return {
        path.removeprefix("node_modules/"): entry
        for path, entry in lock.items()
        if path and not entry.get("dev")
    }


def test_every_library_is_in_the_notices_with_version_licence_and_digest(libraries):
    text = (REPOSITORY / "THIRD_PARTY_NOTICES.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+?) \| (.+) \|$", text, flags=re.MULTILINE))
    listed = {name: row for name, row in rows.items() if name not in {"Library", "---"}}
    assert listed == {
        name: f"{entry['version']} | {entry['license']} | `{entry['integrity']}`"
        for name, entry in libraries.items()
    }
    for name in libraries:
        assert f"\n## {name}\n" in text


def test_every_library_is_permissive(libraries):
    assert {entry["license"] for entry in libraries.values()} <= PERMISSIVE


def test_the_lock_names_no_address_to_load_from(lock):
    assert not [path for path, entry in lock.items() if "resolved" in entry]


def test_every_package_of_the_lock_has_a_digest(lock):
    assert not [path for path, entry in lock.items() if path and "integrity" not in entry]


def test_versions_are_exact():
    package = json.loads((REPOSITORY / "console" / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert not {
        name: version for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    }


def test_no_source_of_the_console_names_another_host():
    for file in (REPOSITORY / "console").rglob("*"):
        if "node_modules" in file.parts or file.suffix not in {".ts", ".tsx", ".css", ".html"}:
            continue
        hosts = re.findall(r"https?://([^/\"'`\s]+)", file.read_text())
        assert {host.split(":")[0] for host in hosts} <= {"127.0.0.1"}, file


def test_typescript_files_are_short_and_open_with_their_purpose():
    for file in (REPOSITORY / "console" / "src").rglob("*.ts*"):
        lines = file.read_text().splitlines()
        assert len(lines) < 500, file
        assert lines[0].startswith("//") or file.name == "main.tsx", file
