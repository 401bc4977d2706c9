"""Judge one encounter: every method's number, which of them hold here, and which one to trust and why."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.orbit import rtn_axes
from commonsky.safety.probability.collision_rate import (
    CROSSED_SIGMAS,
    Passage,
    Rate,
    collisions_2d_nc,
    collisions_3d_nc,
)
from commonsky.safety.probability.conjunction import Conjunction, HardBody
from commonsky.safety.probability.covariance import CLIP_OF_RADIUS, rotated
from commonsky.safety.probability.dilution import Dilution, dilution
from commonsky.safety.probability.elements import OpenOrbitError
from commonsky.safety.probability.encounter_plane import mahalanobis, plane_axes, project
from commonsky.safety.probability.monte_carlo import Count, count_collisions
from commonsky.safety.probability.two_dimensional import (
    chan_2d,
    elrod_2d,
    frisbee_maximum_2d,
    greatest_of_all,
    log_foster_2d,
    maximum_2d,
)

Array = NDArray[np.float64]

SAMPLES = 200_000

_SAME = 0.01  # methods that differ by less say the same
_COUNT_MAY_DIFFER = 0.03
_LONG_OF_PERIOD = 0.02  # straight motion: beyond this share of an orbit the path bends visibly
_WIDER = 1.7  # of the 95 % interval: about 99.9 %
_STEADY = 0.05  # sigma of the relative velocity by the speed: its square is the error of one passage
_FEWEST_HITS = 100.0
_NEGLIGIBLE = math.log(1e-18)  # below it nobody waits for a count
_LEAST = math.log(1e-300)
_TOO_MANY = math.log(0.9)
_LN_10 = math.log(10.0)


@dataclass(frozen=True)
class Estimate:
    """One method's answer. ``valid`` is None where the question does not arise, ``reason`` says why valid or not.

    ``low`` and ``high`` are the 95 % interval of a count. ``log10_probability`` tells values under the least double.
    """

    method: str
    probability: float | None
    valid: bool | None
    reason: str
    low: float | None = None
    high: float | None = None
    log10_probability: float | None = None


@dataclass(frozen=True, eq=False)
class EncounterPlane:
    """The miss (2,) m, the combined covariance (2, 2) m2 or None, and what the two axes are, in words."""

    axes: tuple[str, str]
    miss_m: Array
    covariance_m2: Array | None
    sigma_miss_m: float | None


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is known of one encounter. Vectors are object 2 from object 1 in object 1's radial, transverse, normal."""

    recommended: Estimate
    methods: tuple[Estimate, ...]
    reasons: tuple[str, ...]
    is_bound: bool
    hard_body: HardBody
    tca_tai_s: float
    miss_distance_m: float
    relative_speed_m_s: float
    mahalanobis_distance: float | None
    position_rtn_m: Array
    velocity_rtn_m_s: Array
    sigma_rtn_m: tuple[Array | None, Array | None]
    sigma_combined_rtn_m: Array | None
    repairs: tuple[str, ...]
    notes: tuple[str, ...]
    plane: EncounterPlane
    dilution: Dilution | None
    duration_s: float | None
    peak_s: float | None


def assess(conjunction: Conjunction, *, monte_carlo: bool = True, samples: int = SAMPLES) -> Assessment:
    """Judge an encounter. ``monte_carlo`` counts collisions where straight-line methods do not hold.

    The answer depends on the arguments alone: chance comes from the conjunction's seed.
    """
    if not conjunction.complete:
        return _bounded(conjunction)
    miss, covariance = _in_plane(conjunction)
    radius = np.array([conjunction.hard_body.radius_m])
    flat = log_foster_2d(miss, covariance, radius)[0]
    window = _window(conjunction)
    try:
        flow: Rate | None = collisions_3d_nc(conjunction, window)
        passage = collisions_2d_nc(conjunction, window)
    except (OpenOrbitError, np.linalg.LinAlgError):
        flow, passage = None, None
    curved = None if flow is None else _curved(conjunction, flow, passage)
    holds, reasons = _flat_holds(conjunction, float(flat), flow, curved)
    count = None
    guess = -math.inf if flow is None else _guess(float(flat), flow, passage)
    if flow is not None and not holds and monte_carlo and guess > _NEGLIGIBLE:
        count = _count(conjunction, window, flow, samples, guess)
    methods = [
        *_flat_estimates(miss, covariance, radius, reasons[0], holds=holds),
        _passage_estimate(passage, flow, curved),
        _flow_estimate(flow, count, known=conjunction.velocities_known),
        *_count_estimates(count),
        _maximum_estimate(miss, covariance, radius),
    ]
    chosen, why = _choice(methods, flow, count, holds=holds)
    return _assessment(
        conjunction,
        chosen,
        tuple(methods),
        (why, *reasons),
        dilution(miss[0], covariance[0], float(radius[0])),
        flow,
    )


