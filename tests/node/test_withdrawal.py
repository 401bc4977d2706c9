"""Leases run out, agreements end, keys roll: what is locked, deleted, owed, and left."""

import pytest
from msgspec.structs import replace
from test_jobs import first_file, held

from commonsky.domain import ActKind, NoticeKind, Observation, RecordKind
from commonsky.federation.acts import next_act, sign_act
from commonsky.formats.canonical import decode
from commonsky.node import jobs
from commonsky.node.agreement_files import add_acts
from commonsky.node.estimating import own_claims, own_tracks
from commonsky.node.holdings import debts, keep_holdings, receipts
from commonsky.node.loss import loss_without
from signing import sign_for_all

LEASED = """
id = "BOR-AUR-LEASED"
version = 1
title = "Sensor data on lease"
giver = "BOR"
readers = ["AUR"]
purpose = "space-safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"
lease_s = 86400.0

[[clause]]
id = "all"
kinds = ["sensor", "observation", "track", "identity_claim"]
"""
REFERENCE = "BOR-AUR-LEASED@1"
HOLDING = ("BOR", REFERENCE)


@pytest.fixture
def pair(coalition, rehearsal):
    """AUR holds observations of BOR on lease and has made a track of them."""
    coalition.exchange()
    keys = {name: node.key for name, node in coalition.nodes.items()}
    for name in ("BOR", "AUR"):
        folder = coalition.nodes[name].folder.agreements
        for file in folder.glob("BOR-AUR*"):
            file.unlink()
        sign_for_all(folder, LEASED, keys)
    coalition.deliver(first_file(rehearsal, "BOR"))
    coalition.exchange()
    assert tracks(coalition)
    return coalition


def tracks(coalition):
    return [entry.object for entry in coalition.nodes["AUR"].store.current_tracks() if entry.source is None]


def held_from_bor(coalition):
    return held(coalition.nodes["AUR"], RecordKind.OBSERVATION, "BOR")


def act(coalition, kind, *, by="BOR", at=("BOR", "AUR")):
    for name in at:
        node = coalition.nodes[name]
        document = node.agreements().shelved(REFERENCE).document
        made = sign_act(next_act(kind, by, document, now_tai_s=coalition.now_tai_s), coalition.nodes[by].key)
        add_acts(node.folder.agreements, document.agreement.reference, [made])
        jobs.keep_agreements(node)
        jobs.share(node)


def deliver_own(coalition, rehearsal):
    """Give AUR what its own sensors see of the object that BOR told it of."""
    entries = coalition.nodes["AUR"].store.observations()
    observation = decode(next(one for one in entries if one.source == "BOR").body).content
    assert isinstance(observation, Observation)
    coalition.deliver(
        next(one for one in rehearsal.files if one.member == "AUR" and observation.target in one.name)
    )


def originators(node):
    """Whose data is in our newest track."""
    return set(decode(node.store.current_tracks()[-1].body).label.components)


def state(coalition):
    return {(one.source, one.agreement): one for one in coalition.nodes["AUR"].store.holdings()}[HOLDING]


def test_a_lease_that_is_not_renewed_locks_what_came_and_what_was_made_of_it(pair):
    before = held_from_bor(pair), tracks(pair)
    pair.now_tai_s += 86_401.0
    jobs.keep_agreements(pair.nodes["AUR"])
    assert state(pair).reason.startswith("its lease ran out")
    assert (held_from_bor(pair), tracks(pair)) == (set(), [])
    jobs.keep_agreements(pair.nodes["BOR"])
    jobs.share(pair.nodes["BOR"])
    pair.exchange()
    jobs.keep_agreements(pair.nodes["AUR"])
    assert (held_from_bor(pair), tracks(pair)) == before


def test_leases_are_renewed_before_they_run_out_and_not_all_the_time(pair):
    for _ in range(12):
        pair.now_tai_s += 21_600.0
        jobs.keep_agreements(pair.nodes["BOR"])
        jobs.share(pair.nodes["BOR"])
        pair.exchange()
        assert state(pair).locked_tai_s is None
    assert len(pair.nodes["BOR"].store.posted("AUR", NoticeKind.LEASES)) <= 7


def test_a_giver_cannot_lend_longer_than_the_agreement_says(pair):
    content = b'{"until_tai_s":{"BOR-AUR-LEASED@1":9000000000.0,"AUR-BOR@1":9000000000.0}}'
    pair.nodes["BOR"].store.post("AUR", NoticeKind.LEASES, content, at_tai_s=pair.now_tai_s)
    jobs.share(pair.nodes["BOR"])
    pair.exchange()
    assert state(pair).renewed_until_tai_s <= pair.now_tai_s + 86_400.0


