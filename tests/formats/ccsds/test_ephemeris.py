"""Ephemerides and states as arrays: units, time systems and frames are those that the message states."""

import gzip

import numpy as np
import pytest
from test_round_trips import OEM

from commonsky.astro.time import tai_s_from_text, tai_s_from_utc
from commonsky.formats.ccsds import read_message, write_xml
from commonsky.formats.ccsds.ephemeris import read_ephemerides
from commonsky.formats.ccsds.orbit_state import read_orbit_state
from commonsky.formats.errors import FormatError

OCM = b"""CCSDS_OCM_VERS = 3.0
CREATION_DATE = 2024-08-08T00:00:00
ORIGINATOR = OPERATOR
META_START
OBJECT_NAME = SAT
OBJECT_DESIGNATOR = 00270288
TIME_SYSTEM = TAI
EPOCH_TZERO = 2024-08-08T00:00:37
META_STOP
TRAJ_START
CENTER_NAME = EARTH
TRAJ_REF_FRAME = GCRF
TRAJ_TYPE = CARTPV
0.0 7000 0 0 0 7.5 0
60.5 6990 450 0 -0.5 7.49 0
TRAJ_STOP
COV_START
COV_REF_FRAME = RTN
COV_TYPE = CARTPV
COV_ORDERING = UTM
0.0 1 2 3 4 5 6  7 8 9 10 11  12 13 14 15  16 17 18  19 20  21
COV_STOP
"""
OPM = b"""CCSDS_OPM_VERS = 2.0
CREATION_DATE = 2024-08-08T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = SAT
OBJECT_ID = 2020-001A
CENTER_NAME = EARTH
REF_FRAME = GCRF
TIME_SYSTEM = GPS
EPOCH = 2024-221T00:00:00
X = 7000000 [m]
Y = 0
Z = 0
X_DOT = 0
Y_DOT = 7.5 [km/s]
Z_DOT = 0
MASS = 1.5
"""


def test_an_oem_becomes_arrays_in_si_units():
    (one,) = read_ephemerides(OEM, source="oem").ephemerides
    assert (one.object_name, one.object_id, one.frame, one.center) == ("SAT", "2020-001A", "EME2000", "EARTH")
    np.testing.assert_array_equal(one.epochs_tai_s - tai_s_from_utc("2024-08-08T00:00:00"), [0.0, 60.0])
    np.testing.assert_array_equal(one.positions_m, [[7e6, 0, 0], [6.99e6, 4.5e5, 0]])
    np.testing.assert_array_equal(one.velocities_m_s, [[0, 7500, 0], [-500, 7490, 0]])
    assert one.accelerations_m_s2 is None
    first, second = one.covariances
    np.testing.assert_allclose(np.diag(first.matrix), np.arange(1, 7) * 1e6)
    assert (first.frame, second.frame) == ("RTN", "RTN")  # 502.0-B-3 5.2.5: a frame holds until the next


def test_the_notation_makes_no_difference():
    text = write_xml(read_message(OEM, source="oem")).encode()
    (kvn,), (xml,) = (read_ephemerides(data, source="x").ephemerides for data in (OEM, text))
    np.testing.assert_array_equal(kvn.positions_m, xml.positions_m)
    np.testing.assert_array_equal(kvn.covariances[1].matrix, xml.covariances[1].matrix)


def test_times_of_an_ocm_count_from_its_zero_in_its_time_system():
    (one,) = read_ephemerides(OCM, source="ocm").ephemerides
    zero = tai_s_from_utc("2024-08-08T00:00:00")
    np.testing.assert_array_equal(one.epochs_tai_s - zero, [0.0, 60.5])
    assert one.norad_cat_id == 270288
    (covariance,) = one.covariances
    assert covariance.matrix[0, 5] == covariance.matrix[5, 0] == 6e6
    assert covariance.matrix[1, 1] == 7e6


@pytest.mark.parametrize("system", ["UTC", "TAI", "GPS", "TT", "TDB"])
def test_every_time_system_is_converted_by_its_own_rule(system):
    data = OEM.replace(b"TIME_SYSTEM = UTC", f"TIME_SYSTEM = {system}".encode())
    (one,) = read_ephemerides(data, source="oem").ephemerides
    assert one.epochs_tai_s[0] == tai_s_from_text("2024-08-08T00:00:00", system)


