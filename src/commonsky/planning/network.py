"""The tasking problem as a flow of tracks through a network, and the proof that a flow is the best one.

Tracks flow from the source to owners (quota), to their sensors' slots (capacity), along opportunities to objects in
slots (one track each), to objects in bins, and out by one arc for each look. Gains fall from look to look, so the
arcs fill in the right order, and every capacity is whole: the cheapest flow is the best plan, and its tracks are
whole without being asked to.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from commonsky.planning.problem import Ints, Problem

_SOURCE, _SINK = 0, 1
_FAR = np.int64(1) << 60


@dataclass(frozen=True)
class Network:
    """Arcs (A,) in layers from source to sink; ``layers`` are the slices of the five layers and of the idle arc.

    ``groups`` are the (object, bin) numbers that have a node, from ``first_group`` on; ``look_arcs`` (G, K).
    """

    node_count: int
    supply: int
    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    layers: tuple[slice, ...]
    groups: Ints
    first_group: int

    @property
    def opportunity_arcs(self) -> slice:
        """The arcs of the opportunities, in their order."""
        return self.layers[2]


def network(problem: Problem) -> Network:
    """Lay the network of a problem."""
    owners, slots, bins = len(problem.quota), problem.capacity.shape[1], problem.look_points.shape[1]
    count = problem.look_points.shape[0]
    sensor_slots, at_sensor = np.unique(problem.sensor * slots + problem.slot, return_inverse=True)
    object_slots, at_object = np.unique(problem.slot * count + problem.target, return_inverse=True)
    slot_of, object_of = object_slots // count, object_slots % count
    groups, at_group = np.unique(object_of * bins + problem.bin_of_slot[slot_of], return_inverse=True)
    first_sensor = 2 + owners
    first_object = first_sensor + len(sensor_slots)
    first_group = first_object + len(object_slots)
    sensor_of = sensor_slots // slots
    looks = problem.look_points.reshape(-1, problem.look_points.shape[2])[groups]
    kinds = looks.shape[1]
    owner_nodes = 2 + np.arange(owners)
    group_nodes = first_group + np.arange(len(groups))
    supply = int(problem.quota.sum())
    blocks = [
        (np.full(owners, _SOURCE), owner_nodes, problem.quota, np.zeros(owners)),
        (
            owner_nodes[problem.sensor_owner[sensor_of]],
            first_sensor + np.arange(len(sensor_slots)),
            problem.capacity.ravel()[sensor_slots],
            np.zeros(len(sensor_slots)),
        ),
        (first_sensor + at_sensor, first_object + at_object, np.ones(len(at_sensor)), -problem.points),
        (
            first_object + np.arange(len(object_slots)),
            group_nodes[at_group],
            np.ones(len(object_slots)),
            np.zeros(len(object_slots)),
        ),
        (np.repeat(group_nodes, kinds), np.full(looks.size, _SINK), np.ones(looks.size), -looks.ravel()),
        (np.array([_SOURCE]), np.array([_SINK]), np.array([supply]), np.array([0])),
    ]
    ends = np.cumsum([0, *(len(block[0]) for block in blocks)])
    tail, head, capacity, cost = (
        np.concatenate([block[part] for block in blocks]).astype(np.int64) for part in range(4)
    )
    return Network(
        node_count=first_group + len(groups),
        supply=supply,
        tail=tail,
        head=head,
        capacity=capacity,
        cost=cost,
        layers=tuple(slice(int(a), int(b)) for a, b in pairwise(ends)),
        groups=groups,
        first_group=first_group,
    )


class SolverError(RuntimeError):
    """The solver did not give a flow, or not the best one."""


def cheapest_flow(net: Network) -> Ints:
    """Flow on every arc (A,), from OR-tools' push-relabel solver. Raises SolverError if it fails."""
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        net.tail.astype(np.int32), net.head.astype(np.int32), net.capacity, net.cost
    )
    solver.set_node_supply(_SOURCE, net.supply)
    solver.set_node_supply(_SINK, -net.supply)
    status = solver.solve()
    if status != SimpleMinCostFlow.Status.OPTIMAL:
        raise SolverError(f"the flow solver ended with {status}")
    return np.asarray(solver.flows(np.asarray(arcs, dtype=np.int32)), dtype=np.int64)


def bound_points(net: Network, flow: Ints) -> int:
    """What no plan can exceed, from prices at the nodes; equal to the flow's own value exactly if it is optimal.

    Whatever the prices, the bound holds (weak duality of the flow's linear programme), so it has to be believed of no
    solver. The prices are the shortest distances in what the flow leaves open. Raises SolverError if there are none:
    then a cycle would better the flow.
    """
    prices = _settle(net, flow, np.zeros(net.node_count, dtype=np.int64))
    reduced = net.cost + prices[net.tail] - prices[net.head]
    least = net.supply * (prices[_SINK] - prices[_SOURCE]) + (net.capacity * np.minimum(reduced, 0)).sum()
    return int(-least)


def distances_from_sink(net: Network, flow: Ints) -> Ints:
    """What a track more at each node (n,) costs the rest of the best plan, in points; `FAR` and more: impossible."""
    start = np.full(net.node_count, _FAR, dtype=np.int64)
    start[_SINK] = 0
    return _settle(net, flow, start)


FAR = int(_FAR) // 2


@dataclass(frozen=True)
class Residual:
    """What a flow leaves open: arcs along which one track more, or one less, can go."""

    tail: Ints
    head: Ints
    cost: Ints
    arc: Ints
    """Number of the network's arc."""
    forward: NDArray[np.bool_]


def residual(net: Network, flow: Ints, arcs: slice = slice(None)) -> Residual:
    """The open arcs of some of the network's arcs."""
    number = np.arange(len(net.tail))[arcs]
    more, fewer = number[flow[arcs] < net.capacity[arcs]], number[flow[arcs] > 0]
    return Residual(
        tail=np.concatenate([net.tail[more], net.head[fewer]]),
        head=np.concatenate([net.head[more], net.tail[fewer]]),
        cost=np.concatenate([net.cost[more], -net.cost[fewer]]),
        arc=np.concatenate([more, fewer]),
        forward=np.arange(len(more) + len(fewer)) < len(more),
    )


def _settle(net: Network, flow: Ints, distance: Ints) -> Ints:
    """Bellman and Ford's distances, layer by layer: down the network along what is free, up along what flows."""
    steps = []
    for arcs in net.layers:
        open_arcs = residual(net, flow, arcs)
        steps.append([_by_head(open_arcs, open_arcs.forward), _by_head(open_arcs, ~open_arcs.forward)])
    order = [down for down, _ in steps] + [up for _, up in reversed(steps)]
    # Each sweep settles one more step of every shortest way, and without such a cycle no way is longer than this.
    for _ in range(net.node_count + 1):
        before = distance.copy()
        for tail, cost, heads, starts in order:
            if len(heads):
                reached = np.minimum.reduceat(distance[tail] + cost, starts)
                distance[heads] = np.minimum(distance[heads], reached)
        if np.array_equal(before, distance):
            return distance
    raise SolverError("the flow is not the best one: a cycle betters it")


def _by_head(arcs: Residual, which: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
    tail, head, cost = arcs.tail[which], arcs.head[which], arcs.cost[which]
    order = np.argsort(head, kind="stable")
    heads, starts = np.unique(head[order], return_index=True)
    return tail[order], cost[order], heads, starts
