"""A plan held against every rule by plain loops over its tasks: nothing here comes from the code that plans.

A contract of the house keeps the two apart. Geometry is computed again by the way that observations take (GCRF), not
by that of the planner (ITRF).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from commonsky.astro import frames, general_perturbations, measurement
from commonsky.astro.sun_moon import moon_gcrf_m, sun_gcrf_m
from commonsky.domain import ElementSet
from commonsky.domain.support_request import SupportRequest
from commonsky.domain.tasking import (
    OfferedSensor,
    Reservation,
    Restriction,
    Task,
    TaskingPlan,
    TaskingTerms,
    Technique,
)
from commonsky.tracking.identify import error_growth

_ANGLE_TOLERANCE_DEG = 0.05
_DETECTION_TOLERANCE = 0.01
_POINTS_TOLERANCE = 2
"""For each task: gains are rounded to whole points."""


class Violation(Struct, frozen=True, kw_only=True):
    """A rule that a plan breaks; ``rule`` is one word to count by."""

    rule: str
    reason: str
    task: Task | None = None


def violations(terms: TaskingTerms, element_sets: Sequence[ElementSet], plan: TaskingPlan) -> list[Violation]:
    """Return every rule of the terms that a plan breaks, task by task and in sums; nothing for a good plan."""
    objects = {one.norad_cat_id: one for one in sorted(element_sets, key=lambda one: one.epoch_tai_s)}
    sensors = {one.id: one for one in terms.sensors}
    dropped = tuple(
        Reservation(sensor=name, reason="the sensor has dropped out", begins_tai_s=plan.frozen_until_tai_s)
        for name in plan.without_sensors
    )
    requests = {one.id: one for one in terms.requests}
    found: list[Violation] = []
    past, live = _past_and_live(plan)
    for task in live:
        one = sensors.get(task.sensor)
        if one is None or one.owner != task.owner:
            found.append(_told("sensor", f"{task.owner} offers no sensor {task.sensor}", task))
            continue
        found += _of_time(plan, task, (*terms.reservations, *dropped))
        found += _of_consent(terms, task, requests)
    known = [task for task in live if task.sensor in sensors and task.norad_cat_id in objects]
    found += [
        _told("object", f"the catalogue has no orbit of {task.norad_cat_id}", task)
        for task in live
        if task.norad_cat_id not in objects
    ]
    found += _of_sums(terms, plan, Counter(task.owner for task in past))
    found += _of_geometry(terms, known, sensors, objects)
    found += _of_value(terms, plan, objects)
    return found


def _past_and_live(plan: TaskingPlan) -> tuple[list[Task], list[Task]]:
    """Part the tasks: what had begun when a plan was made again is history, and judged by the terms of its day."""
    frozen = plan.frozen_until_tai_s
    if frozen is None:
        return [], list(plan.tasks)
    return (
        [task for task in plan.tasks if task.at_tai_s < frozen],
        [task for task in plan.tasks if task.at_tai_s >= frozen],
    )


def _told(rule: str, reason: str, task: Task | None = None) -> Violation:
    return Violation(rule=rule, reason=reason, task=task)


def _of_time(plan: TaskingPlan, task: Task, kept: Sequence[Reservation]) -> Iterator[Violation]:
    begins = plan.begins_tai_s + task.slot * plan.slot_s
    ends = begins + plan.slot_s
    if not 0 <= task.slot < plan.slot_count or not begins <= task.at_tai_s <= ends:
        yield _told(
            "time", f"slot {task.slot} and the time of the task do not agree with the plan's span", task
        )
    for one in kept:
        if one.sensor == task.sensor and _meets(begins, ends, one):
            yield _told("reserve", f"{one.sensor} is kept then: {one.reason}", task)


def _meets(begins: float, ends: float, one: Reservation | Restriction) -> bool:
    after = one.begins_tai_s is None or ends > one.begins_tai_s
    return after and (one.ends_tai_s is None or begins < one.ends_tai_s)


def _of_consent(
    terms: TaskingTerms, task: Task, requests: Mapping[str, SupportRequest]
) -> Iterator[Violation]:
    begins = terms.plan.begins_tai_s + task.slot * terms.plan.slot_s
    ends = begins + terms.plan.slot_s
    if not task.requests:
        yield _told("request", "the task answers to no request", task)
    for name in task.requests:
        asked = requests.get(name)
        if asked is None or not (asked.whole_catalogue or task.norad_cat_id in asked.objects):
            yield _told("request", f"request {name} does not ask for {task.norad_cat_id}", task)
        elif (asked.begins_tai_s or begins) > begins or (asked.ends_tai_s or ends) < ends:
            yield _told("request", f"request {name} does not ask for that time", task)
    members = {requests[name].member for name in task.requests if name in requests}
    for rule in terms.restrictions:
        if (
            rule.owner != task.owner
            or (rule.sensors and task.sensor not in rule.sensors)
            or (rule.objects and task.norad_cat_id not in rule.objects)
            or not _meets(begins, ends, rule)
        ):
            continue
        if not rule.for_members:
            yield _told("caveat", f"{rule.owner} forbids it: {rule.reason}", task)
        elif served := members & set(rule.for_members):
            yield _told(
                "caveat", f"{rule.owner} does not do it for {', '.join(sorted(served))}: {rule.reason}", task
            )


def _of_sums(terms: TaskingTerms, plan: TaskingPlan, given: Mapping[str, int]) -> Iterator[Violation]:
    slots, quotas = plan.slot_count, {one.member: one.share for one in terms.quotas}
    limits = {one.id: one.tracks_per_slot for one in terms.sensors}
    for (sensor, slot), count in Counter((task.sensor, task.slot) for task in plan.tasks).items():
        if count > limits.get(sensor, 0):
            yield _told(
                "capacity",
                f"{sensor} has {count} tracks in slot {slot}, and room for {limits.get(sensor, 0)}",
            )
    for owner, count in Counter(task.owner for task in plan.tasks).items():
        whole = sum(one.tracks_per_slot * slots for one in terms.sensors if one.owner == owner)
        sold = math.floor(quotas.get(owner, 0.0) * whole + 1e-9)
        if count > max(sold, given.get(owner, 0)):
            yield _told("quota", f"{owner} gives {count} tracks and sold {sold}")
    for (number, slot), count in Counter((task.norad_cat_id, task.slot) for task in plan.tasks).items():
        if count > 1:
            yield _told("repeat", f"{number} has {count} tracks in slot {slot}")
    most = len(terms.plan.look_gains)
    for (number, part), count in Counter(_bins(terms, plan.tasks)).items():
        if count > most:
            yield _told(
                "looks", f"{number} has {count} tracks in bin {part}, and {most} are the most that count"
            )


def _bins(terms: TaskingTerms, tasks: Sequence[Task]) -> Iterator[tuple[int, int]]:
    return ((task.norad_cat_id, task.slot // terms.plan.bin_slots) for task in tasks)


def _of_geometry(
    terms: TaskingTerms,
    tasks: Sequence[Task],
    sensors: Mapping[str, OfferedSensor],
    objects: Mapping[int, ElementSet],
) -> Iterator[Violation]:
    if not tasks:
        return
    states = np.empty((len(tasks), 6))
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, task in enumerate(tasks):
        rows_of[task.norad_cat_id].append(row)
    for number, rows in rows_of.items():
        states[rows] = _states_gcrf(objects[number], np.array([tasks[row].at_tai_s for row in rows]))
    times = np.array([task.at_tai_s for task in tasks])
    at = measurement.stations([sensors[task.sensor].site for task in tasks], times)
    _, elevation = measurement.azimuth_elevation(states, at)
    sun, moon = sun_gcrf_m(times), moon_gcrf_m(times)
    for row, task in enumerate(tasks):
        one, place = sensors[task.sensor], at.position_m[row]
        if not math.degrees(elevation[row]) > one.minimum_elevation_deg - _ANGLE_TOLERANCE_DEG:
            yield _told(
                "elevation", f"{task.norad_cat_id} stands {math.degrees(elevation[row]):.1f} deg high", task
            )
            continue
        if one.technique is Technique.OPTICAL:
            yield from _of_light(task, states[row, :3], place, at.horizon[row, 2], (sun[row], moon[row]))
        detection = _detection(one, states[row, :3], place, sun[row])
        if abs(detection - task.detection) > _DETECTION_TOLERANCE:
            yield _told(
                "detection", f"is stated as {task.detection:.3f} and comes out as {detection:.3f}", task
            )
        if detection < terms.plan.minimum_detection - _DETECTION_TOLERANCE:
            yield _told("detection", f"{detection:.3f} is less than the plan allows", task)


def _states_gcrf(one: ElementSet, times: NDArray[np.float64]) -> NDArray[np.float64]:
    position, velocity, _ = general_perturbations.positions_teme(
        general_perturbations.satellites([one]), times
    )
    return np.hstack(frames.teme_to_gcrf(position[0], velocity[0], times))


def _of_light(
    task: Task,
    position: NDArray[np.float64],
    place: NDArray[np.float64],
    zenith: NDArray[np.float64],
    bodies: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Iterator[Violation]:
    sun, moon = bodies
    sun_height = 90.0 - _degrees_between(zenith, sun)
    if sun_height > -12.0 + _ANGLE_TOLERANCE_DEG:
        yield _told("light", f"the Sun is at {sun_height:.1f} deg: too light for a telescope", task)
    away = _degrees_between(position, -sun)
    rim = math.degrees(math.asin(min(1.0, 6_378_137.0 / float(np.linalg.norm(position)))))
    if away < rim - _ANGLE_TOLERANCE_DEG:
        yield _told("light", f"{task.norad_cat_id} is in the Earth's shadow", task)
    if _degrees_between(position - place, moon - place) < 15.0 - _ANGLE_TOLERANCE_DEG:
        yield _told("light", f"{task.norad_cat_id} is too near the Moon", task)


def _degrees_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b)))


def _detection(
    one: OfferedSensor, position: NDArray[np.float64], place: NDArray[np.float64], sun: NDArray[np.float64]
) -> float:
    distance = float(np.linalg.norm(position - place))
    if one.technique is Technique.RADAR:
        threshold = math.log(1e6)
        at_half = threshold / math.log(2.0) - 1.0
        return math.exp(-threshold / (1.0 + at_half * (one.farthest_m / distance) ** 4))
    phase = math.radians(_degrees_between(sun - position, place - position))
    lambert = 2.0 * (math.sin(phase) + (math.pi - phase) * math.cos(phase)) / (3.0 * math.pi**2)
    seen = -26.74 - 2.5 * math.log10(0.15 * max(lambert, 1e-6) / distance**2)
    return one.clear_share / (1.0 + math.exp(min(50.0, max(-50.0, (seen - one.limiting_magnitude) / 0.3))))


def _of_value(
    terms: TaskingTerms, plan: TaskingPlan, objects: Mapping[int, ElementSet]
) -> Iterator[Violation]:
    if plan.value_points > plan.bound_points:
        yield _told("value", f"{plan.value_points} points are more than the bound of {plan.bound_points}")
    if plan.frozen_until_tai_s is not None:
        return  # the value of a rest, with its bonus for what is kept, is no sum over the tasks
    looks: Counter[tuple[int, int]] = Counter()
    known = list(objects.values())
    middle = terms.plan.begins_tai_s + terms.plan.hours * 1800.0
    sigmas = error_growth(known).at(np.arange(len(known)), middle).along_m.tolist()
    sigma_m = {one.norad_cat_id: sigma for one, sigma in zip(known, sigmas, strict=True)}
    worths = {
        place: _urgency(terms, *place)
        * 0.5
        * math.log1p((sigma_m[place[0]] / terms.plan.wanted_sigma_m) ** 2)
        for place in set(_bins(terms, plan.tasks))
        if place[0] in objects
    }
    value = 0.0
    for task, place in zip(plan.tasks, _bins(terms, plan.tasks), strict=True):
        worth, look = worths.get(place, 0.0), looks[place]
        gain = terms.plan.look_gains[look] if look < len(terms.plan.look_gains) else 0.0
        value += 10_000.0 * worth * (gain - terms.plan.uncertain_cost * (1.0 - task.detection))
        looks[place] += 1
    if abs(value - plan.value_points) > _POINTS_TOLERANCE * (len(plan.tasks) + 1):
        yield _told("value", f"is stated as {plan.value_points} points and comes out as {value:.0f}")


def _urgency(terms: TaskingTerms, number: int, part: int) -> float:
    plan = terms.plan
    urgency = 0.0
    for request in terms.requests:
        if request.kind.value not in {"track", "characterise", "watch_reentry"}:
            continue
        if not (request.whole_catalogue or number in request.objects):
            continue
        for slot in range(part * plan.bin_slots, min((part + 1) * plan.bin_slots, plan.slot_count)):
            begins = plan.begins_tai_s + slot * plan.slot_s
            ends = begins + plan.slot_s
            if (request.begins_tai_s or begins) <= begins and (request.ends_tai_s or ends) >= ends:
                urgency = max(urgency, plan.precedence.get(request.precedence, 0.0))
                break
    return urgency
