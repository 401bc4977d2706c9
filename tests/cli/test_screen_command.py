"""``commonsky screen``: what it prints and writes, how it exits, and what it says when it cannot."""

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "safety"))

import hard_orbits

from commonsky.astro.time import tai_s_from_utc
from commonsky.cli import main
from commonsky.formats.ccsds.cdm import read_cdm

START = "2024-08-09T00:00:00"


@pytest.fixture(scope="module")
def lines():
    generator = np.random.default_rng(9)
    crowd = hard_orbits.crowd(generator, 60)
    return [*crowd, *hard_orbits.near_copies(generator, crowd, 8)[8:]]


@pytest.fixture
def catalogue(lines, tmp_path):
    return written(tmp_path / "catalogue.tle", lines)


def written(file, lines):
    file.write_text("".join(f"{one}\n{two}\n" for one, two in lines))
    return file


def screened(capsys, *words):
    code = main(["screen", *map(str, words)])
    heard = capsys.readouterr()
    return code, heard.out, heard.err


def as_json(capsys, *words, code=0):
    got, out, err = screened(capsys, *words, "--json")
    assert got == code, err
    return json.loads(out)


ASKED = ("--start", START, "--days", "0.1", "--within", "60km")


def test_csv_json_and_table_tell_of_the_same_events(capsys, catalogue, tmp_path):
    file = tmp_path / "events.csv"
    document = as_json(capsys, catalogue, *ASKED, "--csv", file)
    with file.open() as text:
        table = list(csv.DictReader(text))
    assert (
        file.read_text().splitlines()[0]
        == "object_1,object_2,tca_utc,miss_distance_m,relative_speed_m_s,kind"
    )
    events = sorted(document["approaches"] + document["co_moving"], key=lambda one: one["tca_utc"])
    assert [(row["object_1"], row["object_2"], row["tca_utc"], row["kind"]) for row in table] == [
        (one["object_1"], one["object_2"], one["tca_utc"], one["kind"]) for one in events
    ]
    assert {one["kind"] for one in events} == {"approach", "co-moving"}
    for one in events:
        assert np.linalg.norm(one["relative_position_rtn_m"]) == pytest.approx(
            one["miss_distance_m"], abs=1e-3
        )
    code, out, _ = screened(capsys, catalogue, *ASKED)
    assert code == 0
    assert f"close approaches                 {len(document['approaches'])}" in out


def test_one_object_and_a_list_are_screened_against_all(capsys, catalogue, lines, tmp_path):
    every = as_json(capsys, catalogue, *ASKED)
    pairs = {(one["object_1"], one["object_2"]) for one in every["approaches"]}
    wanted = next(iter(sorted(pairs)))[0]
    one = as_json(capsys, catalogue, *ASKED, "--object", wanted)
    assert {frozenset((each["object_1"], each["object_2"])) for each in one["approaches"]} == {
        frozenset(pair) for pair in pairs if wanted in pair
    }
    assert {each["object_1"] for each in one["approaches"]} == {wanted}
    others = written(tmp_path / "others.tle", lines[30:])
    some = written(tmp_path / "some.tle", lines[:30])
    found = as_json(capsys, some, *ASKED, "--against", others)
    first, second = ({two[2:7] for _, two in part} for part in (lines[:30], lines[30:]))
    assert {frozenset((each["object_1"], each["object_2"])) for each in found["approaches"]} == {
        frozenset(pair) for pair in pairs if len(first & {*pair}) == len(second & {*pair}) == 1
    }


def test_an_ephemeris_replaces_the_element_set_and_meets_the_same_objects(capsys, catalogue, lines, tmp_path):
    number = as_json(capsys, catalogue, *ASKED)["approaches"][0]["object_1"]
    alone = as_json(capsys, catalogue, *ASKED, "--object", number)
    file = tmp_path / "operator.oem"
    file.write_text(oem(next(pair for pair in lines if pair[1][2:7] == number), number, hours=3.0))
    for word in (str(file), f"{number}={file}"):
        own = as_json(capsys, catalogue, *ASKED, "--object", number, "--ephemeris", word)
        assert own["by_ephemeris"] == [number]
        assert [one["object_2"] for one in own["approaches"]] == [
            one["object_2"] for one in alone["approaches"]
        ]
        for ours, theirs in zip(own["approaches"], alone["approaches"], strict=True):
            assert ours["miss_distance_m"] == pytest.approx(theirs["miss_distance_m"], abs=5.0)
    assert alone["approaches"]


def oem(lines, number, hours):
    """States of sgp4 in an ephemeris message, once a minute."""
    from sgp4.api import Satrec, jday

    satellite = Satrec.twoline2rv(*lines)
    rows = []
    for minute in range(int(hours * 60) + 1):
        _, position, velocity = satellite.sgp4(*jday(2024, 8, 9, 0, minute, 0.0))
        rows.append(
            f"2024-08-09T{minute // 60:02d}:{minute % 60:02d}:00 " + " ".join(map(repr, position + velocity))
        )
    return "\n".join(
        [
            "CCSDS_OEM_VERS = 2.0",
            "CREATION_DATE = 2024-08-08T00:00:00",
            "ORIGINATOR = TEST",
            "META_START",
            "OBJECT_NAME = OPERATED",
            f"OBJECT_ID = {number}",
            "CENTER_NAME = EARTH",
            "REF_FRAME = TEME",
            "TIME_SYSTEM = UTC",
            "START_TIME = 2024-08-09T00:00:00",
            f"STOP_TIME = 2024-08-09T{int(hours):02d}:00:00",
            "INTERPOLATION = HERMITE",
            "INTERPOLATION_DEGREE = 7",
            "META_STOP",
            *rows,
            "",
        ]
    )


