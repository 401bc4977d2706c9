"""The flow's plan is the best one, says so itself, and no simpler way to plan does better or breaks rules."""

import numpy as np
import pytest
from small_problems import best_by_trying, random_problem, worth_of

from commonsky.planning.network import SolverError, bound_points, cheapest_flow, network
from commonsky.planning.problem import value_points
from commonsky.planning.rivals import greedy, myopic
from commonsky.planning.solving import solve


@pytest.mark.parametrize("seed", range(200))
def test_the_plan_is_the_best_of_all_plans_and_proves_it(seed):
    problem = random_problem(np.random.default_rng(seed), opportunities=7)
    found = solve(problem)
    assert found.value_points == best_by_trying(problem)
    assert found.bound_points == found.value_points


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("plan", [greedy, myopic, lambda problem: solve(problem).chosen])
def test_every_way_to_plan_keeps_the_rules_and_none_exceeds_the_bound(seed, plan):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sensors=5, owners=3, slots=8, objects=12, bins=2, opportunities=300)
    chosen = plan(problem)
    worth = worth_of(problem, np.flatnonzero(chosen).tolist())
    assert worth == value_points(problem, chosen)
    assert worth <= solve(problem).bound_points


def test_a_flow_that_is_not_the_best_has_no_proof():
    problem = random_problem(np.random.default_rng(4), slots=8, objects=12, opportunities=100)
    net = network(problem)
    flow = cheapest_flow(net)
    assert (flow[net.opportunity_arcs] > 0).any()
    idle = np.zeros_like(flow)
    idle[-1] = net.supply
    with pytest.raises(SolverError, match="a cycle betters it"):
        bound_points(net, idle)


def test_no_opportunities_make_an_empty_plan():
    found = solve(random_problem(np.random.default_rng(1), opportunities=0))
    assert (found.value_points, found.bound_points) == (0, 0)
