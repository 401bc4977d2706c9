"""Passwords, names, roles, and what partners learn of a person."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain.roles import ACTIONS_OF, Action, Role, actions_of
from commonsky.node.people import accounts, sessions, sign_in
from commonsky.node.people.accounts import AccountError
from commonsky.node.people.passwords import Passwords, check_acceptable
from commonsky.node.people.person import Means, Refused, owner_of_the_machine
from commonsky.node.people.settings import PeopleSettings
from front_desk import CHEAP, PASSWORD, desk_for, hire


@pytest.fixture
def desk(coalition):
    return desk_for(next(iter(coalition.nodes.values())))


def test_every_role_has_its_row_and_every_action_somebody_who_may_do_it():
    assert set(ACTIONS_OF) == set(Role)
    assert actions_of(Role) == set(Action)
    assert actions_of(()) == frozenset()


@given(st.sets(st.sampled_from(list(Role))), st.sampled_from(list(Role)))
def test_another_role_takes_nothing_away_and_gives_what_its_row_says(roles, another):
    assert actions_of({*roles, another}) == actions_of(roles) | ACTIONS_OF[another]


def test_only_release_authorities_approve_and_only_administrators_keep_accounts():
    assert [role for role in Role if Action.APPROVE_AGREEMENT in ACTIONS_OF[role]] == [Role.RELEASE_AUTHORITY]
    assert [role for role in Role if Action.ADMINISTER_ACCOUNTS in ACTIONS_OF[role]] == [Role.ADMINISTRATOR]


def test_the_owner_of_the_machine_never_approves_whatever_the_configuration_says():
    for roles in (frozenset(Role), frozenset({Role.RELEASE_AUTHORITY})):
        owner = owner_of_the_machine(PeopleSettings(without_accounts=roles))
        with pytest.raises(Refused, match="may not approve or reject"):
            owner.require(Action.APPROVE_AGREEMENT)
    assert owner_of_the_machine(PeopleSettings(without_accounts=frozenset())).actions == frozenset()


def test_a_hash_is_argon2_at_the_cost_of_the_rfc_and_salted():
    hashed = Passwords().hashed(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hashed != Passwords().hashed(PASSWORD)


@given(st.text(max_size=300))
def test_a_password_matches_itself_and_no_other(text):
    passwords = Passwords(CHEAP)
    hashed = passwords.hashed(text)
    assert passwords.match(hashed, text)
    assert not passwords.match(hashed, text + "x") or len(text) > 256
    assert not passwords.match(None, text)
    assert not passwords.match("not a hash", text)


def test_the_password_of_nobody_opens_nothing():
    assert not Passwords(CHEAP).match(None, "the password of nobody")


def test_one_password_typed_on_two_keyboards_is_the_same():
    passwords = Passwords(CHEAP)
    assert passwords.match(passwords.hashed("caf\u00e9 au lait!"), "cafe\u0301 au lait!")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "at least 12"),
        ("eleven char", "at least 12"),
        ("x" * 257, "at most 256"),
        ("aaaaaaaaaaaaaaaa", "too few"),
        ("I am Ada and it is late", "the name ada"),
        ("CommonSky rules", "the name commonsky"),
    ],
)
def test_a_password_that_will_not_do_is_told_why(password, words):
    with pytest.raises(ValueError, match=words):
        check_acceptable(password, ("ada", "commonsky"))


LOOK_ALIKES = [
    "Ada",
    "\u0430da",
    "\uff41da",
    "ada\u200b",
    "ada ",
    " ada",
    "ad\u0000a",
    "a",
    "",
    "-ada",
    "a/b",
    "a" * 33,
]


@pytest.mark.parametrize("name", LOOK_ALIKES, ids=ascii)
def test_no_account_has_a_name_that_looks_like_another(desk, name):
    hire(desk, "ada", Role.READER)
    with pytest.raises(AccountError, match="account name"):
        hire(desk, name, Role.READER)


@pytest.mark.parametrize("person", ["", "x" * 81, "Ada\nLovelace", "Ada\u202e", "\x1b[31mAda"], ids=ascii)
def test_a_persons_name_prints_in_one_line_from_left_to_right(desk, person):
    with pytest.raises(AccountError, match="printable"):
        accounts.add_account(desk, "ada", person=person, roles=(), password=PASSWORD)


def test_a_name_is_taken_once_and_unknown_ones_are_said(desk):
    hire(desk, "ada", Role.READER)
    with pytest.raises(AccountError, match="already"):
        hire(desk, "ada", Role.ADMINISTRATOR)
    for change in (
        lambda: accounts.set_roles(desk, "bob", ()),
        lambda: accounts.set_disabled(desk, "bob", disabled=True),
        lambda: accounts.set_password(desk, "bob", PASSWORD),
        lambda: accounts.reset_passkeys(desk, "bob"),
    ):
        with pytest.raises(AccountError, match="no account bob"):
            change()


def test_what_is_done_to_accounts_stands_in_the_watch_log_and_no_password_does(desk):
    hire(desk, "ada", Role.READER)
    accounts.set_roles(desk, "ada", {Role.LIAISON})
    accounts.set_password(desk, "ada", "another good one")
    accounts.set_disabled(desk, "ada", disabled=True)
    told = "\n".join(line.text for line in desk.store.log(100) if line.kind == "people")
    for words in (
        "ada was made for Ada (reader)",
        "ada is now: liaison",
        "another password",
        "ada is disabled",
    ):
        assert words in told
    assert PASSWORD not in told
    assert "another good one" not in told


def test_partners_get_a_name_for_a_person_that_leads_back_at_this_node_alone(coalition):
    here, there = (desk_for(node) for node in list(coalition.nodes.values())[:2])
    there.chance(1)
    names = {accounts.actor_id(here, one) for one in ("ada", "bob")}
    assert len(names) == 2
    assert accounts.actor_id(here, "ada") in names
    assert accounts.actor_id(there, "ada") not in names
    assert all(len(one) == 32 and "ada" not in one for one in names)


def test_a_hash_of_a_lower_cost_is_renewed_at_the_next_login(desk):
    hire(desk, "ada", Role.READER)
    weak = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    desk.store.set_password_hash("ada", weak)
    sign_in.password_proves(desk, "ada", PASSWORD, address="here")
    assert "m=8,t=1" in desk.store.password_hash("ada")


def test_at_the_machine_a_password_is_enough_only_where_it_is_the_whole_proof(desk):
    hire(desk, "ada", Role.RELEASE_AUTHORITY)
    person = sign_in.proved_at_this_machine(desk, "ada", PASSWORD)
    assert (person.account, person.means) == ("ada", Means.PASSWORD)
    assert person.is_fresh(desk.settings, desk.now_tai_s())
    assert not person.is_fresh(desk.settings, desk.now_tai_s() + 301.0)
    assert not person.is_fresh(desk.settings, desk.now_tai_s() - 1.0)


@given(st.text(max_size=80))
def test_no_token_but_the_sessions_own_finds_a_session(text):
    assert sessions.csrf_matches("token", sessions.csrf_token("token"))
    assert not sessions.csrf_matches("token", text)
    assert sessions.digest_of(text) != text


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle_s": 0.0},
        {"idle_s": 100.0, "longest_s": 99.0},
        {"longest_s": 1e6},
        {"fresh_s": 1e5},
        {"proposal_s": -1.0},
        {"public_url": "http://console.example"},
        {"public_url": "https://console.example/path"},
        {"public_url": "https://user@console.example"},
    ],
    ids=str,
)
def test_settings_that_would_loosen_everything_are_refused(wrong):
    with pytest.raises(ValueError, match="people: "):
        PeopleSettings(**wrong)
