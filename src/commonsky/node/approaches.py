"""Approaches between orbits that a node knows: element sets as they are, tracks as ephemerides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from commonsky.domain import ElementSet
from commonsky.node.node import Node
from commonsky.node.orbits import Orbit

if TYPE_CHECKING:
    from commonsky.safety.screening import Ephemeris

EPHEMERIS_STEP_S = 60.0


def ready_orbits(
    node: Node, orbits: Sequence[Orbit], span_tai_s: tuple[float, float]
) -> tuple[list[tuple[Orbit, "ElementSet | Ephemeris"]], int]:
    """Make each orbit ready to be screened, and count those that cannot be.

    A track may be a partner's, with settings that our engine does not know: it must not stop the screening of others.
    """
    # The kernels take seconds to load; a node that screens nothing never needs them.
    from commonsky.safety.screening import ephemeris  # noqa: PLC0415

    ready: list[tuple[Orbit, ElementSet | Ephemeris]] = []
    times = np.arange(span_tai_s[0], span_tai_s[1] + 2.0 * EPHEMERIS_STEP_S, EPHEMERIS_STEP_S)
    for orbit in orbits:
        if isinstance(orbit.content, ElementSet):
            ready.append((orbit, orbit.content))
            continue
        try:
            states = orbit.states_gcrf(times)
            ready.append((orbit, ephemeris(times, states[:, :3], states[:, 3:])))
        except Exception as fault:  # noqa: BLE001  # whatever the engine makes of a partner's settings
            node.say_once(f"screening {orbit.key}", f"{orbit.key} cannot be screened: {fault}")
    return ready, len(orbits) - len(ready)


def approaches_of(
    ready: Sequence[tuple[Orbit, "ElementSet | Ephemeris"]],
    assets: Sequence[int],
    span_tai_s: tuple[float, float],
    within_m: float,
) -> tuple[list[tuple[int, int, float]], int, int]:
    """Give every approach of ``assets`` (places among the orbits) under a distance, m.

    First the places of both objects and about when (TAI s), then how many objects are unusable, and how many pairs
    stay together.
    """
    if not assets:
        return [], 0, 0
    from commonsky.safety.screening import ApproachKind, Span, Sphere, population, screen  # noqa: PLC0415  # as above

    objects = population([(orbit.key, states) for orbit, states in ready])
    result = screen(objects, Span(*span_tai_s), Sphere(within_m), primaries=assets)
    passing = result.approaches[result.approaches["kind"] == ApproachKind.APPROACH]
    found = [(int(one["first"]), int(one["second"]), float(one["tca_tai_s"])) for one in passing]
    return found, len(result.unusable), len(result.approaches) - len(passing)
