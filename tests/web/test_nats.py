"""The link over NATS, with a real server: what a broker may do to what it carries, and what comes of it."""

import contextlib
import itertools
import time

import pytest
from msgspec.structs import replace

from broker import Hub, Leaf
from commonsky.cli import main
from commonsky.domain import ActKind, FeedHead, Mode
from commonsky.federation import PullRequest, encode_wire
from commonsky.federation.acts import next_act, sign_act
from commonsky.federation.conformance import CHECKS, Parties, Verdict, conformance
from commonsky.federation.keys import signing_key
from commonsky.federation.seal import head_of
from commonsky.federation.withheld import is_withheld
from commonsky.node import jobs
from commonsky.node.agreement_files import add_acts
from commonsky.node.link import LinkError
from commonsky.node.link_config import VIA_BROKER, BrokerLink
from commonsky.node.start import wall_clock_tai_s
from commonsky.web import nats_link
from commonsky.web.nats_connection import BrokerConnection
from commonsky.web.nats_node import at_broker, connected
from commonsky.web.nats_probe import NatsProbe
from commonsky.web.nats_subjects import (
    broker_configuration,
    feed_subject,
    place_subject,
    stream_name,
    user_nkey,
)
from partners import GIVER, KEYS, NOW_TAI_S, PUBLIC, READER, THIRD, chain, sealed, track
from two_nodes import found_two

WAIT_S = 0.3


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    made = Hub(tmp_path_factory.mktemp("hub"), (GIVER, READER, THIRD))
    yield made
    made.kill()


