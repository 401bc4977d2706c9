"""How the probability changes with the size of the covariance, and whether better tracking would raise it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.probability.two_dimensional import foster_2d, maximum_2d

Array = NDArray[np.float64]

_SCALES = (0.01, 100.0)
_COUNT = 81
_BEYOND = 3.0


@dataclass(frozen=True, eq=False)
class Dilution:
    """2D probabilities (k,) at scales (k,) of the standard deviations, and the greatest one.

    In dilution the maximum lies at a scale below one: the covariance is so large that a larger one lowers the
    probability, and a low number is want of knowledge, not safety (Alfano 2005).
    """

    scale: Array
    probability: Array
    maximum_scale: float
    maximum_probability: float
    in_dilution: bool


def dilution(miss_m: Array, covariance_m2: Array, radius_m: float) -> Dilution:
    """The curve of one encounter from its miss (2,) and covariance (2, 2) in the encounter plane, to past its top."""
    greatest, top = maximum_2d(miss_m[np.newaxis], covariance_m2[np.newaxis], radius_m)
    scales = np.geomspace(_SCALES[0], max(_SCALES[1], _BEYOND * float(top[0])), _COUNT)
    curve = foster_2d(
        np.tile(miss_m, (_COUNT, 1)),
        covariance_m2 * scales[:, np.newaxis, np.newaxis] ** 2,
        np.full(_COUNT, radius_m),
    )
    return Dilution(scales, curve, float(top[0]), float(greatest[0]), bool(top[0] < 1.0))
