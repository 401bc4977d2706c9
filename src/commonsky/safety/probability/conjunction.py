"""One close approach, ready to be judged: two states at their closest approach, two covariances, one hard body."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commonsky.astro.orbit import EARTH_GM_M3_S2
from commonsky.safety.probability.covariance import repaired, rotated
from commonsky.safety.probability.elements import (
    OpenOrbitError,
    elements_from_state,
    orbit_axes,
    state_and_partials,
    state_from_elements,
)

Array = NDArray[np.float64]

_MOST_STEPS = 30
_QUARTER = 0.25


class UnusableConjunctionError(ValueError):
    """A close approach of which no probability can be said; ``keyword`` names what is wrong in a message."""

    def __init__(self, message: str, keyword: str = "") -> None:
        super().__init__(message)
        self.keyword = keyword


@dataclass(frozen=True)
class HardBody:
    """The sum of the radii of both bodies, and where the number comes from."""

    radius_m: float
    source: str


@dataclass(frozen=True, eq=False)
class Cloud:
    """One object's uncertainty as a Gaussian of equinoctial elements at closest approach, on its orbit's own axes."""

    axes: Array
    elements: Array
    covariance: Array

    def states(self, elements: Array, elapsed_s: ArrayLike) -> Array:
        """Inertial states (..., 6) of elements (..., 6) after ``elapsed_s`` (...)."""
        return _turned_back(self.axes, state_from_elements(elements, np.asarray(elapsed_s)))

    def linearised(self, elements: Array, elapsed_s: ArrayLike) -> tuple[Array, Array]:
        """Inertial states (..., 6) and their derivatives (..., 6, 6) by the elements."""
        states, partials = state_and_partials(elements, np.asarray(elapsed_s))
        back = np.kron(np.eye(2), self.axes.T)
        return _turned_back(self.axes, states), back @ partials


@dataclass(frozen=True, eq=False)
class Conjunction:
    """States (2, 6) m and m/s on common inertial axes at closest approach, and a covariance (6, 6) of each or None.

    ``seed`` decides the chance that Monte Carlo takes. ``repairs`` says what was done to the covariances, ``notes``
    what else a reader must know; ``velocities_known`` is false where a covariance is one of position alone. Make one
    with `from_states`, or `conjunction_from_cdm` for a message.
    """

    tca_tai_s: float
    states: Array
    covariances: tuple[Array | None, Array | None]
    hard_body: HardBody
    seed: int = 0
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    velocities_known: bool = True

    @classmethod
    def from_states(  # noqa: PLR0913  # what a message has
        cls,
        epoch_tai_s: float,
        states: ArrayLike,
        covariances: tuple[ArrayLike | None, ArrayLike | None],
        hard_body: HardBody,
        *,
        seed: int = 0,
        notes: tuple[str, ...] = (),
    ) -> "Conjunction":
        """Repair covariances and bring both objects from a common epoch to their closest approach.

        ``covariances`` are (6, 6), or (3, 3) of position alone, on the axes of the states; None, all zero or not finite
        means unknown. Raises UnusableConjunctionError for states or radii that are none.
        """
        states = np.asarray(states, dtype=np.float64)
        if states.shape != (2, 6) or not np.all(np.isfinite(states)):
            raise UnusableConjunctionError("two states of six finite numbers are needed", "X")
        if not (np.isfinite(hard_body.radius_m) and hard_body.radius_m > 0.0):
            raise UnusableConjunctionError(
                f"a hard-body radius of {hard_body.radius_m} m is none: it must be above zero", "HBR"
            )
        usable: list[Array | None] = []
        repairs: list[str] = []
        for number, given in enumerate(covariances, start=1):
            covariance, words = _usable(given)
            usable.append(covariance)
            repairs += [f"object {number}: {words}"] if words else []
        shift, moved = _closest(states)
        if abs(shift) > 1e-3:
            notes = (*notes, f"states brought by {shift:+.3f} s to the closest approach (two-body motion)")
        first, second = (
            None if one is None else _carried(one, state, shift)
            for one, state in zip(usable, states, strict=True)
        )
        known = all(one is None or bool(np.any(one[3:, 3:])) for one in usable)
        return cls(epoch_tai_s + shift, moved, (first, second), hard_body, seed, tuple(repairs), notes, known)

    @property
    def position_m(self) -> Array:
        """Object 2 from object 1, (3,)."""
        return np.asarray(self.states[1, :3] - self.states[0, :3])

    @property
    def velocity_m_s(self) -> Array:
        """Velocity of object 2 seen from object 1, inertial axes, (3,)."""
        return np.asarray(self.states[1, 3:] - self.states[0, 3:])

    @property
    def covariance(self) -> Array | None:
        """Covariance (6, 6) of the relative state, the objects' errors being independent; None when none is known."""
        known = [one for one in self.covariances if one is not None]
        return sum(known[1:], start=known[0]) if known else None

    @property
    def complete(self) -> bool:
        """Both covariances are known."""
        return all(one is not None for one in self.covariances)

    def half_period_s(self) -> float:
        """Half the shorter period: the encounter belongs to this approach and not to the next one."""
        radius = np.linalg.norm(self.states[:, :3], axis=1)
        alpha = 2.0 / radius - np.sum(self.states[:, 3:] ** 2, axis=1) / EARTH_GM_M3_S2
        closed = alpha[alpha > 0.0]
        if closed.size == 0:
            return 86400.0
        return float(np.pi / np.sqrt(EARTH_GM_M3_S2 * closed.max() ** 3))

    def clouds(self) -> tuple[Cloud, Cloud]:
        """Both objects as Gaussians of elements; an unknown covariance counts as none. Raises OpenOrbitError."""
        first, second = (
            _cloud(state, np.zeros((6, 6)) if one is None else one)
            for state, one in zip(self.states, self.covariances, strict=True)
        )
        return first, second


