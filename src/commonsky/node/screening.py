"""Screen the node's assets against every orbit that it knows, and make warnings of what comes close.

A warning is a record derived from the two orbits that it was computed from: its label is the join of theirs, so it
goes to nobody who may not have either, and its lineage says whether anything is new. An approach whose orbits are
those of the last warning gives no other one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from commonsky.domain import ConjunctionWarning, Record, WarnedObject, derived
from commonsky.domain.conjunction import LONGEST_TEXT
from commonsky.formats.canonical import decode, record_id
from commonsky.node.approaches import approaches_of, ready_orbits
from commonsky.node.node import Node
from commonsky.node.orbits import Orbit, known_orbits, trusted_claims
from commonsky.node.screened import Screened
from commonsky.safety.approach import closest_approach
from commonsky.safety.events import TOLERANCE_SHARE, pair_of, tolerance_s
from commonsky.safety.warning import Radius, warning_of

MARGIN_S = 3_600.0
_FOUND_WITHIN_S = 5.0


@dataclass(frozen=True)
class _Last:
    """What we last told of an encounter."""

    warning: ConjunctionWarning
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """What became of the assets of one owner; ``assets`` are the keys of those that have an orbit."""

    records: tuple[Record, ...]
    assets: frozenset[str]
    names: frozenset[str]
    objects: int
    unusable: int
    staying: int


def screened(node: Node) -> tuple[list[Record], Screened]:
    """Screen now; give the warnings that are new, to be appended, and what was done.

    The assets of each owner are screened for themselves, each with the orbits that may serve it: see `known_orbits`.
    """
    now_tai_s = node.now_tai_s()
    until_tai_s = now_tai_s + 86_400.0 * node.config.screening.days_ahead
    claims = trusted_claims(node)
    last = _last_told(node, claims)
    parts: list[_Part] = []
    for owner in sorted({asset.owner for asset in node.config.assets}):
        done = frozenset[str]().union(*(part.assets for part in parts))
        parts.append(_screened_for(node, owner, claims, (now_tai_s, until_tai_s), (last, done)))
    names = frozenset[str]().union(*(part.names for part in parts))
    made = [record for part in parts for record in part.records]
    told = Screened(
        at_tai_s=now_tai_s,
        until_tai_s=until_tai_s,
        objects=max((part.objects for part in parts), default=0),
        assets=sum(len(part.assets) for part in parts),
        missing=tuple(one.designator for one in node.config.assets if one.designator not in names),
        unusable=max((part.unusable for part in parts), default=0),
        staying=sum(part.staying for part in parts),
        warnings=tuple(record.id for record in made),
    )
    return made, told


def _screened_for(
    node: Node,
    owner: str,
    claims: Mapping[str, str],
    span_tai_s: tuple[float, float],
    before: tuple[Sequence[_Last], frozenset[str]],
) -> _Part:
    """Screen the assets of one owner; ``before`` is what was told, and the assets that others' turns have done."""
    last, done = before
    wide_tai_s = (span_tai_s[0] - MARGIN_S, span_tai_s[1] + MARGIN_S)
    ready, lost = ready_orbits(node, known_orbits(node, claims, wide_tai_s, owner or None), span_tai_s)
    orbits = [orbit for orbit, _ in ready]
    assets = [n for n, orbit in enumerate(orbits) if _owner_of(node, orbit) == owner]
    found, unusable, staying = approaches_of(ready, assets, span_tai_s, node.config.screening.within_m)
    keys = frozenset(orbits[n].key for n in assets)
    # Two assets that meet are warned of once, in the turn of the first one's owner.
    mine = [one for one in found if not {orbits[one[0]].key, orbits[one[1]].key} & done]
    followed = [one for one in last if (pair := set(pair_of(one.warning, claims))) & keys and not pair & done]
    return _Part(
        records=tuple(_records(node, orbits, mine, followed)),
        assets=keys,
        names=frozenset(name for n in assets for name in orbits[n].names),
        objects=len(orbits),
        unusable=unusable + lost,
        staying=staying,
    )


def _owner_of(node: Node, orbit: Orbit) -> str | None:
    asset = node.config.asset_of(orbit.names)
    return None if asset is None else asset.owner


