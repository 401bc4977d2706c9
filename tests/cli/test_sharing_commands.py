"""``commonsky ask``, ``commonsky holdings`` and ``commonsky node roll-key``, from a folder of two partners."""

import json

import pytest

from commonsky.cli import main
from commonsky.domain import NoticeKind
from commonsky.federation.keys import public_hex
from commonsky.node.config import NodeFolder, read_config
from commonsky.node.locks import take
from commonsky.node.start import open_node
from partners import GIVER, KEYS, NOW_TAI_S, READER, judged, observation, sealed, track


@pytest.fixture
def folder(tmp_path, capsys):
    home = tmp_path / "node"
    assert main(["node", "init", str(home), "--member", READER, "--name", "Reader"]) == 0
    partner = ["node", "partner", str(home), GIVER, "--name", "Giver", "--url", "http://127.0.0.1:8701"]
    assert main([*partner, "--key", public_hex(KEYS[GIVER])]) == 0
    capsys.readouterr()
    return home


def run(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_asking_who_is_no_partner_or_about_what_has_no_orbit_says_so(folder, capsys):
    code, said = run(capsys, "ask", "NOBODY", "25544", "--node", folder)
    assert (code, f"it knows {GIVER}" in said) == (2, True)
    code, said = run(capsys, "ask", GIVER, "25544", "--node", folder)
    assert (code, "has no orbit of 25544" in said) == (2, True)


def test_a_question_is_posted_and_listed_until_its_answer_comes(folder, capsys):
    node = open_node(folder)
    node.store.append([track(1, originator=READER, name="T-1")])
    node.store.close()
    code, said = run(capsys, "ask", GIVER, "T-1", "--days", "8", "--node", folder)
    assert (code, "at most 7 days" in said) == (2, True)
    code, said = run(capsys, "ask", GIVER, "T-1", "--node", folder)
    assert code == 0
    assert [(one["question"]["designator"], one["answer"]) for one in said] == [("T-1", None)]
    node = open_node(folder)
    assert node.store.posted(GIVER, NoticeKind.QUESTION)[0].seq == 1
    node.store.close()


def test_why_a_record_is_not_here_is_asked_once_and_waits_for_its_answer(folder, capsys):
    code, said = run(capsys, "explain", "AUR:9", "--node", folder)
    assert (code, "either --to or --from" in said) == (2, True)
    code, said = run(capsys, "explain", "AUR:9", "--from", "NOBODY", "--node", folder)
    assert (code, f"it knows {GIVER}" in said) == (2, True)
    for _ in range(2):
        code, said = run(capsys, "explain", "AUR:9", "--from", GIVER, "--node", folder)
        assert (code, said["answer"]) == (0, "not yet")
    node = open_node(folder)
    assert len(node.store.posted(GIVER, NoticeKind.WHY_NOT)) == 1
    node.store.append([track(1, originator=READER, name="T-1")])
    held = node.store.current_tracks()[0].id
    node.store.close()
    code, said = run(capsys, "explain", held, "--from", GIVER, "--node", folder)
    assert (code, said["answer"]) == (0, "not yet")
    code, said = run(capsys, "explain", "a" * 300, "--from", GIVER, "--node", folder)
    assert (code, "at most 256" in said) == (2, True)


def test_holdings_without_their_agreement_are_locked_and_listed(folder, capsys):
    node = open_node(folder)
    envelope = sealed([observation(1), observation(2)])
    assert node.store.admit(envelope, judged(envelope), received_tai_s=NOW_TAI_S)
    node.store.close()
    code, said = run(capsys, "holdings", "--node", folder)
    assert code == 0
    [holding] = said["holdings"]
    assert (holding["source"], holding["records"]) == (GIVER, 2)
    assert "no document of" in holding["reason"]
    assert said["debts"] == said["receipts"] == []


def test_what_is_left_without_a_member_is_told(folder, capsys):
    code, said = run(capsys, "holdings", "--node", folder, "--without", GIVER)
    assert code == 0
    assert (said["member"], said["objects"], said["sensors"]) == (GIVER, [], [])
    code, said = run(capsys, "holdings", "--node", folder, "--without", "NOBODY")
    assert (code, f"it knows {GIVER}" in said) == (2, True)


def test_a_key_is_rolled_when_nobody_serves_the_node(folder, capsys):
    home = NodeFolder(folder)
    before = read_config(home.config).member.public_key
    with take(home.serving_lock):
        code, said = run(capsys, "node", "roll-key", folder)
    assert (code, "stop it first" in said) == (1, True)
    code, said = run(capsys, "node", "roll-key", folder)
    assert code == 0
    assert (said["old public key"], said["new public key"]) == (
        before,
        read_config(home.config).member.public_key,
    )
    assert before != said["new public key"]
    open_node(folder).store.close()
