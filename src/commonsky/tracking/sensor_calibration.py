"""What a sensor's residuals against known orbits say of it: bias, real noise, drift, and how far to trust it.

Only residuals and their epochs go in, so that an owner can calibrate at home and give the figures alone. Estimates
are by medians: a few observations of other objects change nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.time import SECONDS_PER_DAY

Array = NDArray[np.float64]

_MEDIAN_TO_SIGMA = 1.4826
_MEDIAN_LOSS = 1.2533  # the median's standard error over the mean's
_FEWEST = 12
_FAR_OUT = 5.0
_SURE = 4.0
_BLOCKS = 8


class Tier(StrEnum):
    """How far a sensor's stated figures may be relied on."""

    CALIBRATED = "calibrated"
    """Noise as stated, no bias to speak of, no drift."""
    CORRECTED = "corrected"
    """Good once bias and noise are taken from here instead of from what is stated."""
    DRIFTING = "drifting"
    """Its bias moves: to be weighted down until it is found again."""
    UNPROVEN = "unproven"
    """Too few residuals to tell."""


@dataclass(frozen=True)
class Calibration:
    """Figures of one measured quantity of one sensor, in its unit.

    Attributes
    ----------
    bias, bias_sigma
        Of the residuals (observed less predicted), and how sure that is.
    sigma
        One standard deviation of the noise about bias and drift.
    drift_per_day, drift_sigma_per_day
        How the bias moves.
    stated_sigma
        What the owner says.
    outliers
        The share of residuals beyond five sigmas.

    """

    count: int
    bias: float
    bias_sigma: float
    sigma: float
    drift_per_day: float
    drift_sigma_per_day: float
    stated_sigma: float
    outliers: float

    @property
    def tier(self) -> Tier:
        """How far to trust it."""
        if self.count < _FEWEST:
            return Tier.UNPROVEN
        if abs(self.drift_per_day) > _SURE * self.drift_sigma_per_day and self.drift_per_day:
            return Tier.DRIFTING
        biased = abs(self.bias) > max(_SURE * self.bias_sigma, 0.2 * self.stated_sigma)
        noisy = not 0.5 < self.sigma / self.stated_sigma < 1.5
        return Tier.CORRECTED if biased or noisy else Tier.CALIBRATED

    def usable_sigma(self, days_ahead: float = 0.0) -> float:
        """The sigma to weigh its observations with: noise, what is unsure of the bias, what drift adds meanwhile."""
        drift = self.drift_per_day * days_ahead if self.tier is Tier.DRIFTING else 0.0
        bias = self.bias_sigma if self.count >= _FEWEST else self.stated_sigma
        noise = self.sigma if self.count >= _FEWEST else 2.0 * self.stated_sigma
        return float(np.sqrt(max(noise, 0.5 * self.stated_sigma) ** 2 + bias**2 + drift**2))


def calibration(epochs_tai_s: Array, residuals: Array, *, stated_sigma: float) -> Calibration:
    """Calibrate one quantity by its residuals (n,) at epochs (n,), in its unit.

    The bias is that at the last epoch when it drifts, else the median of all. Raises ValueError without residuals.
    """
    values = np.asarray(residuals, dtype=np.float64)
    times = np.asarray(epochs_tai_s, dtype=np.float64)
    if not values.size:
        raise ValueError("there are no residuals to calibrate by")
    middle = float(np.median(values))
    spread = _spread(values - middle, stated_sigma)
    kept = np.abs(values - middle) <= _FAR_OUT * spread
    days = (times - times.max()) / SECONDS_PER_DAY
    slope, slope_sigma = _drift(days[kept], values[kept], spread)
    drifts = abs(slope) > _SURE * slope_sigma and slope_sigma > 0.0
    moved = values - slope * days if drifts else values
    bias = float(np.median(moved[kept]))
    sigma = _spread(moved[kept] - bias, stated_sigma)
    return Calibration(
        count=int(values.size),
        bias=bias,
        bias_sigma=_MEDIAN_LOSS * sigma / float(np.sqrt(kept.sum())),
        sigma=sigma,
        drift_per_day=slope if drifts else 0.0,
        drift_sigma_per_day=slope_sigma,
        stated_sigma=stated_sigma,
        outliers=float(np.mean(np.abs(moved - bias) > _FAR_OUT * sigma)),
    )


def _spread(centred: Array, stated_sigma: float) -> float:
    """One standard deviation by the median; the stated one where there is none to see."""
    found = _MEDIAN_TO_SIGMA * float(np.median(np.abs(centred)))
    return found if found > 0.0 else stated_sigma


def _drift(days: Array, values: Array, spread: float) -> tuple[float, float]:
    """Slope a day and its standard error, from medians of blocks of equal size in time."""
    if values.size < 2 * _BLOCKS or np.ptp(days) <= 0.0:
        return 0.0, 0.0
    order = np.argsort(days)
    blocks = np.array_split(order, _BLOCKS)
    when = np.array([float(days[block].mean()) for block in blocks])
    what = np.array([float(np.median(values[block])) for block in blocks])
    centred = when - when.mean()
    weight = float(centred @ centred)
    if weight <= 0.0:
        return 0.0, 0.0
    slope = float(centred @ what) / weight
    left = what - what.mean() - slope * centred
    block_sigma = max(
        _MEDIAN_LOSS * spread / float(np.sqrt(values.size / _BLOCKS)),
        float(np.sqrt(left @ left / (_BLOCKS - 2))),
    )
    return slope, block_sigma / float(np.sqrt(weight))
