"""What every command says, in three forms: tables for people, one JSON document, CSV."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec
from rich.console import Console
from rich.table import Table as RichTable

WIDTH_WITHOUT_TERMINAL = 120


class Exit(IntEnum):
    """What an exit code means."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    """Wrong usage, or input that cannot be read at all."""
    SOME_REJECTED = 3
    """Done, but some records were bad and are listed, or something was found that needs a look."""


class CommandError(Exception):
    """A command cannot go on; the message says what is wrong and what to do about it."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Table:
    """Rows under named columns; cells are text or numbers, already in the units that the column names."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Report:
    """The outcome of a command.

    ``facts`` are shown as a short list above the tables, ``document`` is the JSON form (facts when not given).
    """

    title: str
    facts: Mapping[str, object] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    document: object = None
    exit_code: Exit = Exit.OK


def show(report: Report, *, as_json: bool = False) -> Exit:
    """Print a report and return the exit code of the command."""
    if as_json:
        document = report.facts if report.document is None else report.document
        sys.stdout.write(_json(document) + "\n")
        return report.exit_code
    # Where nobody looks on, a line of a table has room; a terminal says its own width.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
    console.print(visible(report.title), style="bold", markup=False)
    width = max((len(name) for name in report.facts), default=0)
    for name, value in report.facts.items():
        console.print(f"  {name:<{width}}  {cell(value)}", markup=False)
    for table in report.tables:
        console.print()
        if table.title:
            console.print(table.title, style="bold", markup=False)
        console.print(_rich(table))
    return report.exit_code


def cell(value: object) -> str:
    """Text of one value: thousands grouped, floats to six significant figures, nothing for ``None``."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
        case _:
            return visible(str(value))


def visible(text: str) -> str:
    """Give a text with what a terminal would obey, or cannot show, spelled out: data must not drive the terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def _json(document: object) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode()
    except UnicodeEncodeError:  # a file name that is no text; this encoder escapes it
        return json.dumps(msgspec.to_builtins(document, enc_hook=str), indent=2)


def _rich(table: Table) -> RichTable:
    shown = RichTable(header_style="bold")
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float) or row[index] is None for row in table.rows)
        shown.add_column(column, justify="right" if numeric and table.rows else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(_plain(cell(value)) for value in row))
    return shown


def _plain(text: str) -> str:
    """Keep square brackets of the data from being read as styles."""
    return text.replace("[", r"\[")


def complain(message: object) -> None:
    """Say on stderr what went wrong."""
    Console(stderr=True, highlight=False).print(
        visible(f"commonsky: {message}"), markup=False, soft_wrap=True
    )
