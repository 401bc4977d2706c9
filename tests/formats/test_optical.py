"""Reports of observers of satellites: IOD, UK and RDE."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import ObservationKind
from commonsky.formats.errors import FormatError
from commonsky.formats.optical import read_optical

LINE = "23794 96 010A   2701 G 20040506012614270 17 25 1100114-184298 38 I+020 10"


def read(text):
    return read_optical(text.encode(), source="report")


def test_an_iod_line_says_when_where_and_how_surely():
    found = read(f"Seen from the garden.\n\n{LINE}\n")
    (one,) = found.observations
    assert (found.form, one.sensor, one.target) == ("IOD", "2701", "23794")
    assert one.epoch_tai_s == tai_s_from_utc("2004-05-06T01:26:14.270")
    assert math.degrees(one.values[0]) == pytest.approx(15.0 * (11 + 0.114 / 60.0), abs=1e-4)
    assert math.degrees(one.values[1]) == pytest.approx(-(18 + 42.98 / 60.0), abs=1e-4)
    assert one.sigmas[1] == pytest.approx(math.radians(3.0 / 60.0))
    assert one.sigmas[0] == pytest.approx(one.sigmas[1] / math.cos(one.values[1]))


@pytest.mark.parametrize(
    ("form", "angles", "kind", "first", "second"),
    [
        (
            "1",
            "1122334+112233",
            ObservationKind.RA_DEC,
            15 * (11 + 22 / 60 + 33.4 / 3600),
            11 + 22 / 60 + 33 / 3600,
        ),
        ("3", "1122334+112233", ObservationKind.RA_DEC, 15 * (11 + 22.334 / 60), 11.2233),
        ("4", "1122334+112233", ObservationKind.AZ_EL, 112 + 23 / 60 + 34 / 3600, 11 + 22 / 60 + 33 / 3600),
        ("5", "1122334+112233", ObservationKind.AZ_EL, 112 + 23.34 / 60, 11 + 22.33 / 60),
        ("6", "1122334+112233", ObservationKind.AZ_EL, 112.2334, 11.2233),
        ("7", "1122334-112233", ObservationKind.RA_DEC, 15 * (11 + 22 / 60 + 33.4 / 3600), -11.2233),
    ],
)
def test_each_form_of_angles_is_read_as_such(form, angles, kind, first, second):
    (one,) = read(f"12345 98 123A   2007 G 20081122112233444 56 {form}5 {angles} 39 S").observations
    assert one.kind is kind
    assert math.degrees(one.values[0]) == pytest.approx(first, abs=2e-5)
    assert math.degrees(one.values[1]) == pytest.approx(second, abs=2e-5)


def test_a_chart_of_1950_is_turned_to_the_axes_of_today():
    old, new = (read(LINE.replace(" 25 ", f" 2{code} ")).observations[0] for code in "45")
    # Half a century of precession: 50 arcseconds a year along the ecliptic.
    assert math.degrees(old.values[0] - new.values[0]) == pytest.approx(0.62, abs=0.05)


def test_doubt_about_the_time_widens_the_angles_of_what_moves():
    later = LINE.replace("012614270", "012624270").replace("-184298", "-194298")
    for one in read(f"{LINE}\n{later}").observations:  # a degree in ten seconds, and the time to a tenth
        assert one.sigmas[1] == pytest.approx(math.radians(math.hypot(3.0 / 60.0, 0.01)), rel=1e-3)


def test_a_uk_line_says_the_same():
    found = read("0401401267504050320170296  010  12102706  +36412   50 5")
    (one,) = found.observations
    assert (found.form, one.sensor, one.target) == ("UK", "2675", "0401401")
    assert one.epoch_tai_s == tai_s_from_utc("2004-05-03T20:17:02.96")
    assert one.values[0] == pytest.approx(math.radians(15.0 * (10 + 27.06 / 60)), abs=1e-6)
    assert one.values[1] == pytest.approx(math.radians(36 + 41.2 / 60), abs=1e-6)
    assert one.sigmas[1] == pytest.approx(math.radians(5.0 / 60.0))


@pytest.mark.parametrize(
    ("name", "form", "least"), [("IOD", "IOD", 40), ("UK", "UK", 50), ("RDE", "RDE", 14)]
)
def test_the_good_examples_are_read(reference_data, name, form, least):
    data = reference_data(f"optical-formats/{name}_data_compliant.txt").read_bytes()
    found = read_optical(data, source=name)
    assert found.form == form
    assert len(found.observations) >= least


def test_lines_off_their_columns_are_listed_and_not_read(reference_data):
    data = reference_data("optical-formats/IOD_data_noncompliant.txt").read_bytes()
    found = read_optical(data, source="IOD")
    assert len(found.observations) <= 1  # the one is word for word among the good examples
    assert len(found.rejected) > 40
    assert all(one.line and one.reason for one in found.rejected)


def test_what_is_no_report_is_refused():
    with pytest.raises(FormatError, match="IOD, UK or RDE"):
        read("nothing to see\n")


@given(st.text(alphabet="0123456789 +-AGS\n", max_size=300))
def test_no_text_makes_the_reader_stumble(text):
    try:
        read(f"{LINE}\n{text}")
    except FormatError:
        pytest.fail("the good line was lost")
