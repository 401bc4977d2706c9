"""Random worlds: members, agreements with every feature, records of every kind under every sort of label, and times.

Small pools of names and of numbers at and around each other make cases meet: a clause about an object that is there,
a label that expires at this very second, a sigma that is the floor.
"""

from dataclasses import dataclass

from hypothesis import strategies as st
from msgspec.structs import replace
from test_decide import a_track, an_element_set, an_observation
from test_form import a_warning

from commonsky.domain import (
    WITHHOLDABLE,
    Agreement,
    Clause,
    Component,
    Declassification,
    Effect,
    IdentityClaim,
    Label,
    Mode,
    Record,
    RecordKind,
    Regime,
    Region,
    Sensor,
    Site,
)
from commonsky.sharing import Facets

GIVER = "AUR"
MEMBERS = ("AUR", "BOR", "CAL", "DOR")
READERS = ("BOR", "CAL", "EST")
TIMES = (400.0, 900.0, 1000.0, 1100.0, 1500.0)
PURPOSES = ("space-safety", "exercise")
OBJECTS = ("AUR-T-000001", "5", "2000-001A", "OBJ-7", "25544", "1", "2")
SENSORS = ("AUR-RADAR", "CAL-SCOPE", "AUR-SECRET")
SIGMAS_M = (0.0, 10.0, 50.0, 100.0)
REGIONS = (
    Region(south_deg=-10.0, north_deg=90.0, west_deg=-180.0, east_deg=180.0),
    Region(south_deg=-90.0, north_deg=60.0, west_deg=100.0, east_deg=-100.0),
)


@dataclass(frozen=True)
class World:
    """What one giver decides by: ``given`` and ``held`` agreements, and records with what is known of them."""

    given: tuple[Agreement, ...]
    held: tuple[Agreement, ...]
    facets: tuple[Facets, ...]


def _contents():
    """Records of every kind, some of which tell little, and some that are broken."""
    site = Site(id="S", latitude_deg=70.0, longitude_deg=120.0, height_m=0.0)
    tracks = [
        a_track(sigma_m=sigma_m, radius_m=radius_m)
        for sigma_m in (0.0, 10.0, 50.0, 1e4)
        for radius_m in (7e6, 2e7, 42_164_000.0)
    ]
    first = tracks[0].content
    nowhere = replace(first, position_m=(0.0, 0.0, 0.0), velocity_m_s=(0.0, 0.0, 0.0))
    no_variance = replace(first, covariance=(-1.0, *first.covariance[1:]))
    untold = replace(first, first_observation_tai_s=None, last_observation_tai_s=None, epoch_tai_s=1000.0)
    return [
        *(track.content for track in tracks),
        nowhere,
        no_variance,
        untold,
        an_element_set(epoch_tai_s=950.0).content,
        an_element_set(eccentricity=0.7, mean_motion_rev_day=2.0, epoch_tai_s=1100.0).content,
        an_element_set(eccentricity=0.9, mean_motion_rev_day=16.0).content,
        an_observation().content,
        an_observation(target=None).content,
        a_warning(0.1).content,
        a_warning(100.0).content,
        replace(a_warning(1.0).content, covariance_rtn_m2=None),
        Sensor(id="AUR-RADAR", owner="AUR", site=site),
        IdentityClaim(track_id="AUR-T-000001", designator="25544", confidence=0.9, basis="test"),
    ]


CONTENTS = _contents()


def _some(names, **how):
    return st.frozensets(st.sampled_from(names), **how)


@st.composite
def _seldom(draw, values, else_value=None):
    """Mostly ``else_value``: of many restrictions few are made, or nothing would ever be released."""
    return draw(values) if draw(st.integers(0, 4)) == 4 else else_value


EVERY_KIND = frozenset(RecordKind)
_kinds = _seldom(_some(tuple(RecordKind), min_size=1), EVERY_KIND)


