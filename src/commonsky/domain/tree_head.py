"""Where an audit tree stands."""

from msgspec import Struct


class TreeHead(Struct, frozen=True, kw_only=True):
    """The number of leaves and the root (32 bytes) of the audit tree of the member ``log``.

    ``gen`` is the generation of its node, which rises when it is restored from a backup: a tree that lost leaves goes
    on as another one, and all who saw the old one can tell.
    """

    log: str
    gen: int
    size: int
    root: bytes
