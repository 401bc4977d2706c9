"""TLS with pinned keys: who gets a connection, who does not, and what is said of it."""

import contextlib
import itertools
import socket
import ssl
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from commonsky.domain import FeedHead
from commonsky.federation import certificates, read_wire
from commonsky.federation.certificates import bridge
from commonsky.federation.keys import public_hex, read_private_pem, signing_key
from commonsky.node.config import Peer
from commonsky.node.link_config import FeedPort
from commonsky.node.start import wall_clock_tai_s
from commonsky.web import pinned_tls
from commonsky.web.app import feed_application
from commonsky.web.feed_api import feed_router
from commonsky.web.feed_client import PullError, client_for, pull
from commonsky.web.pinned_tls import Shower, certificate, client_context, renew, server_context
from commonsky.web.running import Running
from partners import GIVER, KEYS, READER, THIRD, chain
from served import Served
from two_nodes import found_two, member

NONCES = itertools.count()
OURS = Shower(READER, KEYS[READER])
NEW_KEY = signing_key(b"a key that came later ..........")


@pytest.fixture(scope="module")
def giver(tmp_path_factory):
    giver, reader = found_two(tmp_path_factory.mktemp("tls"), now_tai_s=None)
    giver.store.enqueue(chain(1)[0])
    yield giver
    for node in (giver, reader):
        node.store.close()


@contextlib.contextmanager
def served(giver, partners=(READER,), *, key=KEYS[GIVER], bridges=b"", now_tai_s=None):
    now_tai_s = wall_clock_tai_s() if now_tai_s is None else now_tai_s
    context = server_context(
        Shower(GIVER, key, bridges), [member(one) for one in partners], now_tai_s=now_tai_s
    )
    app = feed_application(feed_router(giver, wall_clock_tai_s=wall_clock_tai_s))
    server = Served(app, ssl_context_factory=lambda *_: context)
    try:
        yield server.url.replace("http:", "https:"), context
    finally:
        server.close()


def asked(url, context):
    with httpx.Client(verify=context, trust_env=False) as client:
        data = pull(
            client,
            url,
            FeedHead(),
            reader=READER,
            issuer=GIVER,
            key=KEYS[READER],
            now_tai_s=wall_clock_tai_s(),
            nonce=f"n{next(NONCES)}",
        )
    return len(read_wire(data).envelopes)


def showing(chain_pem, expected=GIVER, tmp=None):
    """A client that shows this certificate and expects a member."""
    context = client_context(OURS, member(expected), now_tai_s=wall_clock_tai_s())
    file = Path(tmp) / "shown.pem"
    file.write_bytes(chain_pem)
    context.load_cert_chain(file)
    return context


@pytest.fixture(scope="module")
def server(giver):
    with served(giver) as (url, _):
        yield url


def test_the_partner_with_the_pinned_key_gets_its_feed(server):
    context = client_context(OURS, member(GIVER), now_tai_s=wall_clock_tai_s())
    assert asked(server, context) == 1


@pytest.mark.parametrize(
    "made",
    [
        lambda now: certificate(Shower(THIRD, KEYS[THIRD]), now_tai_s=now),
        lambda now: certificate(Shower(READER, KEYS[THIRD]), now_tai_s=now),
        lambda now: certificate(Shower(READER, NEW_KEY), now_tai_s=now),
        lambda now: certificate(Shower(READER, KEYS[READER]), now_tai_s=now - 8 * 86_400.0),
        lambda now: certificate(Shower(READER, KEYS[READER]), now_tai_s=now + 2 * 86_400.0),
        lambda now: certificate(Shower(GIVER, KEYS[GIVER]), now_tai_s=now),
    ],
    ids=[
        "another member",
        "the name alone",
        "a replaced key",
        "expired",
        "not yet valid",
        "the server itself",
    ],
)
def test_any_other_certificate_gets_no_connection(server, tmp_path, made):
    context = showing(made(wall_clock_tai_s()), tmp=tmp_path)
    with pytest.raises(PullError, match="it hangs up, perhaps because it has not pinned our key"):
        asked(server, context)


def test_a_partners_node_cannot_vouch_for_others(server, tmp_path, monkeypatch):
    """What a member's key has signed is a node, which signs nothing in turn."""
    now = wall_clock_tai_s()
    node = certificate(Shower(READER, KEYS[READER]), now_tai_s=now)
    monkeypatch.setattr(certificates, "_member_name", lambda own: certificates._name(f"commonsky node {own}"))
    forged = certificate(Shower(READER, ssl_key(node)), now_tai_s=now)
    monkeypatch.undo()
    with pytest.raises(PullError, match="it hangs up"):
        asked(server, showing(forged + node[node.index(b"-----BEGIN CERT") :], tmp=tmp_path))


def ssl_key(pem):
    return read_private_pem(pem[: pem.index(b"-----BEGIN CERT")])


