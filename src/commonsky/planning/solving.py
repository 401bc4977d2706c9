"""The best choice of opportunities, with its proof."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.planning.network import Network, SolverError, bound_points, cheapest_flow, network
from commonsky.planning.problem import Ints, Problem, value_points


@dataclass(frozen=True)
class Solution:
    """The chosen opportunities (M,), their value and the proven bound in points, and the flow behind them."""

    chosen: NDArray[np.bool_]
    value_points: int
    bound_points: int
    net: Network
    flow: Ints


def solve(problem: Problem) -> Solution:
    """Choose the opportunities that are worth most together.

    Raises SolverError if the solver fails, or if value and bound, which are computed apart from it, differ.
    """
    net = network(problem)
    flow = cheapest_flow(net)
    chosen = flow[net.opportunity_arcs] > 0
    value, bound = value_points(problem, chosen), bound_points(net, flow)
    if value != bound:
        raise SolverError(f"the plan is worth {value} points, and {bound} could not be excluded")
    return Solution(chosen=np.asarray(chosen), value_points=value, bound_points=bound, net=net, flow=flow)