def link_to(hub):
    return BrokerLink(url=hub.url, ask_every_s=1.0)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What a broker swallows is asked for again soon."""
    monkeypatch.setattr(nats_link, "ANSWER_WITHIN_S", 1.0)
    monkeypatch.setattr(nats_link, "KEPT_WITHIN_S", 1.0)
    monkeypatch.setattr(nats_link, "RETRY_S", 0.1)


@pytest.fixture
def nodes(tmp_path, hub):
    made = found_two(tmp_path, urls={GIVER: VIA_BROKER, READER: VIA_BROKER}, broker=link_to(hub))
    yield made
    for node in made:
        node.close_feeds()
        node.store.close()
    forget(hub)


def forget(hub):
    """Leave no stream of one test to the next."""
    with contextlib.closing(BrokerConnection(link_to(hub), KEYS[GIVER], "test")) as connection:
        connection.start()

        async def delete():
            stream = (await connection.client()).jetstream(domain="commonsky")
            for info in await stream.streams_info():
                await stream.delete_stream(info.config.name)

        eventually(lambda: done(connection, delete()))


def done(connection, work):
    try:
        connection.call(work, timeout_s=10.0)
    except LinkError:
        return False
    return True


def eventually(holds, within_s=30.0):
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it never came about"
        time.sleep(0.02)


def tracks(count, start=1, previous=None):
    made = []
    for revision in range(start, start + count):
        made.append(sealed([track(revision)], head_of(made[-1].header) if made else previous))
    return made


def release(giver, envelopes):
    for envelope in envelopes:
        giver.store.enqueue(envelope)
    giver.note_sealed()


def giving(giver):
    return at_broker(giver, wall_clock_tai_s=lambda: NOW_TAI_S, wait_s=WAIT_S)


@contextlib.contextmanager
def receiving(reader):
    with at_broker(reader, wall_clock_tai_s=lambda: NOW_TAI_S, wait_s=WAIT_S) as link:
        yield link(GIVER)


def pull(reader, transport):
    """Receive once, as a node does; nothing when the link has nothing to say."""
    try:
        return jobs.receive(reader, GIVER, transport)
    except LinkError:
        return jobs.Arrival()


def said(reader, transport):
    try:
        jobs.receive(reader, GIVER, transport)
    except LinkError as error:
        return str(error)
    return ""


def holds(reader, transport, envelopes):
    def whole():
        pull(reader, transport)
        return reader.store.received(GIVER, 0, 1_000, gen=0) == envelopes

    eventually(whole)


def publish(hub, subject, data):
    """Publish as the giver's account may, past the giver's node."""
    with contextlib.closing(BrokerConnection(link_to(hub), KEYS[GIVER], "test")) as connection:
        connection.start()

        async def push():
            client = await connection.client()
            for one in [data] if isinstance(data, bytes) else data:
                await client.publish(subject, one)
            await client.flush()

        eventually(lambda: done(connection, push()))


def test_what_is_released_is_pushed_and_what_was_released_before_is_asked_for(nodes):
    giver, reader = nodes
    before = tracks(11)
    release(giver, before)
    with giving(giver), receiving(reader) as transport:
        holds(reader, transport, before)
        after = tracks(3, 12, head_of(before[-1].header))
        release(giver, after)
        holds(reader, transport, before + after)
        eventually(
            lambda: pull(reader, transport) and giver.store.acknowledged(READER) == head_of(after[-1].header)
        )


def test_our_feed_over_nats_keeps_every_clause_that_a_broker_has(nodes, monkeypatch):
    """It is asked as a partner asks that has patience: an answer that is late on a busy machine breaks no clause."""
    monkeypatch.setattr(nats_link, "ANSWER_WITHIN_S", 20.0)
    giver, reader = nodes
    release(giver, [*tracks(2), *chain(11, gen=2)])
    numbers = itertools.count()
    parties = Parties(
        issuer=GIVER,
        issuer_key=PUBLIC[GIVER],
        reader=READER,
        key=KEYS[READER],
        stranger_key=KEYS[THIRD],
        mode=Mode.REAL,
    )
    with giving(giver), connected(reader) as connection:
        probe = NatsProbe(connection, issuer=GIVER, reader=READER)
        eventually(lambda: answers(probe))
        found = conformance(probe, parties, now_tai_s=lambda: NOW_TAI_S, nonce=lambda: f"n{next(numbers)}")
    assert len(found) == len(CHECKS)
    assert [one.check for one in found if one.verdict is Verdict.UNTRIED] == ["waiting"], found
    assert [one for one in found if one.verdict is Verdict.FAILS] == []


def test_the_command_asks_through_the_broker_too(tmp_path, hub, capsys):
    urls = {GIVER: VIA_BROKER, READER: VIA_BROKER}
    giver, reader = found_two(tmp_path, urls=urls, broker=link_to(hub), now_tai_s=None)
    release(giver, tracks(3))
    home = str(reader.folder.path)
    with at_broker(giver, wall_clock_tai_s=wall_clock_tai_s, wait_s=WAIT_S):
        eventually(lambda: kept(giver) == 3)
        assert main(["conformance", "nats:", "--node", home]) == 0
    assert "keeps the protocol of the feed of NOR" in " ".join(capsys.readouterr().out.split())
    assert main(["conformance", "nats:", "--node", home]) == 2
    assert "NOR is not at the broker" in capsys.readouterr().err
    for node in (giver, reader):
        node.store.close()
    forget(hub)


def answers(probe):
    request = PullRequest(reader=READER, issuer=GIVER, gen=0, seq=0, header_sha256="", at_tai_s=0.0, nonce="")
    try:
        probe.ask(request, KEYS[READER])
    except OSError:
        return False
    return True


def test_a_giver_that_is_away_has_left_its_envelopes_at_the_broker(nodes):
    giver, reader = nodes
    envelopes = tracks(10)
    with giving(giver):
        release(giver, envelopes)
        eventually(lambda: kept(giver) == 10)
    with receiving(reader) as transport:
        holds(reader, transport, envelopes)
        with pytest.raises(LinkError, match="NOR is not at the broker"):
            jobs.receive(reader, GIVER, transport)


def kept(giver):
    with connected(giver) as connection:

        async def count():
            stream = (await connection.client()).jetstream(domain="commonsky")
            return (await stream.stream_info(stream_name(READER))).state.messages

        try:
            return connection.call(count(), timeout_s=5.0)
        except LinkError:
            return 0


def test_messages_that_come_doubled_out_of_order_or_forged_change_nothing(nodes, hub):
    giver, reader = nodes
    envelopes = tracks(12)
    release(giver, envelopes)
    with receiving(reader) as transport:
        pull(reader, transport)
        lines = [encode_wire([envelope]) for envelope in envelopes]
        places = [place_subject(GIVER, READER, head_of(envelope.header)) for envelope in envelopes]
        for k in (5, 2, 2, 0, 7, 1, 5, 0, 3):
            publish(hub, places[k], lines[k])
        publish(hub, places[4], lines[4].replace(b"NOR-T1", b"NOR-T2"))
        publish(hub, places[4], b"\x00 junk")
        publish(hub, f"{feed_subject(GIVER, READER)}.99999999999999999999999.x", b"junk")
        publish(hub, places[6], lines[11])
        eventually(lambda: pull(reader, transport) and reader.store.cursor(GIVER).seq >= 4)
        held = reader.store.received(GIVER, 0, 100, gen=0)
        assert held == envelopes[: len(held)]
        with giving(giver):
            holds(reader, transport, envelopes)
    assert not reader.store.cursor(GIVER).stopped


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(nodes, hub):
    giver, reader = nodes
    envelopes = tracks(30)
    with giving(giver), receiving(reader) as transport:
        for k in range(0, 30, 10):
            release(giver, envelopes[k : k + 5])
            pull(reader, transport)
            hub.kill()
            release(giver, envelopes[k + 5 : k + 10])
            pull(reader, transport)
            hub.start()
        holds(reader, transport, envelopes)
    assert reader.store.quarantined() == []


def test_a_broker_that_lost_its_store_is_filled_again_behind_what_the_reader_has_acknowledged(nodes, hub):
    giver, reader = nodes
    envelopes = tracks(12)
    release(giver, envelopes[:8])
    with receiving(reader) as transport:
        with giving(giver):
            holds(reader, transport, envelopes[:8])
            eventually(lambda: pull(reader, transport) and giver.store.acknowledged(READER).seq == 8)
            hub.wipe()
            release(giver, envelopes[8:])
            eventually(lambda: kept(giver) == 4)
        holds(reader, transport, envelopes)


def test_a_cut_link_leaves_nothing_at_the_broker(nodes):
    giver, reader = nodes
    envelopes = tracks(6)
    with giving(giver):
        release(giver, envelopes)
        eventually(lambda: kept(giver) == 6)
        giver.store.cut(READER, at_tai_s=NOW_TAI_S)
        giver.note_sealed()
        eventually(lambda: kept(giver) == 0)
        with receiving(reader) as transport:
            eventually(lambda: "NOR has cut the link to us" in said(reader, transport))
            assert reader.store.cursor(GIVER) == FeedHead()
            giver.store.restore(READER, at_tai_s=NOW_TAI_S)
            holds(reader, transport, envelopes)


def test_what_the_broker_keeps_under_an_agreement_that_ends_is_taken_away(nodes):
    """Also if the giver was away when it ended: the stream says under what it was filled."""
    giver, reader = nodes
    release(giver, tracks(3))
    with giving(giver):
        eventually(lambda: kept(giver) == 3)
    folder = giver.folder.agreements
    [shelved] = giver.agreements().documents
    act = next_act(ActKind.WITHDRAW, GIVER, shelved.document, now_tai_s=NOW_TAI_S)
    add_acts(folder, shelved.agreement.reference, [sign_act(act, KEYS[GIVER])])
    with giving(giver):
        eventually(lambda: b"withheld" in last_kept(giver))
    with receiving(reader) as transport:
        eventually(lambda: pull(reader, transport) and reader.store.cursor(GIVER).seq == 3)
    assert reader.store.counts().foreign == {}
    came = reader.store.received(GIVER, 0, 10, gen=0)
    assert all(is_withheld(one.header, one.body, [PUBLIC[GIVER]]) for one in came)


def last_kept(giver):
    with connected(giver) as connection:

        async def last():
            stream = (await connection.client()).jetstream(domain="commonsky")
            kept_last = await stream.get_last_msg(stream_name(READER), f"{feed_subject(GIVER, READER)}.>")
            return kept_last.data

        try:
            return connection.call(last(), timeout_s=5.0)
        except LinkError:
            return b""


def test_through_leaf_nodes_all_goes_as_without(tmp_path, hub):
    leaves = {member: Leaf(tmp_path / f"leaf-{member}", hub, member) for member in (GIVER, READER)}
    giver, reader = found_two(tmp_path, urls={GIVER: VIA_BROKER, READER: VIA_BROKER}, broker=link_to(hub))
    giver.config = replace(giver.config, broker=link_to(leaves[GIVER]))
    reader.config = replace(reader.config, broker=link_to(leaves[READER]))
    envelopes = tracks(14)
    release(giver, envelopes[:6])
    with receiving(reader) as transport:
        with giving(giver):
            holds(reader, transport, envelopes[:6])
            release(giver, envelopes[6:10])
            holds(reader, transport, envelopes[:10])
            leaves[READER].kill()
            release(giver, envelopes[10:])
            eventually(lambda: kept(giver) == 14)
            leaves[READER].start()
        holds(reader, transport, envelopes)
    for node in (giver, reader):
        node.store.close()
    for leaf in leaves.values():
        leaf.kill()
    forget(hub)


def test_no_account_hears_asks_or_reads_what_is_for_another(nodes, hub):
    giver, _ = nodes
    release(giver, tracks(3))
    heard = []
    with (
        contextlib.closing(BrokerConnection(link_to(hub), KEYS[THIRD], "stranger")) as stranger,
        giving(giver),
    ):
        stranger.start()

        async def listen():
            client = await stranger.client()

            async def note(message):
                heard.append(message.subject)

            for subject in ("commonsky.>", "$JS.>", "_INBOX.>"):
                await client.subscribe(subject, cb=note)
            await client.flush()

        eventually(lambda: done(stranger, listen()))
        eventually(lambda: kept(giver) == 3)
        for subject in (
            f"commonsky.ask.{GIVER}.{READER}",
            f"commonsky.kept.{GIVER}",
            f"$JS.API.DIRECT.GET.{stream_name(READER)}",
            f"$JS.API.STREAM.INFO.{stream_name(READER)}",
        ):
            assert asked(stranger, subject) in {None, b"", "error"}, subject
        time.sleep(0.3)
    assert [subject for subject in heard if subject.startswith(f"commonsky.feed.{GIVER}")] == []


def asked(connection, subject):
    errors = pytest.importorskip("nats.errors")

    async def ask():
        client = await connection.client()
        try:
            answer = await client.request(
                subject, b'{"last_by_subj": "commonsky.feed.NOR.GBR.1.1"}', timeout=1.0
            )
        except (errors.Error, TimeoutError):
            return None
        return "error" if b'"error"' in answer.data else answer.data

    return connection.call(ask(), timeout_s=5.0)


def test_a_key_that_the_broker_does_not_know_gets_no_connection(hub):
    with contextlib.closing(BrokerConnection(link_to(hub), KEYS[GIVER], "x")) as known:
        known.start()
        eventually(lambda: known.reconnected)
    with contextlib.closing(BrokerConnection(link_to(hub), signing_key(b"x" * 32), "x")) as unknown:
        unknown.start()
        time.sleep(0.5)
        assert not unknown.reconnected


def test_nobody_at_the_broker_and_no_broker_are_said_plainly(nodes, hub):
    _, reader = nodes
    with receiving(reader) as transport:
        eventually(lambda: "NOR is not at the broker" in said(reader, transport))
        hub.kill()
        try:
            eventually(lambda: f"the broker at {hub.url}" in said(reader, transport))
        finally:
            hub.start()


def test_the_configuration_refuses_what_is_no_user_key():
    nkey = user_nkey(KEYS[GIVER])
    for wrong in ("", nkey[:-1], nkey[:-1] + ("A" if nkey[-1] != "A" else "B"), "S" + nkey[1:], "x" * 56):
        with pytest.raises(ValueError, match="no public user key"):
            broker_configuration({GIVER: wrong}, port=1, folder="x")
