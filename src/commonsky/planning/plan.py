"""From terms and a catalogue to a tasking plan: the whole way, and again when something changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec.structs import replace as changed
from numpy.typing import NDArray

from commonsky.domain import ElementSet
from commonsky.domain.support_request import RequestAnswer, RequestState, SupportRequest
from commonsky.domain.tasking import PlanTerms, Restriction, Task, TaskingPlan, TaskingTerms
from commonsky.planning.demand import (
    TRACKING,
    Demand,
    bin_of_slot,
    demand,
    slots_touched,
    weights,
)
from commonsky.planning.opportunities import Opportunities, opportunities
from commonsky.planning.problem import POINTS, Problem, value_points
from commonsky.planning.rivals import greedy, myopic
from commonsky.planning.solving import Solution, solve

STICKY_SHARE = 0.05
"""A task of the old plan that is kept counts this share of its first look more."""


@dataclass(frozen=True)
class Scene:
    """A tasking problem with what its numbers stand for; ``barred`` are opportunities that an owner's word forbids.

    ``barred`` holds for each such opportunity (sensor, slot, object) the reason that its owner gave.
    """

    terms: TaskingTerms
    element_sets: tuple[ElementSet, ...]
    owners: tuple[str, ...]
    demand: Demand
    found: Opportunities
    problem: Problem
    barred: dict[tuple[int, int, int], str]


def scene(terms: TaskingTerms, element_sets: Sequence[ElementSet]) -> Scene:
    """Lay out the problem. Of several element sets of an object the newest counts."""
    newest = {one.norad_cat_id: one for one in sorted(element_sets, key=lambda one: one.epoch_tai_s)}
    objects = tuple(newest[number] for number in sorted(newest))
    wanted = demand(terms.plan, terms.requests, [one.norad_cat_id for one in objects])
    asked = wanted.asked
    # Objects that nobody asks for cost time and cannot be served.
    some = np.flatnonzero(asked.any(axis=1))
    objects = tuple(objects[number] for number in some.tolist())
    wanted = replace(wanted, wanted=wanted.wanted[:, some])
    found = opportunities(terms.plan, terms.sensors, objects, asked[some])
    barred = _barred(terms, objects, wanted, found)
    kept = np.array([place not in barred for place in _places(found)], dtype=np.bool_)
    allowed = _rows(found, kept)
    owners = tuple(sorted({one.owner for one in terms.sensors}))
    worth = weights(terms.plan, wanted, objects)
    return Scene(
        terms=terms,
        element_sets=objects,
        owners=owners,
        demand=wanted,
        found=allowed,
        problem=_problem(terms, owners, worth, allowed),
        barred=barred,
    )


def make_plan(made: Scene) -> tuple[TaskingPlan, Solution]:
    """Return the best plan of a scene, with what proves it. Raises SolverError."""
    best = solve(made.problem)
    return _plan(made, best.chosen, (best.value_points, best.bound_points), ()), best


def scene_rivals(made: Scene) -> dict[str, int]:
    """What simpler ways to plan reach in the same scene, in points."""
    return {
        "greedy": value_points(made.problem, greedy(made.problem)),
        "slot by slot": value_points(made.problem, myopic(made.problem)),
    }


def replan(made: Scene, old: TaskingPlan, at_tai_s: float) -> TaskingPlan:
    """Plan again in a changed scene: slots that begin before ``at_tai_s`` stay as they were, the rest changes little.

    Value and bound are those of the plan's rest, with the bonus for each kept task.
    """
    terms = made.terms.plan
    at_tai_s = next_slot_tai_s(terms, at_tai_s)
    past = tuple(task for task in old.tasks if terms.begins_tai_s + task.slot * terms.slot_s < at_tai_s)
    open_slots = terms.begins_tai_s + np.arange(terms.slot_count) * terms.slot_s >= at_tai_s
    rest = solve(_sticky(_after(made, past, open_slots), made, old))
    return changed(
        _plan(made, rest.chosen, (rest.value_points, rest.bound_points), past), frozen_until_tai_s=at_tai_s
    )


def next_slot_tai_s(terms: PlanTerms, at_tai_s: float) -> float:
    """When the first slot begins that does not begin before a time."""
    return (
        terms.begins_tai_s + math.ceil((at_tai_s - terms.begins_tai_s) / terms.slot_s - 1e-9) * terms.slot_s
    )


def _after(made: Scene, past: Sequence[Task], open_slots: NDArray[np.bool_]) -> Problem:
    """What is left to plan when some tasks are done: less quota, looks already had, no time before."""
    problem = made.problem
    quota, looks = problem.quota.copy(), problem.look_points.copy()
    owner_number = {owner: number for number, owner in enumerate(made.owners)}
    number = {one.norad_cat_id: place for place, one in enumerate(made.element_sets)}
    for task in past:
        if task.owner in owner_number:
            quota[owner_number[task.owner]] -= 1
        if (place := number.get(task.norad_cat_id)) is not None:
            row = looks[place, problem.bin_of_slot[task.slot]]
            row[:] = np.append(row[1:], 0)
    return replace(
        problem,
        quota=np.maximum(quota, 0),
        look_points=looks,
        capacity=problem.capacity * open_slots,
    )


def _sticky(problem: Problem, made: Scene, old: TaskingPlan) -> Problem:
    kept = {(task.sensor, task.slot, task.norad_cat_id) for task in old.tasks}
    names = [one.id for one in made.terms.sensors]
    numbers = [one.norad_cat_id for one in made.element_sets]
    was = np.array(
        [(names[s], t, numbers[j]) in kept for s, t, j in _places(made.found)], dtype=np.bool_
    ).reshape(-1)
    first = made.problem.look_points[problem.target, problem.bin_of_slot[problem.slot], 0]
    return replace(
        problem, points=problem.points + np.where(was, np.round(STICKY_SHARE * first), 0).astype(np.int64)
    )


def plan_value_points(made: Scene, tasks: Sequence[Task]) -> int:
    """What tasks are worth in a scene, without any bonus; tasks that are no opportunities of it count nothing."""
    done = {(task.sensor, task.slot, task.norad_cat_id) for task in tasks}
    names = [one.id for one in made.terms.sensors]
    numbers = [one.norad_cat_id for one in made.element_sets]
    chosen = np.array([(names[s], t, numbers[j]) in done for s, t, j in _places(made.found)], dtype=np.bool_)
    return value_points(made.problem, chosen.reshape(-1))


def _problem(
    terms: TaskingTerms, owners: Sequence[str], worth: NDArray[np.float64], found: Opportunities
) -> Problem:
    plan = terms.plan
    bins = bin_of_slot(plan)
    looks = np.round(POINTS * worth[:, :, np.newaxis] * np.array(plan.look_gains)).astype(np.int64)
    points = -np.round(
        POINTS * worth[found.target, bins[found.slot]] * plan.uncertain_cost * (1.0 - found.detection)
    )
    capacity = np.array([[one.tracks_per_slot] * plan.slot_count for one in terms.sensors], dtype=np.int64)
    capacity = capacity.reshape(len(terms.sensors), plan.slot_count)
    owner = np.array([owners.index(one.owner) for one in terms.sensors], dtype=np.int64)
    share = {one.member: one.share for one in terms.quotas}
    whole = np.bincount(owner, weights=capacity.sum(axis=1), minlength=len(owners))
    quota = np.floor(whole * np.array([share.get(one, 0.0) for one in owners]) + 1e-9).astype(np.int64)
    for kept in terms.reservations:
        touched = slots_touched(plan, kept.begins_tai_s, kept.ends_tai_s)
        for number, one in enumerate(terms.sensors):
            capacity[number] *= ~touched | (one.id != kept.sensor)
    return Problem(
        sensor_owner=owner,
        quota=quota,
        capacity=capacity,
        bin_of_slot=bins,
        look_points=looks,
        sensor=found.sensor,
        slot=found.slot,
        target=found.target,
        points=points.astype(np.int64),
    )


def _barred(
    terms: TaskingTerms, objects: Sequence[ElementSet], wanted: Demand, found: Opportunities
) -> dict[tuple[int, int, int], str]:
    """Find the opportunities that an owner's restrictions forbid, each with its reason."""
    numbers = np.array([one.norad_cat_id for one in objects], dtype=np.int64)
    barred: dict[tuple[int, int, int], str] = {}
    bound = [(rule, _under(rule, terms, numbers, found)) for rule in terms.restrictions]
    serving = wanted.serving(found.target, found.slot)
    for rule, rows in bound:
        if rule.for_members:
            members = np.array([one.member in rule.for_members for one in wanted.requests], dtype=np.bool_)
            serving[np.ix_(members, rows)] = False
        else:
            serving[:, rows] = False
    left = np.asarray(np.any(serving, axis=0)).reshape(-1)
    for rule, rows in bound:
        for m in rows[~left[rows]].tolist():
            place = (int(found.sensor[m]), int(found.slot[m]), int(found.target[m]))
            barred.setdefault(place, f"{rule.owner}: {rule.reason}")
    return barred


