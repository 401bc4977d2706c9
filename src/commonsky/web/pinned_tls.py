"""TLS between nodes without an authority: each side shows a certificate that the other has pinned the signing key of.

A member's key is its own authority and signs certificates that its node makes for itself at every start and renews:
each has a key of its own, so the member's key signs nothing that the other end of a handshake chooses. Whoever has
pinned the member's key certifies it to itself as the one root of that member, and OpenSSL does the rest: a chain to a
pinned key, within its time, is the partner; everything else gets no connection. Names and addresses play no part.
"""

import os
import ssl
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Member
from commonsky.federation import SigningKey
from commonsky.federation.keys import private_pem, verify_key

LASTS = timedelta(days=7)
SKEW = timedelta(days=1)
"""A certificate is valid from so long ago on: clocks differ."""

RENEW_S = 86_400.0
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def server_context(
    own: str, key: SigningKey, partners: Iterable[Member], *, now_tai_s: float
) -> ssl.SSLContext:
    """Return the context of a server that only these partners may connect to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _prepared(context, own, key, partners, now_tai_s)


def client_context(own: str, key: SigningKey, partner: Member, *, now_tai_s: float) -> ssl.SSLContext:
    """Return the context of a client that connects to this partner and to nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the key says who it is, wherever it answers
    return _prepared(context, own, key, [partner], now_tai_s)


def renew(context: ssl.SSLContext, own: str, key: SigningKey, *, now_tai_s: float) -> None:
    """Show a new certificate from the next handshake on."""
    chain = certificate(own, key, now_tai_s=now_tai_s)
    # The module reads keys from files only; this one is the user's own and gone at once.
    file, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(file, "wb") as out:
            out.write(chain)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def certificate(own: str, key: SigningKey, *, now_tai_s: float, lasts: timedelta = LASTS) -> bytes:
    """Return a new key and a certificate for it that the member's key has signed, as PEM."""
    shown = SigningKey.generate()
    now = datetime.fromisoformat(utc_from_tai_s(now_tai_s))
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(f"commonsky node {own}"))
        .issuer_name(_member_name(own))
        .public_key(shown.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False)
        .sign(key, None)
    )
    return private_pem(shown) + made.public_bytes(serialization.Encoding.PEM)


def root(own: str, key: SigningKey, member: Member) -> bytes:
    """Return what a member's pinned key is the root by, as PEM: our word to ourselves that the key is the member's."""
    made = (
        x509.CertificateBuilder()
        .subject_name(_member_name(member.id))
        .issuer_name(_name(f"commonsky, pinned by {own}"))
        .public_key(verify_key(member.public_key))
        .serial_number(x509.random_serial_number())
        .not_valid_before(_LONG_AGO)
        .not_valid_after(_NEVER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, None)
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _prepared(
    context: ssl.SSLContext, own: str, key: SigningKey, partners: Iterable[Member], now_tai_s: float
) -> ssl.SSLContext:
    # From 1.3 on nobody chooses what a certificate's key signs, and there is no session without a certificate.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a pinned key is a root, whoever certifies it
    roots = b"".join(root(own, key, partner) for partner in partners)
    if roots:
        context.load_verify_locations(cadata=roots.decode())
    renew(context, own, key, now_tai_s=now_tai_s)
    return context


def _member_name(member: str) -> x509.Name:
    return _name(f"commonsky member {member}")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
