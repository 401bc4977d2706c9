"""Adversarial tests, group D: a partner has another one do for it what it may not do itself."""

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from msgspec.structs import replace
from simulation.model import Rule
from simulation.records import EQUATOR
from simulation.stage import stage
from simulation.world import KEYS

from commonsky.astro.numerical import default_force_model
from commonsky.domain import Component, Label, Track, Verdict
from commonsky.exercise.close_approach import CloseApproach, Truth, debris_that_passes
from commonsky.federation import PullRequest, sign_pull
from commonsky.formats.canonical import encode
from commonsky.node import asking
from commonsky.web.feed_api import feed_router

ORBIT = Truth(np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0]), 0.0, default_force_model())
NOTHING = Rule(id="sites", kinds=frozenset({"sensor"}))
OURS, HIDDEN = "220401", "207322"


@pytest.fixture
def scene(tmp_path):
    """NOR follows an object that it does not show, and answers how near it comes; GBR has one that passes it."""
    with stage(tmp_path) as made:
        made.agree("NOR", "GBR", rules=(NOTHING,), questions=(6, 4))
        made.agree("GBR", "NOR", rules=(NOTHING,))
        made.agree("FRA", "NOR")
        satellite = ORBIT._replace(epoch_tai_s=made.world.now_tai_s)
        wanted = CloseApproach(satellite=int(HIDDEN), hours=3.0, miss_distance_m=40.0, crossing_deg=60.0)
        made.hidden = track(HIDDEN, satellite)
        made.ours = track(OURS, debris_that_passes(satellite, wanted, int(OURS))[1])
        made.keep("GBR", made.ours, **of(OURS))
        yield made


def of(name):
    return {"objects": frozenset({name}), "sigma_m": 69.3, "regime": "LEO", "place": EQUATOR}


def track(name, truth):
    lower = np.diag([40.0**2] * 3 + [0.02**2] * 3)[np.tril_indices(6)]
    return Track(
        track_id=name,
        revision=1,
        epoch_tai_s=truth.epoch_tai_s,
        position_m=tuple(truth.state[:3].tolist()),
        velocity_m_s=tuple(truth.state[3:].tolist()),
        covariance=tuple(lower.tolist()),
        force_model=truth.force_model,
        observation_count=100,
        first_observation_tai_s=truth.epoch_tai_s - 3_600.0,
        last_observation_tai_s=truth.epoch_tai_s,
        weighted_rms=1.0,
    )


def asks(scene, *, days=0.25):
    """GBR asks NOR whether anything comes near its object, and hears what NOR says."""
    scene.wait(1.0)
    question = asking.ask(scene.life("GBR").node, "NOR", OURS, days=days, hard_body_radius_m=10.0)
    scene.share("GBR")
    scene.pull("NOR", "GBR")
    scene.share("NOR")
    scene.pull("GBR", "NOR")
    return dict(asking.answers(scene.life("GBR").node, "NOR"))[question]


def answer_sizes(scene):
    """How long the envelopes are in which NOR's answers came: all that somebody on the way can see."""
    rows = scene.life("NOR").query("SELECT body FROM outbox WHERE aud = 'GBR' ORDER BY gen, seq")
    return [len(body) for (body,) in rows if '"answer"' in body]


def test_d_the_owner_computes_with_its_own_data(scene):
    scene.keep("NOR", scene.hidden, **of(HIDDEN))
    assert asks(scene).verdict is Verdict.CLOSE
    assert scene.held("GBR") == set()


def test_d_nobody_computes_with_a_third_members_data(scene):
    """GBR may not have FRA's orbit; NOR holds it. NOR's answer is as if it were not there."""
    scene.keep("FRA", scene.hidden, **of(HIDDEN))
    scene.share("FRA")
    scene.pull("NOR", "FRA")
    assert scene.held("NOR")
    with_it = asks(scene)
    assert with_it.verdict is Verdict.CLEAR


