"""A broken folder, a port or folder that is taken, members that nobody knows: said in one line, no traceback."""

import socket
import sqlite3

import pytest
from pair import GIVER, PER_FILE, READER, THIRD, Pair, message

from commonsky.cli import main


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


@pytest.fixture
def home(pair):
    return pair.home(GIVER)


COMMANDS = {
    "ingest": lambda home: ["node", "ingest", home, "any.tdm"],
    "records": lambda home: ["node", "records", home],
    "share": lambda home: ["node", "share", home],
    "serve": lambda home: ["node", "serve", home],
    "resume": lambda home: ["node", "resume", home, READER],
    "explain": lambda home: ["explain", "any", "--to", READER, "--node", home],
}


def said(capsys, words):
    """Exit code and the one line on stderr of a command that fails."""
    code = main([str(word) for word in words])
    heard = capsys.readouterr()
    assert heard.out == ""
    line = " ".join(heard.err.split())
    assert line.startswith("commonsky: ")
    assert "Traceback" not in line
    assert "fault of commonsky" not in line
    return code, line


@pytest.mark.parametrize("command", COMMANDS)
def test_no_node_there_is_told_with_what_to_do(tmp_path, capsys, command):
    code, line = said(capsys, COMMANDS[command](tmp_path / "nowhere"))
    assert code == 2
    assert "nowhere/node.toml" in line
    assert "commonsky node init" in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "node.toml"),
        (lambda text: "", "missing required field"),
        (lambda text: "\0\1\2", "node.toml"),
        (lambda text: text.replace('mode = "REAL"', 'mode = "REEL"'), "REEL"),
        (lambda text: text.replace("operation =", "operatoin ="), "operatoin"),
        (lambda text: text.replace("http://127.0.0.1", "ftp://127.0.0.1"), "ftp://127.0.0.1"),
        (lambda text: text.replace("http://127.0.0.1:", "http://127.0.0.1:9"), "ort out of range"),
        (lambda text: text.replace("latitude_deg = 60.0", "latitude_deg = 960.0"), "latitude"),
        (lambda text: text.replace(f'id = "{READER}"', f'id = "{GIVER}"'), "peers names NOR more than once"),
        (lambda text: text.replace("[member]", "generation = 0\n\n[member]", 1), "generation counts from 1"),
        (lambda text: text.replace('public_key = "', 'public_key = "zz'), "64 lower-case hexadecimal digits"),
    ],
    ids=[
        *("cut", "empty", "binary", "mode", "misspelled", "scheme", "port", "latitude", "twice"),
        *("generation", "key"),
    ],
)
def test_a_broken_configuration_is_named_with_the_field(home, capsys, change, words):
    text = home.config.read_text()
    assert change(text) != text
    home.config.write_text(change(text))
    code, line = said(capsys, ["node", "records", home.path])
    assert code == 2
    assert "node.toml" in line
    assert words in line


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda key: key.unlink(), "cannot be read"),
        (lambda key: key.write_text("no key"), "no unencrypted private key"),
        (lambda key: key.chmod(0o644), "others may read this key; keep it to yourself with: chmod 600"),
        (lambda key: (key.unlink(), key.mkdir(0o700)), "cannot be read"),
    ],
    ids=["missing", "none", "open to others", "folder"],
)
def test_a_key_that_cannot_be_used_is_named(home, capsys, spoil, words):
    spoil(home.key)
    code, line = said(capsys, ["node", "serve", home.path])
    assert code == 2
    assert "node.key" in line
    assert words in line


def test_the_key_of_another_member_is_refused(pair, home, capsys):
    home.key.write_bytes(pair.home(READER).key.read_bytes())
    code, line = said(capsys, ["node", "records", home.path])
    assert code == 2
    assert "not that of node.key" in line


def test_a_database_of_a_newer_version_is_left_alone(home, capsys):
    assert main(["node", "records", str(home.path)]) == 0
    capsys.readouterr()
    with sqlite3.connect(home.database) as database:
        database.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    before = home.database.read_bytes()
    for command in COMMANDS.values():
        code, line = said(capsys, command(home.path))
        assert code == 1
        assert "node.sqlite" in line
        assert "newer commonsky (schema 999" in line
    assert home.database.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_database_that_is_none_is_named(home, capsys, content):
    home.database.write_bytes(content)
    code, line = said(capsys, ["node", "records", home.path])
    assert code == 1
    assert "node.sqlite" in line
    assert home.database.read_bytes() == content


