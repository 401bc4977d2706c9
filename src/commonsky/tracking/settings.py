"""What is to be estimated, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.measurement import Atmosphere
from commonsky.astro.numerical import default_force_model
from commonsky.domain import ForceModel


class Estimated(StrEnum):
    """What can be estimated beside the state. Biases are one for each sensor that measures the quantity."""

    RANGE_BIAS = "range-bias"
    AZIMUTH_BIAS = "azimuth-bias"
    ELEVATION_BIAS = "elevation-bias"
    RANGE_RATE_BIAS = "range-rate-bias"
    DRAG = "drag"
    RADIATION = "radiation"
    EMPIRICAL = "empirical"
    EMPIRICAL_RATE = "empirical-rate"


@dataclass(frozen=True)
class InitialState:
    """Where to start: position and velocity (6,) in GCRF, m and m/s, at a TAI epoch."""

    epoch_tai_s: float
    state_gcrf: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """Settings of a fit; the defaults suit a tracked satellite with known, calibrated sensors.

    Attributes
    ----------
    estimate
        What is estimated beside the state.
    prior_sigmas
        One standard deviation, in SI units (angles in rad), of what is known beforehand of an estimated quantity:
        that a bias or an acceleration is zero, or drag the value of ``force_model``, to within so much.
    force_model
        The forces; an estimated quantity starts from the value here.
    epoch_tai_s
        Epoch of the estimated state; ``None`` for that of the last observation.
    atmosphere
        Which effects of the lower atmosphere the observations still contain.
    rejection_sigma, rejection_from_iteration
        From that iteration on an observation with a residual beyond so many sigmas is not used. Where the typical
        residual exceeds its sigma, the limit grows with it (by the median), so that sigmas stated too small do
        not throw everything out. An observation that comes back within the limit is used again, in the first
        half of the iterations.
    scale_covariance
        Multiply the covariance by the weighted mean square of the residuals when that exceeds one. Without this
        the covariance says what the stated noise alone leaves uncertain.
    consider_forces
        Let the covariance hold what the force model leaves uncertain too (`force_noise`), in the fit and in its
        predictions.

    """

    estimate: frozenset[Estimated] = frozenset()
    prior_sigmas: Mapping[Estimated, float] = field(default_factory=dict)
    force_model: ForceModel = field(default_factory=default_force_model)
    epoch_tai_s: float | None = None
    atmosphere: Atmosphere = field(default_factory=Atmosphere)
    rejection_sigma: float = 6.0
    rejection_from_iteration: int = 2
    max_iterations: int = 25
    scale_covariance: bool = False
    consider_forces: bool = False

    def __post_init__(self) -> None:
        if Estimated.EMPIRICAL_RATE in self.estimate and Estimated.EMPIRICAL not in self.estimate:
            raise ValueError(
                "a rate of the empirical acceleration is estimated together with its constant only"
            )
        if unused := set(self.prior_sigmas) - self.estimate:
            raise ValueError(f"prior sigmas are given for what is not estimated: {', '.join(sorted(unused))}")
        if not all(sigma > 0.0 for sigma in self.prior_sigmas.values()):
            raise ValueError("prior sigmas must be positive")
