"""The console's interface, over HTTP as a browser meets it."""

import struct

import httpx
import msgspec
import numpy as np
import pytest
from demo_node import MEMBERS, OWN, START_TAI_S, DemoNode, Server, application
from fastapi import FastAPI

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Component, Label
from commonsky.node.console_view import label_in_words
from commonsky.web.console_page import add_console_page


@pytest.fixture(scope="module")
def node():
    return DemoNode(objects=50, tracks=4, rate=10.0)


@pytest.fixture(scope="module")
def client(node):
    with Server(application(node)) as server, httpx.Client(base_url=server.url) as client:
        yield client


def test_the_status_says_who_when_how_fast_and_how_many(client):
    status = client.get("api/v1/status").json()
    assert (status["member"], status["mode"], status["rate"]) == (OWN, "EXERCISE", 10.0)
    assert sum(status["counts"].values()) == 54
    assert abs(tai_s_from_utc(status["now_utc"]) - status["now_tai_s"]) < 0.001
    assert {link["state"] for link in status["links"]} == {"up", "late", "down"}


def test_the_table_of_leap_seconds_ends_at_37_seconds_from_2017(client):
    *_, (since, offset) = client.get("api/v1/status").json()["leap_seconds"]
    assert offset == 37.0
    assert since == pytest.approx(tai_s_from_utc("2017-01-01T00:00:00"))


def test_objects_come_as_columns_of_one_length_in_the_order_of_the_picture(client, node):
    columns = client.get("api/v1/objects").json()
    assert columns["count"] == 54
    assert {len(v) for v in columns.values() if isinstance(v, list)} == {54}
    assert columns["key"] == [one.key for one in node.picture().objects]


def test_keyframes_carry_a_header_and_the_pictures_numbers(client, node):
    query = {"start_tai_s": START_TAI_S, "step_s": 60, "count": 3, "revision": 1}
    body = client.get("api/v1/keyframes", params=query).content
    magic, version, header, objects, frames, revision, values, start, step = struct.unpack_from(
        "<4sHHIIIIdd", body
    )
    assert (magic, version, objects, frames, revision, values) == (b"CSKF", 1, 54, 3, 1, 6)
    assert (start, step) == (START_TAI_S, 60.0)
    got = np.frombuffer(body, "<f4", offset=header).reshape(frames, objects, values)
    np.testing.assert_array_equal(got, node.picture().keyframes(START_TAI_S, 60.0, 3))


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"start_tai_s": START_TAI_S, "step_s": 60, "count": 33}, "count"),
        ({"start_tai_s": START_TAI_S, "step_s": 0, "count": 2}, "step_s"),
        ({"start_tai_s": START_TAI_S, "step_s": 3601, "count": 2}, "step_s"),
        ({"start_tai_s": "nan", "step_s": 60, "count": 2}, "start_tai_s"),
        ({"start_tai_s": 1e12, "step_s": 60, "count": 2}, "start_tai_s"),
        ({"step_s": 60, "count": 2}, "start_tai_s"),
        ({"start_tai_s": -8.9e8, "step_s": 60, "count": 2}, "Earth orientation"),
    ],
)
def test_a_question_out_of_bounds_is_refused_by_name(client, query, word):
    answer = client.get("api/v1/keyframes", params=query)
    assert answer.status_code == 422
    assert word in answer.text


def test_a_revision_that_is_gone_is_a_conflict_and_not_another_picture(client):
    answer = client.get("api/v1/objects", params={"revision": 77})
    assert answer.status_code == 409
    assert "77" in answer.json()["detail"]


def test_the_picture_before_the_last_can_still_be_loaded_to_its_end():
    node = DemoNode(objects=20, tracks=0)
    with Server(application(node)) as server, httpx.Client(base_url=server.url) as client:
        assert client.get("api/v1/objects", params={"revision": 1}).json()["count"] == 20
        node.hold(node.entries[:5])
        assert client.get("api/v1/objects", params={"revision": 2}).json()["count"] == 5
        query = {"start_tai_s": START_TAI_S, "step_s": 60, "count": 1, "revision": 1}
        assert len(client.get("api/v1/keyframes", params=query).content) == 48 + 20 * 24


