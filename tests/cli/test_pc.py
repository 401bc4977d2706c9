"""`commonsky pc` as a user meets it."""

import gzip
import io
import json

import pytest

from commonsky.cli import main

OBJECT = """OBJECT = OBJECT{n}
OBJECT_DESIGNATOR = {designator}
CATALOG_NAME = SATCAT
OBJECT_NAME = {name}
INTERNATIONAL_DESIGNATOR = 2001-001A
EPHEMERIS_NAME = NONE
COVARIANCE_METHOD = CALCULATED
MANEUVERABLE = NO
REF_FRAME = EME2000
X = {x} [km]
Y = {y} [km]
Z = 0.01 [km]
X_DOT = 0.0 [km/s]
Y_DOT = {dy} [km/s]
Z_DOT = {dz} [km/s]
"""
NAMES = ["R", "T", "N", "RDOT", "TDOT", "NDOT"]


def covariance(values):
    lines = []
    for i, row in enumerate(NAMES):
        for column in NAMES[: i + 1]:
            unit = ["m**2", "m**2/s", "m**2/s**2"][(len(row) > 1) + (len(column) > 1)]
            lines.append(f"C{row}_{column} = {values.get((row, column), 0.0)} [{unit}]")
    return "\n".join(lines) + "\n"


ROUND = {("R", "R"): 400.0, ("T", "T"): 900.0, ("N", "N"): 400.0} | {(d, d): 1e-4 for d in NAMES[3:]}
BROKEN = ROUND | {("T", "R"): 700.0}


def message(*, comment="COMMENT HBR = 12.5\n", first=ROUND, second=ROUND, x_2="7000.05"):
    head = (
        "CCSDS_CDM_VERS = 1.0\nCREATION_DATE = 2026-03-01T00:00:00.000\nORIGINATOR = TEST\nMESSAGE_ID = T1\n"
        f"TCA = 2026-03-02T12:00:00.000\nMISS_DISTANCE = 50 [m]\n{comment}"
    )
    one = OBJECT.format(n=1, designator="11111", name="ALPHA", x="7000.0", y="0.0", dy="7.5", dz="0.0")
    two = OBJECT.format(n=2, designator="22222", name="BETA", x=x_2, y="0.0", dy="0.0", dz="7.5")
    return head + one + covariance(first) + two + covariance(second)


