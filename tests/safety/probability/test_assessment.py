"""The choice among methods: against published counts, against counts of our own, and when things are missing."""

import json
from pathlib import Path

import numpy as np
import pytest
from encounters import KINDS, encounter
from scipy.special import ndtr

from commonsky.formats.ccsds.cdm import read_cdm
from commonsky.safety.probability import (
    Conjunction,
    HardBody,
    UnusableConjunctionError,
    assess,
    conjunction_from_cdm,
)
from commonsky.safety.probability.assessment import _window
from commonsky.safety.probability.collision_rate import collisions_3d_nc
from commonsky.safety.probability.conjunction import OpenOrbitError
from commonsky.safety.probability.covariance import repaired
from commonsky.safety.probability.monte_carlo import count_collisions

ALFANO = json.loads((Path(__file__).parents[2] / "golden" / "cara" / "alfano.json").read_text())
SLOW = np.array([[7e6, 0.0, 0.0, 0.0, 7500.0, 0.0], [7e6, 3.0, 4.0, 0.0, 7500.0, 12.0]])
BLOB = np.diag([100.0, 900.0, 64.0, 1e-4, 1e-4, 1e-4])


def alfano(reference_data, number):
    xlrd = pytest.importorskip("xlrd")
    file = reference_data("cdm", "alfano-2009", f"Case{number} data at TCA.xls")
    sheet = xlrd.open_workbook(file).sheet_by_index(0)
    rows = [[cell for cell in sheet.row_values(i) if cell != ""] for i in range(sheet.nrows)]
    rows = [row for row in rows if row and all(isinstance(cell, float) for cell in row)]
    states = np.array([rows[0] + rows[1], rows[8] + rows[9]])
    return states, (np.array(rows[2:8]), np.array(rows[10:16]))


QUICK = {3, 4, 6, 7, 8, 11}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, id=f"case {case['case']}", marks=() if case["case"] in QUICK else pytest.mark.prove
        )
        for case in ALFANO
    ],
)
def test_3d_nc_meets_the_published_counts_of_slow_encounters(reference_data, case):
    states, covariances = alfano(reference_data, case["case"])
    conjunction = Conjunction.from_states(0.0, states, covariances, HardBody(case["radius_m"], "published"))
    half = case["half_time_s"]
    flow = collisions_3d_nc(conjunction, (-half, half))
    # CARA counts entries alone.
    entries = np.exp(flow.log_expected) - flow.inside_at_start
    low, high = case["cara_count_95"]
    margin = max(1.0 * (high - low), 1.5e-3 * case["cara_count"])
    assert low - margin < entries < high + margin
    assert entries == pytest.approx(case["cara_3d_nc"], rel=1.5e-3)


@pytest.mark.parametrize("number", [4, 7])
def test_the_choice_for_a_slow_encounter_is_not_2d_and_within_the_published_count(reference_data, number):
    case = ALFANO[number - 1]
    states, covariances = alfano(reference_data, number)
    found = assess(
        Conjunction.from_states(0.0, states, covariances, HardBody(case["radius_m"], "published"), seed=1)
    )
    assert found.recommended.method in {"3D-Nc", "Monte Carlo"}
    assert found.recommended.probability == pytest.approx(case["alfano_count"], rel=0.02)
    assert not next(one for one in found.methods if one.method == "2D Foster").valid


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_choice_agrees_with_plain_counting_for_encounters_of_every_kind(kind):
    conjunction = encounter(kind, np.random.default_rng(3))
    wider = Conjunction(
        conjunction.tca_tai_s, conjunction.states, conjunction.covariances,
        HardBody(10.0 * conjunction.hard_body.radius_m, "made"), seed=1,
    )  # fmt: skip
    samples = 20_000
    found = assess(wider, samples=samples)
    truth = count_collisions(wider, _window(wider), samples, np.random.default_rng(2))
    spread = np.sqrt(max(truth.probability, 1.0 / samples) / samples)
    assert abs(found.recommended.probability - truth.probability) < 5.0 * spread + 0.01 * truth.probability


