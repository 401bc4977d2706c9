"""Agreements in a node's folder: only what all parties signed releases, and whatever cannot be proven stops release."""

import pytest
from msgspec.structs import replace

from commonsky.domain import ActKind
from commonsky.federation.acts import next_act, sign_act
from commonsky.federation.keys import signing_key
from commonsky.federation.standing import State
from commonsky.formats.acts_toml import read_acts, write_acts
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node import jobs
from commonsky.node.agreement_files import acts_file, add_acts, write_whole
from commonsky.node.tally import tally
from signing import sign_for_all

REFERENCE = "AUR-PARTNERS@1"
PARTIES = ("AUR", "BOR", "CAL")


@pytest.fixture
def node(coalition):
    return coalition.nodes["AUR"]


def track_file(rehearsal, after_tai_s=0.0):
    return next(file for file in rehearsal.files if file.member == "AUR" and file.at_tai_s > after_tai_s)


def one(node):
    return node.agreements().shelved(REFERENCE)


def declare(node, kind, key, member, *, at_tai_s=None, **changes):
    document = one(node).document
    act = next_act(kind, member, document, now_tai_s=node.now_tai_s() if at_tai_s is None else at_tai_s)
    add_acts(node.folder.agreements, REFERENCE, [sign_act(act, key)])


def beside(node):
    return acts_file(node.folder.agreements, REFERENCE)


def unsigned(node, *members):
    """Take the signatures of these members away."""
    file = beside(node)
    acts = read_acts(file.read_bytes(), source=str(file))
    file.write_text(write_acts(act for act in acts if act.member not in members))


def released(node, reader="BOR"):
    return sum(one.count for one in node.store.counts().decisions if one.reader == reader and one.allowed)


def test_without_every_signature_nothing_is_released_and_everybody_says_who_is_awaited(
    coalition, rehearsal, node
):
    unsigned(node, "CAL")
    coalition.deliver(track_file(rehearsal))
    assert released(node) == 0
    said = f"{REFERENCE} awaits the signature of CAL"
    assert any(said in line.text for line in node.store.log(50))
    [track] = node.store.current_tracks()
    _, decision = jobs.explain(node, track.id, "BOR")
    assert not decision.allowed
    assert decision.reason == f"no agreement covers BOR; {said}"
    assert any(said in release.reason for release in tally(node).releases)
    declare(node, ActKind.SIGN, coalition.nodes["CAL"].key, "CAL")
    assert jobs.share(node) > 0
    assert released(node) > 0


@pytest.mark.parametrize("member", PARTIES)
def test_any_party_stops_release_at_once_and_it_alone_lets_it_go_on(coalition, rehearsal, node, member):
    key = coalition.nodes[member].key
    declare(node, ActKind.SUSPEND, key, member)
    coalition.deliver(track_file(rehearsal))
    assert released(node) == 0
    for other in set(PARTIES) - {member}:
        declare(node, ActKind.RESUME, coalition.nodes[other].key, other)
    assert jobs.share(node) == 0
    declare(node, ActKind.RESUME, key, member)
    assert jobs.share(node) > 0


def test_a_false_signature_stops_all_release_and_names_the_file(coalition, rehearsal, node):
    act = next_act(ActKind.SUSPEND, "BOR", one(node).document, now_tai_s=node.now_tai_s())
    add_acts(node.folder.agreements, REFERENCE, [sign_act(act, signing_key(bytes(32)))])
    coalition.deliver(track_file(rehearsal))
    assert node.store.counts().decisions == ()
    [fault] = node.agreements().faults
    assert "AUR-PARTNERS.v1.acts.toml: the signature of BOR (suspend) is not that of its pinned key" in fault


def test_an_act_of_one_who_is_no_party_stops_all_release(coalition, node):
    declare(node, ActKind.SIGN, coalition.nodes["EST"].key, "EST")
    [fault] = node.agreements().faults
    assert f"EST is no party to {REFERENCE} and cannot sign it" in fault


def test_acts_whose_document_is_gone_stop_all_release(node):
    one(node).file.unlink()
    [fault] = node.agreements().faults
    assert f"its document, {REFERENCE}, is not here" in fault


def test_what_is_signed_with_a_key_that_is_not_pinned_here_is_not_counted(coalition, node):
    peers = tuple(peer for peer in node.config.peers if peer.member.id != "CAL")
    node.config = replace(node.config, peers=peers)
    node.folder.agreements.joinpath("AUR-DOR.toml").touch()  # so that it is read again
    assert node.agreements().faults == ()
    assert one(node).standing.awaited == ("CAL",)


