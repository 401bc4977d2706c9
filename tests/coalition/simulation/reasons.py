"""Every sentence by which a decision explains itself, and what the model says must be true when it is said.

A sentence that stands in no table here fails the run: nobody has checked yet that it is never said wrongly.
"""

import re

from simulation import force
from simulation.model import LEAVABLE

_ABOUT_AGREEMENT = (
    ("not begun", r"begins only at (?P<time>\S+)"),
    ("ended", r"ended at (?P<time>\S+)"),
    ("mode", r"is about \S+ data and the record is \S+"),
    ("third parties", r"does not cover data of third parties \((?P<who>[^)]*)\)"),
    (
        "no part",
        r"does not cover what (?P<who>\S+) made and let nobody pass on: the label has no part of \S+",
    ),
    ("reader", r"(?P<who>\S+)'s label does not name (?P<reader>\S+) as a reader"),
    ("purpose", r"(?P<who>\S+)'s label does not allow the purpose (?P<purpose>\S+)"),
    ("expired", r"(?P<who>\S+)'s label has expired"),
    ("onward", r"(?P<who>\S+) does not allow onward release"),
    ("label floor", r"is for records no more precise than the label's floor of (?P<floor>\S+) m"),
)
_KINDS = "observation|track|element_set|sensor|identity_claim|conjunction_warning"
_ABOUT_CLAUSE = (
    ("objects", r"covers the objects .*"),
    ("owners", r"covers the owners .*"),
    ("sensors", r"covers the sensors .*"),
    ("classification", r"covers classification up to \d+"),
    ("region", r"covers a region"),
    ("precision", r"covers what is no more precise than \S+ m"),
    ("delay", r"covers what is \S+ s old"),
    ("fields", r"covers it without .*"),
    ("kinds", rf"covers (?:{_KINDS})(?:, (?:{_KINDS}))*"),
    ("regimes", r"covers (?:LEO|MEO|GEO|HEO)(?:, (?:LEO|MEO|GEO|HEO))*"),
)
_LINE = re.compile(r"(?P<ref>\S+@\d+): (?P<yes>yes|no): (?P<words>.*)")
_IDLE = re.compile(r"(?P<ref>\S+@\d+) (?P<words>(?:is superseded|awaits|is suspended|was withdrawn) .*)")
_IDLE_WORDS = (
    (force.SUPERSEDED, r"is superseded by version \d+"),
    (force.AWAITING, r"awaits the signatures? of (?P<who>.*)"),
    (force.SUSPENDED, r"is suspended by (?P<who>.*)"),
    (force.WITHDRAWN, r"was withdrawn by (?P<who>.*)"),
)
_CLAUSE = re.compile(r"(?P<ref>\S+@\d+) clause (?P<clause>\S+?)(?::)? (?P<words>.*)")
_IN_FORCE = re.compile(r"in force for (\S+), purpose (\S+)")


_FORM = r"(?P<form>(?:, (?:coarsened to (?P<floor>\S+) m)?(?:; )?(?:without (?P<fields>.+))?)?)"
_NO_FORM = "refused, since it could not be brought into its form: "


class WrongReasonError(AssertionError):
    pass


def named(words, table):
    """The name that a table gives to a sentence, and what the sentence says beside."""
    for name, pattern in table:
        if found := re.fullmatch(pattern, words):
            return name, found.groupdict()
    raise WrongReasonError(f"nobody has checked what this means: {words!r}")


def check(case, decision, coverage):
    """Raise WrongReasonError unless what a decision says is true, and what it was explained by is the whole truth.

    A reader who puts right all that the trace names gets the record: so the obstacles that it names must be exactly
    those that there are. ``trace`` is ``None`` where only the decision itself is at hand.
    """
    standing = {deal.reference: deal for deal in case.standing()}
    answer = case.answer()
    formless = decision.reason.startswith(_NO_FORM)
    if formless:
        _require(
            any(case.floor_m(standing[ref].rule(clause)) > 0.0 for ref, clause in answer), decision.reason
        )
        coverage.count("reason", "no such form")
    else:
        _require(decision.allowed == bool(answer), f"the model says {sorted(answer) or 'no'}")
        coverage.count("reason", _check_reason(case, standing, decision))
    if decision.trace is not None:
        _check_trace(case, standing, decision.trace[:-1] if formless else decision.trace)


def _check_trace(case, standing, trace):
    said_obstacles = {ref: set() for ref in standing}
    said_tests = {}
    in_force = set()
    for line in trace:
        if found := _LINE.fullmatch(line):
            deal = _known(standing, found["ref"])
            if found["yes"] == "yes":
                _require(not case.obstacles(deal), line)
                _require(_IN_FORCE.fullmatch(found["words"]).groups() == (case.reader, deal.purpose), line)
                in_force.add(deal.reference)
            else:
                name, said = named(found["words"], _ABOUT_AGREEMENT)
                said_obstacles[deal.reference].add((name, said.get("who", "")))
        elif found := _IDLE.fullmatch(line):
            _check_idle(case, standing, found)
        else:
            _check_clause(case, standing, line, said_tests)
    for ref, said in said_obstacles.items():
        true = case.obstacles(standing[ref])
        _require(said == true, f"{ref}: the trace says {sorted(said)}, and true is {sorted(true)}")
        _require((ref in in_force) == (not true), f"{ref} is said to be in force, or not, wrongly")
    for (ref, clause), said in said_tests.items():
        rule = standing[ref].rule(clause)
        true = {name for name, met in case.tests(rule).items() if met is not True}
        _require(said == true, f"{ref} clause {clause}: the trace says {said}, and true is {true}")