def _in_plane(conjunction: Conjunction) -> tuple[Array, Array]:
    whole = conjunction.covariance
    position = np.zeros((3, 3)) if whole is None else whole[:3, :3]
    return project(conjunction.position_m, conjunction.velocity_m_s, position)


def _window(conjunction: Conjunction) -> tuple[float, float]:
    """A quarter of the shorter period to either side: half-way to where orbits of like period come near again."""
    quarter = 0.5 * conjunction.half_period_s()
    return -quarter, quarter


@dataclass(frozen=True)
class _Curved:
    """What the best method that follows the orbits says, and over how long the collisions would fall."""

    method: str
    log: float
    lasting_s: float


def _curved(conjunction: Conjunction, flow: Rate, passage: Passage | None) -> _Curved | None:
    """3D-Nc, or 2D-Nc where the former is not at rest but the passage is short."""
    if flow.settled:
        return _Curved("3D-Nc", flow.log_expected, flow.duration_s)
    if passage is not None and _short(conjunction, passage.lasting_s) and passage.speed_spread < _STEADY:
        return _Curved("2D-Nc", passage.log_probability, passage.lasting_s)
    return None


def _short(conjunction: Conjunction, lasting_s: float) -> bool:
    return lasting_s <= _LONG_OF_PERIOD * 2.0 * conjunction.half_period_s()


def _straight_lasting_s(conjunction: Conjunction) -> float:
    """How long the encounter lasts on straight lines: to cross the body and the uncertainty along the velocity."""
    speed = float(np.linalg.norm(conjunction.velocity_m_s))
    covariance = conjunction.covariance
    if speed == 0.0 or covariance is None:
        return math.inf
    along = conjunction.velocity_m_s / speed
    sigma = math.sqrt(max(float(along @ covariance[:3, :3] @ along), 0.0))
    return 2.0 * (conjunction.hard_body.radius_m + CROSSED_SIGMAS * sigma) / speed


def _guess(flat: float, flow: Rate, passage: Passage | None) -> float:
    """Logarithm of what a count may find: a method that is not at rest does not decide alone."""
    if flow.settled:
        return flow.log_expected
    others = flat if passage is None else max(flat, passage.log_probability)
    return others if flow.coarse else max(others, flow.log_expected)


def _flat_holds(
    conjunction: Conjunction, flat: float, flow: Rate | None, curved: _Curved | None
) -> tuple[bool, list[str]]:
    """Whether straight motion with a constant covariance is good enough here, with the figures."""
    if flow is None:
        return True, ["no closed orbits about the Earth: only straight-line methods apply"]
    if curved is not None and max(flat, curved.log) < _LEAST:
        return True, ["every method is below 1e-300"]
    straight_s = _straight_lasting_s(conjunction)
    if not conjunction.velocities_known and _short(conjunction, straight_s):
        why = "how the errors bend with the orbits is not said, and straight lines serve for so short an encounter"
        return True, [f"a covariance has no velocities: {why} ({_seconds(straight_s)})"]
    if curved is None:
        return False, [
            "it cannot be told whether straight motion holds: no formula for curved motion came to rest"
        ]
    share = curved.lasting_s / (2.0 * conjunction.half_period_s())
    lasting = f"collisions would fall within {_seconds(curved.lasting_s)}, {100.0 * share:.2g} % of the shorter period"
    if curved.method == "3D-Nc":
        side = "before" if flow.peak_s < 0.0 else "after"
        lasting += f", about {_seconds(abs(flow.peak_s))} {side} the closest approach"
    holds, words = _against(flat, curved, too_long=share > _LONG_OF_PERIOD)
    return holds, [words, lasting]


