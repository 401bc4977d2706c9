"""``commonsky agreement`` as people type it: from a template to an agreement in force, and out of it again."""

import io
import json
import sys

import pytest
from msgspec.structs import replace

from commonsky.cli import main, two_persons
from commonsky.cli.agreement_texts import Template
from commonsky.domain.roles import Role
from commonsky.exercise.scenario import COALITION, read_scenario
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.people.sign_in import proved_at_this_machine
from front_desk import PASSWORD, desk_for, hire
from small_coalition import found


@pytest.fixture
def typed(capsys):
    """Run a command line; gives exit code, standard output and standard error."""

    def run(*words):
        code = main(["agreement", *map(str, words)])
        heard = capsys.readouterr()
        return code, heard.out, " ".join(heard.err.split())

    return run


@pytest.fixture
def coalition(tmp_path):
    made = found(replace(read_scenario(COALITION), observed_objects=0), tmp_path / "coalition")
    yield made
    made.close()


@pytest.fixture
def homes(coalition):
    return {member: node.folder.path for member, node in coalition.nodes.items()}


def new(typed, tmp_path, template=Template.EXERCISE, **options):
    file = tmp_path / f"{template}.toml"
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    code, _, err = typed("new", template, "--giver", "AUR", "--readers", "EST", "DOR", "-o", file, *words)
    assert code == 0, err
    return file


@pytest.mark.parametrize("template", Template)
def test_every_template_is_a_commented_agreement_without_faults(typed, tmp_path, template):
    file = new(typed, tmp_path, template, mode="TEST")
    agreement = read_agreement(file.read_bytes(), source=str(file))
    assert (agreement.giver, agreement.readers, agreement.version) == ("AUR", {"EST", "DOR"}, 1)
    assert agreement.id == f"AUR-EST-{template}"
    assert agreement.ends_tai_s - agreement.begins_tai_s == 365 * 86_400.0
    assert file.read_text().count("#") >= 4
    code, out, _ = typed("check", file, "--json")
    assert (code, json.loads(out)["found"]) == (0, [])


def test_a_file_that_is_there_is_not_overwritten_and_no_trick_is_written(typed, tmp_path):
    file = new(typed, tmp_path)
    code, _, err = typed("new", "exercise", "--giver", "AUR", "--readers", "EST", "-o", file)
    assert code == 2
    assert "is there already" in err
    for readers, words in (("aur", "look alike"), ('E"ST', "member id"), ("AUR", "names the giver")):
        other = tmp_path / "other.toml"
        code, _, err = typed("new", "exercise", "--giver", "AUR", "--readers", readers, "-o", other)
        assert code == 2
        assert words in err
        assert not other.exists()


def test_check_names_every_error_with_line_and_field(typed, tmp_path):
    file = new(typed, tmp_path)
    file.write_text(file.read_text().replace("version = 1", "version = 'x'").replace("kinds = [", "kind = ["))
    code, out, _ = typed("check", file, "--json")
    found = json.loads(out)["found"]
    assert code == 2
    assert [(one["what"], one["field"]) for one in found] == [
        ("error", "version"),
        ("error", "clause 1 (everything), kind"),
        ("error", "clause 1 (everything), kinds"),
    ]
    assert found[0]["line"] == 3
    code, _, err = typed("check", tmp_path / "nowhere.toml")
    assert (code, "cannot be read" in err) == (2, True)


def test_check_warns_of_what_the_node_does_not_know(typed, tmp_path, homes):
    file = new(typed, tmp_path)
    text = file.read_text().replace('"EST"', '"EST", "ZZZ"')
    file.write_text(text.replace("kinds = [", 'objects = ["1"]\nkinds = ['))
    code, out, _ = typed("check", file, "--node", homes["AUR"], "--json")
    found = {one["field"]: one["in words"] for one in json.loads(out)["found"]}
    assert code == 3
    assert "ZZZ is not known to this node" in found["readers"]
    assert "nothing is held of it here" in found["clause 1 (everything), objects"]


def test_diff_says_in_words_what_goes_out_that_did_not(typed, tmp_path):
    old = new(typed, tmp_path)
    other = tmp_path / "v2.toml"
    text = old.read_text().replace("version = 1", "version = 2").replace('"sensor", ', "")
    other.write_text(text.replace("lease_s = 86400.0", "lease_s = 3600.0"))
    code, out, _ = typed("diff", old, other)
    shown = " ".join(out.split())
    assert code == 0
    assert "lets out less, and nothing more" in shown
    assert "1 hour" in shown
    code, out, _ = typed("diff", other, old, "--json")
    assert [one["lets out"] for one in json.loads(out)["changes"]] == ["none", "wider", "wider"]


def listed(typed, home, reference="AUR-EST-exercise@1"):
    code, out, _ = typed("list", "--node", home, "--json")
    document = json.loads(out)
    found = [one for one in document["agreements"] if one["agreement"] == reference]
    return code, found[0] if found else None, document


