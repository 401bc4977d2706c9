"""A node at its broker: its end as a giver, and its link to each giver."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commonsky.domain import FeedHead
from commonsky.federation import PullRequest, sign_pull
from commonsky.node.link import LinkError, Transport
from commonsky.node.node import Node
from commonsky.web.nats_connection import BrokerConnection
from commonsky.web.nats_link import NatsGiver, NatsPull


@contextmanager
def connected(node: Node) -> Iterator[BrokerConnection]:
    """Connect to the node's broker until the end of the block; raises LinkError where the node has none."""
    if node.config.broker is None:
        raise LinkError(f"{node.folder.config} names no [broker]")
    connection = BrokerConnection(node.config.broker, node.key, f"commonsky {node.id}")
    connection.start()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def at_broker(
    node: Node, *, wall_clock_tai_s: Callable[[], float], wait_s: float
) -> Iterator[Callable[[str], Transport]]:
    """Give to partners through the broker until the end of the block, and give what makes the link to a giver."""
    with connected(node) as connection:
        NatsGiver(node, connection, wall_clock_tai_s=wall_clock_tai_s).start()

        def link(issuer: str) -> Transport:
            sign = _signer(node, issuer, wall_clock_tai_s)
            return NatsPull(connection, issuer=issuer, reader=node.id, sign=sign, wait_s=wait_s)

        yield link


def _signer(node: Node, issuer: str, now_tai_s: Callable[[], float]) -> Callable[[FeedHead], str]:
    def credentials(head: FeedHead) -> str:
        request = PullRequest(
            reader=node.id,
            issuer=issuer,
            gen=head.gen,
            seq=head.seq,
            header_sha256=head.header_sha256,
            at_tai_s=now_tai_s(),
            nonce=secrets.token_hex(16),
        )
        return sign_pull(request, node.key, node.bridges())

    return credentials
