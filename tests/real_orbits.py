"""Simulated tracking of satellites that really flew: measurements made from precise orbits, with seeded noise."""

from dataclasses import dataclass

import numpy as np

from commonsky.astro.frames import itrf_to_gcrf
from commonsky.astro.measurement import Atmosphere, azimuth_elevation, predict, stations
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.tabulated import interpolate
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, Site, TimeTag
from commonsky.formats.sp3 import read_sp3
from commonsky.tracking import FitSettings, fit_realistically, predict_fit

RANGE_SIGMA_M, ANGLE_SIGMA_RAD = 20.0, 3e-4
SIGMAS = {
    ObservationKind.RANGE: (RANGE_SIGMA_M,),
    ObservationKind.AZ_EL: (ANGLE_SIGMA_RAD, ANGLE_SIGMA_RAD),
}
LOWEST_ELEVATION_RAD = np.radians(10.0)
FIVE_SITES = {
    name: Sensor(id=name, owner="A", site=Site(id=name, latitude_deg=lat, longitude_deg=lon, height_m=height))
    for name, lat, lon, height in (
        ("arctic", 78.2, 15.4, 480.0),
        ("alps", 47.0, 11.0, 600.0),
        ("africa", -25.9, 27.7, 1500.0),
        ("australia", -35.4, 148.9, 700.0),
        ("pacific", 19.8, -155.5, 3000.0),
    )
}


@dataclass(frozen=True)
class Truth:
    """States (n, 6) in GCRF at TAI epochs (n,)."""

    tai_s: np.ndarray
    states: np.ndarray

    def between(self, first_s, last_s, every=1):
        """The rows between two times after the first."""
        after = self.tai_s - self.tai_s[0]
        rows = np.flatnonzero((after >= first_s) & (after <= last_s))[::every]
        return Truth(self.tai_s[rows], self.states[rows])


def read_truth(file, satellite):
    """The orbit of one satellite of an SP3 file."""
    orbit = read_sp3(file.read_bytes(), source=file.name).orbits[satellite]
    position, velocity = interpolate(orbit.epochs_tai_s, orbit.positions_itrf_m, orbit.epochs_tai_s)
    return Truth(orbit.epochs_tai_s, np.hstack(itrf_to_gcrf(position, velocity, orbit.epochs_tai_s)))


def observe(truth, rng):
    """Range and angles from five sites at every row of the truth that they see."""
    made = []
    for one in FIVE_SITES.values():
        at = stations([one.site] * truth.tai_s.size, truth.tai_s)
        seen = np.flatnonzero(azimuth_elevation(truth.states, at)[1] > LOWEST_ELEVATION_RAD)
        for kind, sigmas in SIGMAS.items() if seen.size else ():
            signal = (SignalPath.TWO_WAY, TimeTag.RECEIVE)
            values = predict(
                kind, truth.states[seen], at.rows(seen), signal=signal, atmosphere=Atmosphere()
            ).values
            values = values + rng.normal(size=values.shape) * np.array(sigmas)
            made += [
                Observation(
                    kind=kind,
                    epoch_tai_s=time,
                    sensor=one.id,
                    values=tuple(row),
                    sigmas=sigmas,
                    biases=(0.0,) * len(row),
                )
                for time, row in zip(truth.tai_s[seen].tolist(), values.tolist(), strict=True)
            ]
    return made


@dataclass(frozen=True)
class Trial:
    """A fit, and errors and sigmas (n, 3) along the orbit's axes, so many hours after it."""

    fit: object
    observations: int
    hours: np.ndarray
    errors_m: np.ndarray
    sigmas_m: np.ndarray

    @property
    def contained(self):
        """The share of epochs with all three errors within three sigmas."""
        return float(np.mean(np.all(np.abs(self.errors_m) <= 3.0 * self.sigmas_m, axis=1)))

    def error_m(self, hours):
        """The median distance from the truth within an hour of a time after the fit."""
        near = np.abs(self.hours - hours) <= 1.0
        return float(np.median(np.linalg.norm(self.errors_m[near], axis=1)))


def trial(truth, start_s, fit_s, ahead_s, *, every, rng):
    """Fit a span that begins so long after the first epoch, and predict on beyond it."""
    seen = truth.between(start_s, start_s + fit_s, every)
    observations = observe(seen, rng)
    epoch = float(seen.tai_s[-1])
    found = fit_realistically(observations, FIVE_SITES, settings=FitSettings(epoch_tai_s=epoch))
    beyond = truth.between(start_s + fit_s, start_s + fit_s + ahead_s, 5)
    states, covariances = predict_fit(found, beyond.tai_s)
    along = rtn_axes(beyond.states)
    errors = np.einsum("nij,nj->ni", along, (states - beyond.states)[:, :3])
    sigmas = np.sqrt(np.einsum("nij,njk,nik->ni", along, covariances[:, :3, :3], along))
    return Trial(found, len(observations), (beyond.tai_s - epoch) / 3600.0, errors, sigmas)
