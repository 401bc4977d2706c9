"""Who may reach what of a node: partners their feed, and only this machine the console.

Without accounts the console asks for no name and shows all that the node knows, whatever its label says. It is
therefore given only to clients on this machine that call it by a name of this machine: a page of another site that has
had its own name resolve to the loopback address (DNS rebinding) still says its own name, and a proxy says that it is
one.

Once people must log in, a TLS proxy on this machine may show the console to others under the one name that
``[people] public_url`` says.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from commonsky.domain.address import is_loopback

OPEN_TO_PARTNERS = "/feed/"
SECURE = "commonsky.secure"
"""Set in the scope of a request that came to the public name, over TLS."""
ADDRESS = "commonsky.address"
"""Set in the scope: where the client is, as the proxy says it for the public name."""

_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")


class OwnMachineOnly:
    """Refuses, to all but this machine, everything that is not the partner feed.

    ``public_url`` is where a proxy shows the console too, as soon as ``login_required`` says so; empty: nowhere.
    """

    def __init__(
        self, app: ASGIApp, *, public_url: str = "", login_required: Callable[[], bool] = lambda: False
    ) -> None:
        self._app = app
        self._public_host = urlsplit(public_url).netloc.lower()
        self._login_required = login_required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "lifespan" or await self._may_come(scope):
            await self._app(scope, receive, send)
        else:
            words = "the console is for this machine only, at its loopback address\n"
            await PlainTextResponse(words, status_code=403)(scope, receive, send)

    async def _may_come(self, scope: Scope) -> bool:
        client = scope.get("client")
        scope[ADDRESS] = client[0] if client is not None else "nowhere"
        if scope["path"].startswith(OPEN_TO_PARTNERS) or _is_local(scope):
            return True
        headers = Headers(scope=scope)
        if not self._public_host or headers.get("host", "").lower() != self._public_host:
            return False
        if not is_loopback(scope[ADDRESS]) or headers.get("x-forwarded-proto", "https") != "https":
            return False
        # The proxy adds whom it heard at the end; what stands before that anybody may have written.
        scope[ADDRESS] = headers.get("x-forwarded-for", "").split(",")[-1].strip() or scope[ADDRESS]
        scope[SECURE] = True
        return await run_in_threadpool(self._login_required)


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
