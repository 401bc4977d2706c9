"""The console's interface: JSON, binary keyframes and a stream of events, all read-only."""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from threading import Lock
from typing import Annotated, Any, NamedTuple, TypeVar

import erfa
import msgspec
import numpy as np
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s
from commonsky.domain.roles import Action
from commonsky.node.console_view import ConsoleView, LogLine, NodeStatus
from commonsky.node.picture import OrbitFrame, Picture, PictureObject
from commonsky.web.gate import may, needs

KEYFRAMES_MAGIC = b"CSKF"
KEYFRAMES_HEADER = struct.Struct("<4sHHIIIIdd8x")
"""Magic, version, header bytes, objects, frames, revision, values per object, start (TAI s), step (s), reserved."""

MAXIMUM_FRAMES = 32
MAXIMUM_STEP_S = 3600.0
MAXIMUM_VALUES = 12_000_000
"""Of one answer: 48 MB, or 32 frames of 62,500 objects."""

_POLL_S = 0.25
_STATUS_EVERY_S = 1.0
_LOG_LINES = 200
_LAST_SEQUENCE = 2**63 - 1
"""No database counts further than this."""
_PICTURES_KEPT = 12

_BINARY = "application/octet-stream"
_Answer = TypeVar("_Answer")

Revision = Callable[[], tuple[int, int]]
"""Gives a number that rises when something changes, and how many there are of it."""

News = Mapping[str, tuple[Action, Revision]]
"""What else a stream tells of, by the name of its event, to whom may do so."""

TaiSeconds = Annotated[
    float, Query(ge=-9.0e8, le=3.2e9, allow_inf_nan=False, description="TAI s since J2000")
]


class PictureShelf:
    """The last few pictures, so that a console can load and show one while the next are made.

    Every picture that a console hears of passes through here; they share all that did not change.
    """

    def __init__(self, view: ConsoleView) -> None:
        self._view = view
        self._kept: deque[Picture] = deque(maxlen=_PICTURES_KEPT)
        self._lock = Lock()

    def picture(self, revision: int | None) -> Picture:
        """Give that revision, or the newest; raises HTTPException 409 for one that is gone."""
        with self._lock:
            newest = self._view.picture()
            if not self._kept or self._kept[-1] is not newest:
                self._kept.append(newest)
            for picture in reversed(self._kept):
                if revision in {None, picture.revision}:
                    return picture
        raise HTTPException(409, f"revision {revision} is gone: the picture is at {newest.revision}")


def console_router(view: ConsoleView, news: News | None = None) -> APIRouter:
    """Routes under ``/api/v1`` that show ``view``; the stream tells of ``news`` too, as of changed warnings.

    Times are TAI seconds since 2000-01-01T12:00:00 TAI.
    """
    router = APIRouter(prefix="/api/v1", tags=["console"])
    shelf = PictureShelf(view)
    _add_state(router, view, shelf, news or {})
    _add_picture(router, shelf)
    _add_object(router, view, shelf)
    return router


