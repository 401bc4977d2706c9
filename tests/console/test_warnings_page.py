"""The warnings in the browser: every figure is the node's, whoever wrote it, by mouse, by keyboard and by address."""

import datetime as dt
import math

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import until, wait_for
from demo_node import START_TAI_S, DemoNode, Server
from demo_warnings import BARE, DemoWarnings, application, without_probability
from test_page import CUT_OFF

pytestmark = pytest.mark.browser

NONE, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"

HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u202e\u0007{{7*7}}"

ELLIPSES = """() => [...document.querySelectorAll("#b-plane .sigma")].map(one => {
  const m = one.getCTM(), { cx, cy, rx, ry } = one, at = (x, y) => [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f];
  const x = cx.baseVal.value, y = cy.baseVal.value;
  return { k: Number(one.classList[1].split("-")[1]), centre: at(x, y),
    long: at(x + rx.baseVal.value, y), short: at(x, y + ry.baseVal.value) };
})"""

TICKS = """name => [...document.querySelectorAll(`#b-plane .tick-${name}`)].map(one => {
  const line = one.previousElementSibling, m = one.getCTM();
  const at = name === "x" ? m.a * line.x1.baseVal.value + m.e : m.d * line.y1.baseVal.value + m.f;
  return [Number(one.dataset.metres), at];
})"""

COLUMN = (
    "n => [...document.querySelectorAll(`.warning-table tbody tr td:nth-child(${n})`)].map(c => c.innerText)"
)

# All rows are in sight in these tests: the table has as many as it says it has.
LOADED = """() => {
  const table = document.querySelector(".warning-table"), empty = document.querySelector(".empty");
  if (table) return table.querySelectorAll("tr[data-event]").length === table.ariaRowCount - 1;
  return document.querySelector(".summary") !== null || empty !== null && !empty.innerText.startsWith("Loading");
}"""

SHOWN = "() => [...document.querySelectorAll('.warning-table tr[data-event]')].map(row => row.dataset.event)"


def made_up():
    """Eleven warnings and one that has no probability."""
    held = DemoWarnings(DemoNode(objects=80, tracks=4, rate=1.0), count=11)
    bare = without_probability(next(iter(held.events.values())))
    held.events[bare["event"]] = bare
    return held


@pytest.fixture(scope="module")
def warnings():
    """Tests leave them as they are."""
    return made_up()


@pytest.fixture(scope="module")
def server(warnings):
    with Server(application(warnings)) as running:
        yield running


@pytest.fixture
def own_warnings():
    """Warnings of the test's own, to be changed at will."""
    return made_up()


@pytest.fixture
def own_server(own_warnings):
    with Server(application(own_warnings)) as running:
        yield running


@pytest.fixture(scope="module")
def several(warnings):
    """Id of an event that three providers tell of."""
    return next(name for name, one in warnings.events.items() if len(one["providers"]) == 3)


def show(visit, server, path="", **how):
    page = visit.open(f"{server.url}#/warnings{path}", wait=False, **how)
    page.locator(".event-scroll" if path.startswith("/") else ".warning-tools").wait_for()
    wait_for(page, LOADED)
    return page


def listed(page, right):
    """Ids of the events in the table, once they are right."""
    return until(page, SHOWN, right)


def test_the_table_shows_what_the_node_says(server, visit, warnings):
    page = show(visit, server)
    held = {one["event"]: one for one in httpx.get(f"{server.url}api/v1/warnings").json()["events"]}
    assert set(page.evaluate(SHOWN)) == set(held)
    assert page.locator("#warning-count").inner_text() == str(len(held))
    for name, one in held.items():
        cells = page.locator(f"tr[data-event='{name}'] td").all_inner_texts()
        assert cells[1].split("\n")[:2] == [one["object_1"]["name"], one["object_2"]["name"]]
        assert cells[2].startswith(utc(one["tca_tai_s"]))
        if one["probability"] is None:
            assert cells[3].split("\n") == [NONE, "not known"]
        else:
            said = cells[3].split("\n")[0].replace("diluted", "").strip()
            assert said == probability(one["probability"])
        assert number(cells[4]) == pytest.approx(one["miss_distance_m"], abs=0.5)
        axes = [number(text) for text in cells[5:8]]
        assert axes == [
            pytest.approx(one[name], abs=0.51) for name in ("radial_m", "in_track_m", "cross_track_m")
        ]
        assert cells[8] == NONE if one["sigma_m"] is None else number(cells[8]) == round(one["sigma_m"])
        assert all(provider in cells[9] for provider in one["providers"])
        assert cells[10].startswith(utc(one["deadline_tai_s"])[5:16])
        assert cells[11] == one["status"]


