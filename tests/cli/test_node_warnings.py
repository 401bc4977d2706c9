"""``commonsky node screen`` and ``commonsky node warnings``, from a folder."""

import json

import pytest
from msgspec.structs import replace

from commonsky.cli import main
from commonsky.domain import Component, ConjunctionWarning, WarnedObject
from commonsky.node.config import Asset, NodeFolder, read_config, write_config
from commonsky.node.intake import own_record
from commonsky.node.start import open_node


@pytest.fixture
def folder(tmp_path, capsys):
    home = tmp_path / "node"
    assert main(["node", "init", str(home), "--member", "AUR", "--name", "Aurelia"]) == 0
    capsys.readouterr()
    return home


def run(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_a_node_without_assets_says_what_to_configure(folder, capsys):
    code, said = run(capsys, "node", "screen", folder)
    assert code == 2
    assert "[[assets]]" in str(said)


def test_an_asset_without_an_orbit_is_told_and_ends_with_its_own_code(folder, capsys):
    home = NodeFolder(folder)
    write_config(replace(read_config(home.config), assets=(Asset(designator="25544"),)), home.config)
    code, said = run(capsys, "node", "screen", folder)
    assert code == 3
    assert said["missing"] == ["25544"]
    assert said["warnings"] == []


def test_warnings_are_listed_and_one_event_is_told_in_full(folder, capsys):
    node = open_node(folder)
    warning = ConjunctionWarning(
        provider="CENTRE",
        made_tai_s=node.now_tai_s() - 60.0,
        tca_tai_s=node.now_tai_s() + 86_400.0,
        object_1=WarnedObject(designator="1"),
        object_2=WarnedObject(designator="2"),
        miss_distance_m=321.0,
    )
    node.store.append([own_record(node, warning, Component())])
    node.store.close()
    code, said = run(capsys, "node", "warnings", folder)
    assert code == 0
    [event] = said["events"]
    assert event["miss_distance_m"] == 321.0
    code, said = run(capsys, "node", "warnings", folder, "--event", event["event"])
    assert code == 0
    assert said["history"][0]["provider"] == "CENTRE"
    assert main(["node", "warnings", str(folder), "--event", event["event"]]) == 0
    assert "CENTRE" in capsys.readouterr().out


def test_an_event_that_is_not_there_is_an_error_of_use(folder, capsys):
    code, said = run(capsys, "node", "warnings", folder, "--event", "none")
    assert code == 2
    assert "none" in str(said)
