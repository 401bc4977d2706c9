"""One event for each encounter, whatever moves and whoever tells of it."""

from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain import ConjunctionWarning, WarnedObject
from commonsky.safety.events import Told, events, object_key, tolerance_s

HALF_ORBIT_S = 2_750.0
TCA_TAI_S = 8.2e8


def told(
    n, tca_tai_s, *, provider="AUR", made_tai_s=None, pair=("25544", "40000"), also=((), ()), message=""
):
    first, second = (WarnedObject(designator=name, also=more) for name, more in zip(pair, also, strict=True))
    warning = ConjunctionWarning(
        provider=provider,
        message=message,
        made_tai_s=TCA_TAI_S - 2e5 + n if made_tai_s is None else made_tai_s,
        tca_tai_s=tca_tai_s,
        object_1=first,
        object_2=second,
        miss_distance_m=100.0,
        revisit_s=HALF_ORBIT_S,
    )
    return Told(record=f"warning:{n}", provider=provider, own=provider == "AUR", warning=warning)


moves = st.lists(st.floats(-600.0, 600.0), min_size=1, max_size=8)


@given(moves, st.lists(st.sampled_from(["AUR", "BOR", "CAL"]), min_size=8, max_size=8))
def test_an_event_keeps_its_id_while_its_time_moves_from_update_to_update(steps, providers):
    tca_tai_s, kept = TCA_TAI_S, [told(0, TCA_TAI_S)]
    first = events(kept, {})[0].id
    for n, (step_s, provider) in enumerate(zip(steps, providers, strict=False), start=1):
        tca_tai_s += step_s
        kept.append(told(n, tca_tai_s, provider=provider))
        [event] = events(kept, {})
        assert event.id == first
    assert len(event.told) == len(kept)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(-320.0, 320.0), st.sampled_from(["AUR", "BOR"])),
        min_size=1,
        max_size=20,
    )
)
def test_approaches_half_an_orbit_apart_stay_events_of_their_own(updates):
    kept = [told(n, TCA_TAI_S + k * HALF_ORBIT_S + off, provider=p) for n, (k, off, p) in enumerate(updates)]
    found = events(kept, {})
    assert len(found) == len({k for k, _, _ in updates})
    for event in found:
        times = [one.warning.tca_tai_s for one in event.told]
        assert max(times) - min(times) < tolerance_s(event.told[0].warning)
    assert len({event.id for event in found}) == len(found)


@given(st.permutations(range(6)))
def test_more_records_never_change_the_ids_that_were_given(order):
    everything = [told(n, TCA_TAI_S + (n % 3) * HALF_ORBIT_S + n) for n in order]
    before: set[str] = set()
    for count in range(1, len(everything) + 1):
        now = {event.id for event in events(everything[:count], {})}
        assert before <= now
        before = now


def test_the_order_of_the_objects_does_not_matter():
    assert len(events([told(0, TCA_TAI_S), told(1, TCA_TAI_S, pair=("40000", "25544"))], {})) == 1


def test_one_provider_telling_of_two_times_at_once_tells_of_two_encounters():
    both = [told(0, TCA_TAI_S, made_tai_s=1.0), told(1, TCA_TAI_S + 300.0, made_tai_s=1.0)]
    assert len(events(both, {})) == 2


def test_a_message_that_comes_by_two_ways_counts_once():
    twice = [
        told(0, TCA_TAI_S, made_tai_s=1.0, message="M1"),
        told(1, TCA_TAI_S, made_tai_s=1.0, message="M1"),
    ]
    [event] = events(twice, {})
    assert [one.record for one in event.told] == ["warning:0"]


def test_names_are_brought_together_by_numbers_and_by_claims():
    assert object_key({"00005"}, {}) == "5"
    assert object_key({"AUR-T-1", "1998-067A"}, {}) == "1998-067A"
    assert object_key({"AUR-T-1"}, {"AUR-T-1": "25544"}) == "25544"
    kept = [told(0, TCA_TAI_S), told(1, TCA_TAI_S, provider="BOR", pair=("BOR-T-7", "40000"))]
    assert len(events(kept, {})) == 2
    assert len(events(kept, {"BOR-T-7": "25544"})) == 1


def test_an_event_keeps_its_id_when_a_claim_gives_an_object_another_name():
    kept = [told(0, TCA_TAI_S, pair=("AUR-T-1", "40000"))]
    [before], [after] = events(kept, {}), events(kept, {"AUR-T-1": "25544"})
    assert before.pair != after.pair
    assert before.id == after.id


def test_an_event_made_of_two_by_a_claim_keeps_the_older_id_and_answers_to_both():
    kept = [told(0, TCA_TAI_S), told(1, TCA_TAI_S, provider="BOR", pair=("BOR-T-7", "40000"))]
    older, younger = (event.id for event in events(kept, {}))
    [event] = events(kept, {"BOR-T-7": "25544"})
    assert event.id == older
    assert event.answers_to(older)
    assert event.answers_to(younger)
    assert not event.answers_to("20260320T1200-000000")


def test_where_the_time_has_drifted_from_draws_no_other_encounter_in():
    drifted = [told(n, TCA_TAI_S + 500.0 * n) for n in range(8)]
    assert len(events(drifted, {})) == 1
    assert len(events([*drifted, told(8, TCA_TAI_S)], {})) == 2


def test_an_old_update_that_comes_late_joins_the_event_of_its_time():
    drifted = [told(n, TCA_TAI_S + 500.0 * n) for n in range(8)]
    late_first = [drifted[0], *drifted[2:4], drifted[1], *drifted[4:]]
    assert [len(event.told) for event in events(late_first[1:], {})] == [7]


def test_the_newest_word_of_each_provider_stands_whatever_order_they_came_in():
    kept = [told(5, TCA_TAI_S), told(1, TCA_TAI_S + 1.0), told(3, TCA_TAI_S, provider="BOR")]
    [event] = events(kept, {})
    assert {name: one.record for name, one in event.newest.items()} == {
        "AUR": "warning:5",
        "BOR": "warning:3",
    }
    assert event.providers == ("AUR", "BOR")
