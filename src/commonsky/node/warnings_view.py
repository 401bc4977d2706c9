"""The warnings that a node holds, as events: gathered anew when a warning or a claim came, else as they were."""

import math
import threading
from collections.abc import Callable, Mapping

from commonsky.domain import ConjunctionWarning, Record, RecordKind, WarnedObject
from commonsky.formats.canonical import decode
from commonsky.node.console_view import Sight, label_in_words
from commonsky.node.context import decide_now, facets_of
from commonsky.node.node import Node
from commonsky.node.orbits import orbits_behind, trusted_claims
from commonsky.node.picture import Picture
from commonsky.node.warning_lines import (
    AssetLine,
    BPlane,
    EventLine,
    EventList,
    EventObject,
    EventSheet,
    GeometryLine,
    HistoryLine,
    MethodLine,
    Recommended,
    Rtn,
)
from commonsky.safety.encounter import turned as exchanged
from commonsky.safety.events import Event, Told, events, object_key, pair_of
from commonsky.safety.reconcile import Word, reconcile
from commonsky.safety.warning import Radius, assessment, dilution_of, methods_of, plane_probability
from commonsky.store import StoredRecord

SHOWN_AFTER_S = 86_400.0
"""An event stays in the list for so long after its closest approach."""

UP = "up: local vertical across the relative velocity"
ACROSS = "across: relative velocity x up"


