"""A node at work: it serves on its port, pulls from every partner, takes in what lands, releases what is due."""

import errno
import gc
import logging
import queue
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from commonsky.domain import FeedHead
from commonsky.node.config import Peer
from commonsky.node.incoming import take_incoming
from commonsky.node.jobs import (
    checkpoint_when_due,
    declare_sensors,
    estimate,
    fetch,
    keep_agreements,
    screen_when_due,
    share,
)
from commonsky.node.link import LinkError, Transport
from commonsky.node.link_config import BY_HAND, VIA_BROKER
from commonsky.node.locks import take
from commonsky.node.node import Node
from commonsky.node.start import wall_clock_tai_s
from commonsky.node.view import NodeView
from commonsky.store import LinkState, StoreError
from commonsky.web.app import application, feed_application
from commonsky.web.feed_api import feed_router
from commonsky.web.feed_client import client_for, pull
from commonsky.web.pinned_tls import RENEW_S, renew, server_context, shower_of
from commonsky.web.turns import Freely, Turns

WAIT_S = 2.0
RETRY_S = 0.5
LOOK_EVERY_S = 0.1
KEEP_EVERY_S = 2.0
DUE_EVERY_LOOKS = 5
CATCH_UP_S = 7.0 * 86_400.0
"""What was observed within this before a start is looked at again: the process before may have ended too early."""


class PortInUseError(Exception):
    """Somebody else serves on the port, or it cannot be had; the message names it."""


