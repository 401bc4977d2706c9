"""A file that a command writes is whole, or as it was."""

import csv
import os
import threading

import pytest

from commonsky.cli.render import CommandError, Table
from commonsky.cli.written import write_table, written

TABLE = Table("Things", ("name", "number", "share"), [("a [b]", 1234, 0.5), ("c", None, 2.0)])
ROWS = [["name", "number", "share"], ["a [b]", "1234", "0.5"], ["c", "", "2.0"]]


def test_a_table_is_written_with_the_names_of_its_columns(tmp_path):
    write_table(TABLE, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        assert list(csv.reader(file)) == ROWS


def test_what_was_there_stays_until_all_is_written_and_nothing_else_remains(tmp_path):
    file = tmp_path / "out"
    file.write_text("old")
    file.chmod(0o640)
    with pytest.raises(ZeroDivisionError), written(file) as place:
        place.write_text(f"half {1 / 0}")
    assert file.read_text() == "old"
    with written(file) as place:
        place.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    with written(link) as place:
        place.write_text("new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    with written(pipe) as place:
        place.write_text("said")
    reader.join(60)
    assert heard == ["said"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with (
        pytest.raises(CommandError, match="out: cannot be written"),
        written(tmp_path / "no" / "out") as place,
    ):
        place.write_text("new")
    with pytest.raises(CommandError, match="cannot be written"), written(tmp_path) as place:
        place.write_text("new")