def _against(flat: float, curved: _Curved, *, too_long: bool) -> tuple[bool, str]:
    if too_long:
        return False, "straight motion does not hold: the encounter lasts too long"
    apart = abs(math.expm1(min(flat - curved.log, 50.0)))
    whose = f"the curved motion's {curved.method}"
    if apart <= _SAME:
        return True, f"straight motion holds: 2D is within {100.0 * apart:.2g} % of {whose}"
    factor = f"a factor of {math.exp(min(abs(flat - curved.log), 600.0)):.3g}"
    words = f"{100.0 * apart:.2g} %" if apart < 0.5 else factor
    return False, f"straight motion does not hold: 2D is off by {words} from {whose}"


def _seconds(value: float) -> str:
    return f"{value:,.3g} s" if value < 120.0 else f"{value / 60.0:,.3g} min"


def _count(
    conjunction: Conjunction, window: tuple[float, float], flow: Rate, samples: int, guess: float
) -> Count:
    chance = np.random.Generator(np.random.PCG64(conjunction.seed))
    if flow.settled:  # far beyond where the rate fades nothing is to be found, and following it costs time
        margin = 2.0 * (flow.span_s[1] - flow.span_s[0])
        window = max(window[0], flow.span_s[0] - margin), min(window[1], flow.span_s[1] + margin)
    towards = math.exp(min(guess, 0.0)), 0.0 if flow.coarse else flow.peak_s
    return count_collisions(conjunction, window, samples, chance, towards=towards)


def _estimate(method: str, log: float | None, valid: bool | None, reason: str) -> Estimate:  # noqa: FBT001  # a record's fields
    if log is None or not math.isfinite(log):
        return Estimate(method, None if log is None else 0.0, valid, reason)
    log = min(log, 0.0)
    return Estimate(method, math.exp(log), valid, reason, log10_probability=log / _LN_10)


def _flat_estimates(
    miss: Array, covariance: Array, radius: Array, why: str, *, holds: bool
) -> list[Estimate]:
    flat = float(log_foster_2d(miss, covariance, radius)[0])
    elrod = float(elrod_2d(miss, covariance, radius)[0])
    exact = math.exp(flat)
    close = abs(elrod - exact) <= 1e-6 * exact or exact < 1e-290
    chan = float(chan_2d(miss, covariance, radius)[0])
    return [
        _estimate("2D Foster", flat, holds, why),
        Estimate(
            "2D Elrod", elrod, holds and close, why if close else "64 nodes are too few for sigmas so small"
        ),
        Estimate("2D Chan", chan, None, "approximation: a circle of equal area; for comparison"),
    ]


def _passage_estimate(passage: Passage | None, flow: Rate | None, curved: _Curved | None) -> Estimate:
    if passage is None or flow is None:
        return Estimate("2D-Nc", None, False, "there is no single passage at a likeliest meeting")
    log = passage.log_probability
    near = curved is not None and abs(math.expm1(min(log - curved.log, 50.0))) <= _COUNT_MAY_DIFFER
    words = "one short passage at the likeliest meeting" if near else "the passage is not short and straight"
    return _estimate("2D-Nc", log, near, words)


def _flow_estimate(flow: Rate | None, count: Count | None, *, known: bool) -> Estimate:
    if flow is None:
        return Estimate("3D-Nc", None, False, "needs closed orbits about the Earth")
    if flow.coarse:
        return Estimate(
            "3D-Nc", None, False, "the body is so large against the sigmas that no quadrature resolves it"
        )
    log = flow.log_expected
    if not flow.settled:
        borne_out = count is not None and _agrees(flow, count)
        return _estimate("3D-Nc", log, borne_out, "the quadrature did not come to full rest")
    if log > _TOO_MANY:
        return _estimate("3D-Nc", log, False, "expects about one collision or more: pairs meet repeatedly")
    if count is not None and not _agrees(flow, count) and count.effective_hits >= _FEWEST_HITS:
        return _estimate("3D-Nc", log, False, "Monte Carlo does not bear it out")
    words = "curved motion, covariance carried in elements"
    return _estimate("3D-Nc", log, True, words if known else f"{words}; velocities taken as exact")


