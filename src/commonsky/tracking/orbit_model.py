"""The orbit that a vector of unknowns stands for: states, and their partials by all that moves it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.numerical import Trajectory, solve
from commonsky.astro.sensitivity import (
    drag_partials,
    empirical_partials,
    for_partials,
    force_response,
    radiation_partials,
)
from commonsky.tracking.settings import Estimated
from commonsky.tracking.unknowns import STATE, Unknowns

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OrbitModel:
    """One orbit, solved twice: precisely, and with transitions in no more of the gravity field than these need."""

    vector: Array
    unknowns: Unknowns
    precise: Trajectory
    linear: Trajectory

    @staticmethod
    def of(vector: Array, unknowns: Unknowns, span_tai_s: tuple[float, float]) -> "OrbitModel":
        """Integrate over a span; raises PropagationError."""
        forces, start = unknowns.forces(vector), unknowns.epoch_tai_s
        linear = solve(vector[:STATE], start, span_tai_s, for_partials(forces), transitions=True)
        simple = for_partials(forces) == forces
        precise = linear if simple else solve(vector[:STATE], start, span_tai_s, forces)
        return OrbitModel(vector, unknowns, precise, linear)

    def states(self, times_tai_s: Array) -> Array:
        """States (n, 6) in GCRF, m and m/s."""
        return self.precise.states(times_tai_s)

    def partials(self, times_tai_s: Array) -> Array:
        """Partials (n, 6, p) of the states by the vector up to the biases, which do not move the orbit."""
        wanted, start = self.unknowns, self.unknowns.epoch_tai_s
        forces = wanted.forces(self.vector)
        _, transitions = self.linear.states_and_transitions(times_tai_s)
        columns = [transitions]
        for sort, partials in ((Estimated.DRAG, drag_partials), (Estimated.RADIATION, radiation_partials)):
            if wanted.columns(sort):
                found = partials(self.vector[:STATE], start, times_tai_s, forces)
                columns.append(found[:, :, np.newaxis])
        if wanted.columns(Estimated.EMPIRICAL):
            both = empirical_partials(self.linear, times_tai_s, wanted.law_epoch_tai_s())
            columns.append(both if wanted.columns(Estimated.EMPIRICAL_RATE) else both[:, :, :3])
        return np.concatenate(columns, axis=2)

    def by_accelerations(self, times_tai_s: Array, edges_tai_s: Array) -> Array:
        """Partials (n, 6, 3 k) by accelerations along the orbit's axes, constant between edges (k + 1,)."""
        response = force_response(self.linear, times_tai_s, edges_tai_s)
        return response.reshape(times_tai_s.size, STATE, -1)
