"""Cedar leaves out a policy that fails: nothing may be released by what it leaves out."""

import math

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_decide import NOW, a_track, an_agreement, clause
from test_form import THREE, given_by_cal, joint_track, rule

from commonsky.domain import Component, Effect, Label, RecordKind, Regime, Region
from commonsky.sharing import Facets, decide
from commonsky.sharing.cedar import ordinal, quoted
from commonsky.sharing.referee import PolicyError, Referee

EVERYWHERE = Region(south_deg=-90.0, north_deg=90.0, west_deg=-180.0, east_deg=180.0)
STRICT = clause(
    objects=frozenset({"AUR-T-000001"}),
    owners=frozenset({"AUR", "CAL"}),
    sensors=frozenset({"AUR-RADAR"}),
    regimes=frozenset({Regime.GEO}),
    region=EVERYWHERE,
    classification_ceiling=1,
    delay_s=10.0,
)
WITHHELD = clause(
    id="w",
    effect=Effect.WITHHOLD,
    objects=frozenset({"secret"}),
    sensors=frozenset({"AUR-SECRET"}),
    regimes=frozenset({Regime.LEO}),
)
COARSE = clause(id="coarse", precision_floor_m=10.0)


def a_foreign_track():
    """A track whose every side is asked about: Cedar is told all of its attributes, and needs them all."""
    parts = {"CAL": Component(readers=frozenset({"BOR"}), precision_floor_m=1.0), "AUR": Component()}
    record = replace(a_track(label=Label(parts)), originator="CAL")
    return Facets(record, sensors=["AUR-RADAR"], alleged=["x"], shares={"CAL": 1.0})


def permits(referee, attributes, now=NOW):
    return bool(referee.permitted({0: attributes}, "BOR", now_tai_s=now))


def each_attribute(attributes, path=()):
    """The path of every attribute, at every depth."""
    for name, value in attributes.items():
        yield (*path, name)
        if isinstance(value, dict) and "__entity" not in value:
            yield from each_attribute(value, (*path, name))


def without(attributes, path):
    name, *rest = path
    kept = {key: value for key, value in attributes.items() if key != name}
    return kept | {name: without(attributes[name], rest)} if rest else kept


def test_a_record_without_one_of_its_attributes_is_refused():
    floor = clause(precision_floor_m=10.0)
    strict = replace(STRICT, precision_floor_m=floor.precision_floor_m)
    opening = given_by_cal(rule(least_originators=2, greatest_share=1.0, kinds=frozenset(RecordKind)))
    referee = Referee(
        [an_agreement(strict, onward=True), an_agreement(WITHHELD, id="w")],
        giver="AUR",
        members=["AUR", "BOR", "CAL"],
        held=[opening],
    )
    closed = Label({"AUR": Component(), "CAL": Component(readers=frozenset(), precision_floor_m=1.0)})
    record = replace(a_foreign_track().record, label=closed)
    whole = referee.attributes(Facets(record, sensors=["AUR-RADAR"], shares={"AUR": 0.5, "CAL": 0.5}))
    assert permits(referee, whole)
    paths = list(each_attribute(whole))
    assert len(paths) > 25
    assert [path for path in paths if permits(referee, without(whole, path))] == []


def test_cedar_itself_releases_where_a_forbid_fails_and_the_referee_does_not():
    referee = Referee([an_agreement(clause(), WITHHELD)], giver="AUR", members=["AUR"])
    withheld = referee.attributes(Facets(a_track(radius_m=7e6), alleged=["secret"], sensors=["AUR-SECRET"]))
    assert not permits(referee, withheld)
    stripped = without(withheld, ("alleged",))
    record = {"type": "Record", "id": "0"}
    answer = cedarpy.is_authorized(
        {
            "principal": {"type": "Member", "id": "BOR"},
            "action": {"type": "Action", "id": "read"},
            "resource": record,
            "context": {"now": ordinal(NOW)},
        },
        referee.policies,
        [{"uid": record, "attrs": stripped, "parents": []}],
    )
    assert answer.decision is cedarpy.Decision.Allow
    assert answer.diagnostics.errors
    assert not permits(referee, stripped)


def test_a_part_of_an_originator_that_the_referee_does_not_know_refuses():
    label = Label({"AUR": Component(), "ZZZ": Component()})
    known = Referee([an_agreement(onward=True)], giver="AUR", members=["AUR", "ZZZ"])
    unknown = Referee([an_agreement(onward=True)], giver="AUR", members=["AUR"])
    facets = Facets(a_track(label=label))
    assert known.allowed([facets], "BOR", now_tai_s=NOW) == [True]
    assert unknown.allowed([facets], "BOR", now_tai_s=NOW) == [False]


def test_what_a_record_cannot_tell_is_refused():
    class Broken(Facets):
        @property
        def regime(self):
            raise RuntimeError("no regime today")

    referee = Referee([an_agreement(clause(regimes=frozenset({Regime.GEO})))], giver="AUR", members=["AUR"])
    assert referee.allowed([Broken(a_track()), Facets(a_track())], "BOR", now_tai_s=NOW) == [False, True]


def test_an_originators_rule_opens_its_part_to_cedar_too():
    ours = an_agreement(onward=True)
    facets = Facets(joint_track(), shares=THREE)
    for held, allowed in ([], False), ([given_by_cal(rule())], True):
        referee = Referee([ours], giver="AUR", members=["AUR", "CAL", "DOR"], held=held)
        assert referee.allowed([facets], "BOR", now_tai_s=NOW) == [allowed]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_name_is_a_name_whatever_is_in_it(name):
    terms = an_agreement(clause(objects=frozenset({name})), purpose=name, id=name)
    referee = Referee([terms], giver="AUR", members=["AUR", name])
    for facets in Facets(a_track(), designators=[name]), Facets(a_track()):
        made = decide(facets, "BOR", [terms], giver="AUR", now_tai_s=NOW)
        assert referee.allowed([facets], "BOR", now_tai_s=NOW) == [made.allowed]


def test_a_name_that_would_end_its_quotes_does_not():
    assert quoted('a"] || true //') == '"a\\"] || true //"'


def test_a_large_operation_can_be_judged():
    names = [f"M{number:02d}" for number in range(60)]
    label = Label({name: Component() for name in ("AUR", *names)})
    referee = Referee([an_agreement(onward=True)], giver="AUR", members=names)
    assert referee.allowed([Facets(a_track(label=label))], "BOR", now_tai_s=NOW) == [True]


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_ordinals_stand_in_the_order_of_the_numbers(a, b):
    assert (ordinal(a) < ordinal(b)) == (a < b)
    assert (ordinal(a) == ordinal(b)) == (a == b)


def test_what_is_no_number_has_no_ordinal():
    with pytest.raises(ValueError, match="no place"):
        ordinal(math.nan)


def test_agreements_that_cedar_cannot_read_are_told(monkeypatch):
    monkeypatch.setattr(
        "commonsky.sharing.referee.policies",
        lambda *_, **__: "permit(principal, action, resource) when { resource.gone };",
    )
    with pytest.raises(PolicyError, match="gone"):
        Referee([an_agreement()], giver="AUR", members=["AUR"])
