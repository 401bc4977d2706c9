"""What things are called at a NATS broker, who may have them there, and the broker's configuration that says so.

Each member has an account of its own, closed to all others but for three things that it exports to one reader each:

=============================================  ======================================================================
``commonsky.feed.GIVER.READER.GEN.SEQ``        an envelope, pushed as it is released, and kept in a stream
``commonsky.ask.GIVER.READER``                 the giver answers a signed question for what follows a cursor
``$JS.API.DIRECT.GET.commonsky-feed-READER``   the broker gives one kept envelope, while the giver is away
=============================================  ======================================================================

An account's user proves itself by a key that follows from the member's signing key and is used for nothing else: the
broker chooses what it has signed, and must not come by a signature that means something elsewhere.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping

from commonsky.domain import FeedHead
from commonsky.federation import SigningKey
from commonsky.federation.keys import derived_key, public_hex

DOMAIN = "commonsky"
STREAM_PREFIX = "commonsky-feed-"
_PURPOSE = b"commonsky-nats-v1"
_USER = bytes([20 << 3])
_USER_SEED = bytes([18 << 3 | 20 >> 2, (20 << 3 & 31) << 3])
_MAX_PAYLOAD = 8 * 1024 * 1024
"""Of a message; an envelope that is larger is not pushed, and comes when it is asked for."""


def user_key(key: SigningKey) -> SigningKey:
    """Return the key by which a member's node proves itself to a broker."""
    return derived_key(key, _PURPOSE)


def user_nkey(key: SigningKey) -> str:
    """Return the public half of `user_key` as a broker's configuration names it: ``U`` and 55 letters and digits."""
    return _nkey(_USER, bytes.fromhex(public_hex(user_key(key))))


def user_seed(key: SigningKey) -> str:
    """Return the private half of `user_key` as NATS clients take it."""
    return _nkey(_USER_SEED, user_key(key).private_bytes_raw())


def _nkey(prefix: bytes, raw: bytes) -> str:
    """Spell a key as NATS does: what it is, its bytes, and their CRC-16, in base 32."""
    check = binascii.crc_hqx(prefix + raw, 0).to_bytes(2, "little")
    return base64.b32encode(prefix + raw + check).decode().rstrip("=")


def token(member: str) -> str:
    """Return a member's id as one word of a subject, where a dot would part it."""
    return member.replace(".", "~")


def feed_subject(giver: str, reader: str) -> str:
    """Return where the envelopes of one feed are published."""
    return f"commonsky.feed.{token(giver)}.{token(reader)}"


def place_subject(giver: str, reader: str, place: FeedHead) -> str:
    """Return where the envelope of one place is published."""
    return f"{feed_subject(giver, reader)}.{place.gen}.{place.seq}"


def ask_subject(giver: str, reader: str) -> str:
    """Return where a reader asks a giver."""
    return f"commonsky.ask.{token(giver)}.{token(reader)}"


def kept_subject(giver: str) -> str:
    """Return where a reader asks the broker for what it keeps of a giver."""
    return f"commonsky.kept.{token(giver)}"


def stream_name(reader: str) -> str:
    """Return the stream that keeps a reader's envelopes in the giver's account."""
    return f"{STREAM_PREFIX}{token(reader)}"


def broker_configuration(
    nkeys: Mapping[str, str], *, port: int, folder: str, leaf_port: int | None = None, host: str = "127.0.0.1"
) -> str:
    """Return the configuration of a NATS server for members, by id, with the public halves of their user keys.

    What is acknowledged is on disk (``sync_interval: always``). With ``leaf_port`` members may put a server of
    their own before it. Raises ValueError for what is no user key.
    """
    for member, nkey in nkeys.items():
        if not nkey or nkey != _checked(nkey):
            raise ValueError(
                f"{nkey!r} of {member} is no public user key of NATS: it begins with U and is 56 long"
            )
    accounts = {_account(member): _account_of(member, nkeys) for member in nkeys}
    lines = [
        f"listen: {host}:{port}",
        f"max_payload: {_MAX_PAYLOAD}",
        f"jetstream {{ store_dir: {json.dumps(folder)}, domain: {DOMAIN}, sync_interval: always }}",
        *([f"leafnodes {{ listen: {host}:{leaf_port} }}"] if leaf_port is not None else []),
        f"accounts: {json.dumps(accounts, indent=2)}",
    ]
    return "\n".join(lines) + "\n"


def leaf_configuration(key: SigningKey, *, hub: str, port: int, tls: bool = False) -> str:
    """Return the configuration of a member's own NATS server before a hub at ``host:port``.

    It holds the private half of the member's user key, and belongs in a file that only its user can read. Nodes
    connect to it on this machine.
    """
    remote = {"url": f"{'tls' if tls else 'nats-leaf'}://{hub}", "nkey": user_seed(key)}
    return f"listen: 127.0.0.1:{port}\nmax_payload: {_MAX_PAYLOAD}\nleafnodes: {json.dumps({'remotes': [remote]})}\n"


def _checked(nkey: str) -> str:
    """Spell a user key anew from its bytes; empty for what is none."""
    try:
        return _nkey(_USER, base64.b32decode(nkey)[1:-2]) if len(nkey) == 56 else ""
    except (binascii.Error, ValueError):
        return ""


def _account(member: str) -> str:
    return f"member-{token(member)}"


def _account_of(member: str, nkeys: Mapping[str, str]) -> dict[str, object]:
    others = [other for other in nkeys if other != member]
    return {
        "jetstream": "enabled",
        "users": [{"nkey": nkeys[member]}],
        "exports": [one for other in others for one in _exports(member, other)],
        "imports": [one for other in others for one in _imports(other, member)],
    }


def _exports(giver: str, reader: str) -> Iterator[dict[str, object]]:
    only = [_account(reader)]
    yield {"stream": f"{feed_subject(giver, reader)}.>", "accounts": only}
    for subject in (ask_subject(giver, reader), f"$JS.API.DIRECT.GET.{stream_name(reader)}"):
        yield {"service": subject, "response_type": "stream", "accounts": only}


def _imports(giver: str, reader: str) -> Iterator[dict[str, object]]:
    account = _account(giver)
    yield {"stream": {"account": account, "subject": f"{feed_subject(giver, reader)}.>"}}
    yield {"service": {"account": account, "subject": ask_subject(giver, reader)}}
    kept = {"account": account, "subject": f"$JS.API.DIRECT.GET.{stream_name(reader)}"}
    yield {"service": kept, "to": kept_subject(giver)}
