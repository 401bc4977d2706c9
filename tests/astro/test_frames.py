"""Frames against published examples and against an independent engine."""

import erfa
import numpy as np
import pytest
import satkit
from hypothesis import given
from hypothesis import strategies as st

from commonsky.astro import frames
from commonsky.astro.earth_orientation import (
    EarthOrientation,
    OutsideEarthOrientationError,
    earth_orientation,
)
from commonsky.astro.environment import prepare_engine
from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Site

AS = erfa.DAS2R
VALLADO_EPOCH = "2004-04-06T07:51:28.386009"
VALLADO_ITRF = np.array([[-1033.4793830, 7901.2952754, 6380.3565958]]) * 1e3
VALLADO_TEME = np.array([[5094.18016210, 6127.64465950, 6380.34453270]]) * 1e3
VALLADO_GCRF = np.array([[5102.50895290, 6123.01139910, 6378.13693380]]) * 1e3
# The example carries UT1 in one double of Julian days, which resolves 40 us: 2 cm at this distance.
VALLADO_TOLERANCE_M = 0.02

epochs = st.floats(min_value=-8e8, max_value=8e8)
vectors = st.lists(st.floats(-5e7, 5e7), min_size=3, max_size=3).map(lambda v: np.array([v]))


def orientation(x_as, y_as, ut1_utc_s, tai_utc_s, dx_as, dy_as):
    return EarthOrientation(
        *(np.float64(v) for v in (x_as * AS, y_as * AS, ut1_utc_s - tai_utc_s, dx_as * AS, dy_as * AS))
    )


VALLADO = orientation(-0.140682, 0.333309, -0.4399619, 32, -0.000205, -0.000136)


def test_teme_to_itrf_gives_the_published_example():
    matrix = frames.itrf_from_teme(tai_s_from_utc(VALLADO_EPOCH), VALLADO)
    np.testing.assert_allclose(
        frames.rotate(matrix, VALLADO_TEME), VALLADO_ITRF, rtol=0, atol=VALLADO_TOLERANCE_M
    )


def test_itrf_to_gcrf_gives_the_published_example():
    matrix = frames.itrf_from_gcrf(tai_s_from_utc(VALLADO_EPOCH), VALLADO).T
    np.testing.assert_allclose(
        frames.rotate(matrix, VALLADO_ITRF), VALLADO_GCRF, rtol=0, atol=VALLADO_TOLERANCE_M
    )


def test_the_earth_fixed_velocity_is_the_published_one():
    # The table's Earth orientation stands some 0.5 ms from the example's: 4 m and 4 mm/s here.
    velocity = np.array([[-4746.131487, 785.818041, 5531.931288]])
    position, fixed = frames.teme_to_itrf(VALLADO_TEME, velocity, tai_s_from_utc(VALLADO_EPOCH))
    np.testing.assert_allclose(position, VALLADO_ITRF, rtol=0, atol=40.0)
    np.testing.assert_allclose(fixed, [[-3225.636520, -2872.451450, 5531.924446]], rtol=0, atol=0.03)


def test_gcrf_to_itrf_gives_the_matrix_of_the_sofa_cookbook():
    # SOFA Tools for Earth Attitude, 5.6: IAU 2006/2000A, CIO based, X,Y series, 2007-04-05 12h UTC.
    pole = orientation(0.0349282, 0.4833163, -0.072073685, 33, 0.0001750, -0.0002259)
    cookbook = [
        [0.973104317697535, 0.230363826239128, -0.000703163482198],
        [-0.230363800456037, 0.973104570632801, 0.000118545366625],
        [0.000711560162668, 0.000046626403995, 0.999999745754024],
    ]
    matrix = frames.itrf_from_gcrf(tai_s_from_utc("2007-04-05T12:00:00"), pole)
    np.testing.assert_allclose(matrix, cookbook, rtol=0, atol=2e-12)


