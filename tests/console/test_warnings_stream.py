"""The stream of events tells a console when warnings change."""

import httpx
import msgspec
from demo_node import DemoNode, Server, for_the_owner
from fastapi import FastAPI

from commonsky.domain.roles import Action
from commonsky.web.console_api import console_router


def test_the_stream_tells_of_warnings_at_the_start_and_when_they_change():
    told = [(3, 7)]
    app = FastAPI()
    app.include_router(
        console_router(DemoNode(objects=0, tracks=0), {"warnings": (Action.VIEW_PICTURE, lambda: told[-1])})
    )
    found = []
    with (
        Server(for_the_owner(app)) as server,
        httpx.stream("GET", f"{server.url}api/v1/events", timeout=10.0) as answer,
    ):
        lines = answer.iter_lines()
        for line in lines:
            if line == "event: warnings":
                found.append(msgspec.json.decode(next(lines).removeprefix("data: ")))
                told.append((4, 8))
            if len(found) == 2:
                break
    assert found == [{"revision": 3, "count": 7}, {"revision": 4, "count": 8}]
