"""The two-person rule as two browsers meet it."""

import pytest

from commonsky.domain.roles import Role
from commonsky.node import approvals
from front_desk import PASSWORD, Browser, Clock, desk_for, hire

TEXT = "ab" * 32
WISH = {"act": "sign", "agreement": "NOR-GBR@1", "document_sha256": TEXT, "words": "as agreed"}
QUEUE = "/api/v1/approvals"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(node, clock):
    made = desk_for(node, clock)
    hire(made, "lia", Role.LIAISON)
    hire(made, "rex", Role.READER)
    for name in ("ada", "bob"):
        hire(made, name, Role.RELEASE_AUTHORITY)
    return made


@pytest.fixture
def at(desk):
    def logged_in(name):
        browser = Browser(desk)
        assert browser.log_in(name).status_code == 200
        return browser

    return logged_in


def test_a_proposal_goes_through_two_browsers_and_shows_how_it_stands(at, desk):
    made = at("lia").post(QUEUE, WISH).json()
    assert (made["state"], made["proposed_by"], made["you_may_approve"]) == ("open", "lia", False)
    yes = {"document_sha256": TEXT}
    ada, bob = at("ada"), at("bob")
    assert ada.get(QUEUE).json()["proposals"][0]["you_may_approve"] is True
    assert ada.post(f"{QUEUE}/{made['id']}/approve", yes).json()["state"] == "open"
    assert ada.post(f"{QUEUE}/{made['id']}/approve", yes).status_code == 422
    assert bob.post(f"{QUEUE}/{made['id']}/approve", yes).json()["state"] == "ready"
    approvals.spend(desk, "sign", "NOR-GBR@1", TEXT)
    (shown,) = at("rex").get(QUEUE).json()["proposals"]
    assert (shown["state"], [vote["account"] for vote in shown["approvals"]]) == ("done", ["ada", "bob"])


def test_a_session_of_an_hour_ago_proves_itself_anew_first(at, clock):
    made = at("lia").post(QUEUE, WISH).json()
    ada = at("ada")
    clock.on(600.0)
    refused = ada.post(f"{QUEUE}/{made['id']}/approve", {"document_sha256": TEXT})
    assert (refused.status_code, "anew" in refused.json()["detail"]) == (403, True)
    ada.post("/api/v1/session/proof", {"password": PASSWORD})
    assert ada.post(f"{QUEUE}/{made['id']}/approve", {"document_sha256": TEXT}).status_code == 200


def test_an_approval_is_of_the_text_that_was_read(at):
    made = at("lia").post(QUEUE, WISH).json()
    answer = at("ada").post(f"{QUEUE}/{made['id']}/approve", {"document_sha256": "cd" * 32})
    assert (answer.status_code, "another text" in answer.json()["detail"]) == (422, True)


def test_no_role_goes_beyond_its_part(at):
    assert at("rex").post(QUEUE, WISH).status_code == 403
    made = at("lia").post(QUEUE, WISH).json()
    assert at("lia").post(f"{QUEUE}/{made['id']}/approve", {"document_sha256": TEXT}).status_code == 403
    other = at("ada").post(QUEUE, WISH | {"act": "withdraw"}).json()
    assert at("lia").post(f"{QUEUE}/{other['id']}/reject", {"reason": "no"}).status_code == 403
    taken_back = at("lia").post(f"{QUEUE}/{made['id']}/reject", {"reason": "a mistake"}).json()
    assert (taken_back["state"], taken_back["rejection"]["words"]) == ("rejected", "a mistake")


def test_at_a_node_without_accounts_nobody_signs_for_two(node):
    browser = Browser(desk_for(node))
    told = browser.get(QUEUE).json()
    assert (told["needed"], told["persons"], told["proposals"]) == (False, 2, [])
    assert browser.post(QUEUE, WISH).status_code == 403
    assert browser.post(f"{QUEUE}/x/approve", {"document_sha256": TEXT}).status_code == 403