@pytest.mark.parametrize("date", [(1995, 3, 2), (2010, 11, 2), (2016, 12, 31), (2024, 8, 8)])
def test_frames_agree_with_the_numerical_engine(date):
    prepare_engine()
    instant = satkit.time(*date, 12, 30, 0.0)
    tai_s = tai_s_from_utc(instant.to_iso8601())
    for ours, theirs in [
        (frames.itrf_from_gcrf(tai_s), satkit.frametransform.qgcrf2itrf(instant)),
        (frames.itrf_from_teme(tai_s), satkit.frametransform.qteme2itrf(instant)),
    ]:
        # 2e-8 rad is 13 cm on the ground: the two read different bulletins of the Earth orientation.
        np.testing.assert_allclose(ours, theirs.to_rotation_matrix(), rtol=0, atol=2e-8)


@given(vectors, vectors, epochs)
def test_gcrf_to_itrf_and_back_changes_nothing(position, velocity, tai_s):
    velocity = velocity * 1e-4
    fixed = frames.gcrf_to_itrf(position, velocity, tai_s)
    back_position, back_velocity = frames.itrf_to_gcrf(*fixed, tai_s)
    np.testing.assert_allclose(back_position, position, rtol=0, atol=1e-6)
    np.testing.assert_allclose(back_velocity, velocity, rtol=0, atol=1e-9)


@given(epochs)
def test_the_earth_fixed_velocity_is_the_rate_of_the_earth_fixed_position(tai_s):
    position = np.array([[7e6, -1e6, 3e6]])
    velocity = np.array([[1e3, 7e3, 2e3]])
    step_s = 1.0
    ahead, _ = frames.gcrf_to_itrf(position + step_s * velocity, velocity, tai_s + step_s)
    behind, _ = frames.gcrf_to_itrf(position - step_s * velocity, velocity, tai_s - step_s)
    _, fixed = frames.gcrf_to_itrf(position, velocity, tai_s)
    np.testing.assert_allclose((ahead - behind) / (2 * step_s), fixed, rtol=0, atol=2e-4)


def test_one_epoch_for_all_rows_is_the_same_as_an_epoch_for_each():
    position = np.arange(12.0).reshape(4, 3) * 1e6
    velocity = np.ones((4, 3))
    for transform in (frames.gcrf_to_itrf, frames.itrf_to_gcrf, frames.teme_to_itrf, frames.teme_to_gcrf):
        one = transform(position, velocity, 3.2e8)
        many = transform(position, velocity, np.full(4, 3.2e8))
        np.testing.assert_allclose(one, many, rtol=1e-14, atol=1e-6)


def test_ut1_runs_smoothly_through_a_leap_second():
    before, after = tai_s_from_utc("2016-12-31T12:00:00"), tai_s_from_utc("2017-01-01T12:00:00")
    ut1_tai_s = earth_orientation(np.linspace(before, after, 50)).ut1_tai_s
    assert np.abs(np.diff(ut1_tai_s)).max() < 1e-3


@pytest.mark.parametrize("year", [1969, 2060])
def test_an_epoch_outside_the_earth_orientation_table_is_refused(year):
    with pytest.raises(OutsideEarthOrientationError, match="MJD"):
        frames.itrf_from_gcrf(tai_s_from_utc(f"{year}-06-01T00:00:00"))


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9), st.floats(-400.0, 4e7))
def test_geodetic_coordinates_come_back(latitude_deg, longitude_deg, height_m):
    site = Site(id="s", latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)
    back = frames.geodetic_from_itrf(frames.itrf_from_geodetic(site)[np.newaxis])
    np.testing.assert_allclose(np.ravel(back)[:2], [latitude_deg, longitude_deg], rtol=0, atol=1e-8)
    assert back[2][0] == pytest.approx(height_m, abs=1e-6)


def test_the_horizon_has_the_ellipsoids_normal_for_its_zenith():
    site = Site(id="s", latitude_deg=47.0, longitude_deg=11.0, height_m=0.0)
    above = Site(id="s", latitude_deg=47.0, longitude_deg=11.0, height_m=1000.0)
    up = frames.horizon_from_itrf(site) @ (frames.itrf_from_geodetic(above) - frames.itrf_from_geodetic(site))
    np.testing.assert_allclose(up, [0.0, 0.0, 1000.0], atol=1e-6)
