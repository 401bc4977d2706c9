"""Adversarial tests, group E: what was made of a partner's data tells of it, and so goes no further than it."""

import pytest
from msgspec.structs import replace
from simulation import records
from simulation.model import Rule, Terms
from simulation.stage import stage
from simulation.world import BEGIN_TAI_S, MODE

from commonsky.domain import (
    Agreement,
    Clause,
    Component,
    Declassification,
    Label,
    RecordKind,
    derived,
)
from commonsky.formats.canonical import decode, encode
from commonsky.sharing import Facets, decide

OPEN, NOT_TO_POL = Terms(), Terms(readers=frozenset({"NOR", "GBR"}))
ONWARD = {"onward": True}


@pytest.fixture
def scene(tmp_path):
    """GBR and FRA give NOR what they see; NOR gives GBR and POL what it makes of it."""
    with stage(tmp_path, "NOR", "GBR", "FRA", "POL") as made:
        made.agree("GBR", "NOR")
        made.agree("FRA", "NOR")
        made.agree("NOR", "GBR", **ONWARD)
        made.agree("NOR", "POL", **ONWARD)
        yield made


def sources(scene, of_fra=OPEN):
    """An observation of each of three members, as NOR holds them."""
    made = [scene.make("NOR"), scene.make("GBR"), scene.make("FRA", of_fra)]
    for giver in ("GBR", "FRA"):
        scene.pull("NOR", giver)
    return made


def test_e_orbit_of_three_goes_where_all_three_let_it(scene):
    track = scene.derive("NOR", *sources(scene))
    scene.pull("POL", "NOR")
    assert track.id in scene.held("POL")


@pytest.mark.parametrize("make", [records.track, records.warning], ids=["track", "warning"])
def test_e_orbit_from_a_b_and_c_stays_from_d_when_c_forbids(scene, make):
    made = scene.derive("NOR", *sources(scene, NOT_TO_POL), make=make)
    assert scene.decision("NOR", made, "POL") == (
        False,
        "NOR-POL@1 FRA's label does not name POL as a reader",
    )
    scene.pull("POL", "NOR")
    assert made.id not in scene.held("POL")
    scene.pull("GBR", "NOR")
    assert made.id in scene.held("GBR")


def test_e_a_claim_made_of_forbidden_data_stays_too(scene):
    """A name for a track tells that the object was seen, and by whom."""
    for _ in range(12):
        scene.derive("NOR", *sources(scene, NOT_TO_POL))
    scene.pull("POL", "NOR")
    rows = scene.life("POL").query("SELECT body FROM records WHERE source = 'NOR'")
    assert all(set(decode(body).label.components) != {"NOR", "GBR", "FRA"} for (body,) in rows)
    claims = scene.life("NOR").query(
        "SELECT count(*) FROM records WHERE kind = 'identity_claim' AND source = ''"
    )
    assert claims[0][0] > 0


def test_e_derived_of_derived_keeps_every_originator(scene):
    """However many steps away: the forbidden observation is still behind it."""
    first = scene.derive("NOR", *sources(scene, NOT_TO_POL))
    second = scene.derive("NOR", first, scene.make("NOR"))
    third = scene.derive("NOR", second, scene.make("NOR"), make=records.warning)
    assert set(third.label.components) == {"NOR", "GBR", "FRA"}
    scene.pull("POL", "NOR")
    assert not {first.id, second.id, third.id} & scene.held("POL")


def test_e_and_over_two_members(scene):
    """GBR derives of what NOR derived of FRA's: FRA's word still counts at GBR."""
    scene.agree("GBR", "POL", **ONWARD)
    seen = scene.make("FRA", NOT_TO_POL)
    scene.pull("NOR", "FRA")
    first = scene.derive("NOR", seen, scene.make("NOR"))
    scene.pull("GBR", "NOR")
    held = decode(scene.life("GBR").query("SELECT body FROM records WHERE id = ?", first.id)[0][0])
    second = scene.derive("GBR", held, scene.make("GBR"))
    assert scene.decision("GBR", second, "POL") == (
        False,
        "GBR-POL@1 FRA's label does not name POL as a reader",
    )


def test_e_lineage_does_not_go_out(scene):
    """The ids of the sources would tell which sensors saw an object, when and how often."""
    track = scene.derive("NOR", *sources(scene))
    scene.pull("POL", "NOR")
    (body,) = scene.life("POL").query("SELECT body FROM records WHERE id = ?", track.id)[0]
    assert decode(body).inputs == ()
    assert b"obs:" not in body


