"""Logging in over HTTP, and what is tried against it."""

import pytest
from msgspec.structs import replace

from commonsky.domain.roles import Role
from front_desk import PASSWORD, Browser, Clock, desk_for, hire


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(node, clock):
    made = desk_for(node, clock)
    hire(made, "ada", Role.READER)
    hire(made, "bob", Role.WATCH_OFFICER)
    return made


@pytest.fixture
def browser(desk):
    return Browser(desk)


def test_a_login_tells_who_acts_and_what_that_person_may_do(browser):
    told = browser.log_in("ada").json()["person"]
    assert (told["account"], told["name"], told["roles"], told["fresh"]) == ("ada", "Ada", ["reader"], True)
    assert "view_picture" in told["actions"]
    assert "cut_link" not in told["actions"]
    assert browser.get("/api/v1/session").json()["person"] == told
    assert browser.get("/api/v1/warnings").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(browser):
    said = browser.log_in("ada").headers["set-cookie"].lower()
    assert said.startswith("commonsky-nor=")
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "path=/" in said
    assert "domain" not in said
    assert "secure" not in said  # the loopback address has no TLS


def test_no_token_stands_in_the_database(browser, desk):
    browser.log_in("ada")
    with desk.store._reading() as connection:
        held = connection.exec_driver_sql("SELECT * FROM sessions").all()
    assert browser.token not in str(held)
    hashed = desk.store.password_hash("ada")
    assert hashed.startswith("$argon2id$")
    assert PASSWORD not in hashed


def test_logging_out_ends_the_session_and_not_only_the_cookie(browser, desk):
    browser.log_in("ada")
    kept = browser.token
    assert browser.post("/api/v1/session/end").json()["person"] is None
    assert browser.token is None
    browser.plant(kept)
    assert browser.get("/api/v1/warnings").status_code == 401


def test_an_idle_session_ends_and_the_page_alone_does_not_keep_it(browser, clock):
    browser.log_in("ada")
    for _ in range(4):
        clock.on(1_000.0)
        last = browser.get("/api/v1/warnings").status_code
    assert last == 401


def test_a_person_who_does_something_stays_until_the_longest_time_is_over(browser, desk, clock):
    browser.log_in("ada")
    began = clock.now_tai_s
    while clock.now_tai_s - began + 1_000.0 < desk.settings.longest_s:
        clock.on(1_000.0)
        assert browser.get("/api/v1/warnings", **{"x-commonsky-active": "1"}).status_code == 200
    clock.on(1_000.0)
    assert browser.get("/api/v1/warnings", **{"x-commonsky-active": "1"}).status_code == 401


def test_a_session_from_the_future_of_a_clock_that_was_set_back_is_nobodys(browser, clock):
    browser.log_in("ada")
    clock.on(-10.0)
    assert browser.get("/api/v1/warnings").status_code == 401


def test_a_token_that_was_planted_before_the_login_is_not_the_one_after_it(browser):
    browser.plant("planted")
    browser.log_in("ada")
    assert browser.get("/api/v1/warnings").status_code == 200
    browser.plant("planted")
    assert browser.get("/api/v1/warnings").status_code == 401


def test_a_login_ends_the_session_that_was_there(browser, desk):
    browser.log_in("ada")
    before = browser.token
    browser.log_in("bob")
    assert browser.get("/api/v1/session").json()["person"]["account"] == "bob"
    browser.plant(before)
    assert browser.get("/api/v1/warnings").status_code == 401


def test_a_fresh_proof_goes_on_under_another_token(browser, clock):
    browser.log_in("ada")
    before = browser.token
    clock.on(400.0)
    assert browser.get("/api/v1/session").json()["person"]["fresh"] is False
    assert browser.post("/api/v1/session/proof", {"password": "not this one, no"}).status_code == 422
    assert browser.post("/api/v1/session/proof", {"password": PASSWORD}).json()["person"]["fresh"] is True
    assert browser.token != before
    browser.plant(before)
    assert browser.get("/api/v1/warnings").status_code == 401


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {
        "origin": "http://127.0.0.1:9999"
    },  # another port of this machine is another origin, though the same site
    {"origin": "https://127.0.0.1:8701"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"content-type": "text/plain"},
    {"content-type": "application/x-www-form-urlencoded"},
]


@pytest.mark.parametrize("said", FOREIGN, ids=str)
def test_no_page_of_another_origin_changes_anything_or_logs_anybody_in(browser, said):
    refused = browser.post("/api/v1/session", {"account": "ada", "password": PASSWORD}, **said)
    assert refused.status_code == 403
    browser.log_in("ada")
    assert browser.post("/api/v1/session/end", **said).status_code == 403
    assert browser.get("/api/v1/warnings").status_code == 200


@pytest.mark.parametrize("said", ["", "0" * 64, "é", None])
def test_a_change_without_the_sessions_own_token_is_refused(browser, said):
    browser.log_in("ada")
    assert (
        browser.post("/api/v1/session/end", **{"x-commonsky-csrf": said and said.encode()}).status_code == 403
    )
    assert browser.get("/api/v1/warnings").status_code == 200


def test_the_token_of_another_session_does_not_do(browser, desk):
    other = Browser(desk)
    other.log_in("ada")
    browser.log_in("ada")
    assert browser.post("/api/v1/session/end", **{"x-commonsky-csrf": other.csrf}).status_code == 403


