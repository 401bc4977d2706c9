"""Play an exercise: hand the sensors' files over when their time comes, while the nodes do their work."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from commonsky.domain import ElementSet
from commonsky.exercise.clock import ExerciseClock
from commonsky.exercise.close_approach import Truth, debris_that_passes
from commonsky.exercise.observing import SensorFile, choose_observed, sensor_files, truth_of
from commonsky.exercise.population import FIRST_NUMBER, synthetic_catalogue
from commonsky.exercise.scenario import Scenario
from commonsky.formats.omm_csv import write_omm_csv


@dataclass(frozen=True)
class Rehearsal:
    """What will happen: the public catalogue, and every sensor file in order of time."""

    scenario: Scenario
    catalogue: bytes
    files: tuple[SensorFile, ...]


def rehearse(scenario: Scenario, on_object: Callable[[int, int], None]) -> Rehearsal:
    """Work out an exercise from its seed; ``on_object(done, of)`` is told after each observed object."""
    rng = np.random.default_rng(scenario.seed)  # noqa: TID251  # the one generator of an exercise, from its seed
    catalogue = synthetic_catalogue(rng, scenario.catalogue_objects, scenario.begins_tai_s)
    observed = choose_observed(catalogue, scenario.observed_objects, rng)
    files: list[SensorFile] = []
    flown = _flown(scenario, observed, catalogue, rng)
    for done, seen in enumerate(sensor_files(scenario, flown, rng), start=1):
        files += seen
        on_object(done, max(done, len(observed)))
    ends_tai_s = scenario.begins_tai_s + 3600.0 * scenario.hours
    in_time = sorted(
        (file for file in files if file.at_tai_s <= ends_tai_s), key=lambda f: (f.at_tai_s, f.name)
    )
    return Rehearsal(scenario, write_omm_csv(catalogue).encode(), tuple(in_time))


def _flown(
    scenario: Scenario, observed: Sequence[ElementSet], catalogue: list[ElementSet], rng: np.random.Generator
) -> Iterator[tuple[ElementSet, Truth]]:
    """Give the observed objects with their truth, and at last the debris that passes one, put into the catalogue."""
    wanted, passing = scenario.close_approach, []
    for one in observed:
        truth = truth_of(one, scenario.begins_tai_s, rng)
        yield one, truth
        if wanted is not None and one.norad_cat_id == wanted.satellite:
            passing.append(debris_that_passes(truth, wanted, FIRST_NUMBER + len(catalogue)))
    catalogue += [debris for debris, _ in passing]
    yield from passing


def play(
    files: Sequence[SensorFile],
    clock: ExerciseClock,
    deliver: Callable[[SensorFile], None],
    *,
    ends_tai_s: float,
    wait: Callable[[float], None],
) -> Iterator[SensorFile]:
    """Let the clock run to each file's time, deliver it, and yield it; at last run to the end."""
    for file in files:
        wait(clock.run_to(file.at_tai_s))
        deliver(file)
        yield file
    wait(clock.run_to(ends_tai_s))