def test_a_port_in_use_is_named_with_the_file_to_change(pair, home, capsys):
    port = int(pair.urls[GIVER].rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        code, line = said(capsys, ["node", "serve", home.path])
    assert code == 1
    assert f"port {port} of 127.0.0.1 is in use" in line
    assert "node.toml" in line


def test_an_address_of_another_machine_is_not_called_in_use(home, pair, capsys):
    home.config.write_text(home.config.read_text().replace(pair.urls[GIVER], "http://192.0.2.1:8701"))
    code, line = said(capsys, ["node", "serve", home.path])
    assert code == 1
    assert "192.0.2.1" in line
    assert "in use" not in line


def test_a_second_node_in_one_folder_is_refused_and_the_first_kept(home, capsys):
    before = home.key.read_bytes()
    code, line = said(capsys, ["node", "init", home.path, "--member", "NEW", "--name", "New"])
    assert code == 2
    assert "a node lives here already" in line
    assert home.key.read_bytes() == before


@pytest.mark.parametrize(
    ("member", "port", "words"),
    [
        ("NEW", "99999", "ort out of range"),
        ("NEW", "0", "port 0"),
        ("", "8701", "member id ''"),
        ("a/b", "8701", "a/b"),
    ],
)
def test_a_node_that_could_not_work_is_not_founded(tmp_path, capsys, member, port, words):
    new = ["node", "init", tmp_path / "new", f"--member={member}", "--name", "New", "--port", port]
    code, line = said(capsys, new)
    assert code == 2
    assert words in line
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--key": "abc"}, "64 lower-case"),
        ({"--url": "nowhere"}, "'nowhere'"),
        ({"--url": "http://partner.example:8701"}, "in the clear"),
        ({"": "a b"}, "member id 'a b'"),
        ({"": "gbr"}, "GBR and gbr look alike"),
    ],
)
def test_a_partner_that_could_not_be_reached_is_not_noted(home, capsys, change, words):
    before = home.config.read_text()
    given = {"": "NEW", "--name": "New", "--key": "ab" * 32, "--url": "http://127.0.0.1:1"} | change
    code, line = said(
        capsys, ["node", "partner", home.path, *[word for pair in given.items() for word in pair if word]]
    )
    assert code == 2
    assert words in line
    assert home.config.read_text() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code, line = said(
        capsys, ["node", "init", tmp_path / "file" / "node", "--member", "NEW", "--name", "New"]
    )
    assert code == 1
    assert "file" in line


def taken_in(home, capsys, tmp_path):
    file = tmp_path / "seen.tdm"
    file.write_text(message(5))
    assert main(["node", "ingest", str(home.path), str(file)]) == 0
    capsys.readouterr()


def an_observation(pair):
    with pair.store(GIVER) as store:
        return store.observations()[0].id


def test_a_member_that_nobody_knows_is_named_with_those_that_are_known(pair, home, tmp_path, capsys):
    taken_in(home, capsys, tmp_path)
    code, line = said(capsys, ["explain", an_observation(pair), "--to", THIRD, "--node", home.path])
    assert code == 2
    assert f"{THIRD} is no partner of {GIVER}; it knows {READER}" in line
    code, line = said(capsys, ["link", "cut", GIVER, THIRD, "--coalition", tmp_path])
    assert code == 2
    assert f"no node of {THIRD}" in line
    assert f"there are {READER}, {GIVER}" in line
    code, line = said(capsys, ["link", "cut", GIVER, GIVER, "--coalition", tmp_path])
    assert code == 2
    code, line = said(capsys, ["explain", "no such record", "--to", READER, "--node", home.path])
    assert code == 2
    assert "holds no record no such record" in line


def test_an_agreement_that_has_ended_releases_nothing_and_explain_says_when(tmp_path, capsys):
    pair = Pair(tmp_path / "ended", until="2026-01-01T00:00:00Z")
    taken_in(pair.home(GIVER), capsys, tmp_path)
    with pair.store(GIVER) as store:
        assert store.feed_after(READER, 0, 10, gen=0) == []
        assert sum(one.count for one in store.counts().decisions if not one.allowed) == PER_FILE + 1
    words = ["explain", an_observation(pair), "--to", READER, "--node", str(pair.home(GIVER).path)]
    assert main(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Withheld" in shown
    assert "NOR-GBR@1 ended at 2026-01-01" in shown


def test_an_agreement_that_cannot_be_read_stops_release_and_says_which_and_where(
    pair, home, tmp_path, capsys
):
    (home.agreements / "all.toml").write_text("id = 'NOR-GBR'\nversion = ")
    taken_in(home, capsys, tmp_path)
    with pair.store(GIVER) as store:
        assert store.feed_after(READER, 0, 10, gen=0) == []
    code, line = said(capsys, ["node", "share", home.path])
    assert code == 2
    assert "all.toml" in line
    assert "nothing is released" in line