def _records(
    node: Node, orbits: Sequence[Orbit], found: Sequence[tuple[int, int, float]], last: Sequence[_Last]
) -> Iterator[Record]:
    """The warnings of all approaches found, and of those that were warned of and have moved out of reach."""
    wanted = [(i, j, tca_tai_s, _FOUND_WITHIN_S) for i, j, tca_tai_s in found]
    for one in last:
        pair, near_tai_s, about_s = (
            _places(orbits, one.warning),
            one.warning.tca_tai_s,
            tolerance_s(one.warning),
        )
        again = any({i, j} == set(pair) and abs(tca - near_tai_s) <= about_s for i, j, tca in found)
        if len(pair) == 2 and not again:
            wanted.append((*pair, near_tai_s, about_s))
    for i, j, near_tai_s, within_s in wanted:
        try:
            record = _record(node, (orbits[i], orbits[j]), near_tai_s, within_s, last)
        except Exception as fault:  # noqa: BLE001  # one orbit that cannot be told must not silence the other warnings
            names = f"{orbits[i].key} and {orbits[j].key}"
            node.say_once(f"screening {names}", f"{names} come close, and no warning can be made: {fault}")
            continue
        if record is not None:
            yield record


def _places(orbits: Sequence[Orbit], warning: ConjunctionWarning) -> tuple[int, ...]:
    """Where the two objects of a warning are among the orbits, as far as they are."""
    both = (warning.object_1, warning.object_2)
    found = (next((n for n, orbit in enumerate(orbits) if orbit.names & one.names), None) for one in both)
    return tuple(n for n in found if n is not None)


def _record(
    node: Node, pair: tuple[Orbit, Orbit], near_tai_s: float, within_s: float, last: Sequence[_Last]
) -> Record | None:
    """Make one warning, unless it would say again what was said from the same orbits."""
    first, second = pair
    inputs = tuple(sorted(orbit.record.id for orbit in pair))
    half_period_s = 0.5 * min(first.period_s, second.period_s)
    if any(
        one.inputs == inputs and abs(one.warning.tca_tai_s - near_tai_s) <= TOLERANCE_SHARE * half_period_s
        for one in last
    ):
        return None
    tca_tai_s = closest_approach(first.states_gcrf, second.states_gcrf, near_tai_s, within_s)
    if tca_tai_s is None:
        return None
    told = warning_of(
        (first.side_at(tca_tai_s), second.side_at(tca_tai_s)),
        (_warned(node, first), _warned(node, second)),
        _radius(node, pair),
        provider=node.id,
        made_tai_s=node.now_tai_s(),
        tca_tai_s=tca_tai_s,
        screened_within_m=node.config.screening.within_m,
        revisit_s=float(half_period_s) if np.isfinite(half_period_s) else None,
    )
    sources = [orbit.record for orbit in pair]
    return derived(record_id(node.id, told), originator=node.id, content=told, sources=sources)


def _warned(node: Node, orbit: Orbit) -> WarnedObject:
    asset = node.config.asset_of(orbit.names)
    return WarnedObject(
        designator=orbit.key[:LONGEST_TEXT],
        name=((asset.name if asset else "") or orbit.name)[:LONGEST_TEXT],
        also=tuple(name[:LONGEST_TEXT] for name in sorted(orbit.names - {orbit.key})),
        data_epoch_tai_s=orbit.data_epoch_tai_s,
    )


def _radius(node: Node, pair: tuple[Orbit, Orbit]) -> Radius:
    total_m, words = 0.0, []
    for orbit in pair:
        asset = node.config.asset_of(orbit.names)
        own_m = None if asset is None else asset.hard_body_radius_m
        total_m += node.config.screening.hard_body_radius_m if own_m is None else own_m
        words.append("default" if own_m is None else f"{orbit.key[:60]} as configured")
    return Radius(radius_m=total_m, source=" + ".join(words))


def _last_told(node: Node, claims: Mapping[str, str]) -> list[_Last]:
    """The newest of our own warnings of each encounter to come."""
    told: list[_Last] = []
    for entry in node.store.warnings(node.now_tai_s()):
        content = decode(entry.body).content if entry.source is None else None
        if not isinstance(content, ConjunctionWarning) or content.provider != node.id:
            continue
        pair = set(pair_of(content, claims))
        told = [
            one
            for one in told
            if set(pair_of(one.warning, claims)) != pair
            or abs(one.warning.tca_tai_s - content.tca_tai_s) > tolerance_s(content)
        ]
        told.append(_Last(content, tuple(sorted(node.store.lineage_of(entry.id)))))
    return told