def _under(
    rule: Restriction, terms: TaskingTerms, numbers: NDArray[np.int64], found: Opportunities
) -> NDArray[np.intp]:
    """The opportunities that a restriction speaks of, whomever they are for."""
    own = [one.owner == rule.owner and (not rule.sensors or one.id in rule.sensors) for one in terms.sensors]
    hit = np.array(own, dtype=np.bool_)[found.sensor]
    hit &= slots_touched(terms.plan, rule.begins_tai_s, rule.ends_tai_s)[found.slot]
    if rule.objects:
        hit &= np.isin(numbers[found.target], rule.objects)
    return np.flatnonzero(hit)


def _plan(
    made: Scene, chosen: NDArray[np.bool_], worth: tuple[int, int], past: tuple[Task, ...]
) -> TaskingPlan:
    tasks = sorted(
        (*past, *_tasks(made, chosen)), key=lambda task: (task.at_tai_s, task.sensor, task.norad_cat_id)
    )
    terms = made.terms.plan
    return TaskingPlan(
        begins_tai_s=terms.begins_tai_s,
        slot_s=terms.slot_s,
        slot_count=terms.slot_count,
        tasks=tuple(tasks),
        value_points=worth[0],
        bound_points=worth[1],
        answers=tuple(_answer(made, request, tasks) for request in made.terms.requests),
    )


