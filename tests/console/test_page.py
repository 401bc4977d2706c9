"""The page around the globe: usable by keyboard and by screen reader, whole at small sizes, honest about its state."""

import time

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import wait_for
from demo_node import START_TAI_S, DemoNode, Server, application

from commonsky.domain import Track

pytestmark = pytest.mark.browser

CUT_OFF = """() => [...document.querySelectorAll("body *")].filter(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (box.width === 0 || one.closest(".unseen, [hidden], svg") || style.visibility === "hidden") return false;
  const outside = box.right > innerWidth + 1 || box.left < -1;
  // The last line of the log ends in dots by design; names in the table do when there is no room.
  const cut = one.scrollWidth > one.clientWidth + 1 && style.overflowX !== "visible"
    && !one.matches(".log-last, .c-name, .globe");
  return outside && !one.closest(".globe") || cut;
}).map(one => `${one.tagName}.${one.className} ${one.scrollWidth}>${one.clientWidth}`)"""


PART_WITH_FOCUS = """() => document.activeElement
  .closest("header, .globe, .tools, .table, .time-bar, footer")?.className"""


def chip(page):
    return page.locator("#live-chip").inner_text()


def test_the_mode_is_in_sight_at_all_times(small_server, visit):
    page = visit.open(small_server.url)
    assert page.locator(".mode").inner_text() == "EXERCISE"
    page.keyboard.press("t")
    assert page.locator(".mode").is_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_accessibility_check_finds_nothing_in_any_state_of_the_page(small_server, visit, scheme):
    page = visit.open(small_server.url, scheme=scheme)
    states = {"start": "", "picked": "j", "log": "w", "wide": "t"}
    for state, key in states.items():
        if key:
            page.keyboard.press(key)
            page.wait_for_timeout(300)
        assert violations(page) == [], state
    page.get_by_role("button", name="Links").click()
    assert violations(page) == [], "links"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert violations(page) == [], "shortcuts"


@pytest.mark.parametrize("size", [(1280, 720), (1024, 640)])
@pytest.mark.parametrize("keys", ["", "j", "jw", "jt", "?"])
def test_nothing_is_cut_off(small_server, visit, size, keys):
    page = visit.open(small_server.url, size=size)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_the_keyboard_alone_finds_reads_and_closes_an_object(small_node, small_server, visit):
    wanted = next(one for one in small_node.picture().objects if one.regime == "HEO")
    page = visit.open(small_server.url)
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.id") == "search"
    page.keyboard.type(wanted.designator)
    assert page.evaluate("() => window.__commonsky.shown().length") == 1
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    sheet = page.get_by_role("complementary", name="Picked object")
    sheet.get_by_text(wanted.name).first.wait_for()
    assert f"Picked {wanted.name}" in page.get_by_role("status").inner_text()
    sheet.get_by_text("Who may see it").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keyboard").wait_for(state="hidden")


def test_arrows_move_through_the_table_and_turn_the_globe(small_server, visit):
    page = visit.open(small_server.url)
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("row", selected=True).get_attribute("aria-rowindex")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    last = page.get_by_role("row", selected=True).get_attribute("aria-rowindex")
    assert (first, last) == ("2", page.get_by_role("grid").get_attribute("aria-rowcount"))
    page.locator("canvas").focus()
    before = page.evaluate("() => window.__commonsky.camera().view")
    page.keyboard.press("ArrowLeft")
    turned = page.evaluate("() => window.__commonsky.camera().view")
    page.keyboard.press("+")
    nearer = page.evaluate("() => window.__commonsky.camera().view")
    assert before != turned
    assert nearer[14] > turned[14]


def test_tab_goes_through_the_page_in_the_order_of_reading(small_server, visit):
    page = visit.open(small_server.url)
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        where = page.evaluate(PART_WITH_FOCUS)
        if where and (not stops or stops[-1] != where):
            stops.append(where)
        if where == "log-strip":
            break
    assert stops == ["header", "globe", "tools", "table", "time-bar", "log-strip"]


def test_columns_sort_both_ways(small_server, visit):
    page = visit.open(small_server.url)
    columns = page.evaluate("async () => (await (await fetch('api/v1/objects')).json())")
    apogee = dict(zip(columns["key"], columns["apogee_altitude_m"], strict=True))
    head = page.get_by_role("button", name="Apogee altitude, km: sort")
    for order in (1, -1):
        head.click()
        shown = [order * apogee[key] for key in page.evaluate("() => window.__commonsky.shown()")]
        assert shown == sorted(shown)


def test_a_time_pasted_stops_the_clock_there_and_a_wrong_one_is_explained(small_server, visit):
    page = visit.open(small_server.url)
    page.keyboard.press("u")
    page.keyboard.insert_text("tomorrow")
    page.keyboard.press("Enter")
    page.get_by_text("Not a UTC time").wait_for()
    page.locator("#time").fill("2026-03-21T03:04:05Z")
    page.keyboard.press("Enter")
    wait_for(page, "() => document.getElementById('time').value === '2026-03-21 03:04:05Z'")
    wait_for(page, "() => document.getElementById('live-chip').textContent.startsWith('NOT LIVE +15:0')")
    page.keyboard.press("l")
    wait_for(page, "() => document.getElementById('live-chip').textContent === 'LIVE'")


