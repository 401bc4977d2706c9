"""Which objects of a catalogue were seen.

`known_orbits` prepares element sets, `identify` ranks for each tracklet the objects that it may be of;
`evidence` is the judgement itself, on columns.
"""

from commonsky.tracking.identify.element_set_errors import ElementSetErrors, ErrorGrowth, error_growth
from commonsky.tracking.identify.evidence import Evidence, evidence
from commonsky.tracking.identify.gate import candidates
from commonsky.tracking.identify.identification import (
    Candidate,
    Identification,
    Settings,
    Verdict,
    identify,
)
from commonsky.tracking.identify.known_orbits import KnownOrbits, known_orbits

__all__ = [
    "Candidate",
    "ElementSetErrors",
    "ErrorGrowth",
    "Evidence",
    "Identification",
    "KnownOrbits",
    "Settings",
    "Verdict",
    "candidates",
    "error_growth",
    "evidence",
    "identify",
    "known_orbits",
]
