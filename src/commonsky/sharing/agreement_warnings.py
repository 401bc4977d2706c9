"""What in an agreement is allowed and yet hardly meant: clauses without effect, limits that refuse, unknown names.

None of it is an error; each is a sentence that a person should read before signing.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    COARSENABLE,
    Agreement,
    Clause,
    Component,
    Declassification,
    Effect,
    Mode,
    RecordKind,
)
from commonsky.sharing.orbit_bias import level_of

_LIMITS = ("objects", "owners", "sensors", "regimes")
_TELLS: Mapping[str, frozenset[RecordKind]] = {
    "objects": frozenset(RecordKind) - {RecordKind.SENSOR},
    "regimes": frozenset({RecordKind.TRACK, RecordKind.ELEMENT_SET}),
    "region": frozenset({RecordKind.TRACK, RecordKind.ELEMENT_SET, RecordKind.SENSOR}),
    "sensors": frozenset(
        {RecordKind.OBSERVATION, RecordKind.SENSOR, RecordKind.TRACK, RecordKind.CONJUNCTION_WARNING}
    ),
    "delay_s": frozenset(RecordKind) - {RecordKind.SENSOR, RecordKind.IDENTITY_CLAIM},
}
"""Kinds of record that tell what a restriction asks for; of others a release is never known to be covered."""

_DERIVED = frozenset({RecordKind.TRACK, RecordKind.IDENTITY_CLAIM, RecordKind.CONJUNCTION_WARNING})
_LONG_TERM_S = 10 * 365.25 * 86_400.0


class Known(Struct, frozen=True, kw_only=True):
    """What a member knows that the agreement may name.

    ``sensors`` are its own with their labels, ``objects`` the names of those that it holds records of.
    """

    own: str
    mode: Mode
    members: frozenset[str]
    sensors: Mapping[str, Component]
    objects: frozenset[str]


class Warned(Struct, frozen=True, kw_only=True):
    """A place in the document (keys and numbers, as `commonsky.formats.toml_lines` has them) and what is odd there."""

    path: tuple[str | int, ...]
    words: str


def warnings(agreement: Agreement, *, now_tai_s: float, known: Known | None = None) -> list[Warned]:
    """Return what a person should look at before signing, from the head to the last clause."""
    found = [*_head(agreement, now_tai_s)]
    for number, clause in enumerate(agreement.clauses, 1):
        place = ("clause", number)
        found += [Warned(path=(*place, field), words=words) for field, words in _clause(clause, agreement)]
        found += [Warned(path=place, words=words) for words in _beside_others(clause, agreement)]
    for number, rule in enumerate(agreement.declassifications, 1):
        found += [
            Warned(path=("declassify", number, field), words=words) for field, words in _rule(rule, agreement)
        ]
    return found if known is None else [*found, *_unknown(agreement, known)]


def _head(agreement: Agreement, now_tai_s: float) -> Iterator[Warned]:
    term_s = agreement.ends_tai_s - agreement.begins_tai_s
    if agreement.ends_tai_s <= now_tai_s:
        ended = utc_from_tai_s(agreement.ends_tai_s, digits=0)
        yield Warned(path=("until_utc",), words=f"the term is over since {ended}: nothing can be released")
    if term_s > _LONG_TERM_S:
        years = term_s / (365.25 * 86_400.0)
        yield Warned(path=("until_utc",), words=f"the term is {years:.0f} years long")
    if not any(clause.effect is Effect.RELEASE for clause in agreement.clauses):
        words = "no clause releases anything"
        if agreement.safety_of_flight is not None:
            words += ": questions of safety of flight are all that it answers"
        yield Warned(path=("clause",), words=words)
    if agreement.lease_s is not None and agreement.lease_s >= term_s:
        yield Warned(
            path=("lease_s",), words="the lease is as long as the term, and so never runs out before it"
        )
    safety = agreement.safety_of_flight
    if safety is not None and safety.questions_per_object > safety.questions_per_day:
        words = "more questions for one object than for all: questions_per_object has no effect"
        yield Warned(path=("safety_of_flight",), words=words)


def _clause(clause: Clause, agreement: Agreement) -> Iterator[tuple[str, str]]:
    yield from _never(clause, agreement)
    for field, tell in _TELLS.items():
        silent = ", ".join(sorted(clause.kinds - tell))
        if silent and getattr(clause, field) not in (None, 0.0):
            then = "never releases them" if clause.effect is Effect.RELEASE else "withholds them all"
            yield field, f"{silent} records do not tell this: the clause {then}"
    fine = ", ".join(sorted(clause.kinds - COARSENABLE - {RecordKind.IDENTITY_CLAIM}))
    if fine and clause.precision_floor_m > 0.0:
        yield "precision_floor_m", f"{fine} records cannot be coarsened: finer ones are refused"
    if clause.kinds & COARSENABLE and clause.precision_floor_m > 0.0:
        yield from (("precision_floor_m", words) for words in _of_level(clause.precision_floor_m))


def _of_level(floor_m: float) -> Iterator[str]:
    """Say to what orbits are coarsened where that is not what was asked for."""
    try:
        level_m = level_of(floor_m)
    except ValueError as fault:
        yield f"{fault}: they are refused"
        return
    if level_m != floor_m:
        yield f"orbits are coarsened to the next level, {level_m:g} m"


def _never(clause: Clause, agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Find restrictions that nothing can meet."""
    for field in _LIMITS:
        if getattr(clause, field) == frozenset():
            yield field, f"is an empty list: the clause can never {clause.effect} anything"
    if clause.classification_ceiling is not None and clause.classification_ceiling < 0:
        yield "classification_ceiling", "is below the lowest level, 0: the clause can never release anything"
    releases_no_third = clause.effect is Effect.RELEASE and not agreement.onward
    if clause.owners and releases_no_third and clause.owners.isdisjoint(agreement.parties):
        words = (
            "names third parties alone, whose data needs onward = true: the clause can never release anything"
        )
        yield "owners", words


