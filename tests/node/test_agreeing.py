"""Signing, suspending and withdrawing between real nodes: what one declares reaches the others by the feeds alone."""

import pytest
from msgspec.structs import replace

from commonsky.domain import ActKind, NoticeKind, ProposedText
from commonsky.federation.acts import encode_act, next_act, sign_act
from commonsky.federation.standing import State
from commonsky.formats.acts_toml import read_acts
from commonsky.node import agreeing, jobs
from commonsky.node.agreeing import CannotAgreeError, declare, proposals, sign, signable
from commonsky.node.agreement_files import acts_file
from commonsky.node.notices import obey_notices
from commonsky.store import HeldNotice

SIGN, RESUME, SUSPEND, WITHDRAW = ActKind
NEW = """
# As agreed in May; comments travel too.
id = "AUR-NEW"
version = 1
title = "Names"
giver = "AUR"
readers = ["BOR", "CAL"]
purpose = "space-safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"
lease_s = 86400.0

[[clause]]
id = "names"
kinds = ["identity_claim"]
"""
PARTIES = ("AUR", "BOR", "CAL")


@pytest.fixture
def draft(tmp_path):
    file = tmp_path / "new.toml"
    file.write_text(NEW)
    return file


def spread(coalition, rounds=2):
    """Let all nodes share and read until all is told."""
    for _ in range(rounds):
        for node in coalition.nodes.values():
            jobs.share(node)
        coalition.exchange()


def state(coalition, member, reference="AUR-NEW@1"):
    held = coalition.nodes[member].agreements().shelved(reference)
    return held and held.standing.state


def sign_what_is_proposed(node):
    [(_, file)] = [one for one in proposals(node) if "AUR-NEW" in one[1].name]
    return sign(node, signable(node, file))


def signed_by_all(coalition, draft):
    sign(coalition.nodes["AUR"], signable(coalition.nodes["AUR"], draft))
    spread(coalition, 1)
    for member in ("BOR", "CAL"):
        sign_what_is_proposed(coalition.nodes[member])
        spread(coalition, 1)
    spread(coalition, 1)


def test_an_agreement_is_proposed_signed_and_in_force_at_all_parties_without_a_file_being_carried(
    coalition, draft
):
    aur = coalition.nodes["AUR"]
    shelved = sign(aur, signable(aur, draft), actors=("7f3a", "91c0"))
    assert shelved.standing.awaited == ("BOR", "CAL")
    spread(coalition, 1)
    assert [partner for partner, _ in proposals(coalition.nodes["BOR"])] == ["AUR"]
    assert state(coalition, "BOR") is None
    sign_what_is_proposed(coalition.nodes["BOR"])
    spread(coalition, 1)
    assert {state(coalition, member) for member in ("AUR", "BOR")} == {State.AWAITING}
    sign_what_is_proposed(coalition.nodes["CAL"])
    spread(coalition)
    assert {state(coalition, member) for member in PARTIES} == {State.IN_FORCE}
    assert state(coalition, "EST") is None
    for member in PARTIES:
        folder = coalition.nodes[member].folder.agreements
        assert (folder / "AUR-NEW.v1.toml").read_text() == NEW
        assert proposals(coalition.nodes[member]) == []
        acts = read_acts(acts_file(folder, "AUR-NEW@1").read_bytes(), source="acts")
        assert [act.member for act in acts] == ["AUR", "BOR", "CAL"] or len(acts) == 3
        assert next(act for act in acts if act.member == "AUR").actors == ("7f3a", "91c0")


@pytest.mark.parametrize("member", PARTIES)
def test_a_suspension_and_a_withdrawal_of_any_party_reach_all(coalition, draft, member):
    signed_by_all(coalition, draft)
    node = coalition.nodes[member]
    declare(node, SUSPEND, "AUR-NEW@1", reason="we look into it")
    spread(coalition)
    assert {state(coalition, one) for one in PARTIES} == {State.SUSPENDED}
    declare(node, RESUME, "AUR-NEW@1")
    spread(coalition)
    assert {state(coalition, one) for one in PARTIES} == {State.IN_FORCE}
    declare(node, WITHDRAW, "AUR-NEW@1", reason="it is over")
    spread(coalition)
    for one in PARTIES:
        held = coalition.nodes[one].agreements().shelved("AUR-NEW@1")
        assert held.standing.state is State.WITHDRAWN
        assert f"was withdrawn by {member}" in held.words
        assert "it is over" in held.words


def test_declaring_twice_tells_again_and_adds_nothing(coalition, draft):
    signed_by_all(coalition, draft)
    node = coalition.nodes["BOR"]
    declare(node, SUSPEND, "AUR-NEW@1")
    count = len(node.agreements().shelved("AUR-NEW@1").document.acts)
    declare(node, SUSPEND, "AUR-NEW@1")
    again = sign(node, signable(node, node.folder.agreements / "AUR-NEW.v1.toml"))
    assert len(again.document.acts) == count
    assert len(node.store.unsealed("AUR", 100)) >= 3
    spread(coalition)
    assert len(coalition.nodes["AUR"].agreements().shelved("AUR-NEW@1").document.acts) == count


