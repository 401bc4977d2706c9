"""Why two warnings of one encounter differ, in figures.

The probability of a warning follows from four things: where the objects pass (state), how surely (covariance), how
large they are (hard-body radius), and how it is computed (method). The first three are in the warnings, so the
probability can be computed anew with each of them from either side. What each one accounts for is its Shapley
value (Shapley 1953): the change that it makes, averaged over all orders in which the three can be exchanged. These
values add up to the whole difference, whatever the order; what is left between the probabilities that were stated
and those that one method gives for the same three is the method's. Everything is counted in decades (log10).

The epoch of the data, and the time of closest approach, have no share of their own: they say why state and
covariance differ.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations, permutations

import numpy as np
from msgspec import Struct

from commonsky.domain import ConjunctionWarning, EncounterPlane
from commonsky.safety.encounter import turned

LEAST_PROBABILITY = 1e-30
"""Below this two probabilities are the same nothing."""

LEAST_DECADES = 0.005
SAME_TIME_S = 0.01
SAME_EPOCH_S = 60.0
_SAME = 1e-6

Probability = Callable[[EncounterPlane, float], float]
"""Gives the probability of collision for a plane, with or without covariance, and a hard-body radius in m."""


class Cause(StrEnum):
    """What makes two warnings differ."""

    STATE = "state"
    COVARIANCE = "covariance"
    HARD_BODY_RADIUS = "hard-body radius"
    METHOD = "method"
    EPOCH = "epoch of data"
    TIME = "time of closest approach"


class Figure(Struct, frozen=True, kw_only=True):
    """One quantity as each of the two has it."""

    name: str
    a: float | None
    b: float | None
    unit: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """One cause: in words, in figures, and how many decades of the difference it accounts for."""

    cause: Cause
    words: str
    figures: tuple[Figure, ...] = ()
    effect_decades: float | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """Two warnings of one encounter; ``decades`` is log10 of the second probability over the first."""

    between: tuple[str, str]
    probability: tuple[float | None, float | None]
    decades: float | None
    differences: tuple[Difference, ...]

    @property
    def main_cause(self) -> Difference | None:
        """The cause that accounts for most, if any accounts for something."""
        counted = [one for one in self.differences if abs(one.effect_decades or 0.0) >= LEAST_DECADES]
        return max(counted, key=lambda one: abs(one.effect_decades or 0.0), default=None)


class Reconciliation(Struct, frozen=True, kw_only=True):
    """What there is to say about all providers of an event."""

    summary: str
    pairs: tuple[Comparison, ...]


class Word(Struct, frozen=True, kw_only=True):
    """A warning with the name of its provider; ``turned`` when it has the event's two objects in the other order."""

    provider: str
    warning: ConjunctionWarning
    turned: bool = False


class _Inputs(Struct, frozen=True):
    """What a probability follows from, in the event's order of the objects."""

    miss: tuple[float, float] | None
    covariance: tuple[float, float, float] | None
    radius_m: float | None


def reconcile(words: Sequence[Word], probability: Probability) -> Reconciliation:
    """Compare the newest warnings of all providers, two by two, and say it in one sentence."""
    pairs = tuple(compare(a, b, probability) for a, b in combinations(words, 2))
    return Reconciliation(summary=_summary(words, pairs), pairs=pairs)


def compare(a: Word, b: Word, probability: Probability) -> Comparison:
    """Say why the second warning differs from the first; the causes in the order of their effect."""
    told = a.warning.probability, b.warning.probability
    decades = None if told[0] is None or told[1] is None else _log(told[1]) - _log(told[0])
    effects = _effects(_inputs(a), _inputs(b), told, probability)
    found = [
        difference
        for make in (_state, _covariance, _radius, _method, _epoch, _time)
        if (difference := make(a, b, effects)) is not None
    ]
    found.sort(key=lambda one: -abs(one.effect_decades or 0.0))
    return Comparison(
        between=(a.provider, b.provider), probability=told, decades=decades, differences=tuple(found)
    )


def _inputs(word: Word) -> _Inputs:
    plane = word.warning.plane
    if plane is None:
        return _Inputs(None, None, word.warning.hard_body_radius_m)
    plane = turned(plane) if word.turned else plane
    return _Inputs(plane.miss_m, plane.covariance_m2, word.warning.hard_body_radius_m)


