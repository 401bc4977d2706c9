"""Every command can be asked for help, and tells of every parameter that it has."""

import re

import pytest

from commonsky.cli import app, main


def commands(group=app, path=()):
    """Every command of the program with the words that call it."""
    names = [name for name in group if not name.startswith("-")]
    if not names:
        yield path, group
    for name in names:
        yield from commands(group[name], (*path, name))


COMMANDS = list(commands())


def shown(capsys, monkeypatch, *words):
    monkeypatch.setenv("COLUMNS", "240")
    assert main([*words, "--help"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=lambda one: " ".join(one) if isinstance(one, tuple) else ""
)
def test_help_tells_of_every_parameter_in_words(capsys, monkeypatch, path, command):
    text = shown(capsys, monkeypatch, *path)
    arguments = [one for one in command.assemble_argument_collection() if one.show]
    assert arguments
    for one in arguments:
        rows = [row for row in text.splitlines() if re.search(rf"[│ ]{re.escape(one.name)}[ ,]", row)]
        # Beside the name, the type and the default there is a sentence.
        assert any(re.search(r"[a-zA-Z]+ [a-z0-9]+.*\.", row.split(one.name, 1)[1]) for row in rows), one.name
    assert "--no-json" not in text


@pytest.mark.parametrize("path", [(), ("node",), ("link",)], ids=lambda path: " ".join(path) or "commonsky")
def test_a_group_lists_its_commands_each_with_a_sentence(capsys, monkeypatch, path):
    group = app
    for name in path:
        group = group[name]
    text = shown(capsys, monkeypatch, *path)
    for name in (name for name in group if not name.startswith("-")):
        assert re.search(rf"│ {name} +[A-Z].+\.", text), name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "nosuch"),
        (["node", "nosuch"], "nosuch"),
        (["link", "cut", "AUR"], "requires an argument"),
        (["explain", "record"], "--to"),
        (["node", "records", "here", "--kind", "dreams"], "dreams"),
        (["demo", "--rate", "fast"], "fast"),
        (["catalogue", "--colour"], "--colour"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, words, said):
    assert main(words) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith("commonsky: ")
    assert said in heard.err
    assert len(heard.err) < 300
