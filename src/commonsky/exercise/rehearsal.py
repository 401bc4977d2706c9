"""Play an exercise: hand the sensors' files over when their time comes, while the nodes do their work."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from commonsky.exercise.clock import ExerciseClock
from commonsky.exercise.observing import SensorFile, choose_observed, sensor_files
from commonsky.exercise.population import synthetic_catalogue
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
    for done, seen in enumerate(sensor_files(scenario, observed, rng), start=1):
        files += seen
        on_object(done, len(observed))
    ends_tai_s = scenario.begins_tai_s + 3600.0 * scenario.hours
    in_time = sorted(
        (file for file in files if file.at_tai_s <= ends_tai_s), key=lambda f: (f.at_tai_s, f.name)
    )
    return Rehearsal(scenario, write_omm_csv(catalogue).encode(), tuple(in_time))


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
