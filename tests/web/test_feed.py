"""The feed over HTTP, between a real server and the real client: who is served, who is not, and what breaks."""

import socket
import threading
import time

import httpx
import pytest
from fastapi import FastAPI, Response

from commonsky.domain import FeedHead
from commonsky.federation import PullRequest, read_wire, sign_pull
from commonsky.federation.keys import public_hex, signing_key
from commonsky.federation.seal import head_of
from commonsky.web import feed_api
from commonsky.web.feed_api import MOST_ANSWERS_AT_ONCE, feed_router
from commonsky.web.feed_client import PullError, pull
from partners import GIVER, KEYS, NOW_TAI_S, READER, THIRD, chain, observation, sealed
from served import Served


class Pulled(Served):
    """An application on a port of this machine, and requests to it."""

    _asked = 0

    def pull(self, head=None, **changes):
        self._asked += 1
        fields = {
            "reader": READER,
            "issuer": GIVER,
            "key": KEYS[READER],
            "now_tai_s": NOW_TAI_S,
            "nonce": f"nonce-{self._asked}",
        }
        with httpx.Client(trust_env=False) as client:
            return pull(client, self.url, head or FeedHead(), **(fields | changes))


@pytest.fixture
def feed(node):
    app = FastAPI()
    app.include_router(feed_router(node, wall_clock_tai_s=lambda: NOW_TAI_S))
    served = Pulled(app)
    yield served
    served.close()


def test_the_audience_gets_its_envelopes_after_its_cursor(node, feed):
    envelopes = chain(12)
    for envelope in [*envelopes, sealed([observation(99)], aud=THIRD)]:
        node.store.enqueue(envelope)
    head, got = FeedHead(), []
    while pulled := read_wire(feed.pull(head)).envelopes:
        got += pulled
        head = head_of(pulled[-1].header)
    assert got == envelopes


def test_every_refusal_of_a_stranger_reads_the_same(node, feed):
    node.store.enqueue(chain(1)[0])
    answers = set()
    with httpx.Client(trust_env=False) as client:
        for path, headers in [
            (f"/feed/v1/{GIVER}", {}),
            (f"/feed/v1/{GIVER}", {"Authorization": "Commonsky-Pull abc.def"}),
            (f"/feed/v1/{THIRD}", {}),
        ]:
            answer = client.get(feed.url + path, headers=headers)
            answers.add((answer.status_code, answer.content, answer.headers["content-type"]))
    assert answers == {(403, b"refused\n", "text/plain; charset=utf-8")}
    for change in (
        {"reader": THIRD, "key": KEYS[THIRD]},
        {"key": KEYS[THIRD]},
        {"now_tai_s": NOW_TAI_S - 1e4},
        {"issuer": THIRD},
    ):
        with pytest.raises(PullError, match=r"does not know our key, or our clocks differ.*HTTP 403"):
            feed.pull(**change)
    assert len(node.store.log(10)) >= 4


def test_a_partner_that_took_a_new_key_is_served_under_it_at_once_and_no_longer_under_the_old_one(node, feed):
    new = signing_key(b"the key that came after the old.")
    with pytest.raises(PullError, match="HTTP 403"):
        feed.pull(key=new)
    node.store.note_key(READER, public_hex(KEYS[READER]), public_hex(new), at_tai_s=NOW_TAI_S)
    feed.pull(key=new)
    with pytest.raises(PullError, match="HTTP 403"):
        feed.pull()


