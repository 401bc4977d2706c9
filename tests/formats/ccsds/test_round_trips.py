"""What is read and written again means the same, in every notation; what is hostile is refused, never crashed on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_strategies import messages

from commonsky.formats.ccsds import (
    check,
    check_document,
    read_document,
    read_message,
    write_json,
    write_kvn,
    write_xml,
)
from commonsky.formats.ccsds.any_form import read_any, write_any
from commonsky.formats.ccsds.ephemeris import read_ephemerides
from commonsky.formats.ccsds.orbit_state import read_orbit_state
from commonsky.formats.ccsds.schema import KINDS, schema, versions
from commonsky.formats.ccsds.tree import COMMENT, meaning
from commonsky.formats.errors import FormatError

WRITERS = {"kvn": write_kvn, "xml": write_xml, "json": write_json}
OEM = b"""CCSDS_OEM_VERS = 2.0
COMMENT made by hand
CREATION_DATE = 2024-08-08T00:00:00
ORIGINATOR = TEST
META_START
COMMENT of the segment
OBJECT_NAME = SAT
OBJECT_ID = 2020-001A
CENTER_NAME = EARTH
REF_FRAME = EME2000
TIME_SYSTEM = UTC
START_TIME = 2024-08-08T00:00:00
STOP_TIME = 2024-08-08T00:01:00
META_STOP
COMMENT before the states
2024-08-08T00:00:00 7000 0 0 0 7.5 0
COMMENT between the states
2024-08-08T00:01:00 6990 450 0 -0.5 7.49 0
COVARIANCE_START
EPOCH = 2024-08-08T00:00:00
COV_REF_FRAME = RTN
1
0 2
0 0 3
0 0 0 4
0 0 0 0 5
0 0 0 0 0 6
EPOCH = 2024-08-08T00:01:00
1
0 2
0 0 3
0 0 0 4
0 0 0 0 5
0 0 0 0 0 6
COVARIANCE_STOP
"""


@pytest.mark.parametrize("notation", WRITERS)
@settings(max_examples=40)
@given(message=messages())
def test_a_message_that_is_written_and_read_means_the_same(notation, message):
    written = WRITERS[notation](message)
    again = read_message(written.encode(), source="written")
    assert (again.kind, again.version, again.form) == (message.kind, message.version, notation)
    assert meaning(again.root) == meaning(message.root)
    assert WRITERS[notation](again) == written
    assert [one for one in again.faults if one.field != "id"] == []


@pytest.mark.parametrize("notation", WRITERS)
def test_comments_rows_and_covariances_keep_their_places(notation):
    message = read_message(OEM, source="oem")
    assert check(message) == []
    assert [len(list(one.entries())) for one in message.root.walk("covarianceMatrix")] == [23, 22]
    again = read_message(WRITERS[notation](message).encode(), source="again")
    if notation != "json":  # whose comments gather
        assert meaning(again.root) == meaning(message.root)
    assert check(again) == []


def test_unknown_keywords_and_elements_survive_and_are_reported():
    given_text = OEM.replace(b"REF_FRAME = EME2000", b"REF_FRAME = EME2000\nHOUSE_KEYWORD = 5 [km]")
    message = read_message(given_text, source="oem")
    assert [(one.severity, one.line, one.keyword) for one in check(message)] == [
        ("error", 11, "HOUSE_KEYWORD")
    ]
    for write in WRITERS.values():
        again = read_message(write(message).encode(), source="again")
        entry = again.block("metadata").entry("HOUSE_KEYWORD")
        assert (entry.value, entry.unit) == ("5", "km")


def test_a_block_that_only_xml_can_hold_is_refused_in_kvn_by_name():
    text = write_xml(read_message(OEM, source="oem")).replace("<data>", "<data><strange><A>1</A></strange>")
    message = read_message(text.encode(), source="strange.xml")
    assert "strange" in [one.keyword for one in check(message)]
    assert "<strange>" in write_xml(message)
    with pytest.raises(FormatError, match="strange: has no place in KVN"):
        write_kvn(message)


def test_units_that_xml_repeats_beside_states_are_the_same_message():
    plain = write_xml(read_message(OEM, source="oem"))
    with_units = plain.replace("<X>", '<X units="km">').replace("<Z_DOT>", '<Z_DOT units="km/s">')
    assert meaning(read_message(with_units.encode(), source="x").root) == meaning(
        read_message(plain.encode(), source="x").root
    )


def test_a_state_with_a_comment_or_another_unit_inside_is_read_and_no_unit_is_lost():
    plain = write_xml(read_message(OEM, source="oem"))
    commented = plain.replace("<X>7000", "<COMMENT>odd</COMMENT><X>7000")
    message = read_message(commented.encode(), source="x.xml")
    assert check(message) == []
    assert "COMMENT odd\n2024-08-08T00:00:00 7000 0" in write_kvn(message)
    metres = plain.replace("<X>7000<", '<X units="m">7000000<')
    message = read_message(metres.encode(), source="x.xml")
    assert [one.severity for one in check(message)] == ["warning"]
    with pytest.raises(FormatError, match=r"X: is in 'm', but a line of KVN has the standard's units \(km\)"):
        write_kvn(message)
    for text in (commented, metres):
        assert read_ephemerides(text.encode(), source="x").ephemerides[0].positions_m[0, 0] == 7.0e6


def test_a_covariance_in_another_unit_is_not_written_without_it():
    text = write_xml(read_message(OEM, source="oem")).replace("<CX_X>", '<CX_X units="m**2">', 1)
    with pytest.raises(FormatError, match=r"CX_X: is in 'm\*\*2'"):
        write_kvn(read_message(text.encode(), source="x.xml"))


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("<Y>450</Y>", "", "Y: is missing in <stateVector>"),
        ("<Y>450</Y>", "<Y>450</Y><Y>450</Y>", "Y: has no place here in <stateVector>"),
        ("<Y>450</Y>", "<Y></Y>", "Y: has no value"),
        ("<Y>450</Y>", '<Y units="s">450</Y>', "Y: unit 's' does not measure what km does"),
    ],
)
def test_what_is_wrong_in_a_state_of_elements_is_told_by_keyword(before, after, finding):
    text = write_xml(read_message(OEM, source="oem"))
    assert before in text
    said = [
        f"{one.keyword}: {one.text}"
        for one in check(read_message(text.replace(before, after).encode(), source="x"))
    ]
    assert finding in said


def test_several_messages_follow_one_another_in_kvn_and_are_combined_in_xml():
    document = read_document(OEM + OEM, source="two")
    assert len(document.messages) == 2
    combined = write_xml(document)
    assert combined.count("<oem ") == 2
    assert combined.count("<ndm") == 1
    assert len(read_document(combined.encode(), source="two.xml").messages) == 2
    assert len(json.loads(write_json(document))["ndm"]) == 2
    with pytest.raises(FormatError, match="holds 2 messages where one is expected"):
        read_message(OEM + OEM, source="two")


def test_comments_around_combined_messages_go_into_the_first_where_there_is_no_other_place():
    combined = write_xml(read_document(OEM + OEM, source="two")).replace(
        "<oem ", "<COMMENT>both</COMMENT><oem ", 1
    )
    document = read_any(combined.encode(), source="two.xml")
    text = write_any(document, "kvn")
    assert text.count("COMMENT both") == 1
    assert len(read_any(text.encode(), source="two").messages) == 2
    assert "both" in write_any(document, "json")
    other = combined.replace("COMMENT>both</COMMENT", "MESSAGE_ID>7</MESSAGE_ID")
    with pytest.raises(FormatError, match="MESSAGE_ID: stands outside the messages"):
        write_any(read_any(other.encode(), source="two.xml"), "kvn")


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_can_be_read_for_every_version(kind):
    for version in versions(kind):
        root = schema(kind, version).root
        assert root.name == kind.lower()
        assert list(root.sections)[:2] == ["header", "body"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x00\x01", "binary"),
        (b"hello", "does not begin with CCSDS"),
        (b"CCSDS_XYZ_VERS = 1.0", "kind XYZ"),
        (b"<oem>", "not well-formed"),
        (b"<html/>", "no CCSDS message"),
        (b'<!DOCTYPE oem [<!ENTITY a "b">]><oem>&a;</oem>', "DOCTYPE"),
        (b"<ndm>" + b"<a>" * 100, "deeper than"),
        (b'{"oem": 5}', "no CCSDS message"),
        (b'{"oem": {"version": "2.0", "header": [null]}}', "neither text nor object"),
    ],
)
def test_what_is_no_message_is_refused_in_words(data, words):
    with pytest.raises(FormatError, match=words):
        read_document(data, source="input")


def judged(data):
    """Take bytes through all that reads messages; only FormatError may come out."""
    for read in (read_document, read_any, read_ephemerides, read_orbit_state):
        try:
            found = read(data, source="fuzz")
        except FormatError:
            continue
        if read is read_document:
            check_document(found)
            for message in found.messages:
                for write in WRITERS.values():
                    try:
                        again = read_message(write(message).encode(), source="again")
                    except FormatError:
                        continue
                    check(again)


@settings(max_examples=60)
@given(
    data=st.binary(max_size=200),
    start=st.sampled_from([b"", b"CCSDS_OEM_VERS = 2.0\n", b"<oem>", b"{", b"["]),
)
def test_bytes_never_crash_the_reader(data, start):
    judged(start + data)


@settings(max_examples=120)
@given(message=messages(), notation=st.sampled_from(sorted(WRITERS)), draw=st.data())
def test_a_damaged_message_never_crashes_the_reader(message, notation, draw):
    lines = WRITERS[notation](message).encode().split(b"\n")
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(lines) - 1))
        other = draw.draw(st.integers(0, len(lines) - 1))
        damage = draw.draw(st.sampled_from(["drop", "double", "cut", "swap", "noise"]))
        if damage == "drop":
            lines[at] = b""
        elif damage == "double":
            lines.insert(at, lines[other])
        elif damage == "cut":
            lines[at] = lines[at][: draw.draw(st.integers(0, 20))]
        elif damage == "swap":
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] += draw.draw(st.binary(max_size=5))
    judged(b"\n".join(lines))


def without_places(said):
    """Give a meaning without comments and order: of what stands twice in a block, JSON keeps the words together."""
    name, *parts = said
    inner = [one for one in parts if one[:1] != (COMMENT,)]
    blocks = [isinstance(one, tuple) and one[0][:1].islower() for one in inner]
    return (
        name,
        *sorted(map(repr, (without_places(o) if b else o for o, b in zip(inner, blocks, strict=True)))),
    )


@pytest.mark.parametrize("kind", ["opm", "omm", "oem", "ocm"])
def test_every_valid_orbit_message_of_the_corpus_means_the_same_in_every_notation(kind, reference_data):
    changed, seen = [], 0
    for file in sorted(reference_data("ccsds", "odm", kind).iterdir()):
        try:
            message = read_message(file.read_bytes(), source=file.name)
        except FormatError:
            continue
        if any(one.severity == "error" for one in check(message)):
            continue
        seen += 1
        for notation, write in WRITERS.items():
            again = meaning(read_message(write(message).encode(), source=file.name).root)
            before = meaning(message.root)
            if notation == "json":
                again, before = without_places(again), without_places(before)
            changed += [f"{file.name} in {notation}"] * (again != before)
    assert changed == []
    assert seen >= 5
