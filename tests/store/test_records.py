"""The log of records and its views."""

import pytest
from msgspec.structs import replace

from commonsky.domain import Component, FeedHead, IdentityClaim, Label, Mode, Record, RecordKind
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from commonsky.formats.errors import FormatError
from partners import GIVER, NOW_TAI_S, READER, THIRD, chain, judged, observation, receiver, sealed, track


def claim(name, designator, originator=GIVER):
    content = IdentityClaim(track_id=name, designator=designator, confidence=0.9, basis="test")
    return Record(
        id=f"claim:{originator}:{name}:{designator}",
        originator=originator,
        mode=Mode.REAL,
        label=Label({originator: Component()}),
        content=content,
    )


def test_a_record_comes_out_byte_for_byte(store):
    record = observation(1)
    assert store.append([record]).added == (record.id,)
    assert store.record(record.id) == encode(record)
    assert store.record("none") is None
    (held,) = store.copies(record.id)
    assert (held.n, held.source, held.agreement, held.originator) == (1, None, None, GIVER)
    assert (held.kind, held.mode, held.object) == (RecordKind.OBSERVATION, Mode.REAL, record.content.target)
    assert held.epoch_tai_s == record.content.epoch_tai_s


def test_appending_again_changes_nothing_and_says_so(store):
    one, two = observation(1), observation(2)
    relabelled = replace(one, label=Label({GIVER: Component(readers=frozenset())}))
    store.append([one])
    outcome = store.append([one, two, two, relabelled])
    assert outcome.added == (two.id,)
    assert outcome.repeated == (one.id, two.id)
    assert outcome.conflicting == (one.id,)
    assert store.record(one.id) == encode(one)
    assert store.last_entry() == 2


def test_one_record_without_a_canonical_form_keeps_the_whole_batch_out(store):
    bad = replace(observation(2), content=replace(observation(2).content, epoch_tai_s=float("nan")))
    with pytest.raises(FormatError):
        store.append([observation(1), bad])
    assert store.last_entry() == 0


def test_lineage_is_followed_both_ways_and_down_to_the_sensors(store):
    seen = [observation(1), observation(2, originator=THIRD)]
    first = track(1, inputs=[one.id for one in seen])
    second = track(2, inputs=[first.id])
    store.append([*seen, first, second])
    assert store.lineage_of(first.id) == sorted(one.id for one in seen)
    assert store.derived_from(seen[0].id) == [first.id]
    assert store.sensors_behind(second.id) == {"NOR-radar-1", "FRA-radar-1"}
    assert store.lineage_of(seen[0].id) == store.derived_from(second.id) == []


def test_sensors_behind_are_known_only_if_every_source_tells_its_sensor(store):
    own = observation(1)
    theirs = track(1, originator=THIRD, name="FRA-T1")
    joined = track(2, inputs=[own.id, theirs.id])
    store.append([own, theirs, joined])
    assert store.sensors_behind(joined.id) == set()


def test_a_partners_word_on_lineage_says_nothing_of_our_records(store):
    own, strange = observation(1, originator=READER), observation(2, originator=READER)
    ours = track(1, originator=READER, name="GBR-T1", inputs=[own.id])
    store.append([own, strange, ours])
    alike = replace(track(1), id=ours.id, inputs=(strange.id,))
    envelope = sealed([alike])
    assert store.admit(envelope, judged(envelope), received_tai_s=NOW_TAI_S)
    assert len(store.copies(ours.id)) == 2
    assert store.lineage_of(ours.id) == [own.id]
    assert store.derived_from(strange.id) == []


def test_the_newest_revision_of_a_track_counts_not_the_last_to_arrive(store):
    store.append([track(1), track(3), track(2), track(1, name="NOR-T2")])
    assert [one.id for one in store.current_tracks()] == ["track:NOR-T1:3", "track:NOR-T2:1"]


def test_partners_tracks_stand_beside_ours(store):
    store.append([track(5, originator=READER)])
    envelope = sealed([track(1), track(2)])
    assert store.admit(envelope, judged(envelope), received_tai_s=NOW_TAI_S)
    tracks = store.current_tracks()
    assert [(one.source, one.agreement, one.id) for one in tracks] == [
        (None, None, "track:NOR-T1:5"),
        (GIVER, "NOR-gives@1", "track:NOR-T1:2"),
    ]


def test_the_same_record_by_two_routes_is_kept_twice(store):
    record = observation(1)
    store.append([record])
    envelope = sealed([record])
    store.admit(envelope, judged(envelope), received_tai_s=NOW_TAI_S)
    assert [one.source for one in store.copies(record.id)] == [None, GIVER]


def test_observations_are_chosen_by_epoch_target_and_arrival(store):
    store.append([observation(k) for k in (3, 1, 2, 9)])
    begin = observation(0).content.epoch_tai_s

    def epochs(*chosen, **how):
        return [one.epoch_tai_s - begin for one in store.observations(*chosen, **how)]

    assert epochs() == [1.0, 2.0, 3.0, 9.0]
    assert epochs(begin + 2.0, begin + 9.0) == [2.0, 3.0]
    assert epochs(target=observation(2).content.target) == [2.0, 9.0]
    assert epochs(after=2) == [2.0, 9.0]


def test_claims_are_listed(store):
    store.append([claim("NOR-T1", "25544"), observation(1)])
    assert [one.object for one in store.claims()] == ["NOR-T1"]


def test_counts_tell_own_from_foreign(store):
    store.append([observation(1), observation(2), track(1)])
    for envelope, head in zip(chain(2), [FeedHead(), head_of(chain(1)[0].header)], strict=True):
        store.admit(envelope, judged(envelope, head, receiver_=receiver()), received_tai_s=NOW_TAI_S)
    counts = store.counts()
    assert counts.own == {"observation": 2, "track": 1}
    assert counts.foreign == {GIVER: {"observation": 4}}
