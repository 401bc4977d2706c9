"""The second factor over HTTP: added, asked for, and not fooled."""

import pytest
from msgspec.structs import replace

from authenticator import Authenticator
from commonsky.domain.roles import Role
from commonsky.node.people.sign_in import SignInRefusedError, proved_at_this_machine
from front_desk import PASSWORD, Browser, Clock, desk_for, hire

LOCALHOST = "http://localhost:8701"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(node, clock):
    made = desk_for(node, clock)
    hire(made, "ada", Role.RELEASE_AUTHORITY)
    hire(made, "bob", Role.RELEASE_AUTHORITY)
    return made


@pytest.fixture
def browser(desk):
    return Browser(desk, origin=LOCALHOST)


def add_passkey(browser, key, **lies):
    step = browser.post("/api/v1/session/passkeys/begin").json()
    body = {"token": step["token"], "credential": key.create(step["options"], **lies), "label": "blue key"}
    return browser.post("/api/v1/session/passkeys", body)


@pytest.fixture
def key(browser):
    made = Authenticator()
    browser.log_in("ada")
    assert add_passkey(browser, made).status_code == 200
    browser.post("/api/v1/session/end")
    return made


def answered(browser, step, credential):
    return browser.post("/api/v1/session/passkey", {"token": step["token"], "credential": credential})


def test_with_a_passkey_the_password_alone_opens_nothing(browser, key):
    come = browser.log_in("ada")
    assert set(come.json()) == {"step"}
    assert "set-cookie" not in come.headers
    assert browser.get("/api/v1/warnings").status_code == 401
    step = come.json()["step"]
    done = answered(browser, step, key.get(step["options"]))
    assert done.json()["person"]["means"] == "password and passkey"
    assert browser.get("/api/v1/warnings").status_code == 200


def test_a_new_passkey_needs_a_fresh_proof_and_ends_the_other_sessions(browser, desk, clock):
    elsewhere = Browser(desk)
    elsewhere.log_in("ada")
    browser.log_in("ada")
    clock.on(400.0)
    assert browser.post("/api/v1/session/passkeys/begin").status_code == 403
    browser.post("/api/v1/session/proof", {"password": PASSWORD})
    told = add_passkey(browser, Authenticator()).json()
    assert told["person"]["means"] == "password and passkey"
    assert elsewhere.get("/api/v1/warnings").status_code == 401
    (held,) = browser.get("/api/v1/session/passkeys").json()
    assert held["label"] == "blue key"
    assert browser.post("/api/v1/session/passkeys/remove", {"id": "zz"}).status_code == 422
    assert browser.post("/api/v1/session/passkeys/remove", {"id": held["id"]}).json() == []


LIES = {
    "another origin": {"origin": "http://localhost:9999"},
    "a site that looks like it": {"origin": "http://localhost.evil.example:8701"},
    "a page over TLS where there is none": {"origin": "https://localhost:8701"},
    "the answer to another question": {"kind": "webauthn.create"},
    "another relying party": {"rp": "evil.example"},
    "nobody at the key": {"flags": 0x00},
    "a counter that stands": {"step": 0},
    "a counter that went back": {"step": -1},
}


@pytest.mark.parametrize("lie", LIES)
def test_no_answer_that_lies_proves_anything(browser, key, desk, lie):
    for _ in range(3):
        step = browser.log_in("ada").json()["step"]
        assert answered(browser, step, key.get(step["options"])).status_code == 200
        browser.post("/api/v1/session/end")
    step = browser.log_in("ada").json()["step"]
    refused = answered(browser, step, key.get(step["options"], **LIES[lie]))
    assert (refused.status_code, refused.json()["detail"]) == (422, "the passkey does not prove it")
    assert browser.get("/api/v1/warnings").status_code == 401
    assert "did not prove that somebody is ada" in desk.store.log(1)[0].text


def test_an_answer_counts_once_in_time_and_for_its_own_question(browser, key, clock):
    first, second = (browser.log_in("ada").json()["step"] for _ in range(2))
    crossed = answered(browser, first, key.get(second["options"]))
    assert crossed.status_code == 422
    credential = key.get(second["options"])
    assert answered(browser, second, credential).status_code == 200
    assert answered(browser, second, credential).status_code == 422
    late = browser.log_in("ada").json()["step"]
    clock.on(301.0)
    assert answered(browser, late, key.get(late["options"])).status_code == 422


def test_the_key_of_one_person_does_not_open_the_account_of_another(browser, desk, key):
    bobs = Authenticator(2)
    browser.log_in("bob")
    add_passkey(browser, bobs)
    browser.post("/api/v1/session/end")
    step = browser.log_in("ada").json()["step"]
    assert answered(browser, step, bobs.get(step["options"])).status_code == 422
    step = browser.log_in("bob").json()["step"]
    proving = answered(browser, step, bobs.get(step["options"]))
    assert proving.json()["person"]["account"] == "bob"
    ada = browser.log_in("ada").json()["step"]
    assert (
        browser.post(
            "/api/v1/session/proof/passkey", {"token": ada["token"], "credential": bobs.get(ada["options"])}
        ).status_code
        == 422
    )


def test_a_passkey_that_somebody_has_is_not_added_again(browser, key):
    browser.log_in("bob")
    assert add_passkey(browser, Authenticator()).json() == {"detail": "this passkey is known already"}
    assert add_passkey(browser, Authenticator(3), origin="http://evil.example").status_code == 422
    assert add_passkey(browser, Authenticator(3), kind="webauthn.get").status_code == 422


@pytest.mark.parametrize(
    "credential", [{}, {"rawId": "x"}, {"id": 1, "rawId": None, "response": []}], ids=str
)
def test_an_answer_that_is_none_is_refused_like_any_other(browser, key, credential):
    step = browser.log_in("ada").json()["step"]
    assert answered(browser, step, credential).json() == {"detail": "the passkey does not prove it"}


def test_at_an_address_that_is_no_name_the_way_to_one_is_told(desk, browser, key):
    by_address = Browser(desk)
    answer = by_address.log_in("ada")
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith("open http://localhost:8701 instead of 127.0.0.1:8701")


def test_a_fresh_proof_by_passkey_lifts_roles_that_ask_for_one(browser, desk, key, clock):
    settings = replace(desk.settings, passkey_for=frozenset({Role.RELEASE_AUTHORITY}))
    desk.node.config = replace(desk.node.config, people=settings)
    step = browser.log_in("ada").json()["step"]
    told = answered(browser, step, key.get(step["options"])).json()
    assert told["person"]["roles"] == ["release authority"]
    clock.on(400.0)
    proof = browser.post("/api/v1/session/proof/begin").json()
    body = {"token": proof["token"], "credential": key.get(proof["options"])}
    assert browser.post("/api/v1/session/proof/passkey", body).json()["person"]["fresh"] is True


def test_at_the_command_line_a_password_is_not_enough_for_who_has_a_passkey(desk, browser, key):
    with pytest.raises(SignInRefusedError, match="has a passkey"):
        proved_at_this_machine(desk, "ada", PASSWORD)


def test_a_reset_lets_the_password_alone_in_again(desk, browser, key):
    from commonsky.node.people.accounts import reset_passkeys

    assert reset_passkeys(desk, "ada") == 1
    assert browser.log_in("ada").json()["person"]["means"] == "password"
