"""``commonsky node``, ``explain`` and ``link`` as people and as programs read them: tables, JSON, exit codes."""

import json
import re
from pathlib import Path

import pytest

from commonsky.cli import main
from commonsky.node.config import NodeFolder, read_config, write_config
from small_coalition import found, small_rehearsal

EXPLAINED = {
    *("record", "kind", "originator", "reader", "released", "reason", "agreement", "clause"),
    *("decided", "ask again", "trace", "history"),
}


@pytest.fixture(scope="module")
def coalition(tmp_path_factory):
    """A coalition on disk, with a file of one member's radar taken in."""
    rehearsal = small_rehearsal()
    made = found(rehearsal.scenario, tmp_path_factory.mktemp("cli") / "coalition")
    file = next(one for one in rehearsal.files if one.member == "AUR")
    made.deliver(file)
    made.nodes["AUR"].store.note_time(file.at_tai_s)
    made.exchange()
    made.close()
    return made


@pytest.fixture
def run(capsys):
    def command(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def home(coalition, member):
    return coalition.founded.home(member)


def the_track(coalition, run):
    _, out, _ = run("node", "records", home(coalition, "AUR"), "--json")
    [track] = json.loads(out)
    return track


def test_records_as_json_and_as_a_table_say_the_same(coalition, run):
    track = the_track(coalition, run)
    assert set(track) == {"record", "object", "originator", "from", "agreement", "epoch"}
    assert (track["originator"], track["from"], track["agreement"]) == ("AUR", "own", None)
    code, table, err = run("node", "records", home(coalition, "AUR"))
    assert (code, err) == (0, "")
    assert "1 record of kind track" in table
    assert track["record"] in table
    assert track["object"] in table
    _, out, _ = run("node", "records", home(coalition, "BOR"), "--json")
    [theirs] = json.loads(out)
    assert (theirs["from"], theirs["agreement"]) == ("AUR", "AUR-PARTNERS@1")


@pytest.mark.parametrize("kind", ["track", "element_set", "sensor", "identity_claim", "observation"])
def test_every_kind_of_record_can_be_listed(coalition, run, kind):
    code, out, _ = run("node", "records", home(coalition, "AUR"), "--kind", kind, "--json")
    assert code == 0
    assert isinstance(json.loads(out), list)
    code, table, _ = run("node", "records", home(coalition, "AUR"), "--kind", kind)
    assert code == 0
    assert f"of kind {kind}" in table


def test_an_empty_list_is_said_in_words(coalition, run):
    code, table, _ = run("node", "records", home(coalition, "EST"))
    assert (code, table) == (0, "No records of kind track\n")
    assert run("node", "records", home(coalition, "EST"), "--json")[1] == "[]\n"


def test_explain_as_json_has_every_field_and_as_a_table_every_test(coalition, run):
    record = the_track(coalition, run)["record"]
    code, out, err = run("explain", record, "--to", "BOR", "--node", home(coalition, "AUR"), "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert set(said) == EXPLAINED
    assert (said["released"], said["agreement"], said["clause"]) == (True, "AUR-PARTNERS@1", "tracks")
    assert [one["released"] for one in said["history"]] == [True]
    code, table, _ = run("explain", record, "--to", "BOR", "-n", home(coalition, "AUR"))
    assert code == 0
    assert table.startswith(f"Released: {record} to BOR")
    shown = " ".join(table.replace("│", " ").split())
    assert said["reason"] in shown
    assert all(" ".join(line.split()) in shown for line in said["trace"])


def test_explaining_what_waits_says_when_to_ask_again(coalition, run):
    record = the_track(coalition, run)["record"]
    code, out, _ = run("explain", record, "--to", "DOR", "--node", home(coalition, "AUR"), "--json")
    said = json.loads(out)
    assert (code, said["released"]) == (0, False)
    assert said["ask again"] > said["decided"]


def test_explain_works_from_inside_the_folder(coalition, run, monkeypatch):
    record = the_track(coalition, run)["record"]
    monkeypatch.chdir(home(coalition, "AUR"))
    code, table, _ = run("explain", record, "--to", "EST")
    assert code == 0
    assert table.startswith(f"Withheld: {record} to EST")
    assert "no agreement covers EST" in table


def test_links_are_listed_cut_and_restored(coalition, run):
    folder = coalition.founded.folder
    code, out, _ = run("link", "list", "--coalition", folder, "--json")
    rows = json.loads(out)
    assert (code, len(rows)) == (0, 20)
    assert set(rows[0]) == {"node", "partner", "link", "envelopes held"}
    assert {row["link"] for row in rows} == {"up"}
    assert run("link", "cut", "AUR", "BOR", "-c", folder)[:2] == (0, "The link between AUR and BOR is cut.\n")
    _, out, _ = run("link", "list", "-c", folder, "--json")
    cut = {(row["node"], row["partner"]) for row in json.loads(out) if row["link"] == "cut"}
    assert cut == {("AUR", "BOR"), ("BOR", "AUR")}
    code, table, _ = run("link", "list", "-c", folder)
    assert code == 0
    assert table.count("cut") == 2
    assert run("link", "restore", "BOR", "AUR", "-c", folder)[0] == 0
    _, out, _ = run("link", "list", "-c", folder, "--json")
    assert {row["link"] for row in json.loads(out)} == {"up"}


def test_a_folder_without_nodes_is_named(run, tmp_path):
    code, out, err = run("link", "list", "--coalition", tmp_path)
    assert (code, out) == (2, "")
    assert str(tmp_path) in "".join(err.split())


def test_sharing_by_hand_says_how_much_went_out(coalition, run):
    code, table, err = run("node", "share", home(coalition, "AUR"))
    assert (code, table) == (0, "0 records released\n"), err


def test_a_node_is_founded_with_all_that_its_owner_needs_to_know(tmp_path, run):
    code, table, _ = run("node", "init", tmp_path / "new", "--member", "NEW", "--name", "Newland")
    assert code == 0
    assert "A node of Newland" in table
    for words in ("public key", "node.toml", "agreements", "incoming", "sensor files go to"):
        assert words in table
    assert (tmp_path / "new" / "node.key").stat().st_mode & 0o777 == 0o600
    partner = ("node", "partner", tmp_path / "new", "OLD", "--name", "Oldland")
    pinned = (*partner, "--key", "ab" * 32, "--url", "http://127.0.0.1:1")
    code, table, _ = run(*pinned)
    assert code == 0
    assert "NEW knows OLD now" in table
    code, _, err = run(*pinned)
    assert code == 2
    assert "names OLD already" in " ".join(err.split())


def test_a_new_configuration_takes_whatever_the_guide_adds_to_it(tmp_path, run):
    """What stands in the file already cannot be said again: TOML refuses it."""
    run("node", "init", tmp_path / "mine", "--member", "AUR", "--name", "Aurelia")
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(\[.*?)```", guide, re.DOTALL)
    examples = [one for one in examples if re.match(r"\[\[(sensors|estimation|assets)\]\]", one)]
    assert len(examples) == 3
    home = NodeFolder(tmp_path / "mine")
    home.config.write_text("\n".join([home.config.read_text(), *examples]))
    config = read_config(home.config)
    assert [len(each) for each in (config.sensors, config.estimation, config.assets)] == [1, 1, 1]
    assert config.screening.label.readers == {"BOR"}
    write_config(config, home.config)
    assert read_config(home.config) == config