def test_a_suspension_locks_and_a_resumption_frees(pair):
    before = held_from_bor(pair), tracks(pair)
    act(pair, ActKind.SUSPEND)
    assert (held_from_bor(pair), tracks(pair)) == (set(), [])
    assert "is suspended by BOR" in state(pair).reason
    pair.now_tai_s += 10.0
    act(pair, ActKind.RESUME)
    assert (held_from_bor(pair), tracks(pair)) == before


def test_an_object_has_one_track_also_after_what_was_locked_is_freed(pair, rehearsal):
    giver, reader = pair.nodes["BOR"], pair.nodes["AUR"]
    giver.store.reconsider(
        "AUR", pair.now_tai_s, released_too=True
    )  # its sensor came under another agreement
    giver.look_again()
    jobs.share(giver)
    pair.exchange()
    deliver_own(pair, rehearsal)
    [name] = tracks(pair)
    both = originators(reader)
    for _ in range(2):
        act(pair, ActKind.SUSPEND)
        assert (tracks(pair), originators(reader)) == ([name], {"AUR"})
        assert set(own_claims(reader).values()) == {name}
        pair.now_tai_s += 10.0
        act(pair, ActKind.RESUME)
        assert (tracks(pair), originators(reader)) == ([name], both)
        pair.now_tai_s += 10.0
    revisions = [one.revision for one in own_tracks(reader).values()]
    assert revisions == [reader.store.last_revision(name)]


def test_a_withdrawal_deletes_and_the_receipt_settles_the_debt(pair):
    giver, reader = pair.nodes["BOR"], pair.nodes["AUR"]
    count = state(pair).records
    act(pair, ActKind.WITHDRAW, at=("BOR",))
    [debt] = debts(giver)
    assert (debt.reader, debt.agreement, debt.records) == ("AUR", REFERENCE, count)
    act(pair, ActKind.WITHDRAW, at=("AUR",))
    assert state(pair).deleted_records == count
    assert (held_from_bor(pair), tracks(pair)) == (set(), [])
    bodies = [envelope.body for envelope in reader.store.received("BOR", 0, 100, gen=1)]
    assert not any(REFERENCE in body for body in bodies)
    pair.exchange()
    assert list(debts(giver)) == []
    assert receipts(giver, "AUR")[REFERENCE].records == count
    assert keep_holdings(reader) == frozenset()


def test_a_member_that_is_cut_off_locks_by_itself_and_deletes_when_it_hears_of_the_withdrawal(pair):
    act(pair, ActKind.WITHDRAW, at=("BOR",))
    pair.now_tai_s += 86_401.0
    jobs.keep_agreements(pair.nodes["AUR"])
    assert state(pair).deleted_tai_s is None
    assert held_from_bor(pair) == set()
    act(pair, ActKind.WITHDRAW, at=("AUR",))
    assert state(pair).deleted_tai_s is not None


def test_what_is_withdrawn_stays_so_though_its_document_is_taken_away(pair):
    act(pair, ActKind.SUSPEND)
    for file in pair.nodes["AUR"].folder.agreements.glob("BOR-AUR-LEASED*"):
        file.unlink()
    jobs.keep_agreements(pair.nodes["AUR"])
    assert state(pair).locked_tai_s is not None
    assert held_from_bor(pair) == set()


def test_onward_copies_are_told_in_the_receipt(pair):
    reader = pair.nodes["AUR"]
    entry = next(e for e in reader.store.observations() if e.source == "BOR")
    _, decision = jobs.explain(reader, entry.id, "CAL")
    released = replace(decision, allowed=True)
    reader.store.record_decisions([(entry.n, released)], policy=reader.store.note_policy(b"[]"))
    act(pair, ActKind.WITHDRAW)
    pair.exchange()
    assert receipts(pair.nodes["BOR"], "AUR")[REFERENCE].passed_on == {"CAL": 1}


def test_what_can_be_made_without_a_member_is_made_again_and_the_loss_is_told(pair, rehearsal):
    reader = pair.nodes["AUR"]
    loss = loss_without(reader, "BOR")
    assert loss.tracks_lost == tuple(tracks(pair))
    assert loss.sensors == ("BOR-POLAR",)
    deliver_own(pair, rehearsal)
    [old] = tracks(pair)
    assert loss_without(reader, "BOR").tracks_left == (old,)
    act(pair, ActKind.WITHDRAW)
    assert tracks(pair) == [old]
    assert originators(reader) == {"AUR"}