def test_ut1_is_read_where_an_ocm_says_what_it_is():
    data = OCM.replace(b"= TAI", b"= UT1").replace(
        b"META_STOP", b"TAIMUTC_AT_TZERO = 37 [s]\nUT1MUTC_AT_TZERO = 0.25 [s]\nMETA_STOP"
    )
    (one,) = read_ephemerides(data, source="ocm").ephemerides
    assert one.epochs_tai_s[0] == pytest.approx(tai_s_from_utc("2024-08-08T00:00:37") - 0.25, abs=1e-6)
    with pytest.raises(FormatError, match="UT1"):
        read_ephemerides(OEM.replace(b"TIME_SYSTEM = UTC", b"TIME_SYSTEM = UT1"), source="oem")


def test_a_bad_row_is_left_out_and_named_and_the_others_stand():
    data = OEM.replace(b"COMMENT between the states", b"2024-08-08T00:00:30 1 2 x 4 5 6")
    found = read_ephemerides(data, source="oem")
    assert len(found.ephemerides[0].epochs_tai_s) == 2
    assert [(one.line, one.reason) for one in found.rejected] == [(17, "'x' is not a number")]


def test_a_row_that_goes_back_in_time_is_left_out():
    data = OEM.replace(b"2024-08-08T00:01:00 6990", b"2024-08-07T23:59:00 6990")
    found = read_ephemerides(data, source="oem")
    assert len(found.ephemerides[0].epochs_tai_s) == 1
    assert "is not after the row before" in found.rejected[0].reason


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"CARTPV\n0.0", b"KEPLERIAN\n0.0", "'KEPLERIAN' is not cartesian"),
        (b"TRAJ_TYPE = CARTPV", b"TRAJ_TYPE = CARTPV\nTRAJ_UNITS = [km, km]", "has 2 units for 6 numbers"),
        (b"EPOCH_TZERO = 2024-08-08T00:00:37", b"", "EPOCH_TZERO"),
    ],
)
def test_what_cannot_become_an_ephemeris_is_said(before, after, words):
    with pytest.raises(FormatError, match=words):
        read_ephemerides(OCM.replace(before, after), source="ocm")


def test_another_message_has_no_ephemeris():
    with pytest.raises(FormatError, match="a message of kind OPM has no ephemeris"):
        read_ephemerides(OPM, source="opm")


def test_the_state_of_an_opm_is_in_si_units_whatever_unit_stands_beside_it():
    state = read_orbit_state(OPM, source="opm")
    np.testing.assert_array_equal(state.position_m, [7e6, 0, 0])
    np.testing.assert_array_equal(state.velocity_m_s, [0, 7500, 0])
    assert state.epoch_tai_s == tai_s_from_text("2024-08-08T00:00:00", "GPS")
    assert state.parameters == {"MASS": 1.5}
    assert state.covariance is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"Y = 0\n", b"", "line 9, Y: is missing"),
        (b"Y = 0", b"Y = zero", "line 11, Y: is missing or no number"),
        (b"[m]", b"[furlong]", "line 10, X: 'furlong' is not a unit"),
        (b"2024-221", b"2024-367", "line 9, EPOCH"),
    ],
)
def test_an_opm_without_a_state_is_refused_with_line_and_keyword(before, after, words):
    with pytest.raises(FormatError, match=words):
        read_orbit_state(OPM.replace(before, after), source="opm")


def test_the_real_ephemeris_of_the_space_station_is_read_whole(reference_data):
    data = gzip.decompress(reference_data("oem", "ISS.OEM_J2K_EPH_2022-03.xml.gz").read_bytes())
    found = read_ephemerides(data, source="iss")
    (one,) = found.ephemerides
    assert found.rejected == []
    assert one.positions_m.shape == (5524, 3)
    assert one.epochs_tai_s[-1] - one.epochs_tai_s[0] == 15 * 86400
    radii_m = np.linalg.norm(one.positions_m, axis=1)
    assert 6.77e6 < radii_m.min() < radii_m.max() < 6.82e6
