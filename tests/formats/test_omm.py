"""OMM in every notation: the numbers of the TLE, and whatever is wrong named by its field."""

import gzip
import json
from importlib.resources import files

import msgspec
import pytest
from catalogue_writers import (
    FORMS,
    NAME,
    OMM,
    csv_table,
    json_numbers,
    kvn,
    omm,
    read,
    xml,
)
from sgp4.api import Satrec
from sgp4.exporter import export_omm

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.omm import read_omm_json
from commonsky.formats.omm_csv import write_omm_csv

PACKAGES = files("gpconf").joinpath("corpus", "derived")


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
    assert (catalogue.rejected[0].field, "is not JSON" in catalogue.rejected[0].reason) == (None, True)


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


def test_the_conformance_corpus_finds_all_notations_of_a_message_equal():
    folder = PACKAGES.joinpath("kvn-variants")
    messages = [
        one for one in folder.iterdir() if one.name.endswith((".kvn", ".xml")) and "v05" not in one.name
    ]
    sets = [read_catalogue(one.read_bytes(), source=one.name).element_sets for one in messages]
    bare = [msgspec.structs.replace(one[0], epoch_utc="") for one in sets]
    assert len(bare) == 6
    assert bare.count(bare[0]) == 6


def _records(count):
    return json.loads(json_numbers([omm(NORAD_CAT_ID=number) for number in range(1, count + 1)]))


@pytest.mark.parametrize(
    ("spoil", "kept", "lines"),
    [
        (lambda text: text.replace('"NORAD_CAT_ID": 2', '"NORAD_CAT_ID" 2'), [1, 3], [2]),
        (lambda text: text.replace('"NORAD_CAT_ID": 2', '"NORAD_CAT_ID": NaN'), [1, 3], [2]),
        (lambda text: text.replace("[", '[\n"no record",'), [1, 2, 3], [2]),
        (lambda text: text[: text.rindex("NORAD")], [1, 2], [3]),
        (lambda text: text.rstrip("] \n"), [1, 2, 3], [3]),
        (lambda text: text + "]", [1, 2, 3], [3]),
        (lambda text: text.replace("[", "").replace("]", "").replace("},\n", "}\n"), [1, 2, 3], []),
    ],
)
def test_what_is_broken_in_json_costs_the_record_that_it_is_in_and_is_named_by_line(spoil, kept, lines):
    text = "[" + ",\n".join(map(json.dumps, _records(3))) + "]"
    found = read_omm_json(spoil(text).encode(), source="test")
    assert [one.norad_cat_id for one in found.sets] == kept
    assert [one.line for one in found.rejected] == lines


def test_of_faults_without_end_the_first_thousand_are_told():
    text = "[" + json.dumps(_records(1)[0]) + ',{"a":[}' * 20_000 + "]"
    found = read_omm_json(text.encode(), source="test")
    assert (len(found.sets), len(found.rejected)) == (1, 1_000)
    assert "the rest was left out" in found.rejected[-1].reason


def test_an_epoch_in_two_fields_is_read_to_its_last_digit():
    [record] = _records(1)
    record |= {"EPOCH": "2024-08-08 11:22:33", "EPOCH_MICROSECONDS": "4560"}
    [one] = read_omm_json(json.dumps([record]).encode(), source="test").sets
    assert one.epoch_utc == "2024-08-08T11:22:33.004560"
    assert one.epoch_tai_s == tai_s_from_utc("2024-08-08T11:22:33.004560")
