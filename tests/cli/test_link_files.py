"""``commonsky link export`` and ``import``: a feed on a stick, and what is said of a bad one."""

import json

import pytest

from commonsky.cli import main
from partners import GIVER, READER, chain
from two_nodes import found_two


@pytest.fixture
def homes(tmp_path):
    giver, reader = found_two(tmp_path)
    for envelope in chain(4):
        giver.store.enqueue(envelope)
    for node in (giver, reader):
        node.store.close()
    return str(giver.folder.path), str(reader.folder.path)


@pytest.fixture
def run(capsys):
    def command(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, " ".join(said.err.split())

    return command


def test_a_feed_goes_over_in_a_file_and_the_acknowledgement_comes_back(homes, run, tmp_path):
    giver, reader = homes
    out, back = tmp_path / "to-gbr.feed", tmp_path / "to-nor.feed"
    code, said, _ = run("link", "export", READER, out, "--node", giver, "--json")
    assert (code, json.loads(said)["up to"]) == (0, "1.4")
    code, said, _ = run("link", "import", out, "--node", reader, "--json")
    document = json.loads(said)
    assert (code, document["envelopes"], document["records that came in"], document["whole"]) == (
        0,
        4,
        8,
        True,
    )
    assert run("link", "export", GIVER, back, "--node", reader)[0] == 0
    code, said, _ = run("link", "import", back, "--node", giver)
    assert (code, "held up to" in said, "1.4" in said) == (0, True, True)
    code, said, _ = run("link", "export", READER, out, "--node", giver, "--json")
    assert json.loads(said)["goes on after"] == "1.4"
    assert out.read_bytes().count(b"\n") == 1
    run("link", "export", READER, out, "--node", giver, "--from-start")
    assert out.read_bytes().count(b"\n") == 5


def test_half_a_file_is_taken_as_far_as_it_is_whole_and_told(homes, run, tmp_path):
    giver, reader = homes
    out = tmp_path / "to-gbr.feed"
    run("link", "export", READER, out, "--node", giver)
    data = out.read_bytes()
    out.write_bytes(data[: len(data) // 2])
    code, said, _ = run("link", "import", out, "--node", reader)
    assert code == 3
    assert "ends in the middle" in said
    lines = data.splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]))
    code, said, _ = run("link", "import", out, "--node", reader)
    assert code == 3
    assert "ends too early" in said


def test_a_broker_is_configured_from_the_keys_that_members_tell(homes, run):
    keys = {}
    for member, home in zip((GIVER, READER), homes, strict=True):
        code, said, _ = run("link", "nkey", "--node", home, "--json")
        assert code == 0
        keys[member] = json.loads(said)["nkey"]
    code, said, _ = run("link", "broker", *(f"{member}={key}" for member, key in keys.items()))
    assert code == 0
    assert "sync_interval: always" in said
    assert all(key in said for key in keys.values())
    assert run("link", "broker", f"{GIVER}={keys[GIVER]}")[0] == 2
    code, _, err = run("link", "broker", f"{GIVER}={keys[GIVER]}", f"{READER}=secret")
    assert (code, "no public user key" in err) == (2, True)
    code, said, _ = run("link", "leaf", "hub:7422", "--node", homes[0])
    assert (code, "nats-leaf://hub:7422" in said) == (0, True)


def test_wrong_files_members_and_places_are_said_in_one_line(homes, run, tmp_path):
    giver, reader = homes
    out = tmp_path / "to-gbr.feed"
    run("link", "export", READER, out, "--node", giver)
    before = out.read_bytes()
    code, _, err = run("link", "import", out, "--node", giver)
    assert (code, "no key is pinned" in err) == (2, True)
    assert run("link", "import", tmp_path / "nothing", "--node", reader)[0] == 1
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)))
    code, _, err = run("link", "import", tmp_path / "photo.jpg", "--node", reader)
    assert (code, "is no file that carries a feed" in err) == (2, True)
    code, _, err = run("link", "export", "ZZZ", out, "--node", giver)
    assert (code, "it knows GBR" in err, out.read_bytes() == before) == (2, True, True)
    code, _, err = run("link", "export", READER, tmp_path / "no" / "where", "--node", giver)
    assert (code, "cannot be written" in err) == (1, True)