@pytest.mark.parametrize(
    ("kind", "words"),
    [(RESUME, "AUR does not suspend AUR-NEW@1: only who suspends"), (SIGN, None)],
)
def test_only_who_suspended_resumes(coalition, draft, kind, words):
    signed_by_all(coalition, draft)
    declare(coalition.nodes["BOR"], SUSPEND, "AUR-NEW@1")
    spread(coalition)
    if words:
        with pytest.raises(CannotAgreeError, match=words):
            declare(coalition.nodes["AUR"], kind, "AUR-NEW@1")
    assert state(coalition, "AUR") is State.SUSPENDED


def test_nothing_is_declared_after_a_withdrawal_nor_before_a_signature(coalition, draft):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    sign(aur, signable(aur, draft))
    spread(coalition, 1)
    with pytest.raises(CannotAgreeError, match="holds no agreement AUR-NEW@1"):
        declare(bor, SUSPEND, "AUR-NEW@1")
    declare(aur, WITHDRAW, "AUR-NEW@1")
    for kind in (SUSPEND, RESUME):
        with pytest.raises(CannotAgreeError, match="withdrew from AUR-NEW@1, which is final"):
            declare(aur, kind, "AUR-NEW@1")
    with pytest.raises(CannotAgreeError, match="was withdrawn by AUR"):
        signable(aur, draft)
    spread(coalition, 1)
    [(_, file)] = proposals(bor)
    with pytest.raises(CannotAgreeError, match="was withdrawn by AUR"):
        signable(bor, file)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"BOR", "CAL"', '"BOR"', None),
        ('giver = "AUR"', 'giver = "EST"', "is between BOR, CAL, EST, and this is AUR"),
        ('mode = "EXERCISE"', 'mode = "REAL"', "is about REAL data, and this node works in EXERCISE"),
        ("2027-01-01", "2026-02-01", "ended at 2026-02-01T00:00:00Z"),
        ('id = "AUR-NEW"', 'id = "AUR-PARTNERS"', "has another text of AUR-PARTNERS@1: raise the version"),
        ('id = "AUR-NEW"', 'id = "BOR-AUR"', "raise the version"),
        ('id = "AUR-NEW"\nversion = 1', 'id = "BOR-AUR"\nversion = 2', "agreement by which BOR gives"),
    ],
)
def test_what_this_node_cannot_sign_is_told(coalition, tmp_path, old, new, words):
    assert old in NEW
    file = tmp_path / "a.toml"
    file.write_text(NEW.replace(old, new))
    if words is None:
        assert signable(coalition.nodes["AUR"], file).standing.state is State.DRAFT
        return
    with pytest.raises(CannotAgreeError, match=words):
        signable(coalition.nodes["AUR"], file)


def test_an_older_version_is_not_signed_once_a_newer_one_took_effect(coalition, draft, tmp_path):
    signed_by_all(coalition, draft)
    newer = tmp_path / "newer.toml"
    newer.write_text(NEW.replace("AUR-NEW", "AUR-PARTNERS").replace("version = 1", "version = 2"))
    aur = coalition.nodes["AUR"]
    sign(aur, signable(aur, newer))
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.IN_FORCE
    spread(coalition, 1)
    for member in ("BOR", "CAL"):
        node = coalition.nodes[member]
        sign(node, signable(node, proposals(node)[0][1]))
    spread(coalition)
    for member in PARTIES:
        assert state(coalition, member, "AUR-PARTNERS@1") is State.SUPERSEDED
        assert state(coalition, member, "AUR-PARTNERS@2") is State.IN_FORCE
    with pytest.raises(CannotAgreeError, match="is superseded by version 2"):
        signable(aur, aur.folder.agreements / "AUR-PARTNERS.toml")


def hear(node, issuer, kind, content):
    """Have a node obey a notice as if it came on the issuer's feed; give what came of it."""
    notice = HeldNotice(n=1, iss=issuer, kind=kind, content=content, received_tai_s=node.now_tai_s())
    return (agreeing.hear_text if kind is NoticeKind.AGREEMENT else agreeing.hear_act)(node, notice)


def act_of(coalition, kind, member, reference="AUR-PARTNERS@1", at="AUR", **changes):
    document = coalition.nodes[at].agreements().shelved(reference).document
    act = next_act(kind, member, document, now_tai_s=coalition.now_tai_s)
    return sign_act(replace(act, **changes), coalition.nodes[member].key)


def test_no_partner_speaks_for_another_without_its_signature_and_may_carry_it(coalition):
    aur, cal = coalition.nodes["AUR"], coalition.nodes["CAL"]
    act = act_of(coalition, WITHDRAW, "CAL")
    forged = sign_act(act, coalition.nodes["BOR"].key)
    with pytest.raises(ValueError, match="by CAL has another signature"):
        hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(forged))
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.IN_FORCE
    assert "CAL declares withdraw" in hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act))
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.WITHDRAWN
    assert "(known)" in hear(aur, "CAL", NoticeKind.AGREEMENT_ACT, encode_act(act))
    assert cal.agreements().shelved("AUR-PARTNERS@1").standing.state is State.IN_FORCE


