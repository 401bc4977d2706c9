"""Notices travel on the same chain as records, as they were written, in their order."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import Accepted, FeedHead, Mode, NoticeKind, ReceivedNotice
from commonsky.federation import Refusal, seal
from commonsky.federation.keys import sign
from commonsky.federation.seal import read_header, signed_bytes
from commonsky.formats.canonical import encode
from partners import AGREEMENT, GIVER, KEYS, NOW_TAI_S, READER, judged, observation

contents = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5), st.integers(), max_size=3
)


def told(*notices, records=()):
    return seal(
        [(AGREEMENT.reference, encode(one)) for one in records],
        notices=[(kind, _canonical(content)) for kind, content in notices],
        previous=FeedHead(),
        iss=GIVER,
        aud=READER,
        mode=Mode.REAL,
        gen=1,
        key=KEYS[GIVER],
        iat_tai_s=NOW_TAI_S,
    )


def _canonical(content):
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(st.lists(st.tuples(st.sampled_from(NoticeKind), contents), min_size=1, max_size=4))
def test_notices_arrive_as_they_were_written_in_their_order(notices):
    outcome = judged(told(*notices))
    assert isinstance(outcome, Accepted)
    assert outcome.told == tuple(
        ReceivedNotice(line=n, kind=kind, content=_canonical(content))
        for n, (kind, content) in enumerate(notices, start=1)
    )
    assert (outcome.received, outcome.unfit) == ((), ())


def test_notices_and_records_stand_side_by_side():
    outcome = judged(told((NoticeKind.LEASES, {}), records=[observation(1), observation(2)]))
    assert [one.line for one in outcome.told] == [1]
    assert [one.line for one in outcome.received] == [2, 3]


def test_a_kind_that_is_not_known_here_is_still_a_notice():
    assert judged(told(("something_new", {"a": 1}))).told[0].kind == "something_new"


@pytest.mark.parametrize(
    "body", ['{"content":{},"notice":"leases","more":1}', '{"content": {},"notice":"leases"}', '{"content":']
)
def test_a_line_that_is_no_canonical_notice_is_set_apart(body):
    assert told((NoticeKind.LEASES, {})).body == '{"content":{},"notice":"leases"}\n'
    outcome = judged(with_body(body + "\n"))
    assert outcome.told == ()
    assert [one.code for one in outcome.unfit] == ["malformed"]


def with_body(body):
    """An envelope that its issuer really signed, of any body of one line."""
    envelope = told((NoticeKind.LEASES, {}))
    header = replace(read_header(envelope.header), body_sha256=hashlib.sha256(body.encode()).hexdigest())
    text = msgspec.json.Encoder(order="sorted").encode(header).decode()
    return replace(envelope, header=text, body=body, signature=sign(KEYS[GIVER], signed_bytes(text)))


def test_a_changed_notice_is_no_notice_of_the_issuer():
    envelope = told((NoticeKind.LEASES, {"until": 1}))
    changed = replace(envelope, body=envelope.body.replace("1", "2"))
    assert judged(changed).refusal is Refusal.BODY_DIGEST
