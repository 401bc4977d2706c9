"""Adversarial tests, group A: a partner alters the label of what it passes on, or spells it to be misread.

GBR holds a record of FRA whose label FRA wrote, and gives NOR what it makes of it, signed with GBR's true key.
"""

import json

import pytest
from msgspec.structs import replace
from simulation.model import Terms
from simulation.stage import EVERYTHING, stage

from commonsky.domain import Component, Label
from commonsky.formats.canonical import decode, encode
from commonsky.formats.errors import FormatError

SECRET = Terms(readers=frozenset({"GBR", "NOR"}), level=2, onward=True)


@pytest.fixture
def scene(tmp_path):
    with stage(tmp_path, "NOR", "GBR", "FRA", "POL", hostile="GBR") as made:
        made.agree("FRA", "GBR")
        made.agree("GBR", "NOR", onward=True)
        yield made


def arrives(scene, altered):
    """Give NOR a record from GBR; whether it kept it, and why not."""
    body = altered if isinstance(altered, bytes) else encode(altered)
    mind = scene.mind("NOR")
    came = scene.give(
        "NOR", "GBR", [mind._next(scene.life("NOR").store.cursor("GBR"), lines=mind._sent(body))]
    )
    return came.records == 1, scene.apart("NOR")


def passed_on(scene, terms=SECRET):
    """A record of FRA that GBR rightly holds."""
    record = scene.make("FRA", terms)
    scene.pull("GBR", "FRA")
    assert record.id in scene.held("GBR")
    return record


def test_a_the_record_as_its_originator_wrote_it_is_kept(scene):
    assert arrives(scene, passed_on(scene))[0]


def test_a_strip(scene):
    """Without the originator's part there is nobody who let it go on."""
    kept, apart = arrives(scene, replace(passed_on(scene), label=Label({"GBR": Component()})))
    assert not kept
    assert "FRA has no part in its label" in apart["label_forbids"]


def test_a_no_label_at_all(scene):
    plain = json.loads(encode(passed_on(scene)))
    plain["label"]["components"] = {}
    kept, apart = arrives(scene, json.dumps(plain, separators=(",", ":"), sort_keys=True).encode())
    assert not kept
    assert "malformed" in apart


@pytest.mark.parametrize(
    "loosened",
    [Terms(readers=SECRET.readers, level=0, onward=True), Terms(readers=None, level=2), Terms()],
    ids=["downgrade", "widen", "both"],
)
@pytest.mark.parametrize("altered_first", [False, True])
def test_a_downgrade_and_widen_rel_to(scene, loosened, altered_first):
    """The label that the originator itself gave decides, whatever a third member made of it on its way."""
    from simulation.world import component

    scene.agree("FRA", "NOR")
    scene.agree("NOR", "POL", onward=True)
    record = passed_on(scene)
    altered = replace(record, label=Label({"FRA": component(loosened)}))
    if altered_first:
        assert arrives(scene, altered)[0]
        scene.pull("NOR", "FRA")
    else:
        scene.pull("NOR", "FRA")
        arrives(scene, altered)
    scene.share("NOR")
    scene.pull("POL", "NOR")
    assert record.id not in scene.held("POL")


def test_a_swap_between_records(scene):
    """A label of another record is the originator's word on that one, and not on this one."""
    scene.agree("FRA", "NOR")
    scene.agree("NOR", "POL", onward=True)
    closed, open_one = passed_on(scene), passed_on(scene, Terms())
    scene.pull("NOR", "FRA")
    arrives(scene, replace(closed, label=open_one.label))
    scene.share("NOR")
    scene.pull("POL", "NOR")
    assert scene.held("POL") == {open_one.id}


@pytest.mark.parametrize(
    ("word", "twice"),
    [
        ('"readers":["GBR","NOR"]', '"readers":["GBR","NOR"],"readers":null'),
        ('"onward":true', '"onward":false,"onward":true'),
        ('"FRA":{', '"FRA":{"caveats":[]},"FRA":{'),
        ('"mode":"EXERCISE"', '"mode":"REAL","mode":"EXERCISE"'),
    ],
)
def test_a_duplicate_keys_in_json(scene, word, twice):
    body = encode(passed_on(scene)).decode()
    assert body.count(word) == 1
    kept, apart = arrives(scene, body.replace(word, twice).encode())
    assert not kept
    assert "malformed" in apart


@pytest.mark.parametrize("code", ["nor", "NO\u0052\u200b", "N\u041eR", "N0R", "\uff2eOR", "NOR "])
def test_a_look_alike_nation_codes(scene, code):
    """A reader is who is named by the very letters, for the giver's rules and for the receiver's."""
    record = scene.make("FRA", Terms(readers=frozenset({code, "GBR"})))
    scene.agree("FRA", "NOR", id="direct")
    scene.share("FRA")
    assert scene.decision("FRA", record, "NOR") == (
        False,
        "direct@1 FRA's label does not name NOR as a reader",
    )
    scene.pull("GBR", "FRA")
    kept, apart = arrives(scene, record)
    assert not kept
    assert "does not name NOR as a reader" in apart["label_forbids"]


@pytest.mark.parametrize("field", ["caveat", "new_caveat", "handling", "version", "Readers"])
def test_a_unknown_caveat_is_no_label(scene, field):
    """What a later version may add to restrict is not skipped by this one: the record is set apart."""
    plain = json.loads(encode(passed_on(scene)))
    plain["label"]["components"]["FRA"][field] = "NOFORN"
    body = json.dumps(plain, separators=(",", ":"), sort_keys=True).encode()
    with pytest.raises(FormatError):
        decode(body)
    kept, apart = arrives(scene, body)
    assert not kept
    assert "malformed" in apart


@pytest.mark.parametrize("label", [{"version": 2, "components": {}}, {"parts": {"FRA": {}}}, [], None, 1])
def test_a_unknown_label_version_is_no_label(scene, label):
    plain = json.loads(encode(passed_on(scene)))
    plain["label"] = label
    kept, apart = arrives(scene, json.dumps(plain, separators=(",", ":"), sort_keys=True).encode())
    assert not kept
    assert "malformed" in apart


def test_a_caveat_in_words_is_carried_along_and_never_dropped(scene):
    open_label = Label({"FRA": Component(caveats=frozenset({"ORCON"}))})
    record = replace(passed_on(scene), label=open_label)
    scene.give("NOR", "GBR", b"")
    assert arrives(scene, record)[0]
    (body,) = scene.life("NOR").query("SELECT body FROM records WHERE source = 'GBR'")[0]
    assert decode(body).label.caveats == {"ORCON"}
    assert EVERYTHING.kinds