def grazing(speed, sigma, radius, away):
    """Two low orbits that cross at a speed, errors round, ``away`` the miss across the velocity in metres."""
    turn = 2.0 * np.arcsin(0.5 * speed / 7546.0)
    states = np.array([[7e6, 0.0, 0.0, 0.0, 7546.0, 0.0], [7e6 + away, 0.0, 0.0, 0.0, 0.0, 0.0]])
    states[1, 3:] = 7546.0 * np.array([0.0, np.cos(turn), np.sin(turn)])
    blob = np.diag([sigma, sigma, sigma, 1e-3 * sigma, 1e-3 * sigma, 1e-3 * sigma]) ** 2
    return Conjunction.from_states(0.0, states, (blob, blob), HardBody(radius, "made"), seed=2)


@pytest.mark.parametrize(("sigma", "radius"), [(0.1, 12.0), (0.05, 50.0), (100.0, 17_000.0)])
def test_a_body_that_dwarfs_the_uncertainty_is_judged_over_the_exact_disc(sigma, radius):
    conjunction = grazing(400.0, sigma, radius, radius + 0.5 * sigma)
    found = assess(conjunction, monte_carlo=False)
    # The edge of so large a disc is a straight line.
    assert found.recommended.method in {"2D Foster", "2D-Nc"}
    assert found.recommended.probability == pytest.approx(ndtr(-0.5 / np.sqrt(2.0)), rel=0.01)


def test_counting_tells_distances_apart_that_are_small_against_the_body():
    conjunction = grazing(150.0, 0.1, 12.0, 12.05)
    count = count_collisions(conjunction, (-60.0, 60.0), 40_000, np.random.default_rng(4))
    exact = ndtr(-0.5 / np.sqrt(2.0))
    assert abs(count.probability - exact) < 4.0 * np.sqrt(exact / 40_000) + 0.01 * exact


def test_where_a_covariance_has_no_velocities_a_short_encounter_is_straight_and_says_so():
    states = SLOW.copy()
    states[1, 3:] = [0.0, 0.0, 7500.0]
    long = np.diag([400.0, 4e8, 100.0])  # 20 km along the track
    found = assess(Conjunction.from_states(0.0, states, (long, long), HardBody(20.0, "test")))
    assert found.recommended.method == "2D Foster"
    assert "no velocities" in found.reasons[1]


def test_a_covariance_of_position_alone_stays_one_when_an_encounter_is_made_of_another():
    chance = np.random.default_rng(4)
    for _ in range(40):
        states = SLOW.copy()
        states[1, 3:] = [10.0 * chance.normal(), 10.0 * chance.normal(), 7500.0]
        states[1, :3] += chance.normal(size=3) * [50.0, 500.0, 50.0]
        long = np.diag([*np.exp(chance.uniform(2.0, 9.0, 3)) ** 2, 0.0, 0.0, 0.0])
        once = Conjunction.from_states(0.0, states, (long, long), HardBody(20.0, "test"))
        again = Conjunction.from_states(0.0, once.states, once.covariances, once.hard_body)
        assert again.complete
        assert again.repairs == ()


@pytest.mark.parametrize("number", [*range(3, 10), 12, 15])
def test_2d_gives_what_messages_state_for_a_body_of_seventy_metres(reference_data, number):
    file = reference_data("cdm", "cara-samples", f"SingleCovTestCase1-{number}.cdm")
    message = read_cdm(file.read_bytes(), source=file.name).messages[0]
    found = assess(conjunction_from_cdm(message, hbr_m=70.0), monte_carlo=False)
    assert found.recommended.method == "2D Foster"
    # The states are printed to a decimetre: that moves these few by up to a hundredth.
    assert found.recommended.probability == pytest.approx(message.collision_probability, rel=0.01)


def test_the_same_question_gets_the_same_answer():
    conjunction = encounter("formation", np.random.default_rng(1))
    first, second = assess(conjunction, samples=5000), assess(conjunction, samples=5000)
    assert first.methods == second.methods


def test_importance_sampling_finds_what_plain_counting_cannot():
    conjunction = encounter("fast low orbits", np.random.default_rng(7))
    found = assess(conjunction, monte_carlo=False)
    count = count_collisions(
        conjunction,
        (-60.0, 60.0),
        20_000,
        np.random.default_rng(1),
        towards=(found.recommended.probability, 0.0),
    )
    assert count.importance
    assert count.low < 1.01 * found.recommended.probability
    assert count.high > 0.99 * found.recommended.probability
    assert count.effective_hits > 100.0


