"""Two partners and a third, with keys, an agreement and records, for the tests of exchange and storage."""

from msgspec.structs import replace

from commonsky.domain import (
    Agreement,
    Clause,
    Component,
    FeedHead,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
    RecordKind,
    Track,
)
from commonsky.domain.orbit import ForceModel
from commonsky.federation import Receiver, accept, seal
from commonsky.federation.keys import signing_key
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode, record_id

GIVER, READER, THIRD = "NOR", "GBR", "FRA"
KEYS = {member: signing_key(member.encode().ljust(32, b".")) for member in (GIVER, READER, THIRD)}
PUBLIC = {member: key.public_key() for member, key in KEYS.items()}
NOW_TAI_S = 850_000_000.0


def agreement(giver=GIVER, readers=(READER,), **changes):
    fields = {
        "id": f"{giver}-gives",
        "version": 1,
        "title": "Observations for safety",
        "giver": giver,
        "readers": frozenset(readers),
        "purpose": "safety",
        "mode": Mode.REAL,
        "begins_tai_s": NOW_TAI_S - 1e6,
        "ends_tai_s": NOW_TAI_S + 1e6,
        "clauses": (Clause(id="all", kinds=frozenset(RecordKind)),),
    }
    return Agreement(**(fields | changes))


AGREEMENT = agreement()


def receiver(own=READER, **changes):
    fields = {
        "own": own,
        "mode": Mode.REAL,
        "keys": {member: key for member, key in PUBLIC.items() if member != own},
        "agreements": {AGREEMENT.reference: AGREEMENT},
    }
    return Receiver(**(fields | changes))


def observation(number, *, originator=GIVER, label=None, mode=Mode.REAL):
    content = Observation(
        kind=ObservationKind.AZ_EL,
        epoch_tai_s=NOW_TAI_S - 1_000.0 + number,
        sensor=f"{originator}-radar-1",
        values=(1.0 + number * 1e-6, 0.5),
        sigmas=(1e-4, 1e-4),
        biases=(0.0, 0.0),
        target=str(25_544 + number % 7),
    )
    return Record(
        id=record_id(originator, content),
        originator=originator,
        mode=mode,
        label=label or Label({originator: Component(purposes=frozenset({"safety"}))}),
        content=content,
    )


def track(revision, *, originator=GIVER, name="NOR-T1", inputs=()):
    content = Track(
        track_id=name,
        revision=revision,
        epoch_tai_s=NOW_TAI_S + revision,
        position_m=(7e6, 0.0, float(revision)),
        velocity_m_s=(0.0, 7.5e3, 0.0),
        covariance=tuple(float(k) for k in range(1, 22)),
        force_model=ForceModel(engine="test"),
        observation_count=10,
        first_observation_tai_s=NOW_TAI_S - 1e3,
        last_observation_tai_s=NOW_TAI_S,
        weighted_rms=1.0,
    )
    return Record(
        id=record_id(originator, content),
        originator=originator,
        mode=Mode.REAL,
        label=Label({originator: Component()}),
        content=content,
        inputs=tuple(sorted(inputs)),
    )


def sealed(records, previous=None, **changes):
    fields = {
        "previous": previous or FeedHead(),
        "iss": GIVER,
        "aud": READER,
        "mode": Mode.REAL,
        "gen": 1,
        "key": KEYS[GIVER],
        "iat_tai_s": NOW_TAI_S,
    }
    pairs = [(AGREEMENT.reference, encode(one) if isinstance(one, Record) else one) for one in records]
    return seal(pairs, **(fields | changes))


def chain(count, *, start=0, each=2, previous=None, **changes):
    """Make envelopes that follow each other, of ``each`` observations."""
    made, head = [], previous
    for k in range(start, start + count):
        made.append(sealed([observation(k * each + n) for n in range(each)], head, **changes))
        head = head_of(made[-1].header)
    return made


def judged(envelope, head=None, *, held=None, receiver_=None, issuer=GIVER, now_tai_s=NOW_TAI_S):
    known = held or {}
    return accept(
        envelope,
        receiver_ or receiver(),
        issuer=issuer,
        head=head or FeedHead(),
        held=lambda gen, seq: known.get((gen, seq)),
        now_tai_s=now_tai_s,
    )


def stopped(head):
    return replace(head, stopped=True)
