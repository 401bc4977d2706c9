"""Truncated, empty, binary, misdated, doubled and hostile files: said by name, and never in the way of good ones."""

import gzip
import itertools
import json
import os
from pathlib import Path

import pytest
from pair import GIVER, PER_FILE, SENSOR, Pair, eventually, message, serving

from commonsky.cli import main

GOOD = message(1)
SITES = f'[[sensor]]\nid = "{SENSOR}"\nlatitude_deg = 60.0\nlongitude_deg = 10.0\nheight_m = 0.0\n'
DOUBLING = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {later} "&{name};&{name};">'
    for name, later in itertools.pairwise("abcdefghijklmnopqrstuvwxyz")
)
UNUSABLE = {
    "empty.tdm": b"",
    "binary.tdm": bytes(range(256)) * 20,
    "zeros.tdm": bytes(3_000),
    "unit.tdm": GOOD.replace("RANGE_UNITS = km", "RANGE_UNITS = furlong").encode(),
    "utf16.tdm": GOOD.encode("utf-16"),
    "entities.xml": f'<?xml version="1.0"?><!DOCTYPE tdm [{DOUBLING}]><tdm version="2.0">&z;</tdm>'.encode(),
    "foreign.xml": b'<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/hostname">]><tdm>&a;</tdm>',
    "deep.xml": b"<tdm>" + b"<a>" * 50_000,
    "deep.json": b"[" * 200_000,
    "bomb.gz": gzip.compress(bytes(50_000_000), 1),
    "broken.gz": gzip.compress(GOOD.encode())[:40],
}
PARTLY = {
    "cut.tdm": (GOOD[: len(GOOD) * 2 // 3].encode(), PER_FILE - 30),
    "latin.tdm": (GOOD.encode() + b"\xe9\xff", PER_FILE),
    "nan.tdm": (GOOD.replace("1001.000", "nan").encode(), PER_FILE - 1),
    "huge.tdm": (GOOD.replace("1001.000", "1e300").encode(), PER_FILE - 1),
    "digits.tdm": (GOOD.replace("1001.000", "1" * 300_000).encode(), PER_FILE - 1),
}
NOTHING_OF_OURS = {
    "future.tdm": (message(2, began_tai_s=2.5e9), "lies in the future"),
    "stranger.tdm": (message(3, sensor="ELSE"), "which is no sensor of NOR"),
    "escape.tdm": (message(4, sensor="A\x1b[31mB"), r"A\x1b[31mB, which is no sensor"),
    "year.tdm": (GOOD.replace("2026-", "99999-").replace("2027-", "99999-"), "line 14"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("bad")).home(GIVER).path


@pytest.fixture
def written(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        (tmp_path / "sites.toml").write_text(SITES)
        return tmp_path / name

    return write


def said_plainly(capsys, file):
    """One line on stderr that names the file and hides no fault of ours behind it."""
    said = capsys.readouterr()
    line = " ".join(said.err.split())
    assert file.name in line
    assert "fault of commonsky" not in line
    assert said.out == ""
    assert len(line) < 400
    return line


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("command", ["ingest", "catalogue", "fit"])
def test_a_file_that_cannot_be_read_at_all_is_named_with_exit_code_2(home, written, capsys, name, command):
    file = written(name, UNUSABLE[name])
    words = {
        "ingest": ["node", "ingest", str(home), str(file)],
        "catalogue": ["catalogue", str(file)],
        "fit": ["fit", str(file), "--sites", str(file.with_name("sites.toml"))],
    }[command]
    code = main(words)
    said_plainly(capsys, file)
    assert code == 2


@pytest.mark.parametrize("name", PARTLY)
def test_what_is_good_in_a_file_is_kept_and_the_rest_told(tmp_path, written, capsys, name):
    data, least = PARTLY[name]
    home = Pair(tmp_path / "pair").home(GIVER).path
    assert main(["node", "ingest", str(home), str(written(name, data)), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    [row] = said["files"]
    assert row["new records"] >= least
    assert said["rejected"]
    assert all(one["file"].endswith(name) and len(one["reason"]) < 500 for one in said["rejected"])


@pytest.mark.parametrize("name", NOTHING_OF_OURS)
def test_observations_that_cannot_be_ours_are_rejected_with_the_reason(
    home, written, capsys, monkeypatch, name
):
    text, words = NOTHING_OF_OURS[name]
    monkeypatch.chdir(written(name, text).parent)
    assert main(["node", "ingest", str(home), name]) == 3
    said = capsys.readouterr().out
    assert words in " ".join(said.split())
    assert "\x1b" not in said


def test_the_same_file_again_is_known(home, written, capsys):
    file = written("twice.tdm", message(7))
    for new in (PER_FILE, 0):
        assert main(["node", "ingest", str(home), str(file), "--json"]) == 0
        [row] = json.loads(capsys.readouterr().out)["files"]
        assert (row["new records"], row["known before"]) == (new, PER_FILE - new)


def test_a_bad_file_among_good_ones_stops_none_of_them(home, written, capsys):
    files = [written("a.tdm", message(8)), written("b.tdm", b"\0junk"), written("c.tdm", message(9))]
    missing = files[0].with_name("missing.tdm")
    assert (
        main(["node", "ingest", str(home), *map(str, [files[0], files[1], missing, files[2]]), "--json"]) == 3
    )
    said = json.loads(capsys.readouterr().out)
    assert [row["new records"] for row in said["files"]] == [PER_FILE, PER_FILE]
    reasons = {Path(one["file"]).name: one["reason"] for one in said["rejected"]}
    assert "is no tracking data message" in reasons["b.tdm"]
    assert "no such file" in reasons["missing.tdm"]


def test_a_file_name_that_is_no_text_is_shown_as_far_as_it_can_be(home, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = os.fsdecode(b"odd\xff\x1b[31m.tdm")
    Path(file).write_text(message(10))
    assert main(["node", "ingest", str(home), file]) == 0
    assert r"odd\udcff\x1b[31m.tdm" in capsys.readouterr().out


def test_no_file_and_no_name_are_usage_errors(home, tmp_path, capsys):
    assert main(["node", "ingest", str(home)]) == 2
    assert "name the files" in capsys.readouterr().err
    assert main(["node", "ingest", str(home), str(tmp_path)]) == 2
    assert tmp_path.name in capsys.readouterr().err


@pytest.fixture(scope="module")
def dropped(tmp_path_factory):
    """All of it dropped into the folder of a node that serves, and good files before, between and after."""
    pair = Pair(tmp_path_factory.mktemp("dropped"))
    bad = UNUSABLE | {name: data for name, (data, _) in PARTLY.items()}
    bad |= {name: text.encode() for name, (text, _) in NOTHING_OF_OURS.items()}
    with serving(pair, GIVER):
        pair.drop("a-good.tdm", message(20))
        for name, data in bad.items():
            pair.drop(name, data)
        pair.drop("m-good.tdm", message(21))
        pair.drop("z-good.tdm", message(22))
        pair.drop(os.fsdecode(b"odd\xff\n\x1b.tdm"), message(23))
        pair.drop("n" * 245 + ".tdm", b"junk with a long name")
        (pair.home(GIVER).incoming / "a-folder").mkdir()
        (pair.home(GIVER).incoming / "growing.tdm.part").write_text("not complete yet")
        waiting = pair.home(GIVER).incoming
        eventually(lambda: {f.name for f in waiting.iterdir()} == {"a-folder", "growing.tdm.part"})
        pair.drop("a-good.tdm", message(24))
        eventually(lambda: not (waiting / "a-good.tdm").exists())
    return pair


def test_dropped_files_are_moved_to_where_they_belong(dropped):
    ingested = set(dropped.moved("ingested"))
    assert {"m-good.tdm", "z-good.tdm", os.fsdecode(b"odd\xff\n\x1b.tdm")} <= ingested
    assert set(PARTLY) | set(NOTHING_OF_OURS) <= ingested
    rejected = set(dropped.moved("rejected"))
    assert set(UNUSABLE) | {f"{name}.reason" for name in UNUSABLE} <= rejected
    assert "n" * 245 + ".tdm" in rejected


def test_each_reason_names_the_file(dropped):
    for name in UNUSABLE:
        reason = (dropped.home(GIVER).path / "rejected" / f"{name}.reason").read_text()
        assert reason.startswith(f"{name}: ")
        assert "Error" not in reason


def test_good_files_among_them_are_all_in_the_store(dropped):
    with dropped.store(GIVER) as store:
        held = {entry.object for entry in store.observations()}
    assert {f"T-{n}" for n in (20, 21, 22, 23, 24)} <= held


def test_two_files_of_one_name_are_both_kept(dropped):
    folder = dropped.home(GIVER).path / "ingested"
    assert "T-20" in (folder / "a-good.tdm").read_text()
    assert "T-24" in (folder / "a-good~1.tdm").read_text()


def test_every_rejection_is_kept_with_its_own_reason(dropped):
    with dropped.store(GIVER) as store:
        kept = [one for one in store.quarantined(1_000) if one.source == "cut.tdm"]
        future = [one for one in store.quarantined(1_000) if one.source == "future.tdm"]
    assert len({one.reason for one in kept}) == len(kept) > 0
    assert [f"{PER_FILE} observations of {SENSOR}" in one.reason for one in future] == [True]


def test_the_process_said_nothing_of_it_on_stderr(dropped):
    said = (dropped.folder / f"{GIVER}.log").read_text()
    assert "Traceback" not in said
    assert "cannot" not in said