@st.composite
def clauses(draw, number):
    """One clause with any restrictions that it may have."""
    kinds = draw(_kinds)
    terms = {
        "objects": draw(_seldom(_some(OBJECTS, max_size=3))),
        "owners": draw(_seldom(_some(MEMBERS))),
        "sensors": draw(_seldom(_some(SENSORS))),
        "regimes": draw(_seldom(_some(tuple(Regime)))),
        "region": draw(_seldom(st.sampled_from(REGIONS))),
    }
    if draw(_seldom(st.just(True))):
        return Clause(id=f"w{number}", kinds=kinds, effect=Effect.WITHHOLD, **terms)
    fields = sorted(frozenset().union(*(WITHHOLDABLE[kind] for kind in kinds)))
    return Clause(
        id=f"c{number}",
        kinds=kinds,
        classification_ceiling=draw(_seldom(st.integers(0, 2))),
        precision_floor_m=draw(_seldom(st.sampled_from(SIGMAS_M), 0.0)),
        delay_s=draw(_seldom(st.sampled_from((50.0, 100.0, 500.0)), 0.0)),
        withheld_fields=draw(_seldom(_some(fields), frozenset())) if fields else frozenset(),
        **terms,
    )


@st.composite
def declassifications(draw, number):
    """One rule by which an originator opens its part."""
    return Declassification(
        id=f"d{number}",
        kinds=draw(_kinds),
        readers=draw(_some(READERS, min_size=1)),
        least_originators=draw(st.integers(2, 3)),
        greatest_share=draw(st.sampled_from((0.5, 0.6, 1.0))),
        precision_floor_m=draw(st.sampled_from(SIGMAS_M)),
        observation_times=draw(st.booleans()),
    )


@st.composite
def agreements(draw, number, giver, readers):
    """One agreement; most are in their term at most times."""
    begins_tai_s = draw(_seldom(st.sampled_from(TIMES[:-1]), 0.0))
    ends = [time for time in TIMES if time > begins_tai_s]
    return Agreement(
        id=f"{giver}-{number}",
        version=draw(st.integers(1, 2)),
        title="t",
        giver=giver,
        readers=draw(readers),
        purpose=draw(_seldom(st.just(PURPOSES[1]), PURPOSES[0])),
        mode=draw(_seldom(st.just(Mode.REAL), Mode.EXERCISE)),
        begins_tai_s=begins_tai_s,
        ends_tai_s=draw(_seldom(st.sampled_from(ends), 9000.0)),
        onward=draw(st.booleans()),
        clauses=tuple(draw(clauses(k)) for k in range(draw(st.integers(0, 3)))),
        declassifications=tuple(draw(declassifications(k)) for k in range(draw(st.integers(0, 2)))),
    )


components = st.builds(
    Component,
    readers=_seldom(_some(READERS)),
    purposes=_seldom(_some(PURPOSES)),
    classification=_seldom(st.integers(1, 2), 0),
    expires_tai_s=_seldom(st.sampled_from(TIMES)),
    onward=_seldom(st.just(False), True),
    precision_floor_m=_seldom(st.sampled_from(SIGMAS_M), 0.0),
)
labels = st.dictionaries(st.sampled_from(MEMBERS), components, min_size=1, max_size=3).map(Label)
shares = st.none() | st.dictionaries(
    st.sampled_from(MEMBERS), st.sampled_from((0.2, 0.5, 0.6, 0.7)), max_size=4
)


@st.composite
def known_records(draw, number):
    """One record, with what the store knows of it."""
    originator = draw(_seldom(st.sampled_from(MEMBERS), GIVER))
    record = Record(
        id=f"r{number}",
        originator=originator,
        mode=draw(_seldom(st.just(Mode.REAL), Mode.EXERCISE)),
        label=draw(st.just(Label({originator: Component()})) | labels),
        content=draw(st.sampled_from(CONTENTS)),
    )
    return Facets(
        record,
        designators=draw(st.just(()) | _some(OBJECTS, max_size=2)),
        alleged=draw(st.just(()) | _some(OBJECTS, max_size=2)),
        sensors=draw(st.just(()) | _some(SENSORS)),
        shares=draw(shares),
    )


@st.composite
def worlds(draw, most_records=12):
    """Agreements by which the giver gives, those under which it reads, and records."""
    given = [
        draw(
            agreements(
                k,
                draw(_seldom(st.just("CAL"), GIVER)),
                st.just(frozenset(READERS)) | _some(READERS, min_size=1),
            )
        )
        for k in range(draw(st.integers(1, 4)))
    ]
    held = [
        draw(agreements(k, giver, st.just(frozenset({GIVER})) | _some(MEMBERS, min_size=1)))
        for k, giver in enumerate(draw(st.lists(st.sampled_from(("BOR", "CAL", "DOR")), max_size=2)))
    ]
    records = [draw(known_records(k)) for k in range(draw(st.integers(1, most_records)))]
    return World(tuple(given), tuple(held), tuple(records))
