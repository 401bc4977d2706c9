"""Catalogues: every form gives the same numbers, and whatever is wrong is named and costs nothing else."""

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
    csv_table,
    exponential,
    json_numbers,
    json_texts,
    kvn,
    tle_lines,
    with_checksum,
    xml,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import Satrec
from sgp4.exporter import export_omm

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.errors import FormatError
from commonsky.formats.omm_csv import write_omm_csv

NAME = "HIGH WATCHER 1"
LINE1, LINE2 = tle_lines(
    {
        "id1": "40001",
        "classification": "U",
        "designator": "14033A  ",
        "year": "24",
        "day": "219.50000000",
        "dot": " .00001234",
        "ddot": " 00000-0",
        "bstar": " 12345-4",
        "type": "0",
        "set": " 999",
        "id2": "40001",
        "inclination": " 51.6400",
        "node": "123.4567",
        "eccentricity": "0012345",
        "pericenter": " 10.0000",
        "anomaly": "350.0000",
        "motion": "15.50000000",
        "rev": "12345",
    }
)
OTHER = [line.replace("40001", "40002") for line in (LINE1, LINE2)]
OTHER = [with_checksum(line) for line in OTHER]
OMM = export_omm(Satrec.twoline2rv(LINE1, LINE2), NAME)
PACKAGES = files("gpconf").joinpath("corpus", "derived")


def read(*lines):
    return read_catalogue("\n".join(lines).encode(), source="file.tle")


def changed(line, start, text):
    """Put text at a column (from 1) and make the checksum right again."""
    return with_checksum(line[: start - 1] + text + line[start - 1 + len(text) :])


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


