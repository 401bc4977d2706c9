"""From observations to orbits with covariance, as plain functions on records.

`fit` estimates an orbit by batch least squares, `initial_orbit` finds where to start, `predict` says where a track
will be and how surely.
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
from commonsky.tracking.prediction import predict, predict_with_covariance
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
    "from_element_set",
    "initial_orbit",
    "predict",
    "predict_with_covariance",
]