class Running:
    """A node with its server and its loops, each in a thread, until it is stopped."""

    def __init__(
        self,
        node: Node,
        *,
        monotonic_s: Callable[[], float],
        rate: Callable[[], float],
        turns: Turns | None = None,
    ) -> None:
        self.node = node
        self._turns = Freely() if turns is None else turns
        view = NodeView(node, monotonic_s=monotonic_s, rate=rate)
        feed = feed_router(node, wall_clock_tai_s=wall_clock_tai_s)
        app = application(node, view, wall_clock_tai_s=wall_clock_tai_s, feed=feed)
        self._contexts: list[ssl.SSLContext] = []
        parts = urlsplit(node.config.url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 8701)
        self._servers = [(_server(app), self._address)]
        if node.config.feed is not None:
            address = (node.config.feed.host, node.config.feed.port)
            self._servers.append((_server(feed_application(feed), self._over_tls()), address))
        self._held = ExitStack()
        self._to_estimate: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        self._looks = 0
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; raises FolderBusyError or PortInUseError before anything else has happened."""
        node = self.node
        self._held.enter_context(take(node.folder.serving_lock))
        try:
            listening = [self._held.enter_context(closing(listen(*at))) for _, at in self._servers]
        except PortInUseError:
            self._held.close()
            raise
        # What is loaded by now stays: looking through it again would take a sixth of the time of a busy feed.
        gc.freeze()
        declare_sensors(node)
        self._to_estimate.put(node.store.observed_targets(node.now_tai_s() - CATCH_UP_S))
        for (server, (_, port)), sockets in zip(self._servers, listening, strict=True):
            self._begin(f"server on {port}", partial(server.run, sockets=[sockets]))
        if self._contexts:
            self._repeat("renew certificates", self._renew)
        self._repeat("take in or release", self._take_in)
        self._repeat("estimate", self._estimate)
        if node.config.assets:
            self._begin(
                "screen", partial(self._steps, "screen", self._screen, Freely())
            )  # it computes for long
        self._repeat("keep agreements", self._keep_agreements)
        broker = self._broker()
        for peer in (one for one in node.config.peers if one.url != BY_HAND):
            issuer = peer.member.id
            transport = self._over_http(peer) if broker is None or peer.url != VIA_BROKER else broker(issuer)
            self._repeat(f"pull from {issuer}", partial(self._pull, issuer, partial(self._asked, transport)))

    def ask_to_stop(self) -> None:
        """Begin to stop; safe to call from a signal handler."""
        self._stopping.set()
        # Streams that a browser holds open are cut off now, and that is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for server, _ in self._servers:
            server.should_exit = True

    def stop(self) -> None:
        """Stop serving and pulling; what is stored stays."""
        self.ask_to_stop()
        self.node.close_feeds()
        for thread in self._threads:
            thread.join(timeout=2.0 * WAIT_S)
        self._held.close()
        self.node.store.close()

    def wait(self) -> None:
        """Wait until somebody asks to stop."""
        self._stopping.wait()

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"{self.node.id} {name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _repeat(self, what: str, step: Callable[[], None]) -> None:
        """Do a step again and again in a thread of its own."""
        self._begin(what, partial(self._steps, what, step, self._turns))

    def _steps(self, what: str, step: Callable[[], None], turns: Turns) -> None:
        """Do a step again and again.

        Whatever goes wrong is said and tried again after a while: a thread that ends would stop that part of the
        node for good, and nobody would be told.
        """
        while not self._stopping.is_set():
            try:
                with turns:
                    step()
            except (StoreError, OSError) as fault:
                self._complain(f"cannot {what}: {fault}")
            except Exception as fault:  # noqa: BLE001  # see above
                self._complain(f"cannot {what}, for a reason nobody foresaw: {type(fault).__name__}: {fault}")

    def _rest(self, seconds: float) -> None:
        """Wait within a step, unless somebody asks to stop."""
        with self._turns.away():
            self._stopping.wait(seconds)

    def _asked(self, transport: Transport, head: FeedHead) -> bytes:
        with self._turns.away():
            return transport(head)

    def _complain(self, text: str) -> None:
        if not self._stopping.is_set():
            self.node.complain(text)
            self._stopping.wait(RETRY_S)

    def _pull(self, issuer: str, transport: Transport) -> None:
        """Ask a partner once for what is next; a fault is told once."""
        node = self.node
        if node.store.link_state(issuer) is LinkState.CUT:
            self._rest(RETRY_S)
            return
        began_s = time.monotonic()
        try:
            arrival = fetch(node, issuer, transport)
        except (LinkError, StoreError) as fault:
            if not self._stopping.is_set():
                node.note_link(issuer, str(fault))
                self._rest(RETRY_S)
            return
        stuck = bool(arrival.refused) and not arrival.envelopes
        node.note_link(issuer, arrival.refused[-1] if stuck else None)
        if arrival.targets:
            self._to_estimate.put(arrival.targets)
        if not arrival.envelopes:
            # A partner that has nothing waits with its answer; one that answers nothing at once is not asked for more.
            self._rest(max(0.0, began_s + RETRY_S - time.monotonic()))

    def _over_http(self, peer: Peer) -> Transport:
        node = self.node
        client, context = client_for(peer, shower_of(node), now_tai_s=wall_clock_tai_s())
        self._held.enter_context(client)
        if context is not None:
            self._contexts.append(context)

        def ask(head: FeedHead) -> bytes:
            return pull(
                client,
                peer.url,
                head,
                issuer=peer.member.id,
                reader=self.node.id,
                key=self.node.key,
                now_tai_s=wall_clock_tai_s(),
                nonce=secrets.token_hex(16),
                bridges=self.node.bridges(),
                wait_s=WAIT_S,
            )

        return ask

    def _over_tls(self) -> ssl.SSLContext:
        node = self.node
        partners = [peer.member for peer in node.config.peers]
        context = server_context(shower_of(node), partners, now_tai_s=wall_clock_tai_s())
        self._contexts.append(context)
        return context

    def _renew(self) -> None:
        """Show new certificates from now on, long before the old ones end."""
        self._rest(RENEW_S)
        for context in self._contexts:
            renew(context, shower_of(self.node), now_tai_s=wall_clock_tai_s())

    def _broker(self) -> Callable[[str], Transport] | None:
        """Connect to the broker, if partners are reached through one: give what makes the link to each of them."""
        if all(peer.url != VIA_BROKER for peer in self.node.config.peers):
            return None
        from commonsky.web.nats_node import at_broker  # noqa: PLC0415  # of use to few, and slow to import

        return self._held.enter_context(
            at_broker(self.node, wall_clock_tai_s=wall_clock_tai_s, wait_s=WAIT_S)
        )

    def _take_in(self) -> None:
        """Take in what lands, and now and then release what has become due and note the time."""
        node = self.node
        for _ in take_incoming(node):
            pass
        self._looks += 1
        if self._looks % DUE_EVERY_LOOKS == 0:
            share(node)
            checkpoint_when_due(node)
            node.store.note_time(node.now_tai_s())
        self._rest(LOOK_EVERY_S)

    def _estimate(self) -> None:
        """Use what partners gave for our own tracks, apart from the pulling, which must not wait for an orbit."""
        targets: set[str] = set()
        try:
            with self._turns.away():
                targets |= self._to_estimate.get(timeout=RETRY_S)
            while True:
                targets |= self._to_estimate.get_nowait()
        except queue.Empty:
            pass
        left = sorted(targets)
        while left and not self._stopping.is_set():
            target = left.pop()
            try:
                estimate(self.node, {target})
            except Exception as fault:
                if isinstance(fault, StoreError | OSError):  # not for want of an orbit: it is tried again
                    left.append(target)
                self._to_estimate.put(frozenset(left))
                raise

    def _keep_agreements(self) -> None:
        """See to leases and to what ended: an agreement may end by time alone."""
        keep_agreements(self.node)
        self._rest(KEEP_EVERY_S)

    def _screen(self) -> None:
        """Screen now and then, apart from all that must not wait for it."""
        screen_when_due(self.node)
        self._stopping.wait(RETRY_S)


def _server(app: FastAPI, context: ssl.SSLContext | None = None) -> uvicorn.Server:
    """Prepare to serve an application, over TLS if there is a context."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        ssl_context_factory=None if context is None else lambda *_: context,
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Open the port to listen on; raises PortInUseError."""
    # The protocol is named: asyncio sends without delay on such sockets only, and an answer would wait 40 ms else.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        if isinstance(error, OverflowError):
            raise PortInUseError(f"port {port} is none: ports go up to 65535") from error
        fault = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be served on: {error.strerror}"
        raise PortInUseError(f"port {port} of {host} {fault}") from error
    return listening