def _effects(
    a: _Inputs, b: _Inputs, told: tuple[float | None, float | None], probability: Probability
) -> dict[Cause, float]:
    """Decades that each cause accounts for; empty where there is too little to compute from."""
    if a.miss is None or b.miss is None:
        return {}
    # A radius that one does not tell is taken as the other's: it is no difference that can be computed.
    radii = [radius for radius in (a.radius_m, b.radius_m) if radius is not None]
    if not radii:
        return {}
    misses, covariances = (a.miss, b.miss), (a.covariance, b.covariance)
    taken = tuple(radii[0] if one.radius_m is None else one.radius_m for one in (a, b))

    def log_of(chosen: tuple[int, ...]) -> float:
        state, covariance, radius = chosen
        plane = EncounterPlane(miss_m=misses[state], covariance_m2=covariances[covariance])
        return _log(probability(plane, taken[radius]))

    known = {chosen: log_of(chosen) for chosen in np.ndindex(2, 2, 2)}
    shares = _shapley(known)
    effects = dict(zip((Cause.STATE, Cause.COVARIANCE, Cause.HARD_BODY_RADIUS), shares, strict=True))
    if told[0] is not None and told[1] is not None:
        effects[Cause.METHOD] = (_log(told[1]) - known[1, 1, 1]) - (_log(told[0]) - known[0, 0, 0])
    return effects


def _shapley(known: dict[tuple[int, ...], float]) -> list[float]:
    """What each of three changes accounts for, averaged over the orders in which they can be made."""
    shares = [0.0, 0.0, 0.0]
    orders = list(permutations(range(3)))
    for order in orders:
        at = [0, 0, 0]
        for which in order:
            before = known[tuple(at)]
            at[which] = 1
            shares[which] += (known[tuple(at)] - before) / len(orders)
    return shares


def _state(a: Word, b: Word, effects: dict[Cause, float]) -> Difference | None:
    first, second = _inputs(a).miss, _inputs(b).miss
    if first is None or second is None:
        if _close(a.warning.miss_distance_m, b.warning.miss_distance_m):
            return None
        moved_m = abs(a.warning.miss_distance_m - b.warning.miss_distance_m)
        words = f"the miss distance differs by {moved_m:.4g} m"
    else:
        moved_m = math.dist(first, second)
        if moved_m <= _SAME * max(math.hypot(*first), math.hypot(*second), 1.0):
            return None
        words = f"the two place the objects {moved_m:.4g} m apart in the encounter plane"
    figures = [
        Figure(name="miss distance", a=a.warning.miss_distance_m, b=b.warning.miss_distance_m, unit="m")
    ]
    if first is not None and second is not None:
        figures += [
            Figure(name=f"miss {axis}", a=first[n], b=second[n], unit="m")
            for n, axis in enumerate(("up", "across"))
        ]
    effect = effects.get(Cause.STATE)
    return Difference(cause=Cause.STATE, words=words, figures=tuple(figures), effect_decades=effect)


def _covariance(a: Word, b: Word, effects: dict[Cause, float]) -> Difference | None:
    first, second = _inputs(a).covariance, _inputs(b).covariance
    if first is None and second is None:
        return None
    if first is None or second is None:
        lacking, having = (a, b) if first is None else (b, a)
        words = f"{lacking.provider} has no covariance, so its figure is for the worst one; {having.provider} has one"
    elif np.allclose(first, second, rtol=_SAME, atol=0.0):
        return None
    else:
        areas = [math.sqrt(max(0.0, c[0] * c[2] - c[1] ** 2)) for c in (first, second)]
        wider, ratio = _larger(a, b, areas[0], areas[1])
        words = (
            f"the uncertainty of {wider} covers {ratio:.3g} times the area"
            if ratio > 1.0 + _SAME
            else ("the uncertainties cover the same area in other directions")
        )
    effect = effects.get(Cause.COVARIANCE)
    return Difference(
        cause=Cause.COVARIANCE,
        words=words,
        figures=tuple(_sigma_figures(first, second)),
        effect_decades=effect,
    )


def _sigma_figures(
    first: tuple[float, float, float] | None, second: tuple[float, float, float] | None
) -> Iterator[Figure]:
    """The semi-axes of both one-sigma ellipses."""
    axes = [[None, None] if c is None else _semi_axes(c) for c in (first, second)]
    for n, name in enumerate(("largest sigma", "smallest sigma")):
        yield Figure(name=name, a=axes[0][n], b=axes[1][n], unit="m")


def _semi_axes(covariance: tuple[float, float, float]) -> list[float | None]:
    up, mixed, across = covariance
    values = np.linalg.eigvalsh([[up, mixed], [mixed, across]])
    return [float(one) for one in np.sqrt(np.maximum(0.0, values[::-1]))]


