"""Two different release authorities, freshly proved, say yes to one very text; anything less is not enough."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.cli import two_persons
from commonsky.cli.render import CommandError
from commonsky.domain.roles import Role
from commonsky.node import approvals
from commonsky.node.approvals import ApprovalError
from commonsky.node.people import accounts
from commonsky.node.people.person import Refused, owner_of_the_machine
from commonsky.node.people.sign_in import proved_at_this_machine
from front_desk import PASSWORD, Clock, desk_for, hire

TEXT = "ab" * 32
ACT = ("sign", "AUR-BOR@1", TEXT)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(coalition, clock):
    made = desk_for(next(iter(coalition.nodes.values())), clock)
    for name in ("ada", "bob", "cyd"):
        hire(made, name, Role.RELEASE_AUTHORITY)
    hire(made, "lia", Role.LIAISON)
    hire(made, "eve", Role.READER, Role.ADMINISTRATOR)
    return made


def now(desk, name):
    return proved_at_this_machine(desk, name, PASSWORD)


def proposed(desk):
    return approvals.propose(desk, now(desk, "lia"), *ACT, words="as agreed in May")


def test_two_release_authorities_make_it_ready_and_it_is_done_once(desk):
    proposal = proposed(desk)
    assert not approvals.ready(desk, *ACT).ready
    approvals.approve(desk, now(desk, "ada"), proposal.id)
    with pytest.raises(ApprovalError, match="1 of 2"):
        approvals.spend(desk, *ACT)
    approvals.approve(desk, now(desk, "bob"), proposal.id)
    assert approvals.ready(desk, *ACT).ready
    assert [vote.account for vote in approvals.spend(desk, *ACT).approvals] == ["ada", "bob"]
    with pytest.raises(ApprovalError, match="nobody proposes"):
        approvals.spend(desk, *ACT)
    with pytest.raises(ApprovalError, match="done already"):
        approvals.approve(desk, now(desk, "cyd"), proposal.id)


def test_one_person_is_not_two(desk):
    proposal = proposed(desk)
    approvals.approve(desk, now(desk, "ada"), proposal.id)
    with pytest.raises(ApprovalError, match="another person"):
        approvals.approve(desk, now(desk, "ada"), proposal.id)
    accounts.add_account(desk, "ada2", person="ADA", roles={Role.RELEASE_AUTHORITY}, password=PASSWORD)
    with pytest.raises(ApprovalError, match="another person"):
        approvals.approve(desk, now(desk, "ada2"), proposal.id)
    assert not approvals.ready(desk, *ACT).ready


def test_nobody_approves_without_the_role_or_proposes_without_one(desk):
    proposal = proposed(desk)
    for name in ("lia", "eve"):
        with pytest.raises(Refused, match="may not approve"):
            approvals.approve(desk, now(desk, name), proposal.id)
    with pytest.raises(Refused, match="may not propose"):
        approvals.propose(desk, now(desk, "eve"), *ACT)
    with pytest.raises(Refused):
        approvals.approve(desk, owner_of_the_machine(desk.settings), proposal.id)
    with pytest.raises(Refused, match="has none yet"):
        approvals.propose(desk, owner_of_the_machine(desk.settings), *ACT)


def test_an_approval_needs_a_proof_of_the_last_minutes(desk, clock):
    proposal, ada = proposed(desk), now(desk, "ada")
    clock.on(desk.settings.fresh_s + 1.0)
    with pytest.raises(Refused, match="anew"):
        approvals.approve(desk, ada, proposal.id)
    approvals.approve(desk, now(desk, "ada"), proposal.id)
    with pytest.raises(Refused, match="anew"):
        approvals.approve(desk, replace(now(desk, "bob"), proved_tai_s=None), proposal.id)


def test_approvals_are_for_one_act_on_one_text_of_one_version(desk):
    proposal = proposed(desk)
    for name in ("ada", "bob"):
        approvals.approve(desk, now(desk, name), proposal.id)
    for other in (
        ("withdraw", "AUR-BOR@1", TEXT),
        ("sign", "AUR-BOR@2", TEXT),
        ("sign", "AUR-BOR@1", "cd" * 32),
    ):
        assert not approvals.ready(desk, *other).ready
    assert approvals.ready(desk, *ACT).ready


def test_what_waits_too_long_lapses(desk, clock):
    proposal = proposed(desk)
    for name in ("ada", "bob"):
        approvals.approve(desk, now(desk, name), proposal.id)
    clock.on(desk.settings.proposal_s)
    assert not approvals.ready(desk, *ACT).ready
    with pytest.raises(ApprovalError, match="lapsed"):
        approvals.approve(desk, now(desk, "cyd"), proposal.id)
    assert proposed(desk).id != proposal.id


def test_one_no_with_its_reason_ends_it_whoever_had_said_yes(desk):
    proposal = proposed(desk)
    for name in ("ada", "bob"):
        approvals.approve(desk, now(desk, name), proposal.id)
    with pytest.raises(ApprovalError, match="has a reason"):
        approvals.reject(desk, now(desk, "ada"), proposal.id, "  ")
    with pytest.raises(Refused):
        approvals.reject(desk, now(desk, "eve"), proposal.id, "I do not like it")
    approvals.reject(desk, now(desk, "ada"), proposal.id, "the floor\nis missing")
    assert not approvals.ready(desk, *ACT).ready
    assert [(no.account, no.words) for no in approvals.rejections(desk, *ACT)] == [
        ("ada", "the floor\\nis missing")
    ]
    with pytest.raises(ApprovalError, match="ada has rejected"):
        approvals.approve(desk, now(desk, "cyd"), proposal.id)


def test_who_proposed_may_take_it_back(desk):
    proposal = proposed(desk)
    approvals.reject(desk, now(desk, "lia"), proposal.id, "a mistake of mine")
    assert approvals.queue(desk)[0].rejection.account == "lia"


@pytest.mark.parametrize("fall", ["role", "disabled"])
def test_an_approval_falls_with_the_role_of_who_gave_it(desk, fall):
    proposal = proposed(desk)
    for name in ("ada", "bob"):
        approvals.approve(desk, now(desk, name), proposal.id)
    if fall == "role":
        accounts.set_roles(desk, "ada", {Role.READER})
    else:
        accounts.set_disabled(desk, "ada", disabled=True)
    assert approvals.ready(desk, *ACT).reason.startswith("1 of 2")
    approvals.approve(desk, now(desk, "cyd"), proposal.id)
    assert approvals.ready(desk, *ACT).ready


def test_the_same_is_proposed_once_and_nonsense_never(desk):
    proposal = proposed(desk)
    assert proposed(desk) == proposal
    for act, digest in (("burn", TEXT), ("sign", "AB" * 32), ("sign", "")):
        with pytest.raises(ApprovalError, match="no act"):
            approvals.propose(desk, now(desk, "lia"), act, "AUR-BOR@1", digest)
    with pytest.raises(ApprovalError, match="no proposal"):
        approvals.approve(desk, now(desk, "ada"), "' OR 1=1 --")


def test_every_step_is_in_the_watch_log(desk):
    proposal = proposed(desk)
    for name in ("ada", "bob"):
        approvals.approve(desk, now(desk, name), proposal.id)
    approvals.spend(desk, *ACT)
    told = [line.text for line in desk.store.log(100) if line.kind == "approval"]
    assert len(told) == 4
    assert told[0].startswith("lia proposes to sign AUR-BOR@1 (text abababababab)")
    assert "(1 of 2)" in told[1]
    assert "(2 of 2)" in told[2]
    assert "is done, approved by ada and bob" in told[3]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["approve", "approve", "reject", "wait", "demote", "restore", "spend"]),
        st.sampled_from(["ada", "bob", "cyd", "lia"]),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_in_no_order_of_steps_is_anything_done_without_two_who_may(desk, steps):
    text = desk.chance(32).hex()
    act = ("sign", "AUR-BOR@1", text)
    persons = {name: now(desk, name) for name in ("ada", "bob", "cyd", "lia")}
    proposal = approvals.propose(desk, persons["lia"], *act)
    yes, no, spent = set(), False, False
    may = {"ada", "bob", "cyd"}
    for name in may:
        desk.store.set_roles(name, {Role.RELEASE_AUTHORITY})
    for step, name in steps:
        try:
            if step == "approve":
                person = now(desk, name)
                approvals.approve(desk, person, proposal.id)
                yes.add(name)
                assert name in may
            elif step == "reject":
                approvals.reject(desk, now(desk, name), proposal.id, "no")
                no = True
            elif step == "demote":
                may.discard(name)
                desk.store.set_roles(name, {Role.LIAISON})
            elif step == "restore" and name != "lia":
                may.add(name)
                desk.store.set_roles(name, {Role.RELEASE_AUTHORITY})
            elif step == "spend":
                approvals.spend(desk, *act)
                assert len(yes & may) >= 2
                assert not no
                assert not spent
                spent = True
        except (ApprovalError, Refused):
            pass
        ready = approvals.ready(desk, *act).ready
        assert ready == (len(yes & may) >= 2 and not no and not spent)


def test_the_command_line_asks_two_persons_one_after_the_other(desk, monkeypatch):
    typed = iter(["ada\n", "ada\n", "ada\n", "bob\n"])
    monkeypatch.setattr(
        "sys.stdin", type("Terminal", (), {"isatty": lambda _: True, "readline": lambda _: next(typed)})()
    )
    monkeypatch.setattr(two_persons, "getpass", lambda _: PASSWORD)
    with pytest.raises(CommandError, match="another person"):
        two_persons.approved_by_two(desk, *ACT)
    with pytest.raises(CommandError, match="another person"):
        two_persons.approved_by_two(desk, *ACT)
    approved = two_persons.approved_by_two(desk, *ACT)
    assert approved.words == "approved by ada and bob"
    assert approved.actors == (accounts.actor_id(desk, "ada"), accounts.actor_id(desk, "bob"))


def test_without_a_terminal_nobody_is_asked_and_nothing_is_approved(desk, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Pipe", (), {"isatty": lambda _: False})())
    with pytest.raises(CommandError, match="two release authorities"):
        two_persons.approved_by_two(desk, *ACT)


def test_a_node_without_accounts_asks_nobody(coalition):
    desk = desk_for(list(coalition.nodes.values())[1])
    assert "acts alone" in two_persons.approved_by_two(desk, *ACT).words
