"""One report, three forms that say the same; a fault is one line and an exit code."""

import json

import pytest

from commonsky.cli import COMMANDS, app, main
from commonsky.cli.render import Exit, Report, Table, cell, show

ROWS = [("a [b]", 1234, 0.5), ("c", None, 2.0)]
REPORT = Report("Title", {"count": 2, "what": None}, (Table("Things", ("name", "number", "share"), ROWS),))


def test_the_table_shows_every_cell_and_keeps_brackets(capsys):
    assert show(REPORT) is Exit.OK
    out = capsys.readouterr().out
    for text in ("Title", "count", "Things", "name", "a [b]", "1,234", "0.5"):
        assert text in out


def test_json_is_one_document_of_the_same_facts(capsys):
    show(REPORT, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"count": 2, "what": None}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (12345, "12,345"), (0.123456789, "0.123457"), ("x", "x")],
)
def test_a_cell_is_short_and_readable(value, text):
    assert cell(value) == text


def test_help_lists_every_command_with_its_line(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert {name for name in app if not name.startswith("-")} == set(COMMANDS)
    for name, line in COMMANDS.items():
        assert name in out
        assert line.split()[0] in out


@pytest.mark.parametrize("arguments", [["nonsense"], ["catalogue"], ["explain", "x"], ["link", "cut", "A"]])
def test_wrong_usage_is_one_clear_line_and_exit_code_2(arguments, capsys):
    assert main(arguments) == Exit.UNUSABLE
    err = capsys.readouterr().err
    assert err.startswith("commonsky: ")
    assert "Traceback" not in err