class WarningsView:
    """What the console and the commands ask of a node's warnings; safe to call from several threads."""

    def __init__(self, node: Node, picture: Callable[[], Picture] | None = None) -> None:
        self._node = node
        self._picture = picture
        self._lock = threading.Lock()
        self._through: tuple[int, int] = (-1, -1)
        self._revision = 0
        self._claims: dict[str, str] = {}
        self._events: dict[str, Event] = {}
        self._records: dict[str, Record] = {}

    def revision(self) -> tuple[int, int]:
        """Give a number that rises when the warnings change, and how many events there are."""
        with self._lock:
            self._look()
            return self._revision, len(self._events)

    def list(self) -> EventList:
        """Give all events to come and those of the last day: what is still to be decided first, then by time."""
        with self._lock:
            self._look()
            found, revision = list(self._events.values()), self._revision
        now_tai_s, wanted = self._node.now_tai_s(), self._node.config.screening
        places = self._places()
        lines = [self._line(one, now_tai_s, places) for one in found]
        shown = [line for line in lines if line.tca_tai_s >= now_tai_s - SHOWN_AFTER_S]
        told = self._node.last_screening
        return EventList(
            revision=revision,
            now_tai_s=now_tai_s,
            thresholds={"red": wanted.red, "amber": wanted.amber},
            assets=tuple(
                AssetLine(designator=one.designator, name=one.name, owner=one.owner or self._node.id)
                for one in self._node.config.assets
            ),
            screened={
                "at_tai_s": told.at_tai_s if told else None,
                "until_tai_s": told.until_tai_s if told else None,
                "objects": told.objects if told else 0,
                "words": told.words if told else "not screened since this process began",
            },
            events=tuple(sorted(shown, key=lambda line: (line.status == "past", line.tca_tai_s, line.event))),
        )

    def sheet(self, event_id: str) -> EventSheet | None:
        """Give all on one event; ``None`` when there is none that answers to that id."""
        with self._lock:
            self._look()
            held = list(self._events.values())
        event = next((one for one in held if one.answers_to(event_id)), None)
        if event is None:
            return None
        line = self._line(event, self._node.now_tai_s(), self._places())
        head = headline(event)
        newest = list(event.newest.values())
        plane, radius_m = head.warning.plane, head.warning.hard_body_radius_m
        curve = None if plane is None or radius_m is None else dilution_of(plane, radius_m)
        methods, recommended = self._weighed(head) or (_methods(head), _recommended(head))
        seen_record, sights = self._who_may_see(event)
        lead_h = self._node.config.screening.decision_lead_s / 3600.0
        return EventSheet(
            line=line,
            deadline_why=f"a manoeuvre is decided {lead_h:g} h before the closest approach, as this node is configured",
            history=tuple(_history(one) for one in event.told),
            geometry=tuple(self._geometry(one, event) for one in newest),
            dilution=curve,
            dilution_provider=None if curve is None else head.provider,
            methods=methods,
            recommended=recommended,
            reconciliation=reconcile([self._word(one, event) for one in newest], plane_probability),
            who_may_see=sights,
            seen_record=seen_record,
            label=label_in_words(self._records[head.record].label),
        )

    def _weighed(self, head: Told) -> tuple[tuple[MethodLine, ...], Recommended] | None:
        """Weigh all methods from the orbits, where we have them: those behind a warning that we made ourselves."""
        warning, record = head.warning, self._records[head.record]
        if not head.own or warning.hard_body_radius_m is None:
            return None
        try:
            orbits = orbits_behind(self._node, record)
            if orbits is None:
                return None
            radius = Radius(radius_m=warning.hard_body_radius_m, source=warning.hard_body_radius_source)
            sides = orbits[0].side_at(warning.tca_tai_s), orbits[1].side_at(warning.tca_tai_s)
            found = assessment(sides, radius, warning.tca_tai_s)
        except Exception as fault:  # noqa: BLE001  # a partner's orbit that the engine fails on: the plane serves
            self._node.say_once(
                f"weighing {record.id}", f"the methods of {record.id} cannot be weighed: {fault}"
            )
            return None
        lines = tuple(
            MethodLine(
                name=one.method,
                probability=one.probability,
                low=one.low,
                high=one.high,
                valid=one.valid,
                reason=one.reason,
            )
            for one in found.methods
        )
        best = found.recommended
        return lines, Recommended(
            method=best.method, probability=best.probability, reasons=tuple(found.reasons)
        )

    def _look(self) -> None:
        store = self._node.store
        through = (
            store.last_entry({RecordKind.CONJUNCTION_WARNING}),
            store.last_entry({RecordKind.IDENTITY_CLAIM}),
        )
        if through == self._through:
            return
        self._through = through
        self._claims = trusted_claims(self._node)
        told = []
        for entry in store.warnings(-math.inf):
            record = decode(entry.body)
            if isinstance(record.content, ConjunctionWarning):
                self._records[record.id] = record
                told.append(self._told(entry, record.content))
        self._events = {one.id: one for one in events(told, self._claims)}
        self._revision += 1

    def _told(self, entry: StoredRecord, warning: ConjunctionWarning) -> Told:
        """Name a provider as it calls itself only where it speaks for itself, or we took its message in."""
        own = entry.source is None
        speaks = own or warning.provider == entry.originator
        provider = warning.provider if speaks else f"{warning.provider} via {entry.originator}"
        return Told(
            record=entry.id, provider=provider, own=own and provider == self._node.id, warning=warning
        )

    def _turned(self, warning: ConjunctionWarning, event: Event) -> bool:
        """Whether a warning has the objects in the other order than the event is shown in."""
        return pair_of(warning, self._claims)[0] != self._ordered(event)[0]

    def _ordered(self, event: Event) -> tuple[str, str]:
        """The pair of an event with an asset of ours first."""
        first, second = event.pair
        told = event.told[0].warning
        both = {object_key(one.names, self._claims): one for one in (told.object_1, told.object_2)}
        assets = [self._node.config.asset_of({key, *both[key].names}) for key in (first, second)]
        return (second, first) if assets[0] is None and assets[1] is not None else (first, second)

    def _word(self, told: Told, event: Event) -> Word:
        return Word(provider=told.provider, warning=told.warning, turned=self._turned(told.warning, event))

    def _line(self, event: Event, now_tai_s: float, places: Mapping[str, str]) -> EventLine:
        head = headline(event)
        warning, wanted = head.warning, self._node.config.screening
        turned = self._turned(warning, event)
        both = (warning.object_2, warning.object_1) if turned else (warning.object_1, warning.object_2)
        radial, along, cross = _seen(warning.relative_position_rtn_m, turned=turned)
        deadline_tai_s = warning.tca_tai_s - wanted.decision_lead_s
        plane, radius_m = warning.plane, warning.hard_body_radius_m
        curve = None if plane is None or radius_m is None else dilution_of(plane, radius_m)
        return EventLine(
            event=event.id,
            kind="conjunction",
            object_1=self._object(both[0], places),
            object_2=self._object(both[1], places),
            tca_tai_s=warning.tca_tai_s,
            miss_distance_m=warning.miss_distance_m,
            relative_speed_m_s=warning.relative_speed_m_s,
            radial_m=radial,
            in_track_m=along,
            cross_track_m=cross,
            sigma_m=warning.sigma_of_miss_m,
            probability=warning.probability,
            probability_method=warning.method or None,
            probability_is_bound=warning.is_bound,
            in_dilution=None if curve is None else curve.in_dilution,
            providers=event.providers,
            headline_provider=head.provider,
            updates=len(event.told),
            deadline_tai_s=deadline_tai_s,
            status=_status(now_tai_s, deadline_tai_s, warning.tca_tai_s),
            severity=_severity(warning, wanted.amber, wanted.red),
        )

    def _object(self, one: WarnedObject, places: Mapping[str, str]) -> EventObject:
        key = object_key(one.names, self._claims)
        asset = self._node.config.asset_of({key, *one.names})
        owner = None if asset is None else asset.owner or self._node.id
        return EventObject(
            name=(asset.name if asset is not None else "") or one.name,
            designator=key,
            object=next((places[name] for name in (key, *sorted(one.names)) if name in places), None),
            own=owner == self._node.id,
            owner=owner,
        )

    def _geometry(self, told: Told, event: Event) -> GeometryLine:
        warning, turned = told.warning, self._turned(told.warning, event)
        objects = (warning.object_1, warning.object_2)
        first, second = reversed(objects) if turned else objects
        plane = exchanged(warning.plane) if turned and warning.plane is not None else warning.plane
        covariance = None if plane is None else plane.covariance_m2
        return GeometryLine(
            provider=told.provider,
            record=told.record,
            hard_body_radius_m=warning.hard_body_radius_m,
            hard_body_radius_source=warning.hard_body_radius_source,
            relative_speed_m_s=warning.relative_speed_m_s,
            object_1_data_age_s=_age_s(warning, first),
            object_2_data_age_s=_age_s(warning, second),
            b_plane=BPlane(
                axes=(UP, ACROSS),
                miss_m=None if plane is None else plane.miss_m,
                covariance_m2=None
                if covariance is None
                else ((covariance[0], covariance[1]), (covariance[1], covariance[2])),
            ),
            rtn=Rtn(
                position_m=None if turned else warning.relative_position_rtn_m,
                velocity_m_s=None if turned else warning.relative_velocity_rtn_m_s,
                sigma_m=None if turned else warning.sigmas_rtn_m,
                sigma_1_m=first.sigmas_rtn_m,
                sigma_2_m=second.sigmas_rtn_m,
            ),
        )

    def _who_may_see(self, event: Event) -> tuple[str | None, tuple[Sight, ...]]:
        """Decide now, for every partner, on our own newest warning of the event."""
        node = self._node
        own = [one for one in event.told if one.own] or [
            one for one in event.told if self._records[one.record].originator == node.id
        ]
        if not own:
            return None, ()
        with node.store.transaction() as tx:
            facets = facets_of(tx, self._records[own[-1].record])
        made = [decide_now(node, facets, peer.member.id) for peer in node.config.peers]
        return own[-1].record, tuple(
            Sight(member=d.reader, allowed=d.allowed, reason=d.reason, agreement=d.agreement, clause=d.clause)
            for d in made
        )

    def _places(self) -> dict[str, str]:
        """Names of objects to their lasting names in the picture."""
        if self._picture is None:
            return {}
        places: dict[str, str] = {}
        for one in self._picture().objects:
            places[one.object] = one.object
            if one.designator:
                places.setdefault(one.designator, one.object)
        return places