def _radius(a: Word, b: Word, effects: dict[Cause, float]) -> Difference | None:
    first, second = a.warning.hard_body_radius_m, b.warning.hard_body_radius_m
    if first is None and second is None:
        return None
    if first is not None and second is not None and _close(first, second):
        return None
    figures = (Figure(name="hard-body radius", a=first, b=second, unit="m"),)
    if first is None or second is None:
        silent, said = (a, b) if first is None else (b, a)
        words = f"{silent.provider} does not tell its radius; the comparison takes that of {said.provider}"
        return Difference(cause=Cause.HARD_BODY_RADIUS, words=words, figures=figures)
    sources = f"{a.provider}: {_source(a)}, {b.provider}: {_source(b)}"
    words = f"{first:g} m against {second:g} m ({sources})"
    effect = effects.get(Cause.HARD_BODY_RADIUS)
    return Difference(cause=Cause.HARD_BODY_RADIUS, words=words, figures=figures, effect_decades=effect)


def _method(a: Word, b: Word, effects: dict[Cause, float]) -> Difference | None:
    effect = effects.get(Cause.METHOD)
    first, second = a.warning.method or "not told", b.warning.method or "not told"
    small = effect is None or abs(effect) < LEAST_DECADES
    if small and first == second:
        return None
    words = f"{a.provider} computes by {first}, {b.provider} by {second}"
    if first == second:
        words = f"both say {first}, and what they tell does not follow from their own figures in the same way"
    return Difference(cause=Cause.METHOD, words=words, effect_decades=effect)


def _epoch(a: Word, b: Word, _: dict[Cause, float]) -> Difference | None:
    figures, said = [], []
    for n, (first, second) in enumerate(zip(_epochs(a), _epochs(b), strict=True), start=1):
        if first is None or second is None or abs(first - second) <= SAME_EPOCH_S:
            continue
        newer = b if second > first else a
        said.append(
            f"for object {n} the data of {newer.provider} is {abs(first - second) / 3600.0:.3g} h newer"
        )
        figures.append(Figure(name=f"newest data of object {n}", a=first, b=second, unit="TAI s"))
    if not said:
        return None
    return Difference(cause=Cause.EPOCH, words="; ".join(said), figures=tuple(figures))


def _time(a: Word, b: Word, _: dict[Cause, float]) -> Difference | None:
    first, second = a.warning.tca_tai_s, b.warning.tca_tai_s
    if abs(first - second) <= SAME_TIME_S:
        return None
    words = f"{b.provider} has it {abs(second - first):.3g} s {'later' if second > first else 'earlier'}"
    figures = (Figure(name="time of closest approach", a=first, b=second, unit="TAI s"),)
    return Difference(cause=Cause.TIME, words=words, figures=figures)


def _epochs(word: Word) -> tuple[float | None, float | None]:
    both = word.warning.object_1.data_epoch_tai_s, word.warning.object_2.data_epoch_tai_s
    return (both[1], both[0]) if word.turned else both


def _source(word: Word) -> str:
    return word.warning.hard_body_radius_source or "source not told"


def _larger(a: Word, b: Word, first: float, second: float) -> tuple[str, float]:
    least = max(min(first, second), 1e-300)
    return (a.provider, first / least) if first > second else (b.provider, second / least)


def _close(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=_SAME)


def _log(probability: float) -> float:
    return math.log10(max(probability, LEAST_PROBABILITY))


def _summary(words: Sequence[Word], pairs: Sequence[Comparison]) -> str:
    if len(words) < 2:
        return f"only {words[0].provider} tells of it" if words else "nobody tells of it"
    known = [pair for pair in pairs if pair.decades is not None]
    if not known:
        return "the providers cannot be compared: at most one tells a probability"
    widest = max(known, key=lambda pair: abs(pair.decades or 0.0))
    first, second = widest.between
    cause = widest.main_cause
    if abs(widest.decades or 0.0) < math.log10(2.0) or cause is None:
        return f"{len(words)} providers agree within a factor of {10.0 ** abs(widest.decades or 0.0):.2g}"
    higher, lower = (second, first) if (widest.decades or 0.0) > 0.0 else (first, second)
    factor = 10.0 ** abs(widest.decades or 0.0)
    said = f"{higher} tells {factor:.3g} times the probability of {lower}"
    return f"{said}; most of it is the {cause.cause}: {cause.words}"
