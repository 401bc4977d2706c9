"""Which originators have waived their part in a derived record, by rules that they signed ahead.

INVARIANTS
- Only an originator's own rule waives its component, and only towards the readers that the rule names.
- A rule whose conditions are not known to hold waives nothing.
"""

from collections.abc import Iterator, Sequence

from commonsky.domain import OBSERVATION_TIMES, Agreement, Declassification
from commonsky.sharing.facets import Facets

Waivers = dict[str, Declassification]
"""By originator, the rule that waives its part."""


def waivers(
    facets: Facets, reader: str, held: Sequence[Agreement], *, giver: str, now_tai_s: float
) -> Waivers:
    """Give the rules that hold for this record; ``held`` are agreements under which ``giver`` is a reader."""
    found: Waivers = {}
    for agreement in held:
        ours = giver in agreement.readers and agreement.mode is facets.record.mode
        in_term = agreement.begins_tai_s <= now_tai_s < agreement.ends_tai_s
        if ours and in_term and agreement.giver in facets.originators:
            found.update(
                (agreement.giver, rule)
                for rule in agreement.declassifications
                if not any(obstacles(rule, facets, reader))
            )
    return found


def obstacles(rule: Declassification, facets: Facets, reader: str) -> Iterator[str]:
    """Say in words what keeps a rule from waiving its giver's part in this record."""
    if reader not in rule.readers:
        yield f"does not name {reader}"
    if facets.kind not in rule.kinds:
        yield f"is not about records of kind {facets.kind}"
    if facets.shares is None:
        yield "needs to know how much each originator contributed"
        return
    if len(facets.shares) < rule.least_originators:
        yield f"needs {rule.least_originators} originators, and {len(facets.shares)} contributed"
    largest = max(facets.shares.values(), default=1.0)
    if not largest <= rule.greatest_share:
        yield f"allows one originator at most {rule.greatest_share:.0%} of the information, and one gave {largest:.0%}"


def withheld_times(rules: Waivers) -> frozenset[str]:
    """Fields that the rules leave out."""
    keep = all(rule.observation_times for rule in rules.values())
    return frozenset() if keep else OBSERVATION_TIMES
