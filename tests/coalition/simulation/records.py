"""What members make: first-hand records with random terms, and records derived from what they hold."""

import json

from msgspec.structs import replace

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    ConjunctionWarning,
    IdentityClaim,
    Observation,
    ObservationKind,
    Sensor,
    Site,
    Track,
    derived,
)
from commonsky.domain.conjunction import WarnedObject
from commonsky.domain.orbit import ForceModel
from commonsky.formats.canonical import decode, encode, record_id
from commonsky.node.intake import own_record
from simulation.model import ALL, Fact, Terms
from simulation.world import component

OBJECTS = ("25544", "40001", "90001")
PURPOSES = ("safety", "exercise")
MOTION = {"LEO": 15.5, "GEO": 1.0027, "MEO": 2.0056}
REGIME_OF = {"25544": "LEO", "40001": "GEO", "90001": "MEO"}
EQUATOR = (0.0, 0.0)
_FORCES = ForceModel(engine="simulated")


def random_terms(chance, world, own):
    """Mostly open, now and then restricted in each of the ways there are."""
    readers = ALL
    if chance.random() < 0.35:
        readers = frozenset(one for one in world.names if one != own and chance.random() < 0.6)
    return Terms(
        readers=readers,
        purposes=ALL if chance.random() < 0.8 else frozenset({chance.choice(PURPOSES)}),
        level=chance.choice((0, 0, 0, 1, 2)),
        expires=world.now_tai_s + chance.choice((600.0, 7_200.0)) if chance.random() < 0.15 else float("inf"),
        onward=chance.random() < 0.6,
        floor_m=100.0 if chance.random() < 0.05 else 0.0,
    )


def observation(chance, world, life, terms=None):
    """A range that a sensor of the member measured."""
    own = life.member
    target = chance.choice((*OBJECTS, None))
    content = Observation(
        kind=ObservationKind.RANGE,
        epoch_tai_s=world.now_tai_s - chance.choice((0.0, 60.0, 4_000.0)),
        sensor=f"{own}-RADAR-{chance.choice((1, 2))}",
        values=(1e6 + world.number(),),
        sigmas=(10.0,),
        biases=(0.0,),
        target=target,
    )
    return first_hand(
        world,
        life,
        content,
        terms or random_terms(chance, world, own),
        objects=frozenset({target} if target else ()),
        sensors=frozenset({content.sensor}),
        epoch=content.epoch_tai_s,
    )


def sensor(chance, world, life):
    """A sensor of the member: of all records, the one that tells a place."""
    own = life.member
    name = f"{own}-RADAR-{chance.choice((1, 2))}"
    latitude, longitude = chance.choice(((60.0, 10.0), (-30.0, 179.0), (10.0, -179.5)))
    site = Site(id=name, latitude_deg=latitude, longitude_deg=longitude, height_m=float(world.number()))
    return first_hand(
        world,
        life,
        Sensor(id=name, owner=own, site=site, range_sigma_m=10.0),
        random_terms(chance, world, own),
        sensors=frozenset({name}),
        place=(latitude, longitude),
    )


def first_hand(world, life, content, terms, **facets):
    record = own_record(life.node, content, component(terms))
    body = encode(record)
    fact = Fact(
        id=record.id,
        originator=life.member,
        kind=record.kind.value,
        parts=frozenset({(life.member, terms)}),
        body=body,
        sent_body=body,
        **facets,
    )
    world.facts[life.member, record.id] = fact
    return record, fact


def catalogue_file(chance, world, life):
    """A file of element sets as a catalogue provider drops it, and what its records are."""
    sets = [_elements(chance, world) for _ in range(chance.choice((1, 2)))]
    return json.dumps(sets).encode()


def _elements(chance, world):
    number = chance.choice(OBJECTS)
    epoch = world.now_tai_s - chance.choice((0.0, 3_600.0)) - world.number() * 1e-3
    return {
        "OBJECT_NAME": f"OBJECT {number}",
        "OBJECT_ID": "",
        "NORAD_CAT_ID": int(number),
        "CLASSIFICATION_TYPE": "U",
        "EPOCH": utc_from_tai_s(epoch, digits=6).removesuffix("Z"),
        "MEAN_MOTION": MOTION[REGIME_OF[number]],
        "ECCENTRICITY": 0.001,
        "INCLINATION": 0.01,  # over the equator at every time: the model needs no propagator to know the place
        "RA_OF_ASC_NODE": 10.0,
        "ARG_OF_PERICENTER": 20.0,
        "MEAN_ANOMALY": float(world.number() % 360),
        "BSTAR": 0.0,
        "MEAN_MOTION_DOT": 0.0,
        "MEAN_MOTION_DDOT": 0.0,
        "EPHEMERIS_TYPE": 0,
        "ELEMENT_SET_NO": 1,
        "REV_AT_EPOCH": 1,
    }


