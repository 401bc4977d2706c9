"""The log in the browser: what the node did is what the page tells, as it happens; links are cut by who may."""

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import until, wait_for
from test_people_page import log_in

from commonsky.domain import ActKind
from commonsky.node import jobs
from demo_release import DemoRelease
from served import Served

pytestmark = pytest.mark.browser

TABS = ("decisions", "audit", "links", "holdings", "questions", "lines")
ROWS = "() => [...document.querySelectorAll('.data-table .rows .row')].map(row => row.dataset.key)"
COUNT = "() => document.querySelector('#decision-count')?.innerText ?? ''"
READ = "() => document.querySelector('#decision-count, .release-scroll') !== null"


@pytest.fixture
def demo(tmp_path):
    made = DemoRelease(tmp_path, objects=30)
    made.live()
    yield made
    made.node.store.close()


@pytest.fixture
def url(demo):
    server = Served(demo.app)
    yield server.url.replace("127.0.0.1", "localhost") + "/"
    server.close()


def show(visit, url, tab="decisions", **how):
    page = visit.open(f"{url}#/log/{tab}", wait=False, **how)
    wait_for(page, READ)
    return page


def test_decisions_appear_as_they_are_made_and_are_filtered(demo, url, visit):
    page = show(visit, url)
    told = httpx.get(f"{url}api/v1/watch/decisions").json()
    until(page, COUNT, lambda text: text == f"the last {len(told)}")
    assert page.evaluate(ROWS)[:10] == [str(one["n"]) for one in told[:10]]
    page.get_by_role("button", name="Withheld", exact=True).click()
    withheld = [one for one in told if not one["allowed"]]
    until(page, COUNT, lambda text: text == f"the last {len(withheld)}")
    page.get_by_role("button", name="All", exact=True).click()
    page.keyboard.press("/")
    page.keyboard.type("kept-back")
    until(page, COUNT, lambda text: text == "the last 2")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    chosen = page.get_by_role("region", name="Chosen decision")
    assert "kept-back withholds it" in chosen.inner_text()
    page.locator("#search").fill("")
    demo.on(5 * 3600.0)
    assert demo.share() > 0
    until(page, COUNT, lambda text: int(text.split()[-1]) > len(told))
    page.locator(".data-table .row.picked").wait_for()  # what came above it does not push it out of sight
    page.locator(".data-table").evaluate("table => { table.scrollTop = 0; }")
    newest = str(httpx.get(f"{url}api/v1/watch/decisions").json()[0]["n"])
    until(page, ROWS, lambda rows: rows[0] == newest)


def test_a_link_is_cut_after_asking_twice_and_restored(demo, url, visit):
    page = show(visit, url, "links")
    row = page.locator("tr[data-link='GBR']")
    row.get_by_role("button", name="Cut…").click()
    row.get_by_role("button", name="Cut it now").click()
    row.get_by_role("button", name="Restore").wait_for()
    assert demo.node.store.link_state("GBR") == "cut"
    assert "nothing is exchanged" in row.inner_text()
    row.get_by_role("button", name="Restore").click()
    row.get_by_role("button", name="Cut…").wait_for()
    assert demo.node.store.link_state("GBR") == "up"
    assert "<img src=x" in page.locator("tr[data-link='FRA']").inner_text()
    assert page.evaluate("() => document.title") == "commonsky console"


def test_an_alarm_a_lock_and_a_debt_show_by_themselves(demo, url, visit):
    page = show(visit, url, "holdings")
    row = page.locator("tr[data-holding='GBR-NOR@1']")
    assert "in use" in row.inner_text()
    demo.contradict()
    demo.act("GBR-NOR@1", ActKind.SUSPEND, "GBR", "inventory")
    demo.act("NOR-GBR@2", ActKind.WITHDRAW, "NOR", "it is over")
    jobs.keep_agreements(demo.node)
    row.get_by_text("inventory").wait_for()
    assert "locked" in row.inner_text()
    page.get_by_text("NOR-GBR@2").wait_for()
    assert page.locator(".card-audit .said-bad").inner_text() == "1 contradiction"
    page.locator(".card-audit").click()
    assert "FRA: its tree of 4,711 leaves, told by DEU" in page.get_by_role("alert").first.inner_text()


def test_the_keyboard_goes_to_the_log_and_through_its_parts(url, visit):
    page = show(visit, url)
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.locator("#release-count").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.locator("#decision-count").wait_for()
    for tab in (*TABS[1:], "decisions"):
        page.keyboard.press("n")
        current = f".card-{tab}[aria-current=page]"
        until(page, f"() => document.querySelector('{current}') !== null", bool)


def test_who_keeps_the_node_reads_its_log_and_not_what_partners_get(tmp_path, visit):
    demo = DemoRelease(tmp_path, objects=5, people=True)
    server = Served(demo.app)
    page = visit.open(f"{server.url.replace('127.0.0.1', 'localhost')}/#/log", wait=False)
    log_in(page, "eve")
    page.get_by_role("heading", name="Our tree").wait_for()
    cards = page.locator(".log-card .card-title").all_inner_texts()
    page.context.close()  # the server waits for its streams to end
    server.close()
    demo.node.store.close()
    assert cards == ["Audit", "Links", "Watch log"]
    visit.errors[:] = []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_parts_are_accessible(demo, url, visit, scheme):
    demo.contradict()
    page = show(visit, url, scheme=scheme)
    for tab in TABS:
        page.locator(f".card-{tab}").click()
        until(page, f"() => document.querySelector('.card-{tab}[aria-current=page]') !== null", bool)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("size", [(1280, 720), (480, 800)])
def test_no_part_leaves_the_page(url, visit, size):
    page = show(visit, url, size=size)
    for tab in TABS:
        page.goto(f"{url}#/log/{tab}")
        until(page, f"() => document.querySelector('.card-{tab}[aria-current=page]') !== null", bool)
        assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