def test_an_objects_sheet_says_who_may_see_it_and_why(client, node):
    key = node.picture().objects[0].key
    sheet = client.get(f"api/v1/objects/{key}").json()
    assert {sight["member"] for sight in sheet["who_may_see"]} == set(MEMBERS) - {OWN}
    for sight in sheet["who_may_see"]:
        assert sight["reason"]
        assert (sight["agreement"] is not None) == sight["allowed"]
    assert sheet["label"][0]["words"]
    assert sheet["inputs"] == 0


@pytest.mark.parametrize("path", ["", "/orbit", "/position"])
def test_an_unknown_object_is_not_found(client, path):
    answer = client.get(f"api/v1/objects/track:nobody:1{path}", params={"t_tai_s": START_TAI_S})
    assert answer.status_code == 404
    assert "track:nobody:1" in answer.json()["detail"]


def test_an_object_goes_by_its_lasting_name_too(client, node):
    line = node.picture().objects[-1]
    answer = client.get(f"api/v1/objects/{line.object}/position", params={"t_tai_s": START_TAI_S})
    assert answer.json()["key"] == line.key


def test_an_orbit_is_drawn_in_the_frame_that_was_asked_for(client, node):
    key = node.picture().objects[0].key
    curves = {
        frame: client.get(
            f"api/v1/objects/{key}/orbit", params={"t_tai_s": START_TAI_S, "frame": frame}
        ).json()
        for frame in ("inertial", "earth_fixed")
    }
    ends = {
        f: np.linalg.norm(np.subtract(c["points_itrf_km"][0], c["points_itrf_km"][-1]))
        for f, c in curves.items()
    }
    assert ends["inertial"] < 200.0 < ends["earth_fixed"]
    assert (
        client.get(f"api/v1/objects/{key}/orbit", params={"t_tai_s": 0, "frame": "polar"}).status_code == 422
    )


@pytest.mark.parametrize("after", [2**63, 10**30, -1])
def test_the_log_after_a_number_that_no_database_counts_to_is_refused_by_name(client, after):
    answer = client.get("api/v1/log", params={"after": after})
    assert answer.status_code == 422
    assert "after" in answer.text
    assert client.get("api/v1/log", params={"after": 2**63 - 1}).json() == []


def test_events_begin_with_the_status_and_resume_after_the_last_line_seen(client, node):
    first = _events(client, {}, 6)
    assert first[0][0] == "status"
    sequences = [int(number) for kind, number, _ in first if kind == "log"]
    assert sequences == [1, 2, 3, 4, 5]
    node.say("something happened")
    resumed = _events(client, {"Last-Event-ID": "4"}, 3)
    assert [int(number) for kind, number, _ in resumed if kind == "log"][:2] == [5, 6]


def test_every_answer_keeps_the_page_on_its_own_origin(client):
    for path in ("", "api/v1/status", "nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_a_console_that_was_not_built_says_so(tmp_path):
    app = FastAPI()
    add_console_page(app, tmp_path)
    with Server(app) as server:
        answer = httpx.get(server.url)
    assert answer.status_code == 503
    assert "is not built" in answer.text


def test_a_label_is_told_in_words_by_originator():
    label = Label(
        {
            "GBR": Component(
                readers=frozenset({"USA"}), onward=False, precision_floor_m=500.0, classification=1
            ),
            "CAN": Component(readers=frozenset()),
        }
    )
    can, gbr = label_in_words(label)
    assert (can.originator, gbr.originator) == ("CAN", "GBR")
    assert "readers: USA" in gbr.words
    assert "may not be passed on" in gbr.words
    assert "no more precise than 500 m" in gbr.words
    assert "readers: the originator only" in can.words


def _events(client, headers, count):
    found = []
    with client.stream("GET", "api/v1/events", headers=headers, timeout=10.0) as answer:
        fields = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                found.append((fields["event"], fields.get("id"), msgspec.json.decode(fields["data"])))
                fields = {}
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")
