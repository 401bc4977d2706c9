"""What the standard asks of orbit messages, and how what is wrong is told: severity, line, keyword, clause."""

import pytest
from hypothesis import given
from message_strategies import messages
from test_ephemeris import OCM, OPM
from test_round_trips import OEM

from commonsky.formats.ccsds import check, check_document, read_document, read_message
from commonsky.formats.ccsds.units import same_kind, scale_to_si, unit

OMM = b"""CCSDS_OMM_VERS = 2.0
CREATION_DATE = 2024-08-08T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = SAT
OBJECT_ID = 2020-001A
CENTER_NAME = EARTH
REF_FRAME = TEME
TIME_SYSTEM = UTC
MEAN_ELEMENT_THEORY = SGP4
EPOCH = 2024-08-08T00:00:00
MEAN_MOTION = 15.5
ECCENTRICITY = 0.001
INCLINATION = 51.6
RA_OF_ASC_NODE = 1
ARG_OF_PERICENTER = 2
MEAN_ANOMALY = 3
"""
BASES = {"OEM": OEM, "OCM": OCM, "OPM": OPM, "OMM": OMM}


def told(data):
    return [
        f"{one.severity} {one.line} {one.keyword}: {one.text}"
        for one in check_document(read_document(data, source="x"))
    ]


