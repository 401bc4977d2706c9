"""SGP4 from element sets against the reference implementation reading the same two lines."""

import gzip

import numpy as np
from sgp4.api import Satrec

from commonsky.astro.general_perturbations import positions_teme, satellites, sgp4_dates
from commonsky.astro.time import tai_s_from_jd_utc
from commonsky.domain import ElementSet

MM_OF_THE_EPOCH_M = 0.01  # sgp4init takes the epoch as one double of days, which resolves 0.3 us


def element_set(line1, line2):
    satellite = Satrec.twoline2rv(line1, line2)
    return ElementSet(
        object_name="",
        object_id="",
        norad_cat_id=satellite.satnum,
        classification="U",
        epoch_utc="",
        epoch_tai_s=float(tai_s_from_jd_utc(satellite.jdsatepoch, satellite.jdsatepochF)),
        mean_motion_rev_day=float(line2[52:63]),
        eccentricity=satellite.ecco,
        inclination_deg=float(line2[8:16]),
        ra_of_asc_node_deg=float(line2[17:25]),
        arg_of_pericenter_deg=float(line2[34:42]),
        mean_anomaly_deg=float(line2[43:51]),
        bstar=satellite.bstar,
        mean_motion_dot=float(line1[33:43]),
        mean_motion_ddot=0.0,
    )


VANGUARD = (
    "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
    "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
)


def test_the_first_verification_case_comes_out():
    # Vallado et al., AIAA 2006-6753, verification output: satellite 5 at 0 and 360 minutes, km and km/s.
    one = element_set(*VANGUARD)
    position, velocity, error = positions_teme(
        satellites([one]), np.array([one.epoch_tai_s, one.epoch_tai_s + 21600.0])
    )
    expected_km = [
        [7022.46529266, -1400.08296755, 0.03995155],
        [-7154.03120202, -3783.17682504, -3536.19412294],
    ]
    expected_km_s = [[1.893841015, 6.405893759, 4.534807250], [4.741887409, -4.151817765, -2.093935425]]
    np.testing.assert_allclose(position[0] / 1e3, expected_km, rtol=0, atol=1e-5)
    np.testing.assert_allclose(velocity[0] / 1e3, expected_km_s, rtol=0, atol=1e-8)
    assert not error.any()


def test_an_orbit_that_has_decayed_is_reported_and_keeps_its_place():
    good = element_set(*VANGUARD)
    bad = ElementSet(**{f: getattr(good, f) for f in good.__struct_fields__} | {"mean_motion_rev_day": 17.9})
    position, _, error = positions_teme(satellites([good, bad, good]), good.epoch_tai_s)
    assert error[0] == error[2] == 0
    assert error[1] != 0
    np.testing.assert_array_equal(position[0], position[2])


def test_no_element_sets_give_no_states():
    position, velocity, error = positions_teme(satellites([]), 0.0)
    assert position.shape == velocity.shape == (0, 3)
    assert error.shape == (0,)


def test_a_whole_catalogue_agrees_with_the_reference(reference_data):
    text = gzip.decompress(reference_data("catalogue", "20240808.tle.gz").read_bytes()).decode().splitlines()
    lines = [line for line in text if line[:2] in {"1 ", "2 "}][: 2 * 3000]
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    handle = satellites([element_set(*pair) for pair in pairs])
    tai_s = element_set(*pairs[0]).epoch_tai_s
    position, _, error = positions_teme(handle, tai_s)
    jd1, jd2 = sgp4_dates([tai_s])
    reference = [Satrec.twoline2rv(*pair).sgp4(jd1[0], jd2[0]) for pair in pairs]
    assert [code for code, _, _ in reference] == error.tolist()
    good = error == 0
    expected_m = np.array([r for _, r, _ in reference])[good] * 1e3
    np.testing.assert_allclose(position[good], expected_m, rtol=0, atol=MM_OF_THE_EPOCH_M)
