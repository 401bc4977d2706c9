"""How many observations a second are associated and filtered against a catalogue of 20,000 objects.

    python bench/tracker.py [objects] [arcs]

One process. Tracks begin a kilometre unsure at the start; radar arcs of ten ranges with angles each come in over six
hours. Beside the rate: how many arcs went to the right object, and whether innovations are as large as they should be.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np

from commonsky.astro.frames import teme_to_gcrf
from commonsky.astro.general_perturbations import positions_teme, satellites, theory_elements
from commonsky.domain import ElementSet
from commonsky.exercise.instruments import measured, visible
from commonsky.exercise.observing import truth_of
from commonsky.exercise.population import synthetic_catalogue
from commonsky.exercise.tracking_trial import trial_settings, usual_instruments
from commonsky.tracking.consistency import consistency
from commonsky.tracking.tracker import Arc, OrbitTrack, Status, Tracker, step

NOW_TAI_S = 600_000_000.0
UNSURE = np.array([800.0] * 3 + [0.8] * 3)


def tracks_of(catalogue: Sequence[ElementSet]) -> Tracker:
    """Tracks with rough elements, all at once."""
    position, velocity, error = positions_teme(satellites(catalogue), NOW_TAI_S)
    states = np.hstack(teme_to_gcrf(position, velocity, NOW_TAI_S))
    settings = trial_settings()
    rows = theory_elements(catalogue)
    tracks, rough = {}, {}
    for number in np.flatnonzero(error == 0).tolist():
        name = f"C{number:05d}"
        tracks[name] = OrbitTrack(
            id=name,
            epoch_tai_s=NOW_TAI_S,
            state_gcrf=states[number],
            covariance=np.diag(UNSURE**2),
            force_model=settings.force_model,
            status=Status.CONFIRMED,
            last_seen_tai_s=NOW_TAI_S,
            designator=str(number),
        )
        rough[name] = rows[number]
    return Tracker(tracks=tracks, rough=rough)


def arcs_of(
    catalogue: Sequence[ElementSet], count: int, rng: np.random.Generator
) -> tuple[list[Arc], dict[str, str]]:
    """Radar arcs of objects in low orbit wherever one passes a radar, with their owners."""
    radars = [one for one in usual_instruments() if one.technique == "radar"]
    low = [n for n, one in enumerate(catalogue) if one.mean_motion_rev_day > 12.0]
    made: list[Arc] = []
    owner: dict[str, str] = {}
    while len(made) < count:
        number = int(rng.choice(low))
        truth = truth_of(catalogue[number], NOW_TAI_S, rng)
        times = NOW_TAI_S + np.arange(0.0, 6 * 3600.0, 60.0)
        states = truth.states(times)
        for radar in radars:
            seen = visible(radar, times, states[np.newaxis], np.ones(1), rng)[0]
            for column in np.flatnonzero(seen[:-1] & seen[1:])[:1].tolist():
                moments = times[column] + 6.0 * np.arange(10)
                observations = measured(radar, moments, truth.states(moments), NOW_TAI_S, rng)
                made.append(Arc(f"A{len(made):05d}", radar.sensor.id, tuple(observations)))
                owner[made[-1].id] = f"C{number:05d}"
    return made[:count], owner


def main() -> None:
    """Measure and print."""
    given = [int(one) for one in sys.argv[1:3]]
    objects, count = (*given, 20_000, 100)[:2] if len(given) != 1 else (given[0], 100)
    rng = np.random.default_rng(1)  # noqa: TID251
    catalogue = synthetic_catalogue(rng, objects, NOW_TAI_S)
    tracker = tracks_of(catalogue)
    arcs, owner = arcs_of(catalogue, count, rng)
    sensors = {one.sensor.id: one.sensor for one in usual_instruments()}
    begin, busy = time.perf_counter(), time.process_time()
    tracker, _ = step(tracker, arcs, sensors, now_tai_s=NOW_TAI_S + 6 * 3600.0, settings=trial_settings())
    took, busy = time.perf_counter() - begin, time.process_time() - busy
    observations = sum(len(one.observations) for one in arcs)
    found = [(name, arc) for name, track in tracker.tracks.items() for arc in track.arcs]
    right = sum(owner[arc] == name for name, arc in found)
    innovations = [one for track in tracker.tracks.values() for one in track.innovations]
    judged = consistency([one for one, _ in innovations], [dimensions for _, dimensions in innovations])
    print(f"{objects:,} objects, {len(arcs)} arcs of {observations:,} observations in one step")
    rate = f"{observations / took:,.0f} observations/s, {observations / busy:,.0f} for each second of a processor"
    print(f"  {took:.1f} s, {busy:.1f} s of a processor: {rate}")
    print(f"  {right} of {len(arcs)} arcs to the right object, {len(found) - right} to a wrong one")
    print(f"  innovations {judged.mean_ratio:.2f} of what they should be")


if __name__ == "__main__":
    main()
