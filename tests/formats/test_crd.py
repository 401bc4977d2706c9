"""Laser ranges of the ILRS."""

import pytest

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import TimeTag
from commonsky.formats.crd import read_crd
from commonsky.formats.errors import FormatError

ONE = """H1 CRD  1 2007  3 25  1
H2 MLRS       7080 24 19  4
H3 LAGEOS2    9207002 5986    22195 0 1
H4  1 2007  3 25 23 13 50 2007  3 26  0 45 17  0 0 0 0 1 0 2 0
C0 0  532.000 std ml1 mcp mt1
20 83629.300 801.73 286.76  35 0
11 83630.112345678912 0.047379676080 std 2   120.0     18      94.0    -1.0     -1.0     -1.0  0.0 0
11    10.5 0.04737967 std 2 120.0 18 94.0 -1.0 -1.0 -1.0 0.0 0
H8
H9
"""
TWO = (
    ONE.replace("H1 CRD  1", "H1 CRD 2")
    .replace("H2 MLRS       7080 24 19  4", "H2 MLRS 7080 24 19 4 ILRS")
    .replace("H3 LAGEOS2    9207002 5986    22195 0 1", "H3 lageos2 9207002 5986 22195 0 1 1")
)


@pytest.mark.parametrize("text", [ONE, TWO], ids=["version 1", "version 2"])
def test_a_pass_gives_ranges_of_half_the_way_with_their_weather(text):
    found = read_crd(text.encode(), source="pass")
    first, second = found.observations
    assert (first.sensor, first.target, first.time_tag) == ("7080", "22195", TimeTag.TRANSMIT)
    assert first.values[0] == pytest.approx(0.5 * 0.047379676080 * 299792458.0, abs=1e-6)
    assert first.epoch_tai_s == pytest.approx(tai_s_from_utc("2007-03-25T23:13:50.112345"), abs=1e-5)
    assert second.epoch_tai_s == pytest.approx(tai_s_from_utc("2007-03-26T00:00:10.5"), abs=1e-6)
    assert found.wavelength_m == {"7080": pytest.approx(532e-9)}
    assert found.weather["7080"][0].humidity == pytest.approx(0.35)
    assert not found.corrected


def test_an_epoch_at_the_satellite_is_brought_to_the_ground():
    at_satellite = ONE.replace("std 2 ", "std 1 ")
    there, here = (read_crd(text.encode(), source="x").observations[0] for text in (at_satellite, ONE))
    assert here.epoch_tai_s - there.epoch_tai_s == pytest.approx(0.5 * 0.047379676080, abs=1e-6)


def test_a_bad_record_is_listed_by_its_line_and_the_others_kept():
    found = read_crd(ONE.replace("0.04737967 std", "far std").encode(), source="x")
    assert len(found.observations) == 1
    assert [one.line for one in found.rejected] == [8]


@pytest.mark.parametrize("text", ["", "H1 CPF 1", "H1 CRD 1 2007 3 25 1\nH9\n"])
def test_what_holds_no_range_is_refused(text):
    with pytest.raises(FormatError):
        read_crd(text.encode(), source="x")