def test_the_countdown_runs_against_the_nodes_clock(server, visit, warnings):
    page = show(visit, server)
    one = next(iter(warnings.events.values()))
    text = page.locator(f"tr[data-event='{one['event']}'] td").nth(2).inner_text().split("\n")[1]
    left = one["tca_tai_s"] - warnings.node.status().now_tai_s
    days, clock = (
        ([*text.removeprefix(f"T{MINUS}").split(" d "), ""])[:2] if " d " in text else ("0", text[2:])
    )
    h, m, s = (int(part) for part in clock.split(":"))
    assert abs(int(days) * 86_400 + h * 3_600 + m * 60 + s - left) < 30.0
    wait_for(page, "() => document.getElementById('node-time').innerText.startsWith('2026-03-20 12:')")
    assert page.locator(".mode").inner_text() == "EXERCISE"


def test_columns_sort_both_ways_and_what_has_no_value_stands_last(server, visit, warnings):
    page = show(visit, server)
    for column, field in (("Probability of collision", "probability"), ("Miss distance", "miss_distance_m")):
        head = page.get_by_role("button", name=f"{column}: sort")
        orders = []
        for _ in range(2):
            head.click()
            values = [warnings.events[name][field] for name in page.evaluate(SHOWN)]
            assert None not in values[:-1]
            known = [value for value in values if value is not None]
            orders.append(
                ("up" if known == sorted(known) else "", "down" if known == sorted(known)[::-1] else "")
            )
        assert sorted(orders) == [("", "down"), ("up", "")]
        assert page.locator("th[aria-sort='none']").count() == 11
    assert "sort=-miss_distance_m" in page.url


def test_the_filter_narrows_by_word_severity_and_provider_and_stays_in_the_address(server, visit, warnings):
    page = show(visit, server)
    page.get_by_label("From").select_option("AUS")
    assert all(
        "AUS" in warnings.events[name]["providers"] for name in listed(page, lambda ids: len(ids) == 2)
    )
    page.get_by_label("From").select_option("")
    page.get_by_role("button", name="No Pc").click()
    listed(page, lambda ids: len(ids) > 2 and BARE not in ids)
    wanted = list(warnings.events.values())[5]
    page.keyboard.press("/")
    page.keyboard.type(wanted["object_2"]["name"].lower())
    listed(page, lambda ids: ids == [wanted["event"]])
    again = visit.open(page.url, wait=False)
    again.locator(".warning-table").wait_for()
    listed(again, lambda ids: ids == [wanted["event"]])
    again.locator("#search").fill("nobody")
    again.get_by_role("button", name="Show all 12").click()
    listed(again, lambda ids: len(ids) == 12)


def test_the_keyboard_alone_chooses_opens_and_leaves_an_event(server, visit):
    page = show(visit, server)
    shown = page.evaluate(SHOWN)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr[aria-current]").get_attribute("data-event") == shown[1]
    page.keyboard.press("Enter")
    page.locator(".summary").wait_for()
    assert page.url.endswith(f"#/warnings/{shown[1]}")
    page.keyboard.press("Escape")
    page.locator(".warning-table").wait_for()
    page.get_by_role("region", name="Warnings").focus()
    page.keyboard.press("End")
    assert page.locator("tr[aria-current]").get_attribute("data-event") == shown[-1]
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.locator(".time-bar").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.locator(".warning-table").wait_for()


def test_links_to_an_event_open_it_and_the_back_button_returns_to_the_list_as_it_was(server, visit, several):
    page = show(visit, server, "?sort=-probability")
    before = page.evaluate(SHOWN)
    page.locator(f"tr[data-event='{several}']").click()
    page.locator(".summary").wait_for()
    page.go_back()
    page.locator(".warning-table").wait_for()
    listed(page, lambda ids: ids == before)
    page.go_forward()
    page.locator(".summary").wait_for()
    page.reload()
    page.locator(".summary h2").wait_for()
    assert several in page.locator(".identity").inner_text()