FORMS = {
    "omm-kvn": kvn,
    "omm-xml": xml,
    "omm-json numbers": json_numbers,
    "omm-json texts": json_texts,
    "omm-csv": csv_table,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_numbers_of_the_tle(reference_data, form):
    """sgp4 exports the messages, through radians: equal but for that rounding."""
    data = gzip.decompress(reference_data("catalogue", "20240808.tle.gz").read_bytes())
    lines = [line.rstrip() for line in data.decode().split("\n")][: 3 * 1500]
    tle = read(*lines).element_sets
    messages = [
        export_omm(Satrec.twoline2rv(one, two), name)
        for name, one, two in zip(lines[0::3], lines[1::3], lines[2::3], strict=True)
        if one[9:17].strip()
    ]
    tle = [one for one in tle if one.object_id]
    catalogue = read_catalogue(FORMS[form](messages), source=form)
    assert (catalogue.form, catalogue.rejected) == (form.split(" ")[0], [])
    for ours, theirs in zip(catalogue.element_sets, tle, strict=True):
        left, right = (msgspec.structs.asdict(one) for one in (ours, theirs))
        for key, value in right.items():
            if key in {"epoch_utc", "epoch_tai_s"}:
                assert abs(left["epoch_tai_s"] - right["epoch_tai_s"]) < 5e-6
            elif isinstance(value, float):
                assert left[key] == pytest.approx(value, rel=1e-12, abs=1e-20), key
            else:
                assert left[key] == value, key


def test_csv_that_is_written_reads_back_exactly(reference_data):
    data = reference_data("catalogue", "20240808.tle.gz").read_bytes()
    catalogue = read_catalogue(data, source="a")
    again = read_catalogue(write_omm_csv(catalogue.element_sets).encode(), source="b")
    assert again.element_sets == catalogue.element_sets


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


def omm(**fields):
    return {key: value for key, value in (OMM | fields).items() if value is not ...}


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"ECCENTRICITY": 1.0}, "ECCENTRICITY", "1 is not between"),
        ({"ECCENTRICITY": -0.1}, "ECCENTRICITY", "-0.1 is not between"),
        ({"INCLINATION": "x"}, "INCLINATION", "'x' is not a number"),
        ({"INCLINATION": "nan"}, "INCLINATION", "'nan' is not a number"),
        ({"MEAN_MOTION": ...}, "MEAN_MOTION", "is missing"),
        ({"BSTAR": ""}, "BSTAR", "is missing"),
        ({"EPOCH": "2024-13-01T00:00:00"}, "EPOCH", "is not a date"),
        ({"EPOCH": ...}, "EPOCH", "is missing"),
        ({"NORAD_CAT_ID": "12.5"}, "NORAD_CAT_ID", "is not a whole number"),
        ({"NORAD_CAT_ID": 1_000_000_000}, "NORAD_CAT_ID", "up to nine digits"),
        ({"REF_FRAME": "TOD"}, "REF_FRAME", "is 'TOD', not TEME"),
        ({"TIME_SYSTEM": "TAI"}, "TIME_SYSTEM", "is 'TAI', not UTC"),
        ({"CENTER_NAME": "MARS"}, "CENTER_NAME", "is 'MARS', not EARTH"),
        ({"MEAN_ELEMENT_THEORY": "SGP4-XP"}, "MEAN_ELEMENT_THEORY", "is 'SGP4-XP', not SGP4"),
        ({"MEAN_MOTION": ..., "SEMI_MAJOR_AXIS": 7000}, "SEMI_MAJOR_AXIS", "stands in for MEAN_MOTION"),
        ({"BSTAR": ..., "BTERM": 0.02}, "BTERM", "stands in for BSTAR"),
        ({"EPHEMERIS_TYPE": 4}, "EPHEMERIS_TYPE", "SGP4-XP"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_bad_message_is_rejected_by_its_field_and_the_others_are_kept(form, fields, field, reason):
    good = omm(NORAD_CAT_ID=7)
    if form == "omm-csv":
        columns = dict.fromkeys([*OMM, "SEMI_MAJOR_AXIS", "BTERM"], "")
        messages = [columns | good, columns | omm(**fields)]
        if field in {"SEMI_MAJOR_AXIS", "BTERM"}:
            messages[0] |= {"SEMI_MAJOR_AXIS": 1, "BTERM": 1}
    else:
        messages = [good, omm(**fields)]
    catalogue = read_catalogue(FORMS[form](messages), source="a")
    assert [one.norad_cat_id for one in catalogue.element_sets] == [7]
    (rejected,) = catalogue.rejected
    assert rejected.field in {field, f"record 2, {field}"}
    assert reason in rejected.reason


def test_the_standards_examples_are_read_or_refused_for_a_good_reason(reference_data):
    paths = sorted(reference_data("ccsds", "odm", "omm").iterdir())
    assert paths
    for path in paths:
        catalogue = read_catalogue(path.read_bytes(), source=path.name)
        broken = any(mark in path.name for mark in ("error", "wrong", "spurious"))
        other_theory = [one for one in catalogue.rejected if "not for SGP4" in one.reason]
        assert bool(catalogue.rejected) == (broken or bool(other_theory)), path.name
        assert len(catalogue.element_sets) + len(catalogue.rejected) == 1


def test_nine_digit_catalogue_numbers_are_read():
    assert (
        read_catalogue(kvn([omm(NORAD_CAT_ID="799500123")]), source="a").element_sets[0].norad_cat_id
        == 799_500_123
    )


@pytest.mark.parametrize(
    "data", [xml([OMM], root=None), kvn([OMM]), json_numbers(OMM), b"\xef\xbb\xbf" + kvn([OMM])]
)
def test_single_messages_are_read(data):
    catalogue = read_catalogue(data, source="a")
    assert [one.object_name for one in catalogue.element_sets] == [NAME]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("INCLINATION", "INCLINATIONS", "is no keyword of an OMM"),
        ("ECCENTRICITY = ", "ECCENTRICITY ", "is not KEYWORD = value"),
        ("MEAN_ANOMALY = ", "MEAN_ANOMALY = 1\nMEAN_ANOMALY = ", "is given twice"),
        ("= 51.64", "= 51.64 [rad] #", "not a number"),
    ],
)
def test_a_message_in_key_value_notation_that_breaks_the_standard_is_rejected_by_line(old, new, reason):
    text = kvn([OMM, omm(NORAD_CAT_ID=7)]).decode()
    catalogue = read_catalogue(text.replace(old, new, 1).encode(), source="a")
    assert [one.norad_cat_id for one in catalogue.element_sets] == [7]
    assert catalogue.rejected[0].line is not None
    assert reason in catalogue.rejected[0].reason


