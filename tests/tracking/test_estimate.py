"""Batch least squares on simulated tracking, where the truth is known."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from numpy.random import PCG64, Generator
from simulated import ANGLE_SIGMA_RAD, EPOCH, FORCES, GEO, LEO, MEO, SENSORS, TRANSFER, sensor, tracking

from commonsky.astro.numerical import propagate
from commonsky.domain import ElementSet, EmpiricalAcceleration, ObservationKind
from commonsky.tracking import (
    Estimated,
    FitSettings,
    InitialState,
    NoInitialOrbitError,
    NotConvergedError,
    OutsideModelsError,
    TooFewObservationsError,
    UndeterminedError,
    UnknownSensorError,
    fit,
    from_element_set,
    initial_orbit,
    predict,
    predict_with_covariance,
)

AT_EPOCH = FitSettings(epoch_tai_s=EPOCH)
NEAR = InitialState(EPOCH, LEO + np.array([300.0, -200.0, 100.0, 0.5, 0.2, -0.3]))


@pytest.fixture(scope="module")
def leo():
    return tracking(LEO, Generator(PCG64(11)))


@pytest.fixture(scope="module")
def found(leo):
    return fit(leo, SENSORS, settings=AT_EPOCH)


ONE = {"alps": SENSORS["alps"]}


def arcs_of(observations):
    """Cut where nothing was seen for half an hour."""
    made = [[]]
    for one in observations:
        if made[-1] and one.epoch_tai_s - made[-1][-1].epoch_tai_s > 1800.0:
            made.append([])
        made[-1].append(one)
    return made


def mahalanobis(found, truth):
    error = found.state_gcrf - truth
    return float(error @ np.linalg.solve(found.covariance, error))


@pytest.mark.parametrize(
    "truth", [LEO, MEO, GEO, TRANSFER], ids=["low", "medium", "geostationary", "transfer"]
)
def test_an_orbit_is_found_with_nothing_to_start_from(truth):
    observations = tracking(truth, Generator(PCG64(3)), days=1.0, step_s=180.0)
    found = fit(observations, SENSORS, settings=AT_EPOCH)
    assert found.converged
    assert mahalanobis(found, truth) < 22.5  # chi-square with 6 degrees of freedom, one in a thousand
    assert found.weighted_rms == pytest.approx(1.0, abs=0.12)


def test_where_the_iteration_starts_does_not_matter(leo, found):
    again = fit(leo, SENSORS, settings=AT_EPOCH, initial=NEAR)
    sigmas = np.sqrt(np.diag(found.covariance))
    assert np.abs((again.state_gcrf - found.state_gcrf) / sigmas).max() < 0.02


def test_the_order_of_the_observations_does_not_matter(leo, found):
    shuffled = [leo[i] for i in Generator(PCG64(5)).permutation(len(leo))]
    again = fit(shuffled, SENSORS, settings=AT_EPOCH, initial=NEAR)
    sigmas = np.sqrt(np.diag(found.covariance))
    assert np.abs((again.state_gcrf - found.state_gcrf) / sigmas).max() < 0.02
    for residual, observation in zip(again.residuals, shuffled, strict=True):
        assert (residual.sensor, residual.epoch_tai_s) == (observation.sensor, observation.epoch_tai_s)


def test_the_epoch_is_that_of_the_last_observation_unless_asked_for(leo, found):
    late = fit(leo, SENSORS, initial=NEAR)
    assert late.epoch_tai_s == max(one.epoch_tai_s for one in leo)
    carried = propagate(found.state_gcrf, EPOCH, [late.epoch_tai_s], FORCES)[0]
    assert np.abs((carried - late.state_gcrf) / np.sqrt(np.diag(late.covariance))).max() < 0.05


def test_statistics_by_sensor_count_every_value(leo, found):
    assert sum(one.used + one.rejected for one in found.statistics) == sum(len(one.values) for one in leo)
    for one in found.statistics:
        assert one.weighted_rms == pytest.approx(1.0, abs=0.45)


def test_the_covariance_holds_over_many_fits():
    """The mean normalised error squared of 30 fits lies in its 95 % bounds, and so does that of the prediction."""
    squares, later = [], []
    ahead = EPOCH + 1.5 * 86400.0
    truth_ahead = propagate(LEO, EPOCH, [ahead], FORCES)[0]
    for seed in range(30):
        observations = tracking(LEO, Generator(PCG64(1000 + seed)), days=0.3, step_s=90.0)
        found = fit(observations, SENSORS, settings=AT_EPOCH, initial=NEAR)
        squares.append(mahalanobis(found, LEO))
        states, covariances = predict_with_covariance(found.track("t", 1), [ahead])
        error = states[0] - truth_ahead
        later.append(float(error @ np.linalg.solve(covariances[0], error)))
    # Chi-square with 180 degrees of freedom: 2.5 % and 97.5 % points, divided by 30.
    low, high = 4.825, 7.301
    assert low < np.mean(squares) < high
    assert low < np.mean(later) < high


def test_biases_are_recovered_within_their_sigmas():
    biases = {
        ("north", ObservationKind.RANGE): 350.0,
        ("alps", ObservationKind.AZ_EL): np.array([2e-3, -1e-3]),
    }
    observations = tracking(LEO, Generator(PCG64(21)), biases=biases)
    wanted = frozenset({Estimated.RANGE_BIAS, Estimated.AZIMUTH_BIAS, Estimated.ELEVATION_BIAS})
    found = fit(observations, SENSORS, settings=replace(AT_EPOCH, estimate=wanted))
    truth = {"north range bias": 350.0, "alps azimuth bias": 2e-3, "alps elevation bias": -1e-3}
    assert len(found.parameters) == 9
    for one in found.parameters:
        assert abs(one.value - truth.get(one.name, 0.0)) < 4.0 * one.sigma
    assert mahalanobis(found, LEO) < 22.5


def test_a_stated_bias_is_taken_off_before_one_is_estimated(leo, found):
    shifted = [
        msgspec.structs.replace(one, values=(one.values[0] + 500.0,), biases=(500.0,))
        if one.kind is ObservationKind.RANGE
        else one
        for one in leo
    ]
    again = fit(shifted, SENSORS, settings=AT_EPOCH, initial=NEAR)
    sigmas = np.sqrt(np.diag(found.covariance))
    assert np.abs((again.state_gcrf - found.state_gcrf) / sigmas).max() < 0.02


def test_drag_is_recovered_within_its_sigma():
    low = np.array([0.0, 6.778e6, 0.0, -1.0e3, 0.0, 7.6e3])
    forces = msgspec.structs.replace(FORCES, drag_cd_area_over_mass=0.02)
    observations = tracking(low, Generator(PCG64(8)), days=1.0, step_s=30.0, forces=forces)
    found = fit(observations, SENSORS, settings=replace(AT_EPOCH, estimate=frozenset({Estimated.DRAG})))
    drag = found.parameter("drag cd*area/mass")
    assert abs(drag.value - 0.02) < 4.0 * drag.sigma
    assert drag.sigma < 0.002
    assert found.force_model.drag_cd_area_over_mass == drag.value


def test_a_leak_is_recovered_within_its_sigma():
    leak = EmpiricalAcceleration(
        epoch_tai_s=EPOCH, constant_m_s2=(2e-6, -4e-6, 1e-6), rate_m_s3=(0.0, 5e-11, -5e-11)
    )
    forces = msgspec.structs.replace(FORCES, empirical=leak)
    observations = tracking(MEO, Generator(PCG64(9)), days=1.0, step_s=300.0, forces=forces)
    wanted = frozenset({Estimated.EMPIRICAL, Estimated.EMPIRICAL_RATE})
    found = fit(observations, SENSORS, settings=replace(AT_EPOCH, estimate=wanted))
    for one, truth in zip(found.parameters, [*leak.constant_m_s2, *leak.rate_m_s3], strict=True):
        assert abs(one.value - truth) < 4.0 * one.sigma
    assert found.track("t", 1).force_model.empirical == found.force_model.empirical


def test_a_prior_holds_what_the_observations_do_not_show():
    observations = tracking(LEO, Generator(PCG64(4)), days=0.3)
    free = replace(AT_EPOCH, estimate=frozenset({Estimated.RANGE_BIAS}))
    held = replace(free, prior_sigmas={Estimated.RANGE_BIAS: 0.5})
    loose, tight = (fit(observations, SENSORS, settings=one, initial=NEAR) for one in (free, held))
    for before, after in zip(loose.parameters, tight.parameters, strict=True):
        assert after.sigma <= 0.5 < before.sigma
        assert abs(after.value) < 2.0


def test_wild_observations_are_left_out_and_named(leo, found):
    wild = [msgspec.structs.replace(one, values=(one.values[0] + 5e4, *one.values[1:])) for one in leo[:6]]
    again = fit([*wild, *leo[6:]], SENSORS, settings=AT_EPOCH, initial=NEAR)
    assert [one.index for one in again.residuals if not one.used] == list(range(6))
    assert all("sigma off" in one.reason for one in again.residuals[:6])
    assert mahalanobis(again, LEO) < 22.5


def test_sigmas_stated_too_small_do_not_throw_everything_out(leo):
    bold = [msgspec.structs.replace(one, sigmas=tuple(sigma / 20.0 for sigma in one.sigmas)) for one in leo]
    found = fit(bold, SENSORS, settings=replace(AT_EPOCH, scale_covariance=True), initial=NEAR)
    assert sum(one.used for one in found.residuals) > 0.98 * len(leo)
    assert found.weighted_rms == pytest.approx(20.0, rel=0.1)
    assert mahalanobis(found, LEO) < 22.5


@pytest.mark.parametrize("kind", [ObservationKind.RA_DEC, ObservationKind.RANGE_RATE])
def test_other_kinds_improve_an_orbit_too(kind):
    observations = tracking(LEO, Generator(PCG64(13)), kinds=(kind,), step_s=30.0)
    found = fit(observations, SENSORS, settings=AT_EPOCH, initial=NEAR)
    assert mahalanobis(found, LEO) < 22.5


def test_a_track_predicts_what_the_fit_says(found):
    track = found.track("own-7", 3)
    np.testing.assert_allclose(predict(track, [EPOCH])[0], found.state_gcrf, rtol=0, atol=1e-6)
    _, covariances = predict_with_covariance(track, [EPOCH, EPOCH + 3600.0])
    np.testing.assert_allclose(covariances[0], found.covariance, rtol=1e-6, atol=1e-12)
    assert track.position_sigma_m == pytest.approx(math.sqrt(np.trace(found.covariance[:3, :3])))
    assert np.linalg.eigvalsh(covariances[1] * 1e6).min() > 0.0
    assert (track.track_id, track.revision) == ("own-7", 3)


def test_no_observations_are_too_few():
    with pytest.raises(TooFewObservationsError, match="no observations"):
        fit([], SENSORS)


def test_fewer_values_than_unknowns_are_too_few(leo):
    with pytest.raises(TooFewObservationsError, match="3 measured values"):
        fit([leo[0], leo[-1]], SENSORS, initial=NEAR)


def test_a_sensor_without_a_place_is_named(leo):
    with pytest.raises(UnknownSensorError, match="south"):
        fit(leo, {"north": SENSORS["north"], "alps": SENSORS["alps"]}, initial=NEAR)


@pytest.mark.parametrize("kind", list(ObservationKind))
def test_any_one_kind_of_observation_starts_a_low_orbit(kind):
    observations = tracking(LEO, Generator(PCG64(3)), days=0.2, kinds=(kind,))
    found = fit(observations, SENSORS, settings=AT_EPOCH)
    assert mahalanobis(found, LEO) < 22.5


@pytest.mark.parametrize("truth", [MEO, GEO, TRANSFER], ids=["medium", "geostationary", "transfer"])
@pytest.mark.parametrize("kind", [ObservationKind.RA_DEC, ObservationKind.AZ_EL])
def test_angles_alone_start_a_high_orbit(truth, kind):
    observations = tracking(truth, Generator(PCG64(3)), days=0.2, step_s=400.0, kinds=(kind,))
    found = fit(observations, SENSORS, settings=AT_EPOCH)
    assert mahalanobis(found, truth) < 22.5


def test_short_arcs_of_several_days_are_linked_on_the_right_revolution():
    """Four minutes of angles on each of three days: the first arc alone leaves many revolutions open."""
    rng = Generator(PCG64(12))
    whole = tracking(LEO, rng, days=3.0, step_s=20.0, kinds=(ObservationKind.RA_DEC,), sensors=ONE)
    kept = [one for arc in arcs_of(whole)[::5] for one in arc[:12]]
    found = fit(kept, SENSORS, settings=AT_EPOCH)
    assert mahalanobis(found, LEO) < 22.5


def test_observations_that_no_orbit_explains_are_refused():
    whole = tracking(LEO, Generator(PCG64(3)), days=0.1, kinds=(ObservationKind.RANGE,))
    deep = [msgspec.structs.replace(one, values=(1.0e3 + 100.0 * i,)) for i, one in enumerate(whole)]
    with pytest.raises((NoInitialOrbitError, NotConvergedError, UndeterminedError)):
        fit(deep, SENSORS)


def test_an_epoch_before_all_models_is_refused(leo):
    early = [msgspec.structs.replace(one, epoch_tai_s=one.epoch_tai_s - 3e9) for one in leo]
    with pytest.raises(OutsideModelsError, match="Earth orientation"):
        fit(early, SENSORS)


def test_what_is_not_determined_is_named(leo):
    ranges = [one for one in leo if one.kind is ObservationKind.RANGE and one.sensor == "north"][:12]
    settings = replace(AT_EPOCH, estimate=frozenset({Estimated.EMPIRICAL, Estimated.EMPIRICAL_RATE}))
    instant = [msgspec.structs.replace(one, epoch_tai_s=ranges[0].epoch_tai_s) for one in ranges]
    with pytest.raises(UndeterminedError, match="do not determine"):
        fit([*instant], SENSORS, settings=settings, initial=NEAR)


def test_observations_of_two_objects_do_not_pass_for_one():
    rng = Generator(PCG64(2))
    mixed = [*tracking(LEO, rng, step_s=120.0), *tracking(TRANSFER, rng, step_s=120.0)]
    try:
        found = fit(mixed, SENSORS)
    except (NotConvergedError, NoInitialOrbitError):
        return
    assert found.weighted_rms > 3.0 or any(not one.used for one in found.residuals)


def test_an_element_set_can_start_an_orbit():
    element_set = ElementSet(
        object_name="TEST",
        object_id="2019-001A",
        norad_cat_id=99999,
        classification="U",
        epoch_utc="",
        epoch_tai_s=EPOCH,
        mean_motion_rev_day=14.2,
        eccentricity=0.002,
        inclination_deg=97.0,
        ra_of_asc_node_deg=90.0,
        arg_of_pericenter_deg=20.0,
        mean_anomaly_deg=10.0,
        bstar=0.0,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )
    truth = from_element_set(element_set, EPOCH).state_gcrf + np.array([800.0, 0.0, 500.0, 0.0, 0.6, 0.0])
    observations = tracking(truth, Generator(PCG64(6)))
    found = fit(observations, SENSORS, settings=AT_EPOCH, initial=element_set)
    assert mahalanobis(found, truth) < 22.5


def test_a_first_orbit_stands_noise_far_beyond_a_radars():
    rng = Generator(PCG64(17))
    observations = [
        msgspec.structs.replace(
            one, values=tuple(np.array(one.values) + rng.normal(size=len(one.values)) * noise)
        )
        for one in tracking(MEO, rng, days=1.0, step_s=600.0)
        for noise in [5000.0 if one.kind is ObservationKind.RANGE else 5.0 * ANGLE_SIGMA_RAD]
    ]
    first = initial_orbit(observations, SENSORS)
    truth = propagate(MEO, EPOCH, [first.epoch_tai_s], FORCES)[0]
    assert np.linalg.norm((first.state_gcrf - truth)[:3]) < 0.02 * np.linalg.norm(truth[:3])


def test_a_single_short_pass_over_one_radar_gives_an_orbit():
    place = {"north": sensor("north", 65.0, -20.0)}
    observations = tracking(LEO, Generator(PCG64(30)), days=0.5, step_s=15.0, sensors=place)
    start = observations[0].epoch_tai_s
    one_pass = [one for one in observations if one.epoch_tai_s - start < 1500.0]
    found = fit(one_pass, place, settings=AT_EPOCH)
    assert mahalanobis(found, LEO) < 22.5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"estimate": frozenset({Estimated.EMPIRICAL_RATE})}, "together with its constant"),
        ({"prior_sigmas": {Estimated.DRAG: 1.0}}, "not estimated: drag"),
        ({"estimate": frozenset({Estimated.DRAG}), "prior_sigmas": {Estimated.DRAG: 0.0}}, "positive"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        FitSettings(**changes)
