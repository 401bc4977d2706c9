"""Batch least squares: the orbit, forces and biases that explain all observations of one object best."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.astro.numerical import PropagationError, propagate
from commonsky.domain import ElementSet, Observation, Sensor
from commonsky.tracking.equations import equations
from commonsky.tracking.errors import NotConvergedError, OutsideModelsError, TooFewObservationsError
from commonsky.tracking.growth import grown
from commonsky.tracking.initial import first_orbits, from_element_set
from commonsky.tracking.iteration import Solution, iterate, require_enough
from commonsky.tracking.report import report
from commonsky.tracking.result import Fit
from commonsky.tracking.settings import FitSettings, InitialState
from commonsky.tracking.unknowns import unknowns

Array = NDArray[np.float64]


def fit(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    *,
    settings: FitSettings | None = None,
    initial: InitialState | ElementSet | None = None,
) -> Fit:
    """Estimate the orbit of the one object that all the observations are of.

    Without ``initial`` first orbits are found from whatever there is (ranges and angles, angles only, ranges or
    range rates) and the one that grows over all observations is taken; a given one that does not lead to an orbit
    at once is grown likewise.

    Raises TrackingError: UnknownSensorError, TooFewObservationsError, NoInitialOrbitError, UndeterminedError when
    the observations leave a combination of the unknowns free, NotConvergedError, OutsideModelsError for epochs that
    the table of Earth orientation does not hold.
    """
    try:
        return _fit(observations, sensors, settings or FitSettings(), initial)
    except OutsideEarthOrientationError as error:
        raise OutsideModelsError(str(error)) from error


def _fit(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    settings: FitSettings,
    initial: InitialState | ElementSet | None,
) -> Fit:
    if not observations:
        raise TooFewObservationsError("there are no observations")
    epoch = settings.epoch_tai_s
    if epoch is None:
        epoch = max(one.epoch_tai_s for one in observations)
    wanted = unknowns(observations, settings, epoch)
    system = equations(observations, sensors, atmosphere=settings.atmosphere, unknowns=wanted)
    require_enough(system)

    def solved(start: InitialState) -> Solution:
        return iterate(system, wanted.start(_carried(start, epoch, settings)), settings)

    if initial is None:
        start = grown(observations, sensors, settings, first_orbits(observations, sensors))
        return report(observations, system, solved(start), settings)
    given = _given(observations, initial)
    try:
        solution = solved(given)
    except NotConvergedError:
        solution = solved(grown(observations, sensors, settings, [given]))
    return report(observations, system, solution, settings)


def _given(observations: Sequence[Observation], initial: InitialState | ElementSet) -> InitialState:
    if isinstance(initial, InitialState):
        return initial
    epochs = [one.epoch_tai_s for one in observations]
    return from_element_set(initial, 0.5 * (min(epochs) + max(epochs)))


def _carried(start: InitialState, epoch_tai_s: float, settings: FitSettings) -> Array:
    try:
        return np.asarray(
            propagate(start.state_gcrf, start.epoch_tai_s, [epoch_tai_s], settings.force_model)[0]
        )
    except PropagationError as error:
        raise NotConvergedError(f"the starting orbit cannot be carried to the epoch: {error}") from error