def test_the_pages_figures_of_an_event_are_the_nodes(server, visit, several, warnings):
    page = show(visit, server, f"/{several}")
    one = httpx.get(f"{server.url}api/v1/warnings/{several}").json()
    tiles = page.locator(".tiles .figure").all_inner_texts()
    assert float(tiles[0]) == pytest.approx(one["probability"], rel=0.005)
    assert number(tiles[2].split(" ")[0]) == pytest.approx(one["miss_distance_m"], rel=0.01)
    assert number(tiles[3].split(" ")[0]) == pytest.approx(one["relative_speed_m_s"], rel=0.01)
    position = page.locator(".rtn tbody tr td:nth-child(2)").all_inner_texts()
    assert [number(text) for text in position] == [
        pytest.approx(value, rel=0.01, abs=0.01) for value in one["geometry"][0]["rtn"]["position_m"]
    ]
    rows = page.locator(".trend tbody tr").all()
    assert len(rows) == len(one["history"])
    newest = rows[0].locator("td").all_inner_texts()
    assert float(newest[2]) == pytest.approx(one["history"][-1]["probability"], rel=0.005)
    assert page.locator(".methods tbody tr").count() == len(one["methods"])
    assert page.locator(".chosen-method th").inner_text().startswith(one["recommended"]["method"])
    assert (
        one["recommended"]["reasons"][0] in page.locator("section", has=page.locator(".methods")).inner_text()
    )
    causes = page.locator(".causes > tbody > tr").count()
    assert causes == sum(len(pair["differences"]) for pair in one["reconciliation"]["pairs"])
    reasons = page.locator(".sights li").all_inner_texts()
    assert [sight["reason"] in text for sight, text in zip(one["who_may_see"], reasons, strict=True)] == [
        True,
        True,
    ]


def test_the_charts_draw_the_history_of_each_provider_on_a_scale_with_the_thresholds(
    server, visit, several, warnings
):
    page = show(visit, server, f"/{several}")
    wait_for(page, "() => window.__commonsky.chart('sigma')")
    event = warnings.events[several]
    providers = list(dict.fromkeys(point["provider"] for point in event["history"]))
    for chart, field in (("probability", "probability"), ("miss", "miss_distance_m"), ("sigma", "sigma_m")):
        drawn = page.evaluate("name => window.__commonsky.chart(name)", chart)
        for column, provider in zip(drawn["data"][1:], providers, strict=True):
            told = sorted(
                (p for p in event["history"] if p["provider"] == provider), key=lambda p: p["made_tai_s"]
            )
            assert [value for value in column if value is not None] == [p[field] for p in told]
    times = sorted({unix(point["made_tai_s"]) for point in event["history"]})
    assert drawn["data"][0] == pytest.approx(times, abs=0.002)
    low, high = page.evaluate("() => window.__commonsky.chart('probability').y")
    assert low <= 1e-5
    assert high >= 1e-4
    level = [
        page.evaluate(f"() => window.__commonsky.chartPixel('probability', 0, {p})[1]")
        for p in (1e-3, 1e-4, 1e-5)
    ]
    assert level[1] - level[0] == pytest.approx(level[2] - level[1], abs=0.01)
    assert level[1] > level[0]


def test_the_dilution_curve_is_the_nodes_and_the_table_beside_it_says_where_it_stands(
    server, visit, several, warnings
):
    page = show(visit, server, f"/{several}")
    wait_for(page, "() => window.__commonsky.chart('dilution')")
    dilution = warnings.events[several]["dilution"]
    scale, curve = page.evaluate("() => window.__commonsky.chart('dilution').data")
    assert scale == dilution["scale"]
    drawn = {s: p for s, p in zip(scale, curve, strict=True) if p is not None}
    told = dict(zip(dilution["scale"], dilution["probability"], strict=True))
    assert len(drawn) > 30
    assert all(told[s] == p for s, p in drawn.items())
    stated, maximum = page.get_by_label("Figures of the dilution curve").locator(".strong").all_inner_texts()
    assert float(stated.split("\t")[1]) == pytest.approx(warnings.events[several]["probability"], rel=0.005)
    assert float(maximum.split("\t")[0]) == pytest.approx(dilution["maximum_scale"], rel=0.01)
    assert float(maximum.split("\t")[1]) == pytest.approx(dilution["maximum_probability"], rel=0.01)


