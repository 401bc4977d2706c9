"""Warnings made up for the console's tests, in the very shape that a node's interface gives them.

Run it to look at the pages by themselves: ``python tests/console/demo_warnings.py --port 8600``.
"""

import argparse
import copy
import math
import threading

import msgspec
import numpy as np
from demo_node import START_TAI_S, DemoNode, Server, for_the_owner
from fastapi import FastAPI, HTTPException, Response

from commonsky.domain.roles import Action
from commonsky.web.console_api import console_router
from commonsky.web.console_page import add_console_page

HOUR_S = 3600.0
THRESHOLDS = {"red": 1e-4, "amber": 1e-5}
SCALES = np.logspace(-2.0, 2.0, 81)
BARE = "no-probability"
"""The event of which nobody told covariance or probability."""


class DemoWarnings:
    """Some encounters of the node's assets; tests change them by `change` and `drop`."""

    def __init__(self, node, count=24, seed=3):
        rng = np.random.Generator(np.random.PCG64(seed))
        self.node = node
        self.revision = 1
        objects = node.picture().objects
        self.events = {}
        for n in range(count):
            pair = (objects[2 * n % len(objects)], objects[(2 * n + 1) % len(objects)])
            made = event(rng, n, pair)
            self.events[made["event"]] = made

    def change(self, event_id, **fields):
        self.events[event_id] = {**self.events[event_id], **fields}
        self.revision += 1

    def drop(self, *event_ids):
        for one in event_ids:
            del self.events[one]
        self.revision += 1

    def listed(self):
        names = [
            "event", "kind", "object_1", "object_2", "tca_tai_s", "miss_distance_m", "relative_speed_m_s",
            "radial_m", "in_track_m", "cross_track_m", "sigma_m", "probability", "probability_method",
            "probability_is_bound", "in_dilution", "providers", "headline_provider", "updates", "deadline_tai_s",
            "status", "severity",
        ]  # fmt: skip
        return {
            "revision": self.revision,
            "now_tai_s": self.node.status().now_tai_s,
            "thresholds": THRESHOLDS,
            "assets": [{"designator": "30001", "name": "SKYNET 6A", "owner": "GBR"}],
            "screened": {
                "at_tai_s": START_TAI_S - 600.0,
                "until_tai_s": START_TAI_S + 7 * 86_400.0,
                "objects": 28_114,
                "words": "1 asset against 28,114 objects, seven days ahead.",
            },
            "events": [{name: one[name] for name in names} for one in map(self._now, self.events.values())],
        }

    def _now(self, one):
        """The event as a node tells it now: a deadline passes by itself."""
        passed = one["status"] == "open" and one["deadline_tai_s"] <= self.node.status().now_tai_s
        return {**one, "status": "deadline passed"} if passed else one


