"""A node at work: it serves on its port, pulls from every partner, takes in what lands, releases what is due."""

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import uvicorn

from commonsky.domain import FeedHead
from commonsky.node.config import Peer
from commonsky.node.incoming import take_incoming
from commonsky.node.jobs import declare_sensors, receive, share
from commonsky.node.node import Node
from commonsky.node.start import wall_clock_tai_s
from commonsky.node.view import NodeView
from commonsky.store import LinkState, StoreError
from commonsky.web.app import application
from commonsky.web.feed_client import PullError, pull

WAIT_S = 2.0
RETRY_S = 0.5
LOOK_EVERY_S = 0.1
DUE_EVERY_LOOKS = 5


class PortInUseError(Exception):
    """Somebody else serves on the port; the message names it."""


class Running:
    """A node with its server and its loops, each in a thread, until it is stopped."""

    def __init__(self, node: Node, *, monotonic_s: Callable[[], float], rate: Callable[[], float]) -> None:
        self.node = node
        view = NodeView(node, monotonic_s=monotonic_s, rate=rate)
        app = application(node, view, wall_clock_tai_s=wall_clock_tai_s)
        parts = urlsplit(node.config.url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 8701)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; raises PortInUseError before anything else has happened."""
        listening = listen(*self._address)
        declare_sensors(self.node)
        self._begin("server", lambda: self._server.run(sockets=[listening]))
        self._begin("incoming", self._take_in)
        for peer in self.node.config.peers:
            self._begin(f"pull {peer.member.id}", lambda peer=peer: self._pull(peer))  # type: ignore[misc]

    def ask_to_stop(self) -> None:
        """Begin to stop; safe to call from a signal handler."""
        self._stopping.set()
        # Streams that a browser holds open are cut off now, and that is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop serving and pulling; what is stored stays."""
        self.ask_to_stop()
        self.node.close_feeds()
        for thread in self._threads:
            thread.join(timeout=2.0 * WAIT_S)
        self.node.store.close()

    def wait(self) -> None:
        """Wait until somebody asks to stop."""
        self._stopping.wait()

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"{self.node.id} {name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _pull(self, peer: Peer) -> None:
        issuer = peer.member.id
        with httpx.Client(trust_env=False) as client:

            def transport(head: FeedHead) -> bytes:
                return pull(
                    client,
                    peer.url,
                    head,
                    issuer=issuer,
                    reader=self.node.id,
                    key=self.node.key,
                    now_tai_s=wall_clock_tai_s(),
                    nonce=secrets.token_hex(16),
                    wait_s=WAIT_S,
                )

            while not self._stopping.is_set():
                self._pull_once(issuer, transport)

    def _pull_once(self, issuer: str, transport: Callable[[FeedHead], bytes]) -> None:
        """Pull until there is nothing new; a fault is told once and tried again after a while."""
        node = self.node
        try:
            if node.store.link_state(issuer) is LinkState.CUT:
                self._stopping.wait(RETRY_S)
                return
            arrival = receive(node, issuer, transport)
        except (PullError, StoreError) as fault:
            if not self._stopping.is_set():
                node.note_link(issuer, str(fault))
                self._stopping.wait(RETRY_S)
            return
        node.note_link(issuer, None)
        if arrival.refused:
            self._stopping.wait(RETRY_S)

    def _take_in(self) -> None:
        """Take in what lands, and now and then release what has become due and note the time."""
        node = self.node
        looks = 0
        while not self._stopping.wait(LOOK_EVERY_S):
            looks += 1
            try:
                for _ in take_incoming(node):
                    pass
                if looks % DUE_EVERY_LOOKS == 0:
                    share(node)
                    node.store.note_time(node.now_tai_s())
            except (StoreError, OSError) as fault:
                node.complain(f"cannot take in or release: {fault}")


def listen(host: str, port: int) -> socket.socket:
    """Open the port to listen on; raises PortInUseError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise PortInUseError(f"port {port} of {host} is in use ({error.strerror})") from error
    return listening