@pytest.mark.parametrize(
    ("member", "changes", "words"),
    [
        ("EST", {}, "EST is no party to AUR-PARTNERS@1"),
        ("BOR", {"document_sha256": "0" * 64}, "is of another text than"),
        ("BOR", {"agreement": "../../AUR@1"}, "is no reference of an agreement"),
    ],
)
def test_an_act_that_does_not_fit_is_refused_and_nothing_changes(coalition, member, changes, words):
    aur = coalition.nodes["AUR"]
    act = act_of(coalition, SIGN, member, **changes)
    with pytest.raises(ValueError, match=words):
        hear(aur, member, NoticeKind.AGREEMENT_ACT, encode_act(act))
    assert aur.agreements().faults == ()
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.IN_FORCE


def test_what_a_party_ends_under_another_text_has_no_force_here_either(coalition):
    act = act_of(coalition, WITHDRAW, "BOR", document_sha256="0" * 64)
    hear(coalition.nodes["AUR"], "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act))
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.INVALID


def test_a_suspension_that_comes_while_the_acts_cannot_be_read_is_not_lost(coalition):
    aur = coalition.nodes["AUR"]
    file = acts_file(aur.folder.agreements, "AUR-PARTNERS@1")
    text = file.read_text()
    file.write_text("spoiled by hand")
    hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act_of(coalition, SUSPEND, "BOR", at="BOR")))
    assert aur.agreements().faults
    file.write_text(text)
    assert aur.agreements().faults == ()
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.SUSPENDED


def text_of(text):
    return agreeing._CANONICAL.encode(ProposedText(document=text))


@pytest.mark.parametrize(
    ("issuer", "text", "words"),
    [
        ("DOR", NEW, "is not between DOR and AUR"),
        ("BOR", NEW.replace('giver = "AUR"', 'giver = "EST"'), "is not between BOR and AUR"),
        ("BOR", NEW.replace("AUR-NEW", "../../up"), "is not of letters"),
        ("BOR", "id = ", "is not TOML"),
        ("BOR", "#" * 300_000, "is not kept"),
    ],
)
def test_a_proposal_that_is_none_is_refused(coalition, issuer, text, words):
    aur = coalition.nodes["AUR"]
    with pytest.raises(ValueError, match=words):
        hear(aur, issuer, NoticeKind.AGREEMENT, text_of(text))
    assert proposals(aur) == []


def test_proposals_bear_on_nothing_and_no_partner_fills_the_disk_with_them(coalition, monkeypatch):
    monkeypatch.setattr(agreeing, "MOST_PROPOSALS", 3)
    aur = coalition.nodes["AUR"]
    before = aur.agreements().bearing
    for number in range(3):
        hear(aur, "BOR", NoticeKind.AGREEMENT, text_of(NEW.replace("AUR-NEW", f"X-{number}")))
    with pytest.raises(ValueError, match="no more are kept"):
        hear(aur, "BOR", NoticeKind.AGREEMENT, text_of(NEW.replace("AUR-NEW", "X-4")))
    hear(aur, "CAL", NoticeKind.AGREEMENT, text_of(NEW))
    assert aur.agreements().bearing == before
    assert aur.agreements().faults == ()


def test_no_partner_fills_the_disk_with_declarations_and_may_always_leave(coalition, monkeypatch):
    monkeypatch.setattr(agreeing, "MOST_ACTS", 3)
    aur = coalition.nodes["AUR"]
    for kind in (SUSPEND, RESUME):
        hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act_of(coalition, kind, "BOR")))
    with pytest.raises(ValueError, match="declared more than 3 times"):
        hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act_of(coalition, SUSPEND, "BOR")))
    hear(aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act_of(coalition, WITHDRAW, "BOR")))
    assert "(known)" in hear(
        aur, "BOR", NoticeKind.AGREEMENT_ACT, encode_act(act_of(coalition, WITHDRAW, "BOR"))
    )
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.WITHDRAWN


def test_a_refused_notice_is_told_to_the_watch_and_stops_no_other(coalition):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    forged = sign_act(act_of(coalition, WITHDRAW, "CAL"), bor.key)
    for content in (b"{}", encode_act(forged), encode_act(act_of(coalition, SUSPEND, "BOR"))):
        bor.store.post("AUR", NoticeKind.AGREEMENT_ACT, content, at_tai_s=coalition.now_tai_s)
    spread(coalition)
    assert obey_notices(aur) == 0
    said = " ".join(line.text for line in aur.store.log(30))
    assert "agreement_act of BOR: refused" in said
    assert state(coalition, "AUR", "AUR-PARTNERS@1") is State.SUSPENDED
