"""Simulated tracking: the same measurement model makes the observations, with seeded noise."""

import numpy as np

from commonsky.astro.measurement import Atmosphere, azimuth_elevation, predict, stations
from commonsky.astro.numerical import default_force_model, propagate
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, Site, TimeTag

EPOCH = 6.0e8
RANGE_SIGMA_M = 20.0
ANGLE_SIGMA_RAD = 3e-4
RATE_SIGMA_M_S = 0.05
FORCES = default_force_model()

LEO = np.array([0.0, 7.178e6, 0.0, -1.0e3, 0.0, 7.38e3])
GEO = np.array([4.02e7, 1.27e7, 1e5, -926.0, 2931.0, 10.0])
TRANSFER = np.array([6.65e6, 0.0, 0.0, 0.0, 1.01e4, 1.2e3])
MEO = np.array([2.656e7, 0.0, 0.0, 0.0, 2.2e3, 3.18e3])


def sensor(name, latitude_deg, longitude_deg, height_m=100.0):
    site = Site(id=name, latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)
    return Sensor(id=name, owner="A", site=site)


SENSORS = {
    one.id: one
    for one in (
        sensor("north", 65.0, -20.0),
        sensor("alps", 47.0, 11.0, 900.0),
        sensor("south", -30.0, 150.0),
    )
}


def tracking(
    truth,
    rng,
    *,
    days=0.5,
    step_s=60.0,
    kinds=(ObservationKind.RANGE, ObservationKind.AZ_EL),
    forces=FORCES,
    biases=None,
    sensors=SENSORS,
):
    """Observations of an object, whose state at EPOCH is ``truth``, by all sensors that see it over 5 degrees."""
    times = np.arange(EPOCH, EPOCH + days * 86400.0, step_s)
    states = propagate(truth, EPOCH, times, forces)
    made = []
    for one in sensors.values():
        at = stations([one.site] * times.size, times)
        _, elevation = azimuth_elevation(states, at)
        seen = np.flatnonzero(elevation > np.radians(5.0))
        if not seen.size:
            continue
        for kind in kinds:
            sigmas = np.array(SIGMAS[kind])
            values = predict(kind, states[seen], at.rows(seen), signal=SIGNAL, atmosphere=Atmosphere()).values
            values = values + rng.normal(size=values.shape) * sigmas + (biases or {}).get((one.id, kind), 0.0)
            made += [
                Observation(
                    kind=kind,
                    epoch_tai_s=time,
                    sensor=one.id,
                    values=tuple(row),
                    sigmas=tuple(sigmas.tolist()),
                    biases=(0.0,) * len(row),
                )
                for time, row in zip(times[seen].tolist(), values.tolist(), strict=True)
            ]
    return made


SIGNAL = (SignalPath.TWO_WAY, TimeTag.RECEIVE)
SIGMAS = {
    ObservationKind.RANGE: (RANGE_SIGMA_M,),
    ObservationKind.RANGE_RATE: (RATE_SIGMA_M_S,),
    ObservationKind.AZ_EL: (ANGLE_SIGMA_RAD, ANGLE_SIGMA_RAD),
    ObservationKind.RA_DEC: (1e-5, 1e-5),
}
