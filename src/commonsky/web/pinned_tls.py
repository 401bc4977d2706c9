"""TLS between nodes without an authority: each side shows a certificate that the other has pinned the signing key of.

A node makes a key and has its member's key certify it at every start and every day, so the member's key signs nothing
that the other end of a handshake chooses. Whoever has pinned the member's key has it as the one root of that member,
and OpenSSL does the rest: a chain to a pinned key, within its time, is the partner; everything else gets no connection.
Names and addresses play no part. A member that has taken a new key shows the bridges from its old ones with it.
"""

import os
import ssl
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from commonsky.domain import Member
from commonsky.federation import SigningKey
from commonsky.federation.certificates import LASTS, pinned_root, shown
from commonsky.federation.keys import private_pem
from commonsky.node.node import Node

RENEW_S = 86_400.0


class Shower(Struct, frozen=True):
    """Who shows certificates: a member's id, its key, and the bridges from the keys that it had before, as PEM."""

    own: str
    key: SigningKey
    bridges: bytes = b""


def shower_of(node: Node) -> Shower:
    """Return who a node is to those that it connects with."""
    return Shower(node.id, node.key, node.bridges())


def server_context(who: Shower, partners: Iterable[Member], *, now_tai_s: float) -> ssl.SSLContext:
    """Return the context of a server that only these partners may connect to."""
    return _prepared(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), who, partners, now_tai_s)


def client_context(who: Shower, partner: Member, *, now_tai_s: float) -> ssl.SSLContext:
    """Return the context of a client that connects to this partner and to nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the key says who it is, wherever it answers
    return _prepared(context, who, [partner], now_tai_s)


def renew(context: ssl.SSLContext, who: Shower, *, now_tai_s: float) -> None:
    """Show a new certificate from the next handshake on."""
    chain = certificate(who, now_tai_s=now_tai_s)
    # The module reads keys from files only; this one is the user's own and gone at once.
    file, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(file, "wb") as out:
            out.write(chain)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def certificate(who: Shower, *, now_tai_s: float, lasts: timedelta = LASTS) -> bytes:
    """Return a new key, its certificate and the bridges behind it, as PEM."""
    of_node = SigningKey.generate()
    public = of_node.public_key()
    return (
        private_pem(of_node) + shown(who.own, who.key, public, now_tai_s=now_tai_s, lasts=lasts) + who.bridges
    )


def _prepared(
    context: ssl.SSLContext, who: Shower, partners: Iterable[Member], now_tai_s: float
) -> ssl.SSLContext:
    # From 1.3 on nobody chooses what a certificate's key signs, and there is no session without a certificate.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a pinned key is a root, whoever certifies it
    roots = b"".join(pinned_root(who.own, who.key, partner) for partner in partners)
    if roots:
        context.load_verify_locations(cadata=roots.decode())
    renew(context, who, now_tai_s=now_tai_s)
    return context
