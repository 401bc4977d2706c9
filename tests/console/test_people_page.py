"""Logging in as people meet it: in a real browser, by password and by passkey, and out again."""

import importlib.util
import json
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import until, wait_for
from demo_node import DemoNode, Server
from msgspec.structs import replace
from test_page import CUT_OFF

from commonsky.domain import Member, MemberKind, Mode
from commonsky.domain.roles import Role
from commonsky.federation.keys import public_hex
from commonsky.node.config import NodeConfig
from commonsky.node.people.settings import OpenIdSettings
from commonsky.node.people.sign_in import PER_ACCOUNT
from commonsky.node.start import found_node, open_node, wall_clock_tai_s
from commonsky.web.app import application
from conftest import LOOPBACK
from front_desk import PASSWORD, Clock, desk_for, hire
from partners import GIVER, KEYS

pytestmark = pytest.mark.browser

FIRST_FIELD = "() => document.activeElement.id"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(tmp_path, clock):
    member = Member(id=GIVER, name="Norway", kind=MemberKind.NATION, public_key=public_hex(KEYS[GIVER]))
    config = NodeConfig(operation="Test", mode=Mode.EXERCISE, member=member, url="http://127.0.0.1:1")
    found_node(tmp_path / "node", config, KEYS[GIVER])
    made = desk_for(open_node(tmp_path / "node", clock), clock)
    hire(made, "ada", Role.WATCH_OFFICER, Role.LIAISON)
    hire(made, "bob", Role.ADMINISTRATOR)
    hire(made, "cyd", Role.PLANNER)
    yield made
    made.store.close()


@pytest.fixture
def url(desk, clock):
    view = DemoNode(objects=60, tracks=3, rate=1.0)
    app = application(desk.node, view, wall_clock_tai_s=clock, desk=desk)
    with Server(app) as server:
        yield f"http://localhost:{server.port}/"


@pytest.fixture
def visit(visit):
    """A refused login is no fault of the page, but the browser's console tells of it."""
    yield visit
    visit.errors[:] = [one for one in visit.errors if "status of 4" not in one]


def log_in(page, account, password=PASSWORD):
    page.get_by_label("Account").fill(account)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def open_dialog(page):
    page.locator(".person-button").click()
    return page.get_by_role("dialog")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1280, 720), (420, 640)])
def test_the_login_page_is_whole_and_accessible(url, visit, scheme, size):
    page = visit.open(url, scheme=scheme, size=size, wait=False)
    page.get_by_role("heading", name="Log in").wait_for()
    assert page.locator(".mode").inner_text() == "EXERCISE"
    log_in(page, "ada", "not this one, no")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == "The account or the password is wrong."
    assert page.get_by_label("Password").get_attribute("aria-invalid") == "true"
    assert violations(page) == []
    assert page.evaluate(CUT_OFF) == []


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def test_nothing_of_the_node_is_loaded_before_the_login(url, visit):
    asked = []
    page = visit.open(url, wait=False)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("heading", name="Log in").wait_for()
    api = {one.removeprefix(url) for one in asked if "/api/" in one}
    assert api == {"api/v1/session"}
    assert page.evaluate(FIRST_FIELD) == "account"


def test_a_person_logs_in_by_keyboard_is_named_in_the_header_and_logs_out(url, visit):
    page = visit.open(url, wait=False)
    page.get_by_role("heading", name="Log in").wait_for()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    button = page.locator(".person-button")
    button.wait_for()
    assert button.inner_text().split("\n") == ["ada", "liaison, watch officer"]
    wait_for(page, "() => window.__commonsky.keys().length > 0")
    assert page.evaluate("() => document.cookie") == ""
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ada")
    assert violations(page) == []
    dialog.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in").wait_for()
    assert page.evaluate("async () => (await fetch('api/v1/objects')).status") == 401


def test_a_session_that_ends_closes_the_page_at_once_and_a_new_one_goes_on_where_it_was(url, visit, desk):
    page = visit.open(url, wait=False)
    log_in(page, "ada")
    page.locator(".person-button").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.get_by_role("main", name="Warnings").wait_for()
    desk.store.end_sessions_of("ada")
    page.get_by_role("heading", name="Log in").wait_for(timeout=30_000)
    assert "Your session has ended" in page.locator(".note").inner_text()
    assert page.locator(".header").count() == 0
    log_in(page, "ada")
    page.get_by_role("main", name="Warnings").wait_for()


def test_an_administrator_sees_the_log_and_no_picture_and_a_planner_the_other_way_round(url, visit, desk):
    page = visit.open(url, wait=False)
    log_in(page, "bob")
    page.get_by_text("Not for your role.").wait_for()
    until(page, "() => document.querySelector('.log-last').textContent", lambda text: "weighted RMS" in text)
    planner = visit.open(url, wait=False)
    log_in(planner, "cyd")
    planner.locator(".person-button").wait_for()
    wait_for(planner, "() => window.__commonsky.keys().length > 0")
    assert planner.locator(".log-last").inner_text() == "not for your role"
    planner.keyboard.press("j")
    planner.get_by_text("Your role does not see what partners get.").wait_for()


def test_a_node_without_accounts_asks_nobody_and_names_nobody(tmp_path, small_server, visit):
    page = visit.open(small_server.url)
    assert page.locator(".person-button").count() == 0
    assert page.get_by_role("heading", name="Log in").count() == 0


@pytest.fixture
def authenticator(chromium):
    """Give a function that puts a virtual authenticator before a page."""

    def before(page):
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cdp, made["authenticatorId"]

    return before


