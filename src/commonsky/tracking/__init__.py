"""From observations to orbits with covariance, as plain functions on records.

`fit` estimates an orbit by batch least squares with the settings that it is given; `fit_realistically` chooses the
gravity field and what of drag and radiation pressure to estimate by the orbit, and gives a covariance that holds
against real forces. `predict_fit` says where the object will be and how surely, `predict` the same of a track.
`initial_orbit` finds where to start.
"""

from commonsky.tracking.errors import (
    NoInitialOrbitError,
    NotConvergedError,
    OutsideModelsError,
    TooFewObservationsError,
    TrackingError,
    UndeterminedError,
    UnknownSensorError,
)
from commonsky.tracking.estimate import fit
from commonsky.tracking.initial import from_element_set, initial_orbit
from commonsky.tracking.prediction import predict, predict_fit, predict_with_covariance
from commonsky.tracking.realistic import fit_realistically
from commonsky.tracking.result import Fit, Parameter, Residual, Statistics
from commonsky.tracking.settings import Estimated, FitSettings, InitialState

__all__ = [
    "Estimated",
    "Fit",
    "FitSettings",
    "InitialState",
    "NoInitialOrbitError",
    "NotConvergedError",
    "OutsideModelsError",
    "Parameter",
    "Residual",
    "Statistics",
    "TooFewObservationsError",
    "TrackingError",
    "UndeterminedError",
    "UnknownSensorError",
    "fit",
    "fit_realistically",
    "from_element_set",
    "initial_orbit",
    "predict",
    "predict_fit",
    "predict_with_covariance",
]