def test_an_agreement_from_template_to_withdrawal(typed, tmp_path, homes, coalition):
    file = new(typed, tmp_path)
    file.write_text(file.read_text().replace('from_utc = "20', 'from_utc = "19'))
    code, out, err = typed("sign", file, "--node", homes["AUR"], "--yes")
    assert code == 0, err
    assert "awaits the signatures of DOR, EST" in " ".join(out.split())
    assert "clause everything: releases conjunction_warning, element_set" in err
    coalition.exchange()
    code, none, document = listed(typed, homes["EST"])
    assert (code, none) == (0, None)
    assert document["proposed"][0]["agreement"] == "AUR-EST-exercise@1"
    for member in ("EST", "DOR"):
        code, _, err = typed("sign", "AUR-EST-exercise@1", "--node", homes[member], "--yes")
        assert code == 0, err
        coalition.exchange()
    coalition.exchange()
    for member in ("AUR", "EST", "DOR"):
        _, entry, _ = listed(typed, homes[member])
        assert (entry["state"], entry["awaited"]) == ("in force", [])
        assert entry["signed"] == ["AUR", "DOR", "EST"]
        assert entry["lease"] == "1 day"
    code, _, err = typed("resume", "AUR-EST-exercise@1", "--node", homes["AUR"], "--yes")
    assert (code, "does not suspend" in err) == (2, True)
    code, out, _ = typed("suspend", "AUR-EST-exercise@1", "-n", homes["EST"], "--yes", "--reason", "a pause")
    assert (code, "is suspended by EST" in " ".join(out.split())) == (0, True)
    coalition.exchange()
    assert "(a pause)" in listed(typed, homes["AUR"])[1]["words"]
    assert typed("resume", "AUR-EST-exercise@1", "--node", homes["EST"], "--yes")[0] == 0
    assert typed("withdraw", "AUR-EST-exercise@1", "--node", homes["DOR"], "--yes")[0] == 0
    coalition.exchange()
    assert {listed(typed, homes[one])[1]["state"] for one in ("AUR", "EST", "DOR")} == {"withdrawn"}


def test_nothing_is_signed_that_nobody_confirmed(typed, tmp_path, homes, monkeypatch):
    file = new(typed, tmp_path)
    code, _, err = typed("sign", file, "--node", homes["AUR"])
    assert (code, "say --yes, or run this at a terminal" in err) == (2, True)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    code, _, err = typed("sign", file, "--node", homes["AUR"])
    assert (code, "nothing was done" in err) == (1, True)
    assert listed(typed, homes["AUR"])[1] is None
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert typed("sign", file, "--node", homes["AUR"])[0] == 0


def test_with_accounts_two_release_authorities_approve_and_stand_in_the_act(
    typed, tmp_path, homes, coalition, monkeypatch
):
    desk = desk_for(coalition.nodes["AUR"])
    for name in ("ada", "bob"):
        hire(desk, name, Role.RELEASE_AUTHORITY)
    monkeypatch.setattr("commonsky.cli.agreement.desk_of", lambda node: desk)
    file = new(typed, tmp_path)
    code, _, err = typed("sign", file, "--node", homes["AUR"], "--yes")
    assert (code, "two release authorities must approve" in err) == (1, True)
    assert listed(typed, homes["AUR"])[1] is None
    names = iter(("ada", "bob"))
    monkeypatch.setattr(two_persons, "_asked", lambda at: proved_at_this_machine(at, next(names), PASSWORD))
    code, out, err = typed("sign", file, "--node", homes["AUR"], "--yes", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["approval"] == "approved by ada and bob"
    assert len(set(said["acts"][0]["actors"])) == 2
    assert "ada" not in json.dumps(said["acts"])


def test_a_member_is_expelled_from_all_agreements_by_two_who_are_asked_once(
    typed, tmp_path, homes, coalition, monkeypatch
):
    desk = desk_for(coalition.nodes["AUR"])
    for name in ("ada", "bob"):
        hire(desk, name, Role.RELEASE_AUTHORITY)
    monkeypatch.setattr("commonsky.cli.agreement.desk_of", lambda node: desk)
    names = iter(("ada", "bob"))
    monkeypatch.setattr(two_persons, "_asked", lambda at: proved_at_this_machine(at, next(names), PASSWORD))
    code, _, err = typed("expel", "USA", "--node", homes["AUR"], "--yes")
    assert (code, "USA is no partner of AUR" in err) == (2, True)
    before = [one.agreement for one in coalition.nodes["AUR"].agreements().documents]
    reading = sorted(one.reference for one in before if one.giver == "AUR" and "BOR" in one.readers)
    giving = sorted(one.reference for one in before if one.giver == "BOR" and "AUR" in one.readers)
    assert reading
    assert giving
    code, out, err = typed("expel", "BOR", "--theirs", "--node", homes["AUR"], "--yes", "--json")
    assert code == 0, err
    assert sorted(one["agreement"] for one in json.loads(out)["withdrawn"]) == sorted(reading + giving)
    code, out, _ = typed("expel", "BOR", "--theirs", "--node", homes["AUR"], "--yes", "--json")
    assert (code, json.loads(out)["withdrawn"]) == (0, [])


def test_the_list_shows_tables_faults_and_what_waits(typed, homes, coalition):
    home = homes["AUR"]
    code, out, _ = typed("list", "--node", home)
    shown = " ".join(out.split())
    assert code == 0
    assert "AUR-PARTNERS@1" in shown
    acts = home / "agreements" / "AUR-PARTNERS.v1.acts.toml"
    acts.write_text(acts.read_text().replace('act = "sign"', 'act = "withdraw"', 1))
    code, out, _ = typed("list", "--node", home)
    assert code == 3
    assert "Nothing is released until this is mended" in " ".join(out.split())
    assert listed(typed, home)[2]["faults"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sign", "NOBODY@1"], "no file, and no agreement of this reference"),
        (["suspend", "NOBODY@1"], "AUR holds no agreement NOBODY@1; it holds AUR-DOR@1"),
        (["withdraw", "NOBODY@1"], "holds no agreement"),
        (["diff", "nowhere.toml", "nowhere.toml"], "cannot be read"),
    ],
)
def test_what_is_not_there_is_told(typed, homes, words, said):
    where = [] if words[0] == "diff" else ["--node", homes["AUR"], "--yes"]
    code, _, err = typed(*words, *where)
    assert (code, said in err) == (2, True), err
