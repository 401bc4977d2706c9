"""Release decisions: 100,000 records for ten receivers under fifty agreements, by every engine, with reasons stored.

Usage: ``python bench/decisions.py [--records N]``. The bulk decider answers for all records and receivers, in memory
and then with decisions, reasons and audit leaves in a database that is fully synchronised. Beside it, in the same run:
Cedar (`cedarpy`, parsed policies, schema given) on some of the same records, with the same answers; the reference, one
record at a time, with its trace; and plain sqlite3 storing a row with its reason for each decision, deciding nothing.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from commonsky.domain import (
    Agreement,
    Clause,
    Component,
    Effect,
    ElementSet,
    ForceModel,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
    RecordKind,
    Regime,
    Track,
)
from commonsky.sharing import Columns, Facets, Verdicts, decide, decide_all
from commonsky.sharing.audit_leaf import decision_leaves, leaf_hashes
from commonsky.sharing.referee import Referee
from commonsky.sharing.what_if import Change, widenings
from commonsky.store import Batch, Store
from commonsky.store.rulings import said_in_leaf

GIVER = "NOR"
MEMBERS = tuple(f"M{number:02d}" for number in range(10))
NOW_TAI_S = 850_000_000.0
PURPOSES = ("space-safety", "collision-avoidance", "exercise")
RADII_M = (6.9e6, 7.1e6, 2.65e7, 4.2164e7)
AGREEMENTS = 50
CEDAR_RECORDS = 2_000
SINGLE_DECISIONS = 2_000
RUNS = 3
ENTRIES_AT_ONCE = 10_000


def agreements(chance: random.Random) -> list[Agreement]:
    """Fifty agreements of one giver: kinds, regimes, purposes, ceilings, delays, withheld objects, onward or not."""
    return [
        Agreement(
            id=f"A{number:02d}",
            version=1,
            title="Bench",
            giver=GIVER,
            readers=frozenset(chance.sample(MEMBERS, 2)),
            purpose=chance.choice(PURPOSES),
            mode=Mode.REAL,
            begins_tai_s=0.0,
            ends_tai_s=NOW_TAI_S + chance.choice((-1e6, 1e7, 1e7, 1e7)),
            onward=chance.random() < 0.3,
            clauses=(
                Clause(
                    id="orbits",
                    kinds=frozenset({RecordKind.TRACK, RecordKind.ELEMENT_SET}),
                    regimes=frozenset(chance.sample(tuple(Regime), 2)),
                    precision_floor_m=chance.choice((0.0, 100.0)),
                ),
                Clause(
                    id="observations",
                    kinds=frozenset({RecordKind.OBSERVATION}),
                    sensors=frozenset(f"S{sensor}" for sensor in chance.sample(range(20), 8)),
                    classification_ceiling=chance.choice((0, 1, 2)),
                    delay_s=chance.choice((0.0, 3_600.0, 86_400.0)),
                ),
                Clause(
                    id="hidden",
                    kinds=frozenset(RecordKind),
                    effect=Effect.WITHHOLD,
                    objects=frozenset(str(one) for one in chance.sample(range(20_000, 23_000), 50)),
                ),
            ),
        )
        for number in range(AGREEMENTS)
    ]


def labels(chance: random.Random) -> list[Label]:
    """Some labels, most of the giver alone."""
    made = []
    for _ in range(40):
        own = Component(
            readers=None if chance.random() < 0.5 else frozenset(chance.sample(MEMBERS, 6)),
            purposes=None if chance.random() < 0.7 else frozenset(chance.sample(PURPOSES, 2)),
            classification=chance.choice((0, 0, 1, 2)),
            expires_tai_s=chance.choice((None, None, NOW_TAI_S - 1.0, NOW_TAI_S + 1e6)),
            onward=chance.random() < 0.5,
        )
        parts = {GIVER: own}
        if chance.random() < 0.3:
            parts["DNK"] = Component(onward=chance.random() < 0.7)
        made.append(Label(parts))
    return made


def content(number: int, chance: random.Random) -> Observation | Track | ElementSet:
    """Six observations to two tracks and two element sets, of 3,000 objects."""
    name, epoch_tai_s = 20_000 + number % 3_000, NOW_TAI_S - chance.uniform(0.0, 200_000.0)
    if number % 10 < 6:
        return Observation(
            kind=ObservationKind.RANGE,
            epoch_tai_s=epoch_tai_s,
            sensor=f"S{chance.randrange(20)}",
            values=(1e6 + number,),
            sigmas=(10.0,),
            biases=(0.0,),
            target=str(name),
        )
    radius_m, variance = chance.choice(RADII_M), chance.choice((10.0, 1e4, 1e6))
    if number % 10 < 8:
        return Track(
            track_id=f"NOR-T-{name}",
            revision=1 + number // 3_000,
            epoch_tai_s=epoch_tai_s,
            position_m=(radius_m, 0.0, 0.0),
            velocity_m_s=(0.0, (3.986004418e14 / radius_m) ** 0.5, 0.0),
            covariance=(variance, 0.0, variance, 0.0, 0.0, variance, *([0.0] * 15)),
            force_model=ForceModel(engine="bench"),
            observation_count=10,
            first_observation_tai_s=epoch_tai_s - 1e4,
            last_observation_tai_s=epoch_tai_s,
            weighted_rms=1.0,
        )
    return ElementSet(
        object_name=f"OBJECT {name}",
        object_id="2000-001A",
        norad_cat_id=name,
        classification="U",
        epoch_utc="2026-01-01T00:00:00",
        epoch_tai_s=epoch_tai_s,
        mean_motion_rev_day=86_400.0 / (2.0 * np.pi * (radius_m**3 / 3.986004418e14) ** 0.5),
        eccentricity=0.001,
        inclination_deg=51.0,
        ra_of_asc_node_deg=float(number % 360),
        arg_of_pericenter_deg=0.0,
        mean_anomaly_deg=0.0,
        bstar=0.0,
        mean_motion_dot=0.0,
        mean_motion_ddot=0.0,
    )


def records(count: int, chance: random.Random) -> list[Record]:
    """Records of one giver."""
    known = labels(chance)
    return [
        Record(
            id=f"bench:{number:09d}",
            originator=GIVER,
            mode=Mode.REAL,
            label=chance.choice(known),
            content=content(number, chance),
        )
        for number in range(count)
    ]


@contextmanager
def timed(what: str, count: int, unit: str) -> Iterator[list[float]]:
    """Print how long something took, and its rate."""
    began_s = time.perf_counter()
    taken: list[float] = []
    yield taken
    taken.append(time.perf_counter() - began_s)
    print(f"{what:62s} {taken[0]:8.3f} s   {count / taken[0]:12,.0f} {unit}/s")


def in_bulk(columns: Columns, given: Sequence[Agreement]) -> list[Verdicts]:
    """Decide for every receiver."""
    return [decide_all(columns, one, given, giver=GIVER, now_tai_s=NOW_TAI_S) for one in MEMBERS]


def batches(
    columns: Columns, given: Sequence[Agreement], entries: Sequence[int], known: Sequence[tuple[str, bytes]]
) -> Iterator[Batch]:
    """Decide for every receiver, and give what is to be stored, in portions."""
    for verdicts in in_bulk(columns, given):
        said = verdicts.ruling.tolist()
        times = [time if time < np.inf else None for time in verdicts.revisit_tai_s.tolist()]
        for k in range(0, len(said), ENTRIES_AT_ONCE):
            part = slice(k, k + ENTRIES_AT_ONCE)
            yield Batch(
                reader=verdicts.rulings[0].reader,
                decided_tai_s=NOW_TAI_S,
                rulings=verdicts.rulings,
                entries=list(entries[part]),
                records=list(known[part]),
                ruling=said[part],
                revisit_tai_s=times[part],
            )


def stored(folder: Path, made: Sequence[Record], columns: Columns, given: Sequence[Agreement]) -> None:
    """Decide and store, each portion in a transaction of its own with its audit leaves."""
    store = Store.open(folder / "bench.sqlite")
    for k in range(0, len(made), ENTRIES_AT_ONCE):
        store.append(made[k : k + ENTRIES_AT_ONCE])
    held = store.usable_entries(0, len(made), onward=False)
    entries, known = [one.n for one in held], [(one.id, one.body_sha256) for one in held]
    count = len(made) * len(MEMBERS)
    with timed("bulk, decided and stored with reasons and audit leaves", count, "decisions"):
        for batch in batches(columns, given, entries, known):
            store.record_batch(batch)
    kept = {(one.reader, one.allowed, one.reason): one.count for one in store.counts().decisions}
    assert sum(kept.values()) == count == store.audit_size()
    said: dict[tuple[str, bool, str], int] = {}
    for verdicts in in_bulk(columns, given):
        for number, times in enumerate(np.bincount(verdicts.ruling).tolist()):
            one = verdicts.rulings[number]
            key = one.reader, one.allowed, one.reason
            said[key] = said.get(key, 0) + times
    assert kept == said, "what is stored is not what was decided"
    store.close()
    leaves_alone(in_bulk(columns, given), known)


def leaves_alone(bulk: Sequence[Verdicts], known: Sequence[tuple[str, bytes]]) -> None:
    """Write and hash the audit leaf of each decision; neither decide nor store."""
    secret, trace = bytes(32), bytes(32)
    with timed("limit: the audit leaf of each decision, nothing stored", len(bulk) * len(known), "leaves"):
        for verdicts in bulk:
            said = [said_in_leaf(one, NOW_TAI_S) for one in verdicts.rulings]
            rows = [(ruling, *record) for ruling, record in zip(verdicts.ruling.tolist(), known, strict=True)]
            for k in range(0, len(rows), ENTRIES_AT_ONCE):
                contents = list(decision_leaves(said, rows[k : k + ENTRIES_AT_ONCE], None, trace))
                leaf_hashes(secret, k, contents)


def plain_sqlite(folder: Path, count: int) -> None:
    """Store a row with a reason for each decision, as a plain program would."""
    rows = [
        (number, "M00", 1, "A00@1", "orbits", "A00@1 clause orbits releases it") for number in range(count)
    ]
    with sqlite3.connect(folder / "plain.sqlite") as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE d (n INTEGER PRIMARY KEY, e, r, a, g, c, w)")
        database.execute("CREATE UNIQUE INDEX of ON d (r, e)")
        with timed("limit: plain sqlite3, a row with its reason, nothing decided", count, "decisions"):
            database.executemany("INSERT INTO d (e, r, a, g, c, w) VALUES (?, ?, ?, ?, ?, ?)", rows)
            database.commit()
    database.close()


def by_cedar(columns: Columns, given: Sequence[Agreement], bulk: Sequence[Verdicts]) -> float:
    """Cedar on some of the records for every receiver in turn; the answers must be the same. Gives its rate."""
    referee = Referee(given, giver=GIVER, members=["DNK"])
    step = max(1, len(columns) // CEDAR_RECORDS)
    rows = list(range(0, len(columns), step))
    reader_of = [MEMBERS[k % len(MEMBERS)] for k in range(len(rows))]
    with timed(f"Cedar, {len(rows)} of the same decisions one by one", len(rows), "decisions") as taken:
        said = [
            referee.allowed([columns.facets[row]], reader, now_tai_s=NOW_TAI_S)[0]
            for row, reader in zip(rows, reader_of, strict=True)
        ]
    allowed = {reader: verdicts.allowed for reader, verdicts in zip(MEMBERS, bulk, strict=True)}
    differing = sum(
        one != allowed[reader][row] for one, row, reader in zip(said, rows, reader_of, strict=True)
    )
    print(f"{'':62s} {differing} of {len(rows)} answers differ, {sum(said)} released")
    assert not differing
    return len(rows) / taken[0]


def one_by_one(columns: Columns, given: Sequence[Agreement]) -> None:
    """The reference, with its trace: how long one decision takes."""
    taken = []
    for k in range(SINGLE_DECISIONS):
        facets = columns.facets[k * 37 % len(columns)]
        began_s = time.perf_counter()
        decide(facets, MEMBERS[k % len(MEMBERS)], given, giver=GIVER, now_tai_s=NOW_TAI_S)
        taken.append(time.perf_counter() - began_s)
    cut = statistics.quantiles(taken, n=100)
    print(f"{'one decision with its trace: median, p99':62s} {cut[49] * 1e3:8.3f} ms {cut[98] * 1e3:8.3f} ms")


def what_if(columns: Columns, given: Sequence[Agreement]) -> None:
    """One agreement of fifty gets a wider second version."""
    first = given[0]
    wider = Clause(id="more", kinds=frozenset({RecordKind.OBSERVATION}), classification_ceiling=1)
    edited = Agreement(
        **{name: getattr(first, name) for name in first.__struct_fields__}
        | {"version": 2, "clauses": (*first.clauses, wider)}
    )
    change = Change(giver=GIVER, before=tuple(given), after=edited.beside(given))
    with timed("what-if on fifty agreements, over all records there can be", 1, "questions"):
        found = widenings(change, now_tai_s=NOW_TAI_S, members=MEMBERS)
    for one in found:
        print(f"    {one.reader}: {one.answer.value}: {one.record}")
    count = len(columns) * len(change.readers) * 2
    with timed("what-if on the holdings, before and after", count, "decisions"):
        for reader in change.readers:
            for rules in (change.before, change.after):
                decide_all(columns, reader, rules, giver=GIVER, now_tai_s=NOW_TAI_S)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=100_000)
    count = options.parse_args().records
    chance = random.Random(4)
    given, made = agreements(chance), records(count, chance)
    facets = [Facets(one) for one in made]
    with timed("records into columns, once for all receivers", count, "records"):
        columns = Columns(facets)
        _ = columns.regime
    decisions = count * len(MEMBERS)
    rates = []
    for _ in range(RUNS):
        with timed("bulk, in memory", decisions, "decisions") as taken:
            bulk = in_bulk(columns, given)
        rates.append(decisions / taken[0])
    released = sum(int(one.allowed.sum()) for one in bulk)
    assert not any(one.one_by_one for one in bulk)
    print(
        f"{len(columns.classes)} label classes, {sum(len(one.rulings) for one in bulk)} rulings, {released} released"
    )
    with tempfile.TemporaryDirectory() as folder:
        stored(Path(folder), made, columns, given)
        plain_sqlite(Path(folder), decisions)
    cedar = by_cedar(columns, given, bulk)
    print(f"{'ratio: bulk in memory / Cedar':62s} {max(rates) / cedar:8,.0f}")
    one_by_one(columns, given)
    what_if(columns, given)


if __name__ == "__main__":
    main()
