"""The console's page and its files, with headers that keep everything on this origin."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commonsky.web.gate import Open, needs

STATIC = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class StrictHeaders:
    """Adds the strict headers to every answer (plain ASGI, since a stream of events must not be wrapped)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, strict)


def add_console_page(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the built console at ``/`` and its files under ``/assets``; every answer gets the strict headers.

    Where the console was not built, ``/`` says how to build it.
    """
    app.add_middleware(StrictHeaders)

    @app.get("/", include_in_schema=False)
    @needs(Open.CONSOLE)
    def page() -> Response:
        index = static / "index.html"
        if not index.is_file():
            text = "The console is not built. Install the package with pip, or run `python console/build_hook.py`."
            return PlainTextResponse(text, status_code=503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    if (static / "assets").is_dir():
        # The build puts a digest of its content into the name of each file.
        assets = needs(Open.CONSOLE)(StaticFiles(directory=static / "assets"))
        app.mount("/assets", assets, name="assets")
