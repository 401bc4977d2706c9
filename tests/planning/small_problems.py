"""Tasking problems that are small enough to try every plan, or large and random."""

import numpy as np

from commonsky.planning.problem import Problem


def random_problem(rng, *, sensors=2, owners=2, slots=3, objects=3, bins=2, opportunities=9):
    """Any problem of about this size: gains fall, some capacities and quotas are nothing, some tracks are losses."""
    owner = rng.integers(owners, size=sensors)
    every = np.stack(np.meshgrid(np.arange(sensors), np.arange(slots), np.arange(objects)), -1).reshape(-1, 3)
    kept = every[rng.permutation(len(every))[:opportunities]]
    looks = -np.sort(-rng.integers(0, 60, size=(objects, bins, 3)), axis=2)
    return Problem(
        sensor_owner=owner,
        quota=rng.integers(0, 4 * slots * sensors // (owners * 3) + 2, size=owners),
        capacity=rng.integers(0, 3, size=(sensors, slots)),
        bin_of_slot=np.arange(slots) * bins // slots,
        look_points=looks,
        sensor=kept[:, 0],
        slot=kept[:, 1],
        target=kept[:, 2],
        points=rng.integers(-20, 5, size=len(kept)),
    )


def best_by_trying(problem):
    """The most that any plan is worth, by trying every plan: plain loops over sets, nothing of the solver's."""
    best = 0
    for number in range(1 << len(problem.points)):
        rows = [m for m in range(len(problem.points)) if number >> m & 1]
        value = worth_of(problem, rows)
        best = max(best, value) if value is not None else best
    return best


def worth_of(problem, rows):
    """What some opportunities are worth together; None if they break a rule."""
    spent, used, seen, looks, value = {}, {}, set(), {}, 0
    for m in rows:
        sensor, slot, target = (int(problem.sensor[m]), int(problem.slot[m]), int(problem.target[m]))
        owner, place = int(problem.sensor_owner[sensor]), (target, int(problem.bin_of_slot[slot]))
        spent[owner] = spent.get(owner, 0) + 1
        used[sensor, slot] = used.get((sensor, slot), 0) + 1
        look = looks.get(place, 0)
        if (
            spent[owner] > problem.quota[owner]
            or used[sensor, slot] > problem.capacity[sensor, slot]
            or (slot, target) in seen
            or look >= problem.look_points.shape[2]
        ):
            return None
        seen.add((slot, target))
        looks[place] = look + 1
        value += int(problem.points[m]) + int(problem.look_points[place][look])
    return value
