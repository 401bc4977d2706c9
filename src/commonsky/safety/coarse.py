"""Orbits that were displaced before release are refused wherever a collision would be judged by them.

They miss what is on its way to hit, and a covariance that covers the displacement makes a hit look unlikely.
"""

from msgspec import UNSET

from commonsky.domain import ElementSet, Track


class CoarseOrbitError(ValueError):
    """A coarsened orbit was given to be screened or to have a probability of collision computed from it."""


def why_unfit(content: Track | ElementSet) -> str | None:
    """Say why collisions must not be judged by this orbit; ``None`` for one at full precision."""
    if content.coarsened_to_m is UNSET:
        return None
    said = f"its orbit was coarsened to {content.coarsened_to_m:g} m before it was given"
    return f"{said}, which collisions must not be judged by: ask its owner for the probability"


def require_fine(content: Track | ElementSet, name: str) -> None:
    """Raise CoarseOrbitError, naming the object, for an orbit that was coarsened."""
    if (reason := why_unfit(content)) is not None:
        raise CoarseOrbitError(f"{name} cannot be screened: {reason}")
