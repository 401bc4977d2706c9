"""Coarse orbits: displaced for good, everywhere by more than the floor, and told as nothing but that."""

import msgspec
import numpy as np
import pytest
from coarse_orbits import DAY, EPOCH, REGIMES, RETROGRADE, SECRET, element_set, record, state, track
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.astro import general_perturbations
from commonsky.astro.frames import celestial_pole, teme_to_gcrf
from commonsky.astro.numerical import default_force_model, propagate
from commonsky.astro.orbit import oblate_energy, rtn_axes
from commonsky.domain import EmpiricalAcceleration, IdentityClaim
from commonsky.formats.canonical import decode, encode, record_id
from commonsky.sharing.coarsening import CoarseningError, coarsened
from commonsky.sharing.orbit_bias import WINDOW_S
from commonsky.tracking import predict
from commonsky.tracking.prediction import covariance_of, state_of

EVERY_REGIME = pytest.mark.parametrize("elements", REGIMES.values(), ids=REGIMES)


def coarse(of, floor_m=1_000.0, **changes):
    given_ = {"giver": "AUR", "object_name": "61234", "secret": SECRET, **changes}
    return coarsened(of, floor_m, **given_)


def distances_m(fine, released, times):
    """Between a fine and a released orbit."""
    return np.linalg.norm((predict(released, times) - predict(fine, times))[:, :3], axis=1)


@EVERY_REGIME
def test_a_released_track_is_beyond_the_floor_all_along_the_orbit_and_stays_there(elements):
    fine = track(state(elements))
    released = coarse(fine).content
    times = released.epoch_tai_s + np.linspace(0.0, 4.0 * DAY, 300)
    away_m = distances_m(fine.content, released, times)
    assert away_m.min() > 1_000.0
    assert away_m.max() < 6_500.0
    assert np.sqrt(np.mean(away_m[150:] ** 2)) == pytest.approx(np.sqrt(np.mean(away_m[:150] ** 2)), rel=0.08)


@EVERY_REGIME
def test_a_released_element_set_is_beyond_the_floor_all_along_the_orbit_and_stays_there(elements):
    fine = element_set(elements).content
    released = coarse(element_set(elements)).content
    handle = general_perturbations.satellites([fine, released])
    position, _, fault = general_perturbations.positions_teme(
        handle, EPOCH + np.linspace(0.0, 7.0 * DAY, 500)
    )
    assert not fault.any()
    away_m = np.linalg.norm(position[0] - position[1], axis=1)
    assert away_m.min() > 1_000.0
    assert away_m.max() < 6_500.0


@given(
    st.floats(6_700.0, 60_000.0),
    st.floats(0.0, 0.85),
    st.tuples(st.floats(1e-3, 175.0), *(st.floats(0.0, 360.0, exclude_max=True),) * 3),
    st.sampled_from([100.0, 1_000.0, 10_000.0, 100_000.0]),
    st.text(max_size=8),
)
@settings(max_examples=40)
def test_any_element_set_is_displaced_by_the_floor_at_least(axis_km, eccentricity, angles, floor_m, name):
    axis_km = max(axis_km, 6_700.0 / (1.0 - eccentricity))
    assume(axis_km * (1.0 + eccentricity) < 106_000.0)
    fine = element_set((axis_km, eccentricity, *angles), bstar=0.0)
    try:
        released = coarse(fine, floor_m, object_name=name).content
    except CoarseningError:
        if 1.0 < fine.content.ra_of_asc_node_deg < 359.0:
            raise
        return  # SGP4 jumps where the node passes 0 deg
    handle = general_perturbations.satellites([fine.content, released])
    period_s = DAY / released.mean_motion_rev_day
    times = EPOCH + period_s * np.linspace(0.0, 1.0, 181)
    position, _, fault = general_perturbations.positions_teme(handle, times)
    if not fault.any():
        away_m = np.linalg.norm(position[0] - position[1], axis=1)
        assert floor_m < away_m.min()
        assert away_m.max() < 9.0 * floor_m


@pytest.mark.parametrize("elements", [*REGIMES.values(), RETROGRADE], ids=[*REGIMES, "retrograde"])
def test_a_track_and_an_element_set_of_one_object_are_displaced_alike(elements):
    fine_set, fine_track = element_set(elements), track(state(elements))
    times = EPOCH + np.linspace(0.0, 6_000.0, 7)
    handle = general_perturbations.satellites([fine_set.content, coarse(fine_set).content])
    position, velocity, _ = general_perturbations.positions_teme(handle, times)
    states = [np.hstack(teme_to_gcrf(p, v, times)) for p, v in zip(position, velocity, strict=True)]
    of_set = np.einsum("nij,nj->ni", rtn_axes(states[0]), (states[1] - states[0])[:, :3])
    there = predict(fine_track.content, times)
    moved = (predict(coarse(fine_track).content, times) - there)[:, :3]
    of_track = np.einsum("nij,nj->ni", rtn_axes(there), moved)
    # the same bias, but for the unrest that tracks have
    assert of_set == pytest.approx(of_track, abs=400.0)
    assert np.linalg.norm(0.5 * (of_set + of_track), axis=1).min() > 1_000.0


