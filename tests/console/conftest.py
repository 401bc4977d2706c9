"""A demo node behind a real server, and a real Chromium in front of it."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from browser import CHROMIUM, FLAGS, ready  # found by the line before
from demo_node import DemoNode, Server, application

from commonsky.web.console_page import STATIC

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@pytest.fixture(scope="session")
def full_node():
    """A node with the whole made-up sky; tests leave it as it is."""
    return DemoNode(objects=20_000, tracks=40, rate=60.0)


@pytest.fixture(scope="session")
def full_url(full_node):
    with Server(application(full_node)) as server:
        yield server.url


@pytest.fixture
def small_node():
    """A node of the test's own, to be changed at will."""
    return DemoNode(objects=400, tracks=6, rate=1.0)


@pytest.fixture
def small_server(small_node):
    with Server(application(small_node)) as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no Chromium at {CHROMIUM} (set COMMONSKY_CHROMIUM)")
    if not (STATIC / "index.html").is_file():
        pytest.fail("the console has not been built: run python console/build_hook.py")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """Opens pages and keeps what they said and whom they asked."""

    def __init__(self, browser):
        self._browser = browser
        self._contexts = []
        self.errors = []
        self.hosts = set()

    def open(self, url, *, size=(1280, 720), scheme="dark", motion="no-preference", wait=True, before=None):
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion=motion
        )
        self._contexts.append(context)
        page = context.new_page()
        if before is not None:
            page.add_init_script(f"({before})()")
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: self.errors.append(str(fault)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.goto(url)
        if wait:
            ready(page)
        return page

    def close(self):
        while self._contexts:
            self._contexts.pop().close()


@pytest.fixture
def visit(chromium):
    """Open pages; at the end nothing may have gone wrong in them and nobody but this machine been asked."""
    opened = Visit(chromium)
    yield opened
    opened.close()
    assert opened.errors == []
    assert opened.hosts <= LOOPBACK
