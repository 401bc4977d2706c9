"""What everything about people stands on: the node, the machine's clock, chance, and what passwords cost."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from commonsky.node.node import Node
from commonsky.node.people.passwords import Passwords
from commonsky.node.people.settings import PeopleSettings
from commonsky.store import Store

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Desk:
    """Where people come in.

    ``now_tai_s`` is the machine's clock, not the node's: in an exercise the node's own may stand or run. ``chance``
    gives so many bytes that nobody can guess.
    """

    node: Node
    now_tai_s: Callable[[], float]
    chance: Callable[[int], bytes]
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def store(self) -> Store:
        """The node's store."""
        return self.node.store

    @property
    def settings(self) -> PeopleSettings:
        """What the node's configuration says of people."""
        return self.node.config.people

    def new_token(self) -> str:
        """Make a token that nobody can guess."""
        return urlsafe_b64encode(self.chance(TOKEN_BYTES)).rstrip(b"=").decode()

    def say(self, text: str) -> None:
        """Write to the watch log what people did."""
        self.store.write_log(self.node.now_tai_s(), "people", text)


def digest_of(token: str) -> str:
    """Give what the store keeps of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
