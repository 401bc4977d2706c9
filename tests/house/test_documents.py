"""The documents tell of what is there: commands, links, decisions, bundled and pinned libraries."""

import re
import tomllib
from pathlib import Path

import pytest

from commonsky.cli import app

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]


def _relative(path):
    return str(path.relative_to(REPOSITORY))


def test_every_command_is_in_the_guide():
    guide = (REPOSITORY / "docs/guide.md").read_text()
    commands = [name for name in app if not name.startswith("-")]
    assert commands
    assert [name for name in commands if f"commonsky {name}" not in guide] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_relative)
def test_every_local_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_decisions_are_numbered_without_gaps_and_carry_their_parts():
    files = sorted((REPOSITORY / "docs/decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text()
        assert text.startswith(f"# {int(file.name[:4])}. ")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, f"{file.name} has no {part}"


def test_every_dependency_is_pinned():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = (REPOSITORY / "constraints.txt").read_text().lower().replace("_", "-")
    names = [re.split(r"[<>=!~\[; ]", one)[0].lower().replace("_", "-") for one in wanted]
    assert [name for name in names if f"\n{name}==" not in pinned] == []


@pytest.mark.parametrize("folder", sorted((REPOSITORY / "tests/golden").iterdir()), ids=_relative)
def test_golden_values_say_how_they_were_made(folder):
    assert (folder / "README.md").exists()


def test_the_first_screen_of_the_readme_shows_what_it_is():
    first_screen = (REPOSITORY / "README.md").read_text().splitlines()[:30]
    text = "\n".join(first_screen)
    for wanted in ("docs/console.png", "make demo", "make test", "commonsky catalogue"):
        assert wanted in text