def test_d_nor_with_what_rests_on_it(scene):
    """The join of labels tells whose data is behind NOR's own estimate."""
    record = scene.keep("NOR", scene.hidden, **of(HIDDEN))
    joined = replace(record, label=Label({"NOR": Component(), "FRA": Component()}))
    nor = scene.life("NOR")
    nor.query("UPDATE records SET body = ? WHERE id = ?", encode(joined), record.id)
    fact = scene.world.facts["NOR", record.id]
    scene.world.facts["NOR", record.id] = dataclasses.replace(
        fact, body=encode(joined), sent_body=encode(joined)
    )
    assert asks(scene).verdict is Verdict.CLEAR


def test_d_a_request_is_no_oracle_for_existence(scene):
    """Nothing there, something hidden of a third, something far: one answer, of one size."""
    nothing = asks(scene)
    scene.keep("FRA", scene.hidden, **of(HIDDEN))
    scene.share("FRA")
    scene.pull("NOR", "FRA")
    third = asks(scene)
    assert replace(nothing, question="") == replace(third, question="")
    assert len(set(answer_sizes(scene))) == 1


def test_d_questions_are_no_way_to_map_an_orbit_out(scene):
    """The budget of an object and the budget of an asker end in the same words, and nothing tells which it was."""
    scene.keep("NOR", scene.hidden, **of(HIDDEN))
    said = [asks(scene) for _ in range(4)]
    assert {one.verdict for one in said} == {Verdict.CLOSE}
    by_object = asks(scene)
    assert by_object.verdict is Verdict.REFUSED
    asks(scene, days=0.01)
    by_asker = asks(scene, days=0.01)
    assert replace(by_asker, question="") == replace(by_object, question="")


def test_d_who_may_not_ask_learns_that_alone(scene):
    """FRA is no party to NOR's offer: it gets a refusal, whatever NOR knows."""
    scene.agree("NOR", "FRA", rules=(NOTHING,))
    scene.keep("FRA", scene.ours, **of(OURS))
    scene.wait(1.0)
    question = asking.ask(scene.life("FRA").node, "NOR", OURS, days=0.25, hard_body_radius_m=10.0)
    scene.share("FRA")
    scene.pull("NOR", "FRA")
    scene.share("NOR")
    scene.pull("FRA", "NOR")
    told = dict(asking.answers(scene.life("FRA").node, "NOR"))[question]
    assert (told.verdict, told.probability, told.tca_tai_s) == (Verdict.REFUSED, None, None)


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer an-operators-token", "Basic Tk9SOnNlY3JldA==", "Commonsky-Pull bm90aGluZw==.00", "cookie"],
)
def test_d_an_operators_national_rights_are_none_at_the_partners_door(scene, credentials):
    """Whoever is logged in at NOR, with all its rights, gets nothing from the feed: only the partner's node does."""
    answer = _asked(scene, {"Authorization": credentials, "Cookie": "session=an-administrators-session"})
    assert (answer.status_code, answer.text) == (403, "refused\n")


def test_d_nor_is_the_members_own_key_a_key_to_its_partners_feed(scene):
    """NOR's node itself cannot pull the feed that it keeps for GBR."""
    request = PullRequest(
        reader="GBR",
        issuer="NOR",
        gen=0,
        seq=0,
        header_sha256="0" * 64,
        at_tai_s=scene.life("NOR").now(),
        nonce="1",
    )
    answers = {
        name: _asked(scene, {"Authorization": sign_pull(request, KEYS[name])}).status_code for name in KEYS
    }
    assert {name for name, status in answers.items() if status == 200} == {"GBR"}


def _asked(scene, headers):
    nor = scene.life("NOR")
    app = FastAPI()
    app.include_router(feed_router(nor.node, wall_clock_tai_s=nor.now))

    async def asking_it():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8701") as client:
            return await client.get("/feed/v1/NOR", headers=headers)

    with ThreadPoolExecutor(1) as apart:  # where a browser's tests ran before, this thread has a loop already
        return apart.submit(asyncio.run, asking_it()).result()
