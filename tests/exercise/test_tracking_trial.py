"""A tracker over a small simulated sky: custody, lineage, late data, loss, and the long trial with its figures."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from commonsky.exercise.tracking_trial import (
    Trial,
    score,
    sky,
    tracked,
    trial_settings,
    usual_instruments,
)
from commonsky.tracking.tracker import Happening, Status, Tracker, of_element_set, step, with_element_sets

SMALL = Trial(objects=3, days=0.25, unknown_share=0.0, manoeuvre_share=0.3, seed=5)


@pytest.fixture(scope="module")
def made():
    return sky(SMALL, usual_instruments())


@pytest.fixture(scope="module")
def outcome(made):
    return tracked(made, SMALL)


def begun(made):
    settings = trial_settings()
    tracks = [
        of_element_set(one, f"C{n}", SMALL.start_tai_s, settings) for n, one in enumerate(made.element_sets)
    ]
    return with_element_sets(Tracker(), tracks)


def test_the_same_trial_sees_the_same(made):
    again = sky(SMALL, usual_instruments())
    assert again.arcs == made.arcs
    assert again.owner == made.owner


def test_every_object_is_kept_and_no_arc_goes_to_another(made, outcome):
    tracker, events = outcome
    found = score(made, SMALL, tracker, events)
    assert (found.custody, found.purity, found.false_tracks, found.duplicate_tracks) == (1.0, 1.0, 0, 0), (
        found
    )


def test_arcs_of_nothing_stay_uncorrelated_or_make_tentative_tracks(made, outcome):
    tracker, _ = outcome
    for track in tracker.tracks.values():
        if any(made.owner[arc] < 0 for arc in track.arcs):
            assert track.status is Status.TENTATIVE


def test_every_state_can_be_traced_to_its_observations(outcome):
    tracker, events = outcome
    told = {(one.track, one.arc) for one in events if one.what is not Happening.UNCORRELATED}
    for track in tracker.tracks.values():
        assert all(arc in tracker.arcs for arc in track.arcs)
        assert all((track.id, arc) in told for arc in track.arcs)
        ends = [tracker.arcs[arc].end_tai_s for arc in track.arcs]
        assert ends == sorted(ends)
        assert track.epoch_tai_s == (ends[-1] if ends else SMALL.start_tai_s)


def test_an_arc_that_comes_twice_changes_nothing(made, outcome):
    tracker, _ = outcome
    again, events = step(
        tracker,
        [arc for arc in made.arcs if arc.id in tracker.arcs],
        made.sensors,
        now_tai_s=SMALL.start_tai_s + SMALL.days * 86_400.0 + 7200.0,
        settings=trial_settings(),
    )
    assert events == []
    assert again.tracks == tracker.tracks


def test_what_comes_late_ends_in_the_same_state(made):
    settings = trial_settings()
    end = SMALL.start_tai_s + SMALL.days * 86_400.0
    number, count = Counter(n for n in made.owner.values() if n >= 0 and n not in made.pushes).most_common(1)[
        0
    ]
    arcs = [arc for arc in made.arcs if made.owner[arc.id] == number][:5]
    assert count >= 4
    states = []
    for order in (arcs, [*arcs[:1], *arcs[2:], arcs[1]]):
        tracker = begun(made)
        for arc in order:
            tracker, _ = step(tracker, [arc], made.sensors, now_tai_s=end, settings=settings)
        states.append(tracker.tracks[f"C{number}"])
    assert states[0].arcs == states[1].arcs
    offset = states[0].state_gcrf - states[1].state_gcrf
    assert offset @ np.linalg.solve(states[0].covariance, offset) < 0.1


def test_a_track_that_nobody_sees_is_lost(made):
    tracker = begun(made)
    later, events = step(
        tracker, [], made.sensors, now_tai_s=SMALL.start_tai_s + 12 * 86_400.0, settings=trial_settings()
    )
    assert {one.what for one in events} == {Happening.LOST}
    assert all(track.status is Status.LOST for track in later.tracks.values())


def test_two_tracks_of_one_object_become_one_with_the_arcs_of_both(made):
    number, _ = Counter(n for n in made.owner.values() if n >= 0 and n not in made.pushes).most_common(1)[0]
    tracker = begun(made)
    twin = replace(tracker.tracks[f"C{number}"], id="TWIN")
    arcs = [arc for arc in made.arcs if made.owner[arc.id] == number][:2]
    later, events = step(
        with_element_sets(tracker, [twin]),
        arcs,
        made.sensors,
        now_tai_s=SMALL.start_tai_s + 86_400.0,
        settings=trial_settings(),
    )
    assert Happening.MERGED in {one.what for one in events}
    (kept,) = {"TWIN", f"C{number}"} & set(later.tracks)
    assert later.tracks[kept].arcs == tuple(arc.id for arc in arcs)


@pytest.mark.prove
def test_a_coalition_keeps_its_catalogue():
    """The named case in a size for two cores: 60 objects over all regimes, 10 sensors, 1.5 days."""
    trial = Trial(objects=60, days=1.5, seed=20)
    made = sky(trial, usual_instruments())
    found = score(made, trial, *tracked(made, trial))
    print(f"\nseed {trial.seed}: {found}")  # noqa: T201  # what make prove shows
    assert found.custody >= 0.9
    assert found.purity >= 0.995
    assert found.false_tracks + found.duplicate_tracks <= max(1, 0.02 * found.tracks)
