"""``commonsky catalogue``: what it prints, how it exits, and what it says when a file is no good."""

import gzip
import io
import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonsky.cli import main
from commonsky.formats.catalogue import read_catalogue

GOOD = """ISS (ZARYA)
1 25544U 98067A   24219.50000000  .00016717  00000-0  30000-3 0  9994
2 25544  51.6400 100.0000 0001000  50.0000 310.0000 15.50000000100000
GEO BIRD
1 40001U 14033A   24220.50000000  .00000100  00000-0  00000+0 0  9991
2 40001   0.0500 100.0000 0001000  50.0000 310.0000  1.00270000 10007
"""


def with_right_checksums(text):
    def fixed(line):
        if line[:2] not in {"1 ", "2 "}:
            return line
        return line[:68] + str(sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10)

    return "\n".join(fixed(line) for line in text.split("\n"))


GOOD = with_right_checksums(GOOD)
BAD = GOOD.replace("15.50000000", "15.60000000")


@pytest.fixture
def catalogue_file(tmp_path):
    def write(content, name="catalogue.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_a_good_file_is_summed_up_and_exits_with_0(catalogue_file, capsys):
    assert main(["catalogue", catalogue_file(GOOD)]) == 0
    out = capsys.readouterr().out
    for words in (
        "3le",
        "objects",
        "2024-08-06T12:00:00.000000Z",
        "2024-08-07T12:00:00.000000Z",
        "LEO",
        "GEO",
    ):
        assert words in out


def test_the_json_document_has_the_promised_fields(catalogue_file, capsys):
    assert main(["catalogue", catalogue_file(gzip.compress(GOOD.encode())), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "3le"
    assert document["objects"] == document["element_sets"] == 2
    assert document["epoch_range"] == ["2024-08-06T12:00:00.000000Z", "2024-08-07T12:00:00.000000Z"]
    assert document["regimes"] == {"LEO": 1, "GEO": 1}
    assert document["rejected"] == []


def test_rejected_sets_are_listed_with_line_and_reason_and_exit_with_3(catalogue_file, capsys):
    assert main(["catalogue", catalogue_file(BAD), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["objects"] == 1
    assert [(one["line"], one["reason"].split(" ")[0]) for one in document["rejected"]] == [(3, "checksum")]
    assert main(["catalogue", catalogue_file(BAD)]) == 3
    assert "should be" in capsys.readouterr().out


def test_long_lists_of_rejected_sets_are_shown_in_full_when_asked_for(catalogue_file, capsys):
    path = catalogue_file(BAD * 12)
    main(["catalogue", path])
    short = capsys.readouterr().out
    main(["catalogue", path, "--rejected"])
    full = capsys.readouterr().out
    assert "all with --rejected" in " ".join(short.replace("│", " ").split())
    assert full.count("should be") == 12
    assert short.count("should be") < 12


def test_element_sets_can_be_written_as_csv_and_read_again(catalogue_file, tmp_path, capsys):
    table = tmp_path / "out.csv"
    assert main(["catalogue", catalogue_file(GOOD), "--csv", str(table)]) == 0
    assert main(["catalogue", str(table), "--json"]) == 0
    assert (
        read_catalogue(table.read_bytes(), source="a").element_sets
        == read_catalogue(GOOD.encode(), source="b").element_sets
    )


def test_standard_input_is_read_for_a_dash(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert main(["catalogue", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 2


def test_a_file_that_is_missing_is_named(tmp_path, capsys):
    assert main(["catalogue", str(tmp_path / "none.tle")]) == 2
    said = capsys.readouterr()
    assert "none.tle: no such file" in said.err
    assert "expected a file with TLE lines" in said.err
    assert said.out == ""


def test_a_folder_is_no_catalogue(tmp_path, capsys):
    assert main(["catalogue", str(tmp_path)]) == 2
    assert "is a directory" in capsys.readouterr().err


def test_a_file_that_may_not_be_read_is_named(catalogue_file, monkeypatch, capsys):
    path = catalogue_file(GOOD)

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert main(["catalogue", path]) == 2
    assert f"{path}: permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; expected TLE lines"),
        (b"\x7fELF\x00\x00\x01", "is not a catalogue; expected TLE lines"),
        (b"No GP data found", "is not a catalogue"),
        (b"\x1f\x8b\x08", "the gzip data break off"),
        (b"[]", "is an empty list"),
    ],
)
def test_a_file_that_is_no_catalogue_says_so_and_what_was_expected(content, said, catalogue_file, capsys):
    path = catalogue_file(content)
    assert main(["catalogue", path, "--json"]) == 2
    printed = capsys.readouterr()
    assert f"{path}: " in printed.err
    assert said in printed.err
    assert printed.out == ""


def test_a_table_that_cannot_be_written_is_named(catalogue_file, tmp_path, capsys):
    assert main(["catalogue", catalogue_file(GOOD), "--csv", str(tmp_path / "no" / "out.csv")]) == 1
    assert "out.csv: cannot be written" in capsys.readouterr().err


def test_a_file_without_one_good_set_lists_why(catalogue_file, capsys):
    lines = BAD.split("\n")
    assert main(["catalogue", catalogue_file("\n".join(lines[:3])), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["objects"], document["epoch_range"], len(document["rejected"])) == (0, None, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.binary(max_size=100), at=st.integers(0, len(GOOD)))
def test_no_file_makes_it_crash(catalogue_file, capsys, data, at):
    path = catalogue_file(GOOD[:at].encode() + data + GOOD[at + 3 :].encode())
    assert main(["catalogue", path, "--json"]) in {0, 2, 3}
    capsys.readouterr()
