"""Agreements in TOML: readable, diffable, and no slip of the pen passes for a wider release."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain import (
    Agreement,
    Clause,
    Declassification,
    Effect,
    Mode,
    RecordKind,
    Regime,
    Region,
    SafetyOfFlight,
)
from commonsky.formats.agreement_toml import agreement_faults, read_agreement, write_agreement
from commonsky.formats.errors import FormatError

TEXT = """\
id = "AUR-BOR-1"
version = 2
title = "Low orbit awareness"
giver = "AUR"
readers = [
    "BOR",
    "CYG",
]
purpose = "safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00Z"
until_utc = "2027-01-01T00:00:00Z"
onward = true

[[clause]]
id = "tracks"
effect = "release"
kinds = [
    "observation",
    "track",
]
regimes = [
    "LEO",
]
delay_s = 3600.0

[clause.region]
south_deg = -10.0
north_deg = 10.0
west_deg = 170.0
east_deg = -170.0

[[clause]]
id = "not-ours"
effect = "withhold"
kinds = [
    "track",
]
objects = [
    "25544",
]
"""


def read(text):
    return read_agreement(text.encode(), source="agreement.toml")


def test_a_document_is_read_as_it_is_meant():
    agreement = read(TEXT)
    assert agreement.readers == {"BOR", "CYG"}
    assert agreement.ends_tai_s - agreement.begins_tai_s == 365 * 86400
    first, second = agreement.clauses
    assert first.effect is Effect.RELEASE
    assert first.kinds == {RecordKind.TRACK, RecordKind.OBSERVATION}
    assert first.region == Region(south_deg=-10, north_deg=10, west_deg=170, east_deg=-170)
    assert (second.effect, second.objects, second.delay_s) == (Effect.WITHHOLD, {"25544"}, 0.0)


def test_writing_gives_the_same_text_every_time():
    assert write_agreement(read(TEXT)) == TEXT


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
sets = st.none() | st.frozensets(words, max_size=3)
names = st.text(st.sampled_from("ABDEF_-2.xyz"), min_size=1, max_size=8).map(lambda rest: f"M{rest}")
members = st.lists(names, min_size=2, max_size=4, unique_by=str.lower)
finite = st.floats(0, 1e12)


@st.composite
def agreements(draw):
    latitudes = sorted(draw(st.tuples(st.floats(-90, 90), st.floats(-90, 90))))
    longitudes = draw(st.tuples(st.floats(-180, 180), st.floats(-180, 180)))
    region = Region(
        south_deg=latitudes[0], north_deg=latitudes[1], west_deg=longitudes[0], east_deg=longitudes[1]
    )
    every_clause = partial(
        st.builds,
        Clause,
        id=words,
        kinds=st.frozensets(st.sampled_from(RecordKind), min_size=1),
        objects=sets,
        owners=sets,
        sensors=sets,
        regimes=st.none() | st.frozensets(st.sampled_from(Regime)),
        region=st.sampled_from([None, region]),
    )
    clause = every_clause(effect=st.just(Effect.WITHHOLD)) | every_clause(
        effect=st.just(Effect.RELEASE),
        classification_ceiling=st.none() | st.integers(0, 9),
        precision_floor_m=finite,
        delay_s=finite,
    )
    giver, *readers = draw(members)
    rule = st.builds(
        Declassification,
        id=words,
        kinds=st.frozensets(st.sampled_from(RecordKind), min_size=1),
        readers=st.just(frozenset(readers)),
        least_originators=st.integers(2, 9),
        greatest_share=st.floats(0.01, 1.0),
        precision_floor_m=finite,
    )
    return Agreement(
        id=draw(names),
        version=draw(st.integers(1, 2**40)),
        title=draw(words),
        giver=giver,
        readers=frozenset(readers),
        purpose=draw(words),
        mode=draw(st.sampled_from(Mode)),
        begins_tai_s=draw(st.floats(10, 1e9)),
        ends_tai_s=draw(st.floats(1.1e9, 2e9)),
        onward=draw(st.booleans()),
        lease_s=draw(st.none() | st.floats(1.0, 1e9)),
        safety_of_flight=draw(st.none() | st.builds(SafetyOfFlight, questions_per_day=st.integers(1, 99))),
        explanations_per_day=draw(st.integers(0, 99)),
        clauses=tuple(draw(st.lists(clause, max_size=3, unique_by=lambda one: one.id))),
        declassifications=tuple(draw(st.lists(rule, max_size=2, unique_by=lambda one: one.id))),
    )


@given(agreements())
def test_every_agreement_survives_being_written_and_read(agreement):
    assert read(write_agreement(agreement)) == agreement


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("readers = [", "reader = [", "reader: is not known here; allowed are id, version"),
        ("delay_s = ", "delays = ", "clause 1 (tracks), delays: is not known here; allowed are id, kinds"),
        ("south_deg", "southern", "line 28, clause 1 (tracks), region, southern: is not known"),
        ("version = 2\n", "", "version: is missing"),
        ('from_utc = "2026-01-01T00:00:00Z"\n', "", "from_utc: is missing"),
        ('from_utc = "2026-01-01T00:00:00Z"', "from_utc = 2026-01-01", "line 11, from_utc: must be text"),
        ("2026-01-01", "2026-02-30", "from_utc: '2026-02-30T00:00:00Z' is not a date"),
        ("2026-01-01", "2028-01-01", "agreement AUR-BOR-1 ends before it begins"),
        ('"CYG"', '"ВOR"', "readers: member id 'ВOR' is not of letters, digits"),  # noqa: RUF001  # that is the point
        ('"CYG"', '"bor"', "BOR and bor look alike"),
        ('"CYG"', '"B0R"', "B0R and BOR look alike"),
        ('"CYG"', '"AUR"', "readers: names the giver, AUR"),
        ('"AUR-BOR-1"', '"../AUR"', "id: '../AUR' is not of letters, digits"),
        ("version = 2", "version = 0", "version: counts from 1"),
        ("version = 2", "version = 2.5", "version: Expected `int`, got `float`"),
        (
            '"track",\n]\nobjects',
            "]\nobjects",
            "line 33, clause 2 (not-ours): clause not-ours names no kind",
        ),
        (
            '    "track",\n]\nregimes',
            '    "trak",\n]\nregimes',
            "line 18, clause 1 (tracks), kinds: Invalid enum value 'trak'",
        ),
        ('    "CYG",', '    "BOR",', "readers: names something twice"),
        ('    "observation",', '    "track",', "clause 1 (tracks), kinds: names something twice"),
        ("delay_s = 3600.0", "delay_s = nan", "clause 1 (tracks), delay_s: nan is not a finite number"),
        ("delay_s = 3600.0", "delay_s = -1.0", "cannot be negative"),
        ("north_deg = 10.0", "north_deg = inf", "north_deg: inf is not a finite number"),
        ("north_deg = 10.0", "north_deg = -80.0", "a region needs -90 <= south_deg"),
        ('id = "not-ours"', 'id = "tracks"', "two clauses with the same id"),
        ("version = 2", "version = 2\nversion = 3", "line 3: is not TOML"),
        ("version = 2", "version = ", "line 2: is not TOML"),
        ("[clause.region]", "[region]", "region: is not known here"),
        ("onward = true", "lease_s = 0.0", "lease_s must be above zero"),
        ("onward = true", "lease = 60.0", "lease: is not known here"),
        (
            "onward = true",
            "safety_of_flight = { questions = 1 }",
            "safety_of_flight, questions: is not known",
        ),
        (
            "delay_s = 3600.0",
            'withheld_fields = ["positions"]',
            "positions cannot be left out of observation, track",
        ),
        (
            "[[clause]]",
            '[[declassify]]\nid = "x"\nreader = ["BOR"]\n[[clause]]',
            "declassify 1 (x), reader: is not",
        ),
    ],
)
def test_every_slip_is_named_with_its_field(old, new, said):
    assert old in TEXT
    with pytest.raises(FormatError) as refused:
        read(TEXT.replace(old, new, 1))
    assert str(refused.value).startswith("agreement.toml: ")
    assert said in str(refused.value)


def test_every_fault_of_a_document_is_told_and_not_the_first_alone():
    text = TEXT.replace("version = 2", "version = 0.5").replace("LEO", "LOW").replace("north_deg", "northern")
    text = text.replace('effect = "withhold"', 'effect = "hold"')
    found = agreement_faults(text.encode(), source="a.toml")
    assert [(one.line, one.field) for one in found] == [
        (2, "version"),
        (22, "clause 1 (tracks), regimes"),
        (29, "clause 1 (tracks), region, northern"),
        (27, "clause 1 (tracks), region, north_deg"),
        (35, "clause 2 (not-ours), effect"),
    ]
    assert agreement_faults(TEXT.encode(), source="a.toml") == []
    assert len(agreement_faults(b"id = ", source="a.toml")) == 1


@pytest.mark.parametrize("clause", ['clause = "x"', "clause = [1]", "clause = {}"])
def test_clauses_must_be_tables(clause):
    with pytest.raises(FormatError, match=r"clause: must be tables"):
        read(TEXT.split("[[clause]]", maxsplit=1)[0] + clause)


@given(st.binary(max_size=100))
def test_any_bytes_are_an_agreement_or_a_format_error(data):
    for document in (data, TEXT.encode() + data):
        try:
            read_agreement(document, source="a")
        except FormatError as error:
            assert error.source == "a"  # noqa: PT017  # some of these documents are good


def test_deep_nesting_is_an_error_and_no_crash():
    with pytest.raises(FormatError, match="is not TOML"):
        read("a = " + "[" * 100_000)
