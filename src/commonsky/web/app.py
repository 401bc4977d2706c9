"""The whole web face of a node: the partner feed, the console's interface, the console."""

from collections.abc import Callable

from fastapi import FastAPI

from commonsky import __version__
from commonsky.node.console_view import ConsoleView
from commonsky.node.node import Node
from commonsky.node.warnings_view import WarningsView
from commonsky.web.console_api import console_router
from commonsky.web.console_page import add_console_page
from commonsky.web.feed_api import feed_router
from commonsky.web.own_machine import OwnMachineOnly
from commonsky.web.warnings_api import warnings_router


def application(node: Node, view: ConsoleView, *, wall_clock_tai_s: Callable[[], float]) -> FastAPI:
    """Build the ASGI application of a node."""
    app = FastAPI(
        title=f"commonsky node of {node.config.member.name}",
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(feed_router(node, wall_clock_tai_s=wall_clock_tai_s))
    warnings = WarningsView(node, view.picture if view is not None else None)
    app.include_router(console_router(view, warnings.revision))
    app.include_router(warnings_router(warnings))
    add_console_page(app)
    app.add_middleware(OwnMachineOnly)
    return app
