"""Orbits that were displaced before release are refused wherever a collision would be judged by them."""

import pytest
from msgspec.structs import replace

from commonsky.domain import ElementSet
from commonsky.formats.omm_csv import write_omm_csv
from commonsky.safety.coarse import CoarseOrbitError, why_unfit
from commonsky.safety.population import assemble
from commonsky.safety.screening import population

FINE = ElementSet(
    object_name="LANTERN 3",
    object_id="2026-017A",
    norad_cat_id=61_234,
    classification="U",
    epoch_utc="2026-08-14T13:20:00",
    epoch_tai_s=840_000_037.0,
    mean_motion_rev_day=15.2,
    eccentricity=0.001,
    inclination_deg=97.4,
    ra_of_asc_node_deg=40.0,
    arg_of_pericenter_deg=90.0,
    mean_anomaly_deg=10.0,
    bstar=1e-5,
    mean_motion_dot=0.0,
    mean_motion_ddot=0.0,
)
COARSE = replace(FINE, norad_cat_id=61_235, coarsened_to_m=1_000.0)


def test_a_coarse_orbit_is_unfit_and_says_what_to_do():
    assert why_unfit(FINE) is None
    assert "coarsened to 1000 m" in why_unfit(COARSE)
    assert "ask its owner" in why_unfit(COARSE)


def test_a_population_to_be_screened_takes_no_coarse_orbit():
    with pytest.raises(CoarseOrbitError, match="61235 cannot be screened"):
        population([("61234", FINE), ("61235", COARSE)])


def test_assembling_sets_a_coarse_orbit_aside_and_never_lets_it_replace_a_fine_one():
    newer = replace(COARSE, norad_cat_id=61_234, epoch_tai_s=FINE.epoch_tai_s + 100.0)
    made = assemble([FINE, COARSE, newer], start_tai_s=FINE.epoch_tai_s + 1_000.0)
    assert [one.orbit for one in made.objects] == [FINE]
    assert [one.id for one in made.set_aside] == ["61235", "61234"]
    assert made.older_sets == {}


def test_a_catalogue_file_is_not_written_where_the_mark_would_be_lost():
    assert write_omm_csv([FINE])
    with pytest.raises(ValueError, match="61235 was coarsened to 1000 m"):
        write_omm_csv([FINE, COARSE])
