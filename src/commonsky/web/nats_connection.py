"""A connection to a NATS broker with a thread of its own, which comes back by itself whatever becomes of the broker."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from commonsky.federation import SigningKey
from commonsky.node.link import LinkError
from commonsky.node.link_config import BrokerLink
from commonsky.web.nats_subjects import user_seed

if TYPE_CHECKING:
    from nats.aio.client import Client

RECONNECT_S = 0.25
CONNECTED_WITHIN_S = 1.0
PING_S = 5.0
ENDED_WITHIN_S = 30.0
_T = TypeVar("_T")


class BrokerConnection:
    """What the threads of a node share to speak with its broker."""

    def __init__(self, link: BrokerLink, key: SigningKey, name: str) -> None:
        self.link = link
        self._key = key
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"{name} broker", daemon=True)
        self._client: Client | None = None
        self._fault = "not connected yet"
        self._up = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self.reconnected = 0

    def start(self) -> None:
        """Begin to connect; raises LinkError when the extra that this needs is not installed."""
        try:
            import nats  # noqa: F401, PLC0415  # comes with the extra
            import nkeys  # noqa: F401, PLC0415
        except ImportError as error:
            raise LinkError(f"a broker needs more: pip install 'commonsky[nats]' ({error})") from error
        self._thread.start()
        self._loop.call_soon_threadsafe(self._begin)

    def close(self) -> None:
        """Let go of the broker."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=ENDED_WITHIN_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, _T], *, timeout_s: float) -> _T:
        """Do work on the connection's own thread and wait for it; raises LinkError in place of all that goes wrong."""
        import nats.errors  # noqa: PLC0415  # comes with the extra

        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout=timeout_s)
        except (TimeoutError, nats.errors.Error, OSError) as error:
            future.cancel()
            raise LinkError(
                f"the broker at {self.link.url}: {self._fault or error or 'no answer'}"
            ) from error

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on by itself on the connection's own thread."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def client(self) -> "Client":
        """Give the connected client; raises OSError when there is none, also after a moment."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._up.wait(), CONNECTED_WITHIN_S)
        if self._client is None or not self._client.is_connected:
            raise OSError(self._fault or "not connected")
        return self._client

    def _begin(self) -> None:
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        from nats.aio.client import Client  # noqa: PLC0415  # comes with the extra

        options: dict[str, Any] = {"reconnect_time_wait": RECONNECT_S, "ping_interval": PING_S}
        if self.link.url.startswith("tls:"):
            options["tls"] = ssl.create_default_context(cafile=self.link.tls_ca or None)
        self._client = Client()
        await self._client.connect(
            self.link.url,
            name=self._name,
            nkeys_seed_str=user_seed(self._key),
            max_reconnect_attempts=-1,
            max_outstanding_pings=2,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_connected,
            pending_size=64 * 1024 * 1024,
            **options,
        )
        await self._on_connected()

    async def _end(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _on_connected(self) -> None:
        self._fault = ""
        self.reconnected += 1
        self._up.set()

    async def _on_disconnected(self) -> None:
        self._fault = "the connection is lost"
        self._up.clear()

    async def _on_error(self, error: Exception) -> None:
        if self._client is None or not self._client.is_connected:
            self._fault = str(error) or type(error).__name__
