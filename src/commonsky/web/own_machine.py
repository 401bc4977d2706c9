"""Who may reach what of a node: partners their feed, and only this machine the console.

The console asks for no name and shows all that the node knows, whatever its label says. It is therefore given only to
clients on this machine that call it by a name of this machine: a page of another site that has had its own name
resolve to the loopback address (DNS rebinding) still says its own name, and a proxy says that it is one.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from commonsky.node.config import is_loopback

OPEN_TO_PARTNERS = "/feed/"
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")


class OwnMachineOnly:
    """Refuses, to all but this machine, everything that is not the partner feed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(OPEN_TO_PARTNERS) or _is_local(scope):
            await self._app(scope, receive, send)
        else:
            words = "the console is for this machine only, at its loopback address\n"
            await PlainTextResponse(words, status_code=403)(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    client = scope.get("client")
    return (
        client is not None
        and is_loopback(client[0])
        and is_loopback(_host_of(headers.get("host", "")))
        and not any(name in headers for name in _PROXY_HEADERS)
    )


def _host_of(host_header: str) -> str:
    try:
        return urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return ""
