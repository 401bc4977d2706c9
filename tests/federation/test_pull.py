"""Only the audience of a feed may pull it, and each request is served once."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import FeedHead
from commonsky.federation import PullGuard, PullRefused, PullRequest, sign_pull
from commonsky.federation import pull as pull_module
from commonsky.federation.certificates import bridge
from commonsky.federation.keys import sign, signing_key
from commonsky.federation.pull import PullRefusal
from partners import GIVER, KEYS, NOW_TAI_S, PUBLIC, READER, THIRD

REQUEST = PullRequest(
    reader=READER,
    issuer=GIVER,
    gen=1,
    seq=7,
    header_sha256="ab" * 32,
    at_tai_s=NOW_TAI_S,
    nonce="n-1",
)


def guard(**changes):
    fields = {"began_tai_s": NOW_TAI_S - 1_000.0, "window_s": 60.0} | changes
    return PullGuard(GIVER, {READER: PUBLIC[READER]}.get, **fields)


def refusal(credentials, *, at=NOW_TAI_S, by=None):
    outcome = (by or guard()).judge(credentials, now_tai_s=at)
    assert isinstance(outcome, PullRefused)
    assert outcome.reason
    return outcome.refusal


def test_the_audience_is_served_what_follows_its_cursor():
    request = guard().judge(sign_pull(REQUEST, KEYS[READER]), now_tai_s=NOW_TAI_S + 5.0)
    assert request == REQUEST
    assert request.head == FeedHead(gen=1, seq=7, header_sha256="ab" * 32)


def test_a_request_is_served_once():
    by, credentials = guard(), sign_pull(REQUEST, KEYS[READER])
    assert by.judge(credentials, now_tai_s=NOW_TAI_S) == REQUEST
    assert refusal(credentials, by=by) is PullRefusal.REPLAYED
    assert refusal(credentials, by=by, at=NOW_TAI_S + 60.0) is PullRefusal.REPLAYED
    assert refusal(credentials, by=by, at=NOW_TAI_S + 60.1) is PullRefusal.STALE


def test_a_request_from_the_future_is_remembered_for_as_long_as_it_is_acceptable():
    by, credentials = guard(), sign_pull(replace(REQUEST, at_tai_s=NOW_TAI_S + 50.0), KEYS[READER])
    assert isinstance(by.judge(credentials, now_tai_s=NOW_TAI_S), PullRequest)
    for later_s in (59.0, 61.0, 109.0):
        assert refusal(credentials, by=by, at=NOW_TAI_S + later_s) is PullRefusal.REPLAYED
    assert refusal(credentials, by=by, at=NOW_TAI_S + 111.0) is PullRefusal.STALE


def test_forgetting_at_a_restart_opens_no_door():
    restarted = guard(began_tai_s=NOW_TAI_S + 1.0)
    assert refusal(sign_pull(REQUEST, KEYS[READER]), by=restarted, at=NOW_TAI_S + 2.0) is PullRefusal.STALE


@pytest.mark.parametrize("offset_s", [-61.0, 61.0])
def test_a_request_of_another_time_is_refused(offset_s):
    assert (
        refusal(sign_pull(replace(REQUEST, at_tai_s=NOW_TAI_S + offset_s), KEYS[READER])) is PullRefusal.STALE
    )


def test_strangers_and_impostors_are_refused():
    assert refusal(sign_pull(replace(REQUEST, reader=THIRD), KEYS[THIRD])) is PullRefusal.UNKNOWN_MEMBER
    assert refusal(sign_pull(REQUEST, KEYS[THIRD])) is PullRefusal.BAD_SIGNATURE


def test_a_new_key_is_served_when_bridges_lead_to_it_from_the_one_we_know():
    keys = [KEYS[READER], *(signing_key(bytes([n]) * 32) for n in range(1, 4))]
    words = [bridge(READER, old, new.public_key()) for old, new in pairwise(keys)]
    bridges = b"".join(reversed(words))
    assert guard().judge(sign_pull(REQUEST, keys[-1], bridges), now_tai_s=NOW_TAI_S) == REQUEST
    assert refusal(sign_pull(REQUEST, keys[-1])) is PullRefusal.BAD_SIGNATURE
    assert refusal(sign_pull(REQUEST, keys[-1], b"".join(words[1:]))) is PullRefusal.BAD_SIGNATURE
    assert refusal(sign_pull(REQUEST, KEYS[THIRD], bridges)) is PullRefusal.BAD_SIGNATURE
    anothers = bridge(THIRD, keys[0], KEYS[THIRD].public_key())
    assert refusal(sign_pull(REQUEST, KEYS[THIRD], anothers)) is PullRefusal.BAD_SIGNATURE
    assert refusal(sign_pull(REQUEST, keys[-1]) + ".AAAA") is PullRefusal.BAD_SIGNATURE


def test_many_bridges_do_not_outgrow_the_request():
    keys = [KEYS[READER], *(signing_key(bytes([n]) * 32) for n in range(1, 12))]
    bridges = b"".join(bridge(READER, old, new.public_key()) for old, new in reversed(list(pairwise(keys))))
    by = PullGuard(GIVER, {READER: keys[-5].public_key()}.get, began_tai_s=NOW_TAI_S - 1_000.0)
    assert by.judge(sign_pull(REQUEST, keys[-1], bridges), now_tai_s=NOW_TAI_S) == REQUEST


def test_a_request_to_another_issuer_cannot_be_used_here():
    assert refusal(sign_pull(replace(REQUEST, issuer=THIRD), KEYS[READER])) is PullRefusal.WRONG_ISSUER


def test_a_signature_made_for_an_envelope_is_no_request():
    body = pull_module._CANONICAL.encode(REQUEST)
    signature = sign(KEYS[READER], b"commonsky-envelope-v1\n" + body)
    credentials = f"{pull_module.SCHEME} {base64.urlsafe_b64encode(body).decode()}.{signature}"
    assert refusal(credentials) is PullRefusal.BAD_SIGNATURE


def test_a_member_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(pull_module, "MAX_REMEMBERED_PER_MEMBER", 3)
    by = guard()
    for n in range(3):
        assert isinstance(_asked(by, f"n-{n}"), PullRequest)
    assert _asked(by, "n-4").refusal is PullRefusal.TOO_MANY
    assert isinstance(_asked(by, "n-5", NOW_TAI_S + 61.0), PullRequest)


def _asked(by, nonce, at=NOW_TAI_S):
    credentials = sign_pull(replace(REQUEST, nonce=nonce, at_tai_s=at), KEYS[READER])
    return by.judge(credentials, now_tai_s=at)


@given(st.data())
def test_no_character_of_the_credentials_can_be_changed(data):
    credentials = sign_pull(REQUEST, KEYS[READER])
    at = data.draw(st.integers(0, len(credentials) - 1))
    other = data.draw(st.characters(codec="latin-1").filter(lambda c: c != credentials[at]))
    refusal(credentials[:at] + other + credentials[at + 1 :])


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text):
    assert refusal(text) is PullRefusal.UNREADABLE
    assert refusal(f"{pull_module.SCHEME} {text}") is PullRefusal.UNREADABLE


def test_a_stranger_writes_nothing_into_our_log():
    asked = [
        sign_pull(replace(REQUEST, reader=name), KEYS[THIRD]) for name in ("x\n2026 all is well", "y" * 999)
    ]
    told = {guard().judge(one, now_tai_s=NOW_TAI_S).reason for one in [*asked, "Commonsky-Pull eA==.z", "x"]}
    assert told == {
        "no key is pinned for the member that asks",
        "the request has no Commonsky-Pull credentials that can be read",
    }
