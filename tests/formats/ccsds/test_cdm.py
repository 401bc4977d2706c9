import json

import pytest
from cdm_samples import MESSAGES, a_cdm, an_object
from hypothesis import given, settings

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.ccsds.cdm import read_cdm, write_cdm
from commonsky.formats.ccsds.check import check_document
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.errors import FormatError

FORMS = ("kvn", "xml", "json", "csv")


def one_of(data):
    return read_cdm(data, source="event.cdm").messages[0]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(MESSAGES)
def test_a_record_written_in_any_form_reads_back_the_same(form, message):
    assert one_of(write_cdm(message, form=form)) == message


@pytest.mark.parametrize("form", ["kvn", "xml"])
def test_what_is_written_is_valid_by_the_letter(form):
    for message in (a_cdm(), a_cdm(object_2=an_object("7", covariance_rtn=None))):
        document = read_document(write_cdm(message, form=form), source="event.cdm")
        assert [one for one in check_document(document) if one.severity == "error"] == []


def test_an_unknown_covariance_is_written_as_the_standards_default_and_read_as_unknown():
    written = write_cdm(a_cdm(object_2=an_object("7", covariance_rtn=None)))
    assert b"COVARIANCE_METHOD              = DEFAULT" in written
    reading = read_cdm(written, source="event.cdm")
    assert reading.messages[0].object_2.covariance_rtn is None
    assert reading.messages[0].object_1.covariance_rtn is not None
    assert "no covariance is known" in reading.findings[0].reason


def test_a_unit_cut_off_and_a_number_not_known_do_not_spoil_what_is_written_again():
    text = write_cdm(a_cdm()).replace(
        b"\nX      ", b"\nRESIDUALS_ACCEPTED = 93     [\nSEDR = NaN [W/kg]\nX      ", 1
    )
    reading = read_cdm(text, source="event.cdm")
    assert reading.messages[0].object_1.more == {"RESIDUALS_ACCEPTED": "93"}
    assert [(one.field, one.reason) for one in reading.findings] == [("SEDR", "is 'NaN': not known")]
    assert one_of(write_cdm(reading.messages, form="xml")) == reading.messages[0]


def test_several_messages_stand_one_after_the_other_in_every_form():
    messages = [a_cdm(message_id=f"A-{n}") for n in range(3)]
    for form in FORMS:
        assert read_cdm(write_cdm(messages, form=form), source="x").messages == messages


def test_the_covariance_is_a_symmetric_matrix_as_far_as_it_goes():
    one = an_object()
    rows = one.covariance_rows()
    assert rows[1][0] == rows[0][1] == -8.6
    assert rows[5][5] == 5.5e-5
    assert one.covariance_rows(7) is None
    with pytest.raises(ValueError, match="21, 28, 36 or 45"):
        an_object(covariance_rtn=(1.0, 2.0))


@pytest.mark.parametrize(
    ("line", "field", "expected", "finding"),
    [
        ("MISS_DISTANCE = 0.715 [km]", "miss_distance_m", 715.0, "is in [km], not in [m]; converted"),
        ("MISS_DISTANCE = 715 [kg]", "miss_distance_m", 715.0, "is labelled [kg], taken as [m]"),
        ("MISS_DISTANCE = NaN [m]", "miss_distance_m", None, "is 'NaN': not known"),
        ("MISS_DISTANCE = far [m]", "miss_distance_m", None, "is 'far': no number, left out"),
        (
            "RELATIVE_SPEED = 14.762 [km/s]",
            "relative_speed_m_s",
            14762.0,
            "is in [km/s], not in [m/s]; converted",
        ),
        ("COLLISION_PROBABILITY = 1.5", "collision_probability", None, "1.5 is no probability; left out"),
    ],
)
def test_what_is_odd_is_read_as_meant_and_reported(line, field, expected, finding):
    keyword = line.split()[0]
    text = write_cdm(a_cdm()).decode()
    changed = "\n".join(line if one.startswith(f"{keyword} ") else one for one in text.split("\n"))
    reading = read_cdm(changed.encode(), source="event.cdm")
    assert getattr(reading.messages[0], field) == expected
    assert [one.reason for one in reading.findings] == [finding]


@pytest.mark.parametrize(
    ("comment", "radius_m"),
    [
        ("HBR = 15.0", 15.0),
        ("HBR                        = 20.0 [m]", 20.0),
        ("HBR = 0.02 [km]", 20.0),
        ("HBR: 7", 7.0),
        ("HBR = unknown", None),
        ("HBR = -3", None),
    ],
)
def test_the_hard_body_radius_is_found_in_a_comment(comment, radius_m):
    message = one_of(write_cdm(a_cdm(comments=(comment,))))
    assert message.hard_body_radius_m == radius_m
    assert (message.hard_body_radius_source is None) == (radius_m is None)


def test_the_radii_of_both_objects_add_up_where_no_comment_says_more():
    message = a_cdm(
        object_1=an_object(hard_body_radius_m=2.5), object_2=an_object("7", hard_body_radius_m=1.5)
    )
    read = one_of(write_cdm(message))
    assert (read.hard_body_radius_m, read.hard_body_radius_source) == (4.0, "HBR of both objects")


@pytest.mark.parametrize("keyword", ["TCA", "CREATION_DATE", "OBJECT"])
def test_a_message_without_what_makes_it_one_is_refused_by_name(keyword):
    text = write_cdm(a_cdm()).decode()
    without = "\n".join(line for line in text.split("\n") if not line.startswith(f"{keyword} "))
    with pytest.raises(FormatError, match=keyword):
        read_cdm(without.encode(), source="event.cdm")


