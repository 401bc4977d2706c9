"""What a node would have left of its picture without one member: asked before it leaves, or shown when it has."""

from msgspec import Struct

from commonsky.domain import RecordKind
from commonsky.node.node import Node
from commonsky.node.orbits import trusted_claims
from commonsky.safety.events import object_key
from commonsky.store import StoredRecord

LEAST_INPUTS = 6
"""As many measured values as a state has numbers: fewer observations give no orbit."""


class Loss(Struct, frozen=True, kw_only=True):
    """What rests on one member.

    Attributes
    ----------
    objects
        Objects of which nobody else, ourselves included, gave us an orbit.
    shared_objects
        How many more of its objects we know by others as well.
    tracks_left
        Tracks of ours that it had a part in and that enough other observations carry.
    tracks_lost
        Tracks of ours that nothing carries without it.
    sensors
        Its sensors, whose data would no longer come.

    """

    member: str
    objects: tuple[str, ...]
    shared_objects: int
    tracks_left: tuple[str, ...]
    tracks_lost: tuple[str, ...]
    sensors: tuple[str, ...]


def loss_without(node: Node, member: str) -> Loss:
    """Say what of the picture as it is now rests on a member."""
    claims = trusted_claims(node)
    tracks = node.store.current_tracks()
    sources: dict[str, set[str | None]] = {}
    for entry in (*node.store.element_sets(), *tracks):
        sources.setdefault(object_key({str(entry.object)}, claims), set()).add(entry.source)
    left, lost = _own_tracks(node, tracks, member)
    for name in lost:
        sources[object_key({name}, claims)].discard(None)
    known = [one for one, givers in sources.items() if member in givers or not givers]
    alone = sorted(one for one in known if sources[one] <= {member})
    sensors = (str(entry.object) for entry in node.store.sensors() if entry.source == member)
    return Loss(
        member=member,
        objects=tuple(alone),
        shared_objects=len(known) - len(alone),
        tracks_left=left,
        tracks_lost=lost,
        sensors=tuple(sorted(sensors)),
    )


def _own_tracks(
    node: Node, tracks: list[StoredRecord], member: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Our tracks that a member has a part in: those that others carry, and those that fall with it."""
    resting = node.store.resting_on(member)
    left: list[str] = []
    lost: list[str] = []
    for entry in tracks:
        if entry.source is not None or entry.kind is not RecordKind.TRACK or entry.id not in resting:
            continue
        inputs, given = resting[entry.id]
        (left if inputs - given >= LEAST_INPUTS else lost).append(str(entry.object))
    return tuple(sorted(left)), tuple(sorted(lost))
