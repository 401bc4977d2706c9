"""Text and TAI seconds say the same instant, in every time system."""

import datetime as dt
import math

import erfa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.astro.time import (
    tai_s_from_datetime64,
    tai_s_from_text,
    tai_s_from_utc,
    utc_text_from_tai_s,
)

AWAY_FROM_ZERO = st.floats(-8.8e8, -10.0) | st.floats(10.0, 3e9)
LEAP_2016_TAI_S = 536500836.0


@given(AWAY_FROM_ZERO)
def test_text_gives_the_same_float_back(tai_s):
    assert tai_s_from_utc(utc_text_from_tai_s(tai_s)) == tai_s


@given(st.floats(LEAP_2016_TAI_S - 3, LEAP_2016_TAI_S + 3))
def test_text_gives_the_same_float_back_across_a_leap_second(tai_s):
    assert tai_s_from_utc(utc_text_from_tai_s(tai_s)) == tai_s


def test_a_leap_second_is_a_second_of_its_own():
    texts = ("2016-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")
    first, leap, after = map(tai_s_from_utc, texts)
    assert (leap - first, after - leap) == (1.0, 1.0)
    assert tuple(map(utc_text_from_tai_s, (first, leap, after))) == texts


@pytest.mark.parametrize(
    ("text", "time_system"),
    [
        ("2000-01-01T12:00:00", "TAI"),
        ("2000-01-01T11:59:28", "UTC"),
        ("2000-01-01T11:59:41", "GPS"),
        ("2000-01-01T12:00:32.184", "TT"),
        ("2000-001T12:00:32.184", "TDT"),
    ],
)
def test_time_systems_meet_at_the_zero_of_our_seconds(text, time_system):
    assert tai_s_from_text(text, time_system) == 0.0


def test_tcg_agrees_with_erfa():
    seconds_ahead = tai_s_from_text("2024-06-01T00:00:00", "TT") - tai_s_from_text(
        "2024-06-01T00:00:00", "TCG"
    )
    tt1, tt2 = erfa.tcgtt(2460462.5, 0.0)
    assert seconds_ahead == pytest.approx((2460462.5 - tt1 - tt2) * 86400.0, abs=1e-6)


def test_tdb_swings_about_tt_by_less_than_two_milliseconds():
    seconds_ahead = tai_s_from_text("2024-04-01T00:00:00", "TT") - tai_s_from_text(
        "2024-04-01T00:00:00", "TDB"
    )
    assert 0.001 < seconds_ahead < 0.002


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-30T23:59:60Z",
        "2015-02-29T00:00:00Z",
        "2015-366T00:00:00Z",
        "2016-000T00:00:00Z",
        "2016-01-01T24:00:00Z",
        "2016-01-01T00:60:00Z",
        "2016-01-01T00:00:61Z",
        "0000-01-01T00:00:00Z",
        "2016-1-1T00:00:00Z",
        "٢٠١٦-01-01T00:00:00Z",
        "",
    ],
)
def test_text_that_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"is not|has a second 60"):
        tai_s_from_utc(text)


def test_second_sixty_exists_in_utc_only():
    with pytest.raises(ValueError, match="no leap second"):
        tai_s_from_text("2016-12-31T23:59:60", "TAI")


def test_an_unknown_time_system_is_named():
    with pytest.raises(ValueError, match="'MET' is not one of"):
        tai_s_from_text("2016-12-31T23:59:59", "MET")


@given(st.datetimes(dt.datetime(1957, 1, 1), dt.datetime(2056, 12, 31)))  # noqa: DTZ001  # numpy's have no zone
def test_columns_of_instants_agree_with_their_texts(moment):
    (tai_s,) = tai_s_from_datetime64(np.array([moment], dtype="datetime64[us]"))
    assert tai_s == pytest.approx(tai_s_from_utc(moment.isoformat()), abs=1e-6)


@pytest.mark.parametrize("tai_s", [math.inf, math.nan, 1e30])
def test_what_has_no_date_is_refused(tai_s):
    with pytest.raises(ValueError, match="have no date"):
        utc_text_from_tai_s(tai_s)
