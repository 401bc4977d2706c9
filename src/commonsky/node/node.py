"""What a node has at hand: who it is, its key, its store, its clock, its agreements as they stand now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from commonsky.federation import Receiver, SigningKey, VerifyKey
from commonsky.federation.keys import verify_key
from commonsky.node.agreements import Shelf, Stamp, read_shelf, stamp_of
from commonsky.node.config import NodeConfig, NodeFolder, OwnSensor
from commonsky.node.stopwatch import Stopwatch
from commonsky.store import Store


@dataclass
class Node:
    """One member's node; ``now_tai_s`` is its only clock."""

    config: NodeConfig
    folder: NodeFolder
    key: SigningKey
    store: Store
    now_tai_s: Callable[[], float]
    stopwatch: Stopwatch
    estimating: Lock = field(default_factory=Lock)
    _shelf: Shelf | None = None
    _shared_under: Stamp | None = None
    _link_faults: dict[str, str | None] = field(default_factory=dict)
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
        """Read the agreements of our folder as they stand now; a changed document counts at once."""
        with self._lock:
            if self._shelf is None or self._shelf.stamp != stamp_of(self.folder.agreements):
                self._shelf = read_shelf(self.folder.agreements)
            return self._shelf

    def agreements_changed(self, shelf: Shelf) -> bool:
        """Whether these are other agreements than the last ones that we shared under; asking counts as sharing."""
        with self._lock:
            changed = self._shared_under != shelf.stamp
            self._shared_under = shelf.stamp
            return changed

    def say_once(self, topic: str, text: str) -> None:
        """Write a line to the watch log, unless it is the last thing that was said on this topic."""
        with self._lock:
            news = self._said.get(topic) != text
            self._said[topic] = text
        if news:
            self.store.write_log(self.now_tai_s(), topic, text)

    def note_link(self, peer: str, fault: str | None) -> None:
        """Remember how the last pull from a partner ended; a change is a line in the watch log."""
        with self._lock:
            before = self._link_faults.get(peer)
            self._link_faults[peer] = fault
        if fault != before:
            self.store.write_log(self.now_tai_s(), "link", f"{peer}: {fault or 'answers again'}")

    def link_fault(self, peer: str) -> str | None:
        """Say what is wrong with the link to a partner, as of the last pull."""
        with self._lock:
            return self._link_faults.get(peer)

    def keys(self) -> dict[str, VerifyKey]:
        """The pinned keys of our partners."""
        return {peer.member.id: verify_key(peer.member.public_key) for peer in self.config.peers}

    def receiver(self) -> Receiver:
        """What we know when a partner's envelope comes."""
        return Receiver(
            own=self.id, mode=self.config.mode, keys=self.keys(), agreements=self.agreements().by_reference()
        )
