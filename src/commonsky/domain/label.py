"""The label of a record: what its originators allow, as a lattice.

One component per originator, after the decentralised label model (Myers and Liskov 2000). Joining two labels
keeps every originator and, within one originator, the strictest of each field, so a derived record can never be
read by more members than each of its sources. ``tests/domain`` checks the laws.
"""

from collections.abc import Mapping
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

EVERYONE = None
"""As a set of readers or purposes: no restriction."""


def _narrower(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is EVERYONE:
        return b
    if b is EVERYONE:
        return a
    return a & b


def _within(value: str, allowed: frozenset[str] | None) -> bool:
    return allowed is EVERYONE or value in allowed


class Component(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one originator says of its part in a record.

    Attributes
    ----------
    readers, purposes
        Who may read, and for what; ``None`` for no restriction. The originator itself may always read.
    classification
        A level of the operation's scheme, 0 the lowest.
    expires_tai_s
        After this the record may not be released; ``None`` for never.
    onward
        Whether a holder may pass it on to a third member.
    precision_floor_m
        Releases must not be more precise in position than this; 0 for no floor.
    caveats
        Handling instructions in words; carried along and shown, never dropped.

    """

    readers: frozenset[str] | None = EVERYONE
    purposes: frozenset[str] | None = EVERYONE
    classification: int = 0
    expires_tai_s: float | None = None
    onward: bool = True
    precision_floor_m: float = 0.0
    caveats: frozenset[str] = frozenset()

    def join(self, other: "Component") -> "Component":
        """Return the strictest of both, field by field."""
        expiries = [t for t in (self.expires_tai_s, other.expires_tai_s) if t is not None]
        return Component(
            readers=_narrower(self.readers, other.readers),
            purposes=_narrower(self.purposes, other.purposes),
            classification=max(self.classification, other.classification),
            expires_tai_s=min(expiries, default=None),
            onward=self.onward and other.onward,
            precision_floor_m=max(self.precision_floor_m, other.precision_floor_m),
            caveats=self.caveats | other.caveats,
        )


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """The components of a record's originators, by member id. A label without components is refused."""

    components: Mapping[str, Component]

    def __post_init__(self) -> None:
        if not self.components:
            raise ValueError("a label names at least one originator")

    def join(self, other: "Label") -> "Label":
        """Return the least label that is at least as strict as both."""
        joined = dict(self.components)
        for originator, component in other.components.items():
            own = joined.get(originator)
            joined[originator] = component if own is None else own.join(component)
        return Label(joined)

    def __le__(self, other: "Label") -> bool:
        """Whether ``other`` is at least as strict as this label."""
        return self.join(other) == other

    @property
    def classification(self) -> int:
        """The highest level of any component."""
        return max(c.classification for c in self.components.values())

    @property
    def precision_floor_m(self) -> float:
        """The coarsest floor of any component, metres."""
        return max(c.precision_floor_m for c in self.components.values())

    @property
    def caveats(self) -> frozenset[str]:
        """All originators' caveats."""
        return frozenset().union(*(c.caveats for c in self.components.values()))

    def objections(self, *, giver: str, reader: str, purpose: str, now_tai_s: float) -> tuple[str, ...]:
        """Say in words why ``giver`` may not release the record to ``reader``; empty if no originator objects."""
        said = (
            text
            for originator, component in sorted(self.components.items())
            for text in _objections_of(component, originator, giver, reader, purpose, now_tai_s)
        )
        return tuple(said)

    def opened(self, originators: frozenset[str], reader: str) -> "Label":
        """Return the label with these originators' components opened to ``reader`` and to nobody else.

        Only who its readers are and that it may go onward is waived; purposes, expiry and all else stay.
        """
        return Label(
            {
                name: replace(part, readers=frozenset({reader}), onward=True) if name in originators else part
                for name, part in self.components.items()
            }
        )


def _objections_of(  # noqa: PLR0913  # the five things a component restricts, and whose it is
    component: Component, originator: str, giver: str, reader: str, purpose: str, now_tai_s: float
) -> list[str]:
    said = []
    if reader != originator and not _within(reader, component.readers):
        said.append(f"{originator}'s label does not name {reader} as a reader")
    if not _within(purpose, component.purposes):
        said.append(f"{originator}'s label does not allow the purpose {purpose}")
    if component.expires_tai_s is not None and now_tai_s >= component.expires_tai_s:
        said.append(f"{originator}'s label has expired")
    if originator not in {giver, reader} and not component.onward:
        said.append(f"{originator} does not allow onward release")
    return said


def join_all(labels: "list[Label]") -> Label:
    """Join the labels of all sources of a derived record; raises ValueError when there is none."""
    if not labels:
        raise ValueError("a derived record needs at least one source")
    return reduce(Label.join, labels)
