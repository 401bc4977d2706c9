"""Simulated observations of objects of element sets, for the tests of identification."""

import math

import numpy as np

from commonsky.astro.frames import teme_to_gcrf
from commonsky.astro.general_perturbations import positions_teme, satellites
from commonsky.astro.measurement import Atmosphere, azimuth_elevation, predict, stations
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, Site, TimeTag

SITE = Site(id="HILL", latitude_deg=47.0, longitude_deg=8.0, height_m=500.0)
SENSOR = Sensor(id="HILL", owner="ZWE", site=SITE, range_sigma_m=30.0, angle_sigma_deg=0.01)
SIGNAL = (SignalPath.TWO_WAY, TimeTag.RECEIVE)
ANGLES_ONLY = ((ObservationKind.RA_DEC, math.radians(0.005)),)
RADAR = ((ObservationKind.RANGE, 30.0), (ObservationKind.AZ_EL, math.radians(0.03)))


def overhead(element_sets, tai_s, farthest_m=5e7):
    """Places of the element sets that are over 15 degrees of elevation and not too far."""
    position, velocity, error = positions_teme(satellites(element_sets), tai_s)
    position, velocity = teme_to_gcrf(position, velocity, tai_s)
    at = stations([SITE], np.array([tai_s])).rows(np.zeros(len(element_sets), dtype=np.int64))
    _, elevation = azimuth_elevation(np.hstack([position, velocity]), at)
    near = np.linalg.norm(position - at.position_m, axis=1) < farthest_m
    return np.flatnonzero((error == 0) & (elevation > math.radians(15.0)) & near)


def passing(element_set, times, rng, *, kinds=ANGLES_ONLY, target=None):
    """Noisy observations of one object at the given epochs."""
    position, velocity, _ = positions_teme(satellites([element_set]), times)
    states = np.hstack(teme_to_gcrf(position[0], velocity[0], times))
    at = stations([SITE] * len(times), times)
    seen = []
    for kind, sigma in kinds:
        truth = predict(kind, states, at, signal=SIGNAL, atmosphere=Atmosphere()).values
        noisy = truth + rng.normal(scale=sigma, size=truth.shape)
        seen += [
            Observation(
                kind=kind,
                epoch_tai_s=float(tai_s),
                sensor=SENSOR.id,
                values=tuple(row),
                sigmas=(sigma,) * len(row),
                biases=(0.0,) * len(row),
                target=target,
            )
            for tai_s, row in zip(times, noisy.tolist(), strict=True)
        ]
    return seen
