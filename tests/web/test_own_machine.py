"""The console shows all that a node knows, so only its own machine may ask for it."""

import pytest
from asking import ask
from fastapi import FastAPI

from commonsky.web.app import application
from commonsky.web.own_machine import OwnMachineOnly
from partners import GIVER, NOW_TAI_S


def answer(path, **how):
    app = FastAPI()

    @app.get("/feed/v1/NOR")
    @app.get("/api/v1/objects")
    def told():
        return "told"

    return ask(OwnMachineOnly(app), path, **how).status_code


@pytest.mark.parametrize("host", ["127.0.0.1:8701", "localhost:8701", "[::1]:8701", "localhost"])
def test_the_own_machine_gets_the_console_by_its_own_names(host):
    assert answer("/api/v1/objects", host=host) == 200


@pytest.mark.parametrize("client", ["10.0.0.7", "192.0.2.1", "2001:db8::1"])
def test_another_machine_gets_the_feed_and_not_the_console(client):
    assert answer("/api/v1/objects", client=client) == 403
    assert answer("/feed/v1/NOR", client=client) == 200


@pytest.mark.parametrize("host", ["evil.example:8701", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1"])
def test_a_page_of_another_site_does_not_get_the_console_by_a_name_that_leads_here(host):
    assert answer("/api/v1/objects", host=host) == 403


def test_a_request_that_a_proxy_passes_on_does_not_count_as_one_of_this_machine():
    assert answer("/api/v1/objects", **{"x-forwarded-for": "10.0.0.7"}) == 403


def test_the_application_of_a_node_is_guarded(node):
    app = application(node, view=None, wall_clock_tai_s=lambda: NOW_TAI_S)
    for path in ("/", "/openapi.json", "/api/v1/log"):
        assert ask(app, path, client="10.0.0.7").status_code == 403
    assert ask(app, f"/feed/v1/{GIVER}", client="10.0.0.7").text == "refused\n"
