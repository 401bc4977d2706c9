"""What a node shows to its own people: records of state for a console, with no web and no drawing in them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import UNSET, Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Component, Decision, ElementSet, Label, Mode, Record, Track
from commonsky.node.picture import Picture


class LinkState(StrEnum):
    """How a partner's feed stands."""

    UP = "up"
    LATE = "late"
    DOWN = "down"
    STOPPED = "stopped"


class LinkStatus(Struct, frozen=True, kw_only=True):
    """One partner: state, since when, and one line of words on it."""

    member: str
    state: LinkState
    since_tai_s: float | None = None
    detail: str = ""


class NodeStatus(Struct, frozen=True, kw_only=True):
    """The node now. ``rate`` is simulated seconds per real second; ``revision`` that of the newest picture."""

    member: str
    member_name: str
    operation: str
    mode: Mode
    now_tai_s: float
    rate: float
    revision: int
    log_sequence: int
    links: tuple[LinkStatus, ...] = ()
    classification_names: tuple[str, ...] = ()


class LogLine(Struct, frozen=True, kw_only=True):
    """One line of the watch log; ``sequence`` rises by one with each line, from 1."""

    sequence: int
    tai_s: float
    kind: str
    text: str


class Fact(Struct, frozen=True):
    """One line of a sheet: what, its value as text, unit or nothing."""

    name: str
    value: str
    unit: str = ""


class LabelPart(Struct, frozen=True, kw_only=True):
    """What one originator allows, in words."""

    originator: str
    classification: int
    words: tuple[str, ...]


class Sight(Struct, frozen=True, kw_only=True):
    """Whether one member may see the object, and the agreement and clause that say so."""

    member: str
    allowed: bool
    reason: str
    agreement: str | None
    clause: str | None


class ObjectPanel(Struct, frozen=True, kw_only=True):
    """Everything on one object of the picture beside its place."""

    key: str
    elements: tuple[Fact, ...]
    label: tuple[LabelPart, ...]
    who_may_see: tuple[Sight, ...]
    inputs: int
    derived: int


class ConsoleView(Protocol):
    """What the console asks of a node. Every method is quick and safe to call from several threads."""

    def status(self) -> NodeStatus:
        """Give the state of the node now."""

    def picture(self) -> Picture:
        """Give the newest picture; the same object until something changes."""

    def object_panel(self, key: str) -> ObjectPanel | None:
        """Give the sheet of one object of the newest picture, ``None`` when there is none of that key."""

    def log(self, after: int, limit: int) -> Sequence[LogLine]:
        """Give the newest ``limit`` lines of the watch log with a sequence above ``after``, oldest first."""


def panel_of(key: str, record: Record, decisions: Sequence[Decision], *, derived: int = 0) -> ObjectPanel:
    """Make the sheet of a record; ``derived`` counts the records that were made from it."""
    return ObjectPanel(
        key=key,
        elements=facts_of(record),
        label=label_in_words(record.label),
        who_may_see=tuple(
            Sight(
                member=one.reader,
                allowed=one.allowed,
                reason=one.reason,
                agreement=one.agreement,
                clause=one.clause,
            )
            for one in decisions
        ),
        inputs=len(record.inputs),
        derived=derived,
    )


def facts_of(record: Record) -> tuple[Fact, ...]:
    """Say what an orbit record holds, in the units of its own kind; empty for other records."""
    match record.content:
        case ElementSet() as content:
            return _element_set_facts(content)
        case Track() as content:
            return _track_facts(content)
        case _:
            return ()


def label_in_words(label: Label) -> tuple[LabelPart, ...]:
    """Say what each originator of a label allows."""
    return tuple(
        LabelPart(originator=originator, classification=part.classification, words=_words(part))
        for originator, part in sorted(label.components.items())
    )


def _element_set_facts(content: ElementSet) -> tuple[Fact, ...]:
    return (
        Fact("Epoch", content.epoch_utc, "UTC"),
        Fact("International designator", content.object_id or "not given"),
        Fact("Mean motion", f"{content.mean_motion_rev_day:.8f}", "rev/day"),
        Fact("Eccentricity", f"{content.eccentricity:.7f}"),
        Fact("Inclination", f"{content.inclination_deg:.4f}", "deg"),
        Fact("Right ascension of node", f"{content.ra_of_asc_node_deg:.4f}", "deg"),
        Fact("Argument of perigee", f"{content.arg_of_pericenter_deg:.4f}", "deg"),
        Fact("Mean anomaly", f"{content.mean_anomaly_deg:.4f}", "deg"),
        Fact("B*", f"{content.bstar:.4e}", "1/Earth radius"),
        Fact("Precision", "not stated by element sets"),
        *_coarse(content),
    )


def _track_facts(content: Track) -> tuple[Fact, ...]:
    return (
        Fact("Epoch", utc_from_tai_s(content.epoch_tai_s), "UTC"),
        Fact("Estimate", f"{content.revision}"),
        Fact("Position sigma", f"{content.position_sigma_m:.1f}", "m"),
        _told("Observations", content.observation_count, "{}"),
        _told("First observation", _utc_or_none(content.first_observation_tai_s), "{}", "UTC"),
        _told("Last observation", _utc_or_none(content.last_observation_tai_s), "{}", "UTC"),
        _told("Weighted RMS", content.weighted_rms, "{:.2f}", "sigma"),
        Fact("Force model", f"{content.force_model.engine}, {content.force_model.gravity_model}"),
        Fact("Drag Cd A/m", f"{content.force_model.drag_cd_area_over_mass:.4g}", "m2/kg"),
        *_coarse(content),
    )


def _coarse(content: Track | ElementSet) -> tuple[Fact, ...]:
    """Say of an orbit that was displaced before release what it is good for."""
    if content.coarsened_to_m is UNSET:
        return ()
    return (Fact("Coarsened to", f"{content.coarsened_to_m:,.0f}", "m (not for collision avoidance)"),)


def _told(name: str, value: float | str | None, spelled: str, unit: str = "") -> Fact:
    """A fact that a partner may have left out of what it gave."""
    return Fact(name, "not told") if value is None else Fact(name, spelled.format(value), unit)


def _utc_or_none(tai_s: float | None) -> str | None:
    return None if tai_s is None else utc_from_tai_s(tai_s, digits=0)


def _words(part: Component) -> tuple[str, ...]:
    words = [
        _list("readers", part.readers, "any member may read"),
        _list("purposes", part.purposes, "any purpose"),
    ]
    words.append("may be passed on" if part.onward else "may not be passed on")
    if part.precision_floor_m > 0.0:
        words.append(f"no more precise than {part.precision_floor_m:,.0f} m")
    if part.expires_tai_s is not None:
        words.append(f"expires {utc_from_tai_s(part.expires_tai_s, digits=0)}")
    return (*words, *sorted(part.caveats))


def _list(what: str, allowed: frozenset[str] | None, everyone: str) -> str:
    if allowed is None:
        return everyone
    return f"{what}: {', '.join(sorted(allowed)) or 'the originator only'}"
