"""Requests to an application without a server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx


def ask(app, path, *, client="127.0.0.1", **headers):
    async def asking():
        transport = httpx.ASGITransport(app, client=(client, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8701") as browser:
            return await browser.get(path, headers=headers)

    # In a thread of its own: a browser under test may keep a loop in this one.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, asking()).result()
