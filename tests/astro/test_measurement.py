"""Predicted measurements against Orekit's, against their own finite differences and against the speed of light."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.astro import troposphere
from commonsky.astro.measurement import LIGHT_M_S, VACUUM, Atmosphere, predict, stations
from commonsky.astro.time import tai_s_from_utc
from commonsky.astro.two_body import propagate_two_body
from commonsky.domain import ObservationKind, SignalPath, Site, TimeTag

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "orekit" / "measurement.json").read_text())
EPOCH = tai_s_from_utc(GOLDEN["epoch_utc"])
SITES = {row["id"]: Site(**row) for row in GOLDEN["places"]}
SECONDS = np.array([row["seconds"] for row in GOLDEN["measurements"]])
SIGNALS = [(path, tag) for path in SignalPath for tag in TimeTag]


def golden_geometry():
    at = stations([SITES[row["place"]] for row in GOLDEN["measurements"]], EPOCH + SECONDS)
    return propagate_two_body(np.array(GOLDEN["state_gcrf"]), SECONDS), at


@pytest.mark.parametrize(
    ("kind", "path", "column", "within"),
    [
        (ObservationKind.RANGE, SignalPath.TWO_WAY, "range_two_way_m", 0.05),
        (ObservationKind.RANGE, SignalPath.ONE_WAY, "range_one_way_m", 0.05),
        (ObservationKind.AZ_EL, SignalPath.ONE_WAY, "azimuth_elevation_rad", 5e-9),
        (ObservationKind.RA_DEC, SignalPath.ONE_WAY, "right_ascension_declination_rad", 5e-9),
    ],
)
def test_predictions_are_orekits(kind, path, column, within):
    states, at = golden_geometry()
    found = predict(kind, states, at, signal=(path, TimeTag.RECEIVE), atmosphere=VACUUM).values
    difference = found - np.array([row[column] for row in GOLDEN["measurements"]])
    if kind is not ObservationKind.RANGE:
        difference = np.remainder(difference + np.pi, 2 * np.pi) - np.pi
    np.testing.assert_allclose(difference, 0.0, atol=within)


def atmosphere_rows(least_elevation_deg):
    rows = [row for row in GOLDEN["atmosphere"] if row["elevation_deg"] >= least_elevation_deg]
    columns = ("elevation_deg", "latitude_deg", "height_m", "range_delay_m", "refraction_rad")
    return [np.array([row[name] for row in rows]) for name in columns]


def test_the_tropospheric_delay_is_near_orekits_model():
    elevation, latitude, height, delay, _ = atmosphere_rows(5.0)
    ours = troposphere.range_delay_m(np.radians(elevation), np.radians(latitude), height)
    # Another mapping function and other weather: a few percent, most at 5 degrees.
    np.testing.assert_allclose(ours, delay, rtol=0.04)


def test_refraction_is_near_orekits_model():
    elevation, _, height, _, refraction = atmosphere_rows(3.0)
    ours = troposphere.refraction_rad(np.radians(elevation), height)
    # One coefficient of the recommendation stands otherwise in Orekit's code: see the golden values' README.
    np.testing.assert_allclose(np.degrees(ours), np.degrees(refraction), rtol=0, atol=2.5e-3)


def test_refraction_at_the_horizon_is_the_recommendations_half_degree():
    np.testing.assert_allclose(np.degrees(troposphere.refraction_rad(np.zeros(1), np.zeros(1))), 1 / 1.728)


geometries = st.tuples(
    st.floats(-80, 80), st.floats(-180, 180), st.floats(2e5, 4e7), st.floats(0.1, 1.2), st.integers(0, 99)
)


def geometry(drawn):
    """An object in view of a site: somewhere over it, moving somewhere."""
    latitude, longitude, distance, zenith, seed = drawn
    at = stations([Site(id="s", latitude_deg=latitude, longitude_deg=longitude, height_m=300.0)], [EPOCH])
    turn = 2 * np.pi * seed / 100
    local = distance * np.array(
        [np.sin(zenith) * np.cos(turn), np.sin(zenith) * np.sin(turn), np.cos(zenith)]
    )
    position = at.position_m[0] + at.horizon[0].T @ local
    velocity = 7e3 * np.array([np.cos(3 * turn), np.sin(3 * turn), np.cos(turn)])
    return np.concatenate([position, velocity])[np.newaxis], at


@settings(max_examples=40, deadline=None)
@given(geometries, st.sampled_from(ObservationKind), st.sampled_from(SIGNALS))
def test_partials_are_the_slopes_of_the_values(drawn, kind, signal):
    states, at = geometry(drawn)
    found = predict(kind, states, at, signal=signal, atmosphere=Atmosphere())
    for axis in range(6):
        step = 1.0 if axis < 3 else 0.1
        change = np.zeros((1, 6))
        change[0, axis] = step
        ahead, behind = (
            predict(kind, states + sign * change, at, signal=signal, atmosphere=Atmosphere()).values
            for sign in (1, -1)
        )
        difference = ahead - behind
        if kind in {ObservationKind.AZ_EL, ObservationKind.RA_DEC}:
            difference = np.remainder(difference + np.pi, 2 * np.pi) - np.pi
        slope = difference / (2 * step)
        scale = np.abs(found.partials[0, :, :3] if axis < 3 else found.partials[0, :, 3:]).max()
        # Left out: terms of v/c, and for the range the slope of the delay (a percent of nothing but low passes).
        np.testing.assert_allclose(found.partials[:, :, axis], slope, rtol=0, atol=1e-3 * scale + 1e-9)


@settings(max_examples=40, deadline=None)
@given(geometries)
def test_the_signal_travels_at_the_speed_of_light(drawn):
    states, at = geometry(drawn)
    one_way = (SignalPath.ONE_WAY, TimeTag.RECEIVE)
    range_m = predict(ObservationKind.RANGE, states, at, signal=one_way, atmosphere=VACUUM).values[0, 0]
    left = propagate_two_body(states[0], [-range_m / LIGHT_M_S])[0, :3]
    assert np.linalg.norm(left - at.position_m[0]) == pytest.approx(range_m, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(geometries)
def test_a_two_way_range_is_the_same_by_the_clock_of_either_end(drawn):
    states, at = geometry(drawn)
    site = Site(id="s", latitude_deg=drawn[0], longitude_deg=drawn[1], height_m=300.0)

    def two_way(tag, state, where):
        return predict(
            ObservationKind.RANGE, state, where, signal=(SignalPath.TWO_WAY, tag), atmosphere=VACUUM
        ).values[0, 0]

    received = two_way(TimeTag.RECEIVE, states, at)
    earlier = -2.0 * received / LIGHT_M_S
    sent = two_way(
        TimeTag.TRANSMIT, propagate_two_body(states[0], [earlier]), stations([site], [EPOCH + earlier])
    )
    assert sent == pytest.approx(received, abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(geometries, st.sampled_from(SignalPath))
def test_the_range_rate_is_the_rate_of_the_range(drawn, path):
    states, at = geometry(drawn)
    site = Site(id="s", latitude_deg=drawn[0], longitude_deg=drawn[1], height_m=300.0)
    step = 0.05
    before, after = propagate_two_body(states[0], [-step, step])
    signal = (path, TimeTag.RECEIVE)
    ranges = [
        predict(
            ObservationKind.RANGE,
            state[np.newaxis],
            stations([site], [EPOCH + shift]),
            signal=signal,
            atmosphere=VACUUM,
        ).values[0, 0]
        for state, shift in ((before, -step), (after, step))
    ]
    rate = predict(ObservationKind.RANGE_RATE, states, at, signal=signal, atmosphere=VACUUM).values[0, 0]
    assert rate == pytest.approx((ranges[1] - ranges[0]) / (2 * step), abs=0.02)
