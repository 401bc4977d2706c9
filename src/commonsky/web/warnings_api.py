"""The console's interface to warnings: the list of events, and the sheet of one; read-only."""

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response

from commonsky.domain.roles import Action
from commonsky.node.warnings_view import WarningsView
from commonsky.web.gate import may, needs


def warnings_router(view: WarningsView) -> APIRouter:
    """Routes under ``/api/v1/warnings``. Times are TAI seconds since 2000-01-01T12:00:00 TAI, lengths in metres."""
    router = APIRouter(prefix="/api/v1/warnings", tags=["warnings"])

    @router.get("", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def warnings() -> Response:
        """Give the events to come and those of the last day, the thresholds, the assets, and the last screening."""
        return _json(view.list())

    @router.get("/{event}", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def event(event: str, request: Request) -> Response:
        """Give an event's line, history, geometry, methods, reconciliation, and who may see it and why.

        The last is null for a person who may not see what partners get.
        """
        sheet = view.sheet(event)
        if sheet is None:
            raise HTTPException(404, f"the node holds no event {event!r}")
        document = msgspec.to_builtins(sheet)
        provider = document.pop("dilution_provider")
        if document["dilution"] is not None:
            document["dilution"]["provider"] = provider
        if not may(request, Action.VIEW_RELEASE):
            document["who_may_see"] = None
        return _json({**document.pop("line"), **document})

    return router


def _json(body: object) -> Response:
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
