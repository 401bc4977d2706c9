"""A message stays the message that it is in every form, the records of publishers among them."""

import json

import pytest
from cdm_samples import a_cdm, an_object

from commonsky.formats.ccsds import check_document, read_document
from commonsky.formats.ccsds.any_form import read_any, write_any
from commonsky.formats.ccsds.cdm import write_cdm
from commonsky.formats.errors import FormatError

OMM = b"""CCSDS_OMM_VERS = 2.0
CREATION_DATE = 2024-01-01T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = SAT
OBJECT_ID = 2020-001A
CENTER_NAME = EARTH
REF_FRAME = TOD
TIME_SYSTEM = UTC
MEAN_ELEMENT_THEORY = DSST
EPOCH = 2024-01-01T00:00:00
SEMI_MAJOR_AXIS = 6800
ECCENTRICITY = 0.0005013
INCLINATION = 3.0539
RA_OF_ASC_NODE = 81.7939
ARG_OF_PERICENTER = 249.2363
MEAN_ANOMALY = 150.1602
"""


def errors_of(document):
    return [one.text for one in check_document(document) if one.severity == "error"]


@pytest.mark.parametrize("form", ["kvn", "xml", "json"])
def test_every_valid_message_of_the_corpus_is_valid_in_every_form(form, reference_data):
    spoilt = []
    for file in sorted(one for one in reference_data("ccsds").rglob("*") if one.is_file()):
        try:
            document = read_any(file.read_bytes(), source=file.name)
        except FormatError:
            continue
        if not document.messages or errors_of(document):
            continue
        again = read_any(write_any(document, form).encode(), source=file.name)
        kinds = [one.kind for one in document.messages]
        if errors_of(again) or [one.kind for one in again.messages] != kinds:
            spoilt.append((file.name, errors_of(again)[:1]))
    assert spoilt == []


@pytest.mark.parametrize("form", ["json", "csv"])
def test_mean_elements_of_another_theory_are_mean_elements_in_a_record_too(form):
    written = write_any(read_document(OMM, source="test"), form)
    (message,) = read_any(written.encode(), source="test").messages
    assert message.kind == "OMM"
    assert message.block("meanElements").value("SEMI_MAJOR_AXIS") == "6800"


def test_a_comment_after_the_version_belongs_to_its_own_message_alone():
    one, other = OMM.replace(b"2.0\n", b"2.0\nCOMMENT the first\n", 1), OMM
    document = read_document(one + other, source="test")
    assert not errors_of(document)
    assert [message.root.block("header").comments() for message in document.messages] == [["the first"], []]


def test_a_value_that_is_empty_keeps_its_unit():
    xml = write_any(read_document(write_cdm(a_cdm()), source="test"), "xml")
    empty = xml.replace("</relativeMetadataData>", '<SCREEN_VOLUME_RADIUS units="m"/></relativeMetadataData>')
    document = read_any(empty.encode(), source="test")
    again = read_any(write_any(document, "kvn").encode(), source="test")
    assert errors_of(again) == errors_of(document) == []
    entry = again.messages[0].block("relativeMetadataData").entry("SCREEN_VOLUME_RADIUS")
    assert (entry.value, entry.unit) == ("", "m")


def test_what_a_publisher_adds_to_a_conjunction_message_becomes_comments():
    known = {"GRAVITY_MODEL": "EGM-96: 36D 36O", "TIME_LASTOB_START": "2024-01-01T00:00:00"}
    message = a_cdm(object_2=an_object("40001", more=known), more={"SCREEN_TYPE": "SHAPE"})
    (record,) = json.loads(write_cdm(message, form="json"))
    record = {"CDM_ID": "17", "CONSTELLATION": "MINE", **record, "SAT2_RCS_SIZE": "LARGE"}
    document = read_any(json.dumps([record]).encode(), source="test")
    assert not errors_of(document)
    text = write_any(document, "kvn")
    for line in (
        "COMMENT CDM_ID:17",
        "COMMENT CONSTELLATION:MINE",
        "COMMENT RCS_SIZE:LARGE",
        "SCREEN_TYPE = SHAPE",
    ):
        assert f"{line}\n" in text


def test_of_no_message_no_text_is_made_that_is_none():
    document = read_any(b"<ndm/>", source="test")
    with pytest.raises(FormatError, match="no message"):
        write_any(document, "kvn")
