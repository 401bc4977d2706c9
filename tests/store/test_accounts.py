"""Accounts, sessions, ceremonies and attempts as they are kept; times are of the machine's clock."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from test_audit_tree import WIDE

from commonsky.domain.roles import Role
from commonsky.store import Account, Bucket, Ceremony, HeldSession, Passkey, Store
from commonsky.store.schema import FIRST_TABLES, metadata

NOW_TAI_S = 850_000_000.0


def account(name="ada", **changes):
    fields = {
        "person": "Ada",
        "roles": frozenset({Role.READER}),
        "handle": name.encode(),
        "made_tai_s": NOW_TAI_S,
    }
    return Account(name=name, **(fields | changes))


def session(account_name="ada", began=NOW_TAI_S):
    return HeldSession(
        account=account_name, means="password", began_tai_s=began, active_tai_s=began, proved_tai_s=began
    )


def test_an_account_comes_back_as_it_was_given(store):
    given = account(roles=frozenset(Role), issuer="i", subject="s", disabled=True)
    assert not store.has_accounts()
    assert store.add_account(given, "hash")
    assert store.has_accounts()
    assert store.account("ada") == store.account_of_subject("i", "s") == given
    assert store.accounts() == [given]
    assert store.password_hash("ada") == "hash"


def test_a_name_a_subject_and_a_handle_are_given_once(store):
    assert store.add_account(account(issuer="i", subject="s"), "hash")
    assert not store.add_account(account(handle=b"other"), "another")
    assert not store.add_account(account("bob", issuer="i", subject="s"), "another")
    assert not store.add_account(account("bob", handle=b"ada"), "another")
    assert store.password_hash("ada") == "hash"
    assert store.password_hash("bob") is None
    assert store.add_account(account("bob", issuer="j", subject="s"), None)


def test_two_accounts_without_a_subject_stand_beside_each_other(store):
    assert store.add_account(account(), "hash")
    assert store.add_account(account("bob"), "hash")


def test_changes_touch_their_account_alone(store):
    store.add_account(account(), "hash")
    store.add_account(account("bob"), "hash")
    store.set_roles("ada", {Role.LIAISON, Role.PLANNER})
    store.set_disabled("ada", disabled=True)
    store.set_password_hash("ada", "new")
    assert store.account("ada").roles == {Role.LIAISON, Role.PLANNER}
    assert store.account("ada").disabled
    assert store.account("bob") == account("bob")
    assert (store.password_hash("ada"), store.password_hash("bob")) == ("new", "hash")


def test_a_session_lives_until_it_is_ended_or_swept(store):
    store.add_account(account(), "hash")
    for n in range(4):
        store.begin_session(f"token-{n}", session(began=NOW_TAI_S + n))
    assert store.session("token-0") == session()
    assert store.end_session("token-0")
    assert not store.end_session("token-0")
    store.sweep(began_before_tai_s=NOW_TAI_S + 2.0, now_tai_s=NOW_TAI_S)
    assert [store.session(f"token-{n}") is None for n in range(4)] == [True, True, False, False]
    assert store.end_sessions_of("ada", but="token-3") == 1
    assert store.session("token-3") is not None


def test_a_renewed_session_is_found_under_its_new_token_alone(store):
    store.add_account(account(), "hash")
    store.begin_session("old", session())
    assert store.renew_session("old", "new", means="other", proved_tai_s=NOW_TAI_S + 5.0)
    assert store.session("old") is None
    assert store.session("new").began_tai_s == NOW_TAI_S
    assert store.session("new").proved_tai_s == NOW_TAI_S + 5.0
    assert not store.renew_session("old", "newer", means="other", proved_tai_s=NOW_TAI_S)


def test_a_ceremony_is_answered_once_in_time_and_as_what_it_was_begun(store):
    step = Ceremony(kind="passkey", account="ada", data="challenge", ends_tai_s=NOW_TAI_S + 60.0)
    for token in ("a", "b", "c"):
        store.begin_ceremony(token, step)
    assert store.take_ceremony("a", "passkey", NOW_TAI_S) == step
    assert store.take_ceremony("a", "passkey", NOW_TAI_S) is None
    assert store.take_ceremony("b", "passkey", NOW_TAI_S + 61.0) is None
    assert store.take_ceremony("c", "openid", NOW_TAI_S) is None
    assert store.take_ceremony("c", "passkey", NOW_TAI_S) == step


def test_a_count_that_moved_meanwhile_is_not_moved_again(store):
    store.add_account(account(), "hash")
    key = Passkey(
        id=b"k", account="ada", label="key", public_key=b"p", sign_count=2**31 + 7, added_tai_s=NOW_TAI_S
    )
    assert store.add_passkey(key)
    assert not store.add_passkey(key)
    assert store.passkeys_of("ada") == [key]
    assert store.note_passkey_use(key, key.sign_count + 1, at_tai_s=NOW_TAI_S)
    assert not store.note_passkey_use(key, key.sign_count + 1, at_tai_s=NOW_TAI_S)
    assert store.count_passkeys() == {"ada": 1}
    assert store.remove_passkeys("ada", only=b"other") == 0
    assert store.remove_passkeys("ada") == 1


def test_the_secret_of_actors_is_made_once(store):
    assert store.actor_secret(b"first") == b"first"
    assert store.actor_secret(b"second") == b"first"


def test_a_database_of_the_first_version_gets_the_new_tables_and_keeps_what_it_has(address):
    first = Store.open(address)
    first.write_log(1.0, "note", "kept")
    with first._writing() as connection:
        newer = [table for table in metadata.sorted_tables if table.name not in FIRST_TABLES - {"decisions"}]
        metadata.drop_all(connection, newer)
        connection.exec_driver_sql(WIDE)
        connection.exec_driver_sql("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    first.close()
    second = Store.open(address)
    assert [line.text for line in second.log(10)] == ["kept"]
    assert second.add_account(account(), "hash")
    second.close()
    third = Store.open(address)
    assert third.has_accounts()
    third.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(1, 6),
    refill_s=st.floats(0.5, 100.0),
    waits_s=st.lists(st.floats(0.0, 300.0), min_size=1, max_size=25),
    name=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
    ),
)
def test_in_any_time_no_more_attempts_pass_than_the_bucket_holds_and_what_runs_in(
    sqlite_store, size, refill_s, waits_s, name
):
    bucket, passed, now = Bucket(float(size), refill_s), [], NOW_TAI_S
    sqlite_store.sweep(began_before_tai_s=0.0, now_tai_s=NOW_TAI_S + 1e9)
    for wait_s in waits_s:
        now += wait_s
        before_s = sqlite_store.take_attempt({name: bucket}, now)
        if before_s == 0.0:
            passed.append(now)
        else:  # as long as was said, and no longer
            assert 0.0 < before_s <= refill_s
            now += before_s + 1e-6 * refill_s + 1e-6
            assert sqlite_store.take_attempt({name: bucket}, now) == 0.0
            passed.append(now)
    for start, first in enumerate(passed):
        for last in range(start, len(passed)):
            assert last - start + 1 <= size + (passed[last] - first) / refill_s + 1e-6


def test_when_one_bucket_is_empty_none_is_touched(store):
    one, other = {"one": Bucket(1.0, 10.0)}, {"other": Bucket(2.0, 10.0)}
    assert store.take_attempt(one | other, NOW_TAI_S) == 0.0
    assert store.take_attempt(one | other, NOW_TAI_S) == 10.0
    assert store.take_attempt(other, NOW_TAI_S) == 0.0
    assert store.take_attempt(other, NOW_TAI_S) == 10.0


def test_a_clock_set_back_fills_no_bucket_and_nothing_overflows(store):
    bucket = {"one": Bucket(2.0, 10.0)}
    assert store.take_attempt(bucket, NOW_TAI_S) == 0.0
    assert store.take_attempt(bucket, NOW_TAI_S - 1e6) == 0.0
    assert store.take_attempt(bucket, NOW_TAI_S - 1e6) == 10.0
    store.give_back_attempt("one", 2.0)
    for _ in range(5):
        store.give_back_attempt("one", 2.0)
    assert [store.take_attempt(bucket, NOW_TAI_S - 1e6) for _ in range(3)] == [0.0, 0.0, 10.0]
