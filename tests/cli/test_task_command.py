"""``commonsky task``: plans on files, their check, their change and their reasons; and what it says of bad files."""

import json

import numpy as np
import pytest

from commonsky.astro.time import tai_s_from_utc
from commonsky.cli import main
from commonsky.exercise.population import synthetic_catalogue
from commonsky.formats.omm_csv import write_omm_csv
from planning_terms import TERMS


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    objects = synthetic_catalogue(np.random.default_rng(1), 100, tai_s_from_utc("2026-11-01T00:00:00Z"))
    written = write_omm_csv(objects)
    (folder / "sky.csv").write_bytes(written if isinstance(written, bytes) else written.encode())
    (folder / "terms.toml").write_text(TERMS)
    assert main(["task", "plan", *map(str, folder.iterdir()), "--out", str(folder / "plan.json")]) == 0
    return folder


def test_a_plan_is_written_checked_changed_and_explained(files, capsys):
    plan = json.loads((files / "plan.json").read_text())
    assert plan["value_points"] == plan["bound_points"]
    assert plan["tasks"][0]["at_utc"].startswith("2026-11-03T0")
    assert main(["task", "check", str(files / "plan.json")]) == 0
    assert "keeps every rule" in capsys.readouterr().out
    again = [str(files / "plan.json"), "--without", "R2", "--at", "2026-11-03T02:00:00Z", "--json"]
    assert main(["task", "replan", *again, "--out", str(files / "again.json")]) == 0
    new = json.loads(capsys.readouterr().out)
    assert not [task for task in new["tasks"] if task["sensor"] == "R2" and task["slot"] >= 12]
    assert main(["task", "check", str(files / "again.json")]) == 0
    unserved = set(range(200001, 200101)) - {task["norad_cat_id"] for task in plan["tasks"]}
    assert main(["task", "why", str(files / "plan.json"), str(min(unserved))]) == 0
    assert "reason" in capsys.readouterr().out


def test_a_plan_that_was_tampered_with_is_found_out(files, capsys):
    plan = json.loads((files / "plan.json").read_text())
    plan["tasks"][0]["sensor"] = "R9"
    (files / "forged.json").write_text(json.dumps(plan))
    assert main(["task", "check", str(files / "forged.json"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["sensor"] == 1


def test_files_that_have_changed_are_not_checked_against(files, tmp_path, capsys):
    for name in ("sky.csv", "plan.json"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    (tmp_path / "terms.toml").write_text(TERMS + "\n# another word\n")
    assert main(["task", "check", str(tmp_path / "plan.json")]) == 2
    assert "plan again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('reason = "not observed by us"', 'reasn = "typo"', ["line 6", "caveat 1, reasn", "not known"]),
        ("share = 0.5", "share = 5.0", ["quota 1", "from 0 to 1"]),
        ("[plan]", "[plans]", ["line 2", "plans"]),
        ('from_utc = "2026-11-03T00:00:00Z"', 'from_utc = "soon"', ["plan, from_utc"]),
        ('owner = "DOR"\nfor_members', 'owner = "DOP"\nfor_members', ["DOP offers no sensor"]),
        ('sensor = "R1"', 'sensor = "R7"', ["no sensor R7"]),
    ],
)
def test_terms_that_are_wrong_are_refused_with_line_and_field(files, tmp_path, capsys, old, new, said):
    assert old in TERMS
    (tmp_path / "terms.toml").write_text(TERMS.replace(old, new, 1))
    assert main(["task", "plan", str(tmp_path / "terms.toml"), str(files / "sky.csv")]) == 2
    heard = capsys.readouterr().err
    assert [word for word in said if word not in heard] == []


def test_a_bad_request_is_left_out_and_told(files, tmp_path, capsys):
    weapon = '\n[[request]]\nid = "x"\nmember = "CAL"\nkind = "jam"\njustification = "none"\n'
    (tmp_path / "terms.toml").write_text(TERMS + weapon)
    assert main(["task", "plan", str(tmp_path / "terms.toml"), str(files / "sky.csv")]) == 3
    out = capsys.readouterr().out
    assert "Left out (1)" in out
    assert "jam" in out