def test_units_in_brackets_are_checked():
    text = kvn([OMM]).decode()
    value = f"INCLINATION = {OMM['INCLINATION']}"
    good = read_catalogue(text.replace(value, f"{value} [deg]").encode(), source="a")
    bad = read_catalogue(text.replace(value, f"{value} [rad]").encode(), source="a")
    assert good.element_sets == read_catalogue(text.encode(), source="a").element_sets
    assert bad.rejected[0].reason == "unit 'rad' is not deg"


def test_a_list_that_breaks_off_gives_what_came_before():
    data = json_numbers([OMM, omm(NORAD_CAT_ID=7), omm(NORAD_CAT_ID=8)])
    catalogue = read_catalogue(data[: data.rindex(b"MEAN_MOTION_DDOT")], source="a")
    assert [one.norad_cat_id for one in catalogue.element_sets] == [40001, 7]
    assert "is not JSON after record 2" in catalogue.rejected[0].reason


def test_xml_that_breaks_off_gives_what_came_before():
    data = xml([OMM, omm(NORAD_CAT_ID=7)])
    catalogue = read_catalogue(data[: data.rindex(b"</omm>")], source="a")
    assert [one.norad_cat_id for one in catalogue.element_sets] == [40001]
    assert "not well-formed XML" in catalogue.rejected[0].reason


def test_rows_of_another_length_are_rejected():
    data = csv_table([OMM, omm(NORAD_CAT_ID=7)]).rstrip().rpartition(b",")[0]
    catalogue = read_catalogue(data, source="a")
    assert [one.norad_cat_id for one in catalogue.element_sets] == [40001]
    assert (catalogue.rejected[0].line, catalogue.rejected[0].reason) == (3, "has 20 values, the header 21")


LINES = f"{NAME}\n{LINE1}\n{LINE2}\n{NAME}\n{OTHER[0]}\n{OTHER[1]}\n".encode()


@pytest.mark.parametrize("data", [LINES, kvn([OMM]), xml([OMM]), json_numbers([OMM]), csv_table([OMM])])
def test_compressed_data_read_as_plain_ones_under_any_name(data):
    plain = read_catalogue(data, source="a")
    assert read_catalogue(gzip.compress(data), source="a") == plain


def test_members_of_a_compressed_file_follow_one_another():
    half = LINES.index(NAME.encode(), 5)
    data = gzip.compress(LINES[:half]) + gzip.compress(LINES[half:])
    assert read_catalogue(data, source="a") == read_catalogue(LINES, source="a")


def test_compressed_data_that_break_off_give_what_came_and_say_so():
    sets = [(changed(LINE1, 3, f"{n:05d}"), changed(LINE2, 3, f"{n:05d}")) for n in range(10_000, 12_000)]
    data = gzip.compress("\n".join(line for pair in sets for line in pair).encode())
    catalogue = read_catalogue(data[: len(data) // 2], source="a")
    assert 500 < catalogue.object_count < 1900
    assert "the gzip data break off" in catalogue.rejected[-1].reason


@pytest.mark.parametrize("data", [gzip.compress(LINES)[:12], b"\x1f\x8b", b"\x1f\x8bnonsense"])
def test_compressed_data_with_nothing_in_it_are_refused(data):
    with pytest.raises(FormatError, match="gzip data"):
        read_catalogue(data, source="a")


def test_damaged_compressed_data_give_what_came_and_say_so():
    data = bytearray(gzip.compress(LINES))
    data[-6] ^= 255
    catalogue = read_catalogue(bytes(data), source="a")
    assert "damaged" in catalogue.rejected[-1].reason


def test_data_that_unpack_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("commonsky.formats.compressed.MAX_BYTES", 10_000_000)
    with pytest.raises(FormatError, match="unpacks to more than"):
        read_catalogue(gzip.compress(bytes(30_000_000)), source="a")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\n",
        b"\x00\x01\x02\x03" * 100,
        b"No GP data found",
        b"<html><body>404</body></html>",
        b"<!DOCTYPE html><html></html>",
        b"[]",
        b"{}[",
        b"NORAD_CAT_ID,EPOCH\n",
        b"Kein Katalog, sondern Text\nin zwei Zeilen",
        gzip.compress(b""),
        ("a\n" * 100_000).encode(),
    ],
)
def test_what_is_no_catalogue_is_refused_by_name(data):
    with pytest.raises(FormatError) as refused:
        read_catalogue(data, source="some file")
    assert str(refused.value).startswith("some file: ")


