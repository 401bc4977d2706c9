"""What a node makes of other providers' conjunction messages, whatever frame and covariance they come in."""

import numpy as np
import pytest
from conjunction_messages import cdm

from commonsky.domain import ConjunctionWarning
from commonsky.formats.ccsds.cdm import read_cdm
from commonsky.node.provider_warnings import warning_of_message

TCA_TAI_S = 8.2e8
STATES = (
    np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]),
    np.array([7.0e6 + 30.0, 20.0, 10.0, 0.0, 7_480.0, 1_000.0]),
)


def warned(change=lambda text: text):
    message = cdm(TCA_TAI_S, TCA_TAI_S - 3_600.0, STATES, probability=1e-4, sigma_m=50.0).decode()
    [found] = read_cdm(change(message).encode(), source="test").messages
    warning = warning_of_message(found)
    assert isinstance(warning, ConjunctionWarning)
    return warning


def replaced(old, new, count=-1):
    def change(text):
        assert old in text
        return text.replace(old, new, count)

    return change


@pytest.mark.parametrize("frame", ["EME2000", "ITRF", "TEME"])
def test_the_geometry_is_that_of_the_states_in_any_frame_that_we_know(frame):
    seen = warned(replaced("REF_FRAME = GCRF", f"REF_FRAME = {frame}"))
    assert np.linalg.norm(seen.relative_position_rtn_m) == pytest.approx(np.sqrt(1_400.0), abs=1e-3)
    assert seen.object_1.sigmas_rtn_m == pytest.approx((50.0, 50.0, 50.0), rel=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        replaced("REF_FRAME = GCRF", "REF_FRAME = TOD", 1),
        replaced("REF_FRAME = GCRF", "ORBIT_CENTER = MOON\nREF_FRAME = GCRF"),
        replaced("REF_FRAME = GCRF", "REF_FRAME = MARS_FIXED"),
    ],
    ids=["frames that cannot be compared", "not the Earth", "unknown frame"],
)
def test_states_of_no_use_leave_a_warning_of_what_the_message_says(change):
    seen = warned(change)
    assert seen.relative_position_rtn_m is None
    assert seen.miss_distance_m == pytest.approx(np.sqrt(1_400.0), abs=1e-3)
    assert seen.probability == 1e-4


def test_a_covariance_that_is_none_is_repaired_as_for_the_probability_and_not_dropped():
    seen = warned(replaced("CT_R = 0.0", "CT_R = 2600.0", 1))
    radial_m, transverse_m, normal_m = seen.object_1.sigmas_rtn_m
    assert 50.0 <= radial_m == pytest.approx(transverse_m, rel=1e-6)
    assert radial_m < 55.0
    assert normal_m == pytest.approx(50.0, rel=1e-6)


def test_a_covariance_that_nothing_repairs_leaves_the_states():
    seen = warned(replaced("CR_R = 2500.0", "CR_R = -2500.0", 1))
    assert seen.object_1.sigmas_rtn_m is None
    assert seen.relative_position_rtn_m is not None
