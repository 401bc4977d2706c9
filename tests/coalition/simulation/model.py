"""Who may have what, from first principles. Shares no code with `commonsky.sharing` or the label lattice.

A record is judged by the first-hand records behind it, one by one: each of their originators must agree. Nothing is
joined here, so a join that loses something shows. What is not known is ``None``, and never counts as agreement.
"""

import math
from dataclasses import dataclass, field

LEAVABLE = {
    "sensor": frozenset(),
    "observation": frozenset({"target"}),
    "element_set": frozenset({"object_name"}),
    "track": frozenset({"observation_count", "weighted_rms"}),
    "identity_claim": frozenset({"basis"}),
    "conjunction_warning": frozenset({"message"}),
}
"""Fields that a record can do without."""
ALL = None
"""As a set of readers, purposes or restrictions: no restriction."""


@dataclass(frozen=True)
class Terms:
    """What an originator allows to be done with a first-hand record."""

    readers: frozenset | None = ALL
    purposes: frozenset | None = ALL
    level: int = 0
    expires: float = math.inf
    onward: bool = True
    floor_m: float = 0.0


@dataclass(frozen=True)
class Fact:
    """What the simulation knows of a record that it made, whatever copies of it say."""

    id: str
    originator: str
    kind: str
    parts: frozenset  # of (originator, Terms), one for each first-hand record behind it
    objects: frozenset = frozenset()
    sensors: frozenset | None = None
    lineage_stays: bool = False  # a derived record: only its maker knows the sensors behind it
    epoch: float | None = None
    sigma_m: float | None = None
    regime: str | None = None
    place: tuple | None = None
    coarsened: bool = False
    original: str = ""  # of a record that went out in another form: the id of the one that it was made from
    made_of: tuple = ()  # (originator, id) of what it was derived from
    body: bytes = b""
    sent_body: bytes = b""

    @property
    def owners(self):
        return frozenset(name for name, _ in self.parts) | {self.originator}

    @property
    def level(self):
        return max(terms.level for _, terms in self.parts)

    @property
    def floor_m(self):
        return max(terms.floor_m for _, terms in self.parts)


@dataclass(frozen=True)
class Rule:
    """A clause."""

    id: str
    kinds: frozenset
    withholds: bool = False
    objects: frozenset | None = ALL
    owners: frozenset | None = ALL
    sensors: frozenset | None = ALL
    regimes: frozenset | None = ALL
    region: tuple | None = ALL  # south, north, west, east
    ceiling: int | None = ALL
    floor_m: float = 0.0
    delay_s: float = 0.0
    without: frozenset = frozenset()  # fields that do not go out


@dataclass(frozen=True)
class Deal:
    """An agreement."""

    id: str
    version: int
    giver: str
    readers: frozenset
    purpose: str
    begins: float
    ends: float
    onward: bool
    rules: tuple
    lease_s: float | None = None
    questions: tuple | None = None  # a day, and an object: the giver answers questions about close approaches

    @property
    def reference(self):
        return f"{self.id}@{self.version}"

    def rule(self, name):
        return next(rule for rule in self.rules if rule.id == name)


