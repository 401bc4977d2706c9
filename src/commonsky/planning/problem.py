"""Sensor tasking as columns: opportunities, capacities and gains, in whole points, so that sums are exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

POINTS = 10_000
"""To one unit of gain."""


@dataclass(frozen=True)
class Problem:
    """What may be tasked, and what it is worth.

    S sensors, O owners, T slots, N objects, B bins, K looks, M opportunities.

    Attributes
    ----------
    sensor_owner, quota
        The owner of each sensor (S,), and how many tracks each owner sells (O,).
    capacity
        Tracks that a sensor can take in a slot (S, T): 0 where its time is not the plan's.
    bin_of_slot
        (T,), rising.
    look_points
        (N, B, K): what each further look of an object in a bin adds; never rising along the last axis.
    sensor, slot, target
        The opportunities (M,): which sensor can take a track of which object when.
    points
        (M,): what the opportunity adds to its look's gain by itself, mostly a loss for uncertain detection.

    """

    sensor_owner: Ints
    quota: Ints
    capacity: Ints
    bin_of_slot: Ints
    look_points: Ints
    sensor: Ints
    slot: Ints
    target: Ints
    points: Ints

    @property
    def look_group(self) -> Ints:
        """The (object, bin) of each opportunity as one number (M,)."""
        return np.asarray(self.target * self.look_points.shape[1] + self.bin_of_slot[self.slot])


def value_points(problem: Problem, chosen: NDArray[np.bool_]) -> int:
    """What a choice of opportunities (M,) is worth, whether it keeps the rules or not."""
    flat = problem.look_points.reshape(-1, problem.look_points.shape[2])
    counts = np.bincount(problem.look_group[chosen], minlength=flat.shape[0])
    gained = flat.cumsum(axis=1)
    many = np.minimum(counts, flat.shape[1])
    looks = np.where(many > 0, gained[np.arange(len(flat)), many - 1], 0)
    return int(looks.sum() + problem.points[chosen].sum())
