"""Adversarial tests, group F: a reader works on what it was given below full precision, alone or with others.

The real attack, with real forces over a week, is run by ``make prove``; here are the same attacks on a smaller scale.
"""

import json
import math

import msgspec
import numpy as np
import pytest
from simulation.model import Rule
from simulation.records import EQUATOR
from simulation.stage import stage

from commonsky.astro.numerical import default_force_model, propagate
from commonsky.domain import Track
from commonsky.formats.canonical import decode
from commonsky.tracking import predict

FLOOR_M = 500.0
STATE = np.array([7.0e6, 0.0, 0.0, 0.0, 1_000.0, 7_480.0])
ORBITS = frozenset({"track", "element_set"})


@pytest.fixture
def scene(tmp_path):
    """NOR gives GBR and FRA its tracks no more precise than a floor, and POL a finer one."""
    with stage(tmp_path, "NOR", "GBR", "FRA", "POL") as made:
        made.agree("NOR", "GBR", rules=(Rule(id="coarse", kinds=ORBITS, floor_m=FLOOR_M),))
        made.agree("NOR", "FRA", rules=(Rule(id="coarse", kinds=ORBITS, floor_m=FLOOR_M),))
        made.agree("NOR", "POL", rules=(Rule(id="finer", kinds=ORBITS, floor_m=FLOOR_M / 10.0),))
        yield made


def track(scene, state, *, revision, begins_tai_s, name="NOR-T-1", sigma_m=5.0):
    """NOR's next estimate of an object that moves as a state at the beginning says."""
    now = scene.world.now_tai_s
    there = propagate(state, begins_tai_s, np.array([now]), default_force_model())[0]
    lower = np.diag([sigma_m**2] * 3 + [0.01**2] * 3)[np.tril_indices(6)]
    content = Track(
        track_id=name,
        revision=revision,
        epoch_tai_s=now,
        position_m=tuple(there[:3].tolist()),
        velocity_m_s=tuple(there[3:].tolist()),
        covariance=tuple(lower.tolist()),
        force_model=default_force_model(),
        observation_count=100,
        first_observation_tai_s=now - 3_600.0,
        last_observation_tai_s=now,
        weighted_rms=1.0,
    )
    facets = {
        "objects": frozenset({name}),
        "sigma_m": sigma_m * math.sqrt(3.0),
        "regime": "LEO",
        "epoch": now,
    }
    record = scene.keep("NOR", content, place=EQUATOR, **facets)
    scene.share("NOR")
    return record


def given(scene, reader):
    """What a reader was given, as contents."""
    scene.pull(reader, "NOR")
    rows = scene.life(reader).query("SELECT body FROM records WHERE source = 'NOR' ORDER BY n")
    return [decode(body).content for (body,) in rows]


def week(scene, releases=6, step_s=14_400.0):
    """NOR's estimates over a while, all good to a few metres; and where the object really is at the end."""
    begins = scene.world.now_tai_s
    for revision in range(1, releases + 1):
        track(scene, STATE, revision=revision, begins_tai_s=begins)
        scene.wait(step_s)
    end = scene.world.now_tai_s
    return propagate(STATE, begins, np.array([end]), default_force_model())[0, :3], end


def at(contents, tai_s):
    """Where each of the released orbits puts the object at a time (n, 3), by the forces that come with it."""
    return np.array([predict(one, np.array([tai_s]))[0, :3] for one in contents])


def test_f_refit_of_a_series_of_releases_does_not_beat_the_floor(scene):
    """All releases lie on one orbit, which is the displaced one: fitting one to them gives that, without residual."""
    truth, end = week(scene)
    places = at(given(scene, "GBR"), end)
    fitted = places.mean(axis=0)
    assert np.linalg.norm(fitted - truth) > FLOOR_M
    assert np.linalg.norm(places - fitted, axis=1).max() < 0.2 * np.linalg.norm(fitted - truth)


def test_f_averaging_gains_nothing(scene):
    truth, end = week(scene)
    errors = np.linalg.norm(at(given(scene, "GBR"), end) - truth, axis=1)
    average = np.linalg.norm(at(given(scene, "GBR"), end).mean(axis=0) - truth)
    assert average > 0.9 * errors.min()


