"""The node's picture: Earth-fixed positions that another implementation agrees with, and nothing lost in silence."""

import msgspec
import numpy as np
import pytest
import satkit
from demo_node import OWN, START_TAI_S, DemoNode
from sgp4.api import WGS72, Satrec

from commonsky.astro import numerical
from commonsky.astro.time import jd_utc_from_tai_s, utc_from_tai_s
from commonsky.domain import ElementSet, ForceModel, Mode, Track
from commonsky.node.picture import ObjectKind, OrbitFrame, Picture
from commonsky.node.track_ephemeris import TrackEphemerides

EARTH_ROTATION_RAD_S = 7.292115146706979e-5


@pytest.fixture(scope="module")
def node():
    return DemoNode(objects=200, tracks=6)


@pytest.fixture(scope="module")
def picture(node):
    return node.picture()


def test_keyframes_of_element_sets_are_what_sgp4_and_another_engines_rotation_give(picture):
    t = START_TAI_S + 5_000.0
    frame = picture.keyframes(t, 60.0, 1)[0]
    instant = satkit.time(utc_from_tai_s(t, digits=6))
    turn = satkit.frametransform.qteme2itrf(instant)
    for row in range(0, 200, 7):
        content = picture.entries[picture.objects[row].key].record.content
        position_itrf_km = turn * (_teme_km(content, t))
        assert np.abs(frame[row, :3] - position_itrf_km).max() < 0.02


def test_keyframe_velocities_are_the_rate_of_change_of_the_earth_fixed_positions(picture):
    before, here, after = picture.keyframes(START_TAI_S, 1.0, 3).astype(np.float64)
    slope_km_s = (after[:, :3] - before[:, :3]) / 2.0
    assert np.abs(slope_km_s - here[:, 3:]).max() < 0.01


def test_a_geostationary_object_hangs_still_over_the_turning_earth(picture):
    frame = picture.keyframes(START_TAI_S, 60.0, 1)[0]
    geo = [
        row for row, one in enumerate(picture.objects) if one.regime == "GEO" and one.inclination_deg < 12.0
    ]
    assert geo
    speeds_km_s = np.linalg.norm(frame[geo, 3:], axis=1)
    assert speeds_km_s.max() < 2.0 * 3.07 * np.sin(np.radians(6.0)) + 0.05


def test_keyframes_agree_with_the_exact_placement_of_every_kind_of_object(picture):
    t = START_TAI_S + 4_321.0
    frame = picture.keyframes(t, 60.0, 1)[0]
    for row in (0, 50, 199, 200, 203, 205):
        exact_km = picture.placement(picture.objects[row].key, t).position_itrf_m / 1e3
        assert np.abs(frame[row, :3] - exact_km).max() < 0.005


def test_tracks_are_read_between_samples_to_within_two_metres(picture):
    tracks = [one for one in picture.objects if one.kind is ObjectKind.TRACK]
    ephemerides = TrackEphemerides(numerical.propagate)
    for one in tracks:
        track = picture.entries[one.key].record.content
        times = track.epoch_tai_s + np.array([-90_000.0, -7_000.0, -1.0, 7.0, 3_601.0, 7_199.0, 90_000.5])
        state = [*track.position_m, *track.velocity_m_s]
        read = ephemerides.states_gcrf(one.key, track, times)
        for t, got in zip(times, read, strict=True):
            exact = numerical.propagate(state, track.epoch_tai_s, [t], track.force_model)[0]
            assert np.abs(got[:3] - exact[:3]).max() < 2.0


def test_a_track_that_falls_to_earth_has_no_place_and_the_reason_is_given(node):
    entry = next(one for one in node.entries if isinstance(one.record.content, Track))
    track = entry.record.content
    falling = msgspec.structs.replace(
        track, velocity_m_s=tuple(0.4 * v for v in track.velocity_m_s), epoch_tai_s=START_TAI_S
    )
    record = msgspec.structs.replace(entry.record, content=falling)
    fallen = Picture.of([msgspec.structs.replace(entry, record=record)], own_member=OWN)
    later = START_TAI_S + 20_000.0
    assert np.isnan(fallen.keyframes(later, 60.0, 1)).all()
    assert "cannot be propagated" in fallen.placement(fallen.objects[0].key, later).not_placed


@pytest.mark.parametrize(
    "change",
    [
        {"force_model": ForceModel(engine="another", gravity_model="unheard of")},
        {"force_model": ForceModel(engine="another", gravity_degree=9_999)},
        {"position_m": (0.0, 0.0, 0.0)},
        {"velocity_m_s": (0.0, 0.0, 0.0)},
        {"epoch_tai_s": START_TAI_S - 40.0 * 86_400.0},
    ],
)
def test_a_partners_unusable_track_does_not_take_the_picture_down(node, change):
    entry = next(one for one in node.entries if isinstance(one.record.content, Track))
    record = msgspec.structs.replace(
        entry.record, content=msgspec.structs.replace(entry.record.content, **change)
    )
    picture = Picture.of([node.entries[0], msgspec.structs.replace(entry, record=record)], own_member=OWN)
    frame = picture.keyframes(START_TAI_S, 60.0, 1)[0]
    key = picture.objects[1].key
    assert np.isfinite(frame[0]).all()
    assert np.isnan(frame[1]).all()
    assert picture.placement(key, START_TAI_S).not_placed
    assert picture.orbit_itrf_m(key, START_TAI_S, OrbitFrame.INERTIAL).shape == (0, 3)


