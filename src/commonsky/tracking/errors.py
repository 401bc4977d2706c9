"""Why an orbit could not be estimated. Each message says what is missing and what would help."""


class TrackingError(Exception):
    """The base of all reasons."""


class UnknownSensorError(TrackingError):
    """An observation names a sensor whose place is not known."""


class TooFewObservationsError(TrackingError):
    """There are fewer measured values than unknowns."""


class UndeterminedError(TrackingError):
    """The observations leave some combination of the unknowns free."""


class NoInitialOrbitError(TrackingError):
    """No starting orbit was given and none can be found from these observations."""


class NotConvergedError(TrackingError):
    """The iteration did not settle."""


class OutsideModelsError(TrackingError):
    """An epoch lies where a model has no data."""
