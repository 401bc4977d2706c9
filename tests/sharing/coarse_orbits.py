"""Orbits of every regime, as records of AUR, for the tests of what coarse releases tell."""

import numpy as np

from commonsky.astro.numerical import default_force_model
from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.astro.time import utc_text_from_tai_s
from commonsky.domain import Component, ElementSet, Label, Mode, Record, Track
from commonsky.formats.canonical import record_id

SECRET = bytes(range(32))
EPOCH = 750_005_123.25
DAY = 86_400.0

# semi-major axis, km; eccentricity; inclination, node, perigee, mean anomaly, degrees
REGIMES = {
    "low, Sun-synchronous": (6_878.0, 0.001, 97.4, 40.0, 90.0, 10.0),
    "low, as a station": (6_790.0, 0.0007, 51.6, 120.0, 40.0, 80.0),
    "low, equatorial": (6_900.0, 0.002, 1.0, 10.0, 30.0, 50.0),
    "low, circular": (7_200.0, 1e-6, 74.0, 200.0, 0.0, 310.0),
    "navigation": (26_560.0, 0.01, 55.0, 30.0, 60.0, 100.0),
    "Molniya": (26_560.0, 0.74, 63.4, 80.0, 270.0, 175.0),
    "transfer, at perigee": (24_400.0, 0.73, 28.0, 20.0, 180.0, 2.0),
    "transfer, near the equator": (24_400.0, 0.73, 7.0, 20.0, 180.0, 150.0),
    "geostationary": (42_164.2, 0.0003, 0.05, 10.0, 20.0, 75.0),
    "geosynchronous": (42_164.2, 0.0003, 6.0, 10.0, 20.0, 130.0),
}
RETROGRADE = (7_000.0, 0.02, 144.0, 200.0, 10.0, 300.0)


def state(elements):
    """Position and velocity, m and m/s, of Kepler elements as in `REGIMES`."""
    axis_m, eccentricity = 1e3 * elements[0], elements[1]
    inclination, node, perigee, mean = np.radians(elements[2:])
    anomaly = mean
    for _ in range(60):
        anomaly -= (anomaly - eccentricity * np.sin(anomaly) - mean) / (1 - eccentricity * np.cos(anomaly))
    minor, rate = np.sqrt(1.0 - eccentricity**2), np.sqrt(EARTH_GM_M3_S2 / axis_m**3)
    distance = 1.0 - eccentricity * np.cos(anomaly)
    place = axis_m * np.array([np.cos(anomaly) - eccentricity, minor * np.sin(anomaly), 0.0])
    speed = axis_m * rate / distance * np.array([-np.sin(anomaly), minor * np.cos(anomaly), 0.0])
    turn = _about_z(node) @ _about_x(inclination) @ _about_z(perigee)
    return np.concatenate([turn @ place, turn @ speed])


def _about_z(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _about_x(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def record(content):
    label = Label({"AUR": Component(readers=frozenset({"BOR"}), caveats=frozenset({"fragile"}))})
    name = record_id("AUR", content)
    return Record(
        id=name, originator="AUR", mode=Mode.SIMULATED, label=label, content=content, inputs=("obs:1",)
    )


def track(at, epoch_tai_s=EPOCH, *, sigma_m=20.0, revision=1, force_model=None):
    """A record of a track with this state (6,)."""
    rate = np.sqrt(EARTH_GM_M3_S2 / np.linalg.norm(at[:3]) ** 3)
    covariance = np.diag(np.repeat([sigma_m**2, (sigma_m * rate) ** 2], 3)) / 3.0
    rows, columns = np.tril_indices(6)
    content = Track(
        track_id="AUR-T-000001",
        revision=revision,
        epoch_tai_s=epoch_tai_s,
        position_m=tuple(at[:3].tolist()),
        velocity_m_s=tuple(at[3:].tolist()),
        covariance=tuple(covariance[rows, columns].tolist()),
        force_model=force_model or default_force_model(),
        observation_count=417,
        first_observation_tai_s=epoch_tai_s - 4_321.0,
        last_observation_tai_s=epoch_tai_s,
        weighted_rms=1.07,
    )
    return record(content)


def element_set(elements, epoch_tai_s=EPOCH, **changes):
    """A record of an element set with these mean elements."""
    rate = np.sqrt(EARTH_GM_M3_S2 / (1e3 * elements[0]) ** 3)
    fields = {
        "object_name": "LANTERN 3",
        "object_id": "2026-017A",
        "norad_cat_id": 61_234,
        "classification": "U",
        "epoch_utc": utc_text_from_tai_s(epoch_tai_s),
        "epoch_tai_s": epoch_tai_s,
        "mean_motion_rev_day": float(rate) * DAY / (2.0 * np.pi),
        "eccentricity": elements[1],
        "inclination_deg": elements[2],
        "ra_of_asc_node_deg": elements[3],
        "arg_of_pericenter_deg": elements[4],
        "mean_anomaly_deg": elements[5],
        "bstar": 1e-5,
        "mean_motion_dot": 0.0,
        "mean_motion_ddot": 0.0,
        "element_set_no": 77,
        "rev_at_epoch": 1_234,
    }
    return record(ElementSet(**{**fields, **changes}))
