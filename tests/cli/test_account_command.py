"""``commonsky account`` from a shell: who may log in is kept on the node's machine."""

import io
import json

import pytest

from commonsky.cli import main
from commonsky.node.people import desk as desk_module
from commonsky.node.people.passwords import Passwords
from front_desk import CHEAP, PASSWORD


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(Passwords.__init__, "__defaults__", (CHEAP,))
    assert desk_module.Passwords is Passwords
    home = tmp_path / "node"
    assert main(["node", "init", str(home), "--member", "AUR", "--name", "Aurelia"]) == 0
    return str(home)


def run(capsys, monkeypatch, *words, typed=""):
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    code = main(list(words))
    said = capsys.readouterr()
    return code, said.out + said.err


def test_accounts_are_added_listed_changed_and_shut_out(folder, capsys, monkeypatch):
    def account(*words, typed=""):
        return run(capsys, monkeypatch, "account", *words, typed=typed)

    code, said = account("list", folder)
    assert (code, "asks nobody to log in" in said) == (0, True)
    add = (
        "add",
        folder,
        "ada",
        "--person",
        "Ada L",
        "--role",
        "watch-officer",
        "--role",
        "reader",
        "--password-stdin",
    )
    code, said = account(*add, typed=f"{PASSWORD}\n")
    assert (code, "asks everybody to log in" in said) == (0, True)
    assert account(*add, typed=f"{PASSWORD}\n")[0] == 2
    assert account("role", folder, "ada", "--role", "release-authority")[0] == 0
    assert account("password", folder, "ada", "--password-stdin", typed="another good one\n")[0] == 0
    assert account("disable", folder, "ada")[0] == 0
    code, said = account("list", folder, "--json")
    (line,) = json.loads(said)
    assert (line["account"], line["roles"], line["state"]) == ("ada", "release authority", "disabled")
    assert account("disable", folder, "ada", "--undo")[0] == 0
    assert account("passkey-reset", folder, "ada")[0] == 0


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (
            ("add", "{}", "Ada", "--person", "A", "--role", "reader", "--password-stdin"),
            PASSWORD,
            "account name",
        ),
        (
            ("add", "{}", "ada", "--person", "A", "--role", "reader", "--password-stdin"),
            "short",
            "at least 12",
        ),
        (("add", "{}", "ada", "--person", "A", "--role", "reader"), PASSWORD, "--password-stdin"),
        (("add", "{}", "ada", "--person", "A", "--role", "king", "--password-stdin"), PASSWORD, "king"),
        (("disable", "{}", "nobody"), "", "no account nobody"),
        (("list", "{}/nowhere"), "", "no node lives here"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_with_exit_code_2(folder, capsys, monkeypatch, words, typed, told):
    code, said = run(capsys, monkeypatch, "account", *(one.format(folder) for one in words), typed=typed)
    assert code == 2
    assert told in said