@pytest.mark.parametrize("size", [(1280, 720), (1024, 640)])
def test_the_ellipses_are_those_of_the_covariance_at_one_scale_around_the_miss(
    server, visit, several, warnings, size
):
    page = show(visit, server, f"/{several}", size=size)
    for geometry in warnings.events[several]["geometry"]:
        page.get_by_role("button", name=geometry["provider"], exact=True).click()
        plane = geometry["b_plane"]
        to_x, to_y = (np.polyfit(*zip(*page.evaluate(TICKS, name), strict=True), 1) for name in ("x", "y"))
        assert to_x[0] == pytest.approx(-to_y[0], rel=1e-6)
        variances, axes = np.linalg.eigh(np.array(plane["covariance_m2"]))
        ellipses = page.evaluate(ELLIPSES)
        assert [one["k"] for one in ellipses] == [3, 2, 1]
        for one in ellipses:
            metres = {key: np.array([one[key][0] - to_x[1], one[key][1] - to_y[1]]) / [to_x[0], to_y[0]]
                      for key in ("centre", "long", "short")}  # fmt: skip
            assert metres["centre"] == pytest.approx(np.array(plane["miss_m"]), rel=1e-3, abs=0.1)
            for name, n in (("long", 1), ("short", 0)):
                axis = metres[name] - metres["centre"]
                sigma = one["k"] * math.sqrt(variances[n])
                assert np.linalg.norm(axis) == pytest.approx(sigma, rel=1e-3)
                assert abs(axis @ axes[:, n]) == pytest.approx(sigma, rel=1e-3)
        radius = page.evaluate("() => document.querySelector('#b-plane .hard-body').r.baseVal.value")
        shown = page.evaluate("() => document.querySelector('#b-plane').getCTM().a") * radius / to_x[0]
        assert shown == pytest.approx(geometry["hard_body_radius_m"], rel=1e-3) or radius == 2.5


def test_an_event_without_probability_and_covariance_says_so_and_draws_what_there_is(server, visit):
    page = show(visit, server, f"/{BARE}")
    assert page.locator(".tiles .figure").first.inner_text() == NONE
    page.get_by_text("No ellipses: no combined covariance is known.").wait_for()
    page.get_by_text("No curve: without the covariance").wait_for()
    page.get_by_text("No warning of our own on this event").wait_for()
    assert page.locator("#b-plane .miss").count() == 1
    assert page.locator("#b-plane .sigma").count() == 0
    assert "NaN" not in page.locator("main").inner_text()


def test_a_change_appears_by_itself_and_a_vanished_event_is_said_to_be_gone(
    own_server, visit, own_warnings, several
):
    page = show(visit, own_server, f"/{several}")
    own_warnings.change(several, probability=3.21e-2, updates=99)
    wait_for(page, "() => document.querySelector('.tiles .figure').innerText === '3.21e-2'")
    page.get_by_role("status").get_by_text("New warning of GBR: probability 3.2e-2").wait_for()
    own_warnings.drop(several)
    page.get_by_text("The node holds this event no longer").wait_for()
    assert page.locator(".tiles .figure").first.inner_text() == "3.21e-2"
    page.get_by_role("link", name="All warnings").click()
    page.locator(".warning-table").wait_for()
    listed(page, lambda ids: ids and several not in ids)
    page.goto(f"{own_server.url}#/warnings/{several}")
    page.get_by_text("No such event.").wait_for()
    visit.close()
    visit.errors[:] = [
        said for said in visit.errors if "404 (Not Found)" not in said
    ]  # the browser's own words


