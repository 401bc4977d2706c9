"""One event for each encounter, through all updates and providers.

An encounter is an unordered pair of objects and a time of closest approach. The time moves from one warning to the
next, by seconds or minutes; two encounters of the same objects are never nearer in time than about half a period of
the faster one. So a warning joins the event of its pair that has a warning within a quarter of that time, the
nearest one if there are several; otherwise it begins an event. It is compared with what each provider said at about
the time at which it was made: however far the time has moved since, words long overtaken do not draw in another
encounter.

Warnings are taken in the order of the node's log, which only grows: the warning that began an event stays the first,
and so does the id, which is made of it alone and not of the names that the objects go by today. Where a claim about
names makes one event of two, the older one's id stays, and the event still answers to the other. A member's events
are its own view; another member, that holds other records, may number them otherwise.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import ConjunctionWarning, WarnedObject

REVISIT_UNKNOWN_S = 2_600.0
"""Half the period of the lowest orbits, for warnings that do not tell."""

TOLERANCE_SHARE = 0.25
SAME_TIME_S = 1e-3

_NUMBER = re.compile(r"0*([1-9][0-9]{0,8})")
_DIGITS = 6


class Told(Struct, frozen=True, kw_only=True):
    """A warning as a node holds it: ``provider`` in words says from whom, ``record`` is the id it is kept under."""

    record: str
    provider: str
    own: bool
    warning: ConjunctionWarning


class Event(Struct, frozen=True, kw_only=True):
    """An encounter: the pair of objects by their keys, sorted, and all that was told, oldest first."""

    id: str
    pair: tuple[str, str]
    told: tuple[Told, ...]

    @property
    def providers(self) -> tuple[str, ...]:
        """Everybody who told of it, by name."""
        return tuple(sorted({one.provider for one in self.told}))

    def answers_to(self, name: str) -> bool:
        """Whether the event is, or would be had one of its warnings come first, of this id."""
        return name == self.id or any(_id_from(one) == name for one in self.told)

    @property
    def newest(self) -> dict[str, Told]:
        """The newest word of each provider."""
        return {one.provider: one for one in self.told}


def object_key(names: Iterable[str], claims: Mapping[str, str]) -> str:
    """Give the one name that an object goes by, of all its names.

    Its catalogue number where any name, or any claim about one of them, is a number; otherwise the designator that
    is claimed for it; otherwise the first of its names.
    """
    known = sorted({*names})
    known = [claims[name] for name in known if name in claims] + known
    numbers = [found[1] for name in known if (found := _NUMBER.fullmatch(name))]
    return numbers[0] if numbers else known[0]


def pair_of(warning: ConjunctionWarning, claims: Mapping[str, str]) -> tuple[str, str]:
    """Give the keys of a warning's two objects in the warning's order."""
    return object_key(warning.object_1.names, claims), object_key(warning.object_2.names, claims)


def events(told: Iterable[Told], claims: Mapping[str, str]) -> list[Event]:
    """Gather warnings, in the order of the log, into events.

    Parameters
    ----------
    told
        Warnings in the order in which the node came to hold them.
    claims
        Designators of objects by another of their names, as identity claims that the node trusts say.

    Returns
    -------
    list[Event]
        In the order of their beginning. A message that came twice, as from its provider and through a partner,
        counts once.

    """
    of_pair: dict[tuple[str, str], list[list[Told]]] = {}
    begun: list[tuple[tuple[str, str], list[Told]]] = []
    for one in told:
        first, second = sorted(pair_of(one.warning, claims))
        groups = of_pair.setdefault((first, second), [])
        group = _nearest(one.warning, groups)
        if group is None:
            group = []
            groups.append(group)
            begun.append(((first, second), group))
        if not any(_same_message(one.warning, other.warning) for other in group):
            group.append(one)
    return [_event(pair, group) for pair, group in begun]


def tolerance_s(warning: ConjunctionWarning) -> float:
    """Give how far the time of closest approach may move for a warning to be about the same encounter."""
    return TOLERANCE_SHARE * (warning.revisit_s or REVISIT_UNKNOWN_S)


def other_side(warning: ConjunctionWarning, key: str, claims: Mapping[str, str]) -> WarnedObject:
    """Give the object of a warning that is not the one of this key."""
    first, _ = pair_of(warning, claims)
    return warning.object_2 if first == key else warning.object_1


def _nearest(warning: ConjunctionWarning, groups: list[list[Told]]) -> list[Told] | None:
    distances = [
        (min(abs(one.tca_tai_s - warning.tca_tai_s) for one in _of_that_time(warning, group)), n)
        for n, group in enumerate(groups)
        if not any(_told_apart(warning, one.warning) for one in group)
    ]
    nearest_s, at = min(distances, default=(float("inf"), -1))
    return groups[at] if nearest_s <= tolerance_s(warning) else None


def _of_that_time(warning: ConjunctionWarning, group: list[Told]) -> Iterable[ConjunctionWarning]:
    """Of each provider, the warning that was made nearest in time to this one; of two, the one that came later."""
    of_provider: dict[str, ConjunctionWarning] = {}
    for one in (told.warning for told in group):
        best = of_provider.get(one.provider)
        if best is None or _apart_s(one, warning) <= _apart_s(best, warning):
            of_provider[one.provider] = one
    return of_provider.values()


def _apart_s(one: ConjunctionWarning, other: ConjunctionWarning) -> float:
    return abs(one.made_tai_s - other.made_tai_s)


def _told_apart(one: ConjunctionWarning, other: ConjunctionWarning) -> bool:
    """Whether one provider told of both at one time, as of two encounters."""
    at_once = one.provider == other.provider and one.made_tai_s == other.made_tai_s
    return at_once and abs(one.tca_tai_s - other.tca_tai_s) > SAME_TIME_S


def _same_message(one: ConjunctionWarning, other: ConjunctionWarning) -> bool:
    return (one.provider, one.message, one.made_tai_s) == (other.provider, other.message, other.made_tai_s)


def _event(pair: tuple[str, str], group: list[Told]) -> Event:
    told = tuple(sorted(group, key=lambda one: (one.warning.made_tai_s, one.record)))
    return Event(id=_id_from(group[0]), pair=pair, told=told)


def _id_from(begun: Told) -> str:
    """Id of the event that this warning began: the minute of the closest approach, for the reader, and a digest."""
    minute = utc_from_tai_s(begun.warning.tca_tai_s, digits=0)[:16].translate({45: None, 58: None})
    digest = hashlib.sha256(begun.record.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{minute}-{digest[:_DIGITS]}"
