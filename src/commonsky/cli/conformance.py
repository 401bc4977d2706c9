"""``commonsky conformance``: check from outside whether a partner's end of a link keeps the protocol."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.federation.conformance import (
    MOST_ENVELOPES,
    Finding,
    LinkUnderTest,
    Parties,
    Verdict,
)
from commonsky.federation.conformance import conformance as check
from commonsky.federation.keys import ENTROPY_BYTES, signing_key, verify_key
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.link import LinkError
from commonsky.node.link_config import VIA_BROKER
from commonsky.node.node import Node
from commonsky.node.start import wall_clock_tai_s
from commonsky.web.feed_client import client_for
from commonsky.web.http_probe import HttpProbe
from commonsky.web.pinned_tls import shower_of


def conformance(
    url: str,
    /,
    *,
    node: Annotated[Path, Parameter(name=["--node", "-n"])] = Path(),
    partner: str | None = None,
    most: int = MOST_ENVELOPES,
    json: bool = False,
) -> int:
    """Check from outside whether a partner's feed keeps the protocol, as a reader that it knows.

    The questions are signed by the key of a node of yours, which must be pinned at the partner; nothing is changed
    there. Exit code 0: every clause that could be tried holds; 1: one does not; 2: there is nobody to ask.

    Parameters
    ----------
    url
        Where the implementation serves, as `http://127.0.0.1:8701`, or `nats:` to ask through the node's own broker.
    node
        Folder of the node that asks (default: this folder).
    partner
        The member that is asked (default: the partner with this address, or the only one).
    most
        Read at most so many envelopes of the feed.
    json
        Print one JSON document.
    """
    with opened(node) as reader:
        peer = _asked(reader.config, url, partner)
        parties = Parties(
            issuer=peer.member.id,
            issuer_key=verify_key(peer.member.public_key),
            reader=reader.id,
            key=reader.key,
            stranger_key=signing_key(os.urandom(ENTROPY_BYTES)),
            mode=reader.config.mode,
        )
        with _probe(reader, peer, url) as probe:
            found = check(
                probe,
                parties,
                now_tai_s=wall_clock_tai_s,
                nonce=lambda: secrets.token_hex(16),
                most=most,
            )
        return show(_report(url, reader, peer, found), as_json=json)


@contextmanager
def _probe(reader: Node, peer: Peer, url: str) -> Iterator[LinkUnderTest]:
    """Give what asks, over the kind of link that the address is of."""
    issuer = peer.member.id
    if url == VIA_BROKER:
        from commonsky.web.nats_node import connected  # noqa: PLC0415  # of use to few, and slow to import
        from commonsky.web.nats_probe import NatsProbe  # noqa: PLC0415

        try:
            with connected(reader) as connection:
                yield NatsProbe(connection, issuer=issuer, reader=reader.id)
        except LinkError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error
    else:
        asked = replace(peer, url=url)
        client, _ = client_for(asked, shower_of(reader), now_tai_s=wall_clock_tai_s())
        with client:
            yield HttpProbe(client, url, issuer)


def _report(url: str, reader: Node, peer: Peer, found: list[Finding]) -> Report:
    if found[0].verdict is Verdict.FAILS and found[0].reason.startswith("no answer"):
        raise CommandError(f"{peer.member.id} cannot be asked: {found[0].reason}", Exit.UNUSABLE)
    count = {verdict: sum(one.verdict is verdict for one in found) for verdict in Verdict}
    passed = not count[Verdict.FAILS]
    title = (
        f"{url}, asked as {reader.id}, {'keeps' if passed else 'does not keep'} the protocol of the feed of "
    )
    facts: dict[str, object] = {str(verdict): count[verdict] for verdict in Verdict}
    rows = [(one.check, str(one.verdict), one.reason) for one in found]
    return Report(
        title + peer.member.id,
        facts,
        tables=(Table("", ("check", "verdict", "reason"), rows),),
        document={
            "url": url,
            "issuer": peer.member.id,
            "reader": reader.id,
            "conforms": passed,
            "checks": found,
        },
        exit_code=Exit.OK if passed else Exit.FAILED,
    )


def _asked(config: NodeConfig, url: str, partner: str | None) -> Peer:
    if url != VIA_BROKER and not url.startswith(("http://", "https://")):
        words = f"{url!r} is no address like http://127.0.0.1:8701, and not {VIA_BROKER} for our broker"
        raise CommandError(words, Exit.UNUSABLE)
    known = ", ".join(peer.member.id for peer in config.peers) or "nobody"
    if partner is not None:
        peer = config.peer(partner)
        if peer is None:
            raise CommandError(
                f"{partner} is no partner of {config.member.id}; it knows {known}", Exit.UNUSABLE
            )
        return peer
    there = [peer for peer in config.peers if peer.url.rstrip("/") == url.rstrip("/")] or config.peers
    if len(there) != 1:
        raise CommandError(
            f"say with --partner who is asked; {config.member.id} knows {known}", Exit.UNUSABLE
        )
    return there[0]