@pytest.fixture
def file(tmp_path):
    def written(text, name="event.cdm"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return written


def document(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_short_straight_encounter_is_judged_by_2d_with_the_radius_of_the_message(file, capsys):
    assert main(["pc", file(message()), "--json"]) == 0
    said = document(capsys)
    assert said["recommended"]["method"] == "2D Foster"
    assert said["hbr"] == {"radius_m": 12.5, "source": "message (COMMENT HBR = 12.5)"}
    assert {"2D Foster", "2D Elrod", "2D Chan", "2D-Nc", "3D-Nc"} <= {
        one["method"] for one in said["methods"]
    }
    assert said["reasons"]
    assert 0.0 < said["recommended"]["probability"] < 1.0


def test_a_given_radius_replaces_the_message_and_says_so(file, capsys):
    assert main(["pc", file(message()), "--hbr", "0.02km", "--json"]) == 0
    assert document(capsys)["hbr"] == {"radius_m": 20.0, "source": "given"}


def test_a_table_gives_the_radius_where_the_message_has_none(file, capsys):
    table = file("ObjectID,HBR,HBRSigma\n11111,3,0\n22222,1,3\n", "table.csv")
    assert main(["pc", file(message(comment="")), "--hbr-table", table, "--json"]) == 0
    said = document(capsys)["hbr"]
    assert said["radius_m"] == pytest.approx(5.0)
    assert said["source"].startswith("table")


def test_without_any_radius_the_default_is_named(file, capsys):
    assert main(["pc", file(message(comment="")), "--json"]) == 0
    assert document(capsys)["hbr"]["source"].startswith("default")


def test_a_repaired_covariance_ends_in_exit_code_3(file, capsys):
    assert main(["pc", file(message(first=BROKEN)), "--json", "--no-monte-carlo"]) == 3
    assert "not positive definite" in document(capsys)["repairs"][0]


def test_a_covariance_of_zeros_gives_a_maximum_and_exit_code_3(file, capsys):
    assert main(["pc", file(message(second={})), "--json"]) == 3
    said = document(capsys)
    assert said["is_bound"]
    assert said["recommended"]["method"] == "maximum, one covariance unknown"


def test_a_miss_distance_that_the_states_contradict_is_told(file, capsys):
    assert main(["pc", file(message(x_2="7001.0")), "--json"]) == 0
    assert "MISS_DISTANCE says 50 m" in document(capsys)["notes"][-1]


def test_people_read_the_answer_in_the_first_line(file, capsys):
    assert main(["pc", file(message())]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert "by 2D Foster: ALPHA (11111) and BETA (22222)" in first


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_plot_has_the_same_bytes_each_time(file, tmp_path, ending, capsys):
    target = tmp_path / f"plot.{ending}"
    made = []
    for _ in range(2):
        assert main(["pc", file(message()), "--plot", str(target)]) == 0
        made.append(target.read_bytes())
    assert made[0] == made[1]
    assert len(made[0]) > 5000


def test_good_files_are_judged_beside_one_that_is_none(file, capsys):
    good, bad = file(message()), file("no message at all\n", "bad.cdm")
    assert main(["pc", good, bad, good, "--json"]) == 3
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["events"]) == 2
    assert "bad.cdm" in captured.err


def test_a_message_may_be_compressed_and_come_by_standard_input(file, capsys, tmp_path, monkeypatch):
    packed = gzip.compress(message().encode(), mtime=0)
    (tmp_path / "event.cdm.gz").write_bytes(packed)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(packed)))
    assert main(["pc", file(message()), str(tmp_path / "event.cdm.gz"), "-", "--json"]) == 0
    answers = {one["recommended"]["probability"] for one in document(capsys)["events"]}
    assert len(answers) == 1
    (tmp_path / "broken.cdm.gz").write_bytes(packed[:-50])
    assert main(["pc", str(tmp_path / "broken.cdm.gz")]) in {2, 3}
    assert "broken.cdm.gz" in capsys.readouterr().err


def test_a_message_of_another_kind_is_named(file, capsys):
    other = file(
        "CCSDS_OEM_VERS = 2.0\nCREATION_DATE = 2026-03-01T00:00:00\nORIGINATOR = TEST\n", "orbit.oem"
    )
    assert main(["pc", other]) == 2
    assert "orbit.oem: is an OEM, not a conjunction message (CDM)" in capsys.readouterr().err


def test_a_table_that_is_not_there_is_unusable_input(file, capsys):
    assert main(["pc", file(message()), "--hbr-table", "no-such-table.csv"]) == 2
    assert "no-such-table.csv: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0m", "-5", "20 feet", "nan", "1e400"])
def test_a_length_that_is_none_is_refused(file, wrong, capsys):
    assert main(["pc", file(message()), f"--hbr={wrong}"]) == 2
    assert "--hbr" in capsys.readouterr().err


def test_rows_of_a_table_that_give_no_radius_are_left_out_by_their_line(file, tmp_path, capsys):
    table = tmp_path / "radii.csv"
    table.write_text("HBR,ObjectID\n3\nnan,11111\n-1,22222\nfar,22222\n")
    assert main(["pc", file(message(comment="")), "--hbr-table", str(table), "--json"]) == 0
    said = capsys.readouterr()
    assert [f"line {n}" in said.err for n in range(2, 6)] == [True] * 4
    assert json.loads(said.out)["hbr"]["source"].startswith("default")
