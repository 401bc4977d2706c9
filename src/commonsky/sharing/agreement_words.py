"""An agreement as sentences: what a release authority reads before signing."""

from collections.abc import Iterator

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Agreement, Clause, Declassification, Effect, Region

_DURATIONS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def agreement_words(agreement: Agreement) -> dict[str, str]:
    """Return the head of an agreement, name by name, in the words of its document."""
    words = {
        "agreement": f"{agreement.reference}: {agreement.title}",
        "gives": agreement.giver,
        "read": _names(agreement.readers),
        "for": f"{agreement.purpose}, {agreement.mode} data",
        "from": utc_from_tai_s(agreement.begins_tai_s, digits=0),
        "until": utc_from_tai_s(agreement.ends_tai_s, digits=0),
        "records of third members": "may go on" if agreement.onward else "never go on",
        "after the last word": "may be used without end"
        if agreement.lease_s is None
        else f"may be used for {duration(agreement.lease_s)}",
    }
    if (safety := agreement.safety_of_flight) is not None:
        words["safety of flight"] = (
            f"answers {safety.questions_per_day} questions a day, {safety.questions_per_object} for one object"
        )
    if agreement.explanations_per_day:
        words["what was let out"] = f"told {agreement.explanations_per_day} times a day to who asks"
    return words


def clause_words(clause: Clause) -> str:
    """Return what a clause does in a sentence."""
    parts = [
        f"{'releases' if clause.effect is Effect.RELEASE else 'withholds'} {_names(clause.kinds)}",
        *_of(clause),
    ]
    return ", ".join(parts)


def rule_words(rule: Declassification) -> str:
    """Return what a rule of declassification opens in a sentence."""
    who = f"at least {rule.least_originators} originators, none with more than {rule.greatest_share:.0%}"
    words = f"opens {_names(rule.kinds)} of {who}, to {_names(rule.readers)}"
    if rule.precision_floor_m > 0.0:
        words += f", no finer than {rule.precision_floor_m:g} m"
    return words + (", with times of observations" if rule.observation_times else "")


def duration(seconds: float) -> str:
    """Return a time span in the largest unit that counts it whole, or as seconds."""
    unit_s, name = next((one for one in _DURATIONS if seconds % one[0] == 0.0), (1.0, "second"))
    count = seconds / unit_s
    return f"{count:,g} {name}{'' if count == 1.0 else 's'}"


def _of(clause: Clause) -> Iterator[str]:
    """The restrictions of a clause, one by one."""
    for name in ("objects", "owners", "sensors", "regimes"):
        allowed = getattr(clause, name)
        if allowed is not None:
            yield f"of the {name} {_names(allowed)}" if allowed else f"of no {name} at all"
    if clause.region is not None:
        yield _region_words(clause.region)
    if clause.classification_ceiling is not None:
        yield f"classified {clause.classification_ceiling} at most"
    if clause.precision_floor_m > 0.0:
        yield f"no finer than {clause.precision_floor_m:,g} m"
    if clause.delay_s > 0.0:
        yield f"{duration(clause.delay_s)} late"
    if clause.withheld_fields:
        yield f"without {_names(clause.withheld_fields)}"


def _region_words(region: Region) -> str:
    latitudes = f"latitude {region.south_deg:g} to {region.north_deg:g}"
    return f"over {latitudes}, longitude {region.west_deg:g} to {region.east_deg:g}"


def _names(names: "frozenset[str]") -> str:
    return ", ".join(sorted(names))
