"""A member is taken out of all agreements at once; who read beside it gets back what it lost with it."""

import pytest
from test_jobs import first_file, held

from commonsky.domain import RecordKind
from commonsky.federation.standing import State
from commonsky.node import agreeing, jobs
from commonsky.node.expelling import end, ending
from signing import sign_for_all

GIVEN = """
id = "BOR-ALL"
version = 1
title = "Sensor data for two"
giver = "BOR"
readers = ["AUR", "CAL"]
purpose = "space-safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"

[[clause]]
id = "all"
kinds = ["sensor", "observation"]
"""


@pytest.fixture
def three(coalition, rehearsal):
    """BOR gives AUR and CAL its observations, and AUR gives BOR its own."""
    coalition.exchange()
    keys = {name: node.key for name, node in coalition.nodes.items()}
    for node in coalition.nodes.values():
        for file in node.folder.agreements.glob("*.toml"):
            file.unlink()
    back = GIVEN.replace("BOR-ALL", "AUR-BACK").replace('giver = "BOR"', 'giver = "AUR"')
    for text, parties in ((GIVEN, "ABC"), (back.replace('"AUR", "CAL"', '"BOR"'), "AB")):
        for name in ("AUR", "BOR", "CAL")[: len(parties)]:
            sign_for_all(coalition.nodes[name].folder.agreements, text, keys)
    coalition.deliver(first_file(rehearsal, "BOR"))
    coalition.exchange()
    assert given(coalition, "AUR") == given(coalition, "CAL") != set()
    return coalition


def given(coalition, reader):
    return held(coalition.nodes[reader], RecordKind.OBSERVATION, "BOR")


def expel(coalition, member, *, by="BOR", theirs=False):
    node = coalition.nodes[by]
    coalition.now_tai_s += 10.0
    documents = [(one.document, ()) for one in ending(node, member, theirs=theirs)]
    ended = list(end(node, documents, member, reason="a test"))
    jobs.keep_agreements(node)
    jobs.share(node)
    coalition.exchange()
    coalition.exchange()
    return ended


def states(coalition, name):
    return {
        one.agreement.reference: one.standing.state for one in coalition.nodes[name].agreements().documents
    }


def test_who_is_expelled_loses_all_at_once_and_the_others_get_it_back_by_the_next_version(three):
    before = given(three, "CAL")
    [ended] = expel(three, "AUR")
    assert (ended.shelved.agreement.reference, ended.draft.name) == ("BOR-ALL@1", "BOR-ALL.v2.toml")
    assert given(three, "AUR") == given(three, "CAL") == set()
    assert states(three, "BOR") == {
        "BOR-ALL@1": State.WITHDRAWN,
        "BOR-ALL@2": State.DRAFT,
        "AUR-BACK@1": State.IN_FORCE,
    }
    giver, reader = three.nodes["BOR"], three.nodes["CAL"]
    agreeing.sign(giver, agreeing.signable(giver, ended.draft))
    jobs.share(giver)
    three.exchange()
    [(_, proposed)] = agreeing.proposals(reader)
    agreeing.sign(reader, agreeing.signable(reader, proposed))
    jobs.share(reader)
    three.exchange()
    three.exchange()
    assert states(three, "BOR")["BOR-ALL@2"] is State.IN_FORCE
    assert (given(three, "AUR"), given(three, "CAL")) == (set(), before)
    assert not agreeing.proposals(three.nodes["AUR"])


def test_what_the_member_gives_ends_too_only_when_that_is_asked(three):
    expel(three, "AUR", theirs=True)
    assert states(three, "BOR")["AUR-BACK@1"] is State.WITHDRAWN
    assert ending(three.nodes["BOR"], "AUR", theirs=True) == []


def test_who_leaves_withdraws_from_all_that_it_signed(three):
    ended = expel(three, None, by="AUR")
    assert {one.shelved.agreement.reference for one in ended} == {"BOR-ALL@1", "AUR-BACK@1"}
    assert {one.draft for one in ended} == {None}
    assert set(states(three, "AUR").values()) == {State.WITHDRAWN}
    assert given(three, "AUR") == set()


def test_a_receipt_for_what_still_stands_sends_nothing_twice(three):
    giver = three.nodes["BOR"]
    head = giver.store.feed_head("CAL").seq
    content = b'{"agreement":"BOR-ALL@1","deleted_tai_s":1.0,"passed_on":{},"records":9}'
    three.nodes["CAL"].store.post("BOR", "deletion_receipt", content, at_tai_s=three.now_tai_s)
    jobs.share(three.nodes["CAL"])
    three.exchange()
    assert giver.store.next_revisit("CAL") == float("inf")
    assert giver.store.feed_head("CAL").seq == head
