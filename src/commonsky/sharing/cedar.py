"""Agreements as Cedar policies: one permit for each clause that releases, one forbid for each that withholds.

Cedar is the referee, so nothing here asks `commonsky.sharing.decide`: what agreements and labels mean is written a
second time, in Cedar's language, and the record is told as plain attributes.

Cedar leaves out a policy that fails to evaluate, and a forbid that is left out forbids nothing. Therefore
- the schema is always given, and whoever asks takes any diagnostic for a refusal (`commonsky.sharing.referee`);
- every permit tests by itself who reads, and the label with all its parts;
- no attribute that may be absent sets anything free by its absence: "everyone" is said, not left unsaid.

Numbers are compared as whole numbers that stand in the same order as the floating-point numbers they are made of, so
that both sides of a limit are where they are in `decide`.
"""

import math
import struct
from collections.abc import Collection, Iterable, Sequence

from commonsky.domain import COARSENABLE, WITHHOLDABLE, Agreement, Clause, Declassification, Effect, Region

NEVER = 2**63 - 1
"""As a time: later than any."""

PART = "Part"
Waiver = tuple[Agreement, Declassification]
"""A rule by which its agreement's giver opens its part."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def ordinal(number: float) -> int:
    """Return a whole number in the order of floating-point numbers; raises ValueError for what is no number."""
    if math.isnan(number):
        raise ValueError("nan has no place in the order of numbers")
    bits: int = struct.unpack(">q", struct.pack(">d", number))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def quoted(text: str) -> str:
    """Return a string literal of Cedar."""
    plain = "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text)
    return f'"{plain}"'


def member(name: str) -> str:
    """Return a member as an entity of Cedar."""
    return f"Member::{quoted(name)}"


def delay_name(delay_s: float) -> str:
    """Name the attribute that says when a record is as old as a clause asks."""
    return f"after {delay_s!r} s"


def policies(
    agreements: Iterable[Agreement], held: Iterable[Agreement], *, giver: str, members: Collection[str]
) -> str:
    """Return the policies by which ``giver`` gives; ``held`` may waive originators' parts.

    ``members`` are all that may have a part in a label: a record with another one is refused.
    """
    ours = [one for one in agreements if one.giver == giver]
    waivers = [(one, rule) for one in held if giver in one.readers for rule in one.declassifications]
    return "\n".join(
        _forbid(agreement, clause)
        if clause.effect is Effect.WITHHOLD
        else _permit(agreement, clause, _label(agreement, members, waivers))
        for agreement in ours
        for clause in agreement.clauses
    )


def schema(members: Collection[str], delays_s: Collection[float]) -> str:
    """Return the schema of records and questions, for these members and the delays that clauses have."""
    parts = ", ".join(f"{quoted(name)}?: {PART}" for name in sorted(members))
    times = ", ".join(f"{quoted(delay_name(delay_s))}?: Long" for delay_s in sorted(delays_s))
    return f"""
type {PART} = {{
  "anyReader": Bool, "readers": Set<Member>, "anyPurpose": Bool, "purposes": Set<String>,
  "expires": Long, "onward": Bool
}};
entity Member;
entity Record = {{
  "kind": String, "mode": String, "maker": Member,
  "owners": Set<Member>, "parted": Set<Member>, "parts": {{ {parts} }},
  "classification": Long, "floor": Long, "sigma"?: Long,
  "objects": Set<String>, "alleged": Set<String>, "sensors"?: Set<String>,
  "regime"?: String, "place"?: {{ "latitude": Long, "longitude": Long }},
  "shares"?: {{ "count": Long, "largest": Long }},
  "oldEnough": {{ {times} }}
}};
action "read" appliesTo {{ principal: Member, resource: Record, context: {{ "now": Long }} }};
"""


def delays_s(agreements: Iterable[Agreement]) -> frozenset[float]:
    """Give the delays that clauses have."""
    return frozenset(
        clause.delay_s for agreement in agreements for clause in agreement.clauses if clause.delay_s > 0.0
    )


def _permit(agreement: Agreement, clause: Clause, label: Sequence[str]) -> str:
    giver = member(agreement.giver)
    tests = [
        *_between(agreement),
        _all_of_whom(agreement),
        f"(resource.maker == {giver} || resource.parted.contains(resource.maker))",
        *label,
        f"({_coarsenable(giver)} || resource.floor <= 0 || (resource has sigma && resource.sigma >= resource.floor))",
        *_release_tests(clause, giver),
    ]
    return _policy("permit", agreement, clause, tests)


def _forbid(agreement: Agreement, clause: Clause) -> str:
    tests = [*_between(agreement), _one_of(clause.kinds, "resource.kind")]
    if clause.objects is not None:
        tests.append(f"(resource.alleged.isEmpty() || {_touches('resource.alleged', clause.objects)})")
    if clause.owners is not None:
        owned = [f"resource.owners.contains({member(name)})" for name in sorted(clause.owners)]
        tests.append(f"({' || '.join(owned) or 'false'})")
    if clause.sensors is not None:
        tests.append(_unless_unknown("sensors", _touches("resource.sensors", clause.sensors)))
    if clause.regimes is not None:
        tests.append(_unless_unknown("regime", _one_of(clause.regimes, "resource.regime")))
    if clause.region is not None:
        tests.append(_unless_unknown("place", _within(clause.region)))
    return _policy("forbid", agreement, clause, tests)


def _unless_unknown(attribute: str, test: str) -> str:
    """What is not known withholds."""
    return f"(if resource has {attribute} then {test} else true)"


def _policy(effect: str, agreement: Agreement, clause: Clause, tests: Sequence[str]) -> str:
    name = quoted(f"{agreement.reference} clause {clause.id}")
    conditions = "\n  && ".join(tests)
    return f'@id({name})\n{effect}(principal, action == Action::"read", resource)\nwhen {{\n  {conditions}\n}};\n'


def _between(agreement: Agreement) -> list[str]:
    """Who reads, of what mode, and within the term."""
    return [
        f"{_members(agreement.readers)}.contains(principal)",
        f"resource.mode == {quoted(agreement.mode)}",
        f"context.now >= {ordinal(agreement.begins_tai_s)}",
        f"context.now < {ordinal(agreement.ends_tai_s)}",
    ]


def _all_of_whom(agreement: Agreement) -> str:
    """Without onward permission, data of the two members alone."""
    if agreement.onward:
        return "true"
    return f"[{member(agreement.giver)}, principal].containsAll(resource.owners)"


def _label(agreement: Agreement, members: Collection[str], waivers: Sequence[Waiver]) -> list[str]:
    """The label allows it with every part, and has no part of a member that is not known here."""
    known = f"{_members(members)}.containsAll(resource.parted)"
    return [known, *(_part(name, agreement, waivers) for name in sorted(members))]


def _part(name: str, agreement: Agreement, waivers: Sequence[Waiver]) -> str:
    """One originator's part allows reader, way, purpose and time; a rule of its own may waive the first two."""
    part, owner = f"resource.parts[{quoted(name)}]", member(name)
    reads = f"principal == {owner} || {part}.anyReader || {part}.readers.contains(principal)"
    passes = "true" if name == agreement.giver else f"principal == {owner} || {part}.onward"
    rules = [_waives(one, rule) for one, rule in waivers if one.giver == name]
    told = f"resource.parted.contains({owner})"
    tests = [
        told,
        f"({' || '.join([f'(({reads}) && ({passes}))', *rules])})",
        f"({part}.anyPurpose || {part}.purposes.contains({quoted(agreement.purpose)}))",
        f"context.now < {part}.expires",
    ]
    return f"(if resource.parts has {quoted(name)} then {' && '.join(tests)} else !{told})"


