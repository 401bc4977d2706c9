"""Releases over HTTP: to whom they are shown, and what a bad text is answered."""

import pytest

from demo_release import HOSTILE, TO_GBR, DemoRelease
from front_desk import Browser

ROOT = "/api/v1/release"


@pytest.fixture
def demo(tmp_path):
    made = DemoRelease(tmp_path, objects=40, people=True)
    yield made
    made.node.store.close()


def logged_in(demo, name):
    browser = Browser(demo.desk, app=demo.app)
    assert browser.log_in(name).status_code == 200
    return browser


def test_a_reader_sees_what_partners_would_see_and_an_administrator_does_not(demo):
    dan = logged_in(demo, "dan")
    seen = dan.get(f"{ROOT}/to/GBR").json()
    assert [one["kind"] for one in seen["kinds"]][:2] == ["track", "element_set"]
    held = dan.get(f"{ROOT}/held/element_set").json()
    assert len(held["record"]) == len(seen["kinds"][1]["said"]) == 40
    assert HOSTILE in " ".join(held["name"])
    assert dan.get(f"{ROOT}/to/GBR/{held['record'][0]}").json()["trace"]
    assert {one["reference"] for one in dan.get(f"{ROOT}/agreements").json()} >= {"NOR-GBR@2", "NOR-FRA@1"}
    assert dan.get(f"{ROOT}/agreements/NOR-GBR@2").json()["toml"] == TO_GBR
    assert logged_in(demo, "eve").get(f"{ROOT}/to/GBR").status_code == 403


def test_what_is_not_there_is_said_to_be_missing(demo):
    dan = logged_in(demo, "dan")
    assert dan.get(f"{ROOT}/to/USA").status_code == 404
    assert dan.get(f"{ROOT}/to/GBR/none").status_code == 404
    assert dan.get(f"{ROOT}/agreements/none@1").status_code == 404
    assert dan.get(f"{ROOT}/held/secrets").status_code == 422


def test_a_partner_is_asked_why_by_who_may_ask_and_once(demo):
    cleo = logged_in(demo, "cleo")
    asked = [cleo.post(f"{ROOT}/from/GBR/GBR:9", {}) for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 200]
    [line] = cleo.get(f"{ROOT}/from/GBR").json()
    assert (line["question"]["record"], line["answer"]) == ("GBR:9", None)
    assert cleo.post(f"{ROOT}/from/USA/GBR:9", {}).status_code == 404
    assert logged_in(demo, "eve").post(f"{ROOT}/from/GBR/GBR:9", {}).status_code == 403


def test_a_text_that_is_no_agreement_is_answered_with_its_fault(demo):
    dan = logged_in(demo, "dan")
    answer = dan.post(f"{ROOT}/what-if", {"toml": TO_GBR.replace("kinds", "kindz")})
    assert answer.status_code == 422
    assert "the pasted text" in answer.json()["detail"]
    assert "kindz" in answer.json()["detail"]
    assert dan.get(f"{ROOT}/proposed").json() == []
    assert dan.get(f"{ROOT}/proposed/GBR/NOR-GBR@9").status_code == 404
    good = dan.post(f"{ROOT}/what-if", {"toml": TO_GBR})
    assert good.json()["beyond"] == []
    assert good.json()["readers"] == [
        {"reader": "GBR", "kinds": [], "examples": {"more": [], "less": [], "changed": []}}
    ]