def test_no_certificate_and_old_versions_of_tls_get_no_connection(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(PullError, match="it hangs up"):
        asked(server, context)
    old = client_context(OURS, member(GIVER), now_tai_s=wall_clock_tai_s())
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(PullError, match="cannot be reached"):
        asked(server, old)


@pytest.mark.parametrize(
    ("key", "shift_s"), [(KEYS[THIRD], 0.0), (NEW_KEY, 0.0), (KEYS[GIVER], -8 * 86_400.0)]
)
def test_a_server_without_the_pinned_key_or_in_time_is_not_asked(giver, key, shift_s):
    now = wall_clock_tai_s()
    with served(giver, key=key, now_tai_s=now + shift_s) as (url, _):
        context = client_context(OURS, member(GIVER), now_tai_s=now)
        with pytest.raises(
            PullError, match="no certificate of the key that is pinned for it, or an expired one"
        ):
            asked(url, context)


def test_another_partner_of_the_giver_is_not_taken_for_it(giver):
    with served(giver, partners=(READER, THIRD)) as (url, _):
        context = client_context(OURS, member(THIRD), now_tai_s=wall_clock_tai_s())
        with pytest.raises(PullError, match="no certificate of the key that is pinned"):
            asked(url, context)


def test_a_new_certificate_is_shown_without_a_new_start(giver):
    now = wall_clock_tai_s()
    with served(giver, now_tai_s=now - 8 * 86_400.0) as (url, context):
        ours = client_context(OURS, member(GIVER), now_tai_s=now)
        with pytest.raises(PullError, match="expired"):
            asked(url, ours)
        renew(context, Shower(GIVER, KEYS[GIVER]), now_tai_s=now)
        assert asked(url, ours) == 1


def test_certificates_last_for_many_renewals_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(pinned_tls.tempfile, "tempdir", str(tmp_path))
    client_context(OURS, member(GIVER), now_tai_s=wall_clock_tai_s())
    assert list(tmp_path.iterdir()) == []
    assert timedelta(seconds=3 * pinned_tls.RENEW_S) < certificates.LASTS


def test_a_member_that_took_new_keys_is_known_by_the_bridges_from_the_pinned_one(giver):
    newest = signing_key(b"a key that came later still ....")
    bridges = bridge(GIVER, NEW_KEY, newest.public_key()) + bridge(GIVER, KEYS[GIVER], NEW_KEY.public_key())
    ours = client_context(OURS, member(GIVER), now_tai_s=wall_clock_tai_s())
    with served(giver, key=newest, bridges=bridges) as (url, _):
        assert asked(url, ours) == 1
    forged = bridge(GIVER, KEYS[THIRD], newest.public_key())
    for not_enough in (b"", bridge(GIVER, NEW_KEY, newest.public_key()), forged):
        with (
            served(giver, key=newest, bridges=not_enough) as (url, _),
            pytest.raises(PullError, match="no certificate of the key that is pinned"),
        ):
            asked(url, ours)


def test_a_partner_that_took_a_new_key_is_let_in_by_its_bridge(server, tmp_path):
    shown = Shower(READER, NEW_KEY, bridge(READER, KEYS[READER], NEW_KEY.public_key()))
    context = client_context(shown, member(GIVER), now_tai_s=wall_clock_tai_s())
    assert asked(server, context) == 1


def test_without_partners_nobody_gets_a_connection(giver):
    with served(giver, partners=()) as (url, _), pytest.raises(PullError, match="it hangs up"):
        asked(url, client_context(OURS, member(GIVER), now_tai_s=wall_clock_tai_s()))


def test_a_node_serves_its_feed_over_tls_and_keeps_its_console_to_its_machine(tmp_path):
    giver, reader = found_two(tmp_path, now_tai_s=None)
    giver.store.enqueue(chain(1)[0])
    ports = free_ports(2)
    giver.config = replace(
        giver.config, url=f"http://127.0.0.1:{ports[0]}", feed=FeedPort(listen=f"127.0.0.1:{ports[1]}")
    )
    running = Running(giver, monotonic_s=time.monotonic, rate=lambda: 1.0)
    running.start()
    url = f"https://127.0.0.1:{ports[1]}"
    peer = Peer(member=member(GIVER), url=url)
    client, context = client_for(peer, OURS, now_tai_s=wall_clock_tai_s())
    with client:
        deadline_s = time.monotonic() + 30.0
        while True:
            try:
                came = asked(url, context)
            except PullError:
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
            else:
                break
        assert came == 1
        assert client.get(f"{url}/").status_code == 404
        assert client.get(f"{url}/api/v1/status").status_code == 404
        assert client.get(f"http://127.0.0.1:{ports[0]}/api/v1/status").is_success
    running.stop()
    reader.store.close()


def free_ports(count):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def test_a_proxied_partner_is_checked_as_any_web_site(giver):
    peer = Peer(member=member(GIVER), url="https://127.0.0.1:1", proxied=True)
    client, context = client_for(peer, OURS, now_tai_s=0.0)
    client.close()
    assert context is None
    assert public_hex(KEYS[GIVER]) == peer.member.public_key


@pytest.mark.parametrize("listen", ["", "8743", "0.0.0.0", "0.0.0.0:0", "0.0.0.0:x", "0.0.0.0:99999"])
def test_a_feed_port_needs_an_address_and_a_port(listen):
    with pytest.raises(ValueError, match="is not like"):
        FeedPort(listen=listen)