def test_a_passkey_is_added_asked_for_and_forgotten(url, visit, desk, clock, authenticator):
    page = visit.open(url, wait=False)
    cdp, key = authenticator(page)
    log_in(page, "ada")
    dialog = open_dialog(page)
    dialog.get_by_text("None: your password alone lets you in.").wait_for()
    clock.on(400.0)  # the login is no fresh proof any longer
    dialog.get_by_label("Name of a new one").fill("blue key")
    dialog.get_by_role("button", name="Add a passkey").click()
    proof = page.get_by_role("dialog", name="Is it still you, ada?")
    assert violations(page) == []
    proof.get_by_label("Password").fill("not this one, no")
    proof.get_by_role("button", name="Prove by password").click()
    proof.get_by_role("alert").wait_for()
    proof.get_by_label("Password").fill(PASSWORD)
    proof.get_by_role("button", name="Prove by password").click()
    dialog.get_by_text("from now on it is asked for").wait_for()
    assert dialog.get_by_text("password and passkey").count() == 1
    assert len(cdp.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]) == 1
    dialog.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in").wait_for()
    log_in(page, "ada")
    page.locator(".person-button").wait_for()
    assert [one.means for one in sessions_of(desk)] == ["password and passkey"]
    clock.on(400.0)
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Forget blue key").click()
    page.get_by_role("button", name="Use a passkey").click()
    dialog.get_by_text("The passkey is forgotten").wait_for()
    assert desk.store.passkeys_of("ada") == []


def sessions_of(desk):
    with desk.store._reading() as connection:
        return connection.exec_driver_sql("SELECT * FROM sessions").all()


def test_without_the_authenticator_the_password_opens_nothing(url, visit, desk, authenticator):
    page = visit.open(url, wait=False)
    cdp, key = authenticator(page)
    log_in(page, "ada")
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Add a passkey").click()
    dialog.get_by_text("from now on it is asked for").wait_for()
    dialog.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in").wait_for()
    cdp.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    log_in(page, "ada")
    page.get_by_role("alert").wait_for()
    assert "The passkey was not used" in page.get_by_role("alert").inner_text()
    by_address = visit.open(url.replace("localhost", "127.0.0.1"), wait=False)
    log_in(by_address, "ada")
    by_address.get_by_role("alert").wait_for()
    assert "open http://localhost" in by_address.get_by_role("alert").inner_text()


def test_the_header_is_whole_with_a_person_of_many_roles(url, visit, desk):
    desk.store.set_roles("ada", set(Role))
    page = visit.open(url, size=(1024, 640), wait=False)
    log_in(page, "ada")
    page.locator(".person-button").wait_for()
    assert (
        page.evaluate(CUT_OFF.replace(".log-last,", ".log-last, .person-roles, .person-button strong,")) == []
    )
    open_dialog(page)
    assert page.evaluate(CUT_OFF.replace(".log-last,", ".log-last, .person-roles, .sheet-dialog,")) == []


def test_too_many_guesses_are_told_to_wait(url, visit, desk):
    for _ in range(10):
        desk.store.take_attempt({"account ada": PER_ACCOUNT}, desk.now_tai_s())
    page = visit.open(url, wait=False)
    log_in(page, "ada")
    page.get_by_role("alert").wait_for()
    assert "Too many attempts" in page.get_by_role("alert").inner_text()


@pytest.fixture
def provider_url():
    """A provider that nobody here wrote, in a process of its own, and one of its people."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        pytest.skip("oidc-provider-mock is absent")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    claims = {"sub": "subject-1", "name": "Ada L", "preferred_username": "adal", "roles": ["watch"]}
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    command += ["--user-claims", json.dumps(claims)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:
        url = f"http://localhost:{port}"
        for _ in range(600):
            try:
                httpx.get(f"{url}/jwks", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
        process.terminate()


@pytest.fixture
def openid_url(desk, clock, provider_url):
    """The console of a node whose people that provider vouches for."""
    clock.now_tai_s = wall_clock_tai_s()
    settings = OpenIdSettings(
        name="Ministry", issuer=provider_url, client_id="commonsky", roles={"watch": Role.WATCH_OFFICER}
    )
    desk.node.config = replace(desk.node.config, people=replace(desk.node.config.people, openid=settings))
    secret = desk.node.folder.openid_secret
    secret.write_text("a secret of the client\n")
    secret.chmod(0o600)
    view = DemoNode(objects=60, tracks=3, rate=1.0)
    with Server(application(desk.node, view, wall_clock_tai_s=clock, desk=desk)) as server:
        yield f"http://localhost:{server.port}/"


def test_a_person_logs_in_at_a_real_provider_and_out_again(openid_url, visit):
    page = visit.open(openid_url, wait=False)
    # That provider's page wants a style sheet of another host, which is none of our doing.
    page.route(lambda url: urlsplit(url).hostname not in LOOPBACK, lambda route: route.abort())
    page.get_by_role("link", name="Log in with Ministry").click()
    page.get_by_placeholder("sub").fill("subject-1")
    page.get_by_role("button", name="Authorize").click()
    button = page.locator(".person-button")
    button.wait_for()
    assert button.inner_text().split("\n") == ["adal", "watch officer"]
    wait_for(page, "() => window.__commonsky.keys().length > 0")
    open_dialog(page).get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in with Ministry").click()
    page.get_by_placeholder("sub").fill("a stranger")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("alert").wait_for()
    assert "was not accepted here" in page.get_by_role("alert").inner_text()
    visit.errors[:] = [one for one in visit.errors if "ERR_FAILED" not in one]
    visit.hosts &= LOOPBACK
