"""What a node has done, over HTTP: decisions, audit, links to cut, holdings locked and deleted, debts, questions."""

import pytest

from commonsky.domain import ActKind
from commonsky.node import jobs
from demo_release import DemoRelease
from front_desk import Browser

ROOT = "/api/v1/watch"


@pytest.fixture
def demo(tmp_path):
    made = DemoRelease(tmp_path, objects=30, people=True)
    made.live()
    yield made
    made.node.store.close()


def logged_in(demo, name):
    browser = Browser(demo.desk, app=demo.app)
    assert browser.log_in(name).status_code == 200
    return browser


def test_decisions_are_the_newest_first_and_match_what_is_asked_for(demo):
    dan = logged_in(demo, "dan")
    every = dan.get(f"{ROOT}/decisions").json()
    assert [one["n"] for one in every] == sorted((one["n"] for one in every), reverse=True)
    held = [one for name in {one["record"] for one in every} for one in demo.node.store.decisions_of(name)]
    assert {one["n"] for one in every} == {one.n for one in held}
    withheld = dan.get(f"{ROOT}/decisions?reader=GBR&allowed=false").json()
    assert withheld
    assert {(one["reader"], one["allowed"]) for one in withheld} == {("GBR", False)}
    assert withheld == [one for one in every if one["reader"] == "GBR" and not one["allowed"]]
    kept = dan.get(f"{ROOT}/decisions?words=KEPT-back").json()
    assert {one["clause"] for one in kept} == {"kept-back"}
    assert dan.get(f"{ROOT}/decisions?words=100%25").json() == []
    assert len(dan.get(f"{ROOT}/decisions?limit=3").json()) == 3


def test_the_audit_tells_its_size_who_cosigned_and_who_showed_two_histories(demo):
    audit = logged_in(demo, "eve").get(f"{ROOT}/node").json()["audit"]
    assert audit["leaves"] == demo.node.store.audit_size()
    assert audit["checkpoint_size"] == demo.node.store.last_checkpoint().size
    sizes = {one["member"]: one["size"] for one in audit["witnesses"]}
    assert sizes == {"DEU": None, "FRA": None, "GBR": audit["checkpoint_size"]}
    assert audit["alarms"] == []
    demo.contradict()
    [alarm] = logged_in(demo, "eve").get(f"{ROOT}/node").json()["audit"]["alarms"]
    assert (alarm["log"], alarm["told_by"], alarm["size"]) == ("FRA", "DEU", 4_711)


def test_links_are_cut_and_restored_by_who_may_and_the_log_names_the_person(demo):
    ada, dan = logged_in(demo, "ada"), logged_in(demo, "dan")
    assert dan.post(f"{ROOT}/links/GBR/cut").status_code == 403
    links = {one["member"]: one for one in ada.post(f"{ROOT}/links/GBR/cut").json()["links"]}
    assert (links["GBR"]["state"], links["FRA"]["state"], links["DEU"]["state"]) == ("cut", "late", "up")
    assert links["GBR"]["held"] == 1
    assert demo.node.store.link_state("GBR") == "cut"
    assert "cut by Ada" in demo.node.store.log(1)[0].text
    links = {one["member"]: one for one in ada.post(f"{ROOT}/links/GBR/restore").json()["links"]}
    assert links["GBR"]["state"] == "up"
    assert ada.post(f"{ROOT}/links/USA/cut").status_code == 404


def test_holdings_are_in_use_then_locked_then_deleted(demo):
    dan = logged_in(demo, "dan")
    [held] = dan.get(f"{ROOT}/sharing").json()["holdings"]
    assert (held["source"], held["records"], held["state"]) == ("GBR", 3, "in use")
    demo.act("GBR-NOR@1", ActKind.SUSPEND, "GBR", "inventory")
    jobs.keep_agreements(demo.node)
    [held] = dan.get(f"{ROOT}/sharing").json()["holdings"]
    assert (held["state"], "inventory" in held["reason"]) == ("locked", True)
    demo.act("GBR-NOR@1", ActKind.WITHDRAW, "GBR", "it is over")
    jobs.keep_agreements(demo.node)
    [held] = dan.get(f"{ROOT}/sharing").json()["holdings"]
    assert (held["state"], held["records"]) == ("deleted", 3)


def test_a_withdrawal_is_a_debt_until_the_receipt_comes(demo):
    demo.act("NOR-GBR@2", ActKind.WITHDRAW, "NOR", "it is over")
    sharing = logged_in(demo, "dan").get(f"{ROOT}/sharing").json()
    [debt] = sharing["debts"]
    given = [one for one in logged_in(demo, "dan").get(f"{ROOT}/decisions").json() if one["allowed"]]
    assert (debt["reader"], debt["agreement"], debt["records"]) == ("GBR", "NOR-GBR@2", len(given))
    assert sharing["receipts"] == []


def test_questions_wait_until_they_are_answered(demo):
    [question] = logged_in(demo, "dan").get(f"{ROOT}/sharing").json()["questions"]
    assert (question["member"], question["about"], question["ours"]) == ("GBR", "200003", True)
    assert question["verdict"] is None


def test_who_keeps_the_node_sees_links_and_audit_and_not_what_partners_get(demo):
    eve = logged_in(demo, "eve")
    assert eve.get(f"{ROOT}/node").status_code == 200
    assert eve.get(f"{ROOT}/decisions").status_code == 403
    assert eve.get(f"{ROOT}/sharing").status_code == 403
