"""Notices are posted, sealed once, received with their envelope, and wait until they are obeyed."""

from msgspec.structs import replace

from commonsky.domain import FeedHead, Mode
from commonsky.federation import read_header, seal
from partners import GIVER, KEYS, NOW_TAI_S, READER, judged


def envelope(notices):
    return seal(
        (),
        notices=[(one.kind, one.content) for one in notices],
        previous=FeedHead(),
        iss=GIVER,
        aud=READER,
        mode=Mode.REAL,
        gen=1,
        key=KEYS[GIVER],
        iat_tai_s=NOW_TAI_S,
    )


def test_what_is_posted_waits_in_order_until_it_is_sealed(store):
    for kind in ("leases", "question"):
        store.post(READER, kind, b'{"a":1}', at_tai_s=NOW_TAI_S)
    store.post("FRA", "leases", b"{}", at_tai_s=NOW_TAI_S)
    waiting = store.unsealed(READER, 10)
    assert [one.kind for one in waiting] == ["leases", "question"]
    store.mark_sealed(waiting[:1], read_header(envelope(waiting).header))
    assert [one.kind for one in store.unsealed(READER, 10)] == ["question"]
    assert (store.posted(READER, "leases")[0].gen, store.posted(READER, "leases")[0].seq) == (1, 1)
    assert [one.aud for one in store.unsealed("FRA", 10)] == ["FRA"]


def test_what_comes_with_an_envelope_waits_until_it_is_obeyed_and_comes_once(store):
    store.post(READER, "leases", b'{"a":1}', at_tai_s=NOW_TAI_S)
    sent = envelope(store.unsealed(READER, 10))
    accepted = judged(sent)
    assert store.admit(sent, accepted, received_tai_s=NOW_TAI_S)
    assert not store.admit(sent, accepted, received_tai_s=NOW_TAI_S)
    (held,) = store.unobeyed(10)
    assert (held.iss, held.kind, held.content, held.outcome) == (GIVER, "leases", b'{"a":1}', None)
    store.mark_obeyed(held.n, "renewed")
    assert store.unobeyed(10) == []
    assert store.told(GIVER, "leases") == [replace(held, outcome="renewed")]
