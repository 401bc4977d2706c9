"""What the globe draws, held against numbers that were not made in the browser."""

import functools
import operator
from io import BytesIO

import erfa
import httpx
import numpy as np
import pytest
from browser import until, wait_for
from demo_node import START_TAI_S
from PIL import Image

pytestmark = pytest.mark.browser

METRES_AT_60_S = 50.0
"""Cubic interpolation over 60 s is good to 12 m; float32 adds 4 m at geostationary height."""


LAND, SEA = (38, 58, 74), (19, 34, 47)
"""Of the dark palette, by day."""

PLACES = (
    ("Siberia", 100.0, 64.0, True),
    ("Chukotka, at the edge of a flat map", 178.0, 67.3, True),
    ("Chukotka, over that edge", -176.5, 66.9, True),
    ("Barents Sea", 45.0, 75.0, False),
    ("Brazil", -55.0, -8.0, True),
    ("Atlantic", -30.0, 35.0, False),
    ("Pacific by the date line", 177.0, 4.0, False),
    ("Antarctica", 60.0, -78.0, True),
    ("Antarctica near the pole", -170.0, -87.0, True),
    ("South Africa", 25.0, -30.0, True),
)


NEAREST_TO_EDGE = """async ([box, edge]) => {
  const { key, object } = await (await fetch("api/v1/objects")).json();
  const far = at => ({ left: at.x - box.left, right: box.left + box.width - at.x,
    top: at.y - box.top, bottom: box.top + box.height - at.y });
  return key.map((one, i) => [window.__commonsky.pick(one), object[i]])
    .filter(([at]) => at && Object.values(far(at)).every(px => px > 1))
    .sort(([a], [b]) => far(a)[edge] - far(b)[edge])[0][1];
}"""


def chosen_keys(node):
    """Objects of every regime and kind."""
    objects = node.picture().objects
    keys = {}
    for one in objects:
        keys.setdefault((one.kind, one.regime, one.own), []).append(one.key)
    return [key for of_kind in keys.values() for key in of_kind[:2]]


def hold_at(page, tai_s):
    page.evaluate("t => window.__commonsky.seek(t)", tai_s)
    wait_for(
        page,
        f"() => Math.abs(window.__commonsky.position(window.__commonsky.keys()[0]).tai_s - {tai_s}) < 0.01",
    )


def test_interpolated_positions_are_the_servers_exact_ones(visit, full_url, full_node):
    page = visit.open(full_url)
    with httpx.Client(base_url=full_url) as client:
        for offset_s in (17.0, 3_633.3, -20_011.0):
            hold_at(page, START_TAI_S + offset_s)
            for key in chosen_keys(full_node):
                shown = page.evaluate("k => window.__commonsky.position(k)", key)
                exact = client.get(
                    f"api/v1/objects/{key}/position", params={"t_tai_s": shown["tai_s"]}
                ).json()
                off_m = np.linalg.norm(np.subtract(np.multiply(shown["km"], 1e3), exact["position_itrf_m"]))
                assert off_m < METRES_AT_60_S, (key, offset_s)


def test_objects_are_drawn_at_the_pixel_that_the_camera_gives_them(visit, full_url, full_node):
    page = visit.open(full_url)
    hold_at(page, START_TAI_S + 100.0)
    camera = page.evaluate("() => window.__commonsky.camera()")
    for key in chosen_keys(full_node):
        placed = full_node.picture().placement(key, START_TAI_S + 100.0)
        x, y = pixel(camera, placed.position_itrf_m / 6_378_137.0)
        drawn = page.evaluate("k => window.__commonsky.pick(k)", key)
        assert abs(drawn["x"] - x) < 1.0
        assert abs(drawn["y"] - y) < 1.0


