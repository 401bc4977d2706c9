"""What came under an agreement can be locked, freed and deleted, and no view gives what is locked."""

import pytest
from test_decisions import asked, decide_all

from commonsky.formats.canonical import decode
from partners import AGREEMENT, GIVER, NOW_TAI_S, THIRD, judged, observation, sealed, track

HELD = (GIVER, AGREEMENT.reference)


@pytest.fixture
def held(store):
    """A reader's store with two observations of a giver, a track of ours that rests on them, and one that does not."""
    given = [observation(1), observation(2)]
    envelope = sealed(given)
    assert store.admit(envelope, judged(envelope), received_tai_s=NOW_TAI_S)
    own = observation(3, originator="GBR")
    store.append([own, track(1, originator="GBR", name="T-BOTH", inputs=[one.id for one in (*given, own)])])
    store.append([track(1, originator="GBR", name="T-OWN", inputs=[own.id])])
    return store


def tracks(store):
    return [entry.object for entry in store.current_tracks()]


def observed(store):
    return [entry.id for entry in store.observations()]


def test_a_holding_says_how_much_it_is_and_when_its_giver_was_heard(held):
    (one,) = held.holdings()
    assert (one.source, one.agreement, one.records, one.heard_tai_s) == (*HELD, 2, NOW_TAI_S)
    assert one.locked_tai_s is None


def test_what_is_locked_and_what_rests_on_it_is_in_no_view_and_goes_to_nobody(held):
    both = decode(held.current_tracks()[0].body)
    assert held.lock(*HELD, "it was suspended", at_tai_s=NOW_TAI_S) == (both.id,)
    assert tracks(held) == ["T-OWN"]
    assert observed(held) == [observation(3, originator="GBR").id]
    assert held.record(observation(1).id) is None
    assert held.record(both.id) is None
    assert set(asked(held, THIRD)) == {
        observation(3, originator="GBR").id,
        track(1, name="T-OWN").id.replace("NOR", "GBR"),
    }
    assert held.holdings()[0].reason == "it was suspended"


def test_what_is_unlocked_is_there_as_before(held):
    before = tracks(held), observed(held), asked(held, THIRD)
    held.lock(*HELD, "its lease ran out", at_tai_s=NOW_TAI_S)
    held.unlock(*HELD)
    assert (tracks(held), observed(held), asked(held, THIRD)) == before
    assert held.holdings()[0].locked_tai_s is None


def test_what_is_deleted_leaves_its_digest_and_no_content_and_stays_locked(held):
    held.lock(*HELD, "it was withdrawn", at_tai_s=NOW_TAI_S)
    assert held.delete_holding(*HELD, at_tai_s=NOW_TAI_S) == 2
    held.unlock(*HELD)
    (one,) = held.holdings()
    assert (one.deleted_records, one.locked_tai_s) == (2, NOW_TAI_S)
    assert observed(held) == [observation(3, originator="GBR").id]
    (kept,) = held.received(GIVER, 0, 10, gen=1)
    assert kept.body == "\n\n"
    assert '"count":2' in kept.header


def test_what_was_passed_on_of_a_holding_is_told(held):
    decide_all(held, THIRD)
    assert held.passed_on(*HELD) == sorted((observation(k).id, THIRD) for k in (1, 2))


def test_a_giver_counts_what_it_released_under_an_agreement(store):
    store.append([observation(1), observation(2)])
    decide_all(store)
    assert store.released_under("GBR", "NOR-gives@1") == 2
    assert store.released_under("GBR", "NOR-gives@2") == 0


def test_what_of_ours_rests_on_a_member_is_told_with_how_much(held):
    assert list(held.resting_on(GIVER).values()) == [(3, 2)]
    assert held.resting_on(THIRD) == {}


def test_a_lease_is_as_long_as_it_was_last_renewed(held):
    held.renew(*HELD, NOW_TAI_S + 60.0)
    assert held.holdings()[0].renewed_until_tai_s == NOW_TAI_S + 60.0