def test_a_status_changes_when_its_time_comes_though_the_node_tells_nothing_new(
    own_server, visit, own_warnings
):
    name = next(iter(own_warnings.events))
    soon = own_warnings.node.status().now_tai_s + 3.0
    own_warnings.change(name, deadline_tai_s=soon)
    page = show(visit, own_server)
    status = page.locator(f"tr[data-event='{name}'] .w-status")
    assert status.inner_text() == "open"
    status.get_by_text("deadline passed").wait_for()
    assert own_warnings.node.status().now_tai_s > soon


def test_hostile_texts_are_shown_as_texts(own_server, visit, own_warnings, several):
    event = own_warnings.events[several]
    hostile = {**event["object_2"], "name": HOSTILE, "owner": HOSTILE, "designator": HOSTILE}
    methods = [{**event["methods"][0], "name": HOSTILE, "reason": HOSTILE}]
    words = {"summary": HOSTILE, "pairs": event["reconciliation"]["pairs"]}
    history = [{**point, "provider": HOSTILE} for point in event["history"]]
    own_warnings.change(
        several, object_2=hostile, methods=methods, reconciliation=words, deadline_why=HOSTILE,
        history=history, label=[{"originator": HOSTILE, "classification": 9, "words": [HOSTILE]}],
        probability_method=HOSTILE, who_may_see=[{**event["who_may_see"][0], "reason": HOSTILE}],
    )  # fmt: skip
    page = show(visit, own_server)
    assert HOSTILE[:30] in page.locator(f"tr[data-event='{several}']").inner_text()
    page.locator(f"tr[data-event='{several}']").click()
    page.locator(".summary").wait_for()
    assert HOSTILE[:30] in page.locator(".summary h2").inner_text()
    assert page.locator("main img").count() == 0
    assert page.title() == "commonsky console"
    assert page.evaluate(CUT_OFF) == []


def test_no_warnings_and_no_assets_are_said_in_words(own_server, visit, own_warnings):
    own_warnings.drop(*own_warnings.events)
    page = show(visit, own_server)
    page.get_by_text("No warnings.").wait_for()
    assert page.locator(".warning-table").count() == 0
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_accessibility_check_finds_nothing_on_the_warnings_pages(server, visit, several, scheme):
    page = show(visit, server, scheme=scheme)
    page.keyboard.press("j")
    assert violations(page) == []
    for event in (several, BARE):
        page.goto(f"{server.url}#/warnings/{event}")
        page.locator(".summary").wait_for()
        assert page.evaluate("() => document.documentElement.dataset.theme") == scheme
        assert violations(page) == []


@pytest.mark.parametrize("size", [(1280, 720), (1024, 640)])
def test_nothing_is_cut_off_on_the_warnings_pages(server, visit, several, size):
    page = show(visit, server, size=size)
    assert page.evaluate(CUT_OFF) == []
    page.goto(f"{server.url}#/warnings/{several}")
    wait_for(page, "() => window.__commonsky.chart('dilution')")
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_an_encounter_is_shown_on_the_globe_at_its_time_and_back_leads_to_the_event(
    server, visit, several, warnings
):
    page = show(visit, server, f"/{several}")
    event = warnings.events[several]
    page.get_by_role("link", name="Show on globe").click()
    wait_for(page, "() => window.__commonsky.keys().length > 0 && !window.__commonsky.clock().held")
    assert page.evaluate("() => window.__commonsky.clock().tai_s") == pytest.approx(
        event["tca_tai_s"], abs=0.01
    )
    names = [event["object_1"]["name"], event["object_2"]["name"]]
    assert page.locator(".marker-name").all_inner_texts() == names
    wait_for(page, "() => !document.querySelector('.marker').hidden")
    page.go_back()
    page.locator(".summary").wait_for()
    assert several in page.url


def test_the_node_asks_for_no_positions_while_no_globe_is_looked_at(server, visit):
    page = show(visit, server)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(700)
    assert [url for url in asked if "keyframes" in url or "objects" in url] == []


def utc(tai_s):
    instant = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=tai_s - START_TAI_S)
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def unix(tai_s):
    return dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp() + tai_s - START_TAI_S


def probability(value):
    return "<1e-12" if value < 1e-12 else f"{value:.1e}".replace("e-0", "e-")


def number(text):
    return float(text.replace(MINUS, "-").replace(",", ""))


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]
