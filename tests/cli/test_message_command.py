"""``commonsky message``: check, convert and show, with exit codes that scripts can trust."""

import gzip
import io
import json
import sys
from itertools import pairwise

import pytest

from commonsky.cli import main

OPM = """CCSDS_OPM_VERS = 2.0
COMMENT kept on the way
CREATION_DATE = 2024-08-08T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = SAT
OBJECT_ID = 2020-001A
CENTER_NAME = EARTH
REF_FRAME = GCRF
TIME_SYSTEM = UTC
EPOCH = 2024-08-08T00:00:00
X = 7000 [km]
Y = 0 [km]
Z = 0 [km]
X_DOT = 0 [km/s]
Y_DOT = 7.5 [km/s]
Z_DOT = 0 [km/s]
USER_DEFINED_NOTE = mine
"""
WRONG = OPM.replace("Y = 0 [km]", "Y = nought [km]")
GP = [
    {
        "OBJECT_NAME": "ISS (ZARYA)",
        "OBJECT_ID": "1998-067A",
        "EPOCH": "2024-08-06T12:00:00.000000",
        "MEAN_MOTION": 15.5,
        "ECCENTRICITY": 0.0001,
        "INCLINATION": 51.64,
        "RA_OF_ASC_NODE": 100,
        "ARG_OF_PERICENTER": 50,
        "MEAN_ANOMALY": 310,
        "EPHEMERIS_TYPE": 0,
        "CLASSIFICATION_TYPE": "U",
        "NORAD_CAT_ID": 25544,
        "ELEMENT_SET_NO": 999,
        "REV_AT_EPOCH": 10000,
        "BSTAR": 0.0003,
        "MEAN_MOTION_DOT": 0.00016717,
        "MEAN_MOTION_DDOT": 0,
        "PERIOD": 92.9,
    }
]


@pytest.fixture
def file(tmp_path):
    def write(content, name="message.opm"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def as_json(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_valid_message_exits_with_0(file, capsys):
    assert main(["message", "check", file(OPM)]) == 0
    assert "valid" in capsys.readouterr().out


def test_an_invalid_message_exits_with_3_and_names_line_and_keyword(file, capsys):
    assert main(["message", "check", file(WRONG), "--json"]) == 3
    said = as_json(capsys)
    assert (said["valid"], said["kind"], said["version"], said["form"]) == (False, "OPM", "2.0", "kvn")
    (finding,) = said["findings"]
    assert (finding["severity"], finding["line"], finding["keyword"]) == ("error", 12, "Y")
    assert finding["clause"].startswith("502.0-B-3")


def test_what_is_no_message_exits_with_2(file, capsys):
    assert main(["message", "check", file("hello"), "--json"]) == 2
    said = as_json(capsys)
    assert said["valid"] is False
    assert said["kind"] is None
    assert said["findings"][0]["line"] == 1
    assert main(["message", "check", "/nowhere/at.all"]) == 2
    assert main(["message", "check"]) == 2
    assert main(["message", "show", file("hello")]) == 2


def test_several_files_are_judged_each_and_the_gravest_exit_code_counts(file, capsys):
    good, bad = file(OPM, "good.opm"), file(WRONG, "bad.opm")
    assert main(["message", "check", good, bad, "--json"]) == 3
    said = as_json(capsys)
    assert said["valid"] is False
    assert [one["valid"] for one in said["files"]] == [True, False]
    assert main(["message", "check", good, bad, file("no", "no.opm")]) == 2
    assert "1 of 3 files are valid" in capsys.readouterr().out


def test_warnings_leave_a_message_valid(file, capsys):
    assert main(["message", "check", file(OPM.replace("X = 7000 [km]", "X = 7000000 [m]")), "--json"]) == 0
    said = as_json(capsys)
    assert [one["severity"] for one in said["findings"]] == ["warning"]


def test_a_message_goes_round_all_forms_and_comes_back_the_same(file, tmp_path):
    steps = [file(OPM), *(str(tmp_path / name) for name in ("a.xml", "b.json", "c.xml.gz", "d.kvn"))]
    for source, target in pairwise(steps):
        assert main(["message", "convert", source, target]) == 0
    back = (tmp_path / "d.kvn").read_text()
    assert [line for line in back.splitlines() if line] == OPM.splitlines()
    assert gzip.decompress((tmp_path / "c.xml.gz").read_bytes()).startswith(b"<?xml")


def test_a_wrong_message_is_converted_only_by_force(file, tmp_path, capsys):
    target = tmp_path / "out.xml"
    assert main(["message", "convert", file(WRONG), str(target)]) == 3
    assert not target.exists()
    err = capsys.readouterr().err
    assert "line 12, Y: 'nought' is not a number" in err
    assert "--force" in err
    assert main(["message", "convert", file(WRONG), str(target), "--force"]) == 3
    assert ">nought<" in target.read_text()


def test_standard_input_and_output_stand_for_files(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OPM.encode())))
    assert main(["message", "convert", "-", "-", "--to", "xml"]) == 0
    assert (
        '<opm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="CCSDS_OPM_VERS"'
        in capsys.readouterr().out
    )


def test_publishers_element_sets_become_messages_and_are_given_back_as_they_were(file, tmp_path, capsys):
    assert main(["message", "convert", file(json.dumps(GP), "gp.json"), str(tmp_path / "gp.xml")]) == 0
    text = (tmp_path / "gp.xml").read_text()
    assert "no CREATION_DATE and no ORIGINATOR" in text
    assert '<USER_DEFINED parameter="PERIOD">92.9</USER_DEFINED>' in text
    assert main(["message", "check", str(tmp_path / "gp.xml")]) == 0
    assert main(["message", "convert", str(tmp_path / "gp.xml"), str(tmp_path / "again.json")]) == 0
    (record,) = json.loads((tmp_path / "again.json").read_text())
    assert {key: float(record[key]) for key in ("MEAN_MOTION", "PERIOD")} == {
        "MEAN_MOTION": 15.5,
        "PERIOD": 92.9,
    }
    assert main(["message", "convert", str(tmp_path / "again.json"), str(tmp_path / "gp.csv")]) == 0
    capsys.readouterr()
    assert main(["catalogue", str(tmp_path / "gp.csv"), "--json"]) == 0
    assert as_json(capsys)["objects"] == 1


def test_csv_is_only_for_what_publishers_have_in_csv(file, tmp_path, capsys):
    assert main(["message", "convert", file(OPM), str(tmp_path / "opm.csv")]) == 2
    assert "CSV is for OMM and CDM only" in capsys.readouterr().err


def test_a_form_can_be_insisted_on(file, capsys):
    assert main(["message", "show", file(OPM), "--from", "xml"]) == 2
    assert "is not xml but looks like kvn" in capsys.readouterr().err


def test_show_says_what_is_in_a_message(file, capsys):
    assert main(["message", "show", file(OPM), "--json"]) == 0
    said = as_json(capsys)
    assert (said["kind"], said["originator"], said["errors"]) == ("OPM", "TEST", 0)
    (segment,) = said["segments"]
    assert (segment["object"], segment["frame"], segment["from"]) == ("SAT", "GCRF", "2024-08-08T00:00:00")
    assert main(["message", "show", file(OPM)]) == 0
    assert "stateVector" in capsys.readouterr().out


def test_broken_gzip_is_said(file, capsys):
    whole = gzip.compress(OPM.encode())
    assert main(["message", "check", file(whole[:-20], "cut.opm.gz"), "--json"]) == 2
    assert as_json(capsys)["valid"] is False
