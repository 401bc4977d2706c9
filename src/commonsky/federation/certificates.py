"""Certificates of pinned keys: a member's key is its own authority, and there is no other.

- `shown` is what a node shows to partners: a key of its own, certified by the member's key.
- `pinned_root` is what a partner checks that against: the member's key, certified by the partner to itself.
- `bridge` is a member's old key certifying its new one. Who has pinned the old one follows bridges to the new.

Keys, times and what makes serial numbers differ are arguments; nothing is kept here.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Member
from commonsky.federation.keys import SigningKey, VerifyKey, verify_key

LASTS = timedelta(days=7)
SKEW = timedelta(days=1)
"""A certificate is valid from so long ago on: clocks differ."""

MOST_BRIDGES = 100
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def shown(
    own: str, key: SigningKey, of_node: VerifyKey, *, now_tai_s: float, lasts: timedelta = LASTS
) -> bytes:
    """Return the certificate of a node's own key, signed by its member's key, as PEM."""
    now = datetime.fromisoformat(utc_from_tai_s(now_tai_s))
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        _builder(_name(f"commonsky node {own}"), _member_name(own), of_node, key)
        .not_valid_before(now - SKEW)
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False)
    )
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def pinned_root(own: str, key: SigningKey, member: Member) -> bytes:
    """Return the root that a member's pinned key is, as PEM: our word to ourselves that the key is the member's."""
    pinned_by = _name(f"commonsky, pinned by {own}")
    return _authority(_member_name(member.id), pinned_by, verify_key(member.public_key), key)


def bridge(own: str, old: SigningKey, new: VerifyKey) -> bytes:
    """Return a member's word, under its old key, that another key follows it, as PEM."""
    return _authority(_member_name(own), _member_name(own), new, old)


def bridged(member: str, known: VerifyKey, bridges: bytes) -> list[VerifyKey]:
    """Return the keys that follow a known one of a member by its bridges, in their order.

    What is no bridge of this member, or not signed by a key that was reached, leads nowhere. Raises ValueError for
    bytes that are no certificates.
    """
    offered = x509.load_pem_x509_certificates(bridges)[:MOST_BRIDGES] if bridges.strip() else []
    reached = [known]
    while (following := _following(member, reached[-1], offered)) is not None and following not in reached:
        reached.append(following)
    return reached[1:]


def _following(member: str, key: VerifyKey, offered: Iterable[x509.Certificate]) -> VerifyKey | None:
    for one in offered:
        try:
            public = one.public_key()
            if one.subject == _member_name(member) and isinstance(public, VerifyKey) and public != key:
                key.verify(one.signature, one.tbs_certificate_bytes)
                return public
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
    return None


def _authority(subject: x509.Name, issuer: x509.Name, public: VerifyKey, key: SigningKey) -> bytes:
    builder = (
        _builder(subject, issuer, public, key)
        .not_valid_before(_LONG_AGO)
        .not_valid_after(_NEVER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: VerifyKey, key: SigningKey
) -> x509.CertificateBuilder:
    """Begin a certificate; its key identifiers tell the keys of one member apart, which all have its name."""
    serial = hashlib.sha256(public.public_bytes_raw() + key.public_key().public_bytes_raw()).digest()[:16]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(int.from_bytes(serial) | 1)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )


def _member_name(member: str) -> x509.Name:
    return _name(f"commonsky member {member}")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
