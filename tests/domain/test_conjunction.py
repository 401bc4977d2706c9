"""A warning holds numbers that can be, and the figures that are read off it."""

import math

import pytest

from commonsky.domain import ConjunctionWarning, EncounterPlane, WarnedObject

FIELDS = {
    "provider": "AUR",
    "made_tai_s": 8.0e8,
    "tca_tai_s": 8.1e8,
    "object_1": WarnedObject(designator="25544"),
    "object_2": WarnedObject(designator="40000"),
    "miss_distance_m": 250.0,
}


def warning(**changes):
    return ConjunctionWarning(**(FIELDS | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": ""}, "no provider"),
        ({"object_2": WarnedObject(designator="25544")}, "with itself"),
        ({"miss_distance_m": -1.0}, "miss_distance_m is -1"),
        ({"miss_distance_m": math.nan}, "miss_distance_m is nan"),
        ({"tca_tai_s": math.inf}, "tca_tai_s is inf"),
        ({"made_tai_s": -1e12}, "made_tai_s"),
        ({"probability": 1.0000001}, "probability is 1"),
        ({"probability": math.nan}, "probability is nan"),
        ({"relative_speed_m_s": -0.1}, "relative_speed_m_s"),
        ({"relative_position_rtn_m": (0.0, math.inf, 0.0)}, "relative_position_rtn_m is inf"),
        ({"covariance_rtn_m2": (1.0, 0.0, 1.0, 0.0, 0.0, -1.0)}, "variance of covariance_rtn_m2"),
        ({"hard_body_radius_m": -5.0}, "hard_body_radius_m"),
        ({"revisit_s": 0.0}, "revisit_s"),
        ({"method": "x" * 201}, "method is longer"),
    ],
)
def test_a_warning_that_cannot_be_is_refused_in_words(changes, words):
    with pytest.raises(ValueError, match=words):
        warning(**changes)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"designator": ""}, "no designator"),
        ({"designator": "1", "also": tuple("abcdefghijklmnopq")}, "more than 16 names"),
        ({"designator": "1", "also": ("x" * 201,)}, r"also\[0\] is longer"),
        ({"designator": "1", "sigmas_rtn_m": (1.0, -1.0, 1.0)}, "sigmas_rtn_m is -1"),
    ],
)
def test_an_object_that_cannot_be_is_refused_in_words(fields, words):
    with pytest.raises(ValueError, match=words):
        WarnedObject(**fields)


def test_a_covariance_of_the_plane_with_too_much_correlation_is_refused():
    with pytest.raises(ValueError, match="off-diagonal"):
        EncounterPlane(miss_m=(0.0, 1.0), covariance_m2=(4.0, 6.1, 9.0))
    assert EncounterPlane(miss_m=(0.0, 1.0), covariance_m2=(4.0, 6.0, 9.0))


def test_the_sigma_of_the_miss_is_that_along_the_miss():
    plane = EncounterPlane(miss_m=(0.0, -50.0), covariance_m2=(4.0, 1.0, 9.0))
    assert warning(plane=plane).sigma_of_miss_m == pytest.approx(3.0)
    diagonal = EncounterPlane(miss_m=(10.0, 10.0), covariance_m2=(4.0, 1.0, 9.0))
    assert warning(plane=diagonal).sigma_of_miss_m == pytest.approx(math.sqrt(7.5))


def test_the_position_sigma_is_the_root_of_the_trace_and_unknown_without_a_covariance():
    assert warning(covariance_rtn_m2=(4.0, 9.0, 16.0, 9.0, 9.0, 29.0)).position_sigma_m == pytest.approx(7.0)
    assert warning().position_sigma_m is None
