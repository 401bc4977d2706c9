"""Wait for more to give, without holding a thread: a partner that waits, or reads slowly, keeps nobody else waiting."""

import asyncio
from contextlib import suppress

from commonsky.node.node import Node


async def more_to_give(node: Node, sealed_count: int, timeout_s: float) -> None:
    """Wait until this process has sealed more than when the count was taken, ends, or the time is over."""
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    with node.waking(lambda: loop.call_soon_threadsafe(woken.set)):
        if not node.closing and node.sealed_count == sealed_count:
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), timeout_s)