def test_messages_are_written_that_can_be_read_again(capsys, catalogue, tmp_path):
    folder = tmp_path / "messages"
    document = as_json(capsys, catalogue, *ASKED, "--cdm", folder)
    files = sorted(folder.iterdir())
    assert len(files) == len(document["approaches"])
    [message] = read_cdm(files[0].read_bytes(), source=files[0].name).messages
    event = next(
        one
        for one in document["approaches"]
        if [one["object_1"], one["object_2"]] == [message.object_1.designator, message.object_2.designator]
        and abs(tai_s_from_utc(one["tca_utc"]) - message.tca_tai_s) < 1e-3
    )
    assert message.miss_distance_m == pytest.approx(event["miss_distance_m"])
    assert message.object_1.covariance_rtn is None
    apart = np.subtract(message.object_2.position_m, message.object_1.position_m)
    assert np.linalg.norm(apart) == pytest.approx(event["miss_distance_m"], abs=1e-2)


def test_what_cannot_be_screened_is_listed_with_the_reason(capsys, lines, tmp_path):
    old = lines[0][0].replace("24222.", "22222."), lines[0][1]
    text = "\n".join(line for pair in [*lines[1:20], (checked(old[0]), old[1])] for line in pair)
    file = tmp_path / "catalogue.tle"
    file.write_text(text + "\n1 broken line that is longer than a name of an object would be ever\n")
    document = as_json(capsys, file, *ASKED, code=3)
    [one] = document["not_screened"]
    assert (one["object"], "too old" in one["reason"]) == ("84000", True)
    assert len(document["rejected"]) == 1
    code, out, _ = screened(capsys, file, *ASKED)
    assert code == 3
    assert "too old" in out


def test_an_asked_for_object_that_cannot_be_screened_shows_in_the_exit_code(capsys, lines, tmp_path):
    old = checked(lines[0][0].replace("24222.", "22222.")), lines[0][1]
    file = tmp_path / "catalogue.tle"
    file.write_text("\n".join(line for pair in [*lines[1:20], old] for line in pair))
    assert as_json(capsys, file, *ASKED, code=0)["not_screened"]
    assert as_json(capsys, file, *ASKED, "--object", "84000", code=3)["not_screened"]


def test_a_catalogue_of_which_nothing_can_be_screened_shows_in_the_exit_code(capsys, catalogue):
    document = as_json(capsys, catalogue, "--start", "2034-08-09", "--days", "0.01", code=3)
    assert len(document["not_screened"]) == document["objects"]
    assert document["start_utc"] == "2034-08-09T00:00:00.000000Z"


def test_an_object_can_be_asked_for_by_its_designator(capsys, lines, tmp_path):
    named = checked(f"{lines[0][0][:9]}98067A  {lines[0][0][17:]}"), lines[0][1]
    file = tmp_path / "catalogue.tle"
    file.write_text("\n".join(line for pair in [named, *lines[1:]] for line in pair))
    by_number, by_designator = (
        as_json(capsys, file, *ASKED, "--object", name) for name in ("84000", "1998-067a")
    )
    assert by_number["approaches"] == by_designator["approaches"] != []


def test_an_ephemeris_that_breaks_off_is_told(capsys, lines, tmp_path):
    file = tmp_path / "operator.oem.gz"
    file.write_bytes(gzip.compress(oem(lines[0], 84000, 3).encode(), mtime=0)[:-400])
    document = as_json(capsys, file, "--start", START, "--days", "0.01", code=3)
    assert "break off" in document["rejected"][-1]["reason"]


def checked(line):
    from commonsky.formats.tle import checksum

    return f"{line[:68]}{checksum(line.encode())}"


def test_a_run_is_taken_up_at_its_own_start(capsys, catalogue, tmp_path):
    first = as_json(capsys, catalogue, *ASKED, "--resume", tmp_path / "kept")
    again = as_json(capsys, catalogue, *ASKED[2:], "--resume", tmp_path / "kept")
    assert again["start_utc"] == first["start_utc"]
    assert again["partitions"]["kept"] == again["partitions"]["all"]
    assert again["approaches"] == first["approaches"]


def test_without_a_start_the_span_begins_when_the_catalogue_is_new(capsys, catalogue):
    assert as_json(capsys, catalogue, "--days", "0.01")["start_utc"] == f"{START}.000000Z"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--days", "-1"], "--days"),
        (["--days", "nan"], "--days"),
        (["--within", "5"], "unit"),
        (["--within", "0km"], "--within"),
        (["--box", "1km,2km"], "--box"),
        (["--start", "soon"], "--start"),
        (["--object", "999999"], "999999"),
        (["--workers", "0"], "--workers"),
        (["--max-age", "0"], "--max-age"),
        (["--ephemeris", "nosuch.oem"], "nosuch.oem"),
        (["--against", "nosuch.tle"], "nosuch.tle"),
        (["--csv", "nosuch/events.csv"], "nosuch"),
        (["--object", "84000", "--against", "x.tle"], "exclude"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, catalogue, words, said):
    code, out, err = screened(capsys, catalogue, *words)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x00\x01\x02", b"CCSDS_OEM_VERS = 2.0\n"])
def test_a_file_that_is_no_catalogue_is_said_to_be_none(capsys, tmp_path, content):
    file = tmp_path / "catalogue.tle"
    file.write_bytes(content)
    code, out, err = screened(capsys, file)
    assert (code, out) == (2, "")
    assert "catalogue.tle" in err


def test_one_object_alone_meets_nobody(capsys, lines, tmp_path):
    document = as_json(capsys, written(tmp_path / "one.tle", lines[:1]), "--days", "0.1")
    assert (document["approaches"], document["co_moving"], document["objects"]) == ([], [], 1)
