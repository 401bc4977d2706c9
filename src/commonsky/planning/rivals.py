"""Simpler ways to plan, to measure the optimum against: greedy over the whole day, and slot by slot."""

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from commonsky.planning.problem import Problem

Chosen = NDArray[np.bool_]


def greedy(problem: Problem) -> Chosen:
    """Take what adds most, again and again, until nothing adds; gains that have fallen are looked at again."""
    looks = problem.look_points.reshape(-1, problem.look_points.shape[2])
    most = looks.shape[1]
    group, points = problem.look_group.tolist(), problem.points.tolist()
    owner = problem.sensor_owner[problem.sensor].tolist()
    sensor, slot, target = problem.sensor.tolist(), problem.slot.tolist(), problem.target.tolist()
    quota, capacity = problem.quota.tolist(), problem.capacity.tolist()
    taken, busy = [0] * len(looks), set()
    gains = looks.tolist()
    waiting = [(-(gains[group[m]][0] + points[m]), m) for m in range(len(points))]
    heapq.heapify(waiting)
    chosen = np.zeros(len(points), dtype=np.bool_)
    while waiting:
        offered, m = heapq.heappop(waiting)
        done = taken[group[m]]
        if done >= most or not quota[owner[m]] or not capacity[sensor[m]][slot[m]]:
            continue
        if (slot[m], target[m]) in busy:
            continue
        gain = gains[group[m]][done] + points[m]
        if gain <= 0:
            continue
        if -offered != gain:
            heapq.heappush(waiting, (-gain, m))
            continue
        chosen[m] = True
        taken[group[m]] += 1
        quota[owner[m]] -= 1
        capacity[sensor[m]][slot[m]] -= 1
        busy.add((slot[m], target[m]))
    return chosen


def myopic(problem: Problem) -> Chosen:
    """Assign each slot's tracks as well as can be (Munkres), as if it were the last; quotas are spent evenly."""
    looks = problem.look_points.reshape(-1, problem.look_points.shape[2])
    taken = np.zeros(len(looks), dtype=np.int64)
    spent = np.zeros(len(problem.quota), dtype=np.int64)
    slots = problem.capacity.shape[1]
    chosen = np.zeros(len(problem.points), dtype=np.bool_)
    order = np.argsort(problem.slot, kind="stable")
    for slot, rows in enumerate(np.split(order, np.searchsorted(problem.slot[order], np.arange(1, slots)))):
        group = problem.look_group[rows]
        free = taken[group] < looks.shape[1]
        rows, group = rows[free], group[free]  # noqa: PLW2901  # the same rows, fewer
        gain = looks[group, taken[group]] + problem.points[rows]
        allowance = problem.quota * (slot + 1) // slots - spent
        for row in _assigned(problem, rows, gain, slot):
            owner = problem.sensor_owner[problem.sensor[row]]
            if allowance[owner] > 0:
                allowance[owner] -= 1
                spent[owner] += 1
                chosen[row] = True
                taken[problem.look_group[row]] += 1
    return chosen


def _assigned(problem: Problem, rows: NDArray[np.int64], gain: NDArray[np.int64], slot: int) -> list[int]:
    """The assigned opportunities of a slot, the best first."""
    rows, gain = rows[gain > 0], gain[gain > 0]
    if not len(rows):
        return []
    targets, column = np.unique(problem.target[rows], return_inverse=True)
    units = np.repeat(np.arange(len(problem.capacity)), problem.capacity[:, slot])
    table = np.zeros((len(problem.capacity), len(targets)), dtype=np.int64)
    which = np.full(table.shape, -1, dtype=np.int64)
    table[problem.sensor[rows], column] = gain
    which[problem.sensor[rows], column] = rows
    unit, to = linear_sum_assignment(table[units], maximize=True)
    found = which[units[unit], to]
    worth = table[units[unit], to]
    best_first = np.argsort(-worth, kind="stable")
    return [int(row) for row, gained in zip(found[best_first], worth[best_first], strict=True) if gained > 0]
