"""A catalogue kept from observations: associate, filter, begin, end, merge; every state traceable to its arcs."""

from commonsky.tracking.tracker.orbit_track import Arc, Checkpoint, Manoeuvre, OrbitTrack, Status
from commonsky.tracking.tracker.settings import TrackerSettings
from commonsky.tracking.tracker.starting import of_element_set
from commonsky.tracking.tracker.tracker import Event, Happening, Tracker, arcs_of, step, with_element_sets

__all__ = [
    "Arc",
    "Checkpoint",
    "Event",
    "Happening",
    "Manoeuvre",
    "OrbitTrack",
    "Status",
    "Tracker",
    "TrackerSettings",
    "arcs_of",
    "of_element_set",
    "step",
    "with_element_sets",
]