HOSTILE_NAMES = [
    "nobody",
    "ada' OR '1'='1",
    "ada'; DROP TABLE accounts; --",
    "ada\x00",
    "\u0430da",  # a Cyrillic a
    "\uff41da",  # a wide a
    "ada\u200b",
    "\u212aada",
    "",
    "a" * 1_000,
    "../../etc/passwd",
    "%",
    "_da",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_an_account_that_is_none_fails_as_a_wrong_password_does(browser, desk, name):
    wrong = browser.log_in("ada", "not this one, no")
    compared = desk.passwords.compared
    answer = browser.log_in(name)
    assert (answer.status_code, answer.content) == (wrong.status_code, wrong.content) == (401, wrong.content)
    assert answer.headers.keys() == wrong.headers.keys()
    assert desk.passwords.compared == compared + 1
    assert browser.log_in("ada").status_code == 200


def test_what_is_typed_as_a_name_by_mistake_is_not_in_the_log(browser, desk):
    browser.log_in(PASSWORD, "ada")
    assert "failed to log in as an unknown account" in desk.store.log(1)[0].text
    assert PASSWORD not in "".join(line.text for line in desk.store.log(100))


def test_disabled_accounts_and_those_without_a_password_fail_in_the_same_way(browser, desk):
    wrong = browser.log_in("ada", "not this one, no")
    hire(desk, "eve", Role.READER)
    desk.store.set_disabled("eve", disabled=True)
    desk.store.add_account(
        replace(desk.store.account("ada"), name="oid", handle=b"o", subject="s", issuer="i"), None
    )
    for name in ("eve", "oid"):
        compared = desk.passwords.compared
        answer = browser.log_in(name)
        assert (answer.status_code, answer.content) == (401, wrong.content)
        assert desk.passwords.compared == compared + 1


def test_the_eleventh_guess_waits_also_for_the_right_password_and_for_accounts_that_are_none(browser, clock):
    for name in ("ada", "nobody"):
        for _ in range(10):
            assert browser.log_in(name, "not this one, no").status_code == 401
        blocked = browser.log_in(name)
        assert blocked.status_code == 429
        assert 0 < int(blocked.headers["retry-after"]) <= 32
    clock.on(31.0)
    assert browser.log_in("ada").status_code == 200


def test_one_address_that_tries_many_accounts_waits(browser):
    answers = [browser.log_in(f"name-{n}").status_code for n in range(40)]
    assert answers == [401] * 30 + [429] * 10


def test_a_right_password_costs_no_attempt(browser):
    assert {browser.log_in("ada").status_code for _ in range(50)} == {200}


def test_what_is_wrong_with_a_body_is_said_without_repeating_it(browser):
    for body in ({"account": "ada"}, {"account": "ada", "password": ["secret-secret"]}, [], "x"):
        answer = browser.post("/api/v1/session", body)
        assert answer.status_code == 422
        assert "secret-secret" not in answer.text
    huge = browser.post("/api/v1/session", {"account": "ada", "password": "x" * 200_000})
    assert huge.status_code in {413, 422}


def test_a_changed_password_ends_the_other_sessions(browser, desk):
    elsewhere = Browser(desk)
    elsewhere.log_in("ada")
    browser.log_in("ada")
    short = browser.post("/api/v1/session/password", {"password": PASSWORD, "new": "short"})
    assert (short.status_code, "at least 12" in short.json()["detail"]) == (422, True)
    done = browser.post("/api/v1/session/password", {"password": PASSWORD, "new": "another good one"})
    assert done.status_code == 200
    assert browser.get("/api/v1/warnings").status_code == 200
    assert elsewhere.get("/api/v1/warnings").status_code == 401
    assert Browser(desk).log_in("ada").status_code == 401
    assert Browser(desk).log_in("ada", "another good one").status_code == 200


def test_roles_and_disabling_count_at_the_next_request(browser, desk):
    browser.log_in("ada")
    desk.store.set_roles("ada", {Role.ADMINISTRATOR})
    assert browser.get("/api/v1/warnings").status_code == 403
    desk.store.set_disabled("ada", disabled=True)
    assert browser.get("/api/v1/warnings").status_code == 401


def test_roles_that_ask_for_a_passkey_do_not_count_without_one(desk):
    browser = Browser(desk)
    settings = replace(desk.settings, passkey_for=frozenset({Role.READER}))
    desk.node.config = replace(desk.node.config, people=settings)
    told = browser.log_in("ada").json()["person"]
    assert (told["roles"], told["actions"]) == ([], ["keep_own_account", "see_status"])
    assert browser.get("/api/v1/warnings").status_code == 403


def test_the_public_name_works_over_tls_alone_and_only_once_people_log_in(node):
    url = "https://console.example"
    node.config = replace(node.config, people=replace(node.config.people, public_url=url))
    desk = desk_for(node)
    browser = Browser(desk, origin=url)
    proxied = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    assert browser.get("/api/v1/session", **proxied).status_code == 403
    hire(desk, "ada", Role.READER)
    assert browser.get("/api/v1/session", **proxied).status_code == 200
    assert browser.get("/api/v1/session", **proxied | {"x-forwarded-proto": "http"}).status_code == 403
    assert browser.get("/api/v1/session", **proxied | {"host": "other.example"}).status_code == 403
    answer = browser.post("/api/v1/session", {"account": "ada", "password": PASSWORD}, **proxied)
    said = answer.headers["set-cookie"].lower()
    assert said.startswith("__host-commonsky-nor=")
    assert "secure" in said


def test_what_a_client_writes_into_the_proxys_header_is_not_its_address(node):
    url = "https://console.example"
    node.config = replace(node.config, people=replace(node.config.people, public_url=url))
    desk = desk_for(node)
    hire(desk, "ada", Role.READER)
    browser = Browser(desk, origin=url)
    for n in range(40):
        forged = {"x-forwarded-for": f"198.51.100.{n}, 203.0.113.9"}
        last = browser.post("/api/v1/session", {"account": f"no-{n}", "password": PASSWORD}, **forged)
    assert last.status_code == 429
