"""Two- and three-line sets: read as sgp4 reads them, odd forms understood, bad ones named by line and field."""

import gzip
import itertools
import math
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import pytest
import sgp4
from catalogue_writers import (
    ALPHA5,
    LINE1,
    LINE2,
    NAME,
    OTHER,
    changed,
    exponential,
    read,
)
from hypothesis import given
from hypothesis import strategies as st
from sgp4.api import Satrec

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.catalogue import read_catalogue

PACKAGES = files("gpconf").joinpath("corpus", "derived")


def test_a_set_is_read_with_all_its_fields():
    one = read(NAME, LINE1, LINE2).element_sets[0]
    assert msgspec.structs.asdict(one) == {
        "object_name": NAME,
        "object_id": "2014-033A",
        "norad_cat_id": 40001,
        "classification": "U",
        "epoch_utc": "2024-08-06T12:00:00.000000",
        "epoch_tai_s": tai_s_from_utc("2024-08-06T12:00:00"),
        "mean_motion_rev_day": 15.5,
        "eccentricity": 0.0012345,
        "inclination_deg": 51.64,
        "ra_of_asc_node_deg": 123.4567,
        "arg_of_pericenter_deg": 10.0,
        "mean_anomaly_deg": 350.0,
        "bstar": 0.12345e-4,
        "mean_motion_dot": 0.00001234,
        "mean_motion_ddot": 0.0,
        "ephemeris_type": 0,
        "element_set_no": 999,
        "rev_at_epoch": 12345,
        "coarsened_to_m": msgspec.UNSET,
    }


def assert_same_as_sgp4(catalogue, pairs):
    """Compare every element with what sgp4's own parser makes of the lines."""
    peers = [Satrec.twoline2rv(*pair) for pair in pairs]
    ours = catalogue.element_sets
    assert len(ours) == len(peers)
    rev_day = 1440.0 / math.tau
    columns = {
        "norad_cat_id": [one.satnum for one in peers],
        "eccentricity": [one.ecco for one in peers],
        "element_set_no": [one.elnum for one in peers],
        "rev_at_epoch": [one.revnum for one in peers],
    }
    for name, theirs in columns.items():
        np.testing.assert_array_equal([getattr(one, name) for one in ours], theirs, err_msg=name)
    derived = {
        "bstar": [one.bstar for one in peers],
        "inclination_deg": [math.degrees(one.inclo) for one in peers],
        "ra_of_asc_node_deg": [math.degrees(one.nodeo) for one in peers],
        "arg_of_pericenter_deg": [math.degrees(one.argpo) for one in peers],
        "mean_anomaly_deg": [math.degrees(one.mo) for one in peers],
        "mean_motion_rev_day": [one.no_kozai * rev_day for one in peers],
        "mean_motion_dot": [one.ndot * rev_day * 1440.0 for one in peers],
        "mean_motion_ddot": [one.nddot * rev_day * 1440.0**2 for one in peers],
    }
    for name, theirs in derived.items():
        np.testing.assert_allclose(
            [getattr(one, name) for one in ours], theirs, rtol=1e-15, atol=1e-30, err_msg=name
        )
    unix_days = np.array([one.epoch_utc for one in ours], "datetime64[us]").astype(np.int64) / 86400e6
    theirs = [(one.jdsatepoch - 2440587.5) + one.jdsatepochF for one in peers]
    np.testing.assert_allclose(unix_days, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["20191212.tle.gz", "20191217.tle.gz", "20240808.tle.gz"])
def test_a_whole_public_catalogue_reads_as_sgp4_reads_it(reference_data, name):
    data = reference_data("catalogue", name).read_bytes()
    catalogue = read_catalogue(data, source=name)
    lines = [line.rstrip() for line in gzip.decompress(data).decode().split("\n")]
    assert catalogue.rejected == []
    assert [one.object_name for one in catalogue.element_sets] == lines[0:-1:3]
    assert_same_as_sgp4(catalogue, zip(lines[1::3], lines[2::3], strict=True))


@pytest.mark.parametrize("name", ["26824.3le", "44625.3le"])
def test_histories_of_one_object_keep_all_its_epochs(reference_data, name):
    data = reference_data("proximity", name).read_bytes()
    catalogue = read_catalogue(data, source=name)
    lines = data.decode().splitlines()
    assert catalogue.object_count == 1
    assert_same_as_sgp4(catalogue, zip(lines[1::3], lines[2::3], strict=True))
    assert [one.object_name for one in catalogue.element_sets] == [line[2:] for line in lines[0::3]]


