"""Found a node's folder, and open it: below the commands, the only place that reads clocks and makes files."""

import hmac
import os
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock

from msgspec.structs import replace

from commonsky.astro.time import UNIX_EPOCH_JD, tai_s_from_jd_utc
from commonsky.federation import SigningKey
from commonsky.federation.certificates import bridge
from commonsky.federation.keys import private_pem, public_hex, read_private_pem, signing_key
from commonsky.formats.errors import FormatError
from commonsky.node.agreement_files import write_whole
from commonsky.node.coarse import read_or_make_secret
from commonsky.node.config import NodeConfig, NodeFolder, read_config, write_config
from commonsky.node.key_roll import announce
from commonsky.node.locks import take
from commonsky.node.node import Node
from commonsky.node.notices import seal_notices
from commonsky.node.people.desk import Desk
from commonsky.node.stopwatch import Stopwatch
from commonsky.store import Store

BEFORE_ALL_TAI_S = -1e12


def wall_clock_tai_s() -> float:
    """TAI seconds since J2000, by this machine's clock."""
    return float(tai_s_from_jd_utc(UNIX_EPOCH_JD, time.time() / 86_400.0))  # noqa: TID251  # the node's start-up


def found_node(folder: Path, config: NodeConfig, key: SigningKey) -> NodeFolder:
    """Make a node's folder; raises FormatError if one is there already, or the configuration has another key."""
    home = NodeFolder(folder)
    if home.config.exists():
        raise FormatError(str(home.config), "a node lives here already")
    if config.member.public_key != public_hex(key):
        raise FormatError(str(home.config), "the member's public key is not that of the node's signing key")
    home.path.mkdir(
        mode=0o700, parents=True, exist_ok=True
    )  # what partners may not have, other users may not either
    for part in (home.agreements, home.incoming):
        part.mkdir(parents=True, exist_ok=True)
    _write_key(home.key, key)
    write_config(config, home.config)
    return home


def open_node(folder: Path, now_tai_s: Callable[[], float] | None = None) -> Node:
    """Open a node; raises FormatError or StoreError that names the file which is missing or wrong.

    Without a clock it runs on the machine's, or in an exercise stands at the latest time that it has seen. Its time
    never goes back: a clock set back would revive expired labels and agreements.
    """
    home = NodeFolder(folder)
    config = read_config(home.config)
    key = _signing_key(home, config)
    if config.member.public_key != public_hex(key):
        raise FormatError(str(home.config), "member.public_key is not that of node.key")
    store = Store.open(config.database or home.database, audit_secret=_audit_secret(key))
    return start_node(config, home, key, store, now_tai_s)


def start_node(
    config: NodeConfig,
    home: NodeFolder,
    key: SigningKey,
    store: Store,
    now_tai_s: Callable[[], float] | None = None,
) -> Node:
    """Put a node together from its parts, with a clock that never goes back (see `open_node`)."""
    if now_tai_s is None:
        now_tai_s = partial(_latest_seen, store) if config.exercise_clock else wall_clock_tai_s
    seen_tai_s = max(now_tai_s(), _latest_seen(store))
    return Node(
        config=config,
        folder=home,
        key=key,
        orbit_secret=read_or_make_secret(home.orbit_secret, key),
        store=store,
        now_tai_s=_never_back(now_tai_s, store.note_time(seen_tai_s)),
        stopwatch=Stopwatch(home.stopwatch, time.monotonic),
    )


def roll_key(folder: Path, entropy: bytes) -> tuple[str, str]:
    """Give a node a new signing key, made of 32 random bytes, and tell its partners; give the old and the new one.

    Whenever a process ends in between, the same call goes on where it was. Raises FolderBusyError while it is served.
    """
    home = NodeFolder(folder)
    with closing(take(home.serving_lock)):
        node = open_node(folder)
        with closing(node.store):
            if not home.next_key.exists():
                _write_key(home.next_key, signing_key(entropy))
            following = _read_key(home.next_key)
            announce(node, following)
            _build_bridge(node, following)
            for peer in node.config.peers:
                seal_notices(node, peer.member.id)
        member = replace(node.config.member, public_key=public_hex(following))
        write_config(replace(node.config, member=member), home.config)
        home.next_key.replace(home.key)
    return public_hex(node.key), public_hex(following)


def _build_bridge(node: Node, following: SigningKey) -> None:
    """Keep our key's word on the one that follows it: links that show keys before they carry notices need it."""
    word = bridge(node.id, node.key, following.public_key())
    held = node.bridges()
    if word not in held:
        write_whole(node.folder.bridges, (word + held).decode())


def desk_of(node: Node) -> Desk:
    """Give the desk of a node where people come in, by this machine's clock and chance."""
    return Desk(node, now_tai_s=wall_clock_tai_s, chance=os.urandom)


def _audit_secret(key: SigningKey) -> bytes:
    """Make the secret of a new database's audit salts: by a seeded exercise the same, and stored, so keys may roll."""
    return hmac.digest(key.private_bytes_raw(), b"commonsky-audit-salts-v1", "sha256")


def openid_secret(home: NodeFolder) -> str | None:
    """Read what the node proves itself by to its OpenID provider, if it has such a secret; others may not read it."""
    if not home.openid_secret.exists():
        return None
    return _read_secret(home.openid_secret).decode(errors="replace").strip()


def _latest_seen(store: Store) -> float:
    """Give the latest time that a node has seen; asked inside of transactions too, so it must not write."""
    seen = store.latest_time()
    return BEFORE_ALL_TAI_S if seen is None else seen


def _never_back(clock: Callable[[], float], latest_tai_s: float) -> Callable[[], float]:
    """Give a clock that stands while another shows less than the latest time that it has shown."""
    lock = Lock()

    def now_tai_s() -> float:
        nonlocal latest_tai_s
        with lock:
            latest_tai_s = max(latest_tai_s, clock())
            return latest_tai_s

    return now_tai_s


def _write_key(file: Path, key: SigningKey) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(private_pem(key))
        out.flush()
        os.fsync(out.fileno())


def _signing_key(home: NodeFolder, config: NodeConfig) -> SigningKey:
    """Read the key that the configuration names: a roll that ended between writing it and moving the key ends here."""
    if (
        home.next_key.exists()
        and public_hex(following := _read_key(home.next_key)) == config.member.public_key
    ):
        home.next_key.replace(home.key)
        return following
    return _read_key(home.key)


def _read_key(file: Path) -> SigningKey:
    """Read the signing key; a key that others of this machine may read is refused, as `ssh` does."""
    try:
        return read_private_pem(_read_secret(file))
    except ValueError as error:
        raise FormatError(str(file), str(error)) from error


def _read_secret(file: Path) -> bytes:
    try:
        mode, data = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise FormatError(str(file), f"cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise FormatError(str(file), "others may read this key; keep it to yourself with: chmod 600")
    return data