def _tasks(made: Scene, chosen: NDArray[np.bool_]) -> list[Task]:
    found, sensors = made.found, made.terms.sensors
    return [
        Task(
            sensor=sensors[found.sensor[m]].id,
            owner=sensors[found.sensor[m]].owner,
            norad_cat_id=made.element_sets[found.target[m]].norad_cat_id,
            slot=int(found.slot[m]),
            at_tai_s=float(found.at_tai_s[m]),
            detection=float(found.detection[m]),
            requests=tuple(_served(made, int(found.sensor[m]), int(found.slot[m]), int(found.target[m]))),
        )
        for m in np.flatnonzero(chosen).tolist()
    ]


def _served(made: Scene, sensor: int, slot: int, target: int) -> list[str]:
    """The requests that a task answers to: not those of members that the sensor's owner does not work for."""
    one, number = made.terms.sensors[sensor], made.element_sets[target].norad_cat_id
    refused = {
        member
        for rule in made.terms.restrictions
        if rule.for_members
        and rule.owner == one.owner
        and (not rule.sensors or one.id in rule.sensors)
        and (not rule.objects or number in rule.objects)
        and slots_touched(made.terms.plan, rule.begins_tai_s, rule.ends_tai_s)[slot]
        for member in rule.for_members
    }
    asking = made.demand.serving(np.array([target]), np.array([slot]))[:, 0]
    serving = [made.demand.requests[place] for place in np.flatnonzero(asking).tolist()]
    return [request.id for request in serving if request.member not in refused]


def _answer(made: Scene, request: SupportRequest, tasks: Sequence[Task]) -> RequestAnswer:
    if request.kind not in TRACKING:
        reason = f"{request.kind} is not answered by tracks of objects: no plan of sensors can serve it"
        return RequestAnswer(request=request.id, state=RequestState.REJECTED, reason=reason)
    if request not in made.demand.requests:
        return RequestAnswer(
            request=request.id, state=RequestState.REJECTED, reason="not among the requests planned"
        )
    wanted = made.demand.wanted[made.demand.requests.index(request)]
    asked = sum(wanted.tolist()) if request.whole_catalogue else len(set(request.objects))
    counts: dict[int, int] = {}
    for task in tasks:
        if request.id in task.requests:
            counts[task.norad_cat_id] = counts.get(task.norad_cat_id, 0) + 1
    served = sum(count >= request.tracks for count in counts.values())
    unknown = sorted(set(request.objects) - {one.norad_cat_id for one in made.element_sets})
    reasons = [f"no element set of {', '.join(map(str, unknown[:5]))}"] if unknown else []
    if served < asked - len(unknown):
        reasons.append(
            f"{asked - len(unknown) - served} objects do not get {request.tracks} tracks: ask why of each"
        )
    state = RequestState.SCHEDULED if served == asked > 0 else RequestState.PARTLY_SCHEDULED
    if not counts:
        state = RequestState.REJECTED
    return RequestAnswer(
        request=request.id, state=state, objects=asked, served=served, reason="; ".join(reasons)
    )


def _places(found: Opportunities) -> list[tuple[int, int, int]]:
    return list(zip(found.sensor.tolist(), found.slot.tolist(), found.target.tolist(), strict=True))


def _rows(found: Opportunities, kept: NDArray[np.bool_]) -> Opportunities:
    return Opportunities(
        sensor=found.sensor[kept],
        slot=found.slot[kept],
        target=found.target[kept],
        detection=found.detection[kept],
        at_tai_s=found.at_tai_s[kept],
    )