def test_the_verification_sets_of_sgp4_read_as_sgp4_reads_them():
    """They carry run times behind column 69, which are no part of a set."""
    text = (Path(sgp4.__file__).parent / "SGP4-VER.TLE").read_text()
    lines = [line[:69] if line[:2] in {"1 ", "2 "} else line for line in text.splitlines()]
    catalogue = read(*lines)
    bad = {one.line for one in catalogue.rejected}
    kept = [
        pair
        for number, pair in enumerate(itertools.pairwise(lines), 1)
        if (pair[0][:2], pair[1][:2]) == ("1 ", "2 ") and not {number, number + 1} & bad
    ]
    assert len(kept) >= 29
    assert_same_as_sgp4(catalogue, kept)


@pytest.mark.parametrize(
    ("field", "number"),
    [("    5", 5), ("00005", 5), ("5    ", 5), ("99999", 99999)]
    + [(f"{letter}0{place:03d}", 100_000 + place * 10_000 + place) for place, letter in enumerate(ALPHA5)],
)
def test_catalogue_numbers_are_read_in_every_way_of_writing_them(field, number):
    one = read(changed(LINE1, 3, field), changed(LINE2, 3, f"{field.strip():>5}")).element_sets[0]
    assert one.norad_cat_id == number


@pytest.mark.parametrize(
    ("start", "text", "field", "value"),
    [
        (34, "+.00000274", "mean_motion_dot", 0.00000274),
        (34, "-.00000274", "mean_motion_dot", -0.00000274),
        (34, " 0.0000027", "mean_motion_dot", 0.0000027),
        (34, "          ", "mean_motion_dot", 0.0),
        (54, "-12345+1", "bstar", -1.2345),
        (54, "+12345-0", "bstar", 0.12345),
        (54, " 12345 4", "bstar", 1234.5),
        (54, " 12345  ", "bstar", 0.12345),
        (54, "        ", "bstar", 0.0),
        (54, "   12345", "bstar", 0.12345),
        (45, "-11606-4", "mean_motion_ddot", -0.11606e-4),
        (45, " 00000+0", "mean_motion_ddot", 0.0),
        (63, " ", "ephemeris_type", 0),
        (65, "    ", "element_set_no", 0),
        (65, "0999", "element_set_no", 999),
        (10, "        ", "object_id", ""),
        (10, "98067ABC", "object_id", "1998-067ABC"),
        (10, "ODD ID  ", "object_id", "ODD ID"),
        (8, " ", "classification", ""),
        (8, "C", "classification", "C"),
        (19, "57001.00000000", "epoch_utc", "1957-01-01T00:00:00.000000"),
        (19, "56366.99999999", "epoch_utc", "2056-12-31T23:59:59.999136"),
        (19, "24  1.50000000", "epoch_utc", "2024-01-01T12:00:00.000000"),
        (19, "16366.50000000", "epoch_utc", "2016-12-31T12:00:00.000000"),
    ],
)
def test_odd_but_honest_fields_of_line_1_are_understood(start, text, field, value):
    catalogue = read(changed(LINE1, start, text), LINE2)
    assert catalogue.rejected == []
    assert getattr(catalogue.element_sets[0], field) == value


@pytest.mark.parametrize(
    ("start", "text", "field", "value"),
    [
        (9, "051.6400", "inclination_deg", 51.64),
        (9, " 51.64  ", "inclination_deg", 51.64),
        (9, "180.0000", "inclination_deg", 180.0),
        (27, "   1234", "eccentricity", 0.0001234),
        (53, " 1.00273791", "mean_motion_rev_day", 1.00273791),
        (64, "    0", "rev_at_epoch", 0),
        (64, "     ", "rev_at_epoch", 0),
    ],
)
def test_odd_but_honest_fields_of_line_2_are_understood(start, text, field, value):
    catalogue = read(LINE1, changed(LINE2, start, text))
    assert catalogue.rejected == []
    assert getattr(catalogue.element_sets[0], field) == value