@EVERY_REGIME
def test_energy_is_that_of_the_fine_orbit(elements):
    fine = track(state(elements)).content
    released = coarse(track(state(elements))).content
    times = released.epoch_tai_s + np.linspace(0.0, DAY, 200)
    pole = celestial_pole(EPOCH)
    energies = [
        np.mean([oblate_energy(one, pole) for one in predict(orbit, times)]) for orbit in (fine, released)
    ]
    # less than two metres of semi-major axis in the mean, where the displacement is thousands
    assert energies[1] / energies[0] == pytest.approx(1.0, abs=2.0 / (1e3 * elements[0]))


def test_coarsening_is_deterministic_and_its_bytes_are_a_record():
    for fine in (track(state(RETROGRADE)), element_set(RETROGRADE)):
        bytes_ = encode(coarse(fine, 400.0))
        assert bytes_ == encode(coarse(fine, 1_000.0))
        released = decode(bytes_)
        assert released.id == record_id("AUR", released.content) != fine.id
        assert released.content.coarsened_to_m == 1_000.0
        assert (released.label, released.mode, released.originator) == (fine.label, fine.mode, "AUR")
        assert released.inputs == ()


def test_nothing_beside_the_orbit_tells_how_and_when_it_was_made():
    fine = track(state(RETROGRADE))
    released = coarse(fine).content
    assert released.epoch_tai_s % 3_600.0 == 0.0
    assert 0.0 <= fine.content.epoch_tai_s - released.epoch_tai_s < 3_600.0
    for name in ("observation_count", "first_observation_tai_s", "last_observation_tai_s", "weighted_rms"):
        assert getattr(released, name) is None
    of_set = coarse(element_set(RETROGRADE)).content
    assert of_set.epoch_tai_s % 3_600.0 == 0.0
    assert (of_set.element_set_no, of_set.rev_at_epoch) == (0, 0)


def test_records_without_the_mark_are_written_as_they_always_were():
    for fine in (track(state(RETROGRADE)), element_set(RETROGRADE)):
        assert b"coarsened" not in encode(fine)
    assert track(state(RETROGRADE)).id == "track:AUR-T-000001:1"
    assert coarse(track(state(RETROGRADE))).id == "track:AUR-T-000001:1:1000m"


@EVERY_REGIME
def test_all_releases_of_a_window_lie_on_one_orbit_of_the_real_forces(elements):
    first = coarse(track(state(elements))).content
    later = first.epoch_tai_s + np.array([0.3, 2.9]) * DAY
    for epoch_tai_s, at in zip(
        later, propagate(state(elements), EPOCH, later, default_force_model()), strict=True
    ):
        released = coarse(track(at, epoch_tai_s)).content
        apart_m = np.linalg.norm(predict(first, released.epoch_tai_s)[0, :3] - released.position_m)
        assert apart_m < 0.5


def test_the_covariance_covers_the_bias_and_is_not_far_too_large():
    distances = []
    for n, elements in enumerate(REGIMES.values()):
        fine = track(state(elements), EPOCH + n * DAY, sigma_m=1.0)
        for floor_m in (1_000.0, 100_000.0):
            released = coarse(fine, floor_m, object_name=f"object {n}").content
            covariance = covariance_of(released)
            sigmas = np.sqrt(np.diag(covariance))
            assert np.linalg.eigvalsh(covariance / np.outer(sigmas, sigmas)).min() > 0.0
            off = predict(fine.content, released.epoch_tai_s)[0] - state_of(released)
            distances.append(off @ np.linalg.solve(covariance, off))
            assert floor_m < released.position_sigma_m < 30.0 * floor_m
    # of six dimensions, 99 of 100 are under 16.8, and the mean is six
    assert max(distances) < 16.8
    assert 3.0 < np.mean(distances) < 9.0