def _check_idle(case, standing, found):
    """A document that does not bind, and why."""
    pair = next(((deal, acts) for deal, acts in case.held if deal.reference == found["ref"]), None)
    _require(pair is not None and pair[0].giver == case.giver and case.reader in pair[0].readers, found[0])
    deal, acts = pair
    stands = force.state(deal, acts, force.newer_than(deal, case.held), case.now)
    name, said = named(found["words"], _IDLE_WORDS)
    _require(stands == name, f"{found[0]}, and it is {stands}")
    if name == force.AWAITING:
        missing = {one for one in force.parties(deal) if force.stance(acts, one, case.now) == "none"}
        _require(set(said["who"].split(", ")) == missing, f"{found[0]}, and {sorted(missing)} are missing")
    elif name in {force.SUSPENDED, force.WITHDRAWN}:
        stance = "suspends" if name == force.SUSPENDED else "left"
        true = {one for one in force.parties(deal) if force.stance(acts, one, case.now) == stance}
        _require(
            set(re.findall(r"(\w+) at ", said["who"])) == true, f"{found[0]}, and it is by {sorted(true)}"
        )


def _check_clause(case, standing, line, said_tests):
    found = _CLAUSE.fullmatch(line)
    if not found:
        raise WrongReasonError(f"nobody has checked what this means: {line!r}")
    deal = _known(standing, found["ref"])
    rule, words = deal.rule(found["clause"]), found["words"]
    if re.fullmatch(rf"releases{_FORM}", words):
        _require(case.releases(deal, rule) and not case.obstacles(deal), line)
    elif words == "withholds":
        _require(case.withholds(deal, rule), line)
    elif words.startswith("does not withhold: it "):
        name, _ = named(_rule_of(words.removeprefix("does not withhold: it ")), _ABOUT_CLAUSE)
        _require(rule.withholds and case.tests(rule)[name] is False, line)
    else:
        _require(words.startswith("no: it "), line)
        name, _ = named(_rule_of(words.removeprefix("no: it ")), _ABOUT_CLAUSE)
        _require(not rule.withholds and case.tests(rule)[name] is not True, line)
        said_tests.setdefault((deal.reference, rule.id), set()).add(name)


def _rule_of(words):
    """A finding is "rule, and this is so"; what it says of the record is for people."""
    return re.split(r", and (?:this|the record)\b", words)[0]


def _check_reason(case, standing, decision):
    """The one sentence names the clause that decided, and what it says holds. Gives a name for what was said."""
    reason, *idle = (
        decision.reason.split("; ") if "no agreement covers" in decision.reason else [decision.reason]
    )
    for words in idle:
        _check_idle(case, standing, _known_words(_IDLE.fullmatch(words), words))
    if reason == f"no agreement covers {case.reader}":
        _require(not standing, reason)
        return "no agreement"
    if reason == "no clause releases it":
        _require(
            not any(not r.withholds for d in standing.values() if not case.obstacles(d) for r in d.rules),
            reason,
        )
        return "no clause"
    if found := _CLAUSE.fullmatch(reason):
        deal = _known(standing, found["ref"])
        rule, words = deal.rule(found["clause"]), found["words"]
        _require((decision.agreement, decision.clause) == (deal.reference, rule.id), reason)
        if released := re.fullmatch(rf"releases it{_FORM}", words):
            _require((deal.reference, rule.id) in case.answer(), reason)
            _check_form(case, rule, released, reason)
            return "released in another form" if released["form"] else "released"
        if words == "withholds it":
            _require(case.withholds(deal, rule), reason)
            return "withheld"
        name, _ = named(words, _ABOUT_CLAUSE)
        _require(case.tests(rule)[name] is not True and not case.obstacles(deal), reason)
        return f"clause: {name}"
    ref, _, words = reason.partition(" ")
    name, said = named(words, _ABOUT_AGREEMENT)
    _require((name, said.get("who", "")) in case.obstacles(_known(standing, ref)), reason)
    return f"agreement: {name}"


def _check_form(case, rule, released, reason):
    floor_m = case.floor_m(rule)
    _require(float(released["floor"] or 0.0) == floor_m, f"{reason}: the floor is {floor_m:g} m")
    fields = frozenset(released["fields"].split(", ")) if released["fields"] else frozenset()
    _require(fields == rule.without & LEAVABLE[case.fact.kind], f"{reason}: not these fields are left out")


def _known_words(found, words):
    if not found:
        raise WrongReasonError(f"nobody has checked what this means: {words!r}")
    return found


def _known(standing, ref):
    if ref not in standing:
        raise WrongReasonError(f"{ref} is no agreement that stands between the two")
    return standing[ref]


def _require(holds, words):
    if not holds:
        raise WrongReasonError(words)
