"""A node made up for the console's tests: a seeded sky of element sets and tracks, partners, a log, and a clock to set.

Run it to look at the console by itself: ``python tests/console/demo_node.py --port 8600``.
"""

import argparse
import threading
import time

import numpy as np
import uvicorn
from fastapi import FastAPI

from commonsky.astro import frames, general_perturbations
from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Component, Decision, ForceModel, Label, Mode, Record, Track
from commonsky.exercise.population import synthetic_catalogue
from commonsky.formats.canonical import record_id
from commonsky.node.console_view import LinkState, LinkStatus, LogLine, NodeStatus, panel_of
from commonsky.node.people.person import owner_of_the_machine
from commonsky.node.people.settings import PeopleSettings
from commonsky.node.picture import Picture, PictureEntry
from commonsky.web.console_api import console_router
from commonsky.web.console_page import add_console_page

START_TAI_S = tai_s_from_utc("2026-03-20T12:00:00")
MEMBERS = ("AUS", "CAN", "DEU", "FRA", "GBR", "ITA", "NOR")
OWN = "GBR"


class DemoNode:
    """What `ConsoleView` asks for, with knobs that tests turn."""

    def __init__(self, objects=20_000, tracks=60, rate=60.0, seed=7):
        rng = np.random.Generator(np.random.PCG64(seed))
        self.rate = rate
        self.links = tuple(_link(n, member) for n, member in enumerate(m for m in MEMBERS if m != OWN))
        self._began = time.monotonic()
        self._lines = [
            LogLine(sequence=n + 1, tai_s=START_TAI_S - 600.0 + 60.0 * n, kind=kind, text=text)
            for n, (kind, text) in enumerate(_LOG)
        ]
        sets = synthetic_catalogue(rng, objects, START_TAI_S)
        self.entries = [_entry(one, _source(rng)) for one in sets]
        self.entries += _tracks(sets, tracks, rng)
        self._picture = Picture.of(self.entries, own_member=OWN, revision=1)
        self._lock = threading.Lock()

    def status(self):
        return NodeStatus(
            member=OWN,
            member_name="United Kingdom",
            operation="CLEAR SKY 26",
            mode=Mode.EXERCISE,
            now_tai_s=START_TAI_S + (time.monotonic() - self._began) * self.rate,
            rate=self.rate,
            revision=self._picture.revision,
            log_sequence=len(self._lines),
            links=self.links,
            classification_names=("OPEN", "RESTRICTED", "SECRET"),
        )

    def picture(self):
        return self._picture

    def object_panel(self, key):
        entry = self._picture.entries.get(key)
        if entry is None:
            return None
        decisions = [_decision(entry.record, member) for member in MEMBERS if member != OWN]
        return panel_of(key, entry.record, decisions, derived=2)

    def log(self, after, limit):
        return [line for line in self._lines if line.sequence > after][-limit:]

    def say(self, text, kind="note"):
        self._lines.append(
            LogLine(sequence=len(self._lines) + 1, tai_s=self.status().now_tai_s, kind=kind, text=text)
        )

    def hold(self, entries):
        """Make these the picture of the next revision."""
        before = self._picture
        self.entries = list(entries)
        self._picture = Picture.of(
            self.entries, own_member=OWN, revision=before.revision + 1, previous=before
        )


def application(node):
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(console_router(node))
    add_console_page(app)
    return for_the_owner(app)


def for_the_owner(app):
    """Let whoever asks be the owner of the machine, as at a node without accounts."""
    owner = owner_of_the_machine(PeopleSettings())

    @app.get("/api/v1/session")
    def session():
        person = {
            "account": None,
            "name": owner.name,
            "roles": sorted(owner.roles),
            "means": None,
            "fresh": False,
        }
        node = {
            "node": {
                "member": OWN,
                "member_name": "United Kingdom",
                "operation": "CLEAR SKY 26",
                "mode": "EXERCISE",
            },
            "openid": None,
        }
        actions = sorted(action.name.lower() for action in owner.actions)
        return {"login_required": False, "person": {**person, "actions": actions}, "csrf": None, **node}

    class AsOwner:
        def __init__(self, inner):
            self._inner = inner

        async def __call__(self, scope, receive, send):
            await self._inner({**scope, "commonsky.person": owner}, receive, send)

    app.add_middleware(AsOwner)
    return app


