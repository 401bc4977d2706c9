"""Who wants the fine orbit from coarse releases: all that a reader can do with the real propagator and the method.

The giver solves for its orbit every few hours with errors of its own, and releases each solution coarsened.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from coarse_orbits import DAY, EPOCH, SECRET, state, track
from msgspec.structs import replace

from commonsky.astro.frames import gcrf_to_itrf, geodetic_from_itrf, itrf_from_geodetic
from commonsky.astro.numerical import default_force_model, propagate, propagate_with_transition
from commonsky.domain import Site
from commonsky.sharing.coarsening import coarsened, displaced_state
from commonsky.sharing.orbit_bias import WINDOW_S, Bias, spread_of, window_of
from commonsky.tracking.prediction import state_of

EVERY_S = 12.0 * 3_600.0
WEEK_S = 7.0 * DAY


@dataclass(frozen=True)
class Story:
    """A true orbit and what the giver thinks of it, every few hours of a week."""

    name: str
    begins_tai_s: float
    truth: np.ndarray
    forces: object
    solutions: tuple
    sigma_m: float

    def true_states(self, times_tai_s):
        return propagate(self.truth, self.begins_tai_s, times_tai_s, self.forces)

    @property
    def _times_tai_s(self):
        return self.begins_tai_s + np.linspace(0.0, WEEK_S, 400)

    @cached_property
    def _true_week(self):
        return self.true_states(self._times_tai_s)

    def released(self, level_m, *, secret=SECRET):
        """The tracks that a receiver at a level holds at the end of the week."""
        return [
            coarsened(one, level_m, giver="AUR", object_name=self.name, secret=secret).content
            for one in self.solutions
        ]

    def reached_m(self, orbit):
        """Root mean square over the week of the distance of an orbit, (state, epoch, forces), from the truth."""
        at, epoch_tai_s, forces = orbit
        apart = propagate(at, epoch_tai_s, self._times_tai_s, forces) - self._true_week
        return float(np.sqrt(np.mean(np.sum(apart[:, :3] ** 2, axis=1))))


def story(name, elements, *, sigma_m, drag=0.0, across_windows=False, seed=1, every_s=EVERY_S, span_s=WEEK_S):
    """A week within one window of time, or half before and half after the end of one."""
    ends_tai_s = np.ceil(EPOCH / WINDOW_S) * WINDOW_S
    begins_tai_s = ends_tai_s - (WEEK_S / 2.0 if across_windows else WEEK_S - 3_600.0) + 137.5
    forces = replace(default_force_model(), drag_cd_area_over_mass=drag)
    truth = state(elements)
    epochs = begins_tai_s + np.arange(0.0, span_s, every_s)
    solved = propagate(truth, begins_tai_s, epochs, forces)
    chance = np.random.default_rng(seed)
    rate = np.sqrt(3.986e14 / (1e3 * elements[0]) ** 3)
    solved = solved + chance.normal(size=solved.shape) * sigma_m / np.sqrt(3.0) * np.repeat([1.0, rate], 3)
    solutions = [
        track(at, epoch, sigma_m=max(sigma_m, 1.0), revision=n + 1, force_model=forces)
        for n, (at, epoch) in enumerate(zip(solved, epochs, strict=True))
    ]
    return Story(name, begins_tai_s, truth, forces, tuple(solutions), sigma_m)


def averaged(copies, *, weights=None):
    """What receivers of the same releases at several levels get who put them together, state by state."""
    made = []
    for same in zip(*copies, strict=True):
        at = np.average([state_of(one) for one in same], axis=0, weights=weights)
        made.append(replace(same[0], position_m=tuple(at[:3]), velocity_m_s=tuple(at[3:])))
    return made


def refit(tracks):
    """The orbit, (state, epoch, forces), that fits states told best, by Gauss and Newton with the real propagator."""
    middle = tracks[len(tracks) // 2]
    epochs = np.array([one.epoch_tai_s for one in tracks])
    told = np.array([state_of(one) for one in tracks])
    at, epoch_tai_s, forces = state_of(middle), middle.epoch_tai_s, middle.force_model
    scale = np.repeat([1.0, np.linalg.norm(at[:3]) / np.linalg.norm(at[3:])], 3)
    for _ in range(2):
        states, columns = propagate_with_transition(at, epoch_tai_s, epochs, forces)
        rows = (columns * scale[:, np.newaxis]).reshape(-1, 6)
        unit = np.linalg.norm(rows, axis=0)
        at = at + np.linalg.lstsq(rows / unit, ((told - states) * scale).ravel(), rcond=None)[0] / unit
    return at, epoch_tai_s, forces


def unbias(tracks, level_m, *, sigma_m, fitted=None):
    """What somebody reaches who knows how coarse orbits are made, and fits the bias of each window beside the orbit.

    The unknowns are the fine state and, in each window, all that a bias is drawn from; what is known beforehand is how
    biases spread, and how little of them changes from one window to the next.
    """
    at, epoch_tai_s, forces = fitted or refit(tracks)
    epochs = np.array([one.epoch_tai_s for one in tracks])
    windows = np.array([window_of(epoch)[0] for epoch in epochs])
    states, transitions = propagate_with_transition(at, epoch_tai_s, epochs, forces)
    numbers = sorted(set(windows.tolist()))
    columns = np.zeros((len(tracks), 6, 6 + 7 * len(numbers)))
    columns[:, :, :6] = transitions
    for place, number in enumerate(numbers):
        rows = np.flatnonzero(windows == number)
        by_draws = _by_draws(states[rows[0]], epochs[rows[0]], forces, level_m)
        carried = transitions[rows] @ np.linalg.inv(transitions[rows[0]]) @ by_draws
        columns[rows, :, 6 + 7 * place : 13 + 7 * place] = carried
    rate = np.linalg.norm(at[3:]) / np.linalg.norm(at[:3])
    sigmas = sigma_m / np.sqrt(3.0) * np.repeat([1.0, rate], 3)
    told = np.array([state_of(one) for one in tracks])
    known = _known_beforehand(len(numbers), level_m)
    rows = np.vstack([(columns / sigmas[:, np.newaxis]).reshape(-1, columns.shape[2]), known])
    right = np.concatenate([((told - states) / sigmas).ravel(), np.zeros(len(known))])
    unit = np.linalg.norm(rows, axis=0)
    step = np.linalg.lstsq(rows / unit, right, rcond=1e-13)[0] / unit
    return at + step[:6], epoch_tai_s, forces


def _by_draws(there, epoch_tai_s, forces, level_m):
    """How a release changes with each of the seven numbers of a bias, (6, 7), per metre."""
    step_m = 0.1 * level_m
    columns = []
    for place in range(7):
        draws = (step_m * np.eye(7)[place]).tolist()
        bias = Bias(along_m=draws[0], across_m=draws[1], unrest_m=tuple(draws[2:]))
        moved = displaced_state(there, epoch_tai_s, forces, bias)
        columns.append((moved - there) / step_m)
    return np.array(columns).T


def _known_beforehand(windows, level_m):
    """Weighted rows that say how biases spread, and that little of along and across changes between windows."""
    spread = spread_of(level_m)
    sigmas_m = np.array([spread.along_m, spread.across_m, *spread.unrest_m])
    change_m = 0.1 * level_m * np.sqrt(2.0 / 3.0)
    rows = []
    for window in range(windows):
        own = np.zeros((7, 6 + 7 * windows))
        own[:, 6 + 7 * window : 13 + 7 * window] = np.diag(1.0 / sigmas_m)
        own[:2] /= np.sqrt(windows)
        rows.append(own)
    for window in range(1, windows):
        same = np.zeros((2, 6 + 7 * windows))
        same[[0, 1], [6 + 7 * window, 7 + 7 * window]] = 1.0 / change_m
        same[[0, 1], [7 * window - 1, 7 * window]] = -1.0 / change_m
        rows.append(same)
    return np.vstack(rows)


def with_own_sensor(story_, tracks, level_m, *, range_sigma_m, angle_sigma_rad, seed=5):
    """What somebody reaches who watches the object himself for five minutes, and solves for the bias alone."""
    at, epoch_tai_s, forces = refit(tracks)
    watched = epoch_tai_s + np.linspace(0.0, 300.0, 16)
    site = _beneath(story_, watched.mean())

    def seen(states):
        position, _ = gcrf_to_itrf(states[:, :3], states[:, 3:], watched)
        line = position - itrf_from_geodetic(site)
        distance = np.linalg.norm(line, axis=1)
        return np.column_stack([distance / range_sigma_m, line / distance[:, np.newaxis] / angle_sigma_rad])

    chance = np.random.default_rng(seed)
    measured = seen(story_.true_states(watched))
    measured = measured + chance.normal(size=measured.shape)

    found = np.zeros(2)
    for _ in range(4):
        guess = _put_back(at, epoch_tai_s, forces, found)
        predicted = seen(propagate(guess, epoch_tai_s, watched, forces))
        partials = []
        for part in range(2):
            changed = found + np.eye(2)[part] * level_m * 0.01
            other = seen(propagate(_put_back(at, epoch_tai_s, forces, changed), epoch_tai_s, watched, forces))
            partials.append(((other - predicted) / (level_m * 0.01)).ravel())
        step = np.linalg.lstsq(np.array(partials).T, (measured - predicted).ravel(), rcond=None)[0]
        found = found + step
    return _put_back(at, epoch_tai_s, forces, found), epoch_tai_s, forces


def _put_back(at, epoch_tai_s, forces, bias):
    return displaced_state(at, epoch_tai_s, forces, Bias(along_m=-bias[0], across_m=-bias[1]))


def _beneath(story_, tai_s):
    at = story_.true_states(np.array([tai_s]))
    position, _ = gcrf_to_itrf(at[:, :3], at[:, 3:], tai_s)
    latitude, longitude, _ = geodetic_from_itrf(position)
    return Site(
        id="own", latitude_deg=float(latitude[0]) + 2.0, longitude_deg=float(longitude[0]) + 2.0, height_m=0.0
    )