def _beside_others(clause: Clause, agreement: Agreement) -> Iterator[str]:
    others = [one for one in agreement.clauses if one is not clause]
    if clause.effect is Effect.WITHHOLD:
        released = frozenset().union(*(one.kinds for one in others if one.effect is Effect.RELEASE))
        if clause.kinds.isdisjoint(released):
            names = ", ".join(sorted(clause.kinds))
            yield f"withholds {names}, which no clause here releases: it only restricts other agreements"
        return
    for one in others:
        if not _contains(one, clause):
            continue
        if one.effect is Effect.WITHHOLD:
            yield f"can never release anything: clause {one.id} withholds all that it covers"
        elif not _contains(clause, one) or agreement.clauses.index(one) < agreement.clauses.index(clause):
            yield f"releases nothing that clause {one.id} does not release already"


def _contains(outer: Clause, inner: Clause) -> bool:
    """Whether everything that the inner clause covers is covered by the outer one as well."""
    sets = [(getattr(outer, name), getattr(inner, name)) for name in _LIMITS]
    ceilings = outer.classification_ceiling, inner.classification_ceiling
    return (
        outer.kinds >= inner.kinds
        and all(wide is None or (narrow is not None and wide >= narrow) for wide, narrow in sets)
        and outer.region in (None, inner.region)
        and (ceilings[0] is None or (ceilings[1] is not None and ceilings[0] >= ceilings[1]))
        and outer.precision_floor_m <= inner.precision_floor_m
        and outer.delay_s <= inner.delay_s
        and outer.withheld_fields <= inner.withheld_fields
    )


def _rule(rule: Declassification, agreement: Agreement) -> Iterator[tuple[str, str]]:
    if plain := rule.kinds - _DERIVED:
        names = ", ".join(sorted(plain))
        yield "kinds", f"{names} records are not derived: the rule never opens them"
    if own := rule.readers & agreement.parties:
        yield "readers", f"{', '.join(sorted(own))} is a party, and reads by the clauses"
    least = 1.0 / rule.greatest_share
    if least > rule.least_originators:
        words = (
            f"with no share above {rule.greatest_share:g} it takes more than {least:.3g} originators anyway"
        )
        yield "least_originators", words


def _unknown(agreement: Agreement, known: Known) -> Iterator[Warned]:
    if known.own not in agreement.parties:
        yield Warned(path=("giver",), words=f"{known.own}, whose node this is, is no party")
    if agreement.mode is not known.mode:
        yield Warned(
            path=("mode",), words=f"this node works in {known.mode}: the agreement never applies here"
        )
    for path, members in (
        (("giver",), {agreement.giver}),
        (("readers",), agreement.readers),
        *(
            (("declassify", n, "readers"), rule.readers)
            for n, rule in enumerate(agreement.declassifications, 1)
        ),
        *((("clause", n, "owners"), one.owners or ()) for n, one in enumerate(agreement.clauses, 1)),
    ):
        if strange := sorted(set(members) - known.members):
            words = f"{', '.join(strange)} is not known to this node: no key is pinned, so no signature can be verified"
            yield Warned(
                path=path, words=words if path[-1] != "owners" else f"{', '.join(strange)} is not known here"
            )
    for number, clause in enumerate(agreement.clauses, 1):
        place = ("clause", number)
        if agreement.giver == known.own and (
            strange := sorted((clause.sensors or frozenset()) - set(known.sensors))
        ):
            yield Warned(path=(*place, "sensors"), words=f"{', '.join(strange)} is no sensor of this node")
        if strange := sorted((clause.objects or frozenset()) - known.objects):
            yield Warned(path=(*place, "objects"), words=f"{', '.join(strange)}: nothing is held of it here")
    if agreement.giver == known.own:
        yield from _labels(agreement, known)


def _labels(agreement: Agreement, known: Known) -> Iterator[Warned]:
    """Our own sensors' labels refuse whatever the agreement says: better known before than after."""
    for sensor, label in sorted(known.sensors.items()):
        if label.purposes is not None and agreement.purpose not in label.purposes:
            words = f"the label of {sensor} does not allow {agreement.purpose}: nothing made with it goes out"
            yield Warned(path=("purpose",), words=words)
        shut = sorted(agreement.readers - label.readers) if label.readers is not None else []
        if shut:
            words = f"the label of {sensor} does not name {', '.join(shut)}: nothing made with it goes there"
            yield Warned(path=("readers",), words=words)
