"""``commonsky agreement what-if`` and ``reach``, as a release authority would ask."""

import json
import subprocess
import sys

import pytest

from commonsky.cli import main
from partners import GIVER, NOW_TAI_S, READER, observation, track
from two_nodes import AGREEMENT, found_two

NARROW = AGREEMENT.replace('kinds = ["observation", "track", "sensor"]', 'kinds = ["observation"]')
WIDER = (
    AGREEMENT.replace("version = 1", "version = 2") + '\n[[clause]]\nid = "sets"\nkinds = ["element_set"]\n'
)
TO_A_THIRD = AGREEMENT.replace(f'id = "{GIVER}-gives"', 'id = "to-a-third"').replace(
    f'readers = ["{READER}"]', f'readers = ["{READER}", "EST"]'
)


@pytest.fixture
def folder(tmp_path):
    """The folder of a giver that holds observations and a track."""
    nodes = found_two(tmp_path, now_tai_s=lambda: NOW_TAI_S)
    nodes[0].store.append([*(observation(k) for k in range(5)), track(1)])
    for node in nodes:
        node.store.close()
    return tmp_path / GIVER


def run(capsys, *arguments):
    code = main(["agreement", *(str(one) for one in arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def asked(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def document(folder, text):
    file = folder.parent / "draft.toml"
    file.write_text(text)
    return file


def test_a_new_reader_would_be_given_what_is_held_and_what_may_come(folder, capsys):
    said = asked(capsys, "what-if", document(folder, TO_A_THIRD), "--node", folder)
    assert said["readers"] == ["EST", READER]
    assert said["looked_at"] == 6
    counted = {(one["reader"], one["change"], one["kind"]): one["count"] for one in said["holdings"]}
    assert counted == {("EST", "let out", "observation"): 5, ("EST", "let out", "track"): 1}
    assert {one["clause"] for one in said["holdings"]} == {"to-a-third@1 clause all"}
    answers = {one["reader"]: one["answer"] for one in said["beyond"]}
    assert answers == {"EST": "found", READER: "proven not"}


def test_a_wider_version_takes_the_place_of_the_one_in_force(folder, capsys):
    said = asked(capsys, "what-if", document(folder, WIDER), "--node", folder)
    assert said["holdings"] == []
    [beyond] = said["beyond"]
    assert beyond["words"].startswith("an element set")
    assert beyond["clause"] == f"{GIVER}-gives@2 clause sets"


def test_a_narrower_version_tells_what_would_go_out_no_more(folder, capsys):
    said = asked(
        capsys, "what-if", document(folder, NARROW.replace("version = 1", "version = 2")), "--node", folder
    )
    [group] = said["holdings"]
    assert (group["change"], group["kind"], group["count"]) == ("no longer let out", "track", 1)
    assert group["example"] == track(1).id
    assert said["beyond"] == [
        {"reader": READER, "answer": "proven not", "words": "nothing more, proven", "clause": None}
    ]


def test_nothing_is_stored_by_asking(folder, capsys):
    before = sorted(one.name for one in (folder / "agreements").iterdir())
    run(capsys, "what-if", document(folder, WIDER), "--node", folder)
    assert sorted(one.name for one in (folder / "agreements").iterdir()) == before


def test_an_agreement_of_others_and_one_that_cannot_be_read_are_refused(folder, capsys):
    others = AGREEMENT.replace(f'giver = "{GIVER}"', 'giver = "FRA"').replace(READER, "DNK")
    code, _, err = run(capsys, "what-if", document(folder, others), "--node", folder)
    assert (code, f"{GIVER} is no party" in err) == (2, True)
    code, _, err = run(capsys, "what-if", document(folder, "id = 1"), "--node", folder)
    assert (code, "draft.toml" in err) == (2, True)
    assert run(capsys, "what-if", folder / "none.toml", "--node", folder)[0] == 2


def test_a_way_is_shown_and_a_proof_is_said(folder, capsys):
    said = asked(capsys, "reach", "kind=observation", "--to", READER, "--node", folder)
    assert said["answer"] == "found"
    assert [(one["from"], one["to"]) for one in said["steps"]] == [(GIVER, READER)]
    said = asked(capsys, "reach", "kind=observation", "--to", "EST", "--node", folder)
    assert (said["answer"], said["steps"]) == ("proven not", [])
    on = AGREEMENT.replace(f'giver = "{GIVER}"', f'giver = "{READER}"').replace(
        f'readers = ["{READER}"]', 'readers = ["EST"]\nonward = true'
    )
    said = asked(
        capsys, "reach", "owner=NOR", "--to", "EST", "--node", folder, "--also", document(folder, on)
    )
    assert [(one["from"], one["to"]) for one in said["steps"]] == [(GIVER, READER), (READER, "EST")]


@pytest.mark.parametrize("word", ["track", "kind=moon", "colour=red", "classification=high", "object="])
def test_a_word_that_means_nothing_is_named(folder, capsys, word):
    code, _, err = run(capsys, "reach", word, "--to", READER, "--node", folder)
    assert (code, repr(word) in err) == (2, True)


def test_help_brings_neither_the_solver_nor_the_referee():
    code = "import sys; from commonsky.cli import main; main(['agreement', '--help']); main(['--help'])"
    code += "; assert not {'z3', 'cedarpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