def test_a_decayed_element_set_stays_in_the_picture_without_a_place_and_says_why(node):
    entry = node.entries[0]
    low = msgspec.structs.replace(
        entry.record.content, mean_motion_rev_day=16.4, bstar=0.001, eccentricity=0.001
    )
    record = msgspec.structs.replace(entry.record, content=low)
    picture = Picture.of([msgspec.structs.replace(entry, record=record), *node.entries[1:3]], own_member=OWN)
    later = START_TAI_S + 30 * 86_400.0
    frame = picture.keyframes(later, 60.0, 1)[0]
    assert len(picture.objects) == 3
    assert np.isnan(frame[0]).all()
    assert np.isfinite(frame[1:]).all()
    assert "drag has brought it down" in picture.placement(picture.objects[0].key, later).not_placed


def test_two_modes_in_one_picture_are_refused(node):
    entry = node.entries[0]
    real = msgspec.structs.replace(entry, record=msgspec.structs.replace(entry.record, mode=Mode.REAL))
    with pytest.raises(ValueError, match="one mode"):
        Picture.of([node.entries[1], real], own_member=OWN)


def test_records_of_two_originators_with_the_same_id_are_both_shown(node):
    entry = node.entries[0]
    other = msgspec.structs.replace(entry, record=msgspec.structs.replace(entry.record, originator="XYZ"))
    picture = Picture.of([entry, other], own_member=OWN)
    assert len({one.key for one in picture.objects}) == 2
    assert len({one.object for one in picture.objects}) == 2


def test_an_object_keeps_its_lasting_name_when_a_new_estimate_gives_it_a_new_key(node):
    entry = next(one for one in node.entries if isinstance(one.record.content, Track))
    newer = msgspec.structs.replace(
        entry.record,
        id=entry.record.id.rsplit(":", 1)[0] + ":2",
        content=msgspec.structs.replace(entry.record.content, revision=2),
    )
    before = Picture.of([entry], own_member=OWN).objects[0]
    after = Picture.of([msgspec.structs.replace(entry, record=newer)], own_member=OWN).objects[0]
    assert before.key != after.key
    assert before.object == after.object


def test_an_unchanged_picture_takes_its_propagators_over(node, picture):
    again = Picture.of(node.entries, own_member=OWN, revision=9, previous=picture)
    assert again.satellites is picture.satellites
    assert again.objects == picture.objects


@pytest.mark.parametrize("row", [0, 150, 203])
def test_the_inertial_orbit_closes_and_passes_through_the_object(picture, row):
    key = picture.objects[row].key
    curve_km = picture.orbit_itrf_m(key, START_TAI_S, OrbitFrame.INERTIAL) / 1e3
    here_km = picture.placement(key, START_TAI_S).position_itrf_m / 1e3
    assert np.linalg.norm(curve_km[0] - here_km) < 0.01
    assert np.linalg.norm(curve_km[-1] - curve_km[0]) < 0.02 * np.linalg.norm(here_km)


def test_the_earth_fixed_orbit_is_the_path_that_the_object_takes_over_the_ground(picture):
    key = picture.objects[0].key
    curve_m = picture.orbit_itrf_m(key, START_TAI_S, OrbitFrame.EARTH_FIXED)
    steps = np.arange(0.0, picture.objects[0].period_s, 5.0)
    path_m = np.array([picture.placement(key, START_TAI_S + s).position_itrf_m for s in steps])
    off_m = [np.linalg.norm(path_m - point, axis=1).min() for point in curve_m[::40]]
    assert max(off_m) < 25_000.0


def _teme_km(content: ElementSet, t):
    satellite = Satrec()
    zero = 2433281.5
    jd1, jd2 = jd_utc_from_tai_s(content.epoch_tai_s)
    angle = np.radians
    satellite.sgp4init(
        WGS72, "i", 0, float(jd1 - zero + jd2), content.bstar, 0.0, 0.0, content.eccentricity,
        angle(content.arg_of_pericenter_deg), angle(content.inclination_deg), angle(content.mean_anomaly_deg),
        content.mean_motion_rev_day * 2.0 * np.pi / 1440.0, angle(content.ra_of_asc_node_deg),
    )  # fmt: skip
    jd1, jd2 = jd_utc_from_tai_s(t)
    return np.array(satellite.sgp4(float(jd1), float(jd2))[1])
