"""What a node has at hand: who it is, its key, its store, its clock, its agreements as they stand now."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import NamedTuple

from commonsky.domain import Agreement, RecordKind
from commonsky.federation import Receiver, SigningKey, VerifyKey
from commonsky.federation.keys import public_hex, verify_key
from commonsky.node.agreements import Keys, Shelf, read_shelf, stamp_of
from commonsky.node.config import NodeConfig, NodeFolder, OwnSensor
from commonsky.node.screened import Screened
from commonsky.node.stopwatch import Stopwatch
from commonsky.sharing.referee import Referee
from commonsky.store import Store, StoreError
from commonsky.store.member_keys import keys_after


class Settled(NamedTuple):
    """Up to which log entry all is decided for a reader, and when a refusal is due to be asked again."""

    through: int
    next_revisit_tai_s: float


@dataclass
class Node:
    """One member's node; ``now_tai_s`` is its only clock."""

    config: NodeConfig
    folder: NodeFolder
    key: SigningKey
    orbit_secret: bytes
    store: Store
    now_tai_s: Callable[[], float]
    stopwatch: Stopwatch
    closing: bool = False
    last_screening: Screened | None = None
    _sealed_count: int = 0
    _sealed: Condition = field(default_factory=Condition)
    _to_wake: set[Callable[[], object]] = field(default_factory=set)
    _shelf: Shelf | None = None
    _referee: tuple[Shelf, Referee] | None = None
    _shared_under: tuple[Agreement, ...] | None = None
    _link_faults: dict[str, str | None] = field(default_factory=dict)
    _settled: dict[str, Settled] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _said: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def id(self) -> str:
        """The member that runs this node."""
        return self.config.member.id

    @property
    def sensors(self) -> dict[str, OwnSensor]:
        """Our own sensors by id."""
        return {own.sensor.id: own for own in self.config.sensors}

    def agreements(self) -> Shelf:
        """Read the agreements of our folder as they stand now; a changed document counts at once, as does an act."""
        now_tai_s = self.now_tai_s()
        folder = self.folder.agreements
        with self._lock:
            shelf = self._shelf
            if shelf is None or now_tai_s >= shelf.changes_tai_s or shelf.stamp != stamp_of(folder):
                shelf = read_shelf(folder, self.signers(), own=self.id, now_tai_s=now_tai_s)
                self._shelf = shelf
            return shelf

    def referee(self, shelf: Shelf, members: frozenset[str]) -> Referee:
        """What decides by Cedar under these agreements about records that these members have a part in.

        Raises PolicyError when Cedar cannot read the agreements.
        """
        with self._lock:
            kept = self._referee
            if kept is None or kept[0] is not shelf or not members <= kept[1].members:
                known = members.union(() if kept is None else kept[1].members)
                given, held = shelf.given_by(self.id), shelf.held_by(self.id)
                kept = self._referee = shelf, Referee(given, giver=self.id, members=known, held=held)
            return kept[1]

    def agreements_changed(self, shelf: Shelf) -> bool:
        """Whether these are other agreements than the last ones that we shared under; asking counts as sharing."""
        with self._lock:
            changed = self._shared_under != shelf.bearing
            self._shared_under = shelf.bearing
            if changed:
                self._settled.clear()
            return changed

    def due(self, reader: str, kinds: Collection[RecordKind]) -> bool:
        """Whether something may wait for a decision for a reader: cheaper to ask than what it is."""
        with self._lock:
            settled = self._settled.get(reader)
        if settled is None or self.store.last_entry(kinds) > settled.through:
            return True
        return self.now_tai_s() >= settled.next_revisit_tai_s

    def first_time_for(self, reader: str) -> bool:
        """Whether nobody said yet that the feed of a reader goes on in this process's generation."""
        return reader not in self._begun

    def note_begun(self, reader: str) -> None:
        """The feed of a reader goes on in this process's generation; there is nothing more to tell again."""
        self._begun.add(reader)

    def look_again(self) -> None:
        """What waits for decisions is not known any more, as when something may be used again."""
        with self._lock:
            self._settled.clear()

    def note_settled(self, reader: str, through: int) -> None:
        """Nothing up to this log entry waits for a decision for a reader, but for what time will bring."""
        settled = Settled(through, self.store.next_revisit(reader))
        with self._lock:
            self._settled[reader] = settled

    def say_once(self, topic: str, text: str) -> None:
        """Write a line to the watch log, unless it is the last thing that was said on this topic."""
        with self._lock:
            news = self._said.get(topic) != text
            self._said[topic] = text
        if news:
            self._log(topic, text)

    @property
    def sealed_count(self) -> int:
        """How often this process has put something on a feed."""
        return self._sealed_count

    def note_sealed(self) -> None:
        """Something was put on a feed: wake those who wait for it."""
        with self._sealed:
            self._sealed_count += 1
            self._wake()

    def wait_for_more(self, sealed_count: int, timeout_s: float) -> None:
        """Wait until this process has put more on its feeds than when the count was taken, or the time is over."""
        with self._sealed:
            self._sealed.wait_for(lambda: self.closing or self._sealed_count != sealed_count, timeout_s)

    def close_feeds(self) -> None:
        """Let nobody wait any longer: this process ends."""
        with self._sealed:
            self.closing = True
            self._wake()

    @contextmanager
    def waking(self, call: Callable[[], object]) -> Iterator[None]:
        """Have something called, inside of the block, each time that more was sealed or this process ends."""
        with self._sealed:
            self._to_wake.add(call)
        try:
            yield
        finally:
            with self._sealed:
                self._to_wake.discard(call)

    def _wake(self) -> None:
        self._sealed.notify_all()
        for call in self._to_wake:
            call()

    def complain(self, text: str) -> None:
        """Say on stderr what cannot even be stored, as on a full disk: once, until something else is to be said."""
        with self._lock:
            news = self._said.get("stderr") != text
            self._said["stderr"] = text
        if news:
            sys.stderr.write(f"{self.id}: {text}\n")

    def note_link(self, peer: str, fault: str | None) -> None:
        """Remember how the last pull from a partner ended; a change is a line in the watch log."""
        with self._lock:
            before = self._link_faults.get(peer)
            self._link_faults[peer] = fault
        if fault != before:
            self._log("link", f"{peer}: {fault or 'answers again'}")

    def _log(self, topic: str, text: str) -> None:
        """Write to the watch log, or on a full disk to stderr: a line that cannot be kept stops no work."""
        try:
            self.store.write_log(self.now_tai_s(), topic, text)
        except StoreError as fault:
            self.complain(f"{text} (not in the watch log: {fault.reason})")

    def link_fault(self, peer: str) -> str | None:
        """Say what is wrong with the link to a partner, as of the last pull."""
        with self._lock:
            return self._link_faults.get(peer)

    def keys(self) -> dict[str, VerifyKey]:
        """The pinned keys of our partners."""
        return {
            peer: verify_key(chain[-1]) for peer, chain in self._key_chains(self.store.key_steps()).items()
        }

    def bridges(self) -> bytes:
        """Our old keys' word on the keys that followed them, as PEM; nothing while there was no other key."""
        file = self.folder.bridges
        return file.read_bytes() if file.exists() else b""

    def key_of(self, member: str) -> VerifyKey | None:
        """The key that a partner signs with now; ``None`` for who is no partner."""
        return None if self.config.peer(member) is None else verify_key(self.key_chain(member)[-1])

    def key_chain(self, peer: str) -> list[str]:
        """The keys of a partner in hexadecimal: the pinned one and those that followed it, the one in use last."""
        known = self.config.peer(peer)
        if known is None:
            raise ValueError(f"{peer} is no partner")
        return self._key_chains(self.store.key_steps())[peer]

    def _key_chains(self, steps: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
        pinned = {peer.member.id: peer.member.public_key for peer in self.config.peers}
        return {peer: [key, *keys_after(key, steps.get(peer, {}))] for peer, key in pinned.items()}

    def signers(self) -> Keys:
        """The keys with which members sign acts on agreements, and signed them before: our partners' and our own."""
        steps = self.store.key_steps()
        ours = {public_hex(self.key)}.union(*steps.get(self.id, {}).items())
        keys = {self.id: ours} | {peer: set(chain) for peer, chain in self._key_chains(steps).items()}
        return {member: tuple(map(verify_key, sorted(chain))) for member, chain in keys.items()}

    def receiver(self) -> Receiver:
        """What we know when a partner's envelope comes."""
        return Receiver(
            own=self.id, mode=self.config.mode, keys=self.keys(), agreements=self.agreements().by_reference()
        )