@dataclass
class Case:
    """A question: may ``giver`` let ``reader`` have the record now, by the documents that stand?

    ``held`` are all documents of the giver with what was declared on them. ``named`` are names that the giver or the
    originator claims for the record's object; ``alleged`` those of others.
    """

    fact: Fact
    giver: str
    reader: str
    now: float
    deals: list = field(default_factory=list)
    held: list = field(default_factory=list)
    named: frozenset = frozenset()
    alleged: frozenset = frozenset()

    def standing(self):
        """The giver's agreements with the reader; ``deals`` are those that bear on its releases (see `force`)."""
        return [deal for deal in self.deals if deal.giver == self.giver and self.reader in deal.readers]

    def obstacles(self, deal):
        """What keeps a whole agreement from releasing the record, as a set of (what, who)."""
        fact, found = self.fact, set()
        if self.now < deal.begins:
            found.add(("not begun", ""))
        if self.now >= deal.ends:
            found.add(("ended", ""))
        if fact.owners - {self.giver, self.reader} and not deal.onward:
            found.add(("third parties", ", ".join(sorted(fact.owners - {self.giver, self.reader}))))
        if fact.originator != self.giver and fact.originator not in {name for name, _ in fact.parts}:
            found.add(("no part", fact.originator))
        found |= self._objections(deal)
        coarse = fact.sigma_m is not None and fact.sigma_m >= fact.floor_m
        if fact.floor_m > 0.0 and not coarse and not self.can_be_made_coarser():
            found.add(("label floor", ""))
        return found

    def _objections(self, deal):
        """What the originators of everything behind the record have against it."""
        found = set()
        for who, terms in self.fact.parts:
            if terms.readers is not ALL and self.reader != who and self.reader not in terms.readers:
                found.add(("reader", who))
            if terms.purposes is not ALL and deal.purpose not in terms.purposes:
                found.add(("purpose", who))
            if self.now >= terms.expires:
                found.add(("expired", who))
            if who not in {self.giver, self.reader} and not terms.onward:
                found.add(("onward", who))
        return found

    def tests(self, rule):
        """Every restriction of a rule, by name: whether it is met, ``None`` where nobody can know."""
        fact = self.fact
        made = {"kinds": fact.kind in rule.kinds}
        if rule.objects is not ALL:
            names = fact.objects | self.named | (self.alleged if rule.withholds else frozenset())
            made["objects"] = bool(names & rule.objects) if names else None
        if rule.owners is not ALL:
            own = fact.owners
            made["owners"] = bool(own & rule.owners) if rule.withholds else own <= rule.owners
        if rule.sensors is not ALL:
            made["sensors"] = self._sensors(rule)
        if rule.ceiling is not ALL:
            made["classification"] = fact.level <= rule.ceiling
        if rule.regimes is not ALL:
            made["regimes"] = None if fact.regime is None else fact.regime in rule.regimes
        if rule.region is not ALL:
            made["region"] = None if fact.place is None else _inside(rule.region, fact.place)
        if rule.without & LEAVABLE[fact.kind]:
            made["fields"] = fact.originator == self.giver
        if rule.floor_m > 0.0 and not self.can_be_made_coarser():
            made["precision"] = None if fact.sigma_m is None else fact.sigma_m >= rule.floor_m
        if rule.delay_s > 0.0:
            made["delay"] = None if fact.epoch is None else self.now >= fact.epoch + rule.delay_s
        return made

    def can_be_made_coarser(self):
        """An orbit of the giver's own making, which it may give less precisely than it knows it."""
        fact = self.fact
        return fact.kind in {"track", "element_set"} and fact.originator == self.giver and not fact.coarsened

    def floor_m(self, rule):
        """How coarse the record must be when it goes out by a rule; 0 when it goes as it is."""
        return max(rule.floor_m, self.fact.floor_m) if self.can_be_made_coarser() else 0.0

    def _sensors(self, rule):
        known = self.fact.sensors
        if self.fact.lineage_stays and self.giver != self.fact.originator:
            known = None
        if known is None:
            return None
        return bool(known & rule.sensors) if rule.withholds else known <= rule.sensors

    def releases(self, deal, rule):
        return not rule.withholds and all(met is True for met in self.tests(rule).values())

    def withholds(self, deal, rule):
        in_term = deal.begins <= self.now < deal.ends
        return rule.withholds and in_term and all(met is not False for met in self.tests(rule).values())

    def answer(self):
        """Every (agreement, clause) that releases the record; none when one withholds it."""
        standing = self.standing()
        if any(self.withholds(deal, rule) for deal in standing for rule in deal.rules):
            return set()
        return {
            (deal.reference, rule.id)
            for deal in standing
            if not self.obstacles(deal)
            for rule in deal.rules
            if self.releases(deal, rule)
        }


def label_allows(fact, *, giver, reader, deal, at):
    """Whether a label as its originators wrote it lets ``giver`` pass a record on under an agreement at that time."""
    case = Case(fact, giver, reader, at)
    about_label = {"third parties", "reader", "purpose", "expired", "onward", "not begun", "ended"}
    return not {what for what, _ in case.obstacles(deal)} & about_label


def _inside(region, place):
    south, north, west, east = region
    latitude, longitude = place
    if not south <= latitude <= north:
        return False
    if west <= east:
        return west <= longitude <= east
    return longitude >= west or longitude <= east