def test_an_object_over_the_middle_of_the_view_is_in_the_middle_and_one_behind_it_is_hidden(
    visit, full_url, full_node
):
    page = visit.open(full_url)
    hold_at(page, START_TAI_S)
    picture = full_node.picture()
    key = next(one.key for one in picture.objects if one.regime == "LEO")
    x, y, z = picture.placement(key, START_TAI_S).position_itrf_m
    lon, lat = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z / np.linalg.norm([x, y, z])))
    box = page.evaluate("() => window.__commonsky.camera()")
    page.evaluate("([lon, lat]) => window.__commonsky.face(lon, lat)", [lon, lat])
    over = page.evaluate("k => window.__commonsky.pick(k)", key)
    assert not over["hidden"]
    assert abs(over["x"] - box["left"] - box["width"] / 2) < 1.0
    assert abs(over["y"] - box["top"] - box["height"] / 2) < 1.0
    page.evaluate("([lon, lat]) => window.__commonsky.face(lon, lat)", [lon + 180.0, -lat])
    assert page.evaluate("k => window.__commonsky.pick(k)", key)["hidden"]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_name_of_the_picked_object_stays_inside_the_globes_area_even_behind_the_earth_at_its_edge(
    visit, full_url, full_node, scheme
):
    page = visit.open(full_url, scheme=scheme)
    hold_at(page, START_TAI_S)
    page.locator("canvas").focus()
    box = page.evaluate("() => window.__commonsky.camera()")
    for corner in ("right", "left", "top", "bottom"):
        name = page.evaluate(NEAREST_TO_EDGE, [box, corner])
        page.evaluate("name => { location.hash = `t=2026-03-20T12:00:00.000Z&sel=${name}` }", name)
        wait_for(page, "() => !document.querySelector('.marker').hidden")
        page.wait_for_timeout(200)
        label = page.locator(".marker-name").first.bounding_box()
        assert label["width"] > 40
        assert box["left"] <= label["x"]
        assert label["x"] + label["width"] <= box["left"] + box["width"]
        assert box["top"] <= label["y"]
        assert label["y"] + label["height"] <= box["top"] + box["height"]


def test_an_object_stands_out_in_the_picture_where_it_is_said_to_be(visit, full_url, full_node):
    page = visit.open(full_url)
    page.get_by_role("button", name="Elements").click()
    page.get_by_role("button", name="Partner").click()
    hold_at(page, START_TAI_S + 50.0)
    own = [one.key for one in full_node.picture().objects if one.kind == "track" and one.own]
    seen = [page.evaluate("k => window.__commonsky.pick(k)", key) for key in own]
    box = page.evaluate("() => window.__commonsky.camera()")
    inside = [at for at in seen if not at["hidden"] and within(box, at, margin=50)]
    assert len(inside) >= 3
    page.wait_for_timeout(300)
    for at in inside:
        assert is_own_track_colour(page, at["x"], at["y"])


def test_a_click_on_an_object_picks_it_and_an_empty_place_lets_it_go(visit, full_url, full_node):
    page = visit.open(full_url)
    hold_at(page, START_TAI_S)
    own = [one for one in full_node.picture().objects if one.kind == "track" and one.own]
    box = page.evaluate("() => window.__commonsky.camera()")
    for one in own:
        at = page.evaluate("k => window.__commonsky.pick(k)", one.key)
        if within(box, at, margin=40) and not at["hidden"]:
            break
    page.mouse.click(at["x"], at["y"])
    sheet = page.get_by_role("complementary", name="Picked object")
    assert sheet.get_by_role("heading", level=2).inner_text() == one.name
    assert page.get_by_role("row", selected=True).inner_text().split("\n")[1] == one.name
    page.get_by_role("button", name="Elements").click()
    page.mouse.click(box["left"] + 60, box["top"] + 12)
    sheet.wait_for(state="detached")


def test_the_pictures_objects_and_the_tables_are_the_same(visit, full_url, full_node):
    page = visit.open(full_url)
    keys = [one.key for one in full_node.picture().objects]
    assert page.evaluate("() => window.__commonsky.keys()") == keys
    assert sorted(page.evaluate("() => window.__commonsky.shown()")) == sorted(keys)
    grid = page.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == str(len(keys) + 1)
    assert page.locator("#count").inner_text() == f"{len(keys):,}"
    page.get_by_role("button", name="GEO").click()
    without = [one.key for one in full_node.picture().objects if one.regime != "GEO"]
    assert sorted(page.evaluate("() => window.__commonsky.shown()")) == sorted(without)
    assert grid.get_attribute("aria-rowcount") == str(len(without) + 1)