def test_f_collusion_of_receivers_of_one_level(scene):
    """Two readers of one level hold the same bytes: there is nothing to average."""
    week(scene, releases=2)
    assert given(scene, "GBR") == given(scene, "FRA")


def test_f_collusion_of_receivers_of_several_levels(scene):
    """With the finest copy among them readers know what it says, and no more."""
    truth, end = week(scene, releases=2)
    coarse, fine = at(given(scene, "GBR"), end).mean(axis=0), at(given(scene, "POL"), end).mean(axis=0)
    off = [np.linalg.norm(place - truth) for place in (fine, coarse, (fine + coarse) / 2.0)]
    assert off[0] > FLOOR_M / 10.0
    assert off[1] > FLOOR_M
    assert off[2] > off[0]


def test_f_covariance_is_consistent_with_the_displacement(scene):
    """A covariance that claims less than the bias would be wrong, and one that tells the fine sigma would be a leak."""
    truth, _ = week(scene, releases=1)
    (content,) = given(scene, "GBR")
    assert content.position_sigma_m > FLOOR_M
    covariance = np.zeros((3, 3))
    covariance[np.tril_indices(3)] = content.covariance[:6]
    covariance = covariance + np.tril(covariance, -1).T
    real = propagate(
        STATE, scene.world.now_tai_s - 14_400.0, np.array([content.epoch_tai_s]), default_force_model()
    )
    off = real[0, :3] - np.array(content.position_m)
    assert (
        off @ np.linalg.solve(covariance, off) < 16.3
    )  # a chance of a thousandth, with three degrees of freedom
    assert truth.shape == (3,)


def test_f_nothing_beside_the_orbit_tells_the_fine_one(scene):
    fine = track(scene, STATE, revision=1, begins_tai_s=scene.world.now_tai_s)
    (coarse,) = given(scene, "GBR")
    assert coarse.coarsened_to_m >= FLOOR_M
    held, told = json.loads(_encoded(fine.content)), json.loads(_encoded(coarse))
    for name in ("epoch_tai_s", "position_m", "velocity_m_s", "covariance"):
        assert told[name] != held[name]
    assert told["observation_count"] is told["weighted_rms"] is told["last_observation_tai_s"] is None


def test_f_catalogue_difference_after_a_manoeuvre(scene):
    """Before and after a manoeuvre the object keeps its displacement: the difference tells the manoeuvre at most."""
    begins = scene.world.now_tai_s
    track(scene, STATE, revision=1, begins_tai_s=begins)
    scene.wait(7_200.0)
    now = scene.world.now_tai_s
    moved = propagate(STATE, begins, np.array([now]), default_force_model())[0] + np.array(
        [0, 0, 0, 0, 0, 1.0]
    )
    track(scene, moved, revision=2, begins_tai_s=now)
    before, after = given(scene, "GBR")
    real = propagate(moved, now, np.array([now + 3_600.0]), default_force_model())[0, :3]
    assert np.linalg.norm(at([after], now + 3_600.0)[0] - real) > FLOOR_M
    old = propagate(STATE, begins, np.array([now]), default_force_model())[0, :3]
    assert np.linalg.norm(at([before], now)[0] - old) > FLOOR_M


def test_f_delay_counts_from_the_data_and_not_from_the_record(scene):
    """A record made anew of old data is as old as the data; one of new data is not released for its old creation."""
    late = Rule(id="late", kinds=ORBITS, delay_s=3_600.0)
    scene.agree("NOR", "GBR", version=2, rules=(late,))
    record = track(scene, STATE, revision=1, begins_tai_s=scene.world.now_tai_s)
    assert not scene.decision("NOR", record, "GBR")[0]
    scene.wait(3_599.0)
    scene.share("NOR")
    assert not scene.decision("NOR", record, "GBR")[0]
    scene.wait(1.0)
    scene.share("NOR")
    assert scene.decision("NOR", record, "GBR")[0]


def _encoded(content):

    return msgspec.json.encode(content)
