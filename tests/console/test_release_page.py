"""Releases in the browser: the figures are the node's, an edit is tried without a trace, two persons approve."""

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import until, wait_for
from test_people_page import log_in

from commonsky.domain import ActKind
from demo_release import HOSTILE, TO_GBR, DemoRelease
from front_desk import PASSWORD
from served import Served

pytestmark = pytest.mark.browser

ROWS = "() => [...document.querySelectorAll('.data-table .rows .row')].map(row => row.dataset.key)"
COUNT = "() => document.querySelector('#release-count')?.innerText"
READ = "() => document.querySelector('#release-count, .release-scroll, .what-if, .empty strong') !== null"
TITLE = "() => document.title"
ON_THE_PAGE = """() => [...document.querySelectorAll(".release *")].filter(one => {
  const box = one.getBoundingClientRect();
  if (box.width === 0) return false;
  if (one.closest(".unseen, svg, .release-scroll, .what-if-answer, .sum, .cell, .chip")) return false;
  return box.right > innerWidth + 1 || box.left < -1;
}).map(one => `${one.tagName}.${one.className}`)"""


class Shown:
    def __init__(self, demo):
        self.demo = demo
        self.server = Served(demo.app)
        self.url = self.server.url.replace("127.0.0.1", "localhost") + "/"

    def close(self):
        self.server.close()
        self.demo.node.store.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A node without accounts; tests leave it as it is."""
    made = Shown(DemoRelease(tmp_path_factory.mktemp("release"), objects=120))
    made.demo.share()
    yield made
    made.close()


@pytest.fixture
def own(tmp_path):
    """A node of the test's own, to be changed at will."""
    made = Shown(DemoRelease(tmp_path, objects=40))
    yield made
    made.close()


@pytest.fixture
def staffed(tmp_path):
    """A node with accounts."""
    made = Shown(DemoRelease(tmp_path, objects=10, people=True))
    yield made
    made.close()


def show(visit, shown, path="/GBR", **how):
    page = visit.open(f"{shown.url}#/release{path}", wait=False, **how)
    wait_for(page, READ)
    return page


def seen(shown, member="GBR"):
    return httpx.get(f"{shown.url}api/v1/release/to/{member}").json()


def test_the_counts_and_rows_are_what_the_node_says(shown, visit):
    page = show(visit, shown)
    told = seen(shown)
    cells = page.locator(".sum-table tbody tr").all_inner_texts()
    for line, one in zip(cells, [k for k in told["kinds"] if k["held"]], strict=True):
        figures = [int(text.replace(",", "")) for text in line.split("\t")[1:] if text.strip()]
        said = [one["verdicts"].get(verdict, 0) for verdict in ("released", "coarsened", "withheld")]
        assert figures == [one["held"], *said]
    assert until(page, COUNT, bool) == str(sum(one["held"] for one in told["kinds"]))
    page.locator("#partner").select_option("FRA")
    page.get_by_text("awaits the signature of FRA").first.wait_for()
    until(page, "() => document.querySelectorAll('.sum-table tbody tr').length", lambda n: n == len(cells))


def test_rows_are_filtered_by_verdict_kind_reason_and_text_and_the_address_keeps_it(shown, visit):
    page = show(visit, shown)
    page.get_by_role("button", name="released", exact=False).and_(page.locator(".chip")).click()
    page.locator(".chip", has_text="coarsened").click()
    withheld = sum(one["verdicts"].get("withheld", 0) for one in seen(shown)["kinds"])
    until(page, COUNT, lambda text: text.startswith(f"{withheld} of"))
    page.get_by_role("button", name="Element sets").click()
    until(page, COUNT, lambda text: text.startswith("2 of"))
    page.keyboard.press("/")
    page.keyboard.type("200007")
    until(page, COUNT, lambda text: text.startswith("1 of"))
    assert "hide=released%2Ccoarsened&kind=element_set" in page.url
    again = show(visit, shown, page.url.split("#/release")[1])
    until(again, COUNT, lambda text: text.startswith("1 of"))


def test_a_row_opens_the_clause_that_decides_with_every_test(shown, visit):
    page = show(visit, shown)
    page.keyboard.press("j")
    sheet = page.get_by_role("complementary", name="Chosen record")
    sheet.get_by_text("Every test that was made").wait_for()
    record = page.evaluate(ROWS)[0]
    told = httpx.get(f"{shown.url}api/v1/release/to/GBR/{record}").json()
    assert sheet.locator(".trace li").all_inner_texts() == told["trace"]
    assert "tracks-later" in sheet.inner_text()
    assert "time alone may release it" in sheet.inner_text()
    assert "withheld" in page.get_by_role("status").inner_text()
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")


def test_hostile_text_is_text(shown, visit):
    page = show(visit, shown, "/GBR?q=onerror")
    until(page, COUNT, lambda text: text.startswith("1 of"))
    page.locator(".data-table .rows .row").click()
    heading = page.locator(".sheet h2")
    assert heading.inner_text().startswith(HOSTILE[:20])
    assert page.evaluate(TITLE) == "commonsky console"


