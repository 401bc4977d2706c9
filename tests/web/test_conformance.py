"""The conformance suite: our own links keep the contract, and of links that break it each breach is found by name."""

import itertools
import json
import time

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from msgspec.structs import replace

from commonsky.cli import main
from commonsky.domain import FeedHead, Mode
from commonsky.federation import PullRequest, encode_wire, header_sha256
from commonsky.federation.conformance import CHECKS, Parties, Verdict, conformance
from commonsky.federation.keys import verifies
from commonsky.federation.pull import _read
from commonsky.node.start import wall_clock_tai_s
from commonsky.web.feed_api import feed_router
from commonsky.web.http_probe import HttpProbe
from file_probe import FileProbe
from partners import GIVER, KEYS, NOW_TAI_S, PUBLIC, READER, THIRD, chain
from served import Served
from two_nodes import found_two

PARTIES = Parties(
    issuer=GIVER,
    issuer_key=PUBLIC[GIVER],
    reader=READER,
    key=KEYS[READER],
    stranger_key=KEYS[THIRD],
    mode=Mode.REAL,
)
NDJSON = "application/x-ndjson"


def findings(link, **options):
    numbers = itertools.count()
    found = conformance(
        link,
        PARTIES,
        now_tai_s=lambda: NOW_TAI_S,
        nonce=lambda: f"n{next(numbers)}",
        wait_s=0.2,
        **options,
    )
    return {one.check: one for one in found}


class Switch:
    """One server for all tests, each with an application of its own."""

    def __init__(self):
        self.app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def asked():
    switch = Switch()
    served = Served(switch)
    with httpx.Client(trust_env=False) as client:

        def findings_of(app, **options):
            switch.app = app
            return findings(HttpProbe(client, served.url, GIVER), **options)

        yield findings_of
    served.close()


def failing(found):
    return {name for name, one in found.items() if one.verdict is Verdict.FAILS}


def own_feed(node):
    app = FastAPI()
    app.include_router(feed_router(node, wall_clock_tai_s=lambda: NOW_TAI_S))
    return app


def test_our_feed_over_http_keeps_every_clause(node, asked):
    for envelope in [*chain(2), *chain(11, gen=2)]:
        node.store.enqueue(envelope)
    found = asked(own_feed(node))
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}, found
    assert len(found) == len(CHECKS) + 4


def test_our_feed_in_files_keeps_every_clause_that_files_have(tmp_path):
    giver, reader = found_two(tmp_path)
    for envelope in [*chain(2), *chain(11, gen=2)]:
        giver.store.enqueue(envelope)
    found = findings(FileProbe(giver))
    assert failing(found) == set()
    untried = {name for name, one in found.items() if one.verdict is Verdict.UNTRIED}
    assert untried == {"limit", "huge limit", "waiting", "stale request", "replay"}
    for node in (giver, reader):
        node.store.close()


def test_an_empty_feed_leaves_untried_what_needs_an_envelope_and_fails_nothing(node, asked):
    found = asked(own_feed(node))
    assert failing(found) == set()
    assert "release a record to it first" in found["signature"].reason
    assert found["waiting"].verdict is Verdict.HOLDS


class Giver:
    """A feed that keeps the contract as far as the clauses go, and can be told to break one."""

    def __init__(self, breach="", feed=()):
        self.breach = breach
        self.feed = list(feed) or chain(6)
        self.used = set()
        self.app = FastAPI()
        self.app.api_route("/feed/v1/{issuer}", methods=["GET", "POST"])(self.answer)

    def answer(self, issuer: str, request: Request):  # noqa: C901  # one line for each way to break it
        if request.method == "POST":
            return self.said(405 if self.breach != "writes" else 200, "no")
        read = _read(request.headers.get("authorization", ""))
        if not isinstance(read, tuple):
            return self.said(500 if self.breach == "crashes" else 403, "refused")
        asked, body, signature, _bridges = read
        fault = self.fault(asked, body, signature)
        if fault:
            return self.said(403, fault if self.breach == "talks" else "refused")
        limit = request.query_params.get("limit", "8")
        if limit.lstrip("-").isdecimal() and int(limit) < 1:
            return self.said(422, "limit")
        place = next((n for n, one in enumerate(self.feed, 1) if asked.seq == n), 0)
        if asked.seq and self.breach != "any cursor":
            held = header_sha256(self.feed[place - 1].header) if place else ""
            if asked.gen != 1 or asked.header_sha256 != held:
                return self.said(409, "elsewhere")
        if self.breach == "ignores the cursor":
            place = 0
        if self.breach == "one too far":
            place += bool(place)
        count = 8 if self.breach == "ignores the limit" else int(limit)
        if self.breach != "waits" and not self.feed[place:]:
            time.sleep(float(request.query_params.get("wait_s", "0")))
        data = encode_wire(self.feed[place : place + count])
        if self.breach == "changes" and len(self.used) % 2:
            data = data.replace(b'"header"', b' "header"')
        return Response(data, media_type="text/html" if self.breach == "html" else NDJSON)

    def fault(self, asked: PullRequest, body: bytes, signature: str) -> str:
        key = PUBLIC.get(asked.reader)
        if asked.reader != READER or key is None:
            return "" if self.breach == "serves anybody" else "who is that"
        if not verifies(key, signature, b"commonsky-pull-v1\n" + body) and self.breach != "no signature":
            return "not signed"
        if asked.issuer != GIVER:
            return "for another"
        if abs(asked.at_tai_s - NOW_TAI_S) > 900.0 and self.breach != "any time":
            return "stale"
        if asked.nonce in self.used and self.breach != "replays":
            return "replayed"
        self.used.add(asked.nonce)
        return ""

    @staticmethod
    def said(status, words):
        return Response(f"{words}\n", status_code=status, media_type="text/plain")


