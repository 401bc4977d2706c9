"""`commonsky audit`: whole or damaged, proven or not, for the owner and for somebody who has nothing but a file."""

import json

import pytest
from sqlalchemy import text

from audited import fill
from commonsky.cli import main
from commonsky.domain import Member, MemberKind, Mode
from commonsky.federation.keys import public_hex
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.start import found_node, open_node
from partners import GIVER, KEYS, NOW_TAI_S, READER, observation

ROUNDS = 12


def member(name):
    return Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


@pytest.fixture
def folder(tmp_path):
    """The folder of a node that has decided and sent something, and whose partner cosigned it."""
    home = tmp_path / "nor"
    url = "http://127.0.0.1:8701"
    peers = (Peer(member=member(READER), url=url),)
    config = NodeConfig(operation="Common Sky", mode=Mode.REAL, member=member(GIVER), url=url, peers=peers)
    found_node(home, config, KEYS[GIVER])
    node = open_node(home, lambda: NOW_TAI_S)
    fill(node.store, ROUNDS)
    node.store.close()
    return home


def run(capsys, *arguments):
    code = main([str(one) for one in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def change(folder, statement):
    node = open_node(folder, lambda: NOW_TAI_S)
    with node.store._writing() as connection:
        connection.execute(text(statement))
    node.store.close()


def keys(*members):
    return [part for one in members for part in ("--key", f"{one}={public_hex(KEYS[one])}")]


def test_a_whole_audit_is_said_to_be_whole(folder, capsys):
    code, out, _ = run(capsys, "audit", "verify", "--node", folder, "--json")
    said = json.loads(out)
    assert code == 0
    assert said["whole"]
    assert (said["decisions"], said["envelopes"], said["checkpoints"], said["cosignatures"]) == (60, 12, 2, 2)


def test_damage_is_listed_and_ends_in_exit_code_1(folder, capsys):
    change(folder, "UPDATE decisions SET decided_tai_s = decided_tai_s + 1 WHERE n = 11")
    code, out, _ = run(capsys, "audit", "verify", "--node", folder)
    assert code == 1
    assert "The audit is damaged: 1 findings" in out
    assert "edited" in out
    assert "decision 11 on " in out


def test_a_checkpoint_that_a_partner_kept_is_held_against_the_log(folder, tmp_path, capsys):
    said = json.loads(run(capsys, "audit", "list", "--node", folder, "--json")[1])
    file = tmp_path / "kept.txt"
    file.write_text(said["checkpoints"][0]["note"])
    check = ("audit", "verify", "--node", folder, "--checkpoint", file)
    assert run(capsys, *check)[0] == 0
    file.write_text(file.read_text().replace("\n72\n", "\n73\n"))
    assert run(capsys, *check)[0] == 1


def test_a_lost_secret_of_the_salts_is_said_in_one_line(folder, capsys):
    change(folder, "DELETE FROM meta WHERE key = 'audit_secret'")
    code, _, err = run(capsys, "audit", "verify", "--node", folder)
    assert code == 1
    assert "the secret of the audit's salts is gone" in err


@pytest.fixture
def proof(folder, tmp_path, capsys):
    file = tmp_path / "proof.json"
    record = observation(20).id
    assert run(capsys, "audit", "prove", record, "--to", READER, "--node", folder, "--out", file)[0] == 0
    return file


def test_a_proof_is_checked_by_keys_alone(proof, tmp_path, capsys):
    nowhere = ("--node", tmp_path / "nowhere")
    code, out, _ = run(capsys, "audit", "verify", "--proof", proof, *nowhere, *keys(GIVER, READER), "--json")
    said = json.loads(out)
    assert code == 0
    assert said["proven"]
    assert said["decision"]["record"] == observation(20).id
    assert said["decision"]["reader"] == READER
    assert said["witnesses"] == {READER: 1_764_000_000}
    code, out, _ = run(capsys, "audit", "verify", "--proof", proof, *nowhere, *keys(GIVER))
    assert code == 0
    assert "nobody" in out


def test_a_proof_without_the_logs_key_says_which_one_is_needed(proof, tmp_path, capsys):
    code, _, err = run(capsys, "audit", "verify", "--proof", proof, "--node", tmp_path, *keys(READER))
    assert code == 2
    assert "the key of NOR is needed: --key NOR=..." in err


@pytest.mark.parametrize(
    "edit",
    [
        lambda one: one["leaf"]["content"].update(allowed=not one["leaf"]["content"]["allowed"]),
        lambda one: one["leaf"]["content"].update(reason="other"),
        lambda one: one["leaf"]["content"].update(more=1),
        lambda one: one["leaf"].update(index=one["leaf"]["index"] + 1),
        lambda one: one["leaf"].update(salt="AAAAAAAAAAAAAAAAAAAAAA=="),
        lambda one: one["proof"].pop(),
        lambda one: one["proof"].reverse(),
        lambda one: one.update(checkpoint=one["checkpoint"].replace("v1/NOR/1", "v1/NOR/2")),
        lambda one: one.update(log=READER),
        lambda one: one.update(type="other"),
    ],
)
def test_a_changed_proof_proves_nothing(proof, folder, edit, capsys):
    document = json.loads(proof.read_text())
    edit(document)
    proof.write_text(json.dumps(document))
    code, out, _ = run(capsys, "audit", "verify", "--proof", proof, "--node", folder)
    assert code == 1
    assert out.startswith("NOT proven")


def test_what_is_no_proof_is_unreadable(folder, tmp_path, capsys):
    file = tmp_path / "proof.json"
    file.write_text("{}")
    assert run(capsys, "audit", "verify", "--proof", file, "--node", folder)[0] == 2
    assert run(capsys, "audit", "verify", "--proof", tmp_path / "none", "--node", folder)[0] == 2


def test_nothing_is_proven_that_was_not_decided_or_not_signed(folder, capsys):
    code, _, err = run(capsys, "audit", "prove", "obs:none", "--to", READER, "--node", folder)
    assert (code, "no decision on obs:none for GBR" in err) == (2, True)
    change(folder, "DELETE FROM audit_checkpoints")
    code, _, err = run(capsys, "audit", "prove", observation(3).id, "--to", READER, "--node", folder)
    assert (code, "no checkpoint covers" in err) == (2, True)


def test_a_closed_export_shows_no_decision_and_is_checked_by_the_keys(folder, tmp_path, capsys):
    file = tmp_path / "log.jsonl"
    assert run(capsys, "audit", "export", file, "--node", folder)[0] == 0
    assert b"obs:" not in file.read_bytes()
    code, out, _ = run(
        capsys, "audit", "verify", "--export", file, "--node", tmp_path, *keys(GIVER), "--json"
    )
    said = json.loads(out)
    assert (code, said["whole"], said["leaves"], said["shown openly"]) == (0, True, 72, 0)


def test_an_open_export_shows_every_decision_and_trace_and_any_change_is_found(folder, tmp_path, capsys):
    file = tmp_path / "log.jsonl"
    check = ("audit", "verify", "--export", file, "--node", folder, "--json")
    assert run(capsys, "audit", "export", file, "--open", "--node", folder)[0] == 0
    code, out, _ = run(capsys, *check)
    assert (code, json.loads(out)["shown openly"]) == (0, 72)
    lines = file.read_text().splitlines(keepends=True)
    for old, new in (
        ("clause all releases it", "clause all may release it"),
        ("looked at entry", "skipped entry"),
    ):
        file.write_text("".join(line.replace(old, new) for line in lines))
        assert run(capsys, *check)[0] == 1
    file.write_text("".join(lines[:20] + lines[21:]))
    assert run(capsys, *check)[0] == 1
    file.write_text("not json\n")
    assert run(capsys, *check)[0] == 2


def test_the_list_tells_who_cosigned(folder, capsys):
    code, out, _ = run(capsys, "audit", "list", "--node", folder, "--json")
    said = json.loads(out)
    assert code == 0
    assert said["leaves"] == said["under a checkpoint"] == 72
    assert [one["cosigned by"] for one in said["checkpoints"]] == [READER, READER]


def test_a_checkpoint_is_signed_on_demand_once(folder, capsys):
    change(folder, "DELETE FROM audit_checkpoints")
    change(folder, "DELETE FROM audit_cosignatures")
    code, out, _ = run(capsys, "audit", "checkpoint", "--node", folder)
    assert (code, "Signed: 72 leaves" in out) == (0, True)
    code, out, _ = run(capsys, "audit", "checkpoint", "--node", folder)
    assert "Nothing was decided since" in out
    assert run(capsys, "audit", "verify", "--node", folder)[0] == 0
