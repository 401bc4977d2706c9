"""Where the keys of a TOML document stand: readers of TOML give values, and people look for lines."""

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""The way to a value: keys, and for a table of an array its number, counted from 1."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=""")
_LONG_QUOTES = ('"""', "'''")


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each table and each key that begins a line."""
    lines: dict[Path, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    quoted = False
    for number, line in enumerate(text.splitlines(), 1):
        inside = quoted
        quoted ^= sum(line.count(quotes) for quotes in _LONG_QUOTES) % 2 == 1
        if inside:
            continue
        if header := _HEADER.match(line):
            brackets, name = header.groups()
            if brackets == "[[":
                counts[name] = counts.get(name, 0) + 1
            first, *rest = name.split(".")
            table = (first, counts[first], *rest) if first in counts else (first, *rest)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *key[1].strip("\"'").split(".")), number)
    return lines


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """Return the line of a value, or of the nearest table around it that begins a line."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)
