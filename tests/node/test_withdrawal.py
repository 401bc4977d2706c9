"""Leases run out, agreements end, keys roll: what is locked, deleted, owed, and left."""

import pytest
from msgspec.structs import replace
from test_jobs import first_file, held

from commonsky.domain import ActKind, NoticeKind, Observation, RecordKind
from commonsky.federation.acts import next_act, sign_act
from commonsky.formats.canonical import decode
from commonsky.node import jobs
from commonsky.node.agreement_files import add_acts
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
    observation = decode(next(e for e in reader.store.observations() if e.source == "BOR").body).content
    assert isinstance(observation, Observation)
    loss = loss_without(reader, "BOR")
    assert loss.tracks_lost == tuple(tracks(pair))
    assert loss.sensors == ("BOR-POLAR",)
    for later in rehearsal.files:
        if later.member == "AUR" and observation.target in later.name:
            pair.deliver(later)
            break
    [old] = tracks(pair)
    assert loss_without(reader, "BOR").tracks_left == (old,)
    act(pair, ActKind.WITHDRAW)
    [new] = tracks(pair)
    assert new != old
    label = decode(reader.store.current_tracks()[-1].body).label
    assert set(label.components) == {"AUR"}
