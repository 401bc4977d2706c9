"""What ``node.toml`` says of links: how a partner is reached, where the feed is served, which broker there is."""

from urllib.parse import urlsplit

from msgspec import Struct

from commonsky.domain.address import is_loopback

BY_HAND = "file:"
"""Address of a partner that no network reaches: its feed is carried in files."""
VIA_BROKER = "nats:"
"""Address of a partner that is reached through our broker."""


class FeedPort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the feed alone is served over TLS, to partners that show a certificate of their pinned key.

    ``listen`` is an address of this machine and a port, as ``0.0.0.0:8743``.
    """

    listen: str

    def __post_init__(self) -> None:
        if not self.host or not self.port:
            raise ValueError(f"feed: listen {self.listen!r} is not like 0.0.0.0:8743")

    @property
    def host(self) -> str:
        """The address."""
        return self.listen.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port, 0 for none."""
        port = self.listen.rpartition(":")[2]
        return int(port) if port.isdecimal() and int(port) < 65_536 else 0


class BrokerLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The NATS broker that this node is connected to, perhaps a leaf node of its own.

    Attributes
    ----------
    url
        ``nats://`` in the clear, on this machine only, or ``tls://``.
    tls_ca
        File with the certificates that the broker's is checked against, in place of the machine's.
    keep_days, keep_bytes
        For so long, and so much for each reader, the broker keeps what was pushed, for readers that are away. Older
        envelopes are asked for.
    ask_every_s
        So often a partner is asked whether the broker has lost something, when nothing shows that it has.

    """

    url: str
    tls_ca: str = ""
    keep_days: float = 7.0
    keep_bytes: int = 1_073_741_824
    ask_every_s: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"nats", "tls"} or not parts.hostname:
            raise ValueError(
                f"broker: url {self.url!r} is not like nats://127.0.0.1:4222 or tls://broker:4222"
            )
        if parts.scheme == "nats" and not is_loopback(parts.hostname):
            raise ValueError(
                f"broker: url {self.url!r} would carry records in the clear: use tls beyond this machine"
            )
        if not (self.keep_days > 0.0 and self.keep_bytes > 0 and self.ask_every_s > 0.0):
            raise ValueError("broker: keep_days, keep_bytes and ask_every_s must be positive")