def headline(event: Event) -> Told:
    """Give the warning that speaks for an event: of the newest word of each provider the one on the newest data.

    A probability from covariances goes before a bound, and a bound before none.
    """

    def rank(told: Told) -> tuple[bool, bool, float, float]:
        warning = told.warning
        epochs = [warning.object_1.data_epoch_tai_s, warning.object_2.data_epoch_tai_s]
        known = [epoch for epoch in epochs if epoch is not None]
        data = sum(known) / len(known) if len(known) == len(epochs) else -math.inf
        return warning.probability is not None, not warning.is_bound, data, warning.made_tai_s

    return max(event.newest.values(), key=rank)


def _methods(head: Told) -> tuple[MethodLine, ...]:
    """What was told, and what other methods give for the same plane."""
    warning = head.warning
    said = (
        f"as {head.provider} tells it" if warning.probability is not None else f"{head.provider} tells none"
    )
    told = MethodLine(
        name=warning.method or "method not told", probability=warning.probability, reason=f"{said} (stated)"
    )
    if warning.plane is None or warning.hard_body_radius_m is None:
        return (told,)
    speed = warning.relative_speed_m_s
    others = methods_of(warning.plane, warning.hard_body_radius_m, relative_speed_m_s=speed)
    return told, *(
        MethodLine(name=one.name, probability=one.probability, valid=one.valid, reason=one.reason)
        for one in others
    )