@pytest.mark.parametrize(
    ("line", "start", "text", "field", "reason"),
    [
        (1, 3, "I0001", "NORAD_CAT_ID", "neither a number nor Alpha-5"),
        (1, 3, "40003", "NORAD_CAT_ID", "line 2 is of object 40001, line 1 of object 40003"),
        (1, 19, "24x19", "EPOCH day", "is no decimal"),
        (1, 19, "24367.00000000", "EPOCH", "day 367.0 is not in 2024"),
        (1, 19, "23366.00000000", "EPOCH", "day 366.0 is not in 2023"),
        (1, 19, "24000.50000000", "EPOCH", "day 0.5 is not in 2024"),
        (1, 33, "5", "column 33", "should be blank"),
        (1, 54, " 12x45-4", "BSTAR", "' 12x45-4' is no exponential"),
        (1, 63, "4", "EPHEMERIS_TYPE", "SGP4-XP"),
        (1, 63, "x", "EPHEMERIS_TYPE", "is no integer"),
        (1, 8, "?", "CLASSIFICATION_TYPE", "is no letter"),
        (2, 9, "180.0001", "INCLINATION", "180 is not between 0 and 180 deg"),
        (2, 9, " 5 .6400", "INCLINATION", "is no decimal"),
        (2, 9, "-51.6400", "INCLINATION", "is no decimal"),
        (2, 9, "  nan   ", "INCLINATION", "is no decimal"),
        (2, 18, "400.0000", "RA_OF_ASC_NODE", "400 is not between"),
        (2, 27, ".001234", "ECCENTRICITY", "is no fraction"),
        (2, 27, "       ", "ECCENTRICITY", "is no fraction"),
        (2, 53, " 0.00000000", "MEAN_MOTION", "0 is not between"),
        (2, 53, "25.00000000", "MEAN_MOTION", "25 is not between"),
        (2, 64, "12 45", "REV_AT_EPOCH", "is no integer"),
    ],
)
def test_a_bad_field_costs_its_own_set_only(line, start, text, field, reason):
    bad = [LINE1, LINE2]
    bad[line - 1] = changed(bad[line - 1], start, text)
    catalogue = read(NAME, *OTHER, NAME, *bad)
    assert [one.norad_cat_id for one in catalogue.element_sets] == [40002]
    (rejected,) = catalogue.rejected
    place = 6 if field == "NORAD_CAT_ID" and "line 2" in reason else 4 + line
    assert (rejected.line, rejected.field) == (place, field)
    assert reason in rejected.reason


@pytest.mark.parametrize("line", [1, 2])
def test_a_wrong_checksum_is_named_with_both_digits(line):
    bad = [LINE1, LINE2]
    right = int(bad[line - 1][-1])
    bad[line - 1] = bad[line - 1][:-1] + str((right + 1) % 10)
    (rejected,) = read(*OTHER, *bad).rejected
    assert rejected.line == 2 + line
    assert rejected.reason == f"checksum is '{(right + 1) % 10}', should be {right}"


@pytest.mark.parametrize(
    ("lines", "kept", "rejected"),
    [
        ([NAME, LINE1, NAME, *OTHER], [40002], [(2, "has no line 2 after it")]),
        ([NAME, LINE2, NAME, *OTHER], [40002], [(2, "has no line 1 before it")]),
        ([NAME, LINE1], [], [(2, "has no line 2 after it")]),
        ([LINE1, *OTHER], [40002], [(1, "has no line 2 after it")]),
        ([LINE1, LINE2, *OTHER], [40001, 40002], []),
        ([NAME, LINE1, LINE2, *OTHER], [40001, 40002], []),
        ([NAME, "ANOTHER", LINE1, LINE2], [40001], [(1, "is a name without element lines")]),
        ([LINE1, LINE2, NAME], [40001], [(3, "is a name without element lines")]),
        (["# comment", LINE1, "", LINE2, "", "# end"], [40001], []),
        ([LINE1[:-1], LINE2, *OTHER], [40002], [(1, "has 68 characters, not 69")]),
        ([LINE1, LINE2 + "x", *OTHER], [40002], [(2, "has 70 characters, not 69")]),
        ([LINE1.replace("U", "Ü"), LINE2, *OTHER], [40002], [(1, "has 70 characters, not 69")]),
        ([LINE1[:-2].replace("U", "Ü") + "5", LINE2, *OTHER], [40002], [(1, "not ASCII")]),
    ],
)
def test_lines_that_do_not_belong_together_are_named(lines, kept, rejected):
    catalogue = read(*lines)
    assert [one.norad_cat_id for one in catalogue.element_sets] == kept
    assert [one.line for one in catalogue.rejected] == [line for line, _ in rejected]
    for one, (_, reason) in zip(catalogue.rejected, rejected, strict=True):
        assert reason in one.reason


def test_the_same_object_and_epoch_is_kept_once_and_other_epochs_are_kept():
    later = changed(LINE1, 21, "220.50000000")
    catalogue = read(LINE1, LINE2, later, LINE2, LINE1, changed(LINE2, 9, " 51.6500"))
    assert len(catalogue.element_sets) == 2
    assert catalogue.object_count == 1
    assert catalogue.element_sets[0].inclination_deg == 51.64
    (rejected,) = catalogue.rejected
    assert rejected.line == 5
    assert "is given twice; the first (line 1) is kept" in rejected.reason


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("0 ISS (ZARYA)", "ISS (ZARYA)"),
        ("0", ""),
        ("1 KUNS-PF", "1 KUNS-PF"),
        ("2 SHORT", "2 SHORT"),
        ("ŁÓDŹ", "ŁÓDŹ"),
        ("  PADDED  ", "PADDED"),
        ("OBJECT 0 A", "OBJECT 0 A"),
    ],
)
def test_names_are_taken_as_they_are(line, name):
    assert read(line, LINE1, LINE2).element_sets[0].object_name == name


