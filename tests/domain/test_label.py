"""The label is a lattice: joining only ever tightens, in any order and grouping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain import Component, Label, Mode, Observation, ObservationKind, Record, derived, join_all

MEMBERS = ["AUR", "BOR", "CAL", "DOR"]
names = st.frozensets(st.sampled_from(MEMBERS))
components = st.builds(
    Component,
    readers=st.none() | names,
    purposes=st.none() | st.frozensets(st.sampled_from(["space-safety", "exercise"])),
    classification=st.integers(0, 4),
    expires_tai_s=st.none() | st.sampled_from([1.0, 2.0, 3.0]),
    onward=st.booleans(),
    precision_floor_m=st.sampled_from([0.0, 100.0, 1000.0]),
    caveats=st.frozensets(st.sampled_from(["handle with care", "no press"])),
)
labels = st.builds(Label, st.dictionaries(st.sampled_from(MEMBERS), components, min_size=1))
questions = st.fixed_dictionaries(
    {
        "giver": st.sampled_from(MEMBERS),
        "reader": st.sampled_from(MEMBERS),
        "purpose": st.sampled_from(["space-safety", "exercise", "press"]),
        "now_tai_s": st.sampled_from([0.5, 1.0, 1.5, 2.5, 9.0]),
    }
)


@given(labels, labels)
def test_join_does_not_depend_on_order(a, b):
    assert a.join(b) == b.join(a)


@given(labels, labels, labels)
def test_join_does_not_depend_on_grouping(a, b, c):
    assert a.join(b).join(c) == a.join(b.join(c))


@given(labels)
def test_joining_a_label_with_itself_changes_nothing(a):
    assert a.join(a) == a


@given(labels, labels)
def test_a_join_is_above_both_and_below_every_other_bound(a, b):
    joined = a.join(b)
    assert a <= joined
    assert b <= joined
    upper = joined.join(Label({"EST": Component(classification=9)}))
    assert joined <= upper


@given(labels, labels, questions)
def test_joining_never_lets_a_reader_in_whom_one_source_keeps_out(a, b, question):
    if a.objections(**question) or b.objections(**question):
        assert a.join(b).objections(**question)


@given(labels, labels, questions)
def test_joining_keeps_out_nobody_whom_both_sources_let_in_for_different_originators(a, b, question):
    if set(a.components) & set(b.components):
        return
    if not a.objections(**question) and not b.objections(**question):
        assert not a.join(b).objections(**question)


@given(labels, labels)
def test_summaries_only_tighten(a, b):
    joined = a.join(b)
    assert joined.classification == max(a.classification, b.classification)
    assert joined.precision_floor_m >= max(a.precision_floor_m, b.precision_floor_m)
    assert joined.caveats == a.caveats | b.caveats


def test_a_label_without_originators_cannot_be_made():
    with pytest.raises(ValueError, match="at least one originator"):
        Label({})


def test_a_join_of_no_sources_cannot_be_made():
    with pytest.raises(ValueError, match="at least one source"):
        join_all([])


def _observed(record_id, originator, component, mode=Mode.EXERCISE):
    seen = Observation(
        kind=ObservationKind.RANGE, epoch_tai_s=0.0, sensor="S", values=(1.0,), sigmas=(1.0,), biases=(0.0,)
    )
    return Record(
        id=record_id, originator=originator, mode=mode, label=Label({originator: component}), content=seen
    )


def test_a_derived_record_carries_the_join_of_its_sources_and_names_them():
    sources = [
        _observed("obs:2", "BOR", Component(readers=frozenset({"AUR", "CAL"}))),
        _observed("obs:1", "AUR", Component(onward=False)),
    ]
    made = derived("track:1", originator="AUR", content=sources[0].content, sources=sources)
    assert made.label == join_all([source.label for source in sources])
    assert made.inputs == ("obs:1", "obs:2")


def test_modes_are_never_mixed_in_one_estimate():
    sources = [_observed("a", "AUR", Component()), _observed("b", "AUR", Component(), Mode.REAL)]
    with pytest.raises(ValueError, match="one mode"):
        derived("track:1", originator="AUR", content=sources[0].content, sources=sources)