def application(warnings):
    """The console with the node's own interface behind it and these warnings in front."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/v1/warnings")
    def listed():
        return _json(warnings.listed())

    @app.get("/api/v1/warnings/{event_id}")
    def one(event_id: str):
        if event_id not in warnings.events:
            raise HTTPException(404, f"the node holds no event {event_id!r}")
        return _json(warnings.events[event_id])

    news = {"warnings": (Action.VIEW_PICTURE, lambda: (warnings.revision, len(warnings.events)))}
    app.include_router(console_router(warnings.node, news))
    add_console_page(app)
    return for_the_owner(app)


def event(rng, n, pair):
    """One encounter with a history of one to three providers."""
    providers = [["GBR"], ["GBR", "CAN"], ["CAN"], ["GBR", "CAN", "AUS"]][n % 4]
    tca = START_TAI_S + float(rng.uniform(6.0, 120.0)) * HOUR_S
    miss = rng.normal(0.0, 1.0, 2) * float(10 ** rng.uniform(1.5, 3.4))
    covariance = _covariance(rng, float(np.linalg.norm(miss)) * float(rng.uniform(0.6, 2.0)))
    geometry = [
        _geometry(rng, p, miss * rng.uniform(0.8, 1.2), covariance * rng.uniform(0.5, 3.0)) for p in providers
    ]
    head = geometry[0]
    probability = _probability(head)
    dilution = _dilution(head)
    made = {
        "event": f"20260320T{n:04d}-{n:06x}" if n else "20260320T1423-3fa9c1",
        "kind": "conjunction",
        "object_1": _object(pair[0], own=True),
        "object_2": _object(pair[1], own=False),
        "tca_tai_s": tca,
        "relative_speed_m_s": head["relative_speed_m_s"],
        "miss_distance_m": float(np.linalg.norm(head["rtn"]["position_m"])),
        **dict(zip(("radial_m", "in_track_m", "cross_track_m"), head["rtn"]["position_m"], strict=True)),
        "sigma_m": _sigma_along(head),
        "probability": probability,
        "probability_method": "2D Foster",
        "probability_is_bound": False,
        "in_dilution": dilution["in_dilution"],
        "providers": providers,
        "headline_provider": providers[0],
        "deadline_tai_s": tca - 12.0 * HOUR_S,
        "status": "open" if tca - 12.0 * HOUR_S > START_TAI_S else "deadline passed",
        "severity": _severity(probability),
        "deadline_why": "12 h before the closest approach: half a day to plan, agree and command a manoeuvre.",
        "geometry": geometry,
        "dilution": dilution,
        "who_may_see": _SIGHTS,
        "label": [
            {
                "originator": "GBR",
                "classification": 1,
                "words": ["readers: AUS, CAN", "purpose: flight safety"],
            }
        ],
        "seen_record": "warning:GBR:1",
    }
    made["history"] = _history(rng, made)
    made["updates"] = len(made["history"])
    made["methods"], made["recommended"] = _methods(probability)
    made["reconciliation"] = _reconciliation(made)
    return made


def without_probability(made):
    """The same encounter when nobody told how well the orbits are known."""
    bare = copy.deepcopy(made)
    nothing = {
        "probability": None, "probability_method": None, "sigma_m": None, "in_dilution": None, "severity": "none",
        "relative_speed_m_s": None, "dilution": None, "methods": [], "recommended": None, "reconciliation": None,
        "who_may_see": [], "seen_record": None, "label": [],
    }  # fmt: skip
    bare.update(nothing, event=BARE)
    for point in bare["history"]:
        point.update(probability=None, probability_method=None, sigma_m=None)
    for one in bare["geometry"]:
        one["b_plane"]["covariance_m2"] = None
        one.update(object_1_data_age_s=None, hard_body_radius_m=None, hard_body_radius_source="")
        one["rtn"].update(velocity_m_s=None, sigma_m=None, sigma_1_m=None, sigma_2_m=None)
    return bare


def _object(line, *, own):
    return {
        "name": line.name,
        "designator": line.designator,
        "object": line.object,
        "own": own,
        "owner": "GBR" if own else "USA",
    }


def _covariance(rng, size):
    turn = rng.uniform(0.0, math.pi)
    axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return axes @ np.diag([size**2, (size * rng.uniform(0.3, 0.7)) ** 2]) @ axes.T


def _geometry(rng, provider, miss, covariance):
    speed = float(rng.uniform(9_000.0, 14_500.0))
    angle = float(rng.uniform(0.3, 1.2))
    return {
        "provider": provider,
        "record": f"warning:{provider}:1",
        "hard_body_radius_m": 15.0,
        "hard_body_radius_source": "table of sizes: payload and debris",
        "relative_speed_m_s": speed,
        "object_1_data_age_s": 2.5 * HOUR_S,
        "object_2_data_age_s": 31.0 * HOUR_S,
        "b_plane": {
            "axes": [
                "across: along the cross product of radial and relative velocity",
                "up: radial of object 1 in this plane",
            ],
            "miss_m": miss.tolist(),
            "covariance_m2": covariance.tolist(),
        },
        "rtn": {
            "position_m": [
                float(miss[1]),
                float(miss[0] * math.sin(angle)),
                float(miss[0] * math.cos(angle)),
            ],
            "velocity_m_s": [0.0, -speed * math.cos(angle), speed * math.sin(angle)],
            "sigma_m": [float(math.sqrt(covariance[1, 1])), float(3.1 * math.sqrt(covariance[0, 0])), 44.0],
            "sigma_1_m": [12.0, 88.0, 9.0],
            "sigma_2_m": [55.0, 812.0, 43.0],
        },
    }


def _probability(geometry, scale=1.0):
    """Density at the hard body times its area: near enough for a picture."""
    covariance = np.array(geometry["b_plane"]["covariance_m2"]) * scale**2
    miss = np.array(geometry["b_plane"]["miss_m"])
    density = math.exp(-0.5 * miss @ np.linalg.solve(covariance, miss)) / (
        2 * math.pi * math.sqrt(np.linalg.det(covariance))
    )
    return min(1.0, density * math.pi * geometry["hard_body_radius_m"] ** 2)


def _sigma_along(geometry):
    miss = np.array(geometry["b_plane"]["miss_m"])
    unit = miss / np.linalg.norm(miss)
    return float(math.sqrt(unit @ np.array(geometry["b_plane"]["covariance_m2"]) @ unit))


def _dilution(geometry):
    values = [_probability(geometry, scale) for scale in SCALES]
    top = int(np.argmax(values))
    return {
        "provider": geometry["provider"],
        "scale": SCALES.tolist(),
        "probability": values,
        "maximum_scale": float(SCALES[top]),
        "maximum_probability": values[top],
        "in_dilution": bool(SCALES[top] < 1.0),
    }


def _severity(probability):
    return (
        "red"
        if probability > THRESHOLDS["red"]
        else "amber"
        if probability > THRESHOLDS["amber"]
        else "green"
    )


def _history(rng, made):
    points = []
    for k in range(9):
        for n, geometry in enumerate(made["geometry"]):
            if (k + n) % (n + 1):
                continue
            last = k == 8 or (n > 0 and k + n + 1 > 8)
            wobble = 1.0 if last else float(10 ** rng.normal(0.0, 0.25))
            miss = float(np.linalg.norm(geometry["rtn"]["position_m"]))
            points.append(
                {
                    "provider": geometry["provider"],
                    "made_tai_s": START_TAI_S - (8 - k) * 6.0 * HOUR_S - 1_200.0 * n,
                    "tca_tai_s": made["tca_tai_s"] + float(rng.normal(0.0, 0.3)),
                    "probability": _probability(geometry) * wobble,
                    "probability_method": "2D Foster" if n == 0 else "2D-Nc",
                    "probability_is_bound": False,
                    "miss_distance_m": miss * (1.3 - 0.3 * min(wobble, 2.0)),
                    **dict.fromkeys(("radial_m", "in_track_m", "cross_track_m"), 1.0),
                    "sigma_m": _sigma_along(geometry) * (1.0 + 0.2 * (8 - k)),
                    "hard_body_radius_m": 15.0,
                    "record": f"warning:{geometry['provider']}:{k}",
                }
            )  # fmt: skip
    return points


def _methods(probability):
    rows = [
        (
            "2D Foster",
            probability,
            None,
            None,
            True,
            "The encounter is fast: 0.9 s in the region that matters.",
        ),
        ("2D Elrod", probability * 1.0000001, None, None, True, "As Foster, by another quadrature."),
        (
            "2D Chan",
            probability * 0.998,
            None,
            None,
            True,
            "A series; good while the hard body is small beside sigma.",
        ),
        ("2D-Nc", probability * 1.01, None, None, True, "Counts the curvature of both paths."),
        (
            "3D-Nc",
            None,
            None,
            None,
            False,
            "Not needed: the encounter takes less than a hundredth of a revolution.",
        ),
        (
            "Monte Carlo",
            probability * 1.02,
            probability * 0.9,
            probability * 1.14,
            True,
            "200,000 samples, 95 % bounds.",
        ),
        (
            "maximum over covariance scale",
            probability * 1.8,
            None,
            probability * 1.8,
            None,
            "A bound, not an estimate.",
        ),
    ]
    names = ("name", "probability", "low", "high", "valid", "reason")
    recommended = {
        "method": "2D Foster",
        "probability": probability,
        "reasons": [
            "The relative motion is straight and the covariance constant while they pass.",
            "2D-Nc agrees within 1 %.",
        ],
    }
    return [dict(zip(names, row, strict=True)) for row in rows], recommended


def _reconciliation(made):
    first, *others = made["geometry"]
    pairs = [_pair(first, other) for other in others]
    words = f"{len(others) + 1} providers warn of this encounter and differ by less than a decade."
    return {"summary": words if others else "", "pairs": pairs}


def _pair(first, other):
    a, b = _probability(first), _probability(other)
    moved = {**other, "b_plane": {**first["b_plane"], "miss_m": other["b_plane"]["miss_m"]}}
    state, whole = math.log10(_probability(moved) / a), math.log10(b / a)
    misses = [float(np.linalg.norm(one["b_plane"]["miss_m"])) for one in (first, other)]
    differences = [
        (
            "state",
            "They place object 2 elsewhere in the encounter plane.",
            state,
            [_figure("miss", *misses, "m")],
        ),
        (
            "covariance",
            "They know the orbits differently well.",
            whole - state,
            [_figure("sigma along the miss", _sigma_along(first), _sigma_along(other), "m")],
        ),
        (
            "epoch of data",
            "The newest observation behind object 2 is older at the second.",
            None,
            [_figure("data, object 2", 31.0, 52.5, "h"), _figure("data, object 1", None, 3.0, "h")],
        ),
    ]
    names = ("cause", "words", "effect_decades", "figures")
    return {
        "between": [first["provider"], other["provider"]],
        "probability": [a, b],
        "decades": whole,
        "differences": [dict(zip(names, one, strict=True)) for one in differences],
    }


def _figure(name, a, b, unit):
    return {"name": name, "a": a, "b": b, "unit": unit}


_SIGHTS = [
    {
        "member": "AUS",
        "allowed": True,
        "reason": "warnings of own assets are covered, level and precision as agreed",
        "agreement": "GBR-AUS-1@3",
        "clause": "warnings",
    },
    {
        "member": "FRA",
        "allowed": False,
        "reason": "no agreement in force covers this kind of record",
        "agreement": None,
        "clause": None,
    },
]


def _json(body):
    return Response(msgspec.json.encode(body), media_type="application/json")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--events", type=int, default=24)
    chosen = options.parse_args()
    with Server(application(DemoWarnings(DemoNode(2_000, 20, 1.0), chosen.events)), chosen.port) as server:
        print(server.url, flush=True)  # noqa: T201
        threading.Event().wait()