def learn(world, life):
    """Learn of the element sets that a node has made of files."""
    for (body,) in life.query("SELECT body FROM records WHERE source = '' AND kind = 'element_set'"):
        record = decode(body)
        if (life.member, record.id) in world.facts:
            continue
        number = str(record.content.norad_cat_id)
        world.facts[life.member, record.id] = Fact(
            id=record.id,
            originator=life.member,
            kind="element_set",
            parts=frozenset({(life.member, life.terms)}),
            objects=frozenset({number}),
            epoch=record.content.epoch_tai_s,
            regime=REGIME_OF[number],
            place=EQUATOR,
            body=body,
            sent_body=body,
        )


def derived_record(chance, world, life):
    """Something that a member makes of two or three records that it holds; None when it holds too little."""
    rows = life.query(
        "SELECT body, originator, id FROM records WHERE kind IN ('observation', 'track', 'element_set')"
    )
    known = [(body, world.facts.get((who, name))) for body, who, name in rows]
    usable = [
        (body, fact) for body, fact in known if fact is not None and body in {fact.body, fact.sent_body}
    ]
    if len(usable) < 2:
        return None
    chosen = chance.sample(usable, min(len(usable), chance.choice((2, 2, 3))))
    sources = [decode(body) for body, _ in chosen]
    facts = [fact for _, fact in chosen]
    if chance.random() < 0.7:
        return track(chance, world, life, sources, facts)
    return warning(chance, world, life, sources, facts)


def track(chance, world, life, sources, facts):
    name = f"{life.member}-T-{world.number():06d}"
    sigma_m = chance.choice((5.0, 50.0, 500.0))
    variance = sigma_m**2 / 3.0
    covariance = [0.0] * 21
    covariance[0] = covariance[2] = covariance[5] = variance
    covariance[9] = covariance[14] = covariance[20] = 1e-4
    content = Track(
        track_id=name,
        revision=1,
        epoch_tai_s=world.now_tai_s,
        position_m=(7e6, 0.0, 0.0),
        velocity_m_s=(0.0, 7.5e3, 0.0),
        covariance=tuple(covariance),
        force_model=_FORCES,
        observation_count=len(sources),
        first_observation_tai_s=world.now_tai_s - 100.0,
        last_observation_tai_s=world.now_tai_s,
        weighted_rms=1.0,
    )
    facets = {
        "epoch": world.now_tai_s,
        "sigma_m": content.position_sigma_m,
        "regime": "LEO",
        "place": EQUATOR,
    }
    made = [_made(world, life, content, sources, facts, objects=frozenset({name}), **facets)]
    if chance.random() < 0.4:
        claim = IdentityClaim(
            track_id=name, designator=chance.choice(OBJECTS), confidence=0.5, basis="simulated"
        )
        names = frozenset({name, claim.designator})
        made.append(_made(world, life, claim, sources, facts, objects=names, sigma_m=float("inf")))
    return made


def warning(chance, world, life, sources, facts):
    first, second = chance.sample(OBJECTS, 2)
    content = ConjunctionWarning(
        provider=life.member,
        message=str(world.number()),
        made_tai_s=world.now_tai_s,
        tca_tai_s=world.now_tai_s + 3_600.0,
        object_1=WarnedObject(designator=first),
        object_2=WarnedObject(designator=second),
        miss_distance_m=100.0,
    )
    names = frozenset({first, second})
    return [_made(world, life, content, sources, facts, objects=names, epoch=world.now_tai_s)]


def _made(world, life, content, sources, facts, **facets):
    record = derived(
        record_id(life.member, content), originator=life.member, content=content, sources=sources
    )
    behind = [_sensors_known_to(life.member, fact) for fact in facts]
    fact = Fact(
        id=record.id,
        originator=life.member,
        kind=record.kind.value,
        parts=frozenset(part for fact in facts for part in fact.parts),
        sensors=None if None in behind else frozenset().union(*behind),
        lineage_stays=True,
        made_of=tuple((fact.originator, fact.id) for fact in facts),
        body=encode(record),
        sent_body=encode(replace(record, inputs=())),
        **facets,
    )
    world.facts[life.member, record.id] = fact
    return record


def _sensors_known_to(member, fact):
    """A partner's derived record does not tell the sensors behind it."""
    return None if fact.lineage_stays and fact.originator != member else fact.sensors