def test_a_name_in_an_old_encoding_is_still_a_name():
    data = "MÜNCHEN".encode("latin-1") + f"\n{LINE1}\n{LINE2}\n".encode()
    assert read_catalogue(data, source="a").element_sets[0].object_name == "MÜNCHEN"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "  \r\n", "\n\n"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\n"])
def test_line_ends_blanks_and_byte_order_marks_do_not_matter(end, before):
    text = before + end.join([NAME, LINE1, LINE2, NAME, *OTHER])
    catalogue = read_catalogue(text.encode(), source="a")
    assert [one.object_name for one in catalogue.element_sets] == [NAME, NAME]
    assert catalogue.rejected == []


def test_two_lines_without_names_are_their_own_form():
    assert read(LINE1, LINE2).form == "2le"
    assert read(NAME, LINE1, LINE2).form == "3le"


digits = st.text("0123456789", min_size=1, max_size=12)


def exactly(count, alphabet="0123456789"):
    return st.text(alphabet, min_size=count, max_size=count)


@given(
    st.fixed_dictionaries(
        {
            "mantissa": exactly(5),
            "sign": st.sampled_from(" +-"),
            "power": st.sampled_from(["-9", "-4", "-0", "+0", "+3", " 2"]),
            "angle": st.integers(0, 3_599_999),
            "eccentricity": exactly(7),
            "motion": st.integers(10_000_000, 1_999_999_999),
            "day": st.integers(100_000_000, 36_599_999_999),
            "dot": exactly(8),
        }
    )
)
def test_every_field_is_the_float_nearest_to_its_decimal(drawn):
    angle = f"{drawn['angle'] // 10000:3d}.{drawn['angle'] % 10000:04d}"
    motion = f"{drawn['motion'] // 10**8:2d}.{drawn['motion'] % 10**8:08d}"
    day = f"{drawn['day'] // 10**8:03d}.{drawn['day'] % 10**8:08d}"
    rate = drawn["sign"] + drawn["mantissa"] + drawn["power"]
    dot = f"{drawn['sign']}.{drawn['dot']}"
    first = changed(changed(changed(LINE1, 21, day), 34, dot), 54, rate)
    second = changed(changed(changed(LINE2, 44, angle), 27, drawn["eccentricity"]), 53, motion)
    (one,) = read(first, second).element_sets
    assert one.bstar == exponential(rate)
    assert one.mean_anomaly_deg == float(angle)
    assert one.eccentricity == float(f"0.{drawn['eccentricity']}")
    assert one.mean_motion_rev_day == float(motion)
    assert one.mean_motion_dot == float(dot)
    elapsed_us = (drawn["day"] - 10**8) * 864
    assert one.epoch_tai_s == pytest.approx(
        tai_s_from_utc("2024-01-01T00:00:00") + elapsed_us / 1e6, abs=2e-7
    )


def test_unusual_sets_are_read_one_by_one_to_the_same_values():
    """A blank exponent sign sends a set to the slow reader; the other fields must not notice."""
    usual = read(LINE1, LINE2).element_sets[0]
    unusual = read(changed(LINE1, 34, " 0.0000123"), LINE2).element_sets[0]
    assert unusual.mean_motion_dot == 0.0000123
    assert msgspec.structs.replace(unusual, mean_motion_dot=usual.mean_motion_dot) == usual


@pytest.mark.parametrize(
    ("damage", "line"),
    [("c1-checksum-digit", 5), ("c2-line-2-short", 6), ("c3-letter-in-epoch", 5), ("c4-line-2-missing", 5)],
)
def test_the_conformance_corpus_finds_bad_sets_named_and_good_ones_kept(damage, line):
    whole = read_catalogue(PACKAGES.joinpath("corrupt-input", "unedited-sets.tle").read_bytes(), source="a")
    catalogue = read_catalogue(PACKAGES.joinpath("corrupt-input", f"{damage}.tle").read_bytes(), source="b")
    assert [one.line for one in catalogue.rejected] == [line]
    assert catalogue.element_sets == [whole.element_sets[0], whole.element_sets[2]]


def test_the_conformance_corpus_finds_its_alpha5_numbers():
    data = PACKAGES.joinpath("alpha5-tle", "alpha5-synthetic-letters.tle").read_bytes()
    vectors = msgspec.json.decode(PACKAGES.parent.joinpath("vectors", "alpha5.json").read_bytes())
    table = vectors["letter_table"]
    fields = [line[2:7].decode() for line in data.split(b"\n") if line.startswith(b"1 ")]
    expected = [table[field[0]] * 10_000 + int(field[1:]) for field in fields]
    assert [one.norad_cat_id for one in read_catalogue(data, source="a").element_sets] == expected