def _turned_back(axes: Array, states: Array) -> Array:
    return np.concatenate([states[..., :3] @ axes, states[..., 3:] @ axes], axis=-1)


def _cloud(state: Array, covariance: Array) -> Cloud:
    axes = orbit_axes(state)
    elements = elements_from_state(np.concatenate([axes @ state[:3], axes @ state[3:]]))
    partials = state_and_partials(elements, np.zeros(()))[1]
    inverse = np.linalg.inv(partials)
    return Cloud(axes, elements, np.asarray(inverse @ rotated(covariance, axes) @ inverse.T))


def _usable(given: ArrayLike | None) -> tuple[Array | None, str]:
    if given is None:
        return None, ""
    covariance = np.asarray(given, dtype=np.float64)
    if covariance.shape == (3, 3):
        covariance = np.pad(covariance, (0, 3))
    if covariance.shape != (6, 6):
        raise UnusableConjunctionError(f"a covariance of shape {covariance.shape} is none of a state", "CR_R")
    if not np.all(np.isfinite(covariance)):
        return None, "covariance holds numbers that are not finite: taken as unknown"
    if not np.any(covariance[:3, :3]):
        return None, "covariance of position is zero: taken as unknown"
    try:
        return repaired(covariance)
    except ValueError as error:
        return None, f"{error}: taken as unknown"


def _closest(states: Array) -> tuple[float, Array]:
    """Seconds from the epoch of the states to their closest approach nearby, and the states there."""
    try:
        clouds = [_cloud(state, np.zeros((6, 6))) for state in states]
    except OpenOrbitError:
        return _closest_on_lines(states)
    limit = _QUARTER * 2.0 * np.pi / max(cloud.elements[0] for cloud in clouds)
    shift, moved = 0.0, states
    for _ in range(_MOST_STEPS):
        apart, speed = moved[1, :3] - moved[0, :3], moved[1, 3:] - moved[0, 3:]
        pull = _gravity(moved[1]) - _gravity(moved[0])
        bend = float(speed @ speed + apart @ pull)
        if bend <= 0.0:  # no closest approach is near: they drift together
            break
        step = -float(apart @ speed) / bend
        if abs(shift + step) > limit:
            break
        shift += step
        moved = np.stack([cloud.states(cloud.elements, shift) for cloud in clouds])
        if abs(step) < 1e-9:
            break
    return shift, moved


def _closest_on_lines(states: Array) -> tuple[float, Array]:
    apart, speed = states[1, :3] - states[0, :3], states[1, 3:] - states[0, 3:]
    shift = -float(apart @ speed) / float(speed @ speed) if np.any(speed) else 0.0
    moved = states.copy()
    moved[:, :3] += shift * states[:, 3:]
    return shift, moved


def _gravity(state: Array) -> Array:
    return np.asarray(-EARTH_GM_M3_S2 * state[:3] / np.linalg.norm(state[:3]) ** 3)


def _carried(covariance: Array, state: Array, shift: float) -> Array:
    """Covariance after ``shift`` seconds of two-body motion."""
    if shift == 0.0:
        return covariance
    transition = _transition(state, shift)
    moved = transition @ covariance @ transition.T
    return np.asarray(0.5 * (moved + moved.T))


def _transition(state: Array, shift: float) -> Array:
    """Derivatives (6, 6) of the state after ``shift`` seconds by the state: two-body motion, or a line if it is open.

    A covariance is multiplied by this and not taken into elements and back, where rounding at the scale of its
    largest sigma would stand in for the smallest.
    """
    try:
        cloud = _cloud(state, np.zeros((6, 6)))
    except OpenOrbitError:
        return np.eye(6) + shift * np.eye(6, k=3)
    at_epoch, after = cloud.linearised(cloud.elements, np.array([0.0, shift]))[1]
    return np.asarray(np.linalg.solve(at_epoch.T, after.T).T)