def test_an_entity_in_a_message_is_refused():
    data = xml([OMM]).replace(b"?>", b'?><!DOCTYPE ndm [<!ENTITY x "y">]>', 1)
    with pytest.raises(FormatError, match="document type"):
        read_catalogue(data, source="a")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_a_format_error(data):
    openings = (
        b"",
        b"\x1f\x8b\x08",
        b"<ndm>",
        b"[{",
        b"CCSDS_OMM_VERS = 2.0\n",
        b"NORAD_CAT_ID,EPOCH\n",
        b"1 " + b"x" * 40,
    )
    for opening in openings:
        try:
            read_catalogue(opening + data, source="a")
        except FormatError as error:
            assert error.source == "a"  # noqa: PT017  # most of these inputs are refused, not all


ALL_FORMS = [LINES, kvn([OMM]), xml([OMM]), json_numbers([OMM]), csv_table([OMM]), gzip.compress(LINES)]


@settings(max_examples=400)
@given(st.data())
def test_changed_catalogues_never_crash_and_never_invent_objects(data):
    original = data.draw(st.sampled_from(ALL_FORMS))
    at = data.draw(st.integers(0, len(original)))
    cut = data.draw(st.integers(0, 30))
    mutated = original[:at] + data.draw(st.binary(max_size=6)) + original[at + cut :]
    try:
        catalogue = read_catalogue(mutated, source="a")
    except FormatError:
        return
    assert catalogue.object_count <= 2
    assert catalogue.element_sets or catalogue.rejected


@pytest.mark.parametrize(
    ("damage", "line"),
    [("c1-checksum-digit", 5), ("c2-line-2-short", 6), ("c3-letter-in-epoch", 5), ("c4-line-2-missing", 5)],
)
def test_the_conformance_corpus_finds_bad_sets_named_and_good_ones_kept(damage, line):
    whole = read_catalogue(PACKAGES.joinpath("corrupt-input", "unedited-sets.tle").read_bytes(), source="a")
    catalogue = read_catalogue(PACKAGES.joinpath("corrupt-input", f"{damage}.tle").read_bytes(), source="b")
    assert [one.line for one in catalogue.rejected] == [line]
    assert catalogue.element_sets == [whole.element_sets[0], whole.element_sets[2]]


def test_the_conformance_corpus_finds_all_notations_of_a_message_equal():
    folder = PACKAGES.joinpath("kvn-variants")
    messages = [
        one for one in folder.iterdir() if one.name.endswith((".kvn", ".xml")) and "v05" not in one.name
    ]
    sets = [read_catalogue(one.read_bytes(), source=one.name).element_sets for one in messages]
    bare = [msgspec.structs.replace(one[0], epoch_utc="") for one in sets]
    assert len(bare) == 6
    assert bare.count(bare[0]) == 6


def test_the_conformance_corpus_finds_its_alpha5_numbers():
    data = PACKAGES.joinpath("alpha5-tle", "alpha5-synthetic-letters.tle").read_bytes()
    vectors = msgspec.json.decode(PACKAGES.parent.joinpath("vectors", "alpha5.json").read_bytes())
    table = vectors["letter_table"]
    fields = [line[2:7].decode() for line in data.split(b"\n") if line.startswith(b"1 ")]
    expected = [table[field[0]] * 10_000 + int(field[1:]) for field in fields]
    assert [one.norad_cat_id for one in read_catalogue(data, source="a").element_sets] == expected