def test_e_sensors_behind_are_not_guessed(scene):
    """A clause for one sensor lets out nothing that may rest on another: a partner's track does not tell."""
    scene.agree("GBR", "NOR", version=2, **ONWARD)
    own = [scene.make("NOR") for _ in range(6)]
    one = next(record for record in own if record.content.sensor == "NOR-RADAR-1")
    theirs = scene.derive("GBR", scene.make("GBR"), scene.make("GBR"))
    scene.pull("NOR", "GBR")
    held = decode(scene.life("NOR").query("SELECT body FROM records WHERE id = ?", theirs.id)[0][0])
    only = Rule(id="one", kinds=frozenset({"track"}), sensors=frozenset({"NOR-RADAR-1"}))
    scene.agree("NOR", "POL", version=2, rules=(only,), **ONWARD)
    mixed, pure = scene.derive("NOR", one, held), scene.derive("NOR", one, one)
    assert not scene.decision("NOR", mixed, "POL")[0]
    assert scene.decision("NOR", pure, "POL")[0]


def test_e_difference_of_two_products(scene):
    """Of a track with FRA's data and one without, POL gets the one without: there is nothing to compare it with."""
    own, gbr, fra = sources(scene, NOT_TO_POL)
    with_it, without = scene.derive("NOR", own, gbr, fra), scene.derive("NOR", own, gbr)
    scene.pull("POL", "NOR")
    assert without.id in scene.held("POL")
    assert with_it.id not in scene.held("POL")


def test_e_conjunction_message_reveals_no_hidden_primary(scene):
    """A warning of a shown object and a hidden one is as closed as the hidden one."""
    shown, hidden = scene.make("NOR"), scene.make("NOR", Terms(readers=frozenset({"GBR"})))
    warning = scene.derive("NOR", shown, hidden, make=records.warning)
    scene.pull("POL", "NOR")
    assert scene.held("POL") == {shown.id}
    scene.pull("GBR", "NOR")
    assert warning.id in scene.held("GBR")


def test_e_no_result_and_not_allowed_look_alike(scene):
    """Who is refused everything sees the same as who asks for what is not there: the same bytes from the feed."""
    scene.agree("NOR", "GBR", version=2, rules=(Rule(id="none", kinds=frozenset({"sensor"})),), **ONWARD)
    cursor = scene.life("GBR").store.cursor("NOR")
    before = scene.life("NOR").store.feed_after("GBR", cursor.seq, 100, gen=cursor.gen)
    scene.make("NOR", Terms(readers=frozenset()))
    after = scene.life("NOR").store.feed_after("GBR", cursor.seq, 100, gen=cursor.gen)
    assert after == before


# -- statistics over few: the originators' own signed rules

RULE = Declassification(
    id="group",
    kinds=frozenset({RecordKind.TRACK}),
    readers=frozenset({"POL"}),
    least_originators=3,
    greatest_share=0.6,
)


def gives(giver, *readers, **fields):
    terms = {
        "id": f"{giver}-gives",
        "version": 1,
        "title": "t",
        "giver": giver,
        "readers": frozenset(readers),
        "purpose": "safety",
        "mode": MODE,
        "begins_tai_s": BEGIN_TAI_S - 1.0,
        "ends_tai_s": BEGIN_TAI_S + 1e6,
        "clauses": (Clause(id="all", kinds=frozenset(RecordKind)),),
    }
    return Agreement(**(terms | fields))


@pytest.mark.parametrize(
    ("shares", "released"),
    [
        ({"FRA": 1.0}, False),
        ({"NOR": 0.5, "FRA": 0.5}, False),
        ({"NOR": 0.3, "FRA": 0.3, "GBR": 0.4}, True),
        ({"NOR": 0.1, "FRA": 0.7, "GBR": 0.2}, False),
        (None, False),
    ],
    ids=["one", "two", "three", "one of three gave most", "nobody knows"],
)
def test_e_statistic_over_one_object_is_that_object(scene, shares, released):
    """FRA lets its part go on in what many contributed to; what it contributed to alone is its own data."""
    made = scene.derive("NOR", *sources(scene, NOT_TO_POL))
    closed, open_one = Component(readers=frozenset({"NOR"})), Component()
    label = Label({"NOR": open_one, "GBR": open_one, "FRA": closed})
    facets = Facets(replace(made, label=label), shares=shares)
    decision = decide(
        facets,
        "POL",
        [gives("NOR", "POL", onward=True)],
        giver="NOR",
        now_tai_s=BEGIN_TAI_S,
        held=[gives("FRA", "NOR", declassifications=(RULE,))],
    )
    assert decision.allowed == released


def test_e_a_record_cannot_be_made_without_its_lineage(scene):
    with pytest.raises(ValueError, match="source"):
        derived("x", originator="NOR", content=scene.make("NOR").content, sources=[])
    assert encode(scene.make("NOR"))
