"""How a tracker decides."""

from dataclasses import dataclass, field

from commonsky.astro.measurement import Atmosphere
from commonsky.astro.numerical import default_force_model
from commonsky.domain import ForceModel


@dataclass(frozen=True, kw_only=True)
class TrackerSettings:
    """Settings of a tracker; the defaults suit a catalogue of a thousand objects and daily looks.

    Attributes
    ----------
    gate
        Largest normalised innovation squared (six dimensions) of an arc that a track may take.
    rivals
        An arc goes to a track at once only if the next best is so much worse in cost; else it waits for more.
    wait_s
        How long an arc may wait before the likelier track gets it.
    nearest
        How many tracks compete for an arc after the coarse gate.
    confirm_arcs
        How many arcs make a tentative track a confirmed one.
    tentative_s, lost_s
        How long a tentative track may go unseen before it ends, and a confirmed one before it is lost.
    push_m_s
        One standard deviation of a manoeuvre that is looked for: radial, in-track, cross-track.
    push_gate
        As ``gate``, under the assumption that the object has manoeuvred.
    checkpoints
        How many states each track keeps to go back to.
    longest_start_s
        Arcs further apart are not joined to begin a track.

    """

    gate: float = 60.0
    rivals: float = 8.0
    wait_s: float = 12 * 3600.0
    nearest: int = 4
    confirm_arcs: int = 3
    tentative_s: float = 1.5 * 86_400.0
    lost_s: float = 10 * 86_400.0
    push_m_s: tuple[float, float, float] = (1.0, 3.0, 2.0)
    push_gate: float = 25.0
    checkpoints: int = 12
    longest_start_s: float = 86_400.0
    atmosphere: Atmosphere = field(default_factory=Atmosphere)
    force_model: ForceModel = field(default_factory=default_force_model)