class Server:
    """An application on a free loopback port, in a thread of this process."""

    def __init__(self, app, port=0):
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, log_level="critical", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self):
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        return self

    def __exit__(self, *fault):
        self._server.should_exit = True
        self._thread.join(timeout=10)


_LOG = (
    ("link", "CAN: link up, feed at 4,211"),
    ("catalogue", "Took in 20,000 element sets, 0 rejected"),
    ("release", "Released 18 tracks to CAN under GBR-CAN-1@3"),
    ("link", "ITA: no answer for 90 s, link down"),
    ("track", "GBR-T-0031 updated: 48 observations, weighted RMS 1.02"),
)


def _link(n, member):
    state = {2: LinkState.LATE, 4: LinkState.DOWN}.get(n, LinkState.UP)
    words = {
        LinkState.UP: "feed complete",
        LinkState.LATE: "312 records behind, catching up",
        LinkState.DOWN: "no answer; releases wait in the outbox",
    }
    return LinkStatus(
        member=member, state=state, since_tai_s=START_TAI_S - 3600.0 * (n + 1), detail=words[state]
    )


def _source(rng):
    return str(rng.choice([OWN, "AUS", "CAN", "FRA"], p=[0.7, 0.1, 0.1, 0.1]))


def _entry(content, source):
    label = Label({source: Component(readers=frozenset(MEMBERS), onward=source == OWN)})
    record = Record(
        id=record_id(source, content), originator=source, mode=Mode.EXERCISE, label=label, content=content
    )
    return PictureEntry(record=record, source=source)


def _tracks(sets, count, rng):
    """Tracks of some objects, a little off what their element sets say."""
    chosen = [sets[int(i)] for i in rng.choice(len(sets), count, replace=False)] if count else []
    made = []
    for n, one in enumerate(chosen):
        handle = general_perturbations.satellites([one])
        r, v, error = general_perturbations.positions_teme(handle, one.epoch_tai_s)
        if error[0]:
            continue
        r, v = frames.teme_to_gcrf(r, v, one.epoch_tai_s)
        source = OWN if n % 3 else ("CAN", "AUS")[n % 2]
        track = Track(
            track_id=f"{source}-T-{n:04d}",
            revision=1,
            epoch_tai_s=one.epoch_tai_s,
            position_m=tuple((r[0] + rng.normal(0.0, 200.0, 3)).tolist()),
            velocity_m_s=tuple(v[0].tolist()),
            covariance=tuple(float(900.0 * (i in {0, 2, 5}) + 1e-3 * (i in {9, 14, 20})) for i in range(21)),
            force_model=ForceModel(engine="satkit"),
            observation_count=40 + n,
            first_observation_tai_s=one.epoch_tai_s - 86_400.0,
            last_observation_tai_s=one.epoch_tai_s,
            weighted_rms=1.02,
        )
        made.append(_entry(track, source))
    return made


def _decision(record, member):
    allowed = member in {"AUS", "CAN", "FRA"}
    reason = (
        "released: owner and level are covered, precision above the floor"
        if allowed
        else "no agreement in force covers this kind of record"
    )
    return Decision(
        record=record.id,
        reader=member,
        allowed=allowed,
        reason=reason,
        agreement=f"{OWN}-{member}-1@3" if allowed else None,
        clause="tracks-and-elements" if allowed else None,
        decided_tai_s=START_TAI_S,
    )


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--objects", type=int, default=20_000)
    options.add_argument("--tracks", type=int, default=60)
    options.add_argument("--rate", type=float, default=60.0)
    chosen = options.parse_args()
    with Server(application(DemoNode(chosen.objects, chosen.tracks, chosen.rate)), chosen.port) as server:
        print(server.url, flush=True)  # noqa: T201
        threading.Event().wait()