def altered(envelope):
    return replace(envelope, body=envelope.body.replace("NOR-radar-1", "NOR-radar-9", 1))


FEED = chain(6)
BREACHES = [
    ("", (), set()),
    ("serves anybody", (), {"wrong key", "no oracle"}),
    ("no signature", (), {"wrong key", "no oracle"}),
    ("any time", (), {"stale request"}),
    ("replays", (), {"replay"}),
    ("talks", (), {"no oracle"}),
    ("any cursor", (), {"unknown cursor", "cursor beyond the end", "cursor of a later generation"}),
    ("one too far", (), {"cursor"}),
    ("ignores the limit", (), {"limit"}),
    ("html", (), {"content types"}),
    ("changes", (), {"idempotence", "cursor"}),
    ("waits", (), {"waiting"}),
    ("writes", (), {"no other methods"}),
    ("crashes", (), {"malformed requests", "nothing for the nameless"}),
    ("", [*FEED[:3], altered(FEED[3]), *FEED[4:]], {"bodies"}),
    ("", chain(6, key=KEYS[THIRD]), {"signature"}),
    ("", chain(6, aud=THIRD), {"audience"}),
    ("", chain(6, mode=Mode.EXERCISE), {"audience"}),
    ("", [FEED[0], *chain(4, start=2, previous=FeedHead(gen=1, seq=1, header_sha256="ab" * 32))], {"chain"}),
]


@pytest.mark.parametrize(("breach", "feed", "clauses"), BREACHES)
def test_each_breach_is_found_by_the_clause_that_it_breaks(asked, breach, feed, clauses):
    found = asked(Giver(breach, feed).app)
    assert failing(found) >= clauses, found
    assert failing(found) <= clauses | {"impossible cursor"}, found


def test_a_feed_that_never_ends_because_it_ignores_the_cursor_is_told_soon(asked):
    found = asked(Giver("ignores the cursor").app)
    assert {"cursor", "chain"} & failing(found), found


def test_nonsense_in_place_of_a_feed_fails_and_raises_nothing(asked):
    app = FastAPI()
    app.get("/feed/v1/NOR")(lambda: Response(b"\x00junk\n[]\n", media_type=NDJSON))
    found = asked(app)
    assert "is no envelope" in found["serves its reader"].reason
    assert len(failing(found)) > 5


def test_the_command_says_it_in_a_table_and_in_json_with_exit_codes(tmp_path, capsys):
    giver, reader = found_two(tmp_path, now_tai_s=None)
    for envelope in chain(3):
        giver.store.enqueue(envelope)
    app = FastAPI()
    app.include_router(feed_router(giver, wall_clock_tai_s=wall_clock_tai_s))
    served = Served(app)
    home = str(reader.folder.path)
    assert main(["conformance", served.url, "--node", home]) == 0
    said = capsys.readouterr().out
    assert "keeps the protocol of the feed of NOR" in " ".join(said.split())
    assert main(["conformance", served.url, "--node", home, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["conforms"]
    assert {one["verdict"] for one in document["checks"]} == {"holds", "untried"}
    giver.store.cut(READER, at_tai_s=NOW_TAI_S)
    assert main(["conformance", served.url, "--node", home, "--json"]) == 1
    served.close()
    assert not json.loads(capsys.readouterr().out)["conforms"]
    assert main(["conformance", served.url, "--node", home]) == 2
    assert "NOR cannot be asked" in capsys.readouterr().err
    assert main(["conformance", "over there", "--node", home]) == 2
    assert main(["conformance", served.url, "--node", home, "--partner", "ZZZ"]) == 2
    assert "it knows NOR" in capsys.readouterr().err
    for node in (giver, reader):
        node.store.close()


def test_what_the_suite_reads_of_a_feed_is_bounded(node, asked):
    for envelope in chain(70, each=1):
        node.store.enqueue(envelope)
    found = asked(own_feed(node), most=64)
    reasons = {name: one.reason for name, one in found.items()}
    assert reasons["serves its reader"] == "64 envelopes read from the beginning; there are more"
    assert "longer than the 64 envelopes" in reasons["end of the feed"]