def _add_state(router: APIRouter, view: ConsoleView, shelf: PictureShelf, news: News) -> None:
    @router.get("/status", response_model=None)
    @needs(Action.SEE_STATUS)
    def status() -> Response:
        """Give member, mode, clock, counts, links, revision and the table of leap seconds."""
        return _json({**_status(view, shelf), "leap_seconds": _leap_seconds()})

    @router.get("/log", response_model=None)
    @needs(Action.VIEW_LOG)
    def log(
        after: Annotated[int, Query(ge=0, le=_LAST_SEQUENCE)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = _LOG_LINES,
    ) -> Response:
        """Give the newest lines of the watch log after a sequence number, oldest first."""
        return _json([_log_line(line) for line in view.log(after, limit)])

    @router.get("/events", response_model=None)
    @needs(Action.SEE_STATUS)
    async def events(
        request: Request, last_event_id: Annotated[str, Header(max_length=20)] = ""
    ) -> StreamingResponse:
        """Stream ``status`` (each second and on change), news and ``log`` lines, from ``Last-Event-ID`` on.

        Each of them comes only to a person who may look at what it is about.
        """
        after = int(last_event_id) if last_event_id.isdecimal() else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        told = _Told(
            log=may(request, Action.VIEW_LOG),
            news={name: revision for name, (need, revision) in news.items() if may(request, need)},
        )
        return StreamingResponse(
            _events(view, shelf, after, told), media_type="text/event-stream", headers=headers
        )


def _add_picture(router: APIRouter, shelf: PictureShelf) -> None:
    @router.get("/objects", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def objects(revision: Annotated[int | None, Query(ge=0)] = None) -> Response:
        """Give all objects by columns, in the order of the keyframes."""
        picture = shelf.picture(revision)
        return _json(
            {"revision": picture.revision, "count": len(picture.objects), **columns(picture.objects)}
        )

    @router.get("/keyframes", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def keyframes(
        start_tai_s: TaiSeconds,
        step_s: Annotated[float, Query(ge=1.0, le=MAXIMUM_STEP_S, allow_inf_nan=False)],
        count: Annotated[int, Query(ge=1, le=MAXIMUM_FRAMES)],
        revision: Annotated[int | None, Query(ge=0)] = None,
    ) -> Response:
        """Give ITRF positions (km) and Earth-fixed velocities (km/s) of all objects as little-endian float32."""
        picture = shelf.picture(revision)
        if count * len(picture.objects) * 6 > MAXIMUM_VALUES:
            raise HTTPException(422, f"{count} frames of {len(picture.objects)} objects are too many at once")
        frames = _known_time(lambda: picture.keyframes(start_tai_s, step_s, count))
        return Response(keyframe_bytes(frames, picture.revision, start_tai_s, step_s), media_type=_BINARY)


def _add_object(router: APIRouter, view: ConsoleView, shelf: PictureShelf) -> None:
    """Objects go by their key or by their lasting name, which outlives a new estimate."""

    def named(name: str) -> tuple[Picture, PictureObject]:
        picture = shelf.picture(None)
        line = picture.object_named(name)
        if line is None:
            raise HTTPException(404, f"the picture holds no object {name!r}")
        return picture, line

    @router.get("/objects/{name}", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def object_panel(name: str, request: Request) -> Response:
        """Give an object's line of the picture, elements, label, who may see it and why, and its lineage.

        Who may see it is null for a person who may not see what partners get.
        """
        _, line = named(name)
        panel = view.object_panel(line.key)
        if panel is None:
            raise HTTPException(404, f"the node holds no record {line.key!r}")
        document = {**msgspec.to_builtins(line), **msgspec.to_builtins(panel)}
        if not may(request, Action.VIEW_RELEASE):
            document["who_may_see"] = None
        return _json(document)

    @router.get("/objects/{name}/orbit", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def orbit(name: str, t_tai_s: TaiSeconds, frame: OrbitFrame = OrbitFrame.INERTIAL) -> Response:
        """Give the curve of one period from the time on, in km on ITRF axes.

        ``inertial``: the curve in space turned as a whole at ``t_tai_s``; ``earth_fixed``: each point at its time.
        """
        picture, line = named(name)
        curve = _known_time(lambda: picture.orbit_itrf_m(line.key, t_tai_s, frame))
        points = np.round(curve / 1e3, 3).tolist()
        return _json({"key": line.key, "frame": frame, "t_tai_s": t_tai_s, "points_itrf_km": points})

    @router.get("/objects/{name}/position", response_model=None)
    @needs(Action.VIEW_PICTURE)
    def position(name: str, t_tai_s: TaiSeconds) -> Response:
        """Give the exact ITRF position (m) and Earth-fixed velocity (m/s), or null and why there is none."""
        picture, line = named(name)
        placed = _known_time(lambda: picture.placement(line.key, t_tai_s))
        known = placed.not_placed is None
        return _json(
            {
                "key": line.key,
                "t_tai_s": t_tai_s,
                "position_itrf_m": placed.position_itrf_m.tolist() if known else None,
                "velocity_itrf_m_s": placed.velocity_itrf_m_s.tolist() if known else None,
                "not_placed": placed.not_placed,
            }
        )


def keyframe_bytes(frames: np.ndarray[Any, Any], revision: int, start_tai_s: float, step_s: float) -> bytes:
    """Pack float32 (frames, objects, 6) behind the header that `KEYFRAMES_HEADER` describes."""
    count, objects, values = frames.shape
    header = KEYFRAMES_HEADER.pack(
        KEYFRAMES_MAGIC, 1, KEYFRAMES_HEADER.size, objects, count, revision, values, start_tai_s, step_s
    )
    return header + frames.astype("<f4", copy=False).tobytes()


def columns(objects: tuple[PictureObject, ...]) -> dict[str, list[Any]]:
    """Turn the lines of the picture into one list for each field; numbers that are not finite become null."""
    return {name: [getattr(one, name) for one in objects] for name in PictureObject.__struct_fields__}


def _json(body: object) -> Response:
    # msgspec writes numbers that are not finite as null, as JSON has none.
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _known_time(ask: Callable[[], _Answer]) -> _Answer:
    try:
        return ask()
    except OutsideEarthOrientationError as fault:
        raise HTTPException(422, str(fault)) from fault


def _status(view: ConsoleView, shelf: PictureShelf) -> dict[str, Any]:
    now: NodeStatus = view.status()
    picture = shelf.picture(None)
    counts = {"revision": picture.revision, "counts": picture.counts._asdict()}
    return {**msgspec.to_builtins(now), "now_utc": utc_from_tai_s(now.now_tai_s), **counts}


def _leap_seconds() -> list[tuple[float, float]]:
    """Steps of TAI - UTC from 1972 on: from which TAI second, how many seconds."""
    table = erfa.leap_seconds.get()
    steps = [(int(r["year"]), int(r["month"]), float(r["tai_utc"])) for r in table if r["year"] >= 1972]
    return [(tai_s_from_utc(f"{year:04d}-{month:02d}-01T00:00:00"), offset) for year, month, offset in steps]


def _log_line(line: LogLine) -> Mapping[str, Any]:
    return {**msgspec.to_builtins(line), "utc": utc_from_tai_s(line.tai_s, digits=0)}


class _Told(NamedTuple):
    """What a stream tells of beside the status."""

    log: bool
    news: Mapping[str, Revision]


async def _events(
    view: ConsoleView, shelf: PictureShelf, after: int | None, told: _Told
) -> AsyncIterator[bytes]:
    """Look at the node four times a second: cheaper to keep right than a queue for each console."""
    loop = asyncio.get_running_loop()
    yield b"retry: 1000\n\n"
    if after is None:
        after = max(0, (await run_in_threadpool(view.status)).log_sequence - _LOG_LINES)
    sent: tuple[object, ...] | None = None
    known: dict[str, tuple[int, int]] = {}
    due = loop.time()
    while True:  # the server cancels this when the console goes away
        now = await run_in_threadpool(view.status)
        state = (now.revision, now.rate, now.links)
        if state != sent or loop.time() >= due:
            yield _event("status", await run_in_threadpool(_status, view, shelf))
            sent, due = state, loop.time() + _STATUS_EVERY_S
        for name, revision in told.news.items():
            if (now_at := await run_in_threadpool(revision)) != known.get(name):
                known[name] = now_at
                yield _event(name, {"revision": now_at[0], "count": now_at[1]})
        fresh = told.log and now.log_sequence > after
        for line in await run_in_threadpool(view.log, after, _LOG_LINES) if fresh else ():
            yield _event("log", _log_line(line), number=line.sequence)
            after = line.sequence
        await asyncio.sleep(_POLL_S)


def _event(kind: str, body: object, *, number: int | None = None) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(body))