def _agrees(flow: Rate, count: Count) -> bool:
    """3D-Nc is within the interval of the count widened to about 99.9 %, or within a few per cent."""
    value = math.exp(min(flow.log_expected, 0.0))
    return _within(value, count, _WIDER) or abs(value - count.probability) <= _SAME * count.probability


def _within(value: float, count: Count, wider: float) -> bool:
    low = count.probability - wider * (count.probability - count.low)
    return low <= value <= count.probability + wider * (count.high - count.probability)


def _count_estimates(count: Count | None) -> list[Estimate]:
    if count is None:
        return []
    enough = count.effective_hits >= _FEWEST_HITS
    how = "importance sampling" if count.importance else "plain sampling"
    words = f"{count.samples:,} pairs of orbits, {how}, worth {count.effective_hits:,.0f} collisions"
    return [Estimate("Monte Carlo", count.probability, enough, words, count.low, count.high)]


def _maximum_estimate(miss: Array, covariance: Array, radius: Array) -> Estimate:
    greatest, scale = maximum_2d(miss, covariance, radius)
    words = f"bound: the greatest 2D probability over the covariance's size, at {scale[0]:.3g} of its sigmas"
    return Estimate("maximum over covariance scale", float(greatest[0]), None, words)


def _choice(
    methods: list[Estimate], flow: Rate | None, count: Count | None, *, holds: bool
) -> tuple[Estimate, str]:
    named = {one.method: one for one in methods}
    if holds:
        return named["2D Foster"], "2D is trusted: the encounter is short and straight"
    assert flow is not None  # without it 2D holds for want of anything else
    if named["3D-Nc"].valid:
        return named["3D-Nc"], "3D-Nc is trusted: " + (
            "it follows the curved motion" if count is None
            else f"it follows the curved motion and Monte Carlo ({count.low:.4g} to {count.high:.4g}) bears it out"
        )  # fmt: skip
    if not flow.settled and named["2D-Nc"].valid:
        return (
            named["2D-Nc"],
            "2D-Nc is trusted: it follows the orbits to the likeliest meeting and is exact for a body of any size",
        )
    if count is not None and named["Monte Carlo"].valid:
        return _counted_choice(named, count)
    best = "2D Foster" if flow.coarse else "3D-Nc"
    return named[best], f"{best} is the best there is here, but nothing bears it out: take it with care"


def _counted_choice(named: dict[str, Estimate], count: Count) -> tuple[Estimate, str]:
    flat = named["2D Foster"]
    if _within(flat.probability or 0.0, count, 1.0):
        interval = f"{count.low:.4g} to {count.high:.4g}"
        return flat, f"2D is trusted: Monte Carlo ({interval}) bears it out, and not 3D-Nc"
    words = "Monte Carlo is trusted: no formula holds for an encounter so long or so curved"
    return named["Monte Carlo"], words


def _bounded(conjunction: Conjunction) -> Assessment:
    """With a covariance missing only a maximum can be said."""
    miss, covariance = _in_plane(conjunction)
    radius = np.array([conjunction.hard_body.radius_m])
    greatest = Estimate(
        "maximum, no covariance",
        float(greatest_of_all(np.array([conjunction_miss(conjunction)]), radius)[0]),
        None,
        "bound: the worst of all Gaussians centred on this miss",
    )
    known = [number for number, one in enumerate(conjunction.covariances, start=1) if one is not None]
    if not known:
        reason = (
            "no covariance is known: only the greatest probability that any covariance could give can be said"
        )
        return _assessment(conjunction, greatest, (greatest,), (reason,), None, None)
    bound, sigma = frisbee_maximum_2d(miss, covariance, radius)
    recommended = Estimate(
        "maximum, one covariance unknown",
        float(bound[0]),
        None,
        f"bound: the worst unknown covariance has a sigma of {sigma[0]:,.4g} m along the miss (Frisbee 2015)",
    )
    alone = _estimate(
        "2D Foster", float(log_foster_2d(miss, covariance, radius)[0]), False,
        f"takes the unknown covariance for none: only object {known[0]}'s counts",
    )  # fmt: skip
    reason = (
        f"only object {known[0]} has a covariance: the maximum over the other's is said, not a probability"
    )
    curve = dilution(miss[0], covariance[0], float(radius[0]))
    return _assessment(conjunction, recommended, (recommended, alone, greatest), (reason,), curve, None)