def test_an_act_of_a_partner_changes_the_page_by_itself(own, visit):
    page = show(visit, own)
    page.locator(".chip", has_text="released").first.wait_for()
    own.demo.act("NOR-GBR@2", ActKind.SUSPEND, "GBR", "inventory")
    until(page, "() => document.querySelectorAll('.chip .mark-withheld').length", lambda n: n == 1)
    until(
        page,
        "() => document.querySelectorAll('.chip .mark-released, .chip .mark-coarsened').length",
        lambda n: n == 0,
    )
    page.get_by_role("link", name="Agreements").click()
    row = page.locator("tr", has_text="NOR-GBR@2")
    assert "suspended" in row.inner_text()
    assert "inventory" in row.inner_text()


def test_agreements_say_who_still_has_to_sign_and_lead_to_an_edit(shown, visit):
    page = show(visit, shown, "/FRA?tab=agreements")
    row = page.locator("tr", has_text="NOR-FRA@1")
    assert row.locator("td").nth(4).inner_text() == "FRA"
    row.get_by_role("link", name="Edit and try").click()
    until(
        page, "() => document.querySelector('textarea')?.value ?? ''", lambda text: 'id = "NOR-FRA"' in text
    )
    page.get_by_role("button", name="What if?").click()
    answer = page.locator(".what-if-answer")
    answer.get_by_text("Let out in addition: 8 of 8").wait_for()
    assert answer.locator("table tbody tr").all_inner_texts() == ["Tracks\t8\t0\t0"]


def test_what_a_partner_proposes_is_listed_and_tried_against_every_record_there_can_be(own, visit):
    own.demo.propose("GBR", TO_GBR.replace("NOR-GBR", "NOR-MORE").replace("version = 2", "version = 1"))
    page = show(visit, own, "/GBR?tab=agreements")
    row = page.locator("tr", has_text="NOR-MORE@1")
    row.get_by_role("link", name="Read and try").click()
    until(
        page, "() => document.querySelector('textarea')?.value ?? ''", lambda text: 'id = "NOR-MORE"' in text
    )
    page.get_by_role("button", name="What if?").click()
    answer = page.locator(".what-if-answer")
    answer.get_by_text("Of every record that there can be").wait_for()
    assert answer.locator(".every-record dt").all_inner_texts() == ["GBR"]
    assert "the newest 5,000" in answer.inner_text()


def test_a_text_with_a_fault_is_told_its_fault_and_the_edit_outlives_the_tab(shown, visit):
    page = show(visit, shown, "/GBR?tab=what-if")
    page.locator("textarea").fill(TO_GBR.replace("kinds", "kindz"))
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").get_by_text("kindz").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.get_by_text("Nothing waits for approval").wait_for()
    page.go_back()
    until(page, "() => document.querySelector('textarea')?.value ?? ''", lambda text: "kindz" in text)
    visit.errors[:] = [one for one in visit.errors if "status of 422" not in one]


def test_two_persons_approve_from_two_browsers(staffed, visit):
    [waiting] = [one for one in staffed.demo.node.store.newest_proposals(9) if one.agreement == "NOR-FRA@1"]
    for name, so_far in (("ada", 1), ("ben", 2)):
        page = visit.open(f"{staffed.url}#/release/GBR?tab=approvals", wait=False)
        log_in(page, name)
        row = page.locator(f"tr[data-proposal='{waiting.id}']")
        row.get_by_role("button", name="Approve").click()
        until(
            page, "() => document.querySelectorAll('.votes li').length", lambda n, so_far=so_far: n >= so_far
        )
        row.get_by_role("button", name="Approve").wait_for(state="detached")
        assert len(staffed.demo.node.store.proposal(waiting.id).approvals) == so_far
        assert HOSTILE[:20] in row.inner_text()
    assert "approved, to be done" in row.inner_text()
    visit.errors[:] = [one for one in visit.errors if "status of 4" not in one]


def test_who_may_not_approve_has_no_button_and_an_old_proof_is_asked_for_anew(staffed, visit):
    page = visit.open(f"{staffed.url}#/release/GBR?tab=approvals", wait=False)
    log_in(page, "dan")
    page.get_by_text("Waiting for two persons").wait_for()
    assert page.locator(".word button").count() == 0
    other = visit.open(f"{staffed.url}#/release/GBR?tab=approvals", wait=False)
    log_in(other, "ada")
    other.get_by_role("button", name="Approve").wait_for()
    staffed.demo.on(staffed.demo.desk.settings.fresh_s + 1.0)
    other.get_by_role("button", name="Approve").click()
    other.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    until(other, "() => document.querySelectorAll('.votes .said-good').length", lambda n: n == 1)
    visit.errors[:] = [one for one in visit.errors if "status of 4" not in one]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_pages_are_accessible(shown, visit, scheme):
    for tab in ("records", "agreements", "what-if", "approvals"):
        page = show(visit, shown, f"/GBR?tab={tab}", scheme=scheme)
        if tab == "records":
            page.keyboard.press("j")
            page.get_by_text("Every test that was made").wait_for()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("size", [(1280, 720), (1024, 640), (480, 800)])
def test_nothing_leaves_the_page(shown, visit, size):
    for tab in ("records", "agreements", "what-if", "approvals"):
        page = show(visit, shown, f"/GBR?tab={tab}", size=size)
        assert page.evaluate(ON_THE_PAGE) == []
        assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        page.context.close()