def test_the_address_holds_time_pick_and_filter(small_server, visit):
    page = visit.open(small_server.url)
    page.keyboard.press("j")
    page.get_by_role("button", name="HEO").click()
    page.locator("#search").fill("gbr")
    page.evaluate("t => window.__commonsky.seek(t)", START_TAI_S + 1000.0)
    wait_for(page, "() => location.hash.includes('t=') && location.hash.includes('q=gbr')")
    shown = page.evaluate("() => window.__commonsky.shown()")
    name = page.locator(".sheet h2").inner_text()
    again = visit.open(page.url)
    assert again.evaluate("() => window.__commonsky.shown()") == shown
    assert again.locator(".sheet h2").inner_text() == name
    assert abs(again.evaluate("() => window.__commonsky.clock().tai_s") - START_TAI_S - 1000.0) < 0.01


def test_an_address_that_has_just_come_is_obeyed_and_not_written_over(small_node, small_server, visit):
    name = small_node.picture().objects[5].name
    page = visit.open(
        small_server.url,
        before="""() => {
      const plain = window.setInterval;
      window.__recurring = [];
      window.setInterval = (work, ms) => { window.__recurring.push(work); return plain(work, ms); };
    }""",
    )
    page.evaluate(
        """name => {
          location.hash = `t=2026-03-20T12:00:00.000Z&sel=${encodeURIComponent(name)}`;
          window.__recurring.forEach(work => work());
        }""",
        name,
    )
    wait_for(page, "() => document.querySelector('.sheet h2')")
    assert page.locator(".sheet h2").inner_text() == name


def test_a_new_revision_appears_without_a_reload_and_keeps_the_pick(small_node, small_server, visit):
    page = visit.open(small_server.url)
    page.keyboard.press("j")
    name = page.locator(".sheet h2").inner_text()
    small_node.hold([_newer(entry) for entry in small_node.entries[100:]])
    wait_for(page, "() => window.__commonsky.revision() === 2")
    assert page.locator("#count").inner_text() == str(len(small_node.entries))
    assert page.locator(".sheet h2").inner_text() == name
    wait_for(page, "() => document.querySelector('.elements')?.textContent.includes('Estimate2')")
    small_node.say("the watch changed")
    page.get_by_text("the watch changed").wait_for()


def test_an_object_that_leaves_the_picture_is_said_to_be_gone(small_node, small_server, visit):
    page = visit.open(small_server.url)
    page.keyboard.press("j")
    page.get_by_text("Who may see it").wait_for()
    small_node.hold(small_node.entries[:100])
    page.get_by_text("The picture holds this object no longer.").wait_for()
    visit.close()
    # It may be asked for once more before the page knows that it is gone, and the browser reports the answer.
    visit.errors[:] = [said for said in visit.errors if "404 (Not Found)" not in said]


def test_a_lost_node_is_announced_and_found_again(visit, small_node):
    with Server(application(small_node)) as server:
        page = visit.open(server.url)
        port = server.port
    page.get_by_role("alert").get_by_text("Disconnected from the node").wait_for()
    assert chip(page) == "LIVE LOST"
    with Server(application(small_node), port):
        wait_for(page, "() => !document.getElementById('trouble')")
        wait_for(page, "() => document.getElementById('live-chip').textContent === 'LIVE'")
        visit.close()
    visit.errors.clear()  # the browser itself reports refused connections


def test_an_empty_picture_says_what_to_do(visit):
    with Server(application(DemoNode(objects=0, tracks=0))) as server:
        page = visit.open(server.url, wait=False)
        page.get_by_text("No orbits yet. Take in a catalogue").wait_for()
        visit.close()


def test_without_webgl_the_table_shows_the_same_objects(small_node, small_server, visit):
    page = visit.open(small_server.url + "?gl=0", wait=False)
    wait_for(page, "() => window.__commonsky.shown().length > 0")
    page.get_by_text("The table shows the same objects.").wait_for()
    assert page.evaluate("() => window.__commonsky.keys().length") == len(small_node.entries)
    page.keyboard.press("j")
    page.get_by_text("Who may see it").wait_for()
    assert page.locator("canvas").count() == 0
    assert violations(page) == []


def test_whoever_wants_less_motion_gets_a_picture_at_rest(small_server, visit):
    page = visit.open(small_server.url, motion="reduce")
    wait_for(page, "() => document.getElementById('live-chip').textContent.startsWith('NOT LIVE')")
    before = page.evaluate("() => window.__commonsky.clock().tai_s")
    time.sleep(0.5)
    assert page.evaluate("() => window.__commonsky.clock().tai_s") == before


def test_an_object_without_a_place_says_why(visit, small_node):
    entry = small_node.entries[0]
    low = msgspec.structs.replace(
        entry.record.content, mean_motion_rev_day=16.4, bstar=0.01, epoch_tai_s=START_TAI_S - 30 * 86_400.0
    )
    record = msgspec.structs.replace(entry.record, content=low)
    small_node.hold([msgspec.structs.replace(entry, record=record), *small_node.entries[1:3]])
    with Server(application(small_node)) as server:
        page = visit.open(server.url)
        page.keyboard.press("j")
        page.get_by_text("no place: its mean eccentricity leaves 0 to 1").wait_for()
        visit.close()


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]


def _newer(entry):
    """The same track, estimated once more."""
    content = entry.record.content
    if not isinstance(content, Track):
        return entry
    newer = msgspec.structs.replace(content, revision=2)
    record = msgspec.structs.replace(entry.record, id=entry.record.id.rsplit(":", 1)[0] + ":2", content=newer)
    return msgspec.structs.replace(entry, record=record)