def test_a_broken_message_does_not_cost_its_neighbours():
    good = write_cdm(a_cdm())
    reading = read_cdm(good + good.replace(b"TCA ", b"TCB ") + good, source="day.cdm")
    assert len(reading.messages) == 2
    assert [(one.field, one.reason) for one in reading.rejected] == [("TCA", "is missing or no time")]


def test_the_samples_of_cara_are_read_with_what_is_odd_in_them(reference_data):
    folder = reference_data("cdm", "cara-samples")
    readings = [read_cdm(path.read_bytes(), source=path.name) for path in sorted(folder.glob("*.cdm"))]
    messages = [one for reading in readings for one in reading.messages]
    assert len(messages) == 34
    assert not any(reading.rejected for reading in readings)
    assert sum(message.hard_body_radius_m is not None for message in messages) == 19
    assert all(
        len(one.covariance_rtn) == 36 for message in messages for one in (message.object_1, message.object_2)
    )
    assert any(
        "labelled [m], taken as [m/s]" in one.reason for reading in readings for one in reading.findings
    )
    for message in messages:
        between = [
            b - a for a, b in zip(message.object_1.position_m, message.object_2.position_m, strict=True)
        ]
        assert sum(x * x for x in between) ** 0.5 == pytest.approx(message.miss_distance_m, rel=0.01, abs=1.0)


PUBLISHED = {
    "CDM_ID": "24537247",
    "CCSDS_CDM_VERS": "1.0",
    "CREATION_DATE": "2019-03-17 07:38:19",
    "CREATION_DATE_FRACTION": "0",
    "ORIGINATOR": "JSPOC",
    "MESSAGE_ID": "1_conj_2",
    "COMMENT_EMERGENCY_REPORTABLE": None,
    "TCA": "2019-03-17 09:28:20",
    "TCA_FRACTION": "23",
    "MISS_DISTANCE": "804",
    "MISS_DISTANCE_UNIT": "m",
    "SAT1_OBJECT": "OBJECT1",
    "SAT1_OBJECT_DESIGNATOR": "42829",
    "SAT1_REF_FRAME": "ITRF",
    "SAT1_COMMENT_APOGEE": "Apogee Altitude = 628   [km]",
    "SAT1_X": "6562.2804",
    "SAT1_X_UNIT": "km",
    "SAT1_Y": "1703.04577",
    "SAT1_Z": "1592.077551",
    "SAT2_OBJECT": "OBJECT2",
    "SAT2_OBJECT_DESIGNATOR": "43782",
}


def test_the_full_class_of_space_track_is_read_with_fractions_units_and_comments():
    message = one_of(json.dumps([PUBLISHED]).encode())
    assert message.tca_tai_s == tai_s_from_utc("2019-03-17T09:28:20.023")
    assert message.miss_distance_m == 804.0
    assert message.object_1.position_m == (6562280.4, 1703045.77, 1592077.551)
    assert message.object_1.comments == ("Apogee Altitude = 628   [km]",)
    assert message.object_2.designator == "43782"
    assert message.more["CDM_ID"] == "24537247"


def test_the_public_class_of_space_track_is_read_without_states():
    row = {
        "CDM_ID": "280352437",
        "CREATED": "2022-04-29 00:45:12.000000",
        "EMERGENCY_REPORTABLE": "Y",
        "TCA": "2022-04-29T22:03:26.595000",
        "MIN_RNG": "4",
        "PC": "0.1663616",
    } | {
        "SAT_1_ID": "22487",
        "SAT_1_NAME": "COSMOS 2233",
        "SAT1_OBJECT_TYPE": "PAYLOAD",
        "SAT1_RCS": "LARGE",
        "SAT_1_EXCL_VOL": "5.00",
        "SAT_2_ID": "5758",
        "SAT_2_NAME": "THORAD AGENA D DEB",
        "SAT2_OBJECT_TYPE": "DEBRIS",
        "SAT2_RCS": None,
        "SAT_2_EXCL_VOL": "5.00",
    }
    csv = ",".join(row) + "\n" + ",".join(value or "" for value in row.values()) + "\n"
    for data in (json.dumps([row]), csv):
        message = one_of(data.encode())
        assert (message.message_id, message.miss_distance_m, message.collision_probability) == (
            "280352437",
            4.0,
            0.1663616,
        )
        assert (message.object_1.name, message.object_2.object_type) == ("COSMOS 2233", "DEBRIS")
        assert message.object_1.position_m is None
        assert message.object_1.more["EXCL_VOL"] == "5.00"
        assert message.more["EMERGENCY_REPORTABLE"] == "Y"


def test_a_row_of_another_length_is_left_out_by_its_line():
    table = write_cdm([a_cdm(), a_cdm(message_id="A-2")], form="csv").decode()
    reading = read_cdm((table + "too,short\n").encode(), source="cdm.csv")
    assert len(reading.messages) == 2
    assert "has 2 cells" in reading.rejected[0].reason


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="kvn, xml, json or csv"):
        write_cdm(a_cdm(), form="pdf")


@pytest.mark.parametrize(
    "data", [b"", b" \n\n", b"\xef\xbb\xbf\n", b"\x1c\n", "\N{NO-BREAK SPACE}\n".encode()]
)
def test_nothing_but_blanks_is_no_message(data):
    with pytest.raises(FormatError, match=r"is empty|conjunction message|no message can be read"):
        read_cdm(data, source="blank")