def conjunction_miss(conjunction: Conjunction) -> float:
    """Distance at closest approach in metres."""
    return float(np.linalg.norm(conjunction.position_m))


def _assessment(  # noqa: PLR0913  # it gathers what the paths found
    conjunction: Conjunction,
    recommended: Estimate,
    methods: tuple[Estimate, ...],
    reasons: tuple[str, ...],
    curve: Dilution | None,
    flow: Rate | None,
) -> Assessment:
    turn = rtn_axes(conjunction.states)
    sigmas = [
        None if one is None else np.sqrt(np.maximum(np.diag(rotated(one, axes))[:3], 0.0))
        for one, axes in zip(conjunction.covariances, turn, strict=True)
    ]
    whole = conjunction.covariance
    combined = None if whole is None else np.sqrt(np.maximum(np.diag(rotated(whole, turn[0]))[:3], 0.0))
    notes = list(reasons)
    if curve is not None and curve.in_dilution:
        inside = (
            "the miss is within the hard-body radius: the surer it is, the nearer the probability comes to 1"
        )
        smaller = (
            f"smaller sigmas (x {curve.maximum_scale:.3g}) would give up to {curve.maximum_probability:.3g}: "
            "better tracking may raise the probability"
        )
        notes.append(f"in dilution: {inside if curve.maximum_scale == 0.0 else smaller}")
    notes += [f"repaired: {one}" for one in conjunction.repairs]
    return Assessment(
        recommended=recommended,
        methods=methods,
        reasons=tuple(notes),
        is_bound=not conjunction.complete,
        hard_body=conjunction.hard_body,
        tca_tai_s=conjunction.tca_tai_s,
        miss_distance_m=conjunction_miss(conjunction),
        relative_speed_m_s=float(np.linalg.norm(conjunction.velocity_m_s)),
        mahalanobis_distance=_distance(conjunction),
        position_rtn_m=turn[0] @ conjunction.position_m,
        velocity_rtn_m_s=turn[0] @ conjunction.velocity_m_s,
        sigma_rtn_m=(sigmas[0], sigmas[1]),
        sigma_combined_rtn_m=combined,
        repairs=conjunction.repairs,
        notes=conjunction.notes,
        plane=_plane(conjunction),
        dilution=curve,
        duration_s=flow.duration_s if flow is not None and flow.settled else None,
        peak_s=flow.peak_s if flow is not None and flow.settled else None,
    )


def _distance(conjunction: Conjunction) -> float | None:
    """Mahalanobis distance of the miss in the encounter plane."""
    if conjunction.covariance is None:
        return None
    miss, covariance = _in_plane(conjunction)
    least = CLIP_OF_RADIUS * conjunction.hard_body.radius_m
    return float(mahalanobis(miss, covariance, least)[0])


def _plane(conjunction: Conjunction) -> EncounterPlane:
    miss, covariance = _in_plane(conjunction)
    known = conjunction.covariance is not None
    first = plane_axes(conjunction.position_m, conjunction.velocity_m_s)[0, 0]
    parts = rtn_axes(conjunction.states)[0] @ first
    names = ("radial", "in-track", "cross-track")
    mostly = names[int(np.argmax(np.abs(parts)))]
    return EncounterPlane(
        axes=(f"along the miss vector (mostly {mostly})", "across it, in the encounter plane"),
        miss_m=miss[0],
        covariance_m2=covariance[0] if known else None,
        sigma_miss_m=float(np.sqrt(max(covariance[0, 0, 0], 0.0))) if known else None,
    )