def test_land_and_sea_lie_where_they_are(visit, full_url):
    page = visit.open(full_url)
    for kind in ("Own", "Partner", "Elements"):
        page.get_by_role("button", name=kind, exact=True).click()
    box = page.evaluate("() => window.__commonsky.camera()")
    for name, lon, lat, is_land in PLACES:
        hold_at(page, START_TAI_S - 240.0 * lon)  # about noon there, at equinox
        page.evaluate("([lon, lat]) => window.__commonsky.face(lon, lat)", [lon, lat])
        page.wait_for_timeout(150)
        colours = colours_at(page, box["left"] + box["width"] / 2, box["top"] + box["height"] / 2)
        to_land, to_sea = (np.abs(colours[4] - colour).sum() for colour in (LAND, SEA))
        assert (to_land < to_sea) == is_land, name


@pytest.mark.parametrize("days", [-6000.0, 0.0, 95.3, 4000.7])
def test_the_night_is_where_the_sun_is_not(visit, full_url, days):
    page = visit.open(full_url)
    tai_s = START_TAI_S + days * 86_400.0
    drawn = page.evaluate("t => window.__commonsky.sun(t)", tai_s)
    tt = tai_s / 86_400.0 + 32.184 / 86_400.0
    earth_from_sun = erfa.epv00(2451545.0, tt)[0]["p"]
    gcrf = -earth_from_sun / np.linalg.norm(earth_from_sun)
    turn = erfa.c2t06a(2451545.0, tt, 2451545.0, (tai_s - 37.0) / 86_400.0, 0.0, 0.0)
    assert np.degrees(np.arccos(np.clip(turn @ gcrf @ drawn, -1.0, 1.0))) < 0.05


PLACED_AT = "() => window.__commonsky.position(window.__commonsky.keys()[5]).tai_s"


def test_at_a_day_in_two_minutes_the_picture_keeps_moving(visit, full_url):
    page = visit.open(full_url)
    page.evaluate("() => document.querySelector('.rate select').focus()")
    page.get_by_label("Simulated seconds per second").select_option("600")
    page.wait_for_timeout(1500)
    held, last = 0, -np.inf
    for _ in range(20):
        page.wait_for_timeout(100)
        held += page.evaluate("() => window.__commonsky.clock().held")
        last = until(page, PLACED_AT, functools.partial(operator.lt, last))
    assert held <= 4


def test_positions_that_do_not_come_hold_the_picture_and_say_so(visit, full_url):
    page = visit.open(full_url)
    page.route("**/api/v1/keyframes*", lambda route: route.fulfill(status=503, json={"detail": "too busy"}))
    page.evaluate("t => window.__commonsky.seek(t)", START_TAI_S + 300_000.0)
    wait_for(page, "() => document.getElementById('live-chip').textContent.includes('HOLDING')")
    wait_for(page, "() => (document.getElementById('trouble')?.textContent ?? '').includes('too busy')")
    page.unroute("**/api/v1/keyframes*")
    wait_for(page, "() => !window.__commonsky.clock().held && !document.getElementById('trouble')")
    visit.errors.clear()  # the browser itself reports the 503


def within(box, at, margin):
    """Whether a place on the page lies on the canvas, away from its edges and the buttons there."""
    across = box["left"] + margin < at["x"] < box["left"] + box["width"] - margin
    return across and box["top"] + margin < at["y"] < box["top"] + box["height"] - margin


def pixel(camera, position_radii):
    view = np.array(camera["view"]).reshape(4, 4).T
    projection = np.array(camera["projection"]).reshape(4, 4).T
    clip = projection @ view @ np.array([*position_radii, 1.0])
    x, y = clip[:2] / clip[3]
    return camera["left"] + (x + 1) / 2 * camera["width"], camera["top"] + (1 - y) / 2 * camera["height"]


def is_own_track_colour(page, x, y):
    """Whether the middle of a mark is the cyan of own tracks on the screen."""
    return bool((np.abs(colours_at(page, x, y) - [0x43, 0xD6, 0xFF]).max(axis=1) < 12).any())


def colours_at(page, x, y):
    """Give red, green and blue (9, 3) of the pixels at and around a place on the page."""
    shot = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 3, "height": 3})
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB")).reshape(-1, 3).astype(int)
