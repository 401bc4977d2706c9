"""One record has one canonical form, and nothing else reads as it."""

import json
import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_strategies import contents, records, texts

from commonsky.domain import Component, IdentityClaim, Label, Mode, Record, Track
from commonsky.formats.canonical import decode, encode, record_id
from commonsky.formats.errors import FormatError

CLAIM = IdentityClaim(track_id="AUR-1", designator="25544", confidence=0.5, basis="orbit")
RECORD = Record(
    id="claim:1",
    originator="AUR",
    mode=Mode.EXERCISE,
    label=Label({"BOR": Component(readers=frozenset({"BOR", "AUR", "CYG"})), "AUR": Component()}),
    content=CLAIM,
    inputs=("b", "a"),
)


@given(records)
def test_every_record_comes_back_as_it_was_and_in_the_same_bytes(record):
    data = encode(record)
    assert decode(data) == record
    assert encode(decode(data)) == data


@given(records, st.data())
def test_changed_bytes_are_refused_or_are_themselves_the_only_spelling_of_what_they_say(record, data):
    original = encode(record)
    at = data.draw(st.integers(0, len(original) - 1))
    changed = original[:at] + data.draw(st.binary(max_size=3)) + original[at + 1 :]
    try:
        read = decode(changed)
    except FormatError:
        return
    assert encode(read) == changed


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_format_error(data):
    with pytest.raises(FormatError):
        decode(data)


def test_json_is_sorted_compact_and_spells_every_field():
    document = encode(RECORD)
    assert document == json.dumps(json.loads(document), sort_keys=True, separators=(",", ":")).encode()
    assert set(json.loads(document)) == set(Record.__struct_fields__)
    assert json.loads(document)["label"]["components"]["BOR"]["readers"] == ["AUR", "BOR", "CYG"]
    assert json.loads(document)["inputs"] == ["b", "a"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"confidence":0.5', b'"confidence":0.5,"confidence":0.5'),
        (b'"confidence":0.5', b'"confidence":0.9,"confidence":0.5'),
        (b'"confidence":0.5', b'"confidence":0.50'),
        (b'"confidence":0.5', b'"confidence":5e-1'),
        (b'"confidence":0.5', b'"confidence":null'),
        (b'"confidence":0.5', b'"confidence":NaN'),
        (b'"confidence":0.5', b'"confidence":1e999'),
        (b'"confidence":0.5', b'"confidence":"0.5"'),
        (b'"confidence":0.5', b'"confidence":0.5,"colour":1'),
        (b'"id":"claim:1"', b'"id":"claim:1","extra":0'),
        (b'"id":"claim:1"', b'"id":"cl\\u0061im:1"'),
        (b'"id":"claim:1"', b'"id": "claim:1"'),
        (b'"id":"claim:1",', b""),
        (b'"mode":"EXERCISE"', b'"mode":"exercise"'),
        (b'["AUR","BOR","CYG"]', b'["BOR","AUR","CYG"]'),
        (b'["AUR","BOR","CYG"]', b'["AUR","BOR","BOR","CYG"]'),
        (b'"type":"identity_claim"', b'"type":"track"'),
    ],
)
def test_another_spelling_is_refused(old, new):
    document = encode(RECORD)
    assert old in document
    with pytest.raises(FormatError):
        decode(document.replace(old, new))


@pytest.mark.parametrize("around", [b" %s", b"%s\n", b"\xef\xbb\xbf%s", b"[%s]", b"%s%s"])
def test_nothing_may_stand_around_a_record(around):
    document = encode(RECORD)
    with pytest.raises(FormatError):
        decode(around.replace(b"%s", document))


def test_deep_nesting_is_an_error_and_no_crash():
    with pytest.raises(FormatError, match="recursion"):
        decode(b'{"a":' * 100_000)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_an_expiry_that_is_not_finite_has_no_canonical_form(number):
    label = Label({"AUR": Component(expires_tai_s=number)})
    with pytest.raises(FormatError, match="not finite"):
        encode(msgspec.structs.replace(RECORD, label=label))


def test_text_that_is_not_unicode_has_no_canonical_form():
    with pytest.raises(FormatError, match="no canonical form"):
        encode(msgspec.structs.replace(RECORD, originator="\ud800"))


def test_whole_numbers_in_float_fields_are_spelled_as_floats():
    whole = msgspec.structs.replace(RECORD, content=msgspec.structs.replace(CLAIM, confidence=1))
    assert b'"confidence":1.0' in encode(whole)


@given(texts, contents)
def test_ids_are_repeatable_and_stand_in_a_url_path(originator, content):
    made = record_id(originator, content)
    assert made == record_id(originator, content)
    assert re.fullmatch(r"[a-z]+(:[A-Za-z0-9_~.-]+)+", made)


@given(contents, contents)
def test_two_contents_have_two_ids(one, other):
    if one != other and not isinstance(one, Track):
        assert record_id("AUR", one) != record_id("AUR", other)


def test_a_track_is_found_by_its_name_and_revision():
    assert record_id("AUR", CLAIM).startswith("claim:AUR-1:25544:")


def test_names_that_look_alike_keep_apart():
    names = ["a/b", "a b", "a-b", "a:b", "a-b~", ".", "..", "", "x" * 60, "x" * 61]
    ids = {record_id("AUR", msgspec.structs.replace(CLAIM, designator=name)).split(":")[2] for name in names}
    assert len(ids) == len(names)
