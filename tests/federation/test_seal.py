"""Envelopes continue a chain, and a header has one spelling."""

import hashlib
import json

import pytest

from commonsky.domain import NO_HEADER_SHA256, FeedHead
from commonsky.federation import header_sha256, read_header
from commonsky.federation.seal import MAX_RECORDS_PER_ENVELOPE, head_of
from commonsky.formats.canonical import encode
from partners import AGREEMENT, GIVER, READER, chain, observation, sealed


def test_each_envelope_names_the_one_before_it():
    first, second = chain(2)
    one, two = read_header(first.header), read_header(second.header)
    assert (one.iss, one.aud, one.seq, one.prev) == (GIVER, READER, 1, NO_HEADER_SHA256)
    assert (two.seq, two.prev) == (2, hashlib.sha256(first.header.encode()).hexdigest())


def test_the_body_holds_the_records_bytes_as_they_are():
    records = [observation(1), observation(2)]
    envelope = sealed(records)
    lines = [
        b'{"agreement":"%b","record":%b}\n' % (AGREEMENT.reference.encode(), encode(one)) for one in records
    ]
    assert envelope.body.encode() == b"".join(lines)


def test_a_higher_generation_begins_a_chain_of_its_own():
    head = head_of(chain(3)[-1].header)
    header = read_header(sealed([observation(9)], head, gen=2).header)
    assert (header.gen, header.seq, header.prev) == (2, 1, NO_HEADER_SHA256)


def test_a_lower_generation_cannot_be_sealed():
    with pytest.raises(ValueError, match="generation 1 is below"):
        sealed([observation(1)], FeedHead(gen=2, seq=1), gen=1)
    with pytest.raises(ValueError, match="generation 0 is below"):
        sealed([observation(1)], gen=0)


def test_an_envelope_holds_at_least_one_record_and_not_too_many():
    with pytest.raises(ValueError, match="not 0"):
        sealed([])
    with pytest.raises(ValueError, match=f"1 to {MAX_RECORDS_PER_ENVELOPE}"):
        sealed([b"{}"] * (MAX_RECORDS_PER_ENVELOPE + 1))


def _spelled(change):
    fields = json.loads(chain(1)[0].header)
    return json.dumps(change(fields), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ("{" * 100_000, "cannot be read"),
        ('{"typ":"\ud800"}', "cannot be read"),
        (chain(1)[0].header.replace('"seq":1', '"seq": 1'), "canonical"),
        (chain(1)[0].header.replace('"seq":1', '"seq":2,"seq":1'), "canonical"),
        (_spelled(lambda h: h | {"alg": "none"}), "cannot be read"),
        (_spelled(lambda h: {k: v for k, v in h.items() if k != "aud"}), "cannot be read"),
        (_spelled(lambda h: h | {"typ": "commonsky-envelope-v2"}), "reads commonsky-envelope-v1"),
        (_spelled(lambda h: h | {"seq": 0}), "count from 1"),
        (_spelled(lambda h: h | {"gen": 0}), "count from 1"),
    ],
)
def test_a_header_in_any_other_form_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_header(text)


def test_the_head_is_read_off_the_header():
    header = chain(2)[-1].header
    assert head_of(header) == FeedHead(gen=1, seq=2, header_sha256=header_sha256(header))
