"""What one version of an agreement lets out that another does not, in the words of a release authority.

Each change is judged by itself: ``wider`` lets out more, ``narrower`` less, ``other`` cannot be ordered (another
purpose, other objects), ``none`` changes nothing of what goes out. Whether a real record is concerned is another
question: a wider clause may still meet a label that refuses.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from commonsky.astro.time import utc_text_from_tai_s
from commonsky.domain import Agreement, Clause, Declassification, Effect, SafetyOfFlight
from commonsky.sharing.agreement_words import duration


class Bearing(StrEnum):
    """What a change does to what goes out."""

    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"
    NONE = "none"


class Change(Struct, frozen=True, kw_only=True):
    """One change: where, of what, from what to what, and what follows."""

    place: str
    field: str
    before: str
    after: str
    bearing: Bearing


_OPPOSITE = {Bearing.WIDER: Bearing.NARROWER, Bearing.NARROWER: Bearing.WIDER}
_Judge = Callable[[object, object], Bearing]


def changes(old: Agreement, new: Agreement) -> list[Change]:
    """Return every difference between two agreements, from the head to the last clause."""
    return [*_head(old, new), *_clauses(old, new), *_rules(old, new)]


def verdict(found: Iterable[Change]) -> str:
    """Return all changes together in a sentence."""
    bearings = {change.bearing for change in found} - {Bearing.NONE}
    if not bearings:
        return "lets out the same"
    if bearings == {Bearing.WIDER}:
        return "lets out more, and nothing less"
    if bearings == {Bearing.NARROWER}:
        return "lets out less, and nothing more"
    return "lets out more of some and less of other records, or others: look at each change"


def _head(old: Agreement, new: Agreement) -> Iterator[Change]:
    judged: Mapping[str, _Judge] = {
        "id": _other,
        "version": _none,
        "title": _none,
        "giver": _other,
        "readers": _more_is_wider,
        "purpose": _other,
        "mode": _other,
        "begins_tai_s": _less_is_wider,
        "ends_tai_s": _more_is_wider,
        "onward": _more_is_wider,
        "lease_s": _no_limit_is_wider,
        "safety_of_flight": _answers,
        "explanations_per_day": _more_is_wider,
    }
    yield from _fields("agreement", old, new, judged)


def _clauses(old: Agreement, new: Agreement) -> Iterator[Change]:
    before, after = ({clause.id: clause for clause in one.clauses} for one in (old, new))
    for name in (*before, *(name for name in after if name not in before)):
        yield from _clause(f"clause {name}", before.get(name), after.get(name))


def _clause(place: str, old: Clause | None, new: Clause | None) -> Iterator[Change]:
    if old is None or new is None or old.effect is not new.effect:
        said = new or old
        assert said is not None
        opens = (new is not None and new.effect is Effect.RELEASE) or (
            old is not None and old.effect is Effect.WITHHOLD
        )
        bearing = Bearing.WIDER if opens else Bearing.NARROWER
        yield Change(place=place, field="clause", before=_told(old), after=_told(new), bearing=bearing)
        return
    judged: Mapping[str, _Judge] = {
        "kinds": _more_is_wider,
        "objects": _no_limit_is_wider,
        "owners": _no_limit_is_wider,
        "sensors": _no_limit_is_wider,
        "regimes": _no_limit_is_wider,
        "region": _regions,
        "classification_ceiling": _no_limit_is_wider,
        "precision_floor_m": _less_is_wider,
        "delay_s": _less_is_wider,
        "withheld_fields": _less_is_wider,
    }
    for change in _fields(place, old, new, judged):
        if new.effect is Effect.WITHHOLD:
            # What covers more withholds more.
            yield Change(
                place=place,
                field=change.field,
                before=change.before,
                after=change.after,
                bearing=_OPPOSITE.get(change.bearing, change.bearing),
            )
        else:
            yield change


def _rules(old: Agreement, new: Agreement) -> Iterator[Change]:
    before, after = ({rule.id: rule for rule in one.declassifications} for one in (old, new))
    judged: Mapping[str, _Judge] = {
        "kinds": _more_is_wider,
        "readers": _more_is_wider,
        "least_originators": _less_is_wider,
        "greatest_share": _more_is_wider,
        "precision_floor_m": _less_is_wider,
        "observation_times": _more_is_wider,
    }
    for name in (*before, *(name for name in after if name not in before)):
        place, one, other = f"declassify {name}", before.get(name), after.get(name)
        if one is None or other is None:
            bearing = Bearing.WIDER if one is None else Bearing.NARROWER
            yield Change(place=place, field="rule", before=_told(one), after=_told(other), bearing=bearing)
        else:
            yield from _fields(place, one, other, judged)


def _fields(place: str, old: Struct, new: Struct, judged: Mapping[str, _Judge]) -> Iterator[Change]:
    for name, judge in judged.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(
                place=place,
                field=name,
                before=_words(name, before),
                after=_words(name, after),
                bearing=judge(before, after),
            )


def _more_is_wider(before: object, after: object) -> Bearing:
    """Of sets, times and numbers: what contains or exceeds the other lets out more."""
    if after > before:  # type: ignore[operator]  # each field has one type, and each of them an order
        return Bearing.WIDER
    return Bearing.NARROWER if after < before else Bearing.OTHER  # type: ignore[operator]


def _less_is_wider(before: object, after: object) -> Bearing:
    return _more_is_wider(after, before)


def _no_limit_is_wider(before: object, after: object) -> Bearing:
    if before is None or after is None:
        return Bearing.WIDER if after is None else Bearing.NARROWER
    return _more_is_wider(before, after)


def _answers(before: object, after: object) -> Bearing:
    """More questions answered tell more."""
    if before is None or after is None:
        return Bearing.WIDER if before is None else Bearing.NARROWER
    assert isinstance(before, SafetyOfFlight)
    assert isinstance(after, SafetyOfFlight)
    steps = (
        after.questions_per_day - before.questions_per_day,
        after.questions_per_object - before.questions_per_object,
    )
    if min(steps) >= 0:
        return Bearing.WIDER
    return Bearing.NARROWER if max(steps) <= 0 else Bearing.OTHER


def _regions(before: object, after: object) -> Bearing:
    return Bearing.OTHER if before is not None and after is not None else _no_limit_is_wider(before, after)


def _other(before: object, after: object) -> Bearing:
    assert before != after
    return Bearing.OTHER


def _none(before: object, after: object) -> Bearing:
    assert before != after
    return Bearing.NONE


def _told(one: Clause | Declassification | None) -> str:
    match one:
        case None:
            return "absent"
        case Clause():
            return f"{one.effect}s {', '.join(sorted(one.kinds))}"
        case Declassification():
            return f"opens {', '.join(sorted(one.kinds))} to {', '.join(sorted(one.readers))}"


def _words(name: str, value: object) -> str:
    match value:
        case None:
            words = "none" if name == "safety_of_flight" else "no limit"
        case bool():
            words = "yes" if value else "no"
        case frozenset():
            words = ", ".join(sorted(map(str, value))) or "nothing"
        case float() if name.endswith("_tai_s"):
            words = utc_text_from_tai_s(value)
        case float() if name.endswith("_s"):
            words = duration(value)
        case float():
            words = f"{value:,g}"
        case Struct():
            words = ", ".join(f"{key} {getattr(value, key):g}" for key in value.__struct_fields__)
        case _:
            words = str(value)
    return words
