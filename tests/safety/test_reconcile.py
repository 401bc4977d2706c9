"""Each single cause is named as the cause, and the causes together make up the whole difference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import ConjunctionWarning, EncounterPlane, WarnedObject
from commonsky.safety.encounter import Side, encounter, turned
from commonsky.safety.reconcile import Cause, Word, compare, reconcile
from commonsky.safety.warning import plane_probability

PLANE = EncounterPlane(miss_m=(120.0, -200.0), covariance_m2=(100.0**2, 2_000.0, 300.0**2))


def word(
    provider="AUR",
    *,
    plane=PLANE,
    radius_m=10.0,
    method="2D Foster",
    factor=1.0,
    epochs=(8.1e8, 8.1e8),
    **more,
):
    first, second = (
        WarnedObject(designator=name, data_epoch_tai_s=epoch)
        for name, epoch in zip(("25544", "40000"), epochs, strict=True)
    )
    fields = {
        "provider": provider,
        "made_tai_s": 8.1e8,
        "tca_tai_s": 8.11e8,
        "object_1": first,
        "object_2": second,
        "miss_distance_m": math.hypot(*plane.miss_m),
        "plane": plane,
        "probability": factor * plane_probability(plane, radius_m),
        "method": method,
        "hard_body_radius_m": radius_m,
        "hard_body_radius_source": "given",
    }
    return Word(provider=provider, warning=ConjunctionWarning(**(fields | more)))


def causes(comparison):
    return {one.cause for one in comparison.differences}


WIDER = EncounterPlane(miss_m=PLANE.miss_m, covariance_m2=(50.0**2, 500.0, 150.0**2))
MOVED = EncounterPlane(miss_m=(400.0, 500.0), covariance_m2=PLANE.covariance_m2)


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (word("BOR", plane=MOVED), Cause.STATE),
        (word("BOR", plane=WIDER), Cause.COVARIANCE),
        (word("BOR", plane=replace(PLANE, covariance_m2=None)), Cause.COVARIANCE),
        (word("BOR", radius_m=20.0), Cause.HARD_BODY_RADIUS),
        (word("BOR", method="2D Chan", factor=1.4), Cause.METHOD),
    ],
)
def test_a_single_difference_is_named_and_accounts_for_all(other, cause):
    compared = compare(word(), other, plane_probability)
    assert compared.main_cause.cause is cause
    assert causes(compared) == {cause}
    assert compared.main_cause.effect_decades == pytest.approx(compared.decades, abs=1e-9)
    assert abs(compared.decades) > 0.1


def test_other_epochs_and_times_are_named_without_a_share():
    other = word("BOR", epochs=(8.1e8 + 7_200.0, 8.1e8), tca_tai_s=8.11e8 + 2.5)
    compared = compare(word(), other, plane_probability)
    assert causes(compared) == {Cause.EPOCH, Cause.TIME}
    assert all(one.effect_decades is None for one in compared.differences)
    said = {one.cause: one.words for one in compared.differences}
    assert said[Cause.EPOCH] == "for object 1 the data of BOR is 2 h newer"
    assert said[Cause.TIME] == "BOR has it 2.5 s later"


def test_two_equal_warnings_differ_in_nothing():
    compared = compare(word(), word("BOR"), plane_probability)
    assert compared.differences == ()
    assert compared.decades == 0.0


components = st.floats(-500.0, 500.0)
sigmas = st.floats(20.0, 500.0)
planes = st.builds(
    lambda x, y, a, b, r: EncounterPlane(miss_m=(x, y), covariance_m2=(a * a, r * a * b, b * b)),
    components,
    components,
    sigmas,
    sigmas,
    st.floats(-0.9, 0.9),
)


@given(planes, planes, st.floats(1.0, 30.0), st.floats(1.0, 30.0), st.floats(0.5, 2.0))
def test_the_shares_add_up_to_the_whole_difference(first, second, radius_a, radius_b, factor):
    a, b = word(plane=first, radius_m=radius_a), word("BOR", plane=second, radius_m=radius_b)
    probability = min(1.0, factor * b.warning.probability)
    b = replace(b, warning=replace(b.warning, probability=probability, method="other"))
    compared = compare(a, b, plane_probability)
    total = sum(one.effect_decades or 0.0 for one in compared.differences)
    assert total == pytest.approx(compared.decades, abs=1e-4)


def test_a_warning_seen_from_the_other_object_is_the_same_warning():
    seen = word("BOR", plane=turned(PLANE))
    assert compare(word(), replace(seen, turned=True), plane_probability).differences == ()


@given(st.integers(0, 1_000))
def test_the_plane_of_exchanged_objects_is_the_turned_plane(seed):
    rng = np.random.default_rng(seed)
    position, velocity = rng.normal(size=3), rng.normal(size=(2, 3))
    position *= 7e6 / np.linalg.norm(position)
    velocity = [7.5e3 * (v - (v @ position) * position / 4.9e13) for v in velocity]
    spread = [rng.normal(size=(3, 3)) for _ in velocity]
    first, second = (
        Side(np.concatenate([place, v]), s @ s.T)
        for place, v, s in zip(
            (position, position + 100.0 * rng.normal(size=3)), velocity, spread, strict=True
        )
    )
    there, back = encounter(first, second).plane, encounter(second, first).plane
    assert turned(back).miss_m == pytest.approx(there.miss_m, abs=1e-6)
    assert turned(back).covariance_m2 == pytest.approx(there.covariance_m2, rel=1e-6)


def test_the_summary_says_who_tells_more_and_why():
    said = reconcile([word(), word("BOR", radius_m=20.0)], plane_probability).summary
    assert said.startswith("BOR tells ")
    assert "hard-body radius: 10 m against 20 m" in said
    assert reconcile([word()], plane_probability).summary == "only AUR tells of it"
    assert "agree within a factor of 1" in reconcile([word(), word("BOR")], plane_probability).summary


def test_without_geometry_nothing_is_computed_and_the_figures_are_still_told():
    bare = word("BOR")
    bare = replace(bare, warning=replace(bare.warning, plane=None, miss_distance_m=900.0))
    compared = compare(word(), bare, plane_probability)
    state = next(one for one in compared.differences if one.cause is Cause.STATE)
    assert state.effect_decades is None
    assert state.figures[0].b == 900.0