def _recommended(head: Told) -> Recommended:
    warning = head.warning
    reasons = [f"of all providers {head.provider} has the newest data with the fullest figures"]
    if warning.is_bound:
        reasons.append("a covariance is missing: no probability can be told, only the greatest one possible")
    if warning.sigma_of_miss_m is not None and warning.miss_distance_m:
        sigmas = warning.miss_distance_m / max(warning.sigma_of_miss_m, 1e-9)
        reasons.append(f"the miss is {sigmas:.3g} times its own standard deviation")
    return Recommended(method=warning.method or None, probability=warning.probability, reasons=tuple(reasons))


def _history(told: Told) -> HistoryLine:
    warning = told.warning
    radial, along, cross = _seen(warning.relative_position_rtn_m, turned=False)
    return HistoryLine(
        provider=told.provider,
        made_tai_s=warning.made_tai_s,
        tca_tai_s=warning.tca_tai_s,
        probability=warning.probability,
        probability_method=warning.method or None,
        probability_is_bound=warning.is_bound,
        miss_distance_m=warning.miss_distance_m,
        radial_m=radial,
        in_track_m=along,
        cross_track_m=cross,
        sigma_m=warning.sigma_of_miss_m,
        hard_body_radius_m=warning.hard_body_radius_m,
        record=told.record,
    )


def _seen(
    position: tuple[float, float, float] | None, *, turned: bool
) -> tuple[float, float, float] | tuple[None, None, None]:
    """Components on the axes of the object shown first; those of the other object are of no use here."""
    return (None, None, None) if position is None or turned else position


def _age_s(warning: ConjunctionWarning, one: WarnedObject) -> float | None:
    return None if one.data_epoch_tai_s is None else warning.made_tai_s - one.data_epoch_tai_s


def _status(now_tai_s: float, deadline_tai_s: float, tca_tai_s: float) -> str:
    if now_tai_s >= tca_tai_s:
        return "past"
    return "deadline passed" if now_tai_s >= deadline_tai_s else "open"


def _severity(warning: ConjunctionWarning, amber: float, red: float) -> str:
    """A bound may clear an event and never makes it red: every pass would be, for want of a covariance."""
    probability = warning.probability
    if probability is None:
        return "none"
    if warning.is_bound:
        return "amber" if probability >= amber else "green"
    return "red" if probability >= red else "amber" if probability >= amber else "green"