def test_without_any_covariance_a_bound_is_said_and_called_one():
    found = assess(Conjunction.from_states(0.0, SLOW, (None, np.zeros((6, 6))), HardBody(2.0, "test")))
    assert found.is_bound
    assert found.recommended.method == "maximum, no covariance"
    assert 0.0 < found.recommended.probability < 1.0
    assert found.dilution is None


def test_with_one_covariance_the_bound_is_over_the_other():
    both = assess(Conjunction.from_states(0.0, SLOW, (BLOB, BLOB), HardBody(0.5, "test")), monte_carlo=False)
    one = assess(Conjunction.from_states(0.0, SLOW, (BLOB, None), HardBody(0.5, "test")))
    assert one.recommended.method == "maximum, one covariance unknown"
    assert one.recommended.probability >= both.recommended.probability * 0.99


def test_a_covariance_that_is_none_is_repaired_and_said_so():
    bad = BLOB.copy()
    bad[0, 1] = bad[1, 0] = 1.2 * np.sqrt(bad[0, 0] * bad[1, 1])
    found = assess(Conjunction.from_states(0.0, SLOW, (bad, BLOB), HardBody(2.0, "test")), monte_carlo=False)
    assert len(found.repairs) == 1
    assert "not positive definite" in found.repairs[0]
    assert np.isfinite(found.recommended.probability)


def test_a_sound_covariance_is_left_alone_to_the_last_bit():
    fixed, words = repaired(BLOB)
    assert words == ""
    assert np.array_equal(fixed, BLOB)


def test_states_are_brought_to_their_closest_approach():
    moved = SLOW.copy()
    moved[:, :3] += 5.0 * moved[:, 3:]
    found = Conjunction.from_states(0.0, moved, (BLOB, BLOB), HardBody(2.0, "test"))
    assert abs(found.position_m @ found.velocity_m_s) < 1e-6
    assert found.notes


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan")])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(UnusableConjunctionError, match="radius"):
        Conjunction.from_states(0.0, SLOW, (BLOB, BLOB), HardBody(radius, "test"))


def test_an_open_orbit_falls_back_to_straight_lines_and_says_so():
    fast = SLOW.copy()
    fast[1, 3:] = [0.0, -20_000.0, 0.0]
    conjunction = Conjunction.from_states(0.0, fast, (BLOB, BLOB), HardBody(5.0, "test"))
    with pytest.raises(OpenOrbitError):
        conjunction.clouds()
    found = assess(conjunction)
    assert found.recommended.method == "2D Foster"
    assert "no closed orbits" in found.reasons[1]


def test_bodies_at_rest_to_each_other_are_judged_without_a_fault():
    still = SLOW.copy()
    still[1, 3:] = still[0, 3:]
    found = assess(Conjunction.from_states(0.0, still, (BLOB, BLOB), HardBody(2.0, "test")), samples=5000)
    assert 0.0 <= found.recommended.probability <= 1.0


@pytest.mark.prove
def test_the_choice_agrees_with_counting_over_a_broad_seeded_set():
    """Each encounter is counted plainly over the whole window, without the choice's window or importance sampling."""
    samples, off = 100_000, []
    for kind in KINDS:
        chance = np.random.default_rng(2024)
        for number in range(12):
            made = encounter(kind, chance, nearness=chance.uniform(0.3, 1.5))
            body = HardBody(made.hard_body.radius_m * chance.choice([1.0, 5.0, 20.0]), "made")
            conjunction = Conjunction(made.tca_tai_s, made.states, made.covariances, body, seed=number)
            found = assess(conjunction)
            truth = count_collisions(
                conjunction, _window(conjunction), samples, np.random.default_rng(number)
            )
            said = found.recommended.probability
            spread = np.sqrt(max(said, truth.probability, 1.0 / samples) / samples)
            apart = (said - truth.probability) / spread
            print(  # noqa: T201  # a proof shows its figures
                f"{kind:18s} {number:2d} {found.recommended.method:12s} {said:.5g} counted {truth.probability:.5g} "
                f"({apart:+.1f} sigma)"
            )
            if abs(apart) > 4.0 and abs(said - truth.probability) > 0.02 * truth.probability:
                off.append((kind, number))
    assert off == []