def test_an_empirical_acceleration_is_told_as_it_is_at_the_displaced_orbit():
    law = EmpiricalAcceleration(
        epoch_tai_s=EPOCH - 500.0, constant_m_s2=(2e-7, -1e-7, 3e-7), rate_m_s3=(1e-12, 2e-12, -1e-12)
    )
    forces = msgspec.structs.replace(default_force_model(), empirical=law, drag_cd_area_over_mass=0.02)
    fine = track(state(RETROGRADE), force_model=forces)
    released = coarse(fine).content
    assert released.force_model.drag_cd_area_over_mass == 0.02
    assert released.force_model.empirical.epoch_tai_s == released.epoch_tai_s
    away_m = distances_m(fine.content, released, released.epoch_tai_s + np.linspace(0.0, DAY, 50))
    assert away_m.min() > 1_000.0
    assert away_m.max() < 5_000.0


def test_what_cannot_be_coarsened_is_refused_in_words():
    claim = IdentityClaim(track_id="AUR-T-000001", designator="61234", confidence=0.5, basis="named")
    escaping = state(RETROGRADE) * np.repeat([1.0, 1.5], 3)
    distant = state((90_000.0, 0.5, 20.0, 0.0, 0.0, 0.0))
    for of, floor_m, words in (
        (record(claim), 10.0, "kind identity_claim"),
        (track(escaping), 10.0, "eccentricity"),
        (track(distant), 10.0, "heights"),
        (track(state(RETROGRADE)), 2e5, "100000 m at most"),
        (track(state(RETROGRADE)), 0.0, "positive"),
        (element_set((6_390.0, 0.0, 10.0, 0.0, 0.0, 0.0), bstar=0.5), 10.0, "SGP4"),
        (element_set((6_400.0, 0.1, 10.0, 0.0, 0.0, 0.0)), 10.0, "heights"),
        (element_set((90_000.0, 0.92, 10.0, 0.0, 0.0, 0.0)), 10.0, "eccentricity"),
        (element_set((20_000.0, 0.5, 179.9, 0.0, 0.0, 0.0)), 10.0, "singular at 180 deg"),
        (element_set((19_052.0, 0.0, 2.0, 359.9999, 0.0, 0.0), bstar=0.0), 100.0, "SGP4 jumps"),
        (replace(track(state(RETROGRADE)), originator="CAL"), 10.0, "only CAL"),
    ):
        with pytest.raises(CoarseningError, match=words):
            coarse(of, floor_m)


def test_what_is_coarse_already_stays_as_it_is_and_is_not_made_coarser_by_another_key():
    once = coarse(track(state(RETROGRADE)))
    assert coarse(once, 300.0) is once
    assert coarse(replace(once, originator="CAL"), 1_000.0) is not None
    with pytest.raises(CoarseningError, match="already"):
        coarse(once, 2_000.0)


def test_a_bad_mark_is_no_content():
    for mark in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="positive number of metres"):
            replace(element_set(RETROGRADE).content, coarsened_to_m=mark)


def test_the_orbit_goes_on_smoothly_where_a_window_ends():
    at = state(REGIMES["low, as a station"])
    ends_tai_s = np.ceil(EPOCH / WINDOW_S) * WINDOW_S
    times = ends_tai_s + np.array([-1_800.0, 5_400.0])
    before, after = (
        coarse(track(one, t)).content
        for one, t in zip(propagate(at, EPOCH, times, default_force_model()), times, strict=True)
    )
    jump_m = np.linalg.norm(predict(before, after.epoch_tai_s)[0, :3] - after.position_m)
    assert 0.0 < jump_m < 900.0


@pytest.mark.parametrize("kick_m_s", [(0.0, 0.5, 0.0), (0.0, 10.0, 0.0), (0.0, 0.0, 10.0)], ids=str)
@pytest.mark.parametrize("name", ["low, Sun-synchronous", "geostationary", "transfer, near the equator"])
def test_a_manoeuvre_does_not_show_the_bias_where_the_orbits_before_and_after_it_cross(name, kick_m_s):
    burn_tai_s, later_tai_s = EPOCH + 1.2 * DAY, EPOCH + 1.5 * DAY
    at = propagate(state(REGIMES[name]), EPOCH, burn_tai_s, default_force_model())[0]
    kicked = at + np.concatenate([np.zeros(3), rtn_axes(at).T @ kick_m_s])
    after = propagate(kicked, burn_tai_s, later_tai_s, default_force_model())[0]
    before, released = coarse(track(state(REGIMES[name]))).content, coarse(track(after, later_tai_s)).content
    crossing = predict(before, burn_tai_s)[0] - predict(released, burn_tai_s)[0]
    # the orbits are displaced by kilometres; what is left is unrest, which tells nothing of that
    assert np.linalg.norm(crossing[:3]) < 150.0
