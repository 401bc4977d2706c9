"""The proven best plan of sensors beside greedy and slot-by-slot ones, on the same problems; and planning again.

Usage: ``python bench/tasking.py [--objects N]``. Thirty radars and telescopes of ten owners, a day in slots of ten
minutes, made-up objects in the shares of the real catalogue; half of each owner's capacity is sold, each owner forbids
one object in twenty. The peers are greedy choice over the whole day with lazy updates, and Munkres' assignment slot by
slot with quotas spent evenly, which is how myopic taskers work.
"""

import argparse
import time
from dataclasses import replace as changed

import numpy as np
from msgspec.structs import replace

from commonsky.domain.support_request import Precedence, RequestKind, SupportRequest
from commonsky.domain.tasking import (
    OfferedSensor,
    PlanTerms,
    Quota,
    Reservation,
    Restriction,
    TaskingTerms,
    Technique,
)
from commonsky.exercise.population import FIRST_NUMBER, synthetic_catalogue
from commonsky.planning.network import bound_points, cheapest_flow, network
from commonsky.planning.plan import make_plan, replan, scene
from commonsky.planning.plan_check import violations
from commonsky.planning.problem import value_points
from commonsky.planning.rivals import greedy, myopic
from commonsky.planning.why_not import prices, why_not

BEGINS_TAI_S = 846_936_037.0


def terms(objects: int, chance: np.random.Generator) -> TaskingTerms:
    """Offers of ten owners at three sites each, and requests of four precedences."""
    sensors = tuple(
        OfferedSensor(
            id=f"S{number}",
            owner=f"OWNER{number % 10}",
            latitude_deg=float(chance.uniform(-50.0, 65.0)),
            longitude_deg=float(chance.uniform(-180.0, 180.0)),
            technique=Technique.OPTICAL if number % 3 == 0 else Technique.RADAR,
            tracks_per_slot=int(chance.integers(3, 7)),
            farthest_m=float(chance.uniform(2.5e6, 6e6)),
            limiting_magnitude=float(chance.uniform(17.0, 19.5)),
        )
        for number in range(30)
    )
    numbers = FIRST_NUMBER + chance.permutation(objects)
    shares = {Precedence.PRIORITY: 0.25, Precedence.IMMEDIATE: 0.1, Precedence.FLASH: 0.05}
    requests = [_request("all", Precedence.ROUTINE, ())]
    for precedence, share in shares.items():
        some, numbers = np.split(numbers, [int(share * objects)])
        requests.append(_request(str(precedence), precedence, tuple(some.tolist())))
    caveats = tuple(
        Restriction(
            owner=f"OWNER{owner}",
            reason="national caveat",
            objects=tuple((FIRST_NUMBER + chance.choice(objects, objects // 20, replace=False)).tolist()),
        )
        for owner in range(10)
    )
    return TaskingTerms(
        plan=PlanTerms(begins_tai_s=BEGINS_TAI_S),
        sensors=sensors,
        quotas=tuple(Quota(member=f"OWNER{owner}", share=0.5) for owner in range(10)),
        restrictions=caveats,
        requests=tuple(requests),
    )


def _request(name: str, precedence: Precedence, objects: tuple[int, ...]) -> SupportRequest:
    return SupportRequest(
        id=name,
        member="OWNER0",
        kind=RequestKind.TRACK,
        justification="bench",
        precedence=precedence,
        objects=objects,
        whole_catalogue=not objects,
    )


class Clock:
    """Prints what each step took: on the wall, and of the processor, which is what counts on a busy machine."""

    def __init__(self) -> None:
        self._last = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def tell(self, what: str) -> None:
        """Say what was done since the last time."""
        (wall, own), (wall_before, own_before) = self._now(), self._last
        print(f"  {wall - wall_before:8.2f} s {own - own_before:8.2f} s CPU  {what}", flush=True)
        self._last = self._now()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--drops", type=int, default=3, help="how many sensors to lose, one at a time")
    given = parser.parse_args()
    chance = np.random.default_rng(1)  # noqa: TID251  # a bench is where chance begins
    on, sky = terms(given.objects, chance), synthetic_catalogue(chance, given.objects, BEGINS_TAI_S)
    clock = Clock()
    made = scene(on, sky)
    clock.tell(
        f"to find {len(made.found.slot):,} opportunities of {given.objects:,} objects ({len(made.barred):,} barred)"
    )
    net = network(made.problem)
    flow = cheapest_flow(net)
    clock.tell(f"for the best flow through {len(net.tail):,} arcs (OR-tools)")
    best = value_points(made.problem, flow[net.opportunity_arcs] > 0)
    bound = bound_points(net, flow)
    clock.tell(f"for the proof: value {best:,}, bound {bound:,} points, gap {bound - best}")
    for name, rival in (("greedy", greedy), ("slot by slot", myopic)):
        value = value_points(made.problem, rival(made.problem))
        clock.tell(f"{name}: {1.0 - value / best:.2%} below the optimum")
    plan, solution = make_plan(made)
    clock.tell(f"to plan once more, whole: {len(plan.tasks):,} tasks of {given.objects:,} objects")
    print(f"            violations found by the checker: {len(violations(on, sky, plan))}")
    clock.tell("to check")
    priced = prices(solution)
    clock.tell("to price every object that is not served")
    served = {task.norad_cat_id for task in plan.tasks}
    unserved = [one.norad_cat_id for one in made.element_sets if one.norad_cat_id not in served]
    for number in unserved[:2]:
        clock.tell(f"why not {number}: {why_not(made, solution, priced, plan, number).reason}")
    at = BEGINS_TAI_S + 10 * 3600.0
    for sensor in on.sensors[: given.drops]:
        lost = Reservation(sensor=sensor.id, reason="lost", begins_tai_s=at)
        capacity = made.problem.capacity.copy()
        capacity[on.sensors.index(sensor), 60:] = 0
        after = changed(made, problem=changed(made.problem, capacity=capacity))
        new = replan(after, plan, at)
        clock.tell(f"to plan again without {sensor.id}")
        others = {(t.sensor, t.slot, t.norad_cat_id) for t in plan.tasks if t.sensor != sensor.id}
        kept = len(others & {(t.sensor, t.slot, t.norad_cat_id) for t in new.tasks}) / len(others)
        broken = violations(replace(on, reservations=(lost,)), sky, new)
        print(f"            {kept:.2%} of the other sensors' tasks kept, violations: {len(broken)}")


if __name__ == "__main__":
    main()
