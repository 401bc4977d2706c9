"""Why an object is not served, and what serving it would have displaced."""

from dataclasses import dataclass

import numpy as np
from msgspec import Struct, field
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from commonsky.domain.tasking import TaskingPlan
from commonsky.planning.network import FAR, Residual, distances_from_sink, residual
from commonsky.planning.opportunities import blocked
from commonsky.planning.plan import Scene
from commonsky.planning.problem import Ints
from commonsky.planning.solving import Solution


class Move(Struct, frozen=True, kw_only=True):
    """A track that would be taken more, or no more, if the object were served."""

    sensor: str
    norad_cat_id: int
    slot: int
    at_tai_s: float


class WhyNot(Struct, frozen=True, kw_only=True):
    """The answer for one object.

    Attributes
    ----------
    served
        How many tracks the plan has of it.
    reason
        In words.
    hindrances
        For each sensor that never can see it while it is asked for: how many samples of the plan each hindrance
        takes away.
    forbidden
        Owners' own reasons, with the number of opportunities that each takes away.
    price_points
        What the plan would lose by serving it once; None where that cannot be.
    instead, added
        The tracks that would go, and come, by the cheapest way of serving it.

    """

    norad_cat_id: int
    served: int
    reason: str
    hindrances: dict[str, dict[str, int]] = field(default_factory=dict)
    forbidden: dict[str, int] = field(default_factory=dict)
    price_points: int | None = None
    instead: tuple[Move, ...] = ()
    added: tuple[Move, ...] = ()


@dataclass(frozen=True)
class Prices:
    """What one more track at each node of the best plan's network costs, and what is open: computed once for all."""

    distance: Ints
    open_arcs: Residual


def prices(best: Solution) -> Prices:
    """Price every object at once."""
    return Prices(distances_from_sink(best.net, best.flow), residual(best.net, best.flow))


def why_not(made: Scene, best: Solution, priced: Prices, plan: TaskingPlan, number: int) -> WhyNot:
    """Say why the plan, which is the best of the scene, has no track of an object, or that it has some."""
    served = sum(task.norad_cat_id == number for task in plan.tasks)
    numbers = [one.norad_cat_id for one in made.element_sets]
    if number not in numbers:
        return WhyNot(
            norad_cat_id=number,
            served=served,
            reason="nobody asks for tracks of it, or the catalogue has no orbit of it",
        )
    if served:
        return WhyNot(norad_cat_id=number, served=served, reason="the plan serves it")
    target = numbers.index(number)
    forbidden: dict[str, int] = {}
    for (_, _, hit), reason in made.barred.items():
        if hit == target:
            forbidden[reason] = forbidden.get(reason, 0) + 1
    if not (made.found.target == target).any():
        return _never(made, target, number, forbidden)
    return _displacing(made, best, priced, target, forbidden)


def _never(made: Scene, target: int, number: int, forbidden: dict[str, int]) -> WhyNot:
    hindrances = blocked(made.terms.plan, made.terms.sensors, made.element_sets[target])
    reason = "no sensor can see it while it is asked for"
    if forbidden:
        reason = "every sensor that can see it is forbidden to look by its owner"
    return WhyNot(norad_cat_id=number, served=0, reason=reason, hindrances=hindrances, forbidden=forbidden)


def _displacing(
    made: Scene, best: Solution, priced: Prices, target: int, forbidden: dict[str, int]
) -> WhyNot:
    number = made.element_sets[target].norad_cat_id
    net, bins = best.net, made.problem.look_points.shape[1]
    own = np.flatnonzero(net.groups // bins == target)
    nodes = net.first_group + own
    # Unserved, so its first look is free in every bin.
    first_look = made.problem.look_points[target, net.groups[own] % bins, 0]
    lost = priced.distance[nodes] - first_look
    cheapest = int(np.argmin(lost))
    if priced.distance[nodes[cheapest]] >= FAR:
        reason = "all time of the sensors that can see it is kept by their owners, closed or not sold"
        return WhyNot(norad_cat_id=number, served=0, reason=reason, forbidden=forbidden)
    added, instead = _way(made, best, priced, int(nodes[cheapest]))
    price = int(lost[cheapest])
    reason = f"serving it would cost the plan {price} points: {len(instead)} other tracks would go"
    if not instead:
        reason = (
            f"a track of it is worth less than nothing: its orbit is known well enough ({price} points lost)"
        )
    elif price == 0:
        reason = "it would be as good to serve it: another plan of the same value does"
    return WhyNot(
        norad_cat_id=number,
        served=0,
        reason=reason,
        forbidden=forbidden,
        price_points=price,
        instead=instead,
        added=added,
    )


def _way(made: Scene, best: Solution, priced: Prices, node: int) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """The tracks that come and go along the cheapest way to a node."""
    arcs, distance, count = priced.open_arcs, priced.distance, best.net.node_count
    tight = (distance[arcs.tail] < FAR) & (distance[arcs.tail] + arcs.cost == distance[arcs.head])
    rows = np.flatnonzero(tight)
    graph = csr_array((np.ones(len(rows)), (arcs.tail[rows], arcs.head[rows])), shape=(count, count))
    _, before = breadth_first_order(graph, 1)
    steps = set()
    while node != 1:
        steps.add((int(before[node]), node))
        node = int(before[node])
    opportunity = best.net.opportunity_arcs
    added: list[Move] = []
    gone: list[Move] = []
    in_layer = rows[(arcs.arc[rows] >= opportunity.start) & (arcs.arc[rows] < opportunity.stop)]
    for row in in_layer.tolist():
        if (int(arcs.tail[row]), int(arcs.head[row])) in steps:
            (added if arcs.forward[row] else gone).append(_move(made, int(arcs.arc[row]) - opportunity.start))
    return tuple(added), tuple(gone)


def _move(made: Scene, m: int) -> Move:
    return Move(
        sensor=made.terms.sensors[made.found.sensor[m]].id,
        norad_cat_id=made.element_sets[made.found.target[m]].norad_cat_id,
        slot=int(made.found.slot[m]),
        at_tai_s=float(made.found.at_tai_s[m]),
    )
