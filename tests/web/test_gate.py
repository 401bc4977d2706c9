"""Every route says what it needs; what says nothing is not served; nobody does what no role of theirs allows."""

import re

import pytest
from fastapi import FastAPI

from commonsky.domain.roles import ACTIONS_OF, Action, Role
from commonsky.web.app import application
from commonsky.web.gate import Gate, Open, needs, route_needs
from front_desk import Browser, desk_for, everybody, hire


@pytest.fixture
def desk(node):
    return desk_for(node)


@pytest.fixture
def app(desk):
    return application(desk.node, None, wall_clock_tai_s=desk.now_tai_s, desk=desk)


def test_every_route_of_the_application_declares_what_it_needs(app):
    listed = list(route_needs(app))
    assert {"/api/v1/objects/{name}", "/api/v1/warnings", "/api/v1/session", "/feed/v1/{issuer}", "/"} <= {
        one.path for one in listed
    }
    assert [one for one in listed if one.need is None] == []


def test_only_the_page_and_logging_in_are_open_to_who_is_not_logged_in(app):
    found = {(one.path, *sorted(one.methods)) for one in route_needs(app) if one.need is Open.CONSOLE}
    assert found <= {
        ("/", "GET"),
        ("/assets/{rest:path}",),
        ("/api/v1/session", "GET"),
        ("/api/v1/session", "POST"),
        ("/api/v1/session/passkey", "POST"),
    }
    assert [one.path for one in route_needs(app) if one.need is Open.PARTNERS] == ["/feed/v1/{issuer}"]


def test_a_route_that_declares_nothing_is_not_served(desk):
    bare = FastAPI(openapi_url=None)

    @bare.get("/api/v1/forgotten")
    def forgotten():
        return "told"

    @bare.get("/api/v1/declared")
    @needs(Action.SEE_STATUS)
    def declared():
        return "told"

    client = Browser(desk, app=Gate(bare, routes=bare, desk=desk))
    assert client.get("/api/v1/declared").json() == "told"
    for path in ("/api/v1/forgotten", "/api/v1/nowhere", "/openapi.json"):
        assert client.get(path).json() == {"detail": "there is nothing here"}
    assert client.post("/api/v1/declared").status_code == 404


def _filled(path):
    return re.sub(r"\{[^}]*\}", "x", path)


def _ask(browser, one):
    method = min(one.methods or {"GET"})
    path = _filled(one.path)
    return browser.get(path) if method == "GET" else browser.post(path)


def test_with_an_account_nobody_gets_anything_without_a_login(desk, app):
    hire(desk, "ada", Role.READER)
    stranger = Browser(desk)
    for one in route_needs(app):
        if isinstance(one.need, Action):
            answer = _ask(stranger, one)
            assert (one.path, answer.status_code) == (one.path, 401)
            assert answer.json() == {"detail": "log in first"}


@pytest.mark.parametrize("role", Role)
def test_each_role_is_refused_every_route_beyond_its_row_of_the_table(desk, app, role):
    everybody(desk)
    browser = Browser(desk)
    assert browser.log_in(role.replace(" ", "-")).status_code == 200
    for one in route_needs(app):
        if isinstance(one.need, Action) and one.need not in ACTIONS_OF[role]:
            answer = _ask(browser, one)
            assert (one.path, answer.status_code) == (one.path, 403)
            assert f"may not {one.need}" in answer.json()["detail"]


def test_without_an_account_the_owner_of_the_machine_does_all_but_sign_for_two(desk):
    browser = Browser(desk)
    told = browser.get("/api/v1/session").json()
    assert told["login_required"] is False
    assert told["person"]["name"] == "the owner of this machine"
    assert "approve_agreement" not in told["person"]["actions"]
    assert {"view_picture", "view_release", "administer_accounts", "cut_link"} <= set(
        told["person"]["actions"]
    )
    assert browser.get("/api/v1/warnings").status_code == 200


def test_the_first_account_shuts_the_door_at_once(desk):
    browser = Browser(desk)
    assert browser.get("/api/v1/warnings").status_code == 200
    hire(desk, "ada", Role.READER)
    assert browser.get("/api/v1/warnings").status_code == 401


def test_a_disabled_account_alone_does_not_open_the_console_again(desk):
    hire(desk, "ada", Role.READER)
    desk.store.set_disabled("ada", disabled=True)
    assert Browser(desk).get("/api/v1/warnings").status_code == 401


def test_a_stream_ends_with_the_session_that_it_was_asked_for_in(desk, monkeypatch):
    import asyncio

    from fastapi.responses import StreamingResponse

    from commonsky.web import gate

    monkeypatch.setattr(gate, "LOOK_AGAIN_S", 0.05)
    hire(desk, "ada", Role.READER)
    app = FastAPI(openapi_url=None)

    @app.get("/api/v1/events")
    @needs(Action.SEE_STATUS)
    async def events():
        async def told():
            yield b"one"
            desk.store.end_sessions_of("ada")
            await asyncio.sleep(60.0)
            yield b"two"

        return StreamingResponse(told())

    browser = Browser(desk)
    browser.log_in("ada")
    browser.app = gate.Gate(app, routes=app, desk=desk)
    assert browser.get("/api/v1/events").content == b"one"
    assert browser.get("/api/v1/events").status_code == 401