def test_a_text_changed_after_it_was_signed_has_no_force(coalition, rehearsal, node):
    file = one(node).file
    file.write_text(file.read_text().replace('"identity_claim"', '"identity_claim", "observation"'))
    coalition.deliver(track_file(rehearsal))
    assert released(node) == 0
    assert one(node).standing.state is State.INVALID
    assert "has another text here than the one that AUR, BOR, CAL signed" in " ".join(
        line.text for line in node.store.log(50)
    )


def test_comments_may_change_and_the_order_of_lines(coalition, rehearsal, node):
    file = one(node).file
    lines = file.read_text().splitlines()
    file.write_text("\n".join(["# our first", lines[1], lines[0], *lines[2:], ""]))
    assert one(node).standing.state is State.IN_FORCE


def test_a_reader_that_suspends_gets_nothing_by_another_agreement_of_what_this_one_withholds(
    coalition, rehearsal, node
):
    wider = one(node).file.read_text().split("[[clause]]")[0].replace("AUR-PARTNERS", "AUR-WIDER")
    wider += '[[clause]]\nid = "all"\nkinds = ["track"]\n'
    keys = {member: coalition.nodes[member].key for member in PARTIES}
    sign_for_all(node.folder.agreements, wider, keys)
    declare(node, ActKind.SUSPEND, keys["BOR"], "BOR")
    [restricts] = [a for a in node.agreements().given_by("AUR") if a.reference == REFERENCE]
    assert [clause.id for clause in restricts.clauses] == ["not-the-geostationary-belt"]
    coalition.deliver(track_file(rehearsal))
    assert released(node) > 0


def test_a_newer_version_takes_over_when_its_term_begins(coalition, node):
    text = one(node).file.read_text().replace("version = 1", "version = 2")
    begins_tai_s = coalition.now_tai_s + 3_600.0
    newer = read_agreement(text.encode(), source="v2")
    assert newer.begins_tai_s < begins_tai_s
    text = text.replace("2026-01-01T00:00:00Z", "2026-03-20T13:00:00Z")
    newer = read_agreement(text.encode(), source="v2")
    assert newer.begins_tai_s > coalition.now_tai_s
    sign_for_all(node.folder.agreements, text, {member: coalition.nodes[member].key for member in PARTIES})
    bound = {a.reference for a in node.agreements().given_by("AUR")}
    assert {REFERENCE, "AUR-PARTNERS@2"} <= bound
    coalition.now_tai_s = newer.begins_tai_s
    assert one(node).standing.state is State.SUPERSEDED
    bound = {a.reference for a in node.agreements().given_by("AUR")}
    assert REFERENCE not in bound
    assert REFERENCE in node.agreements().by_reference()


def test_records_come_in_under_what_we_signed_and_under_nothing_else(coalition, rehearsal, node):
    bor = coalition.nodes["BOR"]
    unsigned(bor, "BOR")
    coalition.deliver(track_file(rehearsal))
    coalition.exchange()
    assert [e for e in bor.store.current_tracks() if e.source == "AUR"] == []
    assert REFERENCE not in bor.agreements().by_reference()
    declare(bor, ActKind.SIGN, bor.key, "BOR")
    coalition.exchange()
    assert [e for e in bor.store.current_tracks() if e.source == "AUR"]


def test_acts_are_added_once_whatever_else_stands_there(node):
    folder = node.folder.agreements
    text = beside(node).read_text()
    acts = one(node).document.acts
    assert add_acts(folder, REFERENCE, [*acts, *reversed(acts)]) == 0
    assert beside(node).read_text() == text


def test_a_file_is_there_whole_or_as_before(tmp_path, monkeypatch):
    file = tmp_path / "x.acts.toml"
    write_whole(file, "before\n")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "no space left")))
    with pytest.raises(OSError, match="no space"):
        write_whole(file, "after\n")
    assert file.read_text() == "before\n"
    assert [one.name for one in tmp_path.iterdir()] == ["x.acts.toml"]


def test_a_folder_of_agreements_that_is_gone_or_odd_is_no_crash(node, tmp_path):
    proposed = node.folder.agreements / "proposed"
    proposed.mkdir(exist_ok=True)
    (proposed / "no-folder").write_text("left by somebody")
    assert one(node).standing.state is State.IN_FORCE
    node.folder.agreements.rename(tmp_path / "away")
    assert node.agreements().documents == ()
    assert jobs.share(node) == 0