def _waives(agreement: Agreement, rule: Declassification) -> str:
    """Whether an originator's rule waives its part in this record towards this reader, now."""
    tests = [
        f"resource.mode == {quoted(agreement.mode)}",
        f"context.now >= {ordinal(agreement.begins_tai_s)}",
        f"context.now < {ordinal(agreement.ends_tai_s)}",
        f"{_members(rule.readers)}.contains(principal)",
        _one_of(rule.kinds, "resource.kind"),
        "resource has shares",
        f"resource.shares.count >= {rule.least_originators}",
        f"resource.shares.largest <= {ordinal(rule.greatest_share)}",
    ]
    return f"({' && '.join(tests)})"


def _release_tests(clause: Clause, giver: str) -> list[str]:
    tests = [_one_of(clause.kinds, "resource.kind")]
    if clause.objects is not None:
        tests.append(_touches("resource.objects", clause.objects))
    if clause.owners is not None:
        within = f"{_members(clause.owners)}.containsAll(resource.owners)"
        tests.append(within if clause.owners else "false")  # every record has an owner
    if clause.sensors is not None:
        within = f"{_strings(clause.sensors)}.containsAll(resource.sensors)"
        tests.append(f"resource has sensors && {within if clause.sensors else 'false'}")
    if clause.classification_ceiling is not None:
        tests.append(f"resource.classification <= {clause.classification_ceiling}")
    if clause.regimes is not None:
        tests.append(f"resource has regime && {_one_of(clause.regimes, 'resource.regime')}")
    if clause.region is not None:
        tests.append(f"resource has place && {_within(clause.region)}")
    if clause.precision_floor_m > 0.0:
        coarse = f"resource has sigma && resource.sigma >= {ordinal(clause.precision_floor_m)}"
        tests.append(f"({_coarsenable(giver)} || ({coarse}))")
    if altered := [kind for kind, fields in WITHHOLDABLE.items() if fields & clause.withheld_fields]:
        tests.append(f"(resource.maker == {giver} || !{_one_of(altered, 'resource.kind')})")
    if clause.delay_s > 0.0:
        name = quoted(delay_name(clause.delay_s))
        tests.append(f"resource.oldEnough has {name} && context.now >= resource.oldEnough[{name}]")
    return tests


def _coarsenable(giver: str) -> str:
    return f"(resource.maker == {giver} && {_one_of(COARSENABLE, 'resource.kind')})"


def _within(region: Region) -> str:
    place = "resource.place"
    west = f"{place}.longitude >= {ordinal(region.west_deg)}"
    east = f"{place}.longitude <= {ordinal(region.east_deg)}"
    across = "&&" if region.west_deg <= region.east_deg else "||"
    south = f"{place}.latitude >= {ordinal(region.south_deg)}"
    north = f"{place}.latitude <= {ordinal(region.north_deg)}"
    return f"({south} && {north} && ({west} {across} {east}))"


def _touches(value: str, names: Collection[str]) -> str:
    # Cedar gives a set without elements no type.
    return f"{value}.containsAny({_strings(names)})" if names else "false"


def _one_of(names: Collection[str], value: str) -> str:
    return f"{_strings(names)}.contains({value})" if names else "false"


def _strings(names: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, sorted(names)))}]"


def _members(names: Iterable[str]) -> str:
    return f"[{', '.join(map(member, sorted(names)))}]"