@pytest.mark.parametrize("kind", BASES)
def test_a_good_message_has_no_error(kind):
    assert [one for one in told(BASES[kind]) if one.startswith("error")] == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "finding"),
    [
        ("OEM", b"OBJECT_ID = 2020-001A\n", b"", "error 5 OBJECT_ID: is missing in <metadata>"),
        ("OEM", b"CENTER_NAME = EARTH\n", b"CENTER_NAME =\n", "error 9 CENTER_NAME: has no value"),
        ("OEM", b"_VERS = 2.0", b"_VERS = 7.0", "error 1 CCSDS_OEM_VERS: version '7.0' is not one of 1.0, 2.0, 3.0"),
        ("OEM", b"META_STOP\n", b"", "error 18 META_STOP: is missing"),
        ("OEM", b"COVARIANCE_START\n", b"", "error 34 COVARIANCE_STOP: stands without its start"),
        ("OEM", b"= UTC", b"= EST", "error 11 TIME_SYSTEM: 'EST' is no time system"),
        ("OEM", b"START_TIME = 2024-08-08", b"START_TIME = 2024-02-30",
         "error 12 START_TIME: '2024-02-30T00:00:00' is not an epoch"),
        ("OEM", b" 7.5 0", b" 7.5", "error 16 stateVector: has 6 values, not 7: '2024-08-08T00:00:00 7000 0 0 0 7.5'"),
        ("OEM", b" 6990 ", b" NaN ", "error 18 X: 'NaN' is not a number"),
        ("OEM", b"OBJECT_NAME = SAT", b"object_name = SAT", "error 7 object_name: is not in upper case"),
        ("OEM", b"OBJECT_NAME = SAT", b"OBJECT_NAME = SAT\nOBJECT_NAME = TWO", "error 8 OBJECT_NAME: is given twice"),
        ("OEM", b"OBJECT_NAME = SAT", b"OBJECT_NAME = SAT\nOBJECT_NAME = SAT",
         "warning 8 OBJECT_NAME: is given twice with the same value"),
        ("OEM", b"STOP_TIME = 2024-08-08", b"STOP_TIME = 2024-08-07",
         "warning 13 STOP_TIME: 2024-08-07T00:01:00 is before START_TIME, 2024-08-08T00:00:00"),
        ("OPM", b"MASS = 1.5", b"MASS = 1.5 [s]", "error 16 MASS: unit 's' does not measure what kg does"),
        ("OPM", b"MASS = 1.5", b"MASS = 1.5 [g]", "warning 16 MASS: unit 'g' is not the standard's, kg"),
        ("OPM", b"MASS = 1.5", b"MASS = 1.5[kg]",
         "error 16 MASS: needs a blank before its unit, and none within [kg]"),
        ("OPM", b"MASS = 1.5", b"MASS = 1.5 [KG]", "error 16 MASS: unit 'KG' is written kg"),
        ("OPM", b"MASS = 1.5", b"DRAG_COEFF = 2 [m]", "error 16 DRAG_COEFF: has unit 'm' where the standard has none"),
        ("OMM", b"CREATION_DATE = 2024-08-08T", b"CREATION_DATE = 2024-08-08 ",
         "error 2 CREATION_DATE: '2024-08-08 00:00:00' is not an epoch"),
        ("OMM", b"CCSDS_OMM", b"COMMENT early\nCCSDS_OMM",
         "error 1 COMMENT: stands before the version, which begins a message"),
        ("OMM", b"MEAN_ANOMALY = 3\n", b"MEAN_ANOMALY = 3\nOBJECT_NAME = B\n",
         "error 17 OBJECT_NAME: comes too late: <metadata> has ended"),
        ("OPM", b"MASS = 1.5", b"MASS = -1.5", "error 16 MASS: -1.5 is below 0"),
        ("OPM", b"MASS = 1.5", b"SEMI_MAJOR_AXIS = 7000", "error 16 ECCENTRICITY: is missing in <keplerianElements>"),
        ("OMM", b"MEAN_MOTION = 15.5\n", b"",
         "error 10 SEMI_MAJOR_AXIS: exactly one of SEMI_MAJOR_AXIS, MEAN_MOTION is needed, not 0"),
        ("OMM", b"_VERS = 2.0", b"_VERS = 1.0", "error 1 CCSDS_OMM_VERS: version '1.0' is not one of 2.0, 3.0"),
        ("OCM", b"EPOCH_TZERO = 2024-08-08T00:00:37\n", b"", "error 4 EPOCH_TZERO: is missing in <metadata>"),
        ("OCM", b"CARTPV\n0.0", b"CARTP\n0.0", "error 14 trajLine: has 6 numbers, not 3"),
        ("OCM", b"CARTPV\n0.0", b"CARTPV\nTRAJ_UNITS = [m,m,m,m/s,m/s,m/s]\n0.0",
         "error 14 TRAJ_UNITS: unit 'm' is not the km that CARTPV has"),
        ("OCM", b"ORDERING = UTM", b"ORDERING = FULL", "error 21 covLine: has 21 numbers, not 36"),
        ("OCM", b"_VERS = 3.0", b"_VERS = 2.0", "warning 1 CCSDS_OCM_VERS: version '2.0' is not one of 3.0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_and_keyword(kind, before, after, finding):
    assert before in BASES[kind]
    assert finding in told(BASES[kind].replace(before, after, 1))


def test_findings_name_the_clause_and_come_in_the_order_of_lines():
    message = read_message(OEM.replace(b"CENTER_NAME = EARTH\n", b"WRONG = 1\n"), source="x")
    found = check(message)
    assert [one.clause for one in found] == ["502.0-B-3 5.2.3"] * 2
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_two_time_systems_in_one_ephemeris_are_an_error():
    second = OEM.split(b"META_START", 1)[1].replace(b"= UTC", b"= TAI")
    assert "error 42 TIME_SYSTEM: TAI is not the UTC of the first segment (line 11)" in told(
        OEM + b"META_START" + second
    )


@given(message=messages())
def test_what_the_tables_ask_for_has_no_error_but_those_of_rules_between_fields(message):
    ours = {
        "is missing",
        "is no keyword",
        "is not a number",
        "is not an epoch",
        "is no part",
        "twice",
        "is not one of",
    }
    texts = [one.text for one in check(message) if one.severity == "error"]
    assert [text for text in texts if any(words in text for words in ours)] == []


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("km", 1e3),
        ("km**2/s**2", 1e6),
        ("m**2/kg", 1.0),
        ("km**3/s**2", 1e9),
        ("N*m", 1.0),
        ("km²·s⁻¹", 1e6),
        ("d", 86400.0),
    ],
)
def test_units_have_their_size_in_si(text, scale):
    assert scale_to_si(text) == pytest.approx(scale, rel=1e-15)


@pytest.mark.parametrize("text", ["furlong", "km**", "km**99", "(km", "km)", "m s", "[km]", "9" * 100, "/"])
def test_what_is_no_unit_is_none(text):
    assert unit(text) is None
    with pytest.raises(ValueError, match="is not a unit"):
        scale_to_si(text)


def test_units_of_the_same_kind_are_told_from_others():
    assert same_kind("m/s", "km/s")
    assert same_kind("rev/day", "rad/s")
    assert not same_kind("m", "m/s")
    assert not same_kind("furlong", "m")
