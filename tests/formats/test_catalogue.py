"""Catalogue files as such: compression, what is none, and bytes from nowhere."""

import gzip

import pytest
from catalogue_writers import (
    LINE1,
    LINE2,
    LINES,
    NAME,
    OMM,
    changed,
    csv_table,
    json_numbers,
    kvn,
    xml,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.errors import FormatError


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


@pytest.mark.parametrize("data", [gzip.compress(LINES, mtime=0)[:12], b"\x1f\x8b", b"\x1f\x8bnonsense"])
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
        gzip.compress(b"", mtime=0),
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


ALL_FORMS = [
    LINES,
    kvn([OMM]),
    xml([OMM]),
    json_numbers([OMM]),
    csv_table([OMM]),
    gzip.compress(LINES, mtime=0),
]


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
