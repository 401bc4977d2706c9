"""The whole web face of a node: the partner feed, the console's interface, the console."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI

from commonsky import __version__
from commonsky.domain.roles import Action
from commonsky.node.console_view import ConsoleView
from commonsky.node.log_view import LogView
from commonsky.node.node import Node
from commonsky.node.people import sessions
from commonsky.node.people.desk import Desk
from commonsky.node.release_view import ReleaseView
from commonsky.node.start import openid_secret
from commonsky.node.warnings_view import WarningsView
from commonsky.web.approvals_api import approvals_router
from commonsky.web.console_api import News, console_router
from commonsky.web.console_page import add_console_page
from commonsky.web.feed_api import feed_router
from commonsky.web.gate import Gate, needs
from commonsky.web.log_api import log_router
from commonsky.web.openid_api import openid_router
from commonsky.web.openid_client import OpenIdClient
from commonsky.web.own_machine import OwnMachineOnly
from commonsky.web.release_api import release_router
from commonsky.web.session_api import session_router
from commonsky.web.warnings_api import warnings_router

MOST_BODY_BYTES = 64 * 1024


def application(  # noqa: PLR0913  # what is told to it from outside
    node: Node,
    view: ConsoleView,
    *,
    wall_clock_tai_s: Callable[[], float],
    desk: Desk | None = None,
    feed: APIRouter | None = None,
    openid: OpenIdClient | None = None,
) -> FastAPI:
    """Build the ASGI application of a node; without a desk people come in by this clock and the machine's chance.

    ``feed`` is the node's feed, if it is served elsewhere too: who has asked for what is remembered once.
    """
    app = FastAPI(
        title=f"commonsky node of {node.config.member.name}",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=MOST_BODY_BYTES,
    )
    desk = desk or Desk(node, now_tai_s=wall_clock_tai_s, chance=os.urandom)
    app.include_router(feed or feed_router(node, wall_clock_tai_s=wall_clock_tai_s))
    warnings = WarningsView(node, view.picture if view is not None else None)
    releases, log = ReleaseView(node), LogView(node)
    news: News = {
        "warnings": (Action.VIEW_PICTURE, warnings.revision),
        "release": (Action.VIEW_RELEASE, releases.revision),
        "watch": (Action.VIEW_LOG, log.revision),
    }
    app.include_router(console_router(view, news))
    app.include_router(warnings_router(warnings))
    app.include_router(release_router(releases, node))
    app.include_router(log_router(log, node))
    app.include_router(session_router(desk))
    app.include_router(approvals_router(desk))
    if desk.settings.openid is not None:
        asking = openid or OpenIdClient(desk.settings.openid, openid_secret(node.folder))
        app.include_router(openid_router(desk, desk.settings.openid, asking))
    add_description(app)
    # The last one is the first that a request meets: that of the page, whose strict headers every answer gets.
    app.add_middleware(Gate, routes=app, desk=desk)
    app.add_middleware(
        OwnMachineOnly,
        public_url=desk.settings.public_url,
        login_required=partial(sessions.login_required, desk),
    )
    add_console_page(app)
    return app


def feed_application(feed: APIRouter) -> FastAPI:
    """Build the ASGI application of the feed alone, for a port that partners reach."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, max_body_size=MOST_BODY_BYTES)
    app.include_router(feed)
    return app


def add_description(app: FastAPI) -> None:
    """Serve the description of the interface, as OpenAPI."""

    @app.get("/openapi.json", include_in_schema=False)
    @needs(Action.SEE_STATUS)
    def description() -> dict[str, Any]:
        return app.openapi()
