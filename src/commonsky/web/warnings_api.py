"""The console's interface to warnings: the list of events, and the sheet of one; read-only."""

import msgspec
from fastapi import APIRouter, HTTPException, Response

from commonsky.node.warnings_view import WarningsView


def warnings_router(view: WarningsView) -> APIRouter:
    """Routes under ``/api/v1/warnings``. Times are TAI seconds since 2000-01-01T12:00:00 TAI, lengths in metres."""
    router = APIRouter(prefix="/api/v1/warnings", tags=["warnings"])

    @router.get("", response_model=None)
    def warnings() -> Response:
        """Give the events to come and those of the last day, the thresholds, the assets, and the last screening."""
        return _json(view.list())

    @router.get("/{event}", response_model=None)
    def event(event: str) -> Response:
        """Give an event's line, history, geometry, methods, reconciliation, and who may see it and why."""
        sheet = view.sheet(event)
        if sheet is None:
            raise HTTPException(404, f"the node holds no event {event!r}")
        document = msgspec.to_builtins(sheet)
        provider = document.pop("dilution_provider")
        if document["dilution"] is not None:
            document["dilution"]["provider"] = provider
        return _json({**document.pop("line"), **document})

    return router


def _json(body: object) -> Response:
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
