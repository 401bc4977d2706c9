"""A partner's feed that is forged, replayed, reordered, cut off or forked, over real HTTP, at a node that serves.

One node pulls from a server that the test controls. Whatever that serves, nothing enters that the partner did not
sign as the next for us, the node says what is wrong, asks again at a bearable pace, and takes the truth in later.
"""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec.structs import replace
from pair import GIVER, KEYS, READER, THIRD, Pair, eventually

from commonsky.cli import main
from commonsky.domain import Component, FeedHead, Label, Mode
from commonsky.federation import encode_wire, seal
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from commonsky.node.start import open_node, wall_clock_tai_s
from commonsky.web import running
from partners import observation

REFERENCE = f"{GIVER}-{READER}@1"


class HostileGiver:
    """Serves what it is told to, and counts how often it is asked."""

    def __init__(self, port):
        giver = self
        self.answer, self.status, self.asked, self.served = b"", 200, 0, Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                giver.asked += 1
                answer = giver.answer
                self.send_response(giver.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                giver.served[answer] += 1

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, answer, *, times=2):
        """Serve an answer until it was given some times over, so that it was judged at least once."""
        self.answer = answer if isinstance(answer, bytes) else encode_wire(answer)
        wanted = self.served[self.answer] + times
        eventually(lambda: self.served[self.answer] >= wanted)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def envelope(number, previous=None, **changes):
    """The ``number``-th envelope of two observations, sealed as the giver would."""
    bodies = [body_of(2 * number + k) for k in range(2)]
    return sealed_under(bodies, previous and head_of(previous.header), **changes)


def body_of(number):
    return encode(observation(number, label=Label({GIVER: Component()})))


def sealed_under(bodies, previous, **changes):
    fields = {
        "previous": previous or FeedHead(),
        "iss": GIVER,
        "aud": READER,
        "mode": Mode.REAL,
        "gen": 1,
        "key": KEYS[GIVER],
        "iat_tai_s": wall_clock_tai_s() - 100.0,
    }
    return seal([(REFERENCE, body) for body in bodies], **(fields | changes))


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A node at work that asks a hostile giver, more often than usual; gives the folders and the giver."""
    pair = Pair(tmp_path_factory.mktemp("hostile"))
    giver = HostileGiver(int(pair.urls[GIVER].rsplit(":", 1)[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "RETRY_S", 0.05)
        node = running.Running(
            open_node(pair.home(READER).path), monotonic_s=time.monotonic, rate=lambda: 1.0
        )
        node.start()
        yield pair, giver
        node.stop()
    giver.close()


def state(pair):
    with pair.store(READER) as store:
        codes = {one.code for one in store.quarantined()}
        return store.cursor(GIVER), len(store.observations()), codes, [line.text for line in store.log(1000)]


FIRST = envelope(0)
SECOND = envelope(1, FIRST)
THIRD_ONE = envelope(2, SECOND)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ([envelope(0, key=KEYS[THIRD])], "bad_signature", "not that of NOR's pinned key"),
        ([replace(FIRST, body=SECOND.body)], "body_digest", "damaged or cut short"),
        ([envelope(0, aud=THIRD)], "wrong_audience", "is for FRA"),
        ([envelope(0, mode=Mode.EXERCISE)], "wrong_mode", "works in REAL"),
        ([envelope(0, iss=THIRD, key=KEYS[THIRD])], "wrong_issuer", "from FRA"),
        (encode_wire([FIRST])[:-30], "truncated", "in the middle of an envelope"),
        (b"<html>login here</html>\n", "unreadable", "is no envelope"),
        (b"\x00\xff" * 5_000, "truncated", "in the middle"),
        ([SECOND, THIRD_ONE], None, "beyond the next one"),
        ([envelope(0, iat_tai_s=wall_clock_tai_s() + 9_000.0)], None, "in our future"),
    ],
    ids=[
        "forged",
        "altered",
        "for another",
        "exercise",
        "from another",
        "cut",
        "html",
        "binary",
        "gap",
        "future",
    ],
)
def test_what_is_not_the_partners_next_word_to_us_never_enters_and_is_told(reader, answer, code, words):
    pair, giver = reader
    giver.serve(answer)
    cursor, held, codes, log = state(pair)
    assert (cursor.seq, held) == (0, 0)
    assert code is None or code in codes
    assert any(words in line for line in log)


def test_a_hostile_giver_is_asked_at_a_bearable_pace(reader, monkeypatch):
    _, giver = reader
    monkeypatch.setattr(running, "RETRY_S", 0.5)
    giver.serve(b"junk\n")
    before, began_s = giver.asked, time.monotonic()
    time.sleep(2.0)
    assert giver.asked - before <= 2.0 * (time.monotonic() - began_s) + 2


@pytest.mark.parametrize(
    ("status", "words"), [(403, "does not know our key"), (500, "did not answer"), (302, "")]
)
def test_an_answer_that_is_no_feed_is_told_and_asked_again(reader, status, words):
    pair, giver = reader
    giver.status = status
    giver.serve(f"status {status}".encode())
    giver.status = 200
    *_, log = state(pair)
    assert any(f"HTTP {status}" in line and words in line for line in log)


def test_the_truth_enters_later_in_order_whatever_the_order_on_the_wire(reader):
    pair, giver = reader
    giver.serve([SECOND, FIRST])
    eventually(lambda: state(pair)[0].seq == 2)
    giver.serve([FIRST, SECOND, FIRST, SECOND])
    cursor, held, *_ = state(pair)
    assert (cursor.seq, held) == (2, 4)
    with pair.store(READER) as store:
        assert store.received(GIVER, 0, 10, gen=0) == [FIRST, SECOND]


def test_a_second_history_stops_the_feed_until_a_person_resumes_it(reader, capsys):
    pair, giver = reader
    home = str(pair.home(READER).path)
    giver.serve([sealed_under([body_of(99)], head_of(FIRST.header))])
    giver.serve([THIRD_ONE])
    cursor, held, codes, _ = state(pair)
    assert cursor.stopped
    assert (cursor.seq, held) == (2, 4)
    assert "fork" in codes
    assert main(["node", "resume", home, "ZZZ"]) == 2
    assert "ZZZ is no partner of GBR; it knows NOR" in " ".join(capsys.readouterr().err.split())
    assert main(["node", "resume", home, GIVER]) == 0
    assert "goes on after envelope 1.2" in capsys.readouterr().out
    eventually(lambda: state(pair)[0].seq == 3)
    assert state(pair)[1] == 6
    assert main(["node", "resume", home, GIVER]) == 0
    assert "is not stopped" in capsys.readouterr().out