def test_a_reader_that_reads_nothing_is_soon_answered_no_more_and_again_when_it_has_gone(node, feed):
    for envelope in chain(3, each=8_000):
        node.store.enqueue(envelope)
    host, port = feed.url.removeprefix("http://").split(":")
    stalled = [socket.create_connection((host, int(port))) for _ in range(MOST_ANSWERS_AT_ONCE)]
    for k, connection in enumerate(stalled):
        request = PullRequest(
            reader=READER,
            issuer=GIVER,
            gen=0,
            seq=0,
            header_sha256="",
            at_tai_s=NOW_TAI_S,
            nonce=f"stalled {k}",
        )
        lines = f"GET /feed/v1/{GIVER} HTTP/1.1\r\nHost: x\r\nAuthorization: {sign_pull(request, KEYS[READER])}\r\n\r\n"
        connection.sendall(lines.encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
    try:
        with pytest.raises(PullError, match="HTTP 503"):
            feed.pull()
    finally:
        for connection in stalled:
            connection.close()
    eventually(lambda: served_again(feed))


def served_again(feed):
    try:
        return bool(feed.pull())
    except PullError:
        return False


def eventually(holds, within_s=30.0):
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it never came about"
        time.sleep(0.05)


def test_a_long_answer_ends_behind_the_envelope_that_fills_it(node, feed, monkeypatch):
    envelopes = chain(30)
    for envelope in envelopes:
        node.store.enqueue(envelope)
    monkeypatch.setattr(feed_api, "MOST_BYTES_PER_ANSWER", 1_000)
    data = httpx_answer(feed, limit=30)
    assert list(read_wire(data).envelopes) == envelopes[:8]
    monkeypatch.undo()
    assert list(read_wire(httpx_answer(feed, limit=30)).envelopes) == envelopes
    assert list(read_wire(httpx_answer(feed, limit=11)).envelopes) == envelopes[:11]


def httpx_answer(feed, *, limit):
    feed._asked += 1
    request = PullRequest(
        reader=READER,
        issuer=GIVER,
        gen=0,
        seq=0,
        header_sha256="",
        at_tai_s=NOW_TAI_S,
        nonce=f"limited {feed._asked}",
    )
    headers = {"Authorization": sign_pull(request, KEYS[READER])}
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{feed.url}/feed/v1/{GIVER}", params={"limit": limit}, headers=headers).content


def test_a_request_is_served_once(node, feed):
    feed.pull(nonce="once")
    with pytest.raises(PullError, match="HTTP 403"):
        feed.pull(nonce="once")
    assert "served before" in node.store.log(1)[0].text


def test_a_cut_link_gives_nothing_until_it_is_restored(node, feed):
    node.store.enqueue(chain(1)[0])
    node.store.cut(READER, at_tai_s=NOW_TAI_S)
    with pytest.raises(PullError, match="has cut the link"):
        feed.pull()
    node.store.restore(READER, at_tai_s=NOW_TAI_S)
    assert len(read_wire(feed.pull()).envelopes) == 1


def test_a_link_cut_while_a_request_waits_gives_nothing(node, feed):
    outcome = []

    def ask():
        try:
            outcome.append(feed.pull(wait_s=20.0))
        except PullError as error:
            outcome.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    with node.store.transaction() as tx:
        tx.cut(READER, at_tai_s=NOW_TAI_S)
        tx.enqueue(chain(1)[0])
    asking.join()
    assert "has cut the link" in outcome[0]


def test_a_cursor_of_another_history_is_told_apart_and_logged(node, feed):
    for envelope in chain(2):
        node.store.enqueue(envelope)
    ahead = FeedHead(gen=1, seq=57, header_sha256="ab" * 32)
    elsewhere = FeedHead(gen=1, seq=1, header_sha256="ab" * 32)
    for head in (ahead, elsewhere):
        with pytest.raises(PullError, match="must raise its generation"):
            feed.pull(head)
    assert "restored from a backup" in node.store.log(1)[0].text
    node.store.enqueue(sealed([observation(5)], node.store.feed_head(READER), gen=2))
    assert len(read_wire(feed.pull(ahead)).envelopes) == 1


def test_nobody_there_is_said_plainly():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with (
        httpx.Client(trust_env=False) as client,
        pytest.raises(PullError, match=r"NOR at .* cannot be reached"),
    ):
        pull(client, url, FeedHead(), reader=READER, issuer=GIVER, key=KEYS[READER], now_tai_s=0.0, nonce="n")


def test_an_answer_that_breaks_off_is_used_as_far_as_it_came():
    wire = b'{"header":"'
    app = FastAPI()

    @app.get("/feed/v1/NOR")
    def broken():
        return Response(wire, headers={"Content-Length": str(len(wire) + 1_000)})

    served = Pulled(app)
    data = served.pull()
    served.close()
    assert data == wire
    assert read_wire(data).faults[0].code == "truncated"


def test_an_answer_that_is_no_feed_is_told():
    served = Pulled(FastAPI())
    with pytest.raises(PullError, match=r"did not answer with its feed \(HTTP 404\)"):
        served.pull()
    served.close()
